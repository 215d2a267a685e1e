//! ISO/IEC 18013-5 annex D as isomdl's authors keep it: each file is read, verified or refused as its
//! content asks. The files are hex text.
//!
//! Session encryption has no room here yet; its vectors are checked with this house's primitives, so
//! that the proximity room begins on firm ground.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside the test functions")]

use std::fs;
use std::path::Path;

use inro_base::{Coded as _, UnixTime};
use inro_cose::{Item, Limits, UnverifiedMac0, UnverifiedSign1, Value, read_key};
use inro_crypto::{Provider as _, RustCrypto, Signer as _, SoftwareKey};
use inro_mdoc::{Expected, HeldMdoc, SessionTranscript, UnverifiedDeviceResponse, UnverifiedIssuerSigned};
use inro_tests::vectors;
use inro_trust::{TrustedKey, UntrustedCertificate, Usage};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::json;

const MDL: &str = "org.iso.18013.5.1.mDL";
/// Within the validity of the example.
const NOW: UnixTime = UnixTime::from_secs(1_630_000_000);
/// How many files the folder has; every one is read below.
const FILES: usize = 14;

type Check = fn(&Path) -> usize;

/// What is checked; each gives how many files it read for the first time.
const CHECKS: &[(&str, Check)] = &[
    ("an issuer-signed mdoc verifies, and is held", issuer_signed),
    ("values taken out do not fit their digests", dehydrated),
    ("a device response with a MAC is refused", device_response),
    ("COSE_Sign1", sign1),
    ("COSE_Mac0", mac0),
    ("COSE_Key", cose_key),
    ("session keys and the first message", session),
];

fn main() {
    let arguments = Arguments::from_args();
    let folder = vectors::folder("mdoc");
    if let Err(reason) = &folder {
        eprintln!("ignored: {reason}");
    }
    let trial = |name: &str, test: Box<dyn FnOnce(&Path) + Send>| {
        let folder = folder.clone();
        let ignored = folder.is_err();
        let run = move || -> Result<(), Failed> {
            test(&folder?);
            Ok(())
        };
        Trial::test(name, run).with_ignored_flag(ignored)
    };
    let mut trials: Vec<Trial> = CHECKS
        .iter()
        .map(|(name, check)| trial(name, Box::new(move |root| assert!(check(root) > 0))))
        .collect();
    trials.push(trial(
        "every file is read",
        Box::new(|root| {
            assert_eq!(CHECKS.iter().map(|(_, check)| check(root)).sum::<usize>(), FILES);
            assert_eq!(count(root), FILES);
        }),
    ));
    libtest_mimic::run(&arguments, trials).exit();
}

