//! JSON, keys, JWS, JWE, certificates, and what OAuth sends.

use inro_base::http::Method;
use inro_base::json::{self, Limits};
use inro_base::{RequestId, UnixTime, base64url};
use inro_cose::{Item, Limits as CborLimits, Sign1ToSign, UnverifiedMac0, UnverifiedSign1, Value as Cbor};
use inro_crypto::{Provider as _, PublicKey, RustCrypto, Signature, Signer as _, SoftwareKey};
use inro_jose::jwe::{ContentEncryption, PartyInfo, Recipient, UnverifiedJwe, encrypt};
use inro_jose::{Expect, Jwk, UnverifiedJws};
use inro_oauth::dpop::{self, Expected, Target};
use inro_oauth::form::{self, Form};
use inro_oauth::{
    ErrorCode, ErrorSeen, HttpsUrl, NonceKey, Purpose, ServerMetadata, TokenResponse, UnverifiedDpop,
};
use inro_trust::registration::UnverifiedRegistration;
use inro_trust::{Anchors, ClaimPath, UntrustedCertificate, Usage, certificates_from_pem};
use serde_json::{Value, json};

use super::world::{NOW, WORLD, decryption_key, holder, jws, key, text, url, value};
use super::{Parser, Takes, shown};
use crate::stream::Stream;

const EXPECT: Expect<'_> = Expect { typ: &["kb+jwt"], limits: Limits::MESSAGE };
const TOKEN_URL: &str = "https://issuer.example/token";

