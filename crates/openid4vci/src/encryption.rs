//! Encryption of credential requests and answers on top of TLS: what the metadata offer, and what
//! either side does with it. Compression is neither offered nor used.
//!
//! Source: OpenID4VCI 1.0 §§10, 12.2.4.

use inro_base::Rng;
use inro_base::http::HttpResponse;
use inro_crypto::Provider;
use inro_jose::Jwk;
use inro_jose::jwe::{
    ALGORITHM, AgreementKey, ContentEncryption, DecryptionKey, PartyInfo, Recipient, UnverifiedJwe, encrypt,
};
use serde_json::{Map, Value, json};

use crate::VciError;
use crate::response::MAX_CREDENTIAL_RESPONSE_BYTES;

/// The media type of an encrypted request or answer. Source: OpenID4VCI 1.0 §10.
pub const MEDIA_TYPE: &str = "application/jwt";
/// The most keys that we read of one issuer.
const MAX_KEYS: usize = 16;
const REQUEST: &str = "credential_request_encryption";
const RESPONSE: &str = "credential_response_encryption";

/// `credential_request_encryption` of an issuer's metadata, as far as we can use it.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestEncryption {
    /// The P-256 keys for ECDH-ES, each with a `kid`.
    pub keys: Vec<Jwk>,
    /// The content encryptions that the issuer opens and we know, in its order.
    pub enc: Vec<ContentEncryption>,
    /// Whether every request must be encrypted.
    pub required: bool,
}

/// `credential_response_encryption` of an issuer's metadata, as far as we can use it.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseEncryption {
    /// The content encryptions that the issuer makes with ECDH-ES and we know, in its order.
    pub enc: Vec<ContentEncryption>,
    /// Whether every answer must be encrypted.
    pub required: bool,
}

/// How the wallet encrypts requests to one issuer.
#[derive(Clone, Debug)]
pub(crate) struct Sealing {
    recipient: Jwk,
    enc: ContentEncryption,
    reply: Option<ContentEncryption>,
}

/// A request body as it is sent, with what opens the answer.
pub(crate) struct Body {
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) reply: Option<ReplyKey>,
}

/// Opens the one answer that it was made for.
pub(crate) struct ReplyKey {
    key: DecryptionKey,
    enc: ContentEncryption,
}

impl RequestEncryption {
    /// Reads the member; keys and algorithms that we do not know are left aside.
    pub(crate) fn parse(value: &Value) -> Result<Self, VciError> {
        let malformed = VciError::Metadata { member: REQUEST };
        let keys = value.pointer("/jwks/keys").and_then(Value::as_array).ok_or(malformed)?;
        Ok(Self {
            keys: keys.iter().take(MAX_KEYS).filter_map(Jwk::parse_recipient).collect(),
            enc: known_encryptions(value, REQUEST)?,
            required: required(value, REQUEST)?,
        })
    }

    /// The member as an issuer publishes it.
    pub fn to_json(&self) -> Value {
        let keys: Vec<Value> = self.keys.iter().map(Jwk::to_recipient_value).collect();
        json!({
            "jwks": { "keys": keys },
            "enc_values_supported": names(&self.enc),
            "encryption_required": self.required,
        })
    }
}

impl ResponseEncryption {
    /// Reads the member; algorithms that we do not know are left aside.
    pub(crate) fn parse(value: &Value) -> Result<Self, VciError> {
        let malformed = VciError::Metadata { member: RESPONSE };
        let algorithms = value.get("alg_values_supported").and_then(Value::as_array).ok_or(malformed)?;
        let known = algorithms.iter().any(|name| name.as_str() == Some(ALGORITHM));
        let enc = known_encryptions(value, RESPONSE)?;
        Ok(Self { enc: if known { enc } else { Vec::new() }, required: required(value, RESPONSE)? })
    }

    /// The member as an issuer publishes it.
    pub fn to_json(&self) -> Value {
        json!({
            "alg_values_supported": [ALGORITHM],
            "enc_values_supported": names(&self.enc),
            "encryption_required": self.required,
        })
    }
}

