use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use inro_base::{Code, Coded as _, RequestId};
use inro_oauth::ErrorAnswer;
use inro_oauth::error::ErrorCode;
use inro_openid4vci::CredentialErrorCode;
use inro_openid4vci::issuer::{CredentialError, NotificationError, WireError};
use inro_service::Problem;
use serde_json::Value;

use super::body::BodyError;
use crate::issue::IssueRefused;
use crate::issuer::Issuer;
use crate::redeem::RedeemRefused;
use crate::store::Denied;

/// A JSON answer that nobody may keep.
pub(super) fn fresh_json(status: u16, value: &Value) -> Response {
    no_store(text(status, "application/json", value.to_string()))
}

/// A text answer.
pub(super) fn text(status: u16, media_type: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// Forbids keeping the answer. Source: RFC 6749 §5.1; OpenID4VCI 1.0 §§7.2, 8.3.
pub(super) fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Nothing more to say. Source: OpenID4VCI 1.0 §11.2.
pub(super) fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    no_store(response)
}

/// Hands the client a fresh DPoP nonce. Source: RFC 9449 §8.2.
pub(super) fn with_dpop_nonce(mut response: Response, issuer: &Issuer) -> Response {
    let nonce = HeaderValue::from_str(&issuer.dpop_nonce()).expect("base64url is visible ASCII");
    response.headers_mut().insert("dpop-nonce", nonce);
    response
}

/// The request's id: the server's, or a fresh one where there is none.
pub(super) struct Id(pub(super) RequestId);

impl FromRequestParts<Arc<Issuer>> for Id {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, issuer: &Arc<Issuer>) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().copied().unwrap_or_else(|| issuer.request_id())))
    }
}

/// The one variable part of a path. One that is no text names nothing, and so becomes an empty one.
pub(super) struct Name(pub(super) String);

impl FromRequestParts<Arc<Issuer>> for Name {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, issuer: &Arc<Issuer>) -> Result<Self, Infallible> {
        let part = Path::<String>::from_request_parts(parts, issuer).await;
        Ok(Self(part.map(|Path(text)| text).unwrap_or_default()))
    }
}

/// An error answer of our own, apart from the protocol's. Source: RFC 9457.
pub(super) fn problem(status: StatusCode, code: Code) -> Response {
    Problem::new(code, status).into_response()
}

/// Something that ended in an error answer of the protocol.
pub(super) struct Refusal {
    status: u16,
    error: &'static str,
    code: Code,
    challenge: Option<String>,
}

impl Refusal {
    /// The answer: OAuth JSON, and a challenge where a protected resource has to send one.
    pub(super) fn answer(&self, request_id: RequestId) -> Response {
        let body = ErrorAnswer { error: self.error, code: self.code, request_id }.to_json();
        let mut response = fresh_json(self.status, &body);
        if let Some(challenge) = &self.challenge {
            let value = HeaderValue::from_str(challenge).expect("error codes are visible ASCII");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        }
        // The server's log line names it.
        response.extensions_mut().insert(self.code);
        response
    }

    fn oauth(error: ErrorCode, code: Code) -> Self {
        Self { status: error.token_endpoint_status(), error: error.as_str(), code, challenge: None }
    }

    fn resource(error: WireError, code: Code) -> Self {
        let status = error.status();
        let error = error.as_str();
        let challenge = (status == 401).then(|| format!("DPoP error=\"{error}\", algs=\"ES256\""));
        Self { status, error, code, challenge }
    }

    /// A body that was not read, at the token endpoint.
    pub(super) fn of_token_body(error: &BodyError) -> Self {
        Self { status: error.status(), ..Self::oauth(ErrorCode::InvalidRequest, error.code()) }
    }

    /// A body that was not read, at the credential endpoint.
    pub(super) fn of_credential_body(error: &BodyError) -> Self {
        let wire = WireError::Credential(CredentialErrorCode::InvalidCredentialRequest);
        Self { status: error.status(), ..Self::resource(wire, error.code()) }
    }

    /// A body that was not read, at the notification endpoint.
    pub(super) fn of_notification_body(error: &BodyError) -> Self {
        let wire = WireError::Credential(CredentialErrorCode::InvalidNotificationRequest);
        Self { status: error.status(), ..Self::resource(wire, error.code()) }
    }
}

impl From<Denied<NotificationError>> for Refusal {
    fn from(denied: Denied<NotificationError>) -> Self {
        match denied {
            Denied::Store(error) => Self::resource(WireError::OAuth(store_code(&error)), error.code()),
            Denied::Refused(NotificationError::Access(error)) => error.into(),
            Denied::Refused(error) => Self::resource(error.wire(), error.code()),
        }
    }
}

impl From<RedeemRefused> for Refusal {
    fn from(refused: RedeemRefused) -> Self {
        match refused {
            RedeemRefused::Protocol(error) => Self::oauth(error.oauth_code(), error.code()),
            RedeemRefused::Store(error) => Self::oauth(store_code(&error), error.code()),
            // Source: RFC 6749 §5.2.
            RedeemRefused::Denied(error) if error.is_denial() => {
                Self::oauth(ErrorCode::InvalidGrant, error.code())
            }
            RedeemRefused::Denied(error) => Self::oauth(ErrorCode::ServerError, error.code()),
        }
    }
}

impl From<CredentialError> for Refusal {
    fn from(error: CredentialError) -> Self {
        let refusal = Self::resource(error.wire(), error.code());
        match error {
            // RFC 6750 §3.1: who did not authenticate at all is told how, and no error.
            CredentialError::Anonymous => Self { challenge: Some("DPoP algs=\"ES256\"".into()), ..refusal },
            _ => refusal,
        }
    }
}

impl From<IssueRefused> for Refusal {
    fn from(refused: IssueRefused) -> Self {
        match refused {
            IssueRefused::Protocol(error) => error.into(),
            IssueRefused::Store(error) => Self::resource(WireError::OAuth(store_code(&error)), error.code()),
            IssueRefused::Denied(error) if error.is_denial() => Self::resource(
                WireError::Credential(CredentialErrorCode::CredentialRequestDenied),
                error.code(),
            ),
            IssueRefused::Denied(error) => {
                Self::resource(WireError::OAuth(ErrorCode::ServerError), error.code())
            }
        }
    }
}

fn store_code(error: &crate::store::StoreError) -> ErrorCode {
    use crate::store::StoreError;
    match error {
        StoreError::Busy | StoreError::TooManyOffers { .. } => ErrorCode::TemporarilyUnavailable,
        StoreError::Database { .. } | StoreError::NoEmployee => ErrorCode::ServerError,
    }
}
