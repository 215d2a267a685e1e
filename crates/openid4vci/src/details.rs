//! `authorization_details` of the type `openid_credential`, in token requests and answers.
//!
//! Source: OpenID4VCI 1.0 §§5.1.1, 6.1.1, 6.2; RFC 9396 §§2, 5, 7.

use inro_base::json::{self, JsonError, Limits};
use inro_base::{Code, Coded};
use inro_oauth::HttpsUrl;
use serde_json::{Value, json};

/// The authorization details type of credentials.
pub const TYPE: &str = "openid_credential";
/// The longest parameter that we read, in bytes, and its depth: some claims may stand in it.
const LIMITS: Limits = Limits { bytes: 16 * 1024, depth: 8 };
/// The most details in one request: as many as an offer has configurations.
const MAX_DETAILS: usize = 16;

/// Why `authorization_details` were refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DetailsError {
    /// No bounded JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// No array of one to 16 objects with the members that we need.
    #[error("malformed authorization details")]
    Malformed,
    /// Of another type than `openid_credential`.
    #[error("authorization details of another type")]
    Type,
    /// For another credential issuer.
    #[error("authorization details for another issuer")]
    OtherIssuer,
    /// A configuration that the code does not cover.
    #[error("authorization details for something that was not offered")]
    NotOffered,
}

impl Coded for DetailsError {
    fn code(&self) -> Code {
        match self {
            Self::Json(error) => error.code(),
            Self::Malformed => const { Code::new("INRO-VCI-085") },
            Self::Type => const { Code::new("INRO-VCI-086") },
            Self::OtherIssuer => const { Code::new("INRO-VCI-087") },
            Self::NotOffered => const { Code::new("INRO-VCI-088") },
        }
    }
}

/// The parameter that asks for these configurations; it names the credential issuer where that one's
/// metadata list authorization servers, which may serve others too.
///
/// Source: OpenID4VCI 1.0 §§5.1.1, 6.1.1.
pub fn wanted(configuration_ids: &[&str], issuer: Option<&HttpsUrl>) -> Value {
    let detail = |id: &&str| match issuer {
        None => json!({ "type": TYPE, "credential_configuration_id": id }),
        Some(issuer) => {
            json!({ "type": TYPE, "locations": [issuer.as_str()], "credential_configuration_id": id })
        }
    };
    configuration_ids.iter().map(detail).collect()
}

/// The member of a token answer: each configuration with its credential identifiers.
pub fn granted(identifiers: &[(String, String)]) -> Value {
    let detail = |(identifier, configuration): &(String, String)| {
        json!({
            "type": TYPE,
            "credential_configuration_id": configuration,
            "credential_identifiers": [identifier],
        })
    };
    identifiers.iter().map(detail).collect()
}

/// The configurations that the parameter `text` asks `issuer` for, each once.
///
/// # Errors
/// [`DetailsError`] for another type, another issuer, or what cannot be read.
pub fn parse(text: &str, issuer: &HttpsUrl) -> Result<Vec<String>, DetailsError> {
    let list = match json::parse(text.as_bytes(), LIMITS)? {
        Value::Array(list) if (1..=MAX_DETAILS).contains(&list.len()) => list,
        _ => return Err(DetailsError::Malformed),
    };
    let mut ids = Vec::with_capacity(list.len());
    for detail in &list {
        if detail.get("type").and_then(Value::as_str).ok_or(DetailsError::Malformed)? != TYPE {
            return Err(DetailsError::Type);
        }
        if let Some(locations) = detail.get("locations") {
            let locations = locations.as_array().ok_or(DetailsError::Malformed)?;
            if !locations.iter().any(|location| location.as_str() == Some(issuer.as_str())) {
                return Err(DetailsError::OtherIssuer);
            }
        }
        let id = detail.get("credential_configuration_id").and_then(Value::as_str);
        let id = id.ok_or(DetailsError::Malformed)?.to_owned();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_issuer_to_a_server_that_may_serve_others() {
        let url = |text: &str| HttpsUrl::parse(text).unwrap();
        let (ours, other) = (url("https://a.example/x"), url("https://b.example"));
        let text = wanted(&["c"], Some(&ours)).to_string();
        assert_eq!(parse(&text, &ours), Ok(vec!["c".to_owned()]));
        assert_eq!(parse(&text, &other), Err(DetailsError::OtherIssuer));
        assert_eq!(parse(&wanted(&["c"], None).to_string(), &other), Ok(vec!["c".to_owned()]));
    }
}
