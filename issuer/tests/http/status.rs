//! Status lists over HTTP, as a verifier sees them.

use axum::body::Body;
use axum::http::Request;
use inro_base::Coded as _;
use inro_base::http::HttpResponse;
use inro_crypto::RustCrypto;
use inro_issuer::offers::{CreatedOffer, OfferWish};
use inro_issuer::signed_lists::TTL;
use inro_issuer::status::change;
use inro_issuer::store::StatusChange;
use inro_status::{Expected, ListForms, Status, StatusReference, UnverifiedStatusList, VerifiedStatusList};
use inro_trust::Usage;

use crate::support::*;

/// Ten copies of an employee id, and the offer's verdict where there are none.
async fn copies_of(bench: &Bench, offer: &CreatedOffer) -> Result<Vec<String>, String> {
    let key = new_key();
    let answer = bench.token(&bench.token_message(offer, &key)).await;
    assert_eq!(answer.verdict(), accepted());
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let answer = bench.credential(&bench.credential_message_for(&token, &key, 10).await).await;
    let (status, _, code) = answer.verdict();
    if status != 200 {
        return Err(code);
    }
    let json = answer.json();
    let text = |copy: &serde_json::Value| copy["credential"].as_str().unwrap().to_owned();
    Ok(json["credentials"].as_array().unwrap().iter().map(text).collect())
}

async fn issued_copies(bench: &Bench) -> Vec<String> {
    copies_of(bench, &bench.offer_of(&["employee-id"], false)).await.unwrap()
}

fn status_of(copy: &str) -> StatusReference {
    let held = inro_sd_jwt::HeldSdJwt::parse(copy, &RustCrypto).unwrap();
    StatusReference::from_claims(held.claims()).unwrap().unwrap()
}

async fn fetch(bench: &Bench, uri: &str, accept: &str) -> Answer {
    let path = uri.strip_prefix(URL).expect("a list of the issuer");
    bench.send(Request::get(path).header("accept", accept).body(Body::empty()).unwrap()).await
}

async fn verified(bench: &Bench, uri: &str, accept: &str) -> VerifiedStatusList {
    let answer = fetch(bench, uri, accept).await;
    assert_eq!(answer.header("content-type"), accept);
    let headers = vec![("content-type".to_owned(), accept.to_owned())];
    let response = HttpResponse { status: answer.status.as_u16(), headers, body: answer.body };
    let list = UnverifiedStatusList::received(&response, ListForms::JwtOrCwt).unwrap();
    let now = bench.now();
    let signer = bench.anchors.trust(list.x5c(), Usage::CredentialIssuer, now, &RustCrypto).unwrap();
    let expected = Expected { uri, authority: signer.authority(), now };
    list.verify(&signer, &expected, &RustCrypto).unwrap()
}

#[tokio::test]
async fn a_list_shows_a_change_at_once_in_both_formats() {
    let bench = Bench::new();
    let copies = issued_copies(&bench).await;
    let references: Vec<StatusReference> = copies.iter().map(|copy| status_of(copy)).collect();
    let places: std::collections::HashSet<u64> = references.iter().map(|reference| reference.index).collect();
    assert_eq!(places.len(), copies.len(), "each copy has a place of its own");
    let uri = references[0].uri.clone();
    let store = bench.issuer.store();
    let id = store.credentials().unwrap()[0].id.clone();
    let formats = ["application/statuslist+jwt", "application/statuslist+cwt"];
    let steps = [
        (None, Status::Valid),
        (Some(StatusChange::Suspend), Status::Suspended),
        (Some(StatusChange::Resume), Status::Valid),
        (Some(StatusChange::Revoke), Status::Invalid),
    ];
    for (wish, status) in steps {
        if let Some(wish) = wish {
            change(store, &id, wish, "a test", "tester", bench.now()).unwrap();
        }
        for format in formats {
            let list = verified(&bench, &uri, format).await;
            assert!(references.iter().all(|reference| list.status(reference.index) == Ok(status)));
        }
    }
}

#[tokio::test]
async fn a_list_is_signed_again_when_its_time_is_over_and_not_before() {
    let bench = Bench::new();
    let copies = issued_copies(&bench).await;
    let uri = status_of(&copies[0]).uri;
    let body = async || fetch(&bench, &uri, "application/statuslist+jwt").await.body;
    let first = body().await;
    bench.wait(i64::from(TTL) - 1);
    assert_eq!(body().await, first);
    bench.wait(1);
    assert_ne!(body().await, first);
}

#[tokio::test]
async fn a_list_that_is_not_there_is_told_and_has_one_address() {
    let bench = Bench::new();
    issued_copies(&bench).await;
    assert_eq!(fetch(&bench, &format!("{URL}/status-lists/1"), "*/*").await.status, 200);
    for name in ["2", "0", "-1", "01", "+1", "x", "9223372036854775808"] {
        let answer = fetch(&bench, &format!("{URL}/status-lists/{name}"), "*/*").await;
        assert_eq!(answer.status, 404, "{name}");
        assert_eq!(answer.json()["inro_code"], "INRO-ISSUER-034", "{name}");
    }
}

#[tokio::test]
async fn an_offer_made_before_a_revocation_yields_nothing_and_a_newer_one_does() {
    let bench = Bench::new();
    issued_copies(&bench).await;
    let before = bench.offer_of(&["employee-id"], false);
    let store = bench.issuer.store();
    let id = store.credentials().unwrap()[0].id.clone();
    bench.wait(1);
    change(store, &id, StatusChange::Revoke, "a test", "tester", bench.now()).unwrap();
    assert_eq!(copies_of(&bench, &before).await.unwrap_err(), "INRO-ISSUER-035");
    bench.wait(1);
    let after = bench.offer_of(&["employee-id"], false);
    let copies = copies_of(&bench, &after).await.unwrap();
    let list = verified(&bench, &status_of(&copies[0]).uri, "application/statuslist+jwt").await;
    assert_eq!(list.status(status_of(&copies[0]).index), Ok(Status::Valid));
    // What was revoked stays so.
    assert_eq!(
        change(store, &id, StatusChange::Suspend, "a test", "tester", bench.now()).unwrap().copies,
        10
    );
}

#[tokio::test]
async fn a_suspended_credential_is_not_offered_again() {
    let bench = Bench::new();
    issued_copies(&bench).await;
    let store = bench.issuer.store();
    let id = store.credentials().unwrap()[0].id.clone();
    change(store, &id, StatusChange::Suspend, "a test", "tester", bench.now()).unwrap();
    let offer = || {
        let wish = OfferWish {
            employee: "E0001".into(),
            types: vec!["employee-id".into()],
            formats: vec!["mso_mdoc".into()],
            tx_code: false,
            needs_approval: false,
            lifetime: 600,
        };
        bench.issuer.create_offer(&wish).map(|_| ()).map_err(|error| error.code().as_str())
    };
    assert_eq!(offer(), Err("INRO-ISSUER-033"));
    change(store, &id, StatusChange::Resume, "a test", "tester", bench.now()).unwrap();
    assert_eq!(offer(), Ok(()));
}
