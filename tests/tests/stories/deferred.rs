//! A credential that a second person has to approve, across three runs of the wallet.

use std::time::Duration;

use serde_json::Value;

use crate::story::{Said, Story};

const EMPLOYEE: &str = "E0001";
/// How often the wallet is asked to collect, a second apart; five seconds are the shortest wait.
const TRIES: usize = 60;

/// Offers an employee id that needs approval, in both formats, and receives it as far as that goes.
fn deferred(story: &Story) -> String {
    let rest = ["--employee", EMPLOYEE, "--credential", "employee-id", "--needs-approval", "--json"];
    let formats = ["--format", "dc+sd-jwt", "--format", "mso_mdoc"];
    let offer = story.issuer(&["offer", "create"], &[&rest[..], &formats].concat());
    let said = story.wallet(&["receive", offer["credential_offer"].as_str().unwrap(), "--json"]);
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert_eq!(said.json()["credentials"], Value::Array(Vec::new()));
    let pending = said.json()["pending"].as_array().unwrap().clone();
    assert_eq!(pending.len(), 2);
    assert!(pending.iter().all(|one| one["retry_at"].is_string()), "{pending:?}");
    offer["id"].as_str().unwrap().to_owned()
}

/// Collects until nothing is pending any more.
fn collected(story: &Story) -> Said {
    for _ in 0..TRIES {
        let said = story.wallet(&["collect", "--json"]);
        if said.json()["pending"] == Value::Array(Vec::new()) {
            return said;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    panic!("still pending after {TRIES} tries")
}

fn keys(story: &Story) -> usize {
    let files = std::fs::read_dir(story.home().join("keys")).unwrap();
    files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "pem")).count()
}

#[test]
fn an_approved_credential_is_collected_by_a_later_run_of_the_wallet() {
    let story = Story::begin();
    let id = deferred(&story);
    assert_eq!(keys(&story), 21, "ten per format, and one for the token");
    let early = story.wallet(&["collect", "--json"]);
    assert_eq!((early.status, early.json()["pending"].as_array().unwrap().len()), (0, 2));
    story.issuer(&["offer", "approve"], &["--json", "--", &id]);
    let said = collected(&story);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    let listed = story.wallet(&["list", "--json"]).json();
    let credentials = listed["credentials"].as_array().unwrap();
    assert_eq!(credentials.len(), 2);
    assert!(credentials.iter().all(|credential| credential["copies"] == 10), "{listed}");
    assert_eq!(keys(&story), 22, "ten per format, one for the token, and one that signs the history");
}

#[test]
fn a_rejected_credential_is_told_and_forgotten_with_its_keys() {
    let story = Story::begin();
    let id = deferred(&story);
    story.issuer(&["offer", "reject"], &["--json", "--", &id]);
    let mut failed = 0;
    for _ in 0..TRIES {
        let said = story.wallet(&["collect", "--json"]);
        let json = said.json();
        for one in json["failed"].as_array().unwrap() {
            assert_eq!((said.status, &one["over"]), (1, &Value::Bool(true)), "{json}");
            assert_eq!(one["error"]["inro_code"], "INRO-VCI-083");
            failed += 1;
        }
        if failed == 2 {
            assert_eq!(keys(&story), 1, "the one that signs the history");
            return;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    panic!("still pending after {TRIES} tries")
}
