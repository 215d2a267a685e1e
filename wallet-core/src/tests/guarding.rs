//! The holder's gesture and the device's word: what is asked when, and that nothing is lost where there
//! is none.

use std::sync::{Arc, Mutex};

use inro_base::Coded as _;

use super::issuer::{Script, link};
use super::pki::Authority;
use super::presenting::Scene;
use super::verifier::RESPONSE;
use super::{Device, code};
use crate::choice::Choice;
use crate::keys::{Assurance, Custody, Gesture, Hardware, KeyPolicy, KeyStoreError, Presence};
use crate::ports::{HttpError, Store as _};
use crate::present::Reviewing;
use crate::prompts::{PromptError, Reason};
use crate::records::{Event, LostCopies};
use crate::testing::{ScriptedHttp, run};
use crate::wallet::{Settings, Wallet};

const PROMPT_ERRORS: [(PromptError, &str); 4] = [
    (PromptError::Cancelled, "INRO-WALLET-004"),
    (PromptError::TimedOut, "INRO-WALLET-005"),
    (PromptError::LockedOut, "INRO-WALLET-006"),
    (PromptError::Unavailable, "INRO-WALLET-009"),
];

/// A request under review, and what the verifier was sent.
struct Decision {
    scene: Scene,
    wallet: Wallet,
    reviewing: Reviewing,
    posted: Arc<Mutex<usize>>,
}

impl Decision {
    fn new() -> Self {
        let scene = Scene::new();
        let request = scene.request();
        let link = request.link();
        let posted: Arc<Mutex<usize>> = Arc::default();
        let seen = Arc::clone(&posted);
        let wallet = scene.device.wallet(move |sent| {
            *seen.lock().unwrap() += usize::from(sent.url == RESPONSE);
            Ok(request.answer(sent))
        });
        let reviewing = run(wallet.review(&link)).unwrap();
        Self { scene, wallet, reviewing, posted }
    }

    fn approve(&mut self) -> &'static str {
        let choice = Choice::least(self.reviewing.review());
        code(run(self.wallet.approve(&mut self.reviewing, choice)))
    }

    /// Copies, keys, answers that the verifier was sent.
    fn state(&self) -> (u32, usize, usize) {
        (self.scene.device.copies(), self.scene.device.keys(), *self.posted.lock().unwrap())
    }

    fn presented(&self) -> usize {
        let history = run(self.scene.device.store.history(9)).unwrap();
        history.iter().filter(|entry| entry.event == Event::Presented).count()
    }
}

#[test]
fn asks_for_presence_before_a_copys_key_signs_and_says_for_whom() {
    let mut decision = Decision::new();
    let before = decision.scene.device.lines().len();
    assert_eq!(decision.approve(), "accepted");
    let lines = decision.scene.device.lines().split_off(before);
    let order: Vec<_> = lines.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(order, ["presence", "sign", "delete", "POST"]);
    let reasons = decision.scene.device.prompts.reasons();
    let [Reason::Present { verifier, registered: true }] = reasons.as_slice() else {
        panic!("{reasons:?}");
    };
    assert_eq!(*verifier, decision.reviewing.review().asker_name());
}

#[test]
fn prompt_cancelled_or_timed_out_leaves_the_request_answerable() {
    for (error, expected) in PROMPT_ERRORS {
        let mut decision = Decision::new();
        decision.scene.device.prompts.then([Err(error)]);
        assert_eq!(decision.approve(), expected);
        assert_eq!((decision.state(), decision.presented()), ((3, 3, 0), 0), "{expected}");
        assert_eq!(decision.approve(), "accepted");
        assert_eq!((decision.state(), decision.presented()), ((2, 2, 1), 1), "{expected}");
    }
}

#[test]
fn a_prompt_of_the_key_itself_that_fails_leaves_the_request_answerable() {
    for error in [KeyStoreError::Cancelled, KeyStoreError::TimedOut, KeyStoreError::LockedOut] {
        let mut decision = Decision::new();
        decision.scene.device.keys.refuse_uses(Some(error));
        assert_eq!(decision.approve(), error.code().as_str());
        assert_eq!((decision.state(), decision.presented()), ((3, 3, 0), 0), "{error}");
        decision.scene.device.keys.refuse_uses(None);
        assert_eq!(decision.approve(), "accepted");
        assert_eq!((decision.state(), decision.presented()), ((2, 2, 1), 1), "{error}");
    }
}

