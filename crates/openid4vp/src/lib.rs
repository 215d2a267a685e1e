//! OpenID4VP 1.0 as typed state machines without I/O, for both sides.
//!
//! - [`wallet`]: [`wallet::RequestLink`] → [`wallet::UnverifiedRequest`] →
//!   [`wallet::VerifiedRequest`] → [`wallet::Reviewing`] → [`wallet::Signing`] →
//!   [`wallet::Sending`] → [`wallet::Sent`]. Nothing leaves before `Reviewing` was approved.
//! - [`verifier`]: [`verifier::NewPresentation`] → [`verifier::AwaitingResponse`] →
//!   [`verifier::ReceivedResponse`] → [`verifier::VerifiedPresentation`], which alone has claims.
//!
//! The version that counts is OpenID4VP 1.0 Final, with signed requests by reference, encrypted or
//! not, the client identifier prefixes `x509_san_dns` and `x509_hash`, the response modes `direct_post` and
//! `direct_post.jwt`, transaction data of one type, and the format `dc+sd-jwt`.

mod client_id;
pub mod form;
mod formats;
pub mod profile;
mod purpose;
pub mod transaction_data;
pub mod verifier;
pub mod wallet;
mod web;

pub use client_id::{ClientId, ClientIdKind, UnknownClientId};
pub use purpose::Purpose;
