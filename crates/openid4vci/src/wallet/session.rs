use std::collections::VecDeque;

use inro_base::http::{HttpRequest, HttpResponse, Method};
use inro_base::{Rng, Secret, UnixTime};
use inro_crypto::{Provider, PublicKey};
use inro_jose::JwsToSign;
use inro_oauth::dpop::{self, Target};
use inro_oauth::{HttpsUrl, TokenType};

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
    pub(crate) dpop_key: PublicKey,
    pub(crate) token: Secret<String>,
    pub(crate) token_type: TokenType,
    /// The latest DPoP nonce of the credential issuer.
    pub(crate) dpop_nonce: Option<String>,
    pub(crate) waiting: VecDeque<Waiting>,
}

/// One credential request that is still to be made.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) offered: Offered,
    pub(crate) wanted: Wanted,
    /// How often its `c_nonce` was refused.
    pub(crate) nonce_refusals: u32,
}

impl Session {
    /// Keeps the DPoP nonce that an answer brought. Source: RFC 9449 §8.2.
    pub(crate) fn keep_nonce(&mut self, response: &HttpResponse) {
        if let Some(nonce) = dpop_nonce(response) {
            self.dpop_nonce = Some(nonce);
        }
    }
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
