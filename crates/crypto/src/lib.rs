//! The cryptography that every room uses, behind one small trait. A provider is a value that is
//! passed along, not a cargo feature: features leak through unification.
//!
//! [`RustCrypto`] is for phones, where the signing key lives in hardware anyway; services pass
//! `inro_crypto_aws::AwsLc`.

mod error;
mod key;
mod provider;
mod rust_crypto;
mod signature;
mod software_key;

pub use error::CryptoError;
pub use key::PublicKey;
pub use provider::{Provider, Signer};
pub use rust_crypto::RustCrypto;
pub use signature::Signature;
pub use software_key::SoftwareKey;
