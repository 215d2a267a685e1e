//! What the demo needs beside Rust, and how it gets there on Debian.

use std::path::Path;
use std::process::Command;

use crate::shell;

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
    if !(Path::new("/etc/debian_version").exists() && is_root()) {
        return Err(format!("Missing. Run: {}", advice(&missing)));
    }
    let mut update = Command::new("apt-get");
    shell::run(update.args(["update", "-qq"]))?;
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-qq"]).args(&missing).env("DEBIAN_FRONTEND", "noninteractive");
    shell::run(&mut install)?;
    Ok(vec![format!("installed: {}", missing.join(" "))])
}

fn missing(has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    NEEDED.iter().filter(|(program, _)| !has(program)).map(|&(_, package)| package).collect()
}

fn advice(packages: &[&str]) -> String {
    format!("sudo apt-get install -y {}", packages.join(" "))
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_packages_of_what_is_missing_in_one_line() {
        assert!(missing(|_| true).is_empty());
        let packages = missing(|program| program != "cc" && program != "curl");
        assert_eq!(advice(&packages), "sudo apt-get install -y gcc curl");
    }
}
