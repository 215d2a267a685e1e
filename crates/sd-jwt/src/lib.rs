//! SD-JWT (RFC 9901, compact form, SHA-256) and SD-JWT VC: issue, hold, present, verify.
//!
//! Two layers: [`plain`] follows RFC 9901 for any `typ` and any key; [`UnverifiedSdJwt`] adds what
//! SD-JWT VC asks (`dc+sd-jwt`, `vct`, an issuer whose certificate names the credential type).
//! Versions: RFC 9901; draft-ietf-oauth-sd-jwt-vc as the workspace's `specs` name it.

mod disclosure;
mod error;
mod frame;
mod hold;
mod issue;
mod key_binding;
pub mod plain;
mod present;
mod process;
mod profile;
mod vc;
mod vc_issue;

pub use error::SdJwtError;
pub use frame::{MAX_BYTES, MAX_DEPTH, MAX_DISCLOSURES};
pub use hold::HeldSdJwt;
pub use inro_trust::{ClaimPath, NotClaimPath, PathElement};
pub use issue::{Issuance, Unsigned};
pub use key_binding::KeyBinding;
pub use present::{KeyBindingToSign, Presentation};
pub use process::Gap;
pub use profile::{CLOCK_SKEW, NEVER_DISCLOSABLE, TYP};
pub use vc::{Expected, TypeOf, UnverifiedSdJwt, VerifiedSdJwt, inro_type_id};
pub use vc_issue::VcIssuance;
