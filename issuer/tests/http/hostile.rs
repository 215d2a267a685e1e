//! Attacks that take a crowd, a long body, a clever name or another time.

use std::io::Cursor;
use std::net::{Ipv4Addr, SocketAddr};

use crate::support::*;
use inro_credential::RoleTable;
use inro_crypto_aws::AwsLc;
use inro_issuer::employees;
use inro_issuer::hr::Options;
use inro_sd_jwt::HeldSdJwt;
use inro_service::Bounds;
use inro_service::server::{Server, Transport};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const ROUNDS: usize = 100;
const CLIENTS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_clients_at_once_one_wins_in_each_of_a_hundred_rounds() {
    let folder = tempfile::tempdir().unwrap();
    let benches = two_processes(folder.path());
    let keys: Vec<_> = (0..CLIENTS).map(|_| new_key()).collect();
    let mut expected = vec![refused(400, "invalid_grant", "INRO-VCI-032"); CLIENTS - 1];
    expected.insert(0, accepted());
    for round in 0..ROUNDS {
        let offer = benches[round % 2].offer(false);
        let mut message = benches[0].token_message(&offer, &keys[0]);
        let requests = keys.iter().map(|key| {
            message.dpop = benches[0].dpop("/token", key, None);
            message.request()
        });
        assert_eq!(at_once(&benches, requests.collect()).await, expected, "round {round}");
    }
}

/// The answer to a request whose head announces a body of `announced` bytes and that brings `body`.
async fn posted(address: SocketAddr, path: &str, media_type: &str, body: &[u8], announced: usize) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {media_type}\r\n\
         content-length: {announced}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The answer comes long before the whole body would be there.
#[tokio::test]
async fn no_endpoint_reads_a_body_of_five_megabytes() {
    let bench = Bench::new();
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::bind(loopback, Transport::InsecureHttp, Bounds::default()).await.unwrap();
    let address = server.address();
    tokio::spawn(server.run(bench.router.clone(), std::future::pending()));
    let first = vec![b' '; (512 << 10) + 1];
    for path in ["/token", "/nonce", "/credential", "/deferred_credential", "/notification"] {
        for media_type in ["application/json", "application/x-www-form-urlencoded"] {
            let short = posted(address, path, media_type, b"{}", 2).await;
            assert!(!short.starts_with("HTTP/1.1 413"), "{path}: {short}");
            let long = posted(address, path, media_type, &first, 5 << 20).await;
            assert!(long.starts_with("HTTP/1.1 413") && long.contains("INRO-SERVICE-014"), "{path}: {long}");
        }
    }
}

#[tokio::test]
async fn json_that_is_nested_deeply_is_refused_at_each_endpoint() {
    let bench = Bench::new();
    let key = new_key();
    let waiting = bench.offer_to_approve();
    let waiting_token = bench.token_of(&waiting, &key).await;
    let deferred = bench.credential(&bench.credential_message_for(&waiting_token, &key, 1).await).await;
    bench.issuer.decide(&waiting.id, true).unwrap();
    bench.wait(5);
    let token = bench.access_token(&key).await;
    let issued = bench.credential(&bench.credential_message_for(&token, &key, 1).await).await;
    let credential = bench.credential_message_for(&token, &key, 1).await.json();
    let notification =
        json!({ "notification_id": issued.json()["notification_id"], "event": "credential_accepted" });
    let transaction = json!({ "transaction_id": deferred.json()["transaction_id"] });
    for (path, token, error, body) in [
        ("/credential", &token, "invalid_credential_request", credential),
        ("/notification", &token, "invalid_notification_request", notification.to_string()),
        ("/deferred_credential", &waiting_token, "invalid_credential_request", transaction.to_string()),
    ] {
        let beside = async |depth: usize| {
            let (begin, end) = ("[".repeat(depth), "]".repeat(depth));
            let text = body.replacen('{', &format!("{{\"x\":{begin}{end},"), 1);
            let request = bench.protected_as(path, &key, token, "application/json", text);
            bench.send(request).await.verdict()
        };
        for depth in [9, 4_000] {
            assert_eq!(beside(depth).await, refused(400, error, "INRO-BASE-002"), "{path} {depth}");
        }
        assert_eq!(beside(100_000).await, refused(413, error, "INRO-ISSUER-022"), "{path}");
        let (status, _, code) = beside(2).await;
        assert!((200..300).contains(&status), "{path} {status} {code}");
    }
}

const SQL: &str = "Robert'); DROP TABLE offers; --";

