//! Over random claim sets: what was chosen arrives, exactly; and no altered text is accepted.

use crate::common::{NOW, Replay, TYP, holder, holder_jwk, issuer, rules};
use inro_crypto::{RustCrypto, Signer as _};
use inro_sd_jwt::plain::Unverified;
use inro_sd_jwt::{
    ClaimPath, Expected, HeldSdJwt, Issuance, KeyBinding, PathElement, UnverifiedSdJwt, VcIssuance,
};
use inro_trust::{TrustedKey, Usage};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value};

const REQUIRED: KeyBinding<'_> = KeyBinding::Required { audience: "aud", nonce: "nonce", max_age: 60 };

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z山\"\\\\ ]{0,6}".prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map("[a-d]", inner, 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn claims() -> impl Strategy<Value = Map<String, Value>> {
    btree_map("[a-f]", value(), 1..5).prop_map(|members| members.into_iter().collect())
}

/// Every member and element, with `bits` deciding which.
fn some_paths(claims: &Map<String, Value>, bits: &[bool]) -> Vec<ClaimPath> {
    let mut all = Vec::new();
    for (name, value) in claims {
        collect(value, vec![PathElement::Key(name.clone())], &mut all);
    }
    let chosen = all.into_iter().zip(bits.iter().cycle()).filter(|(_, bit)| **bit);
    chosen.map(|(path, _)| ClaimPath::new(path).unwrap()).collect()
}

fn collect(value: &Value, path: Vec<PathElement>, all: &mut Vec<Vec<PathElement>>) {
    all.push(path.clone());
    let beneath = |last| path.iter().cloned().chain([last]).collect::<Vec<_>>();
    match value {
        Value::Object(object) => {
            object
                .iter()
                .for_each(|(name, value)| collect(value, beneath(PathElement::Key(name.clone())), all));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(at, value)| collect(value, beneath(PathElement::Index(at)), all));
        }
        _ => {}
    }
}

