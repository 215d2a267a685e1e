//! Token Status List: whether an issuer still stands by what it issued.
//!
//! - Issuer: [`StatusArray`] → [`StatusListToken`] → JWT or CWT, to be signed.
//! - Verifier: [`UnverifiedStatusList`] → [`VerifiedStatusList`] → [`Status`]. Fetching is an effect
//!   ([`request`]); how long a list may be used is in [`VerifiedStatusList::freshness`].
//!
//! A verifier fetches whole lists, so an issuer learns nothing of a single presentation. A list that
//! could not be had says nothing: the status is then undetermined, never invalid.
//!
//! Source: draft-ietf-oauth-status-list, -20 or newer.

mod array;
mod error;
mod fetch;
mod list;
mod reference;
mod token;

pub use array::{Bits, MAX_ARRAY_BYTES, Status, StatusArray};
pub use error::StatusError;
pub use fetch::{CWT_MEDIA_TYPE, JWT_MEDIA_TYPE, ListForms, MAX_TOKEN_BYTES, request};
pub use list::{CLOCK_SKEW, Expected, Freshness, UnverifiedStatusList, VerifiedStatusList};
pub use reference::StatusReference;
pub use token::StatusListToken;
