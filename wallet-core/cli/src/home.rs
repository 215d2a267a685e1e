//! The wallet's home folder: `H/wallet.vault`, `H/keys/`, `H/lock`.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

use inro_crypto::RustCrypto;
use inro_wallet_core::{AnchorKind, KeyStore, Ports, Prompts, Store as _, VaultStore, Wallet, WalletError};

use crate::error::CliError;
use crate::https::HttpsClient;
use crate::keys::FileKeys;
use crate::system::{SystemClock, SystemRng};

const VAULT: &str = "wallet.vault";
/// What versions before there were vaults kept everything in.
const EARLIER: &str = "wallet.sqlite";
/// A vault that is being erased.
const GONE: &str = "wallet.vault.gone";
const LOCK: &str = "lock";
const KEYS: &str = "keys";
/// What a first start may have left when it was cut, beside a key for its vault.
const BEGUN: [&str; 4] = [LOCK, "wallet.vault.new", "wallet.vault.new-wal", "wallet.vault.new-journal"];

/// An opened home: one process at a time.
pub(crate) struct Home {
    /// The engine over this folder.
    pub(crate) wallet: Wallet,
    // Held until the process is done.
    _lock: File,
}

impl Home {
    /// Opens the folder, which is a wallet's or empty, and makes it (mode 0700) where needed. The vault has mode 0600 in any
    /// folder, its side files too: SQLite gives them the mode of their database.
    ///
    /// # Errors
    /// [`CliError::NotAWallet`] before anything is written; [`CliError::Home`], [`CliError::InUse`], or
    /// what the store and the key store say.
    pub(crate) async fn open(folder: &Path, prompts: Arc<dyn Prompts>) -> Result<Self, CliError> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|_| CliError::Home)?;
        if ![VAULT, EARLIER, GONE].iter().any(|file| folder.join(file).exists()) {
            check_unused(folder)?;
        }
        let lock = lock(&folder.join(LOCK))?;
        keep_private(&folder.join(VAULT))?;
        let keys = FileKeys::open(folder.join(KEYS))?;
        let store = open_store(folder, &keys).await?;
        let tls = store.anchors(AnchorKind::Tls).await?;
        let wallet = Wallet::open(Ports {
            keys: Arc::new(keys),
            prompts,
            store: Arc::new(store),
            http: Arc::new(HttpsClient::new(&tls).map_err(|_| CliError::Certificate)?),
            clock: Arc::new(SystemClock),
            rng: Box::new(SystemRng),
            provider: Arc::new(RustCrypto),
        })
        .await?;
        Ok(Self { wallet, _lock: lock })
    }
}

/// Opens the vault of the home in `folder`, and makes it where there is none.
///
/// # Errors
/// What the store and `keys` say.
pub async fn open_store(folder: &Path, keys: &dyn KeyStore) -> Result<VaultStore, WalletError> {
    let (earlier, vault) = (folder.join(EARLIER), folder.join(VAULT));
    VaultStore::open_after(&earlier, &vault, keys, Box::new(SystemRng), Arc::new(RustCrypto)).await
}

/// Nothing but what a first start may have left when it was cut.
fn check_unused(folder: &Path) -> Result<(), CliError> {
    for entry in fs::read_dir(folder).map_err(|_| CliError::Home)? {
        let name = entry.map_err(|_| CliError::Home)?.file_name();
        let is_begun = match name == KEYS {
            // The keys of a wallet whose vault is gone are no beginning: to start anew would delete them.
            true => folder.join(LOCK).exists() && !FileKeys::has_pairs(&folder.join(KEYS))?,
            false => BEGUN.iter().any(|begun| name == *begun),
        };
        if !is_begun {
            return Err(CliError::NotAWallet);
        }
    }
    Ok(())
}

/// Takes the file, if it is there, from everybody but its owner.
fn keep_private(path: &Path) -> Result<(), CliError> {
    match fs::set_permissions(path, fs::Permissions::from_mode(0o600)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(CliError::Home),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn lock(path: &Path) -> Result<File, CliError> {
    let options = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    let file = options.map_err(|_| CliError::Home)?;
    // Two processes could otherwise take each other's new keys for orphans.
    file.try_lock().map_err(|_| CliError::InUse)?;
    Ok(file)
}
