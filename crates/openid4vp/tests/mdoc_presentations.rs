//! An mdoc's device signature covers who asks, the nonce, where the answer goes and the key that it is
//! encrypted to. Every refusal first shows the unaltered message accepted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod common;

use common::*;
use inro_base::{Coded as _, base64url};
use inro_credential::dcql::Candidate;
use inro_credential::{ClaimPath, HeldCredential};
use inro_crypto::{RustCrypto, Signer as _};
use inro_jose::Jwk;
use inro_jose::jwe::{ContentEncryption, PartyInfo, Recipient, encrypt};
use inro_mdoc::{HeldMdoc, MdocIssuance, SessionTranscript, StatusReference, Value as Cbor};
use inro_openid4vp::form;
use inro_openid4vp::profile::ResponseMode;
use inro_openid4vp::verifier::AwaitingResponse;
use inro_openid4vp::wallet::Chosen;
use inro_trust::UntrustedCertificate;
use serde_json::{Value, json};

const DOC_TYPE: &str = "inro.employee-id.1";

fn query() -> Value {
    json!({ "credentials": [{
        "id": "employee", "format": "mso_mdoc", "meta": { "doctype_value": DOC_TYPE },
        "claims": [{ "path": [DOC_TYPE, "employee_number"], "intent_to_retain": false }],
    }]})
}

fn ask(world: &World, query: Value, mode: ResponseMode, seed: u64) -> AwaitingResponse {
    let mut question = world.question(world.client_id(), query);
    question.response_mode = mode;
    question.start(NOW, &mut Counting(seed)).unwrap()
}

fn credential(world: &World, status: Option<&str>) -> Vec<u8> {
    let elements = vec![("employee_number".to_owned(), Cbor::from("E0001"))];
    let issuance = MdocIssuance {
        doc_type: DOC_TYPE.into(),
        namespaces: vec![(DOC_TYPE.into(), elements)],
        decoys_per_namespace: 1,
        signed_at: NOW.plus(-600),
        valid_from: NOW.plus(-600),
        valid_until: NOW.plus(86_400),
        expected_update: None,
        holder_key: world.holder.public_key(),
        status: status.map(|uri| StatusReference { uri: uri.into(), index: 7 }),
        x5c: vec![world.signer.der.clone()],
    };
    issuance.build(&mut Counting(3), &RustCrypto).unwrap().sign_with(&world.signer.key).unwrap()
}

fn hold(world: &World, status: Option<&str>) -> HeldMdoc {
    HeldMdoc::parse(&credential(world, status), &RustCrypto).unwrap()
}

/// What our wallet posts.
fn answer(world: &World, awaiting: &AwaitingResponse) -> Option<Vec<u8>> {
    answer_with(world, awaiting, None)
}

/// As [`answer`], by an mdoc whose status stands at this address.
fn answer_with(world: &World, awaiting: &AwaitingResponse, status: Option<&str>) -> Option<Vec<u8>> {
    let request = world.judge(&awaiting.link(), &world.sign_request(&payload(awaiting))).unwrap();
    let held = HeldCredential::Mdoc(Box::new(hold(world, status)));
    let authority_key_ids = held.authority_key_ids();
    let candidate = Candidate {
        format: held.format().as_str(),
        type_id: held.type_id(),
        claims: held.claims(),
        holder_binding: true,
        authority_key_ids: &authority_key_ids,
    };
    let reviewing = request.review(&[candidate]);
    let paths = reviewing.matches()?.preferred()[0].candidate.paths.clone();
    let copy = HeldCredential::Mdoc(Box::new(hold(world, status)));
    let chosen = Chosen { credential: "employee".into(), copy, paths };
    let signing = reviewing.approve(vec![chosen], NOW, &RustCrypto).unwrap();
    let sign = |input: &&[u8]| world.holder.sign_es256(input).unwrap();
    let signatures = signing.signing_inputs().iter().map(sign).collect();
    Some(signing.finish(signatures, &mut Counting(5), &RustCrypto).unwrap().1.body)
}

fn verdict(world: &World, awaiting: AwaitingResponse, body: &[u8]) -> &'static str {
    code(world.verdict(awaiting, std::str::from_utf8(body).unwrap()))
}

