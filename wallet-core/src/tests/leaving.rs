//! Giving the wallet up: the issuer hears first, and a cut at any step leaves a wallet, or an erasure that goes on.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use inro_base::Coded as _;
use inro_base::http::{HttpRequest, HttpResponse};
use inro_crypto::RustCrypto;
use serde_json::json;

use super::issuer::{Later, Script, link};
use super::pki::Authority;
use super::{NOW, code};
use crate::error::WalletError;
use crate::keys::KeyStore as _;
use crate::leaving::{Farewell, Unenrolment};
use crate::ports::{Http, HttpError, Store as _, StoreError};
use crate::prompts::{PromptError, Reason};
use crate::records::{AnchorKind, CredentialId};
use crate::store::VaultStore;
use crate::testing::{Journal, MemoryKeys, ScriptedHttp, ScriptedPrompts, SeededRng, StillClock, run};
use crate::wallet::{Ports, Wallet};

type Answer = Result<HttpResponse, HttpError>;

/// A phone with a file, an issuer that wants to hear, and one credential of three copies.
struct Phone {
    folder: tempfile::TempDir,
    keys: Arc<MemoryKeys>,
    prompts: Arc<ScriptedPrompts>,
    clock: StillClock,
    journal: Journal,
    http: Arc<dyn Http>,
    issuer: Later,
    offline: Arc<AtomicBool>,
    seed: AtomicU64,
}

impl Phone {
    fn new() -> Self {
        let phone = Self::without_credential();
        let wallet = phone.open().unwrap();
        run(wallet.receive(&link(), None)).unwrap();
        drop(wallet);
        phone
    }

    fn without_credential() -> Self {
        let authority = Authority::new("Trusted");
        let script = Script::honest(&authority).with_later();
        let issuer = script.later.clone();
        issuer.set(|later| later.notification_id = Some("issuance-1"));
        let mut network = script.network();
        let offline: Arc<AtomicBool> = Arc::default();
        let cut = Arc::clone(&offline);
        let journal = Journal::default();
        let http = ScriptedHttp::new(journal.clone(), move |request: &HttpRequest| -> Answer {
            if cut.load(Ordering::Relaxed) { Err(HttpError::Unreachable) } else { network(request) }
        });
        let phone = Self {
            folder: tempfile::tempdir().unwrap(),
            keys: Arc::new(MemoryKeys::new(journal.clone())),
            prompts: Arc::new(ScriptedPrompts::new(journal.clone())),
            clock: StillClock::at(NOW),
            journal,
            http: Arc::new(http),
            issuer,
            offline,
            seed: AtomicU64::new(900),
        };
        let wallet = phone.open().unwrap();
        for kind in [AnchorKind::Issuer, AnchorKind::Verifier] {
            run(wallet.trust_add(kind, &authority.pem)).unwrap();
        }
        phone
    }

    fn rng(&self) -> Box<SeededRng> {
        Box::new(SeededRng::new(self.seed.fetch_add(1, Ordering::Relaxed)))
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("wallet.vault")
    }

    fn store(&self) -> Result<VaultStore, WalletError> {
        run(VaultStore::open(&self.path(), &*self.keys, self.rng(), Arc::new(RustCrypto)))
    }

    fn open(&self) -> Result<Wallet, WalletError> {
        self.open_over(Arc::new(self.store()?))
    }

