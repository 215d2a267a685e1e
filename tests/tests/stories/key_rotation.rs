//! The agency renews its signer and changes its metadata while credentials of the old ones live.

use serde_json::{Value, json};

use crate::story::Story;

const EMPLOYEE: &str = "E0001";

#[test]
fn old_and_new_credentials_are_verified_across_a_renewal_of_the_signer() {
    let mut story = Story::begin();
    story.receive(EMPLOYEE, &["employee-id", "role-authority"]);
    present(&story, "approve-welfare");
    let old = signer(&story);

    let renewed = story.issuer(&["signer", "renew"], &["--json"]);
    assert_eq!(renewed["signer"], "signer");
    assert_ne!(signer(&story), old, "the certificate is another one");
    change_metadata(&story);
    story.restart_issuer();

    // The copies in the wallet carry the old signer's certificate.
    present(&story, "approve-welfare");
    present(&story, "identify-employee");
    // What is issued now carries the new one; it takes the place of the old copies.
    let received = story.receive(EMPLOYEE, &["role-authority"]);
    assert_eq!(received["credentials"].as_array().unwrap().len(), 1, "{received}");
    present(&story, "approve-welfare");
    // The other credential is still the old signer's.
    present(&story, "identify-employee");
    let found = story.issuer(&["check"], &["--json"]);
    assert_eq!(found["ok"], true, "{found}");
}

#[test]
fn a_registration_by_the_old_registrar_holds_after_its_renewal() {
    let mut story = Story::begin();
    story.receive(EMPLOYEE, &["role-authority"]);
    let renewed = story.issuer(&["signer", "renew"], &["--registrar", "--json"]);
    assert_eq!(renewed["signer"], "registrar");
    story.restart_issuer();
    present(&story, "approve-welfare");
}

fn present(story: &Story, policy: &str) {
    let asked = story.ask(&json!({ "policy": policy }));
    let link = asked["authorization_request"].as_str().unwrap();
    let said = story.wallet(&["present", link, "--yes", "--json"]);
    assert_eq!(said.status, 0, "{policy}: {}{}", said.stdout, said.stderr);
    let result: Value = story.result(&asked);
    assert_eq!(result["status"], "verified", "{result}");
}

fn signer(story: &Story) -> String {
    std::fs::read_to_string(story.path("issuer/keys/signer.chain.pem")).unwrap()
}

/// Another name and colour of a type, and one claim more that nobody has to have.
fn change_metadata(story: &Story) {
    let file = story.path("issuer/types/role-authority.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let changed = text.replacen("Role authority", "Authority in office", 1).replacen("#7a1f3d", "#1f7a3d", 1);
    assert_ne!(changed, text);
    let more = r#"
[[claims]]
path = "note"
kind = "string"
sd = "always"
mandatory = false
name = { en = "Note", ja = "備考" }
description = { en = "A note on the authority.", ja = "権限についての備考です。" }
"#;
    std::fs::write(&file, changed + more).unwrap();
}
