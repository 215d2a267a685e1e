//! The binary `inro-issuer`.

use std::process::ExitCode;

fn main() -> ExitCode {
    inro_issuer::cli::run()
}
