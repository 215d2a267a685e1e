use inro_crypto::PublicKey;

use crate::certificate::UntrustedCertificate;
use crate::{TrustError, Usage};

/// A public key that an anchor vouches for, with what it may be used for.
///
/// Only this room makes one: [`crate::Anchors::trust`] after checking a chain, and
/// [`TrustedKey::pinned`] for a key that an operator configured by hand.
#[derive(Clone, Debug)]
pub struct TrustedKey {
    key: PublicKey,
    usage: Usage,
    types: Vec<String>,
    dns_names: Vec<String>,
    subject: String,
    authority: String,
    leaf: Option<Leaf>,
}

#[derive(Clone, Debug)]
struct Leaf {
    der: Vec<u8>,
    sha256: [u8; 32],
}

impl TrustedKey {
    /// A key that an operator configured. It has no certificate and vouches for the credential
    /// types in `types` alone.
    pub fn pinned(key: PublicKey, usage: Usage, types: &[&str]) -> Self {
        Self {
            key,
            usage,
            types: types.iter().map(|&id| id.to_owned()).collect(),
            dns_names: Vec::new(),
            subject: String::new(),
            authority: String::new(),
            leaf: None,
        }
    }

    /// The key of `leaf`, whose chain to the anchor `authority` was checked for `usage`. `der` is its
    /// encoding.
    pub(crate) fn from_leaf(
        leaf: &UntrustedCertificate,
        der: &[u8],
        sha256: [u8; 32],
        usage: Usage,
        authority: &str,
    ) -> Self {
        Self {
            key: *leaf.claimed_key(),
            usage,
            types: leaf.claimed_types().to_vec(),
            dns_names: leaf.claimed_dns_names().to_vec(),
            subject: leaf.claimed_name().to_owned(),
            authority: authority.to_owned(),
            leaf: Some(Leaf { der: der.to_vec(), sha256 }),
        }
    }

    /// The common name of the anchor that vouches for it; empty for a pinned key. An authority chooses
    /// the names in the certificates that it signs, so this name, which the one who added the anchor
    /// saw, is the one to decide by.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The key.
    pub const fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// What it was trusted for.
    pub const fn usage(&self) -> Usage {
        self.usage
    }

    /// The ids of the credential types that it may issue; empty when its certificate names none.
    pub fn types(&self) -> &[String] {
        &self.types
    }

    /// Whether it may issue credentials of the type `id` (such as `employee-id`).
    pub fn allows_type(&self, id: &str) -> bool {
        self.usage == Usage::CredentialIssuer && self.types.iter().any(|allowed| allowed == id)
    }

    /// As [`TrustedKey::allows_type`].
    ///
    /// # Errors
    /// [`TrustError::CredentialType`] when it may not.
    pub fn check_type(&self, id: &str) -> Result<(), TrustError> {
        if self.allows_type(id) { Ok(()) } else { Err(TrustError::CredentialType) }
    }

    /// The DNS names of the certificate's subject alternative name.
    pub fn dns_names(&self) -> &[String] {
        &self.dns_names
    }

    /// The common name of the certificate's subject; empty where there is none.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The certificate in DER; `None` for a pinned key.
    pub fn leaf_der(&self) -> Option<&[u8]> {
        self.leaf.as_ref().map(|leaf| leaf.der.as_slice())
    }

    /// SHA-256 of the certificate in DER; `None` for a pinned key.
    pub fn leaf_sha256(&self) -> Option<&[u8; 32]> {
        self.leaf.as_ref().map(|leaf| &leaf.sha256)
    }
}
