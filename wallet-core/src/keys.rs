//! The port for private keys: what is asked of a key, and how it is kept.
//!
//! Every option is one that Android's Keystore and Apple's Secure Enclave have; `docs/key-stores.md`
//! says how each is fulfilled there.

use std::future::ready;

use inro_base::{Code, Coded, Secret};
use inro_crypto::{PublicKey, Signature};
use serde::{Deserialize, Serialize};

use crate::boxed::Boxed;

/// Custody of private keys: a phone's secure hardware, or files in tests and demonstrations.
///
/// A key stays on this device: it is in no backup, and nobody can read it out. It serves its purpose
/// alone. Where a key asks for presence, the key store shows the system's prompt when it is used,
/// unless a gesture that [`crate::Prompts`] had made still counts.
pub trait KeyStore: Send + Sync {
    /// Makes a P-256 key pair.
    ///
    /// # Errors
    /// [`KeyStoreError::NoHardware`], [`KeyStoreError::NoScreenLock`] where [`Hardware::Required`] cannot
    /// be met; nothing was made then.
    fn create<'a>(&'a self, request: &'a KeyRequest) -> Boxed<'a, Result<CreatedKey, KeyStoreError>>;

    /// Makes a key that [`KeyStore::wrap`] and [`KeyStore::unwrap`] use.
    ///
    /// # Errors
    /// As [`KeyStore::create`].
    fn create_wrapping<'a>(&'a self, policy: &'a KeyPolicy) -> Boxed<'a, Result<WrappingKey, KeyStoreError>>;

    /// The certificates in which the hardware speaks for a key pair, each DER, the pair's own first; empty
    /// where no hardware speaks.
    ///
    /// # Errors
    /// [`KeyStoreError::NoSuchKey`].
    fn attestation<'a>(&'a self, key: &'a KeyId) -> Boxed<'a, Result<Vec<Vec<u8>>, KeyStoreError>>;

    /// Signs `message` with ES256; the answer is r‖s. Source: RFC 7518 §3.4.
    ///
    /// # Errors
    /// [`KeyStoreError::NoSuchKey`] after the key was deleted; what its prompt came to.
    fn sign<'a>(&'a self, key: &'a KeyId, message: &'a [u8]) -> Boxed<'a, Result<Signature, KeyStoreError>>;

    /// The x coordinate that `key` and `peer` agree on by ECDH. Source: SEC 1 §3.3.1.
    ///
    /// # Errors
    /// As [`KeyStore::sign`].
    fn agree<'a>(
        &'a self,
        key: &'a KeyId,
        peer: &'a PublicKey,
    ) -> Boxed<'a, Result<Secret<[u8; 32]>, KeyStoreError>>;

    /// Encrypts `secret` so that only `key` opens it again. The key store may ask for presence here too.
    ///
    /// # Errors
    /// As [`KeyStore::sign`].
    fn wrap<'a>(
        &'a self,
        key: &'a KeyId,
        secret: &'a Secret<Vec<u8>>,
    ) -> Boxed<'a, Result<Vec<u8>, KeyStoreError>>;

    /// Opens what [`KeyStore::wrap`] returned.
    ///
    /// # Errors
    /// [`KeyStoreError::Altered`] for anything else; as [`KeyStore::sign`].
    fn unwrap<'a>(
        &'a self,
        key: &'a KeyId,
        wrapped: &'a [u8],
    ) -> Boxed<'a, Result<Secret<Vec<u8>>, KeyStoreError>>;

    /// Destroys a key, without asking for presence. A key that is gone already counts as deleted, so that a
    /// step that was cut can be repeated.
    fn delete<'a>(&'a self, key: &'a KeyId) -> Boxed<'a, Result<(), KeyStoreError>>;

    /// The names of all keys in custody, wrapping keys and invalidated ones too.
    fn list(&self) -> Boxed<'_, Result<Vec<KeyId>, KeyStoreError>>;

    /// The names of those that the device has destroyed for good, without asking for presence; a key store whose keys
    /// last has none.
    fn invalidated(&self) -> Boxed<'_, Result<Vec<KeyId>, KeyStoreError>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    /// What tells issuers how these keys are kept; a key store that nobody vouches for has none.
    fn attester(&self) -> Option<&dyn KeyAttester> {
        None
    }
}

