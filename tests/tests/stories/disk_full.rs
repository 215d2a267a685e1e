//! No room on the disk: who writes says so by a code, keeps what it had, and goes on when there is room.
//!
//! Everywhere by a bound on the size of the files of one process. For root also by a file system of its own that
//! is filled up.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use inro_base::http::HttpRequest;
use inro_wallet_core::Http as _;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::story::{Said, Story, block_on, client};

const EMPLOYEE: &str = "E0001";

/// What a service writes to.
enum Disk {
    /// The one of the story; the process may not let a file grow.
    Bounded,
    /// One of its own.
    Own(Mounted),
}

/// Given back when it is dropped.
struct Mounted(PathBuf);

impl Disk {
    /// Puts the folder of `service` onto each kind of disk that there is, one story each.
    fn each(service: &str, tell: impl Fn(&Story, &Self)) {
        let mut story = Story::begin();
        story.restart_limitable();
        tell(&story, &Self::Bounded);
        drop(story);
        let mut story = Story::begin();
        story.stop_issuer();
        story.stop_verifier();
        if let Some(mounted) = Mounted::over(&story.path(service)) {
            story.restart_issuer();
            story.restart_verifier();
            tell(&story, &Self::Own(mounted));
        }
    }

    fn fill(&self, process: u32) {
        match self {
            Self::Bounded => bound(process, "0"),
            Self::Own(Mounted(folder)) => {
                // What the log holds already is room that it writes over.
                let database = Connection::open(folder.join("db.sqlite")).unwrap();
                database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
                let mut ballast = File::create(folder.join("ballast")).unwrap();
                while ballast.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
            }
        }
    }

    fn make_room(&self, process: u32) {
        match self {
            Self::Bounded => bound(process, "unlimited"),
            Self::Own(Mounted(folder)) => std::fs::remove_file(folder.join("ballast")).unwrap(),
        }
    }

    /// Runs a command of the issuer on this disk while it is full.
    fn run(&self, story: &Story, rest: &[&str]) -> Said {
        match self {
            Self::Bounded => story.run_limited("inro-issuer", 0, rest),
            // So large that it bounds nothing.
            Self::Own(_) => story.run_limited("inro-issuer", 1 << 40, rest),
        }
    }
}

fn bound(process: u32, bytes: &str) {
    let process = process.to_string();
    let status =
        Command::new("prlimit").args(["--pid", &process, &format!("--fsize={bytes}:unlimited")]).status();
    assert!(status.unwrap().success());
}

