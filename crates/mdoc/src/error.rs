use inro_base::{Code, Coded, UnixTime};
use inro_cose::CoseError;
use inro_trust::TrustError;

/// Why an mdoc was not issued, held, presented or accepted. Counts, indices and times only.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MdocError {
    /// Its CBOR or a signature.
    #[error(transparent)]
    Cose(#[from] CoseError),
    /// Its issuer.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A version other than 1.x.
    #[error("a version other than 1.x")]
    Version,
    /// More documents or data elements than are read.
    #[error("{count} parts where {limit} are allowed")]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The device tells that it failed. `status` is the device's.
    #[error("a device response of status {status}")]
    DeviceStatus {
        /// As ISO/IEC 18013-5 numbers it.
        status: u64,
    },
    /// Another number of documents than expected.
    #[error("{count} documents where one is expected")]
    Documents {
        /// How many there are.
        count: usize,
    },
    /// The device tells that it does not return a document.
    #[error("the device does not return a document")]
    DocumentError,
    /// The document type of the document is another than the issuer's signature covers.
    #[error("the document is of another type than its issuer signed")]
    DocType,
    /// An algorithm other than SHA-256 for digests.
    #[error("a digest algorithm that is not read")]
    DigestAlgorithm,
    /// The issuer's signature covers no digest of this item.
    #[error("no digest for item {index}")]
    DigestMissing {
        /// Counted from 0 within the document.
        index: usize,
    },
    /// The digest of an item is another than its issuer's.
    #[error("another digest of item {index}")]
    Digest {
        /// Counted from 0 within the document.
        index: usize,
    },
    /// An item has too few random bytes.
    #[error("item {index} has {length} random bytes")]
    Random {
        /// Counted from 0 within the document.
        index: usize,
        /// How many it has.
        length: usize,
    },
    /// One item, one digest or one data element stands there twice.
    #[error("item {index} repeats another")]
    Repeated {
        /// Counted from 0 within the document.
        index: usize,
    },
    /// The time of its validity is over.
    #[error("the mdoc expired at {at}")]
    Expired {
        /// When.
        at: UnixTime,
    },
    /// The time of its validity has not begun.
    #[error("the mdoc is valid from {from}")]
    NotYetValid {
        /// From when on.
        from: UnixTime,
    },
    /// Its times contradict each other, or the issuer's certificate.
    #[error("times that contradict each other or the issuer's certificate")]
    Times,
    /// A date or time that is none.
    #[error("a malformed date or time")]
    Date,
    /// No device signature.
    #[error("no device signature")]
    NoDeviceSignature,
    /// The device authenticated itself with a MAC.
    #[error("a device MAC where a signature is expected")]
    DeviceMac,
    /// The device signature does not fit the issuer's device key, or this session.
    #[error("the device signature does not fit")]
    DeviceSignature,
    /// The device signed a data element that the issuer did not authorize it to.
    #[error("a data element that the device may not sign")]
    Unauthorized,
    /// The status is not written as its specification asks.
    #[error("a malformed status")]
    Status,
    /// A path names nothing in this mdoc. `index` counts the paths from 0.
    #[error("path {index} names no data element")]
    NotHeld {
        /// Which.
        index: usize,
    },
    /// What is to be issued contradicts itself.
    #[error("an mdoc that cannot be issued")]
    Unissuable,
}

impl Coded for MdocError {
    fn code(&self) -> Code {
        match self {
            Self::Cose(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Version => const { Code::new("INRO-MDOC-001") },
            Self::TooMany { .. } => const { Code::new("INRO-MDOC-002") },
            Self::DeviceStatus { .. } => const { Code::new("INRO-MDOC-003") },
            Self::Documents { .. } => const { Code::new("INRO-MDOC-004") },
            Self::DocumentError => const { Code::new("INRO-MDOC-005") },
            Self::DocType => const { Code::new("INRO-MDOC-006") },
            Self::DigestAlgorithm => const { Code::new("INRO-MDOC-007") },
            Self::DigestMissing { .. } => const { Code::new("INRO-MDOC-008") },
            Self::Digest { .. } => const { Code::new("INRO-MDOC-009") },
            Self::Random { .. } => const { Code::new("INRO-MDOC-010") },
            Self::Repeated { .. } => const { Code::new("INRO-MDOC-011") },
            Self::Expired { .. } => const { Code::new("INRO-MDOC-012") },
            Self::NotYetValid { .. } => const { Code::new("INRO-MDOC-013") },
            Self::Times => const { Code::new("INRO-MDOC-014") },
            Self::Date => const { Code::new("INRO-MDOC-015") },
            Self::NoDeviceSignature => const { Code::new("INRO-MDOC-016") },
            Self::DeviceMac => const { Code::new("INRO-MDOC-017") },
            Self::DeviceSignature => const { Code::new("INRO-MDOC-018") },
            Self::Unauthorized => const { Code::new("INRO-MDOC-019") },
            Self::Status => const { Code::new("INRO-MDOC-020") },
            Self::NotHeld { .. } => const { Code::new("INRO-MDOC-021") },
            Self::Unissuable => const { Code::new("INRO-MDOC-022") },
        }
    }
}
