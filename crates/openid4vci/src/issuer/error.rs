//! Why a request to the credential or the deferred credential endpoint was refused.

use inro_base::json::JsonError;
use inro_base::{Code, Coded};
use inro_jose::jwe::JweError;
use inro_oauth::dpop::DpopError;
use inro_oauth::{ErrorCode, NonceError};

use super::wire::WireError;
use crate::error::CredentialErrorCode;
use crate::proofs::ProofError;

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
    /// The token answer named no credential identifiers.
    #[error("a credential identifier where none was given")]
    Identifier,
    /// The token answer named other credential identifiers.
    #[error("an unknown credential identifier")]
    UnknownIdentifier,
    /// A configuration, although the token answer named credential identifiers.
    #[error("a configuration where a credential identifier has to stand")]
    NotIdentifier,
    /// The encryption of the request or of its answer.
    #[error(transparent)]
    Encryption(#[from] EncryptionError),
    /// The transaction is unknown, another token's, or over; which one is not told.
    #[error("an unknown transaction")]
    Transaction,
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
            Self::UnknownIdentifier => const { Code::new("INRO-VCI-079") },
            Self::NotIdentifier => const { Code::new("INRO-VCI-077") },
            Self::Encryption(error) => error.code(),
            Self::Transaction => const { Code::new("INRO-VCI-078") },
            Self::Proof(error) => error.code(),
            Self::NonceUsed => const { Code::new("INRO-VCI-061") },
        }
    }
}

impl CredentialError {
    /// The protocol's name for it. Source: RFC 6750 §3.1; RFC 9449 §§7.1, 9; OpenID4VCI 1.0 §§8.3.1.2, 9.3.
    pub const fn wire(&self) -> WireError {
        match self {
            Self::Dpop(DpopError::NoNonce) | Self::DpopNonce(_) => WireError::OAuth(ErrorCode::UseDpopNonce),
            Self::Dpop(_) => WireError::OAuth(ErrorCode::InvalidDpopProof),
            Self::Anonymous | Self::NoToken | Self::Token => WireError::OAuth(ErrorCode::InvalidToken),
            Self::Json(_) | Self::Malformed | Self::NotOne | Self::NotIdentifier => {
                WireError::Credential(CredentialErrorCode::InvalidCredentialRequest)
            }
            Self::NotOffered => WireError::Credential(CredentialErrorCode::UnknownCredentialConfiguration),
            Self::Identifier | Self::UnknownIdentifier => {
                WireError::Credential(CredentialErrorCode::UnknownCredentialIdentifier)
            }
            Self::Encryption(_) => WireError::Credential(CredentialErrorCode::InvalidEncryptionParameters),
            Self::Transaction => WireError::Credential(CredentialErrorCode::InvalidTransactionId),
            // §8.3.1.2: a proof without a nonce is `invalid_proof`, one with a bad nonce `invalid_nonce`.
            Self::ProofNonce(_) | Self::NonceUsed => WireError::Credential(CredentialErrorCode::InvalidNonce),
            Self::Proof(
                ProofError::Missing
                | ProofError::Form
                | ProofError::Empty
                | ProofError::TooMany { .. }
                | ProofError::Jws(_)
                | ProofError::Key
                | ProofError::OtherIssuer
                | ProofError::Named
                | ProofError::Stale { .. }
                | ProofError::NoTime
                | ProofError::NoNonce
                | ProofError::RepeatedKey
                | ProofError::Attestation(_),
            ) => WireError::Credential(CredentialErrorCode::InvalidProof),
        }
    }
}

/// Why the encryption of a request, or what it asks for, was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptionError {
    /// The issuer offers no encryption.
    #[error("encryption where none is offered")]
    NotOffered,
    /// The message does not open.
    #[error(transparent)]
    Jwe(#[from] JweError),
    /// A plain request where an encrypted one is required.
    #[error("a plain request where an encrypted one is required")]
    PlainRequest,
    /// No key for the answer where an encrypted one is required.
    #[error("no key for an answer that has to be encrypted")]
    PlainReply,
    /// A key for the answer in a plain request: anybody on the way could have put it there.
    #[error("a key for the answer in a plain request")]
    Unprotected,
    /// `jwk` is no P-256 key with `alg` ECDH-ES.
    #[error("an unusable key for the answer")]
    ReplyKey,
    /// `enc` is none that is offered.
    #[error("a content encryption that is not offered")]
    ReplyContent,
    /// Compression is not offered.
    #[error("a wish for compression")]
    Compression,
}

impl Coded for EncryptionError {
    fn code(&self) -> Code {
        match self {
            Self::NotOffered => const { Code::new("INRO-VCI-044") },
            Self::Jwe(error) => error.code(),
            Self::PlainRequest => const { Code::new("INRO-VCI-070") },
            Self::PlainReply => const { Code::new("INRO-VCI-071") },
            Self::Unprotected => const { Code::new("INRO-VCI-072") },
            Self::ReplyKey => const { Code::new("INRO-VCI-073") },
            Self::ReplyContent => const { Code::new("INRO-VCI-074") },
            Self::Compression => const { Code::new("INRO-VCI-075") },
        }
    }
}
