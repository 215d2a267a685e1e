//! Encrypted requests and answers.

use inro_base::Rng;
use inro_crypto::{RustCrypto, SoftwareKey};
use inro_issuer::demands::{Demands, EncryptionSetting};
use inro_jose::Jwk;
use inro_jose::jwe::{
    AgreementKey, ContentEncryption, DecryptionKey, PartyInfo, Recipient, UnverifiedJwe, encrypt,
};
use serde_json::{Map, Value, json};

use crate::support::*;

fn setting(offered: bool, required: bool) -> Bench {
    Bench::asking(Demands { encryption: EncryptionSetting { offered, required }, ..Demands::default() })
}

/// The key that the metadata offer.
async fn published(bench: &Bench) -> Jwk {
    let metadata = bench.get("/.well-known/openid-credential-issuer", "application/json").await.json();
    Jwk::parse(&metadata["credential_request_encryption"]["jwks"]["keys"][0]).unwrap()
}

/// A credential request that can be altered before it is encrypted.
struct Sealed {
    key: SoftwareKey,
    token: String,
    members: Map<String, Value>,
    reply: DecryptionKey,
    recipient: Jwk,
    enc: ContentEncryption,
}

async fn sealed(bench: &Bench) -> Sealed {
    let key = new_key();
    let token = bench.access_token(&key).await;
    sealed_for(bench, key, token).await
}

async fn sealed_for(bench: &Bench, key: SoftwareKey, token: String) -> Sealed {
    let message = bench.credential_message_for(&token, &key, 2).await;
    let mut members: Map<String, Value> = serde_json::from_str(&message.json()).unwrap();
    let reply = DecryptionKey { key: AgreementKey::generate(&mut TestRng::new()), kid: Some("r".into()) };
    members.insert("credential_response_encryption".into(), wish(&reply));
    Sealed { key, token, members, reply, recipient: published(bench).await, enc: ContentEncryption::A256Gcm }
}

fn wish(reply: &DecryptionKey) -> Value {
    json!({ "jwk": reply.to_jwk().to_value(), "enc": "A128GCM" })
}

impl Sealed {
    fn text(&self) -> String {
        let rng: &mut dyn Rng = &mut TestRng::new();
        let recipient = Recipient { jwk: &self.recipient, enc: self.enc };
        let text = Value::Object(self.members.clone()).to_string();
        encrypt(text.as_bytes(), &recipient, PartyInfo::default(), rng, &RustCrypto).unwrap()
    }

    async fn send(&self, bench: &Bench) -> Answer {
        self.send_as(bench, "application/jwt", self.text()).await
    }

    async fn send_as(&self, bench: &Bench, media_type: &str, body: String) -> Answer {
        bench.send(bench.protected_as("/credential", &self.key, &self.token, media_type, body)).await
    }

    async fn send_plain(&self, bench: &Bench) -> Answer {
        let body = Value::Object(self.members.clone()).to_string();
        self.send_as(bench, "application/json", body).await
    }

    fn open(&self, answer: &Answer) -> Value {
        assert_eq!(answer.header("content-type"), "application/jwt");
        assert_eq!(answer.header("cache-control"), "no-store");
        let jwe = UnverifiedJwe::parse(std::str::from_utf8(&answer.body).unwrap(), 1 << 20).unwrap();
        assert_eq!(jwe.unverified_kid(), Some("r"));
        let opened = jwe.decrypt(&self.reply, &[ContentEncryption::A128Gcm], &RustCrypto).unwrap();
        serde_json::from_slice(&opened).unwrap()
    }
}

fn bad(code: &str) -> (u16, String, String) {
    refused(400, "invalid_encryption_parameters", code)
}

