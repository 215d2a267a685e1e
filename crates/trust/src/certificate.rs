use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode as _, Reader as _, SliceReader, TagNumber, Tagged as _};
use inro_base::UnixTime;
use inro_crypto::PublicKey;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectAltName};
use x509_cert::name::Name;
use x509_cert::spki::SubjectPublicKeyInfoRef;
use x509_cert::time::{Time, Validity};

use crate::{TrustError, Usage, oid};

/// The longest certificate that is read, in bytes; ours have about 700. Source: ours.
pub const MAX_DER_BYTES: usize = 16 * 1024;

/// Source: RFC 5480 §2.1.1.
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// Source: RFC 5480 §2.1.1.1.
const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// DER content of the object identifiers of RFC 5280 §4.2.1.3, §4.2.1.6, §4.2.1.9 and §4.2.1.12.
/// Source: RFC 5280 §4.2.1.1.
const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x23];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];

/// What a certificate says of itself. Nobody has checked any of it: good for showing what is
/// *claimed*, and for nothing else.
#[derive(Clone, Debug)]
pub struct UntrustedCertificate {
    key: PublicKey,
    name: String,
    dns_names: Vec<String>,
    usages: Vec<Usage>,
    types: Option<Vec<String>>,
    authority: bool,
    path_length: Option<u8>,
    key_usage: Option<KeyUsage>,
    authority_key_id: Option<Vec<u8>>,
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
        let parts = Parts::from_certificate(der).map_err(|_| TrustError::Certificate)?;
        let constraints = parts.extension(BASIC_CONSTRAINTS)?.map(decode::<BasicConstraints>).transpose()?;
        Ok(Self {
            key: public_key(&parts.key)?,
            name: common_name(&parts.subject)?,
            dns_names: parts.extension(SUBJECT_ALT_NAME)?.map(dns_names).transpose()?.unwrap_or_default(),
            usages: parts.extension(EXTENDED_KEY_USAGE)?.map(usages).transpose()?.unwrap_or_default(),
            types: parts.extension(oid::CREDENTIAL_TYPES_DER)?.map(decode).transpose()?,
            authority: constraints.as_ref().is_some_and(|constraints| constraints.ca),
            path_length: constraints.and_then(|constraints| constraints.path_len_constraint),
            key_usage: parts.extension(KEY_USAGE)?.map(decode).transpose()?,
            authority_key_id: parts.extension(AUTHORITY_KEY_IDENTIFIER)?.and_then(key_id),
            not_before: time(parts.validity.not_before)?,
            not_after: time(parts.validity.not_after)?,
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

    /// The ids of the credential types that it names; empty without the extension.
    pub fn claimed_types(&self) -> &[String] {
        self.types.as_deref().unwrap_or_default()
    }

    /// The types to which an authority limits whatever stands beneath it; `None` for no limit.
    pub(crate) fn type_limit(&self) -> Option<&[String]> {
        self.types.as_deref()
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

    /// How many other authorities may stand between this one and a leaf; `None` for any number.
    /// Source: RFC 5280 §4.2.1.9.
    pub(crate) const fn path_length(&self) -> Option<u8> {
        self.path_length
    }

    /// Whether its key may sign certificates. One that names no key usage leaves all open.
    /// Source: RFC 5280 §4.2.1.3, §6.1.4 (n).
    pub(crate) fn may_sign_certificates(&self) -> bool {
        self.authority && self.key_usage.is_none_or(|usage| usage.key_cert_sign())
    }

    /// Whether its key may sign messages. One that names no key usage leaves all open.
    /// Source: RFC 5280 §4.2.1.3.
    pub(crate) fn may_sign_messages(&self) -> bool {
        self.key_usage.is_none_or(|usage| usage.digital_signature())
    }

    /// The key identifier of its AuthorityKeyIdentifier; `None` where it has none.
    /// Source: RFC 5280 §4.2.1.1.
    pub fn claimed_authority_key_id(&self) -> Option<&[u8]> {
        self.authority_key_id.as_deref()
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

/// The parts of a certificate that we read. webpki reads the whole, strictly, before it is trusted;
/// x509-cert would refuse an unknown extension whose name has an arc of more than 32 bits, which a
/// name made from a UUID has.
struct Parts<'a> {
    validity: Validity,
    subject: Name,
    key: SubjectPublicKeyInfoRef<'a>,
    extensions: Vec<Extension<'a>>,
}

struct Extension<'a> {
    /// The DER content of its object identifier.
    id: &'a [u8],
    value: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Source: RFC 5280 §4.1.
    fn from_certificate(der: &'a [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let parts = reader.sequence(|certificate| {
            let parts = certificate.sequence(Self::from_tbs)?;
            let _algorithm: AnyRef<'_> = certificate.decode()?;
            let _signature: AnyRef<'_> = certificate.decode()?;
            Ok::<_, der::Error>(parts)
        })?;
        reader.finish()?;
        Ok(parts)
    }

    fn from_tbs(tbs: &mut SliceReader<'a>) -> der::Result<Self> {
        // Version 1 has no version field, and no extensions that we could read: webpki refuses it.
        for _skipped in ["version", "serialNumber", "signature", "issuer"] {
            let _: AnyRef<'_> = tbs.decode()?;
        }
        let (validity, subject, key) = (tbs.decode()?, tbs.decode()?, tbs.decode()?);
        let mut extensions = Vec::new();
        while !tbs.is_finished() {
            let field: AnyRef<'a> = tbs.decode()?;
            if field.tag().number() == TagNumber(3) {
                extensions = SliceReader::new(field.value())?.sequence(Extension::list)?;
            }
        }
        Ok(Self { validity, subject, key, extensions })
    }

    /// The value of the one extension `id`. Source: RFC 5280 §4.2: no two of one kind.
    fn extension(&self, id: &[u8]) -> Result<Option<&'a [u8]>, TrustError> {
        let mut found = self.extensions.iter().filter(|extension| extension.id == id);
        match (found.next(), found.next()) {
            (found, None) => Ok(found.map(|extension| extension.value)),
            (_, Some(_)) => Err(TrustError::Certificate),
        }
    }
}