fn count(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

fn read(root: &Path, name: &str) -> Vec<u8> {
    let text = fs::read_to_string(root.join(name)).unwrap();
    let digits = text.trim().as_bytes();
    assert_eq!(digits.len() % 2, 0, "{name}");
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn issuer_signed(root: &Path) -> usize {
    let bytes = read(root, "issuer_signed.cbor");
    let parse = || UnverifiedIssuerSigned::parse(&bytes).unwrap();
    let leaf = parse().x5c().first().unwrap().clone();
    let key = *UntrustedCertificate::read(&leaf).unwrap().claimed_key();
    let issuer = TrustedKey::pinned(key, Usage::CredentialIssuer, &[MDL]);
    let verified = parse().verify(&issuer, &Expected::at(NOW), &RustCrypto).unwrap();
    assert_eq!(verified.doc_type(), MDL);
    let claims = verified.claims().get("org.iso.18013.5.1").unwrap();
    assert_eq!(claims.get("family_name"), Some(&json!("Doe")));
    assert_eq!(claims.get("issue_date"), Some(&json!("2019-10-20")));

    // What the issuer was told to say is what the mdoc says.
    let told = read(root, "namespaced_data.cbor");
    let told = Item::parse(&told, Limits::DOCUMENT).unwrap().member("namespaces").unwrap();
    let entries = told.member("org.iso.18013.5.1").unwrap().array().unwrap();
    assert_eq!(entries.len(), 6);
    for entry in entries {
        let name = entry.member("name").unwrap().text().unwrap();
        let said = verified.elements().find(|(_, identifier, _)| *identifier == name).unwrap().2;
        assert_eq!(*said, entry.member("value").unwrap().value().unwrap(), "{name}");
    }

    let held = HeldMdoc::receive(&bytes, &issuer, NOW, &RustCrypto).unwrap();
    assert_eq!(held.claims(), verified.claims());
    let other = TrustedKey::pinned(key, Usage::CredentialIssuer, &["employee-id"]);
    let refused = parse().verify(&other, &Expected::at(NOW), &RustCrypto).unwrap_err();
    assert_eq!(refused.code().as_str(), "INRO-TRUST-014");
    let late = Expected::at(UnixTime::from_secs(1_795_396_529));
    assert_eq!(parse().verify(&issuer, &late, &RustCrypto).unwrap_err().code().as_str(), "INRO-MDOC-012");
    2
}

fn dehydrated(root: &Path) -> usize {
    HeldMdoc::parse(&read(root, "issuer_signed.cbor"), &RustCrypto).unwrap();
    let bytes = read(root, "issuer_signed_dehydrated.cbor");
    let refused = HeldMdoc::parse(&bytes, &RustCrypto).unwrap_err();
    assert_eq!(refused.code().as_str(), "INRO-MDOC-009");
    1
}

fn device_response(root: &Path) -> usize {
    let bytes = read(root, "device_response.cbor");
    let refused = UnverifiedDeviceResponse::parse(&bytes).unwrap_err();
    assert_eq!(refused.code().as_str(), "INRO-MDOC-017");
    1
}

fn sign1(root: &Path) -> usize {
    let secret: [u8; 32] = read(root, "cose/sign1/secret_key").try_into().unwrap();
    let key = SoftwareKey::from_secret_bytes(&secret).unwrap().public_key();
    let bytes = read(root, "cose/sign1/serialized.cbor");
    let item = Item::parse(&bytes, Limits::MESSAGE).unwrap();
    let verified = UnverifiedSign1::parse(item, None).unwrap().verify(&RustCrypto, &key).unwrap();
    assert_eq!(verified.payload(), b"This is the content.");
    2
}

fn mac0(root: &Path) -> usize {
    let secret = read(root, "cose/mac0/secret_key");
    let bytes = read(root, "cose/mac0/serialized.cbor");
    let item = || Item::parse(&bytes, Limits::MESSAGE).unwrap();
    let payload = UnverifiedMac0::parse(item()).unwrap().verify(&secret, &RustCrypto).unwrap();
    assert_eq!(payload, b"This is the content.");
    let refused = UnverifiedMac0::parse(item()).unwrap().verify(b"another key", &RustCrypto).unwrap_err();
    assert_eq!(refused.code().as_str(), "INRO-COSE-011");
    2
}

fn cose_key(root: &Path) -> usize {
    let bytes = read(root, "cose_key/ec_p256.cbor");
    read_key(Item::parse(&bytes, Limits::MESSAGE).unwrap()).unwrap();
    1
}

/// Source: ISO/IEC 18013-5 §9.1.1.5 (read from peers).
fn session(root: &Path) -> usize {
    let transcript = read(root, "session/session_transcript.cbor");
    let inner = Item::parse(&transcript, Limits::MESSAGE).unwrap().encoded().unwrap();
    SessionTranscript::from_bytes(inner).unwrap();
    let establishment = read(root, "session/session_establishment.cbor");
    let establishment = Item::parse(&establishment, Limits::MESSAGE).unwrap();
    let reader = establishment.member("eReaderKey").unwrap().encoded().unwrap();
    let reader = read_key(Item::parse(reader, Limits::MESSAGE).unwrap()).unwrap();
    let device: [u8; 32] = read(root, "session/e_device_key.cbor").try_into().unwrap();
    let shared = RustCrypto.ecdh_p256(&device, &reader).unwrap();
    assert_eq!(shared.as_slice(), read(root, "session/shared_secret.cbor"));
    let mut key = [0; 32];
    RustCrypto.hkdf_sha256(&shared, &RustCrypto.sha256(&transcript), b"SKReader", &mut key).unwrap();
    assert_eq!(key.as_slice(), read(root, "session/reader_session_key.cbor"));
    let sealed = establishment.member("data").unwrap().bytes().unwrap();
    let nonce = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let request = RustCrypto.aes256_gcm_open(&key, &nonce, &[], sealed).unwrap();
    let request = Item::parse(&request, Limits::DOCUMENT).unwrap();
    assert_eq!(request.member("version").unwrap().value().unwrap(), Value::from("1.0"));
    5
}
