//! `cargo xtask test`: everything that is tested, with one count at the end.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::{debian, shell, tables};

/// The test under valgrind, which has a step of its own.
const UNDER_VALGRIND: &str = "valgrind_finds_no_secret_in_a_branch_or_an_address_and_finds_both_controls";

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Runs the tests in Rust, the one that valgrind watches, then the foreign peers in Python against the programs just
/// built.
///
/// # Errors
/// When a test failed or could not be built.
pub(crate) fn run() -> Result<(), String> {
    let binaries = shell::build_binaries()?;
    tables::built::check_rust()?;
    let rust = counted(
        shell::cargo()
            .args(["test", "--workspace", "--no-fail-fast", "--", "--skip", UNDER_VALGRIND])
            .env("INRO_BIN_DIR", &binaries),
        rust_counts,
    )?;
    let constant_time = constant_time()?;
    // Tests of the workspace may have put binaries with other features in their place.
    let binaries = shell::build_binaries()?;
    let collected = tables::built::check_python(&binaries);
    let peers = counted(Command::new("tests/interop/run.sh").env("INRO_BIN_DIR", &binaries), pytest_counts)?;
    let parts =
        [("Rust", rust), ("constant time under valgrind", constant_time), ("foreign peers in Python", peers)];
    let mut all = Counts::default();
    println!();
    for (name, counts) in parts {
        all.add(counts);
        println!("{name}: {} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
    }
    println!("{} passed, {} failed", all.passed, all.failed);
    collected?;
    if all.failed == 0 { Ok(()) } else { Err("tests failed".to_owned()) }
}

/// Runs the test under valgrind, or says why not.
fn constant_time() -> Result<Counts, String> {
    let valgrind = ["valgrind"];
    if !shell::has_program("valgrind") && debian::can_install() {
        // Without a network this fails; then the missing program is what is told.
        let _ = debian::install(&valgrind);
    }
    if !shell::has_program("valgrind") {
        let in_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
        println!("constant time: not tested, valgrind is missing. Run: {}", debian::advice(&valgrind));
        return Ok(without_valgrind(in_ci));
    }
    counted(
        shell::cargo().args(["test", "--package", "inro-bbs", "--test", "constant_time"]).args([
            "--",
            "--ignored",
            "--exact",
            UNDER_VALGRIND,
        ]),
        rust_counts,
    )
    .map(|counts| if counts == Counts::default() { Counts { failed: 1, ..counts } } else { counts })
}

/// Evidence that CI does not have is a failure there; a user may go without.
fn without_valgrind(in_ci: bool) -> Counts {
    match in_ci {
        true => Counts { failed: 1, ..Counts::default() },
        false => Counts { skipped: 1, ..Counts::default() },
    }
}

/// Runs `command`, passes its lines through and adds up what `read` finds in them. A command that
/// fails without a failed test counts as one.
fn counted(command: &mut Command, read: fn(&str) -> Option<Counts>) -> Result<Counts, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| format!("{name}: {error}"))?;
    let mut counts = Counts::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.map_err(|error| format!("{name}: {error}"))?;
            println!("{line}");
            if let Some(found) = read(&line) {
                counts.add(found);
            }
        }
    }
    let status = child.wait().map_err(|error| format!("{name}: {error}"))?;
    if !status.success() && counts.failed == 0 {
        eprintln!("{name}: {status}");
        counts.failed = 1;
    }
    Ok(counts)
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; …`
fn rust_counts(line: &str) -> Option<Counts> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    Some(labelled(counts.split("; ")))
}

/// `1 failed, 20 passed, 2 skipped in 3.21s`
fn pytest_counts(line: &str) -> Option<Counts> {
    let (counts, time) = line.trim_matches(|c| c == '=' || c == ' ').rsplit_once(" in ")?;
    if !time.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let counts = labelled(counts.split(", "));
    (counts != Counts::default()).then_some(counts)
}

fn labelled<'a>(parts: impl Iterator<Item = &'a str>) -> Counts {
    let mut counts = Counts::default();
    for part in parts {
        let Some((number, label)) = part.trim().split_once(' ') else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match label {
            "passed" => counts.passed += number,
            "failed" | "error" | "errors" => counts.failed += number,
            "ignored" | "skipped" | "xfailed" => counts.skipped += number,
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_closing_lines_of_cargo_and_pytest() {
        let line = "test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 9 filtered out; finished in 0.01s";
        assert_eq!(rust_counts(line), Some(Counts { passed: 3, failed: 1, skipped: 2 }));
        let line = "1 failed, 20 passed, 2 skipped, 1 error in 3.21s";
        assert_eq!(pytest_counts(line), Some(Counts { passed: 20, failed: 2, skipped: 2 }));
        assert_eq!(
            pytest_counts("===== 20 passed in 3.21s (0:00:03) ====="),
            Some(Counts { passed: 20, ..Counts::default() })
        );
    }

    #[test]
    fn a_missing_valgrind_is_never_passed_and_fails_in_ci() {
        assert_eq!(without_valgrind(false), Counts { skipped: 1, ..Counts::default() });
        assert_eq!(without_valgrind(true), Counts { failed: 1, ..Counts::default() });
    }

    #[test]
    fn the_test_under_valgrind_has_the_name_that_is_asked_for() {
        let source = include_str!("../../crates/bbs/tests/constant_time.rs");
        assert!(source.contains(&format!("fn {UNDER_VALGRIND}()")));
    }

    #[test]
    fn ignores_every_other_line() {
        assert_eq!(rust_counts("test a ... ok"), None);
        assert_eq!(pytest_counts("E   1 failed in the middle of a message"), None);
        assert_eq!(pytest_counts("no tests ran in 0.01s"), None);
    }

    #[test]
    fn a_command_that_fails_without_a_count_counts_as_one_failure() {
        let counts = counted(Command::new("sh").args(["-c", "echo nothing; exit 1"]), rust_counts).unwrap();
        assert_eq!(counts, Counts { failed: 1, ..Counts::default() });
        let counts =
            counted(Command::new("sh").args(["-c", "echo '2 passed in 1s'"]), pytest_counts).unwrap();
        assert_eq!(counts, Counts { passed: 2, ..Counts::default() });
    }
}
