//! Every command that the README or CI calls: `cargo xtask <command>`.

mod bench;
mod ci;
mod codes;
mod conformance;
mod dag;
mod debian;
mod demo;
mod hostile;
mod mutants;
mod shell;
mod soak;
mod tables;
mod test;

use std::path::Path;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  demo             the three programs over HTTPS, from an HR file to a decision
  test             everything that is tested, in Rust and by foreign peers in Python
  ci               exactly what CI runs: format, arrows, codes, tables of tests, dependencies, lints, tests, demo
  dag              arrows between rooms, circles between files, file lengths
  bench            measures the rooms beside their peers and writes docs/benchmarks.md
  soak [--minutes N] [--kills N] [--seed N]
                   kills wallet, services and commands at 500 seeded moments, then an hour of mixed load with faults:
                   nothing half-done, memory flat, no error without a code
  conformance [--built]
                   docs/conformance.md against the tests that it names; --built builds those of every table and
                   asks what is run
  hostile          docs/hostile.md against the list of attacks, the tests that it names and the codes
  mutants [NAME…]  takes one check at a time out of a copy of the rooms (all, or those with NAME in their
                   names) and demands that a test fails
  mutants --check  the list of these checks against the code and the tests
  codes [--write]  error codes against their registry; --write renders docs/error-codes.md
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // Paths are written from the workspace's folder, wherever the command was given.
    if let Err(error) = std::env::set_current_dir(shell::root()) {
        eprintln!("{}: {error}", shell::root().display());
        return ExitCode::FAILURE;
    }
    let result = match arguments.as_slice() {
        ["demo"] => demo::run(),
        [demo::guard::TASK, folder] => demo::guard::stand(Path::new(folder)),
        ["test"] => test::run(),
        ["ci"] => ci::run(),
        ["bench"] => bench::run(),
        ["soak", options @ ..] => match soak::Soak::of(options) {
            Some(soak) => soak.run(),
            None => {
                eprint!("{HELP}");
                return ExitCode::from(2);
            }
        },
        ["dag"] => dag::run(),
        ["conformance"] => conformance::run(),
        ["conformance", "--built"] => conformance::run().and_then(|()| tables::built::check()),
        ["hostile"] => hostile::run(),
        ["mutants", "--check"] => mutants::check(),
        ["mutants", names @ ..] => mutants::run(names),
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
