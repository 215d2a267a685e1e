//! The phone's engine: receive, review, present, history.
//!
//! Five ports stand between it and the device: [`KeyStore`], [`Prompts`], [`Store`], [`Http`] and
//! `inro_base::Clock`. It is async without a runtime: a port's future is all that it waits for.
//!
//! [`Wallet::receive`] goes from an offer to checked copies, one key each; [`Wallet::collect`] asks for
//! what the issuer deferred, and [`Wallet::refill`] for new copies. [`Wallet::review`] gives
//! what a verifier asks for; nothing leaves before [`Wallet::approve`] was called with a [`Choice`].

mod boxed;
mod choice;
mod collect;
mod consent;
mod error;
mod history;
mod in_work;
mod incoming;
mod issued;
mod keys;
mod leaving;
mod linkability;
mod matching;
mod notices;
mod ports;
mod present;
mod prompts;
mod receive;
mod records;
mod refill;
mod refills;
mod review;
mod standing;
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
pub use choice::{Answer, Choice, Switch, SwitchedOff};
pub use collect::Collected;
pub use consent::Consent;
pub use error::WalletError;
pub use keys::{
    Assurance, AttestedLevels, CreatedKey, Custody, Gesture, Hardware, KeyAttester, KeyId, KeyPolicy,
    KeyRequest, KeyStore, KeyStoreError, Presence, Purpose, WrappingKey,
};
pub use leaving::{Farewell, Unenrolment};
pub use linkability::Finding;
pub use notices::{NewNotice, Notice, NoticeId};
pub use ports::{Http, HttpError, Store, StoreError};
pub use present::Reviewing;
pub use prompts::{PromptError, Prompts, Reason};
pub use receive::Receipt;
pub use records::{
    AnchorKind, AnchorRecord, ChainEnd, ClaimLabel, ConsentId, Copy, CopyId, CredentialBrief, CredentialId,
    CredentialRecord, Erase, Event, HistoryEntry, HistoryId, HistoryItem, Localized, LostCopies, NamedKind,
    NamedRecord, NewCopy, NewCredential, NewHistoryEntry, NewPending, NewReceipt, Outcome, Pending,
    PendingEnd, PendingId, PendingRecord, RequestDigest,
};
pub use refill::Refilled;
pub use refills::RefillWhen;
pub use review::{
    Asked, AskedClaim, Asker, Group, GroupOption, Review, ReviewPurpose, ReviewTransaction, ShownBefore,
    Standing, Way,
};
pub use store::VaultStore;
pub use transfer_file::{Cost, TransferError, TransferFile};
pub use wallet::{Ports, Settings, Wallet};
