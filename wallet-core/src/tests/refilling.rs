//! New copies without a new offer: when they are asked for, and what a cut network or a refusal leaves.

use std::sync::{Arc, Mutex};

use inro_base::Coded as _;

use super::issuer::{Later, Plan, Script, link};
use super::pki::Authority;
use super::{Device, NOW, code};
use crate::keys::KeyStore as _;
use crate::ports::{Boxed, Http, HttpError, Store as _};
use crate::records::{CredentialId, NamedKind, RequestDigest};
use crate::refill::Refilled;
use crate::refills::{RefillWhen, Refills};
use crate::testing::{ScriptedHttp, contract, run};
use crate::wallet::Wallet;

/// Three copies, the key of the token, and the one that wraps it.
const KEYS: usize = 5;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// A device with three copies from an issuer that refills.
struct Refilling {
    authority: Authority,
    device: Device,
    later: Later,
}

impl Refilling {
    fn new() -> Self {
        let authority = Authority::new("Trusted");
        let device = Device::trusting(&authority);
        let refilling = Self { authority, device, later: Later::default() };
        refilling.later.set(|later| later.refills = true);
        refilling.receive();
        assert_eq!((refilling.device.copies(), refilling.device.keys()), (3, KEYS));
        refilling
    }

    fn receive(&self) {
        assert_eq!(run(self.wallet(|_| {}).receive(&link(), None)).unwrap().credentials.len(), 1);
    }

    fn script(&self) -> Script {
        let mut script = Script::honest(&self.authority);
        script.later = self.later.clone();
        // Far enough ahead that no renewal is due before use alone is looked at.
        script.copies = |plans: &mut Vec<Plan>| {
            plans.iter_mut().for_each(|plan| plan.expires_at = NOW.plus(100 * DAY));
        };
        script
    }

    /// The engine opened anew, as after a restart.
    fn wallet(&self, alter: impl FnOnce(&mut Script)) -> Wallet {
        let mut script = self.script();
        alter(&mut script);
        self.device.wallet(script.network())
    }

    fn spend(&self, number: u8) {
        let id = self.credential();
        let copy = run(self.device.store.unspent_copies(&id, 1)).unwrap().remove(0);
        contract::spend(&*self.device.store, copy.id, RequestDigest([number; 32])).unwrap();
        run(self.device.keys.delete(&copy.key)).unwrap();
    }

    fn credential(&self) -> CredentialId {
        run(self.device.store.credentials()).unwrap().remove(0).id
    }

    fn refill(&self, when: RefillWhen) -> Vec<Refilled> {
        run(self.wallet(|_| {}).refill(when)).unwrap()
    }

    /// How many copies came at this time, or the code of the failure; `None` when nobody was asked.
    fn scheduled(&self) -> Option<Result<u32, &'static str>> {
        let mut refilled = self.refill(RefillWhen::Scheduled);
        assert!(refilled.len() <= 1);
        let outcome = refilled.pop()?.outcome;
        Some(match outcome {
            Ok(records) => Ok(records.iter().map(|record| record.copies).sum()),
            Err(error) => Err(error.code().as_str()),
        })
    }

    fn kept(&self) -> usize {
        run(self.device.store.named(NamedKind::Refill)).unwrap().len()
    }
}

#[test]
fn refills_at_a_look_when_a_third_is_left_and_not_when_a_copy_is_used() {
    let refilling = Refilling::new();
    refilling.spend(1);
    refilling.device.clock.advance(18 * HOUR);
    // Two of three are left.
    assert_eq!(refilling.scheduled(), None);
    refilling.spend(2);
    // The next look is six hours away at least, whatever was used.
    refilling.device.clock.advance(6 * HOUR - 1);
    assert_eq!(refilling.scheduled(), None);
    assert_eq!(refilling.later.presented(), [""; 0]);
    refilling.device.clock.advance(12 * HOUR + 1);
    assert_eq!(refilling.scheduled(), Some(Ok(3)));
    assert_eq!((refilling.device.copies(), refilling.device.keys()), (3, KEYS));
    // And the next time with the next token.
    (3..6).for_each(|number| refilling.spend(number));
    refilling.device.clock.advance(18 * HOUR);
    assert_eq!(refilling.scheduled(), Some(Ok(3)));
    assert_eq!(refilling.later.presented(), ["r1", "r2"]);
}

#[test]
fn renews_before_the_end_though_nothing_was_used() {
    let refilling = Refilling::new();
    refilling.device.clock.advance(49 * DAY);
    assert_eq!(refilling.scheduled(), None);
    refilling.device.clock.advance(31 * DAY);
    assert_eq!(refilling.scheduled(), Some(Ok(3)));
}

