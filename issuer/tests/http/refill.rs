//! Refresh tokens: each attack beside the unaltered request.

use std::sync::Arc;

use inro_base::Rng;
use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_issuer::offers::OfferWish;
use inro_issuer::refill_setting::RefillSetting;
use inro_issuer::status::change;
use inro_issuer::store::{StatusChange, StoredEmployee};
use inro_openid4vci::wallet::{Authorized, MetadataTrust, RefreshTicket, TokenAnswer, TokenDraft, TokenStep};
use serde_json::{Value, json};

use crate::issuance::{carry_out, ready};
use crate::support::*;

const ROLE: &str = "role-authority.dc+sd-jwt";

/// What a token answer holds.
struct Tokens {
    access: String,
    refresh: String,
}

impl Tokens {
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.verdict(), accepted());
        let json = answer.json();
        let text = |name: &str| json[name].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

fn over() -> (u16, String, String) {
    refused(400, "invalid_grant", "INRO-VCI-097")
}

/// Redeems an offer of both types with `key`.
async fn redeemed(bench: &Bench, key: &SoftwareKey) -> Tokens {
    Tokens::of(&bench.token(&bench.token_message(&bench.offer(false), key)).await)
}

/// A good request to refresh.
fn message(bench: &Bench, token: &str, key: &SoftwareKey) -> TokenMessage {
    TokenMessage {
        dpop: bench.dpop("/token", key, None),
        copies_of_dpop: 1,
        form: vec![("grant_type".into(), "refresh_token".into()), ("refresh_token".into(), token.into())],
        media_type: "application/x-www-form-urlencoded".into(),
        body: None,
    }
}

async fn refresh(bench: &Bench, token: &str, key: &SoftwareKey) -> Answer {
    bench.token(&message(bench, token, key)).await
}

/// The verdict of a request for `copies` of the employee id.
async fn copies(bench: &Bench, access: &str, key: &SoftwareKey, copies: usize) -> (u16, String, String) {
    bench.credential(&bench.credential_message_for(access, key, copies).await).await.verdict()
}

fn details(configurations: &[&str]) -> String {
    let detail = |id: &&str| json!({ "type": "openid_credential", "credential_configuration_id": id });
    Value::from(configurations.iter().map(detail).collect::<Vec<_>>()).to_string()
}

fn credential_of(bench: &Bench, type_id: &str) -> String {
    let lines = bench.issuer.store().credentials().unwrap();
    lines.into_iter().find(|line| line.type_id == type_id).unwrap().id
}

fn set_status(bench: &Bench, type_id: &str, to: StatusChange) {
    change_status(bench, &credential_of(bench, type_id), to);
}

fn change_status(bench: &Bench, id: &str, to: StatusChange) {
    change(bench.issuer.store(), id, to, "a test", "tester", bench.now()).unwrap();
}

#[tokio::test]
async fn a_refresh_token_brings_ten_more_copies_and_the_next_refresh_token() {
    let (bench, key) = (Bench::new(), new_key());
    let first = redeemed(&bench, &key).await;
    assert_eq!(copies(&bench, &first.access, &key, 10).await, accepted());
    let exhausted = refused(400, "credential_request_denied", "INRO-ISSUER-011");
    assert_eq!(copies(&bench, &first.access, &key, 1).await, exhausted);
    let answer = refresh(&bench, &first.refresh, &key).await;
    let second = Tokens::of(&answer);
    assert_eq!(answer.json()["token_type"], "DPoP");
    assert_eq!(answer.json()["expires_in"], 300);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_ne!(second.refresh, first.refresh);
    assert_eq!(copies(&bench, &second.access, &key, 10).await, accepted());
    assert_eq!(copies(&bench, &second.access, &key, 1).await, exhausted);
    let third = Tokens::of(&refresh(&bench, &second.refresh, &key).await);
    assert_eq!(copies(&bench, &third.access, &key, 10).await, accepted());
}

