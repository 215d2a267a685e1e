use std::collections::BTreeMap;
use std::sync::Arc;

use inro_base::json;
use inro_base::{Code, Coded as _, RequestId, Rng, UnixTime};
use inro_crypto::{Provider, Signer};
use inro_openid4vp::profile::ResponseMode;
use inro_openid4vp::transaction_data::TransactionData;
use inro_openid4vp::verifier::{
    Acceptance, NewPresentation, RequestFetch, ResponseError, VerifiedCredential,
};
use inro_openid4vp::{ClientId, ClientIdKind, Purpose};
use inro_trust::{Anchors, UntrustedCertificate};
use serde_json::Value;
use subtle::ConstantTimeEq as _;
use url::Url;

use crate::VerifierError;
use crate::policy::{AcceptanceRules, OnUndetermined, Policy};
use crate::record::{
    CredentialStatus, PresentationRecord, PresentationResult, ResultCredential, ResultTransaction, Status,
};
use crate::status::{self, KnownLists, NeededList};
use crate::store::{PresentationStore, Stored};

/// For how long a request may be answered, in seconds.
pub const REQUEST_LIFETIME: i64 = 5 * 60;
/// For how long a result is kept after the response, in seconds.
pub const RESULT_LIFETIME: i64 = 10 * 60;
/// The path, under the verifier's URL, where wallets fetch request objects by handle.
pub const REQUEST_PATH: &str = "/openid4vp/requests/";
/// The path, under the verifier's URL, where wallets post responses by handle.
pub const RESPONSE_PATH: &str = "/openid4vp/responses/";

/// What makes a verifier itself.
pub struct VerifierConfig {
    /// Where wallets reach it: an `https` URL without a trailing slash.
    pub url: String,
    /// How it names itself.
    pub client_id: ClientId,
    /// The key of the first certificate of `chain`.
    pub signer: Arc<dyn Signer>,
    /// Its certificates in DER, its own first, without the anchor.
    pub chain: Vec<Vec<u8>>,
    /// The cryptography.
    pub provider: Arc<dyn Provider>,
}

/// A verifier: it asks, and judges the answers. It has no network, clock or database of its own.
pub struct Verifier {
    config: VerifierConfig,
}

/// What a relying system asks for.
#[derive(Clone, Debug)]
pub struct Ask {
    query: Value,
    purpose: Option<Purpose>,
    rules: AcceptanceRules,
    redirect_uri: Option<String>,
    response_mode: ResponseMode,
    transaction_data: Vec<TransactionData>,
}

/// A presentation that was asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Started {
    /// Under which to ask for the result.
    pub id: String,
    /// The link to show as a QR code or to open on the holder's phone.
    pub authorization_request: String,
    /// Until when the request may be answered.
    pub expires_at: UnixTime,
}

/// What a wallet posted.
#[derive(Clone, Copy)]
pub struct Posted<'a> {
    /// Of the path that it was posted to.
    pub handle: &'a str,
    /// The body.
    pub form: &'a [u8],
    /// Names this transaction for the help desk.
    pub request_id: RequestId,
}

/// A response that was verified, but for the status of its credentials.
#[must_use]
pub struct Judged {
    id: String,
    redirect_uri: Option<String>,
    rules: AcceptanceRules,
    request_id: RequestId,
    verdict: Result<(Vec<ResultTransaction>, Vec<VerifiedCredential>), VerifierError>,
}

impl Judged {
    /// The status lists that its credentials refer to, each once; none when it does not hold anyway.
    ///
    /// Source: Token Status List §8.3: a credential is verified before its status is looked up.
    pub fn needed(&self) -> Vec<NeededList> {
        match &self.verdict {
            Ok((_, credentials)) => status::needed(credentials.iter()),
            Err(_) => Vec::new(),
        }
    }

    /// How old a list may be, in seconds, where the policy says so.
    pub const fn status_max_age(&self) -> Option<i64> {
        self.rules.status_max_age
    }
}

/// What to answer to a wallet whose response was read to its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Taken {
    /// Where the holder's browser goes next, with the response code in its fragment.
    pub redirect_uri: Option<String>,
    /// Why the response was rejected; a wallet that sent an error was not.
    pub rejected: Option<Code>,
}

impl Ask {
    /// What `policy` asks for.
    pub fn policy(policy: &Policy) -> Self {
        Self {
            query: policy.query.clone(),
            purpose: Some(policy.purpose.clone()),
            rules: policy.acceptance.clone(),
            redirect_uri: None,
            response_mode: ResponseMode::default(),
            transaction_data: Vec::new(),
        }
    }

