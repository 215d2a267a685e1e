//! The routes: the API for relying systems, and the endpoints for wallets.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};

use crate::app::App;
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
    Endpoint {
        path: "/openid4vp/requests/{handle}",
        methods: &[("get", &[200, 404, 409, 410]), ("post", &[200, 400, 404, 409, 410, 413, 415])],
    },
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
        .route(
            "/openid4vp/requests/{handle}",
            get(wallet::request_object).post(wallet::posted_request_object),
        )
        .route("/openid4vp/responses/{handle}", post(wallet::response))
        .route("/openapi.json", get(openapi))
        .route("/healthz", get(api::health))
        .with_state(app)
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}
