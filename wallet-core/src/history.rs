//! The history: every entry is signed into a chain of receipts before it is written, and both are written at once.
//!
//! The key that signs is made for this alone and shown to no issuer and no verifier. Another call may have moved the
//! chain's end meanwhile; then nothing was written, and the entry is signed again.

use inro_base::UnixTime;
use inro_evidence::{
    Attachment, Event as ChainEvent, EvidenceError, Head, Receipt, ReceiptToSign, write_bundle,
};
use serde_json::{Map, Value, json};

use crate::error::WalletError;
use crate::keys::{CreatedKey, KeyId, KeyPolicy, KeyRequest, KeyStoreError, Purpose};
use crate::ports::StoreError;
use crate::prompts::Reason;
use crate::records::{
    ChainEnd, CopyId, CredentialId, Erase, HistoryEntry, HistoryId, NamedKind, NewCredential,
    NewHistoryEntry, NewPending, NewReceipt, Outcome, PendingEnd, PendingId, RequestDigest,
};
use crate::wallet::Wallet;

/// The longest history that is shown at once.
const MAX_HISTORY: u32 = 1_000;
/// How often an entry is signed again because another call came first.
const TRIES: usize = 16;
/// The event of a record that tells what became of an earlier one.
const OUTCOME: &str = "outcome";
/// The kind of an attachment that is the verifier's signed request.
const REQUEST: &str = "request";

/// An answer of a verifier that was recorded and is not concluded.
#[derive(Debug)]
pub(crate) struct Begun {
    id: HistoryId,
    /// Where its receipt ends the chain.
    end: ChainEnd,
}

impl Wallet {
    /// What happened, newest first; at most 1,000 entries.
    ///
    /// # Errors
    /// What the store says.
    pub async fn history(&self) -> Result<Vec<HistoryEntry>, WalletError> {
        Ok(self.store.history(MAX_HISTORY).await?)
    }

    /// After a gesture of the holder, the history's receipts as bundles that anybody can check (docs/specs/evidence.md), the chain that goes on
    /// last. There are several where a chain had to end: its key was gone, or it was full. A bundle that would be too long
    /// comes without attachments, or without bodies.
    ///
    /// # Errors
    /// [`WalletError::Prompt`]; what the store says.
    pub async fn export_history(&self) -> Result<Vec<Vec<u8>>, WalletError> {
        self.prompts.presence(&Reason::Export).await?;
        // What came from another phone goes on as it came.
        let mut bundles = self.store.moved_history().await?;
        for mut chain in self.store.receipts().await? {
            let lessen: [fn(&mut Receipt); 3] = [|_| {}, Receipt::erase_attachments, Receipt::erase];
            let mut bundle = Err(EvidenceError::TooMuch { part: "bundle" });
            for lessen in lessen {
                chain.iter_mut().for_each(lessen);
                bundle = write_bundle(&chain);
                if bundle.is_ok() {
                    break;
                }
            }
            bundles.push(bundle?);
        }
        Ok(bundles)
    }

    /// Erases what entries say; that there was one, and when, remains, so that the chain of receipts stays whole. Entries from
    /// before receipts were kept go altogether.
    ///
    /// # Errors
    /// [`StoreError::NoSuchEntry`]; what the store says.
    pub async fn erase_history(&self, erase: Erase) -> Result<(), WalletError> {
        Ok(self.store.erase_history(erase).await?)
    }

    /// Has another key sign the receipts from now on. The old one signs that, and is deleted. Where no receipt was signed
    /// yet, nothing happens.
    ///
    /// # Errors
    /// What the key store and the store say.
    pub async fn rotate_receipt_key(&self) -> Result<(), WalletError> {
        let Some(end) = self.store.chain_end().await? else { return Ok(()) };
        let new = self.create_receipt_key().await?;
        let head = end.head()?;
        let follows = Some(head.digest());
        let unsigned = head.rotate(new.public_key, self.now())?;
        let (receipt, head) = self.sign_receipt(unsigned, &end.key).await?;
        let end_after = ChainEnd::of(&head, new.id);
        let rotation = NewReceipt { follows, receipts: vec![receipt], end: end_after };
        self.store.extend_chain(&rotation).await?;
        // One that resists is deleted when the wallet opens again.
        let _ = self.delete_keys(&[end.key]).await;
        Ok(())
    }

