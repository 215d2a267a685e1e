use std::fmt;

use inro_base::json::JsonError;
use inro_base::{Code, Coded};
use inro_jose::JoseError;

/// Why a receipt was not made or not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// A record as a JWS.
    #[error(transparent)]
    Jose(#[from] JoseError),
    /// A bundle or a body as JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A part is missing, unknown or of another kind. `part` is the specification's own name.
    #[error("malformed `{part}`")]
    Malformed {
        /// Which.
        part: &'static str,
    },
    /// More or longer than this room takes. `part` is the specification's own name.
    #[error("too long or too many: `{part}`")]
    TooMuch {
        /// Which.
        part: &'static str,
    },
    /// The bundle has a version that this program does not know.
    #[error("a bundle of another version")]
    Version,
    /// The first record does not open a chain, or a later one does.
    #[error("a chain is opened where none begins, or not where it begins")]
    Opening,
    /// The record belongs to another chain.
    #[error("a record of another chain")]
    OtherChain,
    /// A record is missing before this one, or this one is out of its place.
    #[error("a record out of its place: number {found}")]
    Sequence {
        /// The number that it carries.
        found: u64,
    },
    /// The record does not follow on the one before it.
    #[error("a record that follows on another one")]
    Link,
    /// Another key signed than the one whose turn it is, or the record was altered.
    #[error("a record that the key of the chain did not sign")]
    Signature,
    /// The body is not the one that was recorded.
    #[error("a body that was altered")]
    Body,
    /// An attachment is not the one that was recorded.
    #[error("attachment {index} was altered")]
    Attachment {
        /// Its place, counted from 0.
        index: usize,
    },
    /// The event refers to a record that is not between the first one and its own.
    #[error("an event that refers to no earlier one")]
    Reference,
    /// The chain has as many records as it may.
    #[error("the chain is full")]
    Full,
}

/// What is wrong, and with which record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The place of the first bad record, counted from 0: the number that it should carry. `None` when the bundle as a
    /// whole cannot be read.
    pub at: Option<u64>,
    /// What is wrong.
    pub wrong: EvidenceError,
}

impl Coded for EvidenceError {
    fn code(&self) -> Code {
        match self {
            Self::Jose(error) => error.code(),
            Self::Json(error) => error.code(),
            Self::Malformed { .. } => const { Code::new("INRO-EVIDENCE-001") },
            Self::TooMuch { .. } => const { Code::new("INRO-EVIDENCE-002") },
            Self::Version => const { Code::new("INRO-EVIDENCE-003") },
            Self::Opening => const { Code::new("INRO-EVIDENCE-004") },
            Self::OtherChain => const { Code::new("INRO-EVIDENCE-005") },
            Self::Sequence { .. } => const { Code::new("INRO-EVIDENCE-006") },
            Self::Link => const { Code::new("INRO-EVIDENCE-007") },
            Self::Signature => const { Code::new("INRO-EVIDENCE-008") },
            Self::Body => const { Code::new("INRO-EVIDENCE-009") },
            Self::Attachment { .. } => const { Code::new("INRO-EVIDENCE-010") },
            Self::Reference => const { Code::new("INRO-EVIDENCE-011") },
            Self::Full => const { Code::new("INRO-EVIDENCE-012") },
        }
    }
}

impl Coded for Fault {
    fn code(&self) -> Code {
        self.wrong.code()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "record {at}: {}", self.wrong),
            None => self.wrong.fmt(f),
        }
    }
}

impl std::error::Error for Fault {}

impl From<EvidenceError> for Fault {
    fn from(wrong: EvidenceError) -> Self {
        Self { at: None, wrong }
    }
}