#[test]
fn a_holder_who_asks_for_it_gets_copies_at_once_where_one_was_used() {
    let refilling = Refilling::new();
    assert!(refilling.refill(RefillWhen::AtOnce).is_empty());
    refilling.spend(1);
    assert_eq!(refilling.scheduled(), None);
    let refilled = refilling.refill(RefillWhen::AtOnce).remove(0);
    assert_eq!(refilled.outcome.unwrap()[0].copies, 3);
}

/// The network is cut before each request and after each answer: one set of copies is there, old or new, no key is
/// left over, and the next refill succeeds with the token that the issuer takes.
#[test]
fn whatever_is_lost_on_the_way_the_next_refill_succeeds() {
    // Metadata of issuer and server, token without and with nonce, nonce, credential.
    for number in 0..6 {
        for lost in [false, true] {
            let refilling = Refilling::new();
            refilling.spend(1);
            let wallet = refilling.wallet(|script| {
                let at = if lost { &mut script.lost_at } else { &mut script.cut_at };
                *at = Some(number);
            });
            let outcome = run(wallet.refill(RefillWhen::AtOnce)).unwrap().remove(0).outcome;
            assert_eq!(code(outcome), "INRO-WALLET-011", "{number} {lost}");
            assert_eq!((refilling.device.copies(), refilling.device.keys()), (2, KEYS - 1));
            // Before the second token was stored, the first is still good: nothing came of the second.
            let stored = number > 3;
            let came = refilling.refill(RefillWhen::AtOnce).remove(0).outcome.unwrap();
            assert_eq!((came[0].copies, refilling.device.keys()), (3, KEYS));
            let expected = if stored { "r2" } else { "r1" };
            assert_eq!(refilling.later.presented().last().unwrap(), expected, "{number} {lost}");
        }
    }
}

/// A wallet that is killed after this moment has the token that the issuer takes then.
#[test]
fn the_next_refresh_token_is_stored_before_anything_is_done_with_what_came() {
    let refilling = Refilling::new();
    refilling.spend(1);
    let store = Arc::clone(&refilling.device.store);
    let ticket = move || {
        let records = run(store.named(NamedKind::Refill)).unwrap();
        Refills::read(&records[0]).unwrap().ticket()
    };
    let first = ticket();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (noted, mut network) = (Arc::clone(&seen), refilling.script().network());
    let wallet = refilling.device.wallet(move |request| {
        let path = request.url.rsplit('/').next().unwrap_or_default().to_owned();
        noted.lock().unwrap().push((path, ticket() == first));
        network(request)
    });
    assert!(run(wallet.refill(RefillWhen::AtOnce)).unwrap().remove(0).outcome.is_ok());
    let seen = seen.lock().unwrap().clone();
    let is_old = |path: &str| seen.iter().find(|(at, _)| at == path).map(|(_, old)| *old);
    assert_eq!(
        (is_old("token"), is_old("nonce"), is_old("credential")),
        (Some(true), Some(false), Some(false))
    );
}

#[test]
fn an_issuer_that_refills_no_more_is_asked_no_more_and_the_copies_stay() {
    for inro_code in [None, Some("INRO-VCI-097")] {
        let refilling = Refilling::new();
        refilling.spend(1);
        refilling.later.set(|later| later.refresh_refused = Some(("invalid_grant", inro_code)));
        let refilled = refilling.refill(RefillWhen::AtOnce).remove(0);
        assert_eq!((code(refilled.outcome), refilled.over), ("INRO-VCI-099", true));
        // The two copies' keys; those of the token are gone.
        assert_eq!((refilling.device.copies(), refilling.device.keys(), refilling.kept()), (2, 2, 0));
        assert!(refilling.refill(RefillWhen::AtOnce).is_empty());
    }
}

#[test]
fn a_refusal_for_the_time_being_is_asked_again_later() {
    let refilling = Refilling::new();
    (1..4).for_each(|number| refilling.spend(number));
    refilling.device.clock.advance(18 * HOUR);
    refilling.later.set(|later| later.refresh_refused = Some(("invalid_grant", Some("INRO-ISSUER-033"))));
    assert_eq!(refilling.scheduled(), Some(Err("INRO-VCI-100")));
    assert_eq!(refilling.scheduled(), None);
    refilling.later.set(|later| later.refresh_refused = None);
    refilling.device.clock.advance(HOUR / 2);
    assert_eq!(refilling.scheduled(), Some(Ok(3)));
}

