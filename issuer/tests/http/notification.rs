//! The notification endpoint.

use inro_crypto::SoftwareKey;
use serde_json::{Value, json};

use crate::support::*;

/// A wallet that got credentials, and the id to tell of them.
async fn issued(bench: &Bench) -> (SoftwareKey, String, String) {
    let key = new_key();
    let token = bench.access_token(&key).await;
    let message = bench.credential_message_for(&token, &key, 1).await;
    let id = bench.credential(&message).await.json()["notification_id"].as_str().unwrap().to_owned();
    (key, token, id)
}

async fn tell(bench: &Bench, key: &SoftwareKey, token: &str, body: &Value) -> Answer {
    bench.send(bench.protected("/notification", key, token, body)).await
}

fn done() -> (u16, String, String) {
    (204, String::new(), String::new())
}

#[tokio::test]
async fn takes_every_event_and_the_same_again() {
    let bench = Bench::new();
    let (key, token, id) = issued(&bench).await;
    for event in ["credential_accepted", "credential_accepted", "credential_failure", "credential_deleted"] {
        let body =
            json!({ "notification_id": id, "event": event, "event_description": "All is well.", "x": 1 });
        let answer = tell(&bench, &key, &token, &body).await;
        assert_eq!((answer.verdict(), answer.body.len()), (done(), 0), "{event}");
        assert!(!answer.header("dpop-nonce").is_empty());
    }
}

#[tokio::test]
async fn refuses_the_notification_id_of_another_token() {
    let bench = Bench::new();
    let ((key, token, id), (other_key, other_token, _)) = (issued(&bench).await, issued(&bench).await);
    let body = json!({ "notification_id": id, "event": "credential_accepted" });
    let foreign = tell(&bench, &other_key, &other_token, &body).await;
    assert_eq!(foreign.verdict(), refused(400, "invalid_notification_id", "INRO-VCI-081"));
    assert_eq!(foreign.header("cache-control"), "no-store");
    assert_eq!(tell(&bench, &key, &token, &body).await.verdict(), done());
    let stolen = tell(&bench, &new_key(), &token, &body).await;
    assert_eq!(stolen.verdict(), refused(401, "invalid_dpop_proof", "INRO-OAUTH-008"));
}

#[tokio::test]
async fn refuses_a_malformed_notification() {
    let bench = Bench::new();
    let (key, token, id) = issued(&bench).await;
    let good = json!({ "notification_id": id, "event": "credential_accepted" });
    assert_eq!(tell(&bench, &key, &token, &good).await.verdict(), done());
    let malformed = || refused(400, "invalid_notification_request", "INRO-VCI-080");
    for (member, value) in [
        ("event", json!("credential_Accepted")),
        ("event", Value::Null),
        ("notification_id", json!(1)),
        ("notification_id", json!("")),
        ("event_description", json!("a \"quoted\" word")),
        ("event_description", json!("みなと市")),
    ] {
        let mut body = good.clone();
        body[member] = value;
        assert_eq!(tell(&bench, &key, &token, &body).await.verdict(), malformed(), "{body}");
    }
    let mut unknown = good.clone();
    unknown["notification_id"] = "unheard-of".into();
    let verdict = tell(&bench, &key, &token, &unknown).await.verdict();
    assert_eq!(verdict, refused(400, "invalid_notification_id", "INRO-VCI-081"));
    let twice = good.to_string().replacen('{', "{\"event\":\"credential_failure\",", 1);
    let request = bench.protected_as("/notification", &key, &token, "application/json", twice);
    let verdict = bench.send(request).await.verdict();
    assert_eq!(verdict, refused(400, "invalid_notification_request", "INRO-BASE-003"));
    let request = bench.protected_as("/notification", &key, &token, "text/plain", good.to_string());
    let verdict = bench.send(request).await.verdict();
    assert_eq!(verdict, refused(415, "invalid_notification_request", "INRO-ISSUER-023"));
}

#[tokio::test]
async fn refuses_a_notification_without_a_token() {
    let bench = Bench::new();
    let (key, token, id) = issued(&bench).await;
    let body = json!({ "notification_id": id, "event": "credential_accepted" });
    let mut request = bench.protected("/notification", &key, &token, &body);
    request.headers_mut().remove("authorization").unwrap();
    let answer = bench.send(request).await;
    assert_eq!(answer.verdict(), refused(401, "invalid_token", "INRO-VCI-038"));
    assert_eq!(answer.header("www-authenticate"), "DPoP algs=\"ES256\"");
}
