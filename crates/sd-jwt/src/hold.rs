use inro_base::UnixTime;
use inro_crypto::{Provider, PublicKey};
use inro_trust::{ClaimPath, PathElement, TrustedKey};
use serde_json::{Map, Value};

use crate::SdJwtError;
use crate::frame::Frame;
use crate::plain::{Unverified, holder_key};
use crate::present::Presentation;
use crate::process::process;
use crate::profile::{TYP, vct};
use crate::vc::{Expected, UnverifiedSdJwt, VerifiedSdJwt};

/// An SD-JWT VC in its holder's hands, with every disclosure that the issuer sent.
#[derive(Debug)]
pub struct HeldSdJwt {
    frame: Frame,
    claims: Map<String, Value>,
    places: Vec<Vec<PathElement>>,
}

impl HeldSdJwt {
    /// Checks what an issuer sent; see [`UnverifiedSdJwt::verify`]. A key binding is refused.
    ///
    /// # Errors
    /// [`SdJwtError`] with the first reason found against it.
    ///
    /// Source: RFC 9901 §7.2.
    pub fn receive(
        text: &str,
        issuer: &TrustedKey,
        now: UnixTime,
        provider: &dyn Provider,
    ) -> Result<Self, SdJwtError> {
        let verified = UnverifiedSdJwt::parse(text)?.verify(issuer, &Expected::at_issuance(now), provider)?;
        Ok(verified.into())
    }

    /// Reads a credential back from the holder's own store. It was checked when it was received, so
    /// neither the issuer's signature nor the times are checked again.
    ///
    /// # Errors
    /// [`SdJwtError`] when the text is no SD-JWT VC, or its disclosures do not fit its digests.
    pub fn parse(text: &str, provider: &dyn Provider) -> Result<Self, SdJwtError> {
        let (frame, payload) = Unverified::parse(text, &[TYP])?.into_unverified_parts();
        if frame.key_binding().is_some() {
            return Err(SdJwtError::KeyBindingUnexpected);
        }
        let processed = process(payload, &frame, provider)?;
        vct(&processed.claims)?;
        Ok(Self { frame, claims: processed.claims, places: processed.places })
    }

    /// All claims, disclosed and always visible.
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The credential type.
    pub fn vct(&self) -> &str {
        vct(&self.claims).unwrap_or_default()
    }

    /// `exp`; `None` when it has none.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.claims.get("exp").and_then(UnixTime::from_numeric_date)
    }

    /// The key that the credential is bound to; `None` when it is bound to none.
    pub fn holder_key(&self) -> Option<PublicKey> {
        holder_key(&self.claims).ok().flatten()
    }

    /// Whether the claim at `path` is there and visible to every verifier, whatever is chosen.
    pub fn is_always_visible(&self, path: &ClaimPath) -> bool {
        let located = path.locate(&self.claims);
        !located.is_empty()
            && located.iter().all(|at| !self.places.iter().any(|place| is_needed(place, at.elements())))
    }

    /// The smallest presentation that shows the claims at `paths`: each with everything beneath it,
    /// and with the disclosures of what it stands in. No path shows what is always visible alone.
    ///
    /// # Errors
    /// [`SdJwtError::NotHeld`] when a path names nothing in this credential.
    ///
    /// Source: RFC 9901 §7.2; OpenID4VP 1.0 §6.4.1.
    pub fn present(&self, paths: &[ClaimPath]) -> Result<Presentation, SdJwtError> {
        let mut chosen = vec![false; self.places.len()];
        for (index, path) in paths.iter().enumerate() {
            let located = path.locate(&self.claims);
            if located.is_empty() {
                return Err(SdJwtError::NotHeld { index });
            }
            for (place, chosen) in self.places.iter().zip(&mut chosen) {
                *chosen = *chosen || located.iter().any(|at| is_needed(place, at.elements()));
            }
        }
        let disclosures = self.frame.disclosures().zip(&chosen).filter(|(_, chosen)| **chosen);
        Ok(Presentation::new(self.frame.jwt(), disclosures.map(|(text, _)| text)))
    }
}

impl From<VerifiedSdJwt> for HeldSdJwt {
    fn from(verified: VerifiedSdJwt) -> Self {
        let (frame, claims, places) = verified.into_parts();
        Self { frame, claims, places }
    }
}

/// Whether the disclosure whose value stands at `place` is needed to show what stands at `at`: the
/// one is part of the other, or the same.
fn is_needed(place: &[PathElement], at: &[PathElement]) -> bool {
    place.iter().zip(at).all(|(one, other)| one == other)
}
