//! What the history proves: each entry signed before it is written, and what a bundle of them says.

use std::sync::{Arc, Mutex};

use inro_base::http::HttpRequest;
use inro_base::{Rng, base64url};
use inro_crypto::RustCrypto;
use inro_evidence::{Content, Told, UnverifiedChain, VerifiedChain, What};
use serde_json::json;

use super::issuer::{Script, VCT, link};
use super::presenting::{Holder, Scene};
use super::verifier::Request;
use super::{Device, NOW, code};
use crate::keys::KeyStore as _;
use crate::ports::{HttpError, Store as _};
use crate::prompts::PromptError;
use crate::records::{Erase, Event, HistoryEntry, HistoryId, Outcome};
use crate::testing::{SeededRng, run};
use crate::wallet::{Ports, Wallet};

/// The wallet of a device without a network.
fn offline(device: &Device) -> Wallet {
    device.wallet(|_| Err(HttpError::Unreachable))
}

/// Another request of the same verifier.
fn another(scene: &Scene) -> Request {
    let mut request = scene.request();
    request.payload["nonce"] = "another-nonce-of-at-least-22-characters".into();
    request
}

fn history(device: &Device) -> Vec<HistoryEntry> {
    run(device.store.history(99)).unwrap()
}

fn bundles(device: &Device) -> Vec<Vec<u8>> {
    run(offline(device).export_history()).unwrap()
}

/// The chain of a device that has one, checked as a stranger would.
fn chain(device: &Device) -> VerifiedChain {
    let mut bundles = bundles(device);
    assert_eq!(bundles.len(), 1);
    verified(&bundles.remove(0))
}

fn verified(bundle: &[u8]) -> VerifiedChain {
    UnverifiedChain::parse(bundle).unwrap().verify(&RustCrypto).unwrap()
}

fn told(chain: &VerifiedChain, seq: usize) -> &Told {
    match &chain.records()[seq].what {
        What::Happened(Content::Told(told)) => told,
        other => panic!("{seq}: {other:?}"),
    }
}

/// The names of the events, "-" where there is none.
fn events(chain: &VerifiedChain) -> Vec<String> {
    let name = |what: &What| match what {
        What::Opened => "opened".to_owned(),
        What::Rotated(_) => "rotated".to_owned(),
        What::Happened(Content::Absent) => "-".to_owned(),
        What::Happened(Content::Told(told)) => told.name.clone(),
    };
    chain.records().iter().map(|record| name(&record.what)).collect()
}

#[test]
fn every_event_has_a_receipt_and_an_outcome_one_of_its_own() {
    let scene = Scene::new();
    assert_eq!(scene.answer(scene.request(), Holder::Approves).code, "accepted");
    scene.device.clock.advance(60);
    assert_eq!(scene.answer(another(&scene), Holder::Refuses).code, "accepted");
    let id = run(scene.device.store.credentials()).unwrap().remove(0).id;
    run(offline(&scene.device).delete(&id)).unwrap();

    let chain = chain(&scene.device);
    let expected = ["opened", "issued", "presented", "outcome", "refused", "outcome", "deleted"];
    assert_eq!(events(&chain), expected);
    let presented = told(&chain, 2);
    assert_eq!(presented.detail["counterpart"]["en"], "Welfare System");
    assert_eq!(
        (&presented.detail["registered"], &presented.detail["outcome"]),
        (&json!(true), &json!("begun"))
    );
    assert_eq!(presented.detail["credentials"][0]["claims"], json!(["agency"]));
    let outcome = told(&chain, 3);
    assert_eq!((outcome.of, &outcome.detail["outcome"]), (Some(2), &json!("done")));
    assert_eq!(told(&chain, 5).of, Some(4));
    assert_eq!((chain.records()[2].at, chain.records()[4].at), (NOW, NOW.plus(60)));
    let receipts: Vec<_> = history(&scene.device).iter().map(|entry| entry.receipt).collect();
    assert_eq!(receipts, [Some(6), Some(4), Some(2), Some(1)]);
}

#[test]
fn keeps_the_request_that_the_verifier_signed_and_no_value() {
    let scene = Scene::new();
    let request = scene.request();
    let signed = request.signed(&HttpRequest::fetch("https://verifier.example/requests/1", 1));
    assert_eq!(scene.answer(request, Holder::Approves).code, "accepted");
    let chain = chain(&scene.device);
    let attachments = &told(&chain, 2).attachments;
    assert_eq!(attachments.len(), 1);
    assert_eq!(
        (attachments[0].kind.as_str(), attachments[0].bytes.as_deref()),
        ("request", Some(signed.as_bytes()))
    );
    for (seq, claims) in [(1, json!(["agency", "grade"])), (2, json!(["agency"]))] {
        let detail = &told(&chain, seq).detail;
        assert_eq!(detail["credentials"], json!([{ "type": VCT, "claims": claims }]));
        let names: Vec<_> = detail.keys().map(String::as_str).collect();
        assert_eq!(names, ["counterpart", "registered", "credentials", "outcome"]);
    }
}

