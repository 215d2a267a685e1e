//! "Always, for this verifier and this query", and everything that is not covered by it.

use inro_credential::ClaimPath;
use inro_jose::jwe::{AgreementKey, DecryptionKey};
use inro_trust::Usage;
use serde_json::{Value, json};

use super::issuer::{Plan, Script, link};
use super::presenting::{Ended, Holder, Scene};
use super::verifier::{HOST, Request, registration, registration_to};
use super::{NOW, code};
use crate::choice::Choice;
use crate::consent::Consent;
use crate::ports::{HttpError, Store as _};
use crate::prompts::{PromptError, Reason};
use crate::records::{ConsentId, Event, NamedKind};
use crate::review::{Review, Standing};
use crate::testing::{SeededRng, run};
use crate::wallet::Wallet;

const DAY: i64 = 86_400;
const REGISTERED: &[&str] = &["agency", "grade"];

fn least(review: &Review) -> Choice {
    Choice::least(review)
}

/// A holder who has said "always" for 30 days to a request for the agency.
struct Agreed {
    scene: Scene,
    request: Request,
}

impl Agreed {
    fn new() -> Self {
        Self::to(|request| request)
    }

    fn to(alter: impl FnOnce(Request) -> Request) -> Self {
        let scene = Scene::holding(|plans| {
            plans.iter_mut().for_each(|plan| plan.expires_at = NOW.plus(100 * DAY));
        });
        let request = alter(Request::honest(&scene.authority, &scene.registrar, REGISTERED));
        assert_eq!(scene.answer(request.clone(), Holder::Always(&least, 30)).code, "accepted");
        Self { scene, request }
    }

    /// The verifier's next request for the same.
    fn next(&self, number: u32) -> Request {
        self.request.clone().numbered(number)
    }

    fn wallet(&self) -> Wallet {
        self.scene.device.wallet(|_| Err(HttpError::Unreachable))
    }

    fn consents(&self) -> Vec<Consent> {
        run(self.wallet().consents()).unwrap()
    }

    fn withdraw(&self) {
        run(self.wallet().withdraw(&self.consents()[0].id)).unwrap();
    }

    /// The gesture alone answers the next request, and does not answer an altered one: nothing is sent
    /// for that, and it goes to a review like any other.
    fn does_not_cover(self, alter: impl FnOnce(Request, &Scene) -> Request) {
        assert_eq!(self.scene.answer(self.next(1), Holder::Gestures).code, "accepted");
        let altered = alter(self.next(2), &self.scene);
        assert_eq!(self.scene.review(altered.clone()).standing, None);
        let before = self.scene.device.copies();
        let Ended { code, posted } = self.scene.answer(altered, Holder::Gestures);
        assert_eq!((code, posted.len()), ("INRO-WALLET-070", 0));
        assert_eq!(self.scene.device.copies(), before);
    }
}

#[test]
fn a_gesture_answers_the_next_request_and_the_history_has_the_consent() {
    let agreed = Agreed::new();
    let ended = agreed.scene.answer(agreed.next(1), Holder::Gestures);
    assert_eq!((ended.code, ended.posted.len()), ("accepted", 1));
    let history = run(agreed.scene.device.store.history(9)).unwrap();
    let events: Vec<_> = history.iter().map(|entry| entry.event).collect();
    assert_eq!(events, [Event::Presented, Event::Presented, Event::Consented, Event::Issued]);
    let consent = agreed.consents().remove(0);
    assert_eq!((consent.verifier.en.as_str(), consent.host.as_str()), ("Welfare System", HOST));
    assert_eq!(
        (consent.items[0].claims.as_slice(), consent.withdrawn_at),
        (["agency".into()].as_slice(), None)
    );
    assert_eq!(consent.until.seconds_since(consent.given_at), 30 * DAY);
}