#[tokio::test]
async fn a_refresh_token_replayed_after_rotation_is_refused() {
    let (bench, key) = (Bench::new(), new_key());
    let first = redeemed(&bench, &key).await;
    let second = Tokens::of(&refresh(&bench, &first.refresh, &key).await);
    // The access token that came with the second is used, so the answer arrived.
    assert_eq!(copies(&bench, &second.access, &key, 1).await, accepted());
    assert_eq!(refresh(&bench, &first.refresh, &key).await.verdict(), over());
    // The third comes by the second, so that the first is out of the way again, and then the second too.
    let third = Tokens::of(&refresh(&bench, &second.refresh, &key).await);
    assert_eq!(refresh(&bench, &first.refresh, &key).await.verdict(), over());
    Tokens::of(&refresh(&bench, &third.refresh, &key).await);
    assert_eq!(refresh(&bench, &second.refresh, &key).await.verdict(), over());
}

#[tokio::test]
async fn an_answer_that_was_lost_costs_nothing_and_its_tokens_are_of_no_use() {
    let (bench, key) = (Bench::new(), new_key());
    let first = redeemed(&bench, &key).await;
    let lost = Tokens::of(&refresh(&bench, &first.refresh, &key).await);
    let lost_too = Tokens::of(&refresh(&bench, &first.refresh, &key).await);
    let came = Tokens::of(&refresh(&bench, &first.refresh, &key).await);
    for tokens in [&lost, &lost_too] {
        assert_eq!(refresh(&bench, &tokens.refresh, &key).await.verdict(), over());
        let refusal = copies(&bench, &tokens.access, &key, 1).await;
        assert_eq!(refusal, refused(401, "invalid_token", "INRO-VCI-037"));
    }
    // However many answers were lost, ten copies are all there are.
    assert_eq!(copies(&bench, &came.access, &key, 10).await, accepted());
    let exhausted = refused(400, "credential_request_denied", "INRO-ISSUER-011");
    assert_eq!(copies(&bench, &came.access, &key, 1).await, exhausted);
    assert_eq!(refresh(&bench, &came.refresh, &key).await.verdict(), accepted());
}

/// The token of the code may be in use, for a notification say, while the refresh token is presented.
#[tokio::test]
async fn only_what_came_with_a_refresh_token_confirms_it() {
    let (bench, key) = (Bench::new(), new_key());
    let first = redeemed(&bench, &key).await;
    Tokens::of(&refresh(&bench, &first.refresh, &key).await);
    assert_eq!(copies(&bench, &first.access, &key, 1).await, accepted());
    assert_eq!(refresh(&bench, &first.refresh, &key).await.verdict(), accepted());
}

#[tokio::test]
async fn a_refresh_token_used_with_another_dpop_key_is_refused() {
    let (bench, key) = (Bench::new(), new_key());
    let first = redeemed(&bench, &key).await;
    assert_eq!(refresh(&bench, &first.refresh, &new_key()).await.verdict(), over());
    let second = Tokens::of(&refresh(&bench, &first.refresh, &key).await);
    // As a repetition neither.
    assert_eq!(refresh(&bench, &first.refresh, &new_key()).await.verdict(), over());
    assert_eq!(refresh(&bench, &second.refresh, &key).await.verdict(), accepted());
}

#[tokio::test]
async fn a_suspension_refuses_refills_while_it_lasts() {
    let (bench, key) = (Bench::new(), new_key());
    let first =
        Tokens::of(&bench.token(&bench.token_message(&bench.offer_of(&["employee-id"], false), &key)).await);
    assert_eq!(copies(&bench, &first.access, &key, 10).await, accepted());
    let second = Tokens::of(&refresh(&bench, &first.refresh, &key).await);
    set_status(&bench, "employee-id", StatusChange::Suspend);
    let refusal = refresh(&bench, &second.refresh, &key).await.verdict();
    assert_eq!(refusal, refused(400, "invalid_grant", "INRO-ISSUER-033"));
    // Nor does an access token of before.
    let refusal = copies(&bench, &second.access, &key, 1).await;
    assert_eq!(refusal, refused(400, "credential_request_denied", "INRO-ISSUER-035"));
    set_status(&bench, "employee-id", StatusChange::Resume);
    let third = Tokens::of(&refresh(&bench, &second.refresh, &key).await);
    assert_eq!(copies(&bench, &third.access, &key, 10).await, accepted());
}

