//! `cargo xtask conformance`: every row of `docs/conformance.md` is whole and names tests that exist.

use std::collections::BTreeSet;
use std::path::Path;

use crate::tables::{self, cells, rows};

/// Checks the table.
///
/// # Errors
/// Each row that is not whole, one to a line.
pub(crate) fn run() -> Result<(), String> {
    let counts = check(&tables::read(tables::CONFORMANCE)?, Path::new("."))?;
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
        faults.extend(tables::fault(held, root).map(|fault| format!("{id}: {fault}")));
    }
    if ids.is_empty() {
        faults.push("no rows".to_owned());
    }
    if faults.is_empty() { Ok(counts) } else { Err(faults.join("\n")) }
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
