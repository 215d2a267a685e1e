use std::fmt;

use inro_base::Rng;
use inro_crypto::Provider;
use inro_jose::Jwk;
use inro_jose::jwe::{self, ContentEncryption, PartyInfo, Recipient};
use serde_json::{Map, Value};

use crate::profile::{ENC_VALUES, MAX_KEYS, content_encryption};
use crate::wallet::RequestError;

/// To which of the verifier's keys an answer is encrypted, and how.
pub(super) struct Encryption {
    jwk: Jwk,
    enc: ContentEncryption,
    thumbprint: [u8; 32],
}

impl Encryption {
    /// Chooses among what the request's `client_metadata` offers.
    ///
    /// # Errors
    /// [`RequestError::EncryptionKey`] and [`RequestError::ContentEncryption`] when it offers nothing
    /// that we can use.
    ///
    /// Source: OpenID4VP 1.0 §5.1, §8.3.
    pub(super) fn choose(metadata: Option<&Value>, provider: &dyn Provider) -> Result<Self, RequestError> {
        let keys = metadata.and_then(|metadata| metadata.pointer("/jwks/keys")).and_then(Value::as_array);
        let keys = keys.filter(|keys| keys.len() <= MAX_KEYS).ok_or(RequestError::EncryptionKey)?;
        let jwk = keys.iter().find_map(Jwk::parse_recipient).ok_or(RequestError::EncryptionKey)?;
        // A name that two keys share tells the verifier nothing.
        let kid = |key: &Value| key.get("kid").and_then(Value::as_str) == jwk.kid.as_deref();
        if keys.iter().filter(|key| kid(key)).count() != 1 {
            return Err(RequestError::EncryptionKey);
        }
        let enc = content_encryption(metadata.and_then(|metadata| metadata.get(ENC_VALUES)))
            .ok_or(RequestError::ContentEncryption)?;
        let thumbprint = jwk.thumbprint_sha256(provider);
        Ok(Self { jwk, enc, thumbprint })
    }

    /// The SHA-256 thumbprint of the key. Source: RFC 7638 §3.
    pub(super) const fn thumbprint(&self) -> &[u8; 32] {
        &self.thumbprint
    }

    /// The value of `response` with the response parameters `payload`. The text leaves `apu` and `apv`
    /// to profiles, so both stay empty. Source: OpenID4VP 1.0 §8.3.
    pub(super) fn seal(
        &self,
        payload: &Map<String, Value>,
        rng: &mut dyn Rng,
        provider: &dyn Provider,
    ) -> Result<String, RequestError> {
        let plaintext = serde_json::to_vec(payload).expect("a map with text keys serializes");
        let recipient = Recipient { jwk: &self.jwk, enc: self.enc };
        Ok(jwe::encrypt(&plaintext, &recipient, PartyInfo::default(), rng, provider)?)
    }
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encryption({})", self.enc.name())
    }
}
