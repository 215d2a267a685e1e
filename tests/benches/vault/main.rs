//! How long the wallet takes with 100, 1,000 and 10,000 credentials in its vault, on disk with every commit
//! synced, and how much memory opening takes. Keys answer at once, and so does the network: what is measured
//! is the wallet alone.
//!
//! Prints one JSON line for each figure; `cargo xtask bench` makes `docs/benchmarks.md` of them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark that cannot go on stops here")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "../programs/mod.rs"]
#[expect(dead_code, reason = "other benchmarks need the rest")]
mod programs;

mod device;
mod holdings;
mod verifier;

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use device::{Device, run};
use holdings::{Holdings, TYPES};
use inro_base::Clock as _;
use inro_crypto::{Provider as _, RustCrypto, Signer as _, SoftwareKey};
use inro_evidence::{Attachment, Event as ChainEvent, Head};
use inro_wallet_cli::SystemRng;
use inro_wallet_core::{
    ChainEnd, Choice, Event, KeyId, Localized, NewHistoryEntry, NewReceipt, Outcome, RequestDigest, Store,
    Wallet,
};
use programs::{memory, print};
use verifier::Verifier;

/// Credentials, each in ten copies.
const SIZES: [u32; 3] = [100, 1_000, 10_000];
const OPENINGS: usize = 9;
const REVIEWS: usize = 101;
/// A credential has ten copies.
const PRESENTATIONS: usize = 9;
const APPENDS: usize = 201;
/// A signed request with its registration and certificates.
const REQUEST_BYTES: usize = 6_000;

/// In a process of its own, whose memory is that of a wallet just started.
const OPEN: &str = "open";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, what, path, size] = arguments.as_slice()
        && what == OPEN
    {
        return open_once(Path::new(path), size.parse().unwrap());
    }
    let verifier = Verifier::new();
    for size in SIZES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault");
        let holdings = Holdings::new(&verifier, size);
        let device = Device::new(&path, size);
        holdings.store(&device.open_store());
        print(&format!("vault/{size}/bytes of the file"), std::fs::metadata(&path).unwrap().len());
        openings(&path, size);
        let wallet = device.wallet(&verifier);
        reviews(&wallet, &verifier, size);
        presentations(&wallet, &verifier, size);
        drop(wallet);
        appends(&device.open_store(), size);
        syncs(folder.path(), size);
    }
}

