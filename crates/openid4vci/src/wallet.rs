//! The wallet's side: from an offer's link to raw credentials.
//!
//! ```text
//! read_offer ─┬─ Fetch(OfferFetch) ── received ─┐
//!             └─ Seen(OfferSeen) ───────────────┴─ fetch_metadata ── MetadataFetch ── received
//!   ── ServerFetch ── received ── Ready ── redeem ── TokenDraft ── send
//!   ── TokenStep::{Sign(TokenSigning) ── signed, Send} ── TokenSent ── received
//!   ── TokenAnswer::{Again(TokenDraft), Authorized} ── next
//!   ── NextStep::{Nonce(NonceFetch) ── received, Proofs, Done} ── ProofDraft ── proofs
//!   ── ProofSigning ── signed ── CredentialDraft ── send
//!   ── CredentialStep::{Sign, Send} ── CredentialSent ── received
//!   ── CredentialAnswer::{Received, Again, NewNonce, Deferred} ── back to Authorized
//!
//! Authorized ── refresh_ticket ── RefreshTicket ── fetch_metadata ── RefreshMetadataFetch ── received
//!   ── RefreshServerFetch ── received ── Refreshable ── refresh ── back to TokenDraft
//!
//! DeferredTicket ── fetch_metadata ── DeferredMetadataFetch ── received ── DeferredDraft ── send
//!   ── DeferredStep::{Sign, Send} ── DeferredSent ── received ── DeferredAnswer
//! ```

mod credential;
mod deferred;
mod notify;
mod ready;
mod refresh;
mod refresh_ticket;
mod session;
mod token;

pub use credential::{
    AttestedStep, CredentialAnswer, CredentialDraft, CredentialSent, CredentialSigning, CredentialStep,
    Deferred, NextStep, NonceFetch, ProofDraft, ProofSigning, Received,
};
pub use deferred::{
    DeferredAnswer, DeferredDraft, DeferredMetadataFetch, DeferredSent, DeferredSigning, DeferredStep,
    DeferredTicket,
};
pub use notify::{NotificationSigning, NotificationStep, Notifier};
pub use ready::{
    MetadataFetch, MetadataTrust, OfferFetch, OfferSeen, OfferStep, Ready, ServerFetch, read_offer,
};
pub use refresh::{RefreshMetadataFetch, RefreshServerFetch, Refreshable};
pub use refresh_ticket::RefreshTicket;
pub use session::Offered;
pub use token::{Authorized, TokenAnswer, TokenDraft, TokenSent, TokenSigning, TokenStep};