#[test]
fn a_standing_approval_still_asks_for_presence_each_time() {
    let agreed = Agreed::new();
    let before = agreed.scene.device.prompts.reasons().len();
    agreed.scene.device.prompts.then([Err(PromptError::Cancelled)]);
    let cancelled = agreed.scene.answer(agreed.next(1), Holder::Gestures);
    assert_eq!((cancelled.code, cancelled.posted.len()), ("INRO-WALLET-004", 0));
    assert_eq!(agreed.scene.answer(agreed.next(1), Holder::Gestures).code, "accepted");
    let reasons = agreed.scene.device.prompts.reasons().split_off(before);
    assert_eq!(reasons.len(), 2);
    assert!(reasons.iter().all(|reason| matches!(reason, Reason::Present { registered: true, .. })));
}

#[test]
fn a_standing_approval_does_not_cover_another_key() {
    Agreed::new().does_not_cover(|request, scene| {
        let leaf = scene.authority.leaf(22, Usage::Verifier, &[], HOST);
        let registration = registration(&leaf, &scene.registrar, REGISTERED);
        request.signed_by(leaf, &registration)
    });
}

#[test]
fn a_standing_approval_does_not_cover_another_registration() {
    Agreed::new().does_not_cover(|request, scene| {
        let wider = registration(&request.leaf, &scene.registrar, &["agency", "grade", "post"]);
        request.registered(&wider)
    });
}

#[test]
fn a_standing_approval_does_not_cover_a_request_without_its_registration() {
    Agreed::new().does_not_cover(|mut request, _| {
        request.payload.as_object_mut().unwrap().remove("verifier_info");
        request
    });
}

#[test]
fn a_standing_approval_does_not_cover_a_query_with_one_claim_more() {
    Agreed::new()
        .does_not_cover(|request, _| request.asking(json!([{ "path": ["agency"] }, { "path": ["grade"] }])));
}

/// By the gesture alone a verifier could else read a value off which of its questions are answered.
#[test]
fn a_standing_approval_does_not_cover_a_value_that_is_restricted_otherwise() {
    Agreed::new()
        .does_not_cover(|request, _| request.asking(json!([{ "path": ["agency"], "values": ["みなと市"] }])));
}

#[test]
fn a_standing_approval_does_not_cover_a_transaction() {
    Agreed::new().does_not_cover(|request, _| request.authorizing("Pay 100 yen.", &["one"]));
}

#[test]
fn a_standing_approval_does_not_cover_another_purpose() {
    Agreed::new().does_not_cover(|mut request, _| {
        request.payload["inro_purpose"] =
            json!({ "id": "other", "text": { "en": "To know you", "ja": "確認" } });
        request
    });
}

#[test]
fn a_standing_approval_of_an_encrypted_answer_does_not_cover_one_in_the_clear() {
    let key = DecryptionKey { key: AgreementKey::generate(&mut SeededRng::new(8)), kid: Some("k".into()) };
    let agreed = Agreed::to(|request| request.encrypted(&key));
    assert_eq!(agreed.scene.answer(agreed.next(1), Holder::Gestures).code, "accepted");
    let mut clear = agreed.next(2);
    clear.payload["response_mode"] = "direct_post".into();
    assert_eq!(agreed.scene.review(clear.clone()).standing, None);
    let ended = agreed.scene.answer(clear, Holder::Gestures);
    assert_eq!((ended.code, ended.posted.len()), ("INRO-WALLET-070", 0));
}

/// Both hosts are registered; the holder was shown the first.
#[test]
fn a_standing_approval_does_not_cover_another_response_host() {
    let both = |request: Request, scene: &Scene| {
        let hosts = [HOST, "other.example"];
        let registration = registration_to(&hosts, &request.leaf, &scene.registrar, REGISTERED);
        request.registered(&registration)
    };
    let agreed = Agreed::new();
    let first = both(agreed.next(1), &agreed.scene);
    assert_eq!(agreed.scene.answer(first.clone(), Holder::Always(&least, 30)).code, "accepted");
    let second = first.numbered(2);
    assert!(agreed.scene.review(second.clone()).standing.is_some());
    let mut elsewhere = second;
    elsewhere.payload["response_uri"] = "https://other.example/responses/1".into();
    let review = agreed.scene.review(elsewhere.clone());
    assert_eq!((review.host.as_str(), review.standing), ("other.example", None));
    let ended = agreed.scene.answer(elsewhere, Holder::Gestures);
    assert_eq!((ended.code, ended.posted.len()), ("INRO-WALLET-070", 0));
}

