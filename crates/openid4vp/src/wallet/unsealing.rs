//! The key to which a verifier may encrypt the request object that a wallet fetches.

use inro_base::Rng;
use inro_crypto::Provider;
use inro_jose::jwe::{ALGORITHM, AgreementKey, ContentEncryption, DecryptionKey, JweError, UnverifiedJwe};
use inro_jose::{JoseError, Jwk};

use crate::profile::MAX_SEALED_REQUEST_BYTES;
use crate::wallet::RequestError;

/// The key of one fetch: made for it, told to one verifier, kept nowhere, and gone with the answer. So
/// it tells no two fetches of a wallet as one's, and it is none of a phone's signing keys.
#[derive(Debug)]
pub(super) struct FetchKey {
    key: DecryptionKey,
    kid: String,
}

impl FetchKey {
    pub(super) fn generate(rng: &mut dyn Rng) -> Self {
        // What comes need not repeat the name, so the key is opened with as one without.
        let key = DecryptionKey { key: AgreementKey::generate(rng), kid: None };
        Self { key, kid: rng.token::<12>() }
    }

    /// The public half, as it is offered.
    pub(super) fn to_jwk(&self) -> Jwk {
        Jwk {
            kid: Some(self.kid.clone()),
            alg: Some(ALGORITHM.to_owned()),
            ..Jwk::new(*self.key.key.public_key())
        }
    }

    /// The request object in the JWE `text`. Verifiers in use do not all repeat the `kid`, which tells
    /// nothing where there is one key; a `kid` of another key is refused. `cty` is not read: what is in
    /// it says in its own `typ` what it is.
    ///
    /// # Errors
    /// [`RequestError::Unopened`] for one that is not for this key, [`RequestError::Jose`] for one that
    /// holds no text.
    ///
    /// Source: OpenID4VP 1.0 §5.10.1; RFC 9101 §6.1; RFC 7516 §4.1.6.
    pub(super) fn open(&self, text: &str, provider: &dyn Provider) -> Result<String, RequestError> {
        let opened = self.decrypt(text, provider).map_err(RequestError::Unopened)?;
        Ok(String::from_utf8(opened).map_err(|_| JoseError::Malformed { part: 0 })?)
    }

    fn decrypt(&self, text: &str, provider: &dyn Provider) -> Result<Vec<u8>, JweError> {
        let jwe = UnverifiedJwe::parse(text, MAX_SEALED_REQUEST_BYTES)?;
        if jwe.unverified_kid().is_some_and(|kid| kid != self.kid) {
            return Err(JweError::KeyId);
        }
        jwe.decrypt(&self.key, &ContentEncryption::ALL, provider)
    }
}

/// Whether `text` has the five parts of a JWE in compact form. Source: RFC 7516 §7.1, §9.
pub(super) fn is_sealed(text: &str) -> bool {
    text.split('.').count() == 5
}
