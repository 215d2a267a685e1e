//! The sections on SD-JWT and mdoc, and the raw operations under them.

use super::figures::{Figures, microseconds, ratio, table, verdict};

/// The most that may be taken, in hundredths of the formula.
const VERIFY_GOAL: u64 = 130;
const ISSUE_GOAL: u64 = 150;

/// What is measured, against which formula.
struct Section<'a> {
    title: &'a str,
    setting: &'a str,
    /// The figure of the signatures, and how many there are.
    signatures: (&'a str, u64),
    /// The figures of everything else that the formula counts.
    floor: &'a [&'a str],
    /// Who, and the figure; the first is the one that the goal is about.
    rows: &'a [(&'a str, &'a str)],
    /// In hundredths.
    goal: u64,
    /// What a peer leaves out.
    note: &'a str,
}

const SECTIONS: [Section<'_>; 4] = [
    Section {
        title: "Verify an SD-JWT VC presentation",
        setting: "10 disclosures, key binding, issuer key at hand; two signatures.",
        signatures: ("raw/verify-es256/aws-lc-rs", 2),
        floor: &["sd-jwt/floor/hash verified", "sd-jwt/floor/base64 read", "sd-jwt/floor/json read"],
        rows: &[
            ("Inro, services (aws-lc-rs)", "sd-jwt/verify/inro on aws-lc-rs"),
            ("Inro, phone (RustCrypto)", "sd-jwt/verify/inro on RustCrypto"),
            ("sd-jwt-rs 0.7", "sd-jwt/verify/sd-jwt-rs"),
        ],
        goal: VERIFY_GOAL,
        note: "sd-jwt-rs looks at no `typ`, no age of the key binding, no repeated names and no certificate's types.",
    },
    Section {
        title: "Issue an SD-JWT VC",
        setting: "10 disclosures, holder key; one signature.",
        signatures: ("raw/sign-es256/aws-lc-rs", 1),
        floor: &["sd-jwt/floor/hash issued", "sd-jwt/floor/base64 written", "sd-jwt/floor/json written"],
        rows: &[
            ("Inro (aws-lc-rs)", "sd-jwt/issue/inro on aws-lc-rs"),
            ("sd-jwt-rs 0.7", "sd-jwt/issue/sd-jwt-rs"),
        ],
        goal: ISSUE_GOAL,
        note: "Salts are not in the formula.",
    },
    Section {
        title: "Verify an mdoc presentation",
        setting: "10 elements, device signature, issuer key at hand; two signatures.",
        signatures: ("raw/verify-es256/aws-lc-rs", 2),
        floor: &["mdoc/floor/hash verified", "mdoc/floor/cbor read"],
        rows: &[
            ("Inro, services (aws-lc-rs)", "mdoc/verify/inro on aws-lc-rs"),
            ("Inro, phone (RustCrypto)", "mdoc/verify/inro on RustCrypto"),
            ("isomdl 0.2", "mdoc/verify/isomdl"),
        ],
        goal: VERIFY_GOAL,
        note: "isomdl compares no digest with the MSO, so it takes an altered element for a signed one, and looks at no times and at no document type \
               of the MSO. Its signatures are RustCrypto's: beside our phone's row the work of signatures is equal.",
    },
    Section {
        title: "Issue an mdoc",
        setting: "10 elements, holder key, certificate; one signature.",
        signatures: ("raw/sign-es256/aws-lc-rs", 1),
        floor: &["mdoc/floor/hash issued", "mdoc/floor/cbor written"],
        rows: &[("Inro (aws-lc-rs)", "mdoc/issue/inro on aws-lc-rs"), ("isomdl 0.2", "mdoc/issue/isomdl")],
        goal: ISSUE_GOAL,
        note: "Randoms are not in the formula. isomdl signs with RustCrypto.",
    },
];

/// Appends the sections.
///
/// # Errors
/// When a figure is missing.
pub(super) fn render(page: &mut String, figures: &Figures) -> Result<(), String> {
    page.push_str(
        "\nThe formula: (signatures verified or made) × the cost of one by aws-lc-rs, of 32 bytes, + SHA-256 by aws-lc-rs over every piece that is hashed, piece by \
         piece + base64url over every part and one pass of serde_json over each JSON text, to read where one verifies and to write where one issues. \
         In place of the last two, an mdoc has one pass of ciborium over the bytes and over all that is embedded in them; SHA-256 runs over the whole once. \
         All with the bytes that are measured.\n",
    );
    for section in &SECTIONS {
        section.render(page, figures)?;
    }
    let raw: Vec<_> = figures
        .below("raw/")
        .map(|(name, time)| (name.to_owned(), time))
        .chain(["sd-jwt", "mdoc"].into_iter().flat_map(|format| {
            let prefix = if format == "mdoc" { "mdoc/floor/" } else { "sd-jwt/floor/" };
            figures.below(prefix).map(move |(name, time)| (format!("{format}: {name}"), time))
        }))
        .map(|(name, time)| [name, microseconds(time)])
        .collect();
    table(page, "Raw operations", "Of which the formulas are made.", ["operation", "µs"], &raw);
    Ok(())
}

impl Section<'_> {
    fn render(&self, page: &mut String, figures: &Figures) -> Result<(), String> {
        let mut floor = self.signatures.1 * figures.of(self.signatures.0)?;
        for part in self.floor {
            floor += figures.of(part)?;
        }
        let mut rows = vec![["formula".to_owned(), microseconds(floor), ratio(floor, floor)]];
        let mut ours = None;
        for (who, figure) in self.rows {
            let time = figures.of(figure)?;
            ours = ours.or(Some(time));
            rows.push([(*who).to_owned(), microseconds(time), ratio(time, floor)]);
        }
        table(page, self.title, self.setting, ["who", "µs", "× formula"], &rows);
        let is_met = ours.is_some_and(|ours| ours * 100 <= floor * self.goal);
        page.push_str(&format!(
            "\nGoal: at most {} ×: {}. {}\n",
            ratio(self.goal, 100),
            verdict(is_met),
            self.note
        ));
        Ok(())
    }
}