/// The unaltered request is accepted; then the altered one is refused, and not under encryption.
async fn refuses(bench: &Bench, code: &str, alter: impl FnOnce(&mut Sealed)) {
    let unaltered = sealed(bench).await;
    assert_eq!(unaltered.send(bench).await.status.as_u16(), 200);
    let mut altered = sealed(bench).await;
    alter(&mut altered);
    let answer = altered.send(bench).await;
    assert_eq!(answer.verdict(), bad(code));
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn encrypts_the_answer_to_the_key_in_the_encrypted_request() {
    let bench = Bench::new();
    let request = sealed(&bench).await;
    let answer = request.send(&bench).await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(request.open(&answer)["credentials"].as_array().unwrap().len(), 2);
    // Without a key for the answer the answer is plain.
    let mut request = sealed(&bench).await;
    request.members.remove("credential_response_encryption").unwrap();
    assert_eq!(request.send(&bench).await.json()["credentials"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_error_is_never_encrypted() {
    let bench = Bench::new();
    let mut request = sealed(&bench).await;
    request.members["credential_configuration_id"] = "unheard-of".into();
    let answer = request.send(&bench).await;
    assert_eq!(answer.verdict(), refused(400, "unknown_credential_configuration", "INRO-VCI-042"));
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn refuses_response_encryption_without_request_encryption() {
    let bench = Bench::new();
    let request = sealed(&bench).await;
    assert_eq!(request.send_plain(&bench).await.verdict(), bad("INRO-VCI-072"));
    assert_eq!(request.send(&bench).await.status.as_u16(), 200);
}

#[tokio::test]
async fn refuses_a_request_for_another_key() {
    let bench = Bench::new();
    refuses(&bench, "INRO-JOSE-023", |request| request.recipient.kid = Some("other".into())).await;
    refuses(&bench, "INRO-JOSE-023", |request| request.recipient.kid = None).await;
    refuses(&bench, "INRO-JOSE-028", |request| {
        request.recipient.key = *AgreementKey::generate(&mut TestRng::new()).public_key();
    })
    .await;
}

#[tokio::test]
async fn refuses_encryption_parameters_that_are_not_offered() {
    let bench = Bench::new();
    const MEMBER: &str = "credential_response_encryption";
    refuses(&bench, "INRO-VCI-075", |request| request.members[MEMBER]["zip"] = "DEF".into()).await;
    refuses(&bench, "INRO-VCI-074", |request| request.members[MEMBER]["enc"] = "A128CBC-HS256".into()).await;
    refuses(&bench, "INRO-VCI-073", |request| request.members[MEMBER]["jwk"]["alg"] = "RSA-OAEP".into())
        .await;
    refuses(&bench, "INRO-VCI-073", |request| {
        request.members[MEMBER]["jwk"].as_object_mut().unwrap().remove("alg").unwrap();
    })
    .await;
    refuses(&bench, "INRO-VCI-073", |request| request.members[MEMBER]["jwk"]["d"] = "AA".into()).await;
    refuses(&bench, "INRO-VCI-073", |request| request.members[MEMBER] = json!("jwk")).await;
}

#[tokio::test]
async fn refuses_a_compressed_or_altered_message() {
    let bench = Bench::new();
    let request = sealed(&bench).await;
    let text = request.text();
    let (header, rest) = text.split_once('.').unwrap();
    let mut header: Value = serde_json::from_slice(&inro_base::base64url::decode(header).unwrap()).unwrap();
    header["zip"] = "DEF".into();
    let compressed = format!("{}.{rest}", inro_base::base64url::encode(header.to_string().as_bytes()));
    let answer = request.send_as(&bench, "application/jwt", compressed).await;
    assert_eq!(answer.verdict(), bad("INRO-JOSE-024"));
    let (front, tag) = text.rsplit_once('.').unwrap();
    let (first, rest) = tag.split_at(1);
    let altered = format!("{front}.{}{rest}", if first == "A" { "B" } else { "A" });
    let answer = request.send_as(&bench, "application/jwt", altered).await;
    assert_eq!(answer.verdict(), bad("INRO-JOSE-028"));
    let answer = request.send_as(&bench, "application/jwt", "not a JWE".into()).await;
    assert_eq!(answer.verdict(), bad("INRO-JOSE-020"));
    assert_eq!(request.send(&bench).await.status.as_u16(), 200);
}

#[tokio::test]
async fn refuses_what_is_plain_where_encryption_is_required() {
    let bench = setting(true, true);
    let request = sealed(&bench).await;
    assert_eq!(request.send_plain(&bench).await.verdict(), bad("INRO-VCI-070"));
    assert_eq!(request.send(&bench).await.status.as_u16(), 200);
    let mut request = sealed(&bench).await;
    request.members.remove("credential_response_encryption").unwrap();
    assert_eq!(request.send(&bench).await.verdict(), bad("INRO-VCI-071"));
    let metadata = bench.get("/.well-known/openid-credential-issuer", "application/json").await.json();
    for member in ["credential_request_encryption", "credential_response_encryption"] {
        assert_eq!(metadata[member]["encryption_required"], true);
    }
}

#[tokio::test]
async fn refuses_encryption_where_none_is_offered() {
    let (bench, offering) = (setting(false, true), Bench::new());
    let metadata = bench.get("/.well-known/openid-credential-issuer", "application/json").await.json();
    assert!(metadata.get("credential_request_encryption").is_none());
    let key = new_key();
    let token = bench.access_token(&key).await;
    let message = bench.credential_message_for(&token, &key, 2).await;
    assert_eq!(bench.credential(&message).await.verdict(), accepted());
    let key = new_key();
    let token = bench.access_token(&key).await;
    let mut request = sealed(&offering).await;
    (request.key, request.token) = (key, token);
    assert_eq!(request.send(&bench).await.verdict(), bad("INRO-VCI-044"));
    assert_eq!(request.send_plain(&bench).await.verdict(), bad("INRO-VCI-044"));
}

#[tokio::test]
async fn a_deferred_answer_is_encrypted_to_the_key_of_its_own_request() {
    let bench = Bench::new();
    let (offer, key) = (bench.offer_to_approve(), new_key());
    let token = bench.token_of(&offer, &key).await;
    let first = sealed_for(&bench, key, token).await;
    let answer = first.send(&bench).await;
    assert_eq!(answer.status.as_u16(), 202);
    let transaction = first.open(&answer)["transaction_id"].clone();
    bench.issuer.decide(&offer.id, true).unwrap();
    bench.wait(5);
    let mut second = sealed_for(&bench, first.key.clone(), first.token.clone()).await;
    second.members = object(json!({
        "transaction_id": transaction,
        "credential_response_encryption": wish(&second.reply),
    }));
    let body = second.text();
    let path = "/deferred_credential";
    let request = bench.protected_as(path, &second.key, &second.token, "application/jwt", body);
    let answer = bench.send(request).await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(second.open(&answer)["credentials"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_deferred_request_without_encryption_is_answered_plainly() {
    let bench = Bench::new();
    let (offer, key) = (bench.offer_to_approve(), new_key());
    let token = bench.token_of(&offer, &key).await;
    let first = sealed_for(&bench, key, token).await;
    let transaction = first.open(&first.send(&bench).await)["transaction_id"].clone();
    bench.issuer.decide(&offer.id, true).unwrap();
    bench.wait(5);
    let body = json!({ "transaction_id": transaction });
    let request = bench.protected("/deferred_credential", &first.key, &first.token, &body);
    let answer = bench.send(request).await;
    assert_eq!(answer.json()["credentials"].as_array().unwrap().len(), 2);
    // A key for the answer in a plain request is refused here as well.
    let body = json!({ "transaction_id": transaction, "credential_response_encryption": wish(&first.reply) });
    let request = bench.protected("/deferred_credential", &first.key, &first.token, &body);
    assert_eq!(bench.send(request).await.verdict(), bad("INRO-VCI-072"));
}

/// A request that waits for approval, and the id of its transaction.
async fn waiting(bench: &Bench) -> (Sealed, serde_json::Value) {
    let (offer, key) = (bench.offer_to_approve(), new_key());
    let token = bench.token_of(&offer, &key).await;
    let first = sealed_for(bench, key, token).await;
    let answer = first.send(bench).await;
    let transaction = first.open(&answer)["transaction_id"].clone();
    bench.wait(5);
    (first, transaction)
}

#[tokio::test]
async fn not_yet_is_encrypted_too() {
    let bench = Bench::new();
    let (first, transaction) = waiting(&bench).await;
    let mut poll = sealed_for(&bench, first.key.clone(), first.token.clone()).await;
    poll.members = object(json!({
        "transaction_id": transaction,
        "credential_response_encryption": wish(&poll.reply),
    }));
    let path = "/deferred_credential";
    let request = bench.protected_as(path, &poll.key, &poll.token, "application/jwt", poll.text());
    let answer = bench.send(request).await;
    assert_eq!(answer.status.as_u16(), 202);
    assert_eq!(poll.open(&answer)["transaction_id"], transaction);
}

#[tokio::test]
async fn a_plain_poll_is_refused_where_encryption_is_required() {
    let bench = setting(true, true);
    let (first, transaction) = waiting(&bench).await;
    let body = json!({ "transaction_id": transaction });
    let request = bench.protected("/deferred_credential", &first.key, &first.token, &body);
    assert_eq!(bench.send(request).await.verdict(), bad("INRO-VCI-070"));
}
