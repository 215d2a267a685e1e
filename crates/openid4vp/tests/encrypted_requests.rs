//! Request objects that are encrypted to a key of the fetch. Every refusal first shows the unaltered
//! message accepted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod common;

use common::*;
use inro_base::http::HttpRequest;
use inro_base::{Rng, base64url};
use inro_crypto::{RustCrypto, Signer as _};
use inro_jose::Jwk;
use inro_jose::jwe::{
    AgreementKey, ContentEncryption, DecryptionKey, PartyInfo, Recipient, UnverifiedJwe, encrypt,
};
use inro_openid4vp::form::{self, Form};
use inro_openid4vp::profile::MAX_SEALED_REQUEST_BYTES;
use inro_openid4vp::verifier::{AwaitingResponse, RequestFetch};
use inro_openid4vp::wallet::{AwaitingRequest, RequestLink};
use serde_json::{Map, Value, json};

/// One fetch of our wallet; `seed` makes its nonce and key.
struct Fetch {
    waiting: AwaitingRequest,
    posted: HttpRequest,
}

impl Fetch {
    fn of(awaiting: &AwaitingResponse, seed: u64) -> Self {
        let (waiting, posted) = RequestLink::parse(&awaiting.link()).unwrap().fetch(&mut Counting(seed));
        Self { waiting, posted }
    }

    fn parameter(&self, name: &str) -> String {
        Form::parse(&self.posted.body).unwrap().value(name).unwrap().to_owned()
    }

    fn metadata(&self) -> Value {
        serde_json::from_str(&self.parameter("wallet_metadata")).unwrap()
    }

    /// The one key that the wallet offers.
    fn jwk(&self) -> Jwk {
        Jwk::parse_recipient(&self.metadata()["jwks"]["keys"][0]).unwrap()
    }

    /// The signed request object that a verifier of other hands makes for it.
    fn signed(&self, world: &World, awaiting: &AwaitingResponse) -> String {
        let mut payload = payload(awaiting);
        payload.insert("wallet_nonce".into(), self.parameter("wallet_nonce").into());
        world.sign_request(&payload)
    }

    /// The wallet's verdict on what was delivered.
    fn judge(self, world: &World, body: &str) -> &'static str {
        match self.waiting.received(&delivered(body), &RustCrypto) {
            Ok(received) => code(received.verify(&world.holder_anchors, NOW, &RustCrypto)),
            Err(error) => code(Err::<(), _>(error)),
        }
    }
}

/// A verifier of other hands: encrypts as plainly as the texts allow.
fn sealed(text: &str, jwk: &Jwk) -> String {
    let recipient = Recipient { jwk, enc: ContentEncryption::A128Gcm };
    encrypt(text.as_bytes(), &recipient, PartyInfo::default(), &mut Counting(41), &RustCrypto).unwrap()
}

fn header_of(jwe: &str) -> Value {
    serde_json::from_slice(&base64url::decode(jwe.split('.').next().unwrap()).unwrap()).unwrap()
}

fn with_header(jwe: &str, name: &str, value: &str) -> String {
    let mut header = header_of(jwe);
    header[name] = value.into();
    format!("{}.{}", base64url::encode(header.to_string().as_bytes()), jwe.split_once('.').unwrap().1)
}

/// The verdict on an encrypted request as `alter` makes it of the encrypted good one; the good one is
/// accepted before.
fn verdict(alter: impl FnOnce(&Fetch, &str, &str) -> String) -> &'static str {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let fetch = || Fetch::of(&awaiting, 1);
    let signed = fetch().signed(&world, &awaiting);
    let good = sealed(&signed, &fetch().jwk());
    assert_eq!(fetch().judge(&world, &good), "accepted");
    fetch().judge(&world, &alter(&fetch(), &signed, &good))
}

/// What our verifier delivers for `form`.
fn delivered_by(world: &World, awaiting: &AwaitingResponse, form: &[u8]) -> String {
    let fetch = RequestFetch::by_post(form).unwrap();
    let chain = std::slice::from_ref(&world.verifier.der);
    let request = awaiting.request_object_for(&fetch, chain, None).unwrap();
    let signature = world.verifier.key.sign_es256(request.signing_input()).unwrap();
    request.finish(&signature, &mut Counting(51), &RustCrypto).unwrap()
}

