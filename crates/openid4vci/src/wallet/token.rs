use std::collections::VecDeque;

use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::{Code, Rng, Secret, UnixTime};
use inro_crypto::{Provider, PublicKey, Signature};
use inro_jose::JwsToSign;
use inro_oauth::error::{ErrorCode, ErrorSeen};
use inro_oauth::{ServerMetadata, TokenResponse, TokenType, form};
use serde_json::Value;

use super::session::{Access, MAX_NONCE_RETRIES, Offered, Session, Waiting, dpop_nonce, dpop_to_sign};
use crate::error::is_failure;
use crate::metadata::IssuerMetadata;
use crate::request::{Wanted, token_request};
use crate::response::MAX_SMALL_RESPONSE_BYTES;
use crate::{VciError, details, offer};

/// The most credential identifiers that we take from one token answer; each becomes a request.
const MAX_IDENTIFIERS: usize = 16;

/// A token request that is not signed yet.
#[must_use]
pub struct TokenDraft {
    metadata: Box<IssuerMetadata>,
    server: Box<ServerMetadata>,
    offered: Vec<Offered>,
    dpop_key: PublicKey,
    body: Secret<Vec<u8>>,
    nonce: Option<String>,
    has_tx_code: bool,
    attempts: u32,
}

/// What a token request needs next.
pub enum TokenStep {
    /// A signature by the DPoP key.
    Sign(TokenSigning),
    /// To be sent; the server knows no DPoP.
    Send(TokenSent, HttpRequest),
}

/// A token request that waits for the DPoP key's signature.
#[must_use]
pub struct TokenSigning {
    draft: TokenDraft,
    proof: JwsToSign,
}

/// A token request on its way.
#[must_use]
pub struct TokenSent(TokenDraft);

/// What the token endpoint's answer means.
pub enum TokenAnswer {
    /// The wallet may ask for credentials.
    Authorized(Authorized),
    /// The same request again, with the server's nonce.
    Again(TokenDraft),
}

/// The wallet has an access token.
#[must_use]
pub struct Authorized(pub(crate) Session);

impl TokenDraft {
    pub(crate) fn new(
        metadata: IssuerMetadata,
        server: ServerMetadata,
        offered: Vec<Offered>,
        dpop_key: PublicKey,
        code: &Secret<String>,
        tx_code: Option<&str>,
    ) -> Self {
        // Then the answer names credential identifiers, and the token is for the offer alone.
        let ids: Vec<&str> = offered.iter().map(|offered| offered.id.as_str()).collect();
        let location = (!metadata.authorization_servers.is_empty()).then_some(&metadata.issuer);
        let details = server.knows_details(details::TYPE).then(|| details::wanted(&ids, location));
        let body = Secret::new(token_request(code.expose(), tx_code, details.as_ref()));
        Self {
            metadata: Box::new(metadata),
            server: Box::new(server),
            offered,
            dpop_key,
            body,
            nonce: None,
            has_tx_code: tx_code.is_some(),
            attempts: 0,
        }
    }

    /// Lays out the request.
    pub fn send(self, now: UnixTime, rng: &mut dyn Rng, provider: &dyn Provider) -> TokenStep {
        if !self.server.supports_dpop() {
            let request = self.request();
            return TokenStep::Send(TokenSent(self), request);
        }
        let url = &self.server.token_endpoint;
        let proof = dpop_to_sign(url, None, self.nonce.as_deref(), &self.dpop_key, now, rng, provider);
        TokenStep::Sign(TokenSigning { draft: self, proof })
    }

    fn request(&self) -> HttpRequest {
        let url = self.server.token_endpoint.as_str();
        HttpRequest::post(url, form::MEDIA_TYPE, self.body.expose().clone(), MAX_SMALL_RESPONSE_BYTES)
            .with_header("accept", "application/json")
    }
}

impl TokenSigning {
    /// The bytes that the DPoP key signs with ES256.
    pub const fn signing_input(&self) -> &[u8] {
        self.proof.signing_input()
    }

    /// Takes the signature.
    pub fn signed(self, signature: &Signature) -> (TokenSent, HttpRequest) {
        let request = self.draft.request().with_header("dpop", self.proof.finish(signature));
        (TokenSent(self.draft), request)
    }
}

