//! `cargo xtask hostile`: every attack that the house names has a row in `docs/hostile.md`, with the codes
//! that it ends in and the tests that show it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::codes;
use crate::tables::{self, cells, quoted, rows};

/// What a row says in the place of codes.
const WITHOUT_CODE: &str = "no code: ";

/// The attacks, in the order of the table. A row that is dropped there is missed here.
const ATTACKS: &[&str] = &[
    "disclosure altered",
    "disclosure added twice",
    "disclosure not referenced",
    "digest reused",
    "key binding missing",
    "key binding with the wrong nonce",
    "key binding for another audience",
    "key binding over another `sd_hash`",
    "key binding by another key",
    "key binding stale",
    "`alg` none",
    "HS256 with the public key",
    "unknown `crit`",
    "chain broken",
    "chain expired",
    "chain of the wrong usage",
    "chain not listed",
    "type not allowed",
    "credential expired",
    "credential not yet valid",
    "credential revoked",
    "credential suspended",
    "status list unreachable",
    "status list stale",
    "status list wrongly signed",
    "status list with an index out of range",
    "status list that is a decompression bomb",
    "mdoc item swapped",
    "mdoc digest missing",
    "mdoc random shorter than 16 bytes",
    "mdoc doctype swapped",
    "mdoc namespace swapped",
    "device signature over another transcript",
    "CBOR with duplicate keys",
    "CBOR of indefinite length",
    "CBOR nested deeply",
    "CBOR with huge lengths",
    "JSON with duplicate names",
    "JSON nested deeply",
    "bodies of 5 MB",
    "pre-authorized code redeemed by 100 clients at once",
    "`tx_code` guessed",
    "nonce replayed",
    "DPoP proof replayed",
    "DPoP proof for another URL",
    "DPoP proof for another method",
    "DPoP proof for another token",
    "proof for another issuer",
    "response posted twice",
    "response posted late",
    "response with another presentation's state",
    "response to an old key",
    "result fetched by another token",
    "result fetched without its response code",
    "`request_uri` of another verifier",
    "registration of another verifier",
    "registration expired",
    "registration over-asked",
    "homograph verifier names",
    "redirects in URLs that a stranger supplies",
    "private addresses in URLs that a stranger supplies",
    "slow bodies",
    "thousands of half-open requests",
    "offers by the hundred thousand that never finish",
    "presentations by the hundred thousand that never finish",
    "SQL injection through names",
    "header injection through names",
    "log injection through names",
    "time turned back",
    "prompt cancelled",
    "prompt times out",
    "key invalidated",
    "wallet's file stolen",
    "wallet's file restored from an old backup",
    "file of another wallet",
    "page of the wallet's file flipped",
    "wallet's file truncated",
    "record in the wallet's file swapped, added, taken away or replayed",
    "program put into the wallet's file",
    "second engine on the wallet's file",
    "storage full",
    "verifier asks for more than it registered",
    "verifier of a name that looks like another's",
    "certificate of another host",
    "request replayed to the wallet",
    "request in a request",
    "value oracle by timing or error",
    "claim sent that its holder switched off",
    "standing approval used by another key",
    "standing approval used under another registration",
    "standing approval used for one claim more",
    "standing approval used for another value",
    "standing approval used for a transaction",
    "standing approval used after its end",
    "standing approval used after its withdrawal",
    "standing approval used by a replayed request",
    "standing approval used for another response host",
    "issuer asks for better kept keys than there are",
    "issuer's metadata huge",
    "10,000 credentials in a batch",
    "redirects of an issuer",
    "issuer that names private addresses",
    "issuer's names huge or steering",
    "logo that tracks or runs",
    "receipt altered",
    "receipt rewritten by its owner",
    "receipt removed from the middle",
    "receipts cut from the end",
    "receipts reordered or repeated",
    "receipt of another chain",
    "receipt signed by a foreign key",
    "rotation of a receipt key forged",
    "body of a receipt swapped",
    "body of a receipt erased to hide what else was done",
    "attachment of a receipt altered",
    "bundle of receipts huge, deep or with repeated members",
    "refresh token replayed after rotation",
    "refresh token used with another DPoP key",
    "refresh token used after a revocation or suspension",
    "refresh token used after the employee left",
    "refresh token used by two at once",
    "refresh token expired",
    "refresh token used for another type",
    "refresh token guessed",
    "answer to a refresh token lost, and repeated",
];

/// Checks the table.
///
/// # Errors
/// Each row that is missing or not whole, one to a line.
pub(crate) fn run() -> Result<(), String> {
    let root = Path::new(".");
    let (tested, untested) = check(&tables::read(tables::HOSTILE)?, ATTACKS, &codes::registered()?, root)?;
    println!("hostile: {} attacks; {tested} with a test, {untested} without a test", tested + untested);
    Ok(())
}

