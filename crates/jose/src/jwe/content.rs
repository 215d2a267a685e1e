use inro_base::Secret;
use inro_crypto::Provider;

use crate::jwe::JweError;

/// How the content of a JWE is encrypted. Source: RFC 7518 §5.1, §5.3.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ContentEncryption {
    /// AES-128-GCM.
    A128Gcm,
    /// AES-256-GCM.
    A256Gcm,
}

/// A content encryption key, of the length that its `enc` needs.
pub(super) enum ContentKey {
    A128Gcm(Secret<[u8; 16]>),
    A256Gcm(Secret<[u8; 32]>),
}

impl ContentEncryption {
    /// Both, the stronger first.
    pub const ALL: [Self; 2] = [Self::A256Gcm, Self::A128Gcm];

    /// The value of `enc`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
        }
    }

    /// Reads a value of `enc`; `None` for one that we do not know.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// The length of its key, in bits.
    pub(super) const fn key_bits(self) -> u32 {
        match self {
            Self::A128Gcm => 128,
            Self::A256Gcm => 256,
        }
    }
}

impl ContentKey {
    /// Appends the tag to the ciphertext.
    pub(super) fn seal(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        provider: &dyn Provider,
    ) -> Result<Vec<u8>, JweError> {
        let sealed = match self {
            Self::A128Gcm(key) => provider.aes128_gcm_seal(key.expose(), nonce, aad, plaintext),
            Self::A256Gcm(key) => provider.aes256_gcm_seal(key.expose(), nonce, aad, plaintext),
        };
        sealed.map_err(|_| JweError::Sealed)
    }

    /// `sealed` is the ciphertext with the tag behind it.
    pub(super) fn open(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
        provider: &dyn Provider,
    ) -> Result<Vec<u8>, JweError> {
        let opened = match self {
            Self::A128Gcm(key) => provider.aes128_gcm_open(key.expose(), nonce, aad, sealed),
            Self::A256Gcm(key) => provider.aes256_gcm_open(key.expose(), nonce, aad, sealed),
        };
        opened.map_err(|_| JweError::Sealed)
    }
}
