//! Whole presentations a second: the verifier as a process with SQLite on disk, over HTTPS that is kept
//! alive, and this load generator beside it. Then the parts of one presentation, one after the other.
//!
//! Prints one JSON line for each figure; `cargo xtask bench` makes `docs/benchmarks.md` of them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark that cannot go on stops here")]

#[path = "../programs/mod.rs"]
#[expect(dead_code, reason = "the benchmark of an agency needs the rest")]
mod programs;

mod https;
mod parts;
mod wallet;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use https::Connection;
use programs::{Service, free_url, ok, print, processor_time};
use serde_json::{Value, json};
use wallet::{Agency, Copy};

/// Conversations at the same time, each over a connection of its own.
const CONNECTIONS: usize = 8;
const WARM_UP: usize = 500;
const ROUNDS: usize = 5;
const SESSIONS: usize = 2_000;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let url = free_url();
    let agency = stage(folder.path(), &url);
    let verifier = folder.path().join("verifier");
    let service = Service::start("inro-verifier", &verifier);
    let load = Load {
        url: url.clone(),
        authority: fs::read(verifier.join("tls/ca.pem")).unwrap(),
        token: fs::read_to_string(verifier.join("api-token")).unwrap().trim().to_owned(),
    };
    let _warm = load.play(agency.copies(WARM_UP));
    let rounds: Vec<Round> = (0..ROUNDS).map(|_| load.round(&service, agency.copies(SESSIONS))).collect();
    let median = |of: fn(&Round) -> Duration| {
        let mut values: Vec<_> = rounds.iter().map(of).collect();
        values.sort_unstable();
        values[ROUNDS / 2]
    };
    let whole = median(|round| round.whole);
    let rate = u64::try_from(SESSIONS).unwrap() * 1_000_000_000 / u64::try_from(whole.as_nanos()).unwrap();
    print("sessions/in a second", rate);
    let each = |name: &str, of: fn(&Round) -> Duration| {
        let nanoseconds = median(of).as_nanos() / u128::try_from(SESSIONS).unwrap();
        print(&format!("sessions/each/{name}"), u64::try_from(nanoseconds).unwrap());
    };
    each("processor/verifier, own code", |round| round.verifier[0]);
    each("processor/verifier, kernel", |round| round.verifier[1]);
    each("processor/load generator, own code", |round| round.generator[0]);
    each("processor/load generator, kernel", |round| round.generator[1]);
    each("waited/to sign and encrypt", |round| round.times.prepared);
    each("waited/1 ask", |round| round.times.asked);
    each("waited/2 fetch the request", |round| round.times.fetched);
    each("waited/3 post the response", |round| round.times.posted);
    each("waited/4 read the result", |round| round.times.read);
    load.bare_requests(&service);
    drop(service);
    parts::measure(&verifier, &agency);
}

/// An agency, and a verifier that it registered and that trusts it.
fn stage(folder: &Path, url: &str) -> Agency {
    let path = |below: &str| folder.join(below).to_str().unwrap().to_owned();
    programs::agency(&folder.join("issuer"), &free_url());
    let verifier = path("verifier");
    let named = ["--name", "Welfare System", "--name-ja", "福祉システム", "--url", url];
    ok("inro-verifier", &[&["init", "--dir", &verifier], &named[..]].concat());
    ok("inro-verifier", &["trust", "add", "--dir", &verifier, "--issuer", &path("issuer/trust/ca.pem")]);
    let (draft, leaf) = (path("verifier/registration.toml"), path("verifier/keys/verifier.pem"));
    let registered =
        ok("inro-issuer", &["verifier", "register", "--dir", &path("issuer"), &draft, "--cert", &leaf]);
    let registration = path("registration.jwt");
    fs::write(&registration, registered.trim()).unwrap();
    ok("inro-verifier", &["registration", "add", "--dir", &verifier, &registration]);
    Agency::of(&folder.join("issuer"))
}

struct Load {
    url: String,
    authority: Vec<u8>,
    token: String,
}

