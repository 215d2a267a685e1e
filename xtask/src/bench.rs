//! `cargo xtask bench`: runs the benchmarks and writes `docs/benchmarks.md`.

mod bbs;
mod cdylib;
mod figures;
mod lists;
mod sd_jwt;

use std::fs;
use std::process::Stdio;

use figures::Figures;

use crate::shell;

const PAGE: &str = "docs/benchmarks.md";
const COMMAND: &str = "cargo xtask bench";

/// Measures, and writes the page.
///
/// # Errors
/// When a benchmark fails or names a figure that the page needs and does not have.
pub(crate) fn run() -> Result<(), String> {
    println!("bench: building with the release profile, then about a minute of measuring");
    let libraries = cdylib::sizes()?;
    let output = shell::cargo()
        .args([
            "bench",
            "--quiet",
            "--locked",
            "--package",
            "inro-tests",
            "--bench",
            "speed",
            "--bench",
            "lists",
            "--bench",
            "bbs",
        ])
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
        "# Benchmarks\n\nWritten by `{COMMAND}`: one process, one thread, release profile, medians. Compare ratios; the times are this machine's ({}).\n",
        machine()
    );
    sd_jwt::render(&mut page, figures)?;
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
