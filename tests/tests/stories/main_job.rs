//! The main job: from the agency's HR file to the relying system's decision, and what must not
//! happen on the way.

use std::sync::Arc;

use inro_base::http::{HttpRequest, HttpResponse};
use inro_wallet_cli::{HttpsClient, SystemClock};
use inro_wallet_core::{Boxed, Choice, Http, HttpError};
use serde_json::{Value, json};

use crate::story::{Story, block_on, client, engine};

/// An employee of the sample file who may approve welfare.
const EMPLOYEE: &str = "E0001";
const REFUSED: i32 = 3;

#[test]
fn issues_to_an_employee_and_presents_only_what_was_asked() {
    let story = Story::begin();
    let received = story.receive(EMPLOYEE, &["employee-id", "role-authority"]);
    let credentials = received["credentials"].as_array().unwrap();
    assert_eq!(credentials.len(), 2);
    assert!(credentials.iter().all(|credential| credential["copies"] == 10), "{received}");

    let policies = [
        ("approve-welfare", "authority", json!(["powers", "scope.agency"])),
        (
            "identify-employee",
            "employee",
            json!(["agency.name", "department.name", "employee_number", "name_kanji"]),
        ),
    ];
    for (policy, query, asked_for) in policies {
        let asked = story.ask(&json!({ "policy": policy }));
        let said = story.wallet(&["present", link(&asked), "--yes", "--json"]);
        assert_eq!(said.status, 0, "{policy}: {}{}", said.stdout, said.stderr);
        assert_eq!(said.json()["status"], "sent");
        let result = story.result(&asked);
        assert_eq!(result["status"], "verified", "{result}");
        let disclosed = leaves(&result["credentials"][query][0]["claims"]);
        assert_eq!(json!(disclosed), asked_for, "{result}");
        let powers = result["credentials"][query][0]["claims"].get("powers");
        assert!(
            powers.is_none_or(|powers| *powers == json!(["welfare.approve"])),
            "one power of several: {result}"
        );
    }

    let listed = story.wallet(&["list", "--json"]).json();
    let copies: Vec<_> =
        listed["credentials"].as_array().unwrap().iter().map(|c| c["copies"].clone()).collect();
    assert_eq!(copies, [json!(9), json!(9)], "each presentation uses one copy up");
    let keys = std::fs::read_dir(story.home().join("keys")).unwrap();
    let keys =
        keys.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|e| e == "pem")).count();
    assert_eq!(
        keys, 20,
        "a used copy's key is gone; one signs the history, and one tells the issuer of a deletion"
    );
    let history = story.wallet(&["history", "--json"]).json();
    let events: Vec<_> = history["history"].as_array().unwrap().iter().map(|e| e["event"].clone()).collect();
    assert_eq!(events, ["presented", "presented", "issued", "issued"]);
}

#[test]
fn refuses_a_verifier_that_asks_for_more_than_it_registered() {
    let story = Story::begin();
    story.receive(EMPLOYEE, &["employee-id", "role-authority"]);
    let within =
        story.ask(&json!({ "dcql_query": query("urn:inro:role-authority:1", json!(["scope", "agency"])) }));
    let beyond = story.ask(&json!({ "dcql_query": query("urn:inro:employee-id:1", json!(["grade"])) }));

    let said = story.wallet(&["present", link(&within), "--yes", "--json"]);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    let said = story.wallet(&["present", link(&beyond), "--yes", "--json"]);
    assert_eq!(said.status, REFUSED, "{}{}", said.stdout, said.stderr);
    assert_eq!(said.json()["status"], "refused");
    assert_eq!(said.json()["error"]["inro_code"], "INRO-WALLET-044");
    assert_eq!(story.result(&within)["status"], "verified");
    assert_eq!(story.result(&beyond)["status"], "rejected");
}

#[test]
fn approves_an_unregistered_verifier_only_when_told_to() {
    let story = Story::begin_unregistered();
    story.receive(EMPLOYEE, &["role-authority"]);
    let present = |more: &[&str]| {
        let asked = story.ask(&json!({ "policy": "approve-welfare" }));
        let said = story.wallet(&[&["present", link(&asked), "--yes", "--json"], more].concat());
        (said.status, said.json()["error"]["inro_code"].clone(), story.result(&asked)["status"].clone())
    };
    assert_eq!(present(&[]), (REFUSED, json!("INRO-WALLET-043"), json!("rejected")));
    assert_eq!(present(&["--allow-unregistered"]), (0, Value::Null, json!("verified")));
}

