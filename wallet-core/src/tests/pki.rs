//! Certificates for tests.

use inro_crypto::SoftwareKey;
use inro_trust::{Usage, oid};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};

use crate::testing::SeededRng;

/// A certificate authority.
pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A key with its certificate.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) key: SoftwareKey,
    /// DER, leaf first.
    pub(crate) x5c: Vec<Vec<u8>>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A verifier's leaf of this name.
    pub(crate) fn named(&self, name: &str, host: &str) -> Leaf {
        self.leaf_of(name, 55, Usage::Verifier, &[], host)
    }

    /// A leaf for `usage`; `types` are the credential types that it may issue.
    pub(crate) fn leaf(&self, seed: u64, usage: Usage, types: &[&str], host: &str) -> Leaf {
        self.leaf_of("A Claimed Name", seed, usage, types, host)
    }

    fn leaf_of(&self, name: &str, seed: u64, usage: Usage, types: &[&str], host: &str) -> Leaf {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(usage.oid().to_vec())];
        if !types.is_empty() {
            let value = inro_trust::credential_types_extension(types).unwrap();
            params.custom_extensions.push(CustomExtension::from_oid_content(oid::CREDENTIAL_TYPES, value));
        }
        let key = SoftwareKey::generate(&mut SeededRng::new(seed));
        let pair = KeyPair::from_pem(key.to_pkcs8_pem().expose()).unwrap();
        let certificate = params.signed_by(&pair, &self.issuer).unwrap();
        Leaf { key, x5c: vec![certificate.der().to_vec()] }
    }
}
