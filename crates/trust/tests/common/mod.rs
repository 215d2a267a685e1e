//! Certificates of a small made-up house, made with an independent implementation.

use inro_base::UnixTime;
use inro_crypto::SoftwareKey;
use inro_trust::{Usage, oid};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

/// 2026-11-23, within every certificate below.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);

/// A key with its certificate.
pub(crate) struct Party {
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
    pub(crate) key: SoftwareKey,
    params: CertificateParams,
    pair: KeyPair,
}

/// What a certificate says; alter a field to spoil it.
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) authority: bool,
    /// For an authority: how many others may stand beneath it.
    pub(crate) path_length: Option<u8>,
    /// What the key may do; empty leaves all open.
    pub(crate) key_usages: Vec<KeyUsagePurpose>,
    pub(crate) usages: Vec<Usage>,
    pub(crate) types: Option<Vec<&'static str>>,
    pub(crate) dns: Vec<String>,
    pub(crate) years: (i32, i32),
    /// Object identifiers of extensions that nobody knows, not critical.
    pub(crate) unknown: Vec<Vec<u64>>,
}

impl Plan {
    pub(crate) fn authority(name: &'static str) -> Self {
        Self {
            name,
            authority: true,
            path_length: None,
            key_usages: vec![],
            usages: vec![],
            types: None,
            dns: vec![],
            years: (2026, 2036),
            unknown: vec![],
        }
    }

    pub(crate) fn leaf(name: &'static str, usage: Usage) -> Self {
        Self {
            name,
            authority: false,
            path_length: None,
            key_usages: vec![],
            usages: vec![usage],
            types: (usage == Usage::CredentialIssuer).then(|| vec!["employee-id"]),
            dns: vec!["verifier.example".to_owned()],
            years: (2026, 2028),
            unknown: vec![],
        }
    }

    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::new(self.dns.clone()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, self.name);
        if self.authority {
            params.is_ca = IsCa::Ca(match self.path_length {
                None => BasicConstraints::Unconstrained,
                Some(length) => BasicConstraints::Constrained(length),
            });
        }
        params.key_usages.clone_from(&self.key_usages);
        params.extended_key_usages =
            self.usages.iter().map(|usage| ExtendedKeyUsagePurpose::Other(usage.oid().to_vec())).collect();
        if let Some(types) = &self.types {
            let content = inro_trust::credential_types_extension(types).unwrap();
            params.custom_extensions.push(CustomExtension::from_oid_content(oid::CREDENTIAL_TYPES, content));
        }
        for arcs in &self.unknown {
            params.custom_extensions.push(CustomExtension::from_oid_content(arcs, vec![5, 0]));
        }
        params.not_before = date_time_ymd(self.years.0, 1, 1);
        params.not_after = date_time_ymd(self.years.1, 1, 1);
        params
    }

    /// A certificate that signs itself.
    pub(crate) fn root(self) -> Party {
        let (params, pair) = (self.params(), KeyPair::generate().unwrap());
        let certificate = params.self_signed(&pair).unwrap();
        Party::new(certificate, params, pair)
    }

    /// A certificate that `authority` signs.
    pub(crate) fn signed_by(self, authority: &Party) -> Party {
        let (params, pair) = (self.params(), KeyPair::generate().unwrap());
        let issuer = Issuer::from_params(&authority.params, &authority.pair);
        let certificate = params.signed_by(&pair, &issuer).unwrap();
        Party::new(certificate, params, pair)
    }
}

impl Party {
    fn new(certificate: rcgen::Certificate, params: CertificateParams, pair: KeyPair) -> Self {
        let key = SoftwareKey::from_pkcs8_pem(&pair.serialize_pem()).unwrap();
        Self { der: certificate.der().to_vec(), pem: certificate.pem(), key, params, pair }
    }
}
