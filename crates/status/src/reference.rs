use serde_json::{Map, Value};

use crate::StatusError;

/// The longest address that is read, in bytes.
const MAX_URI_BYTES: usize = 2048;

/// Where a credential's status stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusReference {
    /// The address of the list.
    pub uri: String,
    /// The place in the list.
    pub index: u64,
}

impl StatusReference {
    /// A reference whose address is an `https` URL that can be fetched.
    ///
    /// # Errors
    /// [`StatusError::Reference`] for any other address.
    pub fn new(uri: &str, index: u64) -> Result<Self, StatusError> {
        let ascii = uri.bytes().all(|byte| byte.is_ascii_graphic());
        let fetched = uri.strip_prefix("https://").is_some_and(|rest| !rest.is_empty());
        if ascii && fetched && uri.len() <= MAX_URI_BYTES && !uri.contains('#') {
            Ok(Self { uri: uri.to_owned(), index })
        } else {
            Err(StatusError::Reference)
        }
    }

    /// Reads the `status` claim of a JWT; `None` where there is none.
    ///
    /// # Errors
    /// [`StatusError::Reference`] when it is malformed, [`StatusError::OtherMechanism`] when it names no
    /// status list.
    ///
    /// Source: Token Status List §6.2.
    pub fn from_claims(claims: &Map<String, Value>) -> Result<Option<Self>, StatusError> {
        let Some(status) = claims.get("status") else { return Ok(None) };
        let status = status.as_object().ok_or(StatusError::Reference)?;
        let Some(list) = status.get("status_list") else { return Err(StatusError::OtherMechanism) };
        let index = list.get("idx").and_then(Value::as_u64).ok_or(StatusError::Reference)?;
        let uri = list.get("uri").and_then(Value::as_str).ok_or(StatusError::Reference)?;
        Self::new(uri, index).map(Some)
    }

    /// The `status` claim of a JWT.
    pub fn to_claim(&self) -> Value {
        serde_json::json!({ "status_list": { "idx": self.index, "uri": self.uri } })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(status: Value) -> Result<Option<StatusReference>, StatusError> {
        StatusReference::from_claims(&Map::from_iter([("status".to_owned(), status)]))
    }

    #[test]
    fn reads_what_it_writes() {
        let reference = StatusReference::new("https://issuer.example/status-lists/1", 7).unwrap();
        assert_eq!(read(reference.to_claim()), Ok(Some(reference)));
        assert_eq!(StatusReference::from_claims(&Map::new()), Ok(None));
    }

    #[test]
    fn refuses_what_is_malformed_or_cannot_be_fetched() {
        let good = json!({"status_list": {"idx": 0, "uri": "https://a.example/1"}});
        assert!(read(good).is_ok());
        for status in [
            json!(null),
            json!({"status_list": {"idx": -1, "uri": "https://a.example/1"}}),
            json!({"status_list": {"idx": "0", "uri": "https://a.example/1"}}),
            json!({"status_list": {"idx": 0}}),
            json!({"status_list": {"idx": 0, "uri": "http://a.example/1"}}),
            json!({"status_list": {"idx": 0, "uri": "file:///etc/passwd"}}),
            json!({"status_list": {"idx": 0, "uri": "https://a.example/1#x"}}),
            json!({"status_list": {"idx": 0, "uri": "https://a.example/ \n"}}),
            json!({"status_list": {"idx": 0, "uri": format!("https://a.example/{}", "x".repeat(2048))}}),
        ] {
            assert_eq!(read(status.clone()), Err(StatusError::Reference), "{status}");
        }
        assert_eq!(read(json!({"other": {}})), Err(StatusError::OtherMechanism));
    }
}
