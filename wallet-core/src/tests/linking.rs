//! What links a holder is told, each finding with an answer that has it and one that has not.

use inro_credential::ClaimPath;
use serde_json::{Value, json};

use super::presenting::{Holder, Scene};
use super::verifier::Request;
use crate::choice::Choice;
use crate::linkability::Finding;
use crate::ports::Store as _;
use crate::records::{Event, Localized, NamedKind, NewHistoryEntry, Outcome};
use crate::review::{Review, ShownBefore};
use crate::testing::run;

fn scene() -> Scene {
    Scene::holding(|plans| {
        let claims = json!({
            "employee_number": "E0001", "post": "課長", "agency": { "code": "M0001", "name": "みなと市" },
            "department": { "code": "D110", "name": "福祉課" }, "person": { "name_kanji": "港花子" },
            "powers": ["welfare.view", "welfare.approve"], "scope": { "agency": "M0001" },
            "roles": [{ "code": "welfare-approver", "scope": { "unit": "D110" } }],
        });
        let disclosable = [
            json!(["employee_number"]),
            json!(["post"]),
            json!(["agency", "name"]),
            json!(["department", "code"]),
            json!(["department", "name"]),
            json!(["person"]),
            json!(["powers", 0]),
            json!(["powers", 1]),
            json!(["scope", "agency"]),
            json!(["roles", 0]),
        ];
        for plan in plans {
            plan.claims = claims.as_object().unwrap().clone();
            plan.disclosable = disclosable.iter().map(|path| ClaimPath::parse(path).unwrap()).collect();
        }
    })
}

fn review(scene: &Scene, claims: Value) -> Review {
    scene.review(Request::unregistered(&scene.authority).asking(claims))
}

/// The findings as English sentences.
fn told(review: &Review) -> Vec<String> {
    let findings = review.findings(&Choice::least(review)).unwrap();
    findings.iter().map(|finding| finding.text().en).collect()
}

fn about(claims: Value) -> Vec<String> {
    told(&review(&scene(), claims))
}

#[test]
fn a_plain_approval_of_welfare_raises_no_alarm() {
    let claims = json!([
        { "path": ["powers", null], "values": ["welfare.approve"] },
        { "path": ["scope", "agency"] },
    ]);
    assert_eq!(about(claims), Vec::<String>::new());
}

#[test]
fn tells_which_claims_say_who_the_holder_is() {
    for (path, expected) in [
        (json!(["employee_number"]), Some("Identifies you by itself: employee_number.")),
        (json!(["person"]), Some("Identifies you by itself: person.")),
        (json!(["agency", "name"]), None),
        (json!(["department", "name"]), None),
    ] {
        assert_eq!(about(json!([{ "path": path }])), Vec::from_iter(expected), "{path}");
    }
}

#[test]
fn tells_of_an_identifier_that_every_verifier_sees() {
    let seen = Scene::holding(|plans| {
        plans.iter_mut().for_each(|plan| plan.claims.extend([("sub".into(), "one-holder".into())]));
    });
    assert_eq!(told(&seen.review(seen.request())), ["Identifies you by itself: sub."]);
    let unseen = Scene::new();
    assert_eq!(told(&unseen.review(unseen.request())), Vec::<String>::new());
}

#[test]
fn tells_when_duty_and_place_together_fit_few() {
    let few = |names: &str| vec![format!("Together these may fit you alone: {names}.")];
    let asking =
        |paths: &[Value]| about(paths.iter().map(|path| json!({ "path": path })).collect::<Vec<_>>().into());
    let (post, place) = (json!(["post"]), json!(["department", "name"]));
    assert_eq!(asking(&[post.clone(), place.clone()]), few("post, department.name"));
    assert_eq!(asking(std::slice::from_ref(&post)), Vec::<String>::new());
    assert_eq!(asking(&[place]), Vec::<String>::new());
    assert_eq!(asking(&[post, json!(["agency", "name"])]), Vec::<String>::new());
    assert_eq!(asking(&[json!(["roles", 0])]), few("roles[0]"));
}

#[test]
fn tells_of_an_answer_that_can_be_passed_on() {
    let scene = scene();
    let mut request = Request::unregistered(&scene.authority).asking(json!([{ "path": ["post"] }]));
    assert_eq!(told(&scene.review(request.clone())), Vec::<String>::new());
    request.payload["dcql_query"]["credentials"][0]["require_cryptographic_holder_binding"] = false.into();
    let told = told(&scene.review(request));
    assert!(told.len() == 1 && told[0].starts_with("Employee ID: whoever receives it"), "{told:?}");
}

