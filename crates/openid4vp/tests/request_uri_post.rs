//! `request_uri_method=post`: the wallet's nonce and metadata. Every refusal first shows the unaltered
//! message accepted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod common;

use common::*;
use inro_base::base64url;
use inro_base::http::Method;
use inro_crypto::RustCrypto;
use inro_openid4vp::form::{self, Form};
use inro_openid4vp::profile::ResponseMode;
use inro_openid4vp::verifier::{AwaitingResponse, RequestFetch};
use inro_openid4vp::wallet::RequestLink;
use serde_json::{Map, Value, json};

fn ask(world: &World, mode: ResponseMode) -> AwaitingResponse {
    let mut question = world.question(world.client_id(), employee_query());
    question.response_mode = mode;
    question.start(NOW, &mut Counting(7)).unwrap()
}

/// The payload that the verifier lays out for a posted `form`.
fn laid_out(awaiting: &AwaitingResponse, form: &str) -> Map<String, Value> {
    let fetch = RequestFetch::by_post(form.as_bytes()).unwrap();
    let unsigned = awaiting.request_object_for(&fetch, &[vec![0]], None).unwrap();
    let text = String::from_utf8(unsigned.signing_input().to_vec()).unwrap();
    serde_json::from_slice(&base64url::decode(text.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[test]
fn posts_a_fresh_nonce_and_takes_the_request_that_repeats_it() {
    let world = World::new();
    let awaiting = ask(&world, ResponseMode::DirectPostJwt);
    let fetch = |seed| RequestLink::parse(&awaiting.link()).unwrap().fetch(&mut Counting(seed));
    let (waiting, posted) = fetch(1);
    assert_eq!(posted.method, Method::Post);
    let accept = ("accept", "application/oauth-authz-req+jwt".to_owned());
    assert!(posted.headers.contains(&accept));
    assert!(posted.headers.contains(&("content-type", form::CONTENT_TYPE.to_owned())));
    let nonce = |body: &[u8]| Form::parse(body).unwrap().value("wallet_nonce").unwrap().to_owned();
    assert!(nonce(&posted.body).len() >= 22);
    assert_ne!(nonce(&posted.body), nonce(&fetch(2).1.body));

    let payload = laid_out(&awaiting, std::str::from_utf8(&posted.body).unwrap());
    assert_eq!(payload["wallet_nonce"], nonce(&posted.body).as_str());
    let received = waiting.received(&delivered(&world.sign_request(&payload)), &RustCrypto).unwrap();
    assert!(received.verify(&world.holder_anchors, NOW, &RustCrypto).is_ok());
}

#[test]
fn a_wallet_refuses_a_request_with_another_wallet_nonce_or_none() {
    let world = World::new();
    let awaiting = ask(&world, ResponseMode::DirectPost);
    let judge = |alter: &dyn Fn(&mut Map<String, Value>)| {
        let (waiting, posted) = RequestLink::parse(&awaiting.link()).unwrap().fetch(&mut Counting(1));
        let mut payload = laid_out(&awaiting, std::str::from_utf8(&posted.body).unwrap());
        alter(&mut payload);
        let received = waiting.received(&delivered(&world.sign_request(&payload)), &RustCrypto).unwrap();
        received.verify(&world.holder_anchors, NOW, &RustCrypto)
    };
    assert_eq!(code(judge(&|_| {})), "accepted");
    for value in [json!("x".repeat(32)), json!(""), json!(1), Value::Null] {
        let refusal = judge(&|payload| {
            payload.insert("wallet_nonce".into(), value.clone());
        })
        .unwrap_err();
        assert_eq!((code(Err::<(), _>(refusal.error)), refusal.reply), ("INRO-VP-060", None));
    }
    let missing = judge(&|payload| {
        payload.remove("wallet_nonce");
    });
    assert_eq!(code(missing), "INRO-VP-060");
}

fn our_formats() -> Value {
    json!({
        "dc+sd-jwt": { "sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"] },
        "mso_mdoc": { "issuerauth_alg_values": [-7, -9], "deviceauth_alg_values": [-7, -9] },
    })
}

#[test]
fn a_verifier_says_which_formats_and_algorithms_it_takes() {
    let world = World::new();
    for mode in [ResponseMode::DirectPost, ResponseMode::DirectPostJwt] {
        let payload = laid_out(&ask(&world, mode), "wallet_nonce=n");
        assert_eq!(payload["client_metadata"]["vp_formats_supported"], our_formats());
    }
}

/// Every wallet of this kind says the same, but for the key of the fetch. Source: OpenID4VP 1.0 §15.7.
#[test]
fn posts_the_same_metadata_whoever_holds_the_wallet() {
    let world = World::new();
    let link = ask(&world, ResponseMode::DirectPost).link();
    let metadata = |seed| {
        let (_, posted) = RequestLink::parse(&link).unwrap().fetch(&mut Counting(seed));
        let text = Form::parse(&posted.body).unwrap().value("wallet_metadata").unwrap().to_owned();
        let mut metadata: Value = serde_json::from_str(&text).unwrap();
        let jwks = metadata.as_object_mut().unwrap().remove("jwks");
        assert_eq!(jwks.unwrap()["keys"].as_array().unwrap().len(), 1);
        metadata
    };
    assert_eq!(metadata(1), metadata(2));
    let expected = json!({
        "vp_formats_supported": our_formats(),
        "client_id_prefixes_supported": ["x509_hash", "x509_san_dns"],
        "response_types_supported": ["vp_token"],
        "response_modes_supported": ["direct_post", "direct_post.jwt"],
        "request_object_signing_alg_values_supported": ["ES256"],
        "request_object_encryption_alg_values_supported": ["ECDH-ES"],
        "request_object_encryption_enc_values_supported": ["A256GCM", "A128GCM"],
        "authorization_encryption_alg_values_supported": ["ECDH-ES"],
        "authorization_encryption_enc_values_supported": ["A256GCM", "A128GCM"],
    });
    assert_eq!(metadata(1), expected);
}

/// What is posted is what the verifier sees, so the old request of one wallet serves no other.
#[test]
fn a_wallet_refuses_a_request_that_was_made_for_another_wallet() {
    let world = World::new();
    let awaiting = ask(&world, ResponseMode::DirectPost);
    let fetch = |seed| RequestLink::parse(&awaiting.link()).unwrap().fetch(&mut Counting(seed));
    let (mine, posted) = fetch(1);
    let (other, _) = fetch(2);
    let payload = laid_out(&awaiting, std::str::from_utf8(&posted.body).unwrap());
    let object = delivered(&world.sign_request(&payload));
    let judge = |waiting: inro_openid4vp::wallet::AwaitingRequest| {
        code(waiting.received(&object, &RustCrypto).unwrap().verify(&world.holder_anchors, NOW, &RustCrypto))
    };
    assert_eq!(judge(mine), "accepted");
    assert_eq!(judge(other), "INRO-VP-060");
}

#[test]
fn a_link_without_the_method_is_fetched_by_get() {
    let world = World::new();
    let awaiting = ask(&world, ResponseMode::DirectPost);
    let link = by_get(&awaiting.link());
    let (_, fetched) = RequestLink::parse(&link).unwrap().fetch(&mut Counting(1));
    assert_eq!((fetched.method, fetched.body.len()), (Method::Get, 0));
    let link = format!("{link}&request_uri_method=get");
    let (_, fetched) = RequestLink::parse(&link).unwrap().fetch(&mut Counting(1));
    assert_eq!(fetched.method, Method::Get);
    assert_eq!(code(RequestLink::parse(&link.replace("=get", "=POST"))), "INRO-VP-013");
}

#[test]
fn a_verifier_reads_what_wallets_post_within_bounds() {
    let read = |parameters: &[(&str, &str)]| {
        code(RequestFetch::by_post(form::encode(parameters).as_bytes()).map(drop))
    };
    assert_eq!(read(&[("wallet_nonce", "n"), ("wallet_metadata", "{}"), ("unknown", "x")]), "accepted");
    assert_eq!(read(&[]), "accepted");
    assert_eq!(read(&[("wallet_nonce", "")]), "INRO-VP-080");
    assert_eq!(read(&[("wallet_nonce", &"n".repeat(513))]), "INRO-VP-080");
    assert_eq!(read(&[("wallet_metadata", "[]")]), "INRO-VP-081");
    assert_eq!(read(&[("wallet_metadata", "{\"a\":1,\"a\":1}")]), "INRO-VP-081");
    assert_eq!(read(&[("wallet_nonce", "n"), ("wallet_nonce", "n")]), "INRO-VP-003");
    assert_eq!(read(&[("unknown", &"x".repeat(70_000))]), "INRO-VP-001");
}

#[test]
fn a_verifier_tells_a_wallet_that_cannot_answer() {
    let world = World::new();
    let verdict = |mode: ResponseMode, metadata: &Value| {
        let form = form::encode(&[("wallet_metadata", &metadata.to_string())]);
        let fetch = RequestFetch::by_post(form.as_bytes()).unwrap();
        code(ask(&world, mode).request_object_for(&fetch, &[vec![0]], None).map(drop))
    };
    let encrypted = ResponseMode::DirectPostJwt;
    let good = json!({
        "vp_formats_supported": { "dc+sd-jwt": { "sd-jwt_alg_values": ["ES256", "ES384"] }, "x": {} },
        "client_id_prefixes_supported": ["x509_san_dns", "x509_hash"],
        "request_object_signing_alg_values_supported": ["ES256"],
        "authorization_encryption_alg_values_supported": ["ECDH-ES"],
        "authorization_encryption_enc_values_supported": ["A128GCM"],
        "unknown": { "a": 1 },
    });
    assert_eq!(verdict(encrypted, &good), "accepted");
    assert_eq!(verdict(encrypted, &json!({})), "accepted");
    for (name, value) in [
        ("vp_formats_supported", json!({ "mso_mdoc": {} })),
        ("vp_formats_supported", json!({ "dc+sd-jwt": { "sd-jwt_alg_values": ["ES384"] } })),
        ("client_id_prefixes_supported", json!(["pre-registered"])),
        ("request_object_signing_alg_values_supported", json!(["RS256"])),
        ("authorization_encryption_alg_values_supported", json!(["RSA-OAEP"])),
        ("authorization_encryption_enc_values_supported", json!(["A128CBC-HS256"])),
        ("authorization_encryption_enc_values_supported", json!("A128GCM")),
    ] {
        let mut altered = good.clone();
        altered[name] = value;
        assert_eq!(verdict(encrypted, &altered), "INRO-VP-082", "{name}");
        let needed_in_the_clear = !name.starts_with("authorization");
        let expected = if needed_in_the_clear { "INRO-VP-082" } else { "accepted" };
        assert_eq!(verdict(ResponseMode::DirectPost, &altered), expected, "{name}");
    }
}

#[test]
fn a_verifier_tells_a_wallet_whose_mdocs_are_signed_by_other_algorithms() {
    let world = World::new();
    let verdict = |formats: Value| {
        let metadata = json!({ "vp_formats_supported": { "mso_mdoc": formats } }).to_string();
        let form = form::encode(&[("wallet_metadata", &metadata)]);
        let fetch = RequestFetch::by_post(form.as_bytes()).unwrap();
        code(world.ask(mdoc_query()).request_object_for(&fetch, &[vec![0]], None).map(drop))
    };
    assert_eq!(verdict(json!({})), "accepted");
    for name in ["issuerauth_alg_values", "deviceauth_alg_values"] {
        for ours in [json!([-7]), json!([-9]), json!([-35, -9])] {
            assert_eq!(verdict(json!({ name: ours })), "accepted", "{name} {ours}");
        }
        for others in [json!([-35]), json!([]), json!(-7)] {
            assert_eq!(verdict(json!({ name: others })), "INRO-VP-082", "{name} {others}");
        }
    }
}

#[test]
fn a_verifier_asks_for_a_claim_once_and_a_wallet_answers_who_asks_twice() {
    let world = World::new();
    let mut query = employee_query();
    let start =
        |query: &Value| code(world.question(world.client_id(), query.clone()).start(NOW, &mut Counting(7)));
    assert_eq!(start(&query), "accepted");
    let awaiting = world.ask(query.clone());
    query["credentials"][0]["claims"][1] = query["credentials"][0]["claims"][0].clone();
    assert_eq!(start(&query), "INRO-DCQL-001");
    let mut payload = payload(&awaiting);
    payload.insert("dcql_query".into(), query);
    assert_eq!(code(world.judge(&awaiting.link(), &world.sign_request(&payload))), "accepted");
}
