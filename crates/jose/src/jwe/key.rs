use std::fmt;
use std::sync::OnceLock;

use inro_base::{Rng, Secret};
use inro_crypto::{CryptoError, Provider, PublicKey, Signer as _, SoftwareKey};

use crate::Jwk;
use crate::jwe::{ALGORITHM, JweError};

/// A private P-256 key for key agreement alone: wiped when dropped, never printed.
pub struct AgreementKey {
    scalar: Secret<[u8; 32]>,
    /// Made when it is asked for: whoever only opens a message never needs it.
    public: OnceLock<PublicKey>,
}

/// The private half of a published encryption key, with the name under which it was published.
#[derive(Debug)]
pub struct DecryptionKey {
    /// The key.
    pub key: AgreementKey,
    /// `kid` of the published key. Where there is one, a message has to name it.
    pub kid: Option<String>,
}

impl AgreementKey {
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
        SoftwareKey::check_secret_bytes(bytes)?;
        Ok(Self { scalar: Secret::new(*bytes), public: OnceLock::new() })
    }

    /// The scalar, big-endian, to be stored.
    pub const fn secret_bytes(&self) -> &Secret<[u8; 32]> {
        &self.scalar
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        self.public.get_or_init(|| {
            let key = SoftwareKey::from_secret_bytes(self.scalar.expose());
            key.expect("the scalar was checked when it came in").public_key()
        })
    }

    /// Makes the public half with `provider`, where nobody has made it yet.
    pub fn make_public(&self, provider: &dyn Provider) {
        self.public.get_or_init(|| {
            provider.public_p256(self.scalar.expose()).expect("the scalar was checked when it came in")
        });
    }

    pub(super) fn agree(
        &self,
        peer: &PublicKey,
        provider: &dyn Provider,
    ) -> Result<Secret<[u8; 32]>, JweError> {
        Ok(Secret::new(provider.ecdh_p256(self.scalar.expose(), peer)?))
    }
}

impl DecryptionKey {
    /// The public half to publish, with `kid` and `alg`. Source: OpenID4VP 1.0 §8.3.
    pub fn to_jwk(&self) -> Jwk {
        Jwk { kid: self.kid.clone(), alg: Some(ALGORITHM.to_owned()), ..Jwk::new(*self.key.public_key()) }
    }
}

impl fmt::Debug for AgreementKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AgreementKey").field(self.public_key()).finish()
    }
}
