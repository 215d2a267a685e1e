//! The network: HTTPS to servers whose certificates lead to an anchor that was added for TLS, and
//! to no other. The system's roots are not asked.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use inro_base::http::{HttpRequest, HttpResponse, Method};
use inro_wallet_core::{AnchorRecord, Boxed, Http, HttpError};
use reqwest::{Client, Response, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// The same for every wallet, so that it marks nobody.
const USER_AGENT: &str = "inro-wallet";
/// A server in the same country answers a handshake in well under a second.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest that a holder waits for one answer, body included.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(20);

/// A TLS anchor could not be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a TLS anchor is not a readable certificate")]
pub struct UnreadableAnchor;

/// The [`Http`] port over HTTPS.
pub struct HttpsClient {
    client: Client,
}

impl HttpsClient {
    /// A client that trusts `anchors` and nothing else: no redirects, no cookies, no proxy.
    ///
    /// # Errors
    /// [`UnreadableAnchor`].
    pub fn new(anchors: &[AnchorRecord]) -> Result<Self, UnreadableAnchor> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has the suites of TLS 1.2 and 1.3")
            .with_root_certificates(roots(anchors)?)
            .with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .build()
            .expect("nothing in this configuration can be refused");
        Ok(Self { client })
    }

    async fn carry_out(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let limit = request.max_response_bytes;
        if !request.url.starts_with("https://") {
            return Err(HttpError::NotHttps);
        }
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut builder = self.client.request(method, request.url).body(request.body);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        let response = builder.send().await.map_err(|error| reason(&error))?;
        let status = response.status().as_u16();
        let headers = headers(&response);
        let body = read(response, limit).await?;
        Ok(HttpResponse { status, headers, body })
    }
}

impl Http for HttpsClient {
    fn send(&self, request: HttpRequest) -> Boxed<'_, Result<HttpResponse, HttpError>> {
        Box::pin(self.carry_out(request))
    }
}

/// Reads the certificates of one PEM file.
///
/// # Errors
/// [`UnreadableAnchor`] when there is none, or one that is not X.509.
pub(crate) fn check_anchor(pem: &str) -> Result<(), UnreadableAnchor> {
    add(&mut RootCertStore::empty(), pem)
}

fn roots(anchors: &[AnchorRecord]) -> Result<RootCertStore, UnreadableAnchor> {
    let mut roots = RootCertStore::empty();
    for anchor in anchors {
        add(&mut roots, &anchor.pem)?;
    }
    Ok(roots)
}

fn add(roots: &mut RootCertStore, pem: &str) -> Result<(), UnreadableAnchor> {
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|_| UnreadableAnchor)?;
        roots.add(certificate).map_err(|_| UnreadableAnchor)?;
    }
    if roots.len() == before { Err(UnreadableAnchor) } else { Ok(()) }
}

fn headers(response: &Response) -> Vec<(String, String)> {
    let pairs = response.headers().iter();
    // A value that is not text is of no use to any of our protocols.
    pairs
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}

async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| reason(&error))? {
        if chunk.len() > limit.saturating_sub(body.len()) {
            return Err(HttpError::TooLong { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn reason(error: &reqwest::Error) -> HttpError {
    if error.is_timeout() {
        return HttpError::TimedOut;
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(rustls::Error::InvalidCertificate(_)) = inner.downcast_ref() {
            return HttpError::Untrusted;
        }
        // An I/O error names as its source what lies beneath the error that it wraps.
        cause = match inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => inner.source(),
        };
    }
    HttpError::Unreachable
}