/// Each in a process of its own.
fn openings(path: &Path, size: u32) {
    let (mut vault, mut wallet, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..OPENINGS {
        let arguments = [OPEN, path.to_str().unwrap(), &size.to_string()];
        let output = Command::new(std::env::current_exe().unwrap()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let numbers: Vec<u64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
        vault.push(numbers[0]);
        wallet.push(numbers[1]);
        bytes.push(numbers[2]);
    }
    print(&format!("vault/{size}/open the vault"), median(vault));
    print(&format!("vault/{size}/open the wallet"), median(wallet));
    print(&format!("vault/{size}/bytes of memory"), median(bytes));
}

/// Prints the nanoseconds to the open vault, those to the open wallet, and by how many bytes the process grew.
fn open_once(path: &Path, size: u32) {
    let device = Device::new(path, size);
    let before = memory("self", "VmRSS");
    let start = Instant::now();
    let store = device.open_store();
    let vault = start.elapsed();
    let wallet = device.wallet_over(store, None);
    let whole = start.elapsed();
    let grown = memory("self", "VmRSS").saturating_sub(before);
    assert_eq!(wallet.lost_copies(), []);
    println!("{} {} {grown}", vault.as_nanos(), whole.as_nanos());
}

/// From the link to what the holder is shown: the request is fetched, decoded, its signatures and its
/// registration are verified, and the credentials are searched. `types` of those that are held are asked for.
fn reviews(wallet: &Wallet, verifier: &Verifier, size: u32) {
    for (what, types) in [("one type", 1), ("all types", TYPES)] {
        verifier.ask(types, "dc+sd-jwt", "review");
        let times = (0..REVIEWS).map(|_| {
            let start = Instant::now();
            let reviewing = run(wallet.review(&verifier.link())).unwrap();
            let time = start.elapsed();
            assert!(reviewing.review().satisfiable);
            time
        });
        print(&format!("vault/{size}/review, {what}"), median(times.map(nanoseconds)));
    }
    verifier.ask(0, "dc+sd-jwt", "nothing");
    let times = (0..REVIEWS).map(|_| {
        let start = Instant::now();
        let reviewing = run(wallet.review(&verifier.link())).unwrap();
        let time = start.elapsed();
        assert!(!reviewing.review().satisfiable);
        time
    });
    print(&format!("vault/{size}/review, a type that is not held"), median(times.map(nanoseconds)));
}

/// From the holder's yes to the bytes that are posted, and on to the history's last word.
fn presentations(wallet: &Wallet, verifier: &Verifier, size: u32) {
    for format in ["dc+sd-jwt", "mso_mdoc"] {
        let (mut built, mut whole) = (Vec::new(), Vec::new());
        for number in 0..PRESENTATIONS {
            verifier.ask(1, format, &format!("{format} {number}"));
            let mut reviewing = run(wallet.review(&verifier.link())).unwrap();
            let choice = Choice::least(reviewing.review());
            let start = Instant::now();
            run(wallet.approve(&mut reviewing, choice)).unwrap();
            whole.push(nanoseconds(start.elapsed()));
            built.push(nanoseconds(verifier.answered_at().duration_since(start)));
        }
        print(&format!("vault/{size}/present {format}, until it is sent"), median(built));
        print(&format!("vault/{size}/present {format}, whole"), median(whole));
    }
}

/// One refused request: the receipt is signed and checked; then it, the request that was refused, an entry of the history, and
/// that the request was answered are written in one commit.
fn appends(store: &dyn Store, size: u32) {
    let now = device::Still.now();
    let key = SoftwareKey::generate(&mut SystemRng);
    let mut head = begin_chain(store, &key);
    let mut entry = NewHistoryEntry {
        event: Event::Refused,
        at: now,
        counterpart: Localized { en: "Welfare System".into(), ja: "福祉システム".into() },
        registered: true,
        items: Vec::new(),
        outcome: Outcome::Begun,
        receipt: None,
    };
    let mut times = Vec::new();
    for number in 0..APPENDS {
        let digest = RequestDigest(RustCrypto.sha256(&number.to_be_bytes()));
        let start = Instant::now();
        let request = Attachment { kind: "request".into(), bytes: vec![b'r'; REQUEST_BYTES] };
        let (name, detail) = ("refused".into(), serde_json::Map::new());
        let event = ChainEvent { name, of: None, detail, attachments: vec![request] };
        let follows = Some(head.digest());
        let unsigned = head.next(event, now, &mut SystemRng, &RustCrypto).unwrap();
        let (receipt, next) = unsigned.sign_with(&key, &RustCrypto).unwrap();
        entry.receipt =
            Some(NewReceipt { follows, receipts: vec![receipt], end: ChainEnd::of(&next, receipt_key()) });
        head = next;
        run(store.answer(&digest, &[], now, None, &entry)).unwrap();
        times.push(start.elapsed());
    }
    let times = times.into_iter();
    print(&format!("vault/{size}/append to the history"), median(times.map(nanoseconds)));
}

/// A chain of receipts that `key` signs, after the one that the presentations left.
fn begin_chain(store: &dyn Store, key: &SoftwareKey) -> Head {
    let follows = run(store.chain_end()).unwrap().map(|end| end.head().unwrap().digest());
    let opening = Head::open(key.public_key(), follows, device::Still.now(), &mut SystemRng);
    let (receipt, head) = opening.sign_with(key, &RustCrypto).unwrap();
    let end = ChainEnd::of(&head, receipt_key());
    run(store.extend_chain(&NewReceipt { follows, receipts: vec![receipt], end })).unwrap();
    head
}

fn receipt_key() -> KeyId {
    KeyId("receipts".into())
}

/// What the disk takes for as much as a commit writes.
fn syncs(folder: &Path, size: u32) {
    let file = File::create(folder.join("synced")).unwrap();
    let times = (0..APPENDS).map(|_| {
        let start = Instant::now();
        (&file).write_all(&[7; 8 * 4096]).unwrap();
        file.sync_data().unwrap();
        start.elapsed()
    });
    print(&format!("vault/{size}/sync a file"), median(times.map(nanoseconds)));
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap()
}

fn median(numbers: impl IntoIterator<Item = u64>) -> u64 {
    let mut numbers: Vec<u64> = numbers.into_iter().collect();
    numbers.sort_unstable();
    numbers[numbers.len() / 2]
}
