//! The verifier's side of a presentation.

mod error;
mod request;
mod response;

pub use error::ResponseError;
pub use request::{AwaitingResponse, NewPresentation, QUERY_LIMITS};
pub use response::{Acceptance, ReceivedResponse, VerifiedCredential, VerifiedPresentation};
