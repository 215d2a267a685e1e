//! inro-wallet: see `inro-wallet --help`.

fn main() -> std::process::ExitCode {
    inro_wallet_cli::main()
}
