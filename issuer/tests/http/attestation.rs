//! Key attestations. The wallet provider is software of these tests: nobody should believe it.

use std::collections::BTreeMap;

use inro_base::base64url;
use inro_crypto::{Signer as _, SoftwareKey};
use inro_issuer::demands::Demands;
use inro_jose::Jwk;
use inro_openid4vci::AttestationDemand;
use inro_service::pki::{Authority, LeafProfile, Validity};
use inro_trust::{Anchors, Usage, oid};
use serde_json::{Value, json};

use crate::support::*;

/// A wallet provider in software.
struct Provider {
    authority: Authority,
    key: SoftwareKey,
    x5c: Value,
}

impl Provider {
    fn new(usage: &'static [u64]) -> Self {
        Self::under(Authority::create("Wallet Providers", Validity::days(NOW, 3650)).unwrap(), usage)
    }

    fn under(authority: Authority, usage: &'static [u64]) -> Self {
        let profile = LeafProfile {
            common_name: "Software Wallet Provider of Tests".into(),
            extended_key_usages: vec![usage],
            ..LeafProfile::default()
        };
        let leaf = authority.issue(&profile, Validity::days(NOW, 730)).unwrap();
        let chain = inro_trust::certificates_from_pem(&leaf.certificate_pem).unwrap();
        let x5c = chain.iter().map(|der| Value::from(base64url::encode_standard(der))).collect();
        Self { authority, key: SoftwareKey::from_pkcs8_pem(leaf.key_pem.expose()).unwrap(), x5c }
    }

    /// An attestation of `keys` that can be altered before it is signed.
    fn attest(&self, bench: &Bench, keys: &[SoftwareKey], nonce: &Value) -> Jws {
        let claims = json!({
            "iat": bench.now().as_secs(),
            "exp": bench.now().plus(600).as_secs(),
            "attested_keys": keys.iter().map(|key| Jwk::new(key.public_key()).to_value()).collect::<Vec<_>>(),
            "key_storage": ["iso_18045_basic", "iso_18045_high"],
            "user_authentication": ["iso_18045_high"],
            "nonce": nonce,
            "status": { "status_list": { "idx": 1, "uri": "https://provider.example/1" } },
        });
        let mut jws = Jws::new("key-attestation+jwt", &self.key, claims);
        jws.header.remove("jwk").unwrap();
        jws.header.insert("x5c".into(), self.x5c.clone());
        jws
    }
}

/// An issuer that asks for attested keys of employee ids.
fn bench(provider: &Provider) -> Bench {
    let demand =
        AttestationDemand { key_storage: vec!["iso_18045_high".into()], ..AttestationDemand::default() };
    bench_asking(provider, demand)
}

fn bench_asking(provider: &Provider, demand: AttestationDemand) -> Bench {
    let mut wallet_providers = Anchors::new();
    let pem = &provider.authority.identity().certificate_pem;
    wallet_providers.add_pem(pem, &[Usage::WalletProvider]).unwrap();
    let attestation = BTreeMap::from([("employee-id".to_owned(), demand)]);
    Bench::asking(Demands { attestation, wallet_providers, ..Demands::default() })
}

/// A request with an attestation, before both are laid out.
struct Case {
    message: CredentialMessage,
    keys: Vec<SoftwareKey>,
    attestation: Jws,
}

async fn case(bench: &Bench, provider: &Provider) -> Case {
    let message = bench.credential_message(&new_key(), 1).await;
    let keys = vec![message.proofs[0].key.clone(), new_key(), new_key()];
    let attestation = provider.attest(bench, &keys, &message.proofs[0].claims["nonce"]);
    Case { message, keys, attestation }
}

impl Case {
    /// As proof type `attestation`.
    async fn alone(&mut self, bench: &Bench) -> Answer {
        let proofs = json!({ "attestation": [self.attestation.compact()] });
        self.message.members.insert("proofs".into(), proofs);
        bench.credential(&self.message).await
    }

    /// In the header of a `jwt` proof by the first key.
    async fn beside(&mut self, bench: &Bench) -> Answer {
        let text = self.attestation.compact();
        self.message.proofs[0].header.insert("key_attestation".into(), text.into());
        bench.credential(&self.message).await
    }
}

