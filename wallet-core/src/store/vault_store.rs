//! The store of the engine: a vault.
//!
//! A call runs at once on the caller's thread and takes milliseconds; its future is ready when it is
//! returned.

use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use inro_base::{Clock, Rng, UnixTime};
use inro_crypto::Provider;
use inro_evidence::Receipt;

use super::{anchors, answered, credentials, history, import, moved, named, notices, pending, receipts};
use crate::error::WalletError;
use crate::keys::{KeyId, KeyStore, KeyStoreError};
use crate::notices::{NewNotice, Notice, NoticeId};
use crate::ports::{Boxed, Store, StoreError};
use crate::records::{
    AnchorKind, AnchorRecord, ChainEnd, Copy, CopyId, CredentialBrief, CredentialId, CredentialRecord, Erase,
    HistoryEntry, HistoryId, LostCopies, NamedKind, NamedRecord, NewCredential, NewHistoryEntry, NewPending,
    NewReceipt, Outcome, Pending, PendingEnd, PendingId, PendingRecord, RequestDigest,
};
use crate::vault::{self, Change, Closed, Records, Vault};

/// A [`Store`] in one encrypted file.
pub struct VaultStore {
    /// None once it was locked.
    vault: Mutex<Option<Vault>>,
    /// None where the vault lives in memory alone.
    path: Option<PathBuf>,
    idle: Mutex<Option<Idle>>,
}

/// Locks a store that nothing was asked of for a while.
struct Idle {
    clock: Arc<dyn Clock>,
    seconds: i64,
    last: UnixTime,
}

impl VaultStore {
    /// Opens the vault at `path`, and makes it where there is none: `keys` wraps its data key. Until it is
    /// closed no other process and no other engine can open it. A vault that is refused stays as it is.
    ///
    /// # Errors
    /// [`StoreError::InUse`]; [`StoreError::OtherWallet`] where `keys` does not open it;
    /// [`StoreError::TooNew`]; [`StoreError::Corrupt`] where it was damaged or altered; what the key store says.
    pub async fn open(
        path: &Path,
        keys: &dyn KeyStore,
        rng: Box<dyn Rng>,
        provider: Arc<dyn Provider>,
    ) -> Result<Self, WalletError> {
        Self::open_or_make(path, keys, rng, provider, |_| Ok(())).await
    }

