//! Telling the issuer what became of its credentials. Source: OpenID4VCI 1.0 §11.

use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::json::{self, Limits};
use inro_base::{Rng, Secret, UnixTime};
use inro_crypto::{Provider, Signature};
use inro_jose::{Jwk, JwsToSign};
use inro_oauth::error::ErrorSeen;
use inro_oauth::{HttpsUrl, TokenType};
use serde_json::{Value, json};

use super::session::{Access, wants_dpop_nonce};
use crate::VciError;
use crate::notification::{NotificationEvent, notification_request};
use crate::response::MAX_SMALL_RESPONSE_BYTES;

/// The notification endpoint with the token that may be used there. It outlives the states of the
/// issuance, so that a failure of any of them can be told.
pub struct Notifier {
    url: HttpsUrl,
    access: Access,
}

/// What a notification needs next.
pub enum NotificationStep {
    /// A signature by the DPoP key.
    Sign(NotificationSigning),
    /// To be sent; the token is not bound to a key.
    Send(HttpRequest),
}

/// A notification that waits for the DPoP key's signature.
#[must_use]
pub struct NotificationSigning {
    request: HttpRequest,
    proof: JwsToSign,
}

impl Notifier {
    pub(super) const fn new(url: HttpsUrl, access: Access) -> Self {
        Self { url, access }
    }

    /// The endpoint and the token as JSON, to be stored encrypted.
    pub fn to_secret(&self) -> Secret<Vec<u8>> {
        let value = json!({
            "url": self.url.as_str(),
            "token": self.access.token.expose(),
            "token_type": self.access.token_type.as_str(),
            "dpop_key": Jwk::new(self.access.dpop_key).to_value(),
        });
        Secret::new(value.to_string().into_bytes())
    }

    /// Reads what [`Notifier::to_secret`] gave.
    ///
    /// # Errors
    /// [`VciError`] when it is no such thing.
    pub fn from_secret(secret: &Secret<Vec<u8>>) -> Result<Self, VciError> {
        let object = json::parse_object(secret.expose(), Limits::MESSAGE)?;
        let text = |member: &'static str| {
            object.get(member).and_then(Value::as_str).ok_or(VciError::Answer { member })
        };
        let dpop_key = object.get("dpop_key").ok_or(VciError::Answer { member: "dpop_key" })?;
        let access = Access {
            dpop_key: Jwk::parse(dpop_key)?.key,
            token: Secret::new(text("token")?.to_owned()),
            token_type: match text("token_type")? {
                "DPoP" => TokenType::Dpop,
                _ => TokenType::Bearer,
            },
            dpop_nonce: None,
        };
        Ok(Self { url: HttpsUrl::parse(text("url")?)?, access })
    }

    /// Lays out a notification of `event` for the credentials that came with `notification_id`.
    pub fn send(
        &self,
        notification_id: &str,
        event: NotificationEvent,
        now: UnixTime,
        rng: &mut dyn Rng,
        provider: &dyn Provider,
    ) -> NotificationStep {
        let body = notification_request(notification_id, event).to_string().into_bytes();
        let request = self.access.post(&self.url, "application/json", body, MAX_SMALL_RESPONSE_BYTES);
        match self.access.proof(&self.url, now, rng, provider) {
            Some(proof) => NotificationStep::Sign(NotificationSigning { request, proof }),
            None => NotificationStep::Send(request),
        }
    }

    /// Reads the answer. Whether the same notification is worth another attempt: the server wants a
    /// newer DPoP nonce, which is kept. Everything else is the issuer's affair.
    pub fn received(&mut self, response: &HttpResponse) -> bool {
        self.access.keep_nonce(response);
        wants_dpop_nonce(response, &ErrorSeen::read(&response.body))
    }
}

impl NotificationSigning {
    /// The bytes that the DPoP key signs with ES256.
    pub const fn signing_input(&self) -> &[u8] {
        self.proof.signing_input()
    }

    /// Takes the signature.
    pub fn signed(self, signature: &Signature) -> HttpRequest {
        self.request.with_header("dpop", self.proof.finish(signature))
    }
}
