//! Signed receipts in a hash chain: what happened, told so that it can be checked offline and for years.
//!
//! A [`Head`] is where a chain ends; it signs the next record. A bundle is read as an [`UnverifiedChain`], and only a
//! [`VerifiedChain`] hands out what happened. The form is `docs/specs/evidence.md`. What a chain does not prove stands
//! there, too: its owner can cut its end or begin another.

mod bundle;
mod chain;
mod claims;
mod digest;
mod error;
mod event;
mod head;

pub use bundle::{MAX_BUNDLE, write_bundle};
pub use chain::{Content, Record, UnverifiedChain, VerifiedChain, What};
pub use digest::{ChainId, Digest};
pub use error::{EvidenceError, Fault};
pub use event::{Attached, Attachment, Event, MAX_ATTACHMENT, MAX_ATTACHMENTS, Told};
pub use head::{Head, MAX_RECORDS, Receipt, ReceiptToSign};
