//! The phone's engine: receive, review, present, history.
//!
//! Five ports stand between it and the device: [`KeyStore`], [`Prompts`], [`Store`], [`Http`] and
//! `inro_base::Clock`. It is async without a runtime: a port's future is all that it waits for.
//!
//! [`Wallet::receive`] goes from an offer to checked copies, one key each; [`Wallet::collect`] asks for
//! what the issuer deferred. [`Wallet::review`] gives
//! what a verifier asks for; nothing leaves before [`Wallet::approve`] was called with a [`Choice`].

mod boxed;
mod collect;
mod error;
mod history;
mod in_work;
mod incoming;
mod issued;
mod keys;
mod leaving;
mod matching;
mod notices;
mod ports;
mod present;
mod prompts;
mod receive;
mod records;
mod review;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod ticket;
mod transfer;
mod transfer_file;
mod vault;
mod wallet;

pub use boxed::Boxed;
pub use collect::Collected;
pub use error::WalletError;
pub use keys::{
    Assurance, AttestedLevels, CreatedKey, Custody, Gesture, Hardware, KeyAttester, KeyId, KeyPolicy,
    KeyRequest, KeyStore, KeyStoreError, Presence, Purpose, WrappingKey,
};
pub use leaving::{Farewell, Unenrolment};
pub use notices::{NewNotice, Notice, NoticeId};
pub use ports::{Http, HttpError, Store, StoreError};
pub use present::Reviewing;
pub use prompts::{PromptError, Prompts, Reason};
pub use receive::Receipt;
pub use records::{
    AnchorKind, AnchorRecord, ChainEnd, ClaimLabel, Copy, CopyId, CredentialBrief, CredentialId,
    CredentialRecord, Erase, Event, HistoryEntry, HistoryId, HistoryItem, Localized, LostCopies, NewCopy,
    NewCredential, NewHistoryEntry, NewPending, NewReceipt, Outcome, Pending, PendingEnd, PendingId,
    PendingRecord, RequestDigest,
};
pub use review::{
    Asked, AskedClaim, Asker, Choice, Group, GroupOption, Review, ReviewPurpose, ReviewTransaction,
};
pub use store::VaultStore;
pub use transfer_file::{Cost, TransferError, TransferFile};
pub use wallet::{Ports, Wallet};
