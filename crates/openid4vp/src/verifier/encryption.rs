//! The key of one request, to which its response is encrypted. It is made with the request, stands
//! in the store beside nonce and state, and goes with them when the response came.

use inro_base::json::{self, Limits};
use inro_base::{Rng, Secret, base64url};
use inro_crypto::Provider;
use inro_jose::jwe::{AgreementKey, ContentEncryption, DecryptionKey, UnverifiedJwe};
use serde::{Deserialize, Deserializer, Serialize as _, Serializer};
use serde_json::{Map, Value, json};

use crate::form::MAX_FORM_BYTES;
use crate::profile::ENC_VALUES;
use crate::verifier::ResponseError;

/// The response parameters, with `vp_token` as an object of arrays of texts.
const PAYLOAD_LIMITS: Limits = Limits { bytes: MAX_FORM_BYTES, depth: 8 };

/// A fresh key with a name of its own.
pub(super) fn fresh(rng: &mut dyn Rng) -> DecryptionKey {
    DecryptionKey { key: AgreementKey::generate(rng), kid: Some(rng.token::<12>()) }
}

/// Puts the public half into `client_metadata`. Source: OpenID4VP 1.0 §5.1, §8.3.
pub(super) fn publish(key: &DecryptionKey, metadata: &mut Map<String, Value>) {
    let jwk = key.to_jwk().to_recipient_value();
    let enc_values: Vec<&str> = ContentEncryption::ALL.into_iter().map(ContentEncryption::name).collect();
    metadata.insert("jwks".to_owned(), json!({ "keys": [jwk] }));
    metadata.insert(ENC_VALUES.to_owned(), enc_values.into());
}

/// The response parameters in the JWE `response`.
///
/// # Errors
/// [`ResponseError::Jwe`] for one that is not for this key, [`ResponseError::Json`] for one that is no
/// JSON object.
///
/// Source: OpenID4VP 1.0 §8.3.
pub(super) fn open(
    key: &DecryptionKey,
    response: &str,
    provider: &dyn Provider,
) -> Result<Map<String, Value>, ResponseError> {
    let jwe = UnverifiedJwe::parse(response, MAX_FORM_BYTES)?;
    let payload = Secret::new(jwe.decrypt(key, &ContentEncryption::ALL, provider)?);
    Ok(json::parse_object(payload.expose(), PAYLOAD_LIMITS)?)
}

/// The stored form. A [`DecryptionKey`] has none of its own: this is the one place where it is
/// written, into the record that is as secret as the results that the same store keeps.
#[derive(serde::Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    kid: Option<String>,
    d: String,
}

pub(super) fn serialize<S: Serializer>(key: &Option<DecryptionKey>, to: S) -> Result<S::Ok, S::Error> {
    let stored = |key: &DecryptionKey| StoredKey {
        kid: key.kid.clone(),
        d: base64url::encode(key.key.secret_bytes().expose()),
    };
    key.as_ref().map(stored).serialize(to)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DecryptionKey>, D::Error> {
    let Some(StoredKey { kid, d }) = Option::<StoredKey>::deserialize(from)? else { return Ok(None) };
    let d = Secret::new(d);
    let scalar = base64url::decode_array(d.expose()).map(Secret::<[u8; 32]>::new);
    let key = scalar.ok().and_then(|scalar| AgreementKey::from_secret_bytes(scalar.expose()).ok());
    let key = key.ok_or_else(|| serde::de::Error::custom("not a stored key"))?;
    Ok(Some(DecryptionKey { key, kid }))
}