#[test]
fn tells_when_the_last_copy_is_used() {
    let scene = scene();
    for (number, expected) in [(1, 0), (2, 0), (3, 1)] {
        let mut request = Request::unregistered(&scene.authority).asking(json!([{ "path": ["post"] }]));
        request.payload["nonce"] = format!("a-nonce-of-at-least-22-characters-{number}").into();
        let told = told(&scene.review(request.clone()));
        assert_eq!(told.len(), expected, "{number}: {told:?}");
        assert!(told.iter().all(|text| text.contains("this uses up the last copy")), "{told:?}");
        assert_eq!(scene.answer(request, Holder::Approves).code, "accepted");
    }
}

#[test]
fn tells_which_other_verifier_was_shown_what_says_who_the_holder_is() {
    let number = || json!([{ "path": ["employee_number"] }]);
    let scene = scene();
    let registered = |nonce: &str, claims: Value| {
        let mut request = scene.request().asking(claims);
        request.payload["nonce"] = format!("a-nonce-of-at-least-22-characters-{nonce}").into();
        request
    };
    let identifies = "Identifies you by itself: employee_number.".to_owned();
    let seen = "Welfare System was shown the same. The two can tell that it was you.".to_owned();
    // Refused, and then shown something that many share.
    assert_eq!(scene.answer(registered("1", number()), Holder::Refuses).code, "accepted");
    let harmless = json!([{ "path": ["agency", "name"] }]);
    assert_eq!(scene.answer(registered("2", harmless.clone()), Holder::Approves).code, "accepted");
    assert_eq!(told(&review(&scene, number())), std::slice::from_ref(&identifies));

    assert_eq!(scene.answer(registered("3", number()), Holder::Approves).code, "accepted");
    let told_of = |request: Request| -> Vec<String> {
        let all = told(&scene.review(request));
        all.into_iter().filter(|text| !text.contains("last copy")).collect()
    };
    let another = |claims: Value| Request::unregistered(&scene.authority).asking(claims);
    assert_eq!(told_of(another(number())), [identifies.clone(), seen]);
    assert_eq!(told_of(another(harmless)), Vec::<String>::new());
    assert_eq!(told_of(another(json!([{ "path": ["person"] }]))), ["Identifies you by itself: person."]);
    assert_eq!(told_of(registered("4", number())), [identifies]);
}

/// The wallet decrypts each entry for it, and the holder waits.
#[test]
fn looks_back_over_a_bounded_part_of_the_history() {
    let scene = scene();
    let number = json!([{ "path": ["employee_number"] }]);
    let shown = scene.request().asking(number.clone());
    assert_eq!(scene.answer(shown, Holder::Approves).code, "accepted");
    let entry = run(scene.device.store.history(1)).unwrap().remove(0);
    let refused = NewHistoryEntry {
        event: Event::Refused,
        at: entry.at,
        counterpart: entry.counterpart,
        registered: true,
        items: entry.items,
        outcome: Outcome::Done,
        receipt: None,
    };
    for (entries, expected) in [(299, 1), (1, 0)] {
        for _ in 0..entries {
            let forgets = scene.device.store.put_named(NamedKind::Consent, "none", None, Some(&refused));
            run(forgets).unwrap();
        }
        assert_eq!(review(&scene, number.clone()).shown_before.len(), expected);
    }
}

#[test]
fn names_three_of_many_verifiers() {
    let mut review = review(&scene(), json!([{ "path": ["employee_number"] }]));
    let before = |name: String| ShownBefore {
        counterpart: Localized { en: name, ja: String::new() },
        registered: false,
        traits: ["employee_number".to_owned()].into(),
    };
    review.shown_before = (1..=5).map(|number| before(format!("Verifier {number}"))).collect();
    let findings = review.findings(&Choice::least(&review)).unwrap();
    assert_eq!(findings.len(), 5);
    assert_eq!(findings[4], Finding::SeenByMore { others: 2 });
    assert_eq!(
        findings[1].text().ja,
        "Verifier 1（自称）にも同じ項目を提示しています。両者は同じ人だと分かります。"
    );
    review.shown_before.iter_mut().for_each(|before| before.traits = ["sub".to_owned()].into());
    assert_eq!(review.findings(&Choice::least(&review)).unwrap().len(), 1);
}