#[test]
fn no_verifier_and_no_issuer_sees_the_key_of_the_receipts() {
    let scene = Scene::new();
    let ended = scene.answer(scene.request(), Holder::Approves);
    let chain = chain(&scene.device);
    let x = base64url::encode(chain.first_key().x());
    assert!(bundles(&scene.device)[0].len() > 1_000, "there is a bundle with the key");
    assert_eq!((ended.code, ended.posted.len()), ("accepted", 1));
    assert!(!String::from_utf8_lossy(&ended.posted[0]).contains(&x));
    let key = run(scene.device.store.chain_end()).unwrap().unwrap().key;
    let signed = format!("sign {}", key.0);
    // Two for what was received, one for the presentation, one for its outcome: nothing else.
    let uses = scene.device.journal.lines().iter().filter(|line| **line == signed).count();
    assert_eq!(uses, chain.records().len());
}

#[test]
fn an_entry_is_signed_before_anything_is_spent_or_sent() {
    let scene = Scene::new();
    let key = run(scene.device.store.chain_end()).unwrap().unwrap().key;
    let before = scene.device.journal.lines().len();
    assert_eq!(scene.answer(scene.request(), Holder::Approves).code, "accepted");
    let lines = scene.device.journal.lines().split_off(before);
    let signed = format!("sign {}", key.0);
    let place = |wanted: &str| lines.iter().position(|line| line.starts_with(wanted)).unwrap();
    assert!(place(&signed) < place("delete") && place("delete") < place("POST"), "{lines:?}");
}

#[test]
fn another_key_goes_on_and_the_old_one_is_gone() {
    let scene = Scene::new();
    let old = run(scene.device.store.chain_end()).unwrap().unwrap().key;
    run(offline(&scene.device).rotate_receipt_key()).unwrap();
    assert_eq!(scene.answer(scene.request(), Holder::Approves).code, "accepted");
    let chain = chain(&scene.device);
    assert_eq!(events(&chain), ["opened", "issued", "rotated", "presented", "outcome"]);
    assert_ne!(chain.first_key(), chain.last_key());
    assert!(!run(scene.device.keys.list()).unwrap().contains(&old));
    // An empty wallet has nothing to rotate.
    let empty = Device::trusting(&scene.authority);
    run(offline(&empty).rotate_receipt_key()).unwrap();
    assert_eq!((bundles(&empty).len(), empty.keys()), (0, 0));
}

#[test]
fn where_the_key_is_gone_another_chain_continues() {
    let scene = Scene::new();
    let end = run(scene.device.store.chain_end()).unwrap().unwrap();
    run(scene.device.keys.delete(&end.key)).unwrap();
    assert_eq!(scene.answer(scene.request(), Holder::Approves).code, "accepted");
    let chains: Vec<_> = bundles(&scene.device).iter().map(|bundle| verified(bundle)).collect();
    assert_eq!(
        chains.iter().map(events).collect::<Vec<_>>(),
        [vec!["opened", "issued"], vec!["opened", "presented", "outcome"]]
    );
    assert_eq!(chains[1].after(), Some(chains[0].last()));
    assert_eq!(told(&chains[1], 2).of, Some(1));
}

#[test]
fn erasing_an_entry_leaves_its_place_and_the_chain_whole() {
    let scene = Scene::new();
    assert_eq!(scene.answer(scene.request(), Holder::Approves).code, "accepted");
    let wallet = offline(&scene.device);
    let presented = history(&scene.device).remove(0);
    assert_eq!(presented.event, Event::Presented);
    let kept = chain(&scene.device).last();
    run(wallet.erase_history(Erase::Entry(presented.id))).unwrap();

    let entries = history(&scene.device);
    assert_eq!((entries[0].event, entries[0].at, entries[0].receipt), (Event::Erased, presented.at, Some(2)));
    assert_eq!((entries[0].items.len(), entries[0].counterpart.en.as_str()), (0, ""));
    assert_eq!(entries[1].event, Event::Issued);
    let chain = chain(&scene.device);
    assert_eq!(events(&chain), ["opened", "issued", "-", "-"]);
    assert_eq!(chain.last(), kept);
    assert!(!String::from_utf8(bundles(&scene.device).remove(0)).unwrap().contains("attachments"));
    // What comes after is recorded as before.
    assert_eq!(scene.answer(another(&scene), Holder::Refuses).code, "accepted");
    assert_eq!(events(&self::chain(&scene.device)), ["opened", "issued", "-", "-", "refused", "outcome"]);
    assert_eq!(code(run(wallet.erase_history(Erase::Entry(HistoryId(999))))), "INRO-WALLET-091");
}

