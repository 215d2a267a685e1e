//! A relying system has its user authorize something, and a browser brings the answer's code.

use serde_json::{Value, json};

use crate::story::Story;

const EMPLOYEE: &str = "E0001";
/// The exit status of a wallet that refused.
const REFUSED: i32 = 3;

fn approval() -> Value {
    json!([{
        "type": "approval", "credential_ids": ["authority"],
        "text": { "en": "Approve application 7.", "ja": "申請7を承認する。" },
    }])
}

fn present(story: &Story, asked: &Value, how: &[&str]) -> (i32, Value) {
    let link = asked["authorization_request"].as_str().unwrap();
    let said = story.wallet(&[&["present", link, "--yes", "--json"], how].concat());
    (said.status, said.json())
}

#[test]
fn a_transaction_is_authorized_by_whoever_read_it_and_told_in_the_result() {
    let story = Story::begin();
    story.receive(EMPLOYEE, &["role-authority"]);
    let body = json!({ "policy": "approve-welfare", "transaction_data": approval() });

    let asked = story.ask(&body);
    let (status, said) = present(&story, &asked, &[]);
    assert_eq!((status, &said["error"]["inro_code"]), (REFUSED, &json!("INRO-WALLET-060")));
    assert_eq!(story.result(&asked)["status"], "rejected");

    let asked = story.ask(&body);
    assert_eq!(present(&story, &asked, &["--allow-unregistered"]).0, 0);
    let result = story.result(&asked);
    assert_eq!(result["status"], "verified", "{result}");
    let expected = json!([{
        "type": "approval", "credential_id": "authority",
        "text": { "en": "Approve application 7.", "ja": "申請7を承認する。" },
    }]);
    assert_eq!(result["authorized"], expected);
}

#[test]
fn the_browser_on_the_holders_device_brings_the_code_for_the_result() {
    let story = Story::begin();
    story.receive(EMPLOYEE, &["role-authority"]);
    let mut asked = story.ask(&json!({
        "policy": "approve-welfare", "redirect_uri": "https://welfare.example/done",
    }));
    assert_eq!(story.result(&asked)["status"], "pending");
    let (status, said) = present(&story, &asked, &[]);
    assert_eq!(status, 0, "{said}");
    let next = said["redirect_uri"].as_str().unwrap();
    let code = next.strip_prefix("https://welfare.example/done#response_code=").unwrap();
    let id = asked["id"].as_str().unwrap().to_owned();
    asked["id"] = format!("{id}?response_code={code}").into();
    assert_eq!(story.result(&asked)["status"], "verified");
}
