//! A whole issuance with the wallet's own states, and the documents that lead there.

use std::collections::HashSet;

use axum::body::Body;
use axum::http::Request;
use inro_base::Rng;
use inro_base::http::{HttpRequest, HttpResponse, Method};
use inro_base::json::Limits;
use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_jose::{Expect, Jwk, UnverifiedJws};
use inro_openid4vci::wallet::{
    CredentialAnswer, CredentialStep, MetadataTrust, NextStep, OfferStep, Ready, Received, TokenAnswer,
    TokenStep, read_offer,
};
use inro_sd_jwt::{Expected, UnverifiedSdJwt};
use inro_trust::Usage;

use crate::support::*;

/// Carries out one effect of the wallet's states.
pub(crate) async fn carry_out(bench: &Bench, request: HttpRequest) -> HttpResponse {
    let path = request.url.strip_prefix(URL).expect("a URL of the issuer");
    let mut built = match request.method {
        Method::Get => Request::get(path),
        Method::Post => Request::post(path),
    };
    for (name, value) in &request.headers {
        built = built.header(*name, value);
    }
    let answer = bench.send(built.body(Body::from(request.body)).unwrap()).await;
    let headers =
        answer.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    HttpResponse { status: answer.status.as_u16(), headers: headers.collect(), body: answer.body }
}

pub(crate) async fn ready(bench: &Bench, link: &str) -> Ready {
    let seen = match read_offer(link).unwrap() {
        OfferStep::Seen(seen) => seen,
        OfferStep::Fetch(fetch, request) => fetch.received(&carry_out(bench, request).await).unwrap(),
    };
    let (fetch, request) = seen.fetch_metadata();
    let trust = MetadataTrust { anchors: &bench.anchors, now: bench.now(), provider: &RustCrypto };
    let (fetch, request) = fetch.received(&carry_out(bench, request).await, &trust).unwrap();
    fetch.received(&carry_out(bench, request).await).unwrap()
}

/// Receives everything that `link` offers, with the keys of each batch.
async fn receive(bench: &Bench, link: &str, tx_code: Option<&str>) -> Vec<(Received, Vec<SoftwareKey>)> {
    let rng: &mut dyn Rng = &mut TestRng::new();
    let dpop_key = new_key();
    let mut draft = ready(bench, link).await.redeem(tx_code, dpop_key.public_key()).unwrap();
    let mut authorized = loop {
        let TokenStep::Sign(signing) = draft.send(bench.now(), rng, &RustCrypto) else { panic!("DPoP") };
        let signature = dpop_key.sign_es256(signing.signing_input()).unwrap();
        let (sent, request) = signing.signed(&signature);
        match sent.received(&carry_out(bench, request).await).unwrap() {
            TokenAnswer::Authorized(authorized) => break authorized,
            TokenAnswer::Again(again) => draft = again,
        }
    };
    let mut received = Vec::new();
    while let NextStep::Nonce(fetch, request) = authorized.next() {
        let draft = fetch.received(&carry_out(bench, request).await).unwrap();
        let keys: Vec<SoftwareKey> = (0..draft.max_copies()).map(|_| new_key()).collect();
        let publics: Vec<_> = keys.iter().map(SoftwareKey::public_key).collect();
        let signing = draft.proofs(&publics, bench.now()).unwrap();
        let inputs: Vec<Vec<u8>> = signing.signing_inputs().map(<[u8]>::to_vec).collect();
        let signatures: Vec<_> =
            keys.iter().zip(&inputs).map(|(key, input)| key.sign_es256(input).unwrap()).collect();
        let draft = signing.signed(&signatures).unwrap();
        let CredentialStep::Sign(signing) = draft.send(bench.now(), rng, &RustCrypto).unwrap() else {
            panic!("DPoP")
        };
        let signature = dpop_key.sign_es256(signing.signing_input()).unwrap();
        let (sent, request) = signing.signed(&signature);
        match sent.received(&carry_out(bench, request).await, &RustCrypto).unwrap() {
            CredentialAnswer::Received(credentials, next) => {
                received.push((credentials, keys));
                authorized = next;
            }
            _ => panic!("credentials"),
        }
    }
    received
}

