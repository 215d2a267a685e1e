//! Transaction data: what a wallet refuses to show, and what a verifier refuses to believe. Every case
//! first shows the unaltered message accepted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod common;

use common::*;
use inro_base::base64url;
use inro_credential::ClaimPath;
use inro_crypto::{Provider as _, RustCrypto};
use inro_openid4vp::profile::ResponseMode;
use inro_openid4vp::transaction_data::{APPROVAL, Approval, TransactionData};
use inro_openid4vp::verifier::AwaitingResponse;
use inro_sd_jwt::HeldSdJwt;
use serde_json::{Map, Value, json};

fn text() -> Approval {
    Approval { en: "Approve payment 1024.".into(), ja: "支払い1024を承認する。".into() }
}

fn transaction(ids: &[&str]) -> TransactionData {
    TransactionData::approval(text(), ids.iter().map(|&id| id.to_owned()).collect()).unwrap()
}

fn ask_with(world: &World, query: Value, transactions: Vec<TransactionData>) -> AwaitingResponse {
    let mut question = world.question(world.client_id(), query);
    question.response_mode = ResponseMode::DirectPost;
    question.transaction_data = transactions;
    question.start(NOW, &mut Counting(7)).unwrap()
}

fn ask(world: &World) -> AwaitingResponse {
    ask_with(world, employee_query(), vec![transaction(&["employee"])])
}

#[test]
fn a_holder_approves_and_the_verifier_learns_what() {
    let world = World::new();
    let request = world.judge(&ask(&world).link(), &world.sign_request(&payload(&ask(&world)))).unwrap();
    assert_eq!(*request.transaction_data()[0].text(), text());
    let (reviewing, held) = world.review(request, &world.credential(|_| {}));
    let body = world.approve(reviewing, held).unwrap().body;
    let verified = world.verdict(ask(&world), std::str::from_utf8(&body).unwrap()).unwrap();
    let authorized = &verified.authorized()[0];
    assert_eq!((authorized.query_id.as_str(), authorized.transaction.text()), ("employee", &text()));
}

/// What the holder's wallet would sign, with the key binding's claims altered.
fn signed(world: &World, awaiting: &AwaitingResponse, alter: impl FnOnce(&mut Map<String, Value>)) -> String {
    form(awaiting, &json!({ "employee": [presented(world, awaiting, alter)] }))
}

/// One presentation of it.
fn presented(
    world: &World,
    awaiting: &AwaitingResponse,
    alter: impl FnOnce(&mut Map<String, Value>),
) -> String {
    let sent = Sent::of(awaiting);
    let encoded = payload(awaiting)["transaction_data"][0].as_str().unwrap().to_owned();
    let hash = base64url::encode(&RustCrypto.sha256(encoded.as_bytes()));
    let mut claims = Map::from_iter([("transaction_data_hashes".to_owned(), json!([hash]))]);
    alter(&mut claims);
    let paths: Vec<ClaimPath> = employee_paths().iter().map(|path| ClaimPath::parse(path).unwrap()).collect();
    let held = HeldSdJwt::parse(&world.credential(|_| {}), &RustCrypto).unwrap();
    let presentation = held.present(&paths).unwrap();
    let binding = presentation.key_binding_with(&sent.client_id, &sent.nonce, claims, NOW, &RustCrypto);
    binding.sign_with(&world.holder).unwrap()
}

