//! What an issuer defers, across restarts, and what it is told.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use inro_base::Coded as _;
use inro_base::http::{HttpRequest, HttpResponse};
use serde_json::json;

use super::issuer::{Later, Script, link};
use super::pki::Authority;
use super::{Device, code};
use crate::collect::Collected;
use crate::error::WalletError;
use crate::keys::{Custody, KeyStore as _};
use crate::ports::{Boxed, Http, HttpError, Store as _};
use crate::records::{CredentialRecord, Event, Outcome};
use crate::testing::{ScriptedHttp, run};
use crate::ticket;
use crate::wallet::Wallet;

/// The keys of three copies, of the access token, and the one that wraps it.
const WAITING_KEYS: usize = 5;

/// A device that received an offer which was deferred.
struct Waiting {
    authority: Authority,
    device: Device,
    later: Later,
}

impl Waiting {
    fn new() -> Self {
        Self::with_keys_in(Custody::Software)
    }

    fn with_keys_in(custody: Custody) -> Self {
        let authority = Authority::new("Trusted");
        let device = Device::trusting(&authority);
        device.keys.keep_in(custody);
        let waiting = Self { authority, device, later: Later::default() };
        waiting.later.set(|later| later.defers = true);
        let receipt = run(waiting.wallet(|_| {}).receive(&link(), None)).unwrap();
        assert_eq!((receipt.credentials.len(), receipt.pending.len()), (0, 1));
        let pending = &receipt.pending[0];
        assert_eq!((pending.type_id.as_str(), pending.name.en.as_str()), (super::issuer::VCT, "Employee ID"));
        assert_eq!(pending.retry_at, super::NOW.plus(61));
        // Three copies and the key that the token is bound to.
        assert_eq!((waiting.device.copies(), waiting.device.keys()), (0, WAITING_KEYS));
        waiting
    }

    /// The engine opened anew, as after a restart.
    fn wallet(&self, alter: impl FnOnce(&mut Script)) -> Wallet {
        let mut script = Script::honest(&self.authority).with_later();
        script.later = self.later.clone();
        alter(&mut script);
        self.device.wallet(script.network())
    }

    /// The same over a network that keeps each request waiting.
    fn slow_wallet(&self) -> Wallet {
        let mut script = Script::honest(&self.authority).with_later();
        script.later = self.later.clone();
        let network = ScriptedHttp::new(self.device.journal.clone(), script.network());
        self.device.wallet_over(Arc::new(Slow(network)))
    }

    fn wait(&self, seconds: i64) {
        self.device.clock.advance(seconds);
    }

    fn collect(&self) -> Vec<Collected> {
        run(self.wallet(|_| {}).collect()).unwrap()
    }

    fn one(&self) -> Result<Option<CredentialRecord>, WalletError> {
        self.collect().remove(0).outcome
    }

    fn pending(&self) -> usize {
        run(self.device.store.pending()).unwrap().len()
    }
}

#[test]
fn a_deferred_credential_says_how_its_keys_were_kept_when_they_were_made() {
    let waiting = Waiting::with_keys_in(Custody::TrustedEnvironment);
    waiting.device.keys.keep_in(Custody::SecureElement);
    waiting.later.set(|later| later.decision = Some(Ok(())));
    waiting.wait(61);
    let record = waiting.one().unwrap().unwrap();
    assert_eq!((record.copies, record.assurance.custody), (3, Custody::TrustedEnvironment));
}

#[test]
fn collects_after_a_restart_with_the_keys_that_were_sent() {
    let waiting = Waiting::new();
    waiting.later.set(|later| later.decision = Some(Ok(())));
    waiting.wait(61);
    let record = waiting.one().unwrap().unwrap();
    assert_eq!((record.copies, waiting.device.keys(), waiting.pending()), (3, 3, 0));
    assert!(waiting.collect().is_empty());
    let history = run(waiting.device.store.history(9)).unwrap();
    assert_eq!((history[0].event, history[0].outcome, history.len()), (Event::Issued, Outcome::Done, 1));
}

