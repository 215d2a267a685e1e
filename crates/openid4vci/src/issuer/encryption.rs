//! Encrypted requests, opened; answers, encrypted. Source: OpenID4VCI 1.0 §10.

use inro_base::Rng;
use inro_base::json::{self, Limits};
use inro_crypto::Provider;
use inro_jose::Jwk;
use inro_jose::jwe::{
    ALGORITHM, ContentEncryption, DecryptionKey, JweError, PartyInfo, Recipient, UnverifiedJwe, encrypt,
};
use serde_json::{Map, Value};

use super::error::{CredentialError, EncryptionError};
use crate::encryption::{RequestEncryption, ResponseEncryption};

/// How an issuer takes encrypted requests and encrypts its answers.
#[derive(Debug)]
pub struct IssuerEncryption {
    /// What opens requests; each with a `kid`.
    pub keys: Vec<DecryptionKey>,
    /// Whether every request must be encrypted and ask for an encrypted answer.
    pub required: bool,
}

/// A request body as it came.
#[derive(Clone, Copy)]
pub struct RequestBody<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Whether its media type says that it is encrypted.
    pub encrypted: bool,
}

/// To whom an answer is encrypted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReplyTo {
    jwk: Jwk,
    enc: ContentEncryption,
}

/// A request that was read: its members, and to whom the answer goes.
pub(super) struct Opened {
    pub(super) members: Map<String, Value>,
    pub(super) reply: Option<ReplyTo>,
}

impl IssuerEncryption {
    /// What the metadata say of requests.
    pub fn request_metadata(&self) -> RequestEncryption {
        RequestEncryption {
            keys: self.keys.iter().map(DecryptionKey::to_jwk).collect(),
            enc: ContentEncryption::ALL.to_vec(),
            required: self.required,
        }
    }

    /// What the metadata say of answers.
    pub fn response_metadata(&self) -> ResponseEncryption {
        ResponseEncryption { enc: ContentEncryption::ALL.to_vec(), required: self.required }
    }

    fn decrypt(
        &self,
        bytes: &[u8],
        limits: Limits,
        provider: &dyn Provider,
    ) -> Result<Vec<u8>, EncryptionError> {
        let text = std::str::from_utf8(bytes).map_err(|_| JweError::Malformed { part: 0 })?;
        let jwe = UnverifiedJwe::parse(text.trim(), longest_encrypted(limits.bytes))?;
        let named = |key: &&DecryptionKey| key.kid.is_some() && key.kid.as_deref() == jwe.unverified_kid();
        let key = self.keys.iter().find(named).ok_or(JweError::KeyId)?;
        Ok(jwe.decrypt(key, &ContentEncryption::ALL, provider)?)
    }
}

impl ReplyTo {
    /// `answer`, encrypted for the one who asked.
    ///
    /// # Errors
    /// [`JweError`] when the answer is too long for the mode.
    pub fn seal(
        &self,
        answer: &Value,
        rng: &mut dyn Rng,
        provider: &dyn Provider,
    ) -> Result<String, JweError> {
        let recipient = Recipient { jwk: &self.jwk, enc: self.enc };
        encrypt(answer.to_string().as_bytes(), &recipient, PartyInfo::default(), rng, provider)
    }

    /// Source: OpenID4VCI 1.0 §§8.2, 10: `alg` has to be there, and `zip` only where it is offered.
    fn parse(value: &Value) -> Result<Self, EncryptionError> {
        let object = value.as_object().ok_or(EncryptionError::ReplyKey)?;
        let jwk = object.get("jwk").and_then(|jwk| Jwk::parse(jwk).ok()).ok_or(EncryptionError::ReplyKey)?;
        if jwk.alg.as_deref() != Some(ALGORITHM) {
            return Err(EncryptionError::ReplyKey);
        }
        let enc = object.get("enc").and_then(Value::as_str).and_then(ContentEncryption::parse);
        let enc = enc.ok_or(EncryptionError::ReplyContent)?;
        if object.contains_key("zip") {
            return Err(EncryptionError::Compression);
        }
        Ok(Self { jwk, enc })
    }
}

/// The longest encrypted text of `bytes` bytes: base64url is a third longer, the rest is bounded.
pub const fn longest_encrypted(bytes: usize) -> usize {
    bytes.saturating_mul(4) / 3 + 8 * 1024
}

/// Reads a request, and checks that both directions are encrypted as `encryption` has it.
pub(super) fn open(
    body: RequestBody<'_>,
    encryption: Option<&IssuerEncryption>,
    limits: Limits,
    provider: &dyn Provider,
) -> Result<Opened, CredentialError> {
    let members = if body.encrypted {
        let encryption = encryption.ok_or(EncryptionError::NotOffered)?;
        json::parse_object(&encryption.decrypt(body.bytes, limits, provider)?, limits)?
    } else if encryption.is_some_and(|encryption| encryption.required) {
        return Err(EncryptionError::PlainRequest.into());
    } else {
        json::parse_object(body.bytes, limits)?
    };
    let reply = match members.get("credential_response_encryption") {
        None if encryption.is_some_and(|encryption| encryption.required) => {
            return Err(EncryptionError::PlainReply.into());
        }
        None => None,
        Some(_) if encryption.is_none() => return Err(EncryptionError::NotOffered.into()),
        Some(_) if !body.encrypted => return Err(EncryptionError::Unprotected.into()),
        Some(value) => Some(ReplyTo::parse(value)?),
    };
    Ok(Opened { members, reply })
}
