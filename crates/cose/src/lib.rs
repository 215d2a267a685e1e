//! CBOR and COSE as mdoc and CWT use them: strict reading within bounds, and signatures checked over
//! the bytes that were received.
//!
//! - [`Item`] reads received CBOR without copying it; [`encode`] and [`write`] make our own.
//! - [`UnverifiedSign1`] and [`Sign1ToSign`] are COSE_Sign1 with ES256, [`UnverifiedMac0`] is COSE_Mac0 with
//!   HMAC 256/256; [`read_key`] and [`write_key`] are COSE_Key on P-256.
//!
//! Structures of COSE come from `coset`, values from `ciborium`; both are lax where this house is not,
//! so every received byte goes through [`Item::parse`] first.
//!
//! Source: RFC 8949; RFC 9052; RFC 9053; RFC 9360; RFC 9596.

mod cbor;
mod error;
mod key;
mod mac0;
mod sign1;
pub mod write;

pub use cbor::{Item, Kind, Limits};
pub use ciborium::Value;
pub use error::CoseError;
pub use key::{read_key, write_key};
pub use mac0::UnverifiedMac0;
pub use sign1::{Sign1ToSign, UnverifiedSign1, VerifiedSign1, es256};
pub use write::encode;
