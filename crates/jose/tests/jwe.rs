//! JWE as strangers send it: what is accepted, and each alteration with its code.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside the test functions"
)]

use inro_base::{Coded as _, Rng, base64url};
use inro_crypto::RustCrypto;
use inro_jose::Jwk;
use inro_jose::jwe::{
    AgreementKey, ContentEncryption, DecryptionKey, JweError, PartyInfo, Recipient, UnverifiedJwe, encrypt,
    encrypt_jwt,
};
use serde_json::{Value, json};

const MAX: usize = 4096;
const PLAINTEXT: &[u8] = b"{\"state\":\"s\"}";
const BOTH: [ContentEncryption; 2] = ContentEncryption::ALL;

struct Counting(u8);

impl Rng for Counting {
    fn fill(&mut self, destination: &mut [u8]) {
        for byte in destination {
            self.0 = self.0.wrapping_mul(5).wrapping_add(77);
            *byte = self.0;
        }
    }
}

fn key(kid: Option<&str>) -> DecryptionKey {
    let key = AgreementKey::generate(&mut Counting(9));
    DecryptionKey { key, kid: kid.map(str::to_owned) }
}

fn message(key: &DecryptionKey, enc: ContentEncryption) -> String {
    let jwk = key.to_jwk();
    let party = PartyInfo { apu: b"wallet", apv: b"verifier" };
    encrypt(PLAINTEXT, &Recipient { jwk: &jwk, enc }, party, &mut Counting(1), &RustCrypto).unwrap()
}

fn open(text: &str, key: &DecryptionKey) -> Result<Vec<u8>, JweError> {
    UnverifiedJwe::parse(text, MAX)?.decrypt(key, &BOTH, &RustCrypto)
}

/// The message with its header altered. The tag covers the header, so what is still opened after
/// that fails as sealed; everything else fails before.
fn with_header(text: &str, alter: impl FnOnce(&mut Value)) -> String {
    let (header, rest) = text.split_once('.').unwrap();
    let mut header: Value = serde_json::from_slice(&base64url::decode(header).unwrap()).unwrap();
    alter(&mut header);
    format!("{}.{rest}", base64url::encode(header.to_string().as_bytes()))
}

fn with_part(text: &str, part: usize, value: &str) -> String {
    let mut parts: Vec<&str> = text.split('.').collect();
    parts[part] = value;
    parts.join(".")
}

#[test]
fn opens_what_it_made_with_both_content_encryptions() {
    for enc in BOTH {
        for kid in [None, Some("k1")] {
            let key = key(kid);
            let text = message(&key, enc);
            assert_eq!(UnverifiedJwe::parse(&text, MAX).unwrap().unverified_kid(), kid);
            assert_eq!(open(&text, &key).unwrap(), PLAINTEXT);
        }
    }
}

#[test]
fn opens_the_example_of_openid4vp() {
    // Source: OpenID4VP 1.0 §8.3, with the private key that stands there.
    let text = "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTEyOEdDTSIsImtpZCI6ImFjIiwiZXBrIjp7Imt0eSI6IkVDIiwieCI6\
                Im5ubVZwbTNWM2piaGNhZlFhUkJrU1ZOSGx3Wkh3dC05ck9wSnVmeVlJdWsiLCJ5IjoicjRmakRxd0p5czlxVU9QLV9i\
                M21SNVNaRy0tQ3dPMm1pYzVWU05UWU45ZyIsImNydiI6IlAtMjU2In19..uAYcHRUSSn2X0WPX.yVzlGSYG4qbg0bq18J\
                cUiDRw56yVnbKR8E7S7YlEtzT00RqE3Pw5oTpUG3hdLN4taHZ9gC1kwak8JOnJgQ.1wR024_3-qtAlx1oFIUpQQ";
    let scalar = base64url::decode_array("Et-3ce0omz8_TuZ96Df9lp0GAaaDoUnDe6X-CRO7Aww").unwrap();
    let key =
        DecryptionKey { key: AgreementKey::from_secret_bytes(&scalar).unwrap(), kid: Some("ac".into()) };
    let opened: Value = serde_json::from_slice(&open(text, &key).unwrap()).unwrap();
    assert_eq!(opened, json!({ "vp_token": { "example_credential_id": ["eyJhb...YMetA"] } }));
}