#[test]
fn a_request_that_was_approved_is_not_approved_again() {
    let mut decision = Decision::new();
    assert_eq!(decision.approve(), "accepted");
    assert_eq!(decision.approve(), "INRO-WALLET-020");
    assert_eq!(decision.state(), (2, 2, 1));
    assert_eq!(code(run(decision.wallet.refuse(decision.reviewing))), "INRO-WALLET-020");
    assert_eq!(*decision.posted.lock().unwrap(), 1);
}

#[test]
fn declining_asks_for_no_presence() {
    let decision = Decision::new();
    assert_eq!(code(run(decision.wallet.refuse(decision.reviewing))), "accepted");
    assert_eq!(decision.scene.device.prompts.reasons(), []);
    assert_eq!(*decision.posted.lock().unwrap(), 1);
}

#[test]
fn key_invalidated_spends_nothing_and_the_request_can_be_declined() {
    let mut decision = Decision::new();
    decision.scene.device.keys.invalidate_all();
    assert_eq!(decision.approve(), "INRO-WALLET-007");
    assert_eq!(
        (decision.state(), decision.presented()),
        ((0, 0, 0), 0),
        "no copy without a key, no key without a copy"
    );
    assert_eq!(decision.approve(), "INRO-WALLET-040");
    assert_eq!(code(run(decision.wallet.refuse(decision.reviewing))), "accepted");
    assert_eq!(*decision.posted.lock().unwrap(), 1);
}

#[test]
fn key_invalidated_is_dropped_with_its_copy_and_the_next_approval_takes_another() {
    let mut decision = Decision::new();
    let record = run(decision.wallet.list()).unwrap().remove(0);
    let copies = run(decision.scene.device.store.unspent_copies(&record.id, 9)).unwrap();
    decision.scene.device.keys.invalidate(&copies[0].key);
    assert_eq!(decision.approve(), "INRO-WALLET-007");
    assert_eq!((decision.state(), decision.presented()), ((2, 2, 0), 0));
    let newest = run(decision.scene.device.store.history(1)).unwrap().remove(0);
    assert_eq!((newest.event, newest.items[0].vct.as_str()), (Event::Lost, record.vct.as_str()));
    assert_eq!(decision.approve(), "accepted");
    assert_eq!((decision.state(), decision.presented()), ((1, 1, 1), 1));
    let left: Vec<_> = run(decision.scene.device.store.unspent_copies(&record.id, 9)).unwrap();
    assert_eq!(left.iter().map(|copy| &copy.key).collect::<Vec<_>>(), [&copies[2].key]);
}

#[test]
fn key_invalidated_while_the_wallet_was_closed_is_dropped_at_opening() {
    let scene = Scene::new();
    let wallet = scene.device.wallet(|_| Err(HttpError::Unreachable));
    let record = run(wallet.list()).unwrap().remove(0);
    assert_eq!((wallet.lost_copies(), scene.device.copies()), (&[][..], 3));
    let copies = run(scene.device.store.unspent_copies(&record.id, 9)).unwrap();
    scene.device.keys.invalidate(&copies[1].key);
    let wallet = scene.device.wallet(|_| Err(HttpError::Unreachable));
    assert_eq!(wallet.lost_copies(), [LostCopies { credential: record.id, copies: 1 }]);
    assert_eq!((scene.device.copies(), scene.device.keys()), (2, 2));
}

#[test]
fn deletes_nothing_without_a_gesture() {
    for (error, expected) in PROMPT_ERRORS {
        let scene = Scene::new();
        let wallet = scene.device.wallet(|_| Err(HttpError::Unreachable));
        let record = run(wallet.list()).unwrap().remove(0);
        scene.device.prompts.then([Err(error)]);
        assert_eq!(code(run(wallet.delete(&record.id))), expected);
        assert_eq!((scene.device.copies(), scene.device.keys()), (3, 3), "{expected}");
        assert_eq!(code(run(wallet.delete(&record.id))), "accepted");
        assert_eq!((scene.device.copies(), scene.device.keys()), (0, 0), "{expected}");
        let reason = Reason::Delete { credential: record.name };
        assert_eq!(scene.device.prompts.reasons(), [reason.clone(), reason]);
    }
}

