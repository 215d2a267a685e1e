//! What every implementation of a port must do. Call these from the implementation's own tests.
#![expect(clippy::unwrap_used, reason = "a test suite: a failure should stop it where it stands")]

pub(crate) mod receipts;
mod samples;

use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::{Clock, Coded as _, Rng, Secret, UnixTime};

use super::run;
use crate::keys::{Assurance, Custody, Gesture, Presence};
use crate::ports::{HttpError, Store, StoreError};
use crate::records::{
    AnchorKind, AnchorRecord, Copy, CopyId, CredentialBrief, CredentialId, CredentialRecord, Event, KeyId,
    LostCopies, NamedKind, NamedRecord, NewCopy, NewCredential, NewHistoryEntry, Outcome, PendingEnd,
    PendingId, PendingRecord, RequestDigest,
};
use samples::{NOW, credential, entry, pending, put, record};

pub use keys::{key_store, prompts};

mod keys;

/// The contract of [`Store`]. `make` gives a new, empty one.
///
/// # Panics
/// Where the contract is broken.
pub fn store(make: &dyn Fn() -> Box<dyn Store>) {
    keeps_each_anchor_once_per_kind(&*make());
    keeps_a_credential_with_its_copies(&*make());
    knows_how_the_keys_are_kept(&*make());
    replaces_a_credential_and_names_the_keys_left_over(&*make());
    stores_all_copies_or_none(&*make());
    spends_a_copy_once(&*make());
    answers_a_request_once(&*make());
    forgets_answered_requests_when_it_may(&*make());
    removes_a_credential_with_its_copies(&*make());
    keeps_the_history_newest_first(&*make());
    keeps_named_records_and_what_is_to_be_remembered_of_them(&*make());
    keeps_a_deferred_issuance_with_its_keys(&*make());
    ends_a_deferred_issuance_once(&*make());
    stores_what_came_and_what_was_deferred_or_neither(&*make());
    receipts::all(make);
    tells_of_every_credential_without_reading_it(&*make());
    names_the_keys_that_nothing_needs(&*make());
    drops_what_has_no_key(&*make());
    drops_what_has_a_dead_key(&*make());
}

/// The contract of [`crate::Http`]. `send` carries out one request to its end; the server at `url`
/// answers every `GET` with status 200 and the body `hello`.
///
/// # Panics
/// Where the contract is broken.
pub fn http(send: &dyn Fn(HttpRequest) -> Result<HttpResponse, HttpError>, url: &str) {
    let answer = send(HttpRequest::fetch(url, 5)).unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"hello".as_slice()));
    assert!(answer.headers.iter().all(|(name, _)| !name.bytes().any(|byte| byte.is_ascii_uppercase())));
    assert_eq!(send(HttpRequest::fetch(url, 4)).unwrap_err(), HttpError::TooLong { limit: 4 });
    let plain = url.replacen("https://", "http://", 1);
    assert_eq!(send(HttpRequest::fetch(plain, 5)).unwrap_err(), HttpError::NotHttps);
}

/// The contract of [`Rng`]: it fills everything, and not twice with the same.
///
/// # Panics
/// Where the contract is broken.
pub fn rng(rng: &mut dyn Rng) {
    let (one, two) = (rng.bytes::<64>(), rng.bytes::<64>());
    assert_ne!(one, two);
    for half in one.chunks(32) {
        assert!(half.iter().any(|byte| *byte != 0), "32 random bytes are not all zero");
    }
}

/// The contract of [`Clock`]: seconds since the Unix epoch, some time after this was written.
///
/// # Panics
/// Where the contract is broken.
pub fn clock(clock: &dyn Clock) {
    const WRITTEN: i64 = 1_795_000_000;
    const A_CENTURY: i64 = 100 * 366 * 86_400;
    let age = clock.now().as_secs() - WRITTEN;
    assert!((0..A_CENTURY).contains(&age), "{age} seconds after this was written");
}

