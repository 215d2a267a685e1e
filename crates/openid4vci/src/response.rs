//! Nonce and credential answers. Source: OpenID4VCI 1.0 §§7.2, 8.3.

use std::fmt;

use inro_base::json::{self, Limits};
use serde_json::{Map, Value, json};

use crate::VciError;

/// The longest answer with credentials, in bytes: a batch of credentials of some 10 KiB each.
pub const MAX_CREDENTIAL_RESPONSE_BYTES: usize = 4 * 1024 * 1024;
/// The longest of the small answers, in bytes.
pub const MAX_SMALL_RESPONSE_BYTES: usize = 64 * 1024;
/// The longest `c_nonce`, in bytes.
const MAX_NONCE_BYTES: usize = 1024;
/// The longest id that the issuer hands us, in bytes.
const MAX_ID_BYTES: usize = 1024;

/// An answer of the credential endpoint. `Debug` shows no more than its kind: credentials carry
/// claims.
#[derive(Clone, Eq, PartialEq)]
pub enum CredentialResponse {
    /// Credentials, one per key at most.
    Issued {
        /// As they were received.
        credentials: Vec<String>,
        /// Names them in a notification.
        notification_id: Option<String>,
    },
    /// Later, at the deferred credential endpoint.
    Deferred {
        /// Names the transaction.
        transaction_id: String,
        /// How long to wait at least, in seconds.
        interval: u64,
    },
}

impl CredentialResponse {
    /// Reads an answer to a request with `proofs` keys.
    ///
    /// # Errors
    /// [`VciError`] when it is malformed, empty, or has more credentials than keys.
    pub fn parse(body: &[u8], proofs: usize) -> Result<Self, VciError> {
        let limits = Limits { bytes: MAX_CREDENTIAL_RESPONSE_BYTES, ..Limits::DOCUMENT };
        let object = json::parse_object(body, limits)?;
        const MEMBER: &str = "credentials";
        match (object.contains_key("transaction_id"), object.contains_key(MEMBER)) {
            (true, true) => return Err(VciError::Answer { member: "transaction_id" }),
            (true, false) => return deferred(&object),
            (false, _) => {}
        }
        let list = object.get(MEMBER).and_then(Value::as_array).ok_or(VciError::Answer { member: MEMBER })?;
        if list.is_empty() || list.len() > proofs {
            return Err(VciError::Answer { member: MEMBER });
        }
        let texts = list.iter().map(|item| item.get("credential")?.as_str().map(String::from));
        Ok(Self::Issued {
            credentials: texts.collect::<Option<_>>().ok_or(VciError::Answer { member: MEMBER })?,
            notification_id: object
                .get("notification_id")
                .map(|value| id(value, "notification_id"))
                .transpose()?,
        })
    }

    /// The answer as JSON.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Issued { credentials, notification_id } => {
                let list: Vec<Value> = credentials.iter().map(|text| json!({ "credential": text })).collect();
                match notification_id {
                    Some(id) => json!({ "credentials": list, "notification_id": id }),
                    None => json!({ "credentials": list }),
                }
            }
            Self::Deferred { transaction_id, interval } => {
                json!({ "transaction_id": transaction_id, "interval": interval })
            }
        }
    }
}

impl fmt::Debug for CredentialResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issued { credentials, .. } => write!(f, "Issued({} credentials)", credentials.len()),
            Self::Deferred { interval, .. } => write!(f, "Deferred({interval} s)"),
        }
    }
}

/// Reads the `c_nonce` of a nonce answer.
///
/// # Errors
/// [`VciError`] when there is none of a sensible length.
pub fn parse_nonce(body: &[u8]) -> Result<String, VciError> {
    let object = json::parse_object(body, Limits::MESSAGE)?;
    match object.get("c_nonce") {
        Some(Value::String(nonce)) if !nonce.is_empty() && nonce.len() <= MAX_NONCE_BYTES => {
            Ok(nonce.clone())
        }
        _ => Err(VciError::Answer { member: "c_nonce" }),
    }
}

/// A nonce answer.
pub fn nonce_to_json(c_nonce: &str) -> Value {
    json!({ "c_nonce": c_nonce })
}

fn deferred(object: &Map<String, Value>) -> Result<CredentialResponse, VciError> {
    let transaction_id = id(object.get("transaction_id").unwrap_or(&Value::Null), "transaction_id")?;
    let interval = object.get("interval").and_then(whole_seconds);
    Ok(CredentialResponse::Deferred {
        transaction_id,
        interval: interval.ok_or(VciError::Answer { member: "interval" })?,
    })
}

/// A positive number of seconds, rounded up: it need not be whole. Source: OpenID4VCI 1.0 §8.3.
fn whole_seconds(value: &Value) -> Option<u64> {
    if let Some(seconds) = value.as_u64() {
        return (seconds > 0).then_some(seconds);
    }
    let text = value.as_f64().filter(|seconds| *seconds > 0.0 && *seconds < 1e9)?.ceil().to_string();
    text.parse().ok()
}

fn id(value: &Value, member: &'static str) -> Result<String, VciError> {
    match value.as_str() {
        Some(text) if !text.is_empty() && text.len() <= MAX_ID_BYTES => Ok(text.into()),
        _ => Err(VciError::Answer { member }),
    }
}
