//! The wallet's side of a presentation.

mod asked;
mod coverage;
mod encryption;
mod error;
mod identity;
mod link;
mod metadata;
mod reply;
mod request;
mod review;
mod transaction;
mod unsealing;

pub use coverage::OverAsked;
pub use error::RequestError;
pub use identity::{StatedPurpose, VerifierIdentity};
pub use link::{AwaitingRequest, RequestLink};
pub use reply::Refusal;
pub use request::{RequestDigests, UnverifiedRequest, VerifiedRequest};
pub use review::{Chosen, Reviewing, Sending, Sent, Signing};
