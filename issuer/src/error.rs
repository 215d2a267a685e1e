//! Why the issuer or its CLI stopped.

use inro_base::{Code, Coded, UnixTime};
use inro_credential::CredentialError;
use inro_crypto::CryptoError;
use inro_jose::JoseError;
use inro_jose::jwe::JweError;
use inro_oauth::UrlError;
use inro_sd_jwt::SdJwtError;
use inro_trust::TrustError;

use crate::store::StoreError;

/// Why the issuer or its CLI stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The service's own machinery: files, keys, TLS, database.
    #[error(transparent)]
    Service(#[from] inro_service::ServiceError),
    /// A key.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// A signed message.
    #[error(transparent)]
    Jose(#[from] JoseError),
    /// A certificate or registration.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A credential type, or claims that it refuses.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// An mdoc.
    #[error(transparent)]
    Mdoc(#[from] inro_mdoc::MdocError),
    /// An SD-JWT.
    #[error(transparent)]
    SdJwt(#[from] SdJwtError),
    /// The HR file.
    #[error(transparent)]
    Hr(#[from] crate::hr::HrError),
    /// A URL.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The URL has a path, or is not written as an origin.
    #[error("not an https URL of a host and a port alone")]
    Origin,
    /// The employee's term has not begun, or is over.
    #[error("the employee is not in office now")]
    NotInOffice,
    /// The employee can have no credential of this type, such as an authority without a role.
    #[error("the employee can have no credential of this type")]
    NoSuchCredential,
    /// The HR file has bad rows, and nothing was imported.
    #[error("the file has bad rows")]
    BadRows,
    /// No such credential type.
    #[error("no such credential type")]
    UnknownType,
    /// The certificate of the HTTPS listener names other hosts.
    #[error("the certificate in tls/cert.pem is not for the host of the URL")]
    OtherHost,
    /// Attestations are asked for a type that there is not.
    #[error("an [attestation] table in config.toml for an unknown credential type")]
    AttestedType,
    /// A status list.
    #[error(transparent)]
    StatusList(inro_status::StatusError),
    /// No such credential.
    #[error("no such credential")]
    UnknownCredential,
    /// The credential is revoked, which is for good.
    #[error("the credential is revoked for good")]
    Revoked,
    /// The credential stands so already, or cannot resume because it is not suspended.
    #[error("the credential stands so already")]
    StatusUnchanged,
    /// A suspended credential is not issued again.
    #[error("the credential is suspended")]
    Suspended,
    /// The credential was taken back since its offer was made.
    #[error("the credential was taken back")]
    TakenBack,
    /// The key of the agency's authority is not in the folder.
    #[error("the key of the agency's authority is not in the folder keys")]
    NoAuthorityKey,
    /// A format that this issuer does not make.
    #[error("a credential format that this issuer does not make")]
    UnknownFormat,
    /// There is no such offer that waits for a decision.
    #[error("no such offer waits for a decision")]
    NothingToDecide,
    /// The offer was decided before.
    #[error("the offer was decided before")]
    Decided,
    /// The offer needs no approval.
    #[error("the offer needs no approval")]
    NoApprovalNeeded,
    /// A second person decided against it.
    #[error("the agency did not approve")]
    NotApproved,
    /// Key attestations are asked for, and nobody may make them.
    #[error("no wallet provider to believe")]
    NoWalletProvider,
    /// An answer could not be encrypted.
    #[error(transparent)]
    Jwe(#[from] JweError),
    /// The offer yielded all its copies.
    #[error("the offer yielded all its copies")]
    Exhausted,
    /// The signer's certificate has ended: nobody would accept what it signs.
    #[error("the signer's certificate ended at {at}")]
    SignerEnded {
        /// When.
        at: UnixTime,
    },
    /// The registration file is malformed.
    #[error("registration.toml cannot be read")]
    Registration,
    /// A stored record is no record of this version.
    #[error("a stored employee record cannot be read")]
    Record,
}

impl IssuerError {
    /// Whether the agency decided not to issue, as opposed to a failure of its service.
    pub const fn is_denial(&self) -> bool {
        match self {
            Self::NotInOffice
            | Self::NoSuchCredential
            | Self::UnknownType
            | Self::UnknownFormat
            | Self::NotApproved
            | Self::Exhausted
            | Self::TakenBack
            | Self::Suspended
            | Self::Revoked
            | Self::UnknownCredential
            | Self::StatusUnchanged
            | Self::Credential(_)
            | Self::Store(StoreError::NoEmployee | StoreError::TooManyOffers { .. }) => true,
            Self::Store(StoreError::Database { .. } | StoreError::Busy)
            | Self::Service(_)
            | Self::Crypto(_)
            | Self::Jose(_)
            | Self::Trust(_)
            | Self::SignerEnded { .. }
            | Self::StatusList(_)
            | Self::Mdoc(_)
            | Self::SdJwt(_)
            | Self::Hr(_)
            | Self::Url(_)
            | Self::Jwe(_)
            | Self::NothingToDecide
            | Self::Decided
            | Self::NoApprovalNeeded
            | Self::NoWalletProvider
            | Self::OtherHost
            | Self::AttestedType
            | Self::Origin
            | Self::BadRows
            | Self::NoAuthorityKey
            | Self::Registration
            | Self::Record => false,
        }
    }
}

impl Coded for IssuerError {
    fn code(&self) -> Code {
        match self {
            Self::Store(error) => error.code(),
            Self::Service(error) => error.code(),
            Self::Crypto(error) => error.code(),
            Self::Jose(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Credential(error) => error.code(),
            Self::Mdoc(error) => error.code(),
            Self::SdJwt(error) => error.code(),
            Self::Hr(error) => error.code(),
            Self::Url(error) => error.code(),
            Self::Origin => const { Code::new("INRO-ISSUER-005") },
            Self::NotInOffice => const { Code::new("INRO-ISSUER-007") },
            Self::NoSuchCredential => const { Code::new("INRO-ISSUER-016") },
            Self::BadRows => const { Code::new("INRO-ISSUER-017") },
            Self::OtherHost => const { Code::new("INRO-ISSUER-055") },
            Self::UnknownType | Self::AttestedType => const { Code::new("INRO-ISSUER-008") },
            Self::StatusList(error) => error.code(),
            Self::UnknownCredential => const { Code::new("INRO-ISSUER-030") },
            Self::Revoked => const { Code::new("INRO-ISSUER-031") },
            Self::StatusUnchanged => const { Code::new("INRO-ISSUER-032") },
            Self::Suspended => const { Code::new("INRO-ISSUER-033") },
            Self::TakenBack => const { Code::new("INRO-ISSUER-035") },
            Self::NoAuthorityKey => const { Code::new("INRO-ISSUER-080") },
            Self::UnknownFormat => const { Code::new("INRO-ISSUER-009") },
            Self::NothingToDecide => const { Code::new("INRO-ISSUER-050") },
            Self::Decided => const { Code::new("INRO-ISSUER-051") },
            Self::NoApprovalNeeded => const { Code::new("INRO-ISSUER-052") },
            Self::NotApproved => const { Code::new("INRO-ISSUER-053") },
            Self::NoWalletProvider => const { Code::new("INRO-ISSUER-054") },
            Self::Jwe(error) => error.code(),
            Self::Exhausted => const { Code::new("INRO-ISSUER-011") },
            Self::SignerEnded { .. } => const { Code::new("INRO-ISSUER-018") },
            Self::Registration => const { Code::new("INRO-ISSUER-012") },
            Self::Record => const { Code::new("INRO-ISSUER-013") },
        }
    }
}
