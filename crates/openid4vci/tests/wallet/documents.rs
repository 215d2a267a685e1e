//! Offers, metadata and nonces that lack something, or have it in a form that is not allowed.

use inro_base::Coded as _;
use inro_crypto::RustCrypto;
use inro_openid4vci::offer::CredentialOffer;
use inro_openid4vci::wallet::*;
use inro_trust::Anchors;
use serde_json::{Value, json};

use crate::states::{authorized, ready};
use crate::support::*;

fn offer_code(alter: impl FnOnce(&mut Value)) -> Option<&'static str> {
    let mut offer = offer_json();
    alter(&mut offer);
    CredentialOffer::parse(offer.to_string().as_bytes()).err().map(|error| error.code().as_str())
}

fn metadata_code(alter: impl FnOnce(&mut Value)) -> Option<&'static str> {
    let mut metadata = metadata_json();
    metadata["deferred_credential_endpoint"] = "https://issuer.example/deferred".into();
    metadata["notification_endpoint"] = "https://issuer.example/notification".into();
    alter(&mut metadata);
    ready(&metadata).err().map(|error| error.code().as_str())
}

fn without(value: &mut Value, member: &str) {
    value.as_object_mut().unwrap().remove(member).unwrap();
}

#[test]
fn refuses_an_offer_without_its_issuer_its_configurations_or_its_code() {
    assert_eq!(offer_code(|_| ()), None);
    assert_eq!(offer_code(|offer| without(offer, "credential_issuer")), Some("INRO-VCI-002"));
    assert_eq!(offer_code(|offer| without(offer, "credential_configuration_ids")), Some("INRO-VCI-002"));
    assert_eq!(offer_code(|offer| offer["credential_configuration_ids"] = json!([])), Some("INRO-VCI-002"));
    let code = offer_code(|offer| without(&mut offer["grants"][GRANT], "pre-authorized_code"));
    assert_eq!(code, Some("INRO-VCI-002"));
}

#[test]
fn a_transaction_codes_description_has_three_hundred_characters_at_most() {
    let with = |length: usize| {
        offer_code(|offer| offer["grants"][GRANT]["tx_code"]["description"] = "説".repeat(length).into())
    };
    assert_eq!(with(300), None);
    assert_eq!(with(301), Some("INRO-VCI-002"));
}

#[test]
fn refuses_metadata_without_an_endpoint_for_credentials_or_without_configurations() {
    assert_eq!(metadata_code(|_| ()), None);
    for member in ["credential_endpoint", "credential_configurations_supported", "credential_issuer"] {
        assert_eq!(metadata_code(|metadata| without(metadata, member)), Some("INRO-VCI-004"), "{member}");
    }
}

#[test]
fn refuses_an_endpoint_that_is_not_https() {
    let endpoints =
        ["credential_endpoint", "nonce_endpoint", "deferred_credential_endpoint", "notification_endpoint"];
    for member in endpoints {
        let code = metadata_code(|metadata| metadata[member] = "http://issuer.example/x".into());
        assert_eq!(code, Some("INRO-OAUTH-040"), "{member}");
    }
}

#[test]
fn refuses_a_batch_size_that_is_missing_or_below_two() {
    let with = |batch: Value| metadata_code(|metadata| metadata["batch_credential_issuance"] = batch);
    assert_eq!(with(json!({ "batch_size": 2 })), None);
    for batch in
        [json!({}), json!({ "batch_size": 1 }), json!({ "batch_size": 0 }), json!({ "batch_size": "2" })]
    {
        assert_eq!(with(batch.clone()), Some("INRO-VCI-004"), "{batch}");
    }
}

#[test]
fn refuses_a_nonce_answer_without_a_nonce() {
    let code = |body: Value| {
        let NextStep::Nonce(fetch, _) = authorized(&metadata_json()).next() else { panic!("nonce") };
        fetch.received(&answer(200, &body)).err().map(|error| error.code().as_str())
    };
    assert_eq!(code(json!({ "c_nonce": "n", "unknown": 1 })), None);
    for body in [json!({}), json!({ "c_nonce": "" }), json!({ "c_nonce": 1 })] {
        assert_eq!(code(body.clone()), Some("INRO-VCI-016"), "{body}");
    }
}

#[test]
fn asks_the_authorization_server_that_the_offer_names() {
    let servers = ["https://one.example", "https://two.example/t"];
    let mut metadata = metadata_json();
    metadata["authorization_servers"] = json!(servers);
    let mut offer = offer_json();
    offer["grants"][GRANT]["authorization_server"] = servers[1].into();
    let link = format!("openid-credential-offer://?credential_offer={}", percent(&offer.to_string()));
    let Ok(OfferStep::Seen(seen)) = read_offer(&link) else { panic!("by value") };
    let (fetch, _) = seen.fetch_metadata();
    let trust = MetadataTrust { anchors: &Anchors::new(), now: NOW, provider: &RustCrypto };
    let Ok((_, request)) = fetch.received(&answer(200, &metadata), &trust) else { panic!("a server") };
    assert_eq!(request.url, "https://two.example/.well-known/oauth-authorization-server/t");
}
