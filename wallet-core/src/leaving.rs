//! The use cases `unenrol` and `wipe`, and telling issuers what was deleted.
//!
//! The order is what makes a cut harmless: the wish is written down first, issuers are told, then the vault is
//! put aside in one step, from where on only erasing goes on (docs/adr/0024-leaving.md).

use inro_openid4vci::NotificationEvent;
use inro_openid4vci::wallet::{NotificationStep, Notifier};

use crate::error::WalletError;
use crate::keys::KeyStoreError;
use crate::notices::Notice;
use crate::prompts::Reason;
use crate::wallet::Wallet;

/// How often a notice is sent: once more with the server's DPoP nonce.
const ROUNDS: usize = 2;

/// Whether issuers are waited for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Farewell {
    /// Until each was told. While one cannot be reached, the wallet stays as it is, and does nothing else.
    Told,
    /// Each is tried once.
    Now,
}

/// How giving the wallet up stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unenrolment {
    /// Nothing is left: neither keys nor data.
    Erased,
    /// So many notices have not reached their issuers. [`Wallet::unenrol`] goes on.
    Waiting {
        /// How many.
        notices: usize,
    },
}

impl Wallet {
    /// Gives the wallet up, after a gesture of the holder: issuers are told that their credentials are
    /// deleted, then every key is deleted, the one that opens the vault last, then the vault. Called again it goes on,
    /// without another gesture.
    ///
    /// # Errors
    /// [`WalletError::Prompt`] before anything was done; what the key store or the store says. What was
    /// begun is carried on by another call, or when the vault is opened.
    pub async fn unenrol(&self, farewell: Farewell) -> Result<Unenrolment, WalletError> {
        if !self.is_leaving().await? {
            self.prompts.presence(&Reason::Unenrol).await?;
            self.store.leave(self.now()).await?;
        }
        let notices = self.tell_deleted().await?;
        if notices > 0 && farewell == Farewell::Told {
            return Ok(Unenrolment::Waiting { notices });
        }
        self.wipe().await?;
        Ok(Unenrolment::Erased)
    }

    /// Whether the wallet is being given up: [`Wallet::unenrol`] comes before anything else then, and the rest is refused
    /// with [`crate::StoreError::Leaving`].
    ///
    /// # Errors
    /// What the store says.
    pub async fn is_leaving(&self) -> Result<bool, WalletError> {
        Ok(self.store.leaving().await?.is_some())
    }

    /// Erases everything at once, and asks and tells nobody: for an app's policy, such as too many wrong
    /// attempts. [`crate::VaultStore::wipe`] does the same to a locked wallet.
    ///
    /// # Errors
    /// What the key store or the store says; opening the vault carries it on.
    pub async fn wipe(&self) -> Result<(), WalletError> {
        let own = self.store.retire().await?;
        for key in self.keys.list().await? {
            if Some(&key) != own.as_ref() {
                self.keys.delete(&key).await?;
            }
        }
        if let Some(own) = own {
            self.keys.delete(&own).await?;
        }
        Ok(self.store.remove().await?)
    }

    /// Forgets the key that opens the vault: from here on every call answers
    /// [`crate::StoreError::Locked`]. To unlock is to open the vault and the wallet anew.
    ///
    /// # Errors
    /// What the store says.
    pub async fn lock(&self) -> Result<(), WalletError> {
        Ok(self.store.close().await?)
    }

    /// Tells issuers which credentials were deleted, as far as they have not heard. An issuer that refuses has heard.
    /// The answer is how many notices are left.
    ///
    /// # Errors
    /// What the store says, or a key store that does not answer.
    ///
    /// Source: OpenID4VCI 1.0 §11.
    pub async fn tell_deleted(&self) -> Result<usize, WalletError> {
        let mut left = 0;
        for notice in self.store.notices().await? {
            if !notice.due {
                continue;
            }
            if self.deliver_notice(&notice).await? {
                self.store.end_notice(notice.id).await?;
            } else {
                left += 1;
            }
        }
        // Keys that resist are deleted when the wallet opens again.
        let _ = self.delete_unused(&self.keys.list().await?).await;
        Ok(left)
    }

    /// Whether nothing more is to be done for a notice: the issuer has answered, or never can be told.
    async fn deliver_notice(&self, notice: &Notice) -> Result<bool, WalletError> {
        let Ok(mut notifier) = Notifier::from_secret(&notice.of.notifier) else { return Ok(true) };
        for _ in 0..ROUNDS {
            let (id, event) = (&notice.of.notification_id, NotificationEvent::Deleted);
            let step = self.with_rng(|rng| notifier.send(id, event, self.now(), rng, &*self.provider));
            let request = match step {
                NotificationStep::Send(request) => request,
                NotificationStep::Sign(signing) => {
                    match self.keys.sign(&notice.of.dpop_key, signing.signing_input()).await {
                        Ok(signature) => signing.signed(&signature),
                        Err(KeyStoreError::NoSuchKey | KeyStoreError::Invalidated) => return Ok(true),
                        Err(error) => return Err(error.into()),
                    }
                }
            };
            let Ok(response) = self.http.send(request).await else { return Ok(false) };
            if !notifier.received(&response) {
                return Ok(response.status < 500 && response.status != 429);
            }
        }
        Ok(true)
    }
}
