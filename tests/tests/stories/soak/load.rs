//! Mixed load with faults on an agency whose services live on, beside one whose services are killed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use inro_base::http::HttpRequest;
use inro_wallet_core::Http as _;
use rusqlite::Connection;
use serde_json::Value;

use super::memory::{Memory, resident};
use super::requests::{self, Asked};
use super::seed::Dice;
use super::strangers;
use super::world::{EMPLOYEE, TYPE};
use crate::story::{Said, Story, block_on, client};

/// Between two requests of one worker.
const PACE: Duration = Duration::from_millis(10);
const SAMPLE_EVERY: Duration = Duration::from_secs(1);
const TELL_EVERY: u64 = 60;
/// More are not told.
const MAX_FINDINGS: usize = 20;

/// What the workers have in common.
pub(super) struct Load<'a> {
    story: &'a Story,
    is_over: AtomicBool,
    /// Kind of work and how it ended, counted.
    counts: Mutex<BTreeMap<(String, String), u64>>,
    findings: Mutex<Vec<String>>,
    /// Kills in the agency beside.
    pub(super) kills: AtomicU64,
}

impl<'a> Load<'a> {
    pub(super) fn new(story: &'a Story) -> Self {
        let (counts, findings) = (Mutex::default(), Mutex::default());
        Self { story, is_over: AtomicBool::new(false), counts, findings, kills: AtomicU64::new(0) }
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn count(&self, kind: &str, ending: &str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((kind.to_owned(), ending.to_owned())).or_default() += 1;
    }

    pub(super) fn find(&self, finding: String) {
        eprintln!("soak: finding: {finding}");
        self.findings.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
    }

    /// Looks at both services until the time is over, then ends all work. Gives what was found.
    #[expect(clippy::disallowed_methods, reason = "the load lasts as long as it is asked for")]
    pub(super) fn watch(&self, minutes: u64) -> Vec<String> {
        let lasts = Duration::from_secs(minutes * 60);
        let services = [("issuer", self.story.issuer_process()), ("verifier", self.story.verifier_process())];
        let mut memory = services.map(|(name, _)| Memory::new(name));
        let (started, mut told) = (Instant::now(), 0);
        while started.elapsed() < lasts {
            for ((name, process), memory) in services.iter().zip(&mut memory) {
                match resident(*process) {
                    Some(kilobytes) => memory.sample(kilobytes),
                    None => {
                        self.find(format!("the {name} is gone"));
                        self.is_over.store(true, Ordering::Relaxed);
                        return self.taken();
                    }
                }
            }
            let minute = started.elapsed().as_secs() / TELL_EVERY;
            if minute > told {
                told = minute;
                self.tell(minute, &memory);
            }
            std::thread::sleep(SAMPLE_EVERY);
        }
        self.is_over.store(true, Ordering::Relaxed);
        for memory in &memory {
            println!("{memory}");
            if let Some(finding) = memory.grows() {
                self.find(finding);
            }
        }
        self.taken()
    }

    fn taken(&self) -> Vec<String> {
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        findings.drain(..).take(MAX_FINDINGS).collect()
    }

    fn tell(&self, minute: u64, memory: &[Memory; 2]) {
        let answers: u64 = self.counts.lock().unwrap_or_else(PoisonError::into_inner).values().sum();
        let [issuer, verifier] = memory.each_ref().map(|memory| memory.last() / 1024);
        let kills = self.kills.load(Ordering::Relaxed);
        println!(
            "soak: minute {minute}: {answers} endings, {kills} kills beside, issuer {issuer} MB, verifier {verifier} MB"
        );
    }

    pub(super) fn print(&self) {
        println!("{:<28} {:<28} {:>9}", "what", "how it ended", "times");
        for ((kind, ending), times) in self.counts.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            println!("{kind:<28} {ending:<28} {times:>9}");
        }
    }

    /// Requests of every kind, good and malformed, one after the other.
    pub(super) fn requests(&self, seed: u64) {
        let mut dice = Dice::new(seed);
        let mut asked = Asked::default();
        block_on(async {
            let issuer = client(&self.story.path("issuer/tls/ca.pem"));
            let verifier = client(&self.story.path("verifier/tls/ca.pem"));
            while !self.is_over() {
                let (kind, is_issuers, request) = requests::any(self.story, &mut dice, &asked);
                let http = if is_issuers { &issuer } else { &verifier };
                let is_too_long = request.body.len() > requests::MAX_BODY;
                match http.send(request).await {
                    // Whoever sends more than is read may be cut off before it hears why.
                    Err(_) if is_too_long => self.count(kind, "cut off"),
                    answer => self.judge(kind, answer, &mut asked),
                }
                tokio::time::sleep(PACE).await;
            }
        });
    }

