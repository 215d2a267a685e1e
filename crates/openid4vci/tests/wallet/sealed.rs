//! Encryption, from the wallet's side: what it offers, what it takes, and what it refuses.

use inro_base::Coded as _;
use inro_base::http::{HttpRequest, HttpResponse};
use inro_crypto::RustCrypto;
use inro_jose::jwe::{AgreementKey, ContentEncryption, DecryptionKey, UnverifiedJwe};
use inro_openid4vci::VciError;
use inro_openid4vci::issuer::{CheckedDeferredRequest, IssuerEncryption, ReplyTo, RequestBody};
use inro_openid4vci::request::deferred_request;
use inro_openid4vci::wallet::{CredentialAnswer, DeferredAnswer, DeferredSent, DeferredStep, MetadataTrust};
use inro_trust::Anchors;
use serde_json::{Value, json};

use crate::deferred::ticket;
use crate::states::*;
use crate::support::*;

fn issuer_key() -> DecryptionKey {
    DecryptionKey { key: AgreementKey::generate(&mut Counter(50)), kid: Some("k1".into()) }
}

fn encryption(required: bool) -> IssuerEncryption {
    IssuerEncryption { keys: vec![issuer_key()], required }
}

/// An issuer that offers, or requires, both directions.
fn metadata(required: bool) -> Value {
    let mut metadata = metadata_json();
    metadata["credential_request_encryption"] = encryption(required).request_metadata().to_json();
    metadata["credential_response_encryption"] = encryption(required).response_metadata().to_json();
    metadata
}

