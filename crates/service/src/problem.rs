//! Errors of our own APIs as problem details. Source: RFC 9457.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use inro_base::report::Language;
use inro_base::{Code, Coded, RequestId};
use serde_json::json;

/// An error as a client of our API reads it.
///
/// A handler returns it as it is; the server's outermost layer adds the request id and chooses the
/// language by `Accept-Language`.
#[derive(Clone, Copy, Debug)]
pub struct Problem {
    code: Code,
    status: StatusCode,
}

impl Problem {
    /// A problem of `code` that is answered with `status`.
    pub const fn new(code: Code, status: StatusCode) -> Self {
        Self { code, status }
    }

    /// The problem of `error`. Its text stays here: it is written for operators.
    pub fn of(error: &dyn Coded, status: StatusCode) -> Self {
        Self::new(error.code(), status)
    }

    /// The code.
    pub const fn code(self) -> Code {
        self.code
    }

    /// The document in `language`.
    pub fn render(self, language: Language, request_id: Option<RequestId>) -> Response {
        let entry = self.code.entry();
        let body = json!({
            "type": format!("urn:inro:error:{}", self.code),
            "title": entry.cause.in_language(language),
            "status": self.status.as_u16(),
            "detail": entry.remedy.in_language(language),
            "inro_code": self.code.as_str(),
            "request_id": request_id.map(|id| id.to_string()),
        });
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json")),
            (header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag())),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (header::VARY, HeaderValue::from_static("accept-language")),
        ];
        let mut response = (self.status, headers, body.to_string()).into_response();
        // The log names the code; see `server`.
        response.extensions_mut().insert(self.code);
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.render(Language::En, None);
        response.extensions_mut().insert(self);
        response
    }
}