impl<'a> Extension<'a> {
    fn list(list: &mut SliceReader<'a>) -> der::Result<Vec<Self>> {
        let mut extensions = Vec::new();
        while !list.is_finished() {
            extensions.push(list.sequence(|extension| {
                let id: AnyRef<'a> = extension.decode()?;
                let _critical: Option<bool> = extension.decode()?;
                let value: &OctetStringRef = extension.decode()?;
                Ok::<_, der::Error>(Self { id: id.value(), value: value.as_bytes() })
            })?);
        }
        Ok(extensions)
    }
}

fn decode<'a, T: Decode<'a>>(value: &'a [u8]) -> Result<T, TrustError> {
    T::from_der(value).map_err(|_| TrustError::Certificate)
}

fn public_key(info: &SubjectPublicKeyInfoRef<'_>) -> Result<PublicKey, TrustError> {
    let curve = info.algorithm.parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    if info.algorithm.oid != EC_PUBLIC_KEY || curve != Some(PRIME256V1) {
        return Err(TrustError::Algorithm);
    }
    PublicKey::from_sec1(info.subject_public_key.raw_bytes()).map_err(|_| TrustError::Algorithm)
}

fn common_name(subject: &Name) -> Result<String, TrustError> {
    let name = subject.common_name().map_err(|_| TrustError::Certificate)?;
    Ok(name.map(|name| name.value().into_owned()).unwrap_or_default())
}

fn dns_names(value: &[u8]) -> Result<Vec<String>, TrustError> {
    let names: SubjectAltName = decode(value)?;
    Ok(names
        .0
        .iter()
        .filter_map(|name| match name {
            GeneralName::DnsName(dns) => Some(dns.to_string()),
            _ => None,
        })
        .collect())
}

/// Nothing is trusted for it: one that cannot be read is as good as none.
fn key_id(value: &[u8]) -> Option<Vec<u8>> {
    let identifier: AuthorityKeyIdentifier = decode(value).ok()?;
    identifier.key_identifier.map(|id| id.as_bytes().to_vec())
}

fn usages(value: &[u8]) -> Result<Vec<Usage>, TrustError> {
    let named: Vec<AnyRef<'_>> = decode(value)?;
    Ok([Usage::CredentialIssuer, Usage::Verifier, Usage::Registrar, Usage::WalletProvider]
        .into_iter()
        .filter(|usage| named.iter().any(|oid| oid.value() == usage.oid_der()))
        .collect())
}

/// The DER value of the [`oid::CREDENTIAL_TYPES`] extension for a certificate that may issue `types`.
///
/// # Errors
/// [`TrustError::Certificate`] when the ids together are longer than DER can say.
pub fn credential_types_extension(types: &[&str]) -> Result<Vec<u8>, TrustError> {
    let types: Vec<String> = types.iter().map(|&id| id.to_owned()).collect();
    types.to_der().map_err(|_| TrustError::Certificate)
}

fn time(time: Time) -> Result<UnixTime, TrustError> {
    let seconds = time.to_unix_duration().as_secs();
    i64::try_from(seconds).map(UnixTime::from_secs).map_err(|_| TrustError::Certificate)
}
