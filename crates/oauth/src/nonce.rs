//! Nonces that cost the server nothing to hand out: time, randomness and a MAC over both.
//!
//! A nonce is 8 bytes of time, 16 random bytes and 16 bytes of MAC, in base64url. The server keeps
//! none of them; one that must be used once is remembered by its digest when it comes back.

use inro_base::{Code, Coded, Rng, Secret, UnixTime, base64url};
use inro_crypto::Provider;
use subtle::ConstantTimeEq as _;

const TIME_BYTES: usize = 8;
const RANDOM_BYTES: usize = 16;
const MAC_BYTES: usize = 16;
const NONCE_BYTES: usize = TIME_BYTES + RANDOM_BYTES + MAC_BYTES;

/// The server's secret that makes nonces its own.
pub struct NonceKey(Secret<[u8; 32]>);

/// What a nonce is for. One made for one purpose is foreign to the other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// `c_nonce` in key proofs. Source: OpenID4VCI 1.0 §7.
    KeyProof,
    /// `nonce` in DPoP proofs. Source: RFC 9449 §8.
    Dpop,
}

/// A nonce of ours that is still fresh. Where single use is asked for, `digest` must be stored as
/// used in the same transaction as the effect.
#[derive(Debug, Eq, PartialEq)]
#[must_use]
pub struct FreshNonce {
    digest: [u8; 32],
    expires_at: UnixTime,
}

/// Why a nonce was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NonceError {
    /// Not made by this server for this purpose.
    #[error("a nonce that this server did not make")]
    Foreign,
    /// `age` is in seconds.
    #[error("a nonce {age} seconds old")]
    Expired {
        /// How old it is.
        age: i64,
    },
}

impl Coded for NonceError {
    fn code(&self) -> Code {
        match self {
            Self::Foreign => const { Code::new("INRO-OAUTH-013") },
            Self::Expired { .. } => const { Code::new("INRO-OAUTH-014") },
        }
    }
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::KeyProof => b"inro c_nonce v1",
            Self::Dpop => b"inro dpop nonce v1",
        }
    }

    /// How long a nonce lives, in seconds: a batch of key proofs can wait for the holder's
    /// fingerprint, a DPoP nonce is renewed with each answer.
    pub const fn lifetime(self) -> i64 {
        300
    }
}

impl NonceKey {
    /// Takes the secret.
    pub fn new(secret: [u8; 32]) -> Self {
        Self(Secret::new(secret))
    }

    /// A fresh secret.
    pub fn random(rng: &mut dyn Rng) -> Self {
        Self::new(rng.bytes())
    }

    /// A nonce made at `now`.
    pub fn issue(
        &self,
        purpose: Purpose,
        now: UnixTime,
        rng: &mut dyn Rng,
        provider: &dyn Provider,
    ) -> String {
        let mut bytes = Vec::with_capacity(NONCE_BYTES);
        bytes.extend_from_slice(&now.as_secs().to_be_bytes());
        bytes.extend_from_slice(&rng.bytes::<RANDOM_BYTES>());
        let mac = self.mac(purpose, &bytes, provider);
        bytes.extend_from_slice(&mac);
        base64url::encode(&bytes)
    }

    /// Checks that `nonce` was made here for `purpose` and has not expired at `now`.
    ///
    /// # Errors
    /// [`NonceError`] when it was not, or has.
    pub fn check(
        &self,
        nonce: &str,
        purpose: Purpose,
        now: UnixTime,
        provider: &dyn Provider,
    ) -> Result<FreshNonce, NonceError> {
        let bytes: [u8; NONCE_BYTES] = base64url::decode_array(nonce).map_err(|_| NonceError::Foreign)?;
        let (signed, mac) = bytes.split_last_chunk::<MAC_BYTES>().ok_or(NonceError::Foreign)?;
        if !bool::from(mac.ct_eq(&self.mac(purpose, signed, provider))) {
            return Err(NonceError::Foreign);
        }
        let (time, _) = signed.split_first_chunk::<TIME_BYTES>().ok_or(NonceError::Foreign)?;
        let made_at = UnixTime::from_secs(i64::from_be_bytes(*time));
        let age = now.seconds_since(made_at);
        if age >= purpose.lifetime() || age < 0 {
            return Err(NonceError::Expired { age });
        }
        Ok(FreshNonce {
            digest: provider.sha256(nonce.as_bytes()),
            expires_at: made_at.plus(purpose.lifetime()),
        })
    }

    /// The purpose has a fixed length per label and ends before the time, so no two purposes share
    /// a message.
    fn mac(&self, purpose: Purpose, signed: &[u8], provider: &dyn Provider) -> [u8; MAC_BYTES] {
        let message = [purpose.label(), b"\0", signed].concat();
        let full = provider.hmac_sha256(self.0.expose(), &message);
        let mut mac = [0; MAC_BYTES];
        mac.iter_mut().zip(full).for_each(|(to, from)| *to = from);
        mac
    }
}

impl FreshNonce {
    /// SHA-256 of the nonce's text: what a store of used nonces keeps.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// From when on the store may forget it.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }
}
