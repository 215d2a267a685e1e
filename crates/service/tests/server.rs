//! The listener as a stranger meets it: over a socket, in plain HTTP and over TLS.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside the test functions")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use inro_base::{Code, Coded as _, UnixTime};
use inro_service::server::{Server, Transport, serve};
use inro_service::tls::{self, Origin};
use inro_service::{Bounds, Problem};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    /// Told when `/held` has begun.
    handling: Arc<Notify>,
    /// Ends `/held`.
    release: Arc<Notify>,
}

async fn start(transport: Transport, bounds: Bounds) -> Running {
    let code = const { Code::new("INRO-SERVICE-006") };
    let handling = Arc::new(Notify::new());
    let release = Arc::new(Notify::new());
    let (begun, go) = (Arc::clone(&handling), Arc::clone(&release));
    let router = Router::new()
        .route("/hello", get(async || "hello"))
        .route("/echo", post(async |body: String| body))
        .route("/large", get(async || "x".repeat(32 << 20)))
        .route("/panic", get(async || -> &'static str { panic!("planted") }))
        .route("/slow", get(async || tokio::time::sleep(Duration::from_millis(300)).await))
        .route(
            "/held",
            get(async move || {
                begun.notify_one();
                go.notified().await;
            }),
        )
        .route(
            "/problem",
            get(async move || ([("x-kept", "yes")], Problem::new(code, StatusCode::CONFLICT))),
        );
    let server = Server::bind(ANY, transport, bounds).await.unwrap();
    let address = server.address();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(server.run(router, async { drop(stopped.await) }));
    Running { address, stop, task, handling, release }
}

async fn plain(bounds: Bounds) -> Running {
    start(Transport::InsecureHttp, bounds).await
}

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let running = plain(Bounds::default()).await;
    let one = ask(running.address, &request("GET", "/hello", "", "")).await;
    let two = ask(running.address, &request("GET", "/hello", "", "")).await;
    assert!(one.starts_with("HTTP/1.1 200") && one.ends_with("hello"), "{one}");
    assert_eq!(header(&one, "x-request-id").unwrap().len(), 32);
    assert_ne!(header(&one, "x-request-id"), header(&two, "x-request-id"));
}

#[tokio::test]
async fn a_problem_carries_code_request_id_and_the_clients_language() {
    let running = plain(Bounds::default()).await;
    let answer = ask(running.address, &request("GET", "/problem", "accept-language: ja\r\n", "")).await;
    assert!(answer.starts_with("HTTP/1.1 409"), "{answer}");
    assert_eq!(header(&answer, "content-type"), Some("application/problem+json"));
    assert_eq!((header(&answer, "content-language"), header(&answer, "x-kept")), (Some("ja"), Some("yes")));
    let body: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["inro_code"], "INRO-SERVICE-006");
    assert_eq!(body["request_id"], header(&answer, "x-request-id").unwrap());
    assert_eq!(body["title"], Code::new("INRO-SERVICE-006").entry().cause.ja);
    assert_eq!(body["status"], 409);
}

#[tokio::test]
async fn unknown_paths_and_methods_and_panics_are_coded() {
    let running = plain(Bounds::default()).await;
    for (method, path, status, code) in [
        ("GET", "/none", "404", "INRO-SERVICE-015"),
        ("POST", "/hello", "405", "INRO-SERVICE-016"),
        ("GET", "/panic", "500", "INRO-SERVICE-013"),
    ] {
        let answer = ask(running.address, &request(method, path, "", "")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(code), "{answer}");
    }
}

#[tokio::test]
async fn refuses_a_body_past_the_limit_announced_or_not() {
    let running = plain(Bounds { body_bytes: 8, ..Bounds::default() }).await;
    let accepted = ask(running.address, &request("POST", "/echo", "", "12345678")).await;
    assert!(accepted.starts_with("HTTP/1.1 200") && accepted.ends_with("12345678"), "{accepted}");
    let announced = ask(running.address, &request("POST", "/echo", "", "123456789")).await;
    assert!(announced.starts_with("HTTP/1.1 413") && announced.contains("INRO-SERVICE-014"), "{announced}");
    let chunked = "POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let accepted = ask(running.address, &format!("{chunked}8\r\n12345678\r\n0\r\n\r\n")).await;
    assert!(accepted.starts_with("HTTP/1.1 200"), "{accepted}");
    let refused = ask(running.address, &format!("{chunked}9\r\n123456789\r\n0\r\n\r\n")).await;
    assert!(refused.starts_with("HTTP/1.1 413"), "{refused}");
}

