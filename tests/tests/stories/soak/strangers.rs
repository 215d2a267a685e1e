//! Peers that leave in the midst of a request, or send it slowly.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::requests;
use crate::story::Story;

const BODY: usize = 20;

/// Connects, goes on for so many steps and leaves: nothing said, a part of a handshake, a part of a head, a part of
/// a body.
pub(super) fn leave(story: &Story, service: &str, steps: u64) {
    // Whoever leaves does not care how far it came.
    let _ = try_leave(story, service, steps);
}

fn try_leave(story: &Story, service: &str, steps: u64) -> io::Result<()> {
    if steps < 2 {
        let mut stream = connect(story, service)?;
        return if steps == 0 { Ok(()) } else { stream.write_all(&[0x16, 0x03, 0x01, 0x02]) };
    }
    let mut stream = encrypted(story, service)?;
    stream.write_all(b"POST /nonce HTTP/1.1\r\nhost: localhost\r\n")?;
    if steps > 2 {
        stream.write_all(b"content-length: 1000\r\n\r\nsome of it")?;
    }
    stream.flush()
}

/// Sends a body byte by byte over two seconds, and reads the answer's status.
pub(super) fn send_slowly(story: &Story, service: &str) -> Result<String, String> {
    let told = |error: io::Error| error.to_string();
    let mut stream = encrypted(story, service).map_err(told)?;
    let path = if service == "issuer" { "/token" } else { "/openid4vp/responses/nobodys" };
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         connection: close\r\ncontent-length: {BODY}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).map_err(told)?;
    for _ in 0..BODY {
        stream.write_all(b"a").and_then(|()| stream.flush()).map_err(told)?;
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut answer = Vec::new();
    // A peer that closes without TLS's own farewell has said all the same what it said.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).ok_or("no answer")?;
    if answer.contains("\"inro_code\":\"INRO-") { Ok(status.to_owned()) } else { Err(answer.into_owned()) }
}

fn encrypted(story: &Story, service: &str) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(story.path(&format!("{service}/tls/ca.pem")))?;
    roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    Ok(StreamOwned::new(session, connect(story, service)?))
}

fn connect(story: &Story, service: &str) -> io::Result<TcpStream> {
    let url = requests::url(story, service, "");
    let stream = TcpStream::connect(url.trim_start_matches("https://"))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}
