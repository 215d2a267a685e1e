use std::fmt;

use inro_base::UnixTime;
use inro_crypto::{Provider, PublicKey};
use inro_jose::Header;
use inro_trust::{PathElement, TrustError, TrustedKey, Usage};
use serde_json::{Map, Value};

use crate::SdJwtError;
use crate::frame::Frame;
use crate::key_binding::KeyBinding;
use crate::plain::{Rules, Unverified, Verified};
use crate::process::Gap;
use crate::profile::{CLOCK_SKEW, TYP, is_never_disclosable, vct};

/// Finds the id of a credential type, as certificates name it, in a `vct`; `None` for a foreign one.
pub type TypeOf = for<'a> fn(&'a str) -> Option<&'a str>;

/// What an SD-JWT VC is checked against.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The present time.
    pub now: UnixTime,
    /// How far the sender's clock may differ from ours, in seconds.
    pub clock_skew: i64,
    /// What is asked of key binding.
    pub key_binding: KeyBinding<'a>,
    /// Which type id the issuer's certificate must name for a `vct`.
    pub type_of: TypeOf,
}

/// An SD-JWT VC that nobody has checked.
#[derive(Debug)]
pub struct UnverifiedSdJwt(Unverified);

/// An SD-JWT VC whose issuer may issue its type, and whose disclosures, times and key binding hold.
#[derive(Debug)]
pub struct VerifiedSdJwt {
    plain: Verified,
    vct: String,
}

/// The `<id>` of `urn:inro:<id>:<version>`.
pub fn inro_type_id(vct: &str) -> Option<&str> {
    let (id, version) = vct.strip_prefix("urn:inro:")?.rsplit_once(':')?;
    let plain_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    Some(id).filter(|id| plain_number && !id.is_empty())
}

impl<'a> Expected<'a> {
    /// What a wallet expects of what an issuer sends: no key binding.
    pub fn at_issuance(now: UnixTime) -> Self {
        Self { now, clock_skew: CLOCK_SKEW, key_binding: KeyBinding::Forbidden, type_of: inro_type_id }
    }

    /// What a verifier expects of a presentation that its holder signed at most `max_age` seconds ago.
    pub fn presented(now: UnixTime, audience: &'a str, nonce: &'a str, max_age: i64) -> Self {
        let key_binding = KeyBinding::Required { audience, nonce, max_age };
        Self { now, clock_skew: CLOCK_SKEW, key_binding, type_of: inro_type_id }
    }

    /// What a verifier expects of a presentation that nobody needs to have signed.
    pub fn without_key_binding(now: UnixTime) -> Self {
        Self { now, clock_skew: CLOCK_SKEW, key_binding: KeyBinding::NotRequired, type_of: inro_type_id }
    }
}

impl fmt::Debug for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expected")
            .field("now", &self.now)
            .field("clock_skew", &self.clock_skew)
            .finish_non_exhaustive()
    }
}

impl UnverifiedSdJwt {
    /// Reads an SD-JWT VC, with or without key binding.
    ///
    /// # Errors
    /// [`SdJwtError`] for a malformed or oversized text and for another `typ`.
    pub fn parse(text: &str) -> Result<Self, SdJwtError> {
        Unverified::parse(text, &[TYP]).map(Self)
    }

    /// The issuer's certificates (DER, leaf first), for [`inro_trust::Anchors::trust`].
    pub fn x5c(&self) -> &[Vec<u8>] {
        self.0.header().x5c()
    }

    /// The header. Nothing in it is established.
    pub const fn header(&self) -> &Header {
        self.0.header()
    }

    /// Checks the SD-JWT VC with the key that its certificates led to.
    ///
    /// # Errors
    /// [`SdJwtError`] with the first reason found against it.
    ///
    /// Source: SD-JWT VC §2.4; RFC 9901 §7.
    pub fn verify(
        self,
        issuer: &TrustedKey,
        expected: &Expected<'_>,
        provider: &dyn Provider,
    ) -> Result<VerifiedSdJwt, SdJwtError> {
        let usage = Usage::CredentialIssuer;
        if issuer.usage() != usage {
            return Err(TrustError::CertificateUsage { usage }.into());
        }
        let rules =
            Rules { now: expected.now, clock_skew: expected.clock_skew, key_binding: expected.key_binding };
        let plain = self.0.verify(issuer.public_key(), &rules, provider)?;
        check_always_visible(plain.disclosed())?;
        let vct = vct(plain.claims())?.to_owned();
        let id = (expected.type_of)(&vct).ok_or(TrustError::CredentialType)?;
        issuer.check_type(id)?;
        Ok(VerifiedSdJwt { plain, vct })
    }
}

impl VerifiedSdJwt {
    /// The processed payload: disclosed claims in their places, no digests; `vct`, `cnf` and the
    /// times among them.
    pub const fn claims(&self) -> &Map<String, Value> {
        self.plain.claims()
    }

    /// The processed payload, by value.
    pub fn into_claims(self) -> Map<String, Value> {
        self.plain.into_claims()
    }

    /// The credential type.
    pub fn vct(&self) -> &str {
        &self.vct
    }

    /// `iat`.
    pub const fn issued_at(&self) -> Option<UnixTime> {
        self.plain.issued_at()
    }

    /// `nbf`.
    pub const fn not_before(&self) -> Option<UnixTime> {
        self.plain.not_before()
    }

    /// `exp`.
    pub const fn expires_at(&self) -> Option<UnixTime> {
        self.plain.expires_at()
    }

    /// The holder's key, from `cnf.jwk`.
    pub const fn holder_key(&self) -> Option<&PublicKey> {
        self.plain.holder_key()
    }

    /// Whether a key binding was required, and fitted.
    pub const fn key_bound(&self) -> bool {
        self.plain.key_bound()
    }

    /// What the holder signed in the key binding, beside audience, nonce and `sd_hash`, which were
    /// checked; `None` where none was required.
    pub const fn key_binding_claims(&self) -> Option<&Map<String, Value>> {
        self.plain.key_binding_claims()
    }

    /// Where each disclosure stood, in the order of the disclosures.
    pub fn disclosed(&self) -> &[Vec<PathElement>] {
        self.plain.disclosed()
    }

    /// The arrays of which elements stayed hidden, decoys among them: what an index meant when the
    /// credential was issued.
    pub fn gaps(&self) -> &[Gap] {
        self.plain.gaps()
    }

    pub(crate) fn into_parts(self) -> (Frame, Map<String, Value>, Vec<Vec<PathElement>>) {
        self.plain.into_parts()
    }
}

/// Source: SD-JWT VC §2.2.2.3: neither these claims nor parts of them may come from a disclosure.
fn check_always_visible(places: &[Vec<PathElement>]) -> Result<(), SdJwtError> {
    let hidden = places.iter().any(|place| match place.first() {
        Some(PathElement::Key(name)) => is_never_disclosable(name),
        Some(PathElement::Index(_) | PathElement::All) | None => false,
    });
    if hidden { Err(SdJwtError::NeverDisclosable) } else { Ok(()) }
}
