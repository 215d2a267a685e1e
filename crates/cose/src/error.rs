use inro_base::{Code, Coded};
use inro_crypto::CryptoError;

/// Why CBOR or COSE was refused. Offsets are in bytes from the start of the whole input.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CoseError {
    /// `length` and `limit` are in bytes.
    #[error("CBOR of {length} bytes where {limit} are allowed")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// Not well-formed CBOR, or it ends too early.
    #[error("malformed CBOR at byte {offset}")]
    Malformed {
        /// Where.
        offset: usize,
    },
    /// Something stands behind the item.
    #[error("bytes behind the CBOR item at byte {offset}")]
    Trailing {
        /// Where.
        offset: usize,
    },
    /// Nested deeper than the bound.
    #[error("CBOR nested deeper than {limit} levels")]
    TooDeep {
        /// How deep it may nest.
        limit: usize,
    },
    /// More items than the bound, or than the input has bytes for.
    #[error("too many CBOR items at byte {offset}")]
    TooMany {
        /// Where.
        offset: usize,
    },
    /// An item of indefinite length.
    #[error("CBOR of indefinite length at byte {offset}")]
    Indefinite {
        /// Where.
        offset: usize,
    },
    /// A map names one key twice.
    #[error("a repeated key in a CBOR map at byte {offset}")]
    RepeatedKey {
        /// Where the repetition stands.
        offset: usize,
    },
    /// The CBOR has another structure than its specification asks for.
    #[error("CBOR of another structure than expected")]
    Structure,
    /// The protected header does not say ES256, or HMAC 256/256 of a MAC.
    #[error("an algorithm other than the expected one")]
    Algorithm,
    /// `typ` is not what the reader expects.
    #[error("a message of another type")]
    Type,
    /// `crit` names a header parameter; we understand none.
    #[error("a critical header parameter")]
    Critical,
    /// The signature does not fit.
    #[error("wrong signature")]
    Signature,
    /// The authentication tag does not fit.
    #[error("wrong authentication tag")]
    Tag,
    /// A payload is there where a detached one is expected, or the reverse.
    #[error("a payload where none belongs, or none where one belongs")]
    Payload,
    /// Not a public P-256 key.
    #[error("not a public P-256 key")]
    Key,
    /// Signing or a key's use failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl Coded for CoseError {
    fn code(&self) -> Code {
        match self {
            Self::TooLong { .. } => const { Code::new("INRO-COSE-001") },
            Self::Malformed { .. } | Self::Trailing { .. } => const { Code::new("INRO-COSE-002") },
            Self::TooDeep { .. } | Self::TooMany { .. } => const { Code::new("INRO-COSE-003") },
            Self::Indefinite { .. } => const { Code::new("INRO-COSE-004") },
            Self::RepeatedKey { .. } => const { Code::new("INRO-COSE-005") },
            Self::Structure => const { Code::new("INRO-COSE-006") },
            Self::Algorithm => const { Code::new("INRO-COSE-007") },
            Self::Type => const { Code::new("INRO-COSE-008") },
            Self::Critical => const { Code::new("INRO-COSE-009") },
            Self::Signature => const { Code::new("INRO-COSE-010") },
            Self::Tag => const { Code::new("INRO-COSE-011") },
            Self::Payload => const { Code::new("INRO-COSE-012") },
            Self::Key => const { Code::new("INRO-COSE-013") },
            Self::Crypto(error) => error.code(),
        }
    }
}