/// Stores a credential whose one copy has `text`, and spends that copy.
///
/// # Panics
/// Where the store fails.
pub fn spend_one_copy(store: &dyn Store, text: &str) {
    let credential = NewCredential {
        record: record("employee"),
        copies: vec![NewCopy {
            text: Secret::new(text.to_owned()),
            key: KeyId("k".into()),
            assurance: Assurance::NONE,
        }],
        entry: entry(Event::Issued, Outcome::Done),
    };
    let id = credential.record.id.clone();
    run(store.put_credentials(&[credential])).unwrap();
    let copy = unspent(store, &id).unwrap();
    assert_eq!(copy.text.expose(), text);
    let begun = entry(Event::Presented, Outcome::Begun);
    run(store.answer(&RequestDigest([9; 32]), &[copy.id], NOW, None, &begun)).unwrap();
}

/// Stores a credential with one copy and names it.
///
/// # Panics
/// Where the store fails.
pub fn store_one_copy(store: &dyn Store) -> CredentialId {
    put(store, credential("employee", &["a"])).unwrap();
    CredentialId("employee".into())
}

/// Stores a deferred issuance.
///
/// # Panics
/// Where the store fails.
pub fn defer(store: &dyn Store) {
    run(store.put_issued(&[], &[pending("first", 0, &["a"])])).unwrap();
}

/// Spends `copy` in the answer to `request`.
///
/// # Errors
/// What the store says.
pub fn spend(store: &dyn Store, copy: CopyId, request: RequestDigest) -> Result<(), StoreError> {
    let begun = entry(Event::Presented, Outcome::Begun);
    run(store.answer(&request, &[copy], NOW, None, &begun)).map(|_| ())
}

/// Stores a credential with a copy for each of `keys`, and names it.
///
/// # Panics
/// Where the store fails.
pub fn store_copies(store: &dyn Store, keys: &[KeyId]) -> CredentialId {
    try_to_store_copies(store, keys).unwrap();
    CredentialId("employee".into())
}

/// The same.
///
/// # Errors
/// What the store says.
pub fn try_to_store_copies(store: &dyn Store, keys: &[KeyId]) -> Result<(), StoreError> {
    let names: Vec<&str> = keys.iter().map(|key| key.0.as_str()).collect();
    put(store, credential("employee", &names)).map(drop)
}

/// The name of a credential with a number.
pub fn numbered_credential(number: u64) -> CredentialId {
    CredentialId(format!("credential {number}"))
}

/// Stores it with a copy for each of `keys`.
///
/// # Panics
/// Where the store fails.
pub fn store_numbered(store: &dyn Store, number: u64, keys: &[KeyId]) {
    let names: Vec<&str> = keys.iter().map(|key| key.0.as_str()).collect();
    put(store, credential(&numbered_credential(number).0, &names)).unwrap();
}

/// Answers `request` at `now` with no copy.
///
/// # Panics
/// Where the store fails.
pub fn answer_at(store: &dyn Store, request: RequestDigest, now: UnixTime) {
    let refused = entry(Event::Refused, Outcome::Begun);
    run(store.answer(&request, &[], now, None, &refused)).unwrap();
}

/// Removes a credential.
///
/// # Panics
/// Where the store fails.
pub fn remove(store: &dyn Store, id: &CredentialId) {
    run(store.remove_credential(id, &entry(Event::Deleted, Outcome::Done))).unwrap();
}

/// Values that [`fill`] stores: claims and their names, names of people's, types, addresses, keys, dates.
pub const FILLED: [&str; 16] = [
    "みなと市",
    "agency",
    "所属機関",
    "Minato City",
    "Welfare System",
    "福祉システム",
    "urn:test:employee",
    "dc+sd-jwt",
    "https://issuer.example",
    "employee",
    "text of copy",
    "key-of-copy",
    "pem of an authority",
    "first",
    "1800000000",
    "1800000001",
];