#[tokio::test]
async fn who_sends_too_much_is_heard_out_and_told() {
    let running = plain(Bounds { body_bytes: 200_000, ..Bounds::default() }).await;
    let hello = request("GET", "/hello", "", "");
    for (length, status) in [(200_000, "200"), (390_000, "413")] {
        let long = format!("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        let both = ask(running.address, &format!("{long}{}{hello}", "a".repeat(length))).await;
        assert!(both.starts_with(&format!("HTTP/1.1 {status}")), "{length}");
        // Its connection is still good.
        assert!(both.ends_with("hello"), "{length}");
    }
}

#[tokio::test]
async fn gives_up_on_a_slow_handler_and_a_slow_head() {
    let short = Duration::from_millis(100);
    let patient = plain(Bounds::default()).await;
    assert!(ask(patient.address, &request("GET", "/slow", "", "")).await.starts_with("HTTP/1.1 200"));
    let running = plain(Bounds { request: short, head: short, ..Bounds::default() }).await;
    let answer = ask(running.address, &request("GET", "/slow", "", "")).await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("INRO-SERVICE-017"), "{answer}");
    let half = timeout(Duration::from_secs(5), ask(running.address, "GET /hello HTTP/1.1\r\nhos")).await;
    assert!(half.is_ok_and(|answer| !answer.contains("200")), "the connection was closed");
}

#[tokio::test]
async fn gives_up_on_a_body_that_does_not_arrive() {
    let running = plain(Bounds { request: Duration::from_millis(100), ..Bounds::default() }).await;
    let whole = ask(running.address, &request("POST", "/echo", "", "12345678")).await;
    assert!(whole.starts_with("HTTP/1.1 200") && whole.ends_with("12345678"), "{whole}");
    let half = request("POST", "/echo", "", "12345678").replace("12345678", "1234");
    let answer = timeout(Duration::from_secs(5), ask(running.address, &half)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("INRO-SERVICE-017"), "{answer}");
}