#[test]
fn our_verifier_encrypts_to_the_key_of_our_wallet() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let fetch = Fetch::of(&awaiting, 1);
    let object = delivered_by(&world, &awaiting, &fetch.posted.body);
    let header = header_of(&object);
    let expected =
        [("alg", "ECDH-ES"), ("enc", "A256GCM"), ("cty", "JWT"), ("kid", &fetch.jwk().kid.unwrap())];
    for (name, value) in expected {
        assert_eq!(header[name], value, "{name}");
    }
    assert_eq!(fetch.judge(&world, &object), "accepted");
}

#[test]
fn each_fetch_offers_a_fresh_public_key() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let offered = |seed| Fetch::of(&awaiting, seed).metadata();
    let (one, other) = (offered(1), offered(2));
    assert_eq!(one["request_object_encryption_alg_values_supported"], json!(["ECDH-ES"]));
    assert_eq!(one["request_object_encryption_enc_values_supported"], json!(["A256GCM", "A128GCM"]));
    assert_eq!(one["jwks"]["keys"].as_array().unwrap().len(), 1);
    let (one, other) = (&one["jwks"]["keys"][0], &other["jwks"]["keys"][0]);
    let members: Vec<&str> = one.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["kty", "crv", "x", "y", "kid", "alg", "use"]);
    assert_eq!((&one["alg"], &one["use"]), (&json!("ECDH-ES"), &json!("enc")));
    for name in ["x", "y", "kid"] {
        assert_ne!(one[name], other[name], "{name}");
    }
}

#[test]
fn the_key_of_a_fetch_shows_in_no_debug() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    // The key is drawn after the nonce.
    let rng: &mut dyn Rng = &mut Counting(1);
    rng.fill(&mut [0; 24]);
    let key = AgreementKey::generate(rng);
    let fetch = Fetch::of(&awaiting, 1);
    assert_eq!(fetch.jwk().key, *key.public_key());
    let shown = format!("{:?}", fetch.waiting);
    let secret = key.secret_bytes().expose();
    assert!(!shown.contains(&format!("{secret:?}")) && !shown.contains(&base64url::encode(secret)));
}

#[test]
fn a_verifier_may_leave_out_the_kid_and_the_content_type() {
    let accepted = |text: &str, jwk: Jwk| sealed(text, &jwk);
    let named = verdict(|fetch, signed, _| {
        let jwe = accepted(signed, fetch.jwk());
        assert!(header_of(&jwe).get("cty").is_none() && header_of(&jwe).get("kid").is_some());
        jwe
    });
    let nameless = verdict(|fetch, signed, _| accepted(signed, Jwk { kid: None, ..fetch.jwk() }));
    assert_eq!((named, nameless), ("accepted", "accepted"));
}

#[test]
fn a_verifier_may_leave_the_request_in_the_clear() {
    assert_eq!(verdict(|_, signed, _| signed.to_owned()), "accepted");
}

#[test]
fn refuses_a_request_that_is_encrypted_to_another_key() {
    let other = AgreementKey::generate(&mut Counting(9));
    let refused = verdict(|fetch, signed, _| {
        let jwk = Jwk { kid: fetch.jwk().kid, ..Jwk::new(*other.public_key()) };
        sealed(signed, &jwk)
    });
    assert_eq!(refused, "INRO-JOSE-028");
}

#[test]
fn refuses_the_kid_of_another_fetch() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let fetch = |seed| Fetch::of(&awaiting, seed);
    let object = sealed(&fetch(1).signed(&world, &awaiting), &fetch(1).jwk());
    assert_eq!(fetch(1).judge(&world, &object), "accepted");
    assert_eq!(fetch(2).judge(&world, &object), "INRO-JOSE-023");
    // Nor does the right key open what names another one.
    let jwk = Jwk { kid: fetch(2).jwk().kid, ..fetch(1).jwk() };
    let misnamed = sealed(&fetch(1).signed(&world, &awaiting), &jwk);
    assert_eq!(fetch(1).judge(&world, &misnamed), "INRO-JOSE-023");
}

