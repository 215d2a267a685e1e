use inro_base::base64url;
use inro_base::json::{self, Limits};
use inro_crypto::Provider;
use serde_json::{Value, json};

use crate::SdJwtError;
use crate::frame::{MAX_BYTES, MAX_DEPTH};

/// What a disclosure says.
#[derive(Debug)]
pub(crate) enum Disclosure {
    /// A member of an object.
    Member { name: String, value: Value },
    /// An element of an array.
    Element(Value),
}

impl Disclosure {
    /// Reads the disclosure at `index` of its SD-JWT. Source: RFC 9901 §4.2.1, §4.2.2.
    pub(crate) fn parse(text: &str, index: usize) -> Result<Self, SdJwtError> {
        let malformed = SdJwtError::Disclosure { index };
        let Ok(bytes) = base64url::decode(text) else { return Err(malformed) };
        let limits = Limits { bytes: MAX_BYTES, depth: MAX_DEPTH };
        let Ok(Value::Array(parts)) = json::parse(&bytes, limits) else { return Err(malformed) };
        let mut parts = parts.into_iter();
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Value::String(_)), Some(Value::String(name)), Some(value), None) => {
                Ok(Self::Member { name, value })
            }
            (Some(Value::String(_)), Some(value), None, None) => Ok(Self::Element(value)),
            _ => Err(malformed),
        }
    }
}

/// The text of a disclosure of the member `name`.
pub(crate) fn member(salt: &str, name: &str, value: &Value) -> String {
    base64url::encode(json!([salt, name, value]).to_string().as_bytes())
}

/// The text of a disclosure of an array's element.
pub(crate) fn element(salt: &str, value: &Value) -> String {
    base64url::encode(json!([salt, value]).to_string().as_bytes())
}

/// The digest of a disclosure, over its text. Source: RFC 9901 §4.2.3.
pub(crate) fn digest(text: &str, provider: &dyn Provider) -> String {
    base64url::encode(&provider.sha256(text.as_bytes()))
}
