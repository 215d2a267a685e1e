//! What the demo needs beside Rust, and how it gets there on Debian.

use crate::{debian, shell};

/// A program, and the Debian package that has it.
const NEEDED: &[(&str, &str)] = &[("cc", "gcc"), ("cmake", "cmake"), ("make", "make"), ("curl", "curl")];

/// Checks, and installs what is missing when this is Debian and we are root.
///
/// # Errors
/// The one line to run.
pub(crate) fn check() -> Result<Vec<String>, String> {
    let missing: Vec<&str> = missing(shell::has_program);
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    if !debian::can_install() {
        return Err(format!("Missing. Run: {}", debian::advice(&missing)));
    }
    debian::install(&missing)?;
    Ok(vec![format!("installed: {}", missing.join(" "))])
}

fn missing(has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    NEEDED.iter().filter(|(program, _)| !has(program)).map(|&(_, package)| package).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_packages_of_what_is_missing_in_one_line() {
        assert!(missing(|_| true).is_empty());
        let packages = missing(|program| program != "cc" && program != "curl");
        assert_eq!(debian::advice(&packages), "sudo apt-get install -y gcc curl");
    }
}
