//! What leaves the wallet, in which order, and what it refuses to answer.

use std::sync::{Arc, Mutex};

use inro_trust::Usage;
use serde_json::json;

use super::issuer::{Plan, Script, link};
use super::pki::{Authority, Leaf};
use super::verifier::{RESPONSE, Request, registration};
use super::{Device, NOW, code};
use crate::choice::Choice;
use crate::error::WalletError;
use crate::keys::KeyStore as _;
use crate::ports::{HttpError, Store as _};
use crate::records::{Event, LostCopies, Outcome};
use crate::review::{Asker, Review};
use crate::testing::run;

/// A device with one credential in three copies, and those who vouch for others.
pub(super) struct Scene {
    pub(super) device: Device,
    pub(super) authority: Authority,
    pub(super) registrar: Leaf,
}

/// What a presentation came to, and what the verifier was sent.
pub(super) struct Ended {
    pub(super) code: &'static str,
    pub(super) posted: Vec<Vec<u8>>,
}

/// What the holder does at the review.
#[derive(Clone, Copy)]
pub(super) enum Holder<'a> {
    Approves,
    /// Approves with this option of the one group.
    Chooses(usize),
    /// Approves with what this chooses.
    Says(&'a dyn Fn(&Review) -> Choice),
    /// Approves with what this chooses, for so many days.
    Always(&'a dyn Fn(&Review) -> Choice, u16),
    /// Makes the gesture that a standing approval asks for.
    Gestures,
    /// Decides anew, and approves.
    DecidesAnew,
    Refuses,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self::holding(|_| {})
    }

    /// A scene whose issuer alters its copies.
    pub(super) fn holding(copies: fn(&mut Vec<Plan>)) -> Self {
        let authority = Authority::new("Trusted");
        let device = Device::trusting(&authority);
        let wallet = device.wallet(Script { copies, ..Script::honest(&authority) }.network());
        run(wallet.receive(&link(), None)).unwrap();
        let registrar = authority.leaf(31, Usage::Registrar, &[], "issuer.example");
        Self { device, authority, registrar }
    }

    pub(super) fn request(&self) -> Request {
        Request::honest(&self.authority, &self.registrar, &["agency"])
    }

    pub(super) fn review(&self, request: Request) -> Review {
        let link = request.link();
        let wallet = self.device.wallet(move |sent| Ok(request.answer(sent)));
        run(wallet.review(&link)).unwrap().review().clone()
    }

    pub(super) fn answer(&self, request: Request, holder: Holder<'_>) -> Ended {
        let link = request.link();
        self.answer_to(&link, request, holder)
    }

    /// As [`Scene::answer`], by another link to the request.
    pub(super) fn answer_to(&self, link: &str, request: Request, holder: Holder<'_>) -> Ended {
        let posted: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let seen = Arc::clone(&posted);
        let wallet = self.device.wallet(move |sent| {
            if sent.url == RESPONSE {
                seen.lock().unwrap().push(sent.body.clone());
            }
            Ok(request.answer(sent))
        });
        let outcome: Result<_, WalletError> = run(async {
            let mut reviewing = wallet.review(link).await?;
            match holder {
                Holder::Refuses => wallet.refuse(reviewing).await,
                Holder::Chooses(option) => {
                    wallet.approve(&mut reviewing, Choice::of(vec![Some(option)])).await
                }
                Holder::Says(choose) => {
                    let choice = choose(reviewing.review());
                    wallet.approve(&mut reviewing, choice).await
                }
                Holder::Always(choose, days) => {
                    let choice = choose(reviewing.review());
                    wallet.approve_always(&mut reviewing, choice, days).await
                }
                Holder::Gestures => wallet.approve_standing(&mut reviewing).await,
                Holder::DecidesAnew => {
                    reviewing = wallet.decide_anew(reviewing).await?;
                    let choice = Choice::least(reviewing.review());
                    wallet.approve(&mut reviewing, choice).await
                }
                Holder::Approves => {
                    let choice = Choice::least(reviewing.review());
                    wallet.approve(&mut reviewing, choice).await
                }
            }
        });
        let posted = posted.lock().unwrap().clone();
        Ended { code: code(outcome), posted }
    }
}

