//! Another process keeps the database longer than a service waits for it: who wants to write hears that it may try
//! again, nothing is lost, and reading goes on.

use inro_base::http::HttpRequest;
use inro_wallet_core::Http as _;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::story::{Story, block_on, client};

const EMPLOYEE: &str = "E0001";

/// Keeps the write lock until it is dropped.
struct Lock(Connection);

impl Lock {
    fn of(story: &Story, service: &str) -> Self {
        let connection = Connection::open(story.path(&format!("{service}/db.sqlite"))).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        Self(connection)
    }

    fn release(self) {
        self.0.execute_batch("ROLLBACK").unwrap();
    }
}

#[test]
fn an_issuer_whose_database_is_kept_says_so_and_loses_nothing() {
    let mut story = Story::begin();
    story.receive(EMPLOYEE, &["role-authority"]);
    let rest = ["--employee", EMPLOYEE, "--credential", "employee-id", "--json"];
    let offer = story.issuer(&["offer", "create"], &rest);
    let receive = ["receive", offer["credential_offer"].as_str().unwrap(), "--json"];
    let before = story.issuer(&["credential", "list"], &["--json"]);
    let id = before["credentials"][0]["id"].as_str().unwrap();
    let revoke = ["credential", "revoke", "--reason", "lost", "--json", "--", id];

    let lock = Lock::of(&story, "issuer");
    let said = story.wallet(&receive);
    assert_eq!(said.status, 1, "{}", said.stdout);
    assert_eq!(said.json()["error"]["inro_code"], "INRO-VCI-022", "{}", said.stdout);
    assert_eq!(said.json()["error"]["retry"], true);
    let log = std::fs::read_to_string(story.path("issuer.log")).unwrap();
    assert!(log.contains("INRO-ISSUER-002"), "{log}");
    let said = story.run_issuer(&revoke);
    assert_eq!(said.status, 1);
    assert_eq!(said.json()["error"]["inro_code"], "INRO-ISSUER-002", "{}", said.stdout);
    assert_eq!(said.json()["error"]["retry"], true);
    // What only reads goes on, and so does a service that is started now.
    assert_eq!(story.issuer(&["credential", "list"], &["--json"]), before);
    story.restart_issuer();
    let list = format!("{}/status-lists/1", story.issuer_url);
    let answer = block_on(client(&story.path("issuer/tls/ca.pem")).send(HttpRequest::fetch(list, 1 << 20)));
    assert_eq!(answer.unwrap().status, 200);

    lock.release();
    assert_eq!(story.wallet(&receive).status, 0, "the code was not used up");
    assert_eq!(story.run_issuer(&revoke).status, 0);
}

#[test]
fn a_verifier_whose_database_is_kept_says_so_and_loses_nothing() {
    let story = Story::begin();
    story.receive(EMPLOYEE, &["role-authority"]);
    let ask = json!({ "policy": "approve-welfare" });
    let asked = story.ask(&ask);

    let lock = Lock::of(&story, "verifier");
    // Those that wait together are refused together: one busy timeout for all, and not one for each.
    let refused: Vec<_> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(|| story.try_ask(&ask))).collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for refused in refused {
        let problem: Value = serde_json::from_slice(&refused.body).unwrap();
        assert_eq!((refused.status, &problem["inro_code"]), (503, &json!("INRO-VERIFIER-032")), "{problem}");
    }
    assert_eq!(story.result(&asked)["status"], "pending");

    lock.release();
    let said =
        story.wallet(&["present", asked["authorization_request"].as_str().unwrap(), "--yes", "--json"]);
    assert_eq!(said.status, 0, "{}", said.stdout);
    assert_eq!(story.result(&asked)["status"], "verified");
}
