//! Why a use case stopped.

use inro_base::{Code, Coded, RequestId};
use inro_credential::FormatError;
use inro_evidence::EvidenceError;
use inro_openid4vci::VciError;
use inro_openid4vp::wallet::RequestError;
use inro_trust::TrustError;

use crate::keys::KeyStoreError;
use crate::ports::{HttpError, StoreError};
use crate::prompts::PromptError;
use crate::transfer_file::TransferError;

/// Why a use case stopped. Codes, counts and times only.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalletError {
    /// The key store's reason.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
    /// Why the holder's presence is not known.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The store's reason.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Why a transfer to this phone came to nothing.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// The network's reason.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The issuance protocol's reason.
    #[error(transparent)]
    Issuance(#[from] VciError),
    /// The presentation protocol's reason.
    #[error(transparent)]
    Presentation(#[from] RequestError),
    /// A certificate or registration was not trusted.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A credential was malformed, altered or out of its time.
    #[error(transparent)]
    Credential(FormatError),
    /// A receipt of the history could not be made.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// Nothing in the offer has a format that this wallet knows.
    #[error("the offer names no supported credential")]
    NothingSupported,
    /// The issuer asks for key attestations, and nobody vouches for this wallet's keys.
    #[error("nobody vouches for the keys of this wallet")]
    NoAttester,
    /// The issuer asks for keys that are kept better, or ask for another gesture, than those of this device.
    #[error("the issuer asks for another {what} than this device has")]
    KeysTooWeak {
        /// `key_storage` or `user_authentication`.
        what: &'static str,
    },
    /// Another number of copies than keys.
    #[error("{received} copies where {asked} were asked for")]
    CopyCount {
        /// How many keys were sent.
        asked: usize,
        /// How many copies came.
        received: usize,
    },
    /// A copy is bound to a key that was not sent, to one twice, or to none.
    #[error("a copy is bound to another key")]
    ForeignKey,
    /// A copy is of another type than was offered.
    #[error("a copy is of another type than was offered")]
    OtherType,
    /// The copies of one batch do not say the same.
    #[error("the copies do not say the same")]
    CopiesDiffer,
    /// A copy names another issuer than the offer.
    #[error("a copy names another issuer")]
    OtherIssuer,
    /// A credential would replace one of another employee.
    #[error("the credential would replace another employee's")]
    OtherEmployee,
    /// A file that should be a trust anchor is none.
    #[error("not a readable trust anchor")]
    Anchor,
    /// Every copy of a chosen credential was used.
    #[error("every copy was used")]
    AllSpent,
    /// Nothing in the wallet fits the request.
    #[error("nothing fits the request")]
    NoMatch,
    /// The choice has no credential that can authorize the transaction.
    #[error("no chosen credential authorizes the transaction")]
    Transaction,
    /// What was switched off stands in every answer that the verifier takes.
    #[error("no answer without what was switched off")]
    Mandatory,
    /// "Always" cannot be said here, or was not said: nobody vouches for the verifier or for all that it
    /// asks, or there is something to authorize.
    #[error("no standing approval")]
    NotStanding,
    /// No standing approval has this id.
    #[error("no such standing approval")]
    NoSuchConsent,
    /// The holder withdrew their approval for this verifier.
    #[error("the holder withdrew their approval")]
    Withdrawn,
    /// The choice names what the review did not show.
    #[error("a choice outside the review")]
    NotInReview,
}

impl WalletError {
    /// Names the refused transaction for the help desk of the service that refused, where it said an id.
    pub const fn request_id(&self) -> Option<RequestId> {
        match self {
            Self::Issuance(error) => error.request_id(),
            _ => None,
        }
    }

    /// Whether nothing will come of a deferred issuance any more.
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Issuance(VciError::DeferredOver { .. }))
    }

    /// Whether the holder cancelled, or the wallet refused to go on for their protection, rather than failed.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Presentation(error) => !matches!(
                error,
                RequestError::NotDelivered { .. }
                    | RequestError::Signatures { .. }
                    | RequestError::NotTaken { .. }
                    | RequestError::NotRequested
                    | RequestError::Transaction
                    | RequestError::Jwe(_)
                    | RequestError::Json(_)
                    | RequestError::NextAddress
            ),
            Self::Issuance(error) => matches!(error, VciError::Trust(_)),
            Self::Trust(_) | Self::OtherEmployee | Self::NoMatch | Self::Mandatory | Self::Withdrawn => true,
            Self::Store(error) => *error == StoreError::AnsweredBefore,
            Self::Keys(error) => *error == KeyStoreError::Cancelled,
            Self::Prompt(error) => *error == PromptError::Cancelled,
            Self::Http(_)
            | Self::Transfer(_)
            | Self::Evidence(_)
            | Self::Credential(_)
            | Self::NothingSupported
            | Self::NoAttester
            | Self::KeysTooWeak { .. }
            | Self::CopyCount { .. }
            | Self::ForeignKey
            | Self::OtherType
            | Self::CopiesDiffer
            | Self::OtherIssuer
            | Self::Anchor
            | Self::AllSpent
            | Self::Transaction
            | Self::NotStanding
            | Self::NoSuchConsent
            | Self::NotInReview => false,
        }
    }
}

impl From<FormatError> for WalletError {
    fn from(error: FormatError) -> Self {
        match error {
            FormatError::Trust(error) => Self::Trust(error),
            error => Self::Credential(error),
        }
    }
}

impl Coded for WalletError {
    fn code(&self) -> Code {
        match self {
            Self::Keys(error) => error.code(),
            Self::Prompt(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Transfer(error) => error.code(),
            Self::Http(error) => error.code(),
            Self::Issuance(error) => error.code(),
            Self::Presentation(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Credential(error) => error.code(),
            Self::Evidence(error) => error.code(),
            Self::NothingSupported => const { Code::new("INRO-WALLET-031") },
            Self::NoAttester => const { Code::new("INRO-WALLET-080") },
            Self::KeysTooWeak { .. } => const { Code::new("INRO-WALLET-082") },
            Self::CopyCount { .. } => const { Code::new("INRO-WALLET-032") },
            Self::ForeignKey => const { Code::new("INRO-WALLET-033") },
            Self::OtherType => const { Code::new("INRO-WALLET-034") },
            Self::CopiesDiffer => const { Code::new("INRO-WALLET-035") },
            Self::OtherIssuer => const { Code::new("INRO-WALLET-036") },
            Self::OtherEmployee => const { Code::new("INRO-WALLET-038") },
            Self::Anchor => const { Code::new("INRO-WALLET-037") },
            Self::AllSpent => const { Code::new("INRO-WALLET-040") },
            Self::NoMatch => const { Code::new("INRO-WALLET-041") },
            Self::Transaction => const { Code::new("INRO-WALLET-061") },
            Self::NotStanding => const { Code::new("INRO-WALLET-070") },
            Self::NoSuchConsent => const { Code::new("INRO-WALLET-071") },
            Self::Withdrawn => const { Code::new("INRO-WALLET-072") },
            Self::Mandatory => const { Code::new("INRO-WALLET-046") },
            Self::NotInReview => const { Code::new("INRO-WALLET-045") },
        }
    }
}
