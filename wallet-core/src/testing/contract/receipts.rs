//! The part of a store's contract that keeps the history one chain.

use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_evidence::{Attachment, Event as ChainEvent, Head, UnverifiedChain, VerifiedChain};
use serde_json::Map;

use super::samples::{NOW, credential, entry, pending, put};
use crate::ports::{Store, StoreError};
use crate::records::{
    ChainEnd, CredentialId, Erase, Event, HistoryId, KeyId, NewCredential, NewHistoryEntry, NewReceipt,
    Outcome, PendingEnd, PendingId, RequestDigest,
};
use crate::testing::{SeededRng, run};

/// All of it.
pub(super) fn all(make: &dyn Fn() -> Box<dyn Store>) {
    keeps_receipts_in_their_order(&*make());
    writes_nothing_where_a_receipt_does_not_follow(&*make());
    erases_what_entries_say(&*make());
    keeps_the_key_that_signs(&*make());
}

fn keeps_receipts_in_their_order(store: &dyn Store) {
    assert_eq!(run(store.chain_end()).unwrap(), None);
    let first = next(store, b"request");
    let id = answer(store, 1, Some(first.clone())).unwrap();
    assert_eq!(run(store.chain_end()).unwrap(), Some(first.end));
    let outcome = next(store, b"");
    run(store.conclude(id, Outcome::Done, Some(&outcome))).unwrap();
    let alone = next(store, b"");
    run(store.extend_chain(&alone)).unwrap();
    let chains = run(store.receipts()).unwrap();
    assert_eq!(chains.len(), 1);
    let chain = verified(store);
    assert_eq!((chain.records().len(), chain.last()), (4, alone.end.head().unwrap().digest()));
    let receipts = chains.first().unwrap();
    let attachments = receipts.iter().map(|receipt| receipt.attachments.as_slice()).collect::<Vec<_>>();
    assert_eq!(attachments, [&[][..], &[Some(b"request".to_vec())], &[], &[]]);
    let seen: Vec<_> = run(store.history(9)).unwrap().iter().map(|entry| (entry.id, entry.receipt)).collect();
    assert_eq!(seen, [(id, Some(1))]);
    // One that was not signed stands beside them.
    answer(store, 2, None).unwrap();
    assert_eq!(run(store.history(1)).unwrap().first().unwrap().receipt, None);
}

fn writes_nothing_where_a_receipt_does_not_follow(store: &dyn Store) {
    put(store, credential("employee", &["a"])).unwrap();
    run(store.put_issued(&[], &[pending("first", 0, &["b"])])).unwrap();
    let stale = next(store, b"");
    let begun = answer(store, 1, Some(next(store, b""))).unwrap();
    let before = (run(store.history(9)).unwrap(), run(store.receipts()).unwrap());
    let moved = Err(StoreError::HistoryMoved);
    let stale_entry =
        || NewHistoryEntry { receipt: Some(stale.clone()), ..entry(Event::Deleted, Outcome::Done) };
    assert_eq!(answer(store, 2, Some(stale.clone())).map(drop), moved);
    assert!(!run(store.was_answered(&RequestDigest([2; 32]))).unwrap());
    let employee = CredentialId("employee".into());
    assert_eq!(run(store.remove_credential(&employee, &stale_entry())), moved);
    let role = NewCredential { entry: stale_entry(), ..credential("role", &["c"]) };
    assert_eq!(put(store, role).map(drop), moved);
    let waiting = PendingId("first".into());
    assert_eq!(run(store.end_pending(&waiting, PendingEnd::Over(&stale_entry()))).map(drop), moved);
    assert_eq!(run(store.conclude(begun, Outcome::Done, Some(&stale))), moved);
    assert_eq!(run(store.extend_chain(&stale)), moved);
    assert_eq!((run(store.history(9)).unwrap(), run(store.receipts()).unwrap()), before);
    assert!(run(store.credential(&employee)).unwrap().is_some());
    assert!(run(store.one_pending(&waiting)).unwrap().is_some());
    assert_eq!(run(store.credentials()).unwrap().len(), 1);
    // What follows is written.
    run(store.extend_chain(&next(store, b""))).unwrap();
}