    fn open_over(&self, store: Arc<VaultStore>) -> Result<Wallet, WalletError> {
        run(Wallet::open(Ports {
            keys: self.keys.clone(),
            prompts: self.prompts.clone(),
            store,
            http: self.http.clone(),
            clock: Arc::new(self.clock.clone()),
            rng: self.rng(),
            provider: Arc::new(RustCrypto),
        }))
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// Events that the issuer was told, after the one of the issuance.
    fn told(&self) -> Vec<serde_json::Value> {
        self.issuer.told().split_off(1)
    }

    fn number_of_keys(&self) -> usize {
        run(self.keys.list()).unwrap().len()
    }

    fn is_erased(&self) -> bool {
        self.number_of_keys() == 0 && self.files().is_empty()
    }

    fn set_offline(&self, offline: bool) {
        self.offline.store(offline, Ordering::Relaxed);
    }
}

fn deleted() -> serde_json::Value {
    json!({ "notification_id": "issuance-1", "event": "credential_deleted" })
}

fn only(wallet: &Wallet) -> CredentialId {
    run(wallet.list()).unwrap().remove(0).id
}

#[test]
fn unenrol_tells_the_issuer_then_deletes_every_key_the_vaults_last_then_the_file() {
    let phone = Phone::new();
    let wallet = phone.open().unwrap();
    let own = phone.number_of_keys();
    assert_eq!(own, 6, "three copies, the token, the receipts, the vault");
    let before = phone.journal.lines().len();
    assert_eq!(run(wallet.unenrol(Farewell::Told)).unwrap(), Unenrolment::Erased);
    assert_eq!((phone.told(), phone.is_erased()), (vec![deleted()], true));
    assert_eq!(phone.prompts.reasons(), [Reason::Unenrol]);
    let lines = phone.journal.lines().split_off(before);
    let told = lines.iter().position(|line| line.starts_with("POST")).unwrap();
    let deletions: Vec<usize> =
        (0..lines.len()).filter(|index| lines[*index].starts_with("delete ")).collect();
    assert_eq!((deletions.len(), lines[*deletions.last().unwrap()].as_str()), (own, "delete key-0"));
    assert!(deletions.iter().skip(1).all(|deletion| *deletion > told), "the issuer hears first: {lines:?}");
    assert_eq!(code(run(wallet.list())), "INRO-WALLET-101");
    // The same place takes a new wallet, which knows nothing.
    assert_eq!(run(phone.open().unwrap().list()).unwrap().len(), 0);
}

#[test]
fn unenrol_needs_a_gesture_and_does_nothing_without() {
    let phone = Phone::new();
    let wallet = phone.open().unwrap();
    phone.prompts.then([Err(PromptError::Cancelled)]);
    assert_eq!(code(run(wallet.unenrol(Farewell::Now))), "INRO-WALLET-004");
    assert!(!run(wallet.is_leaving()).unwrap() && phone.told().is_empty());
    assert_eq!(run(wallet.list()).unwrap()[0].copies, 3);
    assert_eq!(run(wallet.unenrol(Farewell::Now)).unwrap(), Unenrolment::Erased);
}

#[test]
fn unenrol_offline_waits_across_restarts_and_nothing_else_is_done_before() {
    let phone = Phone::new();
    let wallet = phone.open().unwrap();
    phone.set_offline(true);
    let waiting = Unenrolment::Waiting { notices: 1 };
    assert_eq!(run(wallet.unenrol(Farewell::Told)).unwrap(), waiting);
    drop(wallet);
    let wallet = phone.open().unwrap();
    assert!(run(wallet.is_leaving()).unwrap());
    assert_eq!(run(wallet.unenrol(Farewell::Told)).unwrap(), waiting);
    phone.set_offline(false);
    assert_eq!(code(run(wallet.receive(&link(), None))), "INRO-WALLET-100");
    assert_eq!(run(wallet.unenrol(Farewell::Told)).unwrap(), Unenrolment::Erased);
    assert_eq!((phone.told(), phone.is_erased()), (vec![deleted()], true));
    assert_eq!(phone.prompts.reasons().len(), 1, "one gesture for all of it");
}

#[test]
fn unenrol_now_does_not_wait_for_an_issuer_that_cannot_be_reached() {
    let phone = Phone::new();
    let wallet = phone.open().unwrap();
    phone.set_offline(true);
    assert_eq!(run(wallet.unenrol(Farewell::Told)).unwrap(), Unenrolment::Waiting { notices: 1 });
    assert_eq!(run(wallet.unenrol(Farewell::Now)).unwrap(), Unenrolment::Erased);
    assert_eq!((phone.told(), phone.is_erased()), (vec![], true));
}

#[test]
fn an_issuer_that_refuses_the_notice_has_heard_and_one_that_fails_has_not() {
    for (status, waits) in [(400, false), (401, false), (404, false), (429, true), (500, true), (503, true)] {
        let phone = Phone::new();
        let wallet = phone.open().unwrap();
        phone.issuer.set(|later| later.notification_statuses = vec![status]);
        let expected = if waits { Unenrolment::Waiting { notices: 1 } } else { Unenrolment::Erased };
        assert_eq!(run(wallet.unenrol(Farewell::Told)).unwrap(), expected, "{status}");
        assert_eq!(phone.is_erased(), !waits);
    }
}

/// The key store fails at each deletion in turn, as if the process ended there.
#[test]
fn unenrol_cut_at_each_deletion_of_a_key_is_carried_on_at_the_next_opening() {
    let all = i64::try_from(Phone::new().number_of_keys()).unwrap();
    for done in 0..=all {
        let phone = Phone::new();
        let wallet = phone.open().unwrap();
        // One deletion is that of the token's key, once the issuer was told.
        phone.keys.allow_deletions(done);
        let outcome = run(wallet.unenrol(Farewell::Told));
        drop(wallet);
        assert_eq!(outcome.is_ok(), done == all, "{done}");
        phone.keys.allow_deletions(i64::MAX);
        let wallet = phone.open().unwrap();
        assert_eq!(run(wallet.list()).unwrap(), [], "{done}");
        assert_eq!(phone.number_of_keys(), 1, "{done}: the new vault's");
        assert!(phone.files().iter().all(|file| !file.contains("gone")), "{done}: {:?}", phone.files());
        assert_eq!(phone.told(), [deleted()], "{done}");
    }
}

#[test]
fn unenrol_cut_before_the_issuer_was_told_leaves_the_wallet_that_goes_on() {
    let phone = Phone::new();
    let store = phone.store().unwrap();
    run(store.leave(NOW)).unwrap();
    drop(store);
    let wallet = phone.open().unwrap();
    assert_eq!(run(wallet.list()).unwrap()[0].copies, 3);
    assert_eq!(run(wallet.unenrol(Farewell::Told)).unwrap(), Unenrolment::Erased);
    assert_eq!((phone.told(), phone.is_erased()), (vec![deleted()], true));
}

#[test]
fn unenrol_cut_after_the_issuer_was_told_does_not_tell_it_twice() {
    let phone = Phone::new();
    let wallet = phone.open().unwrap();
    phone.set_offline(true);
    run(wallet.unenrol(Farewell::Told)).unwrap();
    phone.set_offline(false);
    assert_eq!(run(wallet.tell_deleted()).unwrap(), 0);
    drop(wallet);
    let wallet = phone.open().unwrap();
    assert_eq!(run(wallet.unenrol(Farewell::Told)).unwrap(), Unenrolment::Erased);
    assert_eq!((phone.told(), phone.is_erased()), (vec![deleted()], true));
}

#[test]
fn unenrol_cut_after_the_vault_was_put_aside_is_carried_on() {
    let phone = Phone::new();
    let store = phone.store().unwrap();
    run(store.retire()).unwrap();
    drop(store);
    assert_eq!(phone.files(), ["wallet.vault.gone"]);
    assert_eq!(phone.number_of_keys(), 6);
    let wallet = phone.open().unwrap();
    assert_eq!((run(wallet.list()).unwrap().len(), phone.number_of_keys()), (0, 1));
}

#[test]
fn unenrol_cut_between_the_last_key_and_the_file_is_carried_on() {
    let phone = Phone::new();
    let store = phone.store().unwrap();
    run(store.retire()).unwrap();
    drop(store);
    let aside = phone.folder.path().join("wallet.vault.gone");
    let noise = std::fs::read(&aside).unwrap();
    run(VaultStore::wipe(&phone.path(), &*phone.keys)).unwrap();
    assert!(phone.is_erased());
    std::fs::write(&aside, noise).unwrap();
    assert_eq!(run(phone.open().unwrap().list()).unwrap(), []);
    assert!(!aside.exists());
}

#[test]
fn a_vault_that_was_erased_opens_with_no_key_that_is_left() {
    let phone = Phone::new();
    let copy = std::fs::read(phone.path()).unwrap();
    let wallet = phone.open().unwrap();
    run(wallet.unenrol(Farewell::Now)).unwrap();
    std::fs::write(phone.path(), copy).unwrap();
    assert_eq!(code(phone.open()), StoreError::OtherWallet.code().as_str());
}

#[test]
fn deleting_a_credential_tells_its_issuer_at_once_or_later() {
    for offline in [false, true] {
        let phone = Phone::new();
        let wallet = phone.open().unwrap();
        phone.set_offline(offline);
        run(wallet.delete(&only(&wallet))).unwrap();
        assert_eq!(phone.told().len(), usize::from(!offline));
        drop(wallet);
        phone.set_offline(false);
        let wallet = phone.open().unwrap();
        assert_eq!(
            phone.number_of_keys(),
            2 + usize::from(offline),
            "the token's key is kept while it is needed"
        );
        assert_eq!(run(wallet.tell_deleted()).unwrap(), 0);
        assert_eq!((phone.told(), phone.number_of_keys()), (vec![deleted()], 2));
    }
}

#[test]
fn a_credential_that_was_received_anew_is_not_told_as_deleted() {
    let phone = Phone::new();
    let wallet = phone.open().unwrap();
    phone.issuer.set(|later| later.notification_id = Some("issuance-2"));
    run(wallet.receive(&link(), None)).unwrap();
    assert_eq!(run(wallet.tell_deleted()).unwrap(), 0);
    let told = || phone.told().iter().filter(|told| told["event"] == "credential_deleted").count();
    assert_eq!(told(), 0);
    run(wallet.delete(&only(&wallet))).unwrap();
    let last = phone.told().pop().unwrap();
    assert_eq!(last, json!({ "notification_id": "issuance-2", "event": "credential_deleted" }));
    assert_eq!(told(), 1, "the earlier issuance is of no use any more");
    assert_eq!(phone.number_of_keys(), 2);
}

#[test]
fn wipe_asks_and_tells_nobody() {
    let phone = Phone::new();
    let wallet = phone.open().unwrap();
    run(wallet.wipe()).unwrap();
    assert_eq!((phone.told(), phone.prompts.reasons(), phone.is_erased()), (vec![], vec![], true));
}

#[test]
fn a_locked_wallet_can_be_wiped_and_an_open_one_is_in_use() {
    let phone = Phone::new();
    let store = phone.store().unwrap();
    let refused = run(VaultStore::wipe(&phone.path(), &*phone.keys)).unwrap_err();
    assert_eq!((refused.code().as_str(), phone.number_of_keys()), ("INRO-WALLET-026", 6));
    run(store.close()).unwrap();
    run(VaultStore::wipe(&phone.path(), &*phone.keys)).unwrap();
    assert!(phone.is_erased());
}

#[test]
fn a_locked_wallet_answers_nothing_until_it_is_opened_anew() {
    let phone = Phone::new();
    let wallet = phone.open().unwrap();
    assert_eq!(run(wallet.list()).unwrap().len(), 1);
    run(wallet.lock()).unwrap();
    assert_eq!(code(run(wallet.list())), "INRO-WALLET-101");
    assert_eq!(code(run(wallet.receive(&link(), None))), "INRO-WALLET-101");
    assert_eq!(code(run(wallet.unenrol(Farewell::Now))), "INRO-WALLET-101");
    // Also while the locked one is still there.
    assert_eq!(run(phone.open().unwrap().list()).unwrap()[0].copies, 3);
}

#[test]
fn an_idle_wallet_locks_itself_and_so_does_one_whose_clock_went_back() {
    for (steps, last) in
        [(vec![60, 60, 60], "accepted"), (vec![60, 61], "INRO-WALLET-101"), (vec![-1], "INRO-WALLET-101")]
    {
        let phone = Phone::new();
        let store = Arc::new(phone.store().unwrap());
        let wallet = phone.open_over(store.clone()).unwrap();
        store.lock_when_idle(60, Arc::new(phone.clock.clone()));
        let mut outcome = code(run(wallet.list()));
        assert_eq!(outcome, "accepted");
        for step in &steps {
            phone.clock.advance(*step);
            outcome = code(run(wallet.list()));
        }
        assert_eq!(outcome, last, "{steps:?}");
    }
}
