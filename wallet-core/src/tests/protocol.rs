//! Encrypted answers, requests by `POST`, transactions, authorities and several credentials. Every
//! refusal first shows the unaltered message accepted.

use inro_base::base64url;
use inro_crypto::{Provider as _, RustCrypto};
use inro_jose::Jwk;
use inro_jose::jwe::{AgreementKey, ContentEncryption, DecryptionKey, UnverifiedJwe};
use inro_openid4vp::form::Form;
use inro_sd_jwt::plain::Unverified;
use inro_trust::UntrustedCertificate;
use serde_json::{Value, json};

use super::presenting::{Holder, Scene};
use super::verifier::{Request, Sealing};
use super::{NOW, code};
use crate::choice::Choice;
use crate::keys::{KeyPolicy, KeyRequest, KeyStore as _, Purpose};
use crate::ports::Store as _;
use crate::records::{CredentialId, Event, Localized, NewCopy, NewCredential, NewHistoryEntry, Outcome};
use crate::testing::{SeededRng, run};

fn key() -> DecryptionKey {
    DecryptionKey { key: AgreementKey::generate(&mut SeededRng::new(3)), kid: Some("one-request".into()) }
}

/// The response parameters that only the key's owner can read.
fn opened(body: &[u8], key: &DecryptionKey) -> Value {
    let form = Form::parse(body).unwrap();
    assert!(
        form.value("vp_token").is_none() && form.value("error").is_none() && form.value("state").is_none()
    );
    let jwe = UnverifiedJwe::parse(form.value("response").unwrap(), 100_000).unwrap();
    let plain = jwe.decrypt(key, &ContentEncryption::ALL, &RustCrypto).unwrap();
    serde_json::from_slice(&plain).unwrap()
}

