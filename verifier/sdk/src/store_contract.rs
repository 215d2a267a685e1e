//! What every [`PresentationStore`] has to do, as a suite that any of them can be put through.
//!
//! Each case gets a fresh, empty store and panics where the store breaks its promise.

use std::thread;

use inro_base::{Code, RequestId, Rng, UnixTime};
use inro_openid4vp::ClientId;
use inro_openid4vp::profile::ResponseMode;
use inro_openid4vp::verifier::NewPresentation;
use serde_json::json;

use crate::policy::AcceptanceRules;
use crate::record::{PresentationRecord, PresentationResult, Status};
use crate::store::{PresentationStore, StoreError, Stored};

/// When the suite plays.
const NOW: UnixTime = UnixTime::from_secs(1_795_000_000);

/// How many presentations the stores of the suite may hold.
pub const LIMIT: usize = 3;

/// Puts a store through every case. `empty` makes a fresh one that may hold [`LIMIT`] presentations.
///
/// # Panics
/// Where the store breaks its promise.
pub fn check(empty: &dyn Fn() -> Box<dyn PresentationStore>) {
    takes_no_more_than_it_may_hold(empty().as_ref());
    keeps_what_was_inserted(empty().as_ref());
    answers_once(empty().as_ref());
    answers_once_under_concurrency(empty().as_ref());
    forgets_on_delete(empty().as_ref());
    forgets_what_has_passed_its_time(empty().as_ref());
}

fn keeps_what_was_inserted(store: &dyn PresentationStore) {
    insert(store, 1);
    insert(store, 2);
    let by_handle = store.by_handle(&handle(1), NOW).expect("a store that works");
    assert!(matches!(by_handle, Some(Stored::Waiting(record)) if record.id == id(1)));
    let by_id = store.by_id(&id(2), NOW).expect("a store that works");
    assert!(matches!(by_id, Some(Stored::Waiting(record)) if record.handle == handle(2)));
    // Neither name stands in for the other, and no third is known.
    assert!(store.by_id(&handle(1), NOW).expect("a store that works").is_none());
    assert!(store.by_handle(&id(1), NOW).expect("a store that works").is_none());
    assert!(store.by_id(&id(3), NOW).expect("a store that works").is_none());
}

fn takes_no_more_than_it_may_hold(store: &dyn PresentationStore) {
    for number in 1..=3 {
        insert(store, number);
    }
    let full = StoreError::Full { limit: LIMIT };
    assert_eq!(store.insert(record(4, id(4), NOW), NOW.plus(600), NOW), Err(full));
    assert!(store.by_id(&id(4), NOW).expect("a store that works").is_none());
    // What has passed its time makes room.
    let later = NOW.plus(600);
    assert_eq!(store.insert(record(4, id(4), later), later.plus(600), later), Ok(()));
}

fn answers_once(store: &dyn PresentationStore) {
    insert(store, 1);
    let (first, second) = (rejected(1), rejected(2));
    let answer = |result, code| store.answer(&id(1), result, code, NOW.plus(600), NOW);
    assert_eq!(answer(&first, Some("code")), Ok(true));
    assert_eq!(answer(&second, None), Ok(false));
    assert_eq!(store.answer(&id(9), &second, None, NOW.plus(600), NOW), Ok(false));
    for stored in [store.by_id(&id(1), NOW), store.by_handle(&handle(1), NOW)] {
        let Ok(Some(Stored::Answered { result, response_code })) = stored else {
            unreachable!("an answered presentation is told as answered")
        };
        assert_eq!((result, response_code.as_deref()), (first.clone(), Some("code")));
    }
}

fn answers_once_under_concurrency(store: &dyn PresentationStore) {
    const RIVALS: u8 = 8;
    insert(store, 1);
    let taken: usize = thread::scope(|scope| {
        let rivals: Vec<_> = (0..RIVALS)
            .map(|rival| {
                let result = rejected(rival);
                scope.spawn(move || store.answer(&id(1), &result, None, NOW.plus(600), NOW) == Ok(true))
            })
            .collect();
        rivals.into_iter().map(|rival| usize::from(rival.join().expect("a store does not panic"))).sum()
    });
    assert_eq!(taken, 1);
}

fn forgets_on_delete(store: &dyn PresentationStore) {
    insert(store, 1);
    assert_eq!(store.delete(&id(1), NOW), Ok(true));
    assert_eq!(store.delete(&id(1), NOW), Ok(false));
    assert!(store.by_id(&id(1), NOW).expect("a store that works").is_none());
    assert_eq!(store.answer(&id(1), &rejected(9), None, NOW.plus(600), NOW), Ok(false));
}

fn forgets_what_has_passed_its_time(store: &dyn PresentationStore) {
    insert(store, 1);
    insert(store, 2);
    assert_eq!(store.answer(&id(2), &rejected(3), None, NOW.plus(900), NOW), Ok(true));
    let later = NOW.plus(600);
    assert!(store.by_id(&id(1), later).expect("a store that works").is_none());
    assert!(store.by_handle(&handle(1), later).expect("a store that works").is_none());
    assert_eq!(store.answer(&id(1), &rejected(9), None, NOW.plus(900), later), Ok(false));
    assert_eq!(store.purge(later), Ok(1));
    assert_eq!(store.purge(later), Ok(0));
    assert!(store.by_id(&id(2), later).expect("a store that works").is_some());
}

/// "Random" bytes that are all the same.
struct Fixed(u8);

impl Rng for Fixed {
    fn fill(&mut self, destination: &mut [u8]) {
        destination.fill(self.0);
    }
}

fn id(number: u8) -> String {
    format!("id-{number}")
}

fn handle(number: u8) -> String {
    format!("handle-{number}")
}

/// Any two differ.
fn rejected(number: u8) -> PresentationResult {
    let request_id = RequestId::random(&mut Fixed(number));
    let result = PresentationResult::rejected(const { Code::new("INRO-VP-047") }, request_id);
    assert_eq!(result.status, Status::Rejected);
    result
}

/// Inserts one waiting presentation under `id`, which lives for ten minutes.
///
/// # Panics
/// When the store does not take it.
pub fn insert_one(store: &dyn PresentationStore, id: &str, now: UnixTime) {
    insert_as(store, 1, id.to_owned(), now);
}

fn insert(store: &dyn PresentationStore, number: u8) {
    insert_as(store, number, id(number), NOW);
}

fn insert_as(store: &dyn PresentationStore, number: u8, id: String, now: UnixTime) {
    assert_eq!(store.insert(record(number, id, now), now.plus(600), now), Ok(()));
}

fn record(number: u8, id: String, now: UnixTime) -> PresentationRecord {
    let awaiting = NewPresentation {
        client_id: ClientId::x509_hash(&[number; 32]),
        request_uri: "https://verifier.example/r".into(),
        response_uri: "https://verifier.example/p".into(),
        query: json!({ "credentials": [{
            "id": "a", "format": "dc+sd-jwt", "meta": { "vct_values": ["urn:inro:employee-id:1"] }
        }]}),
        purpose: None,
        response_mode: ResponseMode::DirectPostJwt,
        transaction_data: Vec::new(),
        lifetime: 300,
    }
    .start(now, &mut Fixed(number))
    .expect("a sound request");
    PresentationRecord {
        id,
        handle: handle(number),
        expires_at: now.plus(300),
        redirect_uri: None,
        rules: AcceptanceRules::default(),
        awaiting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    #[test]
    fn the_memory_store_keeps_its_promise() {
        check(&|| Box::new(MemoryStore::with_limit(LIMIT)));
    }
}