/// Stores something of everything.
///
/// # Panics
/// Where the store fails.
pub fn fill(store: &dyn Store) {
    let pem = "pem of an authority".to_owned();
    run(store.add_anchor(&AnchorRecord { kind: AnchorKind::Issuer, pem, added_at: NOW })).unwrap();
    put(store, credential("employee", &["copy-1", "key-of-copy"])).unwrap();
    run(store.put_issued(&[], &[pending("first", 0, &["a"])])).unwrap();
    let copy = unspent(store, &CredentialId("employee".into())).unwrap();
    let begun = entry(Event::Presented, Outcome::Begun);
    let id = run(store.answer(&RequestDigest([1; 32]), &[copy.id], NOW, Some(NOW.plus(1)), &begun)).unwrap();
    run(store.conclude(id, Outcome::Done, None)).unwrap();
}

fn keeps_each_anchor_once_per_kind(store: &dyn Store) {
    let anchor = |kind, pem: &str| AnchorRecord { kind, pem: pem.to_owned(), added_at: NOW };
    for _ in 0..2 {
        run(store.add_anchor(&anchor(AnchorKind::Issuer, "A"))).unwrap();
        run(store.add_anchor(&anchor(AnchorKind::Issuer, "B"))).unwrap();
        run(store.add_anchor(&anchor(AnchorKind::Tls, "A"))).unwrap();
    }
    let issuers = [anchor(AnchorKind::Issuer, "A"), anchor(AnchorKind::Issuer, "B")];
    assert_eq!(run(store.anchors(AnchorKind::Issuer)).unwrap(), issuers);
    assert_eq!(run(store.anchors(AnchorKind::Tls)).unwrap(), [anchor(AnchorKind::Tls, "A")]);
    assert_eq!(run(store.anchors(AnchorKind::Verifier)).unwrap(), []);
}

fn keeps_a_credential_with_its_copies(store: &dyn Store) {
    let credential = || credential("employee", &["a", "b"]);
    assert_eq!(put(store, credential()).unwrap(), []);
    let record = credential().record;
    let stored = run(store.credential(&record.id)).unwrap().unwrap();
    assert_eq!(stored, CredentialRecord { copies: 2, ..credential().record });
    assert_eq!(run(store.credentials()).unwrap(), [stored]);
    assert_eq!(run(store.keys_in_use(None)).unwrap(), [KeyId("a".into()), KeyId("b".into())]);
    assert_eq!(run(store.history(9)).unwrap().len(), 1);
    assert!(run(store.credential(&CredentialId("other".into()))).unwrap().is_none());
    assert!(unspent(store, &CredentialId("other".into())).is_none());
    assert_eq!(run(store.unspent_copies(&record.id, 9)).unwrap().len(), 2);
}

fn replaces_a_credential_and_names_the_keys_left_over(store: &dyn Store) {
    put(store, credential("employee", &["a", "b"])).unwrap();
    put(store, credential("role", &["x"])).unwrap();
    let replaced = put(store, credential("employee", &["c"])).unwrap();
    assert_eq!(replaced, [KeyId("a".into()), KeyId("b".into())]);
    let employee = CredentialId("employee".into());
    assert_eq!(run(store.keys_in_use(Some(&employee))).unwrap(), [KeyId("c".into())]);
    assert_eq!(run(store.credentials()).unwrap().len(), 2);
}

fn knows_how_the_keys_are_kept(store: &dyn Store) {
    let biometrics = Presence::EachUse { by: Gesture::Biometrics };
    let unlock = Presence::Within { seconds: 60, by: Gesture::Unlock };
    let strong = Assurance { custody: Custody::SecureElement, presence: biometrics };
    let other = Assurance { custody: Custody::TrustedEnvironment, presence: unlock };
    let mut new = credential("employee", &["a", "b"]);
    new.copies.iter_mut().zip([strong, other]).for_each(|(copy, assurance)| copy.assurance = assurance);
    put(store, new).unwrap();
    let id = CredentialId("employee".into());
    let copies = run(store.unspent_copies(&id, 9)).unwrap();
    assert_eq!(copies.iter().map(|copy| copy.assurance).collect::<Vec<_>>(), [strong, other]);
    let shown = || run(store.credential(&id)).unwrap().unwrap().assurance;
    assert_eq!(shown(), Assurance { custody: Custody::TrustedEnvironment, presence: unlock });
    put(store, credential("employee", &["c"])).unwrap();
    assert_eq!(shown(), Assurance::NONE);
}

