//! What the server derives from its one stored secret: nonces, codes and their digests.

use inro_base::{Rng, Secret, base64url};
use inro_crypto::{CryptoError, Provider};
use inro_jose::Jwk;
use inro_jose::jwe::{AgreementKey, DecryptionKey};
use inro_oauth::NonceKey;

/// What the server derives from its one stored secret.
pub struct ServerSecrets {
    nonces: NonceKey,
    codes: Secret<[u8; 32]>,
    encryption: Secret<[u8; 32]>,
}

impl ServerSecrets {
    /// Derives the keys from the 32 bytes that the file `keys/server.key` holds in base64url.
    ///
    /// # Errors
    /// [`CryptoError::PrivateKey`] when the text is no such secret.
    pub fn from_text(text: &str, provider: &dyn Provider) -> Result<Self, CryptoError> {
        let secret = base64url::decode_array::<32>(text.trim()).map_err(|_| CryptoError::PrivateKey)?;
        Self::derive(&Secret::new(secret), provider)
    }

    /// A fresh secret as text.
    pub fn new_text(rng: &mut dyn Rng) -> Secret<String> {
        Secret::new(rng.token::<32>())
    }

    fn derive(secret: &Secret<[u8; 32]>, provider: &dyn Provider) -> Result<Self, CryptoError> {
        let key = |info: &[u8]| {
            let mut key = [0; 32];
            provider.hkdf_sha256(secret.expose(), &[], info, &mut key).map(|()| key)
        };
        Ok(Self {
            nonces: NonceKey::new(key(b"inro issuer nonces v1")?),
            codes: Secret::new(key(b"inro issuer codes v1")?),
            encryption: Secret::new(key(b"inro issuer encryption v1")?),
        })
    }

    /// Makes and checks nonces.
    pub const fn nonces(&self) -> &NonceKey {
        &self.nonces
    }

    /// What opens encrypted requests: derived, so that every process of this issuer has the same. It is
    /// named by its thumbprint.
    ///
    /// # Errors
    /// [`CryptoError::PrivateKey`] when the derived scalar is none, which happens once in 2^32 secrets.
    pub fn encryption_key(&self, provider: &dyn Provider) -> Result<DecryptionKey, CryptoError> {
        let key = AgreementKey::from_secret_bytes(self.encryption.expose())?;
        let kid = Jwk::new(*key.public_key()).thumbprint(provider);
        Ok(DecryptionKey { key, kid: Some(kid) })
    }

    /// The pre-authorized code of the offer at `handle`: derived, so that the database holds no code.
    pub fn code(&self, handle: &str, provider: &dyn Provider) -> Secret<String> {
        Secret::new(base64url::encode(&self.mac(b"code", handle.as_bytes(), provider)))
    }

    /// What the database keeps of a transaction code. Six digits are guessed from a plain hash at
    /// once; under the key they are not.
    pub fn tx_code_digest(&self, code_digest: &[u8; 32], tx_code: &str, provider: &dyn Provider) -> [u8; 32] {
        self.mac(b"tx_code", &[code_digest, tx_code.as_bytes()].concat(), provider)
    }

    fn mac(&self, label: &[u8], message: &[u8], provider: &dyn Provider) -> [u8; 32] {
        provider.hmac_sha256(self.codes.expose(), &[label, b"\0", message].concat())
    }
}
