//! isomdl and this house read each other's mdoc. Where isomdl is lax, our verifier is not.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests, outside the test functions"
)]

use std::collections::BTreeMap;

use ciborium::Value;
use inro_base::{Coded as _, Rng, UnixTime};
use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_mdoc::{
    Expected, HeldMdoc, MdocIssuance, SessionTranscript, UnverifiedDeviceResponse, UnverifiedIssuerSigned,
};
use inro_trust::{ClaimPath, TrustedKey, Usage};
use isomdl::definitions::device_key::{CoseKey, DeviceKeyInfo, EC2Curve, cose_key::EC2Y};
use isomdl::definitions::x509::X5Chain;
use isomdl::definitions::{DeviceResponse, DigestAlgorithm, IssuerSigned, ValidityInfo};
use isomdl::issuance::Mdoc;
use isomdl::presentation::authentication::mdoc::{device_authentication, issuer_authentication};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use serde::{Deserialize, Serialize};
use serde_json::json;

const DOC_TYPE: &str = "org.iso.18013.5.1.mDL";
const NAMESPACE: &str = "org.iso.18013.5.1";
const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);

/// A transcript as isomdl wants it: any value.
#[derive(Clone, Serialize, Deserialize)]
struct Transcript(Value);

impl isomdl::definitions::session::SessionTranscript for Transcript {}

struct Counting(u8);

impl Rng for Counting {
    fn fill(&mut self, destination: &mut [u8]) {
        for byte in destination {
            self.0 = self.0.wrapping_mul(5).wrapping_add(17);
            *byte = self.0;
        }
    }
}

/// A document signer with a certificate of its own.
struct Issuer {
    der: Vec<u8>,
    pem: String,
}

impl Issuer {
    fn new() -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let certificate = CertificateParams::default().self_signed(&pair).unwrap();
        Self { der: certificate.der().to_vec(), pem: pair.serialize_pem() }
    }

    fn key(&self) -> SoftwareKey {
        SoftwareKey::from_pkcs8_pem(&self.pem).unwrap()
    }

    fn trusted(&self) -> TrustedKey {
        TrustedKey::pinned(self.key().public_key(), Usage::CredentialIssuer, &[DOC_TYPE])
    }

    fn x5chain(&self) -> X5Chain {
        X5Chain::builder().with_der_certificate(&self.der).unwrap().build().unwrap()
    }
}

fn device() -> SoftwareKey {
    SoftwareKey::from_secret_bytes(&[5; 32]).unwrap()
}

fn transcript() -> SessionTranscript {
    let uri = "https://verifier.example/response";
    SessionTranscript::openid4vp("x509_san_dns:verifier.example", "nonce", None, uri, &RustCrypto)
}

fn present(issuer_signed: &[u8], issuer: &Issuer) -> Vec<u8> {
    let held = HeldMdoc::receive(issuer_signed, &issuer.trusted(), NOW, &RustCrypto).unwrap();
    let path = ClaimPath::parse(&json!([NAMESPACE, "family_name"])).unwrap();
    held.present(&[path]).unwrap().device_signature(&transcript()).sign_with(&device()).unwrap()
}

fn we_verify(response: &[u8], issuer: &Issuer) -> &'static str {
    let verified =
        UnverifiedDeviceResponse::parse(response).and_then(UnverifiedDeviceResponse::only_document).and_then(
            |document| document.verify(&issuer.trusted(), &transcript(), &Expected::at(NOW), &RustCrypto),
        );
    verified.map_or_else(|error| error.code().as_str(), |_| "accepted")
}

/// What isomdl says of issuer and device.
fn isomdl_verifies(response: &[u8], issuer: &Issuer) -> (bool, bool) {
    let response: DeviceResponse = isomdl::cbor::from_slice(response).unwrap();
    let documents = response.documents.unwrap().into_inner();
    let document = &documents[0];
    let session: Value = ciborium::from_reader(transcript().as_bytes()).unwrap();
    (
        issuer_authentication(issuer.x5chain(), &document.issuer_signed).is_ok(),
        device_authentication(document, Transcript(session)).is_ok(),
    )
}

fn ours(issuer: &Issuer) -> Vec<u8> {
    let issuance = MdocIssuance {
        doc_type: DOC_TYPE.into(),
        namespaces: vec![(
            NAMESPACE.into(),
            vec![
                ("family_name".into(), inro_mdoc::Value::from("山田")),
                ("issue_date".into(), inro_mdoc::full_date("2026-11-23")),
            ],
        )],
        decoys_per_namespace: 3,
        signed_at: NOW.plus(-60),
        valid_from: NOW.plus(-60),
        valid_until: NOW.plus(86_400),
        expected_update: None,
        holder_key: device().public_key(),
        status: None,
        x5c: vec![issuer.der.clone()],
    };
    issuance.build(&mut Counting(1), &RustCrypto).unwrap().sign_with(&issuer.key()).unwrap()
}

