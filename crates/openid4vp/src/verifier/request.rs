use std::fmt;

use inro_base::json::Limits;
use inro_base::{Rng, UnixTime, base64url};
use inro_credential::dcql::Query;
use inro_jose::JwsToSign;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::form;
use crate::profile::{
    MDOC_FORMAT, PURPOSE_PARAMETER, REGISTRATION_FORMAT, REQUEST_TYP, RESPONSE_MODE, RESPONSE_TYPE,
    SD_JWT_FORMAT, STATIC_AUDIENCE,
};
use crate::verifier::ResponseError;
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
    pub(super) issued_at: UnixTime,
    pub(super) expires_at: UnixTime,
}

impl NewPresentation {
    /// Draws the nonce and the state, 128 bits or more each.
    ///
    /// # Errors
    /// [`ResponseError::OwnAddress`] for an address that is not `https`, [`ResponseError::Query`]
    /// for a query that is none.
    ///
    /// Source: OpenID4VP 1.0 §5.2, §5.3.
    pub fn start(self, now: UnixTime, rng: &mut dyn Rng) -> Result<AwaitingResponse, ResponseError> {
        if HttpsUrl::parse(&self.request_uri).is_none() || HttpsUrl::parse(&self.response_uri).is_none() {
            return Err(ResponseError::OwnAddress);
        }
        Query::parse(&self.query)?;
        Ok(AwaitingResponse {
            client_id: self.client_id.as_str().to_owned(),
            request_uri: self.request_uri,
            response_uri: self.response_uri,
            nonce: rng.token::<24>(),
            state: rng.token::<24>(),
            query: self.query,
            purpose: self.purpose.map(|purpose| purpose.to_value()),
            issued_at: now,
            expires_at: now.plus(self.lifetime),
        })
    }
}

impl AwaitingResponse {
    /// The link to show or to open: who asks, and where the request is.
    ///
    /// Source: OpenID4VP 1.0 §5.7, §13.1.2.
    pub fn link(&self) -> String {
        let query = form::encode(&[("client_id", &self.client_id), ("request_uri", &self.request_uri)]);
        format!("openid4vp://?{query}")
    }

    /// From when on the request must not be answered.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// The request object, to be signed with the key of the first certificate of `x5c` (DER, leaf
    /// first, without the anchor). `registration` is the registrar's JWT about this verifier.
    ///
    /// Source: OpenID4VP 1.0 §5, §5.8, §B.3.4; RFC 9101 §4.
    pub fn request_object(&self, x5c: &[Vec<u8>], registration: Option<&str>) -> JwsToSign {
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
        payload.insert("response_mode".into(), RESPONSE_MODE.into());
        payload.insert("response_uri".into(), self.response_uri.as_str().into());
        payload.insert("nonce".into(), self.nonce.as_str().into());
        payload.insert("state".into(), self.state.as_str().into());
        payload.insert("dcql_query".into(), self.query.clone());
        payload.insert("client_metadata".into(), client_metadata());
        if let Some(registration) = registration {
            let info = json!([{ "format": REGISTRATION_FORMAT, "data": registration }]);
            payload.insert("verifier_info".into(), info);
        }
        if let Some(purpose) = &self.purpose {
            payload.insert(PURPOSE_PARAMETER.into(), purpose.clone());
        }
        JwsToSign::new(header, &payload)
    }
}

impl fmt::Debug for AwaitingResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AwaitingResponse(until {})", self.expires_at)
    }
}

/// Source: OpenID4VP 1.0 §B.3.4, §B.2.2, §11.1.
fn client_metadata() -> Value {
    let sd_jwt = json!({ "sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"] });
    // ES256 by its old number and by the one that also names the curve.
    let mdoc = json!({ "issuerauth_alg_values": [-7, -9], "deviceauth_alg_values": [-7, -9] });
    json!({ "vp_formats_supported": { SD_JWT_FORMAT: sd_jwt, MDOC_FORMAT: mdoc } })
}