    /// As [`VaultStore::open`]; takes over what `earlier` remembers, the SQLite file of a version before
    /// there were vaults. Once everything is in the vault, that file is overwritten and removed.
    ///
    /// # Errors
    /// Also [`StoreError::TooNew`] and [`StoreError::Corrupt`] for `earlier`, which then stays as it is.
    pub async fn open_after(
        earlier: &Path,
        path: &Path,
        keys: &dyn KeyStore,
        rng: Box<dyn Rng>,
        provider: Arc<dyn Provider>,
    ) -> Result<Self, WalletError> {
        let fill = |change: &mut Change<'_>| match earlier.exists() {
            true => import::take_over(earlier, change),
            false => Ok(()),
        };
        let store = Self::open_or_make(path, keys, rng, provider, fill).await?;
        // A vault is there with everything in it, or not at all: what is left of the other is of no use.
        import::wipe(earlier)?;
        Ok(store)
    }

    /// A vault that lives in memory alone.
    ///
    /// # Errors
    /// What the key store says.
    #[cfg(any(test, feature = "testing"))]
    pub async fn in_memory(
        keys: &dyn KeyStore,
        mut rng: Box<dyn Rng>,
        provider: Arc<dyn Provider>,
    ) -> Result<Self, WalletError> {
        let (data_key, secret) = vault::make_data_key(keys, &mut *rng).await?;
        Ok(Self::over(Vault::in_memory(data_key, &secret, rng, provider)?, None))
    }

    /// Erases the wallet at `path` without opening it: every key in `keys`, the one that opens the vault last, then the
    /// vault. Where there is no vault, nothing happens.
    ///
    /// # Errors
    /// [`StoreError::InUse`]; what the key store says. Opening the vault carries it on.
    pub async fn wipe(path: &Path, keys: &dyn KeyStore) -> Result<(), WalletError> {
        if path.exists() {
            vault::put_aside(path)?;
        }
        vault::erase(path, keys).await
    }

    /// From now on the store is locked once nothing was asked of it for `seconds`, or the clock went back: whatever comes
    /// then answers [`StoreError::Locked`].
    pub fn lock_when_idle(&self, seconds: u32, clock: Arc<dyn Clock>) {
        let idle = Idle { last: clock.now(), clock, seconds: seconds.into() };
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(idle);
    }

    #[cfg(test)]
    pub(super) fn allow(&self, pages: i64) {
        self.lock().as_ref().unwrap().allow(pages);
    }

    async fn open_or_make(
        path: &Path,
        keys: &dyn KeyStore,
        mut rng: Box<dyn Rng>,
        provider: Arc<dyn Provider>,
        fill: impl FnOnce(&mut Change<'_>) -> Result<(), StoreError>,
    ) -> Result<Self, WalletError> {
        vault::erase(path, keys).await?;
        if path.exists() {
            let closed = Closed::read(path)?;
            let secret = vault::open_data_key(keys, closed.data_key()).await.map_err(not_ours)?;
            return Ok(Self::over(closed.open(&secret, rng, provider)?, Some(path)));
        }
        let (data_key, secret) = vault::make_data_key(keys, &mut *rng).await?;
        vault::make(path, data_key, &secret, &mut *rng, Arc::clone(&provider), fill)?;
        Ok(Self::over(Closed::read(path)?.open(&secret, rng, provider)?, Some(path)))
    }

    fn over(vault: Vault, path: Option<&Path>) -> Self {
        Self { vault: Mutex::new(Some(vault)), path: path.map(Path::to_owned), idle: Mutex::new(None) }
    }

    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Records) -> Result<T, StoreError>,
    ) -> Boxed<'_, Result<T, StoreError>> {
        let vault = self.lock();
        let outcome = vault.as_ref().ok_or(StoreError::Locked).and_then(|vault| read(vault.records()));
        Box::pin(ready(outcome))
    }

    fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Change<'_>) -> Result<T, StoreError>,
    ) -> Boxed<'_, Result<T, StoreError>> {
        let mut vault = self.lock();
        let outcome = vault.as_mut().ok_or(StoreError::Locked).and_then(|vault| vault.write(write));
        Box::pin(ready(outcome))
    }

    /// As [`VaultStore::write`], for what the holder or an issuer takes away: it is gone from the log as well.
    fn wipe_after<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Change<'_>) -> Result<T, StoreError>,
    ) -> Boxed<'_, Result<T, StoreError>> {
        let mut vault = self.lock();
        let outcome = vault.as_mut().ok_or(StoreError::Locked).and_then(|vault| {
            let outcome = vault.write(write);
            vault.empty_log();
            outcome
        });
        Box::pin(ready(outcome))
    }

    /// The vault, unless it was locked, or is at this moment because nothing was asked of it for too long.
    fn lock(&self) -> MutexGuard<'_, Option<Vault>> {
        // A panic while the lock was held dropped its transaction, which undoes it.
        let mut vault = self.vault.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(idle) = &mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner) {
            let (now, last) = (idle.clock.now(), idle.last);
            if now < last || now > last.plus(idle.seconds) {
                *vault = None;
            }
            idle.last = now;
        }
        vault
    }

    fn put_aside(&self) -> Result<Option<KeyId>, StoreError> {
        let mut vault = self.lock();
        let key = vault.as_ref().ok_or(StoreError::Locked)?.records().wrapping_key().clone();
        *vault = None;
        if let Some(path) = &self.path {
            vault::put_aside(path)?;
        }
        Ok(Some(key))
    }
}

impl Store for VaultStore {
    fn add_anchor<'a>(&'a self, anchor: &'a AnchorRecord) -> Boxed<'a, Result<(), StoreError>> {
        self.write(|change| anchors::add(change, anchor))
    }

