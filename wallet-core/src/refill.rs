//! The use case `refill`: new copies without a new offer, in the background.

use inro_credential::Format;
use inro_openid4vci::wallet::{Authorized, MetadataTrust, Offered, RefreshTicket, Refreshable};
use inro_openid4vci::{NotificationEvent, VciError};
use inro_trust::Anchors;

use crate::error::WalletError;
use crate::incoming::{Issuer, Notices, localized};
use crate::issued::credential_id;
use crate::keys::{KeyId, KeyPolicy};
use crate::receive::Course;
use crate::records::{CredentialId, CredentialRecord, NamedKind, PendingRecord};
use crate::refills::{RefillWhen, Refills};
use crate::ticket;
use crate::wallet::Wallet;

/// What became of the refill of what one offer had brought.
#[derive(Debug)]
pub struct Refilled {
    /// The credential issuer identifier.
    pub issuer: String,
    /// The credentials that came.
    pub outcome: Result<Vec<CredentialRecord>, WalletError>,
    /// Whether the issuer refills nothing of it any more: only a new offer brings more.
    pub over: bool,
}

impl Wallet {
    /// Asks issuers for new copies where they are needed, and tells of those that were asked. Nothing is
    /// asked while another call does so. What came replaces what was there in one transaction; where it
    /// failed, the wallet asks again later.
    ///
    /// # Errors
    /// What the store says; what becomes of each stands in [`Refilled::outcome`].
    ///
    /// Source: OpenID4VCI 1.0 §14.5; RFC 6749 §6.
    pub async fn refill(&self, when: RefillWhen) -> Result<Vec<Refilled>, WalletError> {
        let Some(_turn) = self.refilling.begin("refill") else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for (name, refills) in self.refills().await? {
            all.extend(self.refill_one(&name, refills, when).await?);
        }
        Ok(all)
    }

    async fn refill_one(
        &self,
        name: &str,
        mut refills: Refills,
        when: RefillWhen,
    ) -> Result<Option<Refilled>, WalletError> {
        if when == RefillWhen::Scheduled && !refills.is_due(self.now()) {
            return Ok(None);
        }
        let wanted = self.wanted(&mut refills, when).await?;
        if refills.credentials.is_empty() {
            self.end_refills(name, &refills).await?;
            return Ok(None);
        }
        if wanted.is_empty() {
            self.with_rng(|rng| refills.look_later(self.now(), rng));
            self.put_refills(name, &refills).await?;
            return Ok(None);
        }
        let issuer = refills.issuer.clone();
        let mut made = Vec::new();
        let outcome = self.fetch_anew(name, &mut refills, &wanted, &mut made).await;
        // Keys that resist are deleted when the wallet opens again.
        let _ = self.delete_unused(&made).await;
        let over = matches!(outcome, Err(WalletError::Issuance(VciError::RefillsOver { .. })));
        match &outcome {
            _ if over => self.end_refills(name, &refills).await?,
            Ok(records) => {
                self.plan(&mut refills, records);
                self.with_rng(|rng| refills.look_later(self.now(), rng));
                self.put_refills(name, &refills).await?;
            }
            Err(_) => {
                self.with_rng(|rng| refills.retry_later(self.now(), rng));
                self.put_refills(name, &refills).await?;
            }
        }
        Ok(Some(Refilled { issuer, outcome, over }))
    }

    /// The credentials that need new copies. Those that are gone are refilled no more, and those that came
    /// late are planned.
    async fn wanted(
        &self,
        refills: &mut Refills,
        when: RefillWhen,
    ) -> Result<Vec<CredentialId>, WalletError> {
        let (pending, now) = (self.store.pending().await?, self.now());
        let mut wanted = Vec::new();
        let mut kept = Vec::new();
        for mut planned in std::mem::take(&mut refills.credentials) {
            match self.store.credential(&planned.id).await? {
                Some(record) => {
                    if !planned.is_planned() {
                        self.with_rng(|rng| planned.plan(&record, now, rng));
                    }
                    if planned.needs_copies(&record, when, now) {
                        wanted.push(planned.id.clone());
                    }
                    kept.push(planned);
                }
                None if pending.iter().any(|one| self.id_of_pending(one).as_ref() == Some(&planned.id)) => {
                    kept.push(planned);
                }
                None => {}
            }
        }
        refills.credentials = kept;
        Ok(wanted)
    }