#[test]
fn refuses_another_key_agreement() {
    for alg in ["dir", "RSA-OAEP", "ECDH-ES+A128KW", "none"] {
        assert_eq!(verdict(|_, _, good| with_header(good, "alg", alg)), "INRO-JOSE-021", "{alg}");
    }
}

#[test]
fn refuses_compression() {
    assert_eq!(verdict(|_, _, good| with_header(good, "zip", "DEF")), "INRO-JOSE-024");
}

#[test]
fn refuses_a_content_encryption_that_was_not_offered() {
    for enc in ["A128CBC-HS256", "A192GCM"] {
        assert_eq!(verdict(|_, _, good| with_header(good, "enc", enc)), "INRO-JOSE-022", "{enc}");
    }
}

#[test]
fn refuses_an_encrypted_request_that_nobody_signed() {
    let unsigned = verdict(|fetch, signed, _| {
        let header = base64url::encode(br#"{"alg":"none","typ":"oauth-authz-req+jwt"}"#);
        sealed(&format!("{header}.{}.", signed.split('.').nth(1).unwrap()), &fetch.jwk())
    });
    assert_eq!(unsigned, "INRO-JOSE-002");
    let bare = verdict(|fetch, signed, _| {
        let payload = base64url::decode(signed.split('.').nth(1).unwrap()).unwrap();
        sealed(std::str::from_utf8(&payload).unwrap(), &fetch.jwk())
    });
    assert_eq!(bare, "INRO-JOSE-001");
}

#[test]
fn refuses_a_request_that_is_encrypted_twice() {
    assert_eq!(verdict(|fetch, _, good| sealed(good, &fetch.jwk())), "INRO-VP-071");
}

#[test]
fn refuses_a_truncated_tag_and_an_altered_text() {
    let with_part = |jwe: &str, part: usize, value: &str| {
        let mut parts: Vec<&str> = jwe.split('.').collect();
        parts[part] = value;
        parts.join(".")
    };
    assert_eq!(verdict(|_, _, good| with_part(good, 4, "AAAAAAAAAAAAAAAA")), "INRO-JOSE-027");
    assert_eq!(verdict(|_, _, good| with_part(good, 4, &"A".repeat(22))), "INRO-JOSE-028");
    assert_eq!(verdict(|_, _, good| with_part(good, 3, "AAAA")), "INRO-JOSE-028");
    assert_eq!(verdict(|_, _, good| with_part(good, 1, "AAAA")), "INRO-JOSE-026");
}

#[test]
fn refuses_a_huge_encrypted_request() {
    let padded = |fetch: &Fetch, signed: &str, length: usize| {
        sealed(&format!("{signed}.{}", "A".repeat(length)), &fetch.jwk())
    };
    let huge = verdict(|fetch, signed, _| padded(fetch, signed, MAX_SEALED_REQUEST_BYTES));
    assert_eq!(huge, "INRO-JOSE-029");
    // One within the bound is opened, and refused for what is in it.
    let long = verdict(|fetch, signed, _| padded(fetch, signed, MAX_SEALED_REQUEST_BYTES / 2));
    assert_eq!(long, "INRO-JOSE-001");
}

#[test]
fn refuses_an_encrypted_request_that_was_fetched_by_get() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let signed = world.sign_request(&payload(&awaiting));
    assert_eq!(code(world.judge(&awaiting.link(), &signed)), "accepted");
    let jwk = Fetch::of(&awaiting, 1).jwk();
    assert_eq!(code(world.judge(&awaiting.link(), &sealed(&signed, &jwk))), "INRO-VP-071");
}

