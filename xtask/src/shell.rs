//! Programs that the tasks start, and the time that things take.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// What `demo` and the foreign peers drive.
const BINARIES: &[&str] = &["inro-issuer", "inro-verifier", "inro-wallet-cli", "inro-tests"];

/// Measures how long something takes.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    #[expect(clippy::disallowed_methods, reason = "a task tells its user how long each step took")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&own).parent().map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // `cargo run` sets these for xtask alone; a build script that sees them would run again.
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        {
            command.env_remove(name);
        }
    }
    command
}

/// Runs `command` with its output passed through.
///
/// # Errors
/// When it cannot be started or ends with another status than 0.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| format!("{name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name}: {status}")) }
}

/// Builds the three programs, and the wallet that tampers. Gives the folder where they are.
///
/// # Errors
/// When the build fails.
pub(crate) fn build_binaries() -> Result<PathBuf, String> {
    let mut build = cargo();
    build.args(["build", "--quiet", "--bins"]);
    for package in BINARIES {
        build.args(["--package", package]);
    }
    run(&mut build)?;
    Ok(target_dir()?.join("debug"))
}

/// Builds the programs that the benchmarks start, with the profile that users get.
///
/// # Errors
/// When the build fails.
pub(crate) fn build_released_binaries() -> Result<(), String> {
    let mut build = cargo();
    build.args(["build", "--quiet", "--locked", "--release", "--bins"]);
    for package in BINARIES {
        build.args(["--package", package]);
    }
    run(&mut build)
}

/// Where cargo builds to.
///
/// # Errors
/// When cargo does not say.
pub(crate) fn target_dir() -> Result<PathBuf, String> {
    let output = cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let metadata: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    let folder = metadata.get("target_directory").and_then(Value::as_str);
    folder.map(PathBuf::from).ok_or_else(|| "cargo metadata names no target folder".to_owned())
}

/// Whether a program of this name is on the path.
pub(crate) fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}
