//! The use cases around standing approvals: to see them, and to withdraw one.

use crate::consent::{Consent, Kept};
use crate::error::WalletError;
use crate::ports::StoreError;
use crate::prompts::Reason;
use crate::records::{ConsentId, Event, NamedKind, NamedRecord, NewHistoryEntry, Outcome};
use crate::wallet::Wallet;

impl Wallet {
    /// All standing approvals, the withdrawn and the expired ones too.
    ///
    /// # Errors
    /// What the store says.
    pub async fn consents(&self) -> Result<Vec<Consent>, WalletError> {
        Ok(self.kept_consents().await?.into_iter().map(|kept| kept.consent).collect())
    }

    /// Withdraws a standing approval, after a gesture of the holder. The history has an entry of it. The
    /// verifier's next request for it is refused, and it is told so, until the holder decides anew. What
    /// was withdrawn before stays so.
    ///
    /// # Errors
    /// [`WalletError::NoSuchConsent`], [`WalletError::Prompt`]; what the store says.
    pub async fn withdraw(&self, id: &ConsentId) -> Result<(), WalletError> {
        let kept = self.kept_consents().await?;
        let known = kept.into_iter().find(|kept| kept.consent.id == *id);
        let mut kept = known.ok_or(WalletError::NoSuchConsent)?;
        if kept.consent.withdrawn_at.is_some() {
            return Ok(());
        }
        let verifier = kept.consent.verifier.clone();
        self.prompts.presence(&Reason::Withdraw { verifier }).await?;
        kept.consent.withdrawn_at = Some(self.now());
        let entry = self.consent_entry(Event::Withdrawn, &kept);
        self.keep_consent(&kept, entry).await
    }

    pub(crate) async fn kept_consents(&self) -> Result<Vec<Kept>, WalletError> {
        let records = self.store.named(NamedKind::Consent).await?;
        let read = |record: NamedRecord| serde_json::from_slice(&record.content);
        records.into_iter().map(read).collect::<Result<_, _>>().map_err(|_| StoreError::Corrupt.into())
    }

    pub(crate) async fn keep_consent(&self, kept: &Kept, entry: NewHistoryEntry) -> Result<(), WalletError> {
        let content = serde_json::to_vec(kept).map_err(|_| StoreError::Failed)?;
        let name = &kept.consent.id.0;
        self.record_named(NamedKind::Consent, name, &content, entry).await
    }

    pub(crate) async fn forget_consent(&self, id: &ConsentId) -> Result<(), WalletError> {
        Ok(self.store.put_named(NamedKind::Consent, &id.0, None, None).await?)
    }

    pub(crate) fn consent_entry(&self, event: Event, kept: &Kept) -> NewHistoryEntry {
        NewHistoryEntry {
            event,
            at: self.now(),
            counterpart: kept.consent.verifier.clone(),
            // Nobody else is given one.
            registered: true,
            items: kept.consent.items.clone(),
            outcome: Outcome::Done,
            receipt: None,
        }
    }
}
