//! How long the rooms take, beside their peers and beside the raw operations, in one run.
//!
//! Prints one JSON line for each figure; `cargo xtask bench` makes `docs/benchmarks.md` of them.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops here")]

mod measuring;

use std::hint::black_box;

use inro_base::{UnixTime, base64url};
use inro_crypto::{Provider, RustCrypto, Signer, SoftwareKey};
use inro_crypto_aws::{AwsLc, AwsLcKey};
use inro_jose::Jwk;
use inro_sd_jwt::{ClaimPath, Expected, HeldSdJwt, UnverifiedSdJwt, VcIssuance};
use inro_trust::{TrustedKey, Usage};
use jsonwebtoken::{DecodingKey, EncodingKey};
use measuring::{Repeatable, Runs, measure};
use sd_jwt_rs::{ClaimsForSelectiveDisclosureStrategy, SDJWTIssuer, SDJWTSerializationFormat, SDJWTVerifier};
use serde_json::{Map, Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);
/// sd-jwt-rs reads the machine's clock and insists on an expiry.
const EXPIRES_AT: UnixTime = UnixTime::from_secs(4_102_444_800);
const AUDIENCE: &str = "x509_hash:dGhlIHZlcmlmaWVyJ3MgY2VydGlmaWNhdGUsIGhhc2hlZA";
const NONCE: &str = "J3dFJ2pZc0hTbk1jY2R3Yw";
const DISCLOSURES: usize = 10;
const RUNS: Runs = Runs { rounds: 21, repeats: 100 };

fn main() {
    let issuer = SoftwareKey::from_secret_bytes(&[31; 32]).unwrap();
    let holder = SoftwareKey::from_secret_bytes(&[32; 32]).unwrap();
    let fast = AwsLcKey::new(&issuer).unwrap();
    let credential = issuance(&holder).build(&mut Repeatable(1), &AwsLc).unwrap().sign_with(&fast).unwrap();
    let presentation = present(&credential, &issuer, &holder);
    raw_operations(&fast);
    floor(&presentation);
    verify(&presentation, &issuer);
    issue(&fast, &issuer, &holder);
}

fn raw_operations(key: &AwsLcKey) {
    // As short as a message can be: what a longer one adds is counted as hashing.
    let message = [7; 32];
    let signature = key.sign_es256(&message).unwrap();
    for (name, provider) in PROVIDERS {
        measure(RUNS, &format!("raw/verify-es256/{name}"), || {
            provider.verify_es256(&key.public_key(), &message, &signature).unwrap();
        });
    }
    measure(RUNS, "raw/sign-es256/aws-lc-rs", || key.sign_es256(&message).unwrap());
}

/// What the formula counts beside signatures, over the very pieces of `presentation`.
fn floor(presentation: &str) {
    let pieces = Pieces::of(presentation);
    let hash = |pieces: &[&str]| {
        pieces.iter().map(|piece| AwsLc.sha256(piece.as_bytes())[0]).fold(0, u8::wrapping_add)
    };
    measure(RUNS, "sd-jwt/floor/hash verified", || hash(&pieces.hashed_to_verify()));
    measure(RUNS, "sd-jwt/floor/hash issued", || hash(&pieces.hashed_to_issue()));
    let (read, written) = (pieces.parts(), pieces.issued_parts());
    measure(RUNS, "sd-jwt/floor/base64 read", || {
        read.iter().for_each(|part| drop(black_box(base64url::decode(part).unwrap())));
    });
    let texts: Vec<Vec<u8>> = decoded(&read);
    measure(RUNS, "sd-jwt/floor/json read", || {
        texts.iter().for_each(|text| drop(black_box(serde_json::from_slice::<Value>(text))));
    });
    let texts = decoded(&written);
    measure(RUNS, "sd-jwt/floor/base64 written", || {
        texts.iter().for_each(|text| drop(black_box(base64url::encode(text))));
    });
    let values: Vec<Value> = texts.iter().filter_map(|text| serde_json::from_slice(text).ok()).collect();
    measure(RUNS, "sd-jwt/floor/json written", || {
        values.iter().for_each(|value| drop(black_box(value.to_string())));
    });
}

fn decoded(parts: &[&str]) -> Vec<Vec<u8>> {
    parts.iter().map(|part| base64url::decode(part).unwrap()).collect()
}

/// A presentation taken apart.
struct Pieces<'a> {
    issuer_jwt: &'a str,
    disclosures: Vec<&'a str>,
    key_binding: &'a str,
    /// Everything but the key binding.
    bound: &'a str,
}

impl<'a> Pieces<'a> {
    fn of(presentation: &'a str) -> Self {
        let (head, key_binding) = presentation.rsplit_once('~').unwrap();
        let (issuer_jwt, disclosures) = head.split_once('~').unwrap();
        let bound = presentation.strip_suffix(key_binding).unwrap();
        Self { issuer_jwt, disclosures: disclosures.split('~').collect(), key_binding, bound }
    }

