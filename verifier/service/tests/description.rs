//! The API description says what the routes do.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

#[expect(dead_code, reason = "the house has more than this file needs")]
mod common;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use common::{House, json_of};
use inro_verifier::http::{ENDPOINTS, OPENAPI};
use serde_json::Value;

#[test]
fn describes_each_route_and_each_status_and_no_others() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    let described: Vec<&String> = paths.keys().collect();
    let served: Vec<&str> = ENDPOINTS.iter().map(|endpoint| endpoint.path).collect();
    assert_eq!(described, served);
    for endpoint in ENDPOINTS {
        let operations = paths[endpoint.path].as_object().unwrap();
        let methods: Vec<&str> =
            operations.keys().map(String::as_str).filter(|key| *key != "parameters").collect();
        assert_eq!(methods, endpoint.methods.iter().map(|(method, _)| *method).collect::<Vec<_>>());
        for (method, statuses) in endpoint.methods {
            let described = operations[*method]["responses"].as_object().unwrap();
            let mut expected: Vec<String> = statuses.iter().chain(&[500, 503]).map(u16::to_string).collect();
            let mut described: Vec<String> = described.keys().cloned().collect();
            expected.sort();
            described.sort();
            assert_eq!(described, expected, "{method} {}", endpoint.path);
        }
    }
}

#[tokio::test]
async fn serves_each_described_route() {
    let house = House::new();
    for endpoint in ENDPOINTS {
        for (method, _) in endpoint.methods {
            let path = endpoint.path.replace("{id}", "x").replace("{handle}", "x");
            let request = Request::builder().method(method.to_uppercase().as_str()).uri(path);
            let response = house.send(request.body(Body::empty()).unwrap()).await;
            assert_ne!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{}", endpoint.path);
            if response.status() == StatusCode::NOT_FOUND {
                // Ours, not the router's.
                assert_eq!(json_of(response).await["inro_code"], "INRO-VERIFIER-014", "{}", endpoint.path);
            }
        }
    }
    let description = Request::builder().uri("/openapi.json").body(Body::empty()).unwrap();
    assert_eq!(json_of(house.send(description).await).await, serde_json::from_str::<Value>(OPENAPI).unwrap());
}
