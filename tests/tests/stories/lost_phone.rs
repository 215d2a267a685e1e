//! An employee loses the phone: what the agency does, and what the finder of the phone still can.

use serde_json::{Value, json};

use crate::revocation::look_each_time;
use crate::story::{Said, Story};

const EMPLOYEE: &str = "E0001";

#[test]
fn after_a_phone_was_lost_its_copies_are_refused_and_the_new_phone_is_accepted() {
    let story = Story::begin();
    look_each_time(&story);
    // On its way to the lost phone: an offer that nobody has opened yet.
    let open = offer(&story, "employee-id");
    story.receive(EMPLOYEE, &["role-authority"]);
    let lost = story.home();
    let new = story.path("new-phone");
    assert_eq!(present_from(&story, &lost), (json!("verified"), Value::Null));

    story.issuer(&["credential", "revoke"], &["--employee", EMPLOYEE, "--reason", "lost phone", "--json"]);

    assert_eq!(present_from(&story, &lost), (json!("rejected"), json!("INRO-VERIFIER-060")));
    let said = receive_in(&story, &lost, &open);
    assert_eq!(said.status, 1, "the open offer ended as well: {}", said.stdout);

    story.trust_in(&new);
    let said = receive_in(&story, &new, &offer(&story, "role-authority"));
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert_eq!(present_from(&story, &new), (json!("verified"), Value::Null));
    assert_eq!(present_from(&story, &lost), (json!("rejected"), json!("INRO-VERIFIER-060")));
}

fn offer(story: &Story, credential: &str) -> String {
    let wish = ["--employee", EMPLOYEE, "--credential", credential, "--format", "dc+sd-jwt", "--json"];
    let offer = story.issuer(&["offer", "create"], &wish);
    offer["credential_offer"].as_str().unwrap().to_owned()
}

fn receive_in(story: &Story, home: &std::path::Path, link: &str) -> Said {
    story.wallet_in(home, &["receive", link, "--json"])
}

fn present_from(story: &Story, home: &std::path::Path) -> (Value, Value) {
    let asked = story.ask(&json!({ "policy": "approve-welfare" }));
    story.wallet_in(home, &["present", asked["authorization_request"].as_str().unwrap(), "--yes", "--json"]);
    let result = story.result(&asked);
    (result["status"].clone(), result["error"]["inro_code"].clone())
}
