//! DCQL: what the parser refuses, what a wallet chooses, what a verifier re-checks.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside the test functions"
)]

use inro_base::Coded;
use inro_credential::dcql::{
    Candidate, CheckError, MSO_MDOC, Matches, Presented, Query, QueryError, SD_JWT_VC,
};
use inro_credential::{ArrayPositions, ClaimPath, PathElement};
use serde_json::{Map, Value, json};

const VCT: &str = "urn:inro:role-authority:1";

fn claims() -> Map<String, Value> {
    let value = json!({
        "powers": ["welfare.view", "welfare.approve", "tax.view"],
        "scope": {"agency": "M0001", "unit": "D110"},
        "roles": [{"code": "a", "level": 1}, {"code": "b"}],
        "clearance": 2, "active": true
    });
    value.as_object().cloned().unwrap()
}

fn candidate(claims: &Map<String, Value>) -> Candidate<'_> {
    Candidate { format: SD_JWT_VC, type_id: VCT, claims, holder_binding: true, authority_key_ids: &[] }
}

fn presented<'a>(query_id: &'a str, claims: &'a Map<String, Value>) -> Presented<'a> {
    Presented { query_id, format: SD_JWT_VC, type_id: VCT, claims, positions: None, key_bound: true }
}

fn query(value: &Value) -> Query {
    Query::parse(value).unwrap()
}

fn asking(claims: &Value) -> Value {
    json!({"credentials": [{"id": "q", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, "claims": claims}]})
}

fn select(query: &Value, claims: &Map<String, Value>) -> Option<Matches> {
    self::query(query).select(&[candidate(claims)]).ok()
}

fn paths(query: &Value, claims: &Map<String, Value>) -> Option<Value> {
    let matches = select(query, claims)?;
    let paths = &matches.queries()[0].candidates[0].paths;
    Some(paths.iter().map(ClaimPath::to_value).collect())
}

