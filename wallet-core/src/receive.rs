//! The use case `receive`: from an offer's link to checked copies in the store.

use inro_base::http::{HttpRequest, HttpResponse};
use inro_credential::Format;
use inro_crypto::Signature;
use inro_openid4vci::metadata::ProofPlan;
use inro_openid4vci::wallet::{
    AttestedStep, Authorized, CredentialAnswer, CredentialDraft, CredentialStep, Deferred, MetadataTrust,
    NextStep, OfferStep, Offered, ProofDraft, Ready, TokenAnswer, TokenDraft, TokenStep, read_offer,
};
use inro_openid4vci::{NotificationEvent, VciError};
use inro_trust::Anchors;

use crate::error::WalletError;
use crate::incoming::{Issuer, Notices, localized};
use crate::keys::{Assurance, CreatedKey, KeyId, KeyPolicy, KeyRequest, Presence, Purpose};
use crate::prompts::Reason;
use crate::records::{CredentialId, CredentialRecord, NewCredential, NewPending, PendingId, PendingRecord};
use crate::ticket;
use crate::wallet::Wallet;

/// How many copies the wallet asks for at most: each is used once, and each costs a key.
const WANTED_COPIES: usize = 10;
/// How many answers of one issuance lead to another request; the states allow fewer.
const MAX_ROUNDS: usize = 100;

/// What an offer brought.
#[derive(Debug)]
pub struct Receipt {
    /// The credentials that are here.
    pub credentials: Vec<CredentialRecord>,
    /// What the issuer deferred: [`Wallet::collect`] asks for it.
    pub pending: Vec<PendingRecord>,
}

/// One issuance while it goes on.
pub(crate) struct Course {
    issuer: Issuer,
    anchors: Anchors,
    pub(crate) notices: Notices,
    /// A key that was made already, for the first copy.
    first: Option<CreatedKey>,
    credentials: Vec<NewCredential>,
    pending: Vec<NewPending>,
    /// What the issuer calls the issuance of each credential, where it wants to hear of it.
    named: Vec<(CredentialId, String)>,
}

impl Course {
    pub(crate) fn new(issuer: Issuer, anchors: Anchors, notices: Notices, first: CreatedKey) -> Self {
        let (credentials, pending) = (Vec::new(), Vec::new());
        let named = Vec::new();
        Self { issuer, anchors, notices, first: Some(first), credentials, pending, named }
    }
}

impl Wallet {
    /// Receives every credential of an offer, one key per copy. All copies of all credentials are
    /// checked, then stored in one transaction; after a failure nothing is stored, and no key of
    /// this issuance is left unless the key store resists until the wallet opens again. What the issuer
    /// defers is kept with its keys until it is collected.
    ///
    /// # Errors
    /// [`WalletError`], by the step that failed.
    ///
    /// Source: OpenID4VCI 1.0 §§4–8.
    pub async fn receive(&self, link: &str, tx_code: Option<&str>) -> Result<Receipt, WalletError> {
        let mut made = Vec::new();
        let outcome = self.receive_all(link, tx_code, &mut made).await;
        // Keys that resist are deleted when the wallet opens again; what was stored stays stored.
        let _ = self.delete_unused(&made).await;
        outcome
    }

    async fn receive_all(
        &self,
        link: &str,
        tx_code: Option<&str>,
        made: &mut Vec<KeyId>,
    ) -> Result<Receipt, WalletError> {
        let anchors = self.anchors().await?;
        let ready = self.read(link, &anchors).await?;
        self.check_feasible(&ready, tx_code)?;
        let issuer = Issuer {
            identifier: ready.issuer().as_str().to_owned(),
            name: localized(ready.issuer_display()),
            vouched: ready.signer().is_some(),
        };
        let dpop = self.make_key(KeyPolicy::QUIET, made).await?;
        // What the device cannot do, and a holder who is not there, must not cost the code.
        let first = self.first_key(&issuer, ready.offered(), made).await?;
        let draft = ready.redeem(tx_code, dpop.public_key)?;
        let authorized = self.token(draft, &dpop.id).await?;
        let refills = self.new_refills(&authorized, &dpop.id, made).await;
        let notices = Notices { notifier: authorized.notifier(), dpop: dpop.id, ids: Vec::new() };
        let mut course = Course::new(issuer, anchors, notices, first);
        let outcome = match self.request_all(authorized, &mut course, made).await {
            Ok(()) => self.keep(&mut course).await,
            Err(error) => Err(error),
        };
        if outcome.is_ok() {
            self.keep_notices(&course.notices, course.named).await;
        }
        let event = if outcome.is_ok() { NotificationEvent::Accepted } else { NotificationEvent::Failure };
        self.tell(course.notices, event).await;
        if let (Ok(receipt), Some(refills)) = (&outcome, refills) {
            // The credentials are here all the same.
            let _ = self.keep_refills(refills, &receipt.credentials).await;
        }
        outcome
    }