    /// What a DCQL query asks for, of every trusted issuer.
    pub fn query(query: Value) -> Self {
        Self {
            query,
            purpose: None,
            rules: AcceptanceRules::default(),
            redirect_uri: None,
            response_mode: ResponseMode::default(),
            transaction_data: Vec::new(),
        }
    }

    /// Takes the answer as `mode` says, instead of encrypted.
    #[must_use]
    pub fn answered_by(mut self, mode: ResponseMode) -> Self {
        self.response_mode = mode;
        self
    }

    /// Asks the holder to authorize `transactions` by answering.
    #[must_use]
    pub fn authorizing(mut self, transactions: Vec<TransactionData>) -> Self {
        self.transaction_data = transactions;
        self
    }

    /// Sends the holder's browser to `uri` after the response, for a flow on one device. The result
    /// is then handed out only with the response code that the browser brings along.
    ///
    /// # Errors
    /// [`VerifierError::RedirectUri`] when it is no `https` URL, or has a fragment.
    ///
    /// Source: OpenID4VP 1.0 §8.2, §14.2.
    pub fn redirecting_to(mut self, uri: &str) -> Result<Self, VerifierError> {
        let url = Url::parse(uri).map_err(|_| VerifierError::RedirectUri)?;
        // A URL reader drops line ends and tabs: the rest would be another address than the caller's.
        let is_broken = uri.chars().any(char::is_control);
        if url.scheme() != "https" || url.fragment().is_some() || uri.len() > 1024 || is_broken {
            return Err(VerifierError::RedirectUri);
        }
        self.redirect_uri = Some(url.into());
        Ok(self)
    }
}

impl Verifier {
    /// A verifier of this configuration.
    ///
    /// # Errors
    /// [`VerifierError::Configuration`] when the URL is not `https`, the key is not that of the
    /// certificate, or the client identifier does not name the certificate.
    pub fn new(config: VerifierConfig) -> Result<Self, VerifierError> {
        let leaf = config.chain.first().ok_or(VerifierError::Configuration)?;
        let url = Url::parse(&config.url).map_err(|_| VerifierError::Configuration)?;
        let certificate = UntrustedCertificate::read(leaf)?;
        let named = match config.client_id.kind() {
            ClientIdKind::X509Hash(hash) => *hash == config.provider.sha256(leaf),
            ClientIdKind::X509SanDns(host) => url.host_str() == Some(host),
            _ => false,
        };
        let own_key = *certificate.claimed_key() == config.signer.public_key();
        if url.scheme() != "https" || config.url.ends_with('/') || !named || !own_key {
            return Err(VerifierError::Configuration);
        }
        Ok(Self { config })
    }

    /// Asks: draws what has to be random, and stores the presentation.
    ///
    /// # Errors
    /// [`VerifierError`] for a query that is none, and when the store is full or broken.
    pub fn start(
        &self,
        ask: Ask,
        store: &dyn PresentationStore,
        now: UnixTime,
        rng: &mut dyn Rng,
    ) -> Result<Started, VerifierError> {
        let (id, handle) = (rng.token::<16>(), rng.token::<16>());
        let awaiting = NewPresentation {
            client_id: self.config.client_id.clone(),
            request_uri: format!("{}{REQUEST_PATH}{handle}", self.config.url),
            response_uri: format!("{}{RESPONSE_PATH}{handle}", self.config.url),
            query: ask.query,
            purpose: ask.purpose,
            response_mode: ask.response_mode,
            transaction_data: ask.transaction_data,
            lifetime: REQUEST_LIFETIME,
        }
        .start(now, rng)?;
        let started =
            Started { id, authorization_request: awaiting.link(), expires_at: awaiting.expires_at() };
        let record = PresentationRecord {
            id: started.id.clone(),
            handle,
            expires_at: started.expires_at,
            redirect_uri: ask.redirect_uri,
            rules: ask.rules,
            awaiting,
        };
        // Kept past its expiry, so that who comes late is told so.
        store.insert(record, started.expires_at.plus(RESULT_LIFETIME), now)?;
        Ok(started)
    }

