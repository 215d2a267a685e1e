//! RFC 9901 §7.3: what a key binding must fit, and each way in which it may not.

use crate::common::{
    NOW, TYP, code, craft, digest, disclosure, holder, holder_jwk, issuer, map, rules, verify_with,
};
use inro_base::UnixTime;
use inro_crypto::SoftwareKey;
use inro_jose::JwsToSign;
use inro_sd_jwt::{KeyBinding, SdJwtError};
use serde_json::{Value, json};

const AUDIENCE: &str = "x509_san_dns:verifier.example";
const NONCE: &str = "n-0S6_WzA2Mj";
const REQUIRED: KeyBinding<'_> = KeyBinding::Required { audience: AUDIENCE, nonce: NONCE, max_age: 300 };

fn name() -> String {
    disclosure(&json!(["salt", "name", "Taro"]))
}

fn presented() -> String {
    let payload = json!({"_sd": [digest(&name())], "cnf": {"jwk": holder_jwk().to_value()}});
    craft(TYP, &payload, &[name()])
}

/// What a rightful holder signs over `presented`.
fn claims(presented: &str) -> Value {
    json!({"iat": NOW.as_secs(), "aud": AUDIENCE, "nonce": NONCE, "sd_hash": digest(presented)})
}

fn bound(presented: &str, typ: &str, claims: &Value, key: &SoftwareKey) -> String {
    let header = map(json!({"typ": typ}));
    format!("{presented}{}", JwsToSign::new(header, &map(claims.clone())).sign_with(key).unwrap())
}

fn verify(text: &str) -> Result<(), SdJwtError> {
    verify_with(text, &rules(REQUIRED)).map(|verified| assert!(verified.key_bound()))
}

/// The refusal after one claim of the accepted key binding was set to `value`.
fn altered(name: &str, value: Value) -> &'static str {
    let presented = presented();
    let mut claims = claims(&presented);
    verify(&bound(&presented, "kb+jwt", &claims, &holder())).unwrap();
    claims[name] = value;
    code(verify(&bound(&presented, "kb+jwt", &claims, &holder())))
}

#[test]
fn refuses_a_presentation_without_key_binding() {
    let presented = presented();
    verify(&bound(&presented, "kb+jwt", &claims(&presented), &holder())).unwrap();
    assert_eq!(code(verify(&presented)), "INRO-SDJWT-017");
}

#[test]
fn refuses_a_key_binding_from_an_issuer() {
    let presented = presented();
    verify_with(&presented, &rules(KeyBinding::Forbidden)).unwrap();
    let text = bound(&presented, "kb+jwt", &claims(&presented), &holder());
    assert_eq!(code(verify_with(&text, &rules(KeyBinding::Forbidden))), "INRO-SDJWT-018");
}

#[test]
fn a_key_binding_that_nobody_asked_for_is_not_counted() {
    let presented = presented();
    let text = bound(&presented, "kb+jwt", &claims(&presented), &holder());
    assert!(!verify_with(&text, &rules(KeyBinding::NotRequired)).unwrap().key_bound());
}

#[test]
fn refuses_a_key_binding_for_another_audience() {
    assert_eq!(altered("aud", json!("x509_san_dns:other.example")), "INRO-SDJWT-022");
    assert_eq!(altered("aud", json!([AUDIENCE])), "INRO-SDJWT-020");
    assert_eq!(altered("aud", json!(null)), "INRO-SDJWT-020");
}

#[test]
fn refuses_a_key_binding_for_another_nonce() {
    assert_eq!(altered("nonce", json!("other")), "INRO-SDJWT-023");
    assert_eq!(altered("nonce", json!(1)), "INRO-SDJWT-020");
}

#[test]
fn refuses_a_key_binding_over_other_disclosures() {
    assert_eq!(altered("sd_hash", json!(digest("other"))), "INRO-SDJWT-024");
    // The same key binding after the disclosure was taken out.
    let all = presented();
    let text = bound(&all, "kb+jwt", &claims(&all), &holder());
    verify(&text).unwrap();
    assert_eq!(code(verify(&text.replace(&format!("{}~", name()), ""))), "INRO-SDJWT-024");
}

#[test]
fn refuses_a_stale_key_binding_and_one_from_the_future() {
    let at = |seconds: i64| {
        let presented = presented();
        let mut claims = claims(&presented);
        claims["iat"] = json!(NOW.plus(seconds).as_secs());
        verify(&bound(&presented, "kb+jwt", &claims, &holder()))
    };
    assert_eq!(at(-360), Ok(()));
    assert_eq!(code(at(-361)), "INRO-SDJWT-025");
    assert_eq!(at(60), Ok(()));
    assert_eq!(code(at(61)), "INRO-SDJWT-025");
    assert_eq!(at(-361), Err(SdJwtError::Stale { at: UnixTime::from_secs(NOW.as_secs() - 361) }));
    assert_eq!(altered("iat", json!("now")), "INRO-SDJWT-020");
    assert_eq!(altered("iat", json!(null)), "INRO-SDJWT-020");
}

#[test]
fn counts_an_expiry_of_the_key_binding_itself() {
    assert_eq!(altered("exp", json!(NOW.as_secs() - 60)), "INRO-SDJWT-025");
    assert_eq!(altered("nbf", json!(NOW.as_secs() + 61)), "INRO-SDJWT-025");
}

#[test]
fn refuses_a_key_binding_by_another_key() {
    let presented = presented();
    verify(&bound(&presented, "kb+jwt", &claims(&presented), &holder())).unwrap();
    assert_eq!(code(verify(&bound(&presented, "kb+jwt", &claims(&presented), &issuer()))), "INRO-SDJWT-021");
}

#[test]
fn refuses_another_typ_of_key_binding() {
    let presented = presented();
    verify(&bound(&presented, "kb+jwt", &claims(&presented), &holder())).unwrap();
    for typ in ["jwt", "dpop+jwt", ""] {
        assert_eq!(code(verify(&bound(&presented, typ, &claims(&presented), &holder()))), "INRO-JOSE-003");
    }
}

#[test]
fn refuses_a_key_binding_where_the_credential_names_no_key() {
    let with_key = presented();
    verify(&bound(&with_key, "kb+jwt", &claims(&with_key), &holder())).unwrap();
    for (confirmation, expected) in [
        (json!({}), "INRO-SDJWT-019"),
        (json!({"kid": "k"}), "INRO-SDJWT-019"),
        (json!("key"), "INRO-SDJWT-013"),
        (json!({"jwk": {"kty": "EC"}}), "INRO-JOSE-006"),
    ] {
        let without = craft(TYP, &json!({"_sd": [digest(&name())], "cnf": confirmation}), &[name()]);
        assert_eq!(code(verify(&bound(&without, "kb+jwt", &claims(&without), &holder()))), expected);
    }
    let without = craft(TYP, &json!({"_sd": [digest(&name())]}), &[name()]);
    assert_eq!(code(verify(&bound(&without, "kb+jwt", &claims(&without), &holder()))), "INRO-SDJWT-019");
}

#[test]
fn refuses_a_key_binding_taken_from_another_presentation() {
    let first = presented();
    let text = bound(&first, "kb+jwt", &claims(&first), &holder());
    verify(&text).unwrap();
    let taken = text.strip_prefix(&first).unwrap();
    let other_name = disclosure(&json!(["salt", "name", "Jiro"]));
    let payload = json!({"_sd": [digest(&other_name)], "cnf": {"jwk": holder_jwk().to_value()}});
    let second = craft(TYP, &payload, &[other_name]);
    assert_eq!(code(verify(&format!("{second}{taken}"))), "INRO-SDJWT-024");
}
