//! An issuer takes back what it issued, and verifiers see it: over HTTPS, while everything runs.

use serde_json::{Value, json};

use crate::story::Story;

const EMPLOYEE: &str = "E0001";

#[test]
fn a_suspended_credential_is_refused_until_it_is_resumed_and_a_revoked_one_for_good() {
    for format in ["dc+sd-jwt", "mso_mdoc"] {
        let story = Story::begin();
        story.receive_as(format, EMPLOYEE, &["role-authority"]);
        look_each_time(&story);
        assert_eq!(present(&story), (json!("verified"), Value::Null), "{format}");
        let id = credential(&story);

        let changed = story.issuer(&["credential", "suspend"], &[&id, "--reason", "leave", "--json"]);
        assert_eq!(changed["credentials"][0]["status"], "suspended");
        assert_eq!(present(&story), (json!("rejected"), json!("INRO-VERIFIER-061")), "{format}");

        story.issuer(&["credential", "resume"], &[&id, "--reason", "back", "--json"]);
        assert_eq!(present(&story), (json!("verified"), Value::Null), "{format}");

        let changed =
            story.issuer(&["credential", "revoke"], &["--employee", EMPLOYEE, "--reason", "lost", "--json"]);
        assert_eq!(changed["credentials"][0]["copies"], 10);
        assert_eq!(present(&story), (json!("rejected"), json!("INRO-VERIFIER-060")), "{format}");
        let listed = story.issuer(&["credential", "list"], &["--json"]);
        assert_eq!(listed["credentials"][0]["status"], "revoked", "{listed}");
    }
}

#[test]
fn a_status_that_cannot_be_had_is_never_told_as_revoked() {
    let mut story = Story::begin();
    story.receive(EMPLOYEE, &["role-authority"]);
    story.stop_issuer();
    let (status, code) = present(&story);
    assert_eq!((status, code), (json!("rejected"), json!("INRO-VERIFIER-018")));
    // A policy that takes what nobody could determine says so in its result.
    edit_policy(&story, "on_undetermined = \"reject\"", "on_undetermined = \"accept\"");
    let asked = story.ask(&json!({ "policy": "approve-welfare" }));
    story.wallet(&["present", asked["authorization_request"].as_str().unwrap(), "--yes", "--json"]);
    let result = story.result(&asked);
    assert_eq!(result["status"], "verified", "{result}");
    assert_eq!(result["credentials"]["authority"][0]["status"], "undetermined", "{result}");
}

#[test]
fn an_issuer_that_is_taken_off_the_trust_list_is_refused_without_a_restart() {
    let story = Story::begin();
    story.receive(EMPLOYEE, &["role-authority"]);
    assert_eq!(present(&story).0, "verified");
    let removed = story.verifier(&["trust", "remove"], &["Minato City Inro CA", "--json"]);
    assert_eq!(removed["removed"].as_array().unwrap().len(), 1);
    assert_eq!(present(&story), (json!("rejected"), json!("INRO-TRUST-005")));
}

pub(crate) fn present(story: &Story) -> (Value, Value) {
    let asked = story.ask(&json!({ "policy": "approve-welfare" }));
    story.wallet(&["present", asked["authorization_request"].as_str().unwrap(), "--yes", "--json"]);
    let result = story.result(&asked);
    (result["status"].clone(), result["error"]["inro_code"].clone())
}

fn credential(story: &Story) -> String {
    let listed = story.issuer(&["credential", "list"], &["--json"]);
    listed["credentials"][0]["id"].as_str().unwrap().to_owned()
}

/// A verifier may use a list for 30 seconds. With a policy that wants it newer it fetches it each time, and
/// the test need not wait.
pub(crate) fn look_each_time(story: &Story) {
    edit_policy(story, "status_max_age = 60", "status_max_age = 0");
}

pub(crate) fn edit_policy(story: &Story, from: &str, to: &str) {
    let policy = story.path("verifier/policies/approve-welfare.toml");
    let text = std::fs::read_to_string(&policy).unwrap();
    assert!(text.contains(from));
    std::fs::write(&policy, text.replace(from, to)).unwrap();
}
