//! `direct_post.jwt`: the key of a request, and what is refused around it. Every case first shows the
//! unaltered message accepted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod common;

use common::*;
use inro_base::http::HttpRequest;
use inro_crypto::RustCrypto;
use inro_jose::Jwk;
use inro_jose::jwe::{ContentEncryption, PartyInfo, Recipient, encrypt};
use inro_openid4vp::form::{self, Form};
use inro_openid4vp::profile::ResponseMode;
use inro_openid4vp::verifier::AwaitingResponse;
use inro_openid4vp::wallet::VerifiedRequest;
use serde_json::{Map, Value, json};

/// An encrypted question; `seed` makes its nonce, state and key.
fn ask(world: &World, seed: u64) -> AwaitingResponse {
    let mut question = world.question(world.client_id(), employee_query());
    question.response_mode = ResponseMode::DirectPostJwt;
    question.start(NOW, &mut Counting(seed)).unwrap()
}

fn request(world: &World, awaiting: &AwaitingResponse) -> VerifiedRequest {
    world.judge(&awaiting.link(), &world.sign_request(&payload(awaiting))).unwrap()
}

/// What our wallet posts in answer to `awaiting`.
fn answer(world: &World, awaiting: &AwaitingResponse) -> HttpRequest {
    let (reviewing, held) = world.review(request(world, awaiting), &world.credential(|_| {}));
    world.approve(reviewing, held).unwrap()
}

fn verdict(world: &World, awaiting: AwaitingResponse, body: &[u8]) -> &'static str {
    code(world.verdict(awaiting, std::str::from_utf8(body).unwrap()))
}

/// The published key of a request.
fn published(awaiting: &AwaitingResponse) -> Value {
    payload(awaiting)["client_metadata"]["jwks"]["keys"][0].clone()
}

/// A wallet of other hands: encrypts `parameters` to `key`.
fn sealed(key: &Jwk, parameters: &Value) -> String {
    let recipient = Recipient { jwk: key, enc: ContentEncryption::A128Gcm };
    let plaintext = parameters.to_string();
    let party = PartyInfo { apu: b"foreign wallet", apv: b"nonce" };
    let jwe = encrypt(plaintext.as_bytes(), &recipient, party, &mut Counting(41), &RustCrypto).unwrap();
    form::encode(&[("response", &jwe)])
}

#[test]
fn an_encrypted_answer_shows_nothing_and_is_accepted() {
    let world = World::new();
    let posted = answer(&world, &ask(&world, 7));
    let form = Form::parse(&posted.body).unwrap();
    assert!(form.value("vp_token").is_none() && form.value("state").is_none());
    assert_eq!(form.value("response").unwrap().split('.').count(), 5);
    let verified = world.verdict(ask(&world, 7), std::str::from_utf8(&posted.body).unwrap()).unwrap();
    assert_eq!(verified.credentials()[0].claims()["employee_number"], "E0001");
}

#[test]
fn both_sides_name_the_same_key_and_each_request_has_its_own() {
    let world = World::new();
    let (one, other) = (ask(&world, 7), ask(&world, 8));
    let thumbprint = one.encryption_thumbprint(&RustCrypto);
    assert!(thumbprint.is_some());
    assert_eq!(request(&world, &one).encryption_thumbprint(), thumbprint);
    assert_ne!(other.encryption_thumbprint(&RustCrypto), thumbprint);
    let plain = world.ask(employee_query());
    assert_eq!(plain.encryption_thumbprint(&RustCrypto), None);
    assert_eq!(request(&world, &plain).encryption_thumbprint(), None);
    let key = published(&one);
    let members: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["kty", "crv", "x", "y", "kid", "alg", "use"]);
    assert_eq!((&key["alg"], &key["use"]), (&json!("ECDH-ES"), &json!("enc")));
    let enc_values = &payload(&one)["client_metadata"]["encrypted_response_enc_values_supported"];
    assert_eq!(*enc_values, json!(["A256GCM", "A128GCM"]));
}

