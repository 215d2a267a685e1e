//! Status lists.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use inro_base::{Code, Coded as _};
use inro_service::ServiceError;
use inro_status::{CWT_MEDIA_TYPE, JWT_MEDIA_TYPE};

use super::answer::{Name, problem};
use super::documents::{by_accept, prefers};
use crate::issuer::Issuer;
use crate::signed_lists::{ListFormat, TTL};

/// `GET /status-lists/{number}`: a JWT, or a CWT for who prefers that.
///
/// Source: Token Status List §8.1, §8.2.
pub(super) async fn status_list(
    State(issuer): State<Arc<Issuer>>,
    Name(number): Name,
    headers: HeaderMap,
) -> Response {
    let (format, media_type) = if prefers(&headers, CWT_MEDIA_TYPE, JWT_MEDIA_TYPE) {
        (ListFormat::Cwt, CWT_MEDIA_TYPE)
    } else {
        (ListFormat::Jwt, JWT_MEDIA_TYPE)
    };
    let unknown = || problem(StatusCode::NOT_FOUND, const { Code::new("INRO-ISSUER-034") });
    let Some(number) = list_number(&number) else { return unknown() };
    let made = tokio::task::spawn_blocking(move || issuer.status_list(number, format)).await;
    match made {
        Ok(Ok(Some(token))) => by_accept(answer(media_type, token)),
        Ok(Ok(None)) => unknown(),
        Ok(Err(error)) => problem(StatusCode::INTERNAL_SERVER_ERROR, error.code()),
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, ServiceError::Internal.code()),
    }
}

/// One spelling for each list: the address is what its token names.
fn list_number(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number > 0 && number.to_string() == text).then_some(number)
}

fn answer(media_type: &'static str, token: Arc<[u8]>) -> Response {
    let mut response = Response::new(Body::from(Bytes::from_owner(token)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    let keep = format!("max-age={TTL}");
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_str(&keep).expect("digits and ASCII"));
    // Nothing personal stands in it, and browsers may verify as well. Source: Token Status List §8.1.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
