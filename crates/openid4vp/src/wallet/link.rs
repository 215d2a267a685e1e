use inro_base::Rng;
use inro_base::http::{HttpRequest, HttpResponse};
use inro_crypto::Provider;
use inro_jose::JoseError;
use url::Url;

use crate::ClientId;
use crate::form::{self, Form};
use crate::profile::{MAX_REQUEST_BYTES, MAX_SEALED_REQUEST_BYTES, REQUEST_MEDIA_TYPE};
use crate::wallet::request::UnverifiedRequest;
use crate::wallet::unsealing::{FetchKey, is_sealed};
use crate::wallet::{RequestError, metadata};
use crate::web::HttpsUrl;

/// The longest link that is read, in bytes: more than a QR code of version 40 holds (2953).
const MAX_LINK_BYTES: usize = 4096;

/// A link to a presentation request, as a QR code or another program gave it. Of its parameters
/// only `client_id`, `request_uri` and `request_uri_method` are read.
#[derive(Debug)]
#[must_use]
pub struct RequestLink {
    client_id: ClientId,
    request_uri: HttpsUrl,
    /// `request_uri_method` is `post`.
    posts: bool,
}

/// Waits for the request object that [`RequestLink::fetch`] asked for.
#[derive(Debug)]
#[must_use]
pub struct AwaitingRequest {
    client_id: ClientId,
    posted: Option<Posted>,
}

/// What a fetch by `POST` tells the verifier, and no other fetch does.
#[derive(Debug)]
struct Posted {
    nonce: String,
    key: FetchKey,
}

impl RequestLink {
    /// Reads `openid4vp://?…`, or an `https` link of the same parameters.
    ///
    /// # Errors
    /// [`RequestError`] for a link that is none, that passes the request by value or unsigned, or
    /// whose client identifier we cannot authenticate.
    ///
    /// Source: OpenID4VP 1.0 §5, §5.9; RFC 9101 §5.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        if text.len() > MAX_LINK_BYTES {
            return Err(RequestError::Link);
        }
        let url = Url::parse(text).map_err(|_| RequestError::Link)?;
        if !matches!(url.scheme(), "openid4vp" | "https") {
            return Err(RequestError::Link);
        }
        let form = Form::parse(url.query().unwrap_or_default().as_bytes())?;
        let client_id = form.value("client_id").ok_or(RequestError::Link)?;
        let client_id = ClientId::parse(client_id).map_err(|_| RequestError::ClientIdPrefix)?;
        let posts = match form.value("request_uri_method") {
            None | Some("get") => false,
            Some("post") => true,
            Some(_) => return Err(RequestError::RequestUriMethod),
        };
        let request_uri = form.value("request_uri").ok_or(RequestError::Unsigned)?;
        let request_uri = HttpsUrl::parse(request_uri).ok_or(RequestError::RequestUri)?;
        Ok(Self { client_id, request_uri, posts })
    }

    /// The host that will be asked, with its port where that is not 443. Nobody vouches for it yet.
    pub fn request_host(&self) -> &str {
        self.request_uri.authority()
    }

    /// Asks for the request object. Where the verifier takes a `POST`, it is told what this kind of
    /// wallet can do, a nonce that it has to repeat in the signed request, and a key to which it may
    /// encrypt that.
    ///
    /// Source: OpenID4VP 1.0 §5.1 `request_uri_method`, §5.10; RFC 9101 §5.2.3.
    pub fn fetch(self, rng: &mut dyn Rng) -> (AwaitingRequest, HttpRequest) {
        let (uri, client_id) = (self.request_uri.as_str(), self.client_id);
        if !self.posts {
            let request =
                HttpRequest::fetch(uri, MAX_REQUEST_BYTES).with_header("accept", REQUEST_MEDIA_TYPE);
            return (AwaitingRequest { client_id, posted: None }, request);
        }
        let (nonce, key) = (rng.token::<24>(), FetchKey::generate(rng));
        let metadata = metadata::wallet_metadata(&key.to_jwk()).to_string();
        let body = form::encode(&[("wallet_metadata", &metadata), ("wallet_nonce", &nonce)]);
        let request = HttpRequest::post(uri, form::CONTENT_TYPE, body.into_bytes(), MAX_SEALED_REQUEST_BYTES)
            .with_header("accept", REQUEST_MEDIA_TYPE);
        (AwaitingRequest { client_id, posted: Some(Posted { nonce, key }) }, request)
    }
}

impl AwaitingRequest {
    /// Takes the answer to [`RequestLink::fetch`]: a signed request object, encrypted or not. The text
    /// leaves the encryption to the verifier, and TLS covers what it does not encrypt.
    ///
    /// # Errors
    /// [`RequestError::NotDelivered`] for any status but 200, a redirect included, or another
    /// media type; [`RequestError::Unopened`] for what is encrypted and does not open,
    /// [`RequestError::Sealed`] for what is encrypted without a key of ours, or twice;
    /// [`RequestError::Jose`] for what is no signed request object.
    ///
    /// Source: OpenID4VP 1.0 §5.10.1, §5.10.2, §14.6; RFC 9101 §6.1.
    pub fn received(
        self,
        response: &HttpResponse,
        provider: &dyn Provider,
    ) -> Result<UnverifiedRequest, RequestError> {
        if response.status != 200 || response.media_type().as_deref() != Some(REQUEST_MEDIA_TYPE) {
            return Err(RequestError::NotDelivered { status: response.status });
        }
        let text = std::str::from_utf8(&response.body).map_err(|_| JoseError::Malformed { part: 0 })?;
        let text = text.trim_end();
        let opened = match &self.posted {
            Some(posted) if is_sealed(text) => Some(posted.key.open(text, provider)?),
            _ => None,
        };
        let signed = opened.as_deref().unwrap_or(text);
        if is_sealed(signed) {
            return Err(RequestError::Sealed);
        }
        UnverifiedRequest::parse(self.client_id, self.posted.map(|posted| posted.nonce), signed)
    }
}