impl Mounted {
    /// Mounts a small file system where `folder` is, and moves into it what was there; nothing where that is
    /// not permitted.
    fn over(folder: &Path) -> Option<Self> {
        let beside = folder.with_extension("beside");
        std::fs::rename(folder, &beside).unwrap();
        std::fs::create_dir(folder).unwrap();
        let mount = ["-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs"];
        if !Command::new("mount").args(mount).arg(folder).output().unwrap().status.success() {
            return None;
        }
        let mounted = Self(folder.to_owned());
        let copied = Command::new("cp").arg("-a").arg(beside.join(".")).arg(folder).status().unwrap();
        assert!(copied.success());
        Some(mounted)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: the service beside it may still run.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

#[test]
fn an_issuer_without_room_issues_nothing_by_half_and_goes_on_when_there_is_room() {
    Disk::each("issuer", |story, disk| {
        story.receive(EMPLOYEE, &["role-authority"]);
        let rest = ["--employee", EMPLOYEE, "--credential", "employee-id", "--json"];
        let offer = story.issuer(&["offer", "create"], &rest);
        let receive = ["receive", offer["credential_offer"].as_str().unwrap(), "--json"];
        let listed = |story: &Story| story.issuer(&["credential", "list"], &["--json"]);
        let before = listed(story);
        let id = before["credentials"][0]["id"].as_str().unwrap().to_owned();
        let revoke = ["credential", "revoke", "--reason", "lost", "--json", "--", &id];

        disk.fill(story.issuer_process());
        let said = story.wallet(&receive);
        assert_eq!((said.status, code(&said)), (1, json!("INRO-VCI-022")), "{}", said.stdout);
        let said = disk.run(story, &revoke);
        assert_eq!((said.status, code(&said)), (1, json!("INRO-ISSUER-001")), "{}", said.stdout);
        let metadata = format!("{}/.well-known/openid-credential-issuer", story.issuer_url);
        let answer =
            block_on(client(&story.path("issuer/tls/ca.pem")).send(HttpRequest::fetch(metadata, 1 << 20)));
        assert_eq!(answer.unwrap().status, 200, "what needs no room is served");

        disk.make_room(story.issuer_process());
        assert_eq!(listed(story), before);
        assert_eq!(story.wallet(&receive).status, 0, "the code was not used up");
        story.issuer(&["credential", "revoke"], &revoke[2..]);
        assert_eq!(listed(story)["credentials"][1]["status"], "revoked", "{}", listed(story));
    });
}

#[test]
fn a_verifier_without_room_begins_nothing_and_goes_on_when_there_is_room() {
    Disk::each("verifier", |story, disk| {
        story.receive(EMPLOYEE, &["role-authority"]);
        let ask = json!({ "policy": "approve-welfare" });
        let waiting = story.ask(&ask);
        let present = |asked: &Value| {
            story.wallet(&["present", asked["authorization_request"].as_str().unwrap(), "--yes", "--json"])
        };

        disk.fill(story.verifier_process());
        let refused = story.try_ask(&ask);
        let problem: Value = serde_json::from_slice(&refused.body).unwrap();
        assert_eq!((refused.status, &problem["inro_code"]), (503, &json!("INRO-VERIFIER-031")), "{problem}");
        assert_eq!(story.result(&waiting)["status"], "pending");
        let said = present(&waiting);
        assert_eq!(said.status, 1, "{}", said.stdout);
        assert!(said.json()["error"]["inro_code"].is_string(), "{}", said.stdout);
        assert_eq!(story.result(&waiting)["status"], "pending", "what was not kept was not told");

        disk.make_room(story.verifier_process());
        assert_eq!(story.result(&waiting)["status"], "pending");
        let asked = story.ask(&ask);
        assert_eq!(present(&asked).status, 0);
        assert_eq!(story.result(&asked)["status"], "verified");
    });
}

#[test]
fn a_wallet_without_room_keeps_what_it_had_and_sends_nothing() {
    let story = Story::begin();
    story.receive(EMPLOYEE, &["role-authority"]);
    let held = || {
        let listed = story.wallet(&["list", "--json"]).json();
        let files = std::fs::read_dir(story.home().join("keys")).unwrap();
        let keys =
            files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "pem"));
        (listed, keys.count())
    };
    let before = held();
    assert_eq!(before.1, 12, "a key for each copy, one for the token, and one that signs the history");
    let offer = |story: &Story| {
        let rest = ["--employee", EMPLOYEE, "--credential", "employee-id", "--json"];
        story.issuer(&["offer", "create"], &rest)["credential_offer"].as_str().unwrap().to_owned()
    };
    let asked = story.ask(&json!({ "policy": "approve-welfare" }));
    let present = ["present", asked["authorization_request"].as_str().unwrap(), "--yes", "--json"];
    // No file at all may be written, or keys may and nothing of a database.
    for bytes in [0, 1 << 10] {
        let link = offer(&story);
        let said = story.run_limited("inro-wallet", bytes, &["receive", &link, "--json"]);
        assert_eq!(said.status, 1, "{bytes}: {}{}", said.stdout, said.stderr);
        assert!(code(&said).is_string(), "{bytes}: {}", said.stdout);
        assert_eq!(held(), before, "{bytes}");
        let said = story.run_limited("inro-wallet", bytes, &present);
        assert_eq!(said.status, 1, "{bytes}: {}{}", said.stdout, said.stderr);
        assert!(code(&said).is_string(), "{bytes}: {}", said.stdout);
        assert_eq!(story.result(&asked)["status"], "pending", "{bytes}");
        assert_eq!(held(), before, "{bytes}");
    }
    assert_eq!(story.wallet(&["receive", &offer(&story), "--json"]).status, 0);
    assert_eq!(story.wallet(&present).status, 0);
    assert_eq!(story.result(&asked)["status"], "verified");
}

fn code(said: &Said) -> Value {
    said.json()["error"]["inro_code"].clone()
}
