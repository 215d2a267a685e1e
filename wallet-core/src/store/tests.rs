//! The store over real files: what it takes over, whom it lets in, what can be read in its file.

mod kills;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use inro_base::{Coded as _, UnixTime, base64url};
use inro_crypto::{Provider as _, RustCrypto};
use rusqlite::Connection;

use super::*;
use crate::error::WalletError;
use crate::keys::{KeyId, KeyPolicy, KeyRequest, KeyStore as _, Purpose};
use crate::ports::Store as _;
use crate::records::{AnchorKind, Event, HistoryEntry, Outcome, PendingId, RequestDigest};
use crate::testing::{MemoryKeys, SeededRng, contract, run};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// As the versions before there were vaults left them.
const EARLIER: [&[u8]; 3] = [
    include_bytes!("earlier/version-1.sqlite"),
    include_bytes!("earlier/version-2.sqlite"),
    include_bytes!("earlier/version-3.sqlite"),
];

struct Home {
    folder: tempfile::TempDir,
    keys: MemoryKeys,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), keys: MemoryKeys::default() }
    }

    fn make_key(&self) -> KeyId {
        run(self.keys.create(&KeyRequest::new(Purpose::Sign, KeyPolicy::QUIET))).unwrap().id
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self) -> Result<VaultStore, WalletError> {
        let rng = Box::new(rng());
        run(VaultStore::open(&self.path("vault"), &self.keys, rng, Arc::new(RustCrypto)))
    }

    fn open_after(&self) -> Result<VaultStore, WalletError> {
        let (earlier, path) = (self.path("earlier"), self.path("vault"));
        let rng = Box::new(rng());
        run(VaultStore::open_after(&earlier, &path, &self.keys, rng, Arc::new(RustCrypto)))
    }

    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
    }
}

/// Nothing that is drawn is drawn again.
fn rng() -> SeededRng {
    static SEED: AtomicU64 = AtomicU64::new(0);
    SeededRng::new(SEED.fetch_add(1, Ordering::Relaxed))
}

fn refusal(outcome: Result<VaultStore, WalletError>) -> &'static str {
    outcome.err().map_or("opened", |error| error.code().as_str())
}

#[test]
fn keeps_the_contract_of_a_store() {
    let homes = std::cell::RefCell::new(Vec::new());
    contract::store(&|| {
        let home = Home::new();
        let store = home.open().unwrap();
        homes.borrow_mut().push(home);
        Box::new(store)
    });
    contract::store(&|| {
        let rng = Box::new(rng());
        Box::new(run(VaultStore::in_memory(&MemoryKeys::default(), rng, Arc::new(RustCrypto))).unwrap())
    });
}

#[test]
fn takes_over_what_earlier_versions_remember_and_removes_their_file() {
    for (version, bytes) in (1..).zip(EARLIER) {
        let home = Home::new();
        std::fs::write(home.path("earlier"), bytes).unwrap();
        let store = home.open_after().unwrap();
        takes_over(&store, version);
        drop(store);
        assert_eq!(home.files().keys().collect::<Vec<_>>(), [&home.path("vault")], "version {version}");
        takes_over(&home.open_after().unwrap(), version);
    }
}

/// The fixtures hold what `contract` writes: two credentials, of which one spent its first copy.
fn takes_over(store: &VaultStore, version: u8) {
    let anchors = |kind| run(store.anchors(kind)).unwrap().len();
    assert_eq!([AnchorKind::Issuer, AnchorKind::Verifier, AnchorKind::Tls].map(anchors), [1, 0, 1]);
    let records = run(store.credentials()).unwrap();
    let seen: Vec<_> = records.iter().map(|record| (record.id.0.as_str(), record.copies)).collect();
    assert_eq!(seen, [("employee", 2), ("role", 1)]);
    let employee = &records[0];
    assert_eq!(employee.claims.get("agency"), Some(&"みなと市".into()));
    assert_eq!((employee.labels.len(), employee.expires_at), (1, Some(NOW.plus(1))));
    let copies = run(store.unspent_copies(&employee.id, 9)).unwrap();
    let copies: Vec<_> =
        copies.iter().map(|copy| (copy.text.expose().as_str(), copy.key.0.as_str())).collect();
    assert_eq!(copies, [("text of b", "b"), ("text of c", "c")]);
    let answered = |name: u8| run(store.was_answered(&RequestDigest([name; 32]))).unwrap();
    assert_eq!([answered(7), answered(8), answered(9)], [true, true, false]);
    let history = run(store.history(9)).unwrap();
    let events: Vec<_> = history.iter().map(|entry: &HistoryEntry| (entry.event, entry.outcome)).collect();
    let issued = (Event::Issued, Outcome::Done);
    assert_eq!(events, [(Event::Refused, Outcome::Begun), (Event::Presented, Outcome::Done), issued, issued]);
    assert_eq!(history[1].counterpart.ja, "福祉システム");
    assert!(history.iter().all(|entry| entry.receipt.is_none()), "they are from before receipts were kept");
    let pending = run(store.pending()).unwrap();
    assert_eq!(pending.len(), usize::from(version == 3));
    if version == 3 {
        let pending = run(store.one_pending(&PendingId("first".into()))).unwrap().unwrap();
        assert_eq!((pending.record.retry_at, pending.ticket), (NOW.plus(99), vec![1, 2, 3]));
        let keys: Vec<_> = pending.keys.iter().map(|key| key.id.0.as_str()).collect();
        assert_eq!((keys, pending.dpop_key.0.as_str()), (vec!["p", "q"], "dpop"));
    }
}