    fn anchors(&self, kind: AnchorKind) -> Boxed<'_, Result<Vec<AnchorRecord>, StoreError>> {
        self.read(|records| anchors::all(records, kind))
    }

    fn put_credentials<'a>(
        &'a self,
        credentials: &'a [NewCredential],
    ) -> Boxed<'a, Result<Vec<KeyId>, StoreError>> {
        self.put_issued(credentials, &[])
    }

    fn put_issued<'a>(
        &'a self,
        credentials: &'a [NewCredential],
        pending: &'a [NewPending],
    ) -> Boxed<'a, Result<Vec<KeyId>, StoreError>> {
        self.wipe_after(|change| {
            notices::check_staying(change)?;
            let mut replaced = Vec::new();
            for credential in credentials {
                replaced.extend(credentials::put(change, credential)?);
            }
            pending.iter().try_for_each(|pending| pending::put(change, pending))?;
            Ok(replaced)
        })
    }

    fn pending(&self) -> Boxed<'_, Result<Vec<PendingRecord>, StoreError>> {
        self.read(pending::all)
    }

    fn one_pending<'a>(&'a self, id: &'a PendingId) -> Boxed<'a, Result<Option<Pending>, StoreError>> {
        self.read(|records| pending::one(records, id))
    }

    fn postpone<'a>(&'a self, id: &'a PendingId, retry_at: UnixTime) -> Boxed<'a, Result<(), StoreError>> {
        self.write(|change| pending::postpone(change, id, retry_at))
    }

    fn end_pending<'a>(
        &'a self,
        id: &'a PendingId,
        end: PendingEnd<'a>,
    ) -> Boxed<'a, Result<Vec<KeyId>, StoreError>> {
        self.wipe_after(|change| {
            notices::check_staying(change)?;
            pending::end(change, id)?;
            match end {
                PendingEnd::Received(credential) => credentials::put(change, credential),
                PendingEnd::Over(entry) => history::append(change, entry).map(|_| Vec::new()),
            }
        })
    }

    fn briefs(&self) -> Boxed<'_, Result<Vec<CredentialBrief>, StoreError>> {
        self.read(credentials::briefs)
    }

    fn credentials(&self) -> Boxed<'_, Result<Vec<CredentialRecord>, StoreError>> {
        self.read(credentials::all)
    }

    fn credential<'a>(
        &'a self,
        id: &'a CredentialId,
    ) -> Boxed<'a, Result<Option<CredentialRecord>, StoreError>> {
        self.read(|records| credentials::one(records, id))
    }

    fn unspent_copies<'a>(
        &'a self,
        id: &'a CredentialId,
        limit: usize,
    ) -> Boxed<'a, Result<Vec<Copy>, StoreError>> {
        self.read(|records| credentials::copies(records, id, limit))
    }

    fn keys_in_use<'a>(&'a self, id: Option<&'a CredentialId>) -> Boxed<'a, Result<Vec<KeyId>, StoreError>> {
        self.read(|records| {
            let mut keys = credentials::keys(records, id)?;
            if id.is_none() {
                keys.extend(pending::keys(records)?);
                keys.extend(receipts::end(records)?.map(|end| end.key));
            }
            Ok(keys)
        })
    }

    fn unused_keys<'a>(&'a self, keys: &'a [KeyId]) -> Boxed<'a, Result<Vec<KeyId>, StoreError>> {
        self.read(|records| {
            let pending = pending::needed_keys(records)?;
            let receipts = receipts::end(records)?.map(|end| end.key);
            let telling: Vec<KeyId> =
                notices::all(records)?.into_iter().map(|notice| notice.of.dpop_key).collect();
            let is_needed = |key: &KeyId| {
                key == records.wrapping_key()
                    || receipts.as_ref() == Some(key)
                    || credentials::uses(records, key)
                    || pending.contains(key)
                    || telling.contains(key)
            };
            Ok(keys.iter().filter(|key| !is_needed(key)).cloned().collect())
        })
    }

    fn drop_keyless<'a>(
        &'a self,
        keys: &'a [KeyId],
        now: UnixTime,
    ) -> Boxed<'a, Result<Vec<LostCopies>, StoreError>> {
        self.write(|change| {
            pending::drop_where(change, &|key| !keys.contains(key), now)?;
            let known = credentials::tags(change, keys);
            credentials::drop_where(change, &|key| !known.contains(key), now)
        })
    }

    fn drop_dead<'a>(
        &'a self,
        dead: &'a [KeyId],
        now: UnixTime,
    ) -> Boxed<'a, Result<Vec<LostCopies>, StoreError>> {
        self.write(|change| {
            pending::drop_where(change, &|key| dead.contains(key), now)?;
            let gone = credentials::tags(change, dead);
            credentials::drop_where(change, &|key| gone.contains(key), now)
        })
    }

    fn remove_credential<'a>(
        &'a self,
        id: &'a CredentialId,
        entry: &'a NewHistoryEntry,
    ) -> Boxed<'a, Result<(), StoreError>> {
        self.wipe_after(|change| match credentials::remove(change, id)? {
            true => {
                notices::call(change, id)?;
                history::append(change, entry).map(drop)
            }
            false => Err(StoreError::NoSuchCredential),
        })
    }

    fn was_answered<'a>(&'a self, request: &'a RequestDigest) -> Boxed<'a, Result<bool, StoreError>> {
        self.read(|records| Ok(answered::is(records, request)))
    }

    fn answer<'a>(
        &'a self,
        request: &'a RequestDigest,
        copies: &'a [CopyId],
        now: UnixTime,
        keep_until: Option<UnixTime>,
        entry: &'a NewHistoryEntry,
    ) -> Boxed<'a, Result<HistoryId, StoreError>> {
        self.write(|change| {
            notices::check_staying(change)?;
            answered::mark(change, request, keep_until)?;
            copies.iter().try_for_each(|copy| credentials::spend(change, *copy))?;
            answered::forget(change, now)?;
            history::append(change, entry)
        })
    }

    fn conclude<'a>(
        &'a self,
        entry: HistoryId,
        outcome: Outcome,
        receipt: Option<&'a NewReceipt>,
    ) -> Boxed<'a, Result<(), StoreError>> {
        self.write(|change| history::conclude(change, entry, outcome, receipt))
    }

    fn chain_end(&self) -> Boxed<'_, Result<Option<ChainEnd>, StoreError>> {
        self.read(receipts::end)
    }

    fn extend_chain<'a>(&'a self, receipt: &'a NewReceipt) -> Boxed<'a, Result<(), StoreError>> {
        self.write(|change| receipts::append(change, receipt).map(drop))
    }

    fn receipts(&self) -> Boxed<'_, Result<Vec<Vec<Receipt>>, StoreError>> {
        self.read(receipts::all)
    }

    fn erase_history(&self, erase: Erase) -> Boxed<'_, Result<(), StoreError>> {
        self.wipe_after(|change| history::erase(change, erase))
    }

    fn history(&self, limit: u32) -> Boxed<'_, Result<Vec<HistoryEntry>, StoreError>> {
        self.read(|records| history::newest(records, limit))
    }

    fn put_named<'a>(
        &'a self,
        kind: NamedKind,
        name: &'a str,
        content: Option<&'a [u8]>,
        entry: Option<&'a NewHistoryEntry>,
    ) -> Boxed<'a, Result<(), StoreError>> {
        self.write(|change| {
            named::put(change, kind, name, content)?;
            entry.map_or(Ok(()), |entry| history::append(change, entry).map(drop))
        })
    }

    fn named(&self, kind: NamedKind) -> Boxed<'_, Result<Vec<NamedRecord>, StoreError>> {
        self.read(|records| named::all(records, kind))
    }

    fn put_notices<'a>(&'a self, new: &'a [NewNotice]) -> Boxed<'a, Result<(), StoreError>> {
        self.write(|change| notices::put(change, new))
    }

    fn notices(&self) -> Boxed<'_, Result<Vec<Notice>, StoreError>> {
        self.read(notices::all)
    }

    fn end_notice(&self, id: NoticeId) -> Boxed<'_, Result<(), StoreError>> {
        self.write(|change| notices::end(change, id))
    }

    fn leave(&self, now: UnixTime) -> Boxed<'_, Result<(), StoreError>> {
        self.write(|change| notices::leave(change, now))
    }

    fn leaving(&self) -> Boxed<'_, Result<Option<UnixTime>, StoreError>> {
        self.read(notices::leaving)
    }

    fn move_in<'a>(
        &'a self,
        anchors: &'a [AnchorRecord],
        bundles: &'a [Vec<u8>],
    ) -> Boxed<'a, Result<(), StoreError>> {
        self.write(|change| {
            anchors.iter().try_for_each(|anchor| anchors::add(change, anchor))?;
            bundles.iter().try_for_each(|bundle| moved::put(change, bundle))
        })
    }

    fn moved_history(&self) -> Boxed<'_, Result<Vec<Vec<u8>>, StoreError>> {
        self.read(moved::all)
    }

    fn close(&self) -> Boxed<'_, Result<(), StoreError>> {
        *self.lock() = None;
        Box::pin(ready(Ok(())))
    }

    fn retire(&self) -> Boxed<'_, Result<Option<KeyId>, StoreError>> {
        Box::pin(ready(self.put_aside()))
    }

    fn remove(&self) -> Boxed<'_, Result<(), StoreError>> {
        Box::pin(ready(self.path.as_deref().map_or(Ok(()), vault::remove_aside)))
    }
}

/// A key store that does not know the key, or finds something else in it, is another wallet's.
fn not_ours(error: KeyStoreError) -> WalletError {
    match error {
        KeyStoreError::NoSuchKey | KeyStoreError::Altered => StoreError::OtherWallet.into(),
        error => error.into(),
    }
}
