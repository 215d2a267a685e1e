use std::fmt;

use inro_base::{Rng, Secret};
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding};

use crate::{CryptoError, PublicKey, Signature, Signer};

/// A private P-256 key in memory: for services with key files, for tests and for the CLI. A phone's
/// keys never take this form.
#[derive(Clone)]
pub struct SoftwareKey {
    signing: p256::ecdsa::SigningKey,
    public: PublicKey,
}

impl SoftwareKey {
    /// A fresh key.
    pub fn generate(rng: &mut dyn Rng) -> Self {
        loop {
            // A scalar out of range has a chance of 2^-32; drawing again keeps the choice even.
            let candidate = Secret::new(rng.bytes::<32>());
            if let Ok(key) = Self::from_secret_bytes(candidate.expose()) {
                return key;
            }
        }
    }

    /// The key with the scalar `bytes`, big-endian.
    ///
    /// # Errors
    /// [`CryptoError::PrivateKey`] when the scalar is 0 or not below the order.
    pub fn from_secret_bytes(bytes: &[u8; 32]) -> Result<Self, CryptoError> {
        let signing = p256::ecdsa::SigningKey::from_slice(bytes).map_err(|_| CryptoError::PrivateKey)?;
        Self::of(signing)
    }

    /// Checks that [`SoftwareKey::from_secret_bytes`] would take `bytes`, without the work of a public key.
    ///
    /// # Errors
    /// [`CryptoError::PrivateKey`] when the scalar is 0 or not below the order.
    pub fn check_secret_bytes(bytes: &[u8; 32]) -> Result<(), CryptoError> {
        p256::SecretKey::from_slice(bytes).map(drop).map_err(|_| CryptoError::PrivateKey)
    }

    /// Reads a PKCS#8 key in PEM.
    ///
    /// # Errors
    /// [`CryptoError::PrivateKey`] when it is not an unencrypted P-256 key.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, CryptoError> {
        let secret = p256::SecretKey::from_pkcs8_pem(pem).map_err(|_| CryptoError::PrivateKey)?;
        Self::of(secret.into())
    }

    /// The key as PKCS#8 in PEM, unencrypted.
    pub fn to_pkcs8_pem(&self) -> Secret<String> {
        let secret = p256::SecretKey::from(&self.signing);
        let pem = secret.to_pkcs8_pem(LineEnding::LF).expect("a valid key encodes");
        Secret::new(pem.as_str().to_owned())
    }

    /// The scalar, big-endian.
    pub fn to_secret_bytes(&self) -> Secret<[u8; 32]> {
        Secret::new(self.signing.to_bytes().into())
    }

    fn of(signing: p256::ecdsa::SigningKey) -> Result<Self, CryptoError> {
        let public = PublicKey::from_sec1(&signing.verifying_key().to_sec1_bytes())?;
        Ok(Self { signing, public })
    }
}

impl Signer for SoftwareKey {
    fn public_key(&self) -> PublicKey {
        self.public
    }

    fn sign_es256(&self, message: &[u8]) -> Result<Signature, CryptoError> {
        let signature: p256::ecdsa::Signature =
            self.signing.try_sign(message).map_err(|_| CryptoError::PrivateKey)?;
        Signature::from_bytes(&signature.to_bytes())
    }
}

impl fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SoftwareKey").field(&self.public).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Provider as _, RustCrypto};

    #[test]
    fn signs_what_the_provider_verifies_and_survives_pem() {
        let key = SoftwareKey::from_secret_bytes(&[9; 32]).unwrap();
        let again = SoftwareKey::from_pkcs8_pem(key.to_pkcs8_pem().expose()).unwrap();
        let signature = again.sign_es256(b"message").unwrap();
        assert_eq!(RustCrypto.verify_es256(&key.public_key(), b"message", &signature), Ok(()));
        let altered = RustCrypto.verify_es256(&key.public_key(), b"messagf", &signature);
        assert_eq!(altered, Err(CryptoError::Signature));
    }

    #[test]
    fn refuses_scalars_out_of_range_and_foreign_pem() {
        for bytes in [[0; 32], [0xff; 32]] {
            assert_eq!(SoftwareKey::from_secret_bytes(&bytes).unwrap_err(), CryptoError::PrivateKey);
            assert_eq!(SoftwareKey::check_secret_bytes(&bytes), Err(CryptoError::PrivateKey));
        }
        assert_eq!(SoftwareKey::check_secret_bytes(&[9; 32]), Ok(()));
        assert!(SoftwareKey::from_pkcs8_pem("-----BEGIN PRIVATE KEY-----").is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = SoftwareKey::from_secret_bytes(&[9; 32]).unwrap();
        assert!(!format!("{key:?}").contains("0909"));
    }
}