/// From version 2 on it is known until when a request has to be remembered.
#[test]
fn takes_over_until_when_an_answered_request_is_remembered() {
    for (version, bytes) in (1..).zip(EARLIER) {
        let home = Home::new();
        std::fs::write(home.path("earlier"), bytes).unwrap();
        let store = home.open_after().unwrap();
        assert!(run(store.was_answered(&RequestDigest([8; 32]))).unwrap());
        contract::answer_at(&store, RequestDigest([1; 32]), NOW.plus(1000));
        let remembered = run(store.was_answered(&RequestDigest([8; 32]))).unwrap();
        assert_eq!(remembered, version == 1, "version {version}");
        assert!(run(store.was_answered(&RequestDigest([7; 32]))).unwrap());
    }
}

#[test]
fn an_earlier_file_that_cannot_be_taken_over_stays_as_it_is() {
    let home = Home::new();
    for (change, code) in [
        ("PRAGMA user_version = 4", "INRO-WALLET-023"),
        ("UPDATE credentials SET claims = '{'", "INRO-WALLET-024"),
        ("DROP TABLE history", "INRO-WALLET-024"),
    ] {
        std::fs::write(home.path("earlier"), EARLIER[2]).unwrap();
        let connection = Connection::open(home.path("earlier")).unwrap();
        connection.execute_batch(change).unwrap();
        drop(connection);
        let before = std::fs::read(home.path("earlier")).unwrap();
        assert_eq!(refusal(home.open_after()), code, "{change}");
        assert_eq!(std::fs::read(home.path("earlier")).unwrap(), before);
        assert!(!home.path("vault").exists());
    }
    std::fs::write(home.path("earlier"), EARLIER[2]).unwrap();
    assert_eq!(refusal(home.open_after()), "opened");
}

/// Another name for the same file shows what became of its bytes.
#[test]
fn overwrites_an_earlier_file_before_it_is_removed() {
    let home = Home::new();
    let elsewhere = tempfile::tempdir_in(home.folder.path()).unwrap();
    let witness = elsewhere.path().join("witness");
    std::fs::write(home.path("earlier"), EARLIER[2]).unwrap();
    std::fs::hard_link(home.path("earlier"), &witness).unwrap();
    takes_over(&home.open_after().unwrap(), 3);
    assert_eq!(std::fs::read(witness).unwrap(), vec![0; EARLIER[2].len()]);
}

/// Cut after the vault was there: the rest is done at the next opening.
#[test]
fn removes_an_earlier_file_that_a_cut_import_has_left() {
    let home = Home::new();
    std::fs::write(home.path("earlier"), EARLIER[2]).unwrap();
    drop(home.open_after().unwrap());
    std::fs::write(home.path("earlier"), EARLIER[2]).unwrap();
    std::fs::write(home.path("earlier-wal"), "what was left").unwrap();
    takes_over(&home.open_after().unwrap(), 3);
    assert!(!home.path("earlier").exists() && !home.path("earlier-wal").exists());
}

