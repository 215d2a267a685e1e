//! `cargo xtask codes`: the registry of error codes against the sources, and its page.
//!
//! That a code in use stands in the registry is checked by the compiler; here the other direction,
//! and codes in files that the compiler does not read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::dag::{without_comments, without_test_modules};

const REGISTRY: &str = "crates/base/errors.toml";
const PAGE: &str = "docs/error-codes.md";

#[derive(Deserialize)]
struct Entry {
    owner: String,
    #[serde(default)]
    retry: bool,
    cause: Text,
    remedy: Text,
}

#[derive(Deserialize)]
struct Text {
    en: String,
    ja: String,
}

fn registry() -> Result<BTreeMap<String, Entry>, String> {
    let text = fs::read_to_string(REGISTRY).map_err(|error| format!("{REGISTRY}: {error}"))?;
    toml::from_str(&text).map_err(|error| format!("{REGISTRY}: {error}"))
}

/// Every code of the registry.
///
/// # Errors
/// When the registry cannot be read.
pub(crate) fn registered() -> Result<BTreeSet<String>, String> {
    Ok(registry()?.into_keys().collect())
}

/// Checks the codes; with `write` renders the page anew, else compares it.
///
/// # Errors
/// One line for each finding.
pub(crate) fn run(write: bool) -> Result<(), String> {
    let registry = registry()?;
    let (used, named) = codes_in_sources()?;
    let unused =
        registry.keys().filter(|code| !used.contains(*code)).map(|code| format!("{code}: in no program"));
    // Number 000 is never given out; tests use it for a code that does not exist.
    let unknown = named
        .iter()
        .filter(|code| !registry.contains_key(*code) && !code.ends_with("-000"))
        .map(|code| format!("{code}: not in {REGISTRY}"));
    let mut findings: Vec<String> = unused.chain(unknown).collect();
    let page = render(&registry);
    if write {
        fs::write(PAGE, page).map_err(|error| format!("{PAGE}: {error}"))?;
    } else if fs::read_to_string(PAGE).unwrap_or_default() != page {
        findings.push(format!("{PAGE} is out of date: run `cargo xtask codes --write`"));
    }
    if !findings.is_empty() {
        return Err(findings.join("\n"));
    }
    println!("codes: {} codes, each with its texts and in use", registry.len());
    Ok(())
}

/// The codes that programs can give, and all that any source names.
fn codes_in_sources() -> Result<(BTreeSet<String>, BTreeSet<String>), String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "*.rs", "*.py"])
        .output()
        .map_err(|error| format!("git ls-files: {error}"))?;
    let (mut used, mut named) = (BTreeSet::new(), BTreeSet::new());
    for name in String::from_utf8_lossy(&listed.stdout).lines() {
        let Ok(text) = fs::read_to_string(name) else { continue };
        let is_test = Path::new(name).components().any(|part| part.as_os_str() == "tests");
        if !is_test {
            used.extend(codes_in(&without_test_modules(&without_comments(&text))));
        }
        named.extend(codes_in(&text));
    }
    Ok((used, named))
}

fn codes_in(text: &str) -> Vec<String> {
    text.match_indices("INRO-").filter_map(|(at, _)| code_at(text.get(at..)?)).collect()
}

fn code_at(text: &str) -> Option<String> {
    let room_length = text.get(5..)?.find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit())?;
    let number = text.get(5 + room_length..)?.strip_prefix('-')?.get(..3)?;
    let complete = room_length > 0 && number.bytes().all(|byte| byte.is_ascii_digit());
    complete.then(|| format!("{}-{number}", &text.get(..5 + room_length).unwrap_or_default()))
}

fn render(registry: &BTreeMap<String, Entry>) -> String {
    let mut page = String::from(
        "# Error codes / エラーコード\n\nMade by `cargo xtask codes --write` from `crates/base/errors.toml`. Owner: who can remedy it. Retry: whether the same \
         attempt can succeed later.\n",
    );
    let mut room = "";
    for (code, entry) in registry {
        let this_room = code.split('-').nth(1).unwrap_or_default();
        if this_room != room {
            room = this_room;
            let _ = write!(
                page,
                "\n## {room}\n\n| code | owner | retry | cause, remedy | 原因と対処 |\n|---|---|---|---|---|\n"
            );
        }
        let _ = writeln!(
            page,
            "| `{code}` | {} | {} | {} {} | {}{} |",
            entry.owner,
            if entry.retry { "yes" } else { "no" },
            entry.cause.en,
            entry.remedy.en,
            entry.cause.ja,
            entry.remedy.ja
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_whole_codes_alone() {
        let text = r#"Code::new("INRO-SDJWT-012"), "INRO-HR-1", INRO-<ROOM>-001, INRO-VP-0031"#;
        assert_eq!(codes_in(text), ["INRO-SDJWT-012", "INRO-VP-003"]);
    }
}
