//! The engine: its ports, what it opens with, and the small use cases.

use std::sync::{Arc, Mutex, PoisonError};

use inro_base::{Clock, Rng, UnixTime};
use inro_crypto::Provider;
use inro_trust::{Anchors, Usage};

use crate::error::WalletError;
use crate::in_work::InWork;
use crate::keys::{KeyId, KeyPolicy, KeyStore};
use crate::ports::{Http, Store};
use crate::prompts::{Prompts, Reason};
use crate::records::{
    AnchorKind, AnchorRecord, CredentialId, CredentialRecord, Event, HistoryItem, LostCopies, NamedKind,
    NewHistoryEntry, Outcome,
};
use crate::refills::Refills;

/// What the engine stands on.
pub struct Ports {
    /// Custody of private keys.
    pub keys: Arc<dyn KeyStore>,
    /// The system's prompt for the holder's presence.
    pub prompts: Arc<dyn Prompts>,
    /// What the wallet remembers.
    pub store: Arc<dyn Store>,
    /// The network.
    pub http: Arc<dyn Http>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Box<dyn Rng>,
    /// Cryptography over public data.
    pub provider: Arc<dyn Provider>,
}

/// How a wallet is to work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// How the keys of copies are kept. Those that are there stay as they are.
    pub copies: KeyPolicy,
}

/// Copies by [`KeyPolicy::COPIES`].
impl Default for Settings {
    fn default() -> Self {
        Self { copies: KeyPolicy::COPIES }
    }
}

impl Settings {
    /// The same with the keys of copies kept by `policy`.
    #[must_use]
    pub const fn with_copies(self, policy: KeyPolicy) -> Self {
        Self { copies: policy, ..self }
    }
}

/// A wallet. Its use cases stand in `receive` and `present`; the small ones here.
pub struct Wallet {
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) prompts: Arc<dyn Prompts>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) http: Arc<dyn Http>,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) collecting: InWork,
    pub(crate) refilling: InWork,
    pub(crate) settings: Settings,
    lost: Vec<LostCopies>,
    clock: Arc<dyn Clock>,
    rng: Mutex<Box<dyn Rng>>,
}

impl Wallet {
    /// A wallet over these ports with the usual settings; as [`Wallet::open_with`].
    ///
    /// # Errors
    /// What the key store or the store says.
    pub async fn open(ports: Ports) -> Result<Self, WalletError> {
        Self::open_with(ports, Settings::default()).await
    }

    /// A wallet over these ports. Keys that nothing in the store needs, left by a step that was cut, are
    /// deleted, and copies whose keys are gone are dropped; so no second engine may work on the same ports
    /// at the same time.
    ///
    /// # Errors
    /// What the key store or the store says.
    pub async fn open_with(ports: Ports, settings: Settings) -> Result<Self, WalletError> {
        let Ports { keys, prompts, store, http, clock, rng, provider } = ports;
        let (collecting, refilling, rng) = (InWork::default(), InWork::default(), Mutex::new(rng));
        let lost = Vec::new();
        let mut wallet =
            Self { keys, prompts, store, http, provider, collecting, refilling, settings, lost, clock, rng };
        let in_custody = wallet.keys.list().await?;
        let dead = wallet.keys.invalidated().await?;
        let alive: Vec<_> = in_custody.iter().filter(|key| !dead.contains(key)).cloned().collect();
        wallet.lost = wallet.store.drop_keyless(&alive, wallet.now()).await?;
        wallet.forget_keyless_refills(&alive).await?;
        wallet.delete_keys(&wallet.unused_keys(&in_custody).await?).await?;
        Ok(wallet)
    }

    /// The copies that were dropped at opening because their keys are gone: the device destroyed them, or what is
    /// stored came from a backup that is older than their use.
    pub fn lost_copies(&self) -> &[LostCopies] {
        &self.lost
    }

    /// Trusts the certificate authority in `pem` as `kind`.
    ///
    /// # Errors
    /// [`WalletError::Anchor`] when it is no authority's certificate; what the store says. An anchor
    /// for TLS is checked by the network port that uses it.
    pub async fn trust_add(&self, kind: AnchorKind, pem: &str) -> Result<(), WalletError> {
        let anchor = AnchorRecord { kind, pem: pem.to_owned(), added_at: self.now() };
        add_anchor(&mut Anchors::new(), &anchor)?;
        Ok(self.store.add_anchor(&anchor).await?)
    }

    /// All credentials, oldest first.
    ///
    /// # Errors
    /// What the store says.
    pub async fn list(&self) -> Result<Vec<CredentialRecord>, WalletError> {
        Ok(self.store.credentials().await?)
    }