pub(super) const PARSERS: &[Parser] = &[
    Parser {
        name: "json",
        drives: &[
            "base::json::parse",
            "base::json::parse_object",
            "base::json::decode",
            "oauth::ErrorSeen::read",
            "oauth::ErrorCode::parse",
            "base::RequestId::parse",
            "mdoc::json::element_from_json",
            "base::UnixTime::from_numeric_date",
        ],
        read: |bytes| {
            let object = json::parse_object(bytes, Limits::MESSAGE);
            let typed = json::decode::<Value>(bytes, Limits::MESSAGE);
            let seen = ErrorSeen::read(bytes);
            ErrorCode::parse(&seen.error);
            let value = json::parse(bytes, Limits::MESSAGE).ok()?;
            assert_eq!(object.is_ok(), value.is_object());
            assert_eq!(typed.as_ref(), Ok(&value));
            // What was read says the same when it is written and read again.
            let written = serde_json::to_vec(&value).unwrap();
            assert_eq!(json::parse(&written, Limits { bytes: 1 << 20, depth: 16 }).as_ref(), Ok(&value));
            UnixTime::from_numeric_date(&value);
            let _ = inro_mdoc::element_from_json(&value).map(|element| inro_cose::encode(&element));
            if let Some(text) = value.as_str() {
                RequestId::parse(text);
            }
            Some(value)
        },
        good: || {
            br#"{"error":"invalid_grant","inro_code":"INRO-VCI-035","n":[1,2.5,null,true],"o":{"a":"\u3042"}}"#.to_vec()
        },
        takes: Takes::Any,
    },
    Parser {
        name: "base64",
        drives: &[
            "base::base64url::decode",
            "base::base64url::decode_array",
            "base::base64url::decode_standard",
        ],
        read: |bytes| {
            let text = text(bytes)?;
            if let Ok(standard) = base64url::decode_standard(text) {
                assert_eq!(base64url::encode_standard(&standard), text);
            }
            let _ = base64url::decode_array::<32>(text);
            let decoded = base64url::decode(text).ok()?;
            // One text for one value: a second one would be a second name of the same thing.
            assert_eq!(base64url::encode(&decoded), text);
            Some(text.into())
        },
        good: || base64url::encode(&[7; 32]).into_bytes(),
        takes: Takes::Any,
    },
    Parser {
        name: "key",
        drives: &[
            "crypto::PublicKey::from_sec1",
            "crypto::PublicKey::from_coordinates",
            "crypto::Signature::from_bytes",
            "crypto::Signature::from_der",
            "crypto::SoftwareKey::from_pkcs8_pem",
            "crypto::SoftwareKey::from_secret_bytes",
            "jose::AgreementKey::from_secret_bytes",
        ],
        read: |bytes| {
            if let Ok(signature) = Signature::from_der(bytes) {
                assert_eq!(signature.to_der(), bytes);
            }
            if let Ok(signature) = Signature::from_bytes(bytes) {
                assert_eq!(Signature::from_der(&signature.to_der()), Ok(signature));
            }
            if let Ok(secret) = <&[u8; 32]>::try_from(bytes) {
                let agreement = inro_jose::jwe::AgreementKey::from_secret_bytes(secret);
                assert_eq!(SoftwareKey::from_secret_bytes(secret).is_ok(), agreement.is_ok());
            }
            let _ = text(bytes).map(SoftwareKey::from_pkcs8_pem);
            let key = PublicKey::from_sec1(bytes).ok()?;
            assert_eq!(PublicKey::from_coordinates(key.x(), key.y()), Ok(key));
            shown(key)
        },
        good: || [&[4], holder().public_key().x().as_slice(), holder().public_key().y()].concat(),
        takes: Takes::Any,
    },
    Parser {
        name: "jwk",
        drives: &["jose::Jwk::parse", "jose::Jwk::parse_recipient", "jose::Jwk::parse_agreement"],
        read: |bytes| {
            let value = value(bytes)?;
            let jwk = Jwk::parse(&value).ok();
            for narrower in [Jwk::parse_agreement(&value), Jwk::parse_recipient(&value)] {
                assert!(narrower.is_none() || narrower == jwk);
            }
            let jwk = jwk?;
            assert_eq!(Jwk::parse(&jwk.to_value()).as_ref(), Ok(&jwk));
            Some(jwk.to_value())
        },
        good: || decryption_key().to_jwk().to_recipient_value().to_string().into_bytes(),
        takes: Takes::Any,
    },
    Parser {
        name: "jws",
        drives: &["jose::UnverifiedJws::parse"],
        read: |bytes| {
            let jws = UnverifiedJws::parse(text(bytes)?, EXPECT).ok()?;
            Some(jws.verify(&RustCrypto, &holder().public_key()).ok()?.into_payload().into())
        },
        good: || jws(&holder(), &json!({ "typ": "kb+jwt", "kid": "k" }), &json!({ "a": [1] })).into_bytes(),
        takes: Takes::Same,
    },
    Parser {
        name: "jwe",
        drives: &["jose::UnverifiedJwe::parse", "jose::ContentEncryption::parse"],
        read: |bytes| {
            let jwe = UnverifiedJwe::parse(text(bytes)?, 64 * 1024).ok()?;
            let opened = jwe.decrypt(&decryption_key(), &ContentEncryption::ALL, &RustCrypto).ok()?;
            Some(base64url::encode(&opened).into())
        },
        good: || seal("{\"a\":1}", 21).into_bytes(),
        takes: Takes::Same,
    },
    Parser {
        name: "cbor",
        drives: &["cose::Item::parse"],
        read: |bytes| {
            let item = Item::parse(bytes, CborLimits::MESSAGE).ok()?;
            let read = item.value().ok()?;
            let written = inro_cose::encode(&read);
            let again = Item::parse(&written, CborLimits { bytes: 1 << 20, ..CborLimits::MESSAGE });
            assert!(again.is_ok(), "what was read is not well-formed when it is written");
            shown(read)
        },
        good: || {
            let list = Cbor::Array(vec![Cbor::from(1), Cbor::from(-2), Cbor::Bytes(vec![3]), Cbor::Null]);
            let tagged = Cbor::Tag(24, Box::new(Cbor::Bytes(inro_cose::encode(&list))));
            inro_cose::encode(&Cbor::Map(vec![(Cbor::from("a"), list), (Cbor::from(2), tagged)]))
        },
        takes: Takes::Any,
    },
    Parser {
        name: "cose_key",
        drives: &["cose::key::read_key"],
        read: |bytes| shown(inro_cose::read_key(Item::parse(bytes, CborLimits::MESSAGE).ok()?).ok()?),
        good: || inro_cose::encode(&inro_cose::write_key(&holder().public_key())),
        takes: Takes::Any,
    },
    Parser {
        name: "cose_sign1",
        drives: &["cose::UnverifiedSign1::parse"],
        read: |bytes| {
            let item = Item::parse(bytes, CborLimits::MESSAGE).ok()?;
            let sign1 = UnverifiedSign1::parse(item, Some("text/x")).ok()?;
            shown(sign1.verify(&RustCrypto, &holder().public_key()).ok()?.into_payload())
        },
        good: || {
            let unsigned = Sign1ToSign::new(
                b"payload".to_vec(),
                Some("text/x"),
                std::slice::from_ref(&WORLD.issuer.der),
            );
            let signature = holder().sign_es256(unsigned.signing_input()).unwrap();
            unsigned.finish(&signature)
        },
        takes: Takes::Same,
    },
    Parser {
        name: "cose_mac0",
        drives: &["cose::UnverifiedMac0::parse", "cose::UnverifiedMac0::verify"],
        read: |bytes| {
            let mac0 = UnverifiedMac0::parse(Item::parse(bytes, CborLimits::MESSAGE).ok()?).ok()?;
            shown(mac0.verify(b"a key of both", &RustCrypto).ok()?)
        },
        good: || {
            let header = Cbor::Bytes(inro_cose::encode(&Cbor::Map(vec![(Cbor::from(1), Cbor::from(5))])));
            let payload = Cbor::Bytes(b"payload".to_vec());
            let covered = vec![Cbor::from("MAC0"), header.clone(), Cbor::Bytes(Vec::new()), payload.clone()];
            let tag = RustCrypto.hmac_sha256(b"a key of both", &inro_cose::encode(&Cbor::Array(covered)));
            let parts = vec![header, Cbor::Map(Vec::new()), payload, Cbor::Bytes(tag.to_vec())];
            inro_cose::encode(&Cbor::Array(parts))
        },
        takes: Takes::Same,
    },
    Parser {
        name: "certificate",
        drives: &["trust::UntrustedCertificate::read", "trust::Anchors::add_der"],
        read: |bytes| {
            let _ = Anchors::new().add_der(bytes, &[Usage::Verifier]);
            let certificate = UntrustedCertificate::read(bytes).ok()?;
            shown(certificate.claimed_authority_key_id())
        },
        good: || WORLD.agency.der.clone(),
        takes: Takes::Any,
    },
    Parser {
        name: "certificate_path",
        drives: &["trust::Anchors::trust"],
        read: |bytes| {
            let trusted = WORLD.anchors.trust(&[bytes.to_vec()], Usage::CredentialIssuer, NOW, &RustCrypto);
            let trusted = trusted.ok()?;
            Some(json!([trusted.subject(), trusted.authority(), trusted.types(), trusted.dns_names()]))
        },
        good: || WORLD.issuer.der.clone(),
        takes: Takes::Same,
    },
    Parser {
        name: "certificates_pem",
        drives: &["trust::pem::certificates_from_pem", "trust::Anchors::add_pem"],
        read: |bytes| {
            let text = text(bytes)?;
            let read = certificates_from_pem(text).ok()?;
            let _ = Anchors::new().add_pem(text, &[Usage::Registrar]);
            shown(read)
        },
        good: || WORLD.agency.pem.clone().into_bytes(),
        takes: Takes::Any,
    },
    Parser {
        name: "registration",
        drives: &["trust::UnverifiedRegistration::parse", "trust::UnverifiedRegistration::verify"],
        read: |bytes| {
            let unverified = UnverifiedRegistration::parse(text(bytes)?).ok()?;
            let leaf = RustCrypto.sha256(&WORLD.verifier.der);
            let verified = unverified.verify(&WORLD.anchors, &leaf, NOW, &RustCrypto).ok()?;
            serde_json::to_value(verified.claims()).ok()
        },
        good: || registration().into_bytes(),
        takes: Takes::Same,
    },
    Parser {
        name: "claim_path",
        drives: &["trust::ClaimPath::parse"],
        read: |bytes| shown(ClaimPath::parse(&value(bytes)?).ok()?),
        good: || br#"["a",null,3]"#.to_vec(),
        takes: Takes::Any,
    },
    Parser {
        name: "url",
        drives: &["oauth::HttpsUrl::parse"],
        read: |bytes| {
            let url = HttpsUrl::parse(text(bytes)?).ok()?;
            HttpsUrl::parse(&url.without_query()).unwrap();
            HttpsUrl::parse(&url.well_known("x")).unwrap();
            Some(json!([url.as_str(), url.authority()]))
        },
        good: || b"https://issuer.example:8443/tenant?a=1".to_vec(),
        takes: Takes::Any,
    },
    Parser {
        name: "accept_language",
        drives: &["base::Language::from_accept_language"],
        read: |bytes| shown(inro_base::report::Language::from_accept_language(text(bytes)?)),
        good: || b"en;q=0.5, ja-JP, *;q=0.1".to_vec(),
        takes: Takes::Any,
    },
    Parser {
        name: "oauth_form",
        drives: &["oauth::Form::parse"],
        read: |bytes| {
            let form = Form::parse(bytes).ok()?;
            Some(json!([form.value("a"), form.value("grant_type")]))
        },
        good: || form::encode(&[("a", "1 + 2&3"), ("grant_type", "あ"), ("empty", "")]),
        takes: Takes::Any,
    },
    Parser {
        name: "dpop",
        drives: &["oauth::UnverifiedDpop::parse"],
        read: |bytes| {
            let url = url(TOKEN_URL);
            let expected = Expected { method: Method::Post, url: &url, access_token: Some("t"), now: NOW };
            let proof = UnverifiedDpop::parse([text(bytes)?]).ok()?.verify(&expected, &RustCrypto).ok()?;
            Some(json!([proof.thumbprint(), proof.jti_digest(), proof.nonce().ok()]))
        },
        good: || dpop(TOKEN_URL, Some("t"), "n").into_bytes(),
        takes: Takes::Same,
    },
    Parser {
        name: "server_nonce",
        drives: &["oauth::NonceKey::check"],
        read: |bytes| {
            let fresh = NonceKey::new([7; 32]).check(text(bytes)?, Purpose::Dpop, NOW, &RustCrypto).ok()?;
            Some(fresh.expires_at().as_secs().into())
        },
        good: || nonce(Purpose::Dpop).into_bytes(),
        takes: Takes::Same,
    },
    Parser {
        name: "server_metadata",
        drives: &["oauth::ServerMetadata::parse"],
        read: |bytes| shown(ServerMetadata::parse(bytes, &WORLD.issuer_url).ok()?),
        good: || server_json().to_string().into_bytes(),
        takes: Takes::Any,
    },
    Parser {
        name: "token_answer",
        drives: &["oauth::TokenResponse::parse"],
        read: |bytes| {
            let answer = TokenResponse::parse(bytes).ok()?;
            Some(json!([answer.token_type.as_str(), answer.access_token.expose()]))
        },
        good: || br#"{"access_token":"t","token_type":"DPoP","expires_in":300}"#.to_vec(),
        takes: Takes::Any,
    },
];