fn stores_all_copies_or_none(store: &dyn Store) {
    let twice_the_same_key = credential("employee", &["a", "b", "a"]);
    assert!(put(store, twice_the_same_key).is_err());
    assert_eq!(run(store.credentials()).unwrap(), []);
    assert_eq!(run(store.keys_in_use(None)).unwrap(), []);
    assert_eq!(run(store.history(9)).unwrap(), []);
    let second_fails = [credential("role", &["x"]), credential("employee", &["x"])];
    assert!(run(store.put_credentials(&second_fails)).is_err());
    assert_eq!(run(store.credentials()).unwrap(), []);
}

fn spends_a_copy_once(store: &dyn Store) {
    let employee = CredentialId("employee".into());
    let begun = entry(Event::Presented, Outcome::Begun);
    put(store, credential("employee", &["a", "b"])).unwrap();
    let first = unspent(store, &employee).unwrap();
    run(store.answer(&RequestDigest([1; 32]), &[first.id], NOW, None, &begun)).unwrap();
    let second = unspent(store, &employee).unwrap();
    assert_ne!(first.id, second.id);
    assert_ne!(first.key, second.key);

    let again =
        run(store.answer(&RequestDigest([2; 32]), &[second.id, first.id], NOW, None, &begun)).unwrap_err();
    assert_eq!(again, StoreError::Spent);
    assert!(!run(store.was_answered(&RequestDigest([2; 32]))).unwrap());
    assert_eq!(unspent(store, &employee).unwrap().id, second.id);

    run(store.answer(&RequestDigest([2; 32]), &[second.id], NOW, None, &begun)).unwrap();
    assert!(unspent(store, &employee).is_none());
    assert_eq!(run(store.keys_in_use(None)).unwrap(), []);
    assert_eq!(run(store.credential(&employee)).unwrap().unwrap().copies, 0);
    let unknown = run(store.answer(&RequestDigest([3; 32]), &[CopyId(-1)], NOW, None, &begun)).unwrap_err();
    assert_eq!(unknown, StoreError::Spent);
}

fn answers_a_request_once(store: &dyn Store) {
    let request = RequestDigest([1; 32]);
    let refused = entry(Event::Refused, Outcome::Begun);
    assert!(!run(store.was_answered(&request)).unwrap());
    run(store.answer(&request, &[], NOW, None, &refused)).unwrap();
    assert!(run(store.was_answered(&request)).unwrap());
    let again = run(store.answer(&request, &[], NOW, None, &refused)).unwrap_err();
    assert_eq!(again.code().as_str(), "INRO-WALLET-020");
    assert_eq!(run(store.history(9)).unwrap().len(), 1);
    run(store.answer(&RequestDigest([2; 32]), &[], NOW, None, &refused)).unwrap();
}

fn forgets_answered_requests_when_it_may(store: &dyn Store) {
    let refused = entry(Event::Refused, Outcome::Begun);
    let answer = |name: u8, now, keep_until| {
        run(store.answer(&RequestDigest([name; 32]), &[], now, keep_until, &refused)).unwrap();
    };
    let answered = |name: u8| run(store.was_answered(&RequestDigest([name; 32]))).unwrap();
    answer(1, NOW, None);
    answer(2, NOW, Some(NOW.plus(10)));
    answer(3, NOW.plus(9), Some(NOW.plus(19)));
    assert_eq!([answered(1), answered(2), answered(3)], [true, true, true]);
    answer(4, NOW.plus(10), None);
    assert_eq!([answered(1), answered(2), answered(3)], [true, false, true]);
}

