use std::fmt;

use inro_base::json::Limits;
use inro_base::{Rng, UnixTime, base64url};
use inro_credential::dcql::Query;
use inro_crypto::Provider;
use inro_jose::JwsToSign;
use inro_jose::jwe::DecryptionKey;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::form;
use crate::formats;
use crate::profile::{
    PURPOSE_PARAMETER, REGISTRATION_FORMAT, REQUEST_TYP, RESPONSE_TYPE, ResponseMode, STATIC_AUDIENCE,
};
use crate::transaction_data::TransactionData;
use crate::verifier::fetch::RequestFetch;
use crate::verifier::{RequestToSign, ResponseError, encryption};
use crate::web::HttpsUrl;
use crate::{ClientId, Purpose};

/// How deep a stored query may nest, and how long it may be.
pub const QUERY_LIMITS: Limits = Limits { bytes: 32 * 1024, depth: 12 };

/// A presentation that a relying system is about to ask for.
#[derive(Debug)]
#[must_use]
pub struct NewPresentation {
    /// Who asks.
    pub client_id: ClientId,
    /// Where a wallet fetches the request object.
    pub request_uri: String,
    /// Where a wallet posts its response.
    pub response_uri: String,
    /// The DCQL query, as JSON.
    pub query: Value,
    /// Why the relying system asks.
    pub purpose: Option<Purpose>,
    /// How the answer comes back.
    pub response_mode: ResponseMode,
    /// What the holder is asked to authorize by answering.
    pub transaction_data: Vec<TransactionData>,
    /// For how long the request may be answered, in seconds.
    pub lifetime: i64,
}

/// A presentation that waits for its one response. It is what a store keeps: it goes in and out as
/// JSON, and only a store that hands it out once for a response makes the response single.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct AwaitingResponse {
    pub(super) client_id: String,
    request_uri: String,
    pub(super) response_uri: String,
    pub(super) nonce: String,
    pub(super) state: String,
    pub(super) query: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purpose: Option<Value>,
    /// The private half of the key to which the answer is to be encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "encryption")]
    pub(super) encryption: Option<DecryptionKey>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    transaction_data: Vec<String>,
    pub(super) issued_at: UnixTime,
    pub(super) expires_at: UnixTime,
}

impl NewPresentation {
    /// Draws the nonce and the state, 128 bits or more each, and the key for an encrypted answer.
    ///
    /// # Errors
    /// [`ResponseError::OwnAddress`] for an address that is not `https`, [`ResponseError::Query`]
    /// for a query that is none or asks twice for one claim, [`ResponseError::TransactionData`] for
    /// transactions that the credentials of the query cannot authorize.
    ///
    /// Source: OpenID4VP 1.0 §5.1, §5.2, §5.3, §8.3.
    pub fn start(self, now: UnixTime, rng: &mut dyn Rng) -> Result<AwaitingResponse, ResponseError> {
        if HttpsUrl::parse(&self.request_uri).is_none() || HttpsUrl::parse(&self.response_uri).is_none() {
            return Err(ResponseError::OwnAddress);
        }
        let query = Query::parse_own(&self.query)?;
        let transaction_data: Vec<String> =
            self.transaction_data.iter().map(|one| one.encoded().to_owned()).collect();
        if !transaction_data.is_empty() {
            TransactionData::read_all(&transaction_data.clone().into(), &query)?;
        }
        let nonce = rng.token::<24>();
        let state = rng.token::<24>();
        let encryption = match self.response_mode {
            ResponseMode::DirectPost => None,
            ResponseMode::DirectPostJwt => Some(encryption::fresh(rng)),
        };
        Ok(AwaitingResponse {
            client_id: self.client_id.as_str().to_owned(),
            request_uri: self.request_uri,
            response_uri: self.response_uri,
            nonce,
            state,
            encryption,
            transaction_data,
            query: self.query,
            purpose: self.purpose.map(|purpose| purpose.to_value()),
            issued_at: now,
            expires_at: now.plus(self.lifetime),
        })
    }
}

impl AwaitingResponse {
    /// The link to show or to open: who asks, where the request is, and that a wallet may say what it
    /// can do when it fetches it.
    ///
    /// Source: OpenID4VP 1.0 §5.1, §5.7, §13.1.2.
    pub fn link(&self) -> String {
        let query = form::encode(&[
            ("client_id", &self.client_id),
            ("request_uri", &self.request_uri),
            ("request_uri_method", "post"),
        ]);
        format!("openid4vp://?{query}")
    }

