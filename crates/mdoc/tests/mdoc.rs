//! mdoc: what a verifier takes, and each way in which it must not be taken.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside the test functions"
)]

#[path = "mdoc/certified.rs"]
mod certified;
#[path = "mdoc/hostile.rs"]
mod hostile;
#[path = "mdoc/properties.rs"]
mod properties;
#[path = "mdoc/support.rs"]
mod support;

use inro_base::Coded as _;
use inro_crypto::{RustCrypto, Signer as _};
use inro_mdoc::{Expected, HeldMdoc, MdocError, UnverifiedIssuerSigned, Value, inro_type_id};
use inro_trust::{TrustedKey, Usage};
use serde_json::json;
use support::*;

#[test]
fn a_presentation_shows_what_was_chosen_and_nothing_else() {
    let held = held();
    assert_eq!(held.claims().len(), 2);
    let response = present(&held, &[(POWERS, "welfare.approve")], &transcript());
    let verified = verify(&response).unwrap();
    assert!(verified.key_bound());
    assert_eq!(json!(verified.claims()), json!({ POWERS: { "welfare.approve": true } }));
    assert_eq!(verified.doc_type(), DOC_TYPE);
    assert_eq!((verified.signed_at(), verified.valid_until()), (NOW.plus(-600), NOW.plus(86_400)));
    assert_eq!(*verified.holder_key(), device().public_key());
    let hidden = ["welfare.view", "M0001", "clearance"];
    let text = String::from_utf8_lossy(&response);
    assert!(hidden.iter().all(|word| !text.contains(word)), "what was kept is not in the bytes");
}

#[test]
fn a_presentation_without_data_elements_shows_the_type_alone() {
    let verified = verify(&present(&held(), &[], &transcript())).unwrap();
    assert!(verified.claims().is_empty());
}

#[test]
fn two_copies_share_neither_random_bytes_nor_digests() {
    let secrets = |seed: u64| {
        let mut copy = decode(&issue(issuance(), seed));
        let mut found = Vec::new();
        for namespace in [MAIN, POWERS] {
            for item in at(&mut copy, &["nameSpaces", namespace]).as_array_mut().unwrap() {
                inside(item, |item| found.push(at(item, &["random"]).clone()));
            }
        }
        let mut payload = decode(at(&mut copy, &["issuerAuth", "2"]).as_bytes().unwrap());
        inside(&mut payload, |mso| {
            for namespace in [MAIN, POWERS] {
                let digests = at(mso, &["valueDigests", namespace]).as_map().unwrap();
                found.extend(digests.iter().map(|(_, digest)| digest.clone()));
            }
        });
        found
    };
    let (one, two) = (secrets(1), secrets(2));
    // Four items, their digests, and two decoys in each of two name spaces.
    assert_eq!((one.len(), two.len()), (12, 12));
    assert!(one.iter().all(|secret| !two.contains(secret)));
}

#[test]
fn decoys_hide_how_many_data_elements_there_are() {
    let count = |decoys: usize| {
        let issuance = inro_mdoc::MdocIssuance { decoys_per_namespace: decoys, ..issuance() };
        issue(issuance, 1).len()
    };
    assert!(count(4) > count(0) + 2 * 4 * 32);
    let bytes = issue(inro_mdoc::MdocIssuance { decoys_per_namespace: 4, ..issuance() }, 1);
    assert!(HeldMdoc::receive(&bytes, &trusted(), NOW, &RustCrypto).is_ok());
}

