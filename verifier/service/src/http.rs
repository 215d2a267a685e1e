//! The routes: the API for relying systems, and the endpoints for wallets.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use inro_service::Problem;

use crate::app::App;
use crate::error::CommandError;
use crate::{api, wallet};

/// One route, the methods that it takes, and every status that it answers with besides 500 and 503.
/// The API description is checked against this list, and the router is made of it.
pub struct Endpoint {
    /// The template.
    pub path: &'static str,
    /// Method in lower case, and its statuses.
    pub methods: &'static [(&'static str, &'static [u16])],
}

/// Every route.
pub const ENDPOINTS: &[Endpoint] = &[
    Endpoint { path: "/v1/presentations", methods: &[("post", &[201, 400, 401, 413, 415])] },
    Endpoint {
        path: "/v1/presentations/{id}",
        methods: &[("get", &[200, 401, 403, 404]), ("delete", &[204, 401, 404])],
    },
    Endpoint { path: "/openid4vp/requests/{handle}", methods: &[("get", &[200, 404, 409, 410])] },
    Endpoint { path: "/openid4vp/responses/{handle}", methods: &[("post", &[200, 400, 404, 409, 413, 415])] },
    Endpoint { path: "/openapi.json", methods: &[("get", &[200])] },
    Endpoint { path: "/healthz", methods: &[("get", &[200])] },
];

/// The API description. Source: OpenAPI 3.1.
pub const OPENAPI: &str = include_str!("openapi.json");

/// All routes over `app`.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/presentations", post(api::create))
        .route("/v1/presentations/{id}", get(api::result).delete(api::delete))
        .route("/openid4vp/requests/{handle}", get(wallet::request_object))
        .route("/openid4vp/responses/{handle}", post(wallet::response))
        .route("/openapi.json", get(openapi))
        .route("/healthz", get(api::health))
        .with_state(app)
}

/// An error as an answer.
pub struct Failure(CommandError);

impl<E: Into<CommandError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let problem = Problem::of(&self.0, status);
        if status == StatusCode::UNAUTHORIZED {
            // Source: RFC 6750 §3.
            return ([(header::WWW_AUTHENTICATE, "Bearer")], problem).into_response();
        }
        problem.into_response()
    }
}

/// Refuses a body that is not declared as `expected`.
pub fn check_media_type(headers: &HeaderMap, expected: &str) -> Result<(), CommandError> {
    let declared =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) { Ok(()) } else { Err(CommandError::MediaType) }
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}
