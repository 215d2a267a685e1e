//! Why an issuance stopped, and the error codes of the credential endpoint.

use inro_base::http::HttpResponse;
use inro_base::json::JsonError;
use inro_base::{Code, Coded, RequestId};
use inro_jose::JoseError;
use inro_jose::jwe::JweError;
use inro_oauth::{ErrorSeen, MetadataError, TokenResponseError, UrlError};
use inro_trust::TrustError;

/// The error codes of the credential, deferred credential and notification endpoints.
///
/// Source: OpenID4VCI 1.0 §§8.3.1.2, 9.3, 11.3.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CredentialErrorCode {
    /// A parameter is missing, unsupported, repeated or malformed.
    InvalidCredentialRequest,
    /// The configuration is unknown, or the token does not cover it.
    UnknownCredentialConfiguration,
    /// The credential identifier is unknown.
    UnknownCredentialIdentifier,
    /// The proofs are missing or one of them is wrong.
    InvalidProof,
    /// A proof's `c_nonce` is wrong; a new one can be fetched.
    InvalidNonce,
    /// The encryption parameters are wrong or missing.
    InvalidEncryptionParameters,
    /// The issuer will not issue.
    CredentialRequestDenied,
    /// The deferred transaction is unknown.
    InvalidTransactionId,
    /// The notification id is unknown.
    InvalidNotificationId,
    /// The notification is malformed.
    InvalidNotificationRequest,
}

impl CredentialErrorCode {
    /// Every code.
    pub const ALL: [Self; 10] = [
        Self::InvalidCredentialRequest,
        Self::UnknownCredentialConfiguration,
        Self::UnknownCredentialIdentifier,
        Self::InvalidProof,
        Self::InvalidNonce,
        Self::InvalidEncryptionParameters,
        Self::CredentialRequestDenied,
        Self::InvalidTransactionId,
        Self::InvalidNotificationId,
        Self::InvalidNotificationRequest,
    ];

    /// The code as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidCredentialRequest => "invalid_credential_request",
            Self::UnknownCredentialConfiguration => "unknown_credential_configuration",
            Self::UnknownCredentialIdentifier => "unknown_credential_identifier",
            Self::InvalidProof => "invalid_proof",
            Self::InvalidNonce => "invalid_nonce",
            Self::InvalidEncryptionParameters => "invalid_encryption_parameters",
            Self::CredentialRequestDenied => "credential_request_denied",
            Self::InvalidTransactionId => "invalid_transaction_id",
            Self::InvalidNotificationId => "invalid_notification_id",
            Self::InvalidNotificationRequest => "invalid_notification_request",
        }
    }

    /// The code of this text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }
}