#[tokio::test]
async fn a_wallet_receives_ten_copies_of_each_credential() {
    let bench = Bench::new();
    let offer = bench.offer(true);
    let code = offer.tx_code.as_ref().unwrap().expose().clone();
    let received = receive(&bench, offer.by_reference.expose(), Some(&code)).await;
    assert_eq!(received.len(), 2);
    for ((received, keys), type_id) in received.iter().zip(["employee-id", "role-authority"]) {
        assert_eq!(received.offered.id, format!("{type_id}.dc+sd-jwt"));
        assert_eq!(received.credentials.len(), 10);
        let (mut disclosures, mut times) = (HashSet::new(), HashSet::new());
        for (text, key) in received.credentials.iter().zip(keys) {
            let unverified = UnverifiedSdJwt::parse(text).unwrap();
            let trusted =
                bench.anchors.trust(unverified.x5c(), Usage::CredentialIssuer, NOW, &RustCrypto).unwrap();
            assert!(trusted.allows_type(type_id));
            let expected = Expected::at_issuance(NOW);
            let verified = unverified.verify(&trusted, &expected, &RustCrypto).unwrap();
            assert_eq!(verified.vct(), format!("urn:inro:{type_id}:1"));
            let payload = UnverifiedJws::parse(
                text.split('~').next().unwrap(),
                Expect { typ: &["dc+sd-jwt"], limits: Limits::DOCUMENT },
            )
            .unwrap();
            let payload = payload.unverified_payload();
            assert_eq!(payload["cnf"]["jwk"], Jwk::new(key.public_key()).to_value());
            let (iat, exp) = (payload["iat"].as_i64().unwrap(), payload["exp"].as_i64().unwrap());
            assert_eq!((iat % 86_400, exp % 86_400), (0, 0), "times on the day's grid");
            times.insert((iat, exp));
            for disclosure in text.split('~').skip(1).filter(|part| !part.is_empty()) {
                assert!(disclosures.insert(disclosure.to_owned()), "a salt in two copies");
            }
        }
        assert_eq!(times.len(), 1);
    }
    let lines = bench.issuer.store().credentials().unwrap();
    assert_eq!(
        lines.iter().map(|line| (line.type_id.as_str(), line.copies)).collect::<Vec<_>>(),
        [("employee-id", 10), ("role-authority", 10)]
    );
}

#[tokio::test]
async fn an_offer_by_value_leads_to_the_same() {
    let bench = Bench::new();
    let offer = bench.offer(false);
    let ready = ready(&bench, offer.by_value.expose()).await;
    assert_eq!(ready.signer().unwrap().subject(), "Minato City");
    assert_eq!(
        ready.issuer_display().iter().map(|display| display.name.as_str()).collect::<Vec<_>>(),
        ["みなと市", "Minato City"]
    );
    assert_eq!(receive(&bench, offer.by_value.expose(), None).await.len(), 2);
}

