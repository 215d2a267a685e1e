//! Where things lie in a verifier's folder, and its settings.

use std::path::{Path, PathBuf};

use inro_service::{config, files};
use serde::{Deserialize, Serialize};

use crate::error::CommandError;

/// `config.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The name in English.
    pub name: String,
    /// The name in Japanese.
    pub name_ja: String,
    /// Where wallets reach it: `https`, a host and a port, without a trailing slash.
    pub url: String,
    /// How it names itself to wallets.
    pub client_id: ClientIdChoice,
    /// Whether status lists may be fetched from private and loopback addresses. `init` says so for a
    /// verifier that lies at such an address itself: an inner network, a test.
    #[serde(default)]
    pub private_status_hosts: bool,
}

/// How a verifier names itself to wallets. Source: OpenID4VP 1.0 §5.9.3.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum ClientIdChoice {
    /// By the hash of its certificate; its registration names the hosts.
    #[default]
    X509Hash,
    /// By the host name in its certificate.
    X509SanDns,
}

/// The paths of one verifier's folder.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout of the folder `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Reads the settings.
    ///
    /// # Errors
    /// [`CommandError::Service`] when `init` did not make the folder, or the file is malformed.
    pub fn settings(&self) -> Result<Settings, CommandError> {
        files::check_service_dir(&self.root)?;
        Ok(config::read(&self.config())?)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The settings.
    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.root.join("db.sqlite")
    }

    /// A file of the folder of private keys and the certificates that belong to them.
    pub fn key(&self, name: &str) -> PathBuf {
        self.root.join("keys").join(name)
    }

    /// The material of the listener.
    pub fn tls(&self) -> PathBuf {
        self.root.join("tls")
    }

    /// The certificate of the verifier's own authority, for wallets to trust.
    pub fn own_anchor(&self) -> PathBuf {
        self.root.join("trust").join("ca.pem")
    }

    /// The anchors of credential issuers.
    pub fn issuer_anchors(&self) -> PathBuf {
        self.root.join("trust").join("issuers")
    }

    /// The anchors of servers that the verifier calls.
    pub fn tls_anchors(&self) -> PathBuf {
        self.root.join("trust").join("tls")
    }

    /// The policies.
    pub fn policies(&self) -> PathBuf {
        self.root.join("policies")
    }

    /// The token of the API.
    pub fn api_token(&self) -> PathBuf {
        self.root.join("api-token")
    }

    /// The draft of an application for a registration.
    pub fn registration_draft(&self) -> PathBuf {
        self.root.join("registration.toml")
    }

    /// The registration.
    pub fn registration(&self) -> PathBuf {
        self.root.join("registration.jwt")
    }
}
