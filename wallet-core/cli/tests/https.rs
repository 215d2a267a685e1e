//! The network adapter against a small HTTPS server.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::{Coded as _, UnixTime};
use inro_wallet_cli::HttpsClient;
use inro_wallet_core::testing::contract;
use inro_wallet_core::{AnchorKind, AnchorRecord, Http as _, HttpError};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A server that gives one fixed answer, and the authority of its certificate.
struct Server {
    url: String,
    authority: String,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "the server runs beside the client under test")]
    fn answering(answer: &'static str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let leaf_key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![leaf.der().clone()], private)
                .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        std::thread::spawn(move || serve(&listener, &Arc::new(config), answer));
        Self { url, authority }
    }

    fn ask(&self, authority: &str, max_bytes: usize) -> Result<HttpResponse, HttpError> {
        ask(authority, HttpRequest::fetch(self.url.as_str(), max_bytes))
    }
}

fn serve(listener: &TcpListener, config: &Arc<ServerConfig>, answer: &str) {
    for socket in listener.incoming() {
        let connection = ServerConnection::new(Arc::clone(config)).unwrap();
        let mut stream = BufReader::new(StreamOwned::new(connection, socket.unwrap()));
        let mut line = String::new();
        // A client that does not like the certificate leaves here.
        while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
            line.clear();
        }
        let _ = stream.get_mut().write_all(answer.as_bytes());
        stream.get_mut().conn.send_close_notify();
        let _ = stream.get_mut().flush();
    }
}

fn ask(authority: &str, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let anchor =
        AnchorRecord { kind: AnchorKind::Tls, pem: authority.into(), added_at: UnixTime::from_secs(0) };
    let client = HttpsClient::new(&[anchor]).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(client.send(request))
}

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello";

#[test]
fn asks_a_server_that_an_anchor_vouches_for_and_no_other() {
    let (server, other) = (Server::answering(HELLO), Server::answering(HELLO));
    let answer = server.ask(&server.authority, 100).unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"hello".as_slice()));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    let refused = server.ask(&other.authority, 100).unwrap_err();
    assert_eq!(refused.code().as_str(), "INRO-WALLET-012");
}

#[test]
fn reads_no_more_than_the_limit_whether_the_length_is_told_or_not() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    for answer in [HELLO, chunked] {
        let server = Server::answering(answer);
        assert_eq!(server.ask(&server.authority, 5).unwrap().body, b"hello");
        let refused = server.ask(&server.authority, 4).unwrap_err();
        assert_eq!(refused, HttpError::TooLong { limit: 4 });
        assert_eq!(refused.code().as_str(), "INRO-WALLET-014");
    }
}

#[test]
fn does_not_believe_a_length_that_is_told() {
    let server = Server::answering(HELLO);
    assert_eq!(server.ask(&server.authority, 100).unwrap().body, b"hello");
    let huge = "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\nhello";
    let longer = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello";
    let two = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 9\r\n\r\nhello";
    for answer in [huge, longer, two] {
        let server = Server::answering(answer);
        assert_eq!(server.ask(&server.authority, 100).unwrap_err().code().as_str(), "INRO-WALLET-011");
    }
}

#[test]
fn keeps_the_contract_of_the_network() {
    let server = Server::answering(HELLO);
    contract::http(&|request| ask(&server.authority, request), &server.url);
}

#[test]
fn follows_no_redirect() {
    let moved = "HTTP/1.1 302 Found\r\nlocation: https://localhost:1/\r\ncontent-length: 0\r\n\r\n";
    let server = Server::answering(moved);
    assert_eq!(server.ask(&server.authority, 100).unwrap().status, 302);
}

#[test]
fn refuses_http_and_tells_when_nobody_answers() {
    let server = Server::answering(HELLO);
    assert!(server.ask(&server.authority, 100).is_ok());
    let plain = server.url.replacen("https://", "http://", 1);
    let refused = ask(&server.authority, HttpRequest::fetch(plain, 100)).unwrap_err();
    assert_eq!(refused.code().as_str(), "INRO-WALLET-010");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = ask(&server.authority, HttpRequest::fetch(format!("https://localhost:{closed}/"), 100));
    assert_eq!(nobody.unwrap_err().code().as_str(), "INRO-WALLET-011");
}

#[test]
fn refuses_an_anchor_that_is_no_certificate() {
    let server = Server::answering(HELLO);
    let anchor =
        |pem: &str| AnchorRecord { kind: AnchorKind::Tls, pem: pem.into(), added_at: UnixTime::from_secs(0) };
    assert!(HttpsClient::new(&[anchor(&server.authority)]).is_ok());
    assert!(HttpsClient::new(&[anchor("-----BEGIN NOTHING-----")]).is_err());
}

/// The binary against a service whose offer is gone: what the help desk needs is said.
#[test]
fn shows_the_request_id_of_a_service_that_refuses() {
    const ID: &str = "0123456789abcdef0123456789abcdef";
    const GONE: &str = "HTTP/1.1 404 Not Found\r\ncontent-type: application/problem+json\r\n\
        content-length: 82\r\n\r\n\
        {\"inro_code\":\"INRO-ISSUER-020\",\"request_id\":\"0123456789abcdef0123456789abcdef\"   }";
    let server = Server::answering(GONE);
    let folder = tempfile::tempdir().unwrap();
    let (home, anchor) = (folder.path().join("home"), folder.path().join("tls.pem"));
    std::fs::write(&anchor, &server.authority).unwrap();
    let wallet = |language: &str, arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_inro-wallet"));
        command.env("LC_ALL", language).arg("--home").arg(&home).args(arguments).output().unwrap()
    };
    assert!(wallet("C", &["trust", "add", "--tls", anchor.to_str().unwrap()]).status.success());
    let link = format!("openid-credential-offer://?credential_offer_uri={}offers/1", server.url);
    for (language, line) in [("C", "request id: "), ("ja_JP.UTF-8", "要求ID：")] {
        let refused = wallet(language, &["receive", &link, "--json"]);
        let error = String::from_utf8(refused.stderr).unwrap();
        assert!(error.contains("[INRO-VCI-020]") && error.contains(&format!("\n{line}{ID}\n")), "{error}");
        let json: serde_json::Value = serde_json::from_slice(&refused.stdout).unwrap();
        assert_eq!(json.pointer("/error/request_id"), Some(&ID.into()));
        assert_eq!(json.pointer("/error/retry"), Some(&false.into()));
        assert_eq!(refused.status.code(), Some(1));
    }
}
