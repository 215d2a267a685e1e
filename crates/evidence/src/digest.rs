use std::fmt;

use inro_base::{Rng, base64url};
use inro_crypto::Provider;
use serde_json::Value;

use crate::EvidenceError;

/// SHA-256 of a record, a body or an attachment. Shown as 43 characters of base64url.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Digest([u8; 32]);

/// The name of a chain: 16 random bytes. Shown as 22 characters of base64url.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ChainId([u8; 16]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8], provider: &dyn Provider) -> Self {
        Self(provider.sha256(bytes))
    }

    /// Reads what [`fmt::Display`] writes.
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`] for anything else.
    pub fn parse(text: &str) -> Result<Self, EvidenceError> {
        let bytes = base64url::decode_array(text).map_err(|_| EvidenceError::Malformed { part: "digest" })?;
        Ok(Self(bytes))
    }

    pub(crate) fn from_value(value: Option<&Value>, part: &'static str) -> Result<Self, EvidenceError> {
        let text = value.and_then(Value::as_str).ok_or(EvidenceError::Malformed { part })?;
        Self::parse(text).map_err(|_| EvidenceError::Malformed { part })
    }
}

impl ChainId {
    pub(crate) fn draw(rng: &mut dyn Rng) -> Self {
        Self(rng.bytes())
    }

    pub(crate) fn from_value(value: Option<&Value>) -> Result<Self, EvidenceError> {
        let malformed = EvidenceError::Malformed { part: "chain" };
        let text = value.and_then(Value::as_str).ok_or(malformed)?;
        base64url::decode_array(text).map(Self).map_err(|_| malformed)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(&self.0))
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(&self.0))
    }
}