    /// The signed request object for the wallet that gets it by `handle`. `registration` is the
    /// registrar's JWT about this verifier; without it a wallet shows the verifier as claimed alone.
    ///
    /// # Errors
    /// [`VerifierError::Unknown`], [`VerifierError::Answered`] or [`VerifierError::Expired`] when
    /// there is nothing to answer any more.
    pub fn request_object(
        &self,
        handle: &str,
        registration: Option<&str>,
        store: &dyn PresentationStore,
        now: UnixTime,
    ) -> Result<String, VerifierError> {
        let record = answerable(handle, store, now)?;
        record.awaiting.make_public(self.config.provider.as_ref());
        let request = record.awaiting.request_object(&self.config.chain, registration);
        let signature = self.config.signer.sign_es256(request.signing_input())?;
        Ok(request.finish(&signature))
    }

    /// As [`Verifier::request_object`], for a wallet that posted `form`: its nonce is repeated in the
    /// request object, which is encrypted where the wallet offers a key for that.
    ///
    /// # Errors
    /// As [`Verifier::request_object`]; [`VerifierError::Response`] for a malformed form, for a wallet
    /// that says that it cannot answer, and for one whose keys cannot be used.
    ///
    /// Source: OpenID4VP 1.0 §5.10.
    pub fn posted_request_object(
        &self,
        handle: &str,
        form: &[u8],
        registration: Option<&str>,
        store: &dyn PresentationStore,
        now: UnixTime,
        rng: &mut dyn Rng,
    ) -> Result<String, VerifierError> {
        let fetch = RequestFetch::by_post(form)?;
        let record = answerable(handle, store, now)?;
        record.awaiting.make_public(self.config.provider.as_ref());
        let request = record.awaiting.request_object_for(&fetch, &self.config.chain, registration)?;
        let signature = self.config.signer.sign_es256(request.signing_input())?;
        Ok(request.finish(&signature, rng, self.config.provider.as_ref())?)
    }

    /// Reads and verifies the form that a wallet posted for `handle`. Nothing is stored yet: first the
    /// lists of [`Judged::needed`] should be had, without which a status is undetermined.
    ///
    /// # Errors
    /// [`VerifierError`] for a response that is not this presentation's; the presentation then still
    /// waits.
    pub fn judge(
        &self,
        posted: &Posted<'_>,
        anchors: &Anchors,
        store: &dyn PresentationStore,
        now: UnixTime,
    ) -> Result<Judged, VerifierError> {
        let record = waiting(store.by_handle(posted.handle, now)?)?;
        let PresentationRecord { id, redirect_uri, rules, awaiting, .. } = record;
        let received = awaiting.receive(posted.form, now, self.config.provider.as_ref())?;
        let acceptance = Acceptance { anchors, issuers: &rules.issuers, max_age: rules.max_credential_age };
        let verdict = received
            .check(&acceptance, now, self.config.provider.as_ref())
            .map(|verified| {
                let authorized = verified.authorized().iter().map(ResultTransaction::from).collect();
                (authorized, verified.into_credentials())
            })
            .map_err(VerifierError::from);
        Ok(Judged { id, redirect_uri, rules, request_id: posted.request_id, verdict })
    }

    /// Stores the result of a response that was judged. Of two responses, however close, one is taken. A
    /// rejection is told to the relying system under the request id, which a help desk can also find in
    /// the log.
    ///
    /// # Errors
    /// [`VerifierError::Answered`] when another response was first. A response that does not hold is
    /// told in [`Taken::rejected`].
    pub fn conclude(
        judged: Judged,
        known: &KnownLists,
        store: &dyn PresentationStore,
        now: UnixTime,
        rng: &mut dyn Rng,
    ) -> Result<Taken, VerifierError> {
        let Judged { id, redirect_uri, rules, request_id, verdict } = judged;
        let verdict = verdict.and_then(|(authorized, credentials)| {
            Ok(PresentationResult { authorized, ..result(credentials, known, &rules, now)? })
        });
        // An error response that was understood has been taken. Source: OpenID4VP 1.0 §8.2.
        let declined = matches!(
            verdict,
            Err(VerifierError::Response(ResponseError::Declined | ResponseError::FaultyRequest))
        );
        let (result, code) = match verdict {
            Ok(result) => (result, None),
            Err(error) => (PresentationResult::rejected(error.code(), request_id), Some(error.code())),
        };
        // A wallet whose answer does not hold is sent nowhere, and the browser would bring no code.
        let rejected = code.is_some() && !declined;
        let response_code = redirect_uri.as_ref().filter(|_| !rejected).map(|_| rng.token::<16>());
        if !store.answer(&id, &result, response_code.as_deref(), now.plus(RESULT_LIFETIME), now)? {
            return Err(VerifierError::Answered);
        }
        let redirect_uri = redirect_uri
            .zip(response_code)
            .map(|(uri, response_code)| format!("{uri}#response_code={response_code}"));
        Ok(Taken { redirect_uri, rejected: code.filter(|_| !declined) })
    }

