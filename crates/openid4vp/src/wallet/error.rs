use inro_base::json::JsonError;
use inro_base::{Code, Coded, UnixTime};
use inro_credential::FormatError;
use inro_credential::dcql::QueryError;
use inro_jose::JoseError;
use inro_jose::jwe::JweError;
use inro_trust::TrustError;

use crate::form::FormError;
use crate::profile::ACCESS_DENIED;
use crate::transaction_data::TransactionDataError;

/// Why a wallet did not read, trust or answer a presentation request.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The link is no presentation request.
    #[error("the link is no presentation request")]
    Link,
    /// The link's parameters.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The request is not signed: its parameters stand in the link itself.
    #[error("an unsigned request, or one passed by value")]
    Unsigned,
    /// `request_uri` is no `https` URL.
    #[error("the request's address is not https")]
    RequestUri,
    /// `request_uri_method` is neither `get` nor `post`.
    #[error("an unknown way to fetch the request")]
    RequestUriMethod,
    /// The request object was not delivered.
    #[error("the verifier answered with status {status} instead of a request object")]
    NotDelivered {
        /// The HTTP status.
        status: u16,
    },
    /// The request object is encrypted, to no key of ours or a second time.
    #[error("a request object that is encrypted where it has to be signed")]
    Sealed,
    /// The request object is encrypted, and does not open with the key that was offered for it.
    #[error(transparent)]
    Unopened(JweError),
    /// The request object's frame or signature.
    #[error(transparent)]
    Jose(#[from] JoseError),
    /// The request object's certificate or registration.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A parameter is missing or has another shape than the specification asks for.
    #[error("parameter {name} of the request is missing or malformed")]
    Parameter {
        /// The parameter's name in OpenID4VP.
        name: &'static str,
    },
    /// `aud` names another audience.
    #[error("a request for another audience")]
    Audience,
    /// The link and the request object name different verifiers.
    #[error("the link and the request name different verifiers")]
    ClientIdDiffers,
    /// A client identifier prefix that we do not know, or a malformed identifier.
    #[error("an unknown kind of client identifier")]
    ClientIdPrefix,
    /// The certificate does not fit the client identifier.
    #[error("the certificate belongs to another client identifier")]
    ClientIdCertificate,
    /// The request has expired.
    #[error("the request expired at {at}")]
    Expired {
        /// When.
        at: UnixTime,
    },
    /// The request was made in the future, or lives longer than a request may.
    #[error("the request's times are not plausible: issued {issued_at}, expires {expires_at}")]
    Times {
        /// `iat`.
        issued_at: UnixTime,
        /// `exp`.
        expires_at: UnixTime,
    },
    /// The nonce is missing, too short or has characters that a nonce may not have.
    #[error("the request has no usable nonce")]
    Nonce,
    /// `response_uri` is no `https` URL.
    #[error("the response's address is not https")]
    ResponseUri,
    /// The response would go to a host that neither certificate nor registration names.
    #[error("the response's address does not belong to the verifier")]
    ResponseHost,
    /// `redirect_uri` and `direct_post` exclude each other. Source: OpenID4VP 1.0 §8.2.
    #[error("a redirect address in a request for direct_post")]
    RedirectUri,
    /// `transaction_data`.
    #[error(transparent)]
    TransactionData(#[from] TransactionDataError),
    /// None of the chosen credentials can authorize a transaction.
    #[error("no chosen credential authorizes the transaction")]
    Transaction,
    /// The request object does not repeat the nonce that the wallet posted.
    #[error("the request does not repeat the wallet's nonce")]
    WalletNonce,
    /// An encrypted response is asked for, and no usable key for it is given.
    #[error("no usable key to encrypt the response to")]
    EncryptionKey,
    /// An encrypted response is asked for, with no content encryption that we know.
    #[error("no known content encryption for the response")]
    ContentEncryption,
    /// Every credential is asked for in a format, or signed in a way, that we do not have.
    #[error("no credential is asked for in a format that this wallet has")]
    Formats,
    /// The response could not be encrypted.
    #[error(transparent)]
    Jwe(#[from] JweError),
    /// `response_type` or `response_mode` is none that we have.
    #[error("a response type or mode that is not supported")]
    ResponseMode,
    /// `scope` stands in for a query, which is not supported.
    #[error("a query by scope is not supported")]
    Scope,
    /// The query.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The chosen credentials do not answer the query.
    #[error("the choice does not answer the request")]
    NotRequested,
    /// A chosen credential.
    #[error(transparent)]
    Credential(#[from] FormatError),
    /// Not one signature per signing request.
    #[error("{given} signatures where {asked} were asked for")]
    Signatures {
        /// How many were asked for.
        asked: usize,
        /// How many were given.
        given: usize,
    },
    /// The verifier did not take the response.
    #[error("the verifier answered the response with status {status}")]
    NotTaken {
        /// The HTTP status.
        status: u16,
    },
    /// The verifier's answer to the response.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The verifier sends the holder on to an address that is not `https`.
    #[error("the verifier's next address is not https")]
    NextAddress,
}

impl RequestError {
    /// The `error` under which a verifier is told of it, where it is told at all. `invalid_client` is
    /// for wallets that know a verifier's metadata beforehand, `wallet_unavailable` for what stands
    /// in for a wallet: neither is ours. Source: OpenID4VP 1.0 §8.5.
    pub(super) const fn wire_error(&self) -> &'static str {
        match self {
            Self::TransactionData(_) => "invalid_transaction_data",
            Self::RequestUriMethod => "invalid_request_uri_method",
            Self::Formats => "vp_formats_not_supported",
            Self::Transaction
            | Self::Jwe(_)
            | Self::NotRequested
            | Self::Credential(_)
            | Self::Signatures { .. } => ACCESS_DENIED,
            Self::Link
            | Self::Form(_)
            | Self::Unsigned
            | Self::RequestUri
            | Self::NotDelivered { .. }
            | Self::Sealed
            | Self::Unopened(_)
            | Self::Jose(_)
            | Self::Trust(_)
            | Self::Parameter { .. }
            | Self::Audience
            | Self::ClientIdDiffers
            | Self::ClientIdPrefix
            | Self::ClientIdCertificate
            | Self::Expired { .. }
            | Self::Times { .. }
            | Self::Nonce
            | Self::WalletNonce
            | Self::EncryptionKey
            | Self::ContentEncryption
            | Self::ResponseUri
            | Self::ResponseHost
            | Self::RedirectUri
            | Self::ResponseMode
            | Self::Scope
            | Self::Query(_)
            | Self::NotTaken { .. }
            | Self::Json(_)
            | Self::NextAddress => "invalid_request",
        }
    }
}

impl Coded for RequestError {
    fn code(&self) -> Code {
        match self {
            Self::Link => const { Code::new("INRO-VP-010") },
            Self::Form(error) => error.code(),
            Self::Unsigned => const { Code::new("INRO-VP-011") },
            Self::RequestUri => const { Code::new("INRO-VP-012") },
            Self::RequestUriMethod => const { Code::new("INRO-VP-013") },
            Self::NotDelivered { .. } => const { Code::new("INRO-VP-014") },
            Self::Sealed => const { Code::new("INRO-VP-071") },
            Self::Jose(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Parameter { .. } => const { Code::new("INRO-VP-015") },
            Self::Audience => const { Code::new("INRO-VP-016") },
            Self::ClientIdDiffers => const { Code::new("INRO-VP-017") },
            Self::ClientIdPrefix => const { Code::new("INRO-VP-018") },
            Self::ClientIdCertificate => const { Code::new("INRO-VP-019") },
            Self::Expired { .. } => const { Code::new("INRO-VP-020") },
            Self::Times { .. } => const { Code::new("INRO-VP-021") },
            Self::Nonce => const { Code::new("INRO-VP-022") },
            Self::ResponseUri => const { Code::new("INRO-VP-023") },
            Self::ResponseHost => const { Code::new("INRO-VP-024") },
            Self::RedirectUri => const { Code::new("INRO-VP-025") },
            Self::TransactionData(error) => error.code(),
            Self::Transaction => const { Code::new("INRO-VP-064") },
            Self::WalletNonce => const { Code::new("INRO-VP-060") },
            Self::EncryptionKey => const { Code::new("INRO-VP-061") },
            Self::ContentEncryption => const { Code::new("INRO-VP-062") },
            Self::Formats => const { Code::new("INRO-VP-063") },
            Self::Unopened(error) | Self::Jwe(error) => error.code(),
            Self::ResponseMode => const { Code::new("INRO-VP-027") },
            Self::Scope => const { Code::new("INRO-VP-028") },
            Self::Query(error) => error.code(),
            Self::NotRequested => const { Code::new("INRO-VP-029") },
            Self::Credential(error) => error.code(),
            Self::Signatures { .. } => const { Code::new("INRO-VP-030") },
            Self::NotTaken { .. } => const { Code::new("INRO-VP-031") },
            Self::Json(error) => error.code(),
            Self::NextAddress => const { Code::new("INRO-VP-032") },
        }
    }
}
