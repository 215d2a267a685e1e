//! What a wallet tells the issuer of what became of credentials. Source: OpenID4VCI 1.0 §11.

use serde_json::{Value, json};

/// What became of the credentials of one answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotificationEvent {
    /// They were stored.
    Accepted,
    /// They were not, for any reason but the holder's own act.
    Failure,
    /// They were not, because the holder did not want them.
    Deleted,
}

impl NotificationEvent {
    /// Every event.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Failure, Self::Deleted];

    /// The event as it stands on the wire. Source: OpenID4VCI 1.0 §11.1.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "credential_accepted",
            Self::Failure => "credential_failure",
            Self::Deleted => "credential_deleted",
        }
    }

    /// The event of this text; case counts.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == text)
    }
}

/// The JSON body of a notification.
pub fn notification_request(notification_id: &str, event: NotificationEvent) -> Value {
    json!({ "notification_id": notification_id, "event": event.as_str() })
}