#[test]
fn refuses_an_altered_missing_or_foreign_hash() {
    let world = World::new();
    let verdict = |alter: &dyn Fn(&mut Map<String, Value>)| {
        let awaiting = ask(&world);
        let form = signed(&world, &awaiting, alter);
        code(world.verdict(awaiting, &form))
    };
    let hashes = |value: Value| {
        verdict(&move |claims| {
            claims.insert("transaction_data_hashes".into(), value.clone());
        })
    };
    assert_eq!(verdict(&|_| {}), "accepted");
    assert_eq!(verdict(&Map::clear), "INRO-VP-085");
    assert_eq!(hashes(json!([base64url::encode(&[7; 32])])), "INRO-VP-086");
    assert_eq!(hashes(json!([])), "INRO-VP-086");
    assert_eq!(hashes(json!("x")), "INRO-VP-086");

    let encoded = payload(&ask(&world))["transaction_data"][0].as_str().unwrap().to_owned();
    let decoded = base64url::decode(&encoded).unwrap();
    // Over the decoded object, and over another encoding of the same object.
    let over_decoded = base64url::encode(&RustCrypto.sha256(&decoded));
    assert_eq!(hashes(json!([over_decoded])), "INRO-VP-086");
    let object: Value = serde_json::from_slice(&decoded).unwrap();
    let pretty = base64url::encode(serde_json::to_string_pretty(&object).unwrap().as_bytes());
    assert_eq!(serde_json::from_slice::<Value>(&base64url::decode(&pretty).unwrap()).unwrap(), object);
    let over_re_encoding = base64url::encode(&RustCrypto.sha256(pretty.as_bytes()));
    assert_eq!(hashes(json!([over_re_encoding])), "INRO-VP-086");
    // The right one, and one more; the right one twice.
    let good = base64url::encode(&RustCrypto.sha256(encoded.as_bytes()));
    assert_eq!(hashes(json!([good])), "accepted");
    assert_eq!(hashes(json!([good, over_decoded])), "INRO-VP-086");
    assert_eq!(hashes(json!([good, good])), "INRO-VP-086");
}

#[test]
fn refuses_the_hash_of_a_transaction_in_a_credential_that_was_not_named_for_it() {
    let world = World::new();
    let verdict = |named: &[&str], signing: &str| {
        let mut query = employee_query();
        let mut second = query["credentials"][0].clone();
        second["id"] = json!("second");
        query["credentials"].as_array_mut().unwrap().push(second);
        let ask = || ask_with(&world, query.clone(), vec![transaction(named)]);
        let with = |id: &str| {
            let alter = |claims: &mut Map<String, Value>| {
                if id != signing {
                    claims.clear();
                }
            };
            presented(&world, &ask(), alter)
        };
        let tokens = json!({ "employee": [with("employee")], "second": [with("second")] });
        code(world.verdict(ask(), &form(&ask(), &tokens)))
    };
    assert_eq!(verdict(&["employee"], "employee"), "accepted");
    assert_eq!(verdict(&["employee", "second"], "second"), "accepted");
    assert_eq!(verdict(&["employee"], "second"), "INRO-VP-086");
}

#[test]
fn refuses_another_hash_algorithm_and_wants_it_named_where_the_request_names_it() {
    let world = World::new();
    let verdict = |awaiting: AwaitingResponse, algorithm: Option<&str>| {
        let form = signed(&world, &awaiting, |claims| {
            claims.extend(algorithm.map(|name| ("transaction_data_hashes_alg".to_owned(), name.into())));
        });
        code(world.verdict(awaiting, &form))
    };
    assert_eq!(verdict(ask(&world), None), "accepted");
    assert_eq!(verdict(ask(&world), Some("sha-256")), "accepted");
    assert_eq!(verdict(ask(&world), Some("sha-512")), "INRO-VP-087");
    let naming = || {
        let object = json!({
            "type": APPROVAL, "credential_ids": ["employee"], "text": { "en": "a", "ja": "い" },
            "transaction_data_hashes_alg": ["sha-512", "sha-256"],
        });
        let encoded = base64url::encode(object.to_string().as_bytes());
        ask_with(&world, employee_query(), vec![TransactionData::parse(&encoded).unwrap()])
    };
    assert_eq!(verdict(naming(), Some("sha-256")), "accepted");
    assert_eq!(verdict(naming(), None), "INRO-VP-087");
    // Our wallet names it.
    let request = world.judge(&naming().link(), &world.sign_request(&payload(&naming()))).unwrap();
    let (reviewing, held) = world.review(request, &world.credential(|_| {}));
    let body = world.approve(reviewing, held).unwrap().body;
    assert_eq!(code(world.verdict(naming(), std::str::from_utf8(&body).unwrap())), "accepted");
}

/// The wallet's verdict on a request with this transaction data.
fn judged(world: &World, query: Value, data: Value) -> (&'static str, Option<Vec<u8>>) {
    let awaiting = world.ask(query);
    let mut payload = payload_with(&awaiting, Some(&world.registration(|_| {})));
    payload.insert("transaction_data".into(), data);
    match world.judge(&awaiting.link(), &world.sign_request(&payload)) {
        Ok(_) => ("accepted", None),
        Err(refusal) => (code(Err::<(), _>(refusal.error)), refusal.reply.map(|reply| reply.body)),
    }
}

