//! A whole issuance, and each document that a wallet refuses.

use inro_base::Coded as _;
use inro_base::http::HttpResponse;
use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_openid4vci::issuer::{
    Access, CheckedAccess, CheckedCredentialRequest, CheckedTokenRequest, RequestBody, TokenEndpoint,
    TokenGrant,
};
use inro_openid4vci::wallet::*;
use inro_openid4vci::{VciError, offer};
use inro_trust::Anchors;
use serde_json::{Value, json};

use crate::support::*;

fn wait<T>(
    step: TokenStep,
    key: &SoftwareKey,
    then: impl FnOnce(TokenSent, inro_base::http::HttpRequest) -> T,
) -> T {
    match step {
        TokenStep::Sign(signing) => {
            let signature = key.sign_es256(signing.signing_input()).unwrap();
            let (sent, request) = signing.signed(&signature);
            then(sent, request)
        }
        TokenStep::Send(sent, request) => then(sent, request),
    }
}

fn credential_request(
    step: CredentialStep,
    key: &SoftwareKey,
) -> (CredentialSent, inro_base::http::HttpRequest) {
    match step {
        CredentialStep::Sign(signing) => {
            let signature = key.sign_es256(signing.signing_input()).unwrap();
            signing.signed(&signature)
        }
        CredentialStep::Send(sent, request) => (sent, request),
    }
}

fn ready(offer: &Value, metadata: &Value, server: &Value) -> Result<Ready, VciError> {
    let link = format!("openid-credential-offer://?credential_offer={}", percent(&offer.to_string()));
    let OfferStep::Seen(seen) = read_offer(&link)? else { panic!("by value") };
    let (fetch, request) = seen.fetch_metadata();
    assert_eq!(request.url, "https://issuer.example/.well-known/openid-credential-issuer");
    let trust = MetadataTrust { anchors: &Anchors::new(), now: NOW, provider: &RustCrypto };
    let (fetch, request) = fetch.received(&answer(200, metadata), &trust)?;
    assert_eq!(request.url, "https://issuer.example/.well-known/oauth-authorization-server");
    fetch.received(&answer(200, server))
}