fn copies(answer: &Answer) -> usize {
    assert_eq!(answer.verdict(), accepted());
    answer.json()["credentials"].as_array().unwrap().len()
}

fn bad(code: &str) -> (u16, String, String) {
    refused(400, "invalid_proof", code)
}

#[tokio::test]
async fn every_attested_key_gets_a_copy() {
    let provider = Provider::new(oid::WALLET_PROVIDER);
    let bench = bench(&provider);
    assert_eq!(copies(&case(&bench, &provider).await.alone(&bench).await), 3);
    assert_eq!(copies(&case(&bench, &provider).await.beside(&bench).await), 3);
    // The proof may name its key by the place among the attested ones.
    let mut case = case(&bench, &provider).await;
    case.message.proofs[0].header.remove("jwk").unwrap();
    case.message.proofs[0].header.insert("kid".into(), "0".into());
    assert_eq!(copies(&case.beside(&bench).await), 3);
}

#[tokio::test]
async fn an_attestation_of_more_keys_than_a_batch_yields_a_batch() {
    let provider = Provider::new(oid::WALLET_PROVIDER);
    let bench = bench(&provider);
    let mut case = case(&bench, &provider).await;
    case.keys.extend((0..9).map(|_| new_key()));
    let nonce = case.message.proofs[0].claims["nonce"].clone();
    case.attestation = provider.attest(&bench, &case.keys, &nonce);
    assert_eq!(copies(&case.alone(&bench).await), 10);
}

#[tokio::test]
async fn the_metadata_say_what_is_asked_for() {
    let provider = Provider::new(oid::WALLET_PROVIDER);
    let bench = bench(&provider);
    let metadata = bench.get("/.well-known/openid-credential-issuer", "application/json").await.json();
    let types =
        |id: &str| metadata["credential_configurations_supported"][id]["proof_types_supported"].clone();
    for name in ["jwt", "attestation"] {
        let entry = &types(EMPLOYEE_ID)[name];
        assert_eq!(entry["key_attestations_required"], json!({ "key_storage": ["iso_18045_high"] }));
        assert_eq!(entry["proof_signing_alg_values_supported"], json!(["ES256"]));
    }
    let plain = json!({ "jwt": { "proof_signing_alg_values_supported": ["ES256"] } });
    assert_eq!(types("role-authority.dc+sd-jwt"), plain);
}

#[tokio::test]
async fn refuses_keys_without_an_attestation_and_an_attestation_that_nobody_asked_for() {
    let provider = Provider::new(oid::WALLET_PROVIDER);
    let bench = bench(&provider);
    let case = case(&bench, &provider).await;
    assert_eq!(bench.credential(&case.message).await.verdict(), bad("INRO-VCI-095"));
    let plain = Bench::new();
    let mut unasked = self::case(&plain, &provider).await;
    assert_eq!(unasked.alone(&plain).await.verdict(), bad("INRO-VCI-051"));
    // In a header it is not read: the proof stands for its own key.
    let mut unasked = self::case(&plain, &provider).await;
    assert_eq!(copies(&unasked.beside(&plain).await), 1);
}

#[tokio::test]
async fn refuses_an_attester_that_is_unknown_or_for_something_else() {
    let provider = Provider::new(oid::WALLET_PROVIDER);
    let bench = bench(&provider);
    assert_eq!(copies(&case(&bench, &provider).await.alone(&bench).await), 3);
    let strangers = Authority::create("Strangers", Validity::days(NOW, 3650)).unwrap();
    let stranger = Provider::under(strangers, oid::WALLET_PROVIDER);
    assert_eq!(case(&bench, &stranger).await.alone(&bench).await.verdict(), bad("INRO-TRUST-005"));
    assert_eq!(case(&bench, &stranger).await.beside(&bench).await.verdict(), bad("INRO-TRUST-005"));
    let issuer = Provider::under(provider.authority, oid::CREDENTIAL_ISSUER);
    assert_eq!(case(&bench, &issuer).await.alone(&bench).await.verdict(), bad("INRO-TRUST-007"));
}

