//! Certificate paths: what is trusted, and each reason for which it is not.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside the test functions")]

mod common;

use common::{NOW, Party, Plan};
use inro_base::{Coded as _, UnixTime};
use inro_crypto::{RustCrypto, Signer as _};
use inro_trust::{
    Anchors, MAX_CHAIN, TrustError, TrustedKey, UntrustedCertificate, Usage, certificates_from_pem,
};
use rcgen::KeyUsagePurpose;

const ISSUER: Usage = Usage::CredentialIssuer;

fn anchors(authority: &Party, usages: &[Usage]) -> Anchors {
    let mut anchors = Anchors::new();
    anchors.add_pem(&authority.pem, usages).unwrap();
    anchors
}

fn house() -> (Party, Anchors) {
    let authority = Plan::authority("Minato City CA").root();
    let anchors = anchors(&authority, &[ISSUER, Usage::Registrar]);
    (authority, anchors)
}

fn trust(anchors: &Anchors, chain: &[&Party], usage: Usage) -> Result<TrustedKey, TrustError> {
    let x5c: Vec<Vec<u8>> = chain.iter().map(|party| party.der.clone()).collect();
    anchors.trust(&x5c, usage, NOW, &RustCrypto)
}

fn code(result: Result<TrustedKey, TrustError>) -> &'static str {
    result.unwrap_err().code().as_str()
}

#[test]
fn trusts_a_leaf_of_a_listed_authority_and_tells_what_its_certificate_says() {
    let (authority, anchors) = house();
    let leaf = Plan::leaf("Minato City", ISSUER).signed_by(&authority);
    let key = trust(&anchors, &[&leaf], ISSUER).unwrap();
    assert_eq!(key.public_key(), &leaf.key.public_key());
    assert_eq!(key.usage(), ISSUER);
    assert_eq!((key.subject(), key.authority()), ("Minato City", "Minato City CA"));
    assert_eq!(key.dns_names(), ["verifier.example"]);
    assert_eq!(key.types(), ["employee-id"]);
    assert_eq!(key.leaf_der(), Some(leaf.der.as_slice()));
    assert_eq!(key.leaf_sha256(), Some(&inro_crypto::Provider::sha256(&RustCrypto, &leaf.der)));
}

#[test]
fn trusts_through_intermediates_whatever_their_order() {
    let (authority, anchors) = house();
    let upper = Plan::authority("Upper").signed_by(&authority);
    let lower = Plan { usages: vec![ISSUER], ..Plan::authority("Lower") }.signed_by(&upper);
    let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&lower);
    assert!(trust(&anchors, &[&leaf, &lower, &upper], ISSUER).is_ok());
    assert!(trust(&anchors, &[&leaf, &upper, &lower], ISSUER).is_ok());
}

/// Source: RFC 5280 §4.2: what is not critical and not known is left aside. A name made from a UUID
/// has an arc of 128 bits.
#[test]
fn leaves_unknown_extensions_aside_however_long_their_names() {
    let (authority, anchors) = house();
    let unknown = vec![vec![1, 3, 6, 1, 4, 1, 99_999], vec![2, 25, u64::MAX, 9]];
    let leaf = Plan { unknown, ..Plan::leaf("Minato City", ISSUER) }.signed_by(&authority);
    assert_eq!(trust(&anchors, &[&leaf], ISSUER).unwrap().types(), ["employee-id"]);
}

#[test]
fn refuses_a_broken_chain() {
    let (authority, anchors) = house();
    let middle = Plan::authority("Middle").signed_by(&authority);
    let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&middle);
    assert!(trust(&anchors, &[&leaf, &middle], ISSUER).is_ok());
    // The link between leaf and anchor is left out.
    assert_eq!(code(trust(&anchors, &[&leaf], ISSUER)), "INRO-TRUST-005");
    // An authority of the same name with another key takes its place.
    let impostor = Plan::authority("Middle").signed_by(&authority);
    assert_eq!(code(trust(&anchors, &[&leaf, &impostor], ISSUER)), "INRO-TRUST-011");
}