/// Goes as far as the proofs with the issuer's real checks on the other side.
#[test]
fn a_batch_goes_through_with_dpop_and_nonces() {
    let (key, nonces) = (key(1), nonce_key());
    let rng: &mut dyn inro_base::Rng = &mut Counter(0);
    let ready = ready(&offer_json(), &metadata_json(), &server_json()).unwrap();
    assert_eq!(ready.batch_size(), 10);
    assert_eq!(ready.issuer_display().first().unwrap().name, "みなと市");
    assert!(ready.tx_code().is_some());
    let draft = ready.redeem(Some("123456"), key.public_key()).unwrap();

    // Without a nonce the server asks for one; with it the same request is accepted.
    let endpoint_url = url("https://issuer.example/token");
    let issuer = url("https://issuer.example");
    let endpoint = TokenEndpoint { url: &endpoint_url, issuer: &issuer, nonces: &nonces, now: NOW };
    let (sent, request) = wait(draft.send(NOW, rng, &RustCrypto), &key, |sent, request| (sent, request));
    let refused = CheckedTokenRequest::check(header(&request, "dpop"), &request.body, &endpoint, &RustCrypto);
    let refused = refused.err().unwrap();
    assert_eq!(refused.oauth_code().as_str(), "use_dpop_nonce");
    assert_eq!(refused.code().as_str(), "INRO-OAUTH-009");
    let dpop_nonce = nonces.issue(inro_oauth::Purpose::Dpop, NOW, rng, &RustCrypto);
    let error = with_header(answer(400, &json!({"error": "use_dpop_nonce"})), "dpop-nonce", &dpop_nonce);
    let TokenAnswer::Again(draft) = sent.received(&error).unwrap() else { panic!("again") };
    let (sent, request) = wait(draft.send(NOW, rng, &RustCrypto), &key, |sent, request| (sent, request));
    let checked =
        CheckedTokenRequest::check(header(&request, "dpop"), &request.body, &endpoint, &RustCrypto).unwrap();
    let TokenGrant::Code { tx_code, .. } = &checked.grant else { panic!("a code") };
    assert_eq!(tx_code.as_ref().unwrap().expose(), "123456");
    let thumbprint = checked.proof.thumbprint().to_owned();

    let granted = with_header(
        answer(200, &json!({"access_token": "tok", "token_type": "DPoP"})),
        "dpop-nonce",
        &dpop_nonce,
    );
    let TokenAnswer::Authorized(authorized) = sent.received(&granted).unwrap() else { panic!("authorized") };
    let NextStep::Nonce(fetch, request) = authorized.next() else { panic!("nonce") };
    assert_eq!(request.url, "https://issuer.example/nonce");
    let c_nonce = nonces.issue(inro_oauth::Purpose::KeyProof, NOW, rng, &RustCrypto);
    let draft = fetch.received(&answer(200, &json!({"c_nonce": c_nonce}))).unwrap();
    assert_eq!(draft.max_copies(), 10);
    let keys: Vec<SoftwareKey> = (10..20).map(crate::support::key).collect();
    let publics: Vec<_> = keys.iter().map(|key| key.public_key()).collect();
    let signing = draft.proofs(&publics, NOW).unwrap();
    let inputs: Vec<Vec<u8>> = signing.signing_inputs().map(<[u8]>::to_vec).collect();
    let signatures: Vec<_> =
        keys.iter().zip(&inputs).map(|(key, input)| key.sign_es256(input).unwrap()).collect();
    let draft = signing.signed(&signatures).unwrap();
    let (sent, request) = credential_request(draft.send(NOW, rng, &RustCrypto).unwrap(), &key);

    let credential_url = url("https://issuer.example/credential");
    let access = Access { url: &credential_url, nonces: &nonces, now: NOW };
    let access = CheckedAccess::check(
        header(&request, "authorization"),
        header(&request, "dpop"),
        &access,
        &RustCrypto,
    )
    .unwrap();
    assert_eq!(access.proof.check_key(&thumbprint), Ok(()));
    let granted = [CONFIGURATION.to_owned()];
    let granting = granting(&issuer, &granted, &nonces);
    let body = RequestBody { bytes: &request.body, encrypted: false };
    let checked = CheckedCredentialRequest::check(body, &granting, &RustCrypto).unwrap();
    assert_eq!(checked.holder_keys, publics);

    let list: Vec<Value> = (0..10).map(|n| json!({"credential": format!("c{n}~")})).collect();
    let CredentialAnswer::Received(received, authorized) = sent
        .received(&answer(200, &json!({"credentials": list, "notification_id": "n"})), &RustCrypto)
        .unwrap()
    else {
        panic!("received")
    };
    assert_eq!(received.credentials.len(), 10);
    assert_eq!(received.notification_id.as_deref(), Some("n"));
    assert!(matches!(authorized.next(), NextStep::Done));
}