    /// The key of the first copy, after a gesture of the holder where such keys ask for one.
    pub(crate) async fn first_key(
        &self,
        issuer: &Issuer,
        offered: &[Offered],
        made: &mut Vec<KeyId>,
    ) -> Result<CreatedKey, WalletError> {
        let first = self.make_key(self.settings.copies, made).await?;
        self.check_levels(offered, first.assurance)?;
        if first.assurance.presence != Presence::NotAsked {
            self.prompts.presence(&Reason::Receive { issuer: issuer.name.clone() }).await?;
        }
        Ok(first)
    }

    /// Before a key is made and a code is redeemed: what cannot succeed should cost nothing.
    fn check_feasible(&self, ready: &Ready, tx_code: Option<&str>) -> Result<(), WalletError> {
        let supported = |format: &str| Format::of(format).is_some();
        if !ready.offered().iter().all(|offered| supported(&offered.configuration.format)) {
            return Err(WalletError::NothingSupported);
        }
        if ready.tx_code().is_some() && tx_code.is_none() {
            return Err(VciError::TxCodeNeeded.into());
        }
        self.check_attester(ready.offered())
    }

    /// Whether the keys can be proved as the issuer asks.
    pub(crate) fn check_attester(&self, offered: &[Offered]) -> Result<(), WalletError> {
        let plans = offered.iter().filter_map(|offered| offered.configuration.proof_plan());
        let mut attested = plans.filter(|plan| *plan != ProofPlan::Jwt);
        if attested.next().is_some() && self.keys.attester().is_none() {
            return Err(WalletError::NoAttester);
        }
        Ok(())
    }

    /// Whether an attestation of keys that are kept so says what the issuer asks for.
    fn check_levels(&self, offered: &[Offered], assurance: Assurance) -> Result<(), WalletError> {
        let demands = offered.iter().filter_map(|offered| offered.configuration.attestation_demand());
        for demand in demands {
            let levels = self.keys.attester().ok_or(WalletError::NoAttester)?.levels(&assurance);
            if let Some(what) = demand.unmet(&levels.key_storage, &levels.user_authentication) {
                return Err(WalletError::KeysTooWeak { what });
            }
        }
        Ok(())
    }

    pub(crate) async fn request_all(
        &self,
        mut authorized: Authorized,
        course: &mut Course,
        made: &mut Vec<KeyId>,
    ) -> Result<(), WalletError> {
        for _ in 0..MAX_ROUNDS {
            let Some(step) = self.next_proofs(authorized).await? else {
                return Ok(());
            };
            authorized = self.request(step, course, made).await?;
        }
        Err(VciError::TooManyNonces { times: u32::try_from(MAX_ROUNDS).unwrap_or(u32::MAX) }.into())
    }

    async fn read(&self, link: &str, anchors: &Anchors) -> Result<Ready, WalletError> {
        let seen = match read_offer(link)? {
            OfferStep::Seen(seen) => seen,
            OfferStep::Fetch(state, request) => state.received(&self.send(request).await?)?,
        };
        let (state, request) = seen.fetch_metadata();
        let response = self.send(request).await?;
        let trust = MetadataTrust { anchors, now: self.now(), provider: &*self.provider };
        let (state, request) = state.received(&response, &trust)?;
        Ok(state.received(&self.send(request).await?)?)
    }

    pub(crate) async fn token(&self, mut draft: TokenDraft, dpop: &KeyId) -> Result<Authorized, WalletError> {
        loop {
            let step = self.with_rng(|rng| draft.send(self.now(), rng, &*self.provider));
            let (sent, request) = match step {
                TokenStep::Send(sent, request) => (sent, request),
                TokenStep::Sign(signing) => {
                    let signature = self.keys.sign(dpop, signing.signing_input()).await?;
                    signing.signed(&signature)
                }
            };
            // The state counts the repetitions and ends them.
            match sent.received(&self.send(request).await?)? {
                TokenAnswer::Authorized(authorized) => return Ok(authorized),
                TokenAnswer::Again(again) => draft = again,
            }
        }
    }

    /// The next credential to ask for; `None` when all were asked for.
    async fn next_proofs(&self, authorized: Authorized) -> Result<Option<ProofDraft>, WalletError> {
        match authorized.next() {
            NextStep::Done => Ok(None),
            NextStep::Proofs(draft) => Ok(Some(draft)),
            NextStep::Nonce(state, request) => Ok(Some(state.received(&self.send(request).await?)?)),
        }
    }

