//! The engine against scripted peers: first the unaltered message, then one thing altered.

mod attesting;
mod collecting;
mod consenting;
mod guarding;
mod history;
mod issuer;
mod leaving;
mod linking;
mod lying;
mod malicious;
mod pki;
mod presenting;
mod protocol;
mod receiving;
mod refilling;
mod switching;
mod transferring;
mod verifier;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::{Coded as _, UnixTime};
use inro_crypto::RustCrypto;
use pki::Authority;

use crate::error::WalletError;
use crate::keys::KeyStore as _;
use crate::ports::{Http, HttpError, Store as _};
use crate::records::AnchorKind;
use crate::store::VaultStore;
use crate::testing::{Journal, MemoryKeys, ScriptedHttp, ScriptedPrompts, SeededRng, StillClock, run};
use crate::wallet::{Ports, Settings, Wallet};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// A device: what stays when the network or the engine changes.
struct Device {
    keys: Arc<MemoryKeys>,
    prompts: Arc<ScriptedPrompts>,
    store: Arc<VaultStore>,
    clock: StillClock,
    journal: Journal,
    /// Each engine draws other numbers than those before it.
    seed: AtomicU64,
}

impl Device {
    /// An empty device that trusts `authority` for everything.
    fn trusting(authority: &Authority) -> Self {
        let journal = Journal::default();
        let keys = MemoryKeys::new(journal.clone());
        let rng = Box::new(SeededRng::new(4));
        let store = run(VaultStore::in_memory(&keys, rng, Arc::new(RustCrypto))).unwrap();
        let device = Self {
            keys: Arc::new(keys),
            prompts: Arc::new(ScriptedPrompts::new(journal.clone())),
            store: Arc::new(store),
            clock: StillClock::at(NOW),
            journal,
            seed: AtomicU64::new(5),
        };
        let wallet = device.wallet(|_| Err(HttpError::Unreachable));
        for kind in [AnchorKind::Issuer, AnchorKind::Verifier] {
            run(wallet.trust_add(kind, &authority.pem)).unwrap();
        }
        device
    }

    /// The engine on this device, with a network.
    fn wallet(
        &self,
        network: impl FnMut(&HttpRequest) -> Result<HttpResponse, HttpError> + Send + 'static,
    ) -> Wallet {
        self.wallet_over(Arc::new(ScriptedHttp::new(self.journal.clone(), network)))
    }

    fn wallet_over(&self, http: Arc<dyn Http>) -> Wallet {
        self.wallet_with(Settings::default(), http)
    }

    fn wallet_with(&self, settings: Settings, http: Arc<dyn Http>) -> Wallet {
        let ports = Ports {
            keys: self.keys.clone(),
            prompts: self.prompts.clone(),
            store: self.store.clone(),
            http,
            clock: Arc::new(self.clock.clone()),
            rng: Box::new(SeededRng::new(self.seed.fetch_add(1, Ordering::Relaxed))),
            provider: Arc::new(RustCrypto),
        };
        run(Wallet::open_with(ports, settings)).unwrap()
    }

    /// Without those that wrap the vault's key and sign the history.
    fn keys(&self) -> usize {
        let receipts = usize::from(run(self.store.chain_end()).unwrap().is_some());
        run(self.keys.list()).unwrap().len() - 1 - receipts
    }

    /// What the ports were asked, but for the signatures of the history's receipts.
    fn lines(&self) -> Vec<String> {
        let key = run(self.store.chain_end()).unwrap().map(|end| format!("sign {}", end.key.0));
        self.journal.lines().into_iter().filter(|line| Some(line) != key.as_ref()).collect()
    }

    fn copies(&self) -> u32 {
        run(self.store.credentials()).unwrap().iter().map(|record| record.copies).sum()
    }
}

fn code<T>(outcome: Result<T, WalletError>) -> &'static str {
    match outcome {
        Ok(_) => "accepted",
        Err(error) => error.code().as_str(),
    }
}
