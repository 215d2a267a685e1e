use der::Decode as _;
use der::asn1::ObjectIdentifier;
use inro_base::UnixTime;
use inro_crypto::PublicKey;
use x509_cert::certificate::{Certificate, TbsCertificate};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, SubjectAltName};
use x509_cert::time::Time;

use crate::{TrustError, Usage, oid};

/// The longest certificate that is read, in bytes; ours have about 700. Source: ours.
pub const MAX_DER_BYTES: usize = 16 * 1024;

/// Source: RFC 5480 §2.1.1.
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// Source: RFC 5480 §2.1.1.1.
const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// What a certificate says of itself. Nobody has checked any of it: good for showing what is
/// *claimed*, and for nothing else.
#[derive(Clone, Debug)]
pub struct UntrustedCertificate {
    key: PublicKey,
    name: String,
    dns_names: Vec<String>,
    usages: Vec<Usage>,
    types: Vec<String>,
    authority: bool,
    not_before: UnixTime,
    not_after: UnixTime,
}

impl UntrustedCertificate {
    /// Reads one certificate.
    ///
    /// # Errors
    /// [`TrustError::TooLong`], [`TrustError::Certificate`], or [`TrustError::Algorithm`] when its
    /// key is not on P-256.
    ///
    /// Source: RFC 5280 §4.1.
    pub fn read(der: &[u8]) -> Result<Self, TrustError> {
        if der.len() > MAX_DER_BYTES {
            return Err(TrustError::TooLong { length: der.len(), limit: MAX_DER_BYTES });
        }
        let certificate = Certificate::from_der(der).map_err(|_| TrustError::Certificate)?;
        let tbs = certificate.tbs_certificate();
        let constraints = extension::<BasicConstraints>(tbs)?;
        Ok(Self {
            key: public_key(tbs)?,
            name: common_name(tbs)?,
            dns_names: dns_names(tbs)?,
            usages: usages(tbs)?,
            types: credential_types(tbs)?,
            authority: constraints.is_some_and(|constraints| constraints.ca),
            not_before: time(tbs.validity().not_before)?,
            not_after: time(tbs.validity().not_after)?,
        })
    }

    /// The common name of its subject; empty where there is none.
    pub fn claimed_name(&self) -> &str {
        &self.name
    }

    /// The DNS names of its subject alternative name.
    pub fn claimed_dns_names(&self) -> &[String] {
        &self.dns_names
    }

    /// The ids of the credential types that it names.
    pub fn claimed_types(&self) -> &[String] {
        &self.types
    }

    /// The usages of ours that it names.
    pub fn claimed_usages(&self) -> &[Usage] {
        &self.usages
    }

    /// The key that it is about.
    pub const fn claimed_key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether it says to belong to a certificate authority.
    pub const fn claims_authority(&self) -> bool {
        self.authority
    }

    /// Before this time it is not valid yet.
    pub const fn not_before(&self) -> UnixTime {
        self.not_before
    }

    /// After this time it is not valid any more.
    pub const fn not_after(&self) -> UnixTime {
        self.not_after
    }
}

fn extension<'a, T: der::Decode<'a> + der::oid::AssociatedOid>(
    tbs: &'a TbsCertificate,
) -> Result<Option<T>, TrustError> {
    tbs.get_extension::<T>().map(|found| found.map(|(_, value)| value)).map_err(|_| TrustError::Certificate)
}

fn public_key(tbs: &TbsCertificate) -> Result<PublicKey, TrustError> {
    let info = tbs.subject_public_key_info();
    let curve = info.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    if info.algorithm.oid != EC_PUBLIC_KEY || curve != Some(PRIME256V1) {
        return Err(TrustError::Algorithm);
    }
    PublicKey::from_sec1(info.subject_public_key.raw_bytes()).map_err(|_| TrustError::Algorithm)
}

fn common_name(tbs: &TbsCertificate) -> Result<String, TrustError> {
    let name = tbs.subject().common_name().map_err(|_| TrustError::Certificate)?;
    Ok(name.map(|name| name.value().into_owned()).unwrap_or_default())
}

fn dns_names(tbs: &TbsCertificate) -> Result<Vec<String>, TrustError> {
    let names = extension::<SubjectAltName>(tbs)?.map(|names| names.0).unwrap_or_default();
    Ok(names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DnsName(dns) => Some(dns.to_string()),
            _ => None,
        })
        .collect())
}

fn usages(tbs: &TbsCertificate) -> Result<Vec<Usage>, TrustError> {
    let named = extension::<ExtendedKeyUsage>(tbs)?.map(|usages| usages.0).unwrap_or_default();
    Ok([Usage::CredentialIssuer, Usage::Verifier, Usage::Registrar]
        .into_iter()
        .filter(|usage| named.iter().any(|oid| oid.as_bytes() == usage.oid_der()))
        .collect())
}

/// A certificate without the extension names no type; one with two of them is malformed.
fn credential_types(tbs: &TbsCertificate) -> Result<Vec<String>, TrustError> {
    let mut found = tbs
        .extensions()
        .into_iter()
        .flatten()
        .filter(|extension| extension.extn_id.as_bytes() == oid::CREDENTIAL_TYPES_DER);
    match (found.next(), found.next()) {
        (None, _) => Ok(Vec::new()),
        (Some(extension), None) => {
            Vec::<String>::from_der(extension.extn_value.as_bytes()).map_err(|_| TrustError::Certificate)
        }
        (Some(_), Some(_)) => Err(TrustError::Certificate),
    }
}

fn time(time: Time) -> Result<UnixTime, TrustError> {
    let seconds = time.to_unix_duration().as_secs();
    i64::try_from(seconds).map(UnixTime::from_secs).map_err(|_| TrustError::Certificate)
}
