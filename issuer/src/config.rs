//! The settings of an issuer, and what `init` puts beside them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::demands::{AttestationRule, EncryptionSetting};
use crate::issuer::AgencyName;
use crate::refill_setting::RefillSetting;

/// `config.toml`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The credential issuer identifier: the public URL without a slash at its end.
    pub url: String,
    /// The agency's name.
    pub name: AgencyName,
    /// Encryption of credential requests and answers, on top of TLS.
    #[serde(default)]
    pub encryption: EncryptionSetting,
    /// New copies without a new offer.
    #[serde(default)]
    pub refill: RefillSetting,
    /// The credential types whose keys have to be attested, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attestation: BTreeMap<String, AttestationRule>,
}

/// Where everything lies in an issuer's folder.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout of the folder `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `config.toml`.
    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// `db.sqlite`.
    pub fn database(&self) -> PathBuf {
        self.root.join("db.sqlite")
    }

    /// `keys/<name>`.
    pub fn key(&self, name: &str) -> PathBuf {
        self.root.join("keys").join(name)
    }

    /// `tls/<name>`.
    pub fn tls(&self, name: &str) -> PathBuf {
        self.root.join("tls").join(name)
    }

    /// `trust/ca.pem`: what wallets and verifiers add with `trust add --issuer`.
    pub fn anchor(&self) -> PathBuf {
        self.root.join("trust").join("ca.pem")
    }

    /// `trust/wallet-providers.pem`: who may attest keys of wallets.
    pub fn wallet_providers(&self) -> PathBuf {
        self.root.join("trust").join("wallet-providers.pem")
    }

    /// `types/`.
    pub fn types(&self) -> PathBuf {
        self.root.join("types")
    }
}
