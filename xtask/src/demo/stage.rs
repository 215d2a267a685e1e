//! Where the story happens: a temporary folder, two services, a wallet's home.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::guard::{self, Guard};

/// How long a service may take to stop, in tenths of a second.
const STOP_TENTHS: u32 = 100;

/// What was made and started; cleared when it is dropped.
pub(crate) struct Stage {
    folder: PathBuf,
    binaries: PathBuf,
    services: Vec<(&'static str, Child)>,
    guard: Guard,
}

/// How a command ended.
pub(crate) struct Said {
    /// The exit status; -1 after a signal.
    pub(crate) status: i32,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it complained.
    pub(crate) stderr: String,
}

impl Said {
    /// What it printed, as JSON.
    pub(crate) fn json(&self) -> Result<Value, String> {
        serde_json::from_str(&self.stdout).map_err(|error| format!("no JSON ({error}): {}", self.stdout))
    }
}

impl Stage {
    /// Makes the folder and posts its guard.
    ///
    /// # Errors
    /// When either cannot be made.
    pub(crate) fn set(binaries: PathBuf) -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("{}{}", guard::FOLDER_PREFIX, std::process::id()));
        // One that an earlier process of this number left is taken by nobody.
        guard::remove(&folder);
        DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        let guard = Guard::post(&folder)?;
        Ok(Self { folder, binaries, services: Vec::new(), guard })
    }

    /// A path below the folder.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.join(below)
    }

    /// Runs one of our programs to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, program: &str, arguments: &[S]) -> Result<Said, String> {
        let output = self
            .command(program)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{program}: {error}"))?;
        Ok(Said {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// As [`Stage::run`] for a command that must succeed.
    ///
    /// # Errors
    /// With what the command complained.
    pub(crate) fn ok<S: AsRef<OsStr>>(&self, program: &str, arguments: &[S]) -> Result<Said, String> {
        let said = self.run(program, arguments)?;
        if said.status == 0 {
            return Ok(said);
        }
        Err(format!("{program} ended with {}:\n{}{}", said.status, said.stdout, said.stderr))
    }

    /// Starts `program serve` on its folder and waits until it listens.
    ///
    /// # Errors
    /// When it ends instead.
    pub(crate) fn serve(&mut self, program: &'static str, below: &str) -> Result<String, String> {
        let log =
            File::create(self.path(&format!("{program}.log"))).map_err(|error| format!("log: {error}"))?;
        let mut child = self
            .command(program)
            .args([OsStr::new("serve"), OsStr::new("--dir"), self.path(below).as_os_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        self.guard.watch(child.id());
        let stdout = child.stdout.take();
        self.services.push((program, child));
        let mut line = String::new();
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut line).map_err(|error| format!("{program}: {error}"))?;
        }
        if line.starts_with("listening on https://") {
            return Ok(format!("{program}: {}", line.trim_end()));
        }
        Err(format!("{program} did not begin to listen: {line:?}"))
    }

    /// Stops the services as an operator does.
    ///
    /// # Errors
    /// Names one that did not end well on SIGTERM.
    pub(crate) fn stop(&mut self) -> Result<(), String> {
        let mut failed = Vec::new();
        for (_, child) in &self.services {
            guard::send("TERM", child.id());
        }
        for (program, mut child) in self.services.drain(..) {
            match wait(&mut child) {
                Some(true) => {}
                Some(false) => failed.push(format!("{program} ended badly on SIGTERM")),
                None => {
                    let _ = child.kill();
                    let _ = child.wait();
                    failed.push(format!("{program} did not end on SIGTERM"));
                }
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
    }

    /// The last lines of each service's log, for a failure.
    pub(crate) fn log_ends(&self) -> String {
        /// A request logs one line; the cause stands in the last few.
        const LINES: usize = 8;
        let mut text = String::new();
        for (program, _) in &self.services {
            let log = fs::read_to_string(self.path(&format!("{program}.log"))).unwrap_or_default();
            let from = log.lines().count().saturating_sub(LINES);
            text.push_str(&format!("\n{program} said last:"));
            for line in log.lines().skip(from) {
                text.push_str(&format!("\n  {line}"));
            }
        }
        text
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.join(program));
        // One language for what is shown, whatever the terminal's.
        command.env("LC_ALL", "C.UTF-8");
        command
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // The story has told of a failed stop already, or another step's failure matters more.
        let _ = self.stop();
        guard::remove(&self.folder);
        self.guard.dismiss();
    }
}

/// Two URLs on ports that were free a moment ago.
///
/// # Errors
/// When the loopback has none.
pub(crate) fn free_urls() -> Result<(String, String), String> {
    // Both are taken before either is given back, or they could be the same.
    let bind = || TcpListener::bind("127.0.0.1:0").map_err(|error| format!("no free port: {error}"));
    let (one, two) = (bind()?, bind()?);
    let url = |listener: &TcpListener| {
        let address = listener.local_addr().map_err(|error| format!("no free port: {error}"))?;
        Ok::<_, String>(format!("https://localhost:{}", address.port()))
    };
    Ok((url(&one)?, url(&two)?))
}

/// A path as the text that JSON and messages need.
pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Whether the process ended well; nothing when it has not ended in time.
fn wait(child: &mut Child) -> Option<bool> {
    for _ in 0..STOP_TENTHS {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status.success());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    None
}