    /// Marks a request as answered and `spent` as used up, and records that. `request` is what the verifier signed.
    pub(crate) async fn record_answer(
        &self,
        digest: &RequestDigest,
        spent: &[CopyId],
        keep_until: Option<UnixTime>,
        mut entry: NewHistoryEntry,
        request: &str,
    ) -> Result<Begun, WalletError> {
        for _ in 0..TRIES {
            let end = self.seal(&mut [&mut entry], Some(request)).await?;
            match self.store.answer(digest, spent, self.now(), keep_until, &entry).await {
                Err(StoreError::HistoryMoved) => {}
                answered => return Ok(Begun { id: answered?, end }),
            }
        }
        Err(StoreError::HistoryMoved.into())
    }

    /// Tells what became of an answer. If this cannot be written, the entry goes on to say that it was begun,
    /// which is true.
    pub(crate) async fn conclude(&self, begun: Begun, arrived: bool) {
        let outcome = if arrived { Outcome::Done } else { Outcome::Failed };
        for _ in 0..TRIES {
            let Ok(receipt) = self.seal_outcome(&begun, outcome).await else { return };
            match self.store.conclude(begun.id, outcome, Some(&receipt)).await {
                Err(StoreError::HistoryMoved) => {}
                Ok(()) | Err(_) => return,
            }
        }
    }

    /// Stores what an offer brought, and records it; the answer names the keys that are of no use any more.
    pub(crate) async fn record_issued(
        &self,
        credentials: &mut [NewCredential],
        pending: &[NewPending],
    ) -> Result<Vec<KeyId>, WalletError> {
        for _ in 0..TRIES {
            let mut entries: Vec<_> =
                credentials.iter_mut().map(|credential| &mut credential.entry).collect();
            if !entries.is_empty() {
                self.seal(&mut entries, None).await?;
            }
            match self.store.put_issued(credentials, pending).await {
                Err(StoreError::HistoryMoved) => {}
                replaced => return Ok(replaced?),
            }
        }
        Err(StoreError::HistoryMoved.into())
    }

    /// Stores a credential that was deferred, and records it; as [`Wallet::record_issued`].
    pub(crate) async fn record_collected(
        &self,
        id: &PendingId,
        credential: &mut NewCredential,
    ) -> Result<Vec<KeyId>, WalletError> {
        for _ in 0..TRIES {
            self.seal(&mut [&mut credential.entry], None).await?;
            match self.store.end_pending(id, PendingEnd::Received(credential)).await {
                Err(StoreError::HistoryMoved) => {}
                replaced => return Ok(replaced?),
            }
        }
        Err(StoreError::HistoryMoved.into())
    }

