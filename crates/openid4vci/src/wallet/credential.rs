use std::fmt;

use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::{Rng, UnixTime};
use inro_crypto::{Provider, PublicKey, Signature};
use inro_jose::JwsToSign;
use inro_oauth::error::ErrorSeen;

use super::deferred::DeferredTicket;
use super::notify::Notifier;
use super::session::{MAX_NONCE_RETRIES, Offered, Session, Waiting, wants_dpop_nonce};
use super::token::Authorized;
use crate::attestation::claimed_algorithm;
use crate::encryption::{Body, ReplyKey, open_answer};
use crate::error::CredentialErrorCode;
use crate::metadata::ProofPlan;
use crate::proofs::Proofs;
use crate::request::credential_request;
use crate::response::{
    CredentialResponse, MAX_CREDENTIAL_RESPONSE_BYTES, MAX_SMALL_RESPONSE_BYTES, parse_nonce,
};
use crate::{VciError, proofs};

/// The most copies that we ask for at once, whatever the issuer allows: each costs a key.
const MAX_COPIES: usize = 100;

/// What the next credential needs.
pub enum NextStep {
    /// A nonce has to be fetched first.
    Nonce(NonceFetch, HttpRequest),
    /// Proofs can be made: the issuer has no nonce endpoint.
    Proofs(ProofDraft),
    /// Everything was asked for.
    Done,
}

/// Waits for a `c_nonce`.
#[must_use]
pub struct NonceFetch {
    session: Session,
    waiting: Waiting,
}

/// Keys can be made, one per copy.
#[must_use]
pub struct ProofDraft {
    session: Session,
    waiting: Waiting,
    c_nonce: Option<String>,
}

/// Waits for one signature per proof.
#[must_use]
pub struct ProofSigning {
    session: Session,
    waiting: Waiting,
    proofs: Vec<JwsToSign>,
    keys: usize,
}

/// What attested keys still have to do.
pub enum AttestedStep {
    /// The first key signs.
    Sign(ProofSigning),
    /// Nothing: the attestation alone is sent.
    Draft(CredentialDraft),
}

/// A credential request with its proofs, without a DPoP proof.
#[must_use]
pub struct CredentialDraft {
    session: Session,
    waiting: Waiting,
    proofs: Proofs,
    keys: usize,
    attempts: u32,
}

/// What a credential request needs next.
pub enum CredentialStep {
    /// A signature by the DPoP key.
    Sign(CredentialSigning),
    /// To be sent; the token is not bound to a key.
    Send(CredentialSent, HttpRequest),
}

/// A credential request that waits for the DPoP key's signature.
#[must_use]
pub struct CredentialSigning {
    sent: CredentialSent,
    request: HttpRequest,
    proof: JwsToSign,
}

/// A credential request on its way.
#[must_use]
pub struct CredentialSent {
    draft: CredentialDraft,
    reply: Option<ReplyKey>,
}

/// What the credential endpoint's answer means.
pub enum CredentialAnswer {
    /// Credentials came.
    Received(Received, Authorized),
    /// The same request again, with the server's DPoP nonce.
    Again(CredentialDraft),
    /// The `c_nonce` is not good any more: `next` starts this credential again. The proofs have to
    /// be made anew; the same keys may be used.
    NewNonce(Authorized),
    /// The credentials come later.
    Deferred(Box<Deferred>, Authorized),
}

/// Credentials of one configuration, as they were received and not yet verified. `Debug` shows
/// their number alone: they carry claims.
pub struct Received {
    /// What was asked for.
    pub offered: Offered,
    /// At most one per key; which key each is bound to stands in the credential.
    pub credentials: Vec<String>,
    /// Names them in a notification, where the issuer wants one.
    pub notification_id: Option<String>,
}

/// A deferred issuance.
pub struct Deferred {
    /// What was asked for.
    pub offered: Offered,
    /// What collects it.
    pub ticket: DeferredTicket,
    /// How long to wait at least, in seconds.
    pub interval: u64,
}

impl Authorized {
    /// Tells the issuer what became of its credentials, where it wants to know.
    pub fn notifier(&self) -> Option<Notifier> {
        let url = self.0.metadata.notification_endpoint.clone()?;
        Some(Notifier::new(url, self.0.access.share()))
    }

    /// Turns to the next configuration that is still to be asked for.
    pub fn next(self) -> NextStep {
        let mut session = self.0;
        let Some(waiting) = session.waiting.pop_front() else {
            return NextStep::Done;
        };
        let Some(endpoint) = &session.metadata.nonce_endpoint else {
            return NextStep::Proofs(ProofDraft { session, waiting, c_nonce: None });
        };
        let request =
            HttpRequest::post(endpoint.as_str(), "application/json", Vec::new(), MAX_SMALL_RESPONSE_BYTES)
                .with_header("accept", "application/json");
        NextStep::Nonce(NonceFetch { session, waiting }, request)
    }
}

