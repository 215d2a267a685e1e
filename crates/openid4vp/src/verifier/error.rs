use inro_base::json::JsonError;
use inro_base::{Code, Coded, UnixTime};
use inro_credential::FormatError;
use inro_credential::dcql::{CheckError, QueryError};
use inro_jose::jwe::JweError;
use inro_mdoc::MdocError;
use inro_sd_jwt::SdJwtError;
use inro_trust::TrustError;

use crate::form::FormError;
use crate::transaction_data::TransactionDataError;

/// Why a verifier did not make a request, or did not accept a response.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// An address of the verifier's own is no `https` URL.
    #[error("an address of the verifier is not https")]
    OwnAddress,
    /// The query.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// What came for the query.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// The response's form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// `state` is missing or belongs to another presentation.
    #[error("the response carries no state of this presentation")]
    State,
    /// The response came after the request had expired.
    #[error("the response came after {at}")]
    Late {
        /// When the request expired.
        at: UnixTime,
    },
    /// The transaction data that is to be authorized.
    #[error(transparent)]
    TransactionData(#[from] TransactionDataError),
    /// A wallet's nonce that is empty or too long to be repeated.
    #[error("the wallet's nonce is empty or too long")]
    WalletNonce,
    /// A wallet's metadata that is no JSON object, or whose keys are no set of at most 16.
    #[error("the wallet's metadata is malformed")]
    WalletMetadata,
    /// The wallet says that it cannot answer this request.
    #[error("the wallet cannot answer this request")]
    WalletUnsuitable,
    /// The wallet wants the request encrypted, to no key or by no algorithm that we have.
    #[error("the wallet wants the request encrypted in a way that is not supported")]
    RequestKey,
    /// An encrypted response was asked for, and this one is not.
    #[error("a response in the clear where an encrypted one was asked for")]
    NotEncrypted,
    /// A response in the clear was asked for, and this one is encrypted.
    #[error("an encrypted response where one in the clear was asked for")]
    Encrypted,
    /// The encrypted response, or a request object that could not be encrypted.
    #[error(transparent)]
    Jwe(#[from] JweError),
    /// A transaction that the holder was asked to authorize was not.
    #[error("a transaction was not authorized")]
    TransactionMissing,
    /// The holder signed the hash of another transaction, for another credential, or twice.
    #[error("the hash of another transaction")]
    TransactionHash,
    /// The holder's wallet hashed a transaction by another algorithm.
    #[error("another hash algorithm for a transaction")]
    TransactionAlgorithm,
    /// None of the issuer's certificates names an authority that the query names.
    #[error("an issuer of another authority than asked for")]
    Authority,
    /// Neither a presentation nor an error, or both.
    #[error("the response has neither a presentation nor an error, or both")]
    Neither,
    /// The JSON of `vp_token`.
    #[error("vp_token: {0}")]
    Json(#[from] JsonError),
    /// `vp_token` is no object of query ids and arrays of texts.
    #[error("vp_token has another shape than the specification asks for")]
    Shape,
    /// More presentations in all than are checked.
    #[error("more than {limit} presentations")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// The wallet declined, for a reason that is its holder's alone.
    #[error("the wallet declined")]
    Declined,
    /// The query asks for a format that is not verified here.
    #[error("a query for a format that is not verified here")]
    Format,
    /// The wallet says that the request is at fault. It says nothing of the holder.
    #[error("the wallet found the request at fault")]
    FaultyRequest,
    /// A presentation's SD-JWT.
    #[error(transparent)]
    SdJwt(#[from] SdJwtError),
    /// A presentation's mdoc.
    #[error(transparent)]
    Mdoc(#[from] MdocError),
    /// A presentation's encoding.
    #[error(transparent)]
    Encoding(#[from] FormatError),
    /// A presentation's issuer.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The issuer is trusted, but not for this policy.
    #[error("an issuer that the policy does not list")]
    Issuer,
    /// The credential was issued longer ago than the policy allows.
    #[error("a credential issued at {issued_at} where {max_age} seconds are allowed")]
    TooOld {
        /// When it was issued.
        issued_at: UnixTime,
        /// In seconds.
        max_age: i64,
    },
    /// The credential does not say when it was issued, and the policy asks.
    #[error("a credential without a time of issue")]
    NoIssueTime,
}

impl Coded for ResponseError {
    fn code(&self) -> Code {
        match self {
            Self::OwnAddress => const { Code::new("INRO-VP-040") },
            Self::Query(error) => error.code(),
            Self::Check(error) => error.code(),
            Self::Form(error) => error.code(),
            Self::State => const { Code::new("INRO-VP-041") },
            Self::Late { .. } => const { Code::new("INRO-VP-042") },
            Self::TransactionData(error) => error.code(),
            Self::WalletNonce => const { Code::new("INRO-VP-080") },
            Self::WalletMetadata => const { Code::new("INRO-VP-081") },
            Self::WalletUnsuitable => const { Code::new("INRO-VP-082") },
            Self::RequestKey => const { Code::new("INRO-VP-090") },
            Self::NotEncrypted => const { Code::new("INRO-VP-083") },
            Self::Encrypted => const { Code::new("INRO-VP-084") },
            Self::Jwe(error) => error.code(),
            Self::TransactionMissing => const { Code::new("INRO-VP-085") },
            Self::TransactionHash => const { Code::new("INRO-VP-086") },
            Self::TransactionAlgorithm => const { Code::new("INRO-VP-087") },
            Self::Authority => const { Code::new("INRO-VP-088") },
            Self::Neither => const { Code::new("INRO-VP-043") },
            Self::Json(error) => error.code(),
            Self::Shape => const { Code::new("INRO-VP-044") },
            Self::TooMany { .. } => const { Code::new("INRO-VP-045") },
            Self::FaultyRequest => const { Code::new("INRO-VP-089") },
            Self::Declined => const { Code::new("INRO-VP-047") },
            Self::Format => const { Code::new("INRO-VP-052") },
            Self::SdJwt(error) => error.code(),
            Self::Mdoc(error) => error.code(),
            Self::Encoding(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Issuer => const { Code::new("INRO-VP-048") },
            Self::TooOld { .. } => const { Code::new("INRO-VP-050") },
            Self::NoIssueTime => const { Code::new("INRO-VP-051") },
        }
    }
}
