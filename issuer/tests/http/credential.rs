//! The credential endpoint: each refusal beside the unaltered request.

use std::sync::atomic::Ordering;

use crate::support::*;
use inro_issuer::status::change;
use inro_issuer::store::StatusChange;
use serde_json::{Value, json};

/// Sends a request for two copies under a fresh token after `alter` had its way with it.
async fn verdict(bench: &Bench, alter: impl FnOnce(&mut CredentialMessage)) -> (u16, String, String) {
    let mut message = bench.credential_message(&new_key(), 2).await;
    alter(&mut message);
    bench.credential(&message).await.verdict()
}

/// Alters the first proof, which is then signed as altered.
async fn proof_verdict(bench: &Bench, alter: impl FnOnce(&mut Jws)) -> (u16, String, String) {
    verdict(bench, |message| alter(&mut message.proofs[0])).await
}

#[tokio::test]
async fn refuses_another_key_than_the_tokens() {
    let bench = Bench::new();
    let (key, other) = (new_key(), new_key());
    let token = bench.access_token(&key).await;
    let stolen = bench.credential_message_for(&token, &other, 1).await;
    assert_eq!(
        bench.credential(&stolen).await.verdict(),
        refused(401, "invalid_dpop_proof", "INRO-OAUTH-008")
    );
    let own = bench.credential_message_for(&token, &key, 1).await;
    assert_eq!(bench.credential(&own).await.verdict(), accepted());
}

#[tokio::test]
async fn refuses_a_request_without_its_access_token_or_with_a_foreign_one() {
    let bench = Bench::new();
    assert_eq!(verdict(&bench, |_| {}).await, accepted());
    let answer = {
        let mut message = bench.credential_message(&new_key(), 1).await;
        message.authorization.clear();
        bench.credential(&message).await
    };
    assert_eq!(answer.verdict(), refused(401, "invalid_token", "INRO-VCI-038"));
    assert_eq!(answer.header("www-authenticate"), "DPoP algs=\"ES256\"");
    let unusable = {
        let mut message = bench.credential_message(&new_key(), 1).await;
        message.authorization.extend(message.authorization.clone());
        bench.credential(&message).await
    };
    assert_eq!(unusable.verdict(), refused(401, "invalid_token", "INRO-VCI-038"));
    assert!(unusable.header("www-authenticate").starts_with("DPoP error=\"invalid_token\""));
    let bearer = verdict(&bench, |message| {
        message.authorization =
            message.authorization.iter().map(|value| value.replace("DPoP", "Bearer")).collect();
    });
    assert_eq!(bearer.await, refused(401, "invalid_token", "INRO-VCI-038"));
    let other = verdict(&bench, |message| message.authorization = vec!["DPoP other".into()]).await;
    assert_eq!(other, refused(401, "invalid_dpop_proof", "INRO-OAUTH-007"));
    let key = new_key();
    let foreign = bench.credential_message_for("foreign", &key, 1).await;
    assert_eq!(bench.credential(&foreign).await.verdict(), refused(401, "invalid_token", "INRO-VCI-037"));
}

#[tokio::test]
async fn refuses_an_expired_access_token() {
    let bench = Bench::new();
    for (seconds, expected) in [(299, accepted()), (300, refused(401, "invalid_token", "INRO-VCI-037"))] {
        let key = new_key();
        let token = bench.access_token(&key).await;
        bench.wait(seconds);
        let message = bench.credential_message_for(&token, &key, 1).await;
        assert_eq!(bench.credential(&message).await.verdict(), expected);
    }
}

