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
//! ```

mod credential;
mod ready;
mod session;
mod token;

pub use credential::{
    CredentialAnswer, CredentialDraft, CredentialSent, CredentialSigning, CredentialStep, Deferred, NextStep,
    NonceFetch, ProofDraft, ProofSigning, Received,
};
pub use ready::{
    MetadataFetch, MetadataTrust, OfferFetch, OfferSeen, OfferStep, Ready, ServerFetch, read_offer,
};
pub use session::Offered;
pub use token::{Authorized, TokenAnswer, TokenDraft, TokenSent, TokenSigning, TokenStep};
