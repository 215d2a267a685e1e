use inro_base::json::JsonError;
use inro_base::{Code, Coded, UnixTime};
use inro_cose::CoseError;
use inro_jose::JoseError;
use inro_trust::TrustError;

/// Why a status list was not made or not taken. None of it says that a credential is invalid.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatusError {
    /// The token as a JWT.
    #[error(transparent)]
    Jose(#[from] JoseError),
    /// The token as a CWT.
    #[error(transparent)]
    Cose(#[from] CoseError),
    /// Its signer.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// Its JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A claim is missing or of another kind. `claim` is the specification's own name.
    #[error("malformed `{claim}` in a status list")]
    Malformed {
        /// Which.
        claim: &'static str,
    },
    /// The media type is none of those that were asked for.
    #[error("a status list of another media type")]
    MediaType,
    /// The server answered with something else than a list.
    #[error("status {status} in place of a status list")]
    NotServed {
        /// The HTTP status.
        status: u16,
    },
    /// Nothing answered at the list's address.
    #[error("the status list could not be fetched")]
    Unreachable,
    /// The list is another one than the credential names.
    #[error("a status list of another address")]
    OtherList,
    /// Its signer stands under another authority than the credential's issuer.
    #[error("a status list under another authority than the credential's")]
    OtherAuthority,
    /// The list is older than one that is known.
    #[error("a status list of {issued_at}, older than a known one")]
    RolledBack {
        /// When it was issued.
        issued_at: UnixTime,
    },
    /// The list was issued in the future, or does not hold yet.
    #[error("a status list that holds from {from}, after now")]
    NotYetValid {
        /// From when on it holds.
        from: UnixTime,
    },
    /// The list has expired.
    #[error("the status list expired at {at}")]
    Expired {
        /// When.
        at: UnixTime,
    },
    /// The list is older than it may be.
    #[error("the status list of {issued_at} is too old")]
    Stale {
        /// When it was issued.
        issued_at: UnixTime,
    },
    /// Neither 1, 2, 4 nor 8 bits.
    #[error("a number of bits that is not allowed")]
    Bits,
    /// Not ZLIB, or damaged.
    #[error("a status list that cannot be decompressed")]
    Compression,
    /// The list grows beyond the bound when it is decompressed.
    #[error("a status list of more than {limit} bytes")]
    TooLarge {
        /// How many there may be.
        limit: usize,
    },
    /// The place is behind the end of the list.
    #[error("a place behind the end of the status list")]
    OutOfRange,
    /// The credential refers to its status in a malformed way.
    #[error("a malformed reference to a status")]
    Reference,
    /// The credential refers to its status in a way that is not read here.
    #[error("a status of another kind than a status list")]
    OtherMechanism,
}

impl Coded for StatusError {
    fn code(&self) -> Code {
        match self {
            Self::Jose(error) => error.code(),
            Self::Cose(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Json(error) => error.code(),
            Self::Malformed { .. } => const { Code::new("INRO-STATUS-001") },
            Self::MediaType => const { Code::new("INRO-STATUS-002") },
            Self::NotServed { .. } | Self::Unreachable => const { Code::new("INRO-STATUS-003") },
            Self::OtherList => const { Code::new("INRO-STATUS-004") },
            Self::OtherAuthority => const { Code::new("INRO-STATUS-005") },
            Self::RolledBack { .. } => const { Code::new("INRO-STATUS-006") },
            Self::NotYetValid { .. } => const { Code::new("INRO-STATUS-007") },
            Self::Expired { .. } | Self::Stale { .. } => const { Code::new("INRO-STATUS-008") },
            Self::Bits => const { Code::new("INRO-STATUS-009") },
            Self::Compression => const { Code::new("INRO-STATUS-010") },
            Self::TooLarge { .. } => const { Code::new("INRO-STATUS-011") },
            Self::OutOfRange => const { Code::new("INRO-STATUS-012") },
            Self::Reference => const { Code::new("INRO-STATUS-013") },
            Self::OtherMechanism => const { Code::new("INRO-STATUS-014") },
        }
    }
}
