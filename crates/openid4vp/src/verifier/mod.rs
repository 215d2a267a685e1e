//! The verifier's side of a presentation.

mod authority;
mod encryption;
mod error;
mod fetch;
mod minimal;
mod request;
mod response;
mod sealing;
mod transaction;

pub use error::ResponseError;
pub use fetch::RequestFetch;
pub use request::{AwaitingResponse, NewPresentation, QUERY_LIMITS};
pub use response::{
    Acceptance, MAX_PRESENTATIONS, ReceivedResponse, VerifiedCredential, VerifiedPresentation,
};
pub use sealing::RequestToSign;
pub use transaction::Authorized;
