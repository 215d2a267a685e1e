//! ISO/IEC 18013-5 mdoc for any document type and name space: issue, hold, present, verify.
//!
//! - Issuer: [`MdocIssuance`] → [`UnsignedMdoc`].
//! - Holder: [`HeldMdoc`] → [`MdocPresentation`] → [`DeviceSignatureToSign`].
//! - Verifier: [`UnverifiedDeviceResponse`] → [`UnverifiedDocument`] → [`VerifiedMdoc`], which alone hands out
//!   data elements. Every disclosed item's digest is compared with the issuer's, over the bytes received.
//!
//! Issuer and device sign with ES256. A device's MAC (ECDH) is recognized and refused: it needs a key of
//! the reader, which a redirect flow does not have.
//!
//! Source: ISO/IEC 18013-5:2021, whose text is not at hand (read from peers: multipaz, isomdl);
//! OpenID4VP 1.0 annex B.2 for the session transcript.

mod error;
mod hold;
mod issue;
mod issuer_signed;
mod json;
mod mso;
mod present;
mod profile;
mod response;
mod time;
mod transcript;
mod verify;

pub use error::MdocError;
pub use hold::HeldMdoc;
pub use inro_cose::Value;
pub use issue::{MdocIssuance, UnsignedMdoc};
pub use json::{element_from_json, full_date};
pub use mso::StatusReference;
pub use present::{DeviceSignatureToSign, MdocPresentation};
pub use profile::{CLOCK_SKEW, FORMAT, MAX_DOCUMENTS, MIN_RANDOM_BYTES, TypeOf, inro_type_id};
pub use response::{UnverifiedDeviceResponse, UnverifiedDocument};
pub use transcript::SessionTranscript;
pub use verify::{Expected, UnverifiedIssuerSigned, VerifiedMdoc};
