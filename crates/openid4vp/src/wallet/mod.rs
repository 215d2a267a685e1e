//! The wallet's side of a presentation.

mod coverage;
mod error;
mod identity;
mod link;
mod reply;
mod request;
mod review;

pub use coverage::OverAsked;
pub use error::RequestError;
pub use identity::{StatedPurpose, VerifierIdentity};
pub use link::{AwaitingRequest, RequestLink};
pub use reply::Refusal;
pub use request::{UnverifiedRequest, VerifiedRequest};
pub use review::{Chosen, Reviewing, Sending, Sent, Signing};
