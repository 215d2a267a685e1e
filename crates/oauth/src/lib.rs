//! What both sides of OAuth share: DPoP, forms, server nonces, error answers, server metadata.
//!
//! No I/O: requests are values, storage is the service's.

pub mod dpop;
pub mod error;
pub mod form;
pub mod metadata;
pub mod nonce;
pub mod token;
mod url_text;

pub use dpop::{DpopError, DpopProof, UnverifiedDpop};
pub use error::{ErrorAnswer, ErrorCode, ErrorSeen};
pub use metadata::{MetadataError, ServerMetadata};
pub use nonce::{FreshNonce, NonceError, NonceKey, Purpose};
pub use token::{TokenResponse, TokenResponseError, TokenType};
pub use url_text::{HttpsUrl, UrlError};