#[test]
fn asks_no_sooner_than_the_issuer_wants_and_keeps_the_keys_meanwhile() {
    let waiting = Waiting::new();
    waiting.wait(60);
    let before = waiting.device.journal.lines().len();
    assert!(waiting.one().unwrap().is_none());
    assert_eq!(waiting.device.journal.lines().len(), before, "something was asked too early");
    waiting.wait(1);
    let collected = waiting.collect().remove(0);
    assert!(collected.outcome.unwrap().is_none());
    assert_eq!(collected.pending.retry_at, super::NOW.plus(162));
    assert_eq!((waiting.device.keys(), waiting.pending()), (WAITING_KEYS, 1));
    waiting.later.set(|later| later.decision = Some(Ok(())));
    waiting.wait(101);
    assert_eq!(waiting.one().unwrap().unwrap().copies, 3);
}

#[test]
fn forgets_what_was_declined_with_its_keys() {
    for error in ["credential_request_denied", "invalid_transaction_id"] {
        let waiting = Waiting::new();
        waiting.later.set(|later| later.decision = Some(Err(error)));
        waiting.wait(61);
        let refused = waiting.one().unwrap_err();
        assert_eq!((refused.code().as_str(), refused.is_over()), ("INRO-VCI-083", true));
        assert_eq!((waiting.device.keys(), waiting.pending(), waiting.device.copies()), (0, 0, 0));
        let history = run(waiting.device.store.history(9)).unwrap();
        assert_eq!((history[0].event, history[0].outcome), (Event::Issued, Outcome::Failed));
    }
}

#[test]
fn keeps_what_could_not_be_asked_for() {
    let waiting = Waiting::new();
    waiting.later.set(|later| later.decision = Some(Err("server_error")));
    waiting.wait(61);
    let failed = waiting.one().unwrap_err();
    assert_eq!((failed.code().as_str(), failed.is_over()), ("INRO-VCI-014", false));
    for request in 0..2 {
        let wallet = waiting.wallet(|script| script.cut_at = Some(request));
        let cut = run(wallet.collect()).unwrap().remove(0);
        assert!(!cut.over);
        assert_eq!(code(cut.outcome), "INRO-WALLET-011");
        assert_eq!((waiting.device.keys(), waiting.pending()), (WAITING_KEYS, 1));
    }
    waiting.later.set(|later| later.decision = Some(Ok(())));
    assert_eq!(waiting.one().unwrap().unwrap().copies, 3);
}

#[test]
fn what_comes_late_is_checked_like_what_comes_at_once() {
    let waiting = Waiting::new();
    waiting.later.set(|later| {
        later.decision = Some(Ok(()));
        later.notification_id = Some("n");
    });
    waiting.wait(61);
    let wallet = waiting.wallet(|script| script.copies = |plans| plans[1].key = plans[0].key);
    let refused = run(wallet.collect()).unwrap().remove(0);
    assert!(refused.over);
    assert_eq!(code(refused.outcome), "INRO-WALLET-033");
    assert_eq!(waiting.later.told(), [json!({ "notification_id": "n", "event": "credential_failure" })]);
    // The issuer gives it once, so there is nothing left to wait for.
    assert_eq!((waiting.device.keys(), waiting.pending(), waiting.device.copies()), (0, 0, 0));
}

#[test]
fn no_token_stands_in_the_store() {
    let waiting = Waiting::new();
    let id = run(waiting.device.store.pending()).unwrap().remove(0).id;
    let kept = run(waiting.device.store.one_pending(&id)).unwrap().unwrap();
    assert!(!kept.ticket.windows(7).any(|window| window == b"a-token"));
    let (key, wrapped) = ticket::split(&kept.ticket);
    let opened = run(waiting.device.keys.unwrap(&key, wrapped)).unwrap();
    assert!(opened.expose().windows(7).any(|window| window == b"a-token"));
}

/// Receives from an issuer that wants to know, and gives what it was told.
fn told(statuses: &[u16], alter: impl FnOnce(&mut Script)) -> (&'static str, u32, Vec<serde_json::Value>) {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    let mut script = Script::honest(&authority).with_later();
    alter(&mut script);
    let later = script.later.clone();
    later.set(|later| {
        later.notification_id = Some("n");
        later.notification_statuses = statuses.to_vec();
    });
    let wallet = device.wallet(script.network());
    (code(run(wallet.receive(&link(), None))), device.copies(), later.told())
}