fn removes_a_credential_with_its_copies(store: &dyn Store) {
    let deleted = entry(Event::Deleted, Outcome::Done);
    put(store, credential("employee", &["a"])).unwrap();
    put(store, credential("role", &["b"])).unwrap();
    run(store.remove_credential(&CredentialId("employee".into()), &deleted)).unwrap();
    assert_eq!(run(store.keys_in_use(None)).unwrap(), [KeyId("b".into())]);
    let left = run(store.credentials()).unwrap();
    assert_eq!(left.iter().map(|record| record.id.0.as_str()).collect::<Vec<_>>(), ["role"]);
    let again = run(store.remove_credential(&CredentialId("employee".into()), &deleted)).unwrap_err();
    assert_eq!(again, StoreError::NoSuchCredential);
    assert_eq!(run(store.history(9)).unwrap().len(), 3);
}

fn keeps_the_history_newest_first(store: &dyn Store) {
    put(store, credential("employee", &["a"])).unwrap();
    let begun = entry(Event::Presented, Outcome::Begun);
    let id = run(store.answer(&RequestDigest([1; 32]), &[], NOW, None, &begun)).unwrap();
    assert_eq!(run(store.history(9)).unwrap().first().unwrap().outcome, Outcome::Begun);
    run(store.conclude(id, Outcome::Done, None)).unwrap();
    let history = run(store.history(9)).unwrap();
    assert_eq!(history.iter().map(|e| e.event).collect::<Vec<_>>(), [Event::Presented, Event::Issued]);
    assert_eq!(history.iter().map(|e| e.outcome).collect::<Vec<_>>(), [Outcome::Done, Outcome::Done]);
    let newest = history.first().unwrap();
    assert_eq!((&newest.counterpart, newest.at, newest.registered), (&begun.counterpart, begun.at, true));
    assert_eq!(newest.items, begun.items);
    assert_eq!(run(store.history(1)).unwrap().len(), 1);
}

fn keeps_named_records_and_what_is_to_be_remembered_of_them(store: &dyn Store) {
    let put = |name: &str, content: Option<&[u8]>, entry: Option<&NewHistoryEntry>| {
        run(store.put_named(NamedKind::Consent, name, content, entry)).unwrap();
    };
    let all = || run(store.named(NamedKind::Consent)).unwrap();
    let record =
        |name: &str, content: &[u8]| NamedRecord { name: name.to_owned(), content: content.to_vec() };
    assert_eq!(all(), []);
    put("second", Some(b"2"), None);
    put("first", Some(b"1"), Some(&entry(Event::Consented, Outcome::Done)));
    assert_eq!(all(), [record("first", b"1"), record("second", b"2")]);
    put("first", Some(b"another"), Some(&entry(Event::Withdrawn, Outcome::Done)));
    assert_eq!(all(), [record("first", b"another"), record("second", b"2")]);
    put("second", None, None);
    put("unheard-of", None, None);
    assert_eq!(all(), [record("first", b"another")]);
    let events: Vec<_> = run(store.history(9)).unwrap().iter().map(|entry| entry.event).collect();
    assert_eq!(events, [Event::Withdrawn, Event::Consented]);
}