/// Receives with a device that keeps keys in `custody`, and whose prompts end so.
fn receive(
    custody: Custody,
    answers: impl IntoIterator<Item = Result<(), PromptError>>,
) -> (&'static str, Device) {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    device.keys.keep_in(custody);
    device.prompts.then(answers);
    let outcome = code(run(device.wallet(Script::honest(&authority).network()).receive(&link(), None)));
    (outcome, device)
}

#[test]
fn one_gesture_is_asked_for_a_batch_and_only_of_keys_that_ask() {
    let (outcome, device) = receive(Custody::SecureElement, []);
    assert_eq!((outcome, device.copies(), device.prompts.reasons().len()), ("accepted", 3, 1));
    assert!(matches!(&device.prompts.reasons()[0], Reason::Receive { issuer } if issuer.en == "Minato City"));
    let (outcome, device) = receive(Custody::Software, []);
    assert_eq!((outcome, device.copies(), device.prompts.reasons().len()), ("accepted", 3, 0));
}

#[test]
fn a_credential_says_how_the_keys_of_all_its_copies_are_kept() {
    let (outcome, device) = receive(Custody::TrustedEnvironment, []);
    assert_eq!(outcome, "accepted");
    let record = run(device.store.credentials()).unwrap().remove(0);
    let presence = Presence::Within { seconds: 60, by: Gesture::Unlock };
    assert_eq!(record.assurance, Assurance { custody: Custody::TrustedEnvironment, presence });
    let (_, device) = receive(Custody::Software, []);
    assert_eq!(run(device.store.credentials()).unwrap()[0].assurance, Assurance::NONE);
}

#[test]
fn prompt_cancelled_before_an_offer_costs_no_code_and_leaves_no_key() {
    for (error, expected) in PROMPT_ERRORS {
        let (outcome, device) = receive(Custody::SecureElement, [Err(error)]);
        assert_eq!((outcome, device.copies(), device.keys()), (expected, 0, 0));
        assert!(!device.journal.lines().iter().any(|line| line.ends_with("/token")), "the code was redeemed");
    }
}

#[test]
fn a_key_that_does_not_sign_for_its_issuance_leaves_no_key() {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    let wallet = device.wallet(Script::honest(&authority).network());
    device.keys.refuse_uses(Some(KeyStoreError::Cancelled));
    assert_eq!(code(run(wallet.receive(&link(), None))), "INRO-WALLET-004");
    assert_eq!((device.copies(), device.keys()), (0, 0));
    device.keys.refuse_uses(None);
    assert_eq!(code(run(wallet.receive(&link(), None))), "accepted");
    assert_eq!((device.copies(), device.keys()), (3, 3));
}

#[test]
fn copies_keys_are_kept_as_the_settings_say_and_no_hardware_costs_no_code() {
    let authority = Authority::new("Trusted");
    let policy =
        KeyPolicy { presence: Presence::EachUse { by: Gesture::Biometrics }, hardware: Hardware::Required };
    let receive = |custody| {
        let device = Device::trusting(&authority);
        device.keys.keep_in(custody);
        let network = ScriptedHttp::new(device.journal.clone(), Script::honest(&authority).network());
        let wallet = device.wallet_with(Settings::default().with_copies(policy), Arc::new(network));
        (code(run(wallet.receive(&link(), None))), device)
    };
    let (outcome, device) = receive(Custody::SecureElement);
    assert_eq!((outcome, device.copies(), device.keys()), ("accepted", 3, 3));
    let assurance = Assurance { custody: Custody::SecureElement, presence: policy.presence };
    assert_eq!(run(device.store.credentials()).unwrap()[0].assurance, assurance);
    let (outcome, device) = receive(Custody::Software);
    assert_eq!((outcome, device.copies(), device.keys()), ("INRO-WALLET-008", 0, 0));
    assert!(!device.lines().iter().any(|line| line.ends_with("/token")), "the code was redeemed");
}