#[test]
fn erases_everything_or_the_requests_alone() {
    let scene = Scene::new();
    assert_eq!(scene.answer(scene.request(), Holder::Approves).code, "accepted");
    let wallet = offline(&scene.device);
    run(wallet.erase_history(Erase::Requests)).unwrap();
    let chain = chain(&scene.device);
    assert!(told(&chain, 2).attachments[0].bytes.is_none());
    assert_eq!(told(&chain, 2).detail["counterpart"]["en"], "Welfare System");
    run(wallet.erase_history(Erase::Everything)).unwrap();
    assert_eq!(events(&self::chain(&scene.device)), ["opened", "-", "-", "-"]);
    assert!(history(&scene.device).iter().all(|entry| entry.event == Event::Erased));
}

#[test]
fn an_entry_is_signed_again_when_another_call_came_first() {
    let scene = Scene::new();
    let key = run(scene.device.store.chain_end()).unwrap().unwrap().key;
    let signed = format!("sign {}", key.0);
    let uses = || scene.device.journal.lines().iter().filter(|line| **line == signed).count();
    let id = run(scene.device.store.credentials()).unwrap().remove(0).id;
    let before = uses();
    let other = Arc::new(Mutex::new(Some(offline(&scene.device))));
    let meddling = Meddling { rng: SeededRng::new(77), other: Arc::clone(&other) };
    let wallet = run(Wallet::open(Ports {
        keys: scene.device.keys.clone(),
        prompts: scene.device.prompts.clone(),
        store: scene.device.store.clone(),
        http: Arc::new(crate::testing::ScriptedHttp::new(scene.device.journal.clone(), |_| {
            Err(HttpError::Unreachable)
        })),
        clock: Arc::new(scene.device.clock.clone()),
        rng: Box::new(meddling),
        provider: Arc::new(RustCrypto),
    }))
    .unwrap();
    // While this deletion is signed, the other engine rotates the key.
    run(wallet.delete(&id)).unwrap();
    assert!(other.lock().unwrap().is_none(), "the other engine was called");
    let chain = chain(&scene.device);
    assert_eq!(events(&chain), ["opened", "issued", "rotated", "deleted"]);
    assert_eq!(history(&scene.device)[0].outcome, Outcome::Done);
    assert!(uses() > before);
}

/// Randomness that lets another engine write while this one draws the salt of a receipt.
struct Meddling {
    rng: SeededRng,
    other: Arc<Mutex<Option<Wallet>>>,
}

impl Rng for Meddling {
    fn fill(&mut self, destination: &mut [u8]) {
        if destination.len() == 16
            && let Some(other) = self.other.lock().unwrap().take()
        {
            run(other.rotate_receipt_key()).unwrap();
        }
        self.rng.fill(destination);
    }
}

#[test]
fn a_wallet_that_receives_again_goes_on_with_its_chain() {
    let scene = Scene::new();
    let again = scene.device.wallet(Script::honest(&scene.authority).network());
    run(again.receive(&link(), None)).unwrap();
    assert_eq!(events(&chain(&scene.device)), ["opened", "issued", "issued"]);
}

#[test]
fn a_clock_that_is_put_back_a_year_leaves_the_chain_in_its_order() {
    let scene = Scene::new();
    scene.device.clock.advance(-365 * 86_400);
    let id = run(scene.device.store.credentials()).unwrap().remove(0).id;
    run(offline(&scene.device).delete(&id)).unwrap();
    let chain = chain(&scene.device);
    assert_eq!(events(&chain), ["opened", "issued", "deleted"]);
    assert!(chain.records()[2].at < chain.records()[1].at);
    assert_eq!(history(&scene.device)[0].event, Event::Deleted);
}

#[test]
fn nothing_is_exported_without_a_gesture() {
    let scene = Scene::new();
    assert_eq!(bundles(&scene.device).len(), 1);
    scene.device.prompts.then([Err(PromptError::Cancelled)]);
    assert_eq!(code(run(offline(&scene.device).export_history())), "INRO-WALLET-004");
}
