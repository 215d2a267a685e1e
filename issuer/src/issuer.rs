//! The issuer as a value: what it knows and whom it asks, without HTTP and without files.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use inro_base::{Clock, RequestId, Rng, UnixTime};
use inro_credential::{RoleTable, TypeCatalog};
use inro_crypto::{CryptoError, Provider, Signer};
use inro_oauth::{HttpsUrl, Purpose};
use inro_openid4vci::AttestationDemand;
use inro_openid4vci::issuer::{IssuerEncryption, ReplyTo};
use inro_trust::{Anchors, TrustError, UntrustedCertificate};
use serde_json::Value;

use crate::demands::Demands;
use crate::error::IssuerError;
use crate::refill_setting::RefillSetting;
use crate::secrets::ServerSecrets;
use crate::signed_lists::SignedLists;
use crate::store::Store;

/// How many copies of a credential one offer yields, and one request may ask for. Each copy is
/// shown once, so that two verifiers cannot join what they saw.
pub const BATCH_SIZE: usize = 10;

/// An agency's issuer.
pub struct Issuer {
    url: HttpsUrl,
    name: AgencyName,
    types: TypeCatalog,
    roles: RoleTable,
    signer: Arc<dyn Signer>,
    chain: Vec<Vec<u8>>,
    signer_begins_at: UnixTime,
    signer_ends_at: UnixTime,
    secrets: ServerSecrets,
    provider: Arc<dyn Provider>,
    clock: Arc<dyn Clock>,
    rng: Mutex<Box<dyn Rng>>,
    store: Arc<dyn Store>,
    signed_lists: SignedLists,
    credential_endpoint: HttpsUrl,
    nonce_endpoint: HttpsUrl,
    token_endpoint: HttpsUrl,
    deferred_endpoint: HttpsUrl,
    notification_endpoint: HttpsUrl,
    encryption: Option<IssuerEncryption>,
    attestation: BTreeMap<String, AttestationDemand>,
    wallet_providers: Anchors,
    refill: RefillSetting,
}

/// What an issuer is made of.
pub struct IssuerParts {
    /// The credential issuer identifier, without a slash at its end.
    pub url: HttpsUrl,
    /// The agency's name.
    pub name: AgencyName,
    /// The credential types.
    pub types: TypeCatalog,
    /// What each role may do.
    pub roles: RoleTable,
    /// Signs credentials and documents.
    pub signer: Arc<dyn Signer>,
    /// The signer's certificates in DER, its own first, without the anchor.
    pub chain: Vec<Vec<u8>>,
    /// What only this server knows.
    pub secrets: ServerSecrets,
    /// Cryptography.
    pub provider: Arc<dyn Provider>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Box<dyn Rng>,
    /// What is remembered.
    pub store: Arc<dyn Store>,
    /// What is asked of wallets.
    pub demands: Demands,
    /// Whether wallets may fetch new copies without a new offer.
    pub refill: RefillSetting,
}

/// The agency's name in the languages that our users read.
#[derive(Clone, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct AgencyName {
    /// English.
    pub en: String,
    /// Japanese.
    pub ja: String,
}

impl Issuer {
    /// Puts an issuer together.
    ///
    /// # Errors
    /// [`IssuerError`] when no endpoint can be made of the URL, or the signer's certificate cannot
    /// be read or is another key's.
    pub fn new(parts: IssuerParts) -> Result<Self, IssuerError> {
        let endpoint = |name: &str| HttpsUrl::parse(&format!("{}/{name}", parts.url.as_str()));
        let signer = parts.chain.first().ok_or(TrustError::NoCertificate)?;
        let certificate = UntrustedCertificate::read(signer)?;
        // Wallets and verifiers would refuse every signature, so better not start.
        if *certificate.claimed_key() != parts.signer.public_key() {
            return Err(CryptoError::PrivateKey.into());
        }
        let (signer_begins_at, signer_ends_at) = (certificate.not_before(), certificate.not_after());
        let setting = parts.demands.encryption;
        let encryption = setting.offered.then(|| {
            let key = parts.secrets.encryption_key(&*parts.provider)?;
            Ok::<_, CryptoError>(IssuerEncryption { keys: vec![key], required: setting.required })
        });
        Ok(Self {
            signer_begins_at,
            signer_ends_at,
            credential_endpoint: endpoint("credential")?,
            nonce_endpoint: endpoint("nonce")?,
            token_endpoint: endpoint("token")?,
            deferred_endpoint: endpoint("deferred_credential")?,
            notification_endpoint: endpoint("notification")?,
            encryption: encryption.transpose()?,
            attestation: parts.demands.attestation,
            wallet_providers: parts.demands.wallet_providers,
            refill: parts.refill,
            rng: Mutex::new(parts.rng),
            url: parts.url,
            name: parts.name,
            types: parts.types,
            roles: parts.roles,
            signer: parts.signer,
            chain: parts.chain,
            secrets: parts.secrets,
            provider: parts.provider,
            clock: parts.clock,
            store: parts.store,
            signed_lists: SignedLists::new(),
        })
    }

