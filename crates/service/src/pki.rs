//! Key and certificate files: a small certificate authority on P-256, and reading back what it made.
//!
//! Keys lie unencrypted in files of 0600 until PKCS#11 comes; aws-lc-rs makes them and signs.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use inro_base::{Secret, UnixTime};
use inro_crypto::SoftwareKey;
use inro_crypto_aws::AwsLcKey;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use x509_cert::der::Decode as _;

use crate::{ServiceError, files};

/// From when to when a certificate holds.
#[derive(Clone, Copy, Debug)]
pub struct Validity {
    /// The first second.
    pub not_before: UnixTime,
    /// The last second.
    pub not_after: UnixTime,
}

/// What a leaf certificate says.
#[derive(Clone, Debug, Default)]
pub struct LeafProfile {
    /// The subject's common name.
    pub common_name: String,
    /// DNS names it stands for.
    pub dns_names: Vec<String>,
    /// Addresses it stands for.
    pub addresses: Vec<IpAddr>,
    /// Object identifiers of its extended key usages, as arcs.
    pub extended_key_usages: Vec<&'static [u64]>,
    /// Further extensions, none critical: object identifier and DER value.
    pub extensions: Vec<(&'static [u64], Vec<u8>)>,
}

/// A certificate with its private key, both as PEM.
#[derive(Debug)]
pub struct Identity {
    /// The certificate alone: an anchor is not sent along.
    pub certificate_pem: String,
    /// PKCS#8.
    pub key_pem: Secret<String>,
}

/// A certificate authority that signs leaves.
pub struct Authority {
    identity: Identity,
}

impl Validity {
    /// Valid from one hour before `now`, for clocks that are behind, and for `days` after it.
    pub const fn days(now: UnixTime, days: i64) -> Self {
        Self { not_before: now.plus(-3_600), not_after: now.plus(days.saturating_mul(86_400)) }
    }
}

impl Authority {
    /// Makes a self-signed authority that may sign leaves alone (path length 0).
    ///
    /// # Errors
    /// [`ServiceError::Pki`].
    pub fn create(common_name: &str, validity: Validity) -> Result<Self, ServiceError> {
        let mut params = params(common_name, validity);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = generate()?;
        let certificate = params.self_signed(&key).map_err(|_| ServiceError::Pki)?;
        let identity =
            Identity { certificate_pem: certificate.pem(), key_pem: Secret::new(key.serialize_pem()) };
        Ok(Self { identity })
    }

    /// Reads an authority back from its files.
    ///
    /// # Errors
    /// [`ServiceError::Read`], [`ServiceError::TooOpen`].
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, ServiceError> {
        let certificate_pem = files::read_text(certificate)?;
        let key_pem = files::read_private(key)?;
        Ok(Self { identity: Identity { certificate_pem, key_pem } })
    }

    /// The authority's own certificate and key, to be stored.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Makes a key and signs a leaf certificate for it.
    ///
    /// # Errors
    /// [`ServiceError::Pki`] for a name that a certificate cannot carry or an authority that cannot sign.
    pub fn issue(&self, profile: &LeafProfile, validity: Validity) -> Result<Identity, ServiceError> {
        let pki = |_| ServiceError::Pki;
        let authority_key = KeyPair::from_pem(self.identity.key_pem.expose()).map_err(pki)?;
        let issuer = Issuer::from_ca_cert_pem(&self.identity.certificate_pem, authority_key).map_err(pki)?;
        let key = generate()?;
        let certificate = leaf_params(profile, validity)?.signed_by(&key, &issuer).map_err(pki)?;
        Ok(Identity { certificate_pem: certificate.pem(), key_pem: Secret::new(key.serialize_pem()) })
    }
}

impl Identity {
    /// Writes the certificate (0644) and the key (0600), both new.
    ///
    /// # Errors
    /// [`ServiceError::Write`].
    pub fn write(&self, certificate: &Path, key: &Path) -> Result<(), ServiceError> {
        files::write_private(key, self.key_pem.expose().as_bytes())?;
        files::write_public(certificate, self.certificate_pem.as_bytes())
    }
}

/// Reads a private key of 0600 in PKCS#8 PEM.
///
/// # Errors
/// [`ServiceError::Read`], [`ServiceError::TooOpen`], [`ServiceError::KeyFile`].
pub fn load_key(path: &Path) -> Result<SoftwareKey, ServiceError> {
    SoftwareKey::from_pkcs8_pem(files::read_private(path)?.expose())
        .map_err(|_| ServiceError::KeyFile { path: path.to_owned() })
}

/// As [`load_key`], for signing with aws-lc-rs.
///
/// # Errors
/// As [`load_key`].
pub fn load_signer(path: &Path) -> Result<AwsLcKey, ServiceError> {
    AwsLcKey::new(&load_key(path)?).map_err(|_| ServiceError::KeyFile { path: path.to_owned() })
}

/// Reads certificates in PEM, the leaf first, as DER.
///
/// # Errors
/// [`ServiceError::Read`]; [`ServiceError::KeyFile`] also when there is none.
pub fn load_chain(path: &Path) -> Result<Vec<Vec<u8>>, ServiceError> {
    inro_trust::certificates_from_pem(&files::read_text(path)?)
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or_else(|| ServiceError::KeyFile { path: path.to_owned() })
}

/// When the certificate `der` ends. Trusts nothing: it is for telling an operator in time.
///
/// # Errors
/// [`ServiceError::Pki`] when it is no certificate.
pub fn not_after(der: &[u8]) -> Result<UnixTime, ServiceError> {
    let certificate = x509_cert::Certificate::from_der(der).map_err(|_| ServiceError::Pki)?;
    let end = certificate.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
    Ok(UnixTime::from_secs(i64::try_from(end).unwrap_or(i64::MAX)))
}

/// Whether a server with the certificate `der` may be called `host`, a name or an address.
///
/// # Errors
/// [`ServiceError::Pki`] when the certificate cannot be read, or `host` is neither.
pub fn is_for_host(der: &[u8], host: &str) -> Result<bool, ServiceError> {
    let der = CertificateDer::from(der);
    let certificate = ParsedCertificate::try_from(&der).map_err(|_| ServiceError::Pki)?;
    let name = ServerName::try_from(host).map_err(|_| ServiceError::Pki)?;
    Ok(verify_server_name(&certificate, &name).is_ok())
}

fn generate() -> Result<KeyPair, ServiceError> {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(|_| ServiceError::Pki)
}

fn params(common_name: &str, validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let since_epoch = |time: UnixTime| Duration::from_secs(u64::try_from(time.as_secs()).unwrap_or(0));
    params.not_before = epoch + since_epoch(validity.not_before);
    params.not_after = epoch + since_epoch(validity.not_after);
    params
}

fn leaf_params(profile: &LeafProfile, validity: Validity) -> Result<CertificateParams, ServiceError> {
    let mut params = params(&profile.common_name, validity);
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = profile
        .extended_key_usages
        .iter()
        .map(|arcs| ExtendedKeyUsagePurpose::Other(arcs.to_vec()))
        .collect();
    for name in &profile.dns_names {
        let name = name.as_str().try_into().map_err(|_| ServiceError::Pki)?;
        params.subject_alt_names.push(SanType::DnsName(name));
    }
    params.subject_alt_names.extend(profile.addresses.iter().copied().map(SanType::IpAddress));
    for (oid, value) in &profile.extensions {
        params.custom_extensions.push(CustomExtension::from_oid_content(oid, value.clone()));
    }
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use inro_base::Coded as _;
    use inro_crypto::Signer as _;
    use inro_crypto_aws::AwsLc;
    use inro_trust::{Anchors, Usage, oid};

    const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);

