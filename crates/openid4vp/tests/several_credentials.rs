//! Authorities, several credentials of one query, and answers to a part of a request, through the
//! states of both sides. Every refusal first shows the unaltered message accepted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod common;

use common::*;
use inro_credential::dcql::Candidate;
use inro_credential::{Format, HeldCredential};
use inro_crypto::{RustCrypto, Signer as _};
use inro_openid4vp::verifier::{AwaitingResponse, ResponseError, VerifiedPresentation};
use inro_openid4vp::wallet::{Chosen, RequestError, Reviewing};
use inro_trust::UntrustedCertificate;
use serde_json::{Value, json};

/// A wallet with the credentials `texts`, and its review of `query`.
fn review(world: &World, query: &Value, texts: &[&str]) -> (AwaitingResponse, Reviewing) {
    let awaiting = world.ask(query.clone());
    let request = world.judge(&awaiting.link(), &world.sign_request(&payload(&awaiting))).unwrap();
    let held: Vec<HeldCredential> = texts.iter().map(|text| hold(text)).collect();
    let ids: Vec<Vec<String>> = held.iter().map(HeldCredential::authority_key_ids).collect();
    let candidates: Vec<Candidate<'_>> = held
        .iter()
        .zip(&ids)
        .map(|(held, ids)| Candidate {
            format: held.format().as_str(),
            type_id: held.type_id(),
            claims: held.claims(),
            holder_binding: true,
            authority_key_ids: ids,
        })
        .collect();
    (awaiting, request.review(&candidates))
}

fn hold(text: &str) -> HeldCredential {
    HeldCredential::parse(Format::SdJwtVc, text, &RustCrypto).unwrap()
}

/// Presents `chosen`: pairs of a query's id and a credential.
fn answer(
    world: &World,
    query: &Value,
    texts: &[&str],
    chosen: &[(&str, &str)],
) -> Result<Result<VerifiedPresentation, ResponseError>, RequestError> {
    let (awaiting, reviewing) = review(world, query, texts);
    let chosen = chosen.iter().map(|(id, text)| {
        let paths = reviewing.matches().unwrap().query(id).unwrap().candidates[0].paths.clone();
        Chosen { credential: (*id).to_owned(), copy: hold(text), paths }
    });
    let chosen = chosen.collect();
    let signing = reviewing.approve(chosen, NOW, &RustCrypto)?;
    let sign = |input: &&[u8]| world.holder.sign_es256(input).unwrap();
    let signatures = signing.signing_inputs().iter().map(sign).collect();
    let body = signing.finish(signatures, &mut Counting(3), &RustCrypto)?.1.body;
    Ok(world.verdict(awaiting, std::str::from_utf8(&body).unwrap()))
}

fn key_id(party: &Party) -> String {
    let certificate = UntrustedCertificate::read(&party.der).unwrap();
    inro_base::base64url::encode(certificate.claimed_authority_key_id().unwrap())
}

fn of_authorities(authorities: Value) -> Value {
    let mut query = employee_query();
    query["credentials"][0]["trusted_authorities"] = authorities;
    query
}

#[test]
fn a_wallet_presents_only_what_an_asked_authority_certified() {
    let world = World::new();
    let credential = world.credential(|_| {});
    let matches = |authorities: Value| {
        review(&world, &of_authorities(authorities), &[&credential]).1.matches().is_some()
    };
    let own = key_id(&world.signer);
    let rival = key_id(&world.rival);
    assert_ne!(own, rival);
    assert!(matches(json!([{ "type": "aki", "values": [own] }])));
    assert!(matches(json!([{ "type": "aki", "values": [rival, own] }])));
    assert!(!matches(json!([{ "type": "aki", "values": [rival] }])));
    // Padded is another text, and nobody can compare a trusted list here.
    assert!(!matches(json!([{ "type": "aki", "values": [format!("{own}=")] }])));
    assert!(!matches(json!([{ "type": "etsi_tl", "values": ["https://lotl.example"] }])));
}

#[test]
fn a_verifier_refuses_a_credential_of_another_authority_than_asked_for() {
    let world = World::new();
    let credential = world.credential(|_| {});
    let verdict = |authorities: Value| {
        let awaiting = world.ask(of_authorities(authorities));
        let presentation = world.present(&awaiting, &credential, &employee_paths());
        let form = form(&awaiting, &json!({ "employee": [presentation] }));
        code(world.verdict(awaiting, &form))
    };
    let own = key_id(&world.signer);
    let rival = key_id(&world.rival);
    assert_eq!(verdict(json!([{ "type": "aki", "values": [own] }])), "accepted");
    assert_eq!(verdict(json!([{ "type": "aki", "values": [rival] }])), "INRO-VP-088");
    let either = json!([{ "type": "aki", "values": [rival] }, { "type": "aki", "values": [own] }]);
    assert_eq!(verdict(either), "accepted");
    // Whether a trusted list fits is not known here; the anchors have the last word either way.
    let list = json!({ "type": "etsi_tl", "values": ["https://lotl.example"] });
    assert_eq!(verdict(json!([{ "type": "aki", "values": [rival] }, list])), "accepted");
}

