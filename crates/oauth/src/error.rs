//! Error codes of OAuth and its extensions, and the JSON answer that carries them.

use inro_base::json::{self, Limits};
use inro_base::{Code, RequestId};
use serde_json::{Value, json};

/// The error codes that we send or act on.
///
/// Source: RFC 6749 §5.2; RFC 6750 §3.1; RFC 9396 §5; RFC 9449 §§5, 7.1, 8.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ErrorCode {
    /// A parameter is missing, unknown, repeated or malformed.
    InvalidRequest,
    /// The client could not be authenticated.
    InvalidClient,
    /// The code is wrong, used, expired, or came with a wrong transaction code.
    InvalidGrant,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// The server does not know this grant.
    UnsupportedGrantType,
    /// The scope is unknown or too wide.
    InvalidScope,
    /// The authorization details are malformed, unknown, or more than is granted. Source: RFC 9396 §5.
    InvalidAuthorizationDetails,
    /// The access token is wrong, expired or not the caller's.
    InvalidToken,
    /// The access token does not cover what was asked.
    InsufficientScope,
    /// The DPoP proof is wrong.
    InvalidDpopProof,
    /// The DPoP proof lacks the server's fresh nonce, which the answer carries.
    UseDpopNonce,
    /// The server failed.
    ServerError,
    /// The server is busy; the same request can succeed later.
    TemporarilyUnavailable,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 13] = [
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::InvalidScope,
        Self::InvalidAuthorizationDetails,
        Self::InvalidToken,
        Self::InsufficientScope,
        Self::InvalidDpopProof,
        Self::UseDpopNonce,
        Self::ServerError,
        Self::TemporarilyUnavailable,
    ];

    /// The code as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    /// The code of this text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// The HTTP status of the token endpoint's answer. Source: RFC 6749 §5.2.
    pub const fn token_endpoint_status(self) -> u16 {
        match self {
            Self::InvalidClient | Self::InvalidToken => 401,
            Self::InsufficientScope => 403,
            Self::ServerError => 500,
            Self::TemporarilyUnavailable => 503,
            Self::InvalidRequest
            | Self::InvalidGrant
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::InvalidScope
            | Self::InvalidAuthorizationDetails
            | Self::InvalidDpopProof
            | Self::UseDpopNonce => 400,
        }
    }

    /// The HTTP status of a protected resource's answer. Source: RFC 6750 §3.1; RFC 9449 §§7.1, 9.
    pub const fn resource_status(self) -> u16 {
        match self {
            Self::InvalidClient | Self::InvalidToken | Self::InvalidDpopProof | Self::UseDpopNonce => 401,
            Self::InsufficientScope => 403,
            Self::ServerError => 500,
            Self::TemporarilyUnavailable => 503,
            Self::InvalidRequest
            | Self::InvalidGrant
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::InvalidScope
            | Self::InvalidAuthorizationDetails => 400,
        }
    }
}

/// An error answer to write: the protocol's code and ours.
#[derive(Clone, Copy, Debug)]
pub struct ErrorAnswer {
    /// The protocol's code, such as `invalid_grant`.
    pub error: &'static str,
    /// Our code, whose cause becomes the description.
    pub code: Code,
    /// Names the transaction for the help desk.
    pub request_id: RequestId,
}

impl ErrorAnswer {
    /// `{"error", "error_description", "inro_code", "request_id"}`.
    pub fn to_json(&self) -> Value {
        json!({
            "error": self.error,
            "error_description": description(self.code.entry().cause.en),
            "inro_code": self.code.as_str(),
            "request_id": self.request_id.to_string(),
        })
    }
}

/// The characters that RFC 6749 §5.2 allows in a description.
fn description(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e')).collect()
}

/// What a server's error answer says. The texts are a stranger's: show them to nobody.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ErrorSeen {
    /// The protocol's code.
    pub error: String,
    /// The server's own Inro code, if it is one that we know.
    pub inro_code: Option<Code>,
    /// Names the transaction for the server's help desk, if it is an id of the form of ours.
    pub request_id: Option<RequestId>,
}

impl ErrorSeen {
    /// Reads an error answer; what cannot be read gives an empty `error`.
    pub fn read(body: &[u8]) -> Self {
        let Ok(object) = json::parse_object(body, Limits::MESSAGE) else {
            return Self::default();
        };
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        Self {
            error: text("error").unwrap_or_default().into(),
            inro_code: text("inro_code").and_then(Code::find),
            request_id: text("request_id").and_then(RequestId::parse),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_the_allowed_characters_alone() {
        assert_eq!(description("a\"b\\c \u{7f}\n\u{e9}\u{65e5}!#[]~"), "abc !#[]~");
    }

    #[test]
    fn the_description_of_every_code_has_the_allowed_characters_and_says_something() {
        let rng: &mut dyn inro_base::Rng = &mut Zero;
        let request_id = RequestId::random(rng);
        let allowed =
            |text: &str| text.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && !b"\"\\".contains(&byte));
        assert!(!allowed("\u{2019}") && !allowed("\"") && !allowed("\\") && !allowed("\n"));
        let registry = inro_base::code::registry();
        assert!(registry.len() > 200, "{}", registry.len());
        for entry in registry {
            let code = Code::find(entry.code).unwrap();
            let answer = ErrorAnswer { error: "invalid_request", code, request_id }.to_json();
            let text = answer["error_description"].as_str().unwrap();
            assert!(allowed(text) && text.len() > 10, "{code}: {text}");
            // Nothing had to be left out, so that the sentence is whole.
            assert_eq!(text, entry.cause.en, "{code}");
        }
    }

    #[test]
    fn each_code_is_found_by_its_text() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::parse(code.as_str()), Some(code));
        }
        assert_eq!(ErrorCode::parse("invalid"), None);
    }

    #[test]
    fn reads_its_own_answer_and_survives_a_foreign_one() {
        let rng: &mut dyn inro_base::Rng = &mut Zero;
        let answer = ErrorAnswer {
            error: ErrorCode::InvalidGrant.as_str(),
            code: const { Code::new("INRO-OAUTH-001") },
            request_id: RequestId::random(rng),
        };
        let seen = ErrorSeen::read(answer.to_json().to_string().as_bytes());
        assert_eq!(seen.error, "invalid_grant");
        assert_eq!(seen.inro_code, Some(answer.code));
        assert_eq!(seen.request_id, Some(answer.request_id));
        assert_eq!(ErrorSeen::read(b"<html>"), ErrorSeen::default());
    }

    struct Zero;

    impl inro_base::Rng for Zero {
        fn fill(&mut self, destination: &mut [u8]) {
            destination.fill(0);
        }
    }
}
