//! Credentials of both formats, what is presented of them, and status lists.

use std::sync::LazyLock;

use inro_base::base64url;
use inro_credential::{Format, HeldCredential};
use inro_crypto::{RustCrypto, Signer as _};
use inro_mdoc::{
    HeldMdoc, SessionTranscript, UnverifiedDeviceResponse, UnverifiedIssuerSigned, VerifiedMdoc,
};
use inro_sd_jwt::{Expected, HeldSdJwt, KeyBinding, UnverifiedSdJwt, plain};
use inro_status::{
    Bits, CWT_MEDIA_TYPE, ListForms, Status, StatusArray, StatusListToken, StatusReference,
    UnverifiedStatusList, VerifiedStatusList,
};
use inro_trust::{ClaimPath, Usage};
use inro_verifier_sdk::{NeededList, StatusCache};
use serde_json::{Value, json};

use super::world::{AGENCY, DOC_TYPE, LIST, MDOC, NOW, SD_JWT, WORLD, answer, holder, response, text, value};
use super::{Parser, Takes, shown};

pub(super) const AUDIENCE: &str = "x509_san_dns:verifier.example";
pub(super) const NONCE: &str = "J3dFJ2pZc0hTbk1jY2R3Yw";

pub(super) const PARSERS: &[Parser] = &[
    Parser {
        name: "sd_jwt_presentation",
        drives: &["sd_jwt::UnverifiedSdJwt::parse", "sd_jwt::Unverified::parse"],
        read: |bytes| {
            let text = text(bytes)?;
            let rules = plain::Rules { now: NOW, clock_skew: 60, key_binding: KeyBinding::NotRequired };
            let plain = plain::Unverified::parse(text, &[inro_sd_jwt::TYP]).ok();
            let plain = plain
                .and_then(|plain| plain.verify(&WORLD.issuer.key.public_key(), &rules, &RustCrypto).ok());
            let verified = presented(text);
            // The laxer reading takes whatever the stricter one takes.
            assert!(verified.is_none() || plain.is_some());
            verified
        },
        good: || PRESENTED.clone().into_bytes(),
        takes: Takes::Same,
    },
    Parser {
        name: "key_binding_jwt",
        drives: &[],
        read: |bytes| {
            let (before, _) = PRESENTED.rsplit_once('~')?;
            presented(&format!("{before}~{}", text(bytes)?))
        },
        good: || PRESENTED.rsplit('~').next().unwrap().as_bytes().to_vec(),
        takes: Takes::Same,
    },
    Parser {
        name: "sd_jwt_credential",
        drives: &[
            "sd_jwt::HeldSdJwt::receive",
            "sd_jwt::HeldSdJwt::parse",
            "credential::HeldCredential::receive",
            "credential::HeldCredential::parse",
        ],
        read: |bytes| held(Format::SdJwtVc, text(bytes)?),
        good: || SD_JWT.clone().into_bytes(),
        takes: Takes::Part,
    },
    Parser {
        name: "sd_jwt_stored",
        drives: &[],
        read: |bytes| Some(HeldSdJwt::parse(text(bytes)?, &RustCrypto).ok()?.claims().clone().into()),
        good: || SD_JWT.clone().into_bytes(),
        takes: Takes::Any,
    },
    Parser {
        name: "mdoc_credential",
        drives: &["mdoc::UnverifiedIssuerSigned::parse", "mdoc::HeldMdoc::receive", "mdoc::HeldMdoc::parse"],
        read: |bytes| {
            let unverified = UnverifiedIssuerSigned::parse(bytes).ok()?;
            let expected = inro_mdoc::Expected::at(NOW);
            let issuer =
                WORLD.anchors.trust(unverified.x5c(), Usage::CredentialIssuer, NOW, &RustCrypto).ok()?;
            let verified = unverified.verify(&issuer, &expected, &RustCrypto).ok()?;
            let held = held(Format::Mdoc, &base64url::encode(bytes));
            assert_eq!(held.as_ref(), Some(&verified.claims().clone().into()));
            held
        },
        good: || MDOC.clone(),
        takes: Takes::Part,
    },
    Parser {
        name: "mdoc_stored",
        drives: &[],
        read: |bytes| Some(HeldMdoc::parse(bytes, &RustCrypto).ok()?.claims().clone().into()),
        good: || MDOC.clone(),
        takes: Takes::Any,
    },
    Parser {
        name: "device_response",
        drives: &["mdoc::UnverifiedDeviceResponse::parse", "cose::UnverifiedSign1::verify_detached"],
        read: |bytes| Some(device_response(bytes)?.claims().clone().into()),
        good: || DEVICE_RESPONSE.clone(),
        takes: Takes::Part,
    },
    Parser {
        name: "session_transcript",
        drives: &["mdoc::SessionTranscript::from_bytes"],
        read: |bytes| shown(SessionTranscript::from_bytes(bytes).ok()?.as_bytes()),
        good: || transcript().as_bytes().to_vec(),
        takes: Takes::Any,
    },
    Parser {
        name: "status_list_jwt",
        drives: &["status::UnverifiedStatusList::parse_jwt"],
        read: |bytes| statuses(UnverifiedStatusList::parse_jwt(text(bytes)?).ok()?),
        good: || status_jwt().into_bytes(),
        takes: Takes::Same,
    },
    Parser {
        name: "status_list_cwt",
        drives: &["status::UnverifiedStatusList::parse_cwt"],
        read: |bytes| statuses(UnverifiedStatusList::parse_cwt(bytes).ok()?),
        good: status_cwt,
        takes: Takes::Same,
    },
    Parser {
        name: "status_list_answer",
        drives: &["status::UnverifiedStatusList::received", "verifier_sdk::StatusCache::received"],
        read: |bytes| {
            let response = response(bytes)?;
            let list = UnverifiedStatusList::received(&response, ListForms::JwtOrCwt).ok().and_then(statuses);
            let needed =
                NeededList { uri: LIST.into(), authority: AGENCY.into(), forms: ListForms::JwtOrCwt };
            let known = StatusCache::new().received(&needed, &response, &WORLD.anchors, NOW, &RustCrypto);
            assert_eq!(known.is_ok(), list.is_some());
            list
        },
        good: || answer(CWT_MEDIA_TYPE, status_cwt()),
        takes: Takes::Same,
    },
    Parser {
        name: "status_array",
        drives: &["status::StatusArray::decompress"],
        read: |bytes| {
            let array = StatusArray::decompress(Bits::Two, bytes).ok()?;
            // What it may hold is bounded, however little was sent.
            assert!(array.status(4 * u64::try_from(inro_status::MAX_ARRAY_BYTES).unwrap()).is_err());
            shown(array.status(0))
        },
        good: || status_array().compress(),
        takes: Takes::Any,
    },
    Parser {
        name: "status_reference",
        drives: &["status::StatusReference::from_claims"],
        read: |bytes| shown(StatusReference::from_claims(value(bytes)?.as_object()?).ok()?),
        good: || json!({ "status": { "status_list": { "idx": 7, "uri": LIST } } }).to_string().into_bytes(),
        takes: Takes::Any,
    },
];