#[tokio::test]
async fn of_two_types_the_one_that_is_not_suspended_is_refilled() {
    let (bench, key) = (Bench::new(), new_key());
    let first = redeemed(&bench, &key).await;
    assert_eq!(copies(&bench, &first.access, &key, 10).await, accepted());
    set_status(&bench, "employee-id", StatusChange::Suspend);
    let mut message = message(&bench, &first.refresh, &key);
    message.set("authorization_details", Some(&details(&[EMPLOYEE_ID, ROLE])));
    let answer = bench.token(&message).await;
    assert_eq!(answer.verdict(), accepted());
    let granted = answer.json()["authorization_details"].as_array().unwrap().clone();
    assert_eq!(granted.len(), 1);
    assert_eq!(granted[0]["credential_configuration_id"], ROLE);
}

#[tokio::test]
async fn a_revocation_ends_refills_for_good_in_every_format() {
    let bench = Bench::new();
    let (key, new) = (new_key(), new_key());
    let wish = |formats: &[&str]| OfferWish {
        employee: "E0001".into(),
        types: vec!["employee-id".into()],
        formats: formats.iter().map(|&format| format.into()).collect(),
        tx_code: false,
        needs_approval: false,
        lifetime: 600,
    };
    let offer = bench.issuer.create_offer(&wish(&["dc+sd-jwt", "mso_mdoc"])).unwrap();
    let first = Tokens::of(&bench.token(&bench.token_message(&offer, &key)).await);
    assert_eq!(copies(&bench, &first.access, &key, 10).await, accepted());
    let second = Tokens::of(&refresh(&bench, &first.refresh, &key).await);
    set_status(&bench, "employee-id", StatusChange::Revoke);
    assert_eq!(refresh(&bench, &second.refresh, &key).await.verdict(), over());
    // A new enrolment in one format brings back neither the old refresh token nor the other format.
    let offer = bench.issuer.create_offer(&wish(&["dc+sd-jwt"])).unwrap();
    let again = Tokens::of(&bench.token(&bench.token_message(&offer, &new)).await);
    assert_eq!(copies(&bench, &again.access, &new, 10).await, accepted());
    assert_eq!(refresh(&bench, &second.refresh, &key).await.verdict(), over());
    assert_eq!(refresh(&bench, &again.refresh, &new).await.verdict(), accepted());
}

#[tokio::test]
async fn a_revocation_of_one_type_leaves_the_refills_of_the_other() {
    let (bench, key) = (Bench::new(), new_key());
    let first = redeemed(&bench, &key).await;
    assert_eq!(copies(&bench, &first.access, &key, 10).await, accepted());
    set_status(&bench, "employee-id", StatusChange::Revoke);
    let asking = |token: &str, id: &str| {
        let mut message = message(&bench, token, &key);
        message.set("authorization_details", Some(&details(&[id])));
        message
    };
    let refusal = bench.token(&asking(&first.refresh, EMPLOYEE_ID)).await.verdict();
    assert_eq!(refusal, refused(400, "invalid_authorization_details", "INRO-VCI-088"));
    assert_eq!(bench.token(&asking(&first.refresh, ROLE)).await.verdict(), accepted());
}

#[tokio::test]
async fn who_takes_everything_back_ends_all_refresh_tokens_of_the_employee() {
    let (bench, key) = (Bench::new(), new_key());
    // Nothing was issued yet, so there is no credential that could be revoked.
    let first = redeemed(&bench, &key).await;
    let second = Tokens::of(&refresh(&bench, &first.refresh, &key).await);
    assert_eq!(bench.issuer.store().end_refills(Some("E0002")).unwrap(), 0);
    let third = Tokens::of(&refresh(&bench, &second.refresh, &key).await);
    assert_eq!(bench.issuer.store().end_refills(Some("E0001")).unwrap(), 1);
    assert_eq!(refresh(&bench, &third.refresh, &key).await.verdict(), over());
}

