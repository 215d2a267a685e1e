//! `cargo xtask conformance`: every row of `docs/conformance.md` is whole and names tests that exist.
//!
//! This reads texts alone and takes no time. That the tests are also compiled and collected is asked in
//! `cargo xtask test`, which has built them ([`built`]).

pub(crate) mod built;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const TABLE: &str = "docs/conformance.md";
/// What a row says in the place of a test.
const WITHOUT_TEST: [&str; 2] = ["not implemented: ", "no test: "];

/// Checks the table.
///
/// # Errors
/// Each row that is not whole, one to a line.
pub(crate) fn run() -> Result<(), String> {
    let text = fs::read_to_string(TABLE).map_err(|error| format!("{TABLE}: {error}"))?;
    let counts = check(&text, Path::new("."))?;
    println!(
        "conformance: {} rules; {} with a test, {} without a test, {} not implemented",
        counts.tested + counts.untested + counts.missing,
        counts.tested,
        counts.untested,
        counts.missing
    );
    Ok(())
}

#[derive(Debug, Default, Eq, PartialEq)]
struct Counts {
    tested: usize,
    untested: usize,
    missing: usize,
}

fn check(text: &str, root: &Path) -> Result<Counts, String> {
    let mut ids = BTreeSet::new();
    let mut counts = Counts::default();
    let mut faults = Vec::new();
    for row in rows(text) {
        let cells = cells(row);
        let &[id, binds, rule, held] = cells.as_slice() else {
            faults.push(format!("not four cells: {row}"));
            continue;
        };
        if [id, binds, rule].iter().any(|cell| cell.is_empty()) {
            faults.push(format!("{id}: an empty cell"));
        }
        if !ids.insert(id) {
            faults.push(format!("{id}: twice"));
        }
        if held.starts_with("not implemented: ") {
            counts.missing += 1;
        } else if held.starts_with("no test: ") {
            counts.untested += 1;
        } else {
            counts.tested += 1;
        }
        faults.extend(named(held, root).map(|fault| format!("{id}: {fault}")));
    }
    if ids.is_empty() {
        faults.push("no rows".to_owned());
    }
    if faults.is_empty() { Ok(counts) } else { Err(faults.join("\n")) }
}

fn rows(text: &str) -> impl Iterator<Item = &str> {
    let rows = text.lines().filter(|line| line.starts_with('|'));
    rows.filter(|row| !row.starts_with("| id ") && !row.starts_with("|---"))
}

fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split(" | ").map(str::trim).collect()
}

/// The file and the function of each test that a cell names.
fn tests(held: &str) -> impl Iterator<Item = (&str, &str)> {
    let without = WITHOUT_TEST.iter().any(|words| held.starts_with(words));
    let names = held.split('`').skip(1).step_by(2).filter(move |_| !without);
    names.map(|name| name.split_once("::").unwrap_or((name, "")))
}

/// What is wrong with the tests that a cell names.
fn named(held: &str, root: &Path) -> Option<String> {
    if WITHOUT_TEST.iter().any(|words| held.starts_with(words)) {
        return None;
    }
    let mut tests = tests(held).peekable();
    if tests.peek().is_none() {
        return Some("names no test, nor why there is none".to_owned());
    }
    tests.find_map(|(file, function)| {
        let Ok(source) = fs::read_to_string(root.join(file)) else {
            return Some(format!("no file {file}"));
        };
        let exists = function.is_empty()
            || [format!("fn {function}("), format!("def {function}(")]
                .iter()
                .any(|head| source.contains(head));
        (!exists).then(|| format!("no test {function} in {file}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(row: &str) -> Result<Counts, String> {
        check(&format!("| id | binds | rule | test |\n|---|---|---|---|\n{row}\n"), Path::new("src"))
    }

    #[test]
    fn a_row_names_a_test_that_exists_or_says_why_not() {
        let good =
            "| A-1 | wallet | a rule | `conformance.rs::a_row_names_a_test_that_exists_or_says_why_not` |";
        assert_eq!(checked(good), Ok(Counts { tested: 1, ..Counts::default() }));
        assert_eq!(
            checked("| A-1 | wallet | a rule | not implemented: no reader |"),
            Ok(Counts { missing: 1, ..Counts::default() })
        );
        for bad in [
            "| A-1 | wallet | a rule | `conformance.rs::no_such_test` |",
            "| A-1 | wallet | a rule | `nowhere.rs::test` |",
            "| A-1 | wallet | a rule | later |",
            "| A-1 | wallet | a rule |  |",
            "| A-1 | wallet |  | `conformance.rs` |",
            "| A-1 | wallet | a rule |",
            "",
        ] {
            assert!(checked(bad).is_err(), "{bad}");
        }
        assert!(checked(&format!("{good}\n{good}")).is_err(), "one id twice");
    }
}