#[test]
fn a_stored_key_comes_back_and_shows_in_no_debug() {
    let world = World::new();
    let stored = serde_json::to_string(&ask(&world, 7)).unwrap();
    let awaiting: AwaitingResponse = serde_json::from_str(&stored).unwrap();
    let d = serde_json::from_str::<Value>(&stored).unwrap()["encryption"]["d"].as_str().unwrap().to_owned();
    assert!(!format!("{awaiting:?}").contains(&d));
    assert_eq!(verdict(&world, awaiting, &answer(&world, &ask(&world, 7)).body), "accepted");
}

#[test]
fn refuses_a_response_to_an_old_key() {
    let world = World::new();
    let posted = answer(&world, &ask(&world, 7));
    assert_eq!(verdict(&world, ask(&world, 7), &posted.body), "accepted");
    assert_eq!(verdict(&world, ask(&world, 8), &posted.body), "INRO-JOSE-023");
}

#[test]
fn refuses_another_kid_alg_or_enc_and_another_state() {
    let world = World::new();
    let awaiting = || ask(&world, 7);
    let sent = Sent::of(&awaiting());
    let presentation = world.present(&awaiting(), &world.credential(|_| {}), &employee_paths());
    let parameters = json!({ "vp_token": { "employee": [presentation] }, "state": sent.state });
    let key = Jwk::parse(&published(&awaiting())).unwrap();
    let good = sealed(&key, &parameters);
    assert_eq!(verdict(&world, awaiting(), good.as_bytes()), "accepted");

    let other = Jwk { kid: Some("other".into()), ..key.clone() };
    assert_eq!(verdict(&world, awaiting(), sealed(&other, &parameters).as_bytes()), "INRO-JOSE-023");
    let nameless = Jwk { kid: None, ..key.clone() };
    assert_eq!(verdict(&world, awaiting(), sealed(&nameless, &parameters).as_bytes()), "INRO-JOSE-023");
    for (name, value, expected) in [
        ("enc", "A128CBC-HS256", "INRO-JOSE-022"),
        ("enc", "A192GCM", "INRO-JOSE-022"),
        ("alg", "ECDH-ES+A128KW", "INRO-JOSE-021"),
        ("zip", "DEF", "INRO-JOSE-024"),
    ] {
        let altered = with_header(&good, name, value);
        assert_eq!(verdict(&world, awaiting(), altered.as_bytes()), expected, "{name}: {value}");
    }
    let stateless = json!({ "vp_token": parameters["vp_token"] });
    assert_eq!(verdict(&world, awaiting(), sealed(&key, &stateless).as_bytes()), "INRO-VP-041");
    let foreign = json!({ "vp_token": parameters["vp_token"], "state": "x".repeat(32) });
    assert_eq!(verdict(&world, awaiting(), sealed(&key, &foreign).as_bytes()), "INRO-VP-041");
    // A signed JWT within is another kind of response, which nobody asked for.
    let nested = Value::Object(payload(&awaiting()));
    let nested = world.sign_request(nested.as_object().unwrap());
    let recipient = Recipient { jwk: &key, enc: ContentEncryption::A128Gcm };
    let party = PartyInfo::default();
    let jwe = encrypt(nested.as_bytes(), &recipient, party, &mut Counting(41), &RustCrypto).unwrap();
    let nested = form::encode(&[("response", &jwe)]);
    assert_eq!(verdict(&world, awaiting(), nested.as_bytes()), "INRO-BASE-004");
    // A token as text is what direct_post has.
    let as_text = json!({ "vp_token": parameters["vp_token"].to_string(), "state": sent.state });
    assert_eq!(verdict(&world, awaiting(), sealed(&key, &as_text).as_bytes()), "INRO-VP-044");
}