    /// Forgets a deferred issuance, and records it.
    pub(crate) async fn record_over(
        &self,
        id: &PendingId,
        mut entry: NewHistoryEntry,
    ) -> Result<(), WalletError> {
        for _ in 0..TRIES {
            self.seal(&mut [&mut entry], None).await?;
            match self.store.end_pending(id, PendingEnd::Over(&entry)).await {
                Err(StoreError::HistoryMoved) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::HistoryMoved.into())
    }

    /// Removes a credential, and records it.
    pub(crate) async fn record_removal(
        &self,
        id: &CredentialId,
        mut entry: NewHistoryEntry,
    ) -> Result<(), WalletError> {
        for _ in 0..TRIES {
            self.seal(&mut [&mut entry], None).await?;
            match self.store.remove_credential(id, &entry).await {
                Err(StoreError::HistoryMoved) => {}
                removed => return Ok(removed?),
            }
        }
        Err(StoreError::HistoryMoved.into())
    }

    /// Keeps a named record, and records it.
    pub(crate) async fn record_named(
        &self,
        kind: NamedKind,
        name: &str,
        content: &[u8],
        mut entry: NewHistoryEntry,
    ) -> Result<(), WalletError> {
        for _ in 0..TRIES {
            self.seal(&mut [&mut entry], None).await?;
            match self.store.put_named(kind, name, Some(content), Some(&entry)).await {
                Err(StoreError::HistoryMoved) => {}
                kept => return Ok(kept?),
            }
        }
        Err(StoreError::HistoryMoved.into())
    }

    /// Signs a receipt for each entry, one after the other. The answer is where the chain ends then.
    async fn seal(
        &self,
        entries: &mut [&mut NewHistoryEntry],
        request: Option<&str>,
    ) -> Result<ChainEnd, WalletError> {
        let mut end = self.store.chain_end().await?;
        for entry in &mut *entries {
            let receipt = self.sign_event(end, event(entry, request)).await?;
            end = Some(receipt.end.clone());
            entry.receipt = Some(receipt);
        }
        end.ok_or_else(|| StoreError::Failed.into())
    }

    async fn seal_outcome(&self, begun: &Begun, outcome: Outcome) -> Result<NewReceipt, WalletError> {
        let end = self.store.chain_end().await?;
        let (then, now) = (begun.end.head()?, end.as_ref().map(ChainEnd::head).transpose()?);
        // A chain that had to be begun anew has no record of the beginning.
        let of = now.filter(|now| now.chain() == then.chain()).map(|_| then.seq());
        let detail = Map::from_iter([(OUTCOME.to_owned(), Value::from(outcome.as_str()))]);
        let event = ChainEvent { name: OUTCOME.to_owned(), of, detail, attachments: Vec::new() };
        self.sign_event(end, event).await
    }

    /// The record of `event` after `end`. Where there is no chain, or its key is gone, or it is full, another one is begun,
    /// which says that it continues it.
    async fn sign_event(&self, end: Option<ChainEnd>, event: ChainEvent) -> Result<NewReceipt, WalletError> {
        let follows = end.as_ref().map(ChainEnd::head).transpose()?.map(|head| head.digest());
        if let Some(ChainEnd { key, .. }) = &end {
            match self.sign_next(end.as_ref(), key, event.clone()).await {
                Ok((receipt, head)) => {
                    let end = ChainEnd::of(&head, key.clone());
                    return Ok(NewReceipt { follows, receipts: vec![receipt], end });
                }
                Err(
                    WalletError::Keys(KeyStoreError::NoSuchKey | KeyStoreError::Invalidated)
                    | WalletError::Evidence(EvidenceError::Full),
                ) => {}
                Err(error) => return Err(error),
            }
        }
        let key = self.create_receipt_key().await?;
        // The first chain of a phone names the end of the one that it took over.
        let after = if follows.is_some() { follows } else { self.moved_end().await? };
        let opening = self.with_rng(|rng| Head::open(key.public_key, after, self.now(), rng));
        let (opening, head) = self.sign_receipt(opening, &key.id).await?;
        let end = ChainEnd::of(&head, key.id);
        let event = ChainEvent { of: None, ..event };
        let (receipt, head) = self.sign_next(Some(&end), &end.key, event).await?;
        let end = ChainEnd::of(&head, end.key);
        Ok(NewReceipt { follows, receipts: vec![opening, receipt], end })
    }

    /// A key of its own, which signs without a gesture: what it signs is what the holder has just decided.
    async fn create_receipt_key(&self) -> Result<CreatedKey, WalletError> {
        Ok(self.keys.create(&KeyRequest::new(Purpose::Sign, KeyPolicy::QUIET)).await?)
    }

    async fn sign_next(
        &self,
        end: Option<&ChainEnd>,
        key: &KeyId,
        event: ChainEvent,
    ) -> Result<(Receipt, Head), WalletError> {
        let head = end.ok_or(StoreError::Failed)?.head()?;
        let unsigned = self.with_rng(|rng| head.next(event, self.now(), rng, &*self.provider))?;
        self.sign_receipt(unsigned, key).await
    }

    async fn sign_receipt(
        &self,
        unsigned: ReceiptToSign,
        key: &KeyId,
    ) -> Result<(Receipt, Head), WalletError> {
        let signature = self.keys.sign(key, unsigned.signing_input()).await?;
        Ok(unsigned.signed(&signature, &*self.provider)?)
    }
}

/// What the receipt of an entry says: names of claims, never their values.
fn event(entry: &NewHistoryEntry, request: Option<&str>) -> ChainEvent {
    let detail = [
        ("counterpart", json!(entry.counterpart)),
        ("registered", entry.registered.into()),
        ("credentials", json!(entry.items)),
        (OUTCOME, entry.outcome.as_str().into()),
    ];
    let attachment = |text: &str| Attachment { kind: REQUEST.to_owned(), bytes: text.into() };
    ChainEvent {
        name: entry.event.as_str().to_owned(),
        of: None,
        detail: detail.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        attachments: request.map(attachment).into_iter().collect(),
    }
}
