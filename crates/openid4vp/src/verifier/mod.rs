//! The verifier's side of a presentation.

mod error;
mod minimal;
mod request;
mod response;

pub use error::ResponseError;
pub use request::{AwaitingResponse, NewPresentation, QUERY_LIMITS};
pub use response::{
    Acceptance, MAX_PRESENTATIONS, ReceivedResponse, VerifiedCredential, VerifiedPresentation,
};