/// A query that uses every member.
fn full() -> Value {
    json!({
        "credentials": [
            {
                "id": "a", "format": "dc+sd-jwt", "multiple": true, "meta": {"vct_values": [VCT]},
                "trusted_authorities": [{"type": "aki", "values": ["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]}],
                "require_cryptographic_holder_binding": false,
                "claims": [
                    {"id": "p", "path": ["powers", null], "values": ["x", 1, true]},
                    {"id": "s", "path": ["scope", "agency"]}
                ],
                "claim_sets": [["p", "s"], ["s"]]
            },
            {"id": "b", "format": "mso_mdoc", "meta": {"doctype_value": "org.iso.18013.5.1.mDL"}}
        ],
        "credential_sets": [{"options": [["a"], ["b"]], "required": false}],
        "something_new": {"ignored": true}
    })
}

/// The full query parses; with the value at `pointer` set (or removed) it is refused with `code`.
#[track_caller]
fn refuses(pointer: &str, value: Option<Value>, code: &str) {
    Query::parse(&full()).unwrap();
    let mut altered = full();
    match value {
        Some(value) => *altered.pointer_mut(pointer).unwrap() = value,
        None => {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            altered.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        }
    }
    assert_eq!(Query::parse(&altered).unwrap_err().code().as_str(), code, "{pointer}");
}

#[test]
fn refuses_what_the_specification_does_not_allow() {
    for pointer in ["/credentials", "/credentials/0/id", "/credentials/0/format", "/credentials/0/meta"] {
        refuses(pointer, None, "INRO-DCQL-001");
    }
    for pointer in [
        "/credentials",
        "/credential_sets",
        "/credential_sets/0/options",
        "/credential_sets/0/options/0",
        "/credentials/0/claims",
        "/credentials/0/claims/0/path",
        "/credentials/0/claims/0/values",
        "/credentials/0/claim_sets",
        "/credentials/0/trusted_authorities",
        "/credentials/0/trusted_authorities/0/values",
        "/credentials/0/meta/vct_values",
    ] {
        refuses(pointer, Some(json!([])), "INRO-DCQL-001");
        refuses(pointer, Some(json!("text")), "INRO-DCQL-001");
    }
    for pointer in [
        "/credentials/1",
        "/credential_sets/0",
        "/credentials/0/claims/0",
        "/credentials/0/trusted_authorities/0",
    ] {
        refuses(pointer, Some(json!("text")), "INRO-DCQL-001");
    }
    for pointer in [
        "/credential_sets/0/options",
        "/credentials/0/claims/0/path",
        "/credentials/0/trusted_authorities/0/type",
        "/credentials/0/trusted_authorities/0/values",
    ] {
        refuses(pointer, None, "INRO-DCQL-001");
    }
    refuses("/credentials/0/multiple", Some(json!("true")), "INRO-DCQL-001");
    refuses("/credentials/0/require_cryptographic_holder_binding", Some(json!(null)), "INRO-DCQL-001");
    for element in [json!(-1), json!(1.5), json!(true), json!({})] {
        refuses("/credentials/0/claims/0/path", Some(json!(["powers", element])), "INRO-DCQL-001");
    }
    for value in [json!(1.5), json!(null), json!({}), json!([])] {
        refuses("/credentials/0/claims/0/values", Some(json!([value])), "INRO-DCQL-001");
    }
}

#[test]
fn refuses_a_query_that_is_too_large() {
    refuses("/credentials/0/claims/0/values", Some(json!(vec!["x"; 129])), "INRO-DCQL-002");
    refuses("/credentials/0/claims/0/path", Some(json!(vec!["x"; 17])), "INRO-DCQL-002");
    refuses("/credentials/0/id", Some(json!("x".repeat(129))), "INRO-DCQL-002");
    refuses("/credentials/0/meta/vct_values", Some(json!(["x".repeat(1025)])), "INRO-DCQL-002");
}

#[test]
fn refuses_wrong_repeated_and_dangling_identifiers() {
    for id in ["", "a b", "ä", "a.b", "a/b"] {
        refuses("/credentials/0/id", Some(json!(id)), "INRO-DCQL-003");
        refuses("/credentials/0/claims/0/id", Some(json!(id)), "INRO-DCQL-003");
    }
    refuses("/credentials/0/claims/0/id", None, "INRO-DCQL-003");
    refuses("/credentials/1/id", Some(json!("a")), "INRO-DCQL-004");
    refuses("/credentials/0/claims/1/id", Some(json!("p")), "INRO-DCQL-004");
    refuses("/credentials/0/claim_sets/0/0", Some(json!("z")), "INRO-DCQL-005");
    refuses("/credential_sets/0/options/0/0", Some(json!("z")), "INRO-DCQL-005");
}

#[test]
fn refuses_claim_sets_without_claims_and_a_query_without_types() {
    refuses("/credentials/0/claims", None, "INRO-DCQL-006");
    refuses("/credentials/0/meta/vct_values", None, "INRO-DCQL-007");
}

#[test]
fn asks_for_one_element_of_an_array_by_its_value() {
    let asked = asking(&json!([
        {"path": ["powers", null], "values": ["welfare.approve"]}, {"path": ["scope", "agency"]}
    ]));
    assert_eq!(paths(&asked, &claims()), Some(json!([["powers", 1], ["scope", "agency"]])));
    let none = asking(&json!([{"path": ["powers", null], "values": ["welfare.pay"]}]));
    assert_eq!(paths(&none, &claims()), None);
}

#[test]
fn follows_null_and_index_paths() {
    let cases = [
        (json!(["powers", 2]), Some(json!([["powers", 2]]))),
        (json!(["powers", 3]), None),
        (json!(["powers"]), Some(json!([["powers"]]))),
        (json!(["powers", null]), Some(json!([["powers", 0], ["powers", 1], ["powers", 2]]))),
        (json!(["roles", null, "level"]), Some(json!([["roles", 0, "level"]]))),
        (json!(["roles", null, "absent"]), None),
        (json!(["scope", null]), None),
        (json!(["clearance", "x"]), None),
        (json!([null]), None),
        (json!([0]), None),
    ];
    for (path, expected) in cases {
        assert_eq!(paths(&asking(&json!([{"path": path}])), &claims()), expected, "{path}");
    }
}

#[test]
fn values_match_in_kind_and_in_value() {
    let cases = [
        ("clearance", json!(2), true),
        ("clearance", json!("2"), false),
        ("clearance", json!(3), false),
        ("active", json!(true), true),
        ("active", json!(1), false),
    ];
    for (name, value, matches) in cases {
        let asked = asking(&json!([{"path": [name], "values": [value]}]));
        assert_eq!(select(&asked, &claims()).is_some(), matches, "{name} {value}");
    }
}

#[test]
fn takes_the_first_claim_set_that_is_satisfiable() {
    let mut asked = asking(&json!([
        {"id": "x", "path": ["absent"]}, {"id": "u", "path": ["scope", "unit"]}, {"id": "a", "path": ["scope", "agency"]}
    ]));
    asked["credentials"][0]["claim_sets"] = json!([["x", "a"], ["u"], ["a"]]);
    let matches = select(&asked, &claims()).unwrap();
    assert_eq!(matches.queries()[0].candidates[0].claim_set, Some(1));
    assert_eq!(paths(&asked, &claims()), Some(json!([["scope", "unit"]])));
}

#[test]
fn tells_every_claim_set_that_is_satisfiable_each_answer_once() {
    let mut asked = asking(&json!([
        {"id": "x", "path": ["absent"]}, {"id": "u", "path": ["scope", "unit"]},
        {"id": "a", "path": ["scope", "agency"]}, {"id": "b", "path": ["scope", "agency"], "values": ["M0001"]}
    ]));
    asked["credentials"][0]["claim_sets"] = json!([["x"], ["u", "a"], ["b", "u"], ["a"], ["b"], ["u"]]);
    let matches = select(&asked, &claims()).unwrap();
    let ways: Vec<Value> = matches.queries()[0].candidates[0]
        .ways()
        .map(|paths| paths.iter().map(ClaimPath::to_value).collect())
        .collect();
    let (unit, agency) = (json!(["scope", "unit"]), json!(["scope", "agency"]));
    assert_eq!(ways, [json!([unit, agency]), json!([agency]), json!([unit])]);
}

#[test]
fn offers_nothing_where_no_claim_set_is_satisfiable() {
    let mut asked = asking(&json!([
        {"id": "x", "path": ["absent"]}, {"id": "u", "path": ["scope", "unit"]}, {"id": "a", "path": ["scope", "agency"]}
    ]));
    asked["credentials"][0]["claim_sets"] = json!([["x", "a"], ["u"]]);
    assert!(select(&asked, &claims()).is_some());
    asked["credentials"][0]["claim_sets"] = json!([["x", "a"], ["u", "x"]]);
    let held = claims();
    let error = query(&asked).select(&[candidate(&held)]).unwrap_err();
    assert_eq!(error.code().as_str(), "INRO-DCQL-010");
}

#[test]
fn a_type_in_another_case_or_under_aka_vcts_answers_no_query() {
    let mut held = claims();
    held.insert("aka_vcts".into(), json!([VCT]));
    let asked = query(&asking(&json!([{"path": ["clearance"]}])));
    assert!(asked.select(&[candidate(&held)]).is_ok());
    asked.check(&[presented("q", &held)]).unwrap();
    for other in ["urn:inro:Role-Authority:1", "URN:INRO:ROLE-AUTHORITY:1", "urn:inro:other:1"] {
        let error = asked.select(&[Candidate { type_id: other, ..candidate(&held) }]).unwrap_err();
        assert_eq!(error.code().as_str(), "INRO-DCQL-010", "{other}");
        let result = asked.check(&[Presented { type_id: other, ..presented("q", &held) }]);
        assert_eq!(result, Err(CheckError::Type { index: 0 }), "{other}");
    }
}

#[test]
fn asks_for_nothing_disclosable_without_claims() {
    let mut asked = asking(&json!([{"path": ["clearance"]}]));
    asked["credentials"][0].as_object_mut().unwrap().remove("claims");
    assert_eq!(paths(&asked, &claims()), Some(json!([])));
    query(&asked).check(&[presented("q", &Map::new())]).unwrap();
}

#[test]
fn a_repeated_claim_counts_once() {
    let asked = asking(&json!([{"path": ["clearance"]}, {"path": ["clearance"], "values": [9]}]));
    assert_eq!(paths(&asked, &claims()), Some(json!([["clearance"]])));
}

#[test]
fn a_query_to_be_sent_points_to_a_claim_once() {
    let mut asked = asking(&json!([{"id": "a", "path": ["powers", 0]}, {"id": "b", "path": ["powers", 1]}]));
    asked["credentials"][0]["claim_sets"] = json!([["a"], ["b"]]);
    assert_eq!(Query::parse_own(&asked), Query::parse(&asked));
    asked["credentials"][0]["claims"][1]["path"] = json!(["powers", 0]);
    assert!(Query::parse(&asked).is_ok());
    let error = Query::parse_own(&asked).unwrap_err();
    assert_eq!(error, QueryError::RepeatedClaim { index: 1 });
    assert_eq!(error.code().as_str(), "INRO-DCQL-001");
    // Two credentials have one claim each.
    let entry = |id: &str| json!({"id": id, "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, "claims": [{"path": ["a"]}]});
    assert!(Query::parse_own(&json!({"credentials": [entry("x"), entry("y")]})).is_ok());
}

#[test]
fn offers_no_candidate_of_another_format_type_authority_or_without_a_key() {
    let held = claims();
    let asked = query(&asking(&json!([{"path": ["clearance"]}])));
    let good = candidate(&held);
    assert!(asked.select(&[good]).is_ok());
    for other in [
        Candidate { format: "mso_mdoc", ..good },
        Candidate { type_id: "urn:inro:employee-id:1", ..good },
        Candidate { holder_binding: false, ..good },
    ] {
        assert_eq!(asked.select(&[other]).unwrap_err().code().as_str(), "INRO-DCQL-010");
    }
    let mut by_authority = asking(&json!([{"path": ["clearance"]}]));
    by_authority["credentials"][0]["trusted_authorities"] = json!([{"type": "aki", "values": ["AAAA"]}]);
    let keys = ["AAAA".to_owned()];
    assert!(query(&by_authority).select(&[Candidate { authority_key_ids: &keys, ..good }]).is_ok());
    assert!(query(&by_authority).select(&[good]).is_err());
}

#[test]
fn all_ways_not_to_match_look_the_same() {
    let held = claims();
    let missing = select_error(&asking(&json!([{"path": ["absent"]}])), &held);
    let other_value = select_error(&asking(&json!([{"path": ["clearance"], "values": [5]}])), &held);
    let no_credential =
        query(&asking(&json!([{"path": ["clearance"]}]))).select(&[]).unwrap_err().to_string();
    assert_eq!(missing, other_value);
    assert_eq!(missing, no_credential);
}

fn select_error(asked: &Value, held: &Map<String, Value>) -> String {
    query(asked).select(&[candidate(held)]).unwrap_err().to_string()
}

fn sets() -> Value {
    let one = |id: &str, path: Value| json!({"id": id, "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, "claims": [{"path": path}]});
    json!({
        "credentials": [one("a", json!(["absent"])), one("b", json!(["clearance"])), one("c", json!(["active"])), one("d", json!(["powers"]))],
        "credential_sets": [{"options": [["a"], ["b"]]}, {"options": [["c"]], "required": false}]
    })
}

#[test]
fn credential_sets_tell_which_options_are_satisfiable() {
    let held = claims();
    let asked = query(&sets());
    let matches = asked.select(&[candidate(&held)]).unwrap();
    let options: Vec<_> = matches.sets()[0].options.iter().map(|option| option.satisfiable).collect();
    assert_eq!(options, [false, true]);
    assert!(!matches.sets()[1].required && matches.sets()[1].satisfiable());
    assert!(matches.query("d").unwrap().candidates.is_empty(), "no set asks for it");
    let chosen: Vec<_> = matches.preferred().iter().map(|chosen| chosen.query_id).collect();
    assert_eq!(chosen, ["b"]);
    asked.check(&[presented("b", &held)]).unwrap();
    asked.check(&[presented("b", &held), presented("c", &held)]).unwrap();
    assert_eq!(asked.check(&[presented("c", &held)]), Err(CheckError::Missing));
    assert_eq!(
        asked.check(&[presented("b", &held), presented("d", &held)]),
        Err(CheckError::NotAskedFor { index: 1 })
    );
}

#[test]
fn the_verifier_refuses_what_it_did_not_ask_for() {
    let held = claims();
    let asked = query(&asking(&json!([{"path": ["powers", null], "values": ["welfare.approve"]}])));
    let good = presented("q", &held);
    asked.check(&[good]).unwrap();
    let without: Map<String, Value> = [("powers".to_owned(), json!(["welfare.view"]))].into_iter().collect();
    let cases = [
        (vec![Presented { query_id: "z", ..good }], "INRO-DCQL-020"),
        (vec![good, good], "INRO-DCQL-021"),
        (vec![Presented { format: "mso_mdoc", ..good }], "INRO-DCQL-022"),
        (vec![Presented { type_id: "urn:inro:employee-id:1", ..good }], "INRO-DCQL-023"),
        (vec![Presented { key_bound: false, ..good }], "INRO-DCQL-024"),
        (vec![Presented { claims: &without, ..good }], "INRO-DCQL-025"),
        (vec![], "INRO-DCQL-026"),
    ];
    for (presented, code) in cases {
        assert_eq!(asked.check(&presented).unwrap_err().code().as_str(), code);
    }
}

#[test]
fn the_verifier_wants_a_whole_option_of_each_required_set_and_nothing_beside_the_sets() {
    let held = claims();
    let mut asked = asking(&json!([{"path": ["clearance"]}]));
    let one = asked["credentials"][0].clone();
    for id in ["r", "beside"] {
        let mut other = one.clone();
        other["id"] = json!(id);
        asked["credentials"].as_array_mut().unwrap().push(other);
    }
    let with_sets = |required: bool| {
        let sets = json!([{"options": [["q", "r"]], "required": required}]);
        let mut asked = asked.clone();
        asked["credential_sets"] = sets;
        query(&asked)
    };
    let (q, r, beside) = (presented("q", &held), presented("r", &held), presented("beside", &held));
    for required in [true, false] {
        let asked = with_sets(required);
        asked.check(&[q, r]).unwrap();
        assert_eq!(asked.check(&[q, r, beside]), Err(CheckError::NotAskedFor { index: 2 }));
        assert_eq!(asked.check(&[]), Err(CheckError::Missing));
    }
    assert_eq!(with_sets(true).check(&[q]), Err(CheckError::Missing));
}

#[test]
fn several_presentations_pass_where_the_query_allows_them() {
    let held = claims();
    let mut asked = asking(&json!([{"path": ["clearance"]}]));
    asked["credentials"][0]["multiple"] = json!(true);
    asked["credentials"][0]["require_cryptographic_holder_binding"] = json!(false);
    let unbound = Presented { key_bound: false, ..presented("q", &held) };
    query(&asked).check(&[unbound, unbound]).unwrap();
}

#[test]
fn an_index_means_the_array_as_it_was_issued() {
    let asked = query(&asking(&json!([{"path": ["powers", 1], "values": ["welfare.approve"]}])));
    let received: Map<String, Value> =
        [("powers".to_owned(), json!(["welfare.approve"]))].into_iter().collect();
    let at = |issued: usize| {
        let mut positions = ArrayPositions::new();
        positions.insert(vec![PathElement::Key("powers".to_owned())], vec![issued]);
        positions
    };
    asked.check(&[Presented { positions: Some(&at(1)), ..presented("q", &received) }]).unwrap();
    let elsewhere = at(0);
    let result = asked.check(&[Presented { positions: Some(&elsewhere), ..presented("q", &received) }]);
    assert_eq!(result, Err(CheckError::Claims { index: 0 }));
}

#[test]
fn tells_all_paths_that_could_be_revealed() {
    let asked = query(&full());
    let requested = asked.requested_paths();
    assert_eq!(requested.len(), 2);
    assert_eq!(requested[0].types, [VCT.to_owned()]);
    let paths: Vec<_> = requested[0].paths.iter().map(|path| path.to_value()).collect();
    assert_eq!(paths, [json!(["powers", null]), json!(["scope", "agency"])]);
}

#[test]
fn a_query_for_a_later_format_is_read_and_matched_by_nothing() {
    let held = claims();
    let asked =
        query(&json!({"credentials": [{"id": "m", "format": "ldp_vc", "meta": {"type_values": [[VCT]]}}]}));
    assert!(asked.select(&[Candidate { format: "ldp_vc", ..candidate(&held) }]).is_err());
}

mod any_query {
    use proptest::prelude::*;

    use super::*;

    fn names() -> impl Strategy<Value = Vec<&'static str>> {
        proptest::sample::subsequence(vec!["a", "b", "c", "d"], 1..=4)
    }

    proptest! {
        #[test]
        fn what_select_chooses_check_accepts_and_not_without_one_claim(
            held in proptest::collection::btree_map("[a-d]", 0..3_i64, 0..=4),
            asked in names(),
            value in 0..3_i64,
            with_values in any::<bool>(),
        ) {
            let held: Map<String, Value> = held.into_iter().map(|(name, value)| (name, json!(value))).collect();
            let entries: Vec<Value> = asked.iter().enumerate().map(|(index, name)| {
                if with_values && index == 0 { json!({"path": [name], "values": [value, 7]}) } else { json!({"path": [name]}) }
            }).collect();
            let parsed = query(&asking(&json!(entries)));
            let expected = asked.iter().enumerate().all(|(index, name)| {
                held.get(*name).is_some_and(|found| !with_values || index > 0 || *found == json!(value))
            });
            let matches = parsed.select(&[candidate(&held)]);
            prop_assert_eq!(matches.is_ok(), expected);
            let Ok(matches) = matches else { return Ok(()) };
            let disclose = |paths: &[ClaimPath]| -> Map<String, Value> {
                held.iter().filter(|(name, _)| paths.contains(&ClaimPath::claim(name))).map(|(n, v)| (n.clone(), v.clone())).collect()
            };
            let paths = &matches.preferred()[0].candidate.paths;
            prop_assert_eq!(paths.len(), asked.len());
            prop_assert_eq!(parsed.check(&[presented("q", &disclose(paths))]), Ok(()));
            for left_out in 0..paths.len() {
                let fewer: Vec<_> = paths.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, p)| p.clone()).collect();
                let result = parsed.check(&[presented("q", &disclose(&fewer))]);
                prop_assert_eq!(result, Err(CheckError::Claims { index: 0 }));
            }
        }

        #[test]
        fn check_accepts_every_way_and_only_sets_that_hold_one(
            held in proptest::collection::btree_map("[a-d]", 0..3_i64, 1..=4),
            sets in proptest::collection::vec(names(), 1..5),
            shown in names(),
        ) {
            let held: Map<String, Value> = held.into_iter().map(|(name, value)| (name, json!(value))).collect();
            let claims = ["a", "b", "c", "d"].map(|name| json!({"id": name, "path": [name]}));
            let mut asked = asking(&json!(claims));
            asked["credentials"][0]["claim_sets"] = json!(sets);
            let parsed = query(&asked);
            let disclose = |paths: &[ClaimPath]| -> Map<String, Value> {
                held.iter().filter(|(name, _)| paths.contains(&ClaimPath::claim(name))).map(|(n, v)| (n.clone(), v.clone())).collect()
            };
            let matches = parsed.select(&[candidate(&held)]);
            let ways: Vec<Vec<ClaimPath>> = matches.iter()
                .flat_map(|matches| matches.queries()[0].candidates[0].ways()).map(<[ClaimPath]>::to_vec).collect();
            for way in &ways {
                prop_assert_eq!(parsed.check(&[presented("q", &disclose(way))]), Ok(()));
            }
            let shown: Vec<ClaimPath> = shown.into_iter().map(ClaimPath::claim).collect();
            let shown_held = disclose(&shown);
            let holds_one = ways.iter().any(|way| way.iter().all(|path| shown.contains(path)));
            prop_assert_eq!(parsed.check(&[presented("q", &shown_held)]).is_ok(), holds_one);
        }

        #[test]
        fn one_element_by_value_is_needed_and_enough(
            held in proptest::collection::vec(0..6_i64, 1..8),
            wanted in 0..6_i64,
        ) {
            let claims: Map<String, Value> = [("powers".to_owned(), json!(held))].into_iter().collect();
            let parsed = query(&asking(&json!([{"path": ["powers", null], "values": [wanted]}])));
            let matches = parsed.select(&[candidate(&claims)]);
            prop_assert_eq!(matches.is_ok(), held.contains(&wanted));
            let disclosed: Vec<i64> = held.iter().copied().filter(|power| *power == wanted).collect();
            let others: Vec<i64> = held.iter().copied().filter(|power| *power != wanted).collect();
            let show = |powers: &[i64]| -> Map<String, Value> { [("powers".to_owned(), json!(powers))].into_iter().collect() };
            if let Ok(matches) = matches {
                prop_assert_eq!(matches.preferred()[0].candidate.paths.len(), disclosed.len());
                prop_assert!(parsed.check(&[presented("q", &show(&disclosed))]).is_ok());
            }
            prop_assert!(parsed.check(&[presented("q", &show(&others))]).is_err());
        }
    }
}

#[test]
fn errors_tell_no_part_of_the_query() {
    let mut altered = full();
    altered["credentials"][0]["id"] = json!("secret value");
    assert_eq!(Query::parse(&altered), Err(QueryError::Id { index: 0 }));
    assert!(!Query::parse(&altered).unwrap_err().to_string().contains("secret"));
}

const DOCTYPE: &str = "inro.role-authority.1";

fn mdoc_claims() -> Map<String, Value> {
    let value = json!({
        "inro.role-authority.1": {"clearance": 2, "scope_agency": "M0001"},
        "inro.role-authority.powers.1": {"welfare.view": true, "welfare.approve": true}
    });
    value.as_object().cloned().unwrap()
}

fn asking_mdoc(claims: &Value) -> Value {
    json!({"credentials": [
        {"id": "q", "format": "mso_mdoc", "meta": {"doctype_value": DOCTYPE}, "claims": claims}
    ]})
}

fn mdoc_paths(query: &Value) -> Option<Value> {
    let claims = mdoc_claims();
    let candidate = Candidate { format: MSO_MDOC, type_id: DOCTYPE, ..candidate(&claims) };
    let matches = self::query(query).select(&[candidate]).ok()?;
    Some(matches.queries()[0].candidates[0].paths.iter().map(ClaimPath::to_value).collect())
}

#[test]
fn an_mdoc_query_names_data_elements_and_their_values() {
    let approve = json!({"path": ["inro.role-authority.powers.1", "welfare.approve"], "values": [true]});
    let found = mdoc_paths(&asking_mdoc(&json!([approve])));
    assert_eq!(found, Some(json!([["inro.role-authority.powers.1", "welfare.approve"]])));
    let other = json!({"path": ["inro.role-authority.1", "clearance"], "values": [3]});
    assert_eq!(mdoc_paths(&asking_mdoc(&json!([other]))), None);
    let missing = json!({"path": ["inro.role-authority.powers.1", "tax.approve"]});
    assert_eq!(mdoc_paths(&asking_mdoc(&json!([missing]))), None);
}

#[test]
fn an_mdoc_query_is_answered_by_its_doctype_in_its_format_alone() {
    let claims = mdoc_claims();
    let asked = query(&asking_mdoc(&json!([{"path": ["inro.role-authority.1", "clearance"]}])));
    let fitting = Candidate { format: MSO_MDOC, type_id: DOCTYPE, ..candidate(&claims) };
    assert!(asked.select(&[fitting]).is_ok());
    assert!(asked.select(&[Candidate { type_id: "inro.employee-id.1", ..fitting }]).is_err());
    assert!(asked.select(&[Candidate { format: SD_JWT_VC, ..fitting }]).is_err());
}

#[test]
fn refuses_a_path_into_an_mdoc_that_is_not_two_texts() {
    for path in [json!(["ns"]), json!(["ns", "element", "deeper"]), json!(["ns", 0]), json!(["ns", null])] {
        let good = asking_mdoc(&json!([{"path": ["ns", "element"]}]));
        Query::parse(&good).unwrap();
        let error = Query::parse(&asking_mdoc(&json!([{"path": path}]))).unwrap_err();
        assert_eq!(error, QueryError::NotDataElement { index: 0 });
        assert_eq!(error.code().as_str(), "INRO-DCQL-008");
    }
}

#[test]
fn refuses_an_mdoc_query_without_a_doctype() {
    let mut altered = asking_mdoc(&json!([{"path": ["ns", "element"]}]));
    Query::parse(&altered).unwrap();
    altered["credentials"][0]["meta"] = json!({"vct_values": ["x"]});
    assert_eq!(Query::parse(&altered).unwrap_err(), QueryError::NoTypes { index: 0 });
    altered["credentials"][0]["meta"] = json!({"doctype_value": ["x"]});
    assert_eq!(Query::parse(&altered).unwrap_err(), QueryError::Malformed { member: "doctype_value" });
}

#[test]
fn reads_the_intent_to_retain_of_an_mdoc_alone() {
    let claim = |value: Value| json!([{"path": ["ns", "element"], "intent_to_retain": value}]);
    let read = |query: &Value| Query::parse(query).map(|q| q.credentials()[0].claims()[0].intent_to_retain());
    assert_eq!(read(&asking_mdoc(&claim(json!(true)))), Ok(Some(true)));
    assert_eq!(read(&asking_mdoc(&json!([{"path": ["ns", "element"]}]))), Ok(None));
    assert_eq!(
        read(&asking_mdoc(&claim(json!("yes")))),
        Err(QueryError::Malformed { member: "intent_to_retain" })
    );
    assert_eq!(read(&asking(&claim(json!("ignored")))), Ok(None));
}
