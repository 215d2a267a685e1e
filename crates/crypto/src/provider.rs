use crate::{CryptoError, PublicKey, Signature};

/// What a room needs of cryptography; stateless, and shared by reference.
pub trait Provider: Send + Sync {
    /// SHA-256 of `message`.
    fn sha256(&self, message: &[u8]) -> [u8; 32];

    /// Checks an ECDSA P-256 signature over SHA-256 of `message`. Source: RFC 7518 §3.4.
    ///
    /// # Errors
    /// [`CryptoError::Signature`] when it does not fit.
    fn verify_es256(&self, key: &PublicKey, message: &[u8], signature: &Signature)
    -> Result<(), CryptoError>;

    /// HMAC with SHA-256. Source: RFC 2104.
    fn hmac_sha256(&self, key: &[u8], message: &[u8]) -> [u8; 32];

    /// Fills `okm` by HKDF with SHA-256. Source: RFC 5869.
    ///
    /// # Errors
    /// [`CryptoError::Sealed`] when more than 255 × 32 bytes are asked for.
    fn hkdf_sha256(&self, ikm: &[u8], salt: &[u8], info: &[u8], okm: &mut [u8]) -> Result<(), CryptoError>;

    /// Encrypts with AES-256-GCM and appends the 16-byte tag. A (key, nonce) pair is used once.
    ///
    /// # Errors
    /// [`CryptoError::Sealed`] when the plaintext is longer than the mode allows.
    fn aes256_gcm_seal(
        &self,
        key: &[u8; 32],
        nonce: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError>;

    /// Decrypts what [`Provider::aes256_gcm_seal`] made.
    ///
    /// # Errors
    /// [`CryptoError::Sealed`] when anything was altered or cut.
    fn aes256_gcm_open(
        &self,
        key: &[u8; 32],
        nonce: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, CryptoError>;

    /// Encrypts with AES-128-GCM and appends the 16-byte tag. A (key, nonce) pair is used once.
    ///
    /// # Errors
    /// [`CryptoError::Sealed`] when the plaintext is longer than the mode allows.
    fn aes128_gcm_seal(
        &self,
        key: &[u8; 16],
        nonce: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError>;

    /// Decrypts what [`Provider::aes128_gcm_seal`] made.
    ///
    /// # Errors
    /// [`CryptoError::Sealed`] when anything was altered or cut.
    fn aes128_gcm_open(
        &self,
        key: &[u8; 16],
        nonce: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, CryptoError>;

    /// The shared x coordinate of ECDH with a private key given as its 32-byte scalar.
    ///
    /// # Errors
    /// [`CryptoError::PrivateKey`] when the scalar is 0 or not below the order.
    fn ecdh_p256(&self, private: &[u8; 32], peer: &PublicKey) -> Result<[u8; 32], CryptoError>;

    /// The public half of the P-256 key with the scalar `private`, big-endian.
    ///
    /// # Errors
    /// [`CryptoError::PrivateKey`] when the scalar is 0 or not below the order.
    fn public_p256(&self, private: &[u8; 32]) -> Result<PublicKey, CryptoError>;
}

/// A private P-256 key that signs, wherever it lives.
pub trait Signer: Send + Sync {
    /// The public half.
    fn public_key(&self) -> PublicKey;

    /// Signs SHA-256 of `message` with ECDSA.
    ///
    /// # Errors
    /// [`CryptoError::PrivateKey`] when the key cannot be used.
    fn sign_es256(&self, message: &[u8]) -> Result<Signature, CryptoError>;
}
