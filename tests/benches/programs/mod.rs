//! Our programs as processes, as cargo built them beside the benchmark, and what Linux tells of them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A clock tick of `/proc/<pid>/stat`, which is the same on every Linux that we know: 1/100 s.
const TICK: Duration = Duration::from_millis(10);

/// One of our programs with the release profile.
pub(crate) fn command(program: &str) -> Command {
    // Cargo names no binaries of other packages, but builds them beside this benchmark.
    let own = std::env::current_exe().unwrap();
    let path = own.ancestors().nth(2).unwrap().join(program);
    assert!(path.exists(), "{} is missing: run `cargo xtask bench`", path.display());
    let mut command = Command::new(path);
    command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    command
}

/// Runs a program to its end, which must be a good one; gives what it printed.
pub(crate) fn ok<S: AsRef<OsStr>>(program: &str, arguments: &[S]) -> String {
    let output = command(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A service that is stopped when it is dropped.
pub(crate) struct Service(Child);

impl Service {
    /// Starts `program serve` on its folder and waits until it listens. Its log goes to a file, as it
    /// would in service.
    pub(crate) fn start(program: &str, folder: &Path) -> Self {
        let log = File::create(folder.with_extension("log")).unwrap();
        let mut command = command(program);
        command.arg("serve").arg("--dir").arg(folder).stdout(Stdio::piped()).stderr(log);
        let mut service = Self(command.spawn().unwrap());
        let mut line = String::new();
        BufReader::new(service.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("listening on https://"), "{program} serve said {line:?}");
        service
    }

    pub(crate) fn process(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The URL of a port that was free a moment ago.
pub(crate) fn free_url() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("https://localhost:{port}")
}

/// Makes the folder of an agency, whose URL is `url`.
pub(crate) fn agency(folder: &Path, url: &str) {
    let folder = folder.to_str().unwrap();
    let named = ["--name", "Minato City", "--name-ja", "みなと市", "--url", url];
    ok("inro-issuer", &[&["init", "--dir", folder], &named[..]].concat());
}

/// The processor time that a process took so far, in its own code and in the kernel's. `process` is a
/// number or `self`.
pub(crate) fn processor_time(process: &str) -> [Duration; 2] {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name, in parentheses, may hold anything; the state is the first field behind it.
    let fields = stat.rsplit_once(')').unwrap().1;
    let mut times = fields.split_whitespace().skip(11).map(|field| TICK * field.parse().unwrap());
    [times.next().unwrap(), times.next().unwrap()]
}

/// A line of `/proc/<pid>/status` that counts memory, such as `VmRSS`, in bytes.
pub(crate) fn memory(process: &str, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap() * 1024
}

/// Prints a figure; the page knows its unit.
pub(crate) fn print(name: &str, value: u64) {
    println!("{}", serde_json::json!({ "name": name, "value": value }));
}
