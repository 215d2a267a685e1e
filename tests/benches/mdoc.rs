//! How long an mdoc takes, beside isomdl and beside the raw operations, in one run.
//!
//! Prints one JSON line for each figure; `cargo xtask bench` makes `docs/benchmarks.md` of them.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops here")]

mod measuring;

use std::collections::BTreeMap;
use std::hint::black_box;

use ciborium::Value;
use inro_base::UnixTime;
use inro_crypto::{Provider, RustCrypto, Signer as _, SoftwareKey};
use inro_crypto_aws::{AwsLc, AwsLcKey};
use inro_mdoc::{Expected, HeldMdoc, MdocIssuance, SessionTranscript, UnverifiedDeviceResponse};
use inro_trust::{ClaimPath, TrustedKey, Usage};
use isomdl::definitions::device_key::{CoseKey, DeviceKeyInfo, EC2Curve, cose_key::EC2Y};
use isomdl::definitions::x509::X5Chain;
use isomdl::definitions::{DeviceResponse, DigestAlgorithm, IssuerSigned, ValidityInfo};
use isomdl::issuance::Mdoc;
use isomdl::presentation::authentication::mdoc::{device_authentication, issuer_authentication};
use measuring::{Repeatable, Runs, measure};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use serde::{Deserialize, Serialize};
use serde_json::json;

const DOC_TYPE: &str = "org.iso.18013.5.1.mDL";
const NAMESPACE: &str = "org.iso.18013.5.1";
const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);
const ELEMENTS: usize = 10;
const TEXT: &str = "福祉課 Welfare Section 12";
const RUNS: Runs = Runs { rounds: 21, repeats: 100 };
const PROVIDERS: [(&str, &dyn Provider); 2] = [("aws-lc-rs", &AwsLc), ("RustCrypto", &RustCrypto)];

fn main() {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let certificate = CertificateParams::default().self_signed(&pair).unwrap();
    let issuer = Issuer { pem: pair.serialize_pem(), der: certificate.der().to_vec() };
    let (key, holder) = (issuer.key(), SoftwareKey::from_secret_bytes(&[5; 32]).unwrap());
    let issued = issue(&issuer, &AwsLcKey::new(&key).unwrap(), &holder);
    let presented = present(&issued, &issuer, &holder);
    floor(&issued, &presented);
    verify(&presented, &issuer);
}

/// A document signer with a certificate of its own.
struct Issuer {
    pem: String,
    der: Vec<u8>,
}

