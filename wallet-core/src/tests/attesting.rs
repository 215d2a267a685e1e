//! Key attestations. The provider is software of these tests: nobody should believe it.

use std::future::ready;

use inro_base::base64url;
use inro_jose::{Jwk, JwsToSign};
use inro_trust::Usage;
use serde_json::{Map, Value, json};

use super::issuer::{CONFIGURATION, Script, link};
use super::pki::{Authority, Leaf};
use super::{Device, NOW, code};
use crate::ports::{Boxed, KeyAttester, KeyStoreError};
use crate::records::CreatedKey;
use crate::testing::run;

/// A wallet provider in software.
struct SoftwareProvider(Leaf);

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
        Box::pin(ready(Ok(jwt)))
    }
}

/// Receives from an issuer with these `proof_types_supported`; gives copies, and signatures by holder keys.
fn receive(proof_types: Value, attested: bool) -> (&'static str, u32, usize) {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    if attested {
        let leaf = authority.leaf(8, Usage::WalletProvider, &[], "provider.example");
        device.keys.attest_with(Box::new(SoftwareProvider(leaf)));
    }
    let mut script = Script::honest(&authority);
    script.metadata["credential_configurations_supported"][CONFIGURATION]["proof_types_supported"] =
        proof_types;
    let outcome = code(run(device.wallet(script.network()).receive(&link(), None)));
    let lines = device.journal.lines();
    // The first key is the DPoP key.
    let signed = lines.iter().filter(|line| line.starts_with("sign ") && *line != "sign key-0").count();
    (outcome, device.copies(), signed)
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
