//! Deferred issuance and notifications, from the wallet's side.

use inro_base::http::HttpResponse;
use inro_base::{Coded as _, Secret};
use inro_crypto::{RustCrypto, Signer as _};
use inro_openid4vci::wallet::*;
use inro_openid4vci::{NotificationEvent, VciError};
use inro_trust::Anchors;
use serde_json::{Value, json};

use crate::states::*;
use crate::support::*;

fn metadata() -> Value {
    let mut metadata = metadata_json();
    metadata["deferred_credential_endpoint"] = "https://issuer.example/deferred".into();
    metadata["notification_endpoint"] = "https://issuer.example/notification".into();
    metadata
}

fn later(transaction_id: &str) -> Value {
    json!({ "transaction_id": transaction_id, "interval": 60 })
}

pub(crate) fn ticket() -> DeferredTicket {
    let (sent, _) = send(draft(authorized(&metadata())), &mut Counter(0));
    match sent.received(&answer(202, &later("t")), &RustCrypto).unwrap() {
        CredentialAnswer::Deferred(deferred, authorized) => {
            assert_eq!((deferred.offered.id.as_str(), deferred.interval), (CONFIGURATION, 60));
            assert!(matches!(authorized.next(), NextStep::Done));
            deferred.ticket
        }
        _ => panic!("deferred"),
    }
}

/// Polls with the ticket as it was stored.
fn poll(response: &HttpResponse) -> Result<DeferredAnswer, VciError> {
    let ticket = DeferredTicket::from_secret(&ticket().to_secret()).unwrap();
    assert_eq!(*ticket.dpop_key(), key(1).public_key());
    let (fetch, request) = ticket.fetch_metadata();
    assert_eq!(request.url, "https://issuer.example/.well-known/openid-credential-issuer");
    let trust = MetadataTrust { anchors: &Anchors::new(), now: NOW, provider: &RustCrypto };
    let draft = fetch.received(&answer(200, &metadata()), &trust).unwrap();
    let DeferredStep::Sign(signing) = draft.send(NOW, &mut Counter(0), &RustCrypto).unwrap() else {
        panic!("DPoP")
    };
    let signature = sign(&key(1), signing.signing_input());
    let (sent, request) = signing.signed(&signature);
    assert_eq!(request.url, "https://issuer.example/deferred");
    assert_eq!(header(&request, "authorization"), ["DPoP tok"]);
    assert_eq!(header(&request, "content-type"), ["application/json"]);
    assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), json!({ "transaction_id": "t" }));
    sent.received(response, &RustCrypto)
}

#[test]
fn a_ticket_collects_after_a_restart() {
    let credentials = json!({ "credentials": [{ "credential": "c~" }], "notification_id": "n" });
    let Ok(DeferredAnswer::Received { credentials, notification_id }) = poll(&answer(200, &credentials))
    else {
        panic!("received")
    };
    assert_eq!((credentials.len(), notification_id.as_deref()), (1, Some("n")));
    assert!(matches!(poll(&answer(202, &later("t"))), Ok(DeferredAnswer::Pending { interval: 60 })));
}

#[test]
fn passes_over_unknown_members_of_a_deferred_answer() {
    let mut waiting = later("t");
    waiting["unknown"] = json!({ "a": 1 });
    assert!(matches!(poll(&answer(202, &waiting)), Ok(DeferredAnswer::Pending { interval: 60 })));
    let credentials = json!({ "credentials": [{ "credential": "c~", "unknown": 1 }], "unknown": [] });
    assert!(matches!(poll(&answer(200, &credentials)), Ok(DeferredAnswer::Received { .. })));
}