#[test]
fn works_without_nonce_endpoint_batch_dpop_scope_and_display() {
    let metadata = json!({
        "credential_issuer": "https://issuer.example",
        "credential_endpoint": "https://issuer.example/credential",
        "credential_configurations_supported": { CONFIGURATION: {
            "format": "dc+sd-jwt", "vct": "urn:x",
            "cryptographic_binding_methods_supported": ["jwk"],
            "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": ["ES256"]}},
        }},
    });
    let server =
        json!({"issuer": "https://issuer.example", "token_endpoint": "https://issuer.example/token"});
    let mut offer = offer_json();
    offer["grants"][GRANT].as_object_mut().unwrap().remove("tx_code");
    let rng: &mut dyn inro_base::Rng = &mut Counter(0);
    let draft = ready(&offer, &metadata, &server).unwrap().redeem(None, key(1).public_key()).unwrap();
    let TokenStep::Send(sent, request) = draft.send(NOW, rng, &RustCrypto) else {
        panic!("no proof to sign")
    };
    assert!(header(&request, "dpop").is_empty());
    let granted = answer(200, &json!({"access_token": "tok", "token_type": "bearer"}));
    let TokenAnswer::Authorized(authorized) = sent.received(&granted).unwrap() else { panic!("authorized") };
    let NextStep::Proofs(draft) = authorized.next() else { panic!("no nonce to fetch") };
    assert_eq!(draft.max_copies(), 1);
    let holder = key(2);
    let signing = draft.proofs(&[holder.public_key()], NOW).unwrap();
    let signature = holder.sign_es256(signing.signing_inputs().next().unwrap()).unwrap();
    let draft = signing.signed(&[signature]).unwrap();
    let CredentialStep::Send(sent, request) = draft.send(NOW, rng, &RustCrypto).unwrap() else {
        panic!("no proof to sign")
    };
    assert_eq!(header(&request, "authorization"), ["Bearer tok"]);
    let issued = answer(200, &json!({"credentials": [{"credential": "c~"}]}));
    assert!(matches!(sent.received(&issued, &RustCrypto).unwrap(), CredentialAnswer::Received(..)));
}

#[test]
fn refuses_an_offer_that_is_not_https_and_unique() {
    let accepted = |offer: &Value| offer::CredentialOffer::parse(offer.to_string().as_bytes()).map(|_| ());
    assert_eq!(accepted(&offer_json()), Ok(()));
    let mut altered = offer_json();
    altered["credential_issuer"] = "http://issuer.example".into();
    assert_eq!(accepted(&altered).unwrap_err().code().as_str(), "INRO-OAUTH-040");
    let mut altered = offer_json();
    altered["credential_configuration_ids"] = json!([CONFIGURATION, CONFIGURATION]);
    assert_eq!(accepted(&altered).unwrap_err().code().as_str(), "INRO-VCI-002");
    let mut altered = offer_json();
    altered["grants"] = json!({"authorization_code": {}});
    assert_eq!(accepted(&altered).unwrap_err().code().as_str(), "INRO-VCI-003");
}

#[test]
fn refuses_a_link_with_both_parameters_or_neither() {
    let link = "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fissuer.example%2Foffers%2F1";
    assert!(matches!(read_offer(link), Ok(OfferStep::Fetch(..))));
    for altered in [
        format!("{link}&credential_offer=%7B%7D"),
        format!("{link}&credential_offer_uri=https://b.example"),
        "openid-credential-offer://?x=1".into(),
        link.replace("openid-credential-offer", "https"),
    ] {
        assert_eq!(read_offer(&altered).unwrap_err().code().as_str(), "INRO-VCI-001", "{altered}");
    }
    let plain = link.replace("https%3A", "http%3A");
    assert_eq!(read_offer(&plain).unwrap_err().code().as_str(), "INRO-OAUTH-040");
}

#[test]
fn leaves_names_aside_that_no_screen_can_show() {
    let names = |length: usize| {
        let mut metadata = metadata_json();
        metadata["display"] = json!([{"name": "a".repeat(length)}, {"name": "b"}]);
        let ready = ready(&offer_json(), &metadata, &server_json()).unwrap();
        ready.issuer_display().iter().map(|display| display.name.len()).collect::<Vec<_>>()
    };
    assert_eq!(names(200), [200, 1]);
    assert_eq!(names(201), [1]);
}

