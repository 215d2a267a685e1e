//! The binary `inro-verifier`.

use std::process::ExitCode;

fn main() -> ExitCode {
    inro_verifier::cli::run()
}