#[test]
fn a_standing_approval_ends() {
    let agreed = Agreed::new();
    let at = |seconds: i64, number: u32| {
        agreed.scene.device.clock.advance(seconds);
        let ended = agreed.scene.answer(agreed.next(number).later(seconds), Holder::Gestures);
        agreed.scene.device.clock.advance(-seconds);
        (ended.code, ended.posted.len())
    };
    assert_eq!(at(30 * DAY - 1, 1), ("accepted", 1));
    assert_eq!(at(30 * DAY, 2), ("INRO-WALLET-070", 0));
}

#[test]
fn a_standing_approval_answers_no_request_twice() {
    let agreed = Agreed::new();
    assert_eq!(agreed.scene.answer(agreed.next(1), Holder::Gestures).code, "accepted");
    let replayed = agreed.scene.answer(agreed.next(1), Holder::Gestures);
    assert_eq!((replayed.code, replayed.posted.len()), ("INRO-WALLET-020", 0));
}

#[test]
fn after_a_withdrawal_the_next_request_is_refused_and_the_verifier_told_until_the_holder_decides_anew() {
    let agreed = Agreed::new();
    assert_eq!(agreed.scene.answer(agreed.next(1), Holder::Gestures).code, "accepted");
    agreed.withdraw();
    let reasons = agreed.scene.device.prompts.reasons();
    assert!(matches!(reasons.last(), Some(Reason::Withdraw { .. })));
    let newest = run(agreed.scene.device.store.history(1)).unwrap().remove(0);
    assert_eq!(
        (newest.event, newest.items[0].claims.as_slice()),
        (Event::Withdrawn, ["agency".into()].as_slice())
    );

    let review = agreed.scene.review(agreed.next(2));
    assert!(matches!(review.standing, Some(Standing::Withdrawn { .. })));
    // Nobody is asked, so nothing is looked up that the time of the refusal could tell of.
    assert_eq!((review.groups.as_slice(), review.satisfiable), ([].as_slice(), false));
    for (holder, expected) in [
        (Holder::Gestures, "INRO-WALLET-070"),
        (Holder::Approves, "INRO-WALLET-072"),
        (Holder::Always(&least, 30), "INRO-WALLET-072"),
    ] {
        let ended = agreed.scene.answer(agreed.next(2), holder);
        assert_eq!((ended.code, ended.posted.len()), (expected, 0));
    }
    let told = agreed.scene.answer(agreed.next(2), Holder::Refuses);
    assert_eq!((told.code, told.posted), ("accepted", vec![b"error=access_denied&state=a-state".to_vec()]));

    assert_eq!(agreed.scene.answer(agreed.next(3), Holder::DecidesAnew).code, "accepted");
    assert_eq!(agreed.scene.review(agreed.next(4)).standing, None);
    assert_eq!(agreed.consents(), []);
}

#[test]
fn nobody_gets_around_a_withdrawal_by_asking_in_other_words() {
    let agreed = Agreed::new();
    let standing = |request: Request| agreed.scene.review(request).standing;
    assert!(matches!(standing(agreed.next(1)), Some(Standing::Approved { .. })));
    agreed.withdraw();
    let withdrawn = |request| matches!(standing(request), Some(Standing::Withdrawn { .. }));
    let (authority, registrar) = (&agreed.scene.authority, &agreed.scene.registrar);
    let other_leaf = authority.leaf(22, Usage::Verifier, &[], HOST);
    let other_key = registration(&other_leaf, registrar, REGISTERED);
    let mut other_type = agreed.next(2);
    other_type.payload["dcql_query"]["credentials"][0]["meta"]["vct_values"] = json!(["urn:other:1"]);
    assert!(withdrawn(agreed.next(2).asking(json!([{ "path": ["grade"] }]))));
    assert!(withdrawn(agreed.next(2).signed_by(other_leaf.clone(), &other_key)));
    assert!(withdrawn(other_type), "the claim is the same");
    assert!(withdrawn(agreed.next(2).authorizing("Pay 100 yen.", &["one"])));
    let mut unregistered = agreed.next(2);
    unregistered.payload.as_object_mut().unwrap().remove("verifier_info");
    assert!(withdrawn(unregistered), "the certificate is the same");

    // Another verifier, and another matter of the same one.
    let mut stranger = agreed.next(2).signed_by(other_leaf.clone(), &other_key);
    stranger.payload.as_object_mut().unwrap().remove("verifier_info");
    assert_eq!(standing(stranger), None);
    let mut other_matter = agreed.next(2).asking(json!([{ "path": ["powers"] }]));
    other_matter.payload["dcql_query"]["credentials"][0]["meta"]["vct_values"] = json!(["urn:other:1"]);
    assert_eq!(standing(other_matter), None);
}

