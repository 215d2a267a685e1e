//! Token and credential requests, made by the wallet. Source: OpenID4VCI 1.0 §§6.1, 8.2.

use inro_oauth::form;
use inro_oauth::metadata::{PRE_AUTHORIZED_CODE, REFRESH_TOKEN};
use serde_json::{Map, Value};

use crate::proofs::Proofs;

/// What a credential request names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// A key of the issuer's metadata.
    Configuration(String),
    /// A credential identifier of the token answer.
    Identifier(String),
}

/// The form body of a token request; `details` are `authorization_details`.
pub fn token_request(pre_authorized_code: &str, tx_code: Option<&str>, details: Option<&Value>) -> Vec<u8> {
    let mut parameters =
        vec![("grant_type", PRE_AUTHORIZED_CODE), ("pre-authorized_code", pre_authorized_code)];
    if let Some(code) = tx_code {
        parameters.push(("tx_code", code));
    }
    let details = details.map(Value::to_string);
    if let Some(details) = &details {
        parameters.push(("authorization_details", details));
    }
    form::encode(&parameters)
}

/// The form body of a token request with a refresh token; `details` are `authorization_details`.
///
/// Source: RFC 6749 §6; RFC 9396 §6.
pub fn refresh_request(refresh_token: &str, details: Option<&Value>) -> Vec<u8> {
    let details = details.map(Value::to_string);
    let mut parameters = vec![("grant_type", REFRESH_TOKEN), ("refresh_token", refresh_token)];
    parameters.extend(details.as_deref().map(|details| ("authorization_details", details)));
    form::encode(&parameters)
}

/// The members of a credential request.
pub fn credential_request(wanted: &Wanted, proofs: &Proofs) -> Map<String, Value> {
    let mut object = Map::new();
    match wanted {
        Wanted::Configuration(id) => object.insert("credential_configuration_id".into(), id.as_str().into()),
        Wanted::Identifier(id) => object.insert("credential_identifier".into(), id.as_str().into()),
    };
    object.insert("proofs".into(), proofs.to_json());
    object
}

/// The members of a deferred credential request. Source: OpenID4VCI 1.0 §9.1.
pub fn deferred_request(transaction_id: &str) -> Map<String, Value> {
    Map::from_iter([("transaction_id".to_owned(), transaction_id.into())])
}
