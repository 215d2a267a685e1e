//! The endpoints of the protocol. The work runs on blocking threads: it signs and writes to disk.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use inro_base::{Code, Coded as _, RequestId};
use inro_oauth::form;
use inro_openid4vci::issuer::REQUEST_LIMITS;
use inro_openid4vci::response::{CredentialResponse, nonce_to_json};
use serde_json::json;

use super::answer::{Id, Name, Refusal, fresh_json, problem, with_dpop_nonce};
use super::body;
use crate::issuer::Issuer;

/// `GET /offers/{handle}`: an offer by reference. Source: OpenID4VCI 1.0 §4.1.3.
pub(super) async fn offer(State(issuer): State<Arc<Issuer>>, Name(handle): Name) -> Response {
    blocking(&issuer, move |issuer| match issuer.open_offer(&handle) {
        Ok(Some(offer)) => fresh_json(200, &offer.to_json()),
        Ok(None) => problem(StatusCode::NOT_FOUND, const { Code::new("INRO-ISSUER-020") }),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, error.code()),
    })
    .await
}

/// `POST /token`. Source: OpenID4VCI 1.0 §6; RFC 9449 §5.
pub(super) async fn token(
    State(issuer): State<Arc<Issuer>>,
    Id(request_id): Id,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let body = match body::read(&headers, body, form::MEDIA_TYPE, form::MAX_FORM_BYTES).await {
        Ok(body) => body,
        Err(error) => return refuse(&issuer, &Refusal::of_token_body(&error), request_id),
    };
    blocking(&issuer, move |issuer| match issuer.redeem(body::texts(&headers, "dpop"), &body) {
        Ok(token) => {
            let answer = json!({
                "access_token": token.access_token.expose(),
                "token_type": "DPoP",
                "expires_in": token.expires_in,
            });
            with_dpop_nonce(fresh_json(200, &answer), issuer)
        }
        Err(denied) => refuse(issuer, &denied.into(), request_id),
    })
    .await
}

/// `POST /nonce`: costs the server nothing to keep. Source: OpenID4VCI 1.0 §7.
pub(super) async fn nonce(State(issuer): State<Arc<Issuer>>) -> Response {
    with_dpop_nonce(fresh_json(200, &nonce_to_json(&issuer.c_nonce())), &issuer)
}

/// `POST /credential`. Source: OpenID4VCI 1.0 §8; RFC 9449 §7.
pub(super) async fn credential(
    State(issuer): State<Arc<Issuer>>,
    Id(request_id): Id,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let body = match body::read(&headers, body, "application/json", REQUEST_LIMITS.bytes).await {
        Ok(body) => body,
        Err(error) => return refuse(&issuer, &Refusal::of_credential_body(&error), request_id),
    };
    blocking(&issuer, move |issuer| {
        let issued =
            issuer.issue(body::texts(&headers, "authorization"), body::texts(&headers, "dpop"), &body);
        match issued {
            Ok(credentials) => {
                let answer = CredentialResponse::Issued { credentials, notification_id: None };
                with_dpop_nonce(fresh_json(200, &answer.to_json()), issuer)
            }
            Err(refused) => refuse(issuer, &refused.into(), request_id),
        }
    })
    .await
}

fn refuse(issuer: &Issuer, refusal: &Refusal, request_id: RequestId) -> Response {
    with_dpop_nonce(refusal.answer(request_id), issuer)
}

async fn blocking(issuer: &Arc<Issuer>, work: impl FnOnce(&Issuer) -> Response + Send + 'static) -> Response {
    let shared = Arc::clone(issuer);
    match tokio::task::spawn_blocking(move || work(&shared)).await {
        Ok(response) => response,
        // The work panicked; the transaction it was in was rolled back.
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, const { Code::new("INRO-SERVICE-013") }),
    }
}
