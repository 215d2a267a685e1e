//! A key store in memory, which can be told to behave as a phone's.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, OnceLock};

use inro_base::{Rng, Secret};
use inro_crypto::{Provider as _, PublicKey, RustCrypto, Signature, Signer as _, SoftwareKey};

use super::memory::{Journal, SeededRng, lock};
use crate::boxed::Boxed;
use crate::keys::{
    Assurance, CreatedKey, Custody, Hardware, KeyAttester, KeyId, KeyPolicy, KeyRequest, KeyStore,
    KeyStoreError, Purpose, WrappingKey,
};

/// A key store in memory. It says that its keys are software and ask for nothing, until it is told to
/// say something else.
pub struct MemoryKeys {
    keys: Mutex<BTreeMap<KeyId, Held>>,
    invalid: Mutex<BTreeSet<KeyId>>,
    custody: Mutex<Custody>,
    refusal: Mutex<Option<KeyStoreError>>,
    made: AtomicI64,
    stuck: AtomicBool,
    deletions_left: AtomicI64,
    journal: Journal,
    attester: OnceLock<Box<dyn KeyAttester>>,
}

enum Held {
    Pair(SoftwareKey, Purpose),
    Wrapping([u8; 32]),
}

impl MemoryKeys {
    /// A key store that writes `create`, `sign <id>` and `delete <id>` into `journal`.
    pub fn new(journal: Journal) -> Self {
        Self { journal, ..Self::default() }
    }

    /// Whether the next deletions fail, as those of a locked phone do.
    pub fn refuse_deletions(&self, refuse: bool) {
        self.stuck.store(refuse, Ordering::Relaxed);
    }

    /// After `number` more deletions the key store fails, as if the process ended there.
    pub fn allow_deletions(&self, number: i64) {
        self.deletions_left.store(number, Ordering::Relaxed);
    }

    /// The error of the next uses of a key, as the system's prompt for it would give; `None` ends that.
    pub fn refuse_uses(&self, error: Option<KeyStoreError>) {
        *lock(&self.refusal) = error;
    }

    /// Invalidates every key that is there, as new biometrics do.
    pub fn invalidate_all(&self) {
        *lock(&self.invalid) = lock(&self.keys).keys().cloned().collect();
    }

    /// Invalidates one key.
    pub fn invalidate(&self, key: &KeyId) {
        lock(&self.invalid).insert(key.clone());
    }

    /// Where keys made from now on are said to be kept. Those in hardware ask for presence as wanted.
    pub fn keep_in(&self, custody: Custody) {
        *lock(&self.custody) = custody;
    }

    /// From now on `attester` vouches for the keys; only the first one counts.
    pub fn attest_with(&self, attester: Box<dyn KeyAttester>) {
        let _ = self.attester.set(attester);
    }

    fn assurance(&self, policy: KeyPolicy) -> Result<Assurance, KeyStoreError> {
        match (*lock(&self.custody), policy.hardware) {
            (Custody::Software, Hardware::Required) => Err(KeyStoreError::NoHardware),
            (Custody::Software, Hardware::Preferred) => Ok(Assurance::NONE),
            (custody, _) => Ok(Assurance { custody, presence: policy.presence }),
        }
    }

    fn make(&self, held: impl FnOnce(&mut SeededRng) -> Held) -> KeyId {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let mut rng = SeededRng::new(u64::try_from(number).unwrap_or(0).wrapping_add(7_000));
        let id = KeyId(format!("key-{number}"));
        lock(&self.keys).insert(id.clone(), held(&mut rng));
        self.journal.note("create");
        id
    }

    fn pair(&self, request: &KeyRequest) -> Result<CreatedKey, KeyStoreError> {
        let assurance = self.assurance(request.policy)?;
        let mut public_key = None;
        let id = self.make(|rng| {
            let key = SoftwareKey::generate(rng);
            public_key = Some(key.public_key());
            Held::Pair(key, request.purpose)
        });
        let public_key = public_key.ok_or(KeyStoreError::Failed)?;
        Ok(CreatedKey { id, public_key, assurance })
    }

    /// Uses a key, unless it is gone, or its prompt came to nothing.
    fn with<T>(
        &self,
        id: &KeyId,
        using: impl FnOnce(&Held) -> Result<T, KeyStoreError>,
    ) -> Result<T, KeyStoreError> {
        let keys = lock(&self.keys);
        let held = keys.get(id).ok_or(KeyStoreError::NoSuchKey)?;
        if lock(&self.invalid).contains(id) {
            return Err(KeyStoreError::Invalidated);
        }
        match *lock(&self.refusal) {
            Some(error) => Err(error),
            None => using(held),
        }
    }
}

impl Default for MemoryKeys {
    fn default() -> Self {
        Self {
            keys: Mutex::default(),
            invalid: Mutex::default(),
            custody: Mutex::new(Custody::Software),
            refusal: Mutex::default(),
            made: AtomicI64::default(),
            stuck: AtomicBool::default(),
            deletions_left: AtomicI64::new(i64::MAX),
            journal: Journal::default(),
            attester: OnceLock::new(),
        }
    }
}

impl KeyStore for MemoryKeys {
    fn create<'a>(&'a self, request: &'a KeyRequest) -> Boxed<'a, Result<CreatedKey, KeyStoreError>> {
        Box::pin(ready(self.pair(request)))
    }

    fn create_wrapping<'a>(&'a self, policy: &'a KeyPolicy) -> Boxed<'a, Result<WrappingKey, KeyStoreError>> {
        let made = self.assurance(*policy).map(|assurance| {
            let id = self.make(|rng| {
                let rng: &mut dyn Rng = rng;
                Held::Wrapping(rng.bytes())
            });
            WrappingKey { id, assurance }
        });
        Box::pin(ready(made))
    }