#[test]
fn a_wallet_refuses_unknown_and_malformed_transaction_data_and_says_so() {
    let world = World::new();
    let good =
        || json!({ "type": APPROVAL, "credential_ids": ["employee"], "text": { "en": "a", "ja": "い" } });
    let encoded = |object: &Value| json!(base64url::encode(object.to_string().as_bytes()));
    assert_eq!(judged(&world, employee_query(), json!([encoded(&good())])).0, "accepted");
    let state = Sent::of(&world.ask(employee_query())).state;
    let wire = format!("error=invalid_transaction_data&state={state}").into_bytes();
    let refused = |data: Value, expected: &str| {
        assert_eq!(judged(&world, employee_query(), data), (expected, Some(wire.clone())));
    };
    let hidden = "Approve\u{202e}";
    let long = "a".repeat(1001);
    for (name, value, expected) in [
        ("type", json!("urn:example:payment"), "INRO-VP-026"),
        ("type", json!("approval"), "INRO-VP-026"),
        ("type", json!(1), "INRO-VP-066"),
        ("amount", json!(1), "INRO-VP-066"),
        ("credential_ids", json!([]), "INRO-VP-066"),
        ("credential_ids", json!("employee"), "INRO-VP-066"),
        ("credential_ids", json!(["employee", "employee"]), "INRO-VP-066"),
        ("credential_ids", json!(["other"]), "INRO-VP-067"),
        ("credential_ids", json!(["employee", "other"]), "INRO-VP-067"),
        ("text", json!("a"), "INRO-VP-066"),
        ("text", json!({ "en": "a" }), "INRO-VP-066"),
        ("text", json!({ "en": "a", "ja": "い", "fr": "c" }), "INRO-VP-066"),
        ("text", json!({ "en": " ", "ja": "い" }), "INRO-VP-066"),
        ("text", json!({ "en": hidden, "ja": "い" }), "INRO-VP-066"),
        ("text", json!({ "en": "a\u{2028}b", "ja": "い" }), "INRO-VP-066"),
        ("text", json!({ "en": "a", "ja": "い\u{3164}" }), "INRO-VP-066"),
        ("text", json!({ "en": "a\nb", "ja": "い" }), "INRO-VP-066"),
        ("text", json!({ "en": long, "ja": "い" }), "INRO-VP-066"),
        ("transaction_data_hashes_alg", json!(["sha-512"]), "INRO-VP-068"),
        ("transaction_data_hashes_alg", json!([]), "INRO-VP-066"),
    ] {
        let mut altered = good();
        altered[name] = value;
        refused(json!([encoded(&altered)]), expected);
        // One bad object spoils the request.
        refused(json!([encoded(&good()), encoded(&altered)]), expected);
    }
    for name in ["type", "credential_ids", "text"] {
        let mut altered = good();
        altered.as_object_mut().unwrap().remove(name);
        refused(json!([encoded(&altered)]), "INRO-VP-066");
    }
    for data in [
        json!([]),
        json!({}),
        json!("x"),
        json!([good()]),
        json!(["not base64url!"]),
        json!([good().to_string()]),
        json!([base64url::encode(b"[]")]),
        json!([base64url::encode(b"{\"type\":\"a\",\"type\":\"b\"}")]),
        json!(vec![encoded(&good()); 5]),
    ] {
        refused(data, "INRO-VP-065");
    }
}