/// The unaltered request is answered; the altered one is refused with `expected`, and nothing is
/// sent for it.
fn refuses(expected: &str, alter: impl FnOnce(&mut Request, &Scene)) {
    let scene = Scene::new();
    assert_eq!(scene.answer(scene.request(), Holder::Approves).code, "accepted");
    let scene = Scene::new();
    let mut request = scene.request();
    alter(&mut request, &scene);
    let ended = scene.answer(request, Holder::Approves);
    assert_eq!(ended.code, expected);
    assert_eq!(ended.posted.len(), 0, "something was sent");
    assert_eq!((scene.device.copies(), scene.device.keys()), (3, 3));
}

#[test]
fn deletes_a_copys_key_before_its_presentation_is_sent() {
    let scene = Scene::new();
    let before = scene.device.lines().len();
    assert_eq!(scene.answer(scene.request(), Holder::Approves).code, "accepted");
    let lines = scene.device.lines().split_off(before);
    let post = format!("POST {RESPONSE}");
    let of_interest =
        lines.iter().filter(|line| line.starts_with("sign") || line.starts_with("delete") || **line == post);
    let order: Vec<_> = of_interest.map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(order, ["sign", "delete", "POST"]);
    assert_eq!((scene.device.copies(), scene.device.keys()), (2, 2));
}

#[test]
fn sends_nothing_when_the_key_cannot_be_deleted() {
    let scene = Scene::new();
    scene.device.keys.refuse_deletions(true);
    let ended = scene.answer(scene.request(), Holder::Approves);
    assert_eq!((ended.code, ended.posted.len()), ("INRO-WALLET-003", 0));
    assert_eq!(
        (scene.device.copies(), scene.device.keys()),
        (2, 3),
        "the copy is spent, its key still there"
    );
    let newest = run(scene.device.store.history(1)).unwrap().remove(0);
    assert_eq!((newest.event, newest.outcome), (Event::Presented, Outcome::Failed));

    scene.device.keys.refuse_deletions(false);
    scene.device.wallet(|_| Err(HttpError::Unreachable));
    assert_eq!((scene.device.copies(), scene.device.keys()), (2, 2), "opening the wallet deletes it");
}

#[test]
fn sends_the_claims_that_were_asked_for_and_no_other() {
    let scene = Scene::new();
    let ended = scene.answer(scene.request(), Holder::Approves);
    let body = String::from_utf8(ended.posted[0].clone()).unwrap();
    assert!(body.contains("vp_token="));
    let disclosures = ["~", "%7E"].iter().map(|tilde| body.matches(tilde).count()).max().unwrap();
    assert_eq!(disclosures, 2, "one disclosure stands between two tildes");
}

#[test]
fn a_network_that_is_cut_while_sending_leaves_no_usable_copy() {
    let scene = Scene::new();
    let request = scene.request();
    let link = request.link();
    let wallet = scene.device.wallet(move |sent| {
        if sent.url == RESPONSE { Err(HttpError::Unreachable) } else { Ok(request.answer(sent)) }
    });
    let mut reviewing = run(wallet.review(&link)).unwrap();
    let choice = Choice::least(reviewing.review());
    assert_eq!(code(run(wallet.approve(&mut reviewing, choice))), "INRO-WALLET-011");
    assert_eq!((scene.device.copies(), scene.device.keys()), (2, 2));
    let newest = run(scene.device.store.history(1)).unwrap().remove(0);
    assert_eq!((newest.event, newest.outcome), (Event::Presented, Outcome::Failed));
}

#[test]
fn a_verifier_that_does_not_take_the_answer_is_told_apart_from_success() {
    let scene = Scene::new();
    let mut request = scene.request();
    request.status = 400;
    let ended = scene.answer(request, Holder::Approves);
    assert_eq!((ended.code, ended.posted.len()), ("INRO-VP-031", 1));
}

