//! To a new phone: history and settings, under a passphrase; first the unaltered file, then one thing altered.

use inro_base::Secret;
use inro_crypto::RustCrypto;
use inro_evidence::UnverifiedChain;

use super::issuer::{Script, link};
use super::pki::Authority;
use super::{Device, code};
use crate::ports::{HttpError, Store as _};
use crate::records::AnchorKind;
use crate::testing::run;
use crate::transfer_file::{Cost, TransferFile};
use crate::wallet::Wallet;

const CHEAP: Cost = Cost { memory: 64, passes: 1 };
/// Where the numbers stand in the file.
const MEMORY: usize = 9;
const PASSES: usize = 13;
const LANES: usize = 17;

struct Move {
    authority: Authority,
    file: Vec<u8>,
}

fn passphrase() -> Secret<String> {
    Secret::new("correct horse".to_owned())
}

/// An old phone with one credential, and its file.
fn leave() -> Move {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    let wallet = device.wallet(Script::honest(&authority).network());
    run(wallet.receive(&link(), None)).unwrap();
    let file = run(wallet.export_transfer(&passphrase(), CHEAP)).unwrap();
    Move { authority, file }
}

/// A new phone, which trusts somebody else so far.
fn arrive() -> (Device, Wallet) {
    let device = Device::trusting(&Authority::new("Other"));
    let wallet = device.wallet(|_| Err(HttpError::Unreachable));
    (device, wallet)
}

fn anchors(device: &Device) -> usize {
    run(device.store.anchors(AnchorKind::Issuer)).unwrap().len()
}

fn import(wallet: &Wallet, file: &[u8]) -> &'static str {
    code(run(wallet.import_transfer(file, &passphrase())))
}

#[test]
fn history_and_anchors_come_over_and_credentials_and_keys_do_not() {
    let Move { authority, file } = leave();
    let (device, wallet) = arrive();
    assert_eq!((import(&wallet, &file), anchors(&device)), ("accepted", 2));
    assert_eq!((run(wallet.list()).unwrap().len(), device.keys()), (0, 0));
    // New credentials come by the offer of an issuer that the old phone trusted.
    let wallet = device.wallet(Script::honest(&authority).network());
    run(wallet.receive(&link(), None)).unwrap();
    let bundles = run(wallet.export_history()).unwrap();
    let chain = |bundle: &Vec<u8>| UnverifiedChain::parse(bundle).unwrap().verify(&RustCrypto).unwrap();
    let [old, new] = bundles.iter().map(chain).collect::<Vec<_>>().try_into().ok().unwrap();
    assert_eq!(new.after(), Some(old.last()), "the new chain names the end of the old");
    // The file says nothing without the passphrase.
    let says = |text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!says("Minato") && !says("CERTIFICATE") && !says("issued"));
}

#[test]
fn a_wrong_passphrase_opens_nothing_and_changes_nothing() {
    let Move { file, .. } = leave();
    let (device, wallet) = arrive();
    let wrong = Secret::new("correct horsf".to_owned());
    assert_eq!(code(run(wallet.import_transfer(&file, &wrong))), "INRO-WALLET-113");
    assert_eq!(anchors(&device), 1);
    assert_eq!((import(&wallet, &file), anchors(&device)), ("accepted", 2));
}

#[test]
fn an_altered_or_truncated_file_is_refused_and_changes_nothing() {
    let Move { file, .. } = leave();
    let (device, wallet) = arrive();
    for at in [22, 30, 45, 49, 60, file.len() - 1] {
        let mut altered = file.clone();
        altered[at] ^= 1;
        assert_eq!(import(&wallet, &altered), "INRO-WALLET-113", "byte {at}");
    }
    for length in [0, 7, 8, 9, 20, 48] {
        assert_eq!(import(&wallet, &file[..length]), "INRO-WALLET-110", "cut to {length}");
    }
    assert_eq!(import(&wallet, &file[..file.len() - 1]), "INRO-WALLET-113");
    assert_eq!(anchors(&device), 1);
    assert_eq!(import(&wallet, &file), "accepted");
}

#[test]
fn a_file_that_asks_for_much_is_refused_before_anything_is_computed() {
    let Move { file, .. } = leave();
    for (at, number, refused) in [
        (MEMORY, u32::MAX, true),
        (MEMORY, (256 << 10) + 1, true),
        (MEMORY, 256 << 10, false),
        (PASSES, 17, true),
        (PASSES, 16, false),
        (LANES, 2, true),
        (LANES, 1, false),
    ] {
        let mut greedy = file.clone();
        greedy[at..at + 4].copy_from_slice(&number.to_be_bytes());
        let parsed = TransferFile::parse(&greedy);
        assert_eq!(parsed.is_err(), refused, "{at} {number}");
        if refused {
            assert_eq!(import(&arrive().1, &greedy), "INRO-WALLET-112");
        }
    }
    for at in [MEMORY, PASSES, LANES] {
        let mut nothing = file.clone();
        nothing[at..at + 4].fill(0);
        assert_eq!(import(&arrive().1, &nothing), "INRO-WALLET-110");
    }
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let Move { mut file, .. } = leave();
    file[8] = 2;
    assert_eq!(import(&arrive().1, &file), "INRO-WALLET-111");
    file[8] = 1;
    assert_eq!(import(&arrive().1, &file), "accepted");
}

#[test]
fn a_wallet_in_use_takes_no_transfer() {
    let Move { authority, file } = leave();
    let device = Device::trusting(&Authority::new("Other"));
    run(device.wallet(|_| Err(HttpError::Unreachable)).trust_add(AnchorKind::Issuer, &authority.pem))
        .unwrap();
    let wallet = device.wallet(Script::honest(&authority).network());
    run(wallet.receive(&link(), None)).unwrap();
    assert_eq!(import(&wallet, &file), "INRO-WALLET-114");
    let (_, twice) = arrive();
    assert_eq!(import(&twice, &file), "accepted");
    assert_eq!(import(&twice, &file), "INRO-WALLET-114");
}
