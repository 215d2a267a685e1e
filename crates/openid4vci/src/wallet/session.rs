use std::collections::VecDeque;

use inro_base::http::{HttpRequest, HttpResponse, Method};
use inro_base::{Rng, Secret, UnixTime};
use inro_crypto::{Provider, PublicKey};
use inro_jose::JwsToSign;
use inro_oauth::dpop::{self, Target};
use inro_oauth::error::{ErrorCode, ErrorSeen};
use inro_oauth::{HttpsUrl, TokenType};

use super::refresh_ticket::RefreshTicket;
use crate::encryption::Sealing;
use crate::metadata::{Configuration, IssuerMetadata};
use crate::request::Wanted;

/// The longest DPoP nonce that we send back, in bytes.
const MAX_DPOP_NONCE_BYTES: usize = 1024;

/// How often one request is repeated because the server wants another nonce. A fresh nonce is good
/// at once, so a second refusal in a row is the server's fault.
pub(crate) const MAX_NONCE_RETRIES: u32 = 2;

/// One offered configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Offered {
    /// Its key in the issuer's metadata.
    pub id: String,
    /// What the metadata say of it.
    pub configuration: Configuration,
}

/// What all states behind the token endpoint carry along.
pub(crate) struct Session {
    pub(crate) metadata: Box<IssuerMetadata>,
    pub(crate) access: Access,
    /// How requests are encrypted, where the issuer offers it.
    pub(crate) sealing: Option<Sealing>,
    pub(crate) waiting: VecDeque<Waiting>,
    /// What gets new copies later.
    pub(crate) refresh: Option<RefreshTicket>,
}

/// An access token with what it takes to use it.
pub(crate) struct Access {
    pub(crate) dpop_key: PublicKey,
    pub(crate) token: Secret<String>,
    pub(crate) token_type: TokenType,
    /// The latest DPoP nonce of the credential issuer.
    pub(crate) dpop_nonce: Option<String>,
}

/// One credential request that is still to be made.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) offered: Offered,
    pub(crate) wanted: Wanted,
    /// How often its `c_nonce` was refused.
    pub(crate) nonce_refusals: u32,
}

impl Access {
    /// Keeps the DPoP nonce that an answer brought. Source: RFC 9449 §8.2.
    pub(crate) fn keep_nonce(&mut self, response: &HttpResponse) {
        if let Some(nonce) = dpop_nonce(response) {
            self.dpop_nonce = Some(nonce);
        }
    }

    /// The DPoP proof of a request to `url`, where the token is bound to a key.
    pub(crate) fn proof(
        &self,
        url: &HttpsUrl,
        now: UnixTime,
        rng: &mut dyn Rng,
        provider: &dyn Provider,
    ) -> Option<JwsToSign> {
        let (token, nonce) = (self.token.expose(), self.dpop_nonce.as_deref());
        let bound = self.token_type == TokenType::Dpop;
        bound.then(|| dpop_to_sign(url, Some(token), nonce, &self.dpop_key, now, rng, provider))
    }

    /// A request with the token.
    pub(crate) fn post(
        &self,
        url: &HttpsUrl,
        media_type: &str,
        body: Vec<u8>,
        max_response_bytes: usize,
    ) -> HttpRequest {
        let authorization = format!("{} {}", self.token_type.as_str(), self.token.expose());
        HttpRequest::post(url.as_str(), media_type, body, max_response_bytes)
            .with_header("authorization", authorization)
    }

    /// The same token for another state.
    pub(crate) fn share(&self) -> Self {
        Self {
            dpop_key: self.dpop_key,
            token: Secret::new(self.token.expose().clone()),
            token_type: self.token_type,
            dpop_nonce: self.dpop_nonce.clone(),
        }
    }
}

/// A resource server says it in `WWW-Authenticate`; some say it in the body. Source: RFC 9449 §9.
pub(crate) fn wants_dpop_nonce(response: &HttpResponse, seen: &ErrorSeen) -> bool {
    let code = ErrorCode::UseDpopNonce.as_str();
    let challenge = response.header("www-authenticate").unwrap_or_default();
    let said = seen.error == code || challenge.contains(&format!("error=\"{code}\""));
    response.status == 401 && said && response.header("dpop-nonce").is_some()
}

/// The usable `DPoP-Nonce` of an answer.
pub(crate) fn dpop_nonce(response: &HttpResponse) -> Option<String> {
    let nonce = response.header("dpop-nonce")?;
    let usable = (1..=MAX_DPOP_NONCE_BYTES).contains(&nonce.len())
        && nonce.bytes().all(|byte| byte.is_ascii_graphic());
    usable.then(|| nonce.to_owned())
}

/// A DPoP proof for a `POST` to `url`.
pub(crate) fn dpop_to_sign(
    url: &HttpsUrl,
    access_token: Option<&str>,
    nonce: Option<&str>,
    key: &PublicKey,
    now: UnixTime,
    rng: &mut dyn Rng,
    provider: &dyn Provider,
) -> JwsToSign {
    dpop::proof_to_sign(Target { method: Method::Post, url, access_token, nonce }, key, now, rng, provider)
}

/// A `GET` of a JSON document.
pub(crate) fn fetch_json(url: impl Into<String>, accept: &str, max_bytes: usize) -> HttpRequest {
    HttpRequest::fetch(url, max_bytes).with_header("accept", accept)
}