#[test]
fn refuses_a_leaf_with_any_byte_altered() {
    let (authority, anchors) = house();
    let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&authority);
    assert!(trust(&anchors, &[&leaf], ISSUER).is_ok());
    for at in 0..leaf.der.len() {
        let mut der = leaf.der.clone();
        der[at] ^= 1;
        let result = anchors.trust(&[der], ISSUER, NOW, &RustCrypto);
        assert!(result.is_err(), "byte {at}");
    }
}

#[test]
fn refuses_an_expired_certificate() {
    let (authority, anchors) = house();
    assert!(trust(&anchors, &[&Plan::leaf("Leaf", ISSUER).signed_by(&authority)], ISSUER).is_ok());
    let leaf = Plan { years: (2024, 2025), ..Plan::leaf("Leaf", ISSUER) }.signed_by(&authority);
    assert_eq!(code(trust(&anchors, &[&leaf], ISSUER)), "INRO-TRUST-008");
}

#[test]
fn refuses_a_certificate_that_is_not_valid_yet() {
    let (authority, anchors) = house();
    assert!(trust(&anchors, &[&Plan::leaf("Leaf", ISSUER).signed_by(&authority)], ISSUER).is_ok());
    let leaf = Plan { years: (2027, 2028), ..Plan::leaf("Leaf", ISSUER) }.signed_by(&authority);
    assert_eq!(code(trust(&anchors, &[&leaf], ISSUER)), "INRO-TRUST-009");
}

#[test]
fn refuses_an_anchor_that_has_expired_or_is_not_valid_yet() {
    for (years, expected) in [((2020, 2025), "INRO-TRUST-008"), ((2030, 2036), "INRO-TRUST-009")] {
        let good = Plan::authority("CA").root();
        let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&good);
        assert!(trust(&anchors(&good, &[ISSUER]), &[&leaf], ISSUER).is_ok());
        let spoilt = Plan { years, ..Plan::authority("CA") }.root();
        let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&spoilt);
        assert_eq!(code(trust(&anchors(&spoilt, &[ISSUER]), &[&leaf], ISSUER)), expected);
    }
}

#[test]
fn refuses_a_leaf_of_another_usage() {
    let (authority, anchors) = house();
    let leaf = Plan::leaf("Leaf", Usage::Registrar).signed_by(&authority);
    assert!(trust(&anchors, &[&leaf], Usage::Registrar).is_ok());
    assert_eq!(code(trust(&anchors, &[&leaf], ISSUER)), "INRO-TRUST-007");
    // A leaf that names no usage at all is for none of ours.
    let silent = Plan { usages: vec![], ..Plan::leaf("Leaf", ISSUER) }.signed_by(&authority);
    assert_eq!(code(trust(&anchors, &[&silent], ISSUER)), "INRO-TRUST-007");
}

#[test]
fn refuses_an_intermediate_of_another_usage() {
    let (authority, anchors) = house();
    for (usages, accepted) in [(vec![], true), (vec![ISSUER], true), (vec![Usage::Verifier], false)] {
        let middle = Plan { usages, ..Plan::authority("Middle") }.signed_by(&authority);
        let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&middle);
        let result = trust(&anchors, &[&leaf, &middle], ISSUER);
        assert_eq!(
            result.as_ref().err().map(|error| error.code().as_str()),
            (!accepted).then_some("INRO-TRUST-007")
        );
    }
}

/// Source: RFC 5280 §6.1.4 (n).
#[test]
fn refuses_an_authority_whose_key_may_not_sign_certificates() {
    let (authority, anchors) = house();
    for (key_usages, accepted) in [
        (vec![], true),
        (vec![KeyUsagePurpose::KeyCertSign], true),
        (vec![KeyUsagePurpose::DigitalSignature], false),
        (vec![KeyUsagePurpose::CrlSign], false),
    ] {
        let expected = (!accepted).then_some("INRO-TRUST-010");
        let plan = || Plan { key_usages: key_usages.clone(), ..Plan::authority("Middle") };
        let middle = plan().signed_by(&authority);
        let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&middle);
        let result = trust(&anchors, &[&leaf, &middle], ISSUER);
        assert_eq!(result.err().map(|error| error.code().as_str()), expected);
        let result = Anchors::new().add_pem(&plan().root().pem, &[ISSUER]);
        assert_eq!(result.err().map(|error| error.code().as_str()), expected);
    }
}

