//! SD-JWT of any `typ`, checked with a key that the caller already trusts. Source: RFC 9901.

use inro_base::UnixTime;
use inro_base::json::Limits;
use inro_crypto::{Provider, PublicKey};
use inro_jose::{Expect, Header, Jwk, UnverifiedJws};
use inro_trust::PathElement;
use serde_json::{Map, Value};

use crate::SdJwtError;
use crate::frame::{Frame, MAX_BYTES, MAX_DEPTH};
use crate::key_binding::{self, Bound, KeyBinding};
use crate::process::{Gap, process};

/// An SD-JWT that nobody has checked.
#[derive(Debug)]
pub struct Unverified {
    frame: Frame,
    jws: UnverifiedJws,
}

/// What an SD-JWT is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The present time.
    pub now: UnixTime,
    /// How far the sender's clock may differ from ours, in seconds.
    pub clock_skew: i64,
    /// What is asked of key binding.
    pub key_binding: KeyBinding<'a>,
}

/// An SD-JWT whose signature, disclosures, times and key binding hold.
#[derive(Debug)]
pub struct Verified {
    frame: Frame,
    claims: Map<String, Value>,
    places: Vec<Vec<PathElement>>,
    gaps: Vec<Gap>,
    times: Times,
    holder_key: Option<PublicKey>,
    key_binding: Option<Map<String, Value>>,
}

#[derive(Clone, Copy, Debug)]
struct Times {
    issued_at: Option<UnixTime>,
    not_before: Option<UnixTime>,
    expires_at: Option<UnixTime>,
}

impl Unverified {
    /// Reads an SD-JWT or SD-JWT+KB whose issuer-signed JWT has one of the types in `typ`.
    ///
    /// # Errors
    /// [`SdJwtError`] for a malformed or oversized text.
    ///
    /// Source: RFC 9901 §4.
    pub fn parse(text: &str, typ: &[&str]) -> Result<Self, SdJwtError> {
        let frame = Frame::parse(text)?;
        let limits = Limits { bytes: MAX_BYTES, depth: MAX_DEPTH };
        let jws = UnverifiedJws::parse(frame.jwt(), Expect { typ, limits })?;
        Ok(Self { frame, jws })
    }

    /// The header of the issuer-signed JWT. Nothing in it is established.
    pub const fn header(&self) -> &Header {
        self.jws.header()
    }

    /// The payload as received, digests and all. Nothing in it is established.
    pub const fn unverified_payload(&self) -> &Map<String, Value> {
        self.jws.unverified_payload()
    }

    /// Frame and payload, for a holder who checked them before.
    pub(crate) fn into_unverified_parts(self) -> (Frame, Map<String, Value>) {
        let payload = self.jws.unverified_payload().clone();
        (self.frame, payload)
    }

    /// Checks signature, disclosures, times and key binding.
    ///
    /// # Errors
    /// [`SdJwtError`] with the first reason found against it.
    ///
    /// Source: RFC 9901 §7.1, §7.3.
    pub fn verify(
        self,
        issuer: &PublicKey,
        rules: &Rules<'_>,
        provider: &dyn Provider,
    ) -> Result<Verified, SdJwtError> {
        let jws = self.jws.verify(provider, issuer)?;
        let processed = process(jws.into_payload(), &self.frame, provider)?;
        let times = Times::read(&processed.claims)?;
        times.check(rules)?;
        let holder_key = holder_key(&processed.claims)?;
        let key_binding = check_key_binding(&self.frame, holder_key.as_ref(), rules, provider)?;
        Ok(Verified {
            frame: self.frame,
            claims: processed.claims,
            places: processed.places,
            gaps: processed.gaps,
            times,
            holder_key,
            key_binding,
        })
    }
}

impl Verified {
    /// The processed payload: disclosed claims in their places, no digests.
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The processed payload, by value.
    pub fn into_claims(self) -> Map<String, Value> {
        self.claims
    }

