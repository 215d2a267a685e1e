//! The issuer's side: what a wallet sends, checked. Storage is the service's: each checked value
//! carries what the service still has to look up or to remember as used.

mod credential;
mod deferred;
mod encryption;
mod error;
mod notification;
mod token;
mod wire;

pub use credential::{Access, CheckedAccess, CheckedCredentialRequest, Granting, REQUEST_LIMITS};
pub use deferred::{CheckedDeferredRequest, DEFERRED_LIMITS};
pub use encryption::{IssuerEncryption, ReplyTo, RequestBody, longest_encrypted};
pub use error::{CredentialError, EncryptionError};
pub use notification::{CheckedNotification, NOTIFICATION_LIMITS, NotificationError};
pub use token::{CheckedTokenRequest, TokenEndpoint, TokenError, TokenGrant};
pub use wire::WireError;
