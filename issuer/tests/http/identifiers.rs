//! Authorization details and credential identifiers.

use inro_crypto::SoftwareKey;
use serde_json::{Value, json};

use crate::support::*;

fn detail(configuration: &str) -> Value {
    json!({ "type": "openid_credential", "credential_configuration_id": configuration })
}

async fn token_for(bench: &Bench, key: &SoftwareKey, details: &Value) -> Answer {
    let mut message = bench.token_message(&bench.offer(false), key);
    message.set("authorization_details", Some(&details.to_string()));
    bench.token(&message).await
}

/// The token and its identifier for the employee id.
async fn identified(bench: &Bench, key: &SoftwareKey) -> (String, String) {
    let answer = token_for(bench, key, &json!([detail(EMPLOYEE_ID)])).await;
    assert_eq!(answer.verdict(), accepted());
    let body = answer.json();
    let details = body["authorization_details"].as_array().unwrap();
    assert_eq!(details.len(), 1);
    assert_eq!(details[0]["type"], "openid_credential");
    assert_eq!(details[0]["credential_configuration_id"], EMPLOYEE_ID);
    let identifiers = details[0]["credential_identifiers"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&body["access_token"]), text(&identifiers[0]))
}

async fn ask(bench: &Bench, key: &SoftwareKey, token: &str, member: &str, value: &str) -> Answer {
    let mut message = bench.credential_message_for(token, key, 1).await;
    message.members.remove("credential_configuration_id");
    message.members.insert(member.into(), value.into());
    bench.credential(&message).await
}

#[tokio::test]
async fn a_token_with_identifiers_is_for_these_alone() {
    let bench = Bench::new();
    let (key, other) = (new_key(), new_key());
    let (token, identifier) = identified(&bench, &key).await;
    let (other_token, other_identifier) = identified(&bench, &other).await;
    assert_ne!(identifier, other_identifier);
    let got = ask(&bench, &key, &token, "credential_identifier", &identifier).await;
    assert_eq!(got.verdict(), accepted());
    let unknown = refused(400, "unknown_credential_identifier", "INRO-VCI-079");
    let foreign = ask(&bench, &key, &token, "credential_identifier", &other_identifier).await;
    assert_eq!(foreign.verdict(), unknown);
    let by_configuration = ask(&bench, &key, &token, "credential_configuration_id", EMPLOYEE_ID).await;
    assert_eq!(by_configuration.verdict(), refused(400, "invalid_credential_request", "INRO-VCI-077"));
    let got = ask(&bench, &other, &other_token, "credential_identifier", &other_identifier).await;
    assert_eq!(got.verdict(), accepted());
}

#[tokio::test]
async fn a_token_without_identifiers_takes_a_configuration_alone() {
    let bench = Bench::new();
    let key = new_key();
    let token = bench.access_token(&key).await;
    let got = ask(&bench, &key, &token, "credential_configuration_id", EMPLOYEE_ID).await;
    assert_eq!(got.verdict(), accepted());
    let identifier = ask(&bench, &key, &token, "credential_identifier", EMPLOYEE_ID).await;
    assert_eq!(identifier.verdict(), refused(400, "unknown_credential_identifier", "INRO-VCI-043"));
}

#[tokio::test]
async fn refuses_authorization_details_of_another_kind() {
    let bench = Bench::new();
    let good = json!([detail(EMPLOYEE_ID), detail("role-authority.dc+sd-jwt"), detail(EMPLOYEE_ID)]);
    let answer = token_for(&bench, &new_key(), &good).await;
    assert_eq!(answer.json()["authorization_details"].as_array().unwrap().len(), 2);
    let mut elsewhere = detail(EMPLOYEE_ID);
    elsewhere["locations"] = json!(["https://other.example"]);
    let mut here = elsewhere.clone();
    here["locations"] = json!(["https://other.example", URL]);
    assert_eq!(token_for(&bench, &new_key(), &json!([here])).await.verdict(), accepted());
    for (details, code) in [
        (json!([]), "INRO-VCI-085"),
        (json!({}), "INRO-VCI-085"),
        (json!([{ "type": "openid_credential" }]), "INRO-VCI-085"),
        (json!(vec![detail(EMPLOYEE_ID); 17]), "INRO-VCI-085"),
        (json!([{ "type": "payment", "credential_configuration_id": EMPLOYEE_ID }]), "INRO-VCI-086"),
        (json!([elsewhere]), "INRO-VCI-087"),
        (json!([detail(EMPLOYEE_ID), detail("unheard-of")]), "INRO-VCI-088"),
        (json!([detail("employee-id.mso_mdoc")]), "INRO-VCI-088"),
    ] {
        let verdict = token_for(&bench, &new_key(), &details).await.verdict();
        assert_eq!(verdict, refused(400, "invalid_authorization_details", code), "{details}");
    }
}

#[tokio::test]
async fn details_that_are_refused_do_not_cost_the_code() {
    let bench = Bench::new();
    let (offer, key) = (bench.offer(false), new_key());
    let mut message = bench.token_message(&offer, &key);
    message.set("authorization_details", Some(&json!([detail("unheard-of")]).to_string()));
    assert_eq!(bench.token(&message).await.status.as_u16(), 400);
    assert_eq!(bench.token(&bench.token_message(&offer, &key)).await.verdict(), accepted());
}
