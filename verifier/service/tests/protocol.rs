//! Encrypted answers, posted requests, transactions and response codes over the real routes. Every
//! refusal first shows the unaltered message accepted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

#[expect(dead_code, reason = "the house has more than this file needs")]
mod common;

use axum::body::Body;
use axum::http::StatusCode;
use common::{House, code, json_of};
use inro_base::base64url;
use inro_base::http::{HttpRequest, HttpResponse, Method};
use inro_openid4vp::form::{self, Form};
use inro_openid4vp::wallet::RequestLink;
use inro_service::OsRng;
use inro_verifier_sdk::{PresentationStore as _, Stored};
use serde_json::{Value, json};

fn welfare() -> Value {
    json!({ "policy": "approve-welfare" })
}

fn welfare_with(name: &str, value: Value) -> Value {
    let mut body = welfare();
    body[name] = value;
    body
}

fn approval() -> Value {
    json!([{
        "type": "approval", "credential_ids": ["authority"],
        "text": { "en": "Approve application 7.", "ja": "申請7を承認する。" },
    }])
}

/// The claims of a signed request object.
fn claims_of(response: &HttpResponse) -> Value {
    let text = std::str::from_utf8(&response.body).unwrap();
    serde_json::from_slice(&base64url::decode(text.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

fn code_in(taken: &HttpResponse) -> String {
    let body: Value = serde_json::from_slice(&taken.body).unwrap();
    let uri = body["redirect_uri"].as_str().unwrap();
    uri.strip_prefix("https://welfare.example/done#response_code=").unwrap().to_owned()
}

#[tokio::test]
async fn answers_are_encrypted_unless_the_relying_system_says_otherwise() {
    let house = House::new();
    for (body, encrypted) in [
        (welfare(), true),
        (welfare_with("response_mode", json!("direct_post.jwt")), true),
        (welfare_with("response_mode", json!("direct_post")), false),
    ] {
        let created = house.create(&body).await;
        let answer = house.answer(&created.link, &house.credential(|_| {})).await;
        assert_eq!(Form::parse(&answer.body).unwrap().value("response").is_some(), encrypted, "{body}");
        assert_eq!(house.carry(answer).await.status, 200);
        assert_eq!(house.result(&created.id).await["status"], "verified");
    }
}

#[tokio::test]
async fn an_answer_to_the_key_of_another_request_leaves_the_request_waiting() {
    let house = House::new();
    let (mine, other) = (house.create(&welfare()).await, house.create(&welfare()).await);
    let answer = house.answer(&mine.link, &house.credential(|_| {})).await;
    let target = house.answer(&other.link, &house.credential(|_| {})).await;
    let astray = HttpRequest { url: target.url.clone(), ..answer.clone() };
    let refused = house.carry(astray).await;
    assert_eq!((refused.status, code(&refused).as_str()), (400, "INRO-JOSE-023"));
    assert_eq!(house.result(&other.id).await["status"], "pending");
    assert_eq!(house.carry(target).await.status, 200);
    assert_eq!(house.carry(answer).await.status, 200);
}

#[tokio::test]
async fn a_plain_answer_where_an_encrypted_one_was_asked_for_leaves_the_request_waiting() {
    let house = House::new();
    let created = house.create(&welfare()).await;
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    let fetched = house.carry(HttpRequest::fetch(answer.url.replace("responses", "requests"), 1000)).await;
    let state = claims_of(&fetched)["state"].as_str().unwrap().to_owned();
    let body = form::encode(&[("vp_token", "{}"), ("state", &state)]).into_bytes();
    let refused = house.carry(HttpRequest { body, ..answer.clone() }).await;
    assert_eq!((refused.status, code(&refused).as_str()), (400, "INRO-VP-083"));
    assert_eq!(house.carry(answer).await.status, 200);
}

/// The private key stands in the record, and the record gives way to the result.
#[tokio::test]
async fn the_key_of_a_request_is_gone_with_its_answer() {
    let house = House::new();
    let created = house.create(&welfare()).await;
    let record = || {
        let database = rusqlite::Connection::open(house.layout.database()).unwrap();
        let sql = "SELECT record FROM presentation WHERE id = ?1";
        database.query_row(sql, [&created.id], |row| row.get::<_, String>(0)).unwrap()
    };
    let before: Value = serde_json::from_str(&record()).unwrap();
    let d = before["awaiting"]["encryption"]["d"].as_str().unwrap().to_owned();
    assert_eq!(base64url::decode(&d).unwrap().len(), 32);
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    assert_eq!(house.carry(answer).await.status, 200);
    assert_eq!(record(), "");
}

/// A record as it was stored before answers could be encrypted and transactions be authorized.
#[tokio::test]
async fn a_record_of_the_first_version_is_still_answered() {
    let house = House::new();
    let created = house.create(&welfare_with("response_mode", json!("direct_post"))).await;
    let database = rusqlite::Connection::open(house.layout.database()).unwrap();
    let sql = "SELECT record FROM presentation WHERE id = ?1";
    let now: String = database.query_row(sql, [&created.id], |row| row.get(0)).unwrap();
    let now: Value = serde_json::from_str(&now).unwrap();
    // The bytes of the first version, with this presentation's own names and times.
    let part = |pointer: &str| now.pointer(pointer).unwrap().to_string();
    let old = format!(
        "{{\"id\":{},\"handle\":{},\"expires_at\":{},\"redirect_uri\":null,\"rules\":{{\"issuers\":[],\
         \"max_credential_age\":604800,\"status_max_age\":3600,\"on_undetermined\":\"reject\"}},\
         \"awaiting\":{{\"client_id\":{},\"request_uri\":{},\"response_uri\":{},\"nonce\":{},\"state\":{},\
         \"query\":{},\"purpose\":{},\"issued_at\":{},\"expires_at\":{}}}}}",
        part("/id"),
        part("/handle"),
        part("/expires_at"),
        part("/awaiting/client_id"),
        part("/awaiting/request_uri"),
        part("/awaiting/response_uri"),
        part("/awaiting/nonce"),
        part("/awaiting/state"),
        part("/awaiting/query"),
        part("/awaiting/purpose"),
        part("/awaiting/issued_at"),
        part("/awaiting/expires_at"),
    );
    let changed = database.execute("UPDATE presentation SET record = ?2 WHERE id = ?1", [&created.id, &old]);
    assert_eq!(changed, Ok(1));
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    assert!(Form::parse(&answer.body).unwrap().value("vp_token").is_some());
    assert_eq!(house.carry(answer).await.status, 200);
    assert_eq!(house.result(&created.id).await["status"], "verified");
}

#[tokio::test]
async fn a_posted_request_repeats_the_wallets_nonce_and_a_get_has_none() {
    let house = House::new();
    let created = house.create(&welfare()).await;
    assert!(created.link.contains("request_uri_method=post"));
    let (_, posted) = RequestLink::parse(&created.link).unwrap().fetch(&mut OsRng);
    assert_eq!(posted.method, Method::Post);
    let nonce = Form::parse(&posted.body).unwrap().value("wallet_nonce").unwrap().to_owned();
    let in_the_clear =
        HttpRequest { body: form::encode(&[("wallet_nonce", &nonce)]).into_bytes(), ..posted.clone() };
    assert_eq!(claims_of(&house.carry(in_the_clear).await)["wallet_nonce"], nonce.as_str());
    let fetched = house.carry(HttpRequest::fetch(posted.url.clone(), 1000)).await;
    assert_eq!(fetched.status, 200);
    assert!(claims_of(&fetched).get("wallet_nonce").is_none());

    let with = |parameters: &[(&str, &str)]| HttpRequest {
        body: form::encode(parameters).into_bytes(),
        ..posted.clone()
    };
    let refused = house.carry(with(&[("wallet_nonce", "")])).await;
    assert_eq!((refused.status, code(&refused).as_str()), (400, "INRO-VP-080"));
    let refused = house.carry(with(&[("wallet_metadata", "[]")])).await;
    assert_eq!((refused.status, code(&refused).as_str()), (400, "INRO-VP-081"));
    let refused = house.carry(with(&[("wallet_metadata", "{\"vp_formats_supported\":{}}")])).await;
    assert_eq!((refused.status, code(&refused).as_str()), (400, "INRO-VP-082"));
    let mut plain = posted.clone();
    plain.headers.retain(|(name, _)| *name != "content-type");
    assert_eq!(house.carry(plain).await.status, 415);
}

#[tokio::test]
async fn a_posted_request_is_encrypted_to_the_key_of_the_wallet_or_refused() {
    let house = House::new();
    let created = house.create(&welfare()).await;
    let (_, posted) = RequestLink::parse(&created.link).unwrap().fetch(&mut OsRng);
    let fetched = house.carry(posted.clone()).await;
    assert_eq!(fetched.status, 200);
    assert_eq!(fetched.media_type().as_deref(), Some("application/oauth-authz-req+jwt"));
    assert_eq!(std::str::from_utf8(&fetched.body).unwrap().split('.').count(), 5);

    let mut metadata: Value =
        serde_json::from_str(Form::parse(&posted.body).unwrap().value("wallet_metadata").unwrap()).unwrap();
    metadata["request_object_encryption_alg_values_supported"] = json!(["RSA-OAEP-256"]);
    let body = form::encode(&[("wallet_metadata", &metadata.to_string())]).into_bytes();
    let refused = house.carry(HttpRequest { body, ..posted }).await;
    assert_eq!((refused.status, code(&refused).as_str()), (400, "INRO-VP-090"));
    // The request still waits, and our own wallet reads it encrypted.
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    assert_eq!(house.carry(answer).await.status, 200);
}

#[tokio::test]
async fn a_result_tells_which_transaction_was_authorized() {
    let house = House::new();
    let created = house.create(&welfare_with("transaction_data", approval())).await;
    let answer = house.answer(&created.link, &house.credential(|_| {})).await;
    assert_eq!(house.carry(answer).await.status, 200);
    let result = house.result(&created.id).await;
    assert_eq!(result["status"], "verified");
    let expected = json!([{
        "type": "approval", "credential_id": "authority",
        "text": { "en": "Approve application 7.", "ja": "申請7を承認する。" },
    }]);
    assert_eq!(result["authorized"], expected);
    // What was not asked for does not stand in a result.
    let plain = house.create(&welfare()).await;
    let answer = house.answer(&plain.link, &house.credential(|_| {})).await;
    assert_eq!(house.carry(answer).await.status, 200);
    assert!(house.result(&plain.id).await.get("authorized").is_none());
}

#[tokio::test]
async fn refuses_transactions_that_cannot_be_authorized() {
    let house = House::new();
    let post = async |data: Value| {
        let response = house.post(&welfare_with("transaction_data", data)).await;
        let status = response.status();
        (status, json_of(response).await["inro_code"].as_str().unwrap_or("accepted").to_owned())
    };
    assert_eq!(post(approval()).await, (StatusCode::CREATED, "accepted".to_owned()));
    for (pointer, value, expected) in [
        ("/0/type", json!("payment"), "INRO-VERIFIER-040"),
        ("/0/credential_ids", json!(["other"]), "INRO-VP-067"),
        ("/0/credential_ids", json!([]), "INRO-VP-066"),
        ("/0/text/ja", json!(""), "INRO-VP-066"),
        ("/0/text/en", json!("a\u{202e}b"), "INRO-VP-066"),
        ("/0/text", json!({ "en": "a" }), "INRO-BASE-005"),
    ] {
        let mut data = approval();
        *data.pointer_mut(pointer).unwrap() = value;
        assert_eq!(post(data).await, (StatusCode::BAD_REQUEST, expected.to_owned()), "{pointer}");
    }
    let five = Value::from(vec![approval()[0].clone(); 5]);
    assert_eq!(post(five).await, (StatusCode::BAD_REQUEST, "INRO-VP-065".to_owned()));
    let mdoc = json!({
        "dcql_query": { "credentials": [{
            "id": "authority", "format": "mso_mdoc", "meta": { "doctype_value": "org.iso.18013.5.1.mDL" },
        }]},
        "transaction_data": approval(),
    });
    let response = house.post(&mdoc).await;
    assert_eq!(json_of(response).await["inro_code"], "INRO-VP-070");
}

/// Whoever relayed a request to a victim's wallet has the id and not the code. Source: OpenID4VP 1.0 §14.2.
#[tokio::test]
async fn a_result_for_one_device_needs_the_code_that_its_browser_got() {
    let house = House::new();
    let same_device = welfare_with("redirect_uri", json!("https://welfare.example/done"));
    let (mine, other) = (house.create(&same_device).await, house.create(&same_device).await);
    assert_eq!(house.result(&mine.id).await["status"], "pending");
    let mut codes = Vec::new();
    for created in [&mine, &other] {
        let answer = house.answer(&created.link, &house.credential(|_| {})).await;
        codes.push(code_in(&house.carry(answer).await));
    }
    assert_ne!(codes[0], codes[1]);
    let with = async |id: &str, query: &str| {
        let path = format!("/v1/presentations/{id}{query}");
        let response = house.send(house.api("GET", &path).body(Body::empty()).unwrap()).await;
        let status = response.status().as_u16();
        let body = json_of(response).await;
        (status, body["status"].as_str().or(body["inro_code"].as_str()).unwrap().to_owned())
    };
    let refused = (403, "INRO-VERIFIER-017".to_owned());
    let code = |index: usize| format!("?response_code={}", codes[index]);
    assert_eq!(with(&mine.id, &code(0)).await, (200, "verified".to_owned()));
    assert_eq!(with(&mine.id, "").await, refused);
    assert_eq!(with(&mine.id, "?response_code=").await, refused);
    // The code of one presentation opens no other.
    assert_eq!(with(&mine.id, &code(1)).await, refused);
    assert_eq!(with(&other.id, &code(0)).await, refused);
    assert_eq!(with(&other.id, &code(1)).await, (200, "verified".to_owned()));
    // Once the result was taken, its code opens nothing.
    let delete = house.api("DELETE", &mine.location).body(Body::empty()).unwrap();
    assert_eq!(house.send(delete).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(with(&mine.id, &code(0)).await, (404, "INRO-VERIFIER-014".to_owned()));
}

#[tokio::test]
async fn a_rejection_is_told_without_a_code_since_no_browser_got_one() {
    let house = House::new();
    let same_device = welfare_with("redirect_uri", json!("https://welfare.example/done"));
    let created = house.create(&same_device).await;
    let old =
        house.credential(|issuance| issuance.issued_at = issuance.issued_at.map(|at| at.plus(-2_000_000)));
    let answer = house.answer(&created.link, &old).await;
    let refused = house.carry(answer).await;
    assert_eq!((refused.status, code(&refused).as_str()), (400, "INRO-VP-050"));
    let result = house.result(&created.id).await;
    assert_eq!(
        (&result["status"], &result["error"]["inro_code"]),
        (&json!("rejected"), &json!("INRO-VP-050"))
    );
    // A refusal is taken, and its browser sent on with a code.
    let created = house.create(&same_device).await;
    let (reviewing, _) = house.review(&created.link, &house.credential(|_| {})).await;
    let refusal = reviewing.refuse(&mut OsRng, &inro_crypto_aws::AwsLc).1;
    let code = code_in(&house.carry(refusal).await);
    assert_eq!(house.result(&created.id).await["inro_code"], "INRO-VERIFIER-017");
    assert_eq!(house.result(&format!("{}?response_code={code}", created.id)).await["status"], "rejected");
}

#[tokio::test]
async fn debug_of_a_waiting_record_shows_no_key() {
    let house = House::new();
    let created = house.create(&welfare()).await;
    let store = inro_verifier::store::SqliteStore::open(&house.layout.database()).unwrap();
    let now = inro_base::Clock::now(&inro_service::SystemClock);
    let Some(Stored::Waiting(record)) = store.by_id(&created.id, now).unwrap() else { panic!("no record") };
    let text = serde_json::to_string(&*record).unwrap();
    let d = serde_json::from_str::<Value>(&text).unwrap()["awaiting"]["encryption"]["d"].to_string();
    assert!(!format!("{record:?}").contains(d.trim_matches('"')));
}

#[tokio::test]
async fn an_address_that_is_no_text_names_nothing() {
    let house = House::new();
    let created = house.create(&welfare()).await;
    let paths = ["/v1/presentations/%ff", "/openid4vp/requests/%ff", "/v1/presentations/%ff?response_code=1"];
    for path in paths {
        let refused = house.send(house.api("GET", path).body(Body::empty()).unwrap()).await;
        assert_eq!(refused.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(json_of(refused).await["inro_code"], "INRO-VERIFIER-014", "{path}");
    }
    // A query that cannot be read opens no result that a response code keeps.
    let body = welfare_with("redirect_uri", json!("https://welfare.example/done"));
    let kept = house.create(&body).await;
    let answer = house.answer(&kept.link, &house.credential(|_| {})).await;
    let taken = house.carry(answer).await;
    let path = format!("/v1/presentations/{}?response_code={}", kept.id, code_in(&taken));
    for (path, status) in [
        (path.clone(), StatusCode::OK),
        (format!("{path}&response_code=2"), StatusCode::FORBIDDEN),
        (format!("/v1/presentations/{}?response_code=1&response_code=2", created.id), StatusCode::OK),
    ] {
        let told = house.send(house.api("GET", &path).body(Body::empty()).unwrap()).await;
        assert_eq!(told.status(), status, "{path}");
    }
}
