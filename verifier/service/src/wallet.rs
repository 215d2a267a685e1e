//! The endpoints for wallets.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use inro_base::{RequestId, Rng};
use inro_openid4vp::form;
use inro_openid4vp::profile::REQUEST_MEDIA_TYPE;
use inro_service::{OsRng, Problem};
use inro_verifier_sdk::{Posted, Verifier};
use serde_json::{Map, Value};

use crate::answer::{Failure, Name, check_media_type};
use crate::app::App;

/// `GET /openid4vp/requests/{handle}`. Source: OpenID4VP 1.0 §5.10.1.
pub async fn request_object(State(app): State<Arc<App>>, Name(handle): Name) -> Result<Response, Failure> {
    let request = app
        .blocking(move |app| {
            let registration = app.registration()?;
            let now = app.clock.now();
            Ok(app.verifier.request_object(&handle, registration.as_ref().as_deref(), &app.store, now)?)
        })
        .await?;
    Ok(as_request_object(request))
}

/// `POST /openid4vp/requests/{handle}`. Source: OpenID4VP 1.0 §5.10.
pub async fn posted_request_object(
    State(app): State<Arc<App>>,
    Name(handle): Name,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    check_media_type(&headers, form::CONTENT_TYPE)?;
    let request = app
        .blocking(move |app| {
            let registration = app.registration()?;
            let (registration, now) = (registration.as_ref().as_deref(), app.clock.now());
            let rng: &mut dyn Rng = &mut OsRng;
            Ok(app.verifier.posted_request_object(&handle, &body, registration, &app.store, now, rng)?)
        })
        .await?;
    Ok(as_request_object(request))
}

/// `POST /openid4vp/responses/{handle}`. Source: OpenID4VP 1.0 §8.2.
pub async fn response(
    State(app): State<Arc<App>>,
    Extension(request_id): Extension<RequestId>,
    Name(handle): Name,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    check_media_type(&headers, form::CONTENT_TYPE)?;
    let judged = Arc::clone(&app)
        .blocking(move |app| {
            let anchors = app.issuers()?;
            let posted = Posted { handle: &handle, form: &body, request_id };
            Ok(app.verifier.judge(&posted, &anchors, &app.store, app.clock.now())?)
        })
        .await?;
    let known = Arc::clone(&app).status_lists(judged.needed(), judged.status_max_age()).await;
    let taken = app
        .blocking(move |app| {
            let rng: &mut dyn Rng = &mut OsRng;
            Ok(Verifier::conclude(judged, &known, &app.store, app.clock.now(), rng)?)
        })
        .await?;
    if let Some(code) = taken.rejected {
        return Ok(Problem::new(code, StatusCode::BAD_REQUEST).into_response());
    }
    let mut body = Map::new();
    if let Some(uri) = taken.redirect_uri {
        body.insert("redirect_uri".to_owned(), Value::String(uri));
    }
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

fn as_request_object(request: String) -> Response {
    let headers = [(header::CONTENT_TYPE, REQUEST_MEDIA_TYPE), (header::CACHE_CONTROL, "no-store")];
    (headers, request).into_response()
}