#[test]
fn refuses_another_transaction_and_more_credentials_than_keys() {
    let code = |body: &Value| poll(&answer(202, body)).err().map(|error| error.code().as_str());
    assert_eq!(code(&later("t")), None);
    assert_eq!(code(&later("other")), Some("INRO-VCI-016"));
    assert_eq!(code(&json!({ "transaction_id": "t" })), Some("INRO-VCI-016"));
    assert_eq!(code(&json!({ "transaction_id": "t", "interval": 0 })), Some("INRO-VCI-016"));
    for number in [json!(0.0), json!(-1), json!("5"), json!(1e12)] {
        assert_eq!(
            code(&json!({ "transaction_id": "t", "interval": number })),
            Some("INRO-VCI-016"),
            "{number}"
        );
    }
    let fraction = answer(202, &json!({ "transaction_id": "t", "interval": 2.5 }));
    assert!(matches!(poll(&fraction), Ok(DeferredAnswer::Pending { interval: 3 })));
    let both = json!({ "transaction_id": "t", "interval": 1, "credentials": [{ "credential": "a~" }] });
    assert_eq!(code(&both), Some("INRO-VCI-016"));
    let two = json!({ "credentials": [{ "credential": "a~" }, { "credential": "b~" }] });
    assert_eq!(code(&two), Some("INRO-VCI-016"));
}

#[test]
fn tells_what_is_over_from_what_may_still_come() {
    let code = |status, error: &str| {
        let response = answer(status, &json!({ "error": error }));
        poll(&response).err().map(|error| error.code().as_str()).unwrap()
    };
    for (status, error, expected) in [
        (400, "credential_request_denied", "INRO-VCI-083"),
        (400, "invalid_transaction_id", "INRO-VCI-083"),
        (401, "invalid_token", "INRO-VCI-083"),
        (503, "temporarily_unavailable", "INRO-VCI-022"),
        (500, "server_error", "INRO-VCI-022"),
    ] {
        assert_eq!(code(status, error), expected, "{error}");
    }
    let nonce = with_header(answer(401, &json!({ "error": "use_dpop_nonce" })), "dpop-nonce", "n1");
    assert!(matches!(poll(&nonce), Ok(DeferredAnswer::Again(_))));
}

#[test]
fn refuses_a_deferral_that_cannot_be_collected() {
    let mut nowhere = metadata();
    nowhere.as_object_mut().unwrap().remove("deferred_credential_endpoint").unwrap();
    let (sent, _) = send(draft(authorized(&nowhere)), &mut Counter(0));
    let refused = sent.received(&answer(202, &later("t")), &RustCrypto).err().unwrap();
    assert_eq!(refused.code().as_str(), "INRO-VCI-082");
}

#[test]
fn a_damaged_ticket_is_refused() {
    let whole = ticket().to_secret();
    assert!(DeferredTicket::from_secret(&whole).is_ok());
    let object: Value = serde_json::from_slice(whole.expose()).unwrap();
    for name in object.as_object().unwrap().keys() {
        let mut damaged = object.clone();
        damaged.as_object_mut().unwrap().remove(name).unwrap();
        assert!(
            DeferredTicket::from_secret(&Secret::new(damaged.to_string().into_bytes())).is_err(),
            "{name}"
        );
    }
}

#[test]
fn notifies_with_the_token_and_once_more_with_the_servers_nonce() {
    let mut notifier = authorized(&metadata()).notifier().unwrap();
    let rng = &mut Counter(0);
    let NotificationStep::Sign(signing) =
        notifier.send("n", NotificationEvent::Accepted, NOW, rng, &RustCrypto)
    else {
        panic!("DPoP")
    };
    let request = signing.signed(&sign(&key(1), b"x"));
    assert_eq!(request.url, "https://issuer.example/notification");
    assert_eq!(header(&request, "authorization"), ["DPoP tok"]);
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body, json!({ "notification_id": "n", "event": "credential_accepted" }));
    let nonce = with_header(answer(401, &json!({ "error": "use_dpop_nonce" })), "dpop-nonce", "n1");
    assert!(notifier.received(&nonce));
    assert!(!notifier.received(&answer(400, &json!({ "error": "invalid_notification_id" }))));
    assert!(!notifier.received(&HttpResponse { status: 204, headers: Vec::new(), body: Vec::new() }));
    assert!(authorized(&metadata_json()).notifier().is_none());
}
