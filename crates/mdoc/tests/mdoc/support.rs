//! One issuer, one device, one session, and ways to alter what they say.

use inro_base::{Coded as _, Rng, UnixTime};
use inro_cose::{encode, write};
use inro_crypto::{Provider as _, RustCrypto, Signer as _, SoftwareKey};
use inro_mdoc::{
    Expected, HeldMdoc, MdocError, MdocIssuance, SessionTranscript, UnverifiedDeviceResponse, Value,
    VerifiedMdoc,
};
use inro_trust::{ClaimPath, TrustedKey, Usage};
use serde_json::json;

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);
pub(crate) const DOC_TYPE: &str = "inro.role-authority.1";
pub(crate) const MAIN: &str = "inro.role-authority.1";
pub(crate) const POWERS: &str = "inro.role-authority.powers.1";

/// SplitMix64: the same numbers for the same seed.
pub(crate) struct Replay(pub(crate) u64);

impl Rng for Replay {
    fn fill(&mut self, destination: &mut [u8]) {
        for byte in destination {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed ^ (mixed >> 31)).to_le_bytes()[0];
        }
    }
}

pub(crate) fn issuer() -> SoftwareKey {
    SoftwareKey::from_secret_bytes(&[31; 32]).unwrap()
}

pub(crate) fn device() -> SoftwareKey {
    SoftwareKey::from_secret_bytes(&[32; 32]).unwrap()
}

pub(crate) fn trusted() -> TrustedKey {
    TrustedKey::pinned(issuer().public_key(), Usage::CredentialIssuer, &["role-authority"])
}

pub(crate) fn issuance() -> MdocIssuance {
    let text = |name: &str, value: Value| (name.to_owned(), value);
    MdocIssuance {
        doc_type: DOC_TYPE.into(),
        namespaces: vec![
            (
                MAIN.into(),
                vec![text("scope_agency", Value::from("M0001")), text("clearance", Value::from(2))],
            ),
            (
                POWERS.into(),
                vec![text("welfare.view", Value::Bool(true)), text("welfare.approve", Value::Bool(true))],
            ),
        ],
        decoys_per_namespace: 2,
        signed_at: NOW.plus(-600),
        valid_from: NOW.plus(-600),
        valid_until: NOW.plus(86_400),
        expected_update: None,
        holder_key: device().public_key(),
        status: None,
        x5c: Vec::new(),
    }
}

pub(crate) fn issue(issuance: MdocIssuance, seed: u64) -> Vec<u8> {
    issuance.build(&mut Replay(seed), &RustCrypto).unwrap().sign_with(&issuer()).unwrap()
}

pub(crate) fn held() -> HeldMdoc {
    HeldMdoc::receive(&issue(issuance(), 1), &trusted(), NOW, &RustCrypto).unwrap()
}

pub(crate) fn transcript() -> SessionTranscript {
    SessionTranscript::openid4vp(
        "x509_san_dns:verifier.example",
        "exc7gBkxjx1rdc9udRrveKvSsJIq80avlXeLHhGwqtA",
        None,
        "https://verifier.example/response",
        &RustCrypto,
    )
}

pub(crate) fn paths(elements: &[(&str, &str)]) -> Vec<ClaimPath> {
    elements
        .iter()
        .map(|(namespace, element)| ClaimPath::parse(&json!([namespace, element])).unwrap())
        .collect()
}

pub(crate) fn present(held: &HeldMdoc, elements: &[(&str, &str)], session: &SessionTranscript) -> Vec<u8> {
    held.present(&paths(elements)).unwrap().device_signature(session).sign_with(&device()).unwrap()
}

pub(crate) fn verify(response: &[u8]) -> Result<VerifiedMdoc, MdocError> {
    verify_at(response, &transcript(), NOW)
}

pub(crate) fn verify_at(
    response: &[u8],
    session: &SessionTranscript,
    now: UnixTime,
) -> Result<VerifiedMdoc, MdocError> {
    let document = UnverifiedDeviceResponse::parse(response)?.only_document()?;
    document.verify(&trusted(), session, &Expected::at(now), &RustCrypto)
}

pub(crate) fn code(response: &[u8]) -> &'static str {
    verify(response).map_or_else(|error| error.code().as_str(), |_| "accepted")
}

/// A response to alter: the unaltered one is accepted.
pub(crate) fn response() -> Value {
    let bytes = present(&held(), &[(MAIN, "clearance"), (POWERS, "welfare.approve")], &transcript());
    verify(&bytes).unwrap();
    decode(&bytes)
}

pub(crate) fn decode(bytes: &[u8]) -> Value {
    let item = inro_cose::Item::parse(bytes, inro_cose::Limits::DOCUMENT).unwrap();
    item.value().unwrap()
}

/// The value at a path of map keys and array indices.
pub(crate) fn at<'a>(value: &'a mut Value, path: &[&str]) -> &'a mut Value {
    let Some((first, rest)) = path.split_first() else { return value };
    let next = match value {
        Value::Map(entries) => {
            let known = |(key, _): &&mut (Value, Value)| key.as_text() == Some(first);
            &mut entries.iter_mut().find(known).unwrap_or_else(|| panic!("no {first}")).1
        }
        Value::Array(items) => &mut items[first.parse::<usize>().unwrap()],
        Value::Tag(_, inner) => return at(inner, path),
        _ => panic!("nothing below {first}"),
    };
    at(next, rest)
}

/// Changes what stands in a byte string of tag 24.
pub(crate) fn inside(value: &mut Value, change: impl FnOnce(&mut Value)) {
    let Value::Tag(24, bytes) = value else { panic!("not encoded CBOR") };
    let mut inner = decode(bytes.as_bytes().unwrap());
    change(&mut inner);
    *value = write::encoded(encode(&inner));
}

pub(crate) const DOCUMENT: &[&str] = &["documents", "0"];

pub(crate) fn document(response: &mut Value) -> &mut Value {
    at(response, DOCUMENT)
}

/// Signs `issuerAuth` again after `change` in the mobile security object: a dishonest issuer.
pub(crate) fn resign(issuer_signed: &mut Value, change: impl FnOnce(&mut Value)) {
    let auth = at(issuer_signed, &["issuerAuth"]);
    let mut payload = decode(at(auth, &["2"]).as_bytes().unwrap());
    inside(&mut payload, change);
    let signature = sign(&encode(&payload));
    *auth = decode(&inro_cose::Sign1ToSign::new(encode(&payload), None, &[]).finish(&signature));
}

fn sign(payload: &[u8]) -> inro_crypto::Signature {
    let unsigned = inro_cose::Sign1ToSign::new(payload.to_vec(), None, &[]);
    issuer().sign_es256(unsigned.signing_input()).unwrap()
}

/// The items of a name space in a document.
pub(crate) fn items<'a>(response: &'a mut Value, namespace: &str) -> &'a mut Vec<Value> {
    match at(document(response), &["issuerSigned", "nameSpaces", namespace]) {
        Value::Array(items) => items,
        _ => panic!("no items"),
    }
}

/// The digest of an item as it now stands.
pub(crate) fn digest(item: &Value) -> Value {
    Value::Bytes(RustCrypto.sha256(&encode(item)).to_vec())
}