#[test]
fn refuses_metadata_of_another_issuer_and_a_foreign_authorization_server() {
    let code = |offer: &Value, metadata: &Value, server: &Value| {
        ready(offer, metadata, server).err().map(|error| error.code().as_str())
    };
    assert_eq!(code(&offer_json(), &metadata_json(), &server_json()), None);
    let mut metadata = metadata_json();
    metadata["credential_issuer"] = "https://other.example".into();
    assert_eq!(code(&offer_json(), &metadata, &server_json()), Some("INRO-VCI-005"));
    let mut server = server_json();
    server["issuer"] = "https://other.example".into();
    assert_eq!(code(&offer_json(), &metadata_json(), &server), Some("INRO-OAUTH-042"));
    let mut offer = offer_json();
    offer["grants"][GRANT]["authorization_server"] = "https://other.example".into();
    assert_eq!(code(&offer, &metadata_json(), &server_json()), Some("INRO-VCI-008"));
    let mut offer = offer_json();
    offer["credential_configuration_ids"] = json!(["unheard-of"]);
    assert_eq!(code(&offer, &metadata_json(), &server_json()), Some("INRO-VCI-006"));
    let mut metadata = metadata_json();
    metadata["credential_response_encryption"] = json!({"alg_values_supported": ["RSA-OAEP"], "enc_values_supported": [], "encryption_required": true});
    assert_eq!(code(&offer_json(), &metadata, &server_json()), Some("INRO-VCI-007"));
}

#[test]
fn asks_for_the_transaction_code_that_the_offer_describes() {
    let redeem = |code: Option<&str>| {
        let ready = ready(&offer_json(), &metadata_json(), &server_json()).unwrap();
        ready.redeem(code, key(1).public_key()).err().map(|error| error.code().as_str())
    };
    assert_eq!(redeem(Some("123456")), None);
    assert_eq!(redeem(None), Some("INRO-VCI-009"));
    assert_eq!(redeem(Some("12345")), Some("INRO-VCI-010"));
    assert_eq!(redeem(Some("12345a")), Some("INRO-VCI-010"));
}

#[test]
fn stops_when_the_server_asks_for_nonces_for_ever() {
    let rng: &mut dyn inro_base::Rng = &mut Counter(0);
    let key = key(1);
    let ready = ready(&offer_json(), &metadata_json(), &server_json()).unwrap();
    let mut draft = ready.redeem(Some("123456"), key.public_key()).unwrap();
    for round in 1..=3 {
        let (sent, _) = wait(draft.send(NOW, rng, &RustCrypto), &key, |sent, request| (sent, request));
        let error =
            with_header(answer(400, &json!({"error": "use_dpop_nonce"})), "dpop-nonce", &format!("n{round}"));
        match sent.received(&error) {
            Ok(TokenAnswer::Again(again)) if round < 3 => draft = again,
            Err(error) if round == 3 => return assert_eq!(error.code().as_str(), "INRO-VCI-015"),
            _ => panic!("round {round}"),
        }
    }
}

/// The nonce in the DPoP proof of the credential request, when the token endpoint and the nonce endpoint each
/// brought one in their answers.
fn nonce_for_the_credential(token_endpoint: &str, nonce_endpoint: &str) -> Option<String> {
    let (key, rng) = (key(1), &mut Counter(0));
    let (mut metadata, mut server) = (metadata_json(), server_json());
    metadata["nonce_endpoint"] = nonce_endpoint.into();
    server["token_endpoint"] = token_endpoint.into();
    let draft = ready(&offer_json(), &metadata, &server).unwrap();
    let draft = draft.redeem(Some("123456"), key.public_key()).unwrap();
    let (sent, _) = wait(draft.send(NOW, rng, &RustCrypto), &key, |sent, request| (sent, request));
    let token = answer(200, &json!({"access_token": "tok", "token_type": "DPoP"}));
    let token = sent.received(&with_header(token, "dpop-nonce", "of-the-token")).unwrap();
    let TokenAnswer::Authorized(authorized) = token else { panic!("authorized") };
    let NextStep::Nonce(fetch, _) = authorized.next() else { panic!("nonce") };
    let nonce = answer(200, &json!({"c_nonce": "c"}));
    let draft = fetch.received(&with_header(nonce, "dpop-nonce", "of-the-nonce")).unwrap();
    let signing = draft.proofs(&[key.public_key()], NOW).unwrap();
    let signature = key.sign_es256(signing.signing_inputs().next().unwrap()).unwrap();
    let draft = signing.signed(&[signature]).unwrap();
    let (_, request) = credential_request(draft.send(NOW, rng, &RustCrypto).unwrap(), &key);
    let proof = header(&request, "dpop")[0].split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&inro_base::base64url::decode(proof).unwrap()).unwrap();
    claims["nonce"].as_str().map(str::to_owned)
}

