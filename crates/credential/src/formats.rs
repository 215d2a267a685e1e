//! One face over the credential formats, for whoever holds a credential and whoever verified one.
//!
//! What differs between formats is in their rooms; here is only which of them it is.

use inro_base::{Code, Coded, UnixTime, base64url};
use inro_crypto::{Provider, PublicKey};
use inro_mdoc::{HeldMdoc, MdocError, UnverifiedIssuerSigned, VerifiedMdoc};
use inro_sd_jwt::{HeldSdJwt, SdJwtError, UnverifiedSdJwt, VerifiedSdJwt};
use inro_trust::{Anchors, TrustError, UntrustedCertificate, Usage};
use serde_json::{Map, Value};

use crate::dcql::{MSO_MDOC, SD_JWT_VC};
use crate::path::{ArrayPositions, ClaimPath, PathElement};

/// A credential format of this house.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Format {
    /// SD-JWT VC, `dc+sd-jwt`.
    SdJwtVc,
    /// ISO mdoc, `mso_mdoc`.
    Mdoc,
}

/// A credential in its holder's hands.
#[derive(Debug)]
pub enum HeldCredential {
    /// SD-JWT VC.
    SdJwt(HeldSdJwt),
    /// ISO mdoc.
    Mdoc(Box<HeldMdoc>),
}

/// What a verified presentation says.
#[derive(Debug)]
pub enum VerifiedClaims {
    /// SD-JWT VC.
    SdJwt(VerifiedSdJwt),
    /// ISO mdoc.
    Mdoc(VerifiedMdoc),
}

/// Why a credential was not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The SD-JWT VC.
    #[error(transparent)]
    SdJwt(#[from] SdJwtError),
    /// The mdoc.
    #[error(transparent)]
    Mdoc(#[from] MdocError),
    /// Not base64url, which carries an mdoc in JSON.
    #[error("not base64url")]
    Encoding,
    /// Its issuer.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl Format {
    /// The formats, the one with more ways to withhold first.
    pub const ALL: &'static [Self] = &[Self::SdJwtVc, Self::Mdoc];

    /// The format with this identifier.
    pub fn of(identifier: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.as_str() == identifier)
    }

    /// The format identifier.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SdJwtVc => SD_JWT_VC,
            Self::Mdoc => MSO_MDOC,
        }
    }
}

impl HeldCredential {
    /// Checks what an issuer sent, as the credential response carries it.
    ///
    /// # Errors
    /// [`FormatError`] with the first reason found against it.
    pub fn receive(
        format: Format,
        text: &str,
        anchors: &Anchors,
        now: UnixTime,
        provider: &dyn Provider,
    ) -> Result<Self, FormatError> {
        match format {
            Format::SdJwtVc => {
                let unverified = UnverifiedSdJwt::parse(text)?;
                let issuer = anchors.trust(unverified.x5c(), Usage::CredentialIssuer, now, provider)?;
                Ok(Self::SdJwt(HeldSdJwt::receive(text, &issuer, now, provider)?))
            }
            Format::Mdoc => {
                let bytes = decode(text)?;
                let unverified = UnverifiedIssuerSigned::parse(&bytes)?;
                let issuer = anchors.trust(unverified.x5c(), Usage::CredentialIssuer, now, provider)?;
                Ok(Self::Mdoc(Box::new(HeldMdoc::receive(&bytes, &issuer, now, provider)?)))
            }
        }
    }

    /// Reads a credential back from the holder's own store, where it was put after
    /// [`HeldCredential::receive`].
    ///
    /// # Errors
    /// [`FormatError`] when the text is none of this format.
    pub fn parse(format: Format, text: &str, provider: &dyn Provider) -> Result<Self, FormatError> {
        match format {
            Format::SdJwtVc => Ok(Self::SdJwt(HeldSdJwt::parse(text, provider)?)),
            Format::Mdoc => Ok(Self::Mdoc(Box::new(HeldMdoc::parse(&decode(text)?, provider)?))),
        }
    }

    /// Which format it has.
    pub const fn format(&self) -> Format {
        match self {
            Self::SdJwt(_) => Format::SdJwtVc,
            Self::Mdoc(_) => Format::Mdoc,
        }
    }

    /// The type: `vct` or document type.
    pub fn type_id(&self) -> &str {
        match self {
            Self::SdJwt(held) => held.vct(),
            Self::Mdoc(held) => held.doc_type(),
        }
    }

    /// Everything that it says. Of an mdoc, name spaces with their data elements.
    pub const fn claims(&self) -> &Map<String, Value> {
        match self {
            Self::SdJwt(held) => held.claims(),
            Self::Mdoc(held) => held.claims(),
        }
    }

    /// From when on it is void; `None` when it does not say.
    pub fn expires_at(&self) -> Option<UnixTime> {
        match self {
            Self::SdJwt(held) => held.expires_at(),
            Self::Mdoc(held) => Some(held.expires_at()),
        }
    }

