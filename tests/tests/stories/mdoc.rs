//! The main job with ISO mdoc: issued, held and presented like SD-JWT VC, with as little disclosed.

use serde_json::{Value, json};

use crate::story::Story;

const EMPLOYEE: &str = "E0001";
const REFUSED: i32 = 3;

#[test]
fn issues_and_presents_mdoc_and_discloses_only_what_was_asked() {
    let story = Story::begin();
    let received = story.receive_as("mso_mdoc", EMPLOYEE, &["employee-id", "role-authority"]);
    let credentials = received["credentials"].as_array().unwrap();
    assert!(credentials.iter().all(|credential| credential["format"] == "mso_mdoc"), "{received}");
    assert!(credentials.iter().all(|credential| credential["copies"] == 10), "{received}");
    let expected = [
        (
            "approve-welfare",
            "authority_mdoc",
            json!({
                "inro.role-authority.powers.1": { "welfare.approve": true },
                "inro.role-authority.1": { "scope_agency": "M0001" },
            }),
        ),
        ("identify-employee", "employee_mdoc", Value::Null),
    ];
    for (policy, query, claims) in expected {
        let asked = story.ask(&json!({ "policy": policy }));
        let said = story.wallet(&["present", link(&asked), "--yes", "--json"]);
        assert_eq!(said.status, 0, "{policy}: {}{}", said.stdout, said.stderr);
        let result = story.result(&asked);
        assert_eq!(result["status"], "verified", "{result}");
        let presented = &result["credentials"][query][0];
        assert_eq!(presented["format"], "mso_mdoc", "{result}");
        if !claims.is_null() {
            assert_eq!(presented["claims"], claims, "{result}");
            assert_eq!(presented["type"], "inro.role-authority.1");
        }
    }
    let listed = story.wallet(&["list", "--json"]).json();
    assert!(listed["credentials"].as_array().unwrap().iter().all(|held| held["copies"] == 9), "{listed}");
}

#[test]
fn one_wallet_holds_both_formats_and_answers_in_the_one_that_is_asked_for() {
    let story = Story::begin();
    story.receive(EMPLOYEE, &["role-authority"]);
    story.receive_as("mso_mdoc", EMPLOYEE, &["role-authority"]);
    assert_eq!(story.wallet(&["list", "--json"]).json()["credentials"].as_array().unwrap().len(), 2);
    for (format, meta, path) in [
        ("dc+sd-jwt", json!({ "vct_values": ["urn:inro:role-authority:1"] }), json!(["scope", "agency"])),
        (
            "mso_mdoc",
            json!({ "doctype_value": "inro.role-authority.1" }),
            json!(["inro.role-authority.1", "scope_agency"]),
        ),
    ] {
        let query = json!({ "credentials": [
            { "id": "one", "format": format, "meta": meta, "claims": [{ "path": path }] }
        ] });
        let asked = story.ask(&json!({ "dcql_query": query }));
        let said = story.wallet(&["present", link(&asked), "--yes", "--json"]);
        assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
        let result = story.result(&asked);
        assert_eq!(result["credentials"]["one"][0]["format"], format, "{result}");
    }
}

#[test]
fn refuses_a_verifier_that_asks_for_a_data_element_that_it_did_not_register() {
    let story = Story::begin();
    story.receive_as("mso_mdoc", EMPLOYEE, &["role-authority"]);
    let ask = |element: &str| {
        story.ask(&json!({ "dcql_query": { "credentials": [{
            "id": "one",
            "format": "mso_mdoc",
            "meta": { "doctype_value": "inro.role-authority.1" },
            "claims": [{ "path": ["inro.role-authority.1", element] }],
        }] } }))
    };
    let (within, beyond) = (ask("scope_agency"), ask("clearance"));
    assert_eq!(story.wallet(&["present", link(&within), "--yes", "--json"]).status, 0);
    let said = story.wallet(&["present", link(&beyond), "--yes", "--json"]);
    assert_eq!(said.status, REFUSED, "{}{}", said.stdout, said.stderr);
    assert_eq!(said.json()["error"]["inro_code"], "INRO-WALLET-044");
    assert_eq!(story.result(&beyond)["status"], "rejected");
}

fn link(asked: &Value) -> &str {
    asked["authorization_request"].as_str().unwrap()
}
