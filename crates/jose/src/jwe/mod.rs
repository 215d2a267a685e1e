//! JWE in compact form: ECDH-ES over P-256 as direct key agreement, with AES-GCM. Written once, for
//! the phone and for the services.
//!
//! Source: RFC 7516; RFC 7518 §4.6, §5.3.

mod content;
mod error;
mod kdf;
mod key;
mod open;
mod seal;

pub use content::ContentEncryption;
pub use error::JweError;
pub use key::{AgreementKey, DecryptionKey};
pub use open::UnverifiedJwe;
pub use seal::{PartyInfo, Recipient, encrypt, encrypt_jwt};

/// The one `alg` that is written and read. Source: RFC 7518 §4.6.
pub const ALGORITHM: &str = "ECDH-ES";
