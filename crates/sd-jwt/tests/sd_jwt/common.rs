//! Keys, a replayable source of randomness, and hand-made SD-JWTs.

use inro_base::{Coded, Rng, UnixTime, base64url};
use inro_crypto::{Provider as _, RustCrypto, Signer as _, SoftwareKey};
use inro_jose::{Jwk, JwsToSign};
use inro_sd_jwt::plain::{Rules, Unverified, Verified};
use inro_sd_jwt::{ClaimPath, KeyBinding, SdJwtError};
use serde_json::{Map, Value};

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);
pub(crate) const TYP: &str = "example+sd-jwt";

/// SplitMix64: the same numbers for the same seed.
pub(crate) struct Replay(pub(crate) u64);

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

pub(crate) fn issuer() -> SoftwareKey {
    SoftwareKey::from_secret_bytes(&[21; 32]).unwrap()
}

pub(crate) fn holder() -> SoftwareKey {
    SoftwareKey::from_secret_bytes(&[22; 32]).unwrap()
}

pub(crate) fn holder_jwk() -> Jwk {
    Jwk::new(holder().public_key())
}

pub(crate) fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

pub(crate) fn path(value: Value) -> ClaimPath {
    ClaimPath::parse(&value).unwrap()
}

/// The text of a disclosure with these contents, whatever they are.
pub(crate) fn disclosure(contents: &Value) -> String {
    base64url::encode(contents.to_string().as_bytes())
}

pub(crate) fn digest(disclosure: &str) -> String {
    base64url::encode(&RustCrypto.sha256(disclosure.as_bytes()))
}

/// An SD-JWT with this payload and these disclosures, rightly signed, whatever they say.
pub(crate) fn craft(typ: &str, payload: &Value, disclosures: &[String]) -> String {
    let header = Map::from_iter([("typ".to_owned(), Value::from(typ))]);
    let mut text = JwsToSign::new(header, &map(payload.clone())).sign_with(&issuer()).unwrap();
    text.push('~');
    for disclosure in disclosures {
        text.push_str(disclosure);
        text.push('~');
    }
    text
}

pub(crate) const fn rules(key_binding: KeyBinding<'_>) -> Rules<'_> {
    Rules { now: NOW, clock_skew: 60, key_binding }
}

pub(crate) fn verify(text: &str) -> Result<Verified, SdJwtError> {
    verify_with(text, &rules(KeyBinding::NotRequired))
}

pub(crate) fn verify_with(text: &str, rules: &Rules<'_>) -> Result<Verified, SdJwtError> {
    Unverified::parse(text, &[TYP])?.verify(&issuer().public_key(), rules, &RustCrypto)
}

pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, SdJwtError>) -> &'static str {
    result.unwrap_err().code().as_str()
}
