//! The section on the wallet's vault.

use super::figures::{Figures, ratio, table, verdict};

const SIZES: [&str; 3] = ["100", "1000", "10000"];
/// At this size the goals hold.
const GOAL_SIZE: usize = 1;
const MILLISECOND: u64 = 1_000_000;
const MEGABYTE: u64 = 1_000_000;

/// What is measured: its title, its figure, the divisor of its unit and the goal in that unit.
const ROWS: [(&str, &str, u64, Option<u64>); 13] = [
    ("ms to the open vault", "open the vault", MILLISECOND, None),
    ("ms to the open wallet", "open the wallet", MILLISECOND, Some(50)),
    ("MB by which the process grows with it", "bytes of memory", MEGABYTE, Some(15)),
    ("ms to a review, one type asked for", "review, one type", MILLISECOND, Some(5)),
    ("ms to a review, a type that is not held", "review, a type that is not held", MILLISECOND, Some(5)),
    ("ms to a review, every type asked for", "review, all types", MILLISECOND, None),
    (
        "ms from the holder's yes to a posted SD-JWT",
        "present dc+sd-jwt, until it is sent",
        MILLISECOND,
        Some(3),
    ),
    ("ms to the end of it", "present dc+sd-jwt, whole", MILLISECOND, None),
    ("ms from the holder's yes to a posted mdoc", "present mso_mdoc, until it is sent", MILLISECOND, Some(3)),
    ("ms to the end of it", "present mso_mdoc, whole", MILLISECOND, None),
    ("ms to append to the history", "append to the history", MILLISECOND, Some(2)),
    ("ms of it to sync a file", "sync a file", MILLISECOND, None),
    ("MB of the file", "bytes of the file", MEGABYTE, None),
];

/// Appends the section.
///
/// # Errors
/// When a figure is missing.
pub(super) fn render(page: &mut String, figures: &Figures) -> Result<(), String> {
    let mut rows = Vec::new();
    for (title, name, unit, goal) in ROWS {
        let mut values = Vec::new();
        for size in SIZES {
            values.push(figures.of(&format!("vault/{size}/{name}"))?);
        }
        let met = goal
            .zip(values.get(GOAL_SIZE))
            .map(|(goal, value)| format!("{goal}: {}", verdict(*value <= goal.saturating_mul(unit))));
        let shown = |at: usize| values.get(at).map_or_else(String::new, |value| ratio(*value, unit));
        rows.push([title.to_owned(), shown(0), shown(1), shown(2), met.unwrap_or_default()]);
    }
    let setting = "Employee cards of 50 types, half of them SD-JWT VC and half mdoc, each in ten copies with a key of its own; on disk, every commit synced. Keys and network \
         answer at once, and so does the holder. Opening: in a process of its own, whose files the system has read before. A review begins with the signed request, of which two signatures \
         and two certificate paths are verified. A presentation begins with the holder's yes: copies are read, everything but the signature is made, the \
         spend and the history are committed, keys deleted, and the answer is posted; its end is the history's second word.";
    let head = ["what", "100 credentials", "1,000", "10,000", "at most, with 1,000"];
    table(page, "The wallet's vault", setting, head, &rows);
    Ok(())
}