    fn attestation<'a>(&'a self, key: &'a KeyId) -> Boxed<'a, Result<Vec<Vec<u8>>, KeyStoreError>> {
        let known = lock(&self.keys).contains_key(key);
        Box::pin(ready(if known { Ok(Vec::new()) } else { Err(KeyStoreError::NoSuchKey) }))
    }

    fn sign<'a>(&'a self, key: &'a KeyId, message: &'a [u8]) -> Boxed<'a, Result<Signature, KeyStoreError>> {
        self.journal.note(format!("sign {}", key.0));
        let signature = self.with(key, |held| match held {
            Held::Pair(key, Purpose::Sign) => key.sign_es256(message).map_err(|_| KeyStoreError::Failed),
            Held::Pair(_, Purpose::Agree) | Held::Wrapping(_) => Err(KeyStoreError::NoSuchKey),
        });
        Box::pin(ready(signature))
    }

    fn agree<'a>(
        &'a self,
        key: &'a KeyId,
        peer: &'a PublicKey,
    ) -> Boxed<'a, Result<Secret<[u8; 32]>, KeyStoreError>> {
        let agreed = self.with(key, |held| match held {
            Held::Pair(key, Purpose::Agree) => {
                let shared = RustCrypto.ecdh_p256(key.to_secret_bytes().expose(), peer);
                shared.map(Secret::new).map_err(|_| KeyStoreError::Failed)
            }
            Held::Pair(_, Purpose::Sign) | Held::Wrapping(_) => Err(KeyStoreError::NoSuchKey),
        });
        Box::pin(ready(agreed))
    }

    fn wrap<'a>(
        &'a self,
        key: &'a KeyId,
        secret: &'a Secret<Vec<u8>>,
    ) -> Boxed<'a, Result<Vec<u8>, KeyStoreError>> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let mut nonce = [0; 12];
        nonce.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
        let wrapped = self.with(key, |held| {
            let Held::Wrapping(key) = held else { return Err(KeyStoreError::NoSuchKey) };
            let sealed = RustCrypto.aes256_gcm_seal(key, &nonce, b"", secret.expose());
            sealed.map(|sealed| [nonce.as_slice(), &sealed].concat()).map_err(|_| KeyStoreError::Failed)
        });
        Box::pin(ready(wrapped))
    }

    fn unwrap<'a>(
        &'a self,
        key: &'a KeyId,
        wrapped: &'a [u8],
    ) -> Boxed<'a, Result<Secret<Vec<u8>>, KeyStoreError>> {
        let opened = self.with(key, |held| {
            let Held::Wrapping(key) = held else { return Err(KeyStoreError::NoSuchKey) };
            let (nonce, sealed) = wrapped.split_first_chunk::<12>().ok_or(KeyStoreError::Altered)?;
            let opened = RustCrypto.aes256_gcm_open(key, nonce, b"", sealed);
            opened.map(Secret::new).map_err(|_| KeyStoreError::Altered)
        });
        Box::pin(ready(opened))
    }

    fn delete<'a>(&'a self, key: &'a KeyId) -> Boxed<'a, Result<(), KeyStoreError>> {
        if self.stuck.load(Ordering::Relaxed) || self.deletions_left.fetch_sub(1, Ordering::Relaxed) <= 0 {
            return Box::pin(ready(Err(KeyStoreError::Failed)));
        }
        self.journal.note(format!("delete {}", key.0));
        lock(&self.keys).remove(key);
        Box::pin(ready(Ok(())))
    }

    fn list(&self) -> Boxed<'_, Result<Vec<KeyId>, KeyStoreError>> {
        Box::pin(ready(Ok(lock(&self.keys).keys().cloned().collect())))
    }

    fn invalidated(&self) -> Boxed<'_, Result<Vec<KeyId>, KeyStoreError>> {
        let keys = lock(&self.keys);
        let dead = lock(&self.invalid).iter().filter(|key| keys.contains_key(*key)).cloned().collect();
        Box::pin(ready(Ok(dead)))
    }

    fn attester(&self) -> Option<&dyn KeyAttester> {
        self.attester.get().map(|attester| &**attester)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Gesture, Presence};
    use crate::testing::{contract, run};

    #[test]
    fn keeps_the_contract_of_a_key_store() {
        for custody in [Custody::Software, Custody::TrustedEnvironment, Custody::SecureElement] {
            contract::key_store(&|| {
                let keys = MemoryKeys::default();
                keys.keep_in(custody);
                Box::new(keys)
            });
        }
    }

    #[test]
    fn an_invalid_key_is_named_and_can_be_deleted() {
        let keys = MemoryKeys::default();
        let presence = Presence::EachUse { by: Gesture::Biometrics };
        let policy = KeyPolicy { presence, hardware: Hardware::Preferred };
        let key = run(keys.create(&KeyRequest::new(Purpose::Sign, policy))).unwrap();
        assert!(run(keys.sign(&key.id, b"before")).is_ok());
        keys.invalidate_all();
        assert_eq!(run(keys.sign(&key.id, b"after")).unwrap_err(), KeyStoreError::Invalidated);
        assert_eq!(run(keys.list()).unwrap().len(), 1);
        assert_eq!(run(keys.invalidated()).unwrap(), std::slice::from_ref(&key.id));
        run(keys.delete(&key.id)).unwrap();
        assert_eq!(run(keys.list()).unwrap(), []);
        assert_eq!(run(keys.invalidated()).unwrap(), []);
    }
}
