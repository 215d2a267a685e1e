use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm, Nonce};
use hkdf::Hkdf;
use hkdf::hmac::{Hmac, Mac as _};
use p256::ecdsa::signature::Verifier as _;
use sha2::{Digest as _, Sha256};

use crate::{CryptoError, Provider, PublicKey, Signature, Signer as _, SoftwareKey};

/// The provider in pure Rust: no C compiler, no runtime, builds for every phone.
#[derive(Clone, Copy, Debug, Default)]
pub struct RustCrypto;

impl Provider for RustCrypto {
    fn sha256(&self, message: &[u8]) -> [u8; 32] {
        Sha256::digest(message).into()
    }

    fn verify_es256(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), CryptoError> {
        let key =
            p256::ecdsa::VerifyingKey::from_sec1_bytes(&key.to_sec1()).map_err(|_| CryptoError::PublicKey)?;
        let signature =
            p256::ecdsa::Signature::from_slice(signature.as_bytes()).map_err(|_| CryptoError::Signature)?;
        key.verify(message, &signature).map_err(|_| CryptoError::Signature)
    }

    fn hmac_sha256(&self, key: &[u8], message: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    fn hkdf_sha256(&self, ikm: &[u8], salt: &[u8], info: &[u8], okm: &mut [u8]) -> Result<(), CryptoError> {
        Hkdf::<Sha256>::new(Some(salt), ikm).expand(info, okm).map_err(|_| CryptoError::Sealed)
    }

    fn aes256_gcm_seal(
        &self,
        key: &[u8; 32],
        nonce: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let payload = Payload { msg: plaintext, aad };
        Aes256Gcm::new(key.into()).encrypt(&Nonce::from(*nonce), payload).map_err(|_| CryptoError::Sealed)
    }

    fn aes256_gcm_open(
        &self,
        key: &[u8; 32],
        nonce: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let payload = Payload { msg: sealed, aad };
        Aes256Gcm::new(key.into()).decrypt(&Nonce::from(*nonce), payload).map_err(|_| CryptoError::Sealed)
    }

    fn aes128_gcm_seal(
        &self,
        key: &[u8; 16],
        nonce: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let payload = Payload { msg: plaintext, aad };
        Aes128Gcm::new(key.into()).encrypt(&Nonce::from(*nonce), payload).map_err(|_| CryptoError::Sealed)
    }

    fn aes128_gcm_open(
        &self,
        key: &[u8; 16],
        nonce: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let payload = Payload { msg: sealed, aad };
        Aes128Gcm::new(key.into()).decrypt(&Nonce::from(*nonce), payload).map_err(|_| CryptoError::Sealed)
    }

    fn ecdh_p256(&self, private: &[u8; 32], peer: &PublicKey) -> Result<[u8; 32], CryptoError> {
        let private = p256::SecretKey::from_slice(private).map_err(|_| CryptoError::PrivateKey)?;
        let peer = p256::PublicKey::from_sec1_bytes(&peer.to_sec1()).map_err(|_| CryptoError::PublicKey)?;
        Ok((*private.diffie_hellman(&peer).raw_secret_bytes()).into())
    }

    fn public_p256(&self, private: &[u8; 32]) -> Result<PublicKey, CryptoError> {
        Ok(SoftwareKey::from_secret_bytes(private)?.public_key())
    }
}