/// Obtains key attestations: from the secure hardware itself, or from the wallet's provider.
pub trait KeyAttester: Send + Sync {
    /// An attestation of all `keys` in JWT format, with `nonce` in it and an end.
    ///
    /// Source: OpenID4VCI 1.0 Appendix D.1.
    fn attest<'a>(
        &'a self,
        keys: &'a [CreatedKey],
        nonce: Option<&'a str>,
    ) -> Boxed<'a, Result<String, KeyStoreError>>;

    /// What such an attestation would say of keys that are kept so.
    fn levels(&self, assurance: &Assurance) -> AttestedLevels;
}

/// Under which name a key store knows a key.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId(pub String);

/// What a key pair is for; it serves nothing else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// [`KeyStore::sign`].
    Sign,
    /// [`KeyStore::agree`].
    Agree,
}

/// How the holder shows to be there.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gesture {
    /// Strong biometrics or the device's own code. Such a key is lost when the screen lock is removed.
    Unlock,
    /// Strong biometrics alone, and those that were enrolled when the key was made: it is lost when they
    /// change.
    Biometrics,
}

/// When a key asks that its holder is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Never; it can be used in the background, after the first unlock since the device started.
    NotAsked,
    /// A gesture counts for `seconds`, for all such keys.
    Within {
        /// At least 1.
        seconds: u32,
        /// How the holder shows it.
        by: Gesture,
    },
    /// Each time.
    EachUse {
        /// How the holder shows it.
        by: Gesture,
    },
}

/// What happens where the device cannot keep a key as asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hardware {
    /// The strongest that the device has. What it lacks is left out, and [`Assurance`] says so.
    Preferred,
    /// An error: hardware keeps the key and asks for presence as wanted, or there is no key.
    Required,
}

/// How a key is to be kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct KeyPolicy {
    /// When it asks that its holder is there.
    pub presence: Presence,
    /// Whether less will do.
    pub hardware: Hardware,
}

/// A key pair to be made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyRequest {
    /// What it is for.
    pub purpose: Purpose,
    /// How it is to be kept.
    pub policy: KeyPolicy,
    /// What the hardware's attestation repeats, 1 to 128 bytes; without it there is none.
    pub challenge: Option<Vec<u8>>,
}

/// Where a key is kept, weakest first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Custody {
    /// In a file or in the system's memory.
    Software,
    /// In an isolated part of the main processor, such as TrustZone.
    TrustedEnvironment,
    /// In a chip or processor of its own, such as StrongBox or the Secure Enclave.
    SecureElement,
}

/// How a key is kept, by the word of its key store: nothing better than what hardware enforces. A window of
/// [`Presence::Within`] may be kept by the app where the hardware enforces each use.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Assurance {
    /// Where.
    pub custody: Custody,
    /// When it asks that its holder is there.
    pub presence: Presence,
}

/// A key pair that a key store made. The private half stays inside.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CreatedKey {
    /// Under which name the key store knows the pair.
    pub id: KeyId,
    /// The public half, P-256.
    pub public_key: PublicKey,
    /// How it is kept.
    pub assurance: Assurance,
}

/// A wrapping key that a key store made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WrappingKey {
    /// Under which name the key store knows it.
    pub id: KeyId,
    /// How it is kept.
    pub assurance: Assurance,
}

/// The levels that a key attestation names. Source: OpenID4VCI 1.0 Appendix D.2.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AttestedLevels {
    /// Of the keys' storage, such as `iso_18045_high`.
    pub key_storage: Vec<String>,
    /// Of the gesture that they ask for.
    pub user_authentication: Vec<String>,
}

/// Why a key store could not do what was asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// The key was deleted, never was here, or is for another purpose.
    #[error("no such key")]
    NoSuchKey,
    /// What should be unwrapped is not what this key wrapped.
    #[error("the wrapped secret does not open")]
    Altered,
    /// The device refused or failed.
    #[error("the key store failed")]
    Failed,
    /// The holder dismissed the prompt.
    #[error("the holder cancelled")]
    Cancelled,
    /// Nobody answered the prompt, or the system took it away.
    #[error("the holder did not confirm in time")]
    TimedOut,
    /// Too many wrong attempts: the device takes no gesture for a while, or wants its code first.
    #[error("the device is locked after wrong attempts")]
    LockedOut,
    /// The device destroyed the key, since its biometrics or its screen lock changed.
    #[error("the key is invalid for good")]
    Invalidated,
    /// No hardware keeps such a key.
    #[error("no hardware keeps such a key")]
    NoHardware,
    /// The device has no screen lock, or no biometrics, to show presence with.
    #[error("no way to show presence is set up")]
    NoScreenLock,
}

