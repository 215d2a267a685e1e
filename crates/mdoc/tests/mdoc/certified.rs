//! An issuer with a certificate: what it signs has to lie within the certificate's time and types.

use inro_base::{Coded as _, UnixTime};
use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_mdoc::{Expected, MdocIssuance, UnverifiedIssuerSigned};
use inro_trust::{Anchors, Usage, credential_types_extension, oid};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, date_time_ymd,
};

use crate::support::*;

/// 2026-01-01, when the certificates begin.
const BEGIN: UnixTime = UnixTime::from_secs(1_767_225_600);
/// 2028-01-01, when the issuer's certificate ends.
const END: UnixTime = UnixTime::from_secs(1_830_297_600);

struct Certified {
    anchors: Anchors,
    x5c: Vec<Vec<u8>>,
    key: SoftwareKey,
}

fn params(name: &str, until: i32) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}

/// An issuer that its authority lets issue `types`.
fn certified(types: &[&str]) -> Certified {
    let mut root = params("authority", 2036);
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_key = KeyPair::generate().unwrap();
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let mut leaf = params("issuer", 2028);
    let usage = Usage::CredentialIssuer;
    leaf.extended_key_usages.push(ExtendedKeyUsagePurpose::Other(usage.oid().to_vec()));
    let content = credential_types_extension(types).unwrap();
    leaf.custom_extensions.push(CustomExtension::from_oid_content(oid::CREDENTIAL_TYPES, content));
    let pair = KeyPair::generate().unwrap();
    let leaf = leaf.signed_by(&pair, &Issuer::from_params(&root, &root_key)).unwrap();
    let mut anchors = Anchors::new();
    anchors.add_pem(&root_pem, &[usage]).unwrap();
    let key = SoftwareKey::from_pkcs8_pem(&pair.serialize_pem()).unwrap();
    Certified { anchors, x5c: vec![leaf.der().to_vec()], key }
}

impl Certified {
    fn verdict(&self, signed_at: UnixTime) -> &'static str {
        self.verdict_signed_by(signed_at, &self.key)
    }

    /// What a verifier says now of an mdoc that was signed then.
    fn verdict_signed_by(&self, signed_at: UnixTime, key: &SoftwareKey) -> &'static str {
        let valid_from = signed_at.max(NOW);
        let valid_until = valid_from.plus(86_400);
        let issuance =
            MdocIssuance { signed_at, valid_from, valid_until, x5c: self.x5c.clone(), ..issuance() };
        let bytes = issuance.build(&mut Replay(1), &RustCrypto).unwrap().sign_with(key).unwrap();
        let unverified = UnverifiedIssuerSigned::parse(&bytes).unwrap();
        let trusted =
            self.anchors.trust(unverified.x5c(), Usage::CredentialIssuer, NOW, &RustCrypto).unwrap();
        let verified = unverified.verify(&trusted, &Expected::at(valid_from), &RustCrypto);
        verified.map_or_else(|error| error.code().as_str(), |_| "accepted")
    }
}

#[test]
fn an_mdoc_that_was_signed_outside_its_certificates_time() {
    let issuer = certified(&["role-authority"]);
    assert_eq!(issuer.verdict(NOW.plus(-600)), "accepted");
    assert_eq!(issuer.verdict(BEGIN), "accepted");
    assert_eq!(issuer.verdict(BEGIN.plus(-61)), "INRO-MDOC-014");
    assert_eq!(issuer.verdict(END), "accepted");
    assert_eq!(issuer.verdict(END.plus(1)), "INRO-MDOC-014");
}

#[test]
fn an_mdoc_of_a_type_that_the_certificate_does_not_name() {
    assert_eq!(certified(&["role-authority"]).verdict(NOW), "accepted");
    let refused = certified(&["employee-id"]).verdict(NOW);
    assert_eq!(refused, inro_trust::TrustError::CredentialType.code().as_str());
}

#[test]
fn an_mdoc_under_a_certificate_of_another_key() {
    let issuer = certified(&["role-authority"]);
    assert_eq!(issuer.verdict(NOW), "accepted");
    let other = SoftwareKey::from_secret_bytes(&[77; 32]).unwrap();
    assert_ne!(other.public_key(), issuer.key.public_key());
    assert_eq!(issuer.verdict_signed_by(NOW, &other), "INRO-COSE-010");
}