/// To another server it would tell what the one has made. Source: RFC 9449 §8, §8.2.
#[test]
fn takes_a_dpop_nonce_from_the_server_that_it_is_for_alone() {
    let (here, there) = ("https://issuer.example", "https://other.example");
    let nonce = |token: &str, nonce: &str| {
        nonce_for_the_credential(&format!("{token}/token"), &format!("{nonce}/nonce"))
    };
    assert_eq!(nonce(here, here).as_deref(), Some("of-the-nonce"));
    assert_eq!(nonce(here, there).as_deref(), Some("of-the-token"));
    assert_eq!(nonce(there, here).as_deref(), Some("of-the-nonce"));
    assert_eq!(nonce(there, there), None);
}

#[test]
fn a_proof_is_remembered_no_longer_than_its_nonce_lives() {
    let (key, nonces, rng) = (key(1), nonce_key(), &mut Counter(0));
    let endpoint_url = url("https://issuer.example/token");
    let issuer = url("https://issuer.example");
    let endpoint = TokenEndpoint { url: &endpoint_url, issuer: &issuer, nonces: &nonces, now: NOW };
    let nonce = nonces.issue(inro_oauth::Purpose::Dpop, NOW.plus(-100), rng, &RustCrypto);
    let body = inro_openid4vci::request::token_request("code", None, None);
    let mut forget_at = |iat| {
        let target = inro_oauth::dpop::Target {
            method: inro_base::http::Method::Post,
            url: &endpoint_url,
            access_token: None,
            nonce: Some(&nonce),
        };
        let proof = inro_oauth::dpop::proof_to_sign(target, &key.public_key(), iat, rng, &RustCrypto);
        let proof = proof.sign_with(&key).unwrap();
        CheckedTokenRequest::check([proof.as_str()], &body, &endpoint, &RustCrypto).unwrap().forget_proof_at
    };
    assert_eq!(forget_at(NOW.plus(-300)), NOW.plus(1));
    // A phone whose clock is ahead does not hold its place in the store for ten minutes.
    assert_eq!(forget_at(NOW.plus(300)), NOW.plus(200));
}

/// The token endpoint's answer to a request with a DPoP proof.
fn token_answer(body: &Value) -> Result<TokenAnswer, VciError> {
    let (key, rng) = (key(1), &mut Counter(0));
    let ready = ready(&offer_json(), &metadata_json(), &server_json()).unwrap();
    let draft = ready.redeem(Some("123456"), key.public_key()).unwrap();
    let (sent, _) = wait(draft.send(NOW, rng, &RustCrypto), &key, |sent, request| (sent, request));
    sent.received(&answer(200, body))
}

#[test]
fn refuses_a_token_that_is_not_bound_to_the_key_of_the_proof() {
    let code = |kind: &str| {
        let answer = token_answer(&json!({"access_token": "tok", "token_type": kind}));
        answer.err().map(|error| error.code().as_str())
    };
    assert_eq!(code("DPoP"), None);
    assert_eq!(code("Bearer"), Some("INRO-VCI-019"));
}

#[test]
fn takes_sixteen_credential_identifiers_and_no_more() {
    let with = |count: usize| {
        let identifiers: Vec<String> = (0..count).map(|n| format!("i{n}")).collect();
        let detail = json!({
            "type": "openid_credential",
            "credential_configuration_id": CONFIGURATION,
            "credential_identifiers": identifiers,
            "unknown": 1,
        });
        token_answer(&json!({"access_token": "tok", "token_type": "DPoP", "authorization_details": [detail]}))
    };
    let Ok(TokenAnswer::Authorized(authorized)) = with(16) else { panic!("authorized") };
    assert_eq!(authorized.remaining().count(), 16);
    assert_eq!(with(17).err().map(|error| error.code().as_str()), Some("INRO-VCI-016"));
}

