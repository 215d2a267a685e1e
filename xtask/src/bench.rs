//! `cargo xtask bench`: runs the benchmarks and writes `docs/benchmarks.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use serde::Deserialize;

const PAGE: &str = "docs/benchmarks.md";
const COMMAND: &str = "cargo xtask bench";

#[derive(Deserialize)]
struct Figure {
    name: String,
    median_ns: u64,
}

/// Measures, and writes the page.
///
/// # Errors
/// When a benchmark fails or names a figure that the page needs and does not have.
pub(crate) fn run() -> Result<(), String> {
    println!("bench: building with the release profile, then about ten seconds of measuring");
    let output = Command::new("cargo")
        .args(["bench", "--quiet", "--locked", "--package", "inro-tests", "--bench", "speed"])
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo bench: {error}"))?;
    if !output.status.success() {
        return Err("cargo bench failed".into());
    }
    let figures = read(&String::from_utf8_lossy(&output.stdout))?;
    let page = render(&figures)?;
    fs::write(PAGE, page).map_err(|error| format!("{PAGE}: {error}"))?;
    println!("bench: wrote {PAGE}");
    Ok(())
}

fn read(output: &str) -> Result<BTreeMap<String, u64>, String> {
    let lines = output.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).map_err(|error| format!("{line}: {error}")))
        .map(|figure| figure.map(|Figure { name, median_ns }| (name, median_ns)))
        .collect()
}

fn render(figures: &BTreeMap<String, u64>) -> Result<String, String> {
    let figure = |name: &str| figures.get(name).copied().ok_or_else(|| format!("no figure for {name}"));
    let verify_floor = 2 * figure("raw/verify-es256/aws-lc-rs")?
        + figure("raw/sha256-of-the-presentation/aws-lc-rs")?
        + figure("raw/base64-of-the-presentation")?;
    let issue_floor = figure("raw/sign-es256/aws-lc-rs")?
        + figure("raw/sha256-of-the-presentation/aws-lc-rs")?
        + figure("raw/base64-of-the-presentation")?;
    let mut page = format!(
        "# Benchmarks\n\nWritten by `{COMMAND}`: one process, one thread, medians of 21 rounds of 100 calls. Compare ratios; the times are this machine's \
         ({}).\n",
        machine()
    );
    page.push_str(
        "\nThe floor of a verification: two ES256 verifications (issuer, key binding) by aws-lc-rs, SHA-256 over the presentation, base64 of the same \
         length. The floor of an issuance: one ES256 signature and the same hashing and encoding. JSON is in neither floor.\n",
    );
    table(
        &mut page,
        "Verify an SD-JWT VC presentation",
        "10 disclosures, key binding, issuer key at hand",
        verify_floor,
        &[
            ("Inro, services (aws-lc-rs)", figure("sd-jwt/verify/inro on aws-lc-rs")?),
            ("Inro, phone (RustCrypto)", figure("sd-jwt/verify/inro on RustCrypto")?),
            ("sd-jwt-rs 0.7", figure("sd-jwt/verify/sd-jwt-rs")?),
        ],
    );
    page.push_str("\nsd-jwt-rs looks at no `typ`, no age of the key binding, no repeated names and no certificate's types.\n");
    table(
        &mut page,
        "Issue an SD-JWT VC",
        "10 disclosures, holder key",
        issue_floor,
        &[
            ("Inro (aws-lc-rs)", figure("sd-jwt/issue/inro on aws-lc-rs")?),
            ("sd-jwt-rs 0.7", figure("sd-jwt/issue/sd-jwt-rs")?),
        ],
    );
    page.push_str("\n## Raw operations\n\n| operation | µs |\n|---|---|\n");
    for (name, nanoseconds) in figures.iter().filter(|(name, _)| name.starts_with("raw/")) {
        let _ = writeln!(page, "| {} | {} |", name.trim_start_matches("raw/"), microseconds(*nanoseconds));
    }
    Ok(page)
}

fn table(page: &mut String, title: &str, setting: &str, floor: u64, rows: &[(&str, u64)]) {
    let _ = write!(page, "\n## {title}\n\n{setting}.\n\n| who | µs | × floor |\n|---|---|---|\n");
    let _ = writeln!(page, "| floor | {} | 1.00 |", microseconds(floor));
    for (who, nanoseconds) in rows {
        let _ = writeln!(page, "| {who} | {} | {} |", microseconds(*nanoseconds), ratio(*nanoseconds, floor));
    }
}

fn microseconds(nanoseconds: u64) -> String {
    format!("{}.{}", nanoseconds / 1_000, nanoseconds % 1_000 / 100)
}

fn ratio(value: u64, to: u64) -> String {
    let hundredths = value.saturating_mul(100) / to.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = |key: &str| {
        info.lines().find(|line| line.starts_with(key))?.split_once(':').map(|(_, value)| value.trim())
    };
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    format!("{}, {cores} cores", named("model name").unwrap_or("unknown processor"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_down_and_keeps_two_places() {
        assert_eq!(ratio(131, 100), "1.31");
        assert_eq!(ratio(5, 0), "5.00");
        assert_eq!(microseconds(55_960), "55.9");
    }

    #[test]
    fn a_missing_figure_is_an_error() {
        assert!(render(&BTreeMap::new()).is_err());
    }
}
