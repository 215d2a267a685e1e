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

    /// The issuer's certificates as the credential carries them (DER, leaf first).
    pub fn x5c(&self) -> Vec<Vec<u8>> {
        let issued = Unverified::parse(self.frame.presented(), &[TYP]);
        issued.map(|issued| issued.header().x5c().to_vec()).unwrap_or_default()
    }

    /// `exp`; `None` when it has none.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.claims.get("exp").and_then(UnixTime::from_numeric_date)
    }

    /// The key that the credential is bound to; `None` when it is bound to none.
    pub fn holder_key(&self) -> Option<PublicKey> {
        holder_key(&self.claims).ok().flatten()
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

    /// What [`HeldSdJwt::present`] shows beside the claims at `paths` and beside what is always
    /// visible: whatever shares a disclosure with one of them. Paths of names and indices alone,
    /// each to the largest part that is shown whole.
    ///
    /// Source: RFC 9901 §4.2.6: a disclosure goes with those that it stands in.
    pub fn shown_beside(&self, paths: &[ClaimPath]) -> Vec<ClaimPath> {
        let asked: Vec<ClaimPath> = paths.iter().flat_map(|path| path.locate(&self.claims)).collect();
        self.visible_with(&asked, true)
    }

    /// What every verifier sees, whatever is chosen: each path to the largest part that is visible
    /// whole, of names and indices alone.
    pub fn always_visible(&self) -> Vec<ClaimPath> {
        self.visible_with(&[], false)
    }

    fn visible_with(&self, asked: &[ClaimPath], of_disclosures: bool) -> Vec<ClaimPath> {
        let mut walk = Visible { asked, places: &self.places, of_disclosures, found: Vec::new() };
        for (name, value) in &self.claims {
            walk.value(&mut vec![PathElement::Key(name.clone())], value);
        }
        walk.found
    }

    /// Where each disclosure stands: what its holder can show or keep.
    pub fn disclosable(&self) -> &[Vec<PathElement>] {
        &self.places
    }
}

impl From<VerifiedSdJwt> for HeldSdJwt {
    fn from(verified: VerifiedSdJwt) -> Self {
        let (frame, claims, places) = verified.into_parts();
        Self { frame, claims, places }
    }
}

/// The walk over what is visible when `asked` is presented, without `asked` itself: those parts that
/// come out of disclosures, or those that do not. Its depth is that of the claims, which is bounded.
struct Visible<'a> {
    asked: &'a [ClaimPath],
    places: &'a [Vec<PathElement>],
    of_disclosures: bool,
    found: Vec<ClaimPath>,
}

impl Visible<'_> {
    fn value(&mut self, at: &mut Vec<PathElement>, value: &Value) {
        let asked = |path: &[PathElement]| self.asked.iter().any(|asked| path.starts_with(asked.elements()));
        let chosen =
            |place: &[PathElement]| self.asked.iter().any(|asked| is_needed(place, asked.elements()));
        let hidden = |place: &Vec<PathElement>| !chosen(place);
        if asked(at) || self.places.iter().any(|place| place == at && hidden(place)) {
            return;
        }
        let holds_asked = self.asked.iter().any(|asked| asked.elements().starts_with(at));
        let holds_hidden = self.places.iter().any(|place| place.starts_with(at) && hidden(place));
        if holds_asked || holds_hidden {
            self.below(at, value);
        } else if self.places.iter().any(|place| at.starts_with(place)) == self.of_disclosures {
            self.found.extend(ClaimPath::new(at.clone()));
        }
    }

    fn below(&mut self, at: &mut Vec<PathElement>, value: &Value) {
        let steps: Vec<(PathElement, &Value)> = match value {
            Value::Object(members) => {
                members.iter().map(|(name, value)| (PathElement::Key(name.clone()), value)).collect()
            }
            Value::Array(items) => {
                items.iter().enumerate().map(|(index, value)| (PathElement::Index(index), value)).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        };
        for (step, value) in steps {
            at.push(step);
            self.value(at, value);
            at.pop();
        }
    }
}

/// Whether the disclosure whose value stands at `place` is needed to show what stands at `at`: the
/// one is part of the other, or the same.
fn is_needed(place: &[PathElement], at: &[PathElement]) -> bool {
    place.iter().zip(at).all(|(one, other)| one == other)
}
