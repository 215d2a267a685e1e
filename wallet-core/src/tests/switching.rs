//! Whatever a holder switches, what leaves satisfies the query as its verifier checks it, and has
//! nothing in it that is switched off.

use inro_credential::dcql::{Presented, Query};
use inro_credential::{ClaimPath, Format, HeldCredential};
use inro_crypto::RustCrypto;
use inro_openid4vp::form::Form;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::code;
use super::issuer::VCT;
use super::presenting::{Ended, Holder, Scene};
use super::verifier::Request;
use crate::choice::{Choice, SwitchedOff};
use crate::ports::Store as _;
use crate::review::{Asked, Review, Way};
use crate::testing::run;

/// Each value stands nowhere else. The office is disclosed as a whole, and the grade is always seen.
const CLAIMS: [(&str, &[&str]); 8] = [
    ("a", &["a"]),
    ("b", &["b"]),
    ("c", &["c"]),
    ("name", &["office", "name"]),
    ("unit", &["office", "unit"]),
    ("office", &["office"]),
    ("area", &["scope", "area"]),
    ("grade", &["grade"]),
];

fn scene() -> Scene {
    Scene::holding(|plans| {
        let claims = json!({
            "a": "value-of-a", "b": "value-of-b", "c": "value-of-c", "grade": "value-of-grade",
            "office": { "name": "value-of-name", "unit": "value-of-unit" },
            "scope": { "area": "value-of-area" },
        });
        let disclosable =
            [json!(["a"]), json!(["b"]), json!(["c"]), json!(["office"]), json!(["scope", "area"])];
        for plan in plans {
            plan.claims = claims.as_object().unwrap().clone();
            plan.disclosable = disclosable.iter().map(|path| ClaimPath::parse(path).unwrap()).collect();
        }
    })
}

/// Two queries for one credential, each with claim sets, in credential sets of which one is optional.
fn request(scene: &Scene, sets: [&[Vec<usize>]; 2]) -> Request {
    let query = |id: &str, sets: &[Vec<usize>]| {
        let claims = CLAIMS.map(|(id, path)| json!({ "id": id, "path": path }));
        let ids = |set: &Vec<usize>| json!(set.iter().map(|index| CLAIMS[*index].0).collect::<Vec<_>>());
        json!({
            "id": id, "format": "dc+sd-jwt", "meta": { "vct_values": [VCT] },
            "claims": claims, "claim_sets": sets.iter().map(ids).collect::<Value>(),
        })
    };
    let mut request = Request::unregistered(&scene.authority);
    request.payload["dcql_query"] = json!({
        "credentials": [query("one", sets[0]), query("two", sets[1])],
        "credential_sets": [{ "options": [["one"], ["one", "two"]] }, { "options": [["two"]], "required": false }],
    });
    request
}

/// What arrived, by the ids of the queries.
fn arrived(posted: &[u8]) -> Vec<(String, Map<String, Value>)> {
    let form = Form::parse(posted).unwrap();
    let token: Value = serde_json::from_str(form.value("vp_token").unwrap()).unwrap();
    let mut arrived = Vec::new();
    for (id, list) in token.as_object().unwrap() {
        for text in list.as_array().unwrap() {
            // Without its key binding it is what the issuer made, with fewer disclosures.
            let (copy, _) = text.as_str().unwrap().rsplit_once('~').unwrap();
            let held = HeldCredential::parse(Format::SdJwtVc, &format!("{copy}~"), &RustCrypto).unwrap();
            arrived.push((id.clone(), held.claims().clone()));
        }
    }
    arrived
}

/// As a verifier sees it: it knows the query and what arrived.
fn satisfies(request: &Request, arrived: &[(String, Map<String, Value>)]) -> bool {
    let presented = arrived.iter().map(|(query_id, claims)| Presented {
        query_id,
        format: "dc+sd-jwt",
        type_id: VCT,
        claims,
        positions: None,
        key_bound: true,
    });
    let query = Query::parse(&request.payload["dcql_query"]).unwrap();
    query.check(&presented.collect::<Vec<_>>()).is_ok()
}

/// Each way to answer the request, as the claims that it shows; found without [`Choice`].
fn every_answer(review: &Review) -> Vec<Vec<String>> {
    let shown = |asked: &Asked| -> Vec<Vec<String>> {
        let names = |way: &Way| {
            let claims = way.claims.iter().map(|index| &asked.claims[*index]);
            let beside = way.beside.iter().map(|index| &asked.beside[*index]);
            let names = claims.chain(beside).map(|claim| claim.name.clone());
            names.chain(asked.always_visible.iter().cloned()).collect()
        };
        asked.ways.iter().map(names).collect()
    };
    // The optional group adds to an answer and takes nothing away.
    let required = review.groups.iter().filter(|group| group.required);
    let mut answers = vec![Vec::new()];
    for group in required {
        let mut longer: Vec<Vec<String>> = Vec::new();
        for option in &group.options {
            let mut ways = answers.clone();
            for asked in &option.credentials {
                let add = |answer: &Vec<String>| {
                    shown(asked).into_iter().map(|way| [answer.clone(), way].concat()).collect::<Vec<_>>()
                };
                ways = ways.iter().flat_map(add).collect();
            }
            longer.extend(ways);
        }
        answers = longer;
    }
    answers
}