/// Neither does its data key open here, nor does it fit when it is exchanged for this wallet's own.
#[test]
fn the_file_of_another_wallet_is_refused_and_not_touched() {
    let (home, other) = (Home::new(), Home::new());
    contract::store_one_copy(&home.open().unwrap());
    // Its wrapping key is the second that its key store made.
    other.make_key();
    drop(other.open().unwrap());
    let foreign = std::fs::read(other.path("vault")).unwrap();
    let own = std::fs::read(home.path("vault")).unwrap();
    let attach = format!("ATTACH '{}' AS other", other.path("vault").display());
    let exchange = "UPDATE main.header SET data_key = (SELECT data_key FROM other.header)";
    for (bytes, change, code) in [
        (&own, "SELECT 1", "opened"),
        (&foreign, "SELECT 1", "INRO-WALLET-027"),
        (&own, "UPDATE header SET wrapping_key = 'nobody'", "INRO-WALLET-027"),
        (&own, exchange, "INRO-WALLET-027"),
        (&own, "UPDATE main.header SET wallet = (SELECT wallet FROM other.header)", "INRO-WALLET-024"),
    ] {
        std::fs::write(home.path("vault"), bytes).unwrap();
        let connection = Connection::open(home.path("vault")).unwrap();
        connection.execute_batch(&format!("{attach}; {change}")).unwrap();
        drop(connection);
        let before = home.files();
        assert_eq!(refusal(home.open()), code, "{change}");
        assert!(code == "opened" || home.files() == before, "a refused file was touched");
    }
}

#[test]
fn a_second_engine_is_told_that_the_store_is_in_use() {
    let home = Home::new();
    let first = home.open().unwrap();
    assert_eq!(refusal(home.open()), "INRO-WALLET-026");
    drop(first);
    assert_eq!(refusal(home.open()), "opened");
}

/// Who finds the file learns how many records of which kind it has, and no word of them.
#[test]
fn a_stolen_file_has_no_readable_claim_issuer_verifier_type_or_date() {
    let home = Home::new();
    let store = home.open().unwrap();
    contract::fill(&store);
    let open = home.files();
    drop(store);
    let closed = home.files();
    let mut traces = Vec::new();
    for value in contract::FILLED {
        let number = value.parse::<i64>().ok().map(|number| number.to_be_bytes().to_vec());
        traces.push((value, value.as_bytes().to_vec()));
        traces.push((value, RustCrypto.sha256(value.as_bytes()).to_vec()));
        // A text inside of another that was encoded stands at one of three offsets in its groups; the
        // characters at its ends depend on its neighbours.
        for (offset, start) in [(0, 0), (1, 2), (2, 3)] {
            let encoded = base64url::encode(&[&vec![0; offset], value.as_bytes()].concat());
            let end = (offset + value.len()) * 4 / 3;
            traces.push((value, encoded.as_bytes()[start..end].to_vec()));
        }
        traces.extend(number.map(|bytes| (value, bytes[4..].to_vec())));
    }
    for (path, bytes) in open.iter().chain(&closed) {
        for (value, trace) in &traces {
            let found = bytes.windows(trace.len()).any(|window| window == trace);
            assert!(!found, "{value:?} stands in {}", path.display());
        }
    }
    assert!(open.contains_key(&home.path("vault-wal")));
    finds_what_is_there(&home, &traces);
}

/// The same scan finds all of it where nothing is sealed.
fn finds_what_is_there(home: &Home, traces: &[(&str, Vec<u8>)]) {
    let store = home.open().unwrap();
    let said = format!(
        "{} {:?} {:?}",
        serde_json::to_string(&run(store.credentials()).unwrap()).unwrap(),
        run(store.history(9)).unwrap(),
        run(store.pending()).unwrap(),
    );
    let encoded = base64url::encode(format!("  {said}").as_bytes());
    for value in ["みなと市", "Welfare System", "urn:test:employee", "https://issuer.example"] {
        assert!(said.contains(value));
        let of_value = traces.iter().filter(|(name, _)| *name == value).map(|(_, trace)| trace);
        let found = of_value.filter(|trace| {
            let haystack = encoded.as_bytes();
            haystack.windows(trace.len()).any(|window| window == trace.as_slice())
        });
        assert!(found.count() >= 1, "{value}");
    }
}

/// A backup that is older than a presentation: its copy is there again, its key is not.
#[test]
fn a_file_restored_from_an_old_backup_has_no_spent_copy() {
    let home = Home::new();
    let store = home.open().unwrap();
    let made: Vec<KeyId> = (0..3).map(|_| home.make_key()).collect();
    let id = contract::store_copies(&store, &made);
    drop(store);
    let backup = std::fs::read(home.path("vault")).unwrap();

    let store = home.open().unwrap();
    let copy = run(store.unspent_copies(&id, 1)).unwrap().remove(0);
    contract::spend(&store, copy.id, RequestDigest([1; 32])).unwrap();
    run(home.keys.delete(&copy.key)).unwrap();
    drop(store);
    let now = std::fs::read(home.path("vault")).unwrap();

    for (bytes, lost) in [(now, 0), (backup, 1)] {
        std::fs::write(home.path("vault"), bytes).unwrap();
        let store = home.open().unwrap();
        let in_custody = run(home.keys.list()).unwrap();
        let told = run(store.drop_keyless(&in_custody, NOW)).unwrap();
        assert_eq!(told.iter().map(|lost| lost.copies).sum::<u32>(), lost);
        let left = run(store.unspent_copies(&id, 9)).unwrap();
        assert!(left.len() == 2 && left.iter().all(|left| left.key != copy.key));
        assert_eq!(run(store.unused_keys(&in_custody)).unwrap(), []);
        let newest = run(store.history(1)).unwrap().remove(0).event;
        assert_eq!(newest == Event::Lost, lost == 1);
    }
}