#[test]
fn a_request_that_opens_is_checked_like_any_other() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let judge = |alter: &dyn Fn(&mut Map<String, Value>)| {
        let fetch = Fetch::of(&awaiting, 1);
        let mut payload = payload(&awaiting);
        payload.insert("wallet_nonce".into(), fetch.parameter("wallet_nonce").into());
        alter(&mut payload);
        let object = sealed(&world.sign_request(&payload), &fetch.jwk());
        fetch.judge(&world, &object)
    };
    assert_eq!(judge(&|_| {}), "accepted");
    for (name, value, expected) in [
        ("wallet_nonce", "another", "INRO-VP-060"),
        ("aud", "https://another.example", "INRO-VP-016"),
        ("client_id", "x509_san_dns:another.example", "INRO-VP-017"),
        ("response_uri", "https://another.example/", "INRO-VP-024"),
    ] {
        let refused = judge(&|payload| {
            payload.insert(name.into(), value.into());
        });
        assert_eq!(refused, expected, "{name}");
    }
    let forged = verdict(|fetch, signed, _| {
        let (input, _) = signed.rsplit_once('.').unwrap();
        let signature = world.signer.key.sign_es256(input.as_bytes()).unwrap();
        sealed(&format!("{input}.{}", base64url::encode(signature.as_bytes())), &fetch.jwk())
    });
    assert_eq!(forged, "INRO-JOSE-005");
}

/// A wallet of other hands, which offers the keys `keys`.
struct Offer {
    key: DecryptionKey,
}

impl Offer {
    fn new() -> Self {
        Self { key: DecryptionKey { key: AgreementKey::generate(&mut Counting(61)), kid: Some("w".into()) } }
    }

    fn jwk(&self) -> Value {
        self.key.to_jwk().to_recipient_value()
    }

    /// Metadata with the one key, and what goes with it.
    fn metadata(&self) -> Value {
        json!({
            "jwks": { "keys": [self.jwk()] },
            "request_object_encryption_alg_values_supported": ["ECDH-ES"],
            "request_object_encryption_enc_values_supported": ["A128GCM", "A256GCM"],
        })
    }

    fn form(metadata: &Value) -> String {
        form::encode(&[("wallet_metadata", &metadata.to_string()), ("wallet_nonce", "nonce")])
    }

    /// How the request object is encrypted; it opens with the wallet's key to a signed one.
    fn enc(&self, metadata: &Value) -> String {
        let world = World::new();
        let awaiting = world.ask(employee_query());
        let object = delivered_by(&world, &awaiting, Self::form(metadata).as_bytes());
        let key = DecryptionKey { key: AgreementKey::generate(&mut Counting(61)), kid: None };
        let jwe = UnverifiedJwe::parse(&object, MAX_SEALED_REQUEST_BYTES).unwrap();
        let opened = jwe.decrypt(&key, &ContentEncryption::ALL, &RustCrypto).unwrap();
        let signed = String::from_utf8(opened).unwrap();
        let payload = base64url::decode(signed.split('.').nth(1).unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&payload).unwrap()["wallet_nonce"], "nonce");
        header_of(&object)["enc"].as_str().unwrap().to_owned()
    }
}

fn reads(metadata: &Value) -> &'static str {
    code(RequestFetch::by_post(Offer::form(metadata).as_bytes()))
}

fn altered(metadata: &Value, pointer: &str, value: Value) -> Value {
    let mut altered = metadata.clone();
    *altered.pointer_mut(pointer).unwrap() = value;
    altered
}

#[test]
fn a_verifier_encrypts_by_the_strongest_that_a_wallet_names() {
    let offer = Offer::new();
    let good = offer.metadata();
    assert_eq!(offer.enc(&good), "A256GCM");
    let values = "request_object_encryption_enc_values_supported";
    let naming = |names: Value| altered(&good, &format!("/{values}"), names);
    assert_eq!(offer.enc(&naming(json!(["A128CBC-HS256", "A128GCM"]))), "A128GCM");
    let mut silent = good.clone();
    silent.as_object_mut().unwrap().remove(values);
    assert_eq!(offer.enc(&silent), "A128GCM");
    silent.as_object_mut().unwrap().remove("request_object_encryption_alg_values_supported");
    assert_eq!(offer.enc(&silent), "A128GCM");
}

