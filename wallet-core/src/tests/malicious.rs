//! A malicious verifier: what it learns, and what it is told.

use serde_json::json;

use super::presenting::{Ended, Holder, Scene};
use super::verifier::{HOST, RESPONSE, Request};
use crate::choice::Choice;
use crate::review::{Asker, Review};

/// Sends nothing, uses up nothing, and says why.
fn refused(scene: &Scene, request: Request) -> &'static str {
    let before = (scene.device.copies(), scene.device.keys());
    let Ended { code, posted } = scene.answer(request, Holder::Approves);
    assert_eq!(posted.len(), 0, "something was sent");
    assert_eq!((scene.device.copies(), scene.device.keys()), before);
    code
}

/// What the device was asked for while a request was reviewed and refused.
fn traces(request: Request, scene: &Scene) -> (Vec<String>, Vec<Vec<u8>>) {
    let before = scene.device.journal.lines().len();
    let ended = scene.answer(request, Holder::Refuses);
    assert_eq!(ended.code, "accepted");
    (scene.device.journal.lines().split_off(before), ended.posted)
}

#[test]
fn over_asking_is_marked_before_anything_leaves_and_is_never_approved_for_later() {
    let scene = Scene::new();
    let least: &dyn Fn(&Review) -> Choice = &Choice::least;
    let asks_for = |claims| scene.request().asking(claims);
    let registered = json!([{ "path": ["agency"] }]);
    let more = json!([{ "path": ["agency"] }, { "path": ["grade"] }]);
    let over_asks = |request| {
        let review = scene.review(request);
        review.over_asks(&Choice::least(&review)).unwrap()
    };
    assert!(!over_asks(asks_for(registered.clone())));
    assert!(over_asks(asks_for(more.clone())));
    let ended = scene.answer(asks_for(more), Holder::Always(least, 30));
    assert_eq!((ended.code, ended.posted.len()), ("INRO-WALLET-070", 0));
    assert_eq!(scene.answer(asks_for(registered), Holder::Always(least, 30)).code, "accepted");
}

/// With Cyrillic letters: an i in the host, a capital S in the name.
#[test]
fn a_name_or_host_of_letters_that_look_alike_is_nobody_known() {
    let scene = Scene::new();
    let mut other_host = scene.request();
    other_host.payload["response_uri"] = "https://verif\u{456}er.example/responses/1".into();
    assert_eq!(refused(&scene, other_host), "INRO-VP-023");

    let leaf = scene.authority.named("Welfare \u{405}ystem", HOST);
    let mut imitation = scene.request().signed_by(leaf, "none");
    imitation.payload.as_object_mut().unwrap().remove("verifier_info");
    let review = scene.review(imitation.clone());
    assert_eq!(review.asker, Asker::Claimed { name: "Welfare \u{405}ystem".into() });
    assert!(review.over_asks(&Choice::least(&review)).unwrap());
    let always = scene.answer(imitation, Holder::Always(&Choice::least, 30));
    assert_eq!((always.code, always.posted.len()), ("INRO-WALLET-070", 0));
    let review = scene.review(scene.request());
    assert!(matches!(&review.asker, Asker::Registered { name } if name.en == "Welfare System"));
}

#[test]
fn a_certificate_of_another_host_speaks_for_nobody_else() {
    let scene = Scene::new();
    let of_host = |host: &str| {
        let mut request = Request::unregistered(&scene.authority);
        request.payload["client_id"] = format!("x509_san_dns:{host}").into();
        request.payload["response_uri"] = format!("https://{host}/responses/1").into();
        request
    };
    assert_eq!(scene.answer(of_host(HOST), Holder::Refuses).code, "accepted");
    assert_eq!(refused(&scene, of_host("bank.example")), "INRO-VP-019");
}

/// The inner one is neither read nor fetched.
#[test]
fn a_request_in_a_request_is_refused() {
    let scene = Scene::new();
    for (name, inner) in [("request", "e30.e30.e30"), ("request_uri", "https://inside.example/")] {
        let mut nested = scene.request();
        nested.payload[name] = inner.into();
        let before = scene.device.journal.lines().len();
        let ended = scene.answer(nested, Holder::Approves);
        assert_eq!(ended.code, "INRO-VP-015");
        assert_eq!(ended.posted, [b"error=invalid_request&state=a-state"]);
        let lines = scene.device.journal.lines().split_off(before);
        assert_eq!(lines, ["GET https://verifier.example/requests/1", &format!("POST {RESPONSE}")]);
    }
    assert_eq!(scene.answer(scene.request(), Holder::Approves).code, "accepted");
}

/// A value that is asked for is no oracle: the same steps and the same bytes, whether the value is that of
/// the holder, another, or not there.
#[test]
fn a_value_that_differs_takes_the_same_steps_and_gets_the_same_bytes() {
    let scene = Scene::new();
    let asking = |number, claims| scene.request().asking(claims).numbered(number);
    let fits = traces(asking(1, json!([{ "path": ["agency"], "values": ["みなと市"] }])), &scene);
    assert_eq!(fits.1, [b"error=access_denied&state=a-state"]);
    for (number, claims) in [
        (2, json!([{ "path": ["agency"], "values": ["港町"] }])),
        (3, json!([{ "path": ["no_such_claim"] }])),
    ] {
        assert_eq!(traces(asking(number, claims), &scene), fits);
    }
}

/// The verifier asks with one value after the other, and nobody is there to decide.
#[test]
fn after_a_withdrawal_no_value_can_be_guessed_by_asking_again() {
    let scene = Scene::new();
    let request = scene.request();
    assert_eq!(scene.answer(request.clone(), Holder::Always(&Choice::least, 30)).code, "accepted");
    let wallet = scene.device.wallet(|_| Err(crate::ports::HttpError::Unreachable));
    let id = crate::testing::run(wallet.consents()).unwrap().remove(0).id;
    crate::testing::run(wallet.withdraw(&id)).unwrap();
    let guess = |number: u32, value: &str| {
        request.clone().asking(json!([{ "path": ["agency"], "values": [value] }])).numbered(number)
    };
    let right = traces(guess(1, "みなと市"), &scene);
    assert_eq!(right, traces(guess(2, "港町"), &scene));
    assert_eq!(scene.review(guess(3, "みなと市")), scene.review(guess(3, "港町")));
}
