//! `cargo xtask bench`: runs the benchmarks and writes `docs/benchmarks.md`.

mod agency;
mod bbs;
mod cdylib;
mod figures;
mod formats;
mod lists;
mod sessions;
mod vault;

use std::fs;
use std::process::Stdio;

use figures::Figures;

use crate::shell;

const PAGE: &str = "docs/benchmarks.md";
const COMMAND: &str = "cargo xtask bench";
/// In the order in which they run: what needs both processors comes last.
const BENCHES: [&str; 7] = ["speed", "mdoc", "lists", "bbs", "vault", "sessions", "agency"];

/// Measures, and writes the page.
///
/// # Errors
/// When a benchmark fails or names a figure that the page needs and does not have.
pub(crate) fn run() -> Result<(), String> {
    println!("bench: building with the release profile, then about five minutes of measuring");
    let libraries = cdylib::sizes()?;
    shell::build_released_binaries()?;
    let output = shell::cargo()
        .args(["bench", "--quiet", "--locked", "--package", "inro-tests"])
        .args(BENCHES.iter().flat_map(|bench| ["--bench", bench]))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo bench: {error}"))?;
    if !output.status.success() {
        return Err("cargo bench failed".into());
    }
    let figures = Figures::read(&String::from_utf8_lossy(&output.stdout))?;
    fs::write(PAGE, render(&figures, libraries)?).map_err(|error| format!("{PAGE}: {error}"))?;
    println!("bench: wrote {PAGE}");
    Ok(())
}

fn render(figures: &Figures, libraries: [u64; 2]) -> Result<String, String> {
    let mut page = format!(
        "# Benchmarks\n\nWritten by `{COMMAND}`: release profile; one process and one thread where nothing else is said; medians. Compare ratios; the times are this machine's ({}).\n",
        machine()
    );
    formats::render(&mut page, figures)?;
    sessions::render(&mut page, figures)?;
    agency::render(&mut page, figures)?;
    vault::render(&mut page, figures)?;
    lists::render(&mut page, figures)?;
    bbs::render(&mut page, figures, libraries)?;
    Ok(page)
}

fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = |key: &str| {
        info.lines().find(|line| line.starts_with(key))?.split_once(':').map(|(_, value)| value.trim())
    };
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    let system = std::env::consts::ARCH;
    format!("{}, {cores} cores, {system}", named("model name").unwrap_or("unknown processor"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_figure_is_an_error() {
        assert!(render(&Figures::default(), [0, 0]).is_err());
    }
}