#[test]
fn tells_the_issuer_what_was_stored_and_what_was_refused() {
    let accepted = json!({ "notification_id": "n", "event": "credential_accepted" });
    assert_eq!(told(&[], |_| {}), ("accepted", 3, vec![accepted]));
    let failure = json!({ "notification_id": "n", "event": "credential_failure" });
    let refused = told(&[], |script| script.copies = |plans| plans[1].key = plans[0].key);
    assert_eq!(refused, ("INRO-WALLET-033", 0, vec![failure]));
}

#[test]
fn a_notification_that_fails_never_loses_a_credential() {
    for (statuses, times) in [(vec![500], 1), (vec![400], 1), (vec![401, 204], 2), (vec![401], 2)] {
        let (outcome, copies, told) = told(&statuses, |_| {});
        assert_eq!((outcome, copies, told.len()), ("accepted", 3, times), "{statuses:?}");
    }
    // The eighth request is the notification.
    let (outcome, copies, told) = told(&[], |script| script.cut_at = Some(7));
    assert_eq!((outcome, copies, told.len()), ("accepted", 3, 0));
}

#[test]
fn a_second_engine_finds_what_the_first_has_collected() {
    let waiting = Waiting::new();
    waiting.later.set(|later| later.decision = Some(Ok(())));
    waiting.wait(61);
    let store = Arc::clone(&waiting.device.store);
    let id = run(store.pending()).unwrap().remove(0).id;
    assert_eq!(waiting.one().unwrap().unwrap().copies, 3);
    let entry = run(store.history(1)).unwrap().remove(0);
    let entry = crate::records::NewHistoryEntry {
        event: entry.event,
        at: entry.at,
        counterpart: entry.counterpart,
        registered: entry.registered,
        items: entry.items,
        outcome: entry.outcome,
        receipt: None,
    };
    let again = run(store.end_pending(&id, crate::records::PendingEnd::Over(&entry))).unwrap_err();
    assert_eq!(again.code().as_str(), "INRO-WALLET-081");
}

/// A network that is away for one poll before each answer, so that two calls can be woven.
struct Slow(ScriptedHttp);

impl Http for Slow {
    fn send(&self, request: HttpRequest) -> Boxed<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            let mut waited = false;
            poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending })
                .await;
            self.0.send(request).await
        })
    }
}

/// Polls until it is done.
fn finish<T>(mut future: Pin<&mut impl Future<Output = T>>) -> T {
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}

#[test]
fn of_two_calls_at_once_one_collects_and_nothing_is_lost() {
    let waiting = Waiting::new();
    waiting.later.set(|later| later.decision = Some(Ok(())));
    waiting.wait(61);
    let wallet = waiting.slow_wallet();
    let mut context = Context::from_waker(Waker::noop());
    let mut first = pin!(wallet.collect());
    assert!(first.as_mut().poll(&mut context).is_pending());
    let second = run(wallet.collect()).unwrap().remove(0);
    assert!(second.outcome.unwrap().is_none() && !second.over);
    let collected = finish(first.as_mut()).unwrap().remove(0);
    assert_eq!(collected.outcome.unwrap().unwrap().copies, 3);
    assert_eq!((waiting.device.keys(), waiting.pending()), (3, 0));
}

#[test]
fn a_call_that_is_cancelled_leaves_its_turn_to_the_next() {
    let waiting = Waiting::new();
    waiting.later.set(|later| later.decision = Some(Ok(())));
    waiting.wait(61);
    let wallet = waiting.slow_wallet();
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut cancelled = pin!(wallet.collect());
        assert!(cancelled.as_mut().poll(&mut context).is_pending());
    }
    let collected = finish(pin!(wallet.collect())).unwrap().remove(0);
    assert_eq!(collected.outcome.unwrap().unwrap().copies, 3);
}

#[test]
fn of_two_calls_at_once_the_second_to_come_asks_no_sooner_than_the_first_was_told() {
    let waiting = Waiting::new();
    run(waiting.wallet(|_| {}).receive(&link(), None)).unwrap();
    assert_eq!(waiting.pending(), 2);
    waiting.wait(61);
    let asked = || waiting.device.journal.lines().iter().filter(|line| line.contains("/deferred")).count();
    let wallet = waiting.slow_wallet();
    let mut first = pin!(wallet.collect());
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(finish(pin!(wallet.collect())).unwrap().len(), 2);
    assert_eq!(asked(), 1, "the first call has its turn at the other");
    assert!(finish(first.as_mut()).unwrap().iter().all(|collected| !collected.over));
    assert_eq!(asked(), 2, "each was asked for once");
}