#[tokio::test]
async fn refuses_an_altered_attestation() {
    let provider = Provider::new(oid::WALLET_PROVIDER);
    let bench = bench(&provider);
    assert_eq!(copies(&case(&bench, &provider).await.alone(&bench).await), 3);
    let now = bench.now();
    let private = json!([{ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA" }]);
    for (claim, value, code) in [
        ("exp", json!(now.as_secs()), "INRO-VCI-091"),
        ("iat", Value::Null, "INRO-VCI-090"),
        ("iat", json!(now.as_secs() + 301), "INRO-VCI-092"),
        ("key_storage", json!(["iso_18045_moderate"]), "INRO-VCI-093"),
        ("key_storage", json!([]), "INRO-VCI-090"),
        ("key_storage", json!("iso_18045_high"), "INRO-VCI-090"),
        ("attested_keys", json!([]), "INRO-VCI-090"),
        ("attested_keys", private, "INRO-JOSE-006"),
        ("status", json!("valid"), "INRO-VCI-090"),
        ("nonce", json!(1), "INRO-VCI-090"),
    ] {
        let mut altered = case(&bench, &provider).await;
        altered.attestation.claims.insert(claim.into(), value.clone());
        assert_eq!(altered.alone(&bench).await.verdict(), bad(code), "{claim}: {value}");
    }
    let mut altered = case(&bench, &provider).await;
    altered.attestation.claims.remove("key_storage").unwrap();
    assert_eq!(altered.alone(&bench).await.verdict(), bad("INRO-VCI-093"));
    let mut altered = case(&bench, &provider).await;
    altered.attestation.key = new_key();
    assert_eq!(altered.alone(&bench).await.verdict(), bad("INRO-JOSE-005"));
    let mut altered = case(&bench, &provider).await;
    let twice = altered.attestation.claims["attested_keys"][0].clone();
    altered.attestation.claims.insert("attested_keys".into(), json!([twice, twice]));
    assert_eq!(altered.alone(&bench).await.verdict(), bad("INRO-VCI-060"));
}

#[tokio::test]
async fn refuses_attested_keys_that_nobody_had_to_unlock() {
    let provider = Provider::new(oid::WALLET_PROVIDER);
    let high = vec!["iso_18045_high".to_owned()];
    let demand = AttestationDemand { user_authentication: high, ..AttestationDemand::default() };
    let bench = bench_asking(&provider, demand);
    assert_eq!(copies(&case(&bench, &provider).await.alone(&bench).await), 3);
    let mut weak = case(&bench, &provider).await;
    weak.attestation.claims.insert("user_authentication".into(), json!(["iso_18045_basic"]));
    assert_eq!(weak.alone(&bench).await.verdict(), bad("INRO-VCI-093"));
    let mut silent = case(&bench, &provider).await;
    silent.attestation.claims.remove("user_authentication").unwrap();
    assert_eq!(silent.alone(&bench).await.verdict(), bad("INRO-VCI-093"));
}

#[tokio::test]
async fn refuses_an_attestation_of_another_typ() {
    let provider = Provider::new(oid::WALLET_PROVIDER);
    let bench = bench(&provider);
    assert_eq!(copies(&case(&bench, &provider).await.alone(&bench).await), 3);
    for typ in ["openid4vci-proof+jwt", "keyattestation+jwt", "JWT"] {
        let mut altered = case(&bench, &provider).await;
        altered.attestation.header.insert("typ".into(), typ.into());
        assert_eq!(altered.alone(&bench).await.verdict(), bad("INRO-JOSE-003"), "{typ}");
    }
}

#[tokio::test]
async fn refuses_an_attestation_with_another_nonce() {
    let provider = Provider::new(oid::WALLET_PROVIDER);
    let bench = bench(&provider);
    let used = {
        let mut first = case(&bench, &provider).await;
        assert_eq!(copies(&first.alone(&bench).await), 3);
        first.attestation.claims["nonce"].clone()
    };
    let mut replayed = case(&bench, &provider).await;
    replayed.attestation.claims.insert("nonce".into(), used);
    assert_eq!(replayed.alone(&bench).await.verdict(), refused(400, "invalid_nonce", "INRO-VCI-061"));
    let mut foreign = case(&bench, &provider).await;
    foreign.attestation.claims.insert("nonce".into(), "foreign".into());
    assert_eq!(foreign.alone(&bench).await.verdict(), refused(400, "invalid_nonce", "INRO-OAUTH-013"));
    let mut beside = case(&bench, &provider).await;
    let another = bench.nonce().await;
    beside.attestation.claims.insert("nonce".into(), another.clone().into());
    assert_eq!(copies(&beside.beside(&bench).await), 3, "each nonce is the issuer's");
    let mut replayed = case(&bench, &provider).await;
    replayed.attestation.claims.insert("nonce".into(), another.into());
    assert_eq!(replayed.beside(&bench).await.verdict(), refused(400, "invalid_nonce", "INRO-VCI-061"));
    for alone in [true, false] {
        let mut without = case(&bench, &provider).await;
        without.attestation.claims.remove("nonce").unwrap();
        let answer = if alone { without.alone(&bench).await } else { without.beside(&bench).await };
        assert_eq!(answer.verdict(), bad("INRO-VCI-058"));
    }
}

#[tokio::test]
async fn refuses_a_proof_by_a_key_that_was_not_attested() {
    let provider = Provider::new(oid::WALLET_PROVIDER);
    let bench = bench(&provider);
    assert_eq!(copies(&case(&bench, &provider).await.beside(&bench).await), 3);
    let others = [new_key(), new_key()];
    let mut foreign = case(&bench, &provider).await;
    let nonce = foreign.message.proofs[0].claims["nonce"].clone();
    foreign.attestation = provider.attest(&bench, &others, &nonce);
    assert_eq!(foreign.beside(&bench).await.verdict(), bad("INRO-VCI-094"));
    let mut nowhere = case(&bench, &provider).await;
    nowhere.message.proofs[0].header.remove("jwk").unwrap();
    nowhere.message.proofs[0].header.insert("kid".into(), "3".into());
    assert_eq!(nowhere.beside(&bench).await.verdict(), bad("INRO-VCI-094"));
    // The second place is not the key that signed.
    let mut other = case(&bench, &provider).await;
    other.message.proofs[0].header.remove("jwk").unwrap();
    other.message.proofs[0].header.insert("kid".into(), "1".into());
    assert_eq!(other.beside(&bench).await.verdict(), bad("INRO-JOSE-005"));
    let mut by_place = case(&bench, &provider).await;
    by_place.message.proofs[0].header.remove("jwk").unwrap();
    by_place.message.proofs[0].header.insert("kid".into(), "0".into());
    let mut certified = case(&bench, &provider).await;
    certified.message.proofs[0].header.clone_from(&by_place.message.proofs[0].header);
    certified.message.proofs[0].header.insert("x5c".into(), provider.x5c.clone());
    assert_eq!(copies(&by_place.beside(&bench).await), 3);
    assert_eq!(certified.beside(&bench).await.verdict(), bad("INRO-VCI-054"));
}

#[tokio::test]
async fn an_attestation_alone_is_exactly_one() {
    let provider = Provider::new(oid::WALLET_PROVIDER);
    let bench = bench(&provider);
    for (number, expected) in
        [(1, accepted()), (0, bad("INRO-VCI-052")), (2, bad("INRO-VCI-051")), (3, bad("INRO-VCI-051"))]
    {
        let mut case = case(&bench, &provider).await;
        let list = vec![case.attestation.compact(); number];
        case.message.members.insert("proofs".into(), json!({ "attestation": list }));
        assert_eq!(bench.credential(&case.message).await.verdict(), expected, "{number}");
    }
    let mut bare = case(&bench, &provider).await;
    bare.message.members.insert("proofs".into(), json!({ "attestation": bare.attestation.compact() }));
    assert_eq!(bench.credential(&bare.message).await.verdict(), bad("INRO-VCI-051"));
}

#[tokio::test]
async fn an_attestation_beside_a_proof_has_to_end() {
    let provider = Provider::new(oid::WALLET_PROVIDER);
    let bench = bench(&provider);
    for alone in [true, false] {
        let mut endless = case(&bench, &provider).await;
        endless.attestation.claims.remove("exp").unwrap();
        match alone {
            true => assert_eq!(copies(&endless.alone(&bench).await), 3),
            false => assert_eq!(endless.beside(&bench).await.verdict(), bad("INRO-VCI-090")),
        }
    }
}