    async fn fetch_anew(
        &self,
        name: &str,
        refills: &mut Refills,
        wanted: &[CredentialId],
        made: &mut Vec<KeyId>,
    ) -> Result<Vec<CredentialRecord>, WalletError> {
        let anchors = self.anchors().await?;
        let wrapped = refills.ticket();
        let (wrapping, rest) = ticket::split(&wrapped);
        let ticket = RefreshTicket::from_secret(&self.keys.unwrap(&wrapping, rest).await?)?;
        let refreshable = self.refreshable(ticket, &anchors).await?;
        let mut offered = refreshable.offered();
        offered.retain(|offered| self.id_of(offered, &refills.issuer).is_some_and(|id| wanted.contains(&id)));
        self.check_attester(&offered)?;
        let issuer = Issuer {
            identifier: refills.issuer.clone(),
            name: localized(refreshable.issuer_display()),
            vouched: refreshable.signer().is_some(),
        };
        // What the device cannot do should not be counted as a refill.
        let first = self.first_key(&issuer, &offered, made).await?;
        let dpop = refills.dpop_key();
        let authorized = self.token(refreshable.refresh(offered)?, &dpop).await?;
        // The issuer takes the refresh token before this one until anything is done with what came: so the new
        // one is stored first, and whatever is lost on the way can be asked for again.
        if let Some(ticket) = authorized.refresh_ticket() {
            let wrapped = self.keys.wrap(&wrapping, &ticket.to_secret()).await?;
            refills.replace_ticket(&ticket::join(&wrapping, &wrapped));
            self.put_refills(name, refills).await?;
        }
        let notices = Notices { notifier: authorized.notifier(), dpop, ids: Vec::new() };
        let mut course = Course::new(issuer, anchors, notices, first);
        let outcome = match self.request_all(authorized, &mut course, made).await {
            Ok(()) => self.keep(&mut course).await,
            Err(error) => Err(error),
        };
        let event = if outcome.is_ok() { NotificationEvent::Accepted } else { NotificationEvent::Failure };
        self.tell(course.notices, event).await;
        Ok(outcome?.credentials)
    }

    async fn refreshable(
        &self,
        ticket: RefreshTicket,
        anchors: &Anchors,
    ) -> Result<Refreshable, WalletError> {
        let (fetch, request) = ticket.fetch_metadata();
        let response = self.send(request).await?;
        let trust = MetadataTrust { anchors, now: self.now(), provider: &*self.provider };
        let (fetch, request) = fetch.received(&response, &trust)?;
        Ok(fetch.received(&self.send(request).await?)?)
    }

    /// What is kept of a refresh token that came with an offer; `None` where none came, or it cannot be
    /// wrapped: what the offer brings does not hang on it.
    pub(crate) async fn new_refills(
        &self,
        authorized: &Authorized,
        dpop: &KeyId,
        made: &mut Vec<KeyId>,
    ) -> Option<Refills> {
        let ticket = authorized.refresh_ticket()?;
        let issuer = ticket.issuer().as_str();
        let mut ids: Vec<_> =
            authorized.remaining().filter_map(|offered| self.id_of(offered, issuer)).collect();
        ids.dedup();
        // It is used in the background.
        let key = self.keys.create_wrapping(&KeyPolicy::QUIET).await.ok()?.id;
        made.push(key.clone());
        let wrapped = self.keys.wrap(&key, &ticket.to_secret()).await.ok()?;
        Some(Refills::new(issuer, dpop, &ticket::join(&key, &wrapped), ids))
    }

    /// Keeps a refresh token in the place of earlier ones for the same credentials.
    pub(crate) async fn keep_refills(
        &self,
        mut refills: Refills,
        records: &[CredentialRecord],
    ) -> Result<(), WalletError> {
        for (name, mut earlier) in self.refills().await? {
            let before = earlier.credentials.len();
            earlier.credentials.retain(|old| refills.credentials.iter().all(|new| new.id != old.id));
            if earlier.credentials.is_empty() {
                self.end_refills(&name, &earlier).await?;
            } else if earlier.credentials.len() < before {
                self.put_refills(&name, &earlier).await?;
            }
        }
        self.plan(&mut refills, records);
        self.with_rng(|rng| refills.look_later(self.now(), rng));
        let name = self.with_rng(|rng| rng.token::<9>());
        self.put_refills(&name, &refills).await
    }

    /// Forgets refresh tokens that are good for nothing, with their keys.
    pub(crate) async fn forget_empty_refills(&self) -> Result<(), WalletError> {
        for (name, mut refills) in self.refills().await? {
            self.wanted(&mut refills, RefillWhen::Scheduled).await?;
            if refills.credentials.is_empty() {
                self.end_refills(&name, &refills).await?;
            }
        }
        Ok(())
    }

    fn plan(&self, refills: &mut Refills, records: &[CredentialRecord]) {
        for planned in &mut refills.credentials {
            if let Some(record) = records.iter().find(|record| record.id == planned.id) {
                self.with_rng(|rng| planned.plan(record, self.now(), rng));
            }
        }
    }

    async fn refills(&self) -> Result<Vec<(String, Refills)>, WalletError> {
        let records = self.store.named(NamedKind::Refill).await?;
        Ok(records
            .into_iter()
            .filter_map(|record| Some((record.name.clone(), Refills::read(&record)?)))
            .collect())
    }

    async fn put_refills(&self, name: &str, refills: &Refills) -> Result<(), WalletError> {
        Ok(self.store.put_named(NamedKind::Refill, name, Some(&refills.to_bytes()), None).await?)
    }

    async fn end_refills(&self, name: &str, refills: &Refills) -> Result<(), WalletError> {
        self.store.put_named(NamedKind::Refill, name, None, None).await?;
        self.delete_unused(&refills.keys()).await
    }

    fn id_of(&self, offered: &Offered, issuer: &str) -> Option<CredentialId> {
        let configuration = &offered.configuration;
        let format = Format::of(&configuration.format)?;
        Some(credential_id(configuration.type_id()?, issuer, format, &*self.provider))
    }

    fn id_of_pending(&self, pending: &PendingRecord) -> Option<CredentialId> {
        let format = Format::of(&pending.format)?;
        Some(credential_id(&pending.type_id, &pending.issuer, format, &*self.provider))
    }
}
