//! The verifier's routes over its real folder and database. Every refusal first shows the unaltered
//! message accepted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

#[expect(dead_code, reason = "the house has more than this file needs")]
mod common;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use common::{House, code, json_of};
use inro_base::Coded as _;
use inro_verifier::layout::ClientIdChoice;
use inro_verifier::registration;
use serde_json::{Value, json};

fn welfare() -> Value {
    json!({ "policy": "approve-welfare" })
}

/// An answer whose parts a test can alter on their way.
fn in_the_clear() -> Value {
    json!({ "policy": "approve-welfare", "response_mode": "direct_post" })
}

#[tokio::test]
async fn tells_what_was_asked_for_and_forgets_it_when_acknowledged() {
    let house = House::new();
    let created = house.create(&welfare()).await;
    assert_eq!(created.location, format!("/v1/presentations/{}", created.id));
    assert_eq!(house.result(&created.id).await, json!({ "status": "pending" }));
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    let taken = house.carry(answer).await;
    assert_eq!((taken.status, taken.body.as_slice()), (200, b"{}".as_slice()));
    let expected = json!({ "status": "verified", "credentials": { "authority": [{
        "format": "dc+sd-jwt", "type": "urn:inro:role-authority:1", "issuer": "Minato City",
        "authority": "Minato City CA", "status": "valid",
        "claims": { "powers": ["welfare.approve"], "scope": { "agency": "13103" } },
    }]}});
    assert_eq!(house.result(&created.id).await, expected);
    let delete = || house.api("DELETE", &created.location).body(Body::empty()).unwrap();
    assert_eq!(house.send(delete()).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(house.send(delete()).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(house.result(&created.id).await["inro_code"], "INRO-VERIFIER-014");
}

#[tokio::test]
async fn refuses_a_call_without_the_token_or_with_another() {
    let house = House::new();
    let created = house.create(&welfare()).await;
    let call = async |method: &str, path: &str, authorization: Option<String>| {
        let mut request =
            Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        house.send(request.body(Body::from(welfare().to_string())).unwrap()).await
    };
    let good = format!("Bearer {}", house.token());
    assert_eq!(call("GET", &created.location, Some(good.clone())).await.status(), StatusCode::OK);
    let wrong = [
        None,
        Some("Bearer".to_owned()),
        Some(format!("Bearer {}x", house.token())),
        Some(format!("Bearer {}", &house.token()[1..])),
        Some(format!("Basic {}", house.token())),
        Some(String::new()),
    ];
    for authorization in wrong {
        for (method, path) in
            [("GET", &*created.location), ("DELETE", &*created.location), ("POST", "/v1/presentations")]
        {
            let response = call(method, path, authorization.clone()).await;
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
            assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
            assert_eq!(json_of(response).await["inro_code"], "INRO-VERIFIER-020");
        }
    }
    assert_eq!(call("GET", &created.location, Some(good)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn refuses_bodies_that_ask_for_nothing_known() {
    let house = House::new();
    assert_eq!(house.post(&welfare()).await.status(), StatusCode::CREATED);
    let query: Value = json!({ "credentials": [{
        "id": "a", "format": "dc+sd-jwt", "meta": { "vct_values": ["urn:inro:employee-id:1"] }
    }]});
    assert_eq!(house.post(&json!({ "dcql_query": query })).await.status(), StatusCode::CREATED);
    let cases = [
        (json!({}), "INRO-VERIFIER-011"),
        (json!({ "policy": "approve-welfare", "dcql_query": query }), "INRO-VERIFIER-011"),
        (json!({ "policy": "approve-wealth" }), "INRO-VERIFIER-010"),
        (json!({ "policy": "../api-token" }), "INRO-VERIFIER-010"),
        (json!({ "policy": "approve-welfare", "response_mode": "fragment" }), "INRO-VERIFIER-012"),
        (json!({ "policy": "approve-welfare", "redirect_uri": "http://a.example/" }), "INRO-VERIFIER-013"),
        (json!({ "policy": "approve-welfare", "redirect_uri": "https://a.example/#x" }), "INRO-VERIFIER-013"),
        (json!({ "policy": "approve-welfare", "polycy": 1 }), "INRO-BASE-005"),
        (json!({ "dcql_query": { "credentials": [] } }), "INRO-DCQL-001"),
    ];
    for (body, expected) in cases {
        let response = house.post(&body).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(json_of(response).await["inro_code"], expected, "{body}");
    }
    let plain = house.api("POST", "/v1/presentations").header(header::CONTENT_TYPE, "text/plain");
    let response = house.send(plain.body(Body::from(welfare().to_string())).unwrap()).await;
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn takes_one_response() {
    let house = House::new();
    let created = house.create(&welfare()).await;
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    assert_eq!(house.carry(answer.clone()).await.status, 200);
    let result = house.result(&created.id).await;
    let again = house.carry(answer).await;
    assert_eq!((again.status, code(&again).as_str()), (409, "INRO-VERIFIER-015"));
    assert_eq!(house.result(&created.id).await, result);
}

#[tokio::test]
async fn takes_one_of_many_responses_at_once() {
    let house = std::sync::Arc::new(House::new());
    let created = house.create(&welfare()).await;
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    let mut rivals = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (house, answer) = (house.clone(), answer.clone());
        rivals.spawn(async move { house.carry(answer).await.status });
    }
    let statuses = rivals.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 7, "{statuses:?}");
}

#[tokio::test]
async fn refuses_a_late_response_and_one_to_an_unknown_handle() {
    let house = House::new();
    let created = house.create(&welfare()).await;
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    let mut elsewhere = answer.clone();
    elsewhere.url.pop();
    let unknown = house.carry(elsewhere).await;
    assert_eq!((unknown.status, code(&unknown).as_str()), (404, "INRO-VERIFIER-014"));
    house.wait(361);
    let late = house.carry(answer.clone()).await;
    assert_eq!((late.status, code(&late).as_str()), (400, "INRO-VP-042"));
    assert_eq!(house.result(&created.id).await, json!({ "status": "expired" }));
    let request = answer.url.replace("responses", "requests");
    let fetched = house.carry(inro_base::http::HttpRequest::fetch(request, 1000)).await;
    assert_eq!((fetched.status, code(&fetched).as_str()), (410, "INRO-VERIFIER-016"));
    house.wait(-361);
    assert_eq!(house.carry(answer).await.status, 200);
}

#[tokio::test]
async fn refuses_the_state_of_another_presentation_and_still_waits() {
    let house = House::new();
    let (one, other) = (house.create(&in_the_clear()).await, house.create(&in_the_clear()).await);
    let credential = house.credential(|_| {});
    let answer = house.answer(&one.link, &credential).await;
    let mut crossed = answer.clone();
    crossed.url = house.answer(&other.link, &credential).await.url;
    let refused = house.carry(crossed).await;
    assert_eq!((refused.status, code(&refused).as_str()), (400, "INRO-VP-041"));
    assert_eq!(house.result(&other.id).await, json!({ "status": "pending" }));
    assert_eq!(house.carry(answer).await.status, 200);
    assert_eq!(house.result(&one.id).await["status"], "verified");
}

#[tokio::test]
async fn rejects_a_tampered_presentation_and_tells_the_relying_system_why() {
    let house = House::new();
    let untouched = house.create(&in_the_clear()).await;
    let answer = house.answer(&untouched.link, &house.credential(|_| {})).await;
    assert_eq!(house.carry(answer).await.status, 200);

    let created = house.create(&in_the_clear()).await;
    let mut answer = house.answer(&created.link, &house.credential(|_| {})).await;
    let form = String::from_utf8(answer.body).unwrap();
    // One character within the payload of the issuer's JWT.
    let at = form.find('.').unwrap() + 40;
    let other = if form.as_bytes()[at] == b'A' { "B" } else { "A" };
    answer.body = format!("{}{other}{}", &form[..at], &form[at + 1..]).into_bytes();
    let refused = house.carry(answer).await;
    assert_eq!(refused.status, 400);
    let result = house.result(&created.id).await;
    assert_eq!(result["status"], "rejected");
    assert_eq!(result["error"]["inro_code"], code(&refused).as_str());
    assert_eq!(result["error"]["request_id"].as_str().unwrap().len(), 32);
    assert_eq!(result.get("credentials"), None);
}

#[tokio::test]
async fn takes_note_of_a_wallet_that_declines() {
    let house = House::new();
    let created = house.create(&welfare()).await;
    let (reviewing, _) = house.review(&created.link, &house.credential(|_| {})).await;
    let (sending, refusal) = reviewing.refuse(&mut inro_service::OsRng, &inro_crypto_aws::AwsLc);
    assert!(sending.answered(&house.carry(refusal).await).is_ok());
    let result = house.result(&created.id).await;
    assert_eq!(
        (&result["status"], &result["error"]["inro_code"]),
        (&json!("rejected"), &json!("INRO-VP-047"))
    );
}

#[tokio::test]
async fn an_anchor_counts_and_stops_counting_at_once() {
    let house = House::new();
    let verdict = async || {
        let created = house.create(&welfare()).await;
        let answer = house.answer(&created.link, &house.credential(|_| {})).await;
        house.carry(answer).await;
        let result = house.result(&created.id).await;
        result["error"]["inro_code"].as_str().map(str::to_owned)
    };
    assert_eq!(verdict().await, None);
    let created = house.create(&welfare()).await;
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    let aside = house.anchor.with_extension("aside");
    std::fs::rename(&house.anchor, &aside).unwrap();
    assert_eq!(code(&house.carry(answer).await), "INRO-TRUST-005");
    std::fs::rename(&aside, &house.anchor).unwrap();
    assert_eq!(verdict().await, None);
}

#[tokio::test]
async fn a_changed_policy_counts_at_once() {
    let house = House::new();
    let path = house.layout.policies().join("approve-welfare.toml");
    let policy = std::fs::read_to_string(&path).unwrap();
    let verdict = async |policy: &str| {
        std::fs::write(&path, policy).unwrap();
        let created = house.create(&welfare()).await;
        let credential = house.credential(|vc| vc.issued_at = vc.issued_at.map(|at| at.plus(-7200)));
        house.carry(house.answer(&created.link, &credential).await).await;
        house.result(&created.id).await["error"]["inro_code"].as_str().map(str::to_owned)
    };
    assert_eq!(verdict(&policy).await, None);
    let named = policy.replace("issuers = []", "issuers = [\"Minato City CA\"]");
    assert_eq!(verdict(&named).await, None);
    let other = policy.replace("issuers = []", "issuers = [\"Shinagawa City CA\"]");
    assert_eq!(verdict(&other).await.as_deref(), Some("INRO-VP-048"));
    let younger = policy.replace("= 604800", "= 3600");
    assert_eq!(verdict(&younger).await.as_deref(), Some("INRO-VP-050"));
}

#[tokio::test]
async fn rejects_a_status_that_nobody_determined_unless_the_policy_takes_it() {
    let house = House::new();
    let path = house.layout.policies().join("approve-welfare.toml");
    let policy = std::fs::read_to_string(&path).unwrap();
    let with_status = |vc: &mut inro_sd_jwt::VcIssuance| {
        let status = json!({ "status_list": { "idx": 1, "uri": "https://issuer.example/status/1" } });
        vc.claims.insert("status".into(), status);
    };
    let result = async |credential: String| {
        let created = house.create(&welfare()).await;
        house.carry(house.answer(&created.link, &credential).await).await;
        house.result(&created.id).await
    };
    assert_eq!(result(house.credential(|_| {})).await["credentials"]["authority"][0]["status"], "valid");
    let rejected = result(house.credential(with_status)).await;
    assert_eq!(rejected["error"]["inro_code"], "INRO-VERIFIER-018");
    std::fs::write(&path, policy.replace("\"reject\"", "\"accept\"")).unwrap();
    let taken = result(house.credential(with_status)).await;
    assert_eq!(taken["credentials"]["authority"][0]["status"], "undetermined");
}

#[tokio::test]
async fn on_one_device_the_result_needs_the_code_that_the_browser_brought() {
    let house = House::new();
    let mut ask = welfare();
    ask["redirect_uri"] = json!("https://welfare.example/done");
    let created = house.create(&ask).await;
    assert_eq!(house.result(&created.id).await["status"], "pending");
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    let taken = house.carry(answer).await;
    let body: Value = serde_json::from_slice(&taken.body).unwrap();
    let (address, response_code) =
        body["redirect_uri"].as_str().unwrap().split_once("#response_code=").unwrap();
    assert_eq!((address, response_code.len()), ("https://welfare.example/done", 22));
    let with = async |query: &str| house.result(&format!("{}{query}", created.id)).await;
    assert_eq!(with(&format!("?response_code={response_code}")).await["status"], "verified");
    assert_eq!(with("").await["inro_code"], "INRO-VERIFIER-017");
    assert_eq!(with("?response_code=x").await["inro_code"], "INRO-VERIFIER-017");
}

#[tokio::test]
async fn a_result_is_forgotten_in_time() {
    let house = House::new();
    let created = house.create(&welfare()).await;
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    assert_eq!(house.carry(answer).await.status, 200);
    house.wait(599);
    assert_eq!(house.result(&created.id).await["status"], "verified");
    house.wait(2);
    assert_eq!(house.result(&created.id).await["inro_code"], "INRO-VERIFIER-014");
}

#[tokio::test]
async fn is_registered_by_its_own_certificate_alone() {
    let house = House::new();
    let created = house.create(&welfare()).await;
    let credential = house.credential(|_| {});
    let (claimed, _) = house.review(&created.link, &credential).await;
    assert!(!claimed.request().verifier().is_registered());

    assert!(registration::add(&house.layout, &house.registration(|_| {})).is_ok());
    let (registered, _) = house.review(&created.link, &credential).await;
    assert!(registered.request().verifier().is_registered());
    assert_eq!(registered.request().over_asked(), []);

    let add = |path: std::path::PathBuf| registration::add(&house.layout, &path).unwrap_err().code().as_str();
    let other = inro_base::base64url::encode(&[7; 32]);
    assert_eq!(add(house.registration(|claims| claims.leaf_sha256 = other)), "INRO-TRUST-018");
    assert_eq!(add(house.registration(|claims| claims.exp = claims.iat)), "INRO-TRUST-016");
    let hosts = vec!["localhost:9444".to_owned()];
    assert_eq!(add(house.registration(|claims| claims.response_hosts = hosts)), "INRO-VERIFIER-023");
    std::fs::remove_file(&house.anchor).unwrap();
    assert_eq!(add(house.registration(|_| {})), "INRO-TRUST-005");
}

#[tokio::test]
async fn opens_no_folder_whose_files_do_not_fit_together() {
    use inro_verifier::app::App;
    let open = |house: &House| App::open(house.layout.clone()).map(drop);
    let code = |house: &House| open(house).unwrap_err().code().as_str();

    let (house, other) = (House::new(), House::new());
    assert!(open(&house).is_ok());
    std::fs::copy(other.layout.key("verifier.key.pem"), house.layout.key("verifier.key.pem")).unwrap();
    assert_eq!(code(&house), "INRO-VERIFIER-019");

    assert!(open(&other).is_ok());
    let everyone = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(other.layout.api_token(), everyone).unwrap();
    assert_eq!(code(&other), "INRO-SERVICE-005");
}

#[tokio::test]
async fn a_verifier_is_named_by_its_own_certificate_or_host() {
    use std::sync::Arc;

    use inro_crypto_aws::AwsLc;
    use inro_openid4vp::ClientId;
    use inro_service::pki;
    use inro_verifier_sdk::{Verifier, VerifierConfig};
    let house = House::new();
    let chain = pki::load_chain(&house.layout.key("verifier.pem")).unwrap();
    let hash = inro_crypto::Provider::sha256(&AwsLc, &chain[0]);
    let named = |client_id: ClientId| {
        let config = VerifierConfig {
            url: "https://localhost:9443".into(),
            client_id,
            signer: Arc::new(pki::load_signer(&house.layout.key("verifier.key.pem")).unwrap()),
            chain: chain.clone(),
            provider: Arc::new(AwsLc),
        };
        Verifier::new(config).err().map(|error| error.code().as_str())
    };
    assert_eq!(named(ClientId::x509_hash(&hash)), None);
    assert_eq!(named(ClientId::x509_san_dns("localhost").unwrap()), None);
    assert_eq!(named(ClientId::x509_hash(&[7; 32])), Some("INRO-VERIFIER-019"));
    assert_eq!(named(ClientId::x509_san_dns("other.example").unwrap()), Some("INRO-VERIFIER-019"));
}

#[tokio::test]
async fn names_itself_by_its_host_when_told_so() {
    let house = House::named(ClientIdChoice::X509SanDns);
    let created = house.create(&welfare()).await;
    assert!(created.link.contains("client_id=x509_san_dns%3Alocalhost&"));
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    assert_eq!(house.carry(answer).await.status, 200);
    assert_eq!(house.result(&created.id).await["status"], "verified");
}
