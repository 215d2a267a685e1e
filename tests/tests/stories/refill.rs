//! A wallet fetches new copies without a new offer, until the agency takes the credential back.

use serde_json::json;

use crate::revocation::present;
use crate::story::Story;

const EMPLOYEE: &str = "E0001";

#[test]
fn ten_copies_are_used_and_refilled_until_the_credential_is_revoked() {
    let story = Story::begin();
    let received = story.receive(EMPLOYEE, &["role-authority", "employee-id"]);
    assert_eq!(received["credentials"][0]["copies"], 10);
    let copies = || {
        let listed = story.wallet(&["list", "--json"]).json();
        let of = |kind: &str| {
            let all = listed["credentials"].as_array().unwrap();
            all.iter().find(|one| one["type"].as_str().unwrap().contains(kind)).unwrap()["copies"].clone()
        };
        (of("role-authority"), of("employee-id"))
    };
    let refill = |rest: &[&str]| {
        let said = story.wallet(&[&["refill", "--json"], rest].concat());
        (said.status, said.json())
    };
    assert_eq!(present(&story).0, "verified");
    assert_eq!(present(&story).0, "verified");
    assert_eq!(copies(), (json!(8), json!(10)));
    // Not because a copy was used.
    assert_eq!(refill(&[]), (0, json!({ "credentials": [], "failed": [] })));
    let (status, said) = refill(&["--now"]);
    assert_eq!((status, said["credentials"].as_array().unwrap().len()), (0, 1), "{said}");
    assert_eq!(copies(), (json!(10), json!(10)));
    assert_eq!(present(&story).0, "verified");

    // Suspended for a while: refused, and good again afterwards.
    let why = ["--employee", EMPLOYEE, "--type", "role-authority", "--reason", "a test", "--json"];
    story.issuer(&["credential", "suspend"], &why);
    let (status, said) = refill(&["--now"]);
    assert_eq!((status, &said["failed"][0]["error"]["inro_code"]), (1, &json!("INRO-VCI-100")), "{said}");
    assert_eq!(said["failed"][0]["over"], false);
    story.issuer(&["credential", "resume"], &why);
    assert_eq!(refill(&["--now"]).0, 0);
    assert_eq!(copies(), (json!(10), json!(10)));

    // Revoked: over for good.
    assert_eq!(present(&story).0, "verified");
    story.issuer(&["credential", "revoke"], &["--employee", EMPLOYEE, "--reason", "left", "--json"]);
    let (status, said) = refill(&["--now"]);
    assert_eq!((status, &said["failed"][0]["error"]["inro_code"]), (1, &json!("INRO-VCI-099")), "{said}");
    assert_eq!(said["failed"][0]["over"], true);
    assert_eq!(refill(&["--now"]), (0, json!({ "credentials": [], "failed": [] })));
    let listed = story.issuer(&["credential", "list"], &["--json"]);
    assert!(listed["credentials"].as_array().unwrap().iter().all(|line| line["refills_until"].is_null()));
}
