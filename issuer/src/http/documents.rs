//! The documents that the issuer publishes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use inro_base::{Code, Coded as _};
use inro_openid4vci::signed;

use super::answer::{Name, problem, text};
use crate::issuer::Issuer;

const JSON: &str = "application/json";

/// `GET /.well-known/openid-credential-issuer`, signed if the caller asks for it.
pub(super) async fn issuer_metadata(State(issuer): State<Arc<Issuer>>, headers: HeaderMap) -> Response {
    if !prefers(&headers, signed::MEDIA_TYPE, JSON) {
        return by_accept(text(
            200,
            JSON,
            serde_json::Value::Object(issuer.metadata().to_json()).to_string(),
        ));
    }
    match issuer.signed_metadata() {
        Ok(jwt) => by_accept(text(200, signed::MEDIA_TYPE, jwt)),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, error.code()),
    }
}

/// `GET /.well-known/oauth-authorization-server`.
pub(super) async fn server_metadata(State(issuer): State<Arc<Issuer>>) -> Response {
    text(200, JSON, issuer.server_metadata().to_json().to_string())
}

/// `GET /types/{id}`: the type's metadata, signed unless the caller prefers JSON.
pub(super) async fn type_metadata(
    State(issuer): State<Arc<Issuer>>,
    Name(id): Name,
    headers: HeaderMap,
) -> Response {
    let Some(found) = issuer.type_metadata(&id) else {
        return problem(StatusCode::NOT_FOUND, const { Code::new("INRO-ISSUER-021") });
    };
    if prefers(&headers, JSON, signed::MEDIA_TYPE) {
        return by_accept(text(200, JSON, serde_json::Value::Object(found).to_string()));
    }
    match issuer.sign_type_metadata(found) {
        Ok(jwt) => by_accept(text(200, signed::MEDIA_TYPE, jwt)),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, error.code()),
    }
}

/// `GET /healthz`.
pub(super) async fn health() -> Response {
    text(200, JSON, r#"{"status":"ok"}"#.into())
}

/// Whether `Accept` names `wanted` with a higher weight than `other`. Source: RFC 9110 §12.5.1.
pub(super) fn prefers(headers: &HeaderMap, wanted: &str, other: &str) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    weight(accept, wanted) > weight(accept, other)
}

/// The weight of an exact media type in thousandths; 0 when it is not named.
fn weight(accept: &str, media_type: &str) -> u32 {
    let mut best = 0;
    for part in accept.split(',') {
        let mut parameters = part.split(';').map(str::trim);
        if !parameters.next().is_some_and(|name| name.eq_ignore_ascii_case(media_type)) {
            continue;
        }
        let quality = parameters.find_map(|parameter| parameter.strip_prefix("q="));
        best = best.max(quality.map_or(1000, thousandths));
    }
    best
}

fn thousandths(quality: &str) -> u32 {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse::<u32>()) {
        ("0", Ok(value)) => value,
        ("1", Ok(0)) => 1000,
        _ => 0,
    }
}

pub(super) fn by_accept(mut response: Response) -> Response {
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_the_media_type_with_the_higher_weight() {
        let cases = [
            ("application/jwt, application/json;q=0.9", true),
            ("application/jwt;q=0.5, application/json", false),
            ("application/json", false),
            ("application/jwt", true),
            ("*/*", false),
            ("", false),
        ];
        for (accept, jwt) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(prefers(&headers, "application/jwt", "application/json"), jwt, "{accept}");
        }
    }
}
