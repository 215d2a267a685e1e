//! The section on status lists.

use std::fmt::Write as _;

use super::figures::{Figures, ratio, table};

const TAKEN_BACK: [u32; 3] = [0, 1, 10];
/// 3.4 million credentials in ten copies, a list for each 2^19 places.
const LISTS: u64 = 65;
/// How long a list is used, in nanoseconds.
const TTL: u64 = 30_000_000_000;

/// Appends the section.
///
/// # Errors
/// When a figure is missing.
pub(super) fn render(page: &mut String, figures: &Figures) -> Result<(), String> {
    let mut rows = Vec::new();
    for share in TAKEN_BACK {
        for form in ["jwt", "cwt"] {
            let of = |what: &str| figures.of(&format!("lists/{share}/{what}"));
            let (read, compress) = (of("read")?, of("compress")?);
            let (make, verify) = (of(&format!("make {form}"))?, of(&format!("verify {form}"))?);
            rows.push([
                format!("{share} %"),
                form.to_uppercase(),
                format!("{}.{}", of(form)? / 1_000, of(form)? % 1_000 / 100),
                milliseconds(read),
                milliseconds(make),
                ratio(make, compress + figures.of("raw/sign-es256/aws-lc-rs")?),
                milliseconds(verify),
            ]);
        }
    }
    table(
        page,
        "Status lists",
        "2^20 places of 2 bits, half of them given away at random in a SQLite file; the floor is compressing and one ES256 signature.",
        ["taken back", "token", "KB", "read, ms", "make, ms", "× floor", "verify and open, ms"],
        &rows,
    );
    let (mut busy, mut kept) = (0, 0);
    for form in ["jwt", "cwt"] {
        let of = |what: &str| figures.of(&format!("lists/1/{what}"));
        busy += LISTS * (of("read")? + of(&format!("make {form}"))?);
        kept += LISTS * of(form)?;
    }
    let _ = write!(
        page,
        "\nThe ten copies of 3.4 million credentials fill {LISTS} lists. With 1 % taken back, and every list asked for in both formats in each 30 seconds, the \
         issuer is busy with them {} % of one core's time and keeps {} MB of tokens; one list is made at a time.\n",
        ratio(busy * 100, TTL),
        ratio(kept, 1_000_000),
    );
    Ok(())
}

fn milliseconds(nanoseconds: u64) -> String {
    ratio(nanoseconds, 1_000_000)
}
