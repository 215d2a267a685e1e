//! Attacks on the verifier that take a crowd, a long or deep body, a clever name or another time. Every
//! refusal first shows the unaltered message accepted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

#[expect(dead_code, reason = "the house has more than this file needs")]
mod common;

use std::net::{Ipv4Addr, SocketAddr};

use axum::body::Body;
use axum::http::{StatusCode, header};
use common::{House, code, json_of};
use inro_base::http::HttpRequest;
use inro_openid4vp::form;
use inro_service::Bounds;
use inro_service::server::{Server, Transport};
use inro_verifier::http::router;
use inro_verifier_sdk::MAX_PRESENTATIONS;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

fn in_the_clear() -> Value {
    json!({ "policy": "approve-welfare", "response_mode": "direct_post" })
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
    let house = House::new();
    let created = house.create(&in_the_clear()).await;
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    let response = answer.url.strip_prefix("https://localhost:9443").unwrap();
    let request = response.replace("responses", "requests");
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::bind(loopback, Transport::InsecureHttp, Bounds::default()).await.unwrap();
    let address = server.address();
    tokio::spawn(server.run(router(house.app.clone()), std::future::pending()));
    let first = vec![b' '; (512 << 10) + 1];
    for (path, media_type) in [("/v1/presentations", JSON), (&*request, FORM), (response, FORM)] {
        let long = posted(address, path, media_type, &first, 5 << 20).await;
        assert!(long.starts_with("HTTP/1.1 413") && long.contains("INRO-SERVICE-014"), "{path}: {long}");
    }
    assert!(posted(address, &request, FORM, b"", 0).await.starts_with("HTTP/1.1 200"));
    let taken = posted(address, response, FORM, &answer.body, answer.body.len()).await;
    assert!(taken.starts_with("HTTP/1.1 200"), "{taken}");
}

#[tokio::test]
async fn json_that_is_nested_deeply_is_refused_at_each_endpoint() {
    let house = House::new();
    let arrays = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let ask = async |text: String| {
        let request = house.api("POST", "/v1/presentations").header(header::CONTENT_TYPE, JSON);
        let response = house.send(request.body(Body::from(text)).unwrap()).await;
        (response.status().as_u16(), json_of(response).await["inro_code"].clone())
    };
    assert_eq!(ask(in_the_clear().to_string()).await.0, 201);
    for depth in [64, 20_000] {
        let text = format!("{{\"policy\":\"approve-welfare\",\"dcql_query\":{}}}", arrays(depth));
        assert_eq!(ask(text).await, (400, json!("INRO-BASE-002")), "{depth}");
    }

    let created = house.create(&in_the_clear()).await;
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    let url = answer.url.replace("responses", "requests");
    let fetch = async |metadata: &str| {
        let body = form::encode(&[("wallet_metadata", metadata)]).into_bytes();
        house.carry(HttpRequest { url: url.clone(), body, ..answer.clone() }).await
    };
    assert_eq!(fetch("{}").await.status, 200);
    let refused = fetch(&format!("{{\"x\":{}}}", arrays(5_000))).await;
    assert_eq!((refused.status, code(&refused).as_str()), (400, "INRO-VP-081"));

    let sent = form::Form::parse(&answer.body).unwrap();
    let (token, state) = (sent.value("vp_token").unwrap(), sent.value("state").unwrap());
    let deep = token.replacen('{', &format!("{{\"x\":{},", arrays(5_000)), 1);
    let body = form::encode(&[("vp_token", &deep), ("state", state)]).into_bytes();
    let refused = house.carry(HttpRequest { body, ..answer.clone() }).await;
    assert_eq!((refused.status, code(&refused).as_str()), (400, "INRO-BASE-002"));
    // The same unaltered, to a request of its own.
    let created = house.create(&in_the_clear()).await;
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    assert_eq!(house.carry(answer).await.status, 200);
}

#[tokio::test]
async fn what_a_stranger_sends_is_a_value_and_no_sql() {
    const ALWAYS: &str = "%27%20OR%20%271%27%3D%271";
    let house = House::new();
    let created = house.create(&in_the_clear()).await;
    assert_eq!(house.result(&created.id).await["status"], "pending");
    for wrong in [ALWAYS.to_owned(), format!("{}{ALWAYS}", created.id), "%25".to_owned()] {
        assert_eq!(house.result(&wrong).await["inro_code"], "INRO-VERIFIER-014", "{wrong}");
        let delete = house.api("DELETE", &format!("/v1/presentations/{wrong}")).body(Body::empty()).unwrap();
        assert_eq!(house.send(delete).await.status(), StatusCode::NOT_FOUND);
    }
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    let elsewhere = HttpRequest { url: format!("{}{ALWAYS}", answer.url), ..answer.clone() };
    let refused = house.carry(elsewhere).await;
    assert_eq!((refused.status, code(&refused).as_str()), (404, "INRO-VERIFIER-014"));
    for policy in ["' OR '1'='1", "approve-welfare'; DROP TABLE presentation; --"] {
        let response = house.post(&json!({ "policy": policy })).await;
        assert_eq!(json_of(response).await["inro_code"], "INRO-VERIFIER-010", "{policy}");
    }
    assert_eq!(house.carry(answer).await.status, 200);
    assert_eq!(house.result(&created.id).await["status"], "verified");
}