#[tokio::test]
async fn a_refresh_token_is_refused_after_the_employee_left() {
    let (bench, key) = (Bench::new(), new_key());
    let first = redeemed(&bench, &key).await;
    let second = Tokens::of(&refresh(&bench, &first.refresh, &key).await);
    let stays = bench.issuer.store().employee("E0001").unwrap();
    let mut record: Value = serde_json::from_str(&stays.record).unwrap();
    record["valid_until"] = "2026-11-22".into();
    let left = StoredEmployee { number: "E0001".into(), record: record.to_string() };
    let import = |employee: &StoredEmployee| {
        let feed = &mut |keep: &mut inro_issuer::store::Keep<'_>| keep(employee).map(|()| true);
        bench.issuer.store().import(bench.now(), feed).unwrap();
    };
    import(&left);
    let refusal = refresh(&bench, &second.refresh, &key).await.verdict();
    assert_eq!(refusal, refused(400, "invalid_grant", "INRO-ISSUER-007"));
    // HR was wrong: nothing is lost.
    import(&stays);
    assert_eq!(refresh(&bench, &second.refresh, &key).await.verdict(), accepted());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_eight_who_use_a_refresh_token_at_once_one_is_left_with_good_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let benches = two_processes(folder.path());
    let key = new_key();
    let first = redeemed(&benches[0], &key).await;
    let start = Arc::new(tokio::sync::Barrier::new(8));
    let clients: Vec<_> = (0..8)
        .map(|_| message(&benches[0], &first.refresh, &key).request())
        .zip(benches.iter().cycle())
        .map(|(request, bench)| {
            let (bench, start) = (bench.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                Tokens::of(&bench.send(request).await)
            })
        })
        .collect();
    let mut all = Vec::new();
    for client in clients {
        all.push(client.await.unwrap());
    }
    let bench = &benches[0];
    let mut good = Vec::new();
    for tokens in &all {
        match copies(bench, &tokens.access, &key, 1).await {
            verdict if verdict == accepted() => good.push(tokens),
            verdict => assert_eq!(verdict, refused(401, "invalid_token", "INRO-VCI-037")),
        }
    }
    let [winner] = good.as_slice() else { panic!("{} access tokens are good", good.len()) };
    for tokens in all.iter().filter(|tokens| tokens.refresh != winner.refresh) {
        assert_eq!(refresh(bench, &tokens.refresh, &key).await.verdict(), over());
    }
    assert_eq!(refresh(bench, &first.refresh, &key).await.verdict(), over());
    assert_eq!(refresh(bench, &winner.refresh, &key).await.verdict(), accepted());
}

#[tokio::test]
async fn an_expired_refresh_token_is_refused_however_often_it_was_replaced() {
    let bench = Bench::refilling(RefillSetting { days: 1, per_day: 10 });
    let key = new_key();
    let first = redeemed(&bench, &key).await;
    bench.wait(86_399);
    let second = Tokens::of(&refresh(&bench, &first.refresh, &key).await);
    bench.wait(1);
    assert_eq!(refresh(&bench, &second.refresh, &key).await.verdict(), over());
    // What it brought before holds as long as access tokens do.
    assert_eq!(copies(&bench, &second.access, &key, 1).await, accepted());
}

