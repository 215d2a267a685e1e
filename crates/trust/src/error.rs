use inro_base::{Code, Coded, UnixTime};
use inro_jose::JoseError;

use crate::Usage;

/// Why a certificate, an anchor or a registration was not trusted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// Not a certificate in DER or PEM that we read.
    #[error("a malformed certificate")]
    Certificate,
    /// The message carries no certificate.
    #[error("no certificate")]
    NoCertificate,
    /// `count` certificates where `limit` are allowed.
    #[error("{count} certificates where {limit} are allowed")]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// `length` and `limit` are in bytes.
    #[error("a certificate of {length} bytes where {limit} are allowed")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// No anchor stands at the end of the chain.
    #[error("the certificate leads to no anchor on the list")]
    NotListed,
    /// The anchor at the end of the chain may not vouch for this usage.
    #[error("the anchor does not vouch for {usage:?}")]
    AnchorUsage {
        /// What the certificate was to be used for.
        usage: Usage,
    },
    /// The certificate itself is for something else.
    #[error("the certificate is not for {usage:?}")]
    CertificateUsage {
        /// What it was to be used for.
        usage: Usage,
    },
    /// A certificate of the chain, or its anchor, has expired.
    #[error("a certificate expired before {now}")]
    Expired {
        /// The time it was checked at.
        now: UnixTime,
    },
    /// A certificate of the chain, or its anchor, is not valid yet.
    #[error("a certificate is not valid yet at {now}")]
    NotYetValid {
        /// The time it was checked at.
        now: UnixTime,
    },
    /// A certificate authority's certificate stands where its subject's belongs, or the reverse.
    #[error("a certificate authority used as a signer, or the reverse")]
    Role,
    /// A signature or a constraint of the chain does not hold.
    #[error("a broken certificate chain")]
    Chain,
    /// Checking the chain would take more work than we do for a stranger.
    #[error("the certificate chain takes too much work")]
    Budget,
    /// Not a P-256 key, or not signed with ECDSA and SHA-256.
    #[error("a certificate of another algorithm")]
    Algorithm,
    /// The certificate may not issue credentials of this type.
    #[error("a credential type that the certificate does not name")]
    CredentialType,
    /// A registration is not of the form we read.
    #[error("a malformed registration")]
    Registration,
    /// A registration has expired.
    #[error("the registration expired at {at}")]
    RegistrationExpired {
        /// When.
        at: UnixTime,
    },
    /// A registration is not valid yet.
    #[error("the registration is valid from {from}")]
    RegistrationNotYetValid {
        /// From when.
        from: UnixTime,
    },
    /// A registration was made for another verifier's certificate.
    #[error("the registration of another verifier")]
    RegistrationOfAnother,
    /// The registration's signature or frame.
    #[error(transparent)]
    Jose(#[from] JoseError),
}

impl Coded for TrustError {
    fn code(&self) -> Code {
        match self {
            Self::Certificate => const { Code::new("INRO-TRUST-001") },
            Self::NoCertificate => const { Code::new("INRO-TRUST-002") },
            Self::TooMany { .. } => const { Code::new("INRO-TRUST-003") },
            Self::TooLong { .. } => const { Code::new("INRO-TRUST-004") },
            Self::NotListed => const { Code::new("INRO-TRUST-005") },
            Self::AnchorUsage { .. } => const { Code::new("INRO-TRUST-006") },
            Self::CertificateUsage { .. } => const { Code::new("INRO-TRUST-007") },
            Self::Expired { .. } => const { Code::new("INRO-TRUST-008") },
            Self::NotYetValid { .. } => const { Code::new("INRO-TRUST-009") },
            Self::Role => const { Code::new("INRO-TRUST-010") },
            Self::Chain => const { Code::new("INRO-TRUST-011") },
            Self::Budget => const { Code::new("INRO-TRUST-012") },
            Self::Algorithm => const { Code::new("INRO-TRUST-013") },
            Self::CredentialType => const { Code::new("INRO-TRUST-014") },
            Self::Registration => const { Code::new("INRO-TRUST-015") },
            Self::RegistrationExpired { .. } => const { Code::new("INRO-TRUST-016") },
            Self::RegistrationNotYetValid { .. } => const { Code::new("INRO-TRUST-017") },
            Self::RegistrationOfAnother => const { Code::new("INRO-TRUST-018") },
            Self::Jose(error) => error.code(),
        }
    }
}