#[tokio::test]
async fn a_name_that_is_sql_is_a_name() {
    let bench = Bench::new();
    let import = |name: &str| {
        let csv = include_str!("../../samples/hr.csv").replace("SATO Hanako", name);
        let (roles, now) = (RoleTable::built_in(), bench.now());
        let store = bench.issuer.store();
        employees::import(store, Cursor::new(csv.into_bytes()), Options::default(), &roles, false, now)
            .unwrap()
    };
    let latin = async || {
        let answer = bench.credential(&bench.credential_message(&new_key(), 1).await).await.json();
        let text = answer["credentials"][0]["credential"].as_str().unwrap();
        let claims = Value::Object(HeldSdJwt::parse(text, &AwsLc).unwrap().claims().clone());
        claims["name_latin"].as_str().unwrap().to_owned()
    };
    assert_eq!(latin().await, "SATO Hanako");
    assert!(import(SQL).accepted);
    assert_eq!(latin().await, SQL);
    assert_eq!(bench.issuer.store().employees().unwrap().len(), 20);
    // A name that would begin another line is no name.
    assert!(!import("SATO\u{2028}Hanako").accepted);
    assert_eq!(latin().await, SQL);
}

#[tokio::test]
async fn sql_in_what_a_stranger_sends_finds_nothing() {
    const ALWAYS: &str = "' OR '1'='1";
    let bench = Bench::new();
    let offer = bench.offer(false);
    let found = async |handle: &str| {
        let answer = bench.get(&format!("/offers/{handle}"), "application/json").await;
        (answer.status.as_u16(), answer.json()["inro_code"].as_str().map(str::to_owned))
    };
    let escaped = ALWAYS.replace('\'', "%27").replace(' ', "%20");
    assert_eq!(found(handle(&offer)).await, (200, None));
    for wrong in [escaped.clone(), format!("{}{escaped}", handle(&offer))] {
        assert_eq!(found(&wrong).await, (404, Some("INRO-ISSUER-020".to_owned())), "{wrong}");
    }
    let mut message = bench.token_message(&offer, &new_key());
    let code = bench.code(&offer);
    for wrong in [ALWAYS.to_owned(), format!("{code}{ALWAYS}")] {
        message.set("pre-authorized_code", Some(&wrong));
        message.dpop = bench.dpop("/token", &new_key(), None);
        assert_eq!(bench.token(&message).await.verdict(), refused(400, "invalid_grant", "INRO-VCI-032"));
    }
    message.set("pre-authorized_code", Some(&code));
    message.dpop = bench.dpop("/token", &new_key(), None);
    assert_eq!(bench.token(&message).await.verdict(), accepted());
}

#[tokio::test]
async fn time_turned_back_makes_nothing_good_again() {
    let bench = Bench::new();
    let (offer, key) = (bench.offer(false), new_key());
    let redeem = async || bench.token(&bench.token_message(&offer, &key)).await;
    let (code, first) = (bench.code(&offer), redeem().await);
    assert_eq!(first.verdict(), accepted());
    let token = first.json()["access_token"].as_str().unwrap().to_owned();
    let message = bench.credential_message_for(&token, &key, 1).await;
    assert_eq!(bench.credential(&message).await.verdict(), accepted());
    for back in [1, 60, 3_600, 30 * 86_400] {
        bench.wait(-back);
        // The code that was redeemed.
        let mut again = bench.token_message(&bench.offer_of(&["employee-id"], false), &key);
        again.set("pre-authorized_code", Some(&code));
        assert_eq!(bench.token(&again).await.verdict(), refused(400, "invalid_grant", "INRO-VCI-032"));
        // The DPoP proof that was used; its nonce is from the future, or the proof itself is.
        let replay = bench.credential(&message).await.verdict();
        let expected = if back > 60 { "INRO-OAUTH-006" } else { "INRO-OAUTH-014" };
        assert_eq!(replay.2, expected, "{back} s");
        // The nonce of its proofs, under a fresh DPoP proof.
        let mut stale = bench.credential_message_for(&token, &key, 1).await;
        stale.proofs[0].claims.insert("nonce".into(), message.proofs[0].claims["nonce"].clone());
        assert_eq!(bench.credential(&stale).await.verdict(), refused(400, "invalid_nonce", "INRO-OAUTH-014"));
        bench.wait(back);
    }
    let more = bench.credential_message_for(&token, &key, 1).await;
    assert_eq!(bench.credential(&more).await.verdict(), accepted());
}

/// What has ended by the one time has not by the other.
#[tokio::test]
async fn a_clock_that_ran_ahead_and_was_put_right_makes_nothing_good_again() {
    let bench = Bench::new();
    let key = new_key();
    let offer = bench.offer(false);
    let code = bench.code(&offer);
    let token = bench.token_of(&offer, &key).await;
    let used = bench.credential_message_for(&token, &key, 1).await;
    assert_eq!(bench.credential(&used).await.verdict(), accepted());
    bench.wait(3_600);
    bench.access_token(&key).await;
    bench.wait(-3_600);
    let mut again = bench.token_message(&bench.offer_of(&["employee-id"], false), &key);
    again.set("pre-authorized_code", Some(&code));
    assert_eq!(bench.token(&again).await.verdict(), refused(400, "invalid_grant", "INRO-VCI-032"));
    let token = bench.access_token(&key).await;
    let mut replay = bench.credential_message_for(&token, &key, 1).await;
    replay.proofs[0].claims.insert("nonce".into(), used.proofs[0].claims["nonce"].clone());
    assert_eq!(bench.credential(&replay).await.verdict(), refused(400, "invalid_nonce", "INRO-VCI-061"));
}