fn sets() -> impl Strategy<Value = Vec<Vec<usize>>> {
    let set = proptest::sample::subsequence((0..CLAIMS.len()).collect::<Vec<_>>(), 1..=4);
    proptest::collection::vec(set, 1..5)
}

/// Moves switches as a holder does: one after the other, among those that can be moved.
fn switched(review: &Review, mut choice: Choice, moves: &[usize]) -> Choice {
    for number in moves {
        let Ok(mut switches) = review.switches(&choice) else { return choice };
        switches.retain(|switch| switch.movable);
        if switches.is_empty() {
            continue;
        }
        let off: SwitchedOff = switches[number % switches.len()].off();
        choice = match choice.off.contains(&off) {
            true => choice.switch_on(&off),
            false => choice.switch_off(review, off).unwrap(),
        };
    }
    choice
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sent_satisfies_the_query_and_has_nothing_that_is_switched_off(
        one in sets(),
        two in sets(),
        picks in (0..2_usize, proptest::option::of(Just(0_usize))),
        moves in proptest::collection::vec(0..20_usize, 0..6),
    ) {
        let scene = scene();
        let request = request(&scene, [&one, &two]);
        let review = scene.review(request.clone());
        let choice = switched(&review, Choice::of(vec![Some(picks.0), picks.1]), &moves);
        prop_assert!(review.chosen(&choice).is_ok());
        let off: Vec<String> = choice.off.iter().map(|off| off.path.to_value().to_string()).collect();
        let ended = scene.answer(request.clone(), Holder::Says(&|_| choice.clone()));
        prop_assert_eq!(ended.code, "accepted");
        let arrived = arrived(&ended.posted[0]);
        prop_assert!(satisfies(&request, &arrived));
        for (name, path) in CLAIMS {
            let path = json!(path).to_string();
            let is_off = off.iter().any(|off| *off == path || path.starts_with(off.trim_end_matches(']')));
            let value = format!("value-of-{name}\"");
            let is_there = arrived.iter().any(|(_, claims)| json!(claims).to_string().contains(&value));
            prop_assert!(!(is_off && is_there), "{} was switched off", name);
        }
    }

    #[test]
    fn doing_without_claims_fails_only_where_no_answer_can(
        one in sets(),
        two in sets(),
        without in proptest::sample::subsequence(vec!["a", "b", "c", "office", "office.unit", "scope.area", "grade"], 1..=4),
    ) {
        let scene = scene();
        let request = request(&scene, [&one, &two]);
        let review = scene.review(request.clone());
        let asked: Vec<String> = every_answer(&review).concat();
        let within = |claim: &str, name: &str| claim == name || claim.starts_with(&format!("{name}."));
        let without: Vec<String> = without
            .into_iter().filter(|name| asked.iter().any(|claim| within(claim, name) || within(name, claim))).map(str::to_owned).collect();
        let clean = |answer: &Vec<String>| {
            !answer.iter().any(|claim| without.iter().any(|name| within(claim, name) || within(name, claim)))
        };
        let choice = Choice::without(&review, &without);
        prop_assert_eq!(choice.is_ok(), every_answer(&review).iter().any(clean), "{:?}", without);
        let Ok(choice) = choice else {
            prop_assert_eq!(code(choice), "INRO-WALLET-046");
            return Ok(());
        };
        let ended = scene.answer(request.clone(), Holder::Says(&|_| choice.clone()));
        prop_assert_eq!(ended.code, "accepted");
        let arrived = arrived(&ended.posted[0]);
        prop_assert!(satisfies(&request, &arrived));
        for name in &without {
            let last = name.rsplit('.').next().unwrap();
            let whole = last == "office";
            let mut values = if whole { vec!["name", "unit"] } else { vec![last] }.into_iter();
            let is_there = values.any(|value| json!(arrived.iter().map(|(_, claims)| claims).collect::<Vec<_>>()).to_string().contains(&format!("value-of-{value}\"")));
            prop_assert!(!is_there, "{} is there", name);
        }
    }
}

#[test]
fn a_switched_claim_stays_in_the_wallet_and_the_history_says_so() {
    let scene = scene();
    let request = request(&scene, [&[vec![0, 1], vec![0]], &[vec![2]]]);
    let shown = |ended: &Ended| json!(arrived(&ended.posted[0])[0].1).to_string();
    let least = scene.answer(request.clone(), Holder::Approves);
    assert!(shown(&least).contains("value-of-b"));
    let mut again = request;
    again.payload["nonce"] = "another-nonce-of-at-least-22-characters".into();
    let without: &dyn Fn(&Review) -> Choice = &|review| Choice::without(review, &["b".to_owned()]).unwrap();
    let kept = scene.answer(again, Holder::Says(without));
    assert_eq!(kept.code, "accepted");
    assert!(shown(&kept).contains("value-of-a") && !shown(&kept).contains("value-of-b"));
    let history = run(scene.device.store.history(2)).unwrap();
    assert_eq!(history[1].items[0].claims, ["a", "b", "grade"]);
    assert_eq!(history[0].items[0].claims, ["a", "grade"]);
}
