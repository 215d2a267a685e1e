use inro_base::UnixTime;
use inro_base::base64url;
use inro_base::json::Limits;
use inro_crypto::{Provider, PublicKey};
use inro_jose::{Expect, UnverifiedJws};
use serde_json::{Map, Value};

use crate::SdJwtError;

/// The `typ` of a key-binding JWT. Source: RFC 9901 §4.3.
pub(crate) const TYP: &str = "kb+jwt";

/// What a reader asks of key binding: its own policy, never the sender's choice.
///
/// Source: RFC 9901 §7.3, step 1.
#[derive(Clone, Copy, Debug)]
pub enum KeyBinding<'a> {
    /// The holder must have signed for this audience and this nonce, no longer ago than `max_age`
    /// seconds.
    Required {
        /// Who the presentation must be for.
        audience: &'a str,
        /// The nonce of the request.
        nonce: &'a str,
        /// The greatest age, in seconds.
        max_age: i64,
    },
    /// A key binding is neither asked for nor looked at.
    NotRequired,
    /// There may be none, as in what an issuer sends. Source: RFC 9901 §7.2.
    Forbidden,
}

/// What a key binding has to fit.
pub(crate) struct Bound<'a> {
    pub(crate) holder: &'a PublicKey,
    pub(crate) presented: &'a str,
    pub(crate) now: UnixTime,
    pub(crate) clock_skew: i64,
}

/// Checks the key-binding JWT `text` and gives its claims. Source: RFC 9901 §7.3, step 5.
pub(crate) fn check(
    text: &str,
    bound: &Bound<'_>,
    audience: &str,
    nonce: &str,
    max_age: i64,
    provider: &dyn Provider,
) -> Result<Map<String, Value>, SdJwtError> {
    let jws = UnverifiedJws::parse(text, Expect { typ: &[TYP], limits: Limits::MESSAGE })
        .map_err(SdJwtError::KeyBindingFrame)?;
    let jws = jws.verify(provider, bound.holder).map_err(|_| SdJwtError::KeyBindingSignature)?;
    let claims = jws.payload();
    if text_claim(claims, "aud")? != audience {
        return Err(SdJwtError::Audience);
    }
    if text_claim(claims, "nonce")? != nonce {
        return Err(SdJwtError::Nonce);
    }
    if text_claim(claims, "sd_hash")? != hash(bound.presented, provider) {
        return Err(SdJwtError::Hash);
    }
    check_times(claims, bound, max_age)?;
    Ok(jws.into_payload())
}

/// The `sd_hash` of an SD-JWT up to its last `~`. Source: RFC 9901 §4.3.1.
pub(crate) fn hash(presented: &str, provider: &dyn Provider) -> String {
    base64url::encode(&provider.sha256(presented.as_bytes()))
}

fn check_times(claims: &Map<String, Value>, bound: &Bound<'_>, max_age: i64) -> Result<(), SdJwtError> {
    let at = time_claim(claims, "iat")?.ok_or(SdJwtError::KeyBindingClaims)?;
    let age = bound.now.seconds_since(at);
    if age > max_age.saturating_add(bound.clock_skew) || age < bound.clock_skew.saturating_neg() {
        return Err(SdJwtError::Stale { at });
    }
    // A key binding needs neither, but where one is given it counts. Source: RFC 7519 §4.1.4, §4.1.5.
    let expired = time_claim(claims, "exp")?.is_some_and(|exp| bound.now >= exp.plus(bound.clock_skew));
    let early = time_claim(claims, "nbf")?.is_some_and(|nbf| bound.now.plus(bound.clock_skew) < nbf);
    if expired || early { Err(SdJwtError::Stale { at }) } else { Ok(()) }
}

fn text_claim<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<&'a str, SdJwtError> {
    claims.get(name).and_then(Value::as_str).ok_or(SdJwtError::KeyBindingClaims)
}

fn time_claim(claims: &Map<String, Value>, name: &str) -> Result<Option<UnixTime>, SdJwtError> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => UnixTime::from_numeric_date(value).map(Some).ok_or(SdJwtError::KeyBindingClaims),
    }
}
