//! Deferred issuance: what waits for a second person, and each way to get at it that fails.

use inro_crypto::SoftwareKey;
use inro_issuer::employees;
use inro_issuer::hr::Options;
use inro_issuer::offers::CreatedOffer;
use inro_issuer::status::change;
use inro_issuer::store::StatusChange;
use serde_json::{Value, json};

use crate::support::*;

/// A wallet that asked for two copies and waits.
struct Waiting {
    key: SoftwareKey,
    token: String,
    transaction: String,
}

/// Asks for two copies of what `offer` covers.
async fn ask(bench: &Bench, offer: &CreatedOffer) -> Waiting {
    let key = new_key();
    let token = bench.token_of(offer, &key).await;
    let message = bench.credential_message_for(&token, &key, 2).await;
    let answer = bench.credential(&message).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (202, "no-store"));
    assert_eq!(answer.header("content-type"), "application/json");
    let body = answer.json();
    assert_eq!(body["interval"], 5);
    assert!(body.get("credentials").is_none() && body.get("notification_id").is_none());
    Waiting { key, token, transaction: body["transaction_id"].as_str().unwrap().to_owned() }
}

impl Waiting {
    fn body(&self) -> Value {
        json!({ "transaction_id": self.transaction })
    }

    async fn poll(&self, bench: &Bench) -> Answer {
        let request = bench.protected("/deferred_credential", &self.key, &self.token, &self.body());
        bench.send(request).await
    }

    /// Waits as long as the issuer asks, and polls.
    async fn later(&self, bench: &Bench) -> Answer {
        bench.wait(5);
        self.poll(bench).await
    }
}

/// The unaltered way: asked, approved, collected.
async fn approved(bench: &Bench) -> Waiting {
    let offer = bench.offer_to_approve();
    let waiting = ask(bench, &offer).await;
    bench.issuer.decide(&offer.id, true).unwrap();
    waiting
}

fn pending(answer: &Answer) -> Option<i64> {
    let body = answer.json();
    (answer.status == 202).then(|| body["interval"].as_i64().unwrap())
}

fn copies(answer: &Answer) -> usize {
    assert_eq!(answer.verdict(), accepted());
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.json().get("interval").is_none());
    answer.json()["credentials"].as_array().unwrap().len()
}

fn over() -> (u16, String, String) {
    refused(400, "invalid_transaction_id", "INRO-VCI-078")
}

