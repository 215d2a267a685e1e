//! The main job: from the agency's HR file to the relying system's decision, and what must not
//! happen on the way.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where something is wrong"
)]

mod story;

use std::sync::Arc;

use inro_base::http::{HttpRequest, HttpResponse};
use inro_crypto::RustCrypto;
use inro_wallet_cli::{FileKeys, HttpsClient, SystemClock, SystemRng};
use inro_wallet_core::{Boxed, Choice, Http, HttpError, Ports, SqliteStore, Wallet};
use serde_json::{Value, json};
use story::{Story, block_on, client};

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

    for policy in ["approve-welfare", "identify-employee"] {
        let asked = story.ask(&json!({ "policy": policy }));
        let said = story.wallet(&["present", link(&asked), "--yes", "--json"]);
        assert_eq!(said.status, 0, "{policy}: {}{}", said.stdout, said.stderr);
        assert_eq!(said.json()["status"], "sent");
        let result = story.result(&asked);
        assert_eq!(result["status"], "verified", "{result}");
        assert_nothing_else_left(&result);
    }

    let listed = story.wallet(&["list", "--json"]).json();
    let copies: Vec<_> = listed["credentials"].as_array().unwrap().iter().map(|c| c["copies"].clone()).collect();
    assert_eq!(copies, [json!(9), json!(9)], "each presentation uses one copy up");
    let keys = std::fs::read_dir(story.home().join("keys")).unwrap();
    let keys = keys.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|e| e == "pem")).count();
    assert_eq!(keys, 18, "a used copy's key is gone");
    let history = story.wallet(&["history", "--json"]).json();
    let events: Vec<_> = history["history"].as_array().unwrap().iter().map(|e| e["event"].clone()).collect();
    assert_eq!(events, ["presented", "presented", "issued", "issued"]);
}

#[test]
fn refuses_a_verifier_that_asks_for_more_than_it_registered() {
    let story = Story::begin();
    story.receive(EMPLOYEE, &["employee-id", "role-authority"]);
    let within = story.ask(&json!({ "dcql_query": query("urn:inro:role-authority:1", "role_code") }));
    let beyond = story.ask(&json!({ "dcql_query": query("urn:inro:employee-id:1", "grade") }));

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
fn rejects_a_presentation_that_was_tampered_with() {
    let story = Story::begin();
    story.receive(EMPLOYEE, &["role-authority"]);
    for (alter, expected) in [(same as Alter, "verified"), (flip_a_disclosure as Alter, "rejected")] {
        let asked = story.ask(&json!({ "policy": "approve-welfare" }));
        let _ = block_on(present_through(&story, link(&asked), alter));
        let result = story.result(&asked);
        assert_eq!(result["status"], expected, "{result}");
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
    let wallet = Wallet::open(Ports {
        keys: Arc::new(FileKeys::open(story.home().join("keys"))?),
        store: Arc::new(SqliteStore::open(&story.home().join("wallet.sqlite"))?),
        http: Arc::new(Tampering { inner, alter }),
        clock: Arc::new(SystemClock),
        rng: Box::new(SystemRng),
        provider: Arc::new(RustCrypto),
    })
    .await?;
    let reviewing = wallet.review(link).await?;
    let choice = Choice::least(reviewing.review());
    wallet.approve(reviewing, choice).await?;
    Ok(())
}

fn same(body: Vec<u8>) -> Vec<u8> {
    body
}

/// Changes one character in the first disclosure of the first presentation.
fn flip_a_disclosure(body: Vec<u8>) -> Vec<u8> {
    let mut text = String::from_utf8(body).unwrap();
    // `~` separates issuer-signed JWT, disclosures and key binding; a form may escape it.
    let Some(start) = ["~", "%7E", "%7e"].iter().find_map(|tilde| Some(text.find(tilde)? + tilde.len())) else {
        return text.into_bytes();
    };
    let other = if text[start + 8..].starts_with('A') { "B" } else { "A" };
    text.replace_range(start + 8..start + 9, other);
    text.into_bytes()
}

fn assert_nothing_else_left(result: &Value) {
    let text = result["credentials"].to_string();
    for unasked in ["family_name", "kana", "grade", "employment", "clearance", "contract"] {
        assert!(!text.contains(unasked), "{unasked} was not asked for: {text}");
    }
}

fn query(vct: &str, claim: &str) -> Value {
    json!({ "credentials": [{
        "id": "one",
        "format": "dc+sd-jwt",
        "meta": { "vct_values": [vct] },
        "claims": [{ "path": [claim] }],
    }] })
}

fn link(asked: &Value) -> &str {
    asked["authorization_request"].as_str().unwrap()
}
