use inro_base::base64url;
use inro_crypto::{Provider, PublicKey};
use serde_json::{Map, Value, json};

use crate::JoseError;
use crate::jwe::ALGORITHM;

/// `use` of a key for encryption. Source: RFC 7517 §4.2.
const ENCRYPTION_USE: &str = "enc";

/// A public P-256 key in JWK form. Source: RFC 7517, RFC 7518 §6.2.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Jwk {
    /// The key.
    pub key: PublicKey,
    /// `kid`, where the sender gave one.
    pub kid: Option<String>,
    /// `alg`, where the sender gave one.
    pub alg: Option<String>,
}

impl Jwk {
    /// A JWK of `key` without any further member.
    pub const fn new(key: PublicKey) -> Self {
        Self { key, kid: None, alg: None }
    }

    /// Reads a public key. Members that we do not know are left aside, as RFC 7517 §4 asks.
    ///
    /// # Errors
    /// [`JoseError::Key`] for another kind of key, a point off the curve, or a private key: whoever
    /// sends `d` has lost it.
    pub fn parse(value: &Value) -> Result<Self, JoseError> {
        let object = value.as_object().ok_or(JoseError::Key)?;
        if text(object, "kty")? != Some("EC")
            || text(object, "crv")? != Some("P-256")
            || object.contains_key("d")
        {
            return Err(JoseError::Key);
        }
        let key = PublicKey::from_coordinates(&coordinate(object, "x")?, &coordinate(object, "y")?)
            .map_err(|_| JoseError::Key)?;
        let owned = |name| text(object, name).map(|found| found.map(str::to_owned));
        Ok(Self { key, kid: owned("kid")?, alg: owned("alg")? })
    }

    /// Reads a key that one may encrypt to: with a name, for ECDH-ES, and not for another use. Each must say
    /// its `alg`.
    ///
    /// Source: RFC 7517 §4.2; OpenID4VP 1.0 §8.3; OpenID4VCI 1.0 §10.
    pub fn parse_recipient(value: &Value) -> Option<Self> {
        Self::parse_agreement(value).filter(|jwk| jwk.kid.is_some() && jwk.alg.is_some())
    }

    /// Reads a key that one may encrypt to with ECDH-ES: not for another use, and of no other `alg`. Its
    /// name and its `alg` may be left out.
    ///
    /// Source: RFC 7517 §4.2, §4.4, §4.5.
    pub fn parse_agreement(value: &Value) -> Option<Self> {
        let for_encryption = value.get("use").is_none_or(|usage| usage.as_str() == Some(ENCRYPTION_USE));
        let jwk = Self::parse(value).ok()?;
        (for_encryption && jwk.alg.as_deref().is_none_or(|alg| alg == ALGORITHM)).then_some(jwk)
    }

    /// [`Jwk::to_value`] with the `use` of a key that others encrypt to.
    pub fn to_recipient_value(&self) -> Value {
        let mut value = self.to_value();
        if let Some(members) = value.as_object_mut() {
            members.insert("use".to_owned(), ENCRYPTION_USE.into());
        }
        value
    }

    /// The JSON form: `kty`, `crv`, `x`, `y`, then `kid` and `alg` where set.
    pub fn to_value(&self) -> Value {
        let mut value = json!({
            "kty": "EC",
            "crv": "P-256",
            "x": base64url::encode(self.key.x()),
            "y": base64url::encode(self.key.y()),
        });
        for (name, member) in [("kid", &self.kid), ("alg", &self.alg)] {
            if let (Some(object), Some(text)) = (value.as_object_mut(), member) {
                object.insert(name.to_owned(), Value::String(text.clone()));
            }
        }
        value
    }

    /// The base64url SHA-256 thumbprint of the key. Source: RFC 7638 §3.
    pub fn thumbprint(&self, provider: &dyn Provider) -> String {
        base64url::encode(&self.thumbprint_sha256(provider))
    }

    /// The SHA-256 thumbprint of the key. Source: RFC 7638 §3.
    pub fn thumbprint_sha256(&self, provider: &dyn Provider) -> [u8; 32] {
        let x = base64url::encode(self.key.x());
        let y = base64url::encode(self.key.y());
        // The members in lexical order, no white space; base64url needs no escaping.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        provider.sha256(canonical.as_bytes())
    }
}

impl From<PublicKey> for Jwk {
    fn from(key: PublicKey) -> Self {
        Self::new(key)
    }
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, JoseError> {
    match object.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JoseError::Key),
    }
}

/// RFC 7518 §6.2.1.2: the full 32 bytes, leading zeros included.
fn coordinate(object: &Map<String, Value>, name: &str) -> Result<[u8; 32], JoseError> {
    let text = text(object, name)?.ok_or(JoseError::Key)?;
    base64url::decode_array(text).map_err(|_| JoseError::Key)
}

#[cfg(test)]
mod tests {
    use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};

    use super::*;

    /// The key of RFC 7515 appendix A.3, and its thumbprint as an independent implementation gives it.
    fn rfc_key() -> Value {
        json!({
            "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        })
    }

    #[test]
    fn reads_and_writes_the_key_of_rfc_7515() {
        let jwk = Jwk::parse(&rfc_key()).unwrap();
        assert_eq!(jwk.to_value(), rfc_key());
        assert_eq!(jwk.thumbprint(&RustCrypto), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
    }

    #[test]
    fn refuses_private_keys_other_kinds_and_points_off_the_curve() {
        assert!(Jwk::parse(&rfc_key()).is_ok());
        let alterations = [
            ("d", json!("AA")),
            ("kty", json!("RSA")),
            ("crv", json!("P-384")),
            ("x", json!("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEQ")),
            ("y", json!("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a")),
            ("kid", json!(1)),
        ];
        for (name, value) in alterations {
            let mut altered = rfc_key();
            altered[name] = value;
            assert_eq!(Jwk::parse(&altered), Err(JoseError::Key), "{name}");
        }
    }

    #[test]
    fn thumbprint_ignores_kid_and_alg() {
        let key = SoftwareKey::from_secret_bytes(&[3; 32]).unwrap().public_key();
        let named = Jwk { kid: Some("a".into()), alg: Some("ES256".into()), ..Jwk::new(key) };
        assert_eq!(named.thumbprint(&RustCrypto), Jwk::new(key).thumbprint(&RustCrypto));
        assert_eq!(Jwk::parse(&named.to_value()), Ok(named));
    }
}
