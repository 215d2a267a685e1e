//! Every command that the README or CI calls: `cargo xtask <command>`.

mod codes;
mod dag;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  dag              arrows between rooms, circles between files, file lengths
  codes [--write]  error codes against their registry; --write renders docs/error-codes.md
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["dag"] => dag::run(),
        ["codes"] => codes::run(false),
        ["codes", "--write"] => codes::run(true),
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(findings) => {
            eprintln!("{findings}");
            ExitCode::FAILURE
        }
    }
}
