use inro_base::http::HttpRequest;
use inro_base::{Code, Coded, Rng};
use inro_crypto::Provider;
use serde_json::{Map, Value};

use crate::form;
use crate::profile::MAX_REPLY_BYTES;
use crate::wallet::RequestError;
use crate::wallet::encryption::Encryption;
use crate::web::HttpsUrl;

/// A request that is not shown to the holder.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct Refusal {
    /// Why.
    #[source]
    pub error: RequestError,
    /// An error response to the verifier, where the verifier is authenticated and its request is of
    /// a kind that the specification wants answered. It says nothing about the holder.
    pub reply: Option<Box<HttpRequest>>,
}

impl Coded for Refusal {
    fn code(&self) -> Code {
        self.error.code()
    }
}

/// The response `parameters`, to which `state` is added. Source: OpenID4VP 1.0 §8.2.
pub(super) fn post(uri: &HttpsUrl, parameters: &[(&str, &str)], state: Option<&str>) -> HttpRequest {
    let mut parameters = parameters.to_vec();
    parameters.extend(state.map(|state| ("state", state)));
    let body = form::encode(&parameters).into_bytes();
    HttpRequest::post(uri.as_str(), form::CONTENT_TYPE, body, MAX_REPLY_BYTES)
}

/// The response parameters `payload`, to which `state` is added, encrypted.
/// Source: OpenID4VP 1.0 §8.3, §8.3.1.
pub(super) fn post_encrypted(
    uri: &HttpsUrl,
    mut payload: Map<String, Value>,
    state: Option<&str>,
    encryption: &Encryption,
    rng: &mut dyn Rng,
    provider: &dyn Provider,
) -> Result<HttpRequest, RequestError> {
    if let Some(state) = state {
        payload.insert("state".to_owned(), state.into());
    }
    let response = encryption.seal(&payload, rng, provider)?;
    Ok(post(uri, &[("response", &response)], None))
}

/// The error response `error`. It carries no description: a text could tell one reason from
/// another. Source: OpenID4VP 1.0 §8.5, §15.4.1.
pub(super) fn error(uri: &HttpsUrl, error: &str, state: Option<&str>) -> HttpRequest {
    post(uri, &[("error", error)], state)
}
