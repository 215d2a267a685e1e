//! What every handler needs to refuse: errors as answers, and the check of a body's media type.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use inro_service::Problem;

use crate::error::CommandError;

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

/// The one variable part of a path. One that is no text names nothing, and so becomes an empty one.
pub struct Name(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let part = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(part.map(|Path(text)| text).unwrap_or_default()))
    }
}

/// Refuses a body that is not declared as `expected`.
///
/// # Errors
/// [`CommandError::MediaType`].
pub(crate) fn check_media_type(headers: &HeaderMap, expected: &str) -> Result<(), CommandError> {
    let declared =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) { Ok(()) } else { Err(CommandError::MediaType) }
}
