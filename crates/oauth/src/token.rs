//! The token endpoint's successful answer.

use inro_base::json::{self, JsonError, Limits};
use inro_base::{Code, Coded, Secret};
use serde_json::{Map, Value};

/// How an access token is presented.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenType {
    /// With a DPoP proof of the key that it is bound to. Source: RFC 9449 §5.
    Dpop,
    /// Whoever holds it may use it. Source: RFC 6750.
    Bearer,
}

/// A successful answer of the token endpoint. Source: RFC 6749 §5.1.
pub struct TokenResponse {
    /// The token, opaque to the client.
    pub access_token: Secret<String>,
    /// How to present it.
    pub token_type: TokenType,
    /// In seconds, if the server tells.
    pub expires_in: Option<i64>,
    /// What a new access token can be asked for with, if the server gives one.
    pub refresh_token: Option<Secret<String>>,
    /// Everything that the answer says.
    pub all: Map<String, Value>,
}

/// Why an answer of the token endpoint was not understood.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenResponseError {
    /// Not a bounded JSON object.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// No access token, or one that cannot stand in a header.
    #[error("no usable access token")]
    NoToken,
    /// Neither `DPoP` nor `Bearer`.
    #[error("an unknown token type")]
    UnknownType,
}

impl Coded for TokenResponseError {
    fn code(&self) -> Code {
        match self {
            Self::Json(error) => error.code(),
            Self::NoToken => const { Code::new("INRO-OAUTH-030") },
            Self::UnknownType => const { Code::new("INRO-OAUTH-031") },
        }
    }
}

impl TokenType {
    /// The scheme in the `Authorization` header, and `token_type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dpop => "DPoP",
            Self::Bearer => "Bearer",
        }
    }
}

impl TokenResponse {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`TokenResponseError`] when it is malformed or of a type that we cannot use.
    pub fn parse(body: &[u8]) -> Result<Self, TokenResponseError> {
        let mut all = json::parse_object(body, Limits::MESSAGE)?;
        let access_token = match all.remove("access_token") {
            Some(Value::String(token)) if is_token(&token) => Secret::new(token),
            _ => return Err(TokenResponseError::NoToken),
        };
        let kind = all.get("token_type").and_then(Value::as_str).unwrap_or_default();
        let token_type = match kind.to_ascii_lowercase().as_str() {
            "dpop" => TokenType::Dpop,
            "bearer" => TokenType::Bearer,
            _ => return Err(TokenResponseError::UnknownType),
        };
        // One of another form is as good as none: nothing else of the answer depends on it.
        let refresh_token = match all.remove("refresh_token") {
            Some(Value::String(token)) if is_token(&token) => Some(Secret::new(token)),
            _ => None,
        };
        let expires_in = all.get("expires_in").and_then(Value::as_i64);
        Ok(Self { access_token, token_type, expires_in, refresh_token, all })
    }
}

/// `b64token` of RFC 6750 §2.1, so that the token cannot break out of its header.
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_types_in_any_case() {
        let answer =
            TokenResponse::parse(br#"{"access_token":"abc","token_type":"dpop","expires_in":60,"x":1}"#)
                .unwrap();
        assert_eq!(
            (answer.access_token.expose().as_str(), answer.token_type, answer.expires_in),
            ("abc", TokenType::Dpop, Some(60))
        );
        assert_eq!(
            TokenResponse::parse(br#"{"access_token":"abc","token_type":"BEARER"}"#).unwrap().token_type,
            TokenType::Bearer
        );
    }

    #[test]
    fn reads_a_refresh_token_and_passes_over_one_of_another_form() {
        let read = |refresh: &str| {
            let text = format!(r#"{{"access_token":"abc","token_type":"DPoP","refresh_token":{refresh}}}"#);
            let answer = TokenResponse::parse(text.as_bytes()).unwrap();
            assert!(!answer.all.contains_key("refresh_token"));
            answer.refresh_token.map(|token| token.expose().clone())
        };
        assert_eq!(read(r#""r.1""#), Some("r.1".into()));
        for other in ["1", r#""""#, r#""a b""#, "null"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn refuses_a_token_that_would_break_its_header() {
        assert!(TokenResponse::parse(br#"{"access_token":"a.b","token_type":"DPoP"}"#).is_ok());
        let broken = TokenResponse::parse(br#"{"access_token":"a\r\nb","token_type":"DPoP"}"#).err().unwrap();
        assert_eq!(broken.code().as_str(), "INRO-OAUTH-030");
        let foreign = TokenResponse::parse(br#"{"access_token":"a","token_type":"mac"}"#).err().unwrap();
        assert_eq!(foreign.code().as_str(), "INRO-OAUTH-031");
    }
}