/// Why the wallet's side of an issuance stopped.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VciError {
    /// Not a bounded JSON object.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A URL that is not plain `https`.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The authorization server's metadata.
    #[error(transparent)]
    Server(#[from] MetadataError),
    /// The token endpoint's answer.
    #[error(transparent)]
    Token(#[from] TokenResponseError),
    /// A signed document.
    #[error(transparent)]
    Jose(#[from] JoseError),
    /// An encrypted message.
    #[error(transparent)]
    Jwe(#[from] JweError),
    /// The signer of the metadata.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The answer is not encrypted, although an encrypted one was asked for.
    #[error("an answer that should be encrypted")]
    NotEncrypted,
    /// The issuer has no deferred credential endpoint.
    #[error("the issuer has no place to collect deferred credentials")]
    NoDeferredEndpoint,
    /// The deferred credentials will not be issued: the agency declined, or the transaction is over.
    #[error("the deferred credentials will not be issued: status {status}{}", said(seen))]
    DeferredOver {
        /// The HTTP status.
        status: u16,
        /// What the server said.
        seen: ErrorSeen,
    },
    /// The link is no credential offer with exactly one parameter of ours.
    #[error("not a credential offer link")]
    Link,
    /// The offer lacks a member or has one of another type.
    #[error("the credential offer has no usable {member}")]
    Offer {
        /// Its name.
        member: &'static str,
    },
    /// The offer has no pre-authorized code.
    #[error("the credential offer has no pre-authorized code")]
    Grant,
    /// The issuer's metadata lack a member or have one of another type.
    #[error("the issuer metadata have no usable {member}")]
    Metadata {
        /// Its name.
        member: &'static str,
    },
    /// The metadata are another issuer's.
    #[error("the issuer metadata name another issuer")]
    OtherIssuer,
    /// The metadata do not describe what is offered.
    #[error("the issuer metadata lack an offered configuration")]
    UnknownConfiguration,
    /// A format, proof type or encryption that we do not know.
    #[error("the issuer needs {what}, which is not supported here")]
    Unsupported {
        /// What it needs.
        what: &'static str,
    },
    /// The offer names an authorization server that the metadata do not.
    #[error("the credential offer names a foreign authorization server")]
    ForeignServer,
    /// A transaction code is needed and none was given.
    #[error("a transaction code is needed")]
    TxCodeNeeded,
    /// A transaction code was given and none is asked for, or it has another form.
    #[error("the transaction code does not fit the offer")]
    TxCodeUnfit,
    /// Neither success nor an error answer of the protocol.
    #[error("unexpected answer with status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// Names the transaction for the agency's help desk.
        request_id: Option<RequestId>,
    },
    /// The offer was used, has expired, or ended after wrong transaction codes.
    #[error("the offer is not valid any more: status {status}{}", said(seen))]
    OfferDead {
        /// The HTTP status.
        status: u16,
        /// What the server said.
        seen: ErrorSeen,
    },
    /// The token endpoint did not accept the transaction code.
    #[error("the transaction code was refused with status {status}{}", said(seen))]
    TxCodeWrong {
        /// The HTTP status.
        status: u16,
        /// What the server said.
        seen: ErrorSeen,
    },
    /// The answer is of another media type.
    #[error("an answer of another media type")]
    MediaType,
    /// The token endpoint refused.
    #[error("the token request was refused with status {status}{}", said(seen))]
    TokenRefused {
        /// The HTTP status.
        status: u16,
        /// What the server said.
        seen: ErrorSeen,
    },
    /// The issuer gives no new copies any more without a new offer: the refresh token has ended.
    #[error("the issuer ended the refills: status {status}{}", said(seen))]
    RefillsOver {
        /// The HTTP status.
        status: u16,
        /// What the server said.
        seen: ErrorSeen,
    },
    /// The issuer gives no new copies for the time being.
    #[error("the refill was refused with status {status}{}", said(seen))]
    RefillRefused {
        /// The HTTP status.
        status: u16,
        /// What the server said.
        seen: ErrorSeen,
    },
    /// The credential endpoint refused.
    #[error("the credential request was refused with status {status}{}", said(seen))]
    CredentialRefused {
        /// The HTTP status.
        status: u16,
        /// What the server said.
        seen: ErrorSeen,
    },
    /// The service takes what this device signed to be too old, or from the future.
    #[error("the clock of this device is off: refused with status {status}{}", said(seen))]
    Clock {
        /// The HTTP status.
        status: u16,
        /// What the server said.
        seen: ErrorSeen,
    },
    /// The service failed or is too busy, and says nothing of the request.
    #[error("the service failed with status {status}{}", said(seen))]
    Unavailable {
        /// The HTTP status, 500 or more.
        status: u16,
        /// What the server said.
        seen: ErrorSeen,
    },
    /// The server keeps asking for other nonces.
    #[error("the server asked for a new nonce {times} times")]
    TooManyNonces {
        /// How often.
        times: u32,
    },
    /// The nonce or credential answer lacks a member or has one of another type.
    #[error("the answer has no usable {member}")]
    Answer {
        /// Its name.
        member: &'static str,
    },
    /// The caller gave another number of keys or signatures than the step takes.
    #[error("{given} keys or signatures where 1 to {most} are taken")]
    Count {
        /// How many were given.
        given: usize,
        /// How many are taken at most.
        most: usize,
    },
    /// Signed metadata without what they must say, or too old.
    #[error("signed metadata without a usable {claim}")]
    SignedMetadata {
        /// The claim.
        claim: &'static str,
    },
    /// The token is bound to no key although a proof was sent, or to one although none was.
    #[error("an access token of another type than was asked for")]
    TokenType,
}

impl VciError {
    /// Names the refused transaction for the agency's help desk, where its service said an id.
    pub const fn request_id(&self) -> Option<RequestId> {
        match self {
            Self::Status { request_id, .. } => *request_id,
            Self::OfferDead { seen, .. }
            | Self::TxCodeWrong { seen, .. }
            | Self::TokenRefused { seen, .. }
            | Self::RefillsOver { seen, .. }
            | Self::RefillRefused { seen, .. }
            | Self::CredentialRefused { seen, .. }
            | Self::Clock { seen, .. }
            | Self::Unavailable { seen, .. }
            | Self::DeferredOver { seen, .. } => seen.request_id,
            _ => None,
        }
    }

    /// What a refusal by the credential or the deferred credential endpoint means where no other meaning is known.
    pub(crate) const fn of_refusal(status: u16, seen: ErrorSeen) -> Self {
        if is_failure(status) {
            Self::Unavailable { status, seen }
        } else {
            Self::CredentialRefused { status, seen }
        }
    }

    /// An answer that is neither success nor an error answer of the protocol.
    pub(crate) fn of_status(response: &HttpResponse) -> Self {
        let request_id = ErrorSeen::read(&response.body).request_id;
        Self::Status { status: response.status, request_id }
    }
}

/// Whether the server failed, as opposed to the request. Source: RFC 9110 §15.6.
pub(crate) const fn is_failure(status: u16) -> bool {
    status >= 500
}

/// The server's own code, where it is one of ours.
fn said(seen: &ErrorSeen) -> String {
    seen.inro_code.map(|code| format!(", the service says {code}")).unwrap_or_default()
}

impl Coded for VciError {
    fn code(&self) -> Code {
        match self {
            Self::Json(error) => error.code(),
            Self::Url(error) => error.code(),
            Self::Server(error) => error.code(),
            Self::Token(error) => error.code(),
            Self::Jose(error) => error.code(),
            Self::Jwe(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::NotEncrypted => const { Code::new("INRO-VCI-076") },
            Self::NoDeferredEndpoint => const { Code::new("INRO-VCI-082") },
            Self::DeferredOver { .. } => const { Code::new("INRO-VCI-083") },
            Self::Link => const { Code::new("INRO-VCI-001") },
            Self::Offer { .. } => const { Code::new("INRO-VCI-002") },
            Self::Grant => const { Code::new("INRO-VCI-003") },
            Self::Metadata { .. } => const { Code::new("INRO-VCI-004") },
            Self::OtherIssuer => const { Code::new("INRO-VCI-005") },
            Self::UnknownConfiguration => const { Code::new("INRO-VCI-006") },
            Self::Unsupported { .. } => const { Code::new("INRO-VCI-007") },
            Self::ForeignServer => const { Code::new("INRO-VCI-008") },
            Self::TxCodeNeeded => const { Code::new("INRO-VCI-009") },
            Self::TxCodeUnfit => const { Code::new("INRO-VCI-010") },
            Self::Status { .. } => const { Code::new("INRO-VCI-011") },
            Self::MediaType => const { Code::new("INRO-VCI-012") },
            Self::TokenRefused { .. } => const { Code::new("INRO-VCI-013") },
            Self::CredentialRefused { .. } => const { Code::new("INRO-VCI-014") },
            Self::RefillsOver { .. } => const { Code::new("INRO-VCI-099") },
            Self::RefillRefused { .. } => const { Code::new("INRO-VCI-100") },
            Self::TooManyNonces { .. } => const { Code::new("INRO-VCI-015") },
            Self::Answer { .. } => const { Code::new("INRO-VCI-016") },
            Self::Count { .. } => const { Code::new("INRO-VCI-017") },
            Self::SignedMetadata { .. } => const { Code::new("INRO-VCI-018") },
            Self::TokenType => const { Code::new("INRO-VCI-019") },
            Self::OfferDead { .. } => const { Code::new("INRO-VCI-020") },
            Self::TxCodeWrong { .. } => const { Code::new("INRO-VCI-021") },
            Self::Unavailable { .. } => const { Code::new("INRO-VCI-022") },
            Self::Clock { .. } => const { Code::new("INRO-VCI-023") },
        }
    }
}
