//! Key attestations. The provider is software of these tests: nobody should believe it.

use std::future::ready;

use inro_base::base64url;
use inro_jose::{Jwk, JwsToSign};
use inro_trust::Usage;
use serde_json::{Map, Value, json};

use super::issuer::{CONFIGURATION, Script, link};
use super::pki::{Authority, Leaf};
use super::{Device, NOW, code};
use crate::boxed::Boxed;
use crate::keys::{Assurance, AttestedLevels, CreatedKey, Custody, KeyAttester, KeyStoreError, Presence};
use crate::testing::run;

/// A wallet provider in software, which writes this `alg`; for another than ES256 its signature is none.
struct SoftwareProvider(Leaf, &'static str);

impl KeyAttester for SoftwareProvider {
    fn attest<'a>(
        &'a self,
        keys: &'a [CreatedKey],
        nonce: Option<&'a str>,
    ) -> Boxed<'a, Result<String, KeyStoreError>> {
        let header = json!({
            "typ": "key-attestation+jwt",
            "x5c": self.0.x5c.iter().map(|der| base64url::encode_standard(der)).collect::<Vec<_>>(),
        });
        let claims = json!({
            "iat": NOW.as_secs(),
            "exp": NOW.plus(60).as_secs(),
            "attested_keys": keys.iter().map(|key| Jwk::new(key.public_key).to_value()).collect::<Vec<_>>(),
            "nonce": nonce,
        });
        let object = |value: &Value| -> Map<String, Value> { value.as_object().unwrap().clone() };
        let jwt = JwsToSign::new(object(&header), &object(&claims)).sign_with(&self.0.key).unwrap();
        let (_, behind) = jwt.split_once('.').unwrap();
        let mut header = object(&header);
        header.insert("alg".into(), self.1.into());
        let header = base64url::encode(Value::from(header).to_string().as_bytes());
        let another = format!("{header}.{behind}");
        Box::pin(ready(Ok(if self.1 == "ES256" { jwt } else { another })))
    }

    fn levels(&self, assurance: &Assurance) -> AttestedLevels {
        let storage: &[&str] = match assurance.custody {
            Custody::Software => &[],
            Custody::TrustedEnvironment => &["iso_18045_moderate"],
            Custody::SecureElement => &["iso_18045_high", "iso_18045_moderate"],
        };
        let authentication: &[&str] = match assurance.presence {
            Presence::NotAsked => &[],
            Presence::Within { .. } | Presence::EachUse { .. } => &["iso_18045_basic"],
        };
        let texts = |levels: &[&str]| levels.iter().map(|&level| level.to_owned()).collect();
        AttestedLevels { key_storage: texts(storage), user_authentication: texts(authentication) }
    }
}

/// Receives from an issuer with these `proof_types_supported`; gives copies, and signatures by holder keys.
fn receive(proof_types: Value, attested: bool) -> (&'static str, u32, usize) {
    let (outcome, copies, signed, _) = receive_by(proof_types, attested.then_some("ES256"));
    (outcome, copies, signed)
}

/// The same with an attestation that is signed with `algorithm`; also how many requests for a credential
/// were sent.
fn receive_by(proof_types: Value, algorithm: Option<&'static str>) -> (&'static str, u32, usize, usize) {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    if let Some(algorithm) = algorithm {
        let leaf = authority.leaf(8, Usage::WalletProvider, &[], "provider.example");
        device.keys.attest_with(Box::new(SoftwareProvider(leaf, algorithm)));
    }
    let mut script = Script::honest(&authority);
    script.metadata["credential_configurations_supported"][CONFIGURATION]["proof_types_supported"] =
        proof_types;
    let outcome = code(run(device.wallet(script.network()).receive(&link(), None)));
    let lines = device.lines();
    let mut signatures = lines.iter().filter(|line| line.starts_with("sign "));
    // The first one is the DPoP key's.
    let dpop = signatures.next();
    let signed = signatures.filter(|line| Some(*line) != dpop).count();
    let sent = lines.iter().filter(|line| line.ends_with("/credential")).count();
    (outcome, device.copies(), signed, sent)
}

fn proof_types(names: &[&str]) -> Value {
    let entry = json!({ "proof_signing_alg_values_supported": ["ES256"], "key_attestations_required": {} });
    Value::Object(names.iter().map(|&name| (name.to_owned(), entry.clone())).collect())
}

#[test]
fn attests_all_keys_with_no_signature_of_theirs_or_with_one() {
    assert_eq!(receive(proof_types(&["attestation"]), true), ("accepted", 3, 0));
    assert_eq!(receive(proof_types(&["jwt", "attestation"]), true), ("accepted", 3, 0));
    assert_eq!(receive(proof_types(&["jwt"]), true), ("accepted", 3, 1));
}

#[test]
fn uses_no_attestation_where_none_is_asked_for() {
    let plain = json!({ "jwt": { "proof_signing_alg_values_supported": ["ES256"] } });
    assert_eq!(receive(plain, true), ("accepted", 3, 3));
}