#[tokio::test]
async fn refuses_a_dpop_proof_that_is_missing_replayed_or_for_another_request() {
    let bench = Bench::new();
    let key = new_key();
    let token = bench.access_token(&key).await;
    let first = bench.credential_message_for(&token, &key, 1).await;
    assert_eq!(bench.credential(&first).await.verdict(), accepted());
    let mut replay = bench.credential_message_for(&token, &key, 1).await;
    replay.dpop = first.dpop;
    assert_eq!(
        bench.credential(&replay).await.verdict(),
        refused(401, "invalid_dpop_proof", "INRO-OAUTH-010")
    );
    let missing = verdict(&bench, |message| message.dpop.raw = Some(String::new())).await;
    assert_eq!(missing, refused(401, "invalid_dpop_proof", "INRO-JOSE-001"));
    for (claim, value, code) in [
        ("htu", json!(format!("{URL}/token")), "INRO-OAUTH-005"),
        ("htm", json!("GET"), "INRO-OAUTH-004"),
        ("iat", json!(bench.now().as_secs() - 301), "INRO-OAUTH-006"),
        ("ath", json!("other"), "INRO-OAUTH-007"),
    ] {
        let refusal = verdict(&bench, |message| drop(message.dpop.claims.insert(claim.into(), value))).await;
        assert_eq!(refusal, refused(401, "invalid_dpop_proof", code), "{claim}");
    }
}

#[tokio::test]
async fn asks_for_a_dpop_nonce_with_a_challenge() {
    let bench = Bench::new();
    let mut message = bench.credential_message(&new_key(), 1).await;
    message.dpop.claims.remove("nonce");
    let answer = bench.credential(&message).await;
    assert_eq!(answer.verdict(), refused(401, "use_dpop_nonce", "INRO-OAUTH-009"));
    assert!(answer.header("www-authenticate").contains("error=\"use_dpop_nonce\""));
    message.dpop.claims.insert("nonce".into(), answer.header("dpop-nonce").into());
    assert_eq!(bench.credential(&message).await.verdict(), accepted());
}

