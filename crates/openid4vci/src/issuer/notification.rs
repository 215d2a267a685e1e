//! The notification endpoint's request. Source: OpenID4VCI 1.0 §11.

use inro_base::json::{self, JsonError, Limits};
use inro_base::{Code, Coded};
use inro_crypto::Provider;
use serde_json::Value;

use super::error::CredentialError;
use super::wire::WireError;
use crate::error::CredentialErrorCode;
use crate::notification::NotificationEvent;

/// The longest notification that we read, in bytes, and its depth.
pub const NOTIFICATION_LIMITS: Limits = Limits { bytes: 16 * 1024, depth: 4 };
/// The longest notification id that we look at, in bytes; ours are shorter.
const MAX_ID_BYTES: usize = 1024;

/// A notification that was read. The service still has to look its id up among those of the access
/// token.
#[derive(Debug)]
#[must_use]
pub struct CheckedNotification {
    /// SHA-256 of the notification id: what a store of them keeps.
    pub id_digest: [u8; 32],
    /// What became of the credentials.
    pub event: NotificationEvent,
}

/// Why a notification was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotificationError {
    /// The access token or its proof.
    #[error(transparent)]
    Access(#[from] CredentialError),
    /// The body is no bounded JSON object.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A member is absent, of another type, or has a value that the text does not know.
    #[error("a malformed notification")]
    Malformed,
    /// The id was not issued here to this token.
    #[error("an unknown notification id")]
    Unknown,
}

impl Coded for NotificationError {
    fn code(&self) -> Code {
        match self {
            Self::Access(error) => error.code(),
            Self::Json(error) => error.code(),
            Self::Malformed => const { Code::new("INRO-VCI-080") },
            Self::Unknown => const { Code::new("INRO-VCI-081") },
        }
    }
}

impl NotificationError {
    /// The protocol's name for it. Source: OpenID4VCI 1.0 §11.3.
    pub const fn wire(&self) -> WireError {
        match self {
            Self::Access(error) => error.wire(),
            Self::Json(_) | Self::Malformed => {
                WireError::Credential(CredentialErrorCode::InvalidNotificationRequest)
            }
            Self::Unknown => WireError::Credential(CredentialErrorCode::InvalidNotificationId),
        }
    }
}

impl CheckedNotification {
    /// Checks the body of a notification. The description is read and forgotten: it is a stranger's.
    ///
    /// # Errors
    /// [`NotificationError`] names the first check that failed.
    ///
    /// Source: OpenID4VCI 1.0 §11.1.
    pub fn check(body: &[u8], provider: &dyn Provider) -> Result<Self, NotificationError> {
        let object = json::parse_object(body, NOTIFICATION_LIMITS)?;
        let text = |name: &str| object.get(name).and_then(Value::as_str).ok_or(NotificationError::Malformed);
        let id = text("notification_id")?;
        let event = NotificationEvent::parse(text("event")?).ok_or(NotificationError::Malformed)?;
        let described = !object.contains_key("event_description") || is_plain(text("event_description")?);
        if id.is_empty() || id.len() > MAX_ID_BYTES || !described {
            return Err(NotificationError::Malformed);
        }
        Ok(Self { id_digest: provider.sha256(id.as_bytes()), event })
    }
}

/// The characters that OpenID4VCI 1.0 §11.1 allows in a description.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e'))
}
