//! The running verifier: what every handler shares.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use inro_base::{Clock, Secret};
use inro_crypto::Provider as _;
use inro_crypto_aws::AwsLc;
use inro_openid4vp::ClientId;
use inro_service::kept::{Kept, Mark};
use inro_service::{ServiceError, SystemClock, files, log, pki};
use inro_trust::Anchors;
use inro_verifier_sdk::{Policy, PresentationStore as _, Verifier, VerifierConfig, VerifierError};
use subtle::ConstantTimeEq as _;

use crate::error::CommandError;
use crate::layout::{ClientIdChoice, Layout};
use crate::status::StatusLists;
use crate::store::SqliteStore;
use crate::{policies, registration, trust};

/// How often what has passed its time is forgotten.
const PURGE_EVERY: Duration = Duration::from_secs(15);

/// The running verifier.
pub struct App {
    /// The protocol.
    pub verifier: Verifier,
    /// The presentations.
    pub store: SqliteStore,
    /// The folder. Of its trust, policies and registration a change counts at the next use.
    pub layout: Layout,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Status lists of issuers.
    pub(crate) status: StatusLists,
    /// Whether status lists may lie at private addresses.
    pub(crate) private_status_hosts: bool,
    token_sha256: [u8; 32],
    policies: Kept<String, Policy>,
    registration: Kept<(), Option<String>>,
    issuers: Kept<(), Anchors>,
}

impl App {
    /// Opens the verifier of the folder `layout`.
    ///
    /// # Errors
    /// [`CommandError`] when a file is missing, malformed, open to others, or does not fit the rest.
    pub fn open(layout: Layout) -> Result<Self, CommandError> {
        Self::open_at(layout, Arc::new(SystemClock))
    }

    /// As [`App::open`], at the time of `clock`.
    ///
    /// # Errors
    /// As [`App::open`].
    pub fn open_at(layout: Layout, clock: Arc<dyn Clock>) -> Result<Self, CommandError> {
        let settings = layout.settings()?;
        let signer = pki::load_signer(&layout.key("verifier.key.pem"))?;
        let chain = pki::load_chain(&layout.key("verifier.pem"))?;
        let leaf = chain.first().ok_or(VerifierError::Configuration)?;
        let client_id = match settings.client_id {
            ClientIdChoice::X509Hash => ClientId::x509_hash(&AwsLc.sha256(leaf)),
            ClientIdChoice::X509SanDns => {
                let origin = inro_service::tls::Origin::parse(&settings.url)?;
                ClientId::x509_san_dns(&origin.host).map_err(|_| VerifierError::Configuration)?
            }
        };
        let verifier = Verifier::new(VerifierConfig {
            url: settings.url,
            client_id,
            signer: Arc::new(signer),
            chain,
            provider: Arc::new(AwsLc),
        })?;
        let store = SqliteStore::open(&layout.database())?;
        let token: Secret<String> = files::read_private(&layout.api_token())?;
        let token_sha256 = AwsLc.sha256(token.expose().trim().as_bytes());
        Ok(Self {
            verifier,
            store,
            layout,
            clock,
            status: StatusLists::default(),
            private_status_hosts: settings.private_status_hosts,
            token_sha256,
            policies: Kept::default(),
            registration: Kept::default(),
            issuers: Kept::default(),
        })
    }

    /// The policy `name`, as its file stands.
    ///
    /// # Errors
    /// As [`policies::load`].
    pub fn policy(&self, name: &str) -> Result<Arc<Policy>, CommandError> {
        let mark = policies::path(&self.layout, name).and_then(|path| Mark::of([path.as_path()]));
        self.policies.or_read(name.to_owned(), mark, || policies::load(&self.layout, name))
    }

    /// The registration, as its file stands, if there is one.
    ///
    /// # Errors
    /// As [`registration::load`].
    pub fn registration(&self) -> Result<Arc<Option<String>>, CommandError> {
        let mark = Mark::of([self.layout.registration().as_path()]);
        self.registration.or_read((), mark, || registration::load(&self.layout))
    }

    /// The trusted issuers, as the trust folder stands.
    ///
    /// # Errors
    /// As [`trust::issuers`].
    pub fn issuers(&self) -> Result<Arc<Anchors>, CommandError> {
        let folder = self.layout.issuer_anchors();
        let files = trust::anchor_files(&folder)?;
        // The folder itself tells of files that came and went, and each file of its own content.
        let mark = Mark::of([folder.as_path()].into_iter().chain(files.iter().map(PathBuf::as_path)));
        self.issuers.or_read((), mark, || trust::issuers(&self.layout))
    }

    /// Whether `token` is the API's. Hashes are compared, so the time tells not even a length.
    pub fn is_token(&self, token: &str) -> bool {
        AwsLc.sha256(token.as_bytes()).ct_eq(&self.token_sha256).into()
    }

    /// Runs `work`, which reads files or the database, beside the tasks of the runtime.
    ///
    /// # Errors
    /// What `work` returns, or [`ServiceError::Internal`] when it panicked.
    pub async fn blocking<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, CommandError> + Send + 'static,
    ) -> Result<T, CommandError> {
        tokio::task::spawn_blocking(move || work(&self))
            .await
            .unwrap_or_else(|_| Err(ServiceError::Internal.into()))
    }

    /// Forgets what has passed its time, for as long as the runtime lives.
    pub async fn purge_forever(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(PURGE_EVERY);
        loop {
            ticks.tick().await;
            let purged = Arc::clone(&self).blocking(|app| Ok(app.store.purge(app.clock.now())?)).await;
            if purged.is_err() {
                log::warn("presentations could not be purged", &[]);
            }
        }
    }
}