impl Sealing {
    /// Encrypts whatever the issuer offers to have encrypted. An answer is encrypted only to a key
    /// that came in an encrypted request, which nobody could exchange.
    ///
    /// # Errors
    /// [`VciError::Unsupported`] when the issuer requires what we cannot do.
    ///
    /// Source: OpenID4VCI 1.0 §§8.2, 10.
    pub(crate) fn choose(
        request: Option<&RequestEncryption>,
        response: Option<&ResponseEncryption>,
    ) -> Result<Option<Self>, VciError> {
        let unsupported = || VciError::Unsupported { what: "another encryption of requests or answers" };
        let reply = response.and_then(|response| response.enc.first().copied());
        let chosen = request.and_then(|request| Some((request.keys.first()?, *request.enc.first()?)));
        let Some((recipient, enc)) = chosen else {
            let required = request.is_some_and(|request| request.required)
                || response.is_some_and(|response| response.required);
            return if required { Err(unsupported()) } else { Ok(None) };
        };
        if reply.is_none() && response.is_some_and(|response| response.required) {
            return Err(unsupported());
        }
        Ok(Some(Self { recipient: recipient.clone(), enc, reply }))
    }

    /// Encrypts `members`, with a fresh key for the answer among them.
    fn seal(
        &self,
        mut members: Map<String, Value>,
        rng: &mut dyn Rng,
        provider: &dyn Provider,
    ) -> Result<Body, VciError> {
        let reply = self.reply.map(|enc| {
            let key = DecryptionKey { key: AgreementKey::generate(rng), kid: None };
            members.insert(RESPONSE.into(), json!({ "jwk": key.to_jwk().to_value(), "enc": enc.name() }));
            ReplyKey { key, enc }
        });
        let text = Value::Object(members).to_string();
        let recipient = Recipient { jwk: &self.recipient, enc: self.enc };
        let jwt = encrypt(text.as_bytes(), &recipient, PartyInfo::default(), rng, provider)?;
        Ok(Body { media_type: MEDIA_TYPE, bytes: jwt.into_bytes(), reply })
    }
}

impl Body {
    /// `members` as a body, encrypted where `sealing` says so.
    pub(crate) fn new(
        members: Map<String, Value>,
        sealing: Option<&Sealing>,
        rng: &mut dyn Rng,
        provider: &dyn Provider,
    ) -> Result<Self, VciError> {
        match sealing {
            Some(sealing) => sealing.seal(members, rng, provider),
            None => Ok(Self {
                media_type: "application/json",
                bytes: Value::Object(members).to_string().into_bytes(),
                reply: None,
            }),
        }
    }
}

/// The JSON of a successful answer. One that should be encrypted and is not might be anybody's.
pub(crate) fn open_answer(
    response: &HttpResponse,
    reply: Option<&ReplyKey>,
    provider: &dyn Provider,
) -> Result<Vec<u8>, VciError> {
    let encrypted = response.media_type().as_deref() == Some(MEDIA_TYPE);
    match reply {
        None if encrypted => Err(VciError::MediaType),
        None => Ok(response.body.clone()),
        Some(_) if !encrypted => Err(VciError::NotEncrypted),
        Some(reply) => {
            let text = std::str::from_utf8(&response.body).map_err(|_| VciError::MediaType)?;
            let jwe = UnverifiedJwe::parse(text.trim(), MAX_CREDENTIAL_RESPONSE_BYTES)?;
            Ok(jwe.decrypt(&reply.key, &[reply.enc], provider)?)
        }
    }
}

fn known_encryptions(value: &Value, member: &'static str) -> Result<Vec<ContentEncryption>, VciError> {
    let list = value.get("enc_values_supported").and_then(Value::as_array);
    let list = list.ok_or(VciError::Metadata { member })?;
    Ok(list.iter().filter_map(Value::as_str).filter_map(ContentEncryption::parse).collect())
}

fn required(value: &Value, member: &'static str) -> Result<bool, VciError> {
    value.get("encryption_required").and_then(Value::as_bool).ok_or(VciError::Metadata { member })
}

fn names(list: &[ContentEncryption]) -> Vec<&'static str> {
    list.iter().map(|enc| enc.name()).collect()
}