#[tokio::test]
async fn refuses_a_c_nonce_that_was_used() {
    let bench = Bench::new();
    let key = new_key();
    let token = bench.access_token(&key).await;
    let first = bench.credential_message_for(&token, &key, 2).await;
    assert_eq!(bench.credential(&first).await.verdict(), accepted());
    let nonce = first.proofs[0].claims["nonce"].clone();
    let mut second = bench.credential_message_for(&token, &key, 2).await;
    second.proofs.iter_mut().for_each(|proof| drop(proof.claims.insert("nonce".into(), nonce.clone())));
    assert_eq!(bench.credential(&second).await.verdict(), refused(400, "invalid_nonce", "INRO-VCI-061"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_c_nonce_is_consumed_once_by_twenty_requests_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let benches = two_processes(folder.path());
    let nonce = Value::from(benches[0].nonce().await);
    let mut messages = Vec::new();
    for _ in 0..20 {
        let mut message = benches[0].credential_message(&new_key(), 1).await;
        message.proofs[0].claims.insert("nonce".into(), nonce.clone());
        messages.push(message);
    }
    let verdicts = at_once(&benches, messages.iter().map(CredentialMessage::request).collect());
    let mut expected = vec![refused(400, "invalid_nonce", "INRO-VCI-061"); 19];
    expected.insert(0, accepted());
    assert_eq!(verdicts.await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_offer_yields_ten_copies_to_twenty_requests_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let benches = two_processes(folder.path());
    let key = new_key();
    let token = benches[0].access_token(&key).await;
    let mut messages = Vec::new();
    for _ in 0..20 {
        messages.push(benches[0].credential_message_for(&token, &key, 1).await);
    }
    let verdicts = at_once(&benches, messages.iter().map(CredentialMessage::request).collect());
    let mut expected = vec![accepted(); 10];
    expected.extend(vec![refused(400, "credential_request_denied", "INRO-ISSUER-011"); 10]);
    assert_eq!(verdicts.await, expected);
    let lines = benches[1].issuer.store().credentials().unwrap();
    assert_eq!(lines.iter().map(|line| line.copies).collect::<Vec<_>>(), [10]);
}

#[tokio::test]
async fn refuses_a_c_nonce_that_is_expired_foreign_or_missing() {
    let bench = Bench::new();
    assert_eq!(verdict(&bench, |_| {}).await, accepted());
    let old = bench.nonce().await;
    let set = |message: &mut CredentialMessage, nonce: &str| {
        message.proofs.iter_mut().for_each(|proof| drop(proof.claims.insert("nonce".into(), nonce.into())));
    };
    let dpop_nonce = bench.issuer.dpop_nonce();
    for foreign in ["AAAA", dpop_nonce.as_str()] {
        let refusal = verdict(&bench, |message| set(message, foreign)).await;
        assert_eq!(refusal, refused(400, "invalid_nonce", "INRO-OAUTH-013"));
    }
    let missing = proof_verdict(&bench, |proof| drop(proof.claims.remove("nonce"))).await;
    assert_eq!(missing, refused(400, "invalid_proof", "INRO-VCI-058"));
    bench.wait(300);
    let refusal = verdict(&bench, |message| set(message, &old)).await;
    assert_eq!(refusal, refused(400, "invalid_nonce", "INRO-OAUTH-014"));
}

#[tokio::test]
async fn proofs_may_have_nonces_of_their_own_and_each_is_used_once() {
    let bench = Bench::new();
    let (first, second) = (bench.nonce().await, bench.nonce().await);
    let set = |nonces: [&str; 2]| {
        let nonces = nonces.map(str::to_owned);
        move |message: &mut CredentialMessage| {
            for (proof, nonce) in message.proofs.iter_mut().zip(nonces) {
                proof.claims.insert("nonce".into(), nonce.into());
            }
        }
    };
    assert_eq!(verdict(&bench, set([&first, "AAAA"])).await, refused(400, "invalid_nonce", "INRO-OAUTH-013"));
    assert_eq!(verdict(&bench, set([&first, &second])).await, accepted());
    for used in [first, second] {
        let fresh = bench.nonce().await;
        for nonces in [[&*used, &*fresh], [&*fresh, &*used]] {
            assert_eq!(verdict(&bench, set(nonces)).await, refused(400, "invalid_nonce", "INRO-VCI-061"));
        }
        // What stood beside a used one is still good.
        assert_eq!(verdict(&bench, set([&fresh, &fresh])).await, accepted());
    }
}

#[tokio::test]
async fn refuses_a_proof_for_another_issuer_time_or_client() {
    let bench = Bench::new();
    assert_eq!(proof_verdict(&bench, |_| {}).await, accepted());
    let now = bench.now().as_secs();
    let fraction: Value = serde_json::from_str(&format!("{now}.25")).unwrap();
    let fractional = proof_verdict(&bench, |proof| drop(proof.claims.insert("iat".into(), fraction))).await;
    assert_eq!(fractional, accepted());
    for (claim, value, code) in [
        ("aud", json!("https://other.example"), "INRO-VCI-055"),
        ("aud", json!([URL]), "INRO-VCI-055"),
        ("iat", json!(now - 301), "INRO-VCI-057"),
        ("iat", json!("now"), "INRO-VCI-057"),
        ("iss", json!("wallet"), "INRO-VCI-056"),
    ] {
        let refusal = proof_verdict(&bench, |proof| drop(proof.claims.insert(claim.into(), value))).await;
        assert_eq!(refusal, refused(400, "invalid_proof", code), "{claim}");
    }
}

#[tokio::test]
async fn refuses_a_proof_of_a_wrong_type_without_a_key_with_a_private_key_or_unsigned() {
    let bench = Bench::new();
    assert_eq!(proof_verdict(&bench, |_| {}).await, accepted());
    let refusal =
        proof_verdict(&bench, |proof| drop(proof.header.insert("typ".into(), "dpop+jwt".into()))).await;
    assert_eq!(refusal, refused(400, "invalid_proof", "INRO-JOSE-003"));
    let refusal = proof_verdict(&bench, |proof| drop(proof.header.remove("jwk"))).await;
    assert_eq!(refusal, refused(400, "invalid_proof", "INRO-VCI-054"));
    let refusal = proof_verdict(&bench, |proof| drop(proof.header.insert("kid".into(), "k".into()))).await;
    assert_eq!(refusal, refused(400, "invalid_proof", "INRO-VCI-054"));
    let refusal =
        proof_verdict(&bench, |proof| drop(proof.header.insert("x5c".into(), json!(["AA=="])))).await;
    assert_eq!(refusal, refused(400, "invalid_proof", "INRO-VCI-054"));
    let refusal = proof_verdict(&bench, |proof| proof.header["jwk"]["d"] = "AA".into()).await;
    assert_eq!(refusal, refused(400, "invalid_proof", "INRO-JOSE-006"));
    let refusal = proof_verdict(&bench, |proof| proof.raw = Some(proof.unsigned())).await;
    assert_eq!(refusal, refused(400, "invalid_proof", "INRO-JOSE-002"));
    let refusal = proof_verdict(&bench, |proof| proof.key = new_key()).await;
    assert_eq!(refusal, refused(400, "invalid_proof", "INRO-JOSE-005"));
}

#[tokio::test]
async fn refuses_one_key_in_two_proofs() {
    let bench = Bench::new();
    assert_eq!(verdict(&bench, |_| {}).await, accepted());
    let refusal = verdict(&bench, |message| {
        let key = message.proofs[0].key.clone();
        message.proofs[1].header = message.proofs[0].header.clone();
        message.proofs[1].key = key;
    });
    assert_eq!(refusal.await, refused(400, "invalid_proof", "INRO-VCI-060"));
}

#[tokio::test]
async fn refuses_a_batch_over_ten_and_an_empty_one() {
    let bench = Bench::new();
    for (copies, expected) in [
        (10, accepted()),
        (11, refused(400, "invalid_proof", "INRO-VCI-053")),
        (0, refused(400, "invalid_proof", "INRO-VCI-052")),
    ] {
        let message = bench.credential_message(&new_key(), copies).await;
        assert_eq!(bench.credential(&message).await.verdict(), expected, "{copies} copies");
    }
}

#[tokio::test]
async fn an_offer_yields_ten_copies_of_a_configuration_and_no_more() {
    let bench = Bench::new();
    let key = new_key();
    let token = bench.access_token(&key).await;
    for _ in 0..2 {
        let message = bench.credential_message_for(&token, &key, 5).await;
        assert_eq!(bench.credential(&message).await.verdict(), accepted());
    }
    let eleventh = bench.credential_message_for(&token, &key, 1).await;
    assert_eq!(
        bench.credential(&eleventh).await.verdict(),
        refused(400, "credential_request_denied", "INRO-ISSUER-011")
    );
    let mut other = bench.credential_message_for(&token, &key, 1).await;
    other.members.insert("credential_configuration_id".into(), "role-authority.dc+sd-jwt".into());
    assert_eq!(bench.credential(&other).await.verdict(), accepted());
}

#[tokio::test]
async fn refuses_missing_or_unknown_proofs() {
    let bench = Bench::new();
    assert_eq!(verdict(&bench, |_| {}).await, accepted());
    for (proofs, code) in [
        (json!({}), "INRO-VCI-051"),
        (json!({"attestation": ["a"]}), "INRO-VCI-051"),
        (json!({"jwt": ["a"], "attestation": ["a"]}), "INRO-VCI-051"),
        (json!({"jwt": [1]}), "INRO-VCI-051"),
        (json!("jwt"), "INRO-VCI-051"),
    ] {
        let refusal = verdict(&bench, |message| drop(message.members.insert("proofs".into(), proofs))).await;
        assert_eq!(refusal, refused(400, "invalid_proof", code));
    }
    let missing = verdict(&bench, |message| {
        message.body = Some(json!({"credential_configuration_id": EMPLOYEE_ID}).to_string().into_bytes());
    });
    assert_eq!(missing.await, refused(400, "invalid_proof", "INRO-VCI-050"));
}

#[tokio::test]
async fn refuses_a_configuration_that_was_not_offered() {
    let bench = Bench::new();
    assert_eq!(verdict(&bench, |_| {}).await, accepted());
    let rename = |name: &'static str, value: Value| {
        move |message: &mut CredentialMessage| {
            message.members.remove("credential_configuration_id");
            message.members.insert(name.into(), value);
        }
    };
    let unknown = verdict(&bench, rename("credential_configuration_id", "unheard-of".into())).await;
    assert_eq!(unknown, refused(400, "unknown_credential_configuration", "INRO-VCI-042"));
    let identifier = verdict(&bench, rename("credential_identifier", EMPLOYEE_ID.into())).await;
    assert_eq!(identifier, refused(400, "unknown_credential_identifier", "INRO-VCI-043"));
    let key = new_key();
    let narrow = bench.token(&bench.token_message(&bench.offer_of(&["employee-id"], false), &key)).await;
    let narrow = narrow.json()["access_token"].as_str().unwrap().to_owned();
    let mut message = bench.credential_message_for(&narrow, &key, 1).await;
    message.members.insert("credential_configuration_id".into(), "role-authority.dc+sd-jwt".into());
    let not_offered = bench.credential(&message).await.verdict();
    assert_eq!(not_offered, refused(400, "unknown_credential_configuration", "INRO-VCI-042"));
    let malformed = verdict(&bench, rename("credential_configuration_id", 1.into())).await;
    assert_eq!(malformed, refused(400, "invalid_credential_request", "INRO-VCI-040"));
    let neither =
        verdict(&bench, |message| drop(message.members.remove("credential_configuration_id"))).await;
    assert_eq!(neither, refused(400, "invalid_credential_request", "INRO-VCI-041"));
    let both =
        verdict(&bench, |message| drop(message.members.insert("credential_identifier".into(), "x".into())))
            .await;
    assert_eq!(both, refused(400, "invalid_credential_request", "INRO-VCI-041"));
    let encrypted = verdict(&bench, |message| {
        message.members.insert("credential_response_encryption".into(), json!({}));
    });
    assert_eq!(encrypted.await, refused(400, "invalid_encryption_parameters", "INRO-VCI-072"));
}

#[tokio::test]
async fn refuses_a_body_too_long_too_deep_repeated_or_of_another_type() {
    let bench = Bench::new();
    assert_eq!(verdict(&bench, |_| {}).await, accepted());
    let long = verdict(&bench, |message| message.body = Some(vec![b' '; 128 * 1024 + 1])).await;
    assert_eq!(long, refused(413, "invalid_credential_request", "INRO-ISSUER-022"));
    let deep = verdict(&bench, |message| {
        message.body = Some(format!("{{\"x\":{}{}}}", "[".repeat(9), "]".repeat(9)).into())
    })
    .await;
    assert_eq!(deep, refused(400, "invalid_credential_request", "INRO-BASE-002"));
    let repeated = verdict(&bench, |message| {
        let json = message.json().replacen('{', "{\"credential_configuration_id\":\"x\",", 1);
        message.body = Some(json.into_bytes());
    });
    assert_eq!(repeated.await, refused(400, "invalid_credential_request", "INRO-BASE-003"));
    let form = verdict(&bench, |message| message.media_type = "text/plain".into()).await;
    assert_eq!(form, refused(415, "invalid_credential_request", "INRO-ISSUER-023"));
}

#[tokio::test]
async fn denies_an_employee_who_left_after_the_offer() {
    denies_after("valid_until", "2026-11-22").await;
}

#[tokio::test]
async fn denies_an_employee_whose_term_turned_out_to_begin_later() {
    denies_after("valid_from", "2027-04-01").await;
}

/// A request is accepted; after an import that says otherwise of the employee's term, the next is not.
async fn denies_after(name: &str, date: &str) {
    let bench = Bench::new();
    let key = new_key();
    let token = bench.access_token(&key).await;
    let mut record =
        serde_json::from_str::<Value>(&bench.issuer.store().employee("E0001").unwrap().record).unwrap();
    let message = bench.credential_message_for(&token, &key, 1).await;
    assert_eq!(bench.credential(&message).await.verdict(), accepted());
    record[name] = date.into();
    let changed = inro_issuer::store::StoredEmployee { number: "E0001".into(), record: record.to_string() };
    bench.issuer.store().import(NOW, &mut |keep| keep(&changed).map(|()| true)).unwrap();
    let message = bench.credential_message_for(&token, &key, 1).await;
    assert_eq!(
        bench.credential(&message).await.verdict(),
        refused(400, "credential_request_denied", "INRO-ISSUER-007")
    );
}

#[tokio::test]
async fn issues_nothing_that_outlives_the_signers_certificate() {
    const DAY: i64 = 86_400;
    let bench = Bench::new();
    bench.wait(730 * DAY - 60);
    let key = new_key();
    let token = bench.access_token(&key).await;
    let answer = bench.credential(&bench.credential_message_for(&token, &key, 1).await).await;
    assert_eq!(answer.verdict(), accepted());
    let answer = answer.json();
    let text = answer["credentials"][0]["credential"].as_str().unwrap();
    let held = inro_sd_jwt::HeldSdJwt::parse(text, &inro_crypto_aws::AwsLc).unwrap();
    assert_eq!(held.expires_at(), Some(bench.issuer.signer_ends_at()));
    bench.wait(60);
    let message = bench.credential_message_for(&token, &key, 1).await;
    assert_eq!(bench.credential(&message).await.verdict(), refused(500, "server_error", "INRO-ISSUER-018"));
}

#[tokio::test]
async fn a_signer_that_fails_costs_neither_nonce_nor_copies() {
    let bench = Bench::new();
    let key = new_key();
    let mut message = bench.credential_message(&key, 10).await;
    bench.signer.broken.store(true, Ordering::SeqCst);
    let failed = bench.credential(&message).await.verdict();
    assert_eq!((failed.0, failed.1.as_str()), (500, "server_error"));
    bench.signer.broken.store(false, Ordering::SeqCst);
    // The same nonce and proofs, and all ten copies; only the DPoP proof is new.
    let token = message.authorization[0].trim_start_matches("DPoP ").to_owned();
    message.dpop = bench.dpop("/credential", &key, Some(&token));
    assert_eq!(bench.credential(&message).await.verdict(), accepted());
}

#[tokio::test]
async fn what_is_refused_costs_neither_signatures_nor_places() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db.sqlite");
    let bench = Bench::on_disk(&path);
    let beside = rusqlite::Connection::open(&path).unwrap();
    let places = || -> u32 { beside.query_row("SELECT count(*) FROM places", [], |row| row.get(0)).unwrap() };
    let key = new_key();
    let token = bench.access_token(&key).await;
    let first = bench.credential_message_for(&token, &key, 9).await;
    let before_the_revocation = bench.access_token(&key).await;
    assert_eq!(bench.credential(&first).await.verdict(), accepted());
    let id = bench.issuer.store().credentials().unwrap().remove(0).id;
    change(bench.issuer.store(), &id, StatusChange::Revoke, "a test", "tester", bench.now()).unwrap();

    let mut replayed = bench.credential_message_for(&token, &key, 1).await;
    replayed.proofs[0].claims.insert("nonce".into(), first.proofs[0].claims["nonce"].clone());
    let exhausting = bench.credential_message_for(&token, &key, 2).await;
    let taken_back = bench.credential_message_for(&before_the_revocation, &key, 1).await;
    // A signer that would be asked would fail.
    bench.signer.broken.store(true, Ordering::SeqCst);
    for (message, expected) in [
        (replayed, refused(400, "invalid_nonce", "INRO-VCI-061")),
        (exhausting, refused(400, "credential_request_denied", "INRO-ISSUER-011")),
        (taken_back, refused(400, "credential_request_denied", "INRO-ISSUER-035")),
    ] {
        assert_eq!(bench.credential(&message).await.verdict(), expected);
        assert_eq!(places(), 9);
    }
}

#[tokio::test]
async fn an_issuance_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db.sqlite");
    let key = new_key();
    let token = Bench::on_disk(&path).access_token(&key).await;
    let again = Bench::on_disk(&path);
    let message = again.credential_message_for(&token, &key, 10).await;
    assert_eq!(again.credential(&message).await.verdict(), accepted());
}
