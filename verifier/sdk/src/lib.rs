//! The verifier as a library, without a web framework and without a database.
//!
//! A relying system keeps a [`Verifier`], a [`PresentationStore`] and its trust anchors, and gives
//! each HTTP request to one call:
//!
//! | when | call |
//! |---|---|
//! | it wants to know something | [`Verifier::start`], then show the link |
//! | a wallet gets `/openid4vp/requests/{handle}` | [`Verifier::request_object`] |
//! | a wallet posts to `/openid4vp/requests/{handle}` | [`Verifier::posted_request_object`] |
//! | a wallet posts to `/openid4vp/responses/{handle}` | [`Verifier::judge`], then with the status lists of [`Judged::needed`] [`Verifier::conclude`] |
//! | it wants the result | [`Verifier::result`] |
//!
//! A relying system in whole, but for its web framework:
//!
//! ```
//! use std::{error::Error, sync::Arc};
//!
//! use inro_base::http::{HttpRequest, HttpResponse};
//! use inro_base::{RequestId, Rng, UnixTime};
//! use inro_crypto::{Provider, RustCrypto, SoftwareKey};
//! use inro_openid4vp::ClientId;
//! use inro_status::StatusError;
//! use inro_trust::{Anchors, Usage, certificates_from_pem};
//! use inro_verifier_sdk::{
//!     Ask, KnownLists, MemoryStore, Policy, Posted, PresentationResult, Started, Status, StatusCache, Taken,
//!     Verifier, VerifierConfig,
//! };
//!
//! /// Your HTTPS client: no redirects, at most `max_response_bytes`, and no addresses inside of your network.
//! type Https = fn(HttpRequest) -> Result<HttpResponse, StatusError>;
//! struct Welfare { verifier: Verifier, policy: Policy, anchors: Anchors, store: MemoryStore, lists: StatusCache, https: Https }
//!
//! impl Welfare {
//!     fn open(key: &str, certificate: &str, agency: &str, policy: &str, https: Https) -> Result<Self, Box<dyn Error>> {
//!         let chain = certificates_from_pem(certificate)?;
//!         let leaf = chain.first().ok_or("no certificate")?;
//!         let verifier = Verifier::new(VerifierConfig {
//!             url: "https://welfare.example".into(),
//!             client_id: ClientId::x509_hash(&RustCrypto.sha256(leaf)),
//!             signer: Arc::new(SoftwareKey::from_pkcs8_pem(key)?),
//!             chain,
//!             provider: Arc::new(RustCrypto),
//!         })?;
//!         let mut anchors = Anchors::new();
//!         anchors.add_pem(agency, &[Usage::CredentialIssuer])?;
//!         let policy = Policy::parse("approve-welfare", policy)?;
//!         Ok(Self { verifier, policy, anchors, store: MemoryStore::default(), lists: StatusCache::new(), https })
//!     }
//!     fn ask(&self, now: UnixTime, rng: &mut dyn Rng) -> Result<Started, Box<dyn Error>> {
//!         Ok(self.verifier.start(Ask::policy(&self.policy), &self.store, now, rng)?)
//!     }
//!     fn wallet_gets(&self, handle: &str, now: UnixTime) -> Result<String, Box<dyn Error>> {
//!         Ok(self.verifier.request_object(handle, None, &self.store, now)?)
//!     }
//!     fn wallet_asks(&self, handle: &str, form: &[u8], now: UnixTime, rng: &mut dyn Rng) -> Result<String, Box<dyn Error>> {
//!         Ok(self.verifier.posted_request_object(handle, form, None, &self.store, now, rng)?)
//!     }
//!     fn wallet_posts(&self, handle: &str, form: &[u8], now: UnixTime, rng: &mut dyn Rng) -> Result<Taken, Box<dyn Error>> {
//!         let posted = Posted { handle, form, request_id: RequestId::random(rng) };
//!         let judged = self.verifier.judge(&posted, &self.anchors, &self.store, now)?;
//!         let (mut known, age) = (KnownLists::new(), judged.status_max_age());
//!         for list in judged.needed() {
//!             let mut found = self.lists.known(&list, age, now);
//!             if found.fresh.is_err() {
//!                 found = (self.https)(list.request())
//!                     .and_then(|answer| self.lists.received(&list, &answer, &self.anchors, now, &RustCrypto))
//!                     .unwrap_or_else(|error| self.lists.without_fetching(&list, age, now, error));
//!             }
//!             known.insert(list, found);
//!         }
//!         Ok(Verifier::conclude(judged, &known, &self.store, now, rng)?)
//!     }
//!     fn may_approve(&self, id: &str, now: UnixTime) -> Result<bool, Box<dyn Error>> {
//!         let PresentationResult { status, .. } = Verifier::result(id, None, &self.store, now)?;
//!         Ok(status == Status::Verified)
//!     }
//! }
//! ```

mod error;
mod policy;
mod record;
mod status;
mod store;
pub mod store_contract;
mod transaction;
mod verifier;

pub use error::VerifierError;
pub use inro_status::ListForms;
pub use policy::{
    AcceptanceRules, BUILT_IN_POLICIES, MAX_POLICY_BYTES, OnUndetermined, Policy, PolicyError, is_policy_name,
};
pub use record::{
    CredentialStatus, PresentationRecord, PresentationResult, ResultCredential, ResultError,
    ResultTransaction, Status, TransactionText,
};
pub use status::{KnownList, KnownLists, NeededList, StatusCache};
pub use store::{MAX_PRESENTATIONS, MemoryStore, PresentationStore, StoreError, Stored};
pub use transaction::TransactionRequest;
pub use verifier::{
    Ask, Judged, Posted, REQUEST_LIFETIME, REQUEST_PATH, RESPONSE_PATH, RESULT_LIFETIME, Started, Taken,
    Verifier, VerifierConfig, read_query,
};