#[test]
fn takes_identifiers_from_details_of_credentials_for_what_was_offered() {
    let with = |kind: Value, configuration: &str| {
        let detail = json!({
            "type": kind,
            "credential_configuration_id": configuration,
            "credential_identifiers": ["a", "b"],
        });
        token_answer(&json!({"access_token": "tok", "token_type": "DPoP", "authorization_details": [detail]}))
    };
    let count = |answer| match answer {
        Ok(TokenAnswer::Authorized(authorized)) => authorized.remaining().count(),
        _ => 0,
    };
    assert_eq!(count(with(json!("openid_credential"), CONFIGURATION)), 2);
    // Details of another type are not for us, so the configuration itself is asked for.
    assert_eq!(count(with(json!("payment"), CONFIGURATION)), 1);
    assert_eq!(count(with(Value::Null, CONFIGURATION)), 1);
    // Identifiers of something else: what was offered was not granted.
    let other = with(json!("openid_credential"), "another");
    assert_eq!(other.err().map(|error| error.code().as_str()), Some("INRO-VCI-016"));
}

#[test]
fn what_carries_claims_is_not_shown_for_debugging() {
    let body = json!({"credentials": [{"credential": "c0~"}]}).to_string();
    let response = inro_openid4vci::response::CredentialResponse::parse(body.as_bytes(), 1).unwrap();
    assert_eq!(format!("{response:?}"), "Issued(1 credentials)");
}

#[test]
fn refuses_more_credentials_than_keys() {
    let parse = |count: usize| {
        let list: Vec<Value> = (0..count).map(|_| json!({"credential": "c~"})).collect();
        let body = json!({"credentials": list}).to_string();
        inro_openid4vci::response::CredentialResponse::parse(body.as_bytes(), 2).map(|_| ())
    };
    assert_eq!(parse(2), Ok(()));
    assert_eq!(parse(3).unwrap_err().code().as_str(), "INRO-VCI-016");
    assert_eq!(parse(0).unwrap_err().code().as_str(), "INRO-VCI-016");
    for element in [json!("c~"), json!({}), json!({"credential": 1})] {
        let body = json!({"credentials": [element]}).to_string();
        let parsed = inro_openid4vci::response::CredentialResponse::parse(body.as_bytes(), 2);
        assert_eq!(parsed.unwrap_err().code().as_str(), "INRO-VCI-016");
    }
}

#[test]
fn an_offer_fetched_as_html_is_refused() {
    let link = "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fissuer.example%2Foffers%2F1";
    let fetch = || match read_offer(link) {
        Ok(OfferStep::Fetch(fetch, _)) => fetch,
        _ => panic!("by reference"),
    };
    assert!(fetch().received(&answer(200, &offer_json())).is_ok());
    let html = HttpResponse {
        headers: vec![("content-type".into(), "text/html".into())],
        ..answer(200, &offer_json())
    };
    assert_eq!(fetch().received(&html).unwrap_err().code().as_str(), "INRO-VCI-012");
    let jwt = HttpResponse { headers: vec![("content-type".into(), "application/jwt".into())], ..html };
    assert_eq!(fetch().received(&jwt).unwrap_err().code().as_str(), "INRO-VCI-012");
    assert_eq!(fetch().received(&answer(500, &offer_json())).unwrap_err().code().as_str(), "INRO-VCI-011");
}

#[test]
fn an_offer_that_is_gone_is_told_from_a_service_that_fails() {
    let link = "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fissuer.example%2Foffers%2F1";
    let fetch = |status, body: &Value| match read_offer(link) {
        Ok(OfferStep::Fetch(fetch, _)) => fetch.received(&answer(status, body)),
        _ => panic!("by reference"),
    };
    assert!(fetch(200, &offer_json()).is_ok());
    let id = "0123456789abcdef0123456789abcdef";
    let body = json!({ "status": 404, "inro_code": "INRO-ISSUER-020", "request_id": id });
    for (status, code) in [(404, "INRO-VCI-020"), (410, "INRO-VCI-020"), (503, "INRO-VCI-011")] {
        let refused = fetch(status, &body).unwrap_err();
        assert_eq!(refused.code().as_str(), code);
        assert_eq!(refused.request_id().unwrap().to_string(), id);
    }
    assert!(!fetch(404, &Value::Null).unwrap_err().code().entry().retry);
}

