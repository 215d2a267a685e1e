//! The verifier as a library, without a web framework and without a database.
//!
//! A relying system keeps a [`Verifier`], a [`PresentationStore`] and its trust anchors, and gives
//! each HTTP request to one call:
//!
//! | when | call |
//! |---|---|
//! | it wants to know something | [`Verifier::start`], then show the link |
//! | a wallet fetches `/openid4vp/requests/{handle}` | [`Verifier::request_object`] |
//! | a wallet posts to `/openid4vp/responses/{handle}` | [`Verifier::receive`] |
//! | it wants the result | [`Verifier::result`] |

mod error;
mod policy;
mod record;
mod store;
pub mod store_contract;
mod verifier;

pub use error::VerifierError;
pub use policy::{
    AcceptanceRules, BUILT_IN_POLICIES, MAX_POLICY_BYTES, OnUndetermined, Policy, PolicyError, is_policy_name,
};
pub use record::{
    CredentialStatus, PresentationRecord, PresentationResult, ResultCredential, ResultError, Status,
};
pub use store::{MAX_PRESENTATIONS, MemoryStore, PresentationStore, StoreError, Stored};
pub use verifier::{
    Ask, Posted, REQUEST_LIFETIME, REQUEST_PATH, RESPONSE_PATH, RESULT_LIFETIME, Started, Taken, Verifier, VerifierConfig,
    read_query,
};