impl Issuer {
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

/// A transcript as isomdl wants it: any value.
#[derive(Clone, Serialize, Deserialize)]
struct Transcript(Value);

impl isomdl::definitions::session::SessionTranscript for Transcript {}

fn transcript() -> SessionTranscript {
    let uri = "https://verifier.example/response";
    SessionTranscript::openid4vp("x509_san_dns:verifier.example", "nonce", None, uri, &RustCrypto)
}

fn names() -> impl Iterator<Item = String> {
    (0..ELEMENTS).map(|number| format!("element_{number}"))
}

/// Measures both houses and gives what ours issued.
fn issue(issuer: &Issuer, key: &AwsLcKey, holder: &SoftwareKey) -> Vec<u8> {
    let plan = MdocIssuance {
        doc_type: DOC_TYPE.into(),
        namespaces: vec![(
            NAMESPACE.into(),
            names().map(|name| (name, inro_mdoc::Value::from(TEXT))).collect(),
        )],
        decoys_per_namespace: 0,
        signed_at: NOW.plus(-60),
        valid_from: NOW.plus(-60),
        valid_until: NOW.plus(86_400),
        expected_update: None,
        holder_key: holder.public_key(),
        status: None,
        x5c: vec![issuer.der.clone()],
    };
    let mut rng = Repeatable(2);
    let mut ours = || plan.clone().build(&mut rng, &AwsLc).unwrap().sign_with(key).unwrap();
    measure(RUNS, "mdoc/issue/inro on aws-lc-rs", &mut ours);
    let theirs = theirs(issuer, holder);
    measure(RUNS, "mdoc/issue/isomdl", theirs);
    ours()
}

/// isomdl's way from the same elements to the bytes that a wallet receives.
fn theirs(issuer: &Issuer, holder: &SoftwareKey) -> impl Fn() -> Vec<u8> {
    let time = |at: UnixTime| time::OffsetDateTime::from_unix_timestamp(at.as_secs()).unwrap();
    let key = holder.public_key();
    let device_key =
        CoseKey::EC2 { crv: EC2Curve::P256, x: key.x().to_vec(), y: EC2Y::Value(key.y().to_vec()) };
    let device = DeviceKeyInfo { device_key, key_authorizations: None, key_info: None };
    let elements: BTreeMap<String, Value> = names().map(|name| (name, Value::from(TEXT))).collect();
    let validity = ValidityInfo {
        signed: time(NOW.plus(-60)),
        valid_from: time(NOW.plus(-60)),
        valid_until: time(NOW.plus(86_400)),
        expected_update: None,
    };
    let signer = p256_of_isomdl::ecdsa::SigningKey::from(
        <p256_of_isomdl::SecretKey as p256_of_isomdl::pkcs8::DecodePrivateKey>::from_pkcs8_pem(&issuer.pem)
            .unwrap(),
    );
    let chain = issuer.x5chain();
    move || {
        let mdoc = Mdoc::builder()
            .doc_type(DOC_TYPE.to_owned())
            .namespaces(BTreeMap::from([(NAMESPACE.to_owned(), elements.clone())]))
            .validity_info(validity.clone())
            .digest_algorithm(DigestAlgorithm::SHA256)
            .device_key_info(device.clone())
            .enable_decoy_digests(false)
            .issue::<_, p256_of_isomdl::ecdsa::Signature>(chain.clone(), signer.clone())
            .unwrap();
        let issued = IssuerSigned { namespaces: Some(mdoc.namespaces), issuer_auth: mdoc.issuer_auth };
        isomdl::cbor::to_vec(&issued).unwrap()
    }
}

fn present(issued: &[u8], issuer: &Issuer, holder: &SoftwareKey) -> Vec<u8> {
    let held = HeldMdoc::receive(issued, &issuer.trusted(), NOW, &AwsLc).unwrap();
    let paths: Vec<ClaimPath> =
        names().map(|name| ClaimPath::parse(&json!([NAMESPACE, name])).unwrap()).collect();
    held.present(&paths).unwrap().device_signature(&transcript()).sign_with(holder).unwrap()
}

fn verify(response: &[u8], issuer: &Issuer) {
    let (trusted, transcript) = (issuer.trusted(), transcript());
    for (name, provider) in PROVIDERS {
        measure(RUNS, &format!("mdoc/verify/inro on {name}"), || {
            let document = UnverifiedDeviceResponse::parse(response).unwrap().only_document().unwrap();
            document.verify(&trusted, &transcript, &Expected::at(NOW), provider).unwrap()
        });
    }
    let (chain, session): (_, Value) =
        (issuer.x5chain(), ciborium::from_reader(transcript.as_bytes()).unwrap());
    measure(RUNS, "mdoc/verify/isomdl", || {
        let response: DeviceResponse = isomdl::cbor::from_slice(response).unwrap();
        for document in response.documents.unwrap().into_inner() {
            issuer_authentication(chain.clone(), &document.issuer_signed).unwrap();
            device_authentication(&document, Transcript(session.clone())).unwrap();
        }
    });
}

/// What the formula counts beside signatures: SHA-256 over the bytes, one pass of ciborium over them and
/// over the items that are embedded in them, and the same way back.
fn floor(issued: &[u8], presented: &[u8]) {
    measure(RUNS, "mdoc/floor/hash verified", || AwsLc.sha256(presented));
    measure(RUNS, "mdoc/floor/cbor read", || read(presented).len());
    measure(RUNS, "mdoc/floor/hash issued", || AwsLc.sha256(issued));
    let values = read(issued);
    measure(RUNS, "mdoc/floor/cbor written", || {
        for value in &values {
            let mut bytes = Vec::new();
            ciborium::into_writer(value, &mut bytes).unwrap();
            black_box(bytes);
        }
    });
}

/// The value in `bytes`, and those embedded in it.
fn read(bytes: &[u8]) -> Vec<Value> {
    let value: Value = ciborium::from_reader(bytes).unwrap();
    let mut found = Vec::new();
    embedded(&value, &mut found);
    found.push(value);
    found
}

/// Source: RFC 8949 §3.4.5.1; the payload of a `COSE_Sign1` holds the MSO so, in a byte string.
fn embedded(value: &Value, found: &mut Vec<Value>) {
    const ENCODED: u64 = 24;
    match value {
        Value::Tag(ENCODED, inner) => {
            if let Value::Bytes(bytes) = &**inner {
                found.extend(read(bytes));
            }
        }
        Value::Bytes(bytes) if bytes.starts_with(&[0xd8, 24]) => found.extend(read(bytes)),
        Value::Array(values) => values.iter().for_each(|value| embedded(value, found)),
        Value::Map(pairs) => pairs.iter().for_each(|(_, value)| embedded(value, found)),
        _ => {}
    }
}
