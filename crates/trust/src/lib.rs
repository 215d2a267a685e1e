//! X.509 paths, trust anchors with usages, and verifier registrations: the only room that makes a
//! [`TrustedKey`].
//!
//! A certificate of ours says in its extended key usage what it is for ([`Usage`]); a credential
//! issuer's says besides which credential types it may issue. An [`Anchor`](Anchors) vouches only
//! for the usages that its owner wrote beside it.

mod algorithm;
mod anchors;
mod certificate;
mod claim_path;
mod error;
mod key;
pub mod oid;
mod pem;
pub mod registration;
mod usage;

pub use anchors::{Anchors, MAX_CHAIN};
pub use certificate::{MAX_DER_BYTES, UntrustedCertificate, credential_types_extension};
pub use claim_path::{ClaimPath, NotClaimPath, PathElement};
pub use error::TrustError;
pub use key::TrustedKey;
pub use pem::{MAX_PEM_BYTES, certificates_from_pem};
pub use usage::Usage;