    fn signer_profile() -> LeafProfile {
        LeafProfile {
            common_name: "Minato City".into(),
            dns_names: vec!["localhost".into()],
            extended_key_usages: vec![oid::CREDENTIAL_ISSUER],
            extensions: vec![(
                oid::CREDENTIAL_TYPES,
                inro_trust::credential_types_extension(&["employee-id"]).unwrap(),
            )],
            ..LeafProfile::default()
        }
    }

    #[test]
    fn what_it_makes_is_what_the_trust_room_accepts() {
        let root = tempfile::tempdir().unwrap();
        files::create_private_dir(root.path()).unwrap();
        let at = |name: &str| root.path().join(name);
        let authority = Authority::create("Minato City CA", Validity::days(NOW, 3_650)).unwrap();
        authority.identity().write(&at("ca.pem"), &at("ca.key.pem")).unwrap();
        let authority = Authority::load(&at("ca.pem"), &at("ca.key.pem")).unwrap();
        let leaf = authority.issue(&signer_profile(), Validity::days(NOW, 365)).unwrap();
        leaf.write(&at("signer.chain.pem"), &at("signer.key.pem")).unwrap();

        let chain = load_chain(&at("signer.chain.pem")).unwrap();
        let mut anchors = Anchors::new();
        anchors.add_pem(&authority.identity().certificate_pem, &[Usage::CredentialIssuer]).unwrap();
        let trusted = anchors.trust(&chain, Usage::CredentialIssuer, NOW, &AwsLc).unwrap();
        assert_eq!(*trusted.public_key(), load_signer(&at("signer.key.pem")).unwrap().public_key());
        assert_eq!(*trusted.public_key(), load_key(&at("signer.key.pem")).unwrap().public_key());
        assert!(trusted.allows_type("employee-id") && !trusted.allows_type("role-authority"));
        assert_eq!(trusted.dns_names(), ["localhost"]);
        assert_eq!(not_after(&chain[0]).unwrap(), NOW.plus(365 * 86_400));
        assert!(anchors.trust(&chain, Usage::CredentialIssuer, NOW.plus(366 * 86_400), &AwsLc).is_err());
    }

    #[test]
    fn refuses_files_that_hold_no_key_and_no_certificate() {
        let root = tempfile::tempdir().unwrap();
        files::create_private_dir(root.path()).unwrap();
        let path = root.path().join("empty.pem");
        files::write_private(&path, b"").unwrap();
        assert_eq!(load_key(&path).unwrap_err().code().as_str(), "INRO-SERVICE-009");
        assert_eq!(load_chain(&path).unwrap_err().code().as_str(), "INRO-SERVICE-009");
    }

    #[test]
    fn refuses_a_host_that_a_certificate_cannot_carry() {
        let authority = Authority::create("CA", Validity::days(NOW, 1)).unwrap();
        assert!(authority.issue(&signer_profile(), Validity::days(NOW, 1)).is_ok());
        let profile = LeafProfile { dns_names: vec!["みなと".into()], ..signer_profile() };
        assert_eq!(
            authority.issue(&profile, Validity::days(NOW, 1)).unwrap_err().code().as_str(),
            "INRO-SERVICE-010"
        );
    }
}