impl NonceFetch {
    /// Reads the nonce.
    ///
    /// # Errors
    /// [`VciError`] when none came.
    pub fn received(mut self, response: &HttpResponse) -> Result<ProofDraft, VciError> {
        if !response.is_success() {
            return Err(VciError::of_status(response));
        }
        let c_nonce = parse_nonce(&response.body)?;
        // RFC 9449 §8.2: the nonce endpoint may bring the DPoP nonce too, if it is the same server.
        let metadata = &self.session.metadata;
        let here = metadata.nonce_endpoint.as_ref().map(inro_oauth::HttpsUrl::authority);
        if here == Some(metadata.credential_endpoint.authority()) {
            self.session.access.keep_nonce(response);
        }
        Ok(ProofDraft { session: self.session, waiting: self.waiting, c_nonce: Some(c_nonce) })
    }
}

impl ProofDraft {
    /// What is asked for.
    pub const fn offered(&self) -> &Offered {
        &self.waiting.offered
    }

    /// How many copies one request can bring, at least 1.
    pub fn max_copies(&self) -> usize {
        self.session.metadata.batch_size.unwrap_or(1).clamp(1, MAX_COPIES)
    }

    /// How the keys are to be proved.
    ///
    /// # Errors
    /// [`VciError::Unsupported`] when the issuer takes no proof that we can make.
    pub fn plan(&self) -> Result<ProofPlan, VciError> {
        let plan = self.waiting.offered.configuration.proof_plan();
        plan.ok_or(VciError::Unsupported { what: "another proof than one of a key with ES256" })
    }

    /// The nonce that an attestation of the keys has to carry.
    pub fn c_nonce(&self) -> Option<&str> {
        self.c_nonce.as_deref()
    }

    /// Lays out one `jwt` proof per key. Each key is used for one copy and never again.
    ///
    /// # Errors
    /// [`VciError::Count`] for no key, or more than [`ProofDraft::max_copies`].
    pub fn proofs(self, keys: &[PublicKey], now: UnixTime) -> Result<ProofSigning, VciError> {
        self.check_count(keys)?;
        let issuer = &self.session.metadata.issuer;
        let to_sign = |key| proofs::jwt_to_sign(key, issuer, self.c_nonce.as_deref(), now);
        let proofs = keys.iter().map(to_sign).collect();
        Ok(ProofSigning { session: self.session, waiting: self.waiting, proofs, keys: keys.len() })
    }

    /// Takes an attestation of all `keys`, with [`ProofDraft::c_nonce`] in it.
    ///
    /// # Errors
    /// [`VciError::Count`] for no key, or more than [`ProofDraft::max_copies`]; [`VciError::Unsupported`]
    /// when the issuer takes no attestation of its algorithm, [`VciError::Jose`] when it says none.
    pub fn attested(
        self,
        keys: &[PublicKey],
        attestation: String,
        now: UnixTime,
    ) -> Result<AttestedStep, VciError> {
        self.check_count(keys)?;
        let plan = self.plan()?;
        let algorithm = claimed_algorithm(&attestation)?;
        if !self.waiting.offered.configuration.takes_attestation(plan, &algorithm) {
            return Err(VciError::Unsupported { what: "another algorithm than the key attestation's" });
        }
        let (session, waiting) = (self.session, self.waiting);
        let first = keys.first().filter(|_| plan != ProofPlan::Attestation);
        let Some(first) = first else {
            let proofs = Proofs::Attestation(attestation);
            let draft = CredentialDraft { session, waiting, proofs, keys: keys.len(), attempts: 0 };
            return Ok(AttestedStep::Draft(draft));
        };
        let (issuer, nonce) = (&session.metadata.issuer, self.c_nonce.as_deref());
        let proofs = vec![proofs::attested_jwt_to_sign(first, &attestation, issuer, nonce, now)];
        Ok(AttestedStep::Sign(ProofSigning { session, waiting, proofs, keys: keys.len() }))
    }

    fn check_count(&self, keys: &[PublicKey]) -> Result<(), VciError> {
        let most = self.max_copies();
        let fits = (1..=most).contains(&keys.len());
        if fits { Ok(()) } else { Err(VciError::Count { given: keys.len(), most }) }
    }
}

impl ProofSigning {
    /// The bytes that each key signs with ES256, in the order of the keys: of attested keys the first
    /// alone.
    pub fn signing_inputs(&self) -> impl Iterator<Item = &[u8]> {
        self.proofs.iter().map(JwsToSign::signing_input)
    }

