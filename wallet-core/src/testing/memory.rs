//! Stand-ins that answer at once and write down what they were asked.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::{Clock, Rng, Secret, UnixTime};
use inro_crypto::{Provider as _, RustCrypto, Signature, Signer as _, SoftwareKey};

use crate::ports::{Boxed, Http, HttpError, KeyAttester, KeyStore, KeyStoreError};
use crate::records::{CreatedKey, KeyId};

/// What the ports were asked, in order; shared between several stand-ins.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    /// All lines so far.
    pub fn lines(&self) -> Vec<String> {
        lock(&self.0).clone()
    }

    /// Adds a line.
    pub fn note(&self, line: impl Into<String>) {
        lock(&self.0).push(line.into());
    }
}

/// A key store in memory.
#[derive(Default)]
pub struct MemoryKeys {
    keys: Mutex<BTreeMap<KeyId, SoftwareKey>>,
    made: AtomicI64,
    stuck: AtomicBool,
    journal: Journal,
    attester: OnceLock<Box<dyn KeyAttester>>,
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

    /// From now on `attester` vouches for the keys; only the first one counts.
    pub fn attest_with(&self, attester: Box<dyn KeyAttester>) {
        let _ = self.attester.set(attester);
    }
}

impl KeyStore for MemoryKeys {
    fn create(&self) -> Boxed<'_, Result<CreatedKey, KeyStoreError>> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let mut rng = SeededRng::new(u64::try_from(number).unwrap_or(0).wrapping_add(7_000));
        let key = SoftwareKey::generate(&mut rng);
        let created = CreatedKey { id: KeyId(format!("key-{number}")), public_key: key.public_key() };
        lock(&self.keys).insert(created.id.clone(), key);
        self.journal.note("create");
        Box::pin(ready(Ok(created)))
    }

    fn sign<'a>(&'a self, key: &'a KeyId, message: &'a [u8]) -> Boxed<'a, Result<Signature, KeyStoreError>> {
        self.journal.note(format!("sign {}", key.0));
        let signature = lock(&self.keys)
            .get(key)
            .ok_or(KeyStoreError::NoSuchKey)
            .and_then(|key| key.sign_es256(message).map_err(|_| KeyStoreError::Failed));
        Box::pin(ready(signature))
    }

    fn wrap<'a>(&'a self, secret: &'a Secret<Vec<u8>>) -> Boxed<'a, Result<Vec<u8>, KeyStoreError>> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let mut nonce = [0; 12];
        nonce.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
        let sealed = RustCrypto.aes256_gcm_seal(&WRAPPING_KEY, &nonce, b"", secret.expose());
        let wrapped = sealed.map(|sealed| [nonce.as_slice(), &sealed].concat());
        Box::pin(ready(wrapped.map_err(|_| KeyStoreError::Failed)))
    }

    fn unwrap<'a>(&'a self, wrapped: &'a [u8]) -> Boxed<'a, Result<Secret<Vec<u8>>, KeyStoreError>> {
        let opened = wrapped
            .split_first_chunk::<12>()
            .and_then(|(nonce, sealed)| RustCrypto.aes256_gcm_open(&WRAPPING_KEY, nonce, b"", sealed).ok());
        Box::pin(ready(opened.map(Secret::new).ok_or(KeyStoreError::Altered)))
    }

    fn delete<'a>(&'a self, key: &'a KeyId) -> Boxed<'a, Result<(), KeyStoreError>> {
        if self.stuck.load(Ordering::Relaxed) {
            return Box::pin(ready(Err(KeyStoreError::Failed)));
        }
        self.journal.note(format!("delete {}", key.0));
        lock(&self.keys).remove(key);
        Box::pin(ready(Ok(())))
    }

    fn list(&self) -> Boxed<'_, Result<Vec<KeyId>, KeyStoreError>> {
        Box::pin(ready(Ok(lock(&self.keys).keys().cloned().collect())))
    }

    fn attester(&self) -> Option<&dyn KeyAttester> {
        self.attester.get().map(|attester| &**attester)
    }
}

/// A stand-in keeps no secrets: its wrapping key may stand in the source.
const WRAPPING_KEY: [u8; 32] = [42; 32];

type Answer = dyn FnMut(&HttpRequest) -> Result<HttpResponse, HttpError> + Send;

/// A network whose answers a closure gives.
pub struct ScriptedHttp {
    answer: Mutex<Box<Answer>>,
    journal: Journal,
}

impl ScriptedHttp {
    /// A network that writes `<METHOD> <URL>` into `journal` and answers by `answer`.
    pub fn new(
        journal: Journal,
        answer: impl FnMut(&HttpRequest) -> Result<HttpResponse, HttpError> + Send + 'static,
    ) -> Self {
        Self { answer: Mutex::new(Box::new(answer)), journal }
    }
}

impl Http for ScriptedHttp {
    fn send(&self, request: HttpRequest) -> Boxed<'_, Result<HttpResponse, HttpError>> {
        self.journal.note(format!("{} {}", request.method.as_str(), request.url));
        let answer = match request.url.starts_with("https://") {
            true => lock(&self.answer)(&request),
            false => Err(HttpError::NotHttps),
        };
        let limit = request.max_response_bytes;
        let bounded = answer.and_then(|answer| match answer.body.len() > limit {
            true => Err(HttpError::TooLong { limit }),
            false => Ok(answer),
        });
        Box::pin(ready(bounded))
    }
}

/// A clock that a test sets.
#[derive(Clone, Debug)]
pub struct StillClock(Arc<AtomicI64>);

impl StillClock {
    /// A clock that stands at `now`.
    pub fn at(now: UnixTime) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_secs())))
    }

    /// Moves the clock by `seconds`.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for StillClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// Randomness that a test can replay: SHA-256 over a seed and a counter.
#[derive(Clone, Debug)]
pub struct SeededRng {
    seed: u64,
    counter: u64,
}

impl SeededRng {
    /// The sequence of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }
}

impl Rng for SeededRng {
    fn fill(&mut self, destination: &mut [u8]) {
        for chunk in destination.chunks_mut(32) {
            self.counter = self.counter.wrapping_add(1);
            let block = RustCrypto.sha256(&[self.seed.to_be_bytes(), self.counter.to_be_bytes()].concat());
            chunk.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        }
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{contract, run};

    #[test]
    fn keeps_the_contracts_of_the_other_ports() {
        let http = ScriptedHttp::new(Journal::default(), |_| {
            Ok(HttpResponse { status: 200, headers: Vec::new(), body: b"hello".to_vec() })
        });
        contract::http(&|request| run(http.send(request)), "https://server.example/");
        contract::rng(&mut SeededRng::new(1));
        contract::clock(&StillClock::at(UnixTime::from_secs(1_800_000_000)));
    }

    #[test]
    fn keeps_the_contract_of_a_key_store() {
        contract::key_store(&|| Box::new(MemoryKeys::default()));
    }
}
