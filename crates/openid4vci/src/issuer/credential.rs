use inro_base::http::Method;
use inro_base::json::{self, JsonError, Limits};
use inro_base::{Code, Coded, UnixTime};
use inro_crypto::{Provider, PublicKey};
use inro_oauth::dpop::{DpopError, DpopProof, Expected, UnverifiedDpop};
use inro_oauth::token::is_token;
use inro_oauth::{ErrorCode, FreshNonce, HttpsUrl, NonceError, NonceKey, Purpose};
use serde_json::{Map, Value};

use super::wire::WireError;
use crate::error::CredentialErrorCode;
use crate::proofs::{self, ProofError, Proofs};

/// The longest credential request that we read, in bytes, and its depth: ten proofs are some 8 KiB.
pub const REQUEST_LIMITS: Limits = Limits { bytes: 128 * 1024, depth: 8 };
/// The longest access token that we look at, in bytes.
const MAX_TOKEN_BYTES: usize = 512;

/// The credential endpoint as a request meets it.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// Its published URL.
    pub url: &'a HttpsUrl,
    /// Makes the server's nonces.
    pub nonces: &'a NonceKey,
    /// The server's time.
    pub now: UnixTime,
}

/// An access token with a DPoP proof that fits it. The service still has to look the token up, to
/// check that it is bound to the proof's key, and to remember the proof as used.
#[derive(Debug)]
#[must_use]
pub struct CheckedAccess {
    /// SHA-256 of the access token: what a store of tokens keeps.
    pub token_digest: [u8; 32],
    /// The proof.
    pub proof: DpopProof,
    /// From when on the proof's time or its nonce refuses it, so that the store may forget it.
    pub forget_proof_at: UnixTime,
}

/// What a token grants, and how proofs are checked.
#[derive(Clone, Copy)]
pub struct Granting<'a> {
    /// The issuer's identifier.
    pub issuer: &'a HttpsUrl,
    /// The configurations that the token covers.
    pub configuration_ids: &'a [String],
    /// The most proofs in one request.
    pub batch_size: usize,
    /// Made the `c_nonce`.
    pub nonces: &'a NonceKey,
    /// The issuer's time.
    pub now: UnixTime,
}

/// A credential request that may be fulfilled once its nonce is remembered as used.
#[derive(Debug)]
#[must_use]
pub struct CheckedCredentialRequest {
    /// The configuration, one of those that the token covers.
    pub configuration_id: String,
    /// The holder's keys, all different and proved: one copy each.
    pub holder_keys: Vec<PublicKey>,
    /// To be remembered as used in one conditional write, before anything is issued.
    pub nonce: FreshNonce,
}

/// Why a credential request was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The DPoP proof.
    #[error(transparent)]
    Dpop(#[from] DpopError),
    /// The nonce in the DPoP proof.
    #[error("the DPoP nonce: {0}")]
    DpopNonce(NonceError),
    /// No `Authorization` header at all.
    #[error("no access token")]
    Anonymous,
    /// Not exactly one access token in the scheme `DPoP`.
    #[error("not exactly one DPoP access token")]
    NoToken,
    /// The token is unknown, expired or withdrawn; which one is not told.
    #[error("an unknown, expired or withdrawn access token")]
    Token,
    /// The body is no bounded JSON object.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A member is of another type.
    #[error("a malformed credential request")]
    Malformed,
    /// Both a configuration and an identifier, or neither.
    #[error("not exactly one credential named")]
    NotOne,
    /// The token does not cover the configuration, or the issuer does not know it.
    #[error("a configuration that was not offered")]
    NotOffered,
    /// The issuer hands out no credential identifiers.
    #[error("a credential identifier")]
    Identifier,
    /// The issuer encrypts no answers.
    #[error("a wish for encryption")]
    Encryption,
    /// The proofs.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The `c_nonce` is foreign or expired.
    #[error("the nonce of the proofs: {0}")]
    ProofNonce(NonceError),
    /// The `c_nonce` was used before.
    #[error("the nonce of the proofs was used before")]
    NonceUsed,
}

impl Coded for CredentialError {
    fn code(&self) -> Code {
        match self {
            Self::Dpop(error) => error.code(),
            Self::DpopNonce(error) | Self::ProofNonce(error) => error.code(),
            Self::Anonymous | Self::NoToken => const { Code::new("INRO-VCI-038") },
            Self::Token => const { Code::new("INRO-VCI-037") },
            Self::Json(error) => error.code(),
            Self::Malformed => const { Code::new("INRO-VCI-040") },
            Self::NotOne => const { Code::new("INRO-VCI-041") },
            Self::NotOffered => const { Code::new("INRO-VCI-042") },
            Self::Identifier => const { Code::new("INRO-VCI-043") },
            Self::Encryption => const { Code::new("INRO-VCI-044") },
            Self::Proof(error) => error.code(),
            Self::NonceUsed => const { Code::new("INRO-VCI-061") },
        }
    }
}