impl KeyPolicy {
    /// Usable in the background; in hardware where there is some.
    pub const QUIET: Self = Self { presence: Presence::NotAsked, hardware: Hardware::Preferred };

    /// As the keys of copies are kept unless an app says otherwise: one gesture is enough for a batch, or for a
    /// presentation of several credentials.
    pub const COPIES: Self = Self {
        presence: Presence::Within { seconds: 60, by: Gesture::Unlock },
        hardware: Hardware::Preferred,
    };
}

impl KeyRequest {
    /// A key pair for `purpose`, kept by `policy`, that nobody has to attest.
    pub const fn new(purpose: Purpose, policy: KeyPolicy) -> Self {
        Self { purpose, policy, challenge: None }
    }

    /// The same with an attestation that repeats `challenge`, 1 to 128 bytes.
    #[must_use]
    pub fn attested(self, challenge: Vec<u8>) -> Self {
        Self { challenge: Some(challenge), ..self }
    }
}

impl Presence {
    /// What both of two keys ask.
    #[must_use]
    pub fn weaker(self, other: Self) -> Self {
        match (self, other) {
            (Self::NotAsked, _) | (_, Self::NotAsked) => Self::NotAsked,
            (Self::EachUse { by }, Self::EachUse { by: other }) => Self::EachUse { by: by.min(other) },
            (Self::Within { seconds, by }, Self::EachUse { by: other })
            | (Self::EachUse { by: other }, Self::Within { seconds, by }) => {
                Self::Within { seconds, by: by.min(other) }
            }
            (Self::Within { seconds, by }, Self::Within { seconds: longer, by: other }) => {
                Self::Within { seconds: seconds.max(longer), by: by.min(other) }
            }
        }
    }

    /// Whether it asks at least as much as `asked`.
    pub fn meets(self, asked: Self) -> bool {
        self.weaker(asked) == asked
    }
}

impl Assurance {
    /// What holds of a key of which nobody knows how it is kept.
    pub const NONE: Self = Self { custody: Custody::Software, presence: Presence::NotAsked };

    /// What holds of each of several keys; of no key nothing.
    pub fn weakest(keys: impl IntoIterator<Item = Self>) -> Self {
        keys.into_iter().reduce(Self::weaker).unwrap_or_default()
    }

    /// What holds of both of two keys.
    #[must_use]
    pub fn weaker(self, other: Self) -> Self {
        Self { custody: self.custody.min(other.custody), presence: self.presence.weaker(other.presence) }
    }
}

/// [`Assurance::NONE`].
impl Default for Assurance {
    fn default() -> Self {
        Self::NONE
    }
}

impl Coded for KeyStoreError {
    fn code(&self) -> Code {
        match self {
            Self::NoSuchKey => const { Code::new("INRO-WALLET-001") },
            Self::Altered => const { Code::new("INRO-WALLET-002") },
            Self::Failed => const { Code::new("INRO-WALLET-003") },
            Self::Cancelled => const { Code::new("INRO-WALLET-004") },
            Self::TimedOut => const { Code::new("INRO-WALLET-005") },
            Self::LockedOut => const { Code::new("INRO-WALLET-006") },
            Self::Invalidated => const { Code::new("INRO-WALLET-007") },
            Self::NoHardware => const { Code::new("INRO-WALLET-008") },
            Self::NoScreenLock => const { Code::new("INRO-WALLET-009") },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weaker_of_two_is_what_both_ask() {
        let (unlock, biometrics) = (Gesture::Unlock, Gesture::Biometrics);
        let within = |seconds, by| Presence::Within { seconds, by };
        let each = |by| Presence::EachUse { by };
        let cases = [
            (Presence::NotAsked, each(biometrics), Presence::NotAsked),
            (within(60, unlock), within(30, biometrics), within(60, unlock)),
            (within(60, biometrics), each(unlock), within(60, unlock)),
            (each(unlock), each(biometrics), each(unlock)),
        ];
        for (one, two, both) in cases {
            assert_eq!((one.weaker(two), two.weaker(one)), (both, both));
            assert!(one.meets(both) && two.meets(both));
        }
        assert!(!within(60, unlock).meets(each(unlock)) && !within(60, unlock).meets(within(30, unlock)));
        assert!(!each(unlock).meets(each(biometrics)) && !Presence::NotAsked.meets(within(60, unlock)));
    }
}
