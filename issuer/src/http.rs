//! The issuer over HTTP: an axum router without a listener.

mod answer;
mod body;
mod documents;
mod protocol;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::issuer::Issuer;

/// The router of `issuer`. The server that carries it adds request ids, log lines and fallbacks.
pub fn router(issuer: Arc<Issuer>) -> Router {
    Router::new()
        .route("/.well-known/openid-credential-issuer", get(documents::issuer_metadata))
        .route("/.well-known/oauth-authorization-server", get(documents::server_metadata))
        .route("/types/{id}", get(documents::type_metadata))
        .route("/status-lists/{number}", get(status::status_list))
        .route("/offers/{handle}", get(protocol::offer))
        .route("/token", post(protocol::token))
        .route("/nonce", post(protocol::nonce))
        .route("/credential", post(protocol::credential))
        .route("/deferred_credential", post(protocol::deferred_credential))
        .route("/notification", post(protocol::notification))
        .route("/healthz", get(documents::health))
        .with_state(issuer)
}
