//! sd-jwt-rs and our room over random claim sets: what one issues or presents, the other verifies,
//! and both see the same claims.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside the test functions"
)]

use inro_base::{Rng, UnixTime, base64url};
use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_jose::Jwk;
use inro_sd_jwt::plain::{Rules, Unverified};
use inro_sd_jwt::{ClaimPath, Expected, HeldSdJwt, KeyBinding, PathElement, UnverifiedSdJwt, VcIssuance};
use inro_trust::{TrustedKey, Usage};
use jsonwebtoken::{DecodingKey, EncodingKey};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use sd_jwt_rs::{
    ClaimsForSelectiveDisclosureStrategy, SDJWTHolder, SDJWTIssuer, SDJWTSerializationFormat, SDJWTVerifier,
};
use serde_json::{Map, Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);
/// sd-jwt-rs reads the machine's clock and insists on an expiry.
const EXPIRES_AT: UnixTime = UnixTime::from_secs(4_102_444_800);
const VCT: &str = "urn:inro:employee-id:1";
const AUDIENCE: &str = "x509_san_dns:verifier.example";
const NONCE: &str = "n-0S6_WzA2Mj";
const COMPACT: SDJWTSerializationFormat = SDJWTSerializationFormat::Compact;

/// Claims, and which members and elements are selectively disclosable and chosen.
#[derive(Clone, Debug)]
struct Case {
    claims: Map<String, Value>,
    concealed: Vec<ClaimPath>,
    chosen: Vec<ClaimPath>,
    decoys: bool,
    seed: u64,
}