/// The numbers of attacks with and without a test.
fn check(
    text: &str,
    attacks: &[&str],
    registered: &BTreeSet<String>,
    root: &Path,
) -> Result<(usize, usize), String> {
    let (mut tested, mut untested) = (0, 0);
    let mut faults = Vec::new();
    let mut found = Vec::new();
    for row in rows(text) {
        let cells = cells(row);
        let &[attack, ends, held] = cells.as_slice() else {
            faults.push(format!("not three cells: {row}"));
            continue;
        };
        found.push(attack);
        let without = tables::is_without_test(held);
        if without {
            untested += 1
        } else {
            tested += 1
        }
        let codes = if without { None } else { codes_fault(ends, held, registered, root) };
        let all = codes.into_iter().chain(tables::fault(held, root));
        faults.extend(all.map(|fault| format!("{attack}: {fault}")));
    }
    faults.extend(order(&found, attacks));
    if faults.is_empty() { Ok((tested, untested)) } else { Err(faults.join("\n")) }
}

/// What is wrong with the rows as a list of attacks.
fn order(found: &[&str], attacks: &[&str]) -> Vec<String> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for attack in found {
        counts.entry(attack).or_default().0 += 1;
    }
    for attack in attacks {
        counts.entry(attack).or_default().1 += 1;
    }
    let unequal = counts.iter().filter(|(_, (rows, wanted))| rows != wanted);
    let mut faults: Vec<String> =
        unequal.map(|(attack, (rows, wanted))| format!("{attack}: {rows} rows and not {wanted}")).collect();
    if faults.is_empty() && found != attacks {
        faults.push("the rows stand in another order than the attacks".to_owned());
    }
    faults
}

/// What is wrong with the codes of a row: one that nobody registered, or that no test of the row names.
fn codes_fault(ends: &str, held: &str, registered: &BTreeSet<String>, root: &Path) -> Option<String> {
    if ends.starts_with(WITHOUT_CODE) {
        return None;
    }
    let mut codes = quoted(ends).filter(|text| text.starts_with("INRO-")).peekable();
    if codes.peek().is_none() {
        return Some(format!("names no code; `{WITHOUT_CODE}…` says why there is none"));
    }
    let sources: Vec<String> =
        tables::tests(held).filter_map(|(file, _)| fs::read_to_string(root.join(file)).ok()).collect();
    codes.find_map(|code| {
        if !registered.contains(code) {
            return Some(format!("{code} is not registered"));
        }
        let named = sources.iter().any(|source| source.contains(code));
        (!named).then(|| format!("{code} stands in no file of its tests"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In this file, so that a row can name it: INRO-BASE-001.
    const GOOD: &str = "| key stolen | refused: `INRO-BASE-001` | `hostile.rs::a_row_names_codes_that_exist_and_that_its_tests_name` |";

    fn checked(attacks: &[&str], rows: &str) -> Result<(usize, usize), String> {
        let codes = ["INRO-BASE-001", "INRO-BASE-002"].map(str::to_owned).into();
        let text = format!("| attack | what happens | test |\n|---|---|---|\n{rows}\n");
        check(&text, attacks, &codes, Path::new("src"))
    }

    #[test]
    fn a_row_names_codes_that_exist_and_that_its_tests_name() {
        assert_eq!(checked(&["key stolen"], GOOD), Ok((1, 0)));
        for good in [
            GOOD.replace("refused: `INRO-BASE-001`", "no code: nothing is sent"),
            GOOD.replace("`INRO-BASE-001`", "`INRO-BASE-001`, in the file `db`"),
        ] {
            assert_eq!(checked(&["key stolen"], &good), Ok((1, 0)), "{good}");
        }
        assert_eq!(checked(&["key stolen"], "| key stolen | nobody knows | no test: later |"), Ok((0, 1)));
        for bad in [
            GOOD.replace("`INRO-BASE-001`", "INRO-BASE-001"),
            GOOD.replace("`INRO-BASE-001`", ""),
            GOOD.replace("`INRO-BASE-001`", "`INRO-BASE-001`, `INRO-BASE-000`"),
            GOOD.replace("a_row_names_codes_that", "a_row_of_nobody"),
            GOOD.replace("`hostile.rs::a_row_names_codes_that_exist_and_that_its_tests_name`", "later"),
            // Registered, but in no file of the row's tests.
            "| key stolen | `INRO-BASE-001` | `tables.rs::rows_are_those_below_a_head` |".to_owned(),
            GOOD.replace(" | refused", " refused"),
        ] {
            assert!(checked(&["key stolen"], &bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn each_attack_has_one_row_in_its_place() {
        let other = GOOD.replace("key stolen", "key lost");
        assert_eq!(checked(&["key stolen", "key lost"], &format!("{GOOD}\n{other}")), Ok((2, 0)));
        for (attacks, rows) in [
            (vec!["key stolen", "key lost"], GOOD.to_owned()),
            (vec!["key stolen"], format!("{GOOD}\n{other}")),
            (vec!["key stolen"], format!("{GOOD}\n{GOOD}")),
            (vec!["key stolen", "key lost"], format!("{other}\n{GOOD}")),
            (vec!["key stolen"], String::new()),
        ] {
            assert!(checked(&attacks, &rows).is_err(), "{attacks:?}");
        }
    }

    #[test]
    fn no_attack_is_listed_twice() {
        assert_eq!(ATTACKS.iter().collect::<BTreeSet<_>>().len(), ATTACKS.len());
    }
}