fn keeps_a_deferred_issuance_with_its_keys(store: &dyn Store) {
    run(store.put_issued(&[], &[pending("first", 0, &["a", "b"]), pending("second", 1, &["c"])])).unwrap();
    let names =
        |records: Vec<PendingRecord>| records.into_iter().map(|record| record.id.0).collect::<Vec<_>>();
    assert_eq!(names(run(store.pending()).unwrap()), ["first", "second"]);
    let (id, expected) = (PendingId("first".into()), pending("first", 0, &["a", "b"]));
    let kept = run(store.one_pending(&id)).unwrap().unwrap();
    assert_eq!((&kept.record, &kept.ticket), (&expected.record, &expected.ticket));
    assert_eq!((&kept.keys, &kept.dpop_key), (&expected.keys, &expected.dpop_key));
    let keys = |names: &[&str]| names.iter().map(|name| KeyId((*name).into())).collect::<Vec<_>>();
    // Two that share the key of their token.
    assert_eq!(run(store.keys_in_use(None)).unwrap(), keys(&["a", "b", "c", "dpop"]));
    assert_eq!(run(store.keys_in_use(Some(&CredentialId("employee".into())))).unwrap(), []);
    run(store.postpone(&id, NOW.plus(99))).unwrap();
    assert_eq!(run(store.one_pending(&id)).unwrap().unwrap().record.retry_at, NOW.plus(99));
    let unknown = PendingId("unheard-of".into());
    assert!(run(store.one_pending(&unknown)).unwrap().is_none());
    assert_eq!(run(store.postpone(&unknown, NOW)).unwrap_err(), StoreError::NoSuchPending);
}

fn ends_a_deferred_issuance_once(store: &dyn Store) {
    run(store.put_issued(&[], &[pending("first", 0, &["a"]), pending("second", 1, &["b"])])).unwrap();
    put(store, credential("employee", &["old"])).unwrap();
    let (first, second) = (PendingId("first".into()), PendingId("second".into()));
    let came = credential("employee", &["a"]);
    let replaced = run(store.end_pending(&first, PendingEnd::Received(&came))).unwrap();
    assert_eq!(replaced, [KeyId("old".into())]);
    assert_eq!(run(store.credential(&came.record.id)).unwrap().unwrap().copies, 1);
    let failed = entry(Event::Issued, Outcome::Failed);
    assert_eq!(run(store.end_pending(&second, PendingEnd::Over(&failed))).unwrap(), []);
    for id in [&first, &second] {
        let again = run(store.end_pending(id, PendingEnd::Received(&came))).unwrap_err();
        assert_eq!(again, StoreError::NoSuchPending);
    }
    assert_eq!(run(store.history(9)).unwrap().len(), 3);
    assert_eq!(run(store.keys_in_use(None)).unwrap(), [KeyId("a".into())]);
    assert_eq!(run(store.pending()).unwrap(), []);
}

fn stores_what_came_and_what_was_deferred_or_neither(store: &dyn Store) {
    let twice_the_same_key = [pending("first", 0, &["a"]), pending("second", 0, &["a"])];
    assert!(run(store.put_issued(&[credential("employee", &["x"])], &twice_the_same_key)).is_err());
    assert_eq!(run(store.credentials()).unwrap(), []);
    assert_eq!(run(store.pending()).unwrap(), []);
    assert_eq!(run(store.keys_in_use(None)).unwrap(), []);
}

fn tells_of_every_credential_without_reading_it(store: &dyn Store) {
    assert_eq!(run(store.briefs()).unwrap(), []);
    put(store, credential("employee", &["a"])).unwrap();
    put(store, credential("role", &["b"])).unwrap();
    put(store, credential("employee", &["c"])).unwrap();
    let brief = |id: &str| CredentialBrief {
        id: CredentialId(id.into()),
        vct: format!("urn:test:{id}"),
        format: "dc+sd-jwt".into(),
        expires_at: Some(NOW.plus(1)),
    };
    assert_eq!(run(store.briefs()).unwrap(), [brief("role"), brief("employee")]);
}

fn names_the_keys_that_nothing_needs(store: &dyn Store) {
    put(store, credential("employee", &["a", "b"])).unwrap();
    run(store.put_issued(&[], &[pending("first", 0, &["c"])])).unwrap();
    let keys = |names: &[&str]| names.iter().map(|name| KeyId((*name).into())).collect::<Vec<_>>();
    let unused = |names: &[&str]| run(store.unused_keys(&keys(names))).unwrap();
    assert_eq!(unused(&["z", "a", "b", "c", "dpop", "wrapping", "y"]), keys(&["z", "y"]));
    let first = unspent(store, &CredentialId("employee".into())).unwrap();
    spend(store, first.id, RequestDigest([1; 32])).unwrap();
    assert_eq!(unused(&["a", "b"]), [first.key]);
}