    /// The key identifiers in the AuthorityKeyIdentifier of each of its issuer's certificates, as
    /// base64url. Source: OpenID4VP 1.0 §6.1.1.1.
    pub fn authority_key_ids(&self) -> Vec<String> {
        match self {
            Self::SdJwt(held) => authority_key_ids(&held.x5c()),
            Self::Mdoc(held) => authority_key_ids(held.x5c()),
        }
    }

    /// The key that it is bound to; `None` when it is bound to none.
    pub fn holder_key(&self) -> Option<PublicKey> {
        match self {
            Self::SdJwt(held) => held.holder_key(),
            Self::Mdoc(held) => Some(held.holder_key()),
        }
    }

    /// Where stands what its holder can show or keep.
    pub fn disclosable(&self) -> Vec<Vec<PathElement>> {
        match self {
            Self::SdJwt(held) => held.disclosable().to_vec(),
            Self::Mdoc(held) => held.disclosable(),
        }
    }

    /// What every verifier sees, whatever is chosen.
    pub fn always_visible(&self) -> Vec<ClaimPath> {
        match self {
            Self::SdJwt(held) => held.always_visible(),
            // Type and times alone.
            Self::Mdoc(_) => Vec::new(),
        }
    }

    /// What is shown together with the claims at `paths`, though nobody asked for it.
    pub fn shown_beside(&self, paths: &[ClaimPath]) -> Vec<ClaimPath> {
        match self {
            Self::SdJwt(held) => held.shown_beside(paths),
            // A data element is shown whole and alone.
            Self::Mdoc(_) => Vec::new(),
        }
    }
}

/// Source: OpenID4VCI 1.0 annex A.2.4: base64url of the encoded `IssuerSigned`.
fn decode(text: &str) -> Result<Vec<u8>, FormatError> {
    base64url::decode(text).map_err(|_| FormatError::Encoding)
}

impl VerifiedClaims {
    /// Which format it has.
    pub const fn format(&self) -> Format {
        match self {
            Self::SdJwt(_) => Format::SdJwtVc,
            Self::Mdoc(_) => Format::Mdoc,
        }
    }

    /// The type: `vct` or document type.
    pub fn type_id(&self) -> &str {
        match self {
            Self::SdJwt(verified) => verified.vct(),
            Self::Mdoc(verified) => verified.doc_type(),
        }
    }

    /// What was disclosed. Of an mdoc, name spaces with their data elements.
    pub const fn claims(&self) -> &Map<String, Value> {
        match self {
            Self::SdJwt(verified) => verified.claims(),
            Self::Mdoc(verified) => verified.claims(),
        }
    }

    /// When it was issued; `None` when it does not say.
    pub const fn issued_at(&self) -> Option<UnixTime> {
        match self {
            Self::SdJwt(verified) => verified.issued_at(),
            Self::Mdoc(verified) => Some(verified.signed_at()),
        }
    }

    /// From when on it is void; `None` when it does not say.
    pub const fn expires_at(&self) -> Option<UnixTime> {
        match self {
            Self::SdJwt(verified) => verified.expires_at(),
            Self::Mdoc(verified) => Some(verified.valid_until()),
        }
    }

    /// Whether its holder proved the possession of its key.
    pub const fn key_bound(&self) -> bool {
        match self {
            Self::SdJwt(verified) => verified.key_bound(),
            Self::Mdoc(verified) => verified.key_bound(),
        }
    }

    /// What the holder signed in the key binding of an SD-JWT; `None` where there is none.
    pub const fn key_binding_claims(&self) -> Option<&Map<String, Value>> {
        match self {
            Self::SdJwt(verified) => verified.key_binding_claims(),
            Self::Mdoc(_) => None,
        }
    }

    /// Whether it refers to a status that has to be looked up.
    pub fn has_status(&self) -> bool {
        match self {
            Self::SdJwt(verified) => verified.claims().contains_key("status"),
            Self::Mdoc(verified) => verified.has_status(),
        }
    }

    /// Where the elements of its arrays stood when it was issued.
    pub fn positions(&self) -> ArrayPositions {
        let mut positions = ArrayPositions::new();
        match self {
            Self::SdJwt(verified) => {
                for gap in verified.gaps() {
                    positions.insert(gap.array.clone(), gap.issued.clone());
                }
            }
            // A path into an mdoc ends at the data element.
            Self::Mdoc(_) => {}
        }
        positions
    }
}

/// The key identifiers in the AuthorityKeyIdentifier of each certificate of `chain` (DER), as
/// base64url. A certificate that cannot be read has none. Source: OpenID4VP 1.0 §6.1.1.1.
pub fn authority_key_ids(chain: &[Vec<u8>]) -> Vec<String> {
    let key_id = |der: &Vec<u8>| {
        let certificate = UntrustedCertificate::read(der).ok()?;
        certificate.claimed_authority_key_id().map(base64url::encode)
    };
    chain.iter().filter_map(key_id).collect()
}

impl Coded for FormatError {
    fn code(&self) -> Code {
        match self {
            Self::SdJwt(error) => error.code(),
            Self::Mdoc(error) => error.code(),
            Self::Encoding => const { Code::new("INRO-CRED-020") },
            Self::Trust(error) => error.code(),
        }
    }
}
