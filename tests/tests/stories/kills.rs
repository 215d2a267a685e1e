//! `kill -9`, of a command and of the service beside it, at different moments of a revocation.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Child;

use inro_base::Clock as _;
use inro_base::http::HttpResponse;
use inro_crypto::RustCrypto;
use inro_status::{Expected, ListForms, Status, UnverifiedStatusList};
use inro_trust::{Anchors, Usage};
use inro_wallet_cli::SystemClock;
use inro_wallet_core::Http as _;
use serde_json::{Value, json};

use crate::revocation::{look_each_time, present};
use crate::story::{Story, block_on, client};

const EMPLOYEE: &str = "E0001";
/// Ten copies in each of two formats.
const COPIES: usize = 20;

/// When everything is killed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Moment {
    /// The command has opened the database.
    Opened,
    /// The database's log was written to.
    Written,
    /// The command told that it was done.
    Told,
}

impl Moment {
    fn wait(self, command: &mut Child, log: &Path, log_before: &[u8]) {
        match self {
            Self::Opened => {
                let files = PathBuf::from(format!("/proc/{}/fd", command.id()));
                let targets = || std::fs::read_dir(&files).into_iter().flatten().flatten();
                until(command, || {
                    targets().any(|file| std::fs::read_link(file.path()).is_ok_and(|target| target == log))
                });
            }
            Self::Written => until(command, || std::fs::read(log).unwrap_or_default() != log_before),
            Self::Told => {
                let mut line = String::new();
                BufReader::new(command.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
                assert!(line.contains("revoked"), "{line:?}");
            }
        }
    }
}

/// Waits for something that a command does, or for its end.
fn until(command: &mut Child, done: impl Fn() -> bool) {
    while !done() && command.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
}

#[test]
fn a_revocation_holds_whole_once_it_was_told_whatever_is_killed() {
    let mut story = Story::begin();
    look_each_time(&story);
    let mut id = receive(&story);
    let log = story.path("issuer/db.sqlite-wal");
    let mut before = taken_back(&story);
    for moment in [Moment::Opened, Moment::Written, Moment::Told].repeat(2) {
        assert_eq!(present(&story), (json!("verified"), Value::Null), "before {moment:?}");
        let log_before = std::fs::read(&log).unwrap_or_default();
        let mut command = story.start_issuer(&["credential", "revoke"], &[&id, "--reason", "lost"]);
        moment.wait(&mut command, &log, &log_before);
        command.kill().unwrap();
        story.stop_issuer();
        command.wait().unwrap();
        story.restart_issuer();

        // The agency's list, what is served, and what a verifier makes of it say the same of every copy.
        let status = story.issuer(&["credential", "list"], &["--json"])["credentials"][0]["status"].clone();
        let newly = taken_back(&story) - before;
        before += newly;
        let verdict = present(&story);
        match status.as_str().unwrap() {
            "revoked" => {
                assert_eq!(newly, COPIES, "{moment:?}");
                assert_eq!(verdict, (json!("rejected"), json!("INRO-VERIFIER-060")), "{moment:?}");
                id = receive(&story);
            }
            "valid" if moment != Moment::Told => {
                assert_eq!(newly, 0, "{moment:?}");
                assert_eq!(verdict, (json!("verified"), Value::Null), "{moment:?}");
            }
            other => panic!("{other} after {moment:?}"),
        }
    }
}

/// Issues the credential in both formats; gives its id.
fn receive(story: &Story) -> String {
    for format in ["dc+sd-jwt", "mso_mdoc"] {
        story.receive_as(format, EMPLOYEE, &["role-authority"]);
    }
    let listed = story.issuer(&["credential", "list"], &["--json"]);
    listed["credentials"][0]["id"].as_str().unwrap().to_owned()
}

fn taken_back(story: &Story) -> usize {
    places(story, Status::Invalid)
}

/// How many places stand so in the lists that are served.
pub(crate) fn places(story: &Story, wanted: Status) -> usize {
    let http = client(&story.path("issuer/tls/ca.pem"));
    let anchor = std::fs::read_to_string(story.path("issuer/trust/ca.pem")).unwrap();
    let mut anchors = Anchors::new();
    anchors.add_pem(&anchor, &[Usage::CredentialIssuer]).unwrap();
    let now = SystemClock.now();
    let standing = |uri: &str, response: &HttpResponse| {
        let list = UnverifiedStatusList::received(response, ListForms::JwtAlone).unwrap();
        let signer = anchors.trust(list.x5c(), Usage::CredentialIssuer, now, &RustCrypto).unwrap();
        let expected = Expected { uri, authority: signer.authority(), now };
        let list = list.verify(&signer, &expected, &RustCrypto).unwrap();
        let statuses = (0..).map_while(|place| list.status(place).ok());
        statuses.filter(|status| *status == wanted).count()
    };
    let lists = (1..).map_while(|number| {
        let uri = format!("{}/status-lists/{number}", story.issuer_url);
        let response = block_on(http.send(inro_status::request(&uri, ListForms::JwtAlone))).unwrap();
        (response.status != 404).then(|| standing(&uri, &response))
    });
    lists.sum()
}
