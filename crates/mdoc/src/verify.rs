use std::fmt;

use inro_base::UnixTime;
use inro_cose::{UnverifiedSign1, Value};
use inro_crypto::{Provider, PublicKey};
use inro_trust::{TrustError, TrustedKey, UntrustedCertificate, Usage};
use serde_json::{Map, Value as Json};

use crate::MdocError;
use crate::issuer_signed::{self, Parts, SignedItem};
use crate::json::to_json;
use crate::mso::{Mso, StatusReference};
use crate::profile::{CLOCK_SKEW, TypeOf, inro_type_id};

/// What an mdoc is checked against.
#[derive(Clone, Copy)]
pub struct Expected {
    /// The present time.
    pub now: UnixTime,
    /// How far clocks may differ, in seconds.
    pub clock_skew: i64,
    /// Which type id the issuer's certificate must name for a document type.
    pub type_of: TypeOf,
}

/// What an issuer signed, before anybody checked it.
pub struct UnverifiedIssuerSigned {
    parts: Parts,
}

/// An mdoc whose issuer may issue its type, and whose items, times and, of a presentation, device
/// signature hold.
pub struct VerifiedMdoc {
    mso: Mso,
    items: Vec<SignedItem>,
    claims: Map<String, Json>,
    key_bound: bool,
}

impl Expected {
    /// What is expected at `now`, with this house's types and clock skew.
    pub fn at(now: UnixTime) -> Self {
        Self { now, clock_skew: CLOCK_SKEW, type_of: inro_type_id }
    }
}

impl fmt::Debug for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expected")
            .field("now", &self.now)
            .field("clock_skew", &self.clock_skew)
            .finish_non_exhaustive()
    }
}

impl UnverifiedIssuerSigned {
    /// Reads an encoded `IssuerSigned`.
    ///
    /// # Errors
    /// [`MdocError`] for what is malformed, too large, of indefinite length, or repeats something.
    pub fn parse(bytes: &[u8]) -> Result<Self, MdocError> {
        Ok(Self { parts: issuer_signed::parse(bytes)? })
    }

    pub(crate) const fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// The issuer's certificates (DER, leaf first), for [`inro_trust::Anchors::trust`].
    pub fn x5c(&self) -> &[Vec<u8>] {
        self.parts.sign1.x5chain()
    }

    /// Checks it with the key that its certificates led to.
    ///
    /// # Errors
    /// [`MdocError`] with the first reason found against it.
    ///
    /// Source: ISO/IEC 18013-5 §9.3.1 (read from peers).
    pub fn verify(
        self,
        issuer: &TrustedKey,
        expected: &Expected,
        provider: &dyn Provider,
    ) -> Result<VerifiedMdoc, MdocError> {
        Ok(self.verify_keeping_signature(issuer, expected, provider)?.0)
    }

    /// As [`UnverifiedIssuerSigned::verify`]; also gives `issuerAuth` as received.
    pub(crate) fn verify_keeping_signature(
        self,
        issuer: &TrustedKey,
        expected: &Expected,
        provider: &dyn Provider,
    ) -> Result<(VerifiedMdoc, Vec<u8>), MdocError> {
        let usage = Usage::CredentialIssuer;
        if issuer.usage() != usage {
            return Err(TrustError::CertificateUsage { usage }.into());
        }
        let Parts { issuer_auth, sign1, items } = self.parts;
        let mso = signed_mso(sign1, issuer, provider)?;
        mso.check_items(&items, provider)?;
        check_times(&mso, issuer, expected)?;
        let id = (expected.type_of)(&mso.doc_type).ok_or(TrustError::CredentialType)?;
        issuer.check_type(id)?;
        let claims = claims(&items);
        Ok((VerifiedMdoc { mso, items, claims, key_bound: false }, issuer_auth))
    }
}

impl VerifiedMdoc {
    /// The document type.
    pub fn doc_type(&self) -> &str {
        &self.mso.doc_type
    }

    /// The disclosed data elements as JSON: name space, then identifier, then value. Byte strings are
    /// base64url, dates their text.
    pub const fn claims(&self) -> &Map<String, Json> {
        &self.claims
    }

    /// The disclosed data elements: name space, identifier, value.
    pub fn elements(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.items.iter().map(|item| (item.namespace.as_str(), item.identifier.as_str(), &item.value))
    }

    /// When it was signed.
    pub const fn signed_at(&self) -> UnixTime {
        self.mso.signed
    }

    /// From when on it is valid.
    pub const fn valid_from(&self) -> UnixTime {
        self.mso.valid_from
    }

    /// Until when it is valid.
    pub const fn valid_until(&self) -> UnixTime {
        self.mso.valid_until
    }

    /// When its issuer means to issue it again.
    pub const fn expected_update(&self) -> Option<UnixTime> {
        self.mso.expected_update
    }

    /// The key that it is bound to.
    pub const fn holder_key(&self) -> &PublicKey {
        &self.mso.device_key
    }

    /// Whether its device signed this session.
    pub const fn key_bound(&self) -> bool {
        self.key_bound
    }

    /// Where its status stands in a status list.
    pub const fn status(&self) -> Option<&StatusReference> {
        self.mso.status.as_ref()
    }

    /// Whether it refers to a status that has to be looked up, of whatever kind.
    pub const fn has_status(&self) -> bool {
        self.mso.has_status
    }

    pub(crate) const fn mso(&self) -> &Mso {
        &self.mso
    }

    pub(crate) fn bound(self) -> Self {
        Self { key_bound: true, ..self }
    }

    pub(crate) fn into_parts(self) -> (Mso, Vec<SignedItem>, Map<String, Json>) {
        (self.mso, self.items, self.claims)
    }
}

impl fmt::Debug for UnverifiedIssuerSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedIssuerSigned({} items)", self.parts.items.len())
    }
}

impl fmt::Debug for VerifiedMdoc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedMdoc({} items)", self.items.len())
    }
}

fn signed_mso(
    sign1: UnverifiedSign1,
    issuer: &TrustedKey,
    provider: &dyn Provider,
) -> Result<Mso, MdocError> {
    Mso::parse(sign1.verify(provider, issuer.public_key())?.payload())
}

/// Source: ISO/IEC 18013-5 §9.3.1, step 5 (read from peers): signed while the certificate held, and
/// valid now.
fn check_times(mso: &Mso, issuer: &TrustedKey, expected: &Expected) -> Result<(), MdocError> {
    let Expected { now, clock_skew, .. } = *expected;
    if mso.signed > mso.valid_from || mso.valid_from > mso.valid_until {
        return Err(MdocError::Times);
    }
    if let Some(der) = issuer.leaf_der() {
        let leaf = UntrustedCertificate::read(der)?;
        if mso.signed < leaf.not_before().plus(-clock_skew) || mso.signed > leaf.not_after() {
            return Err(MdocError::Times);
        }
    }
    if now.plus(clock_skew) < mso.valid_from {
        return Err(MdocError::NotYetValid { from: mso.valid_from });
    }
    if now >= mso.valid_until.plus(clock_skew) {
        return Err(MdocError::Expired { at: mso.valid_until });
    }
    Ok(())
}

pub(crate) fn claims(items: &[SignedItem]) -> Map<String, Json> {
    let mut claims = Map::new();
    for item in items {
        let namespace = claims.entry(item.namespace.clone()).or_insert_with(|| Json::Object(Map::new()));
        if let Json::Object(elements) = namespace {
            elements.insert(item.identifier.clone(), to_json(&item.value));
        }
    }
    claims
}
