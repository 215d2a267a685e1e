//! A device whose keys and network answer at once.

use std::collections::BTreeSet;
use std::future::{Future, ready};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use inro_base::{Clock, Secret, UnixTime};
use inro_crypto::{Provider as _, PublicKey, RustCrypto, Signature, Signer as _, SoftwareKey};
use inro_wallet_cli::SystemRng;
use inro_wallet_core::{
    AnchorKind, Assurance, Boxed, CreatedKey, Http, HttpError, KeyId, KeyPolicy, KeyRequest, KeyStore,
    KeyStoreError, Ports, PromptError, Prompts, Reason, VaultStore, Wallet, WrappingKey,
};

use crate::holdings::key_of_copy;
use crate::verifier::Verifier;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const WRAPPING: &str = "wrapping";
const RECEIPTS: &str = "receipts";
const COPIES: u32 = 10;

/// A vault's place and the keys of its copies.
pub(crate) struct Device {
    path: PathBuf,
    keys: Arc<Keys>,
}

/// The time that all of this happens at.
pub(crate) struct Still;

/// A key store that costs nothing: its signatures are none, but for those of receipts, which the wallet checks.
struct Keys {
    names: Mutex<BTreeSet<KeyId>>,
    receipts: SoftwareKey,
}

struct Present;

impl Device {
    /// A device with the keys of `credentials`.
    pub(crate) fn new(path: &Path, credentials: u32) -> Self {
        let copies =
            (0..credentials).flat_map(|number| (0..COPIES).map(move |copy| key_of_copy(number, copy)));
        let keys = copies.chain([KeyId(WRAPPING.into())]).collect();
        let keys = Keys { names: Mutex::new(keys), receipts: SoftwareKey::generate(&mut SystemRng) };
        Self { path: path.to_owned(), keys: Arc::new(keys) }
    }

    pub(crate) fn open_store(&self) -> VaultStore {
        run(VaultStore::open(&self.path, &*self.keys, Box::new(SystemRng), Arc::new(RustCrypto))).unwrap()
    }

    /// The wallet, trusting and reaching `verifier` alone.
    pub(crate) fn wallet(&self, verifier: &Verifier) -> Wallet {
        let wallet = self.wallet_over(self.open_store(), Some(verifier.clone()));
        for kind in [AnchorKind::Issuer, AnchorKind::Verifier] {
            run(wallet.trust_add(kind, verifier.authority())).unwrap();
        }
        wallet
    }

    pub(crate) fn wallet_over(&self, store: VaultStore, verifier: Option<Verifier>) -> Wallet {
        let http: Arc<dyn Http> = match verifier {
            Some(verifier) => Arc::new(verifier),
            None => Arc::new(Nobody),
        };
        run(Wallet::open(Ports {
            keys: self.keys.clone(),
            prompts: Arc::new(Present),
            store: Arc::new(store),
            http,
            clock: Arc::new(Still),
            rng: Box::new(SystemRng),
            provider: Arc::new(RustCrypto),
        }))
        .unwrap()
    }
}

/// Runs a future whose ports answer at once.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("every port of this benchmark answers at once"),
    }
}

impl Clock for Still {
    fn now(&self) -> UnixTime {
        NOW
    }
}

impl Prompts for Present {
    fn presence<'a>(&'a self, _: &'a Reason) -> Boxed<'a, Result<(), PromptError>> {
        Box::pin(ready(Ok(())))
    }
}

struct Nobody;

impl Http for Nobody {
    fn send(
        &self,
        _: inro_base::http::HttpRequest,
    ) -> Boxed<'_, Result<inro_base::http::HttpResponse, HttpError>> {
        Box::pin(ready(Err(HttpError::Unreachable)))
    }
}

impl KeyStore for Keys {
    fn create<'a>(&'a self, _: &'a KeyRequest) -> Boxed<'a, Result<CreatedKey, KeyStoreError>> {
        let id = KeyId(RECEIPTS.into());
        self.names.lock().unwrap().insert(id.clone());
        let public_key = self.receipts.public_key();
        Box::pin(ready(Ok(CreatedKey { id, public_key, assurance: Assurance::NONE })))
    }

    fn create_wrapping<'a>(&'a self, _: &'a KeyPolicy) -> Boxed<'a, Result<WrappingKey, KeyStoreError>> {
        Box::pin(ready(Ok(WrappingKey { id: KeyId(WRAPPING.into()), assurance: Assurance::NONE })))
    }

    fn attestation<'a>(&'a self, _: &'a KeyId) -> Boxed<'a, Result<Vec<Vec<u8>>, KeyStoreError>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    fn sign<'a>(&'a self, key: &'a KeyId, message: &'a [u8]) -> Boxed<'a, Result<Signature, KeyStoreError>> {
        let signature = match key.0.as_str() {
            RECEIPTS => self.receipts.sign_es256(message),
            _ => Signature::from_bytes(&[1; 64]),
        };
        Box::pin(ready(signature.map_err(|_| KeyStoreError::Failed)))
    }

    fn agree<'a>(
        &'a self,
        _: &'a KeyId,
        _: &'a PublicKey,
    ) -> Boxed<'a, Result<Secret<[u8; 32]>, KeyStoreError>> {
        Box::pin(ready(Err(KeyStoreError::Failed)))
    }

    fn wrap<'a>(
        &'a self,
        _: &'a KeyId,
        secret: &'a Secret<Vec<u8>>,
    ) -> Boxed<'a, Result<Vec<u8>, KeyStoreError>> {
        let sealed = RustCrypto.aes256_gcm_seal(&[7; 32], &[0; 12], b"", secret.expose());
        Box::pin(ready(sealed.map_err(|_| KeyStoreError::Failed)))
    }

    fn unwrap<'a>(
        &'a self,
        _: &'a KeyId,
        wrapped: &'a [u8],
    ) -> Boxed<'a, Result<Secret<Vec<u8>>, KeyStoreError>> {
        let opened = RustCrypto.aes256_gcm_open(&[7; 32], &[0; 12], b"", wrapped);
        Box::pin(ready(opened.map(Secret::new).map_err(|_| KeyStoreError::Altered)))
    }

    fn delete<'a>(&'a self, key: &'a KeyId) -> Boxed<'a, Result<(), KeyStoreError>> {
        self.names.lock().unwrap().remove(key);
        Box::pin(ready(Ok(())))
    }

    fn list(&self) -> Boxed<'_, Result<Vec<KeyId>, KeyStoreError>> {
        Box::pin(ready(Ok(self.names.lock().unwrap().iter().cloned().collect())))
    }
}
