//! What an issuer asks of wallets beyond the least.

use std::collections::BTreeMap;

use inro_openid4vci::AttestationDemand;
use inro_trust::Anchors;
use serde::{Deserialize, Serialize};

/// `[encryption]`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct EncryptionSetting {
    /// Whether wallets may encrypt, and so get encrypted answers.
    pub offered: bool,
    /// Whether they have to; counts where it is offered.
    pub required: bool,
}

/// `[attestation.<type>]`: what is asked of key attestations. An empty list asks for nothing in
/// particular.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttestationRule {
    /// The levels of key storage that are accepted, such as `iso_18045_high`.
    pub key_storage: Vec<String>,
    /// The levels of user authentication that are accepted.
    pub user_authentication: Vec<String>,
}

impl Default for EncryptionSetting {
    fn default() -> Self {
        Self { offered: true, required: false }
    }
}

impl From<AttestationRule> for AttestationDemand {
    fn from(rule: AttestationRule) -> Self {
        Self { key_storage: rule.key_storage, user_authentication: rule.user_authentication }
    }
}

/// What an issuer asks of wallets beyond the least.
#[derive(Clone, Debug, Default)]
pub struct Demands {
    /// Encryption of requests and answers.
    pub encryption: EncryptionSetting,
    /// The types whose keys have to be attested, by id.
    pub attestation: BTreeMap<String, AttestationDemand>,
    /// Who may attest keys.
    pub wallet_providers: Anchors,
}
