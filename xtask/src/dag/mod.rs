//! `cargo xtask dag`: arrows between rooms point down, files form no circle, no file is too long.

mod arrows;
mod circles;
mod metadata;
mod rust_source;

use std::fs;
use std::path::Path;
use std::process::Command;

pub(crate) use rust_source::{without_comments, without_test_modules};

/// The longest source file that a reader is asked to take in. Source: house.md, "Arrows".
const MAX_LINES: usize = 700;
/// The kinds of file that are read as source.
const SOURCE_KINDS: [&str; 5] = ["rs", "py", "kt", "swift", "sh"];

/// Checks the whole tree.
///
/// # Errors
/// One line for each finding.
pub(crate) fn run() -> Result<(), String> {
    let metadata = metadata::read()?;
    let mut findings = arrows::findings(&metadata)?;
    for package in metadata.workspace_packages() {
        findings.extend(circles::findings(&package.name, &package.folder().join("src"))?);
    }
    findings.extend(long_files()?);
    if findings.is_empty() {
        println!(
            "dag: {} packages, every arrow points down, no circle, no long file",
            metadata.workspace_packages().count()
        );
        return Ok(());
    }
    Err(findings.join("\n"))
}

fn long_files() -> Result<Vec<String>, String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .output()
        .map_err(|error| format!("git ls-files: {error}"))?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let mut findings = Vec::new();
    for name in listed.lines() {
        let path = Path::new(name);
        if !path.extension().is_some_and(|kind| SOURCE_KINDS.iter().any(|known| kind == *known)) {
            continue;
        }
        // A file that was deleted and not yet committed is still listed.
        let Ok(text) = fs::read_to_string(path) else { continue };
        let lines = text.lines().count();
        if lines > MAX_LINES {
            findings.push(format!("{name}: {lines} lines where {MAX_LINES} are allowed"));
        }
    }
    Ok(findings)
}