/// The claims of the key binding in a plain response.
fn key_binding(body: &[u8]) -> Value {
    let token: Value = serde_json::from_str(Form::parse(body).unwrap().value("vp_token").unwrap()).unwrap();
    let presentation = token["one"][0].as_str().unwrap();
    let (_, binding) = presentation.rsplit_once('~').unwrap();
    serde_json::from_slice(&base64url::decode(binding.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[test]
fn an_answer_and_a_refusal_are_for_the_verifiers_eyes_alone() {
    let scene = Scene::new();
    let approved = scene.answer(scene.request().encrypted(&key()), Holder::Approves);
    assert_eq!(approved.code, "accepted");
    let parameters = opened(&approved.posted[0], &key());
    assert_eq!(parameters["state"], "a-state");
    let presentation = parameters["vp_token"]["one"][0].as_str().unwrap();
    assert!(Unverified::parse(presentation, &["dc+sd-jwt"]).is_ok());

    let scene = Scene::new();
    let refused = scene.answer(scene.request().encrypted(&key()), Holder::Refuses);
    assert_eq!(refused.code, "accepted");
    assert_eq!(opened(&refused.posted[0], &key()), json!({ "error": "access_denied", "state": "a-state" }));
}

#[test]
fn a_request_for_an_encrypted_answer_without_a_key_is_told_so() {
    let scene = Scene::new();
    assert_eq!(scene.answer(scene.request().encrypted(&key()), Holder::Approves).code, "accepted");
    let scene = Scene::new();
    let mut request = scene.request().encrypted(&key());
    request.payload["client_metadata"] = json!({});
    let ended = scene.answer(request, Holder::Approves);
    assert_eq!((ended.code, ended.posted.len()), ("INRO-VP-061", 1));
    assert_eq!(ended.posted[0], b"error=invalid_request&state=a-state");
    assert_eq!((scene.device.copies(), scene.device.keys()), (3, 3));
}

#[test]
fn a_request_by_post_has_to_repeat_the_wallets_nonce() {
    let scene = Scene::new();
    let request = scene.request();
    let link = request.link_to_post();
    assert_eq!(scene.answer_to(&link, request, Holder::Approves).code, "accepted");
    for other in [json!("another-nonce"), Value::Null] {
        let scene = Scene::new();
        let mut request = scene.request();
        request.payload["wallet_nonce"] = other;
        let ended = scene.answer_to(&link, request, Holder::Approves);
        assert_eq!((ended.code, ended.posted.len()), ("INRO-VP-060", 0));
        assert_eq!((scene.device.copies(), scene.device.keys()), (3, 3));
    }
}

#[test]
fn a_request_that_is_encrypted_to_the_key_of_its_fetch_is_answered() {
    let scene = Scene::new();
    let request = scene.request().sealed(Sealing::Fetched);
    let link = request.link_to_post();
    assert_eq!(scene.answer_to(&link, request.clone(), Holder::Approves).code, "accepted");
    // Somebody else's key, and a link that offers no way to tell one.
    let other = AgreementKey::generate(&mut SeededRng::new(9));
    let other = request.clone().sealed(Sealing::To(Jwk::new(*other.public_key())));
    let scene = Scene::new();
    let ended = scene.answer_to(&link, other.clone(), Holder::Approves);
    assert_eq!((ended.code, ended.posted.len()), ("INRO-JOSE-028", 0));
    let ended = scene.answer_to(&request.link(), other, Holder::Approves);
    assert_eq!((ended.code, ended.posted.len()), ("INRO-VP-071", 0));
    assert_eq!((scene.device.copies(), scene.device.keys()), (3, 3));
}

#[test]
fn a_transaction_is_shown_and_signed_over_as_it_was_received() {
    let scene = Scene::new();
    let request = scene.request().authorizing("Approve application 7.", &["one"]);
    let review = scene.review(request.clone());
    let texts: Vec<&str> = review.transactions.iter().map(|one| one.text.en.as_str()).collect();
    assert_eq!(texts, ["Approve application 7."]);
    let encoded = request.payload["transaction_data"][0].as_str().unwrap().to_owned();
    let ended = scene.answer(request, Holder::Approves);
    assert_eq!(ended.code, "accepted");
    let hash = base64url::encode(&RustCrypto.sha256(encoded.as_bytes()));
    assert_eq!(key_binding(&ended.posted[0])["transaction_data_hashes"], json!([hash]));

    let scene = Scene::new();
    assert!(scene.review(scene.request()).transactions.is_empty());
    let plain = scene.answer(scene.request(), Holder::Approves);
    assert!(key_binding(&plain.posted[0]).get("transaction_data_hashes").is_none());
}

#[test]
fn an_unknown_transaction_is_never_passed_over() {
    let scene = Scene::new();
    let known = scene.request().authorizing("Approve.", &["one"]);
    assert_eq!(scene.answer(known.clone(), Holder::Approves).code, "accepted");
    let scene = Scene::new();
    let mut unknown = scene.request();
    let object = json!({ "type": "urn:example:payment", "credential_ids": ["one"], "amount": 1024 });
    let encoded = base64url::encode(object.to_string().as_bytes());
    unknown.payload["transaction_data"] = json!([known.payload["transaction_data"][0], encoded]);
    let ended = scene.answer(unknown, Holder::Approves);
    assert_eq!((ended.code, ended.posted.len()), ("INRO-VP-026", 1));
    assert_eq!(ended.posted[0], b"error=invalid_transaction_data&state=a-state");
    assert_eq!((scene.device.copies(), scene.device.keys()), (3, 3));
}

/// The optional second query is of a type that the wallet lacks, or that it holds.
#[test]
fn a_transaction_that_needs_an_optional_credential_makes_it_needed() {
    let with = |request: Request, vct: Option<&str>| {
        let mut request = request.authorizing("Approve.", &["two"]);
        let query = &mut request.payload["dcql_query"];
        let mut second = query["credentials"][0].clone();
        second["id"] = "two".into();
        if let Some(vct) = vct {
            second["meta"]["vct_values"] = json!([vct]);
        }
        query["credentials"].as_array_mut().unwrap().push(second);
        query["credential_sets"] =
            json!([{ "options": [["one"]] }, { "options": [["two"]], "required": false }]);
        request
    };
    let scene = Scene::new();
    let review = scene.review(with(scene.request(), None));
    assert_eq!(Choice::least(&review), Choice::of(vec![Some(0), Some(0)]));
    assert_eq!(code(review.chosen(&Choice::of(vec![Some(0), None]))), "INRO-WALLET-061");
    assert_eq!(scene.answer(with(scene.request(), None), Holder::Approves).code, "accepted");
    assert_eq!(scene.device.copies(), 1);

    let scene = Scene::new();
    let lacking = with(scene.request(), Some("urn:other:1"));
    assert!(!scene.review(lacking.clone()).satisfiable);
    let ended = scene.answer(lacking, Holder::Approves);
    assert_eq!((ended.code, ended.posted.len()), ("INRO-WALLET-041", 0));
}

#[test]
fn presents_only_what_an_asked_authority_certified() {
    let scene = Scene::new();
    let record = run(scene.device.store.credentials()).unwrap().remove(0);
    let copy = run(scene.device.store.unspent_copies(&record.id, 1)).unwrap().remove(0);
    let chain = Unverified::parse(copy.text.expose(), &["dc+sd-jwt"]).unwrap().header().x5c().to_vec();
    let own = UntrustedCertificate::read(&chain[0]).unwrap();
    let own = base64url::encode(own.claimed_authority_key_id().unwrap());
    let asking = |id: &str| {
        let mut request = scene.request();
        request.payload["dcql_query"]["credentials"][0]["trusted_authorities"] =
            json!([{ "type": "aki", "values": [id] }]);
        request
    };
    assert!(scene.review(asking(&own)).satisfiable);
    assert!(!scene.review(asking("s9tIpPmhxdiuNkHMEWNpYim8S8Y")).satisfiable);
    let refused = scene.answer(asking("s9tIpPmhxdiuNkHMEWNpYim8S8Y"), Holder::Refuses);
    assert_eq!(refused.posted, [b"error=access_denied&state=a-state"]);
}

/// Puts a credential of the same type by another issuer into the wallet, with one copy.
fn add_another(scene: &Scene) {
    let mut record = run(scene.device.store.credentials()).unwrap().remove(0);
    let copy = run(scene.device.store.unspent_copies(&record.id, 1)).unwrap().remove(0);
    record.id = CredentialId("another".into());
    record.issuer = "https://another-issuer.example".into();
    let key = run(scene.device.keys.create(&KeyRequest::new(Purpose::Sign, KeyPolicy::QUIET))).unwrap().id;
    let entry = NewHistoryEntry {
        event: Event::Issued,
        at: NOW,
        counterpart: Localized::default(),
        registered: true,
        items: Vec::new(),
        outcome: Outcome::Done,
        receipt: None,
    };
    let another = NewCredential {
        record,
        copies: vec![NewCopy { text: copy.text, key, assurance: copy.assurance }],
        entry,
    };
    run(scene.device.store.put_credentials(&[another])).unwrap();
}

#[test]
fn a_holder_may_present_several_credentials_where_the_verifier_takes_several() {
    let scene = Scene::new();
    add_another(&scene);
    let with = |multiple: bool| {
        let mut request = scene.request();
        request.payload["dcql_query"]["credentials"][0]["multiple"] = multiple.into();
        request
    };
    let sizes = |request: Request| {
        let review = scene.review(request);
        assert_eq!(review.groups.len(), 1);
        review.groups[0].options.iter().map(|option| option.credentials.len()).collect::<Vec<_>>()
    };
    assert_eq!(sizes(with(false)), [1, 1]);
    // Fewer stand first: nobody shows two without having chosen to.
    assert_eq!(sizes(with(true)), [1, 1, 2]);
    let least = scene.review(with(true));
    assert_eq!(least.chosen(&Choice::least(&least)).unwrap().len(), 1);

    let ended = scene.answer(with(true), Holder::Chooses(2));
    assert_eq!(ended.code, "accepted");
    let form = Form::parse(&ended.posted[0]).unwrap();
    let token: Value = serde_json::from_str(form.value("vp_token").unwrap()).unwrap();
    assert_eq!(token["one"].as_array().unwrap().len(), 2);
    assert_eq!(scene.device.copies(), 2);
}