    /// One credential.
    ///
    /// # Errors
    /// [`crate::StoreError::NoSuchCredential`]; what the store says.
    pub async fn show(&self, id: &CredentialId) -> Result<CredentialRecord, WalletError> {
        Ok(self.store.credential(id).await?.ok_or(crate::ports::StoreError::NoSuchCredential)?)
    }

    /// Deletes a credential after a gesture of its holder: its keys first, so that a step that is cut
    /// leaves no usable copy. Its issuer is told then, or later where it cannot be reached.
    ///
    /// # Errors
    /// [`crate::StoreError::NoSuchCredential`], [`WalletError::Prompt`] before anything was deleted; what the
    /// key store or the store says.
    pub async fn delete(&self, id: &CredentialId) -> Result<(), WalletError> {
        let record = self.show(id).await?;
        self.prompts.presence(&Reason::Delete { credential: record.name.clone() }).await?;
        self.delete_keys(&self.store.keys_in_use(Some(id)).await?).await?;
        let entry = NewHistoryEntry {
            event: Event::Deleted,
            at: self.now(),
            items: vec![HistoryItem { claims: record.claim_names(), vct: record.vct }],
            counterpart: record.issuer_name,
            registered: true,
            outcome: Outcome::Done,
            receipt: None,
        };
        self.record_removal(id, entry).await?;
        // What resists is forgotten with the next refill.
        let _ = self.forget_empty_refills().await;
        // What does not reach the issuer is kept, and told later.
        let _ = self.tell_deleted().await;
        Ok(())
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    pub(crate) fn with_rng<T>(&self, draw: impl FnOnce(&mut dyn Rng) -> T) -> T {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        draw(&mut **rng)
    }

    /// Those of `keys` that nothing in the store needs.
    pub(crate) async fn unused_keys(&self, keys: &[KeyId]) -> Result<Vec<KeyId>, WalletError> {
        let records = self.store.named(NamedKind::Refill).await?;
        let refills: Vec<KeyId> =
            records.iter().filter_map(Refills::read).flat_map(|one| one.keys()).collect();
        let mut unused = self.store.unused_keys(keys).await?;
        unused.retain(|key| !refills.contains(key));
        Ok(unused)
    }

    /// Forgets refresh tokens whose keys are gone, as after a restored backup, and what cannot be read.
    async fn forget_keyless_refills(&self, in_custody: &[KeyId]) -> Result<(), WalletError> {
        for record in self.store.named(NamedKind::Refill).await? {
            let whole = |refills: Refills| refills.keys().iter().all(|key| in_custody.contains(key));
            if !Refills::read(&record).is_some_and(whole) {
                self.store.put_named(NamedKind::Refill, &record.name, None, None).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn delete_keys(&self, keys: &[KeyId]) -> Result<(), WalletError> {
        for key in keys {
            self.keys.delete(key).await?;
        }
        Ok(())
    }

    /// Drops the copies whose keys the device has destroyed, `dead` and those that it names, and those keys.
    pub(crate) async fn drop_dead(&self, dead: &KeyId) -> Result<(), WalletError> {
        let mut keys = self.keys.invalidated().await?;
        keys.push(dead.clone());
        self.store.drop_dead(&keys, self.now()).await?;
        let unused = self.store.unused_keys(&keys).await?;
        self.delete_keys(&unused).await
    }

    /// The anchors that vouch for issuers and verifiers.
    pub(crate) async fn anchors(&self) -> Result<Anchors, WalletError> {
        // Nobody is trusted by a wallet that is being given up.
        if self.store.leaving().await?.is_some() {
            return Err(crate::ports::StoreError::Leaving.into());
        }
        let mut anchors = Anchors::new();
        for kind in [AnchorKind::Issuer, AnchorKind::Verifier] {
            for anchor in self.store.anchors(kind).await? {
                add_anchor(&mut anchors, &anchor)?;
            }
        }
        Ok(anchors)
    }
}

pub(crate) fn add_anchor(anchors: &mut Anchors, anchor: &AnchorRecord) -> Result<(), WalletError> {
    let usages: &[Usage] = match anchor.kind {
        AnchorKind::Issuer => &[Usage::CredentialIssuer, Usage::Registrar],
        AnchorKind::Verifier => &[Usage::Verifier],
        AnchorKind::Tls => return Ok(()),
    };
    anchors.add_pem(&anchor.pem, usages).map_err(|_| WalletError::Anchor)
}
