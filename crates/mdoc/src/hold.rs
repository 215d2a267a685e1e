use std::fmt;

use inro_base::UnixTime;
use inro_crypto::{Provider, PublicKey};
use inro_trust::{ClaimPath, PathElement, TrustedKey};
use serde_json::{Map, Value as Json};

use crate::MdocError;
use crate::issuer_signed::{self, Parts, SignedItem};
use crate::mso::{Mso, StatusReference};
use crate::present::MdocPresentation;
use crate::verify::{Expected, UnverifiedIssuerSigned, claims};

/// An mdoc in its holder's hands, with every item that the issuer sent.
pub struct HeldMdoc {
    issuer_auth: Vec<u8>,
    x5c: Vec<Vec<u8>>,
    mso: Mso,
    items: Vec<SignedItem>,
    claims: Map<String, Json>,
}

impl HeldMdoc {
    /// Checks what an issuer sent; see [`UnverifiedIssuerSigned::verify`].
    ///
    /// # Errors
    /// [`MdocError`] with the first reason found against it.
    pub fn receive(
        bytes: &[u8],
        issuer: &TrustedKey,
        now: UnixTime,
        provider: &dyn Provider,
    ) -> Result<Self, MdocError> {
        let unverified = UnverifiedIssuerSigned::parse(bytes)?;
        let x5c = unverified.x5c().to_vec();
        let (verified, issuer_auth) =
            unverified.verify_keeping_signature(issuer, &Expected::at(now), provider)?;
        let (mso, items, claims) = verified.into_parts();
        Ok(Self { issuer_auth, x5c, mso, items, claims })
    }

    /// Reads an mdoc back from the holder's own store. It was checked when it was received, so neither
    /// the issuer's signature nor the times are checked again.
    ///
    /// # Errors
    /// [`MdocError`] when the bytes are no mdoc, or its items do not fit its digests.
    pub fn parse(bytes: &[u8], provider: &dyn Provider) -> Result<Self, MdocError> {
        let Parts { issuer_auth, sign1, items } = issuer_signed::parse(bytes)?;
        let payload = sign1.unverified_payload().ok_or(inro_cose::CoseError::Payload)?;
        let mso = Mso::parse(payload)?;
        mso.check_items(&items, provider)?;
        let claims = claims(&items);
        Ok(Self { issuer_auth, x5c: sign1.x5chain().to_vec(), mso, items, claims })
    }

    /// The document type.
    pub fn doc_type(&self) -> &str {
        &self.mso.doc_type
    }

    /// The issuer's certificates (DER, leaf first).
    pub fn x5c(&self) -> &[Vec<u8>] {
        &self.x5c
    }

    /// All data elements as JSON: name space, then identifier, then value.
    pub const fn claims(&self) -> &Map<String, Json> {
        &self.claims
    }

    /// Until when it is valid.
    pub const fn expires_at(&self) -> UnixTime {
        self.mso.valid_until
    }

    /// When its issuer means to issue it again.
    pub const fn expected_update(&self) -> Option<UnixTime> {
        self.mso.expected_update
    }

    /// The key that it is bound to.
    pub const fn holder_key(&self) -> PublicKey {
        self.mso.device_key
    }

    /// Where its status stands in a status list.
    pub const fn status(&self) -> Option<&StatusReference> {
        self.mso.status.as_ref()
    }

    /// Where each data element stands: what its holder can show or keep.
    pub fn disclosable(&self) -> Vec<Vec<PathElement>> {
        let path = |item: &SignedItem| {
            vec![PathElement::Key(item.namespace.clone()), PathElement::Key(item.identifier.clone())]
        };
        self.items.iter().map(path).collect()
    }

    /// The presentation that shows the data elements at `paths` and no others. No path shows the
    /// issuer's signature over digests alone.
    ///
    /// # Errors
    /// [`MdocError::NotHeld`] when a path names nothing in this mdoc.
    ///
    /// Source: OpenID4VP 1.0 §7.2.
    pub fn present(&self, paths: &[ClaimPath]) -> Result<MdocPresentation, MdocError> {
        let mut chosen = vec![false; self.items.len()];
        for (index, path) in paths.iter().enumerate() {
            let named = |item: &SignedItem| match path.elements() {
                [PathElement::Key(namespace), PathElement::Key(identifier)] => {
                    *namespace == item.namespace && *identifier == item.identifier
                }
                _ => false,
            };
            let at = self.items.iter().position(named).ok_or(MdocError::NotHeld { index })?;
            if let Some(chosen) = chosen.get_mut(at) {
                *chosen = true;
            }
        }
        let items = self.items.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(item, _)| item);
        Ok(MdocPresentation::new(&self.mso.doc_type, &self.issuer_auth, items))
    }
}

impl fmt::Debug for HeldMdoc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeldMdoc({} items)", self.items.len())
    }
}