fn with_header(body: &str, name: &str, value: &str) -> String {
    let form = Form::parse(body.as_bytes()).unwrap();
    let (header, rest) = form.value("response").unwrap().split_once('.').unwrap();
    let mut header: Map<String, Value> =
        serde_json::from_slice(&inro_base::base64url::decode(header).unwrap()).unwrap();
    header.insert(name.into(), value.into());
    let header = inro_base::base64url::encode(Value::Object(header).to_string().as_bytes());
    form::encode(&[("response", &format!("{header}.{rest}"))])
}

#[test]
fn passes_over_unknown_members_of_an_encrypted_answer() {
    let world = World::new();
    let sent = Sent::of(&ask(&world, 7));
    let presentation = world.present(&ask(&world, 7), &world.credential(|_| {}), &employee_paths());
    let mut parameters = json!({ "vp_token": { "employee": [presentation] }, "state": sent.state });
    let key = Jwk::parse(&published(&ask(&world, 7))).unwrap();
    parameters["x"] = json!({ "y": 1 });
    parameters["iss"] = json!("https://anyone.example");
    let verified = world.verdict(ask(&world, 7), &sealed(&key, &parameters)).unwrap();
    assert_eq!(verified.credentials()[0].claims()["employee_number"], "E0001");
}

#[test]
fn refuses_a_plain_response_where_an_encrypted_one_was_asked_for_and_the_reverse() {
    let world = World::new();
    let encrypted = answer(&world, &ask(&world, 7));
    assert_eq!(verdict(&world, ask(&world, 7), &encrypted.body), "accepted");
    let presentation = world.present(&ask(&world, 7), &world.credential(|_| {}), &employee_paths());
    let plain = form(&ask(&world, 7), &json!({ "employee": [presentation] }));
    assert_eq!(verdict(&world, ask(&world, 7), plain.as_bytes()), "INRO-VP-083");
    // Both at once are no better.
    let both = format!("{plain}&{}", std::str::from_utf8(&encrypted.body).unwrap());
    assert_eq!(verdict(&world, ask(&world, 7), both.as_bytes()), "INRO-VP-083");

    let clear = world.ask(employee_query());
    let answered = answer(&world, &clear);
    assert_eq!(verdict(&world, world.ask(employee_query()), &answered.body), "accepted");
    assert_eq!(verdict(&world, world.ask(employee_query()), &encrypted.body), "INRO-VP-084");
}

#[test]
fn a_refusal_is_encrypted_and_one_in_the_clear_is_taken() {
    let world = World::new();
    let reviewing = world.review(request(&world, &ask(&world, 7)), &world.credential(|_| {})).0;
    let refusal = reviewing.refuse(&mut Counting(3), &RustCrypto).1;
    assert!(refusal.body.starts_with(b"response="));
    assert_eq!(verdict(&world, ask(&world, 7), &refusal.body), "INRO-VP-047");
    // A wallet that cannot encrypt may say so in the clear. Source: OpenID4VP 1.0 §8.3.1.
    let state = Sent::of(&ask(&world, 7)).state;
    let plain = form::encode(&[("error", "invalid_request"), ("state", &state)]);
    assert_eq!(verdict(&world, ask(&world, 7), plain.as_bytes()), "INRO-VP-089");
    let foreign = form::encode(&[("error", "invalid_request"), ("state", "x")]);
    assert_eq!(verdict(&world, ask(&world, 7), foreign.as_bytes()), "INRO-VP-041");
}

/// The verdict of the wallet on an encrypted request whose metadata `alter` changed.
fn with_metadata(alter: impl FnOnce(&mut Value)) -> &'static str {
    let world = World::new();
    let awaiting = ask(&world, 7);
    let mut payload = payload(&awaiting);
    assert_eq!(code(world.judge(&awaiting.link(), &world.sign_request(&payload))), "accepted");
    alter(&mut payload["client_metadata"]);
    code(world.judge(&awaiting.link(), &world.sign_request(&payload)))
}

