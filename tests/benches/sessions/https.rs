//! HTTP/1.1 over TLS on a connection that is kept alive: as little as a client can do, so that the
//! processors are left to the verifier.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

pub(crate) struct Connection {
    stream: StreamOwned<ClientConnection, TcpStream>,
    host: String,
}

impl Connection {
    /// Connects to the server at `url`, whose certificate leads to `authority`.
    pub(crate) fn open(url: &str, authority: &[u8]) -> Self {
        let host = url.strip_prefix("https://").unwrap().to_owned();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).unwrap();
        stream.set_nodelay(true).unwrap();
        let session = ClientConnection::new(Arc::new(config), name).unwrap();
        Self { stream: StreamOwned::new(session, stream), host }
    }

    /// Sends a request and reads the answer: status and body.
    pub(crate) fn call(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{headers}content-length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        let message = [head.as_bytes(), body].concat();
        self.stream.write_all(&message).unwrap();
        self.stream.flush().unwrap();
        self.answer()
    }

    fn answer(&mut self) -> (u16, Vec<u8>) {
        const END: &[u8] = b"\r\n\r\n";
        let mut received = Vec::with_capacity(8 << 10);
        let head = loop {
            self.read(&mut received);
            if let Some(at) = received.windows(END.len()).position(|window| window == END) {
                break at;
            }
        };
        let text = std::str::from_utf8(&received[..head]).unwrap();
        let status = text.get(9..12).unwrap().parse().unwrap();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let end = head + END.len() + length.parse::<usize>().unwrap();
        while received.len() < end {
            self.read(&mut received);
        }
        assert_eq!(received.len(), end, "more than was asked for");
        (status, received.split_off(head + END.len()))
    }

    fn read(&mut self, received: &mut Vec<u8>) {
        let mut chunk = [0; 8 << 10];
        let count = self.stream.read(&mut chunk).unwrap();
        assert!(count > 0, "the verifier hung up");
        received.extend_from_slice(&chunk[..count]);
    }
}