#[test]
fn tells_when_every_copy_was_used() {
    let scene = Scene::new();
    for number in 0..4 {
        let mut request = scene.request();
        request.payload["nonce"] = format!("a-nonce-of-at-least-22-characters-{number}").into();
        let expected = if number < 3 { "accepted" } else { "INRO-WALLET-040" };
        assert_eq!(scene.answer(request, Holder::Approves).code, expected);
    }
    assert_eq!((scene.device.copies(), scene.device.keys()), (0, 0));
}

#[test]
fn refuses_a_request_that_was_answered_before() {
    for first in [Holder::Approves, Holder::Refuses] {
        let scene = Scene::new();
        let request = scene.request();
        assert_eq!(scene.answer(request.clone(), first).code, "accepted");
        let copies = scene.device.copies();
        let again = scene.answer(request.clone(), Holder::Approves);
        assert_eq!((again.code, again.posted.len()), ("INRO-WALLET-020", 0));
        assert_eq!(scene.device.copies(), copies);
        let mut fresh = request;
        fresh.payload["nonce"] = "another-nonce-of-at-least-22-characters".into();
        assert_eq!(scene.answer(fresh, Holder::Approves).code, "accepted");
    }
}

#[test]
fn shows_no_holder_a_request_that_was_answered_before() {
    let scene = Scene::new();
    let request = scene.request();
    let (link, answered) = (request.link(), request.clone());
    let wallet = scene.device.wallet(move |sent| Ok(answered.answer(sent)));
    assert_eq!(code(run(wallet.review(&link))), "accepted");
    assert_eq!(scene.answer(request, Holder::Refuses).code, "accepted");
    assert_eq!(code(run(wallet.review(&link))), "INRO-WALLET-020");
}

#[test]
fn a_clock_turned_back_makes_no_answered_request_new() {
    let scene = Scene::new();
    let request = scene.request();
    assert_eq!(scene.answer(request.clone(), Holder::Refuses).code, "accepted");
    for (back, expected) in [(30, "INRO-WALLET-020"), (3_600, "INRO-VP-021")] {
        scene.device.clock.advance(-back);
        let again = scene.answer(request.clone(), Holder::Approves);
        assert_eq!((again.code, again.posted.len()), (expected, 0), "{back} s");
        scene.device.clock.advance(back);
    }
    // It ran a day ahead while another was answered, and was put right.
    const DAY: i64 = 86_400;
    scene.device.clock.advance(DAY);
    let mut other = Request::unregistered(&scene.authority);
    other.payload["nonce"] = "another-nonce-of-at-least-22-characters".into();
    other.payload["iat"] = NOW.plus(DAY).as_secs().into();
    other.payload["exp"] = NOW.plus(DAY + 300).as_secs().into();
    assert_eq!(scene.answer(other, Holder::Refuses).code, "accepted");
    scene.device.clock.advance(-DAY);
    let again = scene.answer(request, Holder::Approves);
    assert_eq!((again.code, again.posted.len()), ("INRO-WALLET-020", 0));
}

/// A request that names no time never expires, so its answer is never forgotten.
#[test]
fn refuses_an_answered_request_whenever_it_could_be_taken_for_new() {
    for (dated, later, expected) in [
        (true, 100, "INRO-WALLET-020"),
        (true, 40 * 86_400, "INRO-VP-020"),
        (false, 40 * 86_400, "INRO-WALLET-020"),
    ] {
        let scene = Scene::new();
        let mut request = Request::unregistered(&scene.authority);
        if !dated {
            let payload = request.payload.as_object_mut().unwrap();
            payload.retain(|name, _| name != "iat" && name != "exp");
        }
        assert_eq!(scene.answer(request.clone(), Holder::Refuses).code, "accepted");
        scene.device.clock.advance(later);
        let mut other = Request::unregistered(&scene.authority);
        other.payload["nonce"] = "another-nonce-of-at-least-22-characters".into();
        other.payload["iat"] = NOW.plus(later).as_secs().into();
        other.payload["exp"] = NOW.plus(later + 300).as_secs().into();
        assert_eq!(scene.answer(other, Holder::Refuses).code, "accepted");
        assert_eq!(scene.answer(request, Holder::Refuses).code, expected);
    }
}

