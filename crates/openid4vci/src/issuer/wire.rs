use inro_oauth::ErrorCode;

use crate::error::CredentialErrorCode;

/// The protocol's name for an error, and so its status.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WireError {
    /// Of OAuth, at a protected resource.
    OAuth(ErrorCode),
    /// Of the credential endpoint.
    Credential(CredentialErrorCode),
}

impl WireError {
    /// The code as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OAuth(code) => code.as_str(),
            Self::Credential(code) => code.as_str(),
        }
    }

    /// The HTTP status. Source: RFC 6750 §3.1; OpenID4VCI 1.0 §8.3.1.2.
    pub const fn status(self) -> u16 {
        match self {
            Self::OAuth(code) => code.resource_status(),
            Self::Credential(_) => 400,
        }
    }
}
