//! The use case `collect`: what an issuer deferred, also after a restart.

use inro_openid4vci::wallet::{DeferredAnswer, DeferredDraft, DeferredStep, DeferredTicket, MetadataTrust};
use inro_openid4vci::{NotificationEvent, VciError};
use inro_trust::Anchors;

use crate::error::WalletError;
use crate::incoming::{Issuer, Notices, localized};
use crate::ports::StoreError;
use crate::records::{
    CredentialId, CredentialRecord, Event, HistoryItem, KeyId, NewCredential, NewHistoryEntry, Outcome,
    Pending, PendingId, PendingRecord,
};
use crate::ticket;
use crate::wallet::Wallet;

/// What became of one deferred issuance when the wallet looked.
#[derive(Debug)]
pub struct Collected {
    /// What was waited for.
    pub pending: PendingRecord,
    /// The credential, or `None` while it is still waited for.
    pub outcome: Result<Option<CredentialRecord>, WalletError>,
    /// Whether the wallet has forgotten it: it came, or nothing will come of it.
    pub over: bool,
}

impl Wallet {
    /// What issuers have deferred, oldest first.
    ///
    /// # Errors
    /// What the store says.
    pub async fn pending(&self) -> Result<Vec<PendingRecord>, WalletError> {
        Ok(self.store.pending().await?)
    }

    /// Asks for every deferred credential whose time has come, and that no other call is asking for. The
    /// keys are kept until it comes, and deleted when the issuer declines.
    ///
    /// # Errors
    /// What the store says; what becomes of each stands in [`Collected::outcome`].
    ///
    /// Source: OpenID4VCI 1.0 §9.
    pub async fn collect(&self) -> Result<Vec<Collected>, WalletError> {
        let mut collected = Vec::new();
        for pending in self.store.pending().await? {
            let outcome = self.collect_due(&pending).await;
            let kept = self.store.one_pending(&pending.id).await?;
            let over = kept.is_none();
            let pending = kept.map_or(pending, |kept| kept.record);
            collected.push(Collected { pending, outcome, over });
        }
        Ok(collected)
    }

    async fn collect_due(&self, pending: &PendingRecord) -> Result<Option<CredentialRecord>, WalletError> {
        // The issuer gives it once: of two who ask, one is refused and would forget it.
        let Some(_turn) = self.collecting.begin(&pending.id.0) else { return Ok(None) };
        match self.collect_one(&pending.id).await {
            // It came or ended since the list was read.
            Err(WalletError::Store(StoreError::NoSuchPending)) => Ok(None),
            outcome => outcome,
        }
    }

    async fn collect_one(&self, id: &PendingId) -> Result<Option<CredentialRecord>, WalletError> {
        let pending = self.store.one_pending(id).await?.ok_or(StoreError::NoSuchPending)?;
        // Another call may have asked since the list was read.
        if pending.record.retry_at > self.now() {
            return Ok(None);
        }
        let anchors = self.anchors().await?;
        let draft = self.deferred_draft(&pending, &anchors).await?;
        let issuer = Issuer {
            identifier: pending.record.issuer.clone(),
            name: localized(draft.issuer_display()),
            vouched: draft.signer().is_some(),
        };
        let offered = draft.offered().clone();
        let dpop = pending.dpop_key.clone();
        let mut notices = Notices { notifier: draft.notifier(), dpop, ids: Vec::new() };
        let texts = match self.poll(draft, &pending.dpop_key).await {
            Ok(DeferredAnswer::Received { credentials, notification_id }) => {
                notices.ids.extend(notification_id);
                credentials
            }
            Ok(DeferredAnswer::Pending { interval }) => {
                self.store.postpone(id, self.after(interval)).await?;
                return Ok(None);
            }
            Ok(DeferredAnswer::Again(_)) => return Err(VciError::TooManyNonces { times: 1 }.into()),
            Err(error) if error.is_over() => {
                self.give_up(&pending).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        let checked = self.check(&offered, texts, &pending.keys, &issuer, &anchors);
        self.settle(&pending, checked, notices).await.map(Some)
    }

    /// Keeps what came and tells the issuer; or gives up, since the issuer gives it once.
    async fn settle(
        &self,
        pending: &Pending,
        checked: Result<NewCredential, WalletError>,
        notices: Notices,
    ) -> Result<CredentialRecord, WalletError> {
        match self.keep_collected(&pending.record.id, checked).await {
            Ok(id) => {
                let named = notices.ids.iter().map(|name| (id.clone(), name.clone())).collect();
                self.keep_notices(&notices, named).await;
                self.tell(notices, NotificationEvent::Accepted).await;
                // Keys that resist are deleted when the wallet opens again.
                let _ = self.delete_unused(&made_for(pending)).await;
                self.show(&id).await
            }
            Err(error) => {
                self.tell(notices, NotificationEvent::Failure).await;
                self.give_up(pending).await?;
                Err(error)
            }
        }
    }

    async fn keep_collected(
        &self,
        id: &PendingId,
        checked: Result<NewCredential, WalletError>,
    ) -> Result<CredentialId, WalletError> {
        let mut credential = checked?;
        self.check_holder(&credential).await?;
        let replaced = self.record_collected(id, &mut credential).await?;
        let _ = self.delete_keys(&replaced).await;
        Ok(credential.record.id)
    }

    /// Forgets a deferred issuance, with its keys.
    async fn give_up(&self, pending: &Pending) -> Result<(), WalletError> {
        let record = &pending.record;
        let entry = NewHistoryEntry {
            event: Event::Issued,
            at: self.now(),
            counterpart: record.issuer_name.clone(),
            registered: record.issuer_vouched,
            items: vec![HistoryItem { vct: record.type_id.clone(), claims: Vec::new() }],
            outcome: Outcome::Failed,
            receipt: None,
        };
        self.record_over(&record.id, entry).await?;
        // What resists is forgotten with the next refill.
        let _ = self.forget_empty_refills().await;
        self.delete_unused(&made_for(pending)).await
    }

    async fn deferred_draft(
        &self,
        pending: &Pending,
        anchors: &Anchors,
    ) -> Result<DeferredDraft, WalletError> {
        let (key, wrapped) = ticket::split(&pending.ticket);
        let ticket = DeferredTicket::from_secret(&self.keys.unwrap(&key, wrapped).await?)?;
        let (state, request) = ticket.fetch_metadata();
        let response = self.send(request).await?;
        let trust = MetadataTrust { anchors, now: self.now(), provider: &*self.provider };
        Ok(state.received(&response, &trust)?)
    }

    /// Sends the request, again with the server's DPoP nonce where it asks for that.
    async fn poll(&self, mut draft: DeferredDraft, dpop: &KeyId) -> Result<DeferredAnswer, WalletError> {
        loop {
            let step = self.with_rng(|rng| draft.send(self.now(), rng, &*self.provider))?;
            let (sent, request) = match step {
                DeferredStep::Send(sent, request) => (sent, request),
                DeferredStep::Sign(signing) => {
                    let signature = self.keys.sign(dpop, signing.signing_input()).await?;
                    signing.signed(&signature)
                }
            };
            // The state counts the repetitions and ends them.
            match sent.received(&self.send(request).await?, &*self.provider)? {
                DeferredAnswer::Again(again) => draft = *again,
                answer => return Ok(answer),
            }
        }
    }
}

fn made_for(pending: &Pending) -> Vec<KeyId> {
    let wrapping = ticket::split(&pending.ticket).0;
    pending.keys.iter().map(|key| key.id.clone()).chain([pending.dpop_key.clone(), wrapping]).collect()
}