#[test]
fn any_document_type_is_verified_when_its_issuer_may_issue_it() {
    assert_eq!(inro_type_id("inro.employee-id.1"), Some("employee-id"));
    assert_eq!(inro_type_id("org.iso.18013.5.1.mDL"), Some("org.iso.18013.5.1.mDL"));
    assert_eq!(inro_type_id("inro.x"), Some("inro.x"));
    assert_eq!(inro_type_id(""), None);
    let foreign = inro_mdoc::MdocIssuance { doc_type: "org.example.staff".into(), ..issuance() };
    let bytes = issue(foreign, 1);
    let check = |types: &[&str]| {
        let issuer = TrustedKey::pinned(issuer().public_key(), Usage::CredentialIssuer, types);
        let unverified = UnverifiedIssuerSigned::parse(&bytes).unwrap();
        unverified.verify(&issuer, &Expected::at(NOW), &RustCrypto).map(|mdoc| mdoc.doc_type().to_owned())
    };
    assert_eq!(check(&["org.example.staff"]).unwrap(), "org.example.staff");
    assert_eq!(check(&["role-authority"]).unwrap_err().code().as_str(), "INRO-TRUST-014");
}

#[test]
fn a_status_is_read_where_the_specification_puts_it() {
    let status = inro_mdoc::StatusReference { uri: "https://issuer.example/status-lists/1".into(), index: 7 };
    let bytes = issue(inro_mdoc::MdocIssuance { status: Some(status.clone()), ..issuance() }, 1);
    let held = HeldMdoc::receive(&bytes, &trusted(), NOW, &RustCrypto).unwrap();
    assert_eq!(held.status(), Some(&status));
    let verified = verify(&present(&held, &[], &transcript())).unwrap();
    assert_eq!(verified.status(), Some(&status));
    assert!(verified.has_status());
}

#[test]
fn a_path_that_names_nothing_is_refused() {
    let held = held();
    assert!(held.present(&paths(&[(MAIN, "clearance")])).is_ok());
    let refused = held.present(&paths(&[(MAIN, "clearance"), (MAIN, "grade")])).unwrap_err();
    assert_eq!(refused, MdocError::NotHeld { index: 1 });
    let deeper = inro_trust::ClaimPath::parse(&json!([MAIN, "clearance", 0])).unwrap();
    assert_eq!(held.present(&[deeper]).unwrap_err(), MdocError::NotHeld { index: 0 });
}

#[test]
fn nothing_is_issued_that_contradicts_itself() {
    let refused = |change: fn(&mut inro_mdoc::MdocIssuance)| {
        let mut issuance = issuance();
        change(&mut issuance);
        issuance.build(&mut Replay(1), &RustCrypto).unwrap_err()
    };
    assert!(issuance().build(&mut Replay(1), &RustCrypto).is_ok());
    assert_eq!(refused(|mdoc| mdoc.doc_type.clear()), MdocError::Unissuable);
    assert_eq!(refused(|mdoc| mdoc.valid_until = mdoc.valid_from), MdocError::Unissuable);
    assert_eq!(refused(|mdoc| mdoc.signed_at = mdoc.valid_from.plus(1)), MdocError::Unissuable);
    assert_eq!(refused(|mdoc| mdoc.namespaces[0].1.clear()), MdocError::Unissuable);
    let twice = |mdoc: &mut inro_mdoc::MdocIssuance| {
        let element = mdoc.namespaces[0].1[0].clone();
        mdoc.namespaces[0].1.push(element);
    };
    assert_eq!(refused(twice), MdocError::Unissuable);
    let many = |mdoc: &mut inro_mdoc::MdocIssuance| {
        mdoc.namespaces[0].1 = (0..600).map(|n| (format!("e{n}"), Value::Null)).collect();
    };
    assert!(matches!(refused(many), MdocError::TooMany { .. }));
}

#[test]
fn debug_texts_show_no_claims() {
    let issuance = issuance();
    let mut shown = format!("{issuance:?}");
    let unsigned = issuance.build(&mut Replay(1), &RustCrypto).unwrap();
    shown.push_str(&format!("{unsigned:?}"));
    let bytes = unsigned.sign_with(&issuer()).unwrap();
    shown.push_str(&format!("{:?}", UnverifiedIssuerSigned::parse(&bytes).unwrap()));
    shown.push_str(&format!("{:?}", held()));
    assert!(["M0001", "clearance", "welfare"].iter().all(|word| !shown.contains(word)), "{shown}");
}