#[test]
fn stops_before_the_offer_is_redeemed_when_nobody_vouches_for_the_keys() {
    assert_eq!(receive(proof_types(&["jwt"]), false), ("INRO-WALLET-080", 0, 0));
    assert_eq!(receive(proof_types(&["attestation"]), false), ("INRO-WALLET-080", 0, 0));
}

#[test]
fn refuses_an_issuer_that_takes_no_proof_that_it_can_make() {
    assert_eq!(receive(proof_types(&["di_vp"]), true), ("INRO-VCI-007", 0, 0));
    let signed_by = |name: &str, algorithms: &[&str]| {
        let mut types = proof_types(&[name]);
        types[name]["proof_signing_alg_values_supported"] = json!(algorithms);
        if name == "jwt" {
            types[name].as_object_mut().unwrap().remove("key_attestations_required").unwrap();
        }
        receive(types, true)
    };
    for (name, signatures) in [("jwt", 3), ("attestation", 0)] {
        assert_eq!(signed_by(name, &["ES384", "ES256"]), ("accepted", 3, signatures), "{name}");
        assert_eq!(signed_by(name, &["ES384", "EdDSA"]), ("INRO-VCI-007", 0, 0), "{name}");
    }
}

#[test]
fn sends_no_attestation_of_an_algorithm_that_the_issuer_does_not_list() {
    let listing = |name: &str, algorithms: &[&str]| {
        json!({ name: {
            "proof_signing_alg_values_supported": algorithms, "key_attestations_required": {},
        }})
    };
    for (name, signatures) in [("jwt", 1), ("attestation", 0)] {
        let receive = |algorithms, algorithm| receive_by(listing(name, algorithms), Some(algorithm));
        assert_eq!(receive(&["ES256"], "ES256"), ("accepted", 3, signatures, 1), "{name}");
        assert_eq!(receive(&["ES256", "ES384"], "ES384"), ("accepted", 3, signatures, 1), "{name}");
        for other in ["ES384", "es256", "none", ""] {
            assert_eq!(receive(&["ES256"], other), ("INRO-VCI-007", 0, 0, 0), "{name} {other}");
        }
    }
    // What the one proof type lists counts for the other in nothing.
    let mut both = listing("attestation", &["ES256"]);
    both["jwt"] = listing("jwt", &["ES256", "ES384"])["jwt"].clone();
    assert_eq!(receive_by(both.clone(), Some("ES256")), ("accepted", 3, 0, 1));
    assert_eq!(receive_by(both, Some("ES384")), ("INRO-VCI-007", 0, 0, 0));
}

/// The outcome on a device that keeps keys in `custody`, copies and keys that are there then, and whether the code was
/// redeemed or the holder asked.
fn receive_asking(demand: &Value, custody: Custody) -> (&'static str, u32, usize, bool) {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    let leaf = authority.leaf(8, Usage::WalletProvider, &[], "provider.example");
    device.keys.attest_with(Box::new(SoftwareProvider(leaf, "ES256")));
    device.keys.keep_in(custody);
    let mut script = Script::honest(&authority);
    let mut types = proof_types(&["attestation"]);
    types["attestation"]["key_attestations_required"] = demand.clone();
    script.metadata["credential_configurations_supported"][CONFIGURATION]["proof_types_supported"] = types;
    let outcome = code(run(device.wallet(script.network()).receive(&link(), None)));
    let redeemed = device.lines().iter().any(|line| line.ends_with("/token") || line.starts_with("presence"));
    (outcome, device.copies(), device.keys(), redeemed)
}

#[test]
fn keys_that_are_kept_worse_than_the_issuer_asks_cost_no_code() {
    let high = json!({ "key_storage": ["iso_18045_high"] });
    let either = json!({ "key_storage": ["iso_18045_high", "iso_18045_moderate"] });
    let gesture = json!({ "user_authentication": ["iso_18045_basic"] });
    let other_gesture =
        json!({ "key_storage": ["iso_18045_high"], "user_authentication": ["iso_18045_high"] });
    let accepted = ("accepted", 3, 3, true);
    let refused = ("INRO-WALLET-082", 0, 0, false);
    for (demand, custody, expected) in [
        (&high, Custody::SecureElement, accepted),
        (&high, Custody::TrustedEnvironment, refused),
        (&high, Custody::Software, refused),
        (&either, Custody::TrustedEnvironment, accepted),
        (&either, Custody::Software, refused),
        (&gesture, Custody::TrustedEnvironment, accepted),
        (&gesture, Custody::Software, refused),
        (&other_gesture, Custody::SecureElement, refused),
        // Nothing in particular is asked for.
        (&json!({}), Custody::Software, ("accepted", 3, 3, true)),
    ] {
        assert_eq!(receive_asking(demand, custody), expected, "{demand} {custody:?}");
    }
}
