//! Clears the stage when the demo dies without doing so: on Ctrl-C, on SIGKILL, on a closed terminal.
//!
//! The guard is this program again, in a process group of its own. It holds the reading end of a
//! pipe; when the demo is gone, whatever the cause, the pipe ends. Then the guard stops the services
//! that it was told of and removes the folder.

use std::fs;
use std::io::{BufRead as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The folder's name begins with this; nothing else is ever removed.
pub(crate) const FOLDER_PREFIX: &str = "inro-demo-";

/// The task's name on the command line; not for people.
pub(crate) const TASK: &str = "demo-guard";

const DONE: &str = "done";

/// The demo's end of the pipe.
pub(crate) struct Guard(Child);

impl Guard {
    /// Starts the guard of `folder`.
    ///
    /// # Errors
    /// When this program cannot be started again.
    pub(crate) fn post(folder: &Path) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| format!("guard: {error}"))?;
        let child = Command::new(program)
            .arg(TASK)
            .arg(folder)
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("guard: {error}"))?;
        Ok(Self(child))
    }

    /// Tells it of a service.
    pub(crate) fn watch(&mut self, process: u32) {
        self.say(&process.to_string());
    }

    /// Tells it that there is nothing left to do.
    pub(crate) fn dismiss(&mut self) {
        self.say(DONE);
        self.0.stdin = None;
        let _ = self.0.wait();
    }

    fn say(&mut self, line: &str) {
        if let Some(pipe) = &mut self.0.stdin {
            // A guard that died cannot be helped; the demo clears up on its own paths.
            let _ = writeln!(pipe, "{line}");
        }
    }
}

/// The guard's own life: waits for the end of the demo.
pub(crate) fn stand(folder: &Path) -> Result<(), String> {
    let mut processes = Vec::new();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        if line == DONE {
            return Ok(());
        }
        processes.extend(line.parse::<u32>());
    }
    clear(folder, &processes);
    Ok(())
}

/// Stops those of `processes` that belong to `folder`, and removes it.
fn clear(folder: &Path, processes: &[u32]) {
    for signal in ["TERM", "KILL"] {
        let alive: Vec<u32> = processes.iter().copied().filter(|&process| belongs(process, folder)).collect();
        for &process in &alive {
            send(signal, process);
        }
        for _ in 0..50 {
            if !alive.iter().any(|&process| belongs(process, folder)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    remove(folder);
}

/// Sends a signal by the shell's own `kill`, which every system has.
pub(crate) fn send(signal: &str, process: u32) {
    let _ = Command::new("sh")
        .args(["-c", "kill -s \"$1\" \"$2\"", "kill", signal, &process.to_string()])
        .stderr(Stdio::null())
        .status();
}

/// Removes a folder of ours.
pub(crate) fn remove(folder: &Path) {
    let ours =
        folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(FOLDER_PREFIX));
    if ours {
        // What cannot be removed lies in the system's temporary folder.
        let _ = fs::remove_dir_all(folder);
    }
}

/// Whether a process works on `folder`: its number may have gone to another by now.
fn belongs(process: u32, folder: &Path) -> bool {
    let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let folder = folder.as_os_str().as_encoded_bytes();
    !folder.is_empty() && line.windows(folder.len()).any(|part| part == folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clears_what_belongs_to_its_folder_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("{FOLDER_PREFIX}test-{}", std::process::id()));
        let other = std::env::temp_dir().join(format!("inro-other-{}", std::process::id()));
        for made in [&folder, &other] {
            fs::create_dir_all(made).unwrap();
        }
        let start = |path: &Path| {
            Command::new("sh").args(["-c", "sleep 60 & wait", "service"]).arg(path).spawn().unwrap()
        };
        let (mut ours, mut theirs) = (start(&folder), start(&other));
        // A process just started shows no command line for a moment.
        while !belongs(ours.id(), &folder) || !belongs(theirs.id(), &other) {
            std::thread::yield_now();
        }
        // A stopped child of ours stays a zombie with an empty command line until it is waited for.
        clear(&folder, &[ours.id(), theirs.id()]);
        assert!(ours.wait().unwrap().code().is_none(), "ended by a signal");
        assert!(theirs.try_wait().unwrap().is_none(), "still runs");
        assert!(!folder.exists() && other.exists());
        remove(&other);
        assert!(other.exists(), "not named as ours");
        send("TERM", theirs.id());
        theirs.wait().unwrap();
        fs::remove_dir_all(&other).unwrap();
    }
}