    fn hashed_to_verify(&self) -> Vec<&'a str> {
        let mut pieces = self.hashed_to_issue();
        pieces.extend([self.key_binding.rsplit_once('.').unwrap().0, self.bound]);
        pieces
    }

    fn hashed_to_issue(&self) -> Vec<&'a str> {
        let mut pieces = self.disclosures.clone();
        pieces.push(self.issuer_jwt.rsplit_once('.').unwrap().0);
        pieces
    }

    /// Everything that is base64url.
    fn parts(&self) -> Vec<&'a str> {
        let mut parts = self.issued_parts();
        parts.extend(self.key_binding.split('.'));
        parts
    }

    fn issued_parts(&self) -> Vec<&'a str> {
        let mut parts = self.disclosures.clone();
        parts.extend(self.issuer_jwt.split('.'));
        parts
    }
}

fn verify(presentation: &str, issuer: &SoftwareKey) {
    let trusted = trusted(issuer);
    let expected = Expected::presented(NOW, AUDIENCE, NONCE, 300);
    for (name, provider) in PROVIDERS {
        measure(RUNS, &format!("sd-jwt/verify/inro on {name}"), || {
            UnverifiedSdJwt::parse(presentation).unwrap().verify(&trusted, &expected, provider).unwrap()
        });
    }
    let public = issuer.public_key();
    let (x, y) = (base64url::encode(public.x()), base64url::encode(public.y()));
    let key = DecodingKey::from_ec_components(&x, &y).unwrap();
    measure(RUNS, "sd-jwt/verify/sd-jwt-rs", || {
        let key = key.clone();
        let resolver = Box::new(move |_: &str, _: &jsonwebtoken::Header| key.clone());
        let (audience, nonce) = (Some(AUDIENCE.to_owned()), Some(NONCE.to_owned()));
        SDJWTVerifier::new(presentation.to_owned(), resolver, audience, nonce, COMPACT)
            .unwrap()
            .verified_claims
    });
}

fn issue(key: &AwsLcKey, issuer: &SoftwareKey, holder: &SoftwareKey) {
    let plan = issuance(holder);
    let mut rng = Repeatable(2);
    measure(RUNS, "sd-jwt/issue/inro on aws-lc-rs", || {
        plan.clone().build(&mut rng, &AwsLc).unwrap().sign_with(key).unwrap()
    });
    let mut claims = plan.claims.clone();
    claims.insert("vct".into(), plan.vct.clone().into());
    claims.insert("exp".into(), EXPIRES_AT.as_secs().into());
    let pem = EncodingKey::from_ec_pem(issuer.to_pkcs8_pem().expose().as_bytes()).unwrap();
    let mut theirs = SDJWTIssuer::new(pem, Some("ES256".into()));
    let jwk: jsonwebtoken::jwk::Jwk =
        serde_json::from_value(Jwk::new(holder.public_key()).to_value()).unwrap();
    let names = plan.claims.keys().filter(|name| *name != "iss");
    let paths: Vec<String> = names.map(|name| format!("$.{name}")).collect();
    measure(RUNS, "sd-jwt/issue/sd-jwt-rs", || {
        let paths = paths.iter().map(String::as_str).collect();
        let concealed = ClaimsForSelectiveDisclosureStrategy::Custom(paths);
        theirs
            .issue_sd_jwt(Value::Object(claims.clone()), concealed, Some(jwk.clone()), false, COMPACT)
            .unwrap()
    });
}

const COMPACT: SDJWTSerializationFormat = SDJWTSerializationFormat::Compact;
const PROVIDERS: [(&str, &dyn Provider); 2] = [("aws-lc-rs", &AwsLc), ("RustCrypto", &RustCrypto)];

fn issuance(holder: &SoftwareKey) -> VcIssuance {
    let names: Vec<String> = (0..DISCLOSURES).map(|number| format!("claim_{number}")).collect();
    let mut claims: Map<String, Value> =
        names.iter().map(|name| (name.clone(), json!("福祉課 Welfare Section 12"))).collect();
    // sd-jwt-rs reads no credential without it.
    claims.insert("iss".into(), "https://issuer.example".into());
    VcIssuance {
        vct: "urn:inro:employee-id:1".into(),
        issued_at: Some(NOW),
        not_before: None,
        expires_at: Some(EXPIRES_AT),
        claims,
        disclosable: names.iter().map(|name| ClaimPath::claim(name)).collect(),
        decoys_per_object: 0,
        holder_key: Some(Jwk::new(holder.public_key())),
        x5c: Vec::new(),
    }
}

fn present(credential: &str, issuer: &SoftwareKey, holder: &SoftwareKey) -> String {
    let held = HeldSdJwt::receive(credential, &trusted(issuer), NOW, &AwsLc).unwrap();
    let to_sign =
        held.present(&issuance(holder).disclosable).unwrap().key_binding(AUDIENCE, NONCE, NOW, &AwsLc);
    to_sign.sign_with(holder).unwrap()
}

fn trusted(issuer: &SoftwareKey) -> TrustedKey {
    TrustedKey::pinned(issuer.public_key(), Usage::CredentialIssuer, &["employee-id"])
}
