//! What tells an issuer, later, that a credential was deleted.

use inro_base::Secret;

use crate::keys::KeyId;
use crate::records::CredentialId;

/// Names one notice in the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NoticeId(pub i64);

/// What is kept of one issuance, so that its issuer can be told when the credential is deleted.
#[derive(Debug)]
pub struct NewNotice {
    /// Which credential came with it.
    pub credential: CredentialId,
    /// Where and with which token the issuer is told; it holds an access token.
    pub notifier: Secret<Vec<u8>>,
    /// The key that the token is bound to.
    pub dpop_key: KeyId,
    /// What the issuer calls that issuance.
    pub notification_id: String,
}

/// A stored notice.
#[derive(Debug)]
pub struct Notice {
    /// Names it.
    pub id: NoticeId,
    /// Whether the credential was deleted, and its issuer has yet to hear of it.
    pub due: bool,
    /// What was stored.
    pub of: NewNotice,
}
