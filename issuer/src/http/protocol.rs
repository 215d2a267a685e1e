//! The endpoints of the protocol. The work runs on blocking threads: it signs and writes to disk.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use inro_base::{Code, Coded as _, RequestId};
use inro_oauth::form;
use inro_openid4vci::issuer::{DEFERRED_LIMITS, NOTIFICATION_LIMITS, REQUEST_LIMITS, RequestBody};
use inro_openid4vci::response::{CredentialResponse, nonce_to_json};
use inro_openid4vci::{details, encryption};
use serde_json::json;

use super::answer::{Id, Name, Refusal, fresh_json, no_store, nothing, problem, text, with_dpop_nonce};
use super::body;
use crate::issue::{IssueRefused, Issued};
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

/// `POST /token`. Source: OpenID4VCI 1.0 §6; RFC 6749 §6; RFC 9449 §5.
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
            let mut answer = json!({
                "access_token": token.access_token.expose(),
                "token_type": "DPoP",
                "expires_in": token.expires_in,
            });
            if let (Some(members), false) = (answer.as_object_mut(), token.identifiers.is_empty()) {
                members.insert("authorization_details".into(), details::granted(&token.identifiers));
            }
            if let (Some(members), Some(token)) = (answer.as_object_mut(), &token.refresh_token) {
                members.insert("refresh_token".into(), token.expose().as_str().into());
            }
            with_dpop_nonce(fresh_json(200, &answer), issuer)
        }
        Err(refused) => refuse(issuer, &refused.into(), request_id),
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
    let (bytes, encrypted) = match body::read_request(&headers, body, REQUEST_LIMITS.bytes).await {
        Ok(read) => read,
        Err(error) => return refuse(&issuer, &Refusal::of_credential_body(&error), request_id),
    };
    blocking(&issuer, move |issuer| {
        let (authorization, dpop) = (body::texts(&headers, "authorization"), body::texts(&headers, "dpop"));
        let issued = issuer.issue(authorization, dpop, RequestBody { bytes: &bytes, encrypted });
        answer(issuer, issued, request_id)
    })
    .await
}

/// `POST /deferred_credential`. Source: OpenID4VCI 1.0 §9; RFC 9449 §7.
pub(super) async fn deferred_credential(
    State(issuer): State<Arc<Issuer>>,
    Id(request_id): Id,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (bytes, encrypted) = match body::read_request(&headers, body, DEFERRED_LIMITS.bytes).await {
        Ok(read) => read,
        Err(error) => return refuse(&issuer, &Refusal::of_credential_body(&error), request_id),
    };
    blocking(&issuer, move |issuer| {
        let (authorization, dpop) = (body::texts(&headers, "authorization"), body::texts(&headers, "dpop"));
        let issued = issuer.collect(authorization, dpop, RequestBody { bytes: &bytes, encrypted });
        answer(issuer, issued, request_id)
    })
    .await
}

/// `POST /notification`. Source: OpenID4VCI 1.0 §11; RFC 9449 §7.
pub(super) async fn notification(
    State(issuer): State<Arc<Issuer>>,
    Id(request_id): Id,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let body = match body::read(&headers, body, "application/json", NOTIFICATION_LIMITS.bytes).await {
        Ok(body) => body,
        Err(error) => return refuse(&issuer, &Refusal::of_notification_body(&error), request_id),
    };
    blocking(&issuer, move |issuer| {
        let (authorization, dpop) = (body::texts(&headers, "authorization"), body::texts(&headers, "dpop"));
        match issuer.notice(authorization, dpop, &body) {
            Ok(()) => with_dpop_nonce(nothing(), issuer),
            Err(denied) => refuse(issuer, &denied.into(), request_id),
        }
    })
    .await
}

/// The answer with credentials or with a transaction, encrypted if the wallet asked for that. An error
/// never is. Source: OpenID4VCI 1.0 §§8.3, 9.2, 10.
fn answer(issuer: &Issuer, issued: Result<Issued, IssueRefused>, request_id: RequestId) -> Response {
    let sealed = issued.and_then(|issued| {
        let status = match &issued.response {
            CredentialResponse::Issued { .. } => 200,
            CredentialResponse::Deferred { .. } => 202,
        };
        let value = issued.response.to_json();
        match issued.reply {
            None => Ok(fresh_json(status, &value)),
            Some(reply) => {
                let jwt = issuer.seal(&reply, &value).map_err(IssueRefused::from)?;
                Ok(no_store(text(status, encryption::MEDIA_TYPE, jwt)))
            }
        }
    });
    match sealed {
        Ok(response) => with_dpop_nonce(response, issuer),
        Err(refused) => refuse(issuer, &refused.into(), request_id),
    }
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
