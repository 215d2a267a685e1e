use inro_base::json::JsonError;
use inro_base::{Code, Coded};
use inro_crypto::CryptoError;
use inro_openid4vp::verifier::ResponseError;
use inro_trust::TrustError;

use crate::policy::PolicyError;
use crate::store::StoreError;

/// Why the verifier did not do what it was asked, or did not accept a response.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierError {
    /// A policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The protocol.
    #[error(transparent)]
    Response(#[from] ResponseError),
    /// A certificate or a registration.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The verifier's key.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A body that is not JSON of the expected shape.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// No policy of that name.
    #[error("an unknown policy")]
    UnknownPolicy,
    /// Neither a policy nor a query, or both.
    #[error("neither a policy nor a query, or both")]
    NothingAsked,
    /// A response mode that is not supported.
    #[error("a response mode that is not supported")]
    ResponseMode,
    /// A transaction type that is not supported.
    #[error("a transaction type that is not supported")]
    TransactionType,
    /// A redirect address that is not `https`.
    #[error("the redirect address is not https")]
    RedirectUri,
    /// No presentation of that id.
    #[error("an unknown presentation")]
    Unknown,
    /// The presentation has had its one response.
    #[error("the presentation was answered before")]
    Answered,
    /// The request is past its time.
    #[error("the presentation has expired")]
    Expired,
    /// The result belongs to the browser that was sent on, and the code that proves it is missing
    /// or wrong.
    #[error("the response code is missing or wrong")]
    ResponseCode,
    /// A credential's status cannot be determined, and the policy does not take that.
    #[error("the status of a credential cannot be determined")]
    Undetermined,
    /// The key, the certificate or the URL of the configuration do not belong together.
    #[error("the verifier's key, certificate and client identifier do not fit together")]
    Configuration,
}

impl VerifierError {
    /// The HTTP status that says it. Source: RFC 9110 §15.
    pub const fn http_status(&self) -> u16 {
        match self {
            Self::Response(_)
            | Self::Json(_)
            | Self::UnknownPolicy
            | Self::NothingAsked
            | Self::ResponseMode
            | Self::TransactionType
            | Self::RedirectUri
            | Self::Undetermined => 400,
            Self::ResponseCode => 403,
            Self::Unknown => 404,
            Self::Answered => 409,
            Self::Expired => 410,
            Self::Policy(_) | Self::Trust(_) | Self::Crypto(_) | Self::Configuration => 500,
            Self::Store(_) => 503,
        }
    }
}

impl Coded for VerifierError {
    fn code(&self) -> Code {
        match self {
            Self::Policy(error) => error.code(),
            Self::Response(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Crypto(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Json(error) => error.code(),
            Self::UnknownPolicy => const { Code::new("INRO-VERIFIER-010") },
            Self::NothingAsked => const { Code::new("INRO-VERIFIER-011") },
            Self::ResponseMode => const { Code::new("INRO-VERIFIER-012") },
            Self::TransactionType => const { Code::new("INRO-VERIFIER-040") },
            Self::RedirectUri => const { Code::new("INRO-VERIFIER-013") },
            Self::Unknown => const { Code::new("INRO-VERIFIER-014") },
            Self::Answered => const { Code::new("INRO-VERIFIER-015") },
            Self::Expired => const { Code::new("INRO-VERIFIER-016") },
            Self::ResponseCode => const { Code::new("INRO-VERIFIER-017") },
            Self::Undetermined => const { Code::new("INRO-VERIFIER-018") },
            Self::Configuration => const { Code::new("INRO-VERIFIER-019") },
        }
    }
}