    /// Asks for one batch and checks it, or keeps what was deferred. Where the issuer wants another
    /// nonce, nothing came, and the next round asks again.
    async fn request(
        &self,
        draft: ProofDraft,
        course: &mut Course,
        made: &mut Vec<KeyId>,
    ) -> Result<Authorized, WalletError> {
        let mut keys: Vec<_> = course.first.take().into_iter().collect();
        for _ in keys.len()..draft.max_copies().min(WANTED_COPIES) {
            keys.push(self.make_key(self.settings.copies, made).await?);
        }
        let draft = self.prove(draft, &keys).await?;
        match self.credential(draft, &course.notices.dpop).await? {
            CredentialAnswer::Received(received, rest) => {
                course.notices.ids.extend(received.notification_id.clone());
                let (offered, texts) = (received.offered, received.credentials);
                let credential = self.check(&offered, texts, &keys, &course.issuer, &course.anchors)?;
                let id = &credential.record.id;
                course.named.extend(received.notification_id.map(|name| (id.clone(), name)));
                course.credentials.push(credential);
                Ok(rest)
            }
            CredentialAnswer::NewNonce(rest) => Ok(rest),
            CredentialAnswer::Deferred(deferred, rest) => {
                course.pending.push(self.deferred(&deferred, keys, course, made).await?);
                Ok(rest)
            }
            CredentialAnswer::Again(_) => Err(VciError::TooManyNonces { times: 1 }.into()),
        }
    }

    /// Proves the keys as the issuer asks: each by a signature, or all by an attestation.
    async fn prove(&self, draft: ProofDraft, keys: &[CreatedKey]) -> Result<CredentialDraft, WalletError> {
        let public_keys: Vec<_> = keys.iter().map(|key| key.public_key).collect();
        let signing = match draft.plan()? {
            ProofPlan::Jwt => draft.proofs(&public_keys, self.now())?,
            ProofPlan::AttestedJwt | ProofPlan::Attestation => {
                let attester = self.keys.attester().ok_or(WalletError::NoAttester)?;
                let attestation = attester.attest(keys, draft.c_nonce()).await?;
                match draft.attested(&public_keys, attestation, self.now())? {
                    AttestedStep::Draft(draft) => return Ok(draft),
                    AttestedStep::Sign(signing) => signing,
                }
            }
        };
        let mut signatures: Vec<Signature> = Vec::new();
        for (key, input) in keys.iter().zip(signing.signing_inputs()) {
            signatures.push(self.keys.sign(&key.id, input).await?);
        }
        Ok(signing.signed(&signatures)?)
    }

    /// What is kept of a deferred issuance.
    async fn deferred(
        &self,
        deferred: &Deferred,
        keys: Vec<CreatedKey>,
        course: &Course,
        made: &mut Vec<KeyId>,
    ) -> Result<NewPending, WalletError> {
        let configuration = &deferred.offered.configuration;
        let record = PendingRecord {
            id: PendingId(self.with_rng(|rng| rng.token::<9>())),
            type_id: configuration.type_id().unwrap_or_default().to_owned(),
            format: configuration.format.clone(),
            name: localized(&configuration.display),
            issuer: course.issuer.identifier.clone(),
            issuer_name: course.issuer.name.clone(),
            issuer_vouched: course.issuer.vouched,
            requested_at: self.now(),
            retry_at: self.after(deferred.interval),
        };
        // It is collected in the background.
        let key = self.keys.create_wrapping(&KeyPolicy::QUIET).await?.id;
        made.push(key.clone());
        let ticket = ticket::join(&key, &self.keys.wrap(&key, &deferred.ticket.to_secret()).await?);
        Ok(NewPending { record, ticket, keys, dpop_key: course.notices.dpop.clone() })
    }

    /// Sends one credential request, again with the server's DPoP nonce where it asks for that.
    async fn credential(
        &self,
        mut draft: CredentialDraft,
        dpop: &KeyId,
    ) -> Result<CredentialAnswer, WalletError> {
        loop {
            let step = self.with_rng(|rng| draft.send(self.now(), rng, &*self.provider))?;
            let (sent, request) = match step {
                CredentialStep::Send(sent, request) => (sent, request),
                CredentialStep::Sign(signing) => {
                    let signature = self.keys.sign(dpop, signing.signing_input()).await?;
                    signing.signed(&signature)
                }
            };
            match sent.received(&self.send(request).await?, &*self.provider)? {
                CredentialAnswer::Again(again) => draft = again,
                answer => return Ok(answer),
            }
        }
    }

    pub(crate) async fn keep(&self, course: &mut Course) -> Result<Receipt, WalletError> {
        for credential in &course.credentials {
            self.check_holder(credential).await?;
        }
        let replaced = self.record_issued(&mut course.credentials, &course.pending).await?;
        // As above: the copies are gone, and with them the only use of these keys.
        let _ = self.delete_keys(&replaced).await;
        let mut credentials = Vec::new();
        for credential in &course.credentials {
            credentials.push(self.show(&credential.record.id).await?);
        }
        let pending = course.pending.iter().map(|pending| pending.record.clone()).collect();
        Ok(Receipt { credentials, pending })
    }

    async fn make_key(&self, policy: KeyPolicy, made: &mut Vec<KeyId>) -> Result<CreatedKey, WalletError> {
        let key = self.keys.create(&KeyRequest::new(Purpose::Sign, policy)).await?;
        made.push(key.id.clone());
        Ok(key)
    }

    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, WalletError> {
        Ok(self.http.send(request).await?)
    }
}