#[test]
fn both_sides_refuse_transaction_data_for_what_cannot_carry_it() {
    let world = World::new();
    let unbound = |unbound: bool| {
        let mut query = employee_query();
        query["credentials"][0]["require_cryptographic_holder_binding"] = json!(!unbound);
        query
    };
    let mdoc = || {
        json!({ "credentials": [employee_query()["credentials"][0], {
            "id": "mdl", "format": "mso_mdoc", "meta": { "doctype_value": "org.iso.18013.5.1.mDL" },
        }]})
    };
    let data = |ids: &[&str]| json!([transaction(ids).encoded()]);
    assert_eq!(judged(&world, unbound(false), data(&["employee"])).0, "accepted");
    assert_eq!(judged(&world, unbound(true), data(&["employee"])).0, "INRO-VP-069");
    assert_eq!(judged(&world, mdoc(), data(&["employee"])).0, "accepted");
    assert_eq!(judged(&world, mdoc(), data(&["mdl"])).0, "INRO-VP-070");
    assert_eq!(judged(&world, mdoc(), data(&["employee", "mdl"])).0, "INRO-VP-070");

    let start = |query: Value, ids: &[&str]| {
        let mut question = world.question(world.client_id(), query);
        question.transaction_data = vec![transaction(ids)];
        code(question.start(NOW, &mut Counting(7)).map(drop))
    };
    assert_eq!(start(unbound(false), &["employee"]), "accepted");
    assert_eq!(start(unbound(true), &["employee"]), "INRO-VP-069");
    assert_eq!(start(mdoc(), &["employee"]), "accepted");
    assert_eq!(start(mdoc(), &["mdl"]), "INRO-VP-070");
    assert_eq!(start(employee_query(), &["other"]), "INRO-VP-067");
}

#[test]
fn one_of_the_named_credentials_authorizes_and_an_answer_without_any_is_not_sent() {
    let world = World::new();
    let mut query = employee_query();
    let mut second = query["credentials"][0].clone();
    second["id"] = json!("second");
    query["credentials"].as_array_mut().unwrap().push(second);
    query["credential_sets"] = json!([
        { "options": [["employee"]] }, { "options": [["second"]], "required": false },
    ]);
    let answer = |transactions: Vec<TransactionData>, ids: &[&str]| {
        let awaiting = || ask_with(&world, query.clone(), transactions.clone());
        let request = world.judge(&awaiting().link(), &world.sign_request(&payload(&awaiting()))).unwrap();
        let credential = world.credential(|_| {});
        let (reviewing, _) = world.review(request, &credential);
        let chosen = ids.iter().map(|id| choose(&credential, id)).collect();
        let signing = reviewing.approve(chosen, NOW, &RustCrypto)?;
        let sign = |input: &&[u8]| inro_crypto::Signer::sign_es256(&world.holder, input).unwrap();
        let signatures = signing.signing_inputs().iter().map(sign).collect();
        let body = signing.finish(signatures, &mut Counting(2), &RustCrypto)?.1.body;
        let verified = world.verdict(awaiting(), std::str::from_utf8(&body).unwrap()).unwrap();
        let by: Vec<String> = verified.authorized().iter().map(|one| one.query_id.clone()).collect();
        Ok::<_, inro_openid4vp::wallet::RequestError>(by)
    };
    let either = vec![transaction(&["second", "employee"])];
    assert_eq!(answer(either.clone(), &["employee", "second"]).unwrap(), ["second"]);
    assert_eq!(answer(either, &["employee"]).unwrap(), ["employee"]);
    let each = vec![transaction(&["employee"]), transaction(&["second"])];
    assert_eq!(answer(each.clone(), &["employee", "second"]).unwrap(), ["employee", "second"]);
    assert_eq!(code(answer(each, &["employee"])), "INRO-VP-064");
}

fn choose(credential: &str, id: &str) -> inro_openid4vp::wallet::Chosen {
    inro_openid4vp::wallet::Chosen {
        credential: id.to_owned(),
        copy: inro_credential::HeldCredential::SdJwt(HeldSdJwt::parse(credential, &RustCrypto).unwrap()),
        paths: employee_paths().iter().map(|path| ClaimPath::parse(path).unwrap()).collect(),
    }
}

#[test]
fn nothing_is_authorized_where_nothing_was_asked() {
    let world = World::new();
    let plain = world.ask(employee_query());
    let claims = json!({ "transaction_data_hashes": [base64url::encode(&[1; 32])] });
    let sent = Sent::of(&plain);
    let held = HeldSdJwt::parse(&world.credential(|_| {}), &RustCrypto).unwrap();
    let paths: Vec<ClaimPath> = employee_paths().iter().map(|path| ClaimPath::parse(path).unwrap()).collect();
    let binding = held.present(&paths).unwrap().key_binding_with(
        &sent.client_id,
        &sent.nonce,
        claims.as_object().unwrap().clone(),
        NOW,
        &RustCrypto,
    );
    let presentation = binding.sign_with(&world.holder).unwrap();
    let form = form(&plain, &json!({ "employee": [presentation] }));
    assert!(world.verdict(plain, &form).unwrap().authorized().is_empty());
}
