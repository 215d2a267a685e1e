//! Collecting what was deferred, also after a restart. Source: OpenID4VCI 1.0 §9.

use std::fmt;

use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::json::{self, Limits};
use inro_base::{Rng, Secret, UnixTime};
use inro_crypto::{Provider, PublicKey, Signature};
use inro_jose::{Jwk, JwsToSign};
use inro_oauth::error::{ErrorCode, ErrorSeen};
use inro_oauth::{HttpsUrl, TokenType};
use inro_trust::TrustedKey;
use serde_json::{Map, Value, json};

use super::notify::Notifier;
use super::ready::{MetadataTrust, metadata_request, read_metadata};
use super::session::{Access, MAX_NONCE_RETRIES, Offered, wants_dpop_nonce};
use crate::VciError;
use crate::encryption::{Body, ReplyKey, Sealing, open_answer};
use crate::error::CredentialErrorCode;
use crate::metadata::Display;
use crate::request::deferred_request;
use crate::response::{CredentialResponse, MAX_CREDENTIAL_RESPONSE_BYTES};

/// What collects one deferred issuance. It holds the access token, so it is stored encrypted.
pub struct DeferredTicket {
    pub(super) issuer: HttpsUrl,
    pub(super) configuration_id: String,
    pub(super) transaction_id: String,
    pub(super) keys: usize,
    pub(super) access: Access,
}

/// Waits for the issuer's metadata, which may have changed since.
#[must_use]
pub struct DeferredMetadataFetch(DeferredTicket);

/// A deferred credential request that is not laid out yet.
#[must_use]
pub struct DeferredDraft {
    ticket: DeferredTicket,
    offered: Offered,
    display: Vec<Display>,
    signer: Option<TrustedKey>,
    endpoint: HttpsUrl,
    notification_endpoint: Option<HttpsUrl>,
    sealing: Option<Sealing>,
    attempts: u32,
}

/// What a deferred credential request needs next.
pub enum DeferredStep {
    /// A signature by the DPoP key.
    Sign(DeferredSigning),
    /// To be sent; the token is not bound to a key.
    Send(DeferredSent, HttpRequest),
}

/// A deferred credential request that waits for the DPoP key's signature.
#[must_use]
pub struct DeferredSigning {
    sent: DeferredSent,
    request: HttpRequest,
    proof: JwsToSign,
}

/// A deferred credential request on its way.
#[must_use]
pub struct DeferredSent {
    draft: DeferredDraft,
    reply: Option<ReplyKey>,
}

/// What the deferred credential endpoint's answer means.
#[derive(Debug)]
pub enum DeferredAnswer {
    /// Credentials came.
    Received {
        /// At most one per key.
        credentials: Vec<String>,
        /// Names them in a notification.
        notification_id: Option<String>,
    },
    /// The same request again, with the server's DPoP nonce.
    Again(Box<DeferredDraft>),
    /// Not yet.
    Pending {
        /// How long to wait at least, in seconds.
        interval: u64,
    },
}

impl DeferredTicket {
    /// The credential issuer.
    pub const fn issuer(&self) -> &HttpsUrl {
        &self.issuer
    }

    /// The public half of the DPoP key.
    pub const fn dpop_key(&self) -> &PublicKey {
        &self.access.dpop_key
    }

    /// The ticket as JSON, to be stored encrypted.
    pub fn to_secret(&self) -> Secret<Vec<u8>> {
        let value = json!({
            "issuer": self.issuer.as_str(),
            "configuration_id": self.configuration_id,
            "transaction_id": self.transaction_id,
            "keys": self.keys,
            "token": self.access.token.expose(),
            "token_type": self.access.token_type.as_str(),
            "dpop_key": Jwk::new(self.access.dpop_key).to_value(),
        });
        Secret::new(value.to_string().into_bytes())
    }

    /// Reads what [`DeferredTicket::to_secret`] gave.
    ///
    /// # Errors
    /// [`VciError`] when it is no such thing.
    pub fn from_secret(secret: &Secret<Vec<u8>>) -> Result<Self, VciError> {
        let object = json::parse_object(secret.expose(), Limits::MESSAGE)?;
        let dpop_key = object.get("dpop_key").ok_or(VciError::Answer { member: "dpop_key" })?;
        let keys = object.get("keys").and_then(Value::as_u64).and_then(|keys| usize::try_from(keys).ok());
        Ok(Self {
            issuer: HttpsUrl::parse(&text(&object, "issuer")?)?,
            configuration_id: text(&object, "configuration_id")?,
            transaction_id: text(&object, "transaction_id")?,
            keys: keys.ok_or(VciError::Answer { member: "keys" })?,
            access: Access {
                dpop_key: Jwk::parse(dpop_key)?.key,
                token: Secret::new(text(&object, "token")?),
                token_type: match text(&object, "token_type")?.as_str() {
                    "DPoP" => TokenType::Dpop,
                    _ => TokenType::Bearer,
                },
                dpop_nonce: None,
            },
        })
    }

    /// Asks for the issuer's metadata: its keys and addresses may have changed.
    pub fn fetch_metadata(self) -> (DeferredMetadataFetch, HttpRequest) {
        let request = metadata_request(&self.issuer);
        (DeferredMetadataFetch(self), request)
    }
}

