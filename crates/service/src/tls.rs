//! A service's own TLS material, `tls/{ca,cert,key}.pem`, and the configuration made of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;

use axum::http::Uri;
use inro_base::UnixTime;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::pki::{Authority, LeafProfile, Validity};
use crate::{ServiceError, files, pki};

/// Extended key usage of a TLS server. Source: RFC 5280 §4.2.1.12.
const SERVER_AUTH: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 1];

/// TLS material that `init` makes lives this long; an operator replaces it with a public CA's.
const DAYS: i64 = 730;

/// Scheme, host and port out of a service's URL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// Whether the scheme is `https`; else it is `http`.
    pub secure: bool,
    /// A DNS name or an address without brackets.
    pub host: String,
    /// The port, or the scheme's own.
    pub port: u16,
}

impl Origin {
    /// Reads the URL of a service.
    ///
    /// # Errors
    /// [`ServiceError::Url`] for another scheme, user information, a query or no host.
    pub fn parse(url: &str) -> Result<Self, ServiceError> {
        let uri: Uri = url.parse().map_err(|_| ServiceError::Url)?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(ServiceError::Url),
        };
        let authority = uri.authority().ok_or(ServiceError::Url)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || authority.as_str().contains('@') || uri.query().is_some() || url.contains('#') {
            return Err(ServiceError::Url);
        }
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Self { secure, host: host.to_owned(), port })
    }

    /// Whether the host is this machine alone.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// Makes a small authority and a server certificate for `origin`, localhost and both loopback
/// addresses. The authority's key is thrown away: it signs this one certificate.
///
/// # Errors
/// [`ServiceError::Pki`], [`ServiceError::Write`].
pub fn create(dir: &Path, origin: &Origin, now: UnixTime) -> Result<(), ServiceError> {
    let validity = Validity::days(now, DAYS);
    let authority = Authority::create(&format!("Inro TLS of {}", origin.host), validity)?;
    let mut profile = LeafProfile {
        common_name: origin.host.clone(),
        dns_names: vec!["localhost".into()],
        addresses: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        extended_key_usages: vec![SERVER_AUTH],
        ..LeafProfile::default()
    };
    match origin.host.parse::<IpAddr>() {
        Ok(address) if !profile.addresses.contains(&address) => profile.addresses.push(address),
        Err(_) if origin.host != "localhost" => profile.dns_names.push(origin.host.clone()),
        Ok(_) | Err(_) => {}
    }
    let leaf = authority.issue(&profile, validity)?;
    files::create_private_dir(dir)?;
    files::write_public(&dir.join("ca.pem"), authority.identity().certificate_pem.as_bytes())?;
    leaf.write(&dir.join("cert.pem"), &dir.join("key.pem"))
}

/// Reads `cert.pem` (with intermediates, if any) and `key.pem` for a server on TLS 1.2 and 1.3.
///
/// # Errors
/// [`ServiceError::Read`], [`ServiceError::TooOpen`], [`ServiceError::KeyFile`].
pub fn server_config(dir: &Path) -> Result<Arc<ServerConfig>, ServiceError> {
    let chain = pki::load_chain(&dir.join("cert.pem"))?.into_iter().map(CertificateDer::from).collect();
    let key_path = dir.join("key.pem");
    let key_file = || ServiceError::KeyFile { path: key_path.clone() };
    let key = PrivateKeyDer::from_pem_slice(files::read_private(&key_path)?.expose().as_bytes())
        .map_err(|_| key_file())?;
    let mut config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| ServiceError::Internal)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|_| key_file())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;
    use inro_base::Coded as _;

    #[test]
    fn reads_an_origin() {
        let origin = Origin::parse("https://localhost:8443").unwrap();
        assert_eq!(origin, Origin { secure: true, host: "localhost".into(), port: 8443 });
        assert!(origin.is_loopback());
        assert_eq!(Origin::parse("https://issuer.example/city").unwrap().port, 443);
        assert!(Origin::parse("https://[::1]:1").unwrap().is_loopback());
        assert!(!Origin::parse("http://issuer.example").unwrap().secure);
        for url in
            ["localhost:8443", "ftp://a", "https://", "https://u@a", "https://a?b", "https://a/#b", "a b"]
        {
            assert_eq!(Origin::parse(url).unwrap_err().code().as_str(), "INRO-SERVICE-012", "{url}");
        }
    }

    #[test]
    fn refuses_a_key_of_another_certificate() {
        let root = tempfile::tempdir().unwrap();
        let (one, two) = (root.path().join("one"), root.path().join("two"));
        let origin = Origin::parse("https://minato.example:1").unwrap();
        for dir in [&one, &two] {
            create(dir, &origin, UnixTime::from_secs(1_795_396_529)).unwrap();
        }
        assert!(server_config(&one).is_ok());
        std::fs::copy(two.join("key.pem"), one.join("key.pem")).unwrap();
        assert_eq!(server_config(&one).unwrap_err().code().as_str(), "INRO-SERVICE-009");
    }
}