#[tokio::test]
async fn a_refresh_token_is_for_the_types_of_its_offer_alone() {
    let (bench, key) = (Bench::new(), new_key());
    let offer = bench.offer_of(&["employee-id"], false);
    let first = Tokens::of(&bench.token(&bench.token_message(&offer, &key)).await);
    let asking = |id: &str| {
        let mut message = message(&bench, &first.refresh, &key);
        message.set("authorization_details", Some(&details(&[id])));
        message
    };
    for other in [ROLE, "employee-id.mso_mdoc", "unheard-of"] {
        let refusal = bench.token(&asking(other)).await.verdict();
        assert_eq!(refusal, refused(400, "invalid_authorization_details", "INRO-VCI-088"), "{other}");
    }
    assert_eq!(bench.token(&asking(EMPLOYEE_ID)).await.verdict(), accepted());
    // Without details the access token is for the same.
    let second = Tokens::of(&refresh(&bench, &first.refresh, &key).await);
    let mut message = bench.credential_message_for(&second.access, &key, 1).await;
    message.members.insert("credential_configuration_id".into(), ROLE.into());
    let refusal = bench.credential(&message).await.verdict();
    assert_eq!(refusal, refused(400, "unknown_credential_configuration", "INRO-VCI-042"));
    assert_eq!(copies(&bench, &second.access, &key, 1).await, accepted());
}

/// Who asked for a part of an offer gets refills of that part.
#[tokio::test]
async fn a_refresh_token_covers_what_its_code_was_redeemed_for() {
    let (bench, key) = (Bench::new(), new_key());
    let mut code = bench.token_message(&bench.offer(false), &key);
    code.set("authorization_details", Some(&details(&[EMPLOYEE_ID])));
    let first = Tokens::of(&bench.token(&code).await);
    let mut message = message(&bench, &first.refresh, &key);
    message.set("authorization_details", Some(&details(&[ROLE])));
    let refusal = bench.token(&message).await.verdict();
    assert_eq!(refusal, refused(400, "invalid_authorization_details", "INRO-VCI-088"));
    assert_eq!(refresh(&bench, &first.refresh, &key).await.verdict(), accepted());
}

#[tokio::test]
async fn a_guessed_refresh_token_is_refused_and_so_is_every_other_kind_of_token() {
    let (bench, key) = (Bench::new(), new_key());
    let first = redeemed(&bench, &key).await;
    let code = bench.code(&bench.offer(false));
    let guess: &mut dyn Rng = &mut TestRng::new();
    for other in [guess.token::<32>(), first.access.clone(), code] {
        assert_eq!(refresh(&bench, &other, &key).await.verdict(), over());
    }
    let mut none = message(&bench, &first.refresh, &key);
    none.set("refresh_token", None);
    assert_eq!(bench.token(&none).await.verdict(), refused(400, "invalid_request", "INRO-VCI-096"));
    let mut as_code = bench.token_message(&bench.offer(false), &key);
    as_code.set("pre-authorized_code", Some(&first.refresh));
    assert_eq!(bench.token(&as_code).await.verdict(), refused(400, "invalid_grant", "INRO-VCI-032"));
    let as_access = copies(&bench, &first.refresh, &key, 1).await;
    assert_eq!(as_access, refused(401, "invalid_token", "INRO-VCI-037"));
    assert_eq!(refresh(&bench, &first.refresh, &key).await.verdict(), accepted());
}

#[tokio::test]
async fn a_request_to_refresh_sent_twice_is_a_replayed_proof() {
    let (bench, key) = (Bench::new(), new_key());
    let message = message(&bench, &redeemed(&bench, &key).await.refresh, &key);
    assert_eq!(bench.token(&message).await.verdict(), accepted());
    let refusal = bench.token(&message).await.verdict();
    assert_eq!(refusal, refused(400, "invalid_dpop_proof", "INRO-OAUTH-010"));
}