#[tokio::test]
async fn metadata_come_signed_or_not_as_asked() {
    let bench = Bench::new();
    let path = "/.well-known/openid-credential-issuer";
    let plain = bench.get(path, "application/json").await;
    assert_eq!(plain.header("content-type"), "application/json");
    assert_eq!(plain.json()["credential_issuer"], URL);
    assert_eq!(plain.json()["batch_credential_issuance"]["batch_size"], 10);
    let signed = bench.get(path, "application/jwt").await;
    assert_eq!(signed.header("content-type"), "application/jwt");
    let url = inro_oauth::HttpsUrl::parse(URL).unwrap();
    let verify =
        |jwt: &[u8], now| inro_openid4vci::signed::verify(jwt, &url, &bench.anchors, now, &RustCrypto);
    let code = |jwt: &[u8], now| verify(jwt, now).err().map(|error| inro_base::Coded::code(&error).as_str());
    let (metadata, _) = verify(&signed.body, NOW).unwrap();
    assert_eq!(serde_json::Value::Object(metadata.to_json()), plain.json());
    assert_eq!(code(&signed.body, NOW.plus(86_400)), Some("INRO-VCI-018"));
    let nobody = inro_trust::Anchors::new();
    let untrusted = inro_openid4vci::signed::verify(&signed.body, &url, &nobody, NOW, &RustCrypto);
    assert_eq!(inro_base::Coded::code(&untrusted.err().unwrap()).as_str(), "INRO-TRUST-005");
    let other = inro_oauth::HttpsUrl::parse("https://other.example").unwrap();
    let elsewhere = inro_openid4vci::signed::verify(&signed.body, &other, &bench.anchors, NOW, &RustCrypto);
    assert_eq!(inro_base::Coded::code(&elsewhere.err().unwrap()).as_str(), "INRO-VCI-018");
}

#[tokio::test]
async fn signed_metadata_have_a_subject_and_times_that_may_have_a_fraction() {
    let bench = Bench::new();
    let signed = bench.get("/.well-known/openid-credential-issuer", "application/jwt").await;
    let url = inro_oauth::HttpsUrl::parse(URL).unwrap();
    let code = |jwt: &[u8], now| {
        let verified = inro_openid4vci::signed::verify(jwt, &url, &bench.anchors, now, &RustCrypto);
        verified.err().map(|error| inro_base::Coded::code(&error).as_str())
    };
    assert_eq!(code(&signed.body, NOW), None);
    let altered = |claim: &str, value: &str| {
        let text = std::str::from_utf8(&signed.body).unwrap();
        let typ = inro_openid4vci::signed::TYP;
        let jws = UnverifiedJws::parse(text, Expect { typ: &[typ], limits: Limits::DOCUMENT }).unwrap();
        let mut payload = jws.unverified_payload().clone();
        match value {
            "" => drop(payload.remove(claim).unwrap()),
            value => drop(payload.insert(claim.into(), serde_json::from_str(value).unwrap())),
        }
        let jws = inro_jose::JwsToSign::new(jws.header().all().clone(), &payload);
        jws.sign_with(&*bench.signer).unwrap().into_bytes()
    };
    let (earlier, later) = (NOW.as_secs() - 1, NOW.as_secs() + 301);
    assert_eq!(code(&altered("iat", &format!("{earlier}.5")), NOW), None);
    assert_eq!(code(&altered("iat", &format!("{later}.5")), NOW), Some("INRO-VCI-018"));
    assert_eq!(code(&altered("exp", &format!("{later}.5")), NOW), None);
    assert_eq!(code(&altered("exp", &format!("{earlier}.5")), NOW), Some("INRO-VCI-018"));
    assert_eq!(code(&altered("exp", "\"tomorrow\""), NOW), Some("INRO-VCI-018"));
    for claim in ["sub", "iat"] {
        assert_eq!(code(&altered(claim, ""), NOW), Some("INRO-VCI-018"), "{claim}");
    }
    assert_eq!(code(&altered("sub", "\"https://other.example\""), NOW), Some("INRO-VCI-018"));
}

#[tokio::test]
async fn refuses_metadata_that_another_key_has_signed() {
    let bench = Bench::new();
    let signed = bench.get("/.well-known/openid-credential-issuer", "application/jwt").await;
    let url = inro_oauth::HttpsUrl::parse(URL).unwrap();
    let resigned = |signer: &dyn inro_crypto::Signer| {
        let text = std::str::from_utf8(&signed.body).unwrap();
        let expect = Expect { typ: &[inro_openid4vci::signed::TYP], limits: Limits::DOCUMENT };
        let jws = UnverifiedJws::parse(text, expect).unwrap();
        let jws = inro_jose::JwsToSign::new(jws.header().all().clone(), jws.unverified_payload());
        let jwt = jws.sign_with(signer).unwrap();
        let verified =
            inro_openid4vci::signed::verify(jwt.as_bytes(), &url, &bench.anchors, NOW, &RustCrypto);
        verified.err().map(|error| inro_base::Coded::code(&error).as_str())
    };
    assert_eq!(resigned(&*bench.signer), None);
    assert_eq!(resigned(&new_key()), Some("INRO-JOSE-005"));
}