#[test]
fn refuses_a_leaf_whose_key_may_not_sign_messages() {
    let (authority, anchors) = house();
    for (key_usages, accepted) in [
        (vec![], true),
        (vec![KeyUsagePurpose::DigitalSignature], true),
        (vec![KeyUsagePurpose::KeyAgreement], false),
    ] {
        let leaf = Plan { key_usages, ..Plan::leaf("Leaf", ISSUER) }.signed_by(&authority);
        let result = trust(&anchors, &[&leaf], ISSUER);
        let expected = (!accepted).then_some("INRO-TRUST-010");
        assert_eq!(result.err().map(|error| error.code().as_str()), expected);
    }
}

/// Source: RFC 5280 §4.2.1.9.
#[test]
fn refuses_more_authorities_than_the_anchor_or_one_of_them_allows() {
    for (anchor_allows, upper_allows, accepted) in [
        (None, None, true),
        (Some(2), Some(1), true),
        (Some(1), None, false),
        (Some(0), None, false),
        (None, Some(0), false),
    ] {
        let authority = Plan { path_length: anchor_allows, ..Plan::authority("CA") }.root();
        let upper = Plan { path_length: upper_allows, ..Plan::authority("Upper") }.signed_by(&authority);
        let lower = Plan::authority("Lower").signed_by(&upper);
        let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&lower);
        let result = trust(&anchors(&authority, &[ISSUER]), &[&leaf, &lower, &upper], ISSUER);
        let expected = (!accepted).then_some("INRO-TRUST-011");
        assert_eq!(result.err().map(|error| error.code().as_str()), expected);
    }
}

#[test]
fn refuses_a_leaf_that_names_more_types_than_an_authority_above_it() {
    for (anchor_names, middle_names, accepted) in [
        (None, None, true),
        (None, Some(vec!["role-authority", "employee-id"]), true),
        (Some(vec!["employee-id"]), None, true),
        (None, Some(vec!["role-authority"]), false),
        (Some(vec!["role-authority"]), None, false),
        (None, Some(vec![]), false),
    ] {
        let authority = Plan { types: anchor_names, ..Plan::authority("CA") }.root();
        let middle = Plan { types: middle_names, ..Plan::authority("Middle") }.signed_by(&authority);
        let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&middle);
        let result = trust(&anchors(&authority, &[ISSUER]), &[&leaf, &middle], ISSUER);
        let expected = (!accepted).then_some("INRO-TRUST-011");
        assert_eq!(result.err().map(|error| error.code().as_str()), expected);
    }
}

#[test]
fn refuses_an_anchor_that_lacks_the_usage() {
    let authority = Plan::authority("CA").root();
    let leaf = Plan::leaf("Leaf", Usage::Verifier).signed_by(&authority);
    assert!(trust(&anchors(&authority, &[Usage::Verifier]), &[&leaf], Usage::Verifier).is_ok());
    let result = trust(&anchors(&authority, &[ISSUER]), &[&leaf], Usage::Verifier);
    assert_eq!(code(result), "INRO-TRUST-006");
}

#[test]
fn adding_an_anchor_again_adds_usages() {
    let authority = Plan::authority("CA").root();
    let mut anchors = anchors(&authority, &[ISSUER]);
    anchors.add_pem(&authority.pem, &[Usage::Verifier]).unwrap();
    assert_eq!(anchors.len(), 1);
    for usage in [ISSUER, Usage::Verifier] {
        let leaf = Plan::leaf("Leaf", usage).signed_by(&authority);
        assert!(trust(&anchors, &[&leaf], usage).is_ok());
    }
}