#[test]
fn no_match_refusal_and_value_mismatch_look_the_same() {
    let refused = Scene::new();
    let refusal = refused.answer(refused.request(), Holder::Refuses);

    let mismatch = Scene::new();
    let request = mismatch.request().asking(json!([{ "path": ["agency"], "values": ["港町"] }]));
    let mismatch = mismatch.answer(request, Holder::Refuses);

    let missing = Scene::new();
    let request = missing.request().asking(json!([{ "path": ["no_such_claim"] }]));
    let missing = missing.answer(request, Holder::Refuses);

    let other = Scene::new();
    let mut request = other.request();
    request.payload["dcql_query"]["credentials"][0]["meta"]["vct_values"] = json!(["urn:other:1"]);
    let other = other.answer(request, Holder::Refuses);

    assert_eq!(refusal.code, "accepted");
    assert_eq!(refusal.posted.len(), 1);
    for ended in [mismatch, missing, other] {
        assert_eq!((ended.code, &ended.posted), ("accepted", &refusal.posted));
    }
}

/// A verifier that nobody registered can have its own faults told to it without the holder's doing:
/// it must not learn by them what the wallet holds.
#[test]
fn a_fault_in_an_unregistered_request_is_told_in_the_same_bytes_whatever_is_held() {
    let scene = Scene::new();
    let sound = Request::unregistered(&scene.authority);
    assert_eq!(scene.answer(sound.clone(), Holder::Refuses).code, "accepted");
    let empty = Scene::new();
    let record = run(empty.device.wallet(|_| Err(HttpError::Unreachable)).list()).unwrap().remove(0);
    run(empty.device.wallet(|_| Err(HttpError::Unreachable)).delete(&record.id)).unwrap();
    let told = |vct: Option<&str>, alter: fn(&mut Request)| {
        [&scene, &empty].map(|scene| {
            let mut request = Request::unregistered(&scene.authority);
            if let Some(vct) = vct {
                request.payload["dcql_query"]["credentials"][0]["meta"]["vct_values"] = json!([vct]);
            }
            request.payload["nonce"] = "another-nonce-of-at-least-22-characters".into();
            alter(&mut request);
            let ended = scene.answer(request, Holder::Approves);
            (ended.code, ended.posted)
        })
    };
    let once = |error: &str| vec![format!("error={error}&state=a-state").into_bytes()];
    for vct in [None, Some("urn:other:1")] {
        let scope = told(vct, |request| request.payload["scope"] = "employee".into());
        assert_eq!(
            scope,
            [("INRO-VP-028", once("invalid_request")), ("INRO-VP-028", once("invalid_request"))]
        );
        let data = told(vct, |request| request.payload["transaction_data"] = json!(["e30"]));
        let expected = ("INRO-VP-066", once("invalid_transaction_data"));
        assert_eq!(data, [expected.clone(), expected]);
    }
    assert_eq!((scene.device.copies(), scene.device.keys()), (3, 3));
}

#[test]
fn answers_the_option_that_the_wallet_holds() {
    let scene = Scene::new();
    let mut request = scene.request();
    let query = &mut request.payload["dcql_query"];
    let mut other = query["credentials"][0].clone();
    other["id"] = "other".into();
    other["meta"]["vct_values"] = json!(["urn:other:1"]);
    query["credentials"].as_array_mut().unwrap().push(other);
    let without_sets = scene.answer(request.clone(), Holder::Approves);
    assert_eq!((without_sets.code, without_sets.posted.len()), ("INRO-WALLET-041", 0));

    request.payload["dcql_query"]["credential_sets"] = json!([{ "options": [["other"], ["one"]] }]);
    let with_sets = scene.answer(request, Holder::Approves);
    assert_eq!((with_sets.code, with_sets.posted.len()), ("accepted", 1));
    assert!(String::from_utf8(with_sets.posted[0].clone()).unwrap().contains("%22one%22"));
}