#[tokio::test]
async fn type_metadata_come_signed_by_the_issuer() {
    let bench = Bench::new();
    let signed = bench.get("/types/role-authority", "*/*").await;
    assert_eq!(signed.header("content-type"), "application/jwt");
    let expect = Expect { typ: &["inro-type-metadata+jwt"], limits: Limits::DOCUMENT };
    let jws = UnverifiedJws::parse(std::str::from_utf8(&signed.body).unwrap(), expect).unwrap();
    let key = bench.anchors.trust(jws.header().x5c(), Usage::CredentialIssuer, NOW, &RustCrypto).unwrap();
    let verified = jws.verify(&RustCrypto, key.public_key()).unwrap();
    assert_eq!(verified.payload()["vct"], "urn:inro:role-authority:1");
    let plain = bench.get("/types/role-authority", "application/json").await;
    assert_eq!(plain.json()["vct"], "urn:inro:role-authority:1");
    let unknown = bench.get("/types/unheard-of", "*/*").await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.json()["inro_code"].as_str()),
        (404, Some("INRO-ISSUER-021"))
    );
}

#[tokio::test]
async fn an_unknown_offer_is_a_coded_problem() {
    let bench = Bench::new();
    let offer = bench.offer(false);
    let path = format!("/offers/{}", handle(&offer));
    assert_eq!(bench.get(&path, "application/json").await.verdict(), accepted());
    // What the database and the lists have of an offer does not fetch it; nor does what is no text.
    for unknown in [offer.id.as_str(), "unheard-of", "%FF"] {
        let answer = bench.get(&format!("/offers/{unknown}"), "application/json").await;
        let found = (answer.status.as_u16(), answer.json()["inro_code"].as_str().map(String::from));
        assert_eq!(found, (404, Some("INRO-ISSUER-020".into())), "{unknown}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

/// What stands on the wire changes only on purpose: replace the file in `golden/` when it should.
/// Names and claims come from the types' files, which have tests of their own.
#[tokio::test]
async fn published_documents_stay_as_they_are() {
    let bench = Bench::new();
    let documents = [
        ("openid-credential-issuer", include_str!("golden/issuer-metadata.json")),
        ("oauth-authorization-server", include_str!("golden/server-metadata.json")),
    ];
    for (name, golden) in documents {
        let mut document = bench.get(&format!("/.well-known/{name}"), "application/json").await.json();
        let configurations =
            document.get_mut("credential_configurations_supported").and_then(|map| map.as_object_mut());
        for configuration in configurations.into_iter().flat_map(|map| map.values_mut()) {
            assert!(configuration.as_object_mut().unwrap().remove("credential_metadata").is_some());
        }
        assert_eq!(serde_json::to_string_pretty(&document).unwrap(), golden.trim_end(), "{name}");
    }
}

#[tokio::test]
async fn each_credential_has_one_name_for_each_language() {
    let bench = Bench::new();
    let metadata = bench.get("/.well-known/openid-credential-issuer", "application/json").await.json();
    let configurations = metadata["credential_configurations_supported"].as_object().unwrap();
    assert_eq!(configurations.len(), 4);
    for (id, configuration) in configurations {
        let display = configuration["credential_metadata"]["display"].as_array().unwrap();
        let names: Vec<_> = display.iter().map(|entry| entry["name"].as_str().unwrap_or_default()).collect();
        assert!(names.iter().all(|name| !name.is_empty()), "{id}: {names:?}");
        let languages: Vec<_> = display.iter().map(|entry| entry["locale"].as_str().unwrap()).collect();
        assert_eq!(languages, ["ja", "en"], "{id}");
    }
}