fn theirs(issuer: &Issuer) -> Vec<u8> {
    let time = |at: UnixTime| time::OffsetDateTime::from_unix_timestamp(at.as_secs()).unwrap();
    let key = device().public_key();
    let device_key =
        CoseKey::EC2 { crv: EC2Curve::P256, x: key.x().to_vec(), y: EC2Y::Value(key.y().to_vec()) };
    let elements = BTreeMap::from([
        ("family_name".to_owned(), Value::from("Yamada")),
        ("portrait".to_owned(), Value::Bytes(vec![0xff, 0xd8])),
    ]);
    let signer = p256_of_isomdl::ecdsa::SigningKey::from(
        <p256_of_isomdl::SecretKey as p256_of_isomdl::pkcs8::DecodePrivateKey>::from_pkcs8_pem(&issuer.pem)
            .unwrap(),
    );
    let mdoc = Mdoc::builder()
        .doc_type(DOC_TYPE.to_owned())
        .namespaces(BTreeMap::from([(NAMESPACE.to_owned(), elements)]))
        .validity_info(ValidityInfo {
            signed: time(NOW.plus(-60)),
            valid_from: time(NOW.plus(-60)),
            valid_until: time(NOW.plus(86_400)),
            expected_update: None,
        })
        .digest_algorithm(DigestAlgorithm::SHA256)
        .device_key_info(DeviceKeyInfo { device_key, key_authorizations: None, key_info: None })
        .enable_decoy_digests(true)
        .issue::<_, p256_of_isomdl::ecdsa::Signature>(issuer.x5chain(), signer)
        .unwrap();
    let issuer_signed = IssuerSigned { namespaces: Some(mdoc.namespaces), issuer_auth: mdoc.issuer_auth };
    isomdl::cbor::to_vec(&issuer_signed).unwrap()
}

#[test]
fn isomdl_verifies_what_we_issue_and_present() {
    let issuer = Issuer::new();
    let response = present(&ours(&issuer), &issuer);
    assert_eq!(we_verify(&response, &issuer), "accepted");
    assert_eq!(isomdl_verifies(&response, &issuer), (true, true));
    let read: DeviceResponse = isomdl::cbor::from_slice(&response).unwrap();
    let document = read.documents.unwrap().into_inner().remove(0);
    let items = document.issuer_signed.namespaces.unwrap().into_inner().remove(NAMESPACE).unwrap();
    let item = items.into_inner().remove(0).into_inner();
    assert_eq!((item.element_identifier.as_str(), item.element_value), ("family_name", Value::from("山田")));
}

#[test]
fn we_verify_what_isomdl_issues_and_present_it() {
    let issuer = Issuer::new();
    let issued = theirs(&issuer);
    let verified = UnverifiedIssuerSigned::parse(&issued)
        .unwrap()
        .verify(&issuer.trusted(), &Expected::at(NOW), &RustCrypto)
        .unwrap();
    assert_eq!(
        json!(verified.claims()),
        json!({ NAMESPACE: { "family_name": "Yamada", "portrait": "_9g" } })
    );
    let response = present(&issued, &issuer);
    assert_eq!(we_verify(&response, &issuer), "accepted");
    assert_eq!(isomdl_verifies(&response, &issuer), (true, true));
}

/// A known fault of isomdl (its issue 132): it compares no digests.
#[test]
fn an_altered_item_passes_isomdl_and_not_us() {
    let issuer = Issuer::new();
    let response = present(&ours(&issuer), &issuer);
    assert_eq!(
        (we_verify(&response, &issuer), isomdl_verifies(&response, &issuer)),
        ("accepted", (true, true))
    );
    let name = "山田".as_bytes();
    let at = response.windows(name.len()).position(|window| window == name).unwrap();
    let mut altered = response;
    altered[at..at + name.len()].copy_from_slice("岡田".as_bytes());
    assert_eq!(isomdl_verifies(&altered, &issuer), (true, true), "isomdl takes it");
    assert_eq!(we_verify(&altered, &issuer), "INRO-MDOC-009", "we do not");
}

#[test]
fn a_signature_of_another_session_passes_nobody() {
    let issuer = Issuer::new();
    let held = HeldMdoc::receive(&ours(&issuer), &issuer.trusted(), NOW, &RustCrypto).unwrap();
    let uri = "https://verifier.example/response";
    let other =
        SessionTranscript::openid4vp("x509_san_dns:verifier.example", "other", None, uri, &RustCrypto);
    let response = held.present(&[]).unwrap().device_signature(&other).sign_with(&device()).unwrap();
    assert_eq!(we_verify(&response, &issuer), "INRO-MDOC-018");
    assert_eq!(isomdl_verifies(&response, &issuer), (true, false));
}