#[test]
fn a_wallet_refuses_a_request_without_a_usable_key() {
    let with_key = |name: &'static str, value: Value| {
        with_metadata(move |metadata| metadata["jwks"]["keys"][0][name] = value)
    };
    assert_eq!(with_key("use", json!("sig")), "INRO-VP-061");
    assert_eq!(with_key("alg", json!("ECDH-ES+A128KW")), "INRO-VP-061");
    assert_eq!(with_key("crv", json!("P-384")), "INRO-VP-061");
    assert_eq!(with_key("d", json!("AA")), "INRO-VP-061");
    for name in ["alg", "kid", "x"] {
        let without = with_metadata(|metadata| {
            metadata["jwks"]["keys"][0].as_object_mut().unwrap().remove(name);
        });
        assert_eq!(without, "INRO-VP-061", "{name}");
    }
    let two_of_one_name = with_metadata(|metadata| {
        let keys = metadata["jwks"]["keys"].as_array_mut().unwrap();
        keys.push(keys[0].clone());
    });
    assert_eq!(two_of_one_name, "INRO-VP-061");
    assert_eq!(with_metadata(|metadata| metadata["jwks"] = json!({})), "INRO-VP-061");
}

#[test]
fn a_wallet_passes_over_keys_that_are_not_for_it() {
    let accepted = with_metadata(|metadata| {
        let keys = metadata["jwks"]["keys"].as_array_mut().unwrap();
        keys.insert(0, json!({ "kty": "OKP", "crv": "X25519", "kid": "a", "alg": "ECDH-ES", "x": "AA" }));
        keys.insert(0, json!({ "kty": "RSA", "kid": "b", "use": "sig" }));
    });
    assert_eq!(accepted, "accepted");
}

#[test]
fn a_wallet_reads_a_verifiers_keys_within_bounds() {
    let with_others = |count: usize| {
        with_metadata(move |metadata| {
            let other = |number| json!({ "kty": "RSA", "kid": format!("other-{number}"), "use": "sig" });
            metadata["jwks"]["keys"].as_array_mut().unwrap().extend((0..count).map(other));
        })
    };
    assert_eq!(with_others(15), "accepted");
    assert_eq!(with_others(16), "INRO-VP-061");
}

#[test]
fn a_wallet_chooses_among_the_offered_content_encryptions() {
    let world = World::new();
    let chosen = |enc_values: Option<Value>| {
        let awaiting = ask(&world, 7);
        let mut payload = payload(&awaiting);
        let metadata = payload["client_metadata"].as_object_mut().unwrap();
        match enc_values {
            Some(values) => metadata.insert("encrypted_response_enc_values_supported".into(), values),
            None => metadata.remove("encrypted_response_enc_values_supported"),
        };
        let request = world.judge(&awaiting.link(), &world.sign_request(&payload)).map_err(|r| r.error)?;
        let (reviewing, held) = world.review(request, &world.credential(|_| {}));
        let body = world.approve(reviewing, held)?.body;
        let header =
            Form::parse(&body).unwrap().value("response").unwrap().split('.').next().map(str::to_owned);
        let header = inro_base::base64url::decode(&header.unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        Ok::<_, inro_openid4vp::wallet::RequestError>(header["enc"].as_str().unwrap().to_owned())
    };
    assert_eq!(chosen(Some(json!(["A128GCM", "A256GCM"]))).unwrap(), "A256GCM");
    assert_eq!(chosen(Some(json!(["A128CBC-HS256", "A128GCM"]))).unwrap(), "A128GCM");
    // Source: OpenID4VP 1.0 §5.1: the default.
    assert_eq!(chosen(None).unwrap(), "A128GCM");
    assert_eq!(code(chosen(Some(json!(["A128CBC-HS256"])))), "INRO-VP-062");
    assert_eq!(code(chosen(Some(json!([])))), "INRO-VP-062");
    assert_eq!(code(chosen(Some(json!("A128GCM")))), "INRO-VP-062");
}