#[test]
fn several_credentials_answer_one_query_where_it_allows_several() {
    let world = World::new();
    let one = world.credential(|_| {});
    let other = world.credential(|issuance| {
        issuance.claims.insert("employee_number".into(), json!("E0002"));
    });
    let mut query = employee_query();
    query["credentials"][0]["multiple"] = json!(true);
    let both = [("employee", one.as_str()), ("employee", other.as_str())];
    let verified = answer(&world, &query, &[&one, &other], &both).unwrap().unwrap();
    let numbers: Vec<&Value> =
        verified.credentials().iter().map(|credential| &credential.claims()["employee_number"]).collect();
    assert_eq!(numbers, ["E0001", "E0002"]);
    assert!(answer(&world, &query, &[&one, &other], &both[..1]).unwrap().is_ok());

    query["credentials"][0]["multiple"] = json!(false);
    assert_eq!(code(answer(&world, &query, &[&one, &other], &both)), "INRO-VP-029");
    assert!(answer(&world, &query, &[&one, &other], &both[..1]).unwrap().is_ok());
    // A wallet of other hands sends both all the same.
    let awaiting = world.ask(query);
    let present = |text: &str| world.present(&awaiting, text, &employee_paths());
    let token = json!({ "employee": [present(&one), present(&other)] });
    let form = form(&awaiting, &token);
    assert_eq!(code(world.verdict(awaiting, &form)), "INRO-DCQL-021");
}

/// An employee credential, and an optional one of a role.
fn with_an_optional_role() -> Value {
    let mut query = employee_query();
    query["credentials"].as_array_mut().unwrap().push(json!({
        "id": "role", "format": "dc+sd-jwt", "meta": { "vct_values": [AUTHORITY] },
        "claims": [{ "path": ["powers", 0] }],
    }));
    query["credential_sets"] =
        json!([{ "options": [["employee"]] }, { "options": [["role"]], "required": false }]);
    query
}

#[test]
fn a_part_of_a_request_is_answered_where_the_rest_is_optional() {
    let world = World::new();
    let employee = world.credential(|_| {});
    let role = world.credential(|issuance| issuance.vct = AUTHORITY.into());
    let query = with_an_optional_role();
    let ids = |verified: VerifiedPresentation| {
        verified.credentials().iter().map(|one| one.query_id().to_owned()).collect::<Vec<_>>()
    };
    let both = [("employee", employee.as_str()), ("role", role.as_str())];
    let held = [employee.as_str(), role.as_str()];
    assert_eq!(ids(answer(&world, &query, &held, &both).unwrap().unwrap()), ["employee", "role"]);
    assert_eq!(ids(answer(&world, &query, &held, &both[..1]).unwrap().unwrap()), ["employee"]);
    assert_eq!(ids(answer(&world, &query, &held[..1], &both[..1]).unwrap().unwrap()), ["employee"]);
    // What is optional does not stand in for what is required.
    assert_eq!(code(answer(&world, &query, &held, &both[1..])), "INRO-VP-029");
    assert!(review(&world, &query, &held[1..]).1.matches().is_none());

    let required = {
        let mut query = with_an_optional_role();
        query.as_object_mut().unwrap().remove("credential_sets");
        query
    };
    assert!(answer(&world, &required, &held, &both).unwrap().is_ok());
    assert_eq!(code(answer(&world, &required, &held, &both[..1])), "INRO-VP-029");
    let awaiting = world.ask(required);
    let present = world.present(&awaiting, &employee, &employee_paths());
    let form = form(&awaiting, &json!({ "employee": [present] }));
    assert_eq!(code(world.verdict(awaiting, &form)), "INRO-DCQL-026");
}

#[test]
fn where_nothing_fits_the_wallet_can_only_refuse() {
    let world = World::new();
    let role = world.credential(|issuance| issuance.vct = AUTHORITY.into());
    let employee = world.credential(|_| {});
    assert!(review(&world, &employee_query(), &[&employee]).1.matches().is_some());
    let (_, reviewing) = review(&world, &employee_query(), &[&role]);
    assert!(reviewing.matches().is_none());
    let chosen = Chosen { credential: "employee".into(), copy: hold(&employee), paths: Vec::new() };
    assert_eq!(code(reviewing.approve(vec![chosen], NOW, &RustCrypto)), "INRO-VP-029");
}
