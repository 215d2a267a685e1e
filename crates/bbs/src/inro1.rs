//! The credential profile BBS-MOD-INRO1: blind issuance on the holder's secret, presentations that commit to
//! messages, and sub-proofs about what they commit to.
//!
//! Source: docs/specs/bbs-mod-inro1.md.

mod equality;
mod issue;
mod layout;
mod nym;
mod parameters;
mod present;
mod range;
mod session;

pub use issue::{CheckedRequest, Issuer, Occasion, Request};
pub use layout::Layout;
pub use parameters::{Message, TypeParameters};
pub use present::{
    Claim, Commitment, Credential, Disclosure, MAX_COMMITTED, Opened, Presented, Shown, SubProof, Verifier,
};
pub use range::Bounds;