#[tokio::test]
async fn an_employee_gets_as_many_refills_a_day_as_the_agency_allows() {
    let bench = Bench::refilling(RefillSetting { days: 180, per_day: 2 });
    let (key, other) = (new_key(), new_key());
    let (mut tokens, mut others) = (redeemed(&bench, &key).await, redeemed(&bench, &other).await);
    tokens = Tokens::of(&refresh(&bench, &tokens.refresh, &key).await);
    bench.wait(86_000);
    // All wallets of the employee count together.
    others = Tokens::of(&refresh(&bench, &others.refresh, &other).await);
    let busy = refused(503, "temporarily_unavailable", "INRO-VCI-098");
    assert_eq!(refresh(&bench, &tokens.refresh, &key).await.verdict(), busy);
    assert_eq!(refresh(&bench, &others.refresh, &other).await.verdict(), busy);
    bench.wait(400);
    for _ in 0..2 {
        tokens = Tokens::of(&refresh(&bench, &tokens.refresh, &key).await);
    }
    assert_eq!(refresh(&bench, &tokens.refresh, &key).await.verdict(), busy);
    // A clock that was put right does not keep the employee waiting.
    bench.wait(-86_000);
    assert_eq!(refresh(&bench, &tokens.refresh, &key).await.verdict(), accepted());
}

#[tokio::test]
async fn another_enrolment_ends_the_refills_of_what_it_brings() {
    let bench = Bench::new();
    let (old, new) = (new_key(), new_key());
    let first = redeemed(&bench, &old).await;
    let second = Tokens::of(&refresh(&bench, &first.refresh, &old).await);
    let offer = bench.offer_of(&["employee-id"], false);
    let enrolled = Tokens::of(&bench.token(&bench.token_message(&offer, &new)).await);
    // Until it brings something, the old phone is the phone.
    let third = Tokens::of(&refresh(&bench, &second.refresh, &old).await);
    assert_eq!(copies(&bench, &enrolled.access, &new, 10).await, accepted());
    let asking = |id: &str| {
        let mut message = message(&bench, &third.refresh, &old);
        message.set("authorization_details", Some(&details(&[id])));
        message
    };
    let refusal = bench.token(&asking(EMPLOYEE_ID)).await.verdict();
    assert_eq!(refusal, refused(400, "invalid_authorization_details", "INRO-VCI-088"));
    // Nor what the old phone could still take.
    let refusal = copies(&bench, &third.access, &old, 1).await;
    assert_eq!(refusal, refused(400, "credential_request_denied", "INRO-ISSUER-011"));
    assert_eq!(bench.token(&asking(ROLE)).await.verdict(), accepted());
    assert_eq!(refresh(&bench, &enrolled.refresh, &new).await.verdict(), accepted());
}

#[tokio::test]
async fn an_agency_that_refills_nothing_gives_no_refresh_token_and_takes_none() {
    let on = Bench::new();
    let answer = on.get("/.well-known/oauth-authorization-server", "application/json").await;
    assert!(answer.json()["grant_types_supported"].as_array().unwrap().contains(&"refresh_token".into()));
    let off = Bench::refilling(RefillSetting { days: 0, per_day: 10 });
    let answer = off.get("/.well-known/oauth-authorization-server", "application/json").await;
    assert!(!answer.json()["grant_types_supported"].as_array().unwrap().contains(&"refresh_token".into()));
    let key = new_key();
    let answer = off.token(&off.token_message(&off.offer(false), &key)).await;
    assert_eq!(answer.verdict(), accepted());
    assert_eq!(answer.json().get("refresh_token"), None);
    let refusal = refresh(&off, "anything", &key).await.verdict();
    assert_eq!(refusal, refused(400, "unsupported_grant_type", "INRO-VCI-030"));
    // Turning refills off ends them; an agency that refills ends none when it starts.
    let first = redeemed(&on, &key).await;
    on.issuer.end_refills_if_off().unwrap();
    assert_eq!(refresh(&on, &first.refresh, &key).await.verdict(), accepted());
}

#[tokio::test]
async fn nothing_is_refilled_that_nobody_approved() {
    let (bench, key) = (Bench::new(), new_key());
    let offer = bench.offer_to_approve();
    let first = Tokens::of(&bench.token(&bench.token_message(&offer, &key)).await);
    let refusal = refresh(&bench, &first.refresh, &key).await.verdict();
    assert_eq!(refusal, refused(400, "invalid_grant", "INRO-ISSUER-053"));
    bench.issuer.decide(&offer.id, true).unwrap();
    assert_eq!(refresh(&bench, &first.refresh, &key).await.verdict(), accepted());
}