#[test]
fn refuses_each_altered_header() {
    let key = key(Some("k1"));
    let text = message(&key, ContentEncryption::A128Gcm);
    assert_eq!(open(&text, &key).unwrap(), PLAINTEXT);
    // A point of the curve with its last byte changed is none.
    let mut off_curve = Jwk::new(*key.key.public_key()).to_value();
    off_curve["y"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE".into();
    let mut private = Jwk::new(*key.key.public_key()).to_value();
    private["d"] = "AA".into();
    let cases: [(&str, Value, &str); 15] = [
        ("alg", json!("ECDH-ES+A128KW"), "INRO-JOSE-021"),
        ("alg", json!("dir"), "INRO-JOSE-021"),
        ("alg", json!("RSA-OAEP-256"), "INRO-JOSE-021"),
        ("enc", json!("A128CBC-HS256"), "INRO-JOSE-022"),
        ("enc", json!("A256GCM"), "INRO-JOSE-028"),
        ("kid", json!("k2"), "INRO-JOSE-023"),
        ("kid", Value::Null, "INRO-JOSE-020"),
        ("kid", json!(1), "INRO-JOSE-020"),
        ("zip", json!("DEF"), "INRO-JOSE-024"),
        ("crit", json!(["exp"]), "INRO-JOSE-024"),
        ("crit", json!([]), "INRO-JOSE-024"),
        ("epk", off_curve, "INRO-JOSE-025"),
        ("epk", private, "INRO-JOSE-025"),
        ("apu", json!("b3RoZXI"), "INRO-JOSE-028"),
        ("apv", json!("not base64url"), "INRO-JOSE-020"),
    ];
    for (name, value, code) in cases {
        let altered = with_header(&text, |header| header[name] = value.clone());
        assert_eq!(open(&altered, &key).unwrap_err().code().as_str(), code, "{name}: {value}");
    }
    for (name, code) in [
        ("alg", "INRO-JOSE-021"),
        ("enc", "INRO-JOSE-022"),
        ("kid", "INRO-JOSE-023"),
        ("epk", "INRO-JOSE-025"),
    ] {
        let altered = with_header(&text, |header| {
            header.as_object_mut().unwrap().remove(name);
        });
        assert_eq!(open(&altered, &key).unwrap_err().code().as_str(), code, "without {name}");
    }
}

#[test]
fn refuses_a_header_that_repeats_a_member() {
    let key = key(Some("k1"));
    let text = message(&key, ContentEncryption::A256Gcm);
    let header = base64url::decode(text.split('.').next().unwrap()).unwrap();
    let header = String::from_utf8(header).unwrap();
    let twice = header.replacen('{', "{\"kid\":\"k1\",", 1);
    let altered = with_part(&text, 0, &base64url::encode(twice.as_bytes()));
    assert!(open(&text, &key).is_ok());
    assert_eq!(open(&altered, &key).unwrap_err().code().as_str(), "INRO-BASE-003");
}

#[test]
fn refuses_each_altered_part() {
    let key = key(Some("k1"));
    let text = message(&key, ContentEncryption::A256Gcm);
    assert!(open(&text, &key).is_ok());
    for (part, value, code) in [
        (0, "!", "INRO-JOSE-020"),
        (1, "AAAA", "INRO-JOSE-026"),
        (2, "AAAAAAAAAAAAAAA", "INRO-JOSE-027"),
        (2, "AAAAAAAAAAAAAAAAAAAAAA", "INRO-JOSE-027"),
        (2, "AAAAAAAAAAAAAAAA", "INRO-JOSE-028"),
        (3, "", "INRO-JOSE-028"),
        (3, "AAAA=", "INRO-JOSE-020"),
        (4, "", "INRO-JOSE-027"),
        (4, "AAAAAAAAAAAAAAAA", "INRO-JOSE-027"),
        (4, "AAAAAAAAAAAAAAAAAAAAAA", "INRO-JOSE-028"),
        (4, "AAAAAAAAAAAAAAAAAAAAAA.AAAA", "INRO-JOSE-020"),
    ] {
        let altered = with_part(&text, part, value);
        assert_eq!(open(&altered, &key).unwrap_err().code().as_str(), code, "part {part}: {value}");
    }
    for text in ["", "a", "a.b.c.d", &text[1..]] {
        assert!(UnverifiedJwe::parse(text, MAX).is_err(), "{text}");
    }
}

#[test]
fn refuses_another_key_a_content_encryption_not_offered_and_a_long_message() {
    let key = key(Some("k1"));
    let text = message(&key, ContentEncryption::A256Gcm);
    assert!(open(&text, &key).is_ok());
    let other = DecryptionKey { key: AgreementKey::generate(&mut Counting(77)), kid: Some("k1".to_owned()) };
    assert_eq!(open(&text, &other), Err(JweError::Sealed));
    let unverified = UnverifiedJwe::parse(&text, MAX).unwrap();
    let not_offered = unverified.decrypt(&key, &[ContentEncryption::A128Gcm], &RustCrypto);
    assert_eq!(not_offered, Err(JweError::ContentEncryption));
    let limit = text.len() - 1;
    let long = UnverifiedJwe::parse(&text, limit).unwrap_err();
    assert_eq!(long, JweError::TooLong { length: text.len(), limit });
}

#[test]
fn encrypts_to_no_key_of_another_algorithm() {
    let mut jwk = key(None).to_jwk();
    let seal = |jwk: &Jwk| {
        let recipient = Recipient { jwk, enc: ContentEncryption::A128Gcm };
        encrypt(PLAINTEXT, &recipient, PartyInfo::default(), &mut Counting(1), &RustCrypto)
    };
    assert!(seal(&jwk).is_ok());
    jwk.alg = Some("ECDH-ES+A256KW".into());
    assert_eq!(seal(&jwk), Err(JweError::Algorithm));
}

#[test]
fn debug_shows_no_secret() {
    let scalar = [9; 32];
    let key = AgreementKey::from_secret_bytes(&scalar).unwrap();
    assert!(!format!("{key:?}").contains("0909"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[A-Za-z0-9_.-]{0,200}", header in ".{0,100}") {
        let _ = UnverifiedJwe::parse(&text, MAX);
        let framed = format!("{}..AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA", base64url::encode(header.as_bytes()));
        proptest::prop_assert!(UnverifiedJwe::parse(&framed, MAX).is_err());
    }

    #[test]
    fn no_changed_character_is_read_as_the_same(at in 0_usize..400, with in "[A-Za-z0-9_-]") {
        let key = key(Some("k1"));
        let mut text = message(&key, ContentEncryption::A256Gcm);
        let at = at % text.len();
        if &text[at..=at] != with.as_str() {
            text.replace_range(at..=at, &with);
            proptest::prop_assert!(open(&text, &key).is_err());
        }
    }
}

/// Source: RFC 7519 §5.2: a JWE of a JWT has to say that it is one.
#[test]
fn an_encrypted_jwt_says_that_it_is_one() {
    let key = key(Some("k"));
    let jwk = key.to_jwk();
    let recipient = Recipient { jwk: &jwk, enc: ContentEncryption::A256Gcm };
    let header = |text: &str| -> Value {
        serde_json::from_slice(&base64url::decode(text.split('.').next().unwrap()).unwrap()).unwrap()
    };
    let nested = encrypt_jwt("a.b.c", &recipient, &mut Counting(1), &RustCrypto).unwrap();
    assert_eq!(open(&nested, &key).unwrap(), b"a.b.c");
    let said = header(&nested);
    assert_eq!((&said["cty"], &said["kid"], &said["alg"]), (&json!("JWT"), &json!("k"), &json!("ECDH-ES")));
    assert_eq!(header(&message(&key, ContentEncryption::A256Gcm)).get("cty"), None);
}

#[test]
fn a_key_to_agree_with_needs_no_name_and_a_published_one_does() {
    let full = key(Some("k")).to_jwk().to_recipient_value();
    let verdicts = |alter: &dyn Fn(&mut serde_json::Map<String, Value>)| {
        let mut value = full.clone();
        alter(value.as_object_mut().unwrap());
        (Jwk::parse_agreement(&value).is_some(), Jwk::parse_recipient(&value).is_some())
    };
    assert_eq!(verdicts(&|_| {}), (true, true));
    for (name, both) in [("use", (true, true)), ("kid", (true, false)), ("alg", (true, false))] {
        let without = verdicts(&|members| {
            members.remove(name);
        });
        assert_eq!(without, both, "{name}");
    }
    for (name, value) in [("use", "sig"), ("alg", "ECDH-ES+A128KW"), ("alg", "ES256"), ("d", "AA")] {
        let altered = verdicts(&|members| {
            members.insert(name.into(), value.into());
        });
        assert_eq!(altered, (false, false), "{name} {value}");
    }
}
