//! The end of a vault. Its file is put aside under another name first, in one step: whatever is found there is erased, never
//! opened. Then the keys go, the one that opens it last, and then the file: without that key it is noise.

use std::path::{Path, PathBuf};

use super::file::{Closed, beside, failed, remove, settle};
use crate::error::WalletError;
use crate::keys::KeyStore;
use crate::ports::StoreError;

/// Behind the name of a vault that is being erased.
const ASIDE: &str = ".gone";

/// Puts the closed vault at `path` aside.
pub(crate) fn put_aside(path: &Path) -> Result<(), StoreError> {
    // Not while somebody has it open; a damaged one is put aside as well.
    if matches!(Closed::read(path), Err(StoreError::InUse)) {
        return Err(StoreError::InUse);
    }
    std::fs::rename(path, aside(path)).map_err(failed)?;
    settle(path)
}

/// Carries on erasing what was put aside from `path`, if anything was: every key that `keys` has.
pub(crate) async fn erase(path: &Path, keys: &dyn KeyStore) -> Result<(), WalletError> {
    let aside = aside(path);
    if !aside.exists() {
        return Ok(());
    }
    // One that cannot be read names no key; then no order is needed.
    let own = Closed::read(&aside).ok().map(|closed| closed.data_key().wrapping_key.clone());
    for key in keys.list().await? {
        if Some(&key) != own.as_ref() {
            keys.delete(&key).await?;
        }
    }
    if let Some(own) = own {
        keys.delete(&own).await?;
    }
    Ok(remove_aside(path)?)
}

/// Removes what was put aside from `path`, and what stands beside both.
pub(crate) fn remove_aside(path: &Path) -> Result<(), StoreError> {
    for file in [path.to_owned(), aside(path)] {
        for suffix in ["-wal", "-journal"] {
            remove(&beside(&file, suffix))?;
        }
    }
    remove(&aside(path))?;
    settle(path)
}

fn aside(path: &Path) -> PathBuf {
    beside(path, ASIDE)
}
