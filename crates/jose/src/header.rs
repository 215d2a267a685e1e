use inro_base::base64url;
use serde_json::{Map, Value};

use crate::{JoseError, Jwk};

/// A chain longer than this names no real authority. Source: ours; HAIP chains have one or two.
const MAX_X5C: usize = 10;

/// A JWS header whose `alg` is ES256 and that demands no extension.
#[derive(Clone, Debug)]
pub struct Header {
    typ: String,
    kid: Option<String>,
    jwk: Option<Jwk>,
    x5c: Vec<Vec<u8>>,
    all: Map<String, Value>,
}

impl Header {
    /// `typ`; empty when absent.
    pub fn typ(&self) -> &str {
        &self.typ
    }

    /// `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// `jwk`.
    pub const fn jwk(&self) -> Option<&Jwk> {
        self.jwk.as_ref()
    }

    /// `x5c`: certificates in DER, the signer's first; empty when absent.
    pub fn x5c(&self) -> &[Vec<u8>] {
        &self.x5c
    }

    /// Every member as received.
    pub const fn all(&self) -> &Map<String, Value> {
        &self.all
    }

    pub(crate) fn parse(all: Map<String, Value>) -> Result<Self, JoseError> {
        if all.get("alg").and_then(Value::as_str) != Some("ES256") {
            return Err(JoseError::Algorithm);
        }
        // We understand no extension, `b64` (RFC 7797) included; an empty list is forbidden.
        if all.contains_key("crit") || all.contains_key("b64") {
            return Err(JoseError::Critical);
        }
        Ok(Self {
            typ: text(&all, "typ")?.unwrap_or_default(),
            kid: text(&all, "kid")?,
            jwk: all.get("jwk").map(Jwk::parse).transpose()?,
            x5c: all.get("x5c").map(certificates).transpose()?.unwrap_or_default(),
            all,
        })
    }
}

fn text(all: &Map<String, Value>, name: &str) -> Result<Option<String>, JoseError> {
    match all.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(JoseError::Malformed { part: 0 }),
    }
}

/// Source: RFC 7515 §4.1.6: standard base64 of DER, not base64url.
fn certificates(value: &Value) -> Result<Vec<Vec<u8>>, JoseError> {
    let malformed = JoseError::Malformed { part: 0 };
    let list = value.as_array().filter(|list| (1..=MAX_X5C).contains(&list.len())).ok_or(malformed)?;
    list.iter()
        .map(|item| item.as_str().and_then(|text| base64url::decode_standard(text).ok()).ok_or(malformed))
        .collect()
}
