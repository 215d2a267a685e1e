//! The API for relying systems.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use inro_base::Rng;
use inro_base::json::{self, Limits};
use inro_openid4vp::profile::ResponseMode;
use inro_service::OsRng;
use inro_verifier_sdk::{Ask, PresentationStore as _, TransactionRequest, Verifier, VerifierError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Failure, Name, check_media_type};
use crate::app::App;
use crate::error::CommandError;

/// What `POST /v1/presentations` takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    policy: Option<String>,
    dcql_query: Option<Value>,
    response_mode: Option<String>,
    redirect_uri: Option<String>,
    transaction_data: Option<Vec<TransactionRequest>>,
}

/// What `GET /v1/presentations/{id}` takes.
#[derive(Deserialize)]
pub struct ResultQuery {
    response_code: Option<String>,
}

/// `POST /v1/presentations`.
pub async fn create(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    authorize(&app, &headers)?;
    check_media_type(&headers, "application/json")?;
    let started = app
        .blocking(move |app| {
            let create: Create = json::decode(&body, Limits::MESSAGE).map_err(VerifierError::from)?;
            let ask = ask(app, create)?;
            let rng: &mut dyn Rng = &mut OsRng;
            Ok(app.verifier.start(ask, &app.store, app.clock.now(), rng)?)
        })
        .await?;
    let location = format!("/v1/presentations/{}", started.id);
    let body = json!({
        "id": started.id,
        "authorization_request": started.authorization_request,
        "expires_at": started.expires_at.to_string(),
    });
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::CREATED, headers, Json(body)).into_response())
}

/// `GET /v1/presentations/{id}`.
pub async fn result(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Name(id): Name,
    query: Result<Query<ResultQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    authorize(&app, &headers)?;
    let result = app
        .blocking(move |app| {
            // A query that cannot be read has a code that fits nothing.
            let code = match &query {
                Ok(Query(query)) => query.response_code.as_deref(),
                Err(_) => Some(""),
            };
            Ok(Verifier::result(&id, code, &app.store, app.clock.now())?)
        })
        .await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(result)).into_response())
}

/// `DELETE /v1/presentations/{id}`.
pub async fn delete(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Name(id): Name,
) -> Result<StatusCode, Failure> {
    authorize(&app, &headers)?;
    let deleted = app.blocking(move |app| Ok(app.store.delete(&id, app.clock.now())?)).await?;
    if deleted { Ok(StatusCode::NO_CONTENT) } else { Err(VerifierError::Unknown.into()) }
}

/// `GET /healthz`.
pub async fn health(State(app): State<Arc<App>>) -> Result<Json<Value>, Failure> {
    app.blocking(|app| Ok(app.store.probe()?)).await?;
    Ok(Json(json!({ "status": "ok" })))
}

/// Source: RFC 6750 §2.1.
fn authorize(app: &App, headers: &HeaderMap) -> Result<(), CommandError> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value
        .and_then(|value| value.split_once(' '))
        .and_then(|(scheme, token)| scheme.eq_ignore_ascii_case("Bearer").then_some(token.trim()));
    if token.is_some_and(|token| app.is_token(token)) { Ok(()) } else { Err(CommandError::Token) }
}

fn ask(app: &App, create: Create) -> Result<Ask, CommandError> {
    let mode = match create.response_mode {
        Some(mode) => ResponseMode::parse(&mode).ok_or(VerifierError::ResponseMode)?,
        None => ResponseMode::default(),
    };
    let ask = match (create.policy, create.dcql_query) {
        (Some(name), None) => Ask::policy(&*app.policy(&name)?),
        (None, Some(query)) => Ask::query(query),
        (Some(_), Some(_)) | (None, None) => return Err(VerifierError::NothingAsked.into()),
    };
    let transactions = create.transaction_data.unwrap_or_default().into_iter();
    let transactions =
        transactions.map(TransactionRequest::into_transaction_data).collect::<Result<_, _>>()?;
    let ask = ask.answered_by(mode).authorizing(transactions);
    match create.redirect_uri {
        Some(uri) => Ok(ask.redirecting_to(&uri)?),
        None => Ok(ask),
    }
}