/// What the token endpoint's `body` means to a wallet that redeemed an offer, with a transaction
/// code or without.
fn refused_token(body: &Value, tx_code: Option<&str>) -> VciError {
    token_answered(400, body, tx_code)
}

fn token_answered(status: u16, body: &Value, tx_code: Option<&str>) -> VciError {
    let mut offer = offer_json();
    if tx_code.is_none() {
        offer["grants"][GRANT].as_object_mut().unwrap().remove("tx_code").unwrap();
    }
    let ready = ready(&offer, &metadata_json(), &server_json()).unwrap();
    let (key, rng) = (key(1), &mut Counter(0));
    let draft = ready.redeem(tx_code, key.public_key()).unwrap();
    let step = draft.send(NOW, rng, &RustCrypto);
    wait(step, &key, |sent, _| sent.received(&answer(status, body)).err().unwrap())
}

#[test]
fn a_wrong_transaction_code_is_told_from_a_dead_offer() {
    let said = |code: &str| json!({ "error": "invalid_grant", "inro_code": code });
    let with_code = |body: &Value| refused_token(body, Some("123456"));
    for (code, expected) in [
        ("INRO-VCI-035", "INRO-VCI-021"),
        ("INRO-VCI-036", "INRO-VCI-020"),
        ("INRO-VCI-032", "INRO-VCI-020"),
        ("INRO-VCI-034", "INRO-VCI-013"),
    ] {
        let refused = with_code(&said(code));
        assert_eq!(refused.code().as_str(), expected, "{code}");
        assert!(refused.to_string().contains(code), "{refused}");
    }
    // A foreign service says less, and anything else than `invalid_grant` means neither.
    let foreign = json!({ "error": "invalid_grant" });
    assert_eq!(with_code(&foreign).code().as_str(), "INRO-VCI-013");
    assert_eq!(refused_token(&foreign, None).code().as_str(), "INRO-VCI-020");
    let other = json!({ "error": "invalid_client", "inro_code": "INRO-VCI-035" });
    assert_eq!(with_code(&other).code().as_str(), "INRO-VCI-013");
}

#[test]
fn a_service_that_fails_does_not_refuse_the_code() {
    for (status, error, expected) in [
        (400, "invalid_request", "INRO-VCI-013"),
        (500, "server_error", "INRO-VCI-022"),
        (503, "temporarily_unavailable", "INRO-VCI-022"),
        (502, "", "INRO-VCI-022"),
    ] {
        for tx_code in [Some("123456"), None] {
            let failed = token_answered(status, &json!({ "error": error }), tx_code);
            assert_eq!(failed.code().as_str(), expected, "{status}");
            assert_eq!(failed.code().entry().retry, status >= 500);
        }
    }
}

#[test]
fn a_clock_that_is_off_is_told_from_a_refused_code() {
    let said = |code: &str| json!({ "error": "invalid_dpop_proof", "inro_code": code });
    for (code, expected) in [("INRO-OAUTH-006", "INRO-VCI-023"), ("INRO-OAUTH-005", "INRO-VCI-013")] {
        assert_eq!(refused_token(&said(code), None).code().as_str(), expected, "{code}");
    }
}

#[test]
fn keeps_the_request_id_of_a_refusal_and_no_other_text() {
    let said = |id: &str| json!({ "error": "invalid_grant", "request_id": id });
    let id = "0123456789abcdef0123456789abcdef";
    assert_eq!(refused_token(&said(id), None).request_id().unwrap().to_string(), id);
    for text in ["", "0123", "<script>", &id.repeat(2), &id.replace('f', "g")] {
        assert_eq!(refused_token(&said(text), None).request_id(), None);
    }
}
