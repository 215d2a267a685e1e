//! The three binaries as processes in a temporary folder, over HTTPS on free ports.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::report::Language;
use inro_base::{Clock, UnixTime};
use inro_crypto::RustCrypto;
use inro_wallet_cli::{FileKeys, HttpsClient, SystemRng, TerminalPrompts, open_store};
use inro_wallet_core::{AnchorKind, AnchorRecord, Http, Ports, Wallet};
use serde_json::Value;
use tempfile::TempDir;

const LIMIT: usize = 1024 * 1024;

/// An agency, a relying system and an employee, each with its folder.
pub(crate) struct Story {
    // The services stop before their folder goes.
    issuer: Option<Service>,
    verifier: Option<Service>,
    folder: TempDir,
    pub(crate) issuer_url: String,
    pub(crate) verifier_url: String,
    api: HttpsClient,
    token: String,
}

/// What a command said.
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    /// The status is -1 after a signal.
    pub(crate) fn of(Output { status, stdout, stderr }: Output) -> Self {
        Self {
            status: status.code().unwrap_or(-1),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// What it printed on stdout, as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|_| panic!("not JSON: {}{}", self.stdout, self.stderr))
    }
}

/// A process that is stopped when it is dropped.
struct Service(Child);

impl Story {
    /// Sets all three up, registers the verifier, starts both services and imports the sample HR file.
    pub(crate) fn begin() -> Self {
        Self::begin_as(true)
    }

    /// As [`Story::begin`], but nobody registered the verifier.
    pub(crate) fn begin_unregistered() -> Self {
        Self::begin_as(false)
    }

    fn begin_as(registered: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (issuer, verifier) = (folder.path().join("issuer"), folder.path().join("verifier"));
        let (issuer_url, verifier_url) = (free_url(), free_url());
        let init = ["--name", "Minato City", "--name-ja", "みなと市", "--url", &issuer_url];
        ok("inro-issuer", args(&["init", "--dir"], [&issuer], &init));
        let init = ["--name", "Welfare System", "--name-ja", "福祉システム", "--url", &verifier_url];
        ok("inro-verifier", args(&["init", "--dir"], [&verifier], &init));
        trust_issuer(&issuer, &verifier);
        if registered {
            register(folder.path(), &issuer, &verifier);
        }
        let employees = workspace().join("issuer/samples/hr.csv");
        ok("inro-issuer", args(&["employee", "import", "--dir"], [&issuer, &employees], &[]));
        let story = Self {
            issuer: Some(serve("inro-issuer", &issuer)),
            verifier: Some(serve("inro-verifier", &verifier)),
            issuer_url,
            verifier_url,
            api: client(&verifier.join("tls/ca.pem")),
            token: std::fs::read_to_string(verifier.join("api-token")).unwrap().trim().to_owned(),
            folder,
        };
        story.trust_in(&story.home());
        story
    }