#[test]
fn rejects_a_presentation_that_was_tampered_with() {
    let story = Story::begin();
    story.receive(EMPLOYEE, &["role-authority"]);
    let alterations: [(Alter, &str, Value); 3] = [
        (same, "verified", Value::Null),
        (alter_a_disclosure, "rejected", json!("INRO-SDJWT-005")),
        (alter_the_key_binding, "rejected", json!("INRO-SDJWT-021")),
    ];
    for (alter, status, code) in alterations {
        // In the clear within TLS: an encrypted answer that was changed would not even open.
        let asked = story.ask(&json!({ "policy": "approve-welfare", "response_mode": "direct_post" }));
        let _ = block_on(present_through(&story, link(&asked), alter));
        let result = story.result(&asked);
        assert_eq!((&result["status"], &result["error"]["inro_code"]), (&json!(status), &code), "{result}");
    }
}

#[test]
fn refuses_to_answer_twice_and_without_a_decision() {
    let story = Story::begin();
    story.receive(EMPLOYEE, &["role-authority"]);
    let asked = story.ask(&json!({ "policy": "approve-welfare" }));
    let said = story.wallet(&["present", link(&asked), "--json"]);
    assert_eq!(said.status, REFUSED, "nobody was there to decide: {}", said.stdout);
    assert_eq!(said.json()["error"]["inro_code"], "INRO-WALLET-052");
    assert_eq!(story.result(&asked)["status"], "pending", "nothing left the wallet");
    assert_eq!(story.wallet(&["present", link(&asked), "--yes", "--json"]).status, 0);
    let again = story.wallet(&["present", link(&asked), "--yes", "--json"]);
    assert_ne!(again.status, 0);
}

type Alter = fn(Vec<u8>) -> Vec<u8>;

/// The network of a wallet that alters what it posts to the verifier.
struct Tampering {
    inner: HttpsClient,
    alter: Alter,
}

impl Http for Tampering {
    fn send(&self, mut request: HttpRequest) -> Boxed<'_, Result<HttpResponse, HttpError>> {
        request.body = (self.alter)(request.body);
        self.inner.send(request)
    }
}

async fn present_through(story: &Story, link: &str, alter: Alter) -> Result<(), Box<dyn std::error::Error>> {
    let inner = client(&story.path("verifier/tls/ca.pem"));
    let wallet = engine(&story.home(), Arc::new(Tampering { inner, alter }), Arc::new(SystemClock)).await?;
    let mut reviewing = wallet.review(link).await?;
    let choice = Choice::least(reviewing.review());
    wallet.approve(&mut reviewing, choice).await?;
    Ok(())
}

fn same(body: Vec<u8>) -> Vec<u8> {
    body
}

/// Changes one character in the first disclosure of the presentation.
fn alter_a_disclosure(body: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(body).unwrap();
    // `~` parts the issuer-signed JWT, the disclosures and the key binding; a form may escape it.
    let start = ["~", "%7E"].iter().find_map(|tilde| Some(text.find(tilde)? + tilde.len()));
    alter_at(text, start.map(|start| start + 8))
}

/// Changes one character in the signature of the key binding.
fn alter_the_key_binding(body: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(body).unwrap();
    // The presentation ends in `"]}`, escaped. The wallet also posts for the request.
    let end = text.find("%22%5D%7D").filter(|_| text.starts_with("vp_token="));
    alter_at(text, end.map(|end| end - 8))
}

fn alter_at(mut text: String, at: Option<usize>) -> Vec<u8> {
    if let Some(at) = at {
        let other = if text[at..].starts_with('A') { "B" } else { "A" };
        text.replace_range(at..=at, other);
    }
    text.into_bytes()
}

/// The paths of all values below `claims` that say something of the employee, sorted.
fn leaves(claims: &Value) -> Vec<String> {
    fn walk(prefix: &str, value: &Value, found: &mut Vec<String>) {
        match value.as_object() {
            Some(members) => {
                members.iter().for_each(|(name, value)| walk(&format!("{prefix}.{name}"), value, found))
            }
            None => found.push(prefix.trim_start_matches('.').to_owned()),
        }
    }
    let mut found = Vec::new();
    walk("", claims, &mut found);
    found.sort();
    found
}

fn query(vct: &str, path: Value) -> Value {
    json!({ "credentials": [{
        "id": "one",
        "format": "dc+sd-jwt",
        "meta": { "vct_values": [vct] },
        "claims": [{ "path": path }],
    }] })
}

fn link(asked: &Value) -> &str {
    asked["authorization_request"].as_str().unwrap()
}