    /// The credential issuer identifier.
    pub const fn url(&self) -> &HttpsUrl {
        &self.url
    }

    /// When the signer's certificate begins.
    pub(crate) const fn signer_begins_at(&self) -> UnixTime {
        self.signer_begins_at
    }

    /// When the signer's certificate ends, and with it everything that it signed.
    pub const fn signer_ends_at(&self) -> UnixTime {
        self.signer_ends_at
    }

    /// A fresh `c_nonce`.
    pub fn c_nonce(&self) -> String {
        self.nonce(Purpose::KeyProof)
    }

    /// A fresh DPoP nonce.
    pub fn dpop_nonce(&self) -> String {
        self.nonce(Purpose::Dpop)
    }

    /// A fresh request id.
    pub fn request_id(&self) -> RequestId {
        self.with_rng(RequestId::random)
    }

    /// What is remembered.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(crate) const fn signed_lists(&self) -> &SignedLists {
        &self.signed_lists
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    pub(crate) fn provider(&self) -> &dyn Provider {
        &*self.provider
    }

    pub(crate) fn signer(&self) -> &dyn Signer {
        &*self.signer
    }

    pub(crate) fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    pub(crate) const fn name(&self) -> &AgencyName {
        &self.name
    }

    pub(crate) const fn types(&self) -> &TypeCatalog {
        &self.types
    }

    pub(crate) const fn roles(&self) -> &RoleTable {
        &self.roles
    }

    pub(crate) const fn secrets(&self) -> &ServerSecrets {
        &self.secrets
    }

    pub(crate) const fn credential_endpoint(&self) -> &HttpsUrl {
        &self.credential_endpoint
    }

    pub(crate) const fn nonce_endpoint(&self) -> &HttpsUrl {
        &self.nonce_endpoint
    }

    pub(crate) const fn token_endpoint(&self) -> &HttpsUrl {
        &self.token_endpoint
    }

    pub(crate) const fn deferred_endpoint(&self) -> &HttpsUrl {
        &self.deferred_endpoint
    }

    pub(crate) const fn notification_endpoint(&self) -> &HttpsUrl {
        &self.notification_endpoint
    }

    pub(crate) const fn encryption(&self) -> Option<&IssuerEncryption> {
        self.encryption.as_ref()
    }

    /// What is asked of key attestations for the type with this id, if they are asked for.
    pub(crate) fn attestation(&self, type_id: &str) -> Option<&AttestationDemand> {
        self.attestation.get(type_id)
    }

    pub(crate) const fn wallet_providers(&self) -> &Anchors {
        &self.wallet_providers
    }

    pub(crate) const fn refill(&self) -> RefillSetting {
        self.refill
    }

    /// Encrypts an answer for the one who asked.
    ///
    /// # Errors
    /// [`IssuerError::Jwe`] when it is too long.
    pub(crate) fn seal(&self, reply: &ReplyTo, answer: &Value) -> Result<String, IssuerError> {
        Ok(self.with_rng(|rng| reply.seal(answer, rng, self.provider()))?)
    }

    /// Lends the one source of randomness. `work` must be short.
    pub(crate) fn with_rng<T>(&self, work: impl FnOnce(&mut dyn Rng) -> T) -> T {
        work(&mut **self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn nonce(&self, purpose: Purpose) -> String {
        let now = self.now();
        self.with_rng(|rng| self.secrets.nonces().issue(purpose, now, rng, self.provider()))
    }
}