#[test]
fn the_keys_of_a_refresh_token_stay_until_its_credential_is_deleted() {
    let refilling = Refilling::new();
    refilling.wallet(|_| {});
    assert_eq!(refilling.device.keys(), KEYS, "opening deletes what nothing needs");
    run(refilling.wallet(|_| {}).delete(&refilling.credential())).unwrap();
    assert_eq!((refilling.device.keys(), refilling.kept()), (0, 0));
}

#[test]
fn a_refresh_token_whose_key_is_gone_is_forgotten_at_opening() {
    let refilling = Refilling::new();
    let records = run(refilling.device.store.named(NamedKind::Refill)).unwrap();
    let [token, _] = Refills::read(&records[0]).unwrap().keys();
    run(refilling.device.keys.delete(&token)).unwrap();
    refilling.wallet(|_| {});
    assert_eq!((refilling.device.keys(), refilling.kept(), refilling.device.copies()), (3, 0, 3));
}

#[test]
fn a_new_offer_takes_the_place_of_an_earlier_ones_refills() {
    let refilling = Refilling::new();
    refilling.receive();
    assert_eq!((refilling.device.keys(), refilling.kept()), (KEYS, 1));
    refilling.spend(1);
    refilling.refill(RefillWhen::AtOnce);
    assert_eq!(refilling.later.presented(), ["r2"]);
}

#[test]
fn an_issuer_that_gives_no_refresh_token_is_never_asked() {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    let refilling = Refilling { authority, device, later: Later::default() };
    refilling.receive();
    assert_eq!((refilling.device.keys(), refilling.kept()), (3, 0));
    refilling.spend(1);
    assert!(refilling.refill(RefillWhen::AtOnce).is_empty());
}

#[test]
fn what_was_deferred_is_refilled_once_it_came() {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    let refilling = Refilling { authority, device, later: Later::default() };
    refilling.later.set(|later| (later.refills, later.defers) = (true, true));
    let deferring = |script: &mut Script| {
        script.metadata["deferred_credential_endpoint"] =
            format!("{}/deferred_credential_endpoint", super::issuer::URL).into();
    };
    assert_eq!(run(refilling.wallet(deferring).receive(&link(), None)).unwrap().pending.len(), 1);
    // A look while it is waited for asks nobody and forgets nothing.
    refilling.device.clock.advance(18 * HOUR);
    assert_eq!((refilling.scheduled(), refilling.kept()), (None, 1));
    refilling.later.set(|later| later.decision = Some(Ok(())));
    assert!(run(refilling.wallet(deferring).collect()).unwrap().remove(0).outcome.unwrap().is_some());
    assert_eq!(refilling.device.copies(), 3);
    refilling.later.set(|later| later.defers = false);
    refilling.device.clock.advance(18 * HOUR);
    assert_eq!(refilling.scheduled(), None);
    refilling.spend(1);
    assert_eq!(refilling.refill(RefillWhen::AtOnce)[0].outcome.as_ref().unwrap()[0].copies, 3);
    assert_eq!(refilling.later.presented(), ["r1"]);
}

/// A network that refills through the same engine while a request of a refill is on its way.
struct Meddling {
    network: ScriptedHttp,
    wallet: std::sync::OnceLock<Arc<Wallet>>,
}

impl Http for Meddling {
    fn send(
        &self,
        request: inro_base::http::HttpRequest,
    ) -> Boxed<'_, Result<inro_base::http::HttpResponse, HttpError>> {
        Box::pin(async move {
            let second = self.wallet.get().unwrap().refill(RefillWhen::AtOnce).await.unwrap();
            assert!(second.is_empty(), "a second refill while one runs");
            self.network.send(request).await
        })
    }
}

#[test]
fn never_refills_while_another_refill_runs() {
    let refilling = Refilling::new();
    refilling.spend(1);
    let network = ScriptedHttp::new(refilling.device.journal.clone(), refilling.script().network());
    let meddling = Arc::new(Meddling { network, wallet: std::sync::OnceLock::new() });
    let wallet = Arc::new(refilling.device.wallet_over(meddling.clone()));
    assert!(meddling.wallet.set(Arc::clone(&wallet)).is_ok());
    let refilled = run(wallet.refill(RefillWhen::AtOnce)).unwrap().remove(0);
    assert_eq!(refilled.outcome.unwrap()[0].copies, 3);
    assert_eq!(refilling.later.presented(), ["r1"]);
}
