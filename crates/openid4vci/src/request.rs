//! Token and credential requests, made by the wallet. Source: OpenID4VCI 1.0 §§6.1, 8.2.

use inro_oauth::form;
use inro_oauth::metadata::PRE_AUTHORIZED_CODE;
use serde_json::{Map, Value, json};

/// What a credential request names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// A key of the issuer's metadata.
    Configuration(String),
    /// A credential identifier of the token answer.
    Identifier(String),
}

/// The form body of a token request.
pub fn token_request(pre_authorized_code: &str, tx_code: Option<&str>) -> Vec<u8> {
    let mut parameters =
        vec![("grant_type", PRE_AUTHORIZED_CODE), ("pre-authorized_code", pre_authorized_code)];
    if let Some(code) = tx_code {
        parameters.push(("tx_code", code));
    }
    form::encode(&parameters)
}

/// The JSON body of a credential request with one `jwt` proof per copy.
pub fn credential_request(wanted: &Wanted, jwt_proofs: &[String]) -> Vec<u8> {
    let mut object = Map::new();
    match wanted {
        Wanted::Configuration(id) => object.insert("credential_configuration_id".into(), id.as_str().into()),
        Wanted::Identifier(id) => object.insert("credential_identifier".into(), id.as_str().into()),
    };
    object.insert("proofs".into(), json!({ "jwt": jwt_proofs }));
    Value::Object(object).to_string().into_bytes()
}