    /// Takes one signature per signing input, in the same order.
    ///
    /// # Errors
    /// [`VciError::Count`] for another number of signatures.
    pub fn signed(self, signatures: &[Signature]) -> Result<CredentialDraft, VciError> {
        if signatures.len() != self.proofs.len() {
            return Err(VciError::Count { given: signatures.len(), most: self.proofs.len() });
        }
        let proofs = self
            .proofs
            .into_iter()
            .zip(signatures)
            .map(|(proof, signature)| proof.finish(signature))
            .collect();
        let (proofs, keys) = (Proofs::Jwt(proofs), self.keys);
        Ok(CredentialDraft { session: self.session, waiting: self.waiting, proofs, keys, attempts: 0 })
    }
}

impl CredentialDraft {
    /// Lays out the request, encrypted where the issuer offers it: with a fresh key for the answer.
    ///
    /// # Errors
    /// [`VciError::Jwe`] when the issuer's key cannot be used.
    pub fn send(
        self,
        now: UnixTime,
        rng: &mut dyn Rng,
        provider: &dyn Provider,
    ) -> Result<CredentialStep, VciError> {
        let session = &self.session;
        let members = credential_request(&self.waiting.wanted, &self.proofs);
        let body = Body::new(members, session.sealing.as_ref(), rng, provider)?;
        let url = &session.metadata.credential_endpoint;
        let request = session
            .access
            .post(url, body.media_type, body.bytes, MAX_CREDENTIAL_RESPONSE_BYTES)
            .with_header("accept", "application/json, application/jwt");
        let proof = session.access.proof(url, now, rng, provider);
        let sent = CredentialSent { draft: self, reply: body.reply };
        Ok(match proof {
            Some(proof) => CredentialStep::Sign(CredentialSigning { sent, request, proof }),
            None => CredentialStep::Send(sent, request),
        })
    }
}

impl CredentialSigning {
    /// The bytes that the DPoP key signs with ES256.
    pub const fn signing_input(&self) -> &[u8] {
        self.proof.signing_input()
    }

    /// Takes the signature.
    pub fn signed(self, signature: &Signature) -> (CredentialSent, HttpRequest) {
        let request = self.request.with_header("dpop", self.proof.finish(signature));
        (self.sent, request)
    }
}

impl CredentialSent {
    /// Reads the answer.
    ///
    /// # Errors
    /// [`VciError`] when the issuer refused, or its answer cannot be used.
    pub fn received(
        self,
        response: &HttpResponse,
        provider: &dyn Provider,
    ) -> Result<CredentialAnswer, VciError> {
        let (mut draft, reply) = (self.draft, self.reply);
        draft.session.access.keep_nonce(response);
        if !response.is_success() {
            return draft.refused(response);
        }
        let answer = open_answer(response, reply.as_ref(), provider)?;
        let (session, offered) = (draft.session, draft.waiting.offered);
        match CredentialResponse::parse(&answer, draft.keys)? {
            CredentialResponse::Issued { credentials, notification_id } => {
                let received = Received { offered, credentials, notification_id };
                Ok(CredentialAnswer::Received(received, Authorized(session)))
            }
            CredentialResponse::Deferred { transaction_id, interval } => {
                if session.metadata.deferred_endpoint.is_none() {
                    return Err(VciError::NoDeferredEndpoint);
                }
                let ticket = DeferredTicket {
                    issuer: session.metadata.issuer.clone(),
                    configuration_id: offered.id.clone(),
                    transaction_id,
                    keys: draft.keys,
                    access: session.access.share(),
                };
                let deferred = Box::new(Deferred { offered, ticket, interval });
                Ok(CredentialAnswer::Deferred(deferred, Authorized(session)))
            }
        }
    }
}

impl CredentialDraft {
    fn refused(mut self, response: &HttpResponse) -> Result<CredentialAnswer, VciError> {
        let seen = ErrorSeen::read(&response.body);
        if wants_dpop_nonce(response, &seen) {
            self.attempts += 1;
            if self.attempts > MAX_NONCE_RETRIES {
                return Err(VciError::TooManyNonces { times: self.attempts });
            }
            return Ok(CredentialAnswer::Again(self));
        }
        if CredentialErrorCode::parse(&seen.error) == Some(CredentialErrorCode::InvalidNonce) {
            self.waiting.nonce_refusals += 1;
            if self.waiting.nonce_refusals > MAX_NONCE_RETRIES {
                return Err(VciError::TooManyNonces { times: self.waiting.nonce_refusals });
            }
            self.session.waiting.push_front(self.waiting);
            return Ok(CredentialAnswer::NewNonce(Authorized(self.session)));
        }
        Err(VciError::of_refusal(response.status, seen))
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Received({} credentials)", self.credentials.len())
    }
}
