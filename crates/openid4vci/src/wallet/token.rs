use std::collections::VecDeque;

use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::{Code, Rng, Secret, UnixTime};
use inro_crypto::{Provider, PublicKey, Signature};
use inro_jose::JwsToSign;
use inro_oauth::error::{ErrorCode, ErrorSeen};
use inro_oauth::{ServerMetadata, TokenResponse, TokenType, form};
use serde_json::Value;

use super::refresh_ticket::RefreshTicket;
use super::session::{Access, MAX_NONCE_RETRIES, Offered, Session, Waiting, dpop_nonce, dpop_to_sign};
use crate::error::is_failure;
use crate::metadata::IssuerMetadata;
use crate::request::{Wanted, refresh_request, token_request};
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
    presented: Presented,
    nonce: Option<String>,
    attempts: u32,
}

/// What a token is asked for with.
enum Presented {
    /// A pre-authorized code, perhaps with a transaction code.
    Code { with_tx_code: bool },
    /// A refresh token.
    Refresh(Box<RefreshTicket>),
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
#[expect(clippy::large_enum_variant, reason = "made once for an answer, and taken apart at once")]
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
        let details = details(&metadata, &server, &offered);
        let body = token_request(code.expose(), tx_code, details.as_ref());
        let presented = Presented::Code { with_tx_code: tx_code.is_some() };
        Self::with_body(metadata, server, offered, dpop_key, body, presented)
    }

    /// Asks with a refresh token for as much as it is still good for, or for these configurations alone
    /// where the server knows authorization details.
    pub(crate) fn refresh(
        metadata: IssuerMetadata,
        server: ServerMetadata,
        offered: Vec<Offered>,
        ticket: RefreshTicket,
    ) -> Self {
        let details = details(&metadata, &server, &offered);
        let body = refresh_request(ticket.token.expose(), details.as_ref());
        let dpop_key = ticket.dpop_key;
        Self::with_body(metadata, server, offered, dpop_key, body, Presented::Refresh(Box::new(ticket)))
    }

    fn with_body(
        metadata: IssuerMetadata,
        server: ServerMetadata,
        offered: Vec<Offered>,
        dpop_key: PublicKey,
        body: Vec<u8>,
        presented: Presented,
    ) -> Self {
        Self {
            metadata: Box::new(metadata),
            server: Box::new(server),
            offered,
            dpop_key,
            body: Secret::new(body),
            presented,
            nonce: None,
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
                return Err(refusal(response.status, seen, &draft.presented));
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
        let refresh = draft.presented.next(answer.refresh_token, answer.token_type, || RefreshTicket {
            issuer: draft.metadata.issuer.clone(),
            server: draft.server.issuer.clone(),
            configurations: draft.offered.iter().map(|offered| offered.id.clone()).collect(),
            dpop_key: draft.dpop_key,
            token: Secret::new(String::new()),
        });
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
            refresh,
        })))
    }
}

impl Authorized {
    /// The configurations that are still to be asked for, in order.
    pub fn remaining(&self) -> impl Iterator<Item = &Offered> {
        self.0.waiting.iter().map(|waiting| &waiting.offered)
    }

    /// What gets new copies later, without an offer, where the server gives that: to be stored before
    /// anything else is done with the token, since the one that it replaces may be of no use any more.
    pub const fn refresh_ticket(&self) -> Option<&RefreshTicket> {
        self.0.refresh.as_ref()
    }
}

impl Presented {
    /// The ticket after an answer: the new token in the ticket that was presented or in a new one. A server
    /// that names none leaves the old one good. One that is bound to no key is not kept: whoever stole it
    /// could go on for months.
    ///
    /// Source: RFC 6749 §6; RFC 9449 §5.
    fn next(
        self,
        token: Option<Secret<String>>,
        kind: TokenType,
        ticket: impl FnOnce() -> RefreshTicket,
    ) -> Option<RefreshTicket> {
        let token = token.filter(|_| kind == TokenType::Dpop);
        match (self, token) {
            (Self::Code { .. }, None) => None,
            (Self::Code { .. }, Some(token)) => Some(RefreshTicket { token, ..ticket() }),
            (Self::Refresh(ticket), None) => Some(*ticket),
            (Self::Refresh(ticket), Some(token)) => Some(RefreshTicket { token, ..*ticket }),
        }
    }
}

/// Then the answer names credential identifiers, and the token is for these configurations alone.
fn details(metadata: &IssuerMetadata, server: &ServerMetadata, offered: &[Offered]) -> Option<Value> {
    let ids: Vec<&str> = offered.iter().map(|offered| offered.id.as_str()).collect();
    let location = (!metadata.authorization_servers.is_empty()).then_some(&metadata.issuer);
    server.knows_details(details::TYPE).then(|| details::wanted(&ids, location))
}

/// What a refused code means. The protocol has one error for a wrong transaction code and a dead
/// offer, and one for all faults of a proof, which our own service tells apart; without a transaction
/// code only the offer is left.
///
/// A refused refresh token has ended, unless our own service says that it will be good again.
///
/// Source: OpenID4VCI 1.0 §6.3; RFC 6749 §5.2.
fn refusal(status: u16, seen: ErrorSeen, presented: &Presented) -> VciError {
    let invalid_grant = ErrorCode::parse(&seen.error) == Some(ErrorCode::InvalidGrant);
    let has_tx_code = match presented {
        Presented::Code { with_tx_code } => *with_tx_code,
        Presented::Refresh(_) => {
            let over = matches!(seen.inro_code.map(Code::as_str), None | Some("INRO-VCI-097"));
            return match invalid_grant && over {
                true => VciError::RefillsOver { status, seen },
                false => VciError::RefillRefused { status, seen },
            };
        }
    };
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