#[test]
fn discloses_one_claim_of_a_claim_set() {
    let scene = Scene::new();
    let mut request = scene.request().asking(json!([
        { "id": "a", "path": ["no_such_claim"] },
        { "id": "b", "path": ["agency"] },
        { "id": "c", "path": ["grade"] },
    ]));
    request.payload["dcql_query"]["credentials"][0]["claim_sets"] = json!([["a"], ["b"], ["c"]]);
    let ended = scene.answer(request, Holder::Approves);
    assert_eq!(ended.code, "accepted");
    let newest = run(scene.device.store.history(1)).unwrap().remove(0);
    assert_eq!(newest.items[0].claims, ["agency"]);
}

#[test]
fn uses_two_copies_where_one_credential_is_asked_for_twice() {
    let scene = Scene::new();
    let mut request = scene.request();
    let query = &mut request.payload["dcql_query"];
    let mut second = query["credentials"][0].clone();
    second["id"] = "two".into();
    second["claims"] = json!([{ "path": ["grade"] }]);
    query["credentials"].as_array_mut().unwrap().push(second);
    assert_eq!(scene.answer(request, Holder::Approves).code, "accepted");
    assert_eq!((scene.device.copies(), scene.device.keys()), (1, 1));
}

#[test]
fn a_choice_covers_each_required_part_and_no_more_copies_than_are_left() {
    let scene = Scene::new();
    let review = || {
        let mut request = scene.request();
        let query = &mut request.payload["dcql_query"];
        let mut second = query["credentials"][0].clone();
        second["id"] = "two".into();
        query["credentials"].as_array_mut().unwrap().push(second);
        query["credential_sets"] = json!([{ "options": [["one"]] }, { "options": [["two"]] }]);
        scene.review(request)
    };
    let chosen = |picks: [Option<usize>; 2]| code(review().chosen(&Choice::of(picks.to_vec())).map(drop));
    assert_eq!(chosen([Some(0), Some(0)]), "accepted");
    for picks in [[Some(0), None], [None, Some(0)], [Some(0), Some(1)]] {
        assert_eq!(chosen(picks), "INRO-WALLET-045", "{picks:?}");
    }
    for number in 0..2 {
        let mut request = scene.request();
        request.payload["nonce"] = format!("a-nonce-of-at-least-22-characters-{number}").into();
        assert_eq!(scene.answer(request, Holder::Approves).code, "accepted");
    }
    assert_eq!(scene.device.copies(), 1);
    assert_eq!(chosen([Some(0), Some(0)]), "INRO-WALLET-040");
}

#[test]
fn approving_what_does_not_fit_sends_nothing() {
    let scene = Scene::new();
    let request = scene.request().asking(json!([{ "path": ["no_such_claim"] }]));
    let ended = scene.answer(request, Holder::Approves);
    assert_eq!((ended.code, ended.posted.len()), ("INRO-WALLET-041", 0));
}

#[test]
fn a_refusal_uses_no_copy_and_stands_in_the_history() {
    let scene = Scene::new();
    assert_eq!(scene.answer(scene.request(), Holder::Refuses).code, "accepted");
    assert_eq!((scene.device.copies(), scene.device.keys()), (3, 3));
    let newest = run(scene.device.store.history(1)).unwrap().remove(0);
    assert_eq!((newest.event, newest.outcome), (Event::Refused, Outcome::Done));
    assert_eq!(newest.counterpart.ja, "福祉システム");
}

#[test]
fn the_history_names_claims_and_the_counterpart_but_no_values() {
    let scene = Scene::new();
    scene.answer(scene.request(), Holder::Approves);
    let newest = run(scene.device.store.history(1)).unwrap().remove(0);
    assert_eq!((newest.event, newest.registered, newest.outcome), (Event::Presented, true, Outcome::Done));
    assert_eq!(newest.items[0].claims, ["agency"]);
    assert!(!format!("{newest:?}").contains("みなと市"));
}

#[test]
fn marks_who_asks_and_what_no_registration_covers() {
    let scene = Scene::new();
    let review = |request| scene.review(request);
    let registered = review(scene.request());
    assert!(matches!(&registered.asker, Asker::Registered { name } if name.en == "Welfare System"));
    assert!(!registered.over_asks(&Choice::least(&registered)).unwrap());

    let over_asking = review(scene.request().asking(json!([{ "path": ["agency"] }, { "path": ["grade"] }])));
    assert!(over_asking.is_registered());
    let claims = &over_asking.groups[0].options[0].credentials[0].claims;
    let marks: Vec<_> = claims.iter().map(|claim| (claim.name.as_str(), claim.over_asked)).collect();
    assert_eq!(marks, [("agency", false), ("grade", true)]);

    let unregistered = review(Request::unregistered(&scene.authority));
    assert!(matches!(&unregistered.asker, Asker::Claimed { name } if name == "A Claimed Name"));
    assert!(unregistered.over_asks(&Choice::least(&unregistered)).unwrap());
}