    /// From when on the request must not be answered.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// The SHA-256 thumbprint of the key that the answer is encrypted to; `None` for an answer in the
    /// clear. Source: OpenID4VP 1.0 §B.2.6.1, RFC 7638.
    pub fn encryption_thumbprint(&self, provider: &dyn Provider) -> Option<[u8; 32]> {
        self.make_public(provider);
        self.encryption.as_ref().map(|key| key.to_jwk().thumbprint_sha256(provider))
    }

    /// Makes the public half of the key that the answer is encrypted to with `provider`; without that it is
    /// made in software when the request is laid out.
    pub fn make_public(&self, provider: &dyn Provider) {
        if let Some(key) = &self.encryption {
            key.key.make_public(provider);
        }
    }

    /// The request object, to be signed with the key of the first certificate of `x5c` (DER, leaf
    /// first, without the anchor). `registration` is the registrar's JWT about this verifier.
    ///
    /// Source: OpenID4VP 1.0 §5, §5.8, §B.3.4; RFC 9101 §4.
    pub fn request_object(&self, x5c: &[Vec<u8>], registration: Option<&str>) -> JwsToSign {
        self.lay_out(None, x5c, registration)
    }

    /// As [`AwaitingResponse::request_object`], for a wallet that posted `fetch`: with its nonce, and
    /// encrypted where it wants that.
    ///
    /// # Errors
    /// [`ResponseError::WalletUnsuitable`] for a wallet that says that it cannot answer.
    ///
    /// Source: OpenID4VP 1.0 §5.10.
    pub fn request_object_for(
        &self,
        fetch: &RequestFetch,
        x5c: &[Vec<u8>],
        registration: Option<&str>,
    ) -> Result<RequestToSign, ResponseError> {
        fetch.check(&self.client_id, &Query::parse(&self.query)?, self.is_encrypted())?;
        let jws = self.lay_out(fetch.wallet_nonce(), x5c, registration);
        Ok(RequestToSign::new(jws, fetch.sealing().cloned()))
    }

    const fn is_encrypted(&self) -> bool {
        self.encryption.is_some()
    }

    /// What the holder is to authorize.
    ///
    /// # Errors
    /// [`ResponseError::TransactionData`] when the store does not give back what was put in.
    pub(super) fn transactions(&self) -> Result<Vec<TransactionData>, ResponseError> {
        let read = self.transaction_data.iter().map(|text| TransactionData::parse(text));
        Ok(read.collect::<Result<_, _>>()?)
    }

    fn lay_out(&self, wallet_nonce: Option<&str>, x5c: &[Vec<u8>], registration: Option<&str>) -> JwsToSign {
        let chain: Vec<String> = x5c.iter().map(|der| base64url::encode_standard(der)).collect();
        let mut header = Map::new();
        header.insert("typ".into(), REQUEST_TYP.into());
        header.insert("x5c".into(), chain.into());
        let mut payload = Map::new();
        payload.insert("aud".into(), STATIC_AUDIENCE.into());
        payload.insert("iat".into(), self.issued_at.as_secs().into());
        payload.insert("exp".into(), self.expires_at.as_secs().into());
        payload.insert("client_id".into(), self.client_id.as_str().into());
        payload.insert("response_type".into(), RESPONSE_TYPE.into());
        payload.insert("response_mode".into(), self.response_mode().as_str().into());
        payload.insert("response_uri".into(), self.response_uri.as_str().into());
        payload.insert("nonce".into(), self.nonce.as_str().into());
        payload.insert("state".into(), self.state.as_str().into());
        payload.insert("dcql_query".into(), self.query.clone());
        payload.insert("client_metadata".into(), self.client_metadata().into());
        if let Some(nonce) = wallet_nonce {
            payload.insert("wallet_nonce".into(), nonce.into());
        }
        if !self.transaction_data.is_empty() {
            payload.insert("transaction_data".into(), self.transaction_data.clone().into());
        }
        if let Some(registration) = registration {
            let info = json!([{ "format": REGISTRATION_FORMAT, "data": registration }]);
            payload.insert("verifier_info".into(), info);
        }
        if let Some(purpose) = &self.purpose {
            payload.insert(PURPOSE_PARAMETER.into(), purpose.clone());
        }
        JwsToSign::new(header, &payload)
    }

    const fn response_mode(&self) -> ResponseMode {
        if self.is_encrypted() { ResponseMode::DirectPostJwt } else { ResponseMode::DirectPost }
    }

    /// Source: OpenID4VP 1.0 §5.1, §11.1, §B.3.4.
    fn client_metadata(&self) -> Map<String, Value> {
        let mut metadata = Map::new();
        metadata.insert("vp_formats_supported".to_owned(), formats::supported());
        if let Some(key) = &self.encryption {
            encryption::publish(key, &mut metadata);
        }
        metadata
    }
}

impl fmt::Debug for AwaitingResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AwaitingResponse(until {})", self.expires_at)
    }
}
