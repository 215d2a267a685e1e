//! The deferred credential endpoint's request. Source: OpenID4VCI 1.0 §9.1.

use inro_base::json::Limits;
use inro_crypto::Provider;
use serde_json::Value;

use super::encryption::{self, IssuerEncryption, ReplyTo, RequestBody};
use super::error::CredentialError;

/// The longest deferred credential request that we read, in bytes, and its depth.
pub const DEFERRED_LIMITS: Limits = Limits { bytes: 16 * 1024, depth: 4 };
/// The longest transaction id that we look at, in bytes; ours are shorter.
const MAX_ID_BYTES: usize = 1024;

/// A deferred credential request that was read. The service still has to look the transaction up
/// among those of the access token.
#[derive(Debug)]
#[must_use]
pub struct CheckedDeferredRequest {
    /// The transaction, to be sent back while it waits.
    pub transaction_id: String,
    /// SHA-256 of it: what a store of transactions keeps.
    pub transaction_digest: [u8; 32],
    /// To whom the answer is encrypted: what this request says counts, not what the first one said.
    pub reply: Option<ReplyTo>,
}

impl CheckedDeferredRequest {
    /// Checks the body of a deferred credential request.
    ///
    /// # Errors
    /// [`CredentialError`] names the first check that failed.
    ///
    /// Source: OpenID4VCI 1.0 §9.1.
    pub fn check(
        body: RequestBody<'_>,
        encryption: Option<&IssuerEncryption>,
        provider: &dyn Provider,
    ) -> Result<Self, CredentialError> {
        let opened = encryption::open(body, encryption, DEFERRED_LIMITS, provider)?;
        let id = opened.members.get("transaction_id").and_then(Value::as_str);
        let id = id.filter(|id| id.len() <= MAX_ID_BYTES).ok_or(CredentialError::Malformed)?;
        Ok(Self {
            transaction_id: id.to_owned(),
            transaction_digest: provider.sha256(id.as_bytes()),
            reply: opened.reply,
        })
    }
}