#[tokio::test]
async fn an_approved_request_is_collected_once() {
    let bench = Bench::new();
    let offer = bench.offer_to_approve();
    let waiting = ask(&bench, &offer).await;
    let answer = waiting.later(&bench).await;
    assert_eq!(pending(&answer), Some(5));
    assert_eq!(answer.json()["transaction_id"], waiting.transaction.as_str());
    bench.issuer.decide(&offer.id, true).unwrap();
    let collected = waiting.later(&bench).await;
    assert_eq!(copies(&collected), 2);
    assert!(collected.json()["notification_id"].is_string());
    assert_eq!(waiting.later(&bench).await.verdict(), over());
    let lines = bench.issuer.store().credentials().unwrap();
    assert_eq!(lines.iter().map(|line| line.copies).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn a_token_outlives_the_approval_by_thirty_days_from_its_issue() {
    let bench = Bench::new();
    let (offer, key) = (bench.offer_to_approve(), new_key());
    let answer = bench.token(&bench.token_message(&offer, &key)).await;
    assert_eq!(answer.json()["expires_in"], 30 * 86_400);
    for (days, verdict) in [(29, accepted()), (30, refused(401, "invalid_token", "INRO-VCI-037"))] {
        let bench = Bench::new();
        let waiting = approved(&bench).await;
        bench.wait(days * 86_400);
        assert_eq!(waiting.poll(&bench).await.verdict(), verdict, "{days} days");
    }
}

#[tokio::test]
async fn a_token_ends_five_minutes_after_everything_was_collected() {
    let bench = Bench::new();
    let offer = bench.offer_to_approve();
    let first = ask(&bench, &offer).await;
    let mut other = bench.credential_message_for(&first.token, &first.key, 1).await;
    other.members.insert("credential_configuration_id".into(), "role-authority.dc+sd-jwt".into());
    let transaction = bench.credential(&other).await.json()["transaction_id"].as_str().unwrap().to_owned();
    let second = Waiting { key: first.key.clone(), token: first.token.clone(), transaction };
    bench.issuer.decide(&offer.id, true).unwrap();
    assert_eq!(copies(&first.later(&bench).await), 2);
    bench.wait(300);
    assert_eq!(copies(&second.poll(&bench).await), 1);
    bench.wait(299);
    assert_eq!(second.poll(&bench).await.verdict(), over());
    bench.wait(1);
    assert_eq!(second.poll(&bench).await.verdict(), refused(401, "invalid_token", "INRO-VCI-037"));
}

#[tokio::test]
async fn an_offer_approved_before_it_is_redeemed_is_issued_at_once() {
    let bench = Bench::new();
    let (offer, key) = (bench.offer_to_approve(), new_key());
    bench.issuer.decide(&offer.id, true).unwrap();
    let token = bench.token(&bench.token_message(&offer, &key)).await.json();
    assert_eq!(token["expires_in"], 300);
    let token = token["access_token"].as_str().unwrap();
    let message = bench.credential_message_for(token, &key, 2).await;
    assert_eq!(copies(&bench.credential(&message).await), 2);
}

#[tokio::test]
async fn a_poll_before_the_interval_is_told_how_long_to_wait_and_gets_nothing() {
    let bench = Bench::new();
    let waiting = approved(&bench).await;
    bench.wait(3);
    assert_eq!(pending(&waiting.poll(&bench).await), Some(2));
    assert_eq!(pending(&waiting.poll(&bench).await), Some(2));
    bench.wait(2);
    assert_eq!(copies(&waiting.poll(&bench).await), 2);
}

#[tokio::test]
async fn who_waits_long_is_asked_to_wait_longer() {
    let bench = Bench::new();
    let waiting = ask(&bench, &bench.offer_to_approve()).await;
    for (seconds, interval) in [(5, 5), (395, 100), (86_400, 3_600)] {
        bench.wait(seconds);
        assert_eq!(pending(&waiting.poll(&bench).await), Some(interval));
    }
}

#[tokio::test]
async fn refuses_a_transaction_with_another_token_or_another_key() {
    let bench = Bench::new();
    let (waiting, other) = (approved(&bench).await, approved(&bench).await);
    bench.wait(5);
    let foreign = Waiting { transaction: waiting.transaction.clone(), ..other };
    assert_eq!(foreign.poll(&bench).await.verdict(), over());
    let (key, token) = (new_key(), waiting.token.clone());
    let stolen = Waiting { key, token, transaction: waiting.transaction.clone() };
    assert_eq!(stolen.poll(&bench).await.verdict(), refused(401, "invalid_dpop_proof", "INRO-OAUTH-008"));
    assert_eq!(copies(&waiting.poll(&bench).await), 2);
}

#[tokio::test]
async fn refuses_a_proof_for_the_credential_endpoint() {
    let bench = Bench::new();
    let waiting = approved(&bench).await;
    bench.wait(5);
    let mut request = bench.protected("/credential", &waiting.key, &waiting.token, &waiting.body());
    *request.uri_mut() = "/deferred_credential".parse().unwrap();
    assert_eq!(bench.send(request).await.verdict(), refused(401, "invalid_dpop_proof", "INRO-OAUTH-005"));
    assert_eq!(copies(&waiting.poll(&bench).await), 2);
}

#[tokio::test]
async fn refuses_a_transaction_that_is_missing_or_unknown() {
    let bench = Bench::new();
    let waiting = approved(&bench).await;
    bench.wait(5);
    for (body, verdict) in [
        (json!({}), refused(400, "invalid_credential_request", "INRO-VCI-040")),
        (json!({ "transaction_id": 1 }), refused(400, "invalid_credential_request", "INRO-VCI-040")),
        (json!({ "transaction_id": "unheard-of" }), over()),
    ] {
        let request = bench.protected("/deferred_credential", &waiting.key, &waiting.token, &body);
        assert_eq!(bench.send(request).await.verdict(), verdict);
    }
    assert_eq!(copies(&waiting.poll(&bench).await), 2);
}

#[tokio::test]
async fn tells_a_wallet_without_a_token_how_to_come() {
    let bench = Bench::new();
    let waiting = approved(&bench).await;
    let mut request = bench.protected("/deferred_credential", &waiting.key, &waiting.token, &waiting.body());
    request.headers_mut().remove("authorization").unwrap();
    let answer = bench.send(request).await;
    assert_eq!(answer.verdict(), refused(401, "invalid_token", "INRO-VCI-038"));
    assert_eq!(answer.header("www-authenticate"), "DPoP algs=\"ES256\"");
    assert_eq!(copies(&waiting.later(&bench).await), 2);
}

#[tokio::test]
async fn a_rejected_request_is_denied_however_often_it_asks() {
    let bench = Bench::new();
    let offer = bench.offer_to_approve();
    let waiting = ask(&bench, &offer).await;
    bench.issuer.decide(&offer.id, false).unwrap();
    for _ in 0..2 {
        let answer = waiting.later(&bench).await;
        assert_eq!(answer.verdict(), refused(400, "credential_request_denied", "INRO-ISSUER-053"));
    }
    // What was not asked for yet is denied too.
    let message = bench.credential_message_for(&waiting.token, &waiting.key, 1).await;
    let denied = refused(400, "credential_request_denied", "INRO-ISSUER-053");
    assert_eq!(bench.credential(&message).await.verdict(), denied);
    assert_eq!(bench.issuer.store().credentials().unwrap(), []);
}

#[tokio::test]
async fn an_offer_rejected_before_it_is_redeemed_is_dead() {
    let bench = Bench::new();
    let (offer, key) = (bench.offer_to_approve(), new_key());
    let message = bench.token_message(&offer, &key);
    bench.issuer.decide(&offer.id, false).unwrap();
    assert_eq!(bench.token(&message).await.verdict(), refused(400, "invalid_grant", "INRO-VCI-032"));
    assert!(bench.issuer.open_offer(handle(&offer)).unwrap().is_none());
}

#[test]
fn an_offer_is_decided_once() {
    let bench = Bench::new();
    let code = |outcome: Result<(), inro_issuer::IssuerError>| {
        outcome.map_err(|error| inro_base::Coded::code(&error).as_str()).err()
    };
    for first in [true, false] {
        let offer = bench.offer_to_approve();
        assert_eq!(code(bench.issuer.decide(&offer.id, first)), None);
        for second in [true, false] {
            assert_eq!(code(bench.issuer.decide(&offer.id, second)), Some("INRO-ISSUER-051"));
        }
    }
    assert_eq!(code(bench.issuer.decide("unheard-of", true)), Some("INRO-ISSUER-050"));
    assert_eq!(code(bench.issuer.decide(&bench.offer(false).id, true)), Some("INRO-ISSUER-052"));
    let ended = bench.offer_to_approve();
    bench.wait(600);
    assert_eq!(code(bench.issuer.decide(&ended.id, true)), Some("INRO-ISSUER-050"));
}

#[tokio::test]
async fn an_employee_who_left_between_request_and_approval_gets_nothing() {
    let bench = Bench::new();
    let waiting = approved(&bench).await;
    let text = String::from_utf8(include_bytes!("../../samples/hr.csv").to_vec()).unwrap();
    let mut lines = text.lines();
    let head = lines.next().unwrap();
    let employee = lines.find(|line| line.contains("E0001")).unwrap();
    let (kept, _) = employee.rsplit_once(',').unwrap();
    let left = format!("{head}\n{kept},2026-11-22\n");
    let roles = inro_credential::RoleTable::built_in();
    let csv = std::io::Cursor::new(left.into_bytes());
    let done = employees::import(bench.issuer.store(), csv, Options::default(), &roles, false, NOW).unwrap();
    assert!(done.accepted);
    let denied = refused(400, "credential_request_denied", "INRO-ISSUER-007");
    assert_eq!(waiting.later(&bench).await.verdict(), denied);
    assert_eq!(bench.issuer.store().credentials().unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_polls_at_once_one_gets_the_copies() {
    let folder = tempfile::tempdir().unwrap();
    let benches = two_processes(folder.path());
    let waiting = approved(&benches[0]).await;
    benches.iter().for_each(|bench| bench.wait(5));
    let poll =
        |_| benches[0].protected("/deferred_credential", &waiting.key, &waiting.token, &waiting.body());
    let verdicts = at_once(&benches, (0..20).map(poll).collect()).await;
    let mut expected = vec![over(); 19];
    expected.insert(0, accepted());
    assert_eq!(verdicts, expected);
    let lines = benches[1].issuer.store().credentials().unwrap();
    assert_eq!(lines.iter().map(|line| line.copies).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn a_deferred_request_takes_its_copies_from_the_offer() {
    let bench = Bench::new();
    let waiting = ask(&bench, &bench.offer_to_approve()).await;
    for (copies, status) in [(9, 400), (8, 202)] {
        let message = bench.credential_message_for(&waiting.token, &waiting.key, copies).await;
        assert_eq!(bench.credential(&message).await.status.as_u16(), status);
    }
}

#[tokio::test]
async fn a_credential_revoked_between_request_and_approval_is_not_issued() {
    let bench = Bench::new();
    // One was issued before, so that there is something to revoke.
    let before = bench.credential_message(&new_key(), 1).await;
    assert_eq!(bench.credential(&before).await.verdict(), accepted());
    let waiting = approved(&bench).await;
    bench.wait(1);
    let id = bench.issuer.store().credentials().unwrap().remove(0).id;
    change(bench.issuer.store(), &id, StatusChange::Revoke, "a test", "tester", bench.now()).unwrap();
    let denied = refused(400, "credential_request_denied", "INRO-ISSUER-035");
    assert_eq!(waiting.later(&bench).await.verdict(), denied);
    assert_eq!(bench.issuer.store().credentials().unwrap().remove(0).copies, 1);
}

#[tokio::test]
async fn whose_offers_were_ended_gets_nothing_of_them_any_more() {
    let bench = Bench::new();
    assert_eq!(copies(&approved(&bench).await.later(&bench).await), 2);
    let open = bench.offer_of(&["employee-id"], false);
    let key = new_key();
    let token = bench.token_of(&bench.offer_of(&["employee-id"], false), &key).await;
    let redemption = bench.token_message(&open, &key);
    let waiting = approved(&bench).await;
    let employee = bench.issuer.store().credentials().unwrap()[0].employee.clone();
    assert_eq!(bench.issuer.store().end_offers(&employee, bench.now()).unwrap(), 2);
    assert_eq!(bench.issuer.store().end_offers(&employee, bench.now()).unwrap(), 0);

    assert_eq!(waiting.later(&bench).await.verdict(), over());
    let answer = bench.credential(&bench.credential_message_for(&token, &key, 1).await).await;
    assert_eq!(answer.verdict().0, 400);
    assert_eq!(bench.token(&redemption).await.verdict().1, "invalid_grant");
    assert_eq!(copies(&approved(&bench).await.later(&bench).await), 2, "a newer offer issues");
}

#[tokio::test]
async fn passes_over_unknown_members_of_a_poll() {
    let bench = Bench::new();
    let waiting = approved(&bench).await;
    let mut body = waiting.body();
    body["unknown"] = json!([1]);
    bench.wait(5);
    let answer =
        bench.send(bench.protected("/deferred_credential", &waiting.key, &waiting.token, &body)).await;
    assert_eq!(copies(&answer), 2);
}
