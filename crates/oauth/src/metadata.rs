//! Authorization server metadata, made and read. Source: RFC 8414 §2.

use inro_base::json::{self, JsonError, Limits};
use inro_base::{Code, Coded};
use serde_json::{Map, Value, json};

use crate::url_text::{HttpsUrl, UrlError};

/// The grant type of a pre-authorized code. Source: OpenID4VCI 1.0 §4.1.1.
pub const PRE_AUTHORIZED_CODE: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";

/// The grant type of a refresh token. Source: RFC 6749 §6.
pub const REFRESH_TOKEN: &str = "refresh_token";

/// Where the metadata of an authorization server lies.
pub const WELL_KNOWN: &str = "oauth-authorization-server";

/// What we use of an authorization server's metadata.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerMetadata {
    /// The server's identifier.
    pub issuer: HttpsUrl,
    /// Where tokens are asked for.
    pub token_endpoint: HttpsUrl,
    /// The grants that it knows; `None` when it does not say.
    pub grant_types: Option<Vec<String>>,
    /// The algorithms of DPoP proofs; empty when DPoP is not supported.
    pub dpop_algorithms: Vec<String>,
    /// Whether a pre-authorized code can be redeemed without a `client_id`.
    pub anonymous_pre_authorized: bool,
    /// The types of authorization details that it knows. Source: RFC 9396 §10.
    pub details_types: Vec<String>,
}

/// Why a server's metadata were refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// Not a bounded JSON object.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A URL that is not plain `https`.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A member that we need is absent or of another type.
    #[error("the server metadata lack {member}")]
    Missing {
        /// Its name.
        member: &'static str,
    },
    /// The document is another server's. Source: RFC 8414 §3.3.
    #[error("the server metadata name another issuer")]
    OtherIssuer,
}

impl Coded for MetadataError {
    fn code(&self) -> Code {
        match self {
            Self::Json(error) => error.code(),
            Self::Url(error) => error.code(),
            Self::Missing { .. } => const { Code::new("INRO-OAUTH-041") },
            Self::OtherIssuer => const { Code::new("INRO-OAUTH-042") },
        }
    }
}

impl ServerMetadata {
    /// Reads the metadata that were fetched for the server `issuer`; unknown members are ignored.
    ///
    /// # Errors
    /// [`MetadataError`] when they are malformed, incomplete, or another server's.
    pub fn parse(body: &[u8], issuer: &HttpsUrl) -> Result<Self, MetadataError> {
        let object = json::parse_object(body, Limits::DOCUMENT)?;
        if text(&object, "issuer")? != issuer.as_str() {
            return Err(MetadataError::OtherIssuer);
        }
        Ok(Self {
            issuer: issuer.clone(),
            token_endpoint: HttpsUrl::parse(text(&object, "token_endpoint")?)?,
            grant_types: object.get("grant_types_supported").map(texts),
            dpop_algorithms: object.get("dpop_signing_alg_values_supported").map(texts).unwrap_or_default(),
            anonymous_pre_authorized: object
                .get("pre-authorized_grant_anonymous_access_supported")
                .and_then(Value::as_bool)
                .unwrap_or(false),
            details_types: object.get("authorization_details_types_supported").map(texts).unwrap_or_default(),
        })
    }

    /// The document as a server publishes it. There is no authorization endpoint, so there are no
    /// response types, and an empty list must not stand there.
    ///
    /// Source: RFC 8414 §3.2; OpenID4VCI 1.0 §12.2.4.
    pub fn to_json(&self) -> Value {
        let mut object = json!({
            "issuer": self.issuer.as_str(),
            "token_endpoint": self.token_endpoint.as_str(),
            "grant_types_supported": self.grant_types,
            "token_endpoint_auth_methods_supported": ["none"],
            "dpop_signing_alg_values_supported": self.dpop_algorithms,
            "pre-authorized_grant_anonymous_access_supported": self.anonymous_pre_authorized,
        });
        if let (Some(members), false) = (object.as_object_mut(), self.details_types.is_empty()) {
            members.insert("authorization_details_types_supported".into(), json!(self.details_types));
        }
        object
    }

    /// Whether the server knows authorization details of this type.
    pub fn knows_details(&self, kind: &str) -> bool {
        self.details_types.iter().any(|known| known == kind)
    }

    /// Whether the server may know the pre-authorized code grant: it says so, or says nothing.
    pub fn allows_pre_authorized(&self) -> bool {
        self.grant_types.as_ref().is_none_or(|grants| grants.iter().any(|grant| grant == PRE_AUTHORIZED_CODE))
    }

    /// Whether the server takes DPoP proofs signed with ES256.
    pub fn supports_dpop(&self) -> bool {
        self.dpop_algorithms.iter().any(|algorithm| algorithm == "ES256")
    }
}

fn text<'a>(object: &'a Map<String, Value>, member: &'static str) -> Result<&'a str, MetadataError> {
    object.get(member).and_then(Value::as_str).ok_or(MetadataError::Missing { member })
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata() -> ServerMetadata {
        ServerMetadata {
            issuer: HttpsUrl::parse("https://a.example").unwrap(),
            token_endpoint: HttpsUrl::parse("https://a.example/token").unwrap(),
            grant_types: Some(vec![PRE_AUTHORIZED_CODE.into()]),
            dpop_algorithms: vec!["ES256".into()],
            anonymous_pre_authorized: true,
            details_types: vec!["openid_credential".into()],
        }
    }

    #[test]
    fn reads_what_it_writes() {
        let body = metadata().to_json().to_string();
        assert_eq!(ServerMetadata::parse(body.as_bytes(), &metadata().issuer), Ok(metadata()));
    }

    #[test]
    fn publishes_no_empty_list_of_response_types() {
        assert_eq!(metadata().to_json().get("response_types_supported"), None);
    }

    #[test]
    fn works_with_the_least_that_a_server_says() {
        let body = br#"{"issuer":"https://a.example","token_endpoint":"https://a.example/t"}"#;
        let least = ServerMetadata::parse(body, &metadata().issuer).unwrap();
        assert!(least.allows_pre_authorized());
        assert!(!least.supports_dpop());
        assert!(!least.knows_details("openid_credential"));
    }

    #[test]
    fn refuses_the_metadata_of_another_server() {
        let body = metadata().to_json().to_string();
        let other = HttpsUrl::parse("https://b.example").unwrap();
        let error = ServerMetadata::parse(body.as_bytes(), &other).err().unwrap();
        assert_eq!(error.code().as_str(), "INRO-OAUTH-042");
    }

    #[test]
    fn refuses_a_token_endpoint_without_tls() {
        let body =
            metadata().to_json().to_string().replace("https://a.example/token", "http://a.example/token");
        let error = ServerMetadata::parse(body.as_bytes(), &metadata().issuer).err().unwrap();
        assert_eq!(error.code().as_str(), "INRO-OAUTH-040");
    }
}