#[test]
fn what_is_withdrawn_while_a_review_is_open_is_not_presented() {
    for (approve, expected) in [(false, "INRO-WALLET-070"), (true, "INRO-WALLET-072")] {
        let agreed = Agreed::new();
        let request = agreed.next(1);
        let link = request.link();
        let wallet = agreed.scene.device.wallet(move |sent| Ok(request.answer(sent)));
        let mut reviewing = run(wallet.review(&link)).unwrap();
        assert!(matches!(reviewing.review().standing, Some(Standing::Approved { .. })));
        run(wallet.withdraw(&agreed.consents()[0].id)).unwrap();
        let outcome = match approve {
            false => run(wallet.approve_standing(&mut reviewing)),
            true => {
                let choice = Choice::least(reviewing.review());
                run(wallet.approve(&mut reviewing, choice))
            }
        };
        assert_eq!(code(outcome), expected);
        assert_eq!(agreed.scene.device.copies(), 2);
    }
}

#[test]
fn a_cancelled_withdrawal_withdraws_nothing() {
    let agreed = Agreed::new();
    let id = agreed.consents()[0].id.clone();
    agreed.scene.device.prompts.then([Err(PromptError::Cancelled)]);
    assert_eq!(code(run(agreed.wallet().withdraw(&id))), "INRO-WALLET-004");
    assert_eq!(agreed.consents()[0].withdrawn_at, None);
    agreed.withdraw();
    let unknown = ConsentId("unheard-of".into());
    assert_eq!(code(run(agreed.wallet().withdraw(&unknown))), "INRO-WALLET-071");
    // Once is enough, and is remembered once.
    agreed.withdraw();
    let history = run(agreed.scene.device.store.history(9)).unwrap();
    assert_eq!(history.iter().filter(|entry| entry.event == Event::Withdrawn).count(), 1);
}

#[test]
fn always_is_not_said_to_who_asks_too_much_or_wants_something_authorized() {
    let scene = Scene::new();
    let fits = || Request::honest(&scene.authority, &scene.registrar, &["agency"]);
    for cannot in [
        fits().asking(json!([{ "path": ["agency"] }, { "path": ["grade"] }])),
        fits().authorizing("Pay 100 yen.", &["one"]),
        Request::unregistered(&scene.authority),
    ] {
        let ended = scene.answer(cannot, Holder::Always(&least, 30));
        assert_eq!((ended.code, ended.posted.len()), ("INRO-WALLET-070", 0));
    }
    for days in [0, 366] {
        assert_eq!(scene.answer(fits(), Holder::Always(&least, days)).code, "INRO-WALLET-070");
    }
    assert_eq!(run(scene.device.wallet(|_| Err(HttpError::Unreachable)).consents()).unwrap(), []);
    assert_eq!(scene.answer(fits(), Holder::Always(&least, 365)).code, "accepted");
}

