//! `cargo xtask ci`: exactly what CI runs, step by step with its time.

use crate::shell::{self, Stopwatch};
use crate::{codes, conformance, dag, demo, hostile, mutants, test};

type Step = (&'static str, fn() -> Result<(), String>);

const STEPS: &[Step] = &[
    ("format", || shell::run(shell::cargo().args(["fmt", "--all", "--check"]))),
    ("arrows and circles", dag::run),
    ("error codes", || codes::run(false)),
    ("conformance", conformance::run),
    ("attacks", hostile::run),
    ("mutants", mutants::check),
    ("dependencies", || shell::run(shell::cargo().args(["deny", "check", "bans", "licenses", "sources"]))),
    ("lints", || {
        let mut clippy = shell::cargo();
        shell::run(clippy.args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    }),
    ("tests", test::run),
    ("demo", demo::run),
];

/// Runs every step and stops at the first that fails.
///
/// # Errors
/// The name of the step that failed, and why.
pub(crate) fn run() -> Result<(), String> {
    let total = Stopwatch::start();
    for (name, step) in STEPS {
        println!("ci: {name}");
        let watch = Stopwatch::start();
        step().map_err(|error| format!("ci: {name} failed\n{error}"))?;
        println!("ci: {name}: {:.1} s", watch.elapsed().as_secs_f64());
    }
    println!("ci: ok in {:.1} s", total.elapsed().as_secs_f64());
    Ok(())
}
