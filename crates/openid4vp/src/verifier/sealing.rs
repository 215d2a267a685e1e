//! The encryption of a request object to a key of the wallet that fetches it.

use std::fmt;

use inro_base::Rng;
use inro_crypto::{Provider, Signature};
use inro_jose::jwe::{self, ContentEncryption, Recipient};
use inro_jose::{Jwk, JwsToSign};
use serde_json::{Map, Value};

use crate::profile::{MAX_KEYS, REQUEST_ALG_VALUES, REQUEST_ENC_VALUES, content_encryption};
use crate::verifier::ResponseError;

/// To which of a wallet's keys its request object is encrypted, and how.
#[derive(Clone, Debug)]
pub(super) struct Sealing {
    jwk: Jwk,
    enc: ContentEncryption,
}

/// A request object that waits for its signature. What comes out is encrypted where the wallet asked
/// for that.
#[must_use]
pub struct RequestToSign {
    jws: JwsToSign,
    sealing: Option<Sealing>,
}

impl Sealing {
    /// Chooses among what a wallet's `metadata` offers; `None` when they offer no key to encrypt to.
    ///
    /// Keys are all by which a wallet can say that it requires encryption. One whose keys or algorithms
    /// we do not have is therefore refused: a request in the clear would show whoever stands where TLS ends
    /// what the wallet wanted hidden. Keys of wallets in use have neither `kid` nor `alg`, so neither is
    /// asked for.
    ///
    /// # Errors
    /// [`ResponseError::WalletMetadata`] for keys that are no set of at most 16;
    /// [`ResponseError::RequestKey`] when none of them can be used, or by no algorithm of ours.
    ///
    /// Source: OpenID4VP 1.0 §5.10; RFC 7517 §5.
    pub(super) fn choose(metadata: &Map<String, Value>) -> Result<Option<Self>, ResponseError> {
        let Some(jwks) = metadata.get("jwks") else { return Ok(None) };
        let keys = jwks.get("keys").and_then(Value::as_array).filter(|keys| keys.len() <= MAX_KEYS);
        let keys = keys.ok_or(ResponseError::WalletMetadata)?;
        if keys.iter().all(is_for_another_use) {
            return Ok(None);
        }
        let jwk = keys.iter().find_map(Jwk::parse_agreement).ok_or(ResponseError::RequestKey)?;
        let by_ours = metadata.get(REQUEST_ALG_VALUES).is_none_or(|names| {
            names.as_array().is_some_and(|names| names.iter().any(|name| *name == jwe::ALGORITHM))
        });
        let enc = content_encryption(metadata.get(REQUEST_ENC_VALUES)).filter(|_| by_ours);
        Ok(Some(Self { jwk, enc: enc.ok_or(ResponseError::RequestKey)? }))
    }
}

impl RequestToSign {
    pub(super) fn new(jws: JwsToSign, sealing: Option<Sealing>) -> Self {
        Self { jws, sealing }
    }

    /// The bytes that the verifier's key signs with ES256.
    pub const fn signing_input(&self) -> &[u8] {
        self.jws.signing_input()
    }

    /// The request object as it is delivered: signed, and then encrypted where the wallet asked for that.
    ///
    /// # Errors
    /// [`ResponseError::Jwe`] when the encryption fails.
    ///
    /// Source: OpenID4VP 1.0 §5.10.1; RFC 9101 §4.
    pub fn finish(
        self,
        signature: &Signature,
        rng: &mut dyn Rng,
        provider: &dyn Provider,
    ) -> Result<String, ResponseError> {
        let signed = self.jws.finish(signature);
        let Some(Sealing { jwk, enc }) = &self.sealing else { return Ok(signed) };
        Ok(jwe::encrypt_jwt(&signed, &Recipient { jwk, enc: *enc }, rng, provider)?)
    }
}

impl fmt::Debug for RequestToSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.sealing.is_some() { "encrypted" } else { "in the clear" };
        write!(f, "RequestToSign({} bytes, {way})", self.signing_input().len())
    }
}

/// Whether a key says that it is for something else than encryption. Source: RFC 7517 §4.2.
fn is_for_another_use(key: &Value) -> bool {
    key.get("use").and_then(Value::as_str).is_some_and(|usage| usage != "enc")
}