impl CredentialError {
    /// The protocol's name for it. Source: RFC 6750 §3.1; RFC 9449 §§7.1, 9; OpenID4VCI 1.0 §8.3.1.2.
    pub const fn wire(&self) -> WireError {
        match self {
            Self::Dpop(DpopError::NoNonce) | Self::DpopNonce(_) => WireError::OAuth(ErrorCode::UseDpopNonce),
            Self::Dpop(_) => WireError::OAuth(ErrorCode::InvalidDpopProof),
            Self::Anonymous | Self::NoToken | Self::Token => WireError::OAuth(ErrorCode::InvalidToken),
            Self::Json(_) | Self::Malformed | Self::NotOne => {
                WireError::Credential(CredentialErrorCode::InvalidCredentialRequest)
            }
            Self::NotOffered => WireError::Credential(CredentialErrorCode::UnknownCredentialConfiguration),
            Self::Identifier => WireError::Credential(CredentialErrorCode::UnknownCredentialIdentifier),
            Self::Encryption => WireError::Credential(CredentialErrorCode::InvalidEncryptionParameters),
            // §8.3.1.2: a proof without a nonce is `invalid_proof`, one with a bad nonce `invalid_nonce`.
            Self::Proof(ProofError::DifferentNonces) | Self::ProofNonce(_) | Self::NonceUsed => {
                WireError::Credential(CredentialErrorCode::InvalidNonce)
            }
            Self::Proof(_) => WireError::Credential(CredentialErrorCode::InvalidProof),
        }
    }
}

impl CheckedAccess {
    /// Checks the values of the `Authorization` and `DPoP` headers.
    ///
    /// # Errors
    /// [`CredentialError`] names the first check that failed.
    ///
    /// Source: RFC 9449 §§4.3, 7.1, 9.
    pub fn check<'h>(
        authorization: impl IntoIterator<Item = &'h str>,
        dpop: impl IntoIterator<Item = &'h str>,
        access: &Access<'_>,
        provider: &dyn Provider,
    ) -> Result<Self, CredentialError> {
        let token = dpop_token(authorization)?;
        let expected =
            Expected { method: Method::Post, url: access.url, access_token: Some(token), now: access.now };
        let proof = UnverifiedDpop::parse(dpop)?.verify(&expected, provider)?;
        // A DPoP nonce may be used for several proofs; the proof itself may be used once.
        let nonce = access
            .nonces
            .check(proof.nonce()?, Purpose::Dpop, access.now, provider)
            .map_err(CredentialError::DpopNonce)?;
        Ok(Self {
            token_digest: provider.sha256(token.as_bytes()),
            forget_proof_at: proof.forget_at().min(nonce.expires_at()),
            proof,
        })
    }
}

impl CheckedCredentialRequest {
    /// Checks the body of a credential request against what its token grants.
    ///
    /// # Errors
    /// [`CredentialError`] names the first check that failed.
    ///
    /// Source: OpenID4VCI 1.0 §8.2, Appendix F.4.
    pub fn check(
        body: &[u8],
        granting: &Granting<'_>,
        provider: &dyn Provider,
    ) -> Result<Self, CredentialError> {
        let object = json::parse_object(body, REQUEST_LIMITS)?;
        let configuration_id = configuration_id(&object, granting.configuration_ids)?;
        if object.contains_key("credential_response_encryption") {
            return Err(CredentialError::Encryption);
        }
        let expected =
            proofs::Expected { issuer: granting.issuer, batch_size: granting.batch_size, now: granting.now };
        let keys = Proofs::parse(object.get("proofs"))?.verify(&expected, provider)?;
        let nonce = granting
            .nonces
            .check(keys.c_nonce(), Purpose::KeyProof, granting.now, provider)
            .map_err(CredentialError::ProofNonce)?;
        Ok(Self { configuration_id, holder_keys: keys.keys().to_vec(), nonce })
    }
}

fn configuration_id(object: &Map<String, Value>, granted: &[String]) -> Result<String, CredentialError> {
    let id = match (object.get("credential_configuration_id"), object.get("credential_identifier")) {
        (Some(id), None) => id.as_str().ok_or(CredentialError::Malformed)?,
        (None, Some(_)) => return Err(CredentialError::Identifier),
        (Some(_), Some(_)) | (None, None) => return Err(CredentialError::NotOne),
    };
    granted.iter().find(|granted| *granted == id).cloned().ok_or(CredentialError::NotOffered)
}

fn dpop_token<'h>(values: impl IntoIterator<Item = &'h str>) -> Result<&'h str, CredentialError> {
    let mut values = values.into_iter();
    let value = values.next().ok_or(CredentialError::Anonymous)?;
    if values.next().is_some() {
        return Err(CredentialError::NoToken);
    }
    let (scheme, token) = value.split_once(' ').ok_or(CredentialError::NoToken)?;
    let token = token.trim_start_matches(' ');
    let usable = token.len() <= MAX_TOKEN_BYTES && is_token(token);
    if scheme.eq_ignore_ascii_case("DPoP") && usable { Ok(token) } else { Err(CredentialError::NoToken) }
}