/// `text`, encrypted to [`decryption_key`].
pub(super) fn seal(text: &str, seed: u64) -> String {
    let recipient = Recipient { jwk: &decryption_key().to_jwk(), enc: ContentEncryption::A128Gcm };
    encrypt(text.as_bytes(), &recipient, PartyInfo::default(), &mut Stream::new(seed), &RustCrypto).unwrap()
}

/// A DPoP proof for `address`.
pub(super) fn dpop(address: &str, access_token: Option<&str>, nonce: &str) -> String {
    let (key, url) = (key(51), url(address));
    let target = Target { method: Method::Post, url: &url, access_token, nonce: Some(nonce) };
    let unsigned = dpop::proof_to_sign(target, &key.public_key(), NOW, &mut Stream::new(22), &RustCrypto);
    unsigned.sign_with(&key).unwrap()
}

/// A nonce of the issuer's server.
pub(super) fn nonce(purpose: Purpose) -> String {
    NonceKey::new([7; 32]).issue(purpose, NOW.plus(-60), &mut Stream::new(23), &RustCrypto)
}

pub(super) fn server_json() -> Value {
    json!({
        "issuer": "https://issuer.example",
        "token_endpoint": TOKEN_URL,
        "grant_types_supported": [inro_oauth::metadata::PRE_AUTHORIZED_CODE],
        "dpop_signing_alg_values_supported": ["ES256"],
    })
}

/// What the registrar says of the verifier.
pub(super) fn registration() -> String {
    let claims = serde_json::from_value(json!({
        "iss": "https://issuer.example", "sub": "r1",
        "iat": NOW.plus(-3600).as_secs(), "exp": NOW.plus(3600).as_secs(),
        "leaf_sha256": base64url::encode(&RustCrypto.sha256(&WORLD.verifier.der)),
        "name": { "en": "Welfare System", "ja": "福祉システム" },
        "purposes": [{ "id": "p", "text": { "en": "Registered words.", "ja": "登録済み" } }],
        "response_hosts": [super::world::HOST],
        "credentials": [{ "type": super::world::EMPLOYEE, "claims": [["employee_number"], ["agency"]] }],
    }));
    let chain = [WORLD.registrar.der.clone()];
    inro_trust::registration::sign(&claims.unwrap(), &WORLD.registrar.key, &chain).unwrap()
}