impl DeferredMetadataFetch {
    /// Reads the metadata, signed or not; signed ones must be by a trusted signer.
    ///
    /// # Errors
    /// [`VciError`] when they cannot be used for what was deferred.
    pub fn received(
        self,
        response: &HttpResponse,
        trust: &MetadataTrust<'_>,
    ) -> Result<DeferredDraft, VciError> {
        let ticket = self.0;
        let (metadata, signer) = read_metadata(response, &ticket.issuer, trust)?;
        let configuration = metadata.configuration(&ticket.configuration_id).cloned();
        let offered = Offered {
            configuration: configuration.ok_or(VciError::UnknownConfiguration)?,
            id: ticket.configuration_id.clone(),
        };
        Ok(DeferredDraft {
            offered,
            sealing: metadata.sealing()?,
            endpoint: metadata.deferred_endpoint.ok_or(VciError::NoDeferredEndpoint)?,
            notification_endpoint: metadata.notification_endpoint,
            display: metadata.display,
            signer,
            ticket,
            attempts: 0,
        })
    }
}

impl DeferredDraft {
    /// What was asked for.
    pub const fn offered(&self) -> &Offered {
        &self.offered
    }

    /// The names that the issuer gives itself: claimed, unless [`DeferredDraft::signer`] is there.
    pub fn issuer_display(&self) -> &[Display] {
        &self.display
    }

    /// Who signed the metadata, if they were signed: an anchor vouches for it.
    pub const fn signer(&self) -> Option<&TrustedKey> {
        self.signer.as_ref()
    }

    /// Tells the issuer what became of its credentials, where it wants to know.
    pub fn notifier(&self) -> Option<Notifier> {
        Some(Notifier::new(self.notification_endpoint.clone()?, self.ticket.access.share()))
    }

    /// Lays out the request, encrypted where the issuer offers it, with a key for this answer alone.
    ///
    /// # Errors
    /// [`VciError::Jwe`] when the issuer's key cannot be used.
    pub fn send(
        self,
        now: UnixTime,
        rng: &mut dyn Rng,
        provider: &dyn Provider,
    ) -> Result<DeferredStep, VciError> {
        let members = deferred_request(&self.ticket.transaction_id);
        let body = Body::new(members, self.sealing.as_ref(), rng, provider)?;
        let access = &self.ticket.access;
        let request = access
            .post(&self.endpoint, body.media_type, body.bytes, MAX_CREDENTIAL_RESPONSE_BYTES)
            .with_header("accept", "application/json, application/jwt");
        let proof = access.proof(&self.endpoint, now, rng, provider);
        let sent = DeferredSent { draft: self, reply: body.reply };
        Ok(match proof {
            Some(proof) => DeferredStep::Sign(DeferredSigning { sent, request, proof }),
            None => DeferredStep::Send(sent, request),
        })
    }

    /// Source: OpenID4VCI 1.0 §9.3.
    fn refused(mut self, response: &HttpResponse) -> Result<DeferredAnswer, VciError> {
        let seen = ErrorSeen::read(&response.body);
        if wants_dpop_nonce(response, &seen) {
            self.attempts += 1;
            if self.attempts > MAX_NONCE_RETRIES {
                return Err(VciError::TooManyNonces { times: self.attempts });
            }
            return Ok(DeferredAnswer::Again(Box::new(self)));
        }
        let status = response.status;
        // The token that collects it has ended, and no other may.
        if ErrorCode::parse(&seen.error) == Some(ErrorCode::InvalidToken) {
            return Err(VciError::DeferredOver { status, seen });
        }
        match CredentialErrorCode::parse(&seen.error) {
            Some(
                CredentialErrorCode::CredentialRequestDenied | CredentialErrorCode::InvalidTransactionId,
            ) => Err(VciError::DeferredOver { status, seen }),
            _ => Err(VciError::of_refusal(status, seen)),
        }
    }
}

impl DeferredSigning {
    /// The bytes that the DPoP key signs with ES256.
    pub const fn signing_input(&self) -> &[u8] {
        self.proof.signing_input()
    }

    /// Takes the signature.
    pub fn signed(self, signature: &Signature) -> (DeferredSent, HttpRequest) {
        let request = self.request.with_header("dpop", self.proof.finish(signature));
        (self.sent, request)
    }
}

impl DeferredSent {
    /// Reads the answer.
    ///
    /// # Errors
    /// [`VciError::DeferredOver`] when nothing will come of it; [`VciError`] when the issuer refused
    /// for another reason, or its answer cannot be used.
    pub fn received(
        self,
        response: &HttpResponse,
        provider: &dyn Provider,
    ) -> Result<DeferredAnswer, VciError> {
        let (mut draft, reply) = (self.draft, self.reply);
        draft.ticket.access.keep_nonce(response);
        if !response.is_success() {
            return draft.refused(response);
        }
        let answer = open_answer(response, reply.as_ref(), provider)?;
        match CredentialResponse::parse(&answer, draft.ticket.keys)? {
            CredentialResponse::Issued { credentials, notification_id } => {
                Ok(DeferredAnswer::Received { credentials, notification_id })
            }
            // §9.2: it is the same transaction.
            CredentialResponse::Deferred { transaction_id, .. }
                if transaction_id != draft.ticket.transaction_id =>
            {
                Err(VciError::Answer { member: "transaction_id" })
            }
            CredentialResponse::Deferred { interval, .. } => Ok(DeferredAnswer::Pending { interval }),
        }
    }
}

impl fmt::Debug for DeferredDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeferredDraft({})", self.offered.id)
    }
}

fn text(object: &Map<String, Value>, member: &'static str) -> Result<String, VciError> {
    object.get(member).and_then(Value::as_str).map(String::from).ok_or(VciError::Answer { member })
}
