//! The use cases that move history and settings to another phone. Credentials and keys stay: new ones come from their issuers.

use inro_base::{Secret, UnixTime, base64url};
use inro_evidence::{Digest, UnverifiedChain};
use serde::{Deserialize, Serialize};

use crate::error::WalletError;
use crate::records::{AnchorKind, AnchorRecord};
use crate::transfer_file::{Cost, TransferError, TransferFile, seal};
use crate::wallet::Wallet;

#[derive(Serialize, Deserialize)]
struct Content {
    anchors: Vec<Anchor>,
    /// Bundles of evidence, base64url, the chain that went on last.
    history: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Anchor {
    kind: String,
    pem: String,
    added_at: UnixTime,
}

impl Wallet {
    /// History and trust anchors in a file that `passphrase` opens, after a gesture of the holder. No credential and no key is
    /// in it.
    ///
    /// # Errors
    /// [`WalletError::Prompt`]; [`TransferError`] where there is too much for a file; what the store says.
    pub async fn export_transfer(
        &self,
        passphrase: &Secret<String>,
        cost: Cost,
    ) -> Result<Vec<u8>, WalletError> {
        let bundles = self.export_history().await?;
        let mut anchors = Vec::new();
        for kind in KINDS {
            let of_kind = self.store.anchors(kind).await?.into_iter();
            let anchor = |anchor: AnchorRecord| Anchor {
                kind: kind.as_str().to_owned(),
                pem: anchor.pem,
                added_at: anchor.added_at,
            };
            anchors.extend(of_kind.map(anchor));
        }
        let history = bundles.iter().map(|bundle| base64url::encode(bundle)).collect();
        let content =
            serde_json::to_vec(&Content { anchors, history }).map_err(|_| TransferError::Malformed)?;
        Ok(self.with_rng(|rng| seal(&content, passphrase, cost, rng, &*self.provider))?)
    }

    /// Takes over what [`Wallet::export_transfer`] wrote, into a wallet without credentials and history: all of it or
    /// nothing. The chains of receipts are checked, kept, and exported with the new phone's own, which says after which record it began.
    ///
    /// # Errors
    /// [`TransferError`]; a fault of the evidence; [`WalletError::Anchor`]. Nothing was changed then.
    pub async fn import_transfer(&self, file: &[u8], passphrase: &Secret<String>) -> Result<(), WalletError> {
        let file = TransferFile::parse(file)?;
        let is_used = !self.store.briefs().await?.is_empty()
            || !self.store.pending().await?.is_empty()
            || !self.store.history(1).await?.is_empty()
            || !self.store.moved_history().await?.is_empty();
        if is_used {
            return Err(TransferError::Used.into());
        }
        let content = file.open(passphrase, &*self.provider)?;
        let content: Content =
            serde_json::from_slice(content.expose()).map_err(|_| TransferError::Malformed)?;
        let mut anchors = Vec::new();
        for Anchor { kind, pem, added_at } in content.anchors {
            let kind =
                KINDS.into_iter().find(|known| known.as_str() == kind).ok_or(TransferError::Malformed)?;
            let anchor = AnchorRecord { kind, pem, added_at };
            crate::wallet::add_anchor(&mut inro_trust::Anchors::new(), &anchor)?;
            anchors.push(anchor);
        }
        let mut bundles = Vec::new();
        for text in &content.history {
            let bundle = base64url::decode(text).map_err(|_| TransferError::Malformed)?;
            last_of(&bundle, &*self.provider)?;
            bundles.push(bundle);
        }
        Ok(self.store.move_in(&anchors, &bundles).await?)
    }

    /// After which record of another phone the own chain begins.
    pub(crate) async fn moved_end(&self) -> Result<Option<Digest>, WalletError> {
        let bundles = self.store.moved_history().await?;
        bundles.last().map(|bundle| last_of(bundle, &*self.provider)).transpose()
    }
}

const KINDS: [AnchorKind; 3] = [AnchorKind::Issuer, AnchorKind::Verifier, AnchorKind::Tls];

fn last_of(bundle: &[u8], provider: &dyn inro_crypto::Provider) -> Result<Digest, WalletError> {
    let chain = UnverifiedChain::parse(bundle).and_then(|chain| chain.verify(provider));
    Ok(chain.map_err(|_| TransferError::Malformed)?.last())
}
