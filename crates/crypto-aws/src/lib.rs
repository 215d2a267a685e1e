//! [`inro_crypto::Provider`] on aws-lc-rs: three to four times as fast as pure Rust, for services,
//! and a second opinion on it in the tests.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256};
use aws_lc_rs::digest::{self, SHA256};
use aws_lc_rs::hkdf::{self, HKDF_SHA256};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};
use inro_crypto::{CryptoError, Provider, PublicKey, Signature, Signer, SoftwareKey};

/// The provider of the services.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsLc;

/// A private key in a service's memory that signs with aws-lc-rs.
#[derive(Debug)]
pub struct AwsLcKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl AwsLcKey {
    /// Takes over a key that was read from a file.
    ///
    /// # Errors
    /// [`CryptoError::PrivateKey`] when aws-lc-rs refuses it.
    pub fn new(key: &SoftwareKey) -> Result<Self, CryptoError> {
        let public = key.public_key();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            key.to_secret_bytes().expose(),
            &public.to_sec1(),
        )
        .map_err(|_| CryptoError::PrivateKey)?;
        Ok(Self { pair, public })
    }
}

impl Signer for AwsLcKey {
    fn public_key(&self) -> PublicKey {
        self.public
    }

    fn sign_es256(&self, message: &[u8]) -> Result<Signature, CryptoError> {
        let signature = self.pair.sign(&SystemRandom::new(), message).map_err(|_| CryptoError::PrivateKey)?;
        Signature::from_bytes(signature.as_ref())
    }
}

impl Provider for AwsLc {
    fn sha256(&self, message: &[u8]) -> [u8; 32] {
        fixed(digest::digest(&SHA256, message).as_ref())
    }

    fn verify_es256(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), CryptoError> {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.to_sec1())
            .verify(message, signature.as_bytes())
            .map_err(|_| CryptoError::Signature)
    }

    fn hmac_sha256(&self, key: &[u8], message: &[u8]) -> [u8; 32] {
        fixed(hmac::sign(&hmac::Key::new(HMAC_SHA256, key), message).as_ref())
    }

    fn hkdf_sha256(&self, ikm: &[u8], salt: &[u8], info: &[u8], okm: &mut [u8]) -> Result<(), CryptoError> {
        let extracted = hkdf::Salt::new(HKDF_SHA256, salt).extract(ikm);
        extracted
            .expand(&[info], Length(okm.len()))
            .and_then(|output| output.fill(okm))
            .map_err(|_| CryptoError::Sealed)
    }

    fn aes256_gcm_seal(
        &self,
        key: &[u8; 32],
        nonce: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        seal(&AES_256_GCM, key, nonce, aad, plaintext)
    }

    fn aes256_gcm_open(
        &self,
        key: &[u8; 32],
        nonce: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        open(&AES_256_GCM, key, nonce, aad, sealed)
    }

    fn aes128_gcm_seal(
        &self,
        key: &[u8; 16],
        nonce: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        seal(&AES_128_GCM, key, nonce, aad, plaintext)
    }

    fn aes128_gcm_open(
        &self,
        key: &[u8; 16],
        nonce: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        open(&AES_128_GCM, key, nonce, aad, sealed)
    }

    fn ecdh_p256(&self, private: &[u8; 32], peer: &PublicKey) -> Result<[u8; 32], CryptoError> {
        let private = agreement::PrivateKey::from_private_key(&ECDH_P256, private)
            .map_err(|_| CryptoError::PrivateKey)?;
        let peer = agreement::UnparsedPublicKey::new(&ECDH_P256, peer.to_sec1());
        agreement::agree(&private, peer, CryptoError::PublicKey, |shared| {
            shared.try_into().map_err(|_| CryptoError::PublicKey)
        })
    }

    fn public_p256(&self, private: &[u8; 32]) -> Result<PublicKey, CryptoError> {
        let private = agreement::PrivateKey::from_private_key(&ECDH_P256, private)
            .map_err(|_| CryptoError::PrivateKey)?;
        let public = private.compute_public_key().map_err(|_| CryptoError::PrivateKey)?;
        PublicKey::from_sec1(public.as_ref())
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn seal(
    algorithm: &'static Algorithm,
    key: &[u8],
    nonce: &[u8; 12],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let mut buffer = Vec::with_capacity(plaintext.len().saturating_add(algorithm.tag_len()));
    buffer.extend_from_slice(plaintext);
    gcm(algorithm, key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut buffer)
        .map_err(|_| CryptoError::Sealed)?;
    Ok(buffer)
}

fn open(
    algorithm: &'static Algorithm,
    key: &[u8],
    nonce: &[u8; 12],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let mut buffer = sealed.to_vec();
    let plaintext = gcm(algorithm, key)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut buffer)
        .map_err(|_| CryptoError::Sealed)?;
    Ok(plaintext.to_vec())
}

fn gcm(algorithm: &'static Algorithm, key: &[u8]) -> Result<LessSafeKey, CryptoError> {
    UnboundKey::new(algorithm, key).map(LessSafeKey::new).map_err(|_| CryptoError::Sealed)
}

fn fixed(bytes: &[u8]) -> [u8; 32] {
    bytes.try_into().expect("SHA-256 gives 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_what_both_providers_verify() {
        let software = SoftwareKey::from_secret_bytes(&[5; 32]).unwrap();
        let key = AwsLcKey::new(&software).unwrap();
        let signature = key.sign_es256(b"message").unwrap();
        assert_eq!(key.public_key(), software.public_key());
        assert_eq!(AwsLc.verify_es256(&key.public_key(), b"message", &signature), Ok(()));
        let rust = inro_crypto::RustCrypto.verify_es256(&key.public_key(), b"message", &signature);
        assert_eq!(rust, Ok(()));
    }
    #[test]
    fn both_providers_make_the_same_public_half_and_refuse_what_is_no_scalar() {
        let order = p256_order();
        for scalar in [[1; 32], [0x7f; 32]] {
            let ours = AwsLc.public_p256(&scalar).unwrap();
            assert_eq!(ours, inro_crypto::RustCrypto.public_p256(&scalar).unwrap());
            assert_eq!(ours, SoftwareKey::from_secret_bytes(&scalar).unwrap().public_key());
        }
        for scalar in [[0; 32], order, [0xff; 32]] {
            assert_eq!(AwsLc.public_p256(&scalar), Err(CryptoError::PrivateKey));
            assert_eq!(inro_crypto::RustCrypto.public_p256(&scalar), Err(CryptoError::PrivateKey));
        }
    }

    /// Source: SEC 2 §2.4.2.
    fn p256_order() -> [u8; 32] {
        let halves =
            [0xffff_ffff_0000_0000_ffff_ffff_ffff_ffff_u128, 0xbce6_faad_a717_9e84_f3b9_cac2_fc63_2551];
        let mut order = [0; 32];
        let (high, low) = order.split_at_mut(16);
        high.copy_from_slice(&halves[0].to_be_bytes());
        low.copy_from_slice(&halves[1].to_be_bytes());
        order
    }
}