    /// [`Verifier::judge`] and [`Verifier::conclude`] in one, for a verifier that looks up no status: a
    /// credential that refers to one has a status that nobody determined.
    ///
    /// # Errors
    /// As both.
    pub fn receive(
        &self,
        posted: &Posted<'_>,
        anchors: &Anchors,
        store: &dyn PresentationStore,
        now: UnixTime,
        rng: &mut dyn Rng,
    ) -> Result<Taken, VerifierError> {
        let judged = self.judge(posted, anchors, store, now)?;
        Self::conclude(judged, &KnownLists::new(), store, now, rng)
    }

    /// The cryptography that it verifies with.
    pub fn provider(&self) -> &dyn Provider {
        self.config.provider.as_ref()
    }

    /// Where the presentation `id` stands. `response_code` is what the browser brought along, in a
    /// flow on one device.
    ///
    /// # Errors
    /// [`VerifierError::Unknown`], and [`VerifierError::ResponseCode`] when a code is asked for and
    /// another or none was given.
    pub fn result(
        id: &str,
        response_code: Option<&str>,
        store: &dyn PresentationStore,
        now: UnixTime,
    ) -> Result<PresentationResult, VerifierError> {
        match store.by_id(id, now)?.ok_or(VerifierError::Unknown)? {
            Stored::Waiting(record) if now >= record.expires_at => {
                Ok(PresentationResult::bare(Status::Expired))
            }
            Stored::Waiting(_) => Ok(PresentationResult::bare(Status::Pending)),
            Stored::Answered { result, response_code: expected } => {
                let same = |expected: &str| {
                    response_code.is_some_and(|code| bool::from(code.as_bytes().ct_eq(expected.as_bytes())))
                };
                if expected.as_deref().is_none_or(same) {
                    Ok(result)
                } else {
                    Err(VerifierError::ResponseCode)
                }
            }
        }
    }

    /// Who this verifier is.
    pub fn client_id(&self) -> &ClientId {
        &self.config.client_id
    }
}

/// Reads a DCQL query that a relying system sent as JSON text.
///
/// # Errors
/// [`VerifierError::Json`] for what is too long, too deep or no JSON.
pub fn read_query(text: &[u8]) -> Result<Value, VerifierError> {
    Ok(json::parse(text, inro_openid4vp::verifier::QUERY_LIMITS)?)
}

/// What waits for its response and has not expired.
fn answerable(
    handle: &str,
    store: &dyn PresentationStore,
    now: UnixTime,
) -> Result<PresentationRecord, VerifierError> {
    let record = waiting(store.by_handle(handle, now)?)?;
    if now >= record.expires_at { Err(VerifierError::Expired) } else { Ok(record) }
}

fn waiting(stored: Option<Stored>) -> Result<PresentationRecord, VerifierError> {
    match stored {
        Some(Stored::Waiting(record)) => Ok(*record),
        Some(Stored::Answered { .. }) => Err(VerifierError::Answered),
        None => Err(VerifierError::Unknown),
    }
}

fn result(
    verified: Vec<VerifiedCredential>,
    known: &KnownLists,
    rules: &AcceptanceRules,
    now: UnixTime,
) -> Result<PresentationResult, VerifierError> {
    let mut credentials: BTreeMap<String, Vec<ResultCredential>> = BTreeMap::new();
    for credential in verified {
        let status = status::judge(&credential, known, rules, now)?;
        if status == CredentialStatus::Undetermined && rules.on_undetermined == OnUndetermined::Reject {
            return Err(VerifierError::Undetermined);
        }
        credentials.entry(credential.query_id().to_owned()).or_default().push(ResultCredential {
            format: credential.format().as_str().to_owned(),
            credential_type: credential.type_id().to_owned(),
            issuer: credential.issuer().to_owned(),
            authority: credential.authority().to_owned(),
            status,
            claims: credential.claims().clone(),
        });
    }
    Ok(PresentationResult { credentials, ..PresentationResult::bare(Status::Verified) })
}