fn erases_what_entries_say(store: &dyn Store) {
    let unsigned = answer(store, 1, None).unwrap();
    let begun = answer(store, 2, Some(next(store, b"request"))).unwrap();
    run(store.conclude(begun, Outcome::Done, Some(&next(store, b"")))).unwrap();
    let other = answer(store, 3, Some(next(store, b"request"))).unwrap();
    let last = verified(store).last();
    run(store.erase_history(Erase::Entry(begun))).unwrap();
    let seen = |store: &dyn Store| -> Vec<_> {
        run(store.history(9)).unwrap().iter().map(|entry| (entry.id, entry.event)).collect()
    };
    let (refused, erased) = (Event::Refused, Event::Erased);
    assert_eq!(seen(store), [(other, refused), (begun, erased), (unsigned, refused)]);
    let bodies = |store: &dyn Store| -> Vec<_> {
        run(store.receipts()).unwrap().concat().iter().map(|receipt| receipt.body.is_some()).collect()
    };
    assert_eq!(bodies(store), [false, false, false, true]);
    // What comes later of an erased entry is not told.
    run(store.conclude(begun, Outcome::Failed, Some(&next(store, b"")))).unwrap();
    assert_eq!((bodies(store).len(), verified(store).last()), (4, last));
    run(store.erase_history(Erase::Requests)).unwrap();
    let kept = run(store.receipts()).unwrap().concat().pop().unwrap();
    assert_eq!((kept.attachments, kept.body.is_some()), (vec![None], true));
    run(store.erase_history(Erase::Everything)).unwrap();
    assert_eq!(seen(store), [(other, erased), (begun, erased)]);
    assert_eq!(bodies(store), [false; 4]);
    assert_eq!(verified(store).last(), last);
    let gone = run(store.erase_history(Erase::Entry(unsigned)));
    assert_eq!(gone, Err(StoreError::NoSuchEntry));
}

fn keeps_the_key_that_signs(store: &dyn Store) {
    let (signer, other) = (KeyId("signer".into()), KeyId("other".into()));
    let keys = [signer.clone(), other.clone()];
    assert_eq!(run(store.unused_keys(&keys)).unwrap(), keys);
    answer(store, 1, Some(next(store, b""))).unwrap();
    assert_eq!(run(store.unused_keys(&keys)).unwrap(), [other]);
    assert_eq!(run(store.keys_in_use(None)).unwrap(), [signer]);
}

/// Stores a refusal of the request `name`.
fn answer(store: &dyn Store, name: u8, receipt: Option<NewReceipt>) -> Result<HistoryId, StoreError> {
    refuse(store, RequestDigest([name; 32]), receipt)
}

/// Stores a refusal of a request that was kept.
///
/// # Panics
/// Where the store fails.
#[cfg(test)]
pub(crate) fn refuse_and_keep(store: &dyn Store, request: RequestDigest) {
    refuse(store, request, Some(next(store, b"request"))).unwrap();
}

fn refuse(
    store: &dyn Store,
    request: RequestDigest,
    receipt: Option<NewReceipt>,
) -> Result<HistoryId, StoreError> {
    let entry = NewHistoryEntry { receipt, ..entry(Event::Refused, Outcome::Begun) };
    run(store.answer(&request, &[], NOW, None, &entry))
}

/// What comes next in the store's chain, after its opening where there is none; with an attachment unless it
/// is empty.
fn next(store: &dyn Store, attachment: &[u8]) -> NewReceipt {
    let key = SoftwareKey::from_secret_bytes(&[9; 32]).unwrap();
    let end = run(store.chain_end()).unwrap().map(|end| end.head().unwrap());
    let follows = end.as_ref().map(Head::digest);
    let rng = &mut SeededRng::new(1);
    let mut receipts = Vec::new();
    let head = end.unwrap_or_else(|| {
        let opening = Head::open(key.public_key(), None, NOW, rng);
        let (receipt, head) = opening.sign_with(&key, &RustCrypto).unwrap();
        receipts.push(receipt);
        head
    });
    let attachment = Attachment { kind: "request".into(), bytes: attachment.to_vec() };
    let attachments = Some(attachment).into_iter().filter(|attachment| !attachment.bytes.is_empty());
    let event =
        ChainEvent { name: "event".into(), of: None, detail: Map::new(), attachments: attachments.collect() };
    let unsigned = head.next(event, NOW, rng, &RustCrypto).unwrap();
    let (receipt, head) = unsigned.sign_with(&key, &RustCrypto).unwrap();
    receipts.push(receipt);
    NewReceipt { follows, receipts, end: ChainEnd::of(&head, KeyId("signer".into())) }
}

/// The one chain of the store.
fn verified(store: &dyn Store) -> VerifiedChain {
    let mut chains = run(store.receipts()).unwrap();
    assert_eq!(chains.len(), 1);
    UnverifiedChain::of(chains.remove(0)).verify(&RustCrypto).unwrap()
}