/// What a verifier is to see, worked out apart from digests: concealed claims stay only where they
/// are part of a chosen claim, or a chosen claim is part of them.
fn expected(
    value: &Value,
    at: &[PathElement],
    concealed: &[ClaimPath],
    chosen: &[ClaimPath],
) -> Option<Value> {
    let touches = |path: &ClaimPath| path.elements().iter().zip(at).all(|(one, other)| one == other);
    if concealed.iter().any(|path| path.elements() == at) && !chosen.iter().any(touches) {
        return None;
    }
    let beneath = |last| at.iter().cloned().chain([last]).collect::<Vec<_>>();
    Some(match value {
        Value::Object(object) => object
            .iter()
            .filter_map(|(name, value)| {
                let value = expected(value, &beneath(PathElement::Key(name.clone())), concealed, chosen)?;
                Some((name.clone(), value))
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .filter_map(|(index, value)| {
                expected(value, &beneath(PathElement::Index(index)), concealed, chosen)
            })
            .collect(),
        other => other.clone(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_verifier_sees_exactly_what_was_chosen(
        claims in claims(),
        concealed in vec(any::<bool>(), 1..24),
        chosen in vec(any::<bool>(), 1..24),
        decoys in 0_usize..3,
        seed in any::<u64>(),
    ) {
        let concealed = some_paths(&claims, &concealed);
        let chosen = some_paths(&claims, &chosen);
        let issuance = VcIssuance {
            vct: "urn:inro:employee-id:1".into(),
            issued_at: Some(NOW),
            not_before: None,
            expires_at: None,
            claims: claims.clone(),
            disclosable: concealed.clone(),
            decoys_per_object: decoys,
            holder_key: Some(holder_jwk()),
            x5c: vec![],
        };
        let text = issuance.build(&mut Replay(seed), &RustCrypto).unwrap().sign_with(&issuer()).unwrap();
        let key = TrustedKey::pinned(issuer().public_key(), Usage::CredentialIssuer, &["employee-id"]);
        let held = HeldSdJwt::receive(&text, &key, NOW, &RustCrypto).unwrap();
        for (name, value) in &claims {
            prop_assert_eq!(&held.claims()[name], value);
        }
        let to_sign = held.present(&chosen).unwrap().key_binding("aud", "nonce", NOW, &RustCrypto);
        let text = to_sign.sign_with(&holder()).unwrap();
        let verified = UnverifiedSdJwt::parse(&text).unwrap()
            .verify(&key, &Expected::presented(NOW, "aud", "nonce", 60), &RustCrypto).unwrap();
        let mut seen = verified.into_claims();
        for frame in ["vct", "iat", "cnf"] {
            seen.remove(frame).unwrap();
        }
        let expected = expected(&Value::Object(claims), &[], &concealed, &chosen).unwrap();
        prop_assert_eq!(Value::Object(seen), expected);
    }
}

/// A presentation with key binding, and one without.
fn samples() -> (String, String) {
    let issuance = Issuance {
        typ: TYP.into(),
        x5c: vec![],
        claims: crate::common::map(serde_json::json!({"a": 1, "b": [2, 3], "c": {"d": 4}})),
        disclosable: [
            serde_json::json!(["a"]),
            serde_json::json!(["b", null]),
            serde_json::json!(["c", "d"]),
        ]
        .map(crate::common::path)
        .to_vec(),
        decoys_per_object: 1,
        holder_key: Some(holder_jwk()),
    };
    let plain = issuance.build(&mut Replay(5), &RustCrypto).unwrap().sign_with(&issuer()).unwrap();
    let hash = crate::common::digest(&plain);
    let header = crate::common::map(serde_json::json!({"typ": "kb+jwt"}));
    let claims = serde_json::json!({"iat": NOW.as_secs(), "aud": "aud", "nonce": "nonce", "sd_hash": hash});
    let jws = inro_jose::JwsToSign::new(header, &crate::common::map(claims)).sign_with(&holder()).unwrap();
    (format!("{plain}{jws}"), plain)
}

fn accepts(text: &str, key_binding: KeyBinding<'_>) -> bool {
    Unverified::parse(text, &[TYP])
        .and_then(|sd_jwt| sd_jwt.verify(&issuer().public_key(), &rules(key_binding), &RustCrypto))
        .is_ok()
}

/// With key binding nothing is harmless: `sd_hash` covers all before it, and the holder's signature
/// covers the rest.
#[test]
fn no_bound_presentation_with_a_flipped_bit_is_accepted() {
    let (bound, _) = samples();
    assert!(accepts(&bound, REQUIRED));
    for at in 0..bound.len() {
        for bit in [at % 7, 5] {
            let mut bytes = bound.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let accepted = String::from_utf8(bytes).is_ok_and(|text| accepts(&text, REQUIRED));
            assert!(!accepted, "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn no_truncated_presentation_is_accepted() {
    let (bound, _) = samples();
    assert!(accepts(&bound, REQUIRED));
    for length in 0..bound.len() {
        assert!(!accepts(&bound[..length], REQUIRED), "{length} bytes");
    }
}

/// Without key binding a holder may leave disclosures out, so a text cut right behind a `~` is by
/// definition a rightful presentation of less. Everything else is refused.
#[test]
fn without_key_binding_only_whole_disclosures_can_be_left_out() {
    let (_, plain) = samples();
    assert!(accepts(&plain, KeyBinding::NotRequired));
    let mut accepted = 0;
    for length in 0..plain.len() {
        let text = &plain[..length];
        let whole = text.ends_with('~');
        assert_eq!(accepts(text, KeyBinding::Forbidden), whole, "{length} bytes");
        accepted += usize::from(whole);
    }
    assert_eq!(accepted, plain.matches('~').count() - 1);
    for at in 0..plain.len() {
        let mut bytes = plain.clone().into_bytes();
        bytes[at] ^= 1;
        let text = String::from_utf8(bytes).unwrap();
        assert!(!accepts(&text, KeyBinding::Forbidden), "byte {at}");
    }
}