#[test]
fn a_verifier_encrypts_to_a_key_that_says_little_of_itself() {
    let offer = Offer::new();
    for name in ["use", "alg", "kid"] {
        let mut metadata = offer.metadata();
        metadata["jwks"]["keys"][0].as_object_mut().unwrap().remove(name);
        assert_eq!(offer.enc(&metadata), "A256GCM", "{name}");
    }
}

#[test]
fn a_verifier_finds_the_usable_key_among_others() {
    let offer = Offer::new();
    let off_curve = altered(&offer.jwk(), "/y", offer.jwk()["x"].clone());
    let for_signatures = altered(&offer.jwk(), "/use", json!("sig"));
    let keys = json!([{ "kty": "RSA", "use": "enc" }, off_curve, for_signatures, 7, offer.jwk()]);
    assert_eq!(offer.enc(&altered(&offer.metadata(), "/jwks/keys", keys)), "A256GCM");
}

#[test]
fn a_verifier_answers_in_the_clear_where_no_key_for_encryption_is_offered() {
    let offer = Offer::new();
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let parts = |metadata: &Value| {
        delivered_by(&world, &awaiting, Offer::form(metadata).as_bytes()).split('.').count()
    };
    assert_eq!(parts(&offer.metadata()), 5);
    let mut keyless = offer.metadata();
    keyless.as_object_mut().unwrap().remove("jwks");
    assert_eq!(parts(&keyless), 3);
    assert_eq!(parts(&altered(&offer.metadata(), "/jwks/keys/0/use", json!("sig"))), 3);
    assert_eq!(parts(&altered(&offer.metadata(), "/jwks/keys", json!([]))), 3);
}

/// The wallet wants the request hidden, so it gets none in the clear instead.
#[test]
fn a_verifier_refuses_a_wallet_whose_keys_it_cannot_use() {
    let offer = Offer::new();
    let good = offer.metadata();
    assert_eq!(reads(&good), "accepted");
    for (pointer, value) in [
        ("/jwks/keys/0", json!({ "kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB" })),
        ("/jwks/keys/0", json!(7)),
        ("/jwks/keys/0/crv", json!("P-384")),
        ("/jwks/keys/0/y", offer.jwk()["x"].clone()),
        ("/jwks/keys/0/x", json!("AAAA")),
        ("/jwks/keys/0/alg", json!("ECDH-ES+A256KW")),
        ("/request_object_encryption_alg_values_supported", json!(["RSA-OAEP-256"])),
        ("/request_object_encryption_alg_values_supported", json!([])),
        ("/request_object_encryption_alg_values_supported", json!("ECDH-ES")),
        ("/request_object_encryption_enc_values_supported", json!(["A128CBC-HS256"])),
        ("/request_object_encryption_enc_values_supported", json!("A128GCM")),
    ] {
        assert_eq!(reads(&altered(&good, pointer, value.clone())), "INRO-VP-090", "{pointer} {value}");
    }
}

#[test]
fn a_verifier_encrypts_to_no_key_that_was_sent_with_its_private_half() {
    let offer = Offer::new();
    let mut lost = offer.metadata();
    assert_eq!(reads(&lost), "accepted");
    lost["jwks"]["keys"][0]["d"] = base64url::encode(offer.key.key.secret_bytes().expose()).into();
    assert_eq!(reads(&lost), "INRO-VP-090");
}

#[test]
fn a_verifier_reads_a_wallets_keys_within_bounds() {
    let offer = Offer::new();
    let good = offer.metadata();
    let many = |count| altered(&good, "/jwks/keys", vec![offer.jwk(); count].into());
    assert_eq!(reads(&many(16)), "accepted");
    assert_eq!(reads(&many(17)), "INRO-VP-081");
    for value in [json!([]), json!("keys"), json!({}), json!({ "keys": {} }), Value::Null] {
        assert_eq!(reads(&altered(&good, "/jwks", value.clone())), "INRO-VP-081", "{value}");
    }
    let long = altered(&good, "/jwks/keys/0/kid", "k".repeat(70_000).into());
    assert_eq!(reads(&long), "INRO-VP-001");
}