#[tokio::test]
async fn an_offer_is_kept_for_its_refills_and_stands_in_no_list() {
    let (bench, key) = (Bench::new(), new_key());
    let first = redeemed(&bench, &key).await;
    let listed = || bench.issuer.store().offers().unwrap().len();
    assert_eq!(listed(), 1);
    bench.wait(3_600);
    // Making an offer forgets those that ended.
    bench.offer(false);
    assert_eq!(listed(), 1);
    let until = |type_id: &str| {
        let lines = bench.issuer.store().credentials().unwrap();
        lines.into_iter().find(|line| line.type_id == type_id).unwrap().refills_until
    };
    let second = Tokens::of(&refresh(&bench, &first.refresh, &key).await);
    assert_eq!(copies(&bench, &second.access, &key, 10).await, accepted());
    assert_eq!(until("employee-id"), Some(NOW.plus(180 * 86_400)));
    set_status(&bench, "employee-id", StatusChange::Revoke);
    assert_eq!(until("employee-id"), None);
    // Once refills end, the offer is forgotten, too.
    bench.wait(180 * 86_400);
    bench.offer(false);
    assert_eq!(listed(), 1);
    assert_eq!(refresh(&bench, &second.refresh, &key).await.verdict(), over());
}

/// One round of the wallet's own states with the issuer's nonces.
async fn authorized(bench: &Bench, mut draft: TokenDraft, key: &SoftwareKey) -> Authorized {
    let rng: &mut dyn Rng = &mut TestRng::new();
    loop {
        let TokenStep::Sign(signing) = draft.send(bench.now(), rng, &RustCrypto) else { panic!("DPoP") };
        let signature = key.sign_es256(signing.signing_input()).unwrap();
        let (sent, request) = signing.signed(&signature);
        match sent.received(&carry_out(bench, request).await).unwrap() {
            TokenAnswer::Authorized(authorized) => return authorized,
            TokenAnswer::Again(again) => draft = again,
        }
    }
}

#[tokio::test]
async fn a_wallet_refreshes_what_it_wants_with_a_ticket_that_was_stored() {
    let (bench, key) = (Bench::new(), new_key());
    let offer = bench.offer(false);
    let draft = ready(&bench, offer.by_reference.expose()).await.redeem(None, key.public_key()).unwrap();
    let enrolled = authorized(&bench, draft, &key).await;
    let stored = enrolled.refresh_ticket().unwrap().to_secret();
    let ticket = RefreshTicket::from_secret(&stored).unwrap();
    assert_eq!(ticket.issuer().as_str(), URL);
    assert_eq!(ticket.configuration_ids(), [EMPLOYEE_ID, ROLE]);
    assert_eq!(ticket.dpop_key(), &key.public_key());
    let (fetch, request) = ticket.fetch_metadata();
    let trust = MetadataTrust { anchors: &bench.anchors, now: bench.now(), provider: &RustCrypto };
    let (fetch, request) = fetch.received(&carry_out(&bench, request).await, &trust).unwrap();
    let refreshable = fetch.received(&carry_out(&bench, request).await).unwrap();
    assert!(refreshable.signer().is_some());
    let wanted = refreshable.offered().into_iter().filter(|offered| offered.id == ROLE).collect();
    let again = authorized(&bench, refreshable.refresh(wanted).unwrap(), &key).await;
    let remaining: Vec<_> = again.remaining().map(|offered| offered.id.clone()).collect();
    assert_eq!(remaining, [ROLE]);
    let next = again.refresh_ticket().unwrap();
    assert_eq!(next.configuration_ids(), [EMPLOYEE_ID, ROLE]);
    assert_ne!(next.to_secret().expose(), stored.expose());
}
