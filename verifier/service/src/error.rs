use inro_base::{Code, Coded, UnixTime};
use inro_service::ServiceError;
use inro_trust::TrustError;
use inro_verifier_sdk::{PolicyError, StoreError, VerifierError};

/// Why a command or a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// Files, database, listener.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The verifier itself.
    #[error(transparent)]
    Verifier(#[from] VerifierError),
    /// A certificate or a registration.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// `trust add` without a kind of anchor, or with both.
    #[error("neither or both of --issuer and --tls")]
    AnchorKind,
    /// More anchors than are read.
    #[error("more than {limit} anchors")]
    TooManyAnchors {
        /// How many there may be.
        limit: usize,
    },
    /// A registration that does not belong to this verifier's URL.
    #[error("the registration does not list this verifier's host")]
    RegistrationHost,
    /// A certificate ends within a month.
    #[error("a certificate ends at {at}")]
    EndsSoon {
        /// When.
        at: UnixTime,
    },
    /// A policy names an issuer that is not the name of an anchor. The name is the operator's own.
    #[error("no anchor is called {name:?}")]
    UnknownAnchor {
        /// As the policy says it.
        name: String,
    },
    /// No anchor of the name that `trust remove` was given.
    #[error("no such anchor")]
    NoSuchAnchor,
    /// The caller's token is missing or wrong.
    #[error("no valid token")]
    Token,
    /// A body of another media type.
    #[error("another media type than this endpoint takes")]
    MediaType,
}

impl CommandError {
    /// The HTTP status that says it. Source: RFC 9110 §15.
    pub const fn http_status(&self) -> u16 {
        match self {
            Self::Token => 401,
            Self::MediaType => 415,
            Self::Verifier(error) => error.http_status(),
            Self::Service(_)
            | Self::Trust(_)
            | Self::AnchorKind
            | Self::TooManyAnchors { .. }
            | Self::EndsSoon { .. }
            | Self::UnknownAnchor { .. }
            | Self::NoSuchAnchor
            | Self::RegistrationHost => 500,
        }
    }
}

impl Coded for CommandError {
    fn code(&self) -> Code {
        match self {
            Self::Service(error) => error.code(),
            Self::Verifier(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::AnchorKind => const { Code::new("INRO-VERIFIER-022") },
            Self::RegistrationHost => const { Code::new("INRO-VERIFIER-023") },
            Self::TooManyAnchors { .. } => const { Code::new("INRO-VERIFIER-024") },
            Self::EndsSoon { .. } => const { Code::new("INRO-VERIFIER-025") },
            Self::UnknownAnchor { .. } => const { Code::new("INRO-VERIFIER-026") },
            Self::NoSuchAnchor => const { Code::new("INRO-VERIFIER-062") },
            Self::Token => const { Code::new("INRO-VERIFIER-020") },
            Self::MediaType => const { Code::new("INRO-VERIFIER-021") },
        }
    }
}

impl From<PolicyError> for CommandError {
    fn from(error: PolicyError) -> Self {
        Self::Verifier(error.into())
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::Verifier(error.into())
    }
}