    /// The wallet's home folder.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("wallet")
    }

    /// A file below the story's folder.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Runs `inro-wallet --home H …`.
    pub(crate) fn wallet(&self, rest: &[&str]) -> Said {
        self.wallet_in(&self.home(), rest)
    }

    /// As [`Story::wallet`], in another home.
    pub(crate) fn wallet_in(&self, home: &Path, rest: &[&str]) -> Said {
        run("inro-wallet", args(&["--home"], [home], rest))
    }

    /// Starts `inro-wallet --home H …` and does not wait for its end; what it prints can be read.
    pub(crate) fn start_wallet(&self, home: &Path, rest: &[&str]) -> Child {
        let mut started = command("inro-wallet");
        started.args(args(&["--home"], [home], rest));
        started.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Runs `inro-issuer …`, which must succeed, and reads its JSON.
    pub(crate) fn issuer(&self, command: &[&str], rest: &[&str]) -> Value {
        let mut first = command.to_vec();
        first.push("--dir");
        let said = ok("inro-issuer", args(&first, [&self.path("issuer")], rest));
        serde_json::from_str(&said.stdout).unwrap()
    }

    /// Runs `inro-issuer …`, the folder after its first two words.
    pub(crate) fn run_issuer(&self, rest: &[&str]) -> Said {
        let (command, rest) = rest.split_at(2);
        run("inro-issuer", args(&[command, &["--dir"]].concat(), [&self.path("issuer")], rest))
    }

    /// Stops the issuer's service, with SIGKILL.
    pub(crate) fn stop_issuer(&mut self) {
        self.issuer = None;
    }

    /// Stops the verifier's service, with SIGKILL.
    pub(crate) fn stop_verifier(&mut self) {
        self.verifier = None;
    }

    /// Runs `inro-verifier …`, which must succeed, and reads its JSON.
    pub(crate) fn verifier(&self, command: &[&str], rest: &[&str]) -> Value {
        let mut first = command.to_vec();
        first.push("--dir");
        let said = ok("inro-verifier", args(&first, [self.path("verifier")], rest));
        serde_json::from_str(&said.stdout).unwrap()
    }

    /// Stops the issuer's service and starts it again, as after a change of its files.
    pub(crate) fn restart_issuer(&mut self) {
        self.issuer = None;
        self.issuer = Some(serve("inro-issuer", &self.path("issuer")));
    }

    /// Stops the verifier's service and starts it again, as after a change of its files.
    pub(crate) fn restart_verifier(&mut self) {
        self.verifier = None;
        self.verifier = Some(serve("inro-verifier", &self.path("verifier")));
    }

    /// The process of the issuer's service.
    pub(crate) fn issuer_process(&self) -> u32 {
        self.issuer.as_ref().unwrap().0.id()
    }

    /// The process of the verifier's service.
    pub(crate) fn verifier_process(&self) -> u32 {
        self.verifier.as_ref().unwrap().0.id()
    }

    /// Starts both services again so that a bound on the size of files is an error where they write, and no
    /// signal that ends them.
    pub(crate) fn restart_limitable(&mut self) {
        (self.issuer, self.verifier) = (None, None);
        let start =
            |program| serve_by(limitable(program), program, &self.path(program.trim_start_matches("inro-")));
        (self.issuer, self.verifier) = (Some(start("inro-issuer")), Some(start("inro-verifier")));
    }

    /// Runs a program of ours under a bound of `bytes` on the size of files.
    pub(crate) fn run_limited(&self, program: &str, bytes: u64, rest: &[&str]) -> Said {
        let folder = self.path(program.trim_start_matches("inro-"));
        let mut command = limitable("prlimit");
        command.arg(format!("--fsize={bytes}")).arg(path_of(program));
        match program {
            "inro-wallet" => command.arg("--home").arg(folder).args(rest),
            _ => command.args(&rest[..2]).arg("--dir").arg(folder).args(&rest[2..]),
        };
        Said::of(command.stdin(Stdio::null()).output().unwrap())
    }

    /// Starts `inro-issuer …` and does not wait for its end; what it prints can be read.
    pub(crate) fn start_issuer(&self, command: &[&str], rest: &[&str]) -> Child {
        let mut first = command.to_vec();
        first.push("--dir");
        let mut started = self::command("inro-issuer");
        started.args(args(&first, [&self.path("issuer")], rest));
        started.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Offers `credentials` to an employee and receives them; gives what `receive` printed.
    pub(crate) fn receive(&self, employee: &str, credentials: &[&str]) -> Value {
        self.receive_as("dc+sd-jwt", employee, credentials)
    }

    /// As [`Story::receive`], in another format.
    pub(crate) fn receive_as(&self, format: &str, employee: &str, credentials: &[&str]) -> Value {
        let mut rest = vec!["--employee", employee, "--format", format, "--tx-code", "--json"];
        credentials.iter().for_each(|credential| rest.extend(["--credential", credential]));
        let offer = self.issuer(&["offer", "create"], &rest);
        let (link, code) = (offer["credential_offer"].as_str().unwrap(), offer["tx_code"].as_str().unwrap());
        let said = self.wallet(&["receive", link, "--tx-code", code, "--json"]);
        assert_eq!(said.status, 0, "{}", said.stderr);
        serde_json::from_str(&said.stdout).unwrap()
    }

    /// Begins a presentation at the verifier's API.
    pub(crate) fn ask(&self, body: &Value) -> Value {
        let response = self.try_ask(body);
        assert_eq!(response.status, 201, "{}", String::from_utf8_lossy(&response.body));
        serde_json::from_slice(&response.body).unwrap()
    }

    /// As [`Story::ask`], whatever the answer is.
    pub(crate) fn try_ask(&self, body: &Value) -> HttpResponse {
        let url = format!("{}/v1/presentations", self.verifier_url);
        self.api(HttpRequest::post(url, "application/json", body.to_string().into_bytes(), LIMIT))
    }

    /// What the verifier says of a presentation.
    pub(crate) fn result(&self, asked: &Value) -> Value {
        let url = format!("{}/v1/presentations/{}", self.verifier_url, asked["id"].as_str().unwrap());
        let response = self.api(HttpRequest::fetch(url, LIMIT));
        assert_eq!(response.status, 200);
        serde_json::from_slice(&response.body).unwrap()
    }

    fn api(&self, request: HttpRequest) -> HttpResponse {
        let request = request.with_header("authorization", format!("Bearer {}", self.token));
        block_on(self.api.send(request)).unwrap()
    }

    /// Has the wallet in `home` trust both services.
    pub(crate) fn trust_in(&self, home: &Path) {
        let anchors = [
            ("--issuer", "issuer/trust/ca.pem"),
            ("--verifier", "verifier/trust/ca.pem"),
            ("--tls", "issuer/tls/ca.pem"),
            ("--tls", "verifier/tls/ca.pem"),
        ];
        for (usage, file) in anchors {
            let path = self.path(file);
            let said = self.wallet_in(home, &["trust", "add", usage, path.to_str().unwrap()]);
            assert_eq!(said.status, 0, "{}", said.stderr);
        }
    }
}

/// The wallet's engine over a home, with another network or another clock than `inro-wallet` has.
pub(crate) async fn engine(
    home: &Path,
    http: Arc<dyn Http>,
    clock: Arc<dyn Clock>,
) -> Result<Wallet, Box<dyn std::error::Error>> {
    let keys = FileKeys::open(home.join("keys"))?;
    let store = open_store(home, &keys).await?;
    let ports = Ports {
        keys: Arc::new(keys),
        prompts: Arc::new(TerminalPrompts::new(Language::En, true)),
        store: Arc::new(store),
        http,
        clock,
        rng: Box::new(SystemRng),
        provider: Arc::new(RustCrypto),
    };
    Ok(Wallet::open(ports).await?)
}

/// Runs a future on a runtime of its own.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A client that trusts one TLS authority.
pub(crate) fn client(authority: &Path) -> HttpsClient {
    let pem = std::fs::read_to_string(authority).unwrap();
    let anchor = AnchorRecord { kind: AnchorKind::Tls, pem, added_at: UnixTime::from_secs(0) };
    HttpsClient::new(&[anchor]).unwrap()
}

/// The verifier's operator trusts the agency.
fn trust_issuer(issuer: &Path, verifier: &Path) {
    for (usage, file) in [("--issuer", "trust/ca.pem"), ("--tls", "tls/ca.pem")] {
        let anchor = issuer.join(file);
        ok("inro-verifier", args(&["trust", "add", "--dir"], [verifier], &[usage, anchor.to_str().unwrap()]));
    }
}

/// The verifier's operator hands the agency a draft to register.
fn register(folder: &Path, issuer: &Path, verifier: &Path) {
    let (draft, leaf) = (verifier.join("registration.toml"), verifier.join("keys/verifier.pem"));
    let said = ok(
        "inro-issuer",
        args(&["verifier", "register", "--dir"], [issuer, &draft], &["--cert", leaf.to_str().unwrap()]),
    );
    let registration = folder.join("registration.jwt");
    std::fs::write(&registration, said.stdout.trim()).unwrap();
    ok("inro-verifier", args(&["registration", "add", "--dir"], [verifier, &registration], &[]));
}

fn serve(program: &str, folder: &Path) -> Service {
    serve_by(command(program), program, folder)
}

fn serve_by(mut command: Command, program: &str, folder: &Path) -> Service {
    let log_file = folder.with_extension("log");
    // A service that is started again goes on in the log.
    let log = OpenOptions::new().create(true).append(true).open(&log_file).unwrap();
    command.arg("serve").arg("--dir").arg(folder).stdout(Stdio::piped()).stderr(log);
    let mut service = Service(command.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(service.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let log = std::fs::read_to_string(log_file).unwrap();
    assert!(line.starts_with("listening on https://"), "{program} serve said {line:?}, and {log}");
    service
}

fn ok(program: &str, arguments: Vec<std::ffi::OsString>) -> Said {
    let said = run(program, arguments);
    assert_eq!(said.status, 0, "{program}: {}{}", said.stdout, said.stderr);
    said
}

fn run(program: &str, arguments: Vec<std::ffi::OsString>) -> Said {
    Said::of(command(program).args(arguments).stdin(Stdio::null()).output().unwrap())
}

fn args<'a, P: AsRef<Path> + 'a>(
    first: &[&str],
    paths: impl IntoIterator<Item = P>,
    rest: &[&str],
) -> Vec<std::ffi::OsString> {
    let first = first.iter().map(|text| OsStr::new(text).to_owned());
    let paths = paths.into_iter().map(|path| path.as_ref().as_os_str().to_owned());
    first.chain(paths).chain(rest.iter().map(|text| OsStr::new(text).to_owned())).collect()
}

fn command(program: &str) -> Command {
    let mut command = Command::new(path_of(program));
    command.env("LC_ALL", "C.UTF-8");
    command
}

/// A program that the signal of a bound on the size of files does not end.
fn limitable(program: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).env("LC_ALL", "C.UTF-8");
    if program.starts_with("inro-") {
        command.arg(path_of(program))
    } else {
        command.arg(program)
    };
    command
}

fn path_of(program: &str) -> PathBuf {
    // Cargo names no binaries of other packages, but builds them beside this test.
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join(program);
    assert!(
        path.exists(),
        "{} is missing: run `cargo xtask test`, or first `cargo build -p inro-issuer -p inro-verifier -p inro-wallet-cli`",
        path.display()
    );
    path
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A URL on a port that was free a moment ago: one for each story, and below those that the system hands out,
/// so that no other socket takes it before the service does.
fn free_url() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(100);
    loop {
        let number = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 20_000 + u16::try_from(number % 10_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return format!("https://localhost:{port}");
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