impl TokenSent {
    /// Reads the answer.
    ///
    /// # Errors
    /// [`VciError`] when the server refused, or its answer cannot be used.
    pub fn received(self, response: &HttpResponse) -> Result<TokenAnswer, VciError> {
        let mut draft = self.0;
        let nonce = dpop_nonce(response);
        if !response.is_success() {
            let seen = ErrorSeen::read(&response.body);
            let wants_nonce = ErrorCode::parse(&seen.error) == Some(ErrorCode::UseDpopNonce);
            if !wants_nonce || nonce.is_none() {
                return Err(refusal(response.status, seen, draft.has_tx_code));
            }
            draft.attempts += 1;
            if draft.attempts > MAX_NONCE_RETRIES {
                return Err(VciError::TooManyNonces { times: draft.attempts });
            }
            draft.nonce = nonce;
            return Ok(TokenAnswer::Again(draft));
        }
        let answer = TokenResponse::parse(&response.body)?;
        // RFC 9449 §5: a bearer token in answer to a proof would let whoever steals it use it.
        let asked = if draft.server.supports_dpop() { TokenType::Dpop } else { TokenType::Bearer };
        if answer.token_type != asked {
            return Err(VciError::TokenType);
        }
        let waiting = waiting(draft.offered, answer.all.get("authorization_details"))?;
        // A nonce is its server's alone; the token endpoint may be another host's.
        let same_host =
            draft.server.token_endpoint.authority() == draft.metadata.credential_endpoint.authority();
        Ok(TokenAnswer::Authorized(Authorized(Session {
            sealing: draft.metadata.sealing()?,
            access: Access {
                dpop_nonce: nonce.or(draft.nonce).filter(|_| same_host),
                dpop_key: draft.dpop_key,
                token: answer.access_token,
                token_type: answer.token_type,
            },
            metadata: draft.metadata,
            waiting,
        })))
    }
}

impl Authorized {
    /// The configurations that are still to be asked for, in order.
    pub fn remaining(&self) -> impl Iterator<Item = &Offered> {
        self.0.waiting.iter().map(|waiting| &waiting.offered)
    }
}

/// What a refused code means. The protocol has one error for a wrong transaction code and a dead
/// offer, and one for all faults of a proof, which our own service tells apart; without a transaction
/// code only the offer is left.
///
/// Source: OpenID4VCI 1.0 §6.3.
fn refusal(status: u16, seen: ErrorSeen, has_tx_code: bool) -> VciError {
    let invalid_grant = ErrorCode::parse(&seen.error) == Some(ErrorCode::InvalidGrant);
    match seen.inro_code.map(Code::as_str) {
        Some("INRO-VCI-035") if invalid_grant => VciError::TxCodeWrong { status, seen },
        Some("INRO-VCI-032" | "INRO-VCI-036") if invalid_grant => VciError::OfferDead { status, seen },
        None if invalid_grant && !has_tx_code => VciError::OfferDead { status, seen },
        Some("INRO-OAUTH-006") if !is_failure(status) => VciError::Clock { status, seen },
        _ if is_failure(status) => VciError::Unavailable { status, seen },
        _ => VciError::TokenRefused { status, seen },
    }
}

/// One request per configuration, or per credential identifier where the answer names any: then a
/// configuration without one was not granted, and asking by its id is not allowed.
///
/// Source: OpenID4VCI 1.0 §§6.2, 8.2.
fn waiting(offered: Vec<Offered>, details: Option<&Value>) -> Result<VecDeque<Waiting>, VciError> {
    const MEMBER: &str = "authorization_details";
    let details: &[Value] = match details {
        None => &[],
        Some(Value::Array(list)) if list.len() <= offer::MAX_CONFIGURATIONS => list,
        Some(_) => return Err(VciError::Answer { member: MEMBER }),
    };
    let says =
        |detail: &Value, member: &str, text: &str| detail.get(member).and_then(Value::as_str) == Some(text);
    let details: Vec<&Value> = details.iter().filter(|detail| says(detail, "type", details::TYPE)).collect();
    let named = details.iter().any(|detail| detail.get("credential_identifiers").is_some());
    let mut waiting = VecDeque::new();
    for offered in offered {
        let ours = details.iter().filter(|detail| says(detail, "credential_configuration_id", &offered.id));
        for identifiers in ours.filter_map(|detail| detail.get("credential_identifiers")) {
            let list = identifiers.as_array().ok_or(VciError::Answer { member: MEMBER })?;
            // Before the copies are made: each carries the whole configuration.
            if waiting.len().saturating_add(list.len()) > MAX_IDENTIFIERS {
                return Err(VciError::Answer { member: MEMBER });
            }
            for identifier in list {
                let identifier = identifier.as_str().ok_or(VciError::Answer { member: MEMBER })?;
                let wanted = Wanted::Identifier(identifier.into());
                waiting.push_back(Waiting { offered: offered.clone(), wanted, nonce_refusals: 0 });
            }
        }
        if !named {
            let wanted = Wanted::Configuration(offered.id.clone());
            waiting.push_back(Waiting { offered, wanted, nonce_refusals: 0 });
        }
    }
    if waiting.is_empty() || waiting.len() > MAX_IDENTIFIERS {
        return Err(VciError::Answer { member: MEMBER });
    }
    Ok(waiting)
}
