//! JWK, JWS with ES256 alone, JWE with ECDH-ES alone. What was received is kept and verified as
//! received; what is made is signed by whoever holds the key, so that a phone's hardware can.

mod error;
mod header;
pub mod jwe;
mod jwk;
mod jws;

pub use error::JoseError;
pub use header::Header;
pub use jwk::Jwk;
pub use jws::{Expect, JwsToSign, UnverifiedJws, VerifiedJws};
