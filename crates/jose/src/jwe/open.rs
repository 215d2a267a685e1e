use std::fmt;

use inro_base::base64url;
use inro_base::json::{self, Limits};
use inro_crypto::{Provider, PublicKey};
use serde_json::{Map, Value};

use crate::Jwk;
use crate::jwe::key::DecryptionKey;
use crate::jwe::seal::TAG_BYTES;
use crate::jwe::{ALGORITHM, ContentEncryption, JweError, kdf};

/// The header names a few short values and one key.
const HEADER_LIMITS: Limits = Limits { bytes: 4 * 1024, depth: 4 };

/// A JWE in compact form that nobody has opened. `Debug` shows its size alone.
pub struct UnverifiedJwe {
    /// As received: the tag covers it.
    aad: String,
    enc: ContentEncryption,
    kid: Option<String>,
    ephemeral: PublicKey,
    apu: Vec<u8>,
    apv: Vec<u8>,
    iv: [u8; 12],
    /// The ciphertext with the tag behind it.
    sealed: Vec<u8>,
}

impl UnverifiedJwe {
    /// Reads `text`, which may be `max_bytes` long.
    ///
    /// # Errors
    /// [`JweError`] for malformed parts, an `alg` other than `ECDH-ES`, an unknown `enc`, `crit`,
    /// `zip`, an ephemeral key that is none, an encrypted key, and wrong lengths.
    ///
    /// Source: RFC 7516 §5.2, §7.1; RFC 7518 §4.6.
    pub fn parse(text: &str, max_bytes: usize) -> Result<Self, JweError> {
        if text.len() > max_bytes {
            return Err(JweError::TooLong { length: text.len(), limit: max_bytes });
        }
        let mut parts = text.split('.');
        let mut next = |part| parts.next().ok_or(JweError::Malformed { part });
        let (aad, encrypted_key, iv) = (next(0)?, next(1)?, next(2)?);
        let (ciphertext, tag) = (next(3)?, next(4)?);
        if parts.next().is_some() {
            return Err(JweError::Malformed { part: 4 });
        }
        let header = json::parse_object(&decode(aad, 0)?, HEADER_LIMITS)?;
        if member(&header, "alg")? != Some(ALGORITHM) {
            return Err(JweError::Algorithm);
        }
        if header.contains_key("crit") || header.contains_key("zip") {
            return Err(JweError::Extension);
        }
        let enc = member(&header, "enc")?.and_then(ContentEncryption::parse);
        let enc = enc.ok_or(JweError::ContentEncryption)?;
        let ephemeral = header.get("epk").and_then(|epk| Jwk::parse(epk).ok());
        let ephemeral = ephemeral.ok_or(JweError::EphemeralKey)?.key;
        if !encrypted_key.is_empty() {
            return Err(JweError::EncryptedKey);
        }
        let iv = decode(iv, 2)?.try_into().map_err(|_| JweError::Length)?;
        let mut sealed = decode(ciphertext, 3)?;
        let tag = decode(tag, 4)?;
        if tag.len() != TAG_BYTES {
            return Err(JweError::Length);
        }
        sealed.extend_from_slice(&tag);
        let party = |name| member(&header, name)?.map_or(Ok(Vec::new()), |text| decode(text, 0));
        let (apu, apv) = (party("apu")?, party("apv")?);
        let kid = member(&header, "kid")?.map(str::to_owned);
        Ok(Self { aad: aad.to_owned(), enc, kid, ephemeral, apu, apv, iv, sealed })
    }

    /// `kid`, to find the key. Nothing in the header is established.
    pub fn unverified_kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Opens the message with the key that was published for it. `allowed` are the content
    /// encryptions that were published with the key.
    ///
    /// # Errors
    /// [`JweError::KeyId`] when the key has a name and the message does not repeat it,
    /// [`JweError::ContentEncryption`] for one that is not `allowed`, [`JweError::Sealed`] when the
    /// message was altered or made for another key.
    pub fn decrypt(
        &self,
        key: &DecryptionKey,
        allowed: &[ContentEncryption],
        provider: &dyn Provider,
    ) -> Result<Vec<u8>, JweError> {
        if key.kid.is_some() && self.kid != key.kid {
            return Err(JweError::KeyId);
        }
        if !allowed.contains(&self.enc) {
            return Err(JweError::ContentEncryption);
        }
        let shared = key.key.agree(&self.ephemeral, provider)?;
        let content = kdf::derive(&shared, self.enc, &self.apu, &self.apv, provider);
        content.open(&self.iv, self.aad.as_bytes(), &self.sealed, provider)
    }
}

impl fmt::Debug for UnverifiedJwe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedJwe({} bytes)", self.sealed.len())
    }
}

fn decode(text: &str, part: usize) -> Result<Vec<u8>, JweError> {
    base64url::decode(text).map_err(|_| JweError::Malformed { part })
}

fn member<'a>(header: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, JweError> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JweError::Malformed { part: 0 }),
    }
}