/// sd-jwt-rs refuses empty arrays, which RFC 9901 allows; `structure.rs` of our room has them.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z山\"\\\\ ]{0,6}".prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(Value::from),
            btree_map("[a-d]", inner, 1..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn cases() -> impl Strategy<Value = Case> {
    let claims = btree_map("[a-f]", value(), 1..5);
    let bits = || vec(any::<bool>(), 1..24);
    (claims, bits(), bits(), any::<bool>(), any::<u64>()).prop_map(
        |(claims, concealed, chosen, decoys, seed)| {
            let claims: Map<String, Value> = claims.into_iter().collect();
            let (concealed, chosen) = (some_paths(&claims, &concealed), some_paths(&claims, &chosen));
            Case { claims, concealed, chosen, decoys, seed }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn they_issue_and_we_see_the_same(case in cases()) {
        let text = they_issue(&case);
        let ours = we_see_plain(&text, KeyBinding::Forbidden, NOW);
        prop_assert_eq!(&ours, &they_see(&text, false));
        prop_assert_eq!(&without_frame(ours), &case.claims);
    }

    #[test]
    fn we_issue_and_they_see_the_same(case in cases()) {
        let text = we_issue(&case);
        let theirs = they_see(&text, false);
        let held = we_receive(&text);
        prop_assert_eq!(&theirs, held.claims());
        prop_assert_eq!(&without_frame(theirs), &case.claims);
    }

    #[test]
    fn we_present_and_they_see_the_same(case in cases()) {
        let to_sign = we_receive(&we_issue(&case)).present(&case.chosen).unwrap()
            .key_binding(AUDIENCE, NONCE, NOW, &RustCrypto);
        let text = to_sign.sign_with(&holder()).unwrap();
        let verified = UnverifiedSdJwt::parse(&text).unwrap()
            .verify(&trusted(), &Expected::presented(NOW, AUDIENCE, NONCE, 60), &RustCrypto).unwrap();
        prop_assert!(verified.key_bound());
        prop_assert_eq!(verified.claims(), &they_see(&text, true));
    }

    #[test]
    fn they_present_what_we_issued_and_both_see_the_same(case in cases()) {
        let text = they_present(&we_issue(&case), &case);
        let ours = we_see_plain(&text, REQUIRED, made_at(&text));
        prop_assert_eq!(ours, they_see(&text, true));
    }

    #[test]
    fn they_issue_and_present_and_we_see_the_same(case in cases()) {
        let text = they_present(&they_issue(&case), &case);
        let ours = we_see_plain(&text, REQUIRED, made_at(&text));
        prop_assert_eq!(ours, they_see(&text, true));
    }
}

#[test]
fn both_refuse_a_key_binding_for_another_request() {
    let case = Case {
        claims: Map::from_iter([("a".to_owned(), json!(1))]),
        concealed: vec![ClaimPath::claim("a")],
        chosen: vec![ClaimPath::claim("a")],
        decoys: false,
        seed: 1,
    };
    let text = they_present(&we_issue(&case), &case);
    let at = made_at(&text);
    for (audience, nonce, accepted) in
        [(AUDIENCE, NONCE, true), ("other", NONCE, false), (AUDIENCE, "other", false)]
    {
        let key_binding = KeyBinding::Required { audience, nonce, max_age: 60 };
        let rules = Rules { now: at, clock_skew: 0, key_binding };
        let ours =
            Unverified::parse(&text, TYPES).unwrap().verify(&issuer().public_key(), &rules, &RustCrypto);
        assert_eq!(ours.is_ok(), accepted);
        let resolver = Box::new(|_: &str, _: &jsonwebtoken::Header| decoding(&issuer()));
        let theirs =
            SDJWTVerifier::new(text.clone(), resolver, Some(audience.into()), Some(nonce.into()), COMPACT);
        assert_eq!(theirs.is_ok(), accepted);
    }
}

const REQUIRED: KeyBinding<'_> = KeyBinding::Required { audience: AUDIENCE, nonce: NONCE, max_age: 60 };
/// sd-jwt-rs writes no `typ`.
const TYPES: &[&str] = &["", inro_sd_jwt::TYP];

fn issuer() -> SoftwareKey {
    SoftwareKey::from_secret_bytes(&[31; 32]).unwrap()
}

fn holder() -> SoftwareKey {
    SoftwareKey::from_secret_bytes(&[32; 32]).unwrap()
}

fn trusted() -> TrustedKey {
    TrustedKey::pinned(issuer().public_key(), Usage::CredentialIssuer, &["employee-id"])
}

fn encoding(key: &SoftwareKey) -> EncodingKey {
    EncodingKey::from_ec_pem(key.to_pkcs8_pem().expose().as_bytes()).unwrap()
}

fn decoding(key: &SoftwareKey) -> DecodingKey {
    let key = key.public_key();
    DecodingKey::from_ec_components(&base64url::encode(key.x()), &base64url::encode(key.y())).unwrap()
}

fn holder_jwk() -> Jwk {
    Jwk::new(holder().public_key())
}

fn they_issue(case: &Case) -> String {
    let mut claims = case.claims.clone();
    claims.insert("iss".into(), json!("https://issuer.example"));
    claims.insert("vct".into(), json!(VCT));
    claims.insert("exp".into(), json!(EXPIRES_AT.as_secs()));
    let paths: Vec<String> = case.concealed.iter().map(json_path).collect();
    let strategy = ClaimsForSelectiveDisclosureStrategy::Custom(paths.iter().map(String::as_str).collect());
    let jwk = serde_json::from_value(holder_jwk().to_value()).unwrap();
    let mut issuing = SDJWTIssuer::new(encoding(&issuer()), None);
    issuing.issue_sd_jwt(Value::Object(claims), strategy, Some(jwk), case.decoys, COMPACT).unwrap()
}

fn we_issue(case: &Case) -> String {
    let mut claims = case.claims.clone();
    claims.insert("iss".into(), json!("https://issuer.example"));
    let issuance = VcIssuance {
        vct: VCT.into(),
        issued_at: None,
        not_before: None,
        expires_at: Some(EXPIRES_AT),
        claims,
        disclosable: case.concealed.clone(),
        decoys_per_object: if case.decoys { 3 } else { 0 },
        holder_key: Some(holder_jwk()),
        x5c: vec![],
    };
    issuance.build(&mut Replay(case.seed), &RustCrypto).unwrap().sign_with(&issuer()).unwrap()
}

fn we_receive(text: &str) -> HeldSdJwt {
    HeldSdJwt::receive(text, &trusted(), NOW, &RustCrypto).unwrap()
}

fn they_present(text: &str, case: &Case) -> String {
    let chosen = selection(&Value::Object(case.claims.clone()), &[], &case.chosen);
    let mut holding = SDJWTHolder::new(text.to_owned(), COMPACT).unwrap();
    let key = Some(encoding(&holder()));
    let chosen = chosen.as_object().cloned().unwrap_or_default();
    holding.create_presentation(chosen, Some(NONCE.into()), Some(AUDIENCE.into()), key, None).unwrap()
}

fn they_see(text: &str, bound: bool) -> Map<String, Value> {
    let resolver = Box::new(|_: &str, _: &jsonwebtoken::Header| decoding(&issuer()));
    let request = |value: &str| bound.then(|| value.to_owned());
    let verified =
        SDJWTVerifier::new(text.to_owned(), resolver, request(AUDIENCE), request(NONCE), COMPACT).unwrap();
    verified.verified_claims.as_object().unwrap().clone()
}

fn we_see_plain(text: &str, key_binding: KeyBinding<'_>, now: UnixTime) -> Map<String, Value> {
    let rules = Rules { now, clock_skew: 0, key_binding };
    let unverified = Unverified::parse(text, TYPES).unwrap();
    unverified.verify(&issuer().public_key(), &rules, &RustCrypto).unwrap().into_claims()
}

/// When sd-jwt-rs made the key binding: it takes no time as an argument.
fn made_at(text: &str) -> UnixTime {
    let payload = text.rsplit('~').next().unwrap().split('.').nth(1).unwrap();
    let payload: Value = serde_json::from_slice(&base64url::decode(payload).unwrap()).unwrap();
    UnixTime::from_secs(payload["iat"].as_i64().unwrap())
}

fn without_frame(mut claims: Map<String, Value>) -> Map<String, Value> {
    for name in ["iss", "vct", "exp", "cnf"] {
        claims.remove(name).unwrap();
    }
    claims
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
    for (last, value) in children(value) {
        collect(value, path.iter().cloned().chain([last]).collect(), all);
    }
    all.push(path);
}

fn children(value: &Value) -> Vec<(PathElement, &Value)> {
    match value {
        Value::Object(object) => {
            object.iter().map(|(name, value)| (PathElement::Key(name.clone()), value)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(at, value)| (PathElement::Index(at), value)).collect()
        }
        _ => Vec::new(),
    }
}

/// `$.a.b[0].c`, as sd-jwt-rs names claims.
fn json_path(path: &ClaimPath) -> String {
    let steps = path.elements().iter().map(|element| match element {
        PathElement::Key(name) => format!(".{name}"),
        PathElement::Index(index) => format!("[{index}]"),
        PathElement::All => unreachable!("only names and indices were collected"),
    });
    format!("${}", steps.collect::<String>())
}

/// The tree of `true` and `false` by which sd-jwt-rs is told what to disclose.
fn selection(value: &Value, at: &[PathElement], chosen: &[ClaimPath]) -> Value {
    let beneath = |last| at.iter().cloned().chain([last]).collect::<Vec<_>>();
    let leads_to_chosen = chosen.iter().any(|path| path.elements().starts_with(at));
    if !leads_to_chosen {
        return Value::Bool(false);
    }
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(name, value)| {
                (name.clone(), selection(value, &beneath(PathElement::Key(name.clone())), chosen))
            })
            .filter(|(_, selected)| *selected != Value::Bool(false))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| selection(value, &beneath(PathElement::Index(index)), chosen))
            .collect(),
        _ => Value::Bool(true),
    }
}

/// SplitMix64: the same salts for the same seed.
struct Replay(u64);

impl Rng for Replay {
    fn fill(&mut self, destination: &mut [u8]) {
        for byte in destination {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed ^ (mixed >> 31)).to_le_bytes()[0];
        }
    }
}