    fn judge<E: std::fmt::Debug>(
        &self,
        kind: &'static str,
        answer: Result<inro_base::http::HttpResponse, E>,
        asked: &mut Asked,
    ) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.find(format!("{kind}: no answer: {error:?}")),
        };
        if answer.status < 400 {
            asked.learn(kind, &answer);
            return self.count(kind, &answer.status.to_string());
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match (body["inro_code"].as_str(), body["request_id"].is_string()) {
            (Some(code), true) => self.count(kind, &format!("{} {code}", answer.status)),
            _ => self.find(format!("{kind}: {} without a code: {body}", answer.status)),
        }
    }

    /// An employee's wallet: receives and presents, and is killed now and then.
    pub(super) fn wallet(&self, seed: u64) {
        let mut dice = Dice::new(seed);
        let home = self.story.path(&format!("wallet-{seed}"));
        self.story.trust_in(&home);
        while !self.is_over() {
            match dice.below(10) {
                0 | 1 => {
                    let formats = dice.of(&["dc+sd-jwt", "mso_mdoc"]);
                    let rest = ["offer", "create", "--employee", EMPLOYEE, "--credential", TYPE, "--format"];
                    let Some(offer) = self.end(
                        "offer create",
                        &self.story.run_issuer(&[&rest[..], &[formats, "--json"]].concat()),
                    ) else {
                        continue;
                    };
                    self.run(
                        &mut dice,
                        &home,
                        "receive",
                        &["receive", offer["credential_offer"].as_str().unwrap(), "--json"],
                    );
                }
                2 => {
                    for verb in ["suspend", "resume"] {
                        let rest =
                            ["credential", verb, "--employee", EMPLOYEE, "--type", TYPE, "--reason", "soak"];
                        self.end(verb, &self.story.run_issuer(&[&rest[..], &["--json"]].concat()));
                    }
                }
                3 => {
                    self.end("list", &self.story.wallet_in(&home, &["list", "--json"]));
                }
                _ => {
                    let Some(link) = self.request(&mut dice) else { continue };
                    self.run(&mut dice, &home, "present", &["present", &link, "--yes", "--json"]);
                }
            }
        }
    }

    fn request(&self, dice: &mut Dice) -> Option<String> {
        let mode = dice.of(&["direct_post", "direct_post.jwt"]);
        let body = serde_json::json!({ "policy": "approve-welfare", "response_mode": mode });
        let answer = self.story.try_ask(&body);
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status == 201 {
            return body["authorization_request"].as_str().map(str::to_owned);
        }
        match body["inro_code"].as_str() {
            Some(code) => self.count("ask", &format!("{} {code}", answer.status)),
            None => self.find(format!("ask: {} without a code", answer.status)),
        }
        None
    }

    /// Runs the wallet; one time in ten it is killed.
    fn run(&self, dice: &mut Dice, home: &std::path::Path, kind: &str, rest: &[&str]) {
        let mut wallet = self.story.start_wallet(home, rest);
        if dice.below(10) == 0 {
            std::thread::sleep(Duration::from_millis(dice.below(200)));
            wallet.kill().unwrap();
        }
        self.end(kind, &Said::of(wallet.wait_with_output().unwrap()));
    }

    /// Counts how a command ended; what it told, where it is done.
    fn end(&self, kind: &str, said: &Said) -> Option<Value> {
        let told: Value = serde_json::from_str(&said.stdout).unwrap_or_default();
        match (said.status, told["error"]["inro_code"].as_str()) {
            (0, _) => {
                self.count(kind, "done");
                return Some(told);
            }
            (-1, _) => self.count(kind, "killed"),
            (_, Some(code)) => self.count(kind, code),
            (status, None) => {
                self.find(format!("{kind}: {status} without a code: {}{}", said.stdout, said.stderr))
            }
        }
        None
    }

    /// Locks databases, leaves in the midst of requests, and sends slowly.
    pub(super) fn faults(&self, seed: u64) {
        let mut dice = Dice::new(seed);
        while !self.is_over() {
            let service = dice.of(&["issuer", "verifier"]);
            match dice.below(4) {
                0 => {
                    let file = self.story.path(&format!("{service}/db.sqlite"));
                    let keeper = Connection::open(file).unwrap();
                    // A service that writes at this moment is no finding.
                    if keeper.execute_batch("BEGIN IMMEDIATE").is_ok() {
                        std::thread::sleep(Duration::from_millis(500 + dice.below(6_000)));
                        keeper.execute_batch("ROLLBACK").unwrap();
                        self.count("database locked", service);
                    }
                }
                1 => {
                    (0..20).for_each(|_| strangers::leave(self.story, service, dice.below(4)));
                    self.count("20 connections aborted", service);
                }
                2 => match strangers::send_slowly(self.story, service) {
                    Ok(status) => self.count("a slow body", &format!("{service} {status}")),
                    Err(error) => self.find(format!("a slow body, {service}: {error}")),
                },
                _ => {
                    std::thread::sleep(Duration::from_millis(dice.below(3_000)));
                    let health = HttpRequest::fetch(requests::url(self.story, service, "/healthz"), 1 << 10);
                    let answer =
                        block_on(client(&self.story.path(&format!("{service}/tls/ca.pem"))).send(health));
                    self.judge("healthz", answer, &mut Asked::default());
                }
            }
        }
    }
}