/// The agency is disclosed as a whole: whoever asks for its name sees its code.
#[test]
fn shows_and_counts_what_comes_with_a_claim_that_was_asked_for() {
    let scene = Scene::holding(|plans| {
        for plan in plans {
            plan.claims.insert("agency".into(), json!({ "name": "みなと市", "code": "13103" }));
        }
    });
    let asking = |registered: &[&str]| {
        let request = Request::honest(&scene.authority, &scene.registrar, registered);
        scene.review(request.asking(json!([{ "path": ["agency", "name"] }])))
    };
    let marks = |review: &Review| -> Vec<(String, bool)> {
        let asked = &review.groups[0].options[0].credentials[0];
        asked.preferred().unwrap().disclosed().map(|claim| (claim.name.clone(), claim.over_asked)).collect()
    };
    let whole = asking(&["agency"]);
    assert_eq!(marks(&whole), [("agency.name".into(), false), ("agency.code".into(), false)]);
    assert!(!whole.over_asks(&Choice::least(&whole)).unwrap());

    let part = asking(&["agency.name"]);
    assert_eq!(marks(&part), [("agency.name".into(), false), ("agency.code".into(), true)]);
    assert!(part.over_asks(&Choice::least(&part)).unwrap());

    let request = scene.request().asking(json!([{ "path": ["agency", "name"] }]));
    assert_eq!(scene.answer(request, Holder::Approves).code, "accepted");
    let newest = run(scene.device.store.history(1)).unwrap().remove(0);
    assert_eq!(newest.items[0].claims, ["agency.name", "agency.code"]);
}

#[test]
fn shows_a_subject_identifier_that_every_verifier_sees() {
    let visible = |scene: Scene| {
        let review = scene.review(scene.request());
        review.groups[0].options[0].credentials[0].always_visible.clone()
    };
    assert_eq!(visible(Scene::new()), Vec::<String>::new());
    let named = Scene::holding(|plans| {
        plans.iter_mut().for_each(|plan| plan.claims.extend([("sub".into(), "one-holder".into())]));
    });
    assert_eq!(visible(named), ["sub"]);
}

#[test]
fn tells_an_answer_that_can_be_passed_on() {
    let scene = Scene::new();
    let bound = |request| scene.review(request).groups[0].options[0].credentials[0].bound;
    assert!(bound(scene.request()));
    let mut unbound = scene.request();
    unbound.payload["dcql_query"]["credentials"][0]["require_cryptographic_holder_binding"] = false.into();
    assert!(!bound(unbound));
}

#[test]
fn presents_no_expired_credential_and_answers_as_if_it_were_not_there() {
    let scene = Scene::holding(|plans| plans.iter_mut().for_each(|plan| plan.expires_at = NOW.plus(100)));
    let with_nonce = |nonce: &str| {
        let mut request = scene.request();
        request.payload["nonce"] = nonce.into();
        request
    };
    let first = scene.answer(with_nonce("a-first-nonce-of-22-characters"), Holder::Approves);
    assert_eq!(first.code, "accepted");
    let refusal = scene.answer(with_nonce("a-second-nonce-of-22-characters"), Holder::Refuses);
    scene.device.clock.advance(100);
    let approved = scene.answer(with_nonce("a-third-nonce-of-22-characters"), Holder::Approves);
    assert_eq!((approved.code, approved.posted.len()), ("INRO-WALLET-041", 0));
    let refused = scene.answer(with_nonce("a-third-nonce-of-22-characters"), Holder::Refuses);
    assert_eq!((refused.code, refused.posted), ("accepted", refusal.posted));
}