/// What was switched off stays off.
#[test]
fn a_standing_approval_presents_what_was_chosen_and_no_more() {
    let sets = |mut request: Request| {
        request =
            request.asking(json!([{ "id": "a", "path": ["agency"] }, { "id": "g", "path": ["grade"] }]));
        request.payload["dcql_query"]["credentials"][0]["claim_sets"] = json!([["a", "g"], ["a"]]);
        request
    };
    let scene = Scene::new();
    let request = sets(Request::honest(&scene.authority, &scene.registrar, REGISTERED));
    let without: &dyn Fn(&Review) -> Choice = &|review| Choice::without(review, &["grade".into()]).unwrap();
    assert_eq!(scene.answer(request.clone(), Holder::Always(without, 30)).code, "accepted");
    assert_eq!(scene.answer(request.numbered(1), Holder::Gestures).code, "accepted");
    let newest = run(scene.device.store.history(1)).unwrap().remove(0);
    assert_eq!(
        (newest.event, newest.items[0].claims.as_slice()),
        (Event::Presented, ["agency".into()].as_slice())
    );
}

/// A new batch of copies may disclose more with the same claim.
#[test]
fn a_standing_approval_does_not_cover_what_comes_beside_since() {
    fn nested(plans: &mut Vec<Plan>, paths: &[Value]) {
        for plan in plans {
            plan.claims.insert("agency".into(), json!({ "name": "みなと市", "code": "13103" }));
            plan.disclosable = paths.iter().map(|path| ClaimPath::parse(path).unwrap()).collect();
        }
    }
    let scene =
        Scene::holding(|plans| nested(plans, &[json!(["agency", "name"]), json!(["agency", "code"])]));
    let honest = Request::honest(&scene.authority, &scene.registrar, REGISTERED);
    let honest = honest.asking(json!([{ "path": ["agency", "name"] }]));
    let request = |number| honest.clone().numbered(number);
    let receive = |copies: fn(&mut Vec<Plan>)| {
        let script = Script { copies, ..Script::honest(&scene.authority) };
        run(scene.device.wallet(script.network()).receive(&link(), None)).unwrap();
    };
    assert_eq!(scene.answer(request(1), Holder::Always(&least, 30)).code, "accepted");
    receive(|plans| nested(plans, &[json!(["agency", "name"]), json!(["agency", "code"])]));
    assert_eq!(scene.answer(request(2), Holder::Gestures).code, "accepted");
    receive(|plans| nested(plans, &[json!(["agency"])]));
    let ended = scene.answer(request(3), Holder::Gestures);
    assert_eq!((ended.code, ended.posted.len()), ("INRO-WALLET-070", 0));
}

/// It was said of the one power that there was.
#[test]
fn a_standing_approval_does_not_cover_what_has_come_to_match_since() {
    fn powers(plans: &mut Vec<Plan>, powers: &[&str]) {
        for plan in plans {
            plan.claims.insert("agency".into(), json!(powers));
            let path = |index| ClaimPath::parse(&json!(["agency", index])).unwrap();
            plan.disclosable = (0..powers.len()).map(path).collect();
        }
    }
    let scene = Scene::holding(|plans| powers(plans, &["view"]));
    let receive = |copies: fn(&mut Vec<Plan>)| {
        let script = Script { copies, ..Script::honest(&scene.authority) };
        run(scene.device.wallet(script.network()).receive(&link(), None)).unwrap();
    };
    let honest = Request::honest(&scene.authority, &scene.registrar, REGISTERED);
    let honest = honest.asking(json!([{ "path": ["agency", null] }]));
    let answer = |number, holder| scene.answer(honest.clone().numbered(number), holder).code;
    assert_eq!(answer(1, Holder::Always(&least, 30)), "accepted");
    receive(|plans| powers(plans, &["view"]));
    assert_eq!(answer(2, Holder::Gestures), "accepted");
    receive(|plans| powers(plans, &["view", "approve"]));
    assert_eq!(answer(3, Holder::Gestures), "INRO-WALLET-070");
}

#[test]
fn a_stored_consent_that_cannot_be_read_stops_the_answer() {
    let agreed = Agreed::new();
    let name = agreed.consents()[0].id.0.clone();
    run(agreed.scene.device.store.put_named(NamedKind::Consent, &name, Some(b"{}"), None)).unwrap();
    let ended = agreed.scene.answer(agreed.next(1), Holder::Approves);
    assert_eq!((ended.code, ended.posted.len()), ("INRO-WALLET-024", 0));
    assert_eq!(code(run(agreed.wallet().consents())), "INRO-WALLET-024");
}
