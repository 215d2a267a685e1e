//! The wallet's home folder: `H/wallet.sqlite`, `H/keys/`, `H/lock`.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

use inro_crypto::RustCrypto;
use inro_wallet_core::{AnchorKind, Ports, Prompts, SqliteStore, Store as _, Wallet};

use crate::error::CliError;
use crate::https::HttpsClient;
use crate::keys::FileKeys;
use crate::system::{SystemClock, SystemRng};

const DATABASE: &str = "wallet.sqlite";
const LOCK: &str = "lock";

/// An opened home: one process at a time.
pub(crate) struct Home {
    /// The engine over this folder.
    pub(crate) wallet: Wallet,
    // Held until the process is done.
    _lock: File,
}

impl Home {
    /// Opens the folder, which is a wallet's or empty, and makes it (mode 0700) where needed. The database has mode 0600 in any
    /// folder, its side files too: SQLite gives them the mode of their database.
    ///
    /// # Errors
    /// [`CliError::NotAWallet`] before anything is written; [`CliError::Home`], [`CliError::InUse`], or
    /// what the store and the key store say.
    pub(crate) async fn open(folder: &Path, prompts: Arc<dyn Prompts>) -> Result<Self, CliError> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|_| CliError::Home)?;
        let database = folder.join(DATABASE);
        if !database.exists() {
            check_unused(folder)?;
        }
        let lock = lock(&folder.join(LOCK))?;
        keep_private(&database)?;
        let store = SqliteStore::open(&database)?;
        let tls = store.anchors(AnchorKind::Tls).await?;
        let wallet = Wallet::open(Ports {
            keys: Arc::new(FileKeys::open(folder.join("keys"))?),
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

/// Nothing but what a first start may have left when it was cut.
fn check_unused(folder: &Path) -> Result<(), CliError> {
    for entry in fs::read_dir(folder).map_err(|_| CliError::Home)? {
        if entry.map_err(|_| CliError::Home)?.file_name() != LOCK {
            return Err(CliError::NotAWallet);
        }
    }
    Ok(())
}

/// Makes the file where needed, and takes it from everybody but its owner.
fn keep_private(path: &Path) -> Result<(), CliError> {
    let options = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    let file = options.map_err(|_| CliError::Home)?;
    file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(|_| CliError::Home)
}

fn lock(path: &Path) -> Result<File, CliError> {
    let options = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    let file = options.map_err(|_| CliError::Home)?;
    // Two processes could otherwise take each other's new keys for orphans.
    file.try_lock().map_err(|_| CliError::InUse)?;
    Ok(file)
}