#[test]
fn refuses_a_certificate_that_leads_to_nobody_on_the_list() {
    let (authority, anchors) = house();
    assert!(trust(&anchors, &[&Plan::leaf("Leaf", ISSUER).signed_by(&authority)], ISSUER).is_ok());
    let stranger = Plan::authority("Stranger CA").root();
    let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&stranger);
    assert_eq!(code(trust(&anchors, &[&leaf], ISSUER)), "INRO-TRUST-005");
    assert_eq!(code(trust(&anchors, &[&leaf, &stranger], ISSUER)), "INRO-TRUST-005");
    assert_eq!(code(trust(&Anchors::new(), &[&leaf], ISSUER)), "INRO-TRUST-005");
}

#[test]
fn refuses_an_authority_of_the_listed_name_with_another_key() {
    let (authority, anchors) = house();
    assert!(trust(&anchors, &[&Plan::leaf("Leaf", ISSUER).signed_by(&authority)], ISSUER).is_ok());
    let namesake = Plan::authority("Minato City CA").root();
    let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&namesake);
    assert_eq!(code(trust(&anchors, &[&leaf], ISSUER)), "INRO-TRUST-011");
}

#[test]
fn refuses_an_authority_used_as_leaf_and_a_leaf_used_as_authority() {
    let (authority, anchors) = house();
    let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&authority);
    assert!(trust(&anchors, &[&leaf], ISSUER).is_ok());
    let both = Plan { usages: vec![ISSUER], ..Plan::authority("Both") }.signed_by(&authority);
    assert_eq!(code(trust(&anchors, &[&both], ISSUER)), "INRO-TRUST-010");
    let beneath = Plan::leaf("Beneath", ISSUER).signed_by(&leaf);
    assert_eq!(code(trust(&anchors, &[&beneath, &leaf], ISSUER)), "INRO-TRUST-010");
    let error = Anchors::new().add_pem(&leaf.pem, &[ISSUER]).unwrap_err();
    assert_eq!(error.code().as_str(), "INRO-TRUST-010");
}

#[test]
fn allows_only_the_credential_types_that_the_certificate_names() {
    let (authority, anchors) = house();
    let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&authority);
    let key = trust(&anchors, &[&leaf], ISSUER).unwrap();
    assert_eq!(key.check_type("employee-id"), Ok(()));
    assert_eq!(key.check_type("role-authority").unwrap_err().code().as_str(), "INRO-TRUST-014");
    for types in [None, Some(vec![])] {
        let leaf = Plan { types, ..Plan::leaf("Leaf", ISSUER) }.signed_by(&authority);
        let key = trust(&anchors, &[&leaf], ISSUER).unwrap();
        assert_eq!(key.check_type("employee-id").unwrap_err().code().as_str(), "INRO-TRUST-014");
    }
    // A registrar issues nothing, whatever types its certificate names.
    let registrar = Plan { types: Some(vec!["employee-id"]), ..Plan::leaf("Registrar", Usage::Registrar) };
    let key = trust(&anchors, &[&registrar.signed_by(&authority)], Usage::Registrar).unwrap();
    assert!(!key.allows_type("employee-id"));
}

#[test]
fn refuses_a_key_that_is_said_to_be_of_another_curve() {
    const PRIME256V1: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&house().0);
    UntrustedCertificate::read(&leaf.der).unwrap();
    let mut altered = leaf.der;
    let at = altered.windows(8).position(|window| window == PRIME256V1).unwrap();
    // The point is as it was; the name is that of a curve of another field.
    altered[at + 7] = 0x06;
    assert_eq!(UntrustedCertificate::read(&altered).unwrap_err().code().as_str(), "INRO-TRUST-013");
}

#[test]
fn refuses_an_extension_that_is_there_twice() {
    let (authority, anchors) = house();
    let leaf = |unknown: Vec<Vec<u64>>| {
        let plan = Plan { unknown, ..Plan::leaf("Leaf", ISSUER) };
        trust(&anchors, &[&plan.signed_by(&authority)], ISSUER)
    };
    assert!(leaf(vec![vec![2, 25, 1]]).is_ok());
    // Of two lists of types, a reader might take either.
    assert_eq!(code(leaf(vec![inro_trust::oid::CREDENTIAL_TYPES.to_vec()])), "INRO-TRUST-001");
}

