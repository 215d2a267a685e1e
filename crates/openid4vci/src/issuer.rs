//! The issuer's side: what a wallet sends, checked. Storage is the service's: each checked value
//! carries what the service still has to look up or to remember as used.

mod credential;
mod token;
mod wire;

pub use credential::{
    Access, CheckedAccess, CheckedCredentialRequest, CredentialError, Granting, REQUEST_LIMITS,
};
pub use token::{CheckedTokenRequest, TokenEndpoint, TokenError};
pub use wire::WireError;