#[test]
fn refuses_an_untrusted_verifier() {
    refuses("INRO-TRUST-005", |request, _| {
        let unknown = Authority::new("Nobody knows");
        *request = Request::unregistered(&unknown);
    });
}

#[test]
fn refuses_a_request_that_was_signed_by_another_key() {
    refuses("INRO-JOSE-005", |request, scene| {
        request.leaf.key = scene.authority.leaf(77, Usage::Verifier, &[], "verifier.example").key;
    });
}

#[test]
fn refuses_an_expired_request() {
    refuses("INRO-VP-020", |request, _| {
        request.payload["iat"] = NOW.plus(-900).as_secs().into();
        request.payload["exp"] = NOW.plus(-600).as_secs().into();
    });
}

#[test]
fn refuses_an_answer_address_that_the_registration_does_not_name() {
    refuses("INRO-VP-024", |request, _| {
        request.payload["response_uri"] = "https://other.example/responses/1".into()
    });
}

/// Nobody but the certificate says where an unregistered verifier is at home.
#[test]
fn refuses_an_answer_address_that_the_certificate_of_an_unregistered_verifier_does_not_name() {
    let scene = Scene::new();
    let mut request = Request::unregistered(&scene.authority);
    assert_eq!(scene.answer(request.clone(), Holder::Refuses).code, "accepted");
    request.payload["nonce"] = "another-nonce-of-at-least-22-characters".into();
    request.payload["response_uri"] = "https://other.example/responses/1".into();
    let ended = scene.answer(request, Holder::Refuses);
    assert_eq!((ended.code, ended.posted.len()), ("INRO-VP-024", 0));
}

#[test]
fn refuses_a_registration_of_another_verifier() {
    refuses("INRO-TRUST-018", |request, scene| {
        let other = scene.authority.leaf(22, Usage::Verifier, &[], "verifier.example");
        request.payload["verifier_info"][0]["data"] =
            registration(&other, &scene.registrar, &["agency"]).into();
    });
}

#[test]
fn refuses_an_unsigned_request() {
    let scene = Scene::new();
    let signed = scene.request().link();
    let wallet = scene.device.wallet(|_| Err(HttpError::Unreachable));
    let by_value = signed.replace("request_uri=", "dcql_query=");
    assert_eq!(code(run(wallet.review(&signed))), "INRO-WALLET-011");
    assert_eq!(code(run(wallet.review(&by_value))), "INRO-VP-011");
}

#[test]
fn deleting_a_credential_deletes_its_keys_first() {
    let scene = Scene::new();
    let wallet = scene.device.wallet(|_| Err(HttpError::Unreachable));
    let record = run(wallet.list()).unwrap().remove(0);
    run(wallet.delete(&record.id)).unwrap();
    assert_eq!((scene.device.copies(), scene.device.keys()), (0, 0));
    assert_eq!(code(run(wallet.show(&record.id))), "INRO-WALLET-022");
    assert_eq!(code(run(wallet.delete(&record.id))), "INRO-WALLET-022");
    let newest = run(wallet.history()).unwrap().remove(0);
    assert_eq!((newest.event, newest.items[0].claims.len()), (Event::Deleted, 2));
}

/// As after a backup was restored that is older than a presentation.
#[test]
fn copies_whose_keys_are_gone_are_dropped_at_opening_and_told() {
    let scene = Scene::new();
    let device = &scene.device;
    let open = || device.wallet(|_| Err(HttpError::Unreachable));
    assert_eq!((open().lost_copies(), device.copies(), device.keys()), ([].as_slice(), 3, 3));
    let id = run(device.store.briefs()).unwrap().remove(0).id;
    let gone = run(device.store.keys_in_use(Some(&id))).unwrap().remove(0);
    run(device.keys.delete(&gone)).unwrap();
    let lost = [LostCopies { credential: id, copies: 1 }];
    assert_eq!((open().lost_copies(), device.copies(), device.keys()), (lost.as_slice(), 2, 2));
    assert_eq!(run(device.store.history(1)).unwrap().remove(0).event, Event::Lost);
    assert_eq!(scene.answer(scene.request(), Holder::Approves).code, "accepted");
}