fn opened(request: &HttpRequest) -> Value {
    assert!(header(request, "content-type").contains(&"application/jwt"));
    let jwe = UnverifiedJwe::parse(std::str::from_utf8(&request.body).unwrap(), 1 << 20).unwrap();
    let text = jwe.decrypt(&issuer_key(), &ContentEncryption::ALL, &RustCrypto).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// To whom the request wants its answer encrypted, as the issuer reads it.
fn reply_to(request: &HttpRequest) -> ReplyTo {
    // The deferred endpoint reads the same member, and needs no proofs.
    let mut members = deferred_request("t");
    let wish = opened(request)["credential_response_encryption"].clone();
    members.insert("credential_response_encryption".into(), wish);
    let jwk = issuer_key().to_jwk();
    let recipient = inro_jose::jwe::Recipient { jwk: &jwk, enc: ContentEncryption::A256Gcm };
    let text = Value::Object(members).to_string();
    let party = inro_jose::jwe::PartyInfo::default();
    let jwe =
        inro_jose::jwe::encrypt(text.as_bytes(), &recipient, party, &mut Counter(7), &RustCrypto).unwrap();
    let body = RequestBody { bytes: jwe.as_bytes(), encrypted: true };
    let checked = CheckedDeferredRequest::check(body, Some(&encryption(true)), &RustCrypto).unwrap();
    checked.reply.unwrap()
}

fn sealed_answer(text: String) -> HttpResponse {
    let headers = vec![("content-type".into(), "application/jwt".into())];
    HttpResponse { status: 200, headers, body: text.into_bytes() }
}

fn credentials() -> Value {
    json!({ "credentials": [{ "credential": "c~" }] })
}

#[test]
fn encrypts_the_request_and_opens_the_answer_wherever_both_are_offered() {
    for required in [false, true] {
        let (sent, request) = send(draft(authorized(&metadata(required))), &mut Counter(0));
        let body = opened(&request);
        assert_eq!(body["credential_configuration_id"], CONFIGURATION);
        assert_eq!(body["credential_response_encryption"]["jwk"]["alg"], "ECDH-ES");
        let text = reply_to(&request).seal(&credentials(), &mut Counter(3), &RustCrypto).unwrap();
        let answer = sent.received(&sealed_answer(text), &RustCrypto).unwrap();
        assert!(matches!(answer, CredentialAnswer::Received(..)));
    }
}

#[test]
fn makes_a_fresh_key_for_the_answer_of_each_request() {
    let rng = &mut Counter(0);
    let (sent, first) = send(draft(authorized(&metadata(false))), rng);
    let error = with_header(answer(401, &json!({"error": "use_dpop_nonce"})), "dpop-nonce", "n1");
    let Ok(CredentialAnswer::Again(again)) = sent.received(&error, &RustCrypto) else { panic!("again") };
    let (sent, second) = send(again, rng);
    let key = |request: &HttpRequest| opened(request)["credential_response_encryption"]["jwk"].clone();
    assert_ne!(key(&first), key(&second));
    let stale = reply_to(&first).seal(&credentials(), &mut Counter(3), &RustCrypto).unwrap();
    let refused = sent.received(&sealed_answer(stale), &RustCrypto).err().unwrap();
    assert_eq!(refused.code().as_str(), "INRO-JOSE-028");
}

#[test]
fn refuses_a_plain_answer_where_an_encrypted_one_was_asked_for() {
    let (sent, _) = send(draft(authorized(&metadata(false))), &mut Counter(0));
    let refused = sent.received(&answer(200, &credentials()), &RustCrypto).err().unwrap();
    assert_eq!(refused.code().as_str(), "INRO-VCI-076");
    // An error is never encrypted, and read as it is.
    let (sent, _) = send(draft(authorized(&metadata(false))), &mut Counter(0));
    let error = answer(400, &json!({ "error": "credential_request_denied" }));
    assert_eq!(sent.received(&error, &RustCrypto).err().unwrap().code().as_str(), "INRO-VCI-014");
    // And where none was asked for, none is taken.
    let (sent, _) = send(draft(authorized(&metadata_json())), &mut Counter(0));
    let refused = sent.received(&sealed_answer("a.b.c.d.e".into()), &RustCrypto).err().unwrap();
    assert_eq!(refused.code().as_str(), "INRO-VCI-012");
}

#[test]
fn asks_for_no_encrypted_answer_that_an_attacker_could_redirect() {
    let mut offered = metadata(false);
    offered.as_object_mut().unwrap().remove("credential_request_encryption").unwrap();
    let (sent, request) = send(draft(authorized(&offered)), &mut Counter(0));
    assert!(header(&request, "content-type").contains(&"application/json"));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert!(body.get("credential_response_encryption").is_none());
    assert!(sent.received(&answer(200, &credentials()), &RustCrypto).is_ok());
}

#[test]
fn encrypts_the_request_alone_where_answers_cannot_be() {
    let mut offered = metadata(false);
    offered["credential_response_encryption"]["alg_values_supported"] = json!(["RSA-OAEP-256"]);
    let (sent, request) = send(draft(authorized(&offered)), &mut Counter(0));
    assert!(opened(&request).get("credential_response_encryption").is_none());
    assert!(sent.received(&answer(200, &credentials()), &RustCrypto).is_ok());
}

#[test]
fn stops_before_the_token_where_an_encryption_is_required_that_it_lacks() {
    let code = |alter: fn(&mut Value)| {
        let mut metadata = metadata(true);
        alter(&mut metadata);
        ready(&metadata).err().map(|error| error.code().as_str())
    };
    assert_eq!(code(|_| {}), None);
    let unsupported = Some("INRO-VCI-007");
    assert_eq!(code(|m| m["credential_request_encryption"]["jwks"]["keys"] = json!([])), unsupported);
    assert_eq!(
        code(|m| m["credential_request_encryption"]["enc_values_supported"] = json!(["A128CBC-HS256"])),
        unsupported
    );
    let without_kid = |m: &mut Value| {
        let key = m.pointer_mut("/credential_request_encryption/jwks/keys/0").unwrap();
        key.as_object_mut().unwrap().remove("kid").unwrap();
    };
    assert_eq!(code(without_kid), unsupported);
    assert_eq!(
        code(|m| m["credential_response_encryption"]["enc_values_supported"] = json!(["A128CBC-HS256"])),
        unsupported
    );
    let without_request = |m: &mut Value| {
        m.as_object_mut().unwrap().remove("credential_request_encryption").unwrap();
    };
    assert_eq!(code(without_request), unsupported);
    let malformed = Some("INRO-VCI-004");
    assert_eq!(code(|m| m["credential_request_encryption"]["jwks"] = json!([])), malformed);
    assert_eq!(
        code(|m| m["credential_response_encryption"]["encryption_required"] = json!("yes")),
        malformed
    );
}

/// The poll of a ticket, once the issuer's metadata are these.
fn poll(metadata: &Value) -> Result<(DeferredSent, HttpRequest), VciError> {
    let mut metadata = metadata.clone();
    metadata["deferred_credential_endpoint"] = "https://issuer.example/deferred".into();
    let (fetch, _) = ticket().fetch_metadata();
    let trust = MetadataTrust { anchors: &Anchors::new(), now: NOW, provider: &RustCrypto };
    let draft = fetch.received(&answer(200, &metadata), &trust)?;
    let DeferredStep::Sign(signing) = draft.send(NOW, &mut Counter(0), &RustCrypto)? else { panic!("DPoP") };
    let signature = sign(&key(1), signing.signing_input());
    Ok(signing.signed(&signature))
}

#[test]
fn a_poll_is_encrypted_and_asks_for_an_encrypted_answer_wherever_both_are_offered() {
    for required in [false, true] {
        let (sent, request) = poll(&metadata(required)).unwrap();
        assert_eq!(request.url, "https://issuer.example/deferred");
        assert_eq!(opened(&request)["transaction_id"], "t");
        let body = RequestBody { bytes: &request.body, encrypted: true };
        let checked = CheckedDeferredRequest::check(body, Some(&encryption(true)), &RustCrypto).unwrap();
        let text = checked.reply.unwrap().seal(&credentials(), &mut Counter(3), &RustCrypto).unwrap();
        let received = sent.received(&sealed_answer(text), &RustCrypto);
        assert!(matches!(received, Ok(DeferredAnswer::Received { .. })));
        // A plain answer might be anybody's.
        let (sent, _) = poll(&metadata(required)).unwrap();
        let refused = sent.received(&answer(200, &credentials()), &RustCrypto).err().unwrap();
        assert_eq!(refused.code().as_str(), "INRO-VCI-076");
    }
}

#[test]
fn a_poll_in_the_clear_asks_for_no_encrypted_answer() {
    let mut offered = metadata(false);
    offered.as_object_mut().unwrap().remove("credential_request_encryption").unwrap();
    let (sent, request) = poll(&offered).unwrap();
    assert_eq!(header(&request, "content-type"), ["application/json"]);
    assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), json!({ "transaction_id": "t" }));
    assert!(sent.received(&answer(200, &credentials()), &RustCrypto).is_ok());
}

#[test]
fn nothing_is_collected_where_an_encryption_is_required_that_the_wallet_lacks() {
    assert!(poll(&metadata(true)).is_ok());
    for pointer in [
        "/credential_request_encryption/enc_values_supported",
        "/credential_response_encryption/enc_values_supported",
    ] {
        let mut metadata = metadata(true);
        *metadata.pointer_mut(pointer).unwrap() = json!(["A128CBC-HS256"]);
        assert_eq!(poll(&metadata).err().unwrap().code().as_str(), "INRO-VCI-007", "{pointer}");
    }
}
