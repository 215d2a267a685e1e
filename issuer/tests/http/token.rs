//! The token endpoint: each refusal beside the unaltered request.

use crate::support::*;

/// Sends a token request for a fresh offer after `alter` had its way with it.
async fn verdict(
    bench: &Bench,
    tx_code: bool,
    alter: impl FnOnce(&mut TokenMessage),
) -> (u16, String, String) {
    let mut message = bench.token_message(&bench.offer(tx_code), &new_key());
    alter(&mut message);
    bench.token(&message).await.verdict()
}

#[tokio::test]
async fn refuses_a_pre_authorized_code_used_twice() {
    let bench = Bench::new();
    let (offer, key) = (bench.offer(false), new_key());
    let (first, second) = (bench.token_message(&offer, &key), bench.token_message(&offer, &key));
    let answer = bench.token(&first).await;
    assert_eq!(answer.verdict(), accepted());
    assert_eq!(answer.json()["token_type"], "DPoP");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!answer.header("dpop-nonce").is_empty());
    assert_eq!(bench.token(&second).await.verdict(), refused(400, "invalid_grant", "INRO-VCI-032"));
    assert_eq!(bench.issuer.open_offer(handle(&offer)).unwrap().map(|_| ()), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_clients_at_once_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let benches = two_processes(folder.path());
    let offer = benches[0].offer(true);
    let messages = (0..20).map(|_| benches[0].token_message(&offer, &new_key()).request()).collect();
    let verdicts = at_once(&benches, messages).await;
    let mut expected = vec![refused(400, "invalid_grant", "INRO-VCI-032"); 19];
    expected.insert(0, accepted());
    assert_eq!(verdicts, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_wrong_transaction_codes_at_once_five_are_guesses() {
    let folder = tempfile::tempdir().unwrap();
    let benches = two_processes(folder.path());
    let offer = benches[0].offer(true);
    let wrong = |_| {
        let mut message = benches[0].token_message(&offer, &new_key());
        message.set("tx_code", Some("x"));
        message.request()
    };
    let messages = (0..20).map(wrong).collect();
    let verdicts = at_once(&benches, messages).await;
    let mut expected = vec![refused(400, "invalid_grant", "INRO-VCI-035"); 5];
    expected.extend(vec![refused(400, "invalid_grant", "INRO-VCI-036"); 15]);
    assert_eq!(verdicts, expected);
}

#[tokio::test]
async fn refuses_a_transaction_code_that_is_wrong_absent_or_unwanted() {
    let bench = Bench::new();
    assert_eq!(verdict(&bench, true, |_| {}).await, accepted());
    let wrong = verdict(&bench, true, |message| message.set("tx_code", Some("x"))).await;
    assert_eq!(wrong, refused(400, "invalid_grant", "INRO-VCI-035"));
    let absent = verdict(&bench, true, |message| message.set("tx_code", None)).await;
    assert_eq!(absent, refused(400, "invalid_request", "INRO-VCI-033"));
    assert_eq!(verdict(&bench, false, |_| {}).await, accepted());
    let unwanted = verdict(&bench, false, |message| message.set("tx_code", Some("123456"))).await;
    assert_eq!(unwanted, refused(400, "invalid_request", "INRO-VCI-034"));
}

#[tokio::test]
async fn an_offer_dies_after_five_wrong_transaction_codes() {
    let bench = Bench::new();
    for guesses in [4, 5] {
        let offer = bench.offer(true);
        let good = bench.token_message(&offer, &new_key());
        for _ in 0..guesses {
            let mut message = bench.token_message(&offer, &new_key());
            message.set("tx_code", Some("x"));
            assert_eq!(bench.token(&message).await.verdict(), refused(400, "invalid_grant", "INRO-VCI-035"));
        }
        let last = bench.token(&good).await.verdict();
        let expected = if guesses < 5 { accepted() } else { refused(400, "invalid_grant", "INRO-VCI-036") };
        assert_eq!(last, expected, "after {guesses} wrong codes");
    }
}

#[tokio::test]
async fn refuses_an_expired_offer() {
    let bench = Bench::new();
    for (seconds, expected) in [(599, accepted()), (600, refused(400, "invalid_grant", "INRO-VCI-032"))] {
        let offer = bench.offer(false);
        let code = bench.code(&offer);
        bench.wait(seconds);
        let mut message = bench.token_message(&bench.offer(false), &new_key());
        message.set("pre-authorized_code", Some(&code));
        assert_eq!(bench.token(&message).await.verdict(), expected);
        assert!(bench.issuer.open_offer(handle(&offer)).unwrap().is_none());
    }
}

#[tokio::test]
async fn refuses_a_token_request_without_exactly_one_dpop_proof() {
    let bench = Bench::new();
    assert_eq!(verdict(&bench, false, |_| {}).await, accepted());
    for count in [0, 2] {
        let refusal = verdict(&bench, false, |message| message.copies_of_dpop = count).await;
        assert_eq!(refusal, refused(400, "invalid_dpop_proof", "INRO-OAUTH-001"));
    }
}

#[tokio::test]
async fn refuses_a_dpop_proof_that_was_used_before() {
    let bench = Bench::new();
    let key = new_key();
    let first = bench.token_message(&bench.offer(false), &key);
    assert_eq!(bench.token(&first).await.verdict(), accepted());
    let mut second = bench.token_message(&bench.offer(false), &key);
    let fresh = std::mem::replace(&mut second.dpop, first.dpop);
    assert_eq!(bench.token(&second).await.verdict(), refused(400, "invalid_dpop_proof", "INRO-OAUTH-010"));
    second.dpop = fresh;
    assert_eq!(bench.token(&second).await.verdict(), accepted());
}

#[tokio::test]
async fn refuses_a_dpop_proof_for_another_url_method_or_time() {
    let bench = Bench::new();
    assert_eq!(verdict(&bench, false, |_| {}).await, accepted());
    let now = bench.now().as_secs();
    let alterations = [
        ("htu", format!("{URL}/credential").into(), "INRO-OAUTH-005"),
        ("htm", "GET".into(), "INRO-OAUTH-004"),
        ("iat", (now - 301).into(), "INRO-OAUTH-006"),
        ("iat", (now + 301).into(), "INRO-OAUTH-006"),
    ];
    for (claim, value, code) in alterations {
        let refusal =
            verdict(&bench, false, |message| drop(message.dpop.claims.insert(claim.into(), value))).await;
        assert_eq!(refusal, refused(400, "invalid_dpop_proof", code), "{claim}");
    }
}

#[tokio::test]
async fn asks_for_the_servers_nonce_and_takes_the_one_that_it_gave() {
    let bench = Bench::new();
    let mut message = bench.token_message(&bench.offer(false), &new_key());
    message.dpop.claims.remove("nonce");
    let answer = bench.token(&message).await;
    assert_eq!(answer.verdict(), refused(400, "use_dpop_nonce", "INRO-OAUTH-009"));
    message.dpop.claims.insert("nonce".into(), answer.header("dpop-nonce").into());
    assert_eq!(bench.token(&message).await.verdict(), accepted());
}

#[tokio::test]
async fn refuses_a_dpop_nonce_that_is_foreign_expired_or_a_c_nonce() {
    let bench = Bench::new();
    assert_eq!(verdict(&bench, false, |_| {}).await, accepted());
    let c_nonce = bench.nonce().await;
    for foreign in ["AAAA", c_nonce.as_str()] {
        let refusal = verdict(&bench, false, |message| {
            drop(message.dpop.claims.insert("nonce".into(), foreign.into()))
        })
        .await;
        assert_eq!(refusal, refused(400, "use_dpop_nonce", "INRO-OAUTH-013"));
    }
    let old = bench.issuer.dpop_nonce();
    bench.wait(300);
    let refusal =
        verdict(&bench, false, |message| drop(message.dpop.claims.insert("nonce".into(), old.into()))).await;
    assert_eq!(refusal, refused(400, "use_dpop_nonce", "INRO-OAUTH-014"));
}

#[tokio::test]
async fn refuses_a_dpop_proof_with_no_algorithm_a_wrong_type_or_a_private_key() {
    let bench = Bench::new();
    assert_eq!(verdict(&bench, false, |_| {}).await, accepted());
    let refusal = verdict(&bench, false, |message| message.dpop.raw = Some(message.dpop.unsigned())).await;
    assert_eq!(refusal, refused(400, "invalid_dpop_proof", "INRO-JOSE-002"));
    let refusal =
        verdict(&bench, false, |message| drop(message.dpop.header.insert("typ".into(), "jwt".into()))).await;
    assert_eq!(refusal, refused(400, "invalid_dpop_proof", "INRO-JOSE-003"));
    let refusal = verdict(&bench, false, |message| message.dpop.header["jwk"]["d"] = "AA".into()).await;
    assert_eq!(refusal, refused(400, "invalid_dpop_proof", "INRO-JOSE-006"));
}

#[tokio::test]
async fn refuses_another_grant_a_missing_code_and_a_repeated_parameter() {
    let bench = Bench::new();
    assert_eq!(verdict(&bench, false, |_| {}).await, accepted());
    let refusal =
        verdict(&bench, false, |message| message.set("grant_type", Some("authorization_code"))).await;
    assert_eq!(refusal, refused(400, "unsupported_grant_type", "INRO-VCI-030"));
    let refusal = verdict(&bench, false, |message| message.set("pre-authorized_code", None)).await;
    assert_eq!(refusal, refused(400, "invalid_request", "INRO-VCI-031"));
    let refusal =
        verdict(&bench, false, |message| message.set("pre-authorized_code", Some("unheard-of"))).await;
    assert_eq!(refusal, refused(400, "invalid_grant", "INRO-VCI-032"));
    let refusal = verdict(&bench, false, |message| message.form.extend(message.form.clone())).await;
    assert_eq!(refusal, refused(400, "invalid_request", "INRO-OAUTH-021"));
}

#[tokio::test]
async fn refuses_a_body_that_is_too_long_or_of_another_type() {
    let bench = Bench::new();
    assert_eq!(verdict(&bench, false, |_| {}).await, accepted());
    let refusal = verdict(&bench, false, |message| message.body = Some(vec![b'a'; 16 * 1024 + 1])).await;
    assert_eq!(refusal, refused(413, "invalid_request", "INRO-ISSUER-022"));
    let refusal = verdict(&bench, false, |message| message.media_type = "application/json".into()).await;
    assert_eq!(refusal, refused(415, "invalid_request", "INRO-ISSUER-023"));
}

#[tokio::test]
async fn a_refused_code_costs_nothing_when_the_proof_is_wrong() {
    let bench = Bench::new();
    let offer = bench.offer(false);
    let mut message = bench.token_message(&offer, &new_key());
    message.dpop.claims.insert("htu".into(), "https://other.example/token".into());
    assert_eq!(bench.token(&message).await.verdict(), refused(400, "invalid_dpop_proof", "INRO-OAUTH-005"));
    assert_eq!(bench.token(&bench.token_message(&offer, &new_key())).await.verdict(), accepted());
}
