//! Tables in Markdown whose last column names tests: read, and held against the tests that exist.
//!
//! This reads texts alone and takes no time. That the tests are also compiled and collected is asked in
//! `cargo xtask test`, which has built them ([`built`]).

pub(crate) mod built;

use std::fs;
use std::path::Path;

/// The rules of the specifications.
pub(crate) const CONFORMANCE: &str = "docs/conformance.md";
/// The attacks.
pub(crate) const HOSTILE: &str = "docs/hostile.md";
/// What a row says in the place of a test.
const WITHOUT_TEST: [&str; 2] = ["not implemented: ", "no test: "];

/// The text of a table.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn read(table: &str) -> Result<String, String> {
    fs::read_to_string(table).map_err(|error| format!("{table}: {error}"))
}

/// The rows below the head of each table in `text`.
pub(crate) fn rows(text: &str) -> impl Iterator<Item = &str> {
    let is_rule = |line: &str| line.starts_with("|---");
    let next = text.lines().skip(1).chain([""]);
    let lines = text.lines().zip(next).filter(|(line, _)| line.starts_with('|'));
    lines.filter(move |(line, next)| !is_rule(line) && !is_rule(next)).map(|(line, _)| line)
}

pub(crate) fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split(" | ").map(str::trim).collect()
}

/// What stands in backticks in a cell.
pub(crate) fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The file and the function of each test that a cell names.
pub(crate) fn tests(held: &str) -> impl Iterator<Item = (&str, &str)> {
    let names = quoted(held).filter(move |_| !is_without_test(held));
    names.map(|name| name.split_once("::").unwrap_or((name, "")))
}

/// Whether a cell says why there is no test.
pub(crate) fn is_without_test(held: &str) -> bool {
    WITHOUT_TEST.iter().any(|words| held.starts_with(words))
}

/// What is wrong with the tests that a cell names.
pub(crate) fn fault(held: &str, root: &Path) -> Option<String> {
    if is_without_test(held) {
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

    #[test]
    fn rows_are_those_below_a_head() {
        let text = "words\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n| c |\n|---|\n| 5 |";
        assert_eq!(rows(text).collect::<Vec<_>>(), ["| 1 | 2 |", "| 3 | 4 |", "| 5 |"]);
        assert_eq!(cells("| 1 | two words |"), ["1", "two words"]);
    }

    #[test]
    fn a_cell_names_tests_that_exist_or_says_why_not() {
        let fault = |held: &str| fault(held, Path::new("src"));
        for good in [
            "`tables.rs::a_cell_names_tests_that_exist_or_says_why_not`",
            "`tables.rs`, `tables.rs::rows_are_those_below_a_head`",
            "not implemented: no reader",
            "no test: later",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in
            ["`tables.rs::no_such_test`", "`nowhere.rs::test`", "later", "", "`tables.rs`, `nowhere.rs`"]
        {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }
}