/// What a number of sessions took.
struct Round {
    whole: Duration,
    verifier: [Duration; 2],
    generator: [Duration; 2],
    times: Times,
}

/// How long the conversations waited, in all.
#[derive(Default)]
struct Times {
    asked: Duration,
    fetched: Duration,
    prepared: Duration,
    posted: Duration,
    read: Duration,
}

impl Load {
    fn round(&self, service: &Service, copies: Vec<Copy>) -> Round {
        let process = service.process();
        let before = [processor_time(&process), processor_time("self")];
        let start = now();
        let times = self.play(copies);
        let whole = start.elapsed();
        let after = [processor_time(&process), processor_time("self")];
        let taken = |of: usize| [after[of][0] - before[of][0], after[of][1] - before[of][1]];
        Round { whole, verifier: taken(0), generator: taken(1), times }
    }

    /// Presents each copy once.
    fn play(&self, copies: Vec<Copy>) -> Times {
        let next = AtomicUsize::new(0);
        let mut all = Times::default();
        std::thread::scope(|scope| {
            let conversation = || {
                let mut connection = Connection::open(&self.url, &self.authority);
                let mut times = Times::default();
                while let Some(copy) = copies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    self.session(&mut connection, copy, &mut times);
                }
                times
            };
            let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(conversation)).collect();
            for times in threads.into_iter().map(|thread| thread.join().unwrap()) {
                all.asked += times.asked;
                all.fetched += times.fetched;
                all.prepared += times.prepared;
                all.posted += times.posted;
                all.read += times.read;
            }
        });
        all
    }

    fn session(&self, connection: &mut Connection, copy: &Copy, times: &mut Times) {
        let authorization = format!("authorization: Bearer {}\r\n", self.token);
        let start = now();
        let ask = json!({ "policy": "approve-welfare" }).to_string();
        let headers = format!("{authorization}content-type: application/json\r\n");
        let (status, asked) = connection.call("POST", "/v1/presentations", &headers, ask.as_bytes());
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&asked));
        let asked: Value = serde_json::from_slice(&asked).unwrap();
        let link = asked["authorization_request"].as_str().unwrap();
        times.asked += start.elapsed();
        let start = now();
        let (status, request) = connection.call("GET", &self.path(&wallet::request_uri(link)), "", &[]);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&request));
        times.fetched += start.elapsed();
        let start = now();
        let answer = copy.answer(&request);
        times.prepared += start.elapsed();
        let start = now();
        let form = "content-type: application/x-www-form-urlencoded\r\n";
        let path = self.path(&answer.uri);
        let (status, taken) = connection.call("POST", &path, form, answer.form.as_bytes());
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&taken));
        times.posted += start.elapsed();
        let start = now();
        let path = format!("/v1/presentations/{}", asked["id"].as_str().unwrap());
        let (status, result) = connection.call("GET", &path, &authorization, &[]);
        let result: Value = serde_json::from_slice(&result).unwrap();
        assert_eq!((status, result["status"].as_str()), (200, Some("verified")), "{result}");
        times.read += start.elapsed();
    }

    /// What HTTPS, the runtime and the log cost without any work behind them.
    fn bare_requests(&self, service: &Service) {
        const REQUESTS: u32 = 4_000;
        let process = service.process();
        let before = processor_time(&process);
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| {
                    let mut connection = Connection::open(&self.url, &self.authority);
                    for _ in 0..REQUESTS / u32::try_from(CONNECTIONS).unwrap() {
                        assert_eq!(connection.call("GET", "/healthz", "", &[]).0, 200);
                    }
                });
            }
        });
        let after = processor_time(&process);
        let each = (after[0] + after[1] - before[0] - before[1]) / REQUESTS;
        print("sessions/bare request", u64::try_from(each.as_nanos()).unwrap());
    }

    fn path(&self, url: &str) -> String {
        url.strip_prefix(&self.url).unwrap().to_owned()
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn now() -> Instant {
    Instant::now()
}
