//! The phone's engine: receive, review, present, history.
//!
//! Four ports stand between it and the device: [`KeyStore`], [`Store`], [`Http`] and
//! `inro_base::Clock`. It is async without a runtime.

mod ports;
mod records;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use ports::{Boxed, CreatedKey, Http, HttpError, KeyStore, KeyStoreError, Store, StoreError};
pub use records::{
    AnchorKind, AnchorRecord, Copy, CopyId, CredentialId, CredentialRecord, Event, HistoryEntry, HistoryId,
    HistoryItem, KeyId, Localized, NewCopy, NewCredential, NewHistoryEntry, Outcome, RequestDigest,
};
pub use store::SqliteStore;