static PRESENTED: LazyLock<String> = LazyLock::new(|| {
    let paths = [json!(["employee_number"]), json!(["agency", "name"]), json!(["powers", null])];
    let paths: Vec<ClaimPath> = paths.iter().map(|path| ClaimPath::parse(path).unwrap()).collect();
    let held = HeldSdJwt::parse(&SD_JWT, &RustCrypto).unwrap();
    let to_sign = held.present(&paths).unwrap().key_binding(AUDIENCE, NONCE, NOW.plus(-5), &RustCrypto);
    to_sign.sign_with(&holder()).unwrap()
});

static DEVICE_RESPONSE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let held = HeldMdoc::parse(&MDOC, &RustCrypto).unwrap();
    let path = ClaimPath::parse(&json!([DOC_TYPE, "employee_number"])).unwrap();
    held.present(&[path]).unwrap().device_signature(&transcript()).sign_with(&holder()).unwrap()
});

/// The verdict on a presentation, with the audience, the nonce and the time of this world.
pub(super) fn presented(text: &str) -> Option<Value> {
    let unverified = UnverifiedSdJwt::parse(text).ok()?;
    let issuer = WORLD.anchors.trust(unverified.x5c(), Usage::CredentialIssuer, NOW, &RustCrypto).ok()?;
    let expected = Expected::presented(NOW, AUDIENCE, NONCE, 300);
    let verified = unverified.verify(&issuer, &expected, &RustCrypto).ok()?;
    Some(json!([verified.claims(), verified.key_binding_claims(), verified.key_bound()]))
}

/// The verdict on a device response, with the transcript and the time of this world.
pub(super) fn device_response(bytes: &[u8]) -> Option<VerifiedMdoc> {
    let document = UnverifiedDeviceResponse::parse(bytes).ok()?.only_document().ok()?;
    let issuer = WORLD.anchors.trust(document.x5c(), Usage::CredentialIssuer, NOW, &RustCrypto).ok()?;
    document.verify(&issuer, &transcript(), &inro_mdoc::Expected::at(NOW), &RustCrypto).ok()
}

pub(super) fn transcript() -> SessionTranscript {
    SessionTranscript::openid4vp(AUDIENCE, NONCE, None, "https://verifier.example/responses/1", &RustCrypto)
}

/// What the wallet keeps of a credential that came, and reads back from its store.
fn held(format: Format, text: &str) -> Option<Value> {
    let held = HeldCredential::receive(format, text, &WORLD.anchors, NOW, &RustCrypto).ok()?;
    let stored = HeldCredential::parse(format, text, &RustCrypto).unwrap();
    assert_eq!(stored.claims(), held.claims());
    Some(held.claims().clone().into())
}

fn status_array() -> StatusArray {
    let mut list = StatusArray::valid(Bits::Two, 64).unwrap();
    list.set(3, Status::Invalid).unwrap();
    list.set(5, Status::Suspended).unwrap();
    list
}

fn status_token() -> StatusListToken {
    StatusListToken {
        uri: LIST.into(),
        issued_at: NOW.plus(-30),
        expires_at: NOW.plus(3_600),
        ttl: 60,
        list: status_array(),
    }
}

fn status_jwt() -> String {
    status_token().jwt_to_sign(std::slice::from_ref(&WORLD.issuer.der)).sign_with(&WORLD.issuer.key).unwrap()
}

fn status_cwt() -> Vec<u8> {
    let unsigned = status_token().cwt_to_sign(std::slice::from_ref(&WORLD.issuer.der));
    let signature = WORLD.issuer.key.sign_es256(unsigned.signing_input()).unwrap();
    unsigned.finish_tagged(&signature)
}

fn statuses(unverified: UnverifiedStatusList) -> Option<Value> {
    let signer = WORLD.anchors.trust(unverified.x5c(), Usage::CredentialIssuer, NOW, &RustCrypto).ok()?;
    let expected = inro_status::Expected { uri: LIST, authority: AGENCY, now: NOW };
    let list: VerifiedStatusList = unverified.verify(&signer, &expected, &RustCrypto).ok()?;
    let places: Vec<String> = (0..64).map(|index| format!("{:?}", list.status(index))).collect();
    Some(json!([list.issued_at().as_secs(), places]))
}