#[tokio::test]
async fn no_name_begins_a_header_of_its_own() {
    let house = House::new();
    let with = async |redirect_uri: &str| {
        let mut body = in_the_clear();
        body["redirect_uri"] = json!(redirect_uri);
        let response = house.post(&body).await;
        (response.status().as_u16(), json_of(response).await["inro_code"].clone())
    };
    assert_eq!(with("https://welfare.example/done").await, (201, Value::Null));
    for wrong in ["https://welfare.example/\r\nset-cookie: a=b", "https://welfare.example/done\nx: y"] {
        assert_eq!(with(wrong).await, (400, json!("INRO-VERIFIER-013")), "{wrong:?}");
    }
    // Neither does what a stranger writes into an address or a header.
    let created = house.create(&in_the_clear()).await;
    let request = house.api("GET", &format!("{}%0d%0aset-cookie:%20a=b", created.location));
    let request = request.header(header::ACCEPT_LANGUAGE, "ja\tset-cookie: a=b");
    let response = house.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(response.headers().get(header::SET_COOKIE).is_none());
    for value in response.headers().values() {
        assert!(!value.to_str().unwrap().contains("set-cookie"), "{value:?}");
    }
    assert_eq!(json_of(response).await["inro_code"], "INRO-VERIFIER-014");
}

#[tokio::test]
async fn time_turned_back_makes_no_answer_good_again() {
    let house = House::new();
    let created = house.create(&in_the_clear()).await;
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    assert_eq!(house.carry(answer.clone()).await.status, 200);
    for back in [1, 3_600, 30 * 86_400] {
        house.wait(-back);
        let again = house.carry(answer.clone()).await;
        assert_eq!((again.status, code(&again).as_str()), (409, "INRO-VERIFIER-015"), "{back} s");
        house.wait(back);
    }
    // A clock that ran ahead and was put right: the presentation is gone, and not open again.
    house.wait(3_600);
    house.create(&in_the_clear()).await;
    house.wait(-3_600);
    let again = house.carry(answer).await;
    assert_eq!((again.status, code(&again).as_str()), (404, "INRO-VERIFIER-014"));

    // A presentation that was signed at a later time than the verifier's.
    let created = house.create(&in_the_clear()).await;
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    house.wait(-120);
    let early = house.carry(answer).await;
    assert_eq!((early.status, code(&early).as_str()), (400, "INRO-SDJWT-016"));
}

/// All are by one relying system; a wallet answers none.
#[tokio::test]
async fn presentations_that_never_finish_fill_a_bounded_table_and_end() {
    let house = House::new();
    let created = house.create(&in_the_clear()).await;
    let database = rusqlite::Connection::open(house.layout.database()).unwrap();
    let count =
        || -> i64 { database.query_row("SELECT count(*) FROM presentation", [], |row| row.get(0)).unwrap() };
    // The last place but one, at once: what each request does is shown below.
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
               INSERT INTO presentation (id, handle, record, keep_until) \
               SELECT 'i' || i, 'h' || i, record, keep_until FROM n, presentation WHERE id = ?2";
    let most = i64::try_from(MAX_PRESENTATIONS).unwrap();
    database.execute(sql, rusqlite::params![most - 2, created.id]).unwrap();
    let ask = async || {
        let response = house.post(&in_the_clear()).await;
        (response.status().as_u16(), json_of(response).await["inro_code"].clone())
    };
    assert_eq!(ask().await, (201, Value::Null));
    assert_eq!(count(), most);
    for _ in 0..3 {
        assert_eq!(ask().await, (503, json!("INRO-VERIFIER-030")));
    }
    assert_eq!(count(), most);
    // Those that wait are still answered.
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    assert_eq!(house.carry(answer).await.status, 200);
    // Their time makes room.
    house.wait(3_600);
    assert_eq!(ask().await, (201, Value::Null));
    assert_eq!(count(), 1);
}
