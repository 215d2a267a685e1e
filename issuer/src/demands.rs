//! What an issuer asks of wallets beyond the least.

use std::collections::BTreeMap;

use inro_openid4vci::AttestationDemand;
use inro_trust::Anchors;
use serde::{Deserialize, Serialize};

/// `[encryption]`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "EncryptionTable")]
pub struct EncryptionSetting {
    /// Whether wallets may encrypt, and so get encrypted answers.
    pub offered: bool,
    /// Whether they have to.
    pub required: bool,
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EncryptionTable {
    #[serde(default = "offered")]
    offered: bool,
    #[serde(default)]
    required: bool,
}

const fn offered() -> bool {
    true
}

/// Who requires what they do not offer would serve in the clear what they mean to be encrypted.
impl TryFrom<EncryptionTable> for EncryptionSetting {
    type Error = &'static str;

    fn try_from(EncryptionTable { offered, required }: EncryptionTable) -> Result<Self, Self::Error> {
        if required && !offered {
            return Err("encryption is required and not offered");
        }
        Ok(Self { offered, required })
    }
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
        Self { offered: offered(), required: false }
    }
}

/// The levels that Appendix D.2 of OpenID4VCI 1.0 names; wallet providers may agree on others.
const LEVELS: [&str; 4] =
    ["iso_18045_high", "iso_18045_moderate", "iso_18045_enhanced-basic", "iso_18045_basic"];

impl AttestationRule {
    /// The levels that no specification names: perhaps misspelt.
    pub fn unusual_levels(&self) -> impl Iterator<Item = &str> {
        let levels = self.key_storage.iter().chain(&self.user_authentication);
        levels.map(String::as_str).filter(|level| !LEVELS.contains(level))
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