/// What the holder deletes is gone from the file and its log even for who has the key.
#[test]
fn what_was_deleted_is_in_no_file() {
    let home = Home::new();
    let id = contract::store_one_copy(&home.open().unwrap());
    let connection = Connection::open(home.path("vault")).unwrap();
    let sql = "SELECT kind, sealed FROM heads JOIN bodies USING (slot) ORDER BY kind";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let sealed: Vec<(u8, Vec<u8>)> = rows.collect::<Result<_, _>>().unwrap();
    drop(statement);
    drop(connection);
    let is_somewhere = |sealed: &[u8]| {
        let start = &sealed[..64];
        home.files().values().any(|file| file.windows(64).any(|window| window == start))
    };
    assert!(sealed.iter().all(|(_, sealed)| is_somewhere(sealed)));
    let store = home.open().unwrap();
    contract::remove(&store, &id);
    let left: Vec<u8> =
        sealed.iter().filter(|(_, sealed)| is_somewhere(sealed)).map(|(kind, _)| *kind).collect();
    assert_eq!(left, [forms::HISTORY.0], "of credential, copy and history entry the last one stays");
}

#[test]
fn a_file_that_was_cut_is_refused_and_not_touched() {
    let home = Home::new();
    contract::store_one_copy(&home.open().unwrap());
    assert_eq!(refusal(home.open()), "opened");
    let whole = std::fs::read(home.path("vault")).unwrap();
    for length in [0, 100, 4096, whole.len() - 4096] {
        std::fs::write(home.path("vault"), &whole[..length]).unwrap();
        assert_eq!(refusal(home.open()), "INRO-WALLET-024", "cut to {length} of {} bytes", whole.len());
        assert!(home.files().into_values().eq([whole[..length].to_vec()]), "a refused file was touched");
    }
}

/// SQLite refuses pages beyond a limit as it does when the disk is full.
#[test]
fn a_full_storage_is_told_and_loses_nothing() {
    let home = Home::new();
    let store = home.open().unwrap();
    let id = contract::store_one_copy(&store);
    let before = run(store.credentials()).unwrap();
    store.allow(0);
    let many: Vec<KeyId> = (0..100).map(|number| KeyId(format!("key-{number}"))).collect();
    let refused = contract::try_to_store_copies(&store, &many).unwrap_err();
    assert_eq!(refused.code().as_str(), "INRO-WALLET-028");
    let is_as_before = |store: &VaultStore| {
        run(store.credentials()).unwrap() == before && run(store.unspent_copies(&id, 9)).unwrap().len() == 1
    };
    assert!(is_as_before(&store));
    drop(store);
    let store = home.open().unwrap();
    assert!(is_as_before(&store));
    contract::try_to_store_copies(&store, &many).unwrap();
    assert_eq!(run(store.unspent_copies(&id, 999)).unwrap().len(), 100);
}

/// An older one leaves its digest.
#[test]
fn keeps_the_newest_thousand_requests() {
    let store = run(VaultStore::in_memory(&MemoryKeys::default(), Box::new(rng()), Arc::new(RustCrypto)));
    let store = store.unwrap();
    let kept = || -> Vec<bool> {
        let receipts = run(store.receipts()).unwrap().concat();
        receipts.iter().filter_map(|receipt| receipt.attachments.first()).map(Option::is_some).collect()
    };
    for number in 0..1_000_u32 {
        let request = RequestDigest(RustCrypto.sha256(&number.to_be_bytes()));
        contract::receipts::refuse_and_keep(&store, request);
    }
    assert_eq!(kept(), [true; 1_000]);
    for number in 1_000..1_002_u32 {
        let request = RequestDigest(RustCrypto.sha256(&number.to_be_bytes()));
        contract::receipts::refuse_and_keep(&store, request);
    }
    let (oldest, newest) = (&kept()[..2], &kept()[2..]);
    assert_eq!((oldest, newest), (&[false; 2][..], &[true; 1_000][..]));
    let receipts = run(store.receipts()).unwrap().remove(0);
    assert!(inro_evidence::UnverifiedChain::of(receipts).verify(&RustCrypto).is_ok());
}