#[test]
fn an_mdoc_answers_in_the_clear_and_encrypted() {
    let world = World::new();
    for mode in [ResponseMode::DirectPost, ResponseMode::DirectPostJwt] {
        let body = answer(&world, &ask(&world, query(), mode, 7)).unwrap();
        let awaiting = ask(&world, query(), mode, 7);
        let verified = world.verdict(awaiting, std::str::from_utf8(&body).unwrap()).unwrap();
        let claims = Value::Object(verified.credentials()[0].claims().clone());
        assert_eq!(claims, json!({ DOC_TYPE: { "employee_number": "E0001" } }));
    }
}

/// A wallet of other hands: signs for `thumbprint`, and encrypts to the key that was asked for.
fn signed_for(world: &World, awaiting: &AwaitingResponse, thumbprint: Option<[u8; 32]>) -> Vec<u8> {
    let payload = payload(awaiting);
    let text = |name: &str| payload[name].as_str().unwrap();
    let transcript = SessionTranscript::openid4vp(
        text("client_id"),
        text("nonce"),
        thumbprint.as_ref(),
        text("response_uri"),
        &RustCrypto,
    );
    let path = ClaimPath::parse(&json!([DOC_TYPE, "employee_number"])).unwrap();
    let presentation = hold(world, None).present(&[path]).unwrap().device_signature(&transcript);
    let presentation = base64url::encode(&presentation.sign_with(&world.holder).unwrap());
    let parameters = json!({ "vp_token": { "employee": [presentation] }, "state": text("state") });
    let key = Jwk::parse(&payload["client_metadata"]["jwks"]["keys"][0]).unwrap();
    let recipient = Recipient { jwk: &key, enc: ContentEncryption::A256Gcm };
    let plaintext = parameters.to_string();
    let jwe = encrypt(plaintext.as_bytes(), &recipient, PartyInfo::default(), &mut Counting(9), &RustCrypto);
    form::encode(&[("response", &jwe.unwrap())]).into_bytes()
}

#[test]
fn refuses_a_device_signature_for_another_key_or_for_none() {
    let world = World::new();
    let mine = || ask(&world, query(), ResponseMode::DirectPostJwt, 7);
    let other = ask(&world, query(), ResponseMode::DirectPostJwt, 8);
    let thumbprint = |awaiting: &AwaitingResponse| awaiting.encryption_thumbprint(&RustCrypto);
    let verdict_on = |thumbprint| verdict(&world, mine(), &signed_for(&world, &mine(), thumbprint));
    assert_eq!(verdict_on(thumbprint(&mine())), "accepted");
    assert_eq!(verdict_on(thumbprint(&other)), "INRO-MDOC-018");
    assert_eq!(verdict_on(None), "INRO-MDOC-018");
}

#[test]
fn an_mdoc_of_another_authority_is_neither_presented_nor_taken() {
    let world = World::new();
    let key_id = |party: &Party| {
        let certificate = UntrustedCertificate::read(&party.der).unwrap();
        base64url::encode(certificate.claimed_authority_key_id().unwrap())
    };
    let of = |party: &Party| {
        let mut query = query();
        query["credentials"][0]["trusted_authorities"] =
            json!([{ "type": "aki", "values": [key_id(party)] }]);
        ask(&world, query, ResponseMode::DirectPost, 7)
    };
    let body = answer(&world, &of(&world.signer)).unwrap();
    assert_eq!(verdict(&world, of(&world.signer), &body), "accepted");
    assert!(answer(&world, &of(&world.rival)).is_none());
    assert_eq!(verdict(&world, of(&world.rival), &body), "INRO-VP-088");
}

#[test]
fn the_status_of_an_mdoc_stands_at_an_address_that_can_be_fetched() {
    let world = World::new();
    let status = |uri: &str| {
        let awaiting = || ask(&world, query(), ResponseMode::DirectPost, 7);
        let body = answer_with(&world, &awaiting(), Some(uri)).unwrap();
        let verified = world.verdict(awaiting(), std::str::from_utf8(&body).unwrap()).unwrap();
        match verified.credentials()[0].status() {
            Ok(reference) => reference.map(|reference| reference.uri).unwrap_or_default(),
            Err(error) => error.code().as_str().to_owned(),
        }
    };
    let good = "https://issuer.example/status-lists/1";
    assert_eq!(status(good), good);
    for uri in ["", "status list 1", "issuer.example/1", "https://issuer.example/status lists/1", "https://"]
    {
        assert_eq!(status(uri), "INRO-STATUS-013", "{uri:?}");
    }
}