/// Whether the peer has closed the connection.
fn is_closed(stream: &TcpStream) -> bool {
    !matches!(stream.try_read(&mut [0; 1]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

#[tokio::test]
async fn thousands_of_half_open_requests_keep_nobody_out() {
    const PLACES: usize = 8;
    let bounds = Bounds { connections: PLACES, patience: Duration::ZERO, ..Bounds::default() };
    let running = plain(bounds).await;
    let hello = request("GET", "/hello", "", "");
    let half =
        ["", "GET /hello HTTP/1.1\r\nhos", "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\n\r\n1234"];
    // As many as a test may have open at once; the others of the thousands were closed by their own side.
    let mut open = std::collections::VecDeque::new();
    for number in 0..3_000 {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(half[number % 3].as_bytes()).await.unwrap();
        open.push_back(stream);
        if open.len() > 200 {
            open.pop_front();
        }
        if number % 100 == 99 {
            let answer = timeout(Duration::from_secs(5), ask(running.address, &hello)).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{number}: {answer}");
            let kept = open.iter().filter(|stream| !is_closed(stream)).count();
            assert!(kept <= PLACES, "{kept} connections are open");
        }
    }
}

#[tokio::test]
async fn who_does_not_read_the_answer_gives_way() {
    let bounds = Bounds { connections: 1, patience: Duration::ZERO, ..Bounds::default() };
    let running = plain(bounds).await;
    let mut large = TcpStream::connect(running.address).await.unwrap();
    large.write_all(request("GET", "/large", "", "").as_bytes()).await.unwrap();
    large.readable().await.unwrap();
    let hello = request("GET", "/hello", "", "");
    let answer = timeout(Duration::from_secs(5), ask(running.address, &hello)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut read = Vec::new();
    let is_whole = large.read_to_end(&mut read).await.is_ok() && read.len() > 32 << 20;
    assert!(!is_whole);
}

#[tokio::test]
async fn who_waits_for_an_answer_does_not_give_way() {
    let patience = Duration::from_secs(1);
    let running = plain(Bounds { connections: 1, patience, ..Bounds::default() }).await;
    let (held, hello) = (request("GET", "/held", "", ""), request("GET", "/hello", "", ""));
    let address = running.address;
    let first = tokio::spawn(async move { ask(address, &held).await });
    running.handling.notified().await;
    let mut second = Box::pin(ask(address, &hello));
    assert!(timeout(patience + Duration::from_millis(300), &mut second).await.is_err());
    running.release.notify_one();
    assert!(first.await.unwrap().starts_with("HTTP/1.1 200"));
    assert!(second.await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_connection_past_the_limit_waits_for_its_turn() {
    let running = plain(Bounds { connections: 1, ..Bounds::default() }).await;
    let first = TcpStream::connect(running.address).await.unwrap();
    // The first is accepted before the second connects, and says nothing.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut second =
        Box::pin(ask(running.address, "GET /hello HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
    assert!(timeout(Duration::from_millis(150), &mut second).await.is_err());
    drop(first);
    assert!(timeout(Duration::from_secs(5), second).await.unwrap().starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_open_request_ends_before_the_server_does() {
    let running = plain(Bounds::default()).await;
    let address = running.address;
    let slow = tokio::spawn(async move { ask(address, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    running.stop.send(()).unwrap();
    assert!(slow.await.unwrap().starts_with("HTTP/1.1 200"));
    timeout(Duration::from_secs(2), running.task).await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn speaks_tls_that_its_own_authority_vouches_for() {
    let root = tempfile::tempdir().unwrap();
    let origin = Origin::parse("https://localhost:8443").unwrap();
    #[expect(clippy::disallowed_methods, reason = "the TLS client of this test reads the system clock too")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    tls::create(&root.path().join("tls"), &origin, UnixTime::from_secs(i64::try_from(now).unwrap())).unwrap();
    let config = tls::server_config(&root.path().join("tls")).unwrap();
    let bounds = Bounds { handshake: Duration::from_millis(200), ..Bounds::default() };
    let running = start(Transport::Tls(config), bounds).await;

    let mut anchors = rustls::RootCertStore::empty();
    let ca = std::fs::read(root.path().join("tls/ca.pem")).unwrap();
    anchors.add(CertificateDer::from_pem_slice(&ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(anchors)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
    for (name, accepted) in
        [("localhost", true), ("127.0.0.1", true), ("::1", true), ("elsewhere.example", false)]
    {
        let stream = TcpStream::connect(running.address).await.unwrap();
        let connected = connector.connect(ServerName::try_from(name).unwrap(), stream).await;
        assert_eq!(connected.is_ok(), accepted, "{name}");
        if let Ok(mut stream) = connected {
            stream.write_all(request("GET", "/hello", "", "").as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            assert!(answer.starts_with(b"HTTP/1.1 200"));
        }
    }
    // A peer that does not begin its handshake is let go.
    let silent = timeout(Duration::from_secs(5), ask(running.address, "")).await;
    assert!(silent.is_ok());
}

#[tokio::test]
async fn serves_without_tls_only_when_asked_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let start = |insecure| serve("http://localhost:1", Some(0), folder.path(), insecure, Router::new());
    assert!(timeout(Duration::from_millis(200), start(true)).await.is_err(), "it listens");
    let refused = timeout(Duration::from_millis(200), start(false)).await.unwrap();
    assert_eq!(refused.unwrap_err().code().as_str(), "INRO-SERVICE-012");
}

#[tokio::test]
async fn refuses_an_address_in_use() {
    let running = plain(Bounds::default()).await;
    assert!(Server::bind(ANY, Transport::InsecureHttp, Bounds::default()).await.is_ok());
    let second = Server::bind(running.address, Transport::InsecureHttp, Bounds::default()).await;
    assert_eq!(second.err().unwrap().code().as_str(), "INRO-SERVICE-011");
}
