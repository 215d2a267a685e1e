//! The verifier's own requests: HTTPS to servers whose certificates lead to an anchor in `trust/tls`. The
//! addresses come from credentials, so a trusted issuer's mistake or malice must not open the inside of
//! this network: no redirects, and no private addresses unless the settings allow them.

use std::error::Error as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use inro_base::http::{HttpRequest, HttpResponse};
use inro_service::{ServiceError, files, log};
use inro_status::StatusError;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Response, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use url::{Host, Url};

use crate::layout::Layout;
use crate::trust;

/// The same for every verifier.
const USER_AGENT: &str = "inro-verifier";
const NOT_PUBLIC: &str = "its address is none of the public internet";
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long one fetch may take in all. A wallet waits for its answer meanwhile.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(5);

/// Fetches a status list.
///
/// # Errors
/// [`StatusError::Unreachable`] when nothing answers, the address is private, or the answer is too long.
pub(crate) async fn fetch(
    layout: &Layout,
    private_allowed: bool,
    request: HttpRequest,
) -> Result<HttpResponse, StatusError> {
    let url = Url::parse(&request.url).map_err(|_| StatusError::Reference)?;
    if url.scheme() != "https" || !(private_allowed || is_public_host(&url)) {
        return Err(unreachable(NOT_PUBLIC));
    }
    let client = client(layout, private_allowed).map_err(|_| unreachable("trust/tls cannot be used"))?;
    let mut builder = client.get(url);
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    let response = builder.send().await.map_err(|error| unreachable(cause(&error)))?;
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let body = read(response, request.max_response_bytes).await?;
    Ok(HttpResponse { status, headers, body })
}

/// Tells the operator why, in words of ours.
fn unreachable(cause: &'static str) -> StatusError {
    log::warn("the server of a status list could not be reached", &[("cause", &cause)]);
    StatusError::Unreachable
}

fn cause(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        return "no answer in time";
    }
    let mut next = error.source();
    while let Some(error) = next {
        let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if error.is::<rustls::Error>() || within.is_some_and(|within| within.is::<rustls::Error>()) {
            return "its certificate leads to no anchor in trust/tls, or does not hold";
        }
        if error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        {
            return NOT_PUBLIC;
        }
        next = error.source();
    }
    if error.is_connect() { "no connection" } else { "the connection broke" }
}

/// Made for each fetch, which is rare: an anchor that is added or removed counts at once.
fn client(layout: &Layout, private_allowed: bool) -> Result<Client, ServiceError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| ServiceError::Internal)?
        .with_root_certificates(roots(layout)?)
        .with_no_client_auth();
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT);
    if !private_allowed {
        builder = builder.dns_resolver(Arc::new(PublicAddresses));
    }
    builder.build().map_err(|_| ServiceError::Internal)
}

fn roots(layout: &Layout) -> Result<RootCertStore, ServiceError> {
    let mut roots = RootCertStore::empty();
    let paths = trust::anchor_files(&layout.tls_anchors()).map_err(|_| ServiceError::Internal)?;
    for path in paths {
        let Ok(pem) = files::read_text(&path) else { continue };
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|_| ServiceError::Internal)?;
            roots.add(certificate).map_err(|_| ServiceError::Internal)?;
        }
    }
    Ok(roots)
}

async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, StatusError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| StatusError::Unreachable)? {
        if chunk.len() > limit.saturating_sub(body.len()) {
            return Err(StatusError::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Resolves names to public addresses alone: what is checked is what is connected to.
struct PublicAddresses;

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                let refused = io::Error::new(io::ErrorKind::PermissionDenied, "no public address");
                return Err(refused.into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// A host that is an address is never resolved, so it is looked at here.
fn is_public_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(_)) => true,
        Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
        None => false,
    }
}

/// Whether an address is one of the public internet. Source: RFC 6890 and the IANA registries of
/// special-purpose addresses.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

const fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    match address.segments() {
        // NAT64 and 6to4 carry an IPv4 address, which may be any.
        [0x64, 0xff9b, ..] | [0x2002, ..] => false,
        // Protocol assignments, and the two ranges for documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Global unicast; everything else is local, multicast or unassigned.
        [first, ..] => (0x2000..=0x3fff).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_private_addresses() {
        let public = [
            "8.8.8.8",
            "172.15.0.1",
            "172.32.0.1",
            "100.128.0.1",
            "2400:4050::1",
            "2001:200::1",
            "3fff:1000::1",
        ];
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:2::1",
            "2001:10::1",
            "2001:2f:ffff::1",
            "2001:3f:ffff::1",
            "3fff:fff::1",
        ];
        let check = |text: &str| is_public(text.parse().unwrap());
        assert!(public.iter().all(|text| check(text)), "public");
        assert!(private.iter().all(|text| !check(text)), "private");
    }

    #[test]
    fn an_address_in_a_url_is_looked_at_in_every_spelling() {
        let check = |text: &str| is_public_host(&Url::parse(text).unwrap());
        assert!(check("https://issuer.example/1") && check("https://8.8.8.8/1"));
        for text in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://10.1/",
        ] {
            assert!(!check(text), "{text}");
        }
    }
}
