//! OpenID4VCI 1.0 (Final) as typed state machines, wallet side and issuer side; no I/O.
//!
//! [`wallet`] goes from an offer's link to the raw credentials: each step consumes the state and
//! returns the next one with bytes to sign or a request to send. [`issuer`] checks what a wallet
//! sends and hands back values that say so; storage is the service's.

pub mod attestation;
pub mod details;
pub mod encryption;
pub mod error;
pub mod issuer;
pub mod metadata;
pub mod notification;
pub mod offer;
pub mod proofs;
pub mod request;
pub mod response;
pub mod signed;
pub mod wallet;

pub use attestation::AttestationDemand;
pub use error::{CredentialErrorCode, VciError};
pub use metadata::{Configuration, Display, IssuerMetadata};
pub use notification::NotificationEvent;
pub use offer::{CredentialOffer, OfferLink, TxCodeDemand};

/// The format identifier of an SD-JWT VC. Source: OpenID4VCI 1.0 Appendix A.3.1.
pub const SD_JWT_VC: &str = "dc+sd-jwt";
/// The format identifier of an ISO mdoc. Source: OpenID4VCI 1.0 Appendix A.2.1.
pub const MSO_MDOC: &str = "mso_mdoc";