#[test]
fn refuses_too_many_certificates_and_none() {
    let (authority, anchors) = house();
    let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&authority);
    let padded = |count| vec![leaf.der.clone(); count];
    assert!(anchors.trust(&padded(MAX_CHAIN), ISSUER, NOW, &RustCrypto).is_ok());
    let error = anchors.trust(&padded(MAX_CHAIN + 1), ISSUER, NOW, &RustCrypto).unwrap_err();
    assert_eq!(error.code().as_str(), "INRO-TRUST-003");
    let error = anchors.trust(&[], ISSUER, NOW, &RustCrypto).unwrap_err();
    assert_eq!(error.code().as_str(), "INRO-TRUST-002");
}

#[test]
fn refuses_an_oversized_certificate() {
    let (authority, anchors) = house();
    let names = |count: usize| (0..count).map(|n| format!("host-{n:04}.example")).collect::<Vec<_>>();
    let big = Plan { dns: names(600), ..Plan::leaf("Big", ISSUER) }.signed_by(&authority);
    assert!(trust(&anchors, &[&big], ISSUER).is_ok());
    let bigger = Plan { dns: names(1_000), ..Plan::leaf("Bigger", ISSUER) }.signed_by(&authority);
    assert_eq!(code(trust(&anchors, &[&bigger], ISSUER)), "INRO-TRUST-004");
    // Also where it is not the leaf.
    let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&authority);
    assert_eq!(code(trust(&anchors, &[&leaf, &bigger], ISSUER)), "INRO-TRUST-004");
}

#[test]
fn refuses_times_before_the_epoch() {
    let (authority, anchors) = house();
    let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&authority);
    let error = anchors.trust(&[leaf.der], ISSUER, UnixTime::from_secs(-1), &RustCrypto).unwrap_err();
    assert_eq!(error.code().as_str(), "INRO-TRUST-009");
}

#[test]
fn refuses_broken_truncated_and_oversized_pem() {
    let (authority, _) = house();
    assert_eq!(certificates_from_pem(&authority.pem).unwrap(), std::slice::from_ref(&authority.der));
    let refusal = |text: &str| certificates_from_pem(text).unwrap_err().code().as_str();
    assert_eq!(refusal(""), "INRO-TRUST-002");
    assert_eq!(refusal("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), "INRO-TRUST-002");
    assert_eq!(
        refusal(authority.pem.trim_end_matches("-----END CERTIFICATE-----\n").trim_end()),
        "INRO-TRUST-001"
    );
    assert_eq!(refusal(&authority.pem.repeat(200)), "INRO-TRUST-004");
}

#[test]
fn a_pem_text_with_one_bad_certificate_adds_none() {
    let (authority, _) = house();
    let leaf = Plan::leaf("Leaf", ISSUER).signed_by(&authority);
    let mut anchors = Anchors::new();
    assert!(anchors.add_pem(&format!("{}{}", authority.pem, leaf.pem), &[ISSUER]).is_err());
    assert!(anchors.is_empty());
}

#[test]
fn an_untrusted_certificate_tells_what_is_claimed() {
    let claimed = UntrustedCertificate::read(&Plan::leaf("Anyone", Usage::Verifier).root().der).unwrap();
    assert_eq!(claimed.claimed_name(), "Anyone");
    assert_eq!(claimed.claimed_dns_names(), ["verifier.example"]);
    assert_eq!(claimed.claimed_usages(), [Usage::Verifier]);
    assert!(!claimed.claims_authority());
    assert_eq!(claimed.not_after().to_string(), "2028-01-01T00:00:00Z");
}

#[test]
fn a_pinned_key_vouches_only_for_the_types_it_was_given() {
    let (authority, _) = house();
    let key = TrustedKey::pinned(authority.key.public_key(), ISSUER, &["employee-id"]);
    assert!(key.allows_type("employee-id") && !key.allows_type("role-authority"));
    assert!(key.leaf_sha256().is_none() && key.leaf_der().is_none());
}