    /// `iat`.
    pub const fn issued_at(&self) -> Option<UnixTime> {
        self.times.issued_at
    }

    /// `nbf`.
    pub const fn not_before(&self) -> Option<UnixTime> {
        self.times.not_before
    }

    /// `exp`.
    pub const fn expires_at(&self) -> Option<UnixTime> {
        self.times.expires_at
    }

    /// The key in `cnf.jwk`.
    pub const fn holder_key(&self) -> Option<&PublicKey> {
        self.holder_key.as_ref()
    }

    /// Whether a key binding was required, and fitted.
    pub const fn key_bound(&self) -> bool {
        self.key_binding.is_some()
    }

    /// What the holder signed in the key binding; `None` where none was required.
    pub const fn key_binding_claims(&self) -> Option<&Map<String, Value>> {
        self.key_binding.as_ref()
    }

    /// Where each disclosure stood, in the order of the disclosures.
    pub fn disclosed(&self) -> &[Vec<PathElement>] {
        &self.places
    }

    /// The arrays of which elements stayed hidden, decoys among them: what an index meant when the
    /// credential was issued.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    pub(crate) fn into_parts(self) -> (Frame, Map<String, Value>, Vec<Vec<PathElement>>) {
        (self.frame, self.claims, self.places)
    }
}

impl Times {
    fn read(claims: &Map<String, Value>) -> Result<Self, SdJwtError> {
        Ok(Self {
            issued_at: time(claims, "iat")?,
            not_before: time(claims, "nbf")?,
            expires_at: time(claims, "exp")?,
        })
    }

    /// Source: RFC 7519 §4.1.4 to §4.1.6, whose "small leeway" is `clock_skew`.
    fn check(&self, rules: &Rules<'_>) -> Result<(), SdJwtError> {
        let latest = rules.now.plus(rules.clock_skew);
        if let Some(at) = self.expires_at.filter(|at| rules.now >= at.plus(rules.clock_skew)) {
            return Err(SdJwtError::Expired { at });
        }
        if let Some(from) = self.not_before.filter(|from| latest < *from) {
            return Err(SdJwtError::NotYetValid { from });
        }
        match self.issued_at.filter(|at| latest < *at) {
            Some(at) => Err(SdJwtError::IssuedInFuture { at }),
            None => Ok(()),
        }
    }
}

fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<UnixTime>, SdJwtError> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => UnixTime::from_numeric_date(value).map(Some).ok_or(SdJwtError::Claim),
    }
}

/// Source: RFC 7800 §3.2. Another confirmation method than `jwk` names no key that we can use.
pub(crate) fn holder_key(claims: &Map<String, Value>) -> Result<Option<PublicKey>, SdJwtError> {
    let Some(confirmation) = claims.get("cnf") else { return Ok(None) };
    let methods = confirmation.as_object().ok_or(SdJwtError::Claim)?;
    methods.get("jwk").map(|jwk| Ok(Jwk::parse(jwk)?.key)).transpose()
}

fn check_key_binding(
    frame: &Frame,
    holder: Option<&PublicKey>,
    rules: &Rules<'_>,
    provider: &dyn Provider,
) -> Result<Option<Map<String, Value>>, SdJwtError> {
    match (rules.key_binding, frame.key_binding()) {
        (KeyBinding::NotRequired, _) | (KeyBinding::Forbidden, None) => Ok(None),
        (KeyBinding::Forbidden, Some(_)) => Err(SdJwtError::KeyBindingUnexpected),
        (KeyBinding::Required { .. }, None) => Err(SdJwtError::KeyBindingMissing),
        (KeyBinding::Required { audience, nonce, max_age }, Some(text)) => {
            let bound = Bound {
                holder: holder.ok_or(SdJwtError::HolderKey)?,
                presented: frame.presented(),
                now: rules.now,
                clock_skew: rules.clock_skew,
            };
            key_binding::check(text, &bound, audience, nonce, max_age, provider).map(Some)
        }
    }
}