fn drops_what_has_no_key(store: &dyn Store) {
    put(store, credential("employee", &["a", "b", "c"])).unwrap();
    put(store, credential("role", &["x"])).unwrap();
    run(store.put_issued(&[], &[pending("first", 0, &["p"]), pending("second", 1, &["q"])])).unwrap();
    let all = ["a", "b", "c", "x", "p", "q", "dpop", "wrapping"];
    let keys = |gone: &[&str]| {
        all.iter().filter(|name| !gone.contains(*name)).map(|name| KeyId((*name).into())).collect::<Vec<_>>()
    };
    assert_eq!(run(store.drop_keyless(&keys(&[]), NOW)).unwrap(), []);
    assert_eq!(run(store.history(9)).unwrap().len(), 2);

    let lost = run(store.drop_keyless(&keys(&["a", "c", "q"]), NOW)).unwrap();
    assert_eq!(lost, [LostCopies { credential: CredentialId("employee".into()), copies: 2 }]);
    let left = ["b", "x", "dpop", "p"].map(|name| KeyId(name.into()));
    assert_eq!(run(store.keys_in_use(None)).unwrap(), left);
    let events = run(store.history(9)).unwrap();
    let newest: Vec<_> = events.iter().take(2).map(|entry| (entry.event, entry.outcome)).collect();
    assert_eq!(newest, [(Event::Lost, Outcome::Done), (Event::Issued, Outcome::Failed)]);
    assert_eq!(run(store.drop_keyless(&keys(&["a", "c", "q"]), NOW)).unwrap(), []);

    // Without the key of its token, or what opens that token, nothing can be collected.
    run(store.drop_keyless(&keys(&["a", "c", "dpop"]), NOW)).unwrap();
    assert_eq!(run(store.pending()).unwrap(), []);
    run(store.put_issued(&[], &[pending("third", 2, &["p"])])).unwrap();
    run(store.drop_keyless(&keys(&["a", "c"]), NOW)).unwrap();
    assert_eq!(run(store.pending()).unwrap().len(), 1);
    run(store.drop_keyless(&keys(&["a", "c", "wrapping"]), NOW)).unwrap();
    assert_eq!(run(store.pending()).unwrap(), []);
    assert_eq!(run(store.credentials()).unwrap().len(), 2, "the records stay, for a re-issuance");
}

fn drops_what_has_a_dead_key(store: &dyn Store) {
    put(store, credential("employee", &["a", "b", "c"])).unwrap();
    run(store.put_issued(&[], &[pending("first", 0, &["p"]), pending("second", 1, &["q"])])).unwrap();
    let keys = |names: &[&str]| names.iter().map(|name| KeyId((*name).into())).collect::<Vec<_>>();
    assert_eq!(run(store.drop_dead(&keys(&["z"]), NOW)).unwrap(), []);
    assert_eq!(run(store.history(9)).unwrap().len(), 1);
    let lost = run(store.drop_dead(&keys(&["z", "b", "q"]), NOW)).unwrap();
    assert_eq!(lost, [LostCopies { credential: CredentialId("employee".into()), copies: 1 }]);
    assert_eq!(run(store.keys_in_use(None)).unwrap(), keys(&["a", "c", "dpop", "p"]));
    let events = run(store.history(9)).unwrap();
    let newest: Vec<_> = events.iter().take(2).map(|entry| (entry.event, entry.outcome)).collect();
    assert_eq!(newest, [(Event::Lost, Outcome::Done), (Event::Issued, Outcome::Failed)]);
}

fn unspent(store: &dyn Store, id: &CredentialId) -> Option<Copy> {
    run(store.unspent_copies(id, 1)).unwrap().pop()
}
