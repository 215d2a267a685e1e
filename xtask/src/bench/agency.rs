//! The section on an agency's work in bulk, its service at rest, and the wallet at a terminal.

use super::figures::{Figures, microseconds, ratio, table, verdict};

/// What a service may take at rest, in bytes.
const REST_GOAL: u64 = 40_000_000;

/// Appends the section.
///
/// # Errors
/// When a figure is missing.
pub(super) fn render(page: &mut String, figures: &Figures) -> Result<(), String> {
    let of = |name: &str| figures.of(name);
    let (rows, taken) = (of("agency/import/rows")?, of("agency/import/nanoseconds")?);
    let credentials = of("agency/issue/credentials")?;
    let steps: Vec<(&str, u64)> = figures.below("agency/issue/each batch/").collect();
    let batch: u64 = steps.iter().map(|(_, time)| time).sum();
    let rest = of("agency/at rest, bytes")?;
    let mut lines = vec![
        ["rows of an HR file imported in a second".to_owned(), a_second(rows, taken)],
        ["MB at the peak of the import, beside the file".to_owned(), megabytes(of("agency/import/bytes")?)],
        ["credentials issued in a second, in batches of 10".to_owned(), a_second(10, batch)],
    ];
    for (step, time) in steps {
        lines.push([format!("µs for each batch: {step}"), microseconds(time)]);
    }
    lines.extend([
        ["MB at the peak of the issuance, wallets included".to_owned(), megabytes(of("agency/issue/bytes")?)],
        ["MB of `inro-issuer serve` at rest (VmRSS after 10 s)".to_owned(), megabytes(rest)],
        [
            "ms to the first output of `inro-wallet list`".to_owned(),
            ratio(of("wallet/first output")?, 1_000_000),
        ],
    ]);
    let setting = format!(
        "An HR file of {rows} rows; then {credentials} SD-JWT VC `employee-id` through everything behind the endpoints (offer, code, token, ten proofs with DPoP, status places, records) \
         in one thread over SQLite on disk, every commit synced. HTTP is not in it, and the wallets' work is not counted."
    );
    table(page, "An agency's work", &setting, ["what", "figure"], &lines);
    page.push_str(&format!(
        "\nGoal at rest: at most {} MB: {}.\n",
        REST_GOAL / 1_000_000,
        verdict(rest <= REST_GOAL)
    ));
    Ok(())
}

fn a_second(count: u64, nanoseconds: u64) -> String {
    (count.saturating_mul(1_000_000_000) / nanoseconds.max(1)).to_string()
}

fn megabytes(bytes: u64) -> String {
    ratio(bytes, 1_000_000)
}
