//! The sections on BBS.

use std::fmt::Write as _;

use super::figures::{Figures, microseconds, ratio, table};

/// What must be done for the presentation that is measured: operation, how the number comes about, number, figure.
/// `docs/specs/bbs-speed.md` gives the reasons.
const FLOOR: [(&str, &str, u64, &str); 5] = [
    (
        "masked addition of a table entry",
        "94 × 44 + 22 × 22 = ",
        94 * 44 + 22 * 22,
        "bbs-unit/masked addition",
    ),
    ("doubling", "5 × 18 = ", 5 * 18, "bbs-unit/doubling"),
    ("multiplication of a point that just came (pseudonym)", "", 2, "bbs-unit/multiplication"),
    ("hash to the curve", "", 1, "bbs-unit/hash to the curve"),
    ("conversion of a batch to affine form", "", 3, "bbs-unit/affine form"),
];

const COUNTS: [usize; 2] = [10, 30];
const OPERATIONS: [&str; 3] = ["sign", "make a proof", "verify a proof"];

/// Appends the sections. `libraries` are the sizes of a shared library without and with the room, in bytes.
///
/// # Errors
/// When a figure is missing.
pub(super) fn render(page: &mut String, figures: &Figures, libraries: [u64; 2]) -> Result<(), String> {
    beside_others(page, figures)?;
    made_once(page, figures)?;
    batch(page, figures)?;
    presentation(page, figures)?;
    floor(page, figures)?;
    sizes(page, figures, libraries)
}

fn beside_others(page: &mut String, figures: &Figures) -> Result<(), String> {
    let mut rows = Vec::new();
    for operation in OPERATIONS {
        for count in COUNTS {
            let time = |who: &str| figures.of(&format!("bbs/{operation}/{count}/{who}"));
            let (ours, zkryptium) = (time("inro")?, time("zkryptium 0.8")?);
            let bbs_plus = match operation {
                "sign" => time("bbs_plus 0.25")?,
                _ => time("bbs_plus 0.25 (cdl)")?.min(time("bbs_plus 0.25 (ietf)")?),
            };
            let times = [ours, bbs_plus, zkryptium].map(microseconds);
            let [ours_text, bbs_plus_text, zkryptium_text] = times;
            let faster = format!("{}, {}", ratio(bbs_plus, ours), ratio(zkryptium, ours));
            rows.push([
                operation.to_owned(),
                count.to_string(),
                ours_text,
                bbs_plus_text,
                zkryptium_text,
                faster,
            ]);
        }
    }
    table(
        page,
        "BBS beside its peers",
        "Microseconds; L messages, three disclosed, SHA-256; oracles without default features. Ours signs in constant time. bbs_plus is the faster of its \
         two proofs and is spared hashing the challenge; ours and zkryptium's include everything from bytes to bytes.",
        ["operation", "L", "Inro", "bbs_plus 0.25", "zkryptium 0.8", "times faster"],
        &rows,
    );
    Ok(())
}

fn made_once(page: &mut String, figures: &Figures) -> Result<(), String> {
    let mut rows = Vec::new();
    for (operation, who) in [
        ("generators", "the generators of a type with their tables, shared by everyone"),
        ("accept", "the acceptance of a credential, with the tables of its A and B"),
    ] {
        let [ten, thirty] = COUNTS.map(|count| figures.of(&format!("bbs/{operation}/{count}/inro")));
        rows.push([who.to_owned(), microseconds(ten?), microseconds(thirty?)]);
    }
    table(page, "BBS: made once", "Microseconds.", ["what", "L = 10", "L = 30"], &rows);
    Ok(())
}

fn batch(page: &mut String, figures: &Figures) -> Result<(), String> {
    let pairing = figures.of("bbs-unit/pairing equation")?;
    let mut rows = Vec::new();
    for count in COUNTS {
        let alone = figures.of(&format!("bbs/verify a proof/{count}/inro"))?;
        let each = figures.of(&format!("bbs/verify one of a batch of 64/{count}/inro"))?;
        let saved = alone.saturating_sub(each);
        let share = format!("{} %", saved * 100 / pairing.max(1));
        rows.push([count.to_string(), microseconds(alone), microseconds(each), microseconds(saved), share]);
    }
    let setting = format!(
        "Microseconds for each of 64 proofs under one key; the share is that of one pairing equation, {} µs.",
        microseconds(pairing)
    );
    table(
        page,
        "BBS: a batch",
        &setting,
        ["L", "alone", "in the batch", "saved", "share of the pairing"],
        &rows,
    );
    Ok(())
}

fn presentation(page: &mut String, figures: &Figures) -> Result<(), String> {
    let part = |name: &str| figures.of(&format!("bbs-profile/{name}")).map(microseconds);
    let bytes = |name: &str| figures.of(&format!("bbs-bytes/{name}"));
    let mut rows = Vec::new();
    let mut whole = 0;
    for name in ["core proof with two commitments", "inro-nym", "sigma-range"] {
        whole += bytes(name)?;
        rows.push([name.to_owned(), part(name)?, bytes(name)?.to_string()]);
    }
    rows.push(["made, as a whole".to_owned(), part("present")?, whole.to_string()]);
    rows.push(["verified, as a whole".to_owned(), part("verify")?, whole.to_string()]);
    for (what, name) in [
        ("holder's request", "request"),
        ("the issuer's check of the request", "check a request"),
        ("the issuer's signature", "sign"),
    ] {
        rows.push([what.to_owned(), part(name)?, String::new()]);
    }
    table(
        page,
        "BBS: the whole presentation",
        "BBS-MOD-INRO1, 8 claims: one disclosed, holder's secret and one number committed, pseudonym, range of 22 bits.",
        ["part", "µs", "bytes"],
        &rows,
    );
    Ok(())
}

fn floor(page: &mut String, figures: &Figures) -> Result<(), String> {
    let (mut rows, mut floor) = (Vec::new(), 0);
    for (what, how, number, unit) in FLOOR {
        let each = figures.of(unit)?;
        floor += number * each;
        let each_text = format!("{}.{:03}", each / 1_000, each % 1_000);
        rows.push([what.to_owned(), format!("{how}{number}"), each_text, microseconds(number * each)]);
    }
    rows.push(["**floor**".to_owned(), String::new(), String::new(), format!("**{}**", microseconds(floor))]);
    table(
        page,
        "BBS: the floor of the whole presentation",
        "What must be done with this structure; the reasons are in [bbs-speed.md](specs/bbs-speed.md).",
        ["part", "count", "µs each", "µs"],
        &rows,
    );
    let multiple = ratio(figures.of("bbs-profile/present")?, floor);
    let _ = writeln!(page, "\nThe presentation takes {multiple} times its floor.");
    Ok(())
}

fn sizes(page: &mut String, figures: &Figures, [without, with]: [u64; 2]) -> Result<(), String> {
    let rows = [
        ("tables of a generator", figures.of("bbs-bytes/tables of a generator")?),
        ("tables of the largest type", figures.of("bbs-bytes/tables of the largest type")?),
        ("what a shared library grows by that uses the room, stripped", with.saturating_sub(without)),
    ]
    .map(|(what, bytes)| [what.to_owned(), bytes.to_string()]);
    table(page, "BBS: sizes", "Bytes.", ["what", "bytes"], &rows);
    Ok(())
}
