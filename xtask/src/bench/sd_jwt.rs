//! The sections on SD-JWT, and the raw operations under them.

use super::figures::{Figures, microseconds, ratio, table};

/// Appends the sections.
///
/// # Errors
/// When a figure is missing.
pub(super) fn render(page: &mut String, figures: &Figures) -> Result<(), String> {
    let around = figures.of("raw/sha256-of-the-presentation/aws-lc-rs")?
        + figures.of("raw/base64-of-the-presentation")?;
    page.push_str(
        "\nThe floor of a verification: two ES256 verifications (issuer, key binding) by aws-lc-rs, SHA-256 over the presentation, base64 of the same \
         length. The floor of an issuance: one ES256 signature and the same hashing and encoding. JSON is in neither floor.\n",
    );
    beside_floor(
        page,
        "Verify an SD-JWT VC presentation",
        "10 disclosures, key binding, issuer key at hand.",
        2 * figures.of("raw/verify-es256/aws-lc-rs")? + around,
        &[
            ("Inro, services (aws-lc-rs)", figures.of("sd-jwt/verify/inro on aws-lc-rs")?),
            ("Inro, phone (RustCrypto)", figures.of("sd-jwt/verify/inro on RustCrypto")?),
            ("sd-jwt-rs 0.7", figures.of("sd-jwt/verify/sd-jwt-rs")?),
        ],
    );
    page.push_str("\nsd-jwt-rs looks at no `typ`, no age of the key binding, no repeated names and no certificate's types.\n");
    beside_floor(
        page,
        "Issue an SD-JWT VC",
        "10 disclosures, holder key.",
        figures.of("raw/sign-es256/aws-lc-rs")? + around,
        &[
            ("Inro (aws-lc-rs)", figures.of("sd-jwt/issue/inro on aws-lc-rs")?),
            ("sd-jwt-rs 0.7", figures.of("sd-jwt/issue/sd-jwt-rs")?),
        ],
    );
    let raw: Vec<_> =
        figures.below("raw/").map(|(name, time)| [name.to_owned(), microseconds(time)]).collect();
    table(page, "Raw operations", "Of which the floors are made.", ["operation", "µs"], &raw);
    Ok(())
}

fn beside_floor(page: &mut String, title: &str, setting: &str, floor: u64, rows: &[(&str, u64)]) {
    let rows: Vec<_> = std::iter::once(&("floor", floor))
        .chain(rows)
        .map(|(who, time)| [(*who).to_owned(), microseconds(*time), ratio(*time, floor)])
        .collect();
    table(page, title, setting, ["who", "µs", "× floor"], &rows);
}
