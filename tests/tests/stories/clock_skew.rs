//! A wallet whose clock is wrong, at services whose clocks are right: what a clock may be off by works, beyond that
//! each side says so by a code, and nothing is used up by a clock that is put right.

use std::sync::Arc;

use inro_base::{Clock, Coded as _, UnixTime};
use inro_wallet_cli::{HttpsClient, SystemClock};
use inro_wallet_core::{AnchorKind, AnchorRecord, Choice, WalletError};
use serde_json::{Value, json};

use crate::story::{Story, block_on, engine};

const EMPLOYEE: &str = "E0001";
const DONE: &str = "done";
const MINUTE: i64 = 60;
const YEAR: i64 = 365 * 24 * 60 * MINUTE;

/// The system's clock, off by so many seconds.
struct Off(i64);

impl Clock for Off {
    fn now(&self) -> UnixTime {
        SystemClock.now().plus(self.0)
    }
}

/// The network of a wallet that trusts both services; TLS has the system's own clock.
fn network(story: &Story) -> Arc<HttpsClient> {
    let anchor = |file: &str| AnchorRecord {
        kind: AnchorKind::Tls,
        pem: std::fs::read_to_string(story.path(file)).unwrap(),
        added_at: SystemClock.now(),
    };
    Arc::new(HttpsClient::new(&["issuer/tls/ca.pem", "verifier/tls/ca.pem"].map(anchor)).unwrap())
}

fn code(outcome: Result<(), WalletError>) -> String {
    outcome.err().map_or_else(|| DONE.to_owned(), |error| error.code().to_string())
}

/// How it ends when a wallet whose clock is off by so many seconds receives. With a clock that is right it can
/// receive the same offer, unless it did so before.
fn receive(story: &Story, off: i64) -> String {
    let rest = ["--employee", EMPLOYEE, "--credential", "role-authority", "--json"];
    let offer = story.issuer(&["offer", "create"], &rest);
    let link = offer["credential_offer"].as_str().unwrap();
    let ended = block_on(async {
        let wallet = engine(&story.home(), network(story), Arc::new(Off(off))).await.unwrap();
        code(wallet.receive(link, None).await.map(|_| ()))
    });
    assert_eq!(story.wallet(&["receive", link, "--json"]).status == 0, ended != DONE, "{off}: {ended}");
    ended
}

/// How it ends when it presents, and what the verifier makes of it.
fn present(story: &Story, off: i64) -> (String, Value) {
    let asked = story.ask(&json!({ "policy": "approve-welfare" }));
    let outcome = block_on(async {
        let wallet = engine(&story.home(), network(story), Arc::new(Off(off))).await.unwrap();
        let mut reviewing = wallet.review(asked["authorization_request"].as_str().unwrap()).await?;
        let choice = Choice::least(reviewing.review());
        wallet.approve(&mut reviewing, choice).await.map(|_| ())
    });
    let result = story.result(&asked);
    let said = if result["error"].is_null() {
        result["status"].clone()
    } else {
        result["error"]["inro_code"].clone()
    };
    (code(outcome), said)
}

#[test]
fn a_clock_that_is_off_is_forgiven_for_so_long_and_then_named() {
    let story = Story::begin();
    story.receive(EMPLOYEE, &["role-authority"]);
    for (off, received, presented, told) in [
        (0, DONE, DONE, "verified"),
        (50, DONE, DONE, "verified"),
        (-50, DONE, DONE, "verified"),
        (4 * MINUTE, DONE, "INRO-VP-031", "INRO-SDJWT-025"),
        (-4 * MINUTE, DONE, "INRO-VP-021", "pending"),
        (6 * MINUTE, "INRO-VCI-023", "INRO-VP-020", "pending"),
        (-6 * MINUTE, "INRO-VCI-023", "INRO-VP-021", "pending"),
        (YEAR, "INRO-VCI-018", "INRO-VP-020", "pending"),
        (-YEAR, "INRO-TRUST-009", "INRO-TRUST-009", "pending"),
    ] {
        assert_eq!(receive(&story, off), received, "{off}");
        assert_eq!(present(&story, off), (presented.to_owned(), json!(told)), "{off}");
    }
}
