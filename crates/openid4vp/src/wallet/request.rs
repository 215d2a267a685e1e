use inro_base::UnixTime;
use inro_base::json::Limits;
use inro_credential::dcql::Query;
use inro_crypto::Provider;
use inro_jose::{Expect, UnverifiedJws};
use inro_trust::registration::{UnverifiedRegistration, VerifiedRegistration};
use inro_trust::{Anchors, TrustError, TrustedKey, Usage};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use crate::ClientId;
use crate::client_id::ClientIdKind;
use crate::profile::{
    CLOCK_SKEW, DEFAULT_REQUEST_LIFETIME, MAX_REQUEST_BYTES, MAX_REQUEST_LIFETIME, MAX_TOKEN_CHARS,
    MIN_NONCE_CHARS, REGISTRATION_FORMAT, REQUEST_TYP, STATIC_AUDIENCE, is_url_safe,
};
use crate::transaction_data::TransactionData;
use crate::wallet::asked::Asked;
use crate::wallet::coverage::{self, OverAsked};
use crate::wallet::encryption::Encryption;
use crate::wallet::identity::{self, StatedPurpose, VerifierIdentity};
use crate::wallet::{Refusal, RequestError, reply};
use crate::web::HttpsUrl;

/// The most entries of `verifier_info` that are looked at.
const MAX_VERIFIER_INFO: usize = 10;

/// A request object whose signature nobody has checked.
#[derive(Debug)]
#[must_use]
pub struct UnverifiedRequest {
    outer: ClientId,
    wallet_nonce: Option<String>,
    text: String,
    jws: UnverifiedJws,
}

/// A request of an authenticated verifier. What it asks for, and whether anybody vetted that, is
/// for the holder to review.
#[derive(Debug)]
#[must_use]
pub struct VerifiedRequest {
    pub(super) client_id: ClientId,
    pub(super) verifier: VerifierIdentity,
    pub(super) purpose: StatedPurpose,
    pub(super) query: Query,
    pub(super) over_asked: Vec<OverAsked>,
    pub(super) nonce: String,
    pub(super) state: Option<String>,
    pub(super) encryption: Option<Encryption>,
    pub(super) transaction_data: Vec<TransactionData>,
    pub(super) response_uri: HttpsUrl,
    expires_at: UnixTime,
    void_from: Option<UnixTime>,
    replay_key: [u8; 32],
    signed: String,
    digests: RequestDigests,
}

/// What stays the same when one verifier asks for the same again, each as SHA-256.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestDigests {
    /// Of the registration as its registrar signed it; `None` where there is none.
    pub registration: Option<[u8; 32]>,
    /// Of the verifier's certificate in DER.
    pub certificate: [u8; 32],
    /// Of the query as JSON, its members in the verifier's order.
    pub query: [u8; 32],
}

impl UnverifiedRequest {
    pub(super) fn parse(
        outer: ClientId,
        wallet_nonce: Option<String>,
        text: &str,
    ) -> Result<Self, RequestError> {
        let limits = Limits { bytes: MAX_REQUEST_BYTES, ..Limits::MESSAGE };
        let jws = UnverifiedJws::parse(text, Expect { typ: &[REQUEST_TYP], limits })?;
        Ok(Self { outer, wallet_nonce, text: text.to_owned(), jws })
    }

    /// Establishes who asks, and reads what is asked.
    ///
    /// `anchors` are the holder's: those for verifiers, and those for registrars.
    ///
    /// # Errors
    /// [`Refusal`], with an error response to send where the verifier is authenticated and the
    /// specification asks for one.
    ///
    /// Source: OpenID4VP 1.0 §5, §5.8, §5.9.3, §5.10.1, §8.2; RFC 9101 §6.
    pub fn verify(
        self,
        anchors: &Anchors,
        now: UnixTime,
        provider: &dyn Provider,
    ) -> Result<VerifiedRequest, Refusal> {
        let key = anchors
            .trust(self.jws.header().x5c(), Usage::Verifier, now, provider)
            .map_err(RequestError::from)?;
        let jws = self.jws.verify(provider, key.public_key()).map_err(RequestError::from)?;
        let parameters = jws.into_payload();
        check_wallet_nonce(&parameters, self.wallet_nonce.as_deref())?;
        check_audience(&parameters)?;
        let client_id = check_client_id(&parameters, &self.outer, &key)?;
        let expires_at = check_times(&parameters, now)?;
        let (registration, registration_digest) =
            registration(&parameters, anchors, &key, now, provider)?.unzip();
        let response_uri = check_response_uri(&parameters, &client_id, &key, registration.as_ref())?;
        let state = token(&parameters, "state")?;
        let nonce = check_nonce(&parameters)?;
        // From here on the verifier is known, and so is where its answers may go. Whether a registrar
        // knows it too makes no difference: what it is told is about its request alone, and is said
        // before the holder's credentials are looked at.
        let asked = Asked::read(&parameters, state.as_deref(), provider).map_err(|error| {
            let reply = reply::error(&response_uri, error.wire_error(), state.as_deref());
            Refusal { error, reply: Some(Box::new(reply)) }
        })?;
        let verifier = VerifierIdentity::of(&key, registration);
        let purpose = verifier.purpose(identity::stated_purpose(&parameters));
        let Asked { query, encryption, transaction_data } = asked;
        let over_asked = coverage::over_asked(&query, verifier.registration());
        let query_text = parameters.get("dcql_query").map(Value::to_string).unwrap_or_default();
        let digests = RequestDigests {
            registration: registration_digest,
            certificate: *key.leaf_sha256().ok_or(TrustError::NoCertificate).map_err(RequestError::from)?,
            query: provider.sha256(query_text.as_bytes()),
        };
        let replay_key = replay_key(&client_id, &nonce, provider);
        Ok(VerifiedRequest {
            client_id,
            verifier,
            purpose,
            query,
            over_asked,
            nonce,
            state,
            encryption,
            transaction_data,
            response_uri,
            expires_at,
            void_from: is_dated(&parameters).then(|| expires_at.plus(CLOCK_SKEW)),
            replay_key,
            digests,
            signed: self.text,
        })
    }
}

impl VerifiedRequest {
    /// Who asks.
    pub fn verifier(&self) -> &VerifierIdentity {
        &self.verifier
    }

    /// The full client identifier, which is also the audience of the answer.
    pub fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// Why the verifier asks.
    pub fn purpose(&self) -> &StatedPurpose {
        &self.purpose
    }

    /// What is asked for.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// What is asked for and no registration covers: everything, when there is no registration.
    pub fn over_asked(&self) -> &[OverAsked] {
        &self.over_asked
    }

    /// What the holder authorizes by answering; empty where there is nothing.
    pub fn transaction_data(&self) -> &[TransactionData] {
        &self.transaction_data
    }

    /// The SHA-256 thumbprint of the key that the answer is encrypted to; `None` for an answer in the
    /// clear. Source: OpenID4VP 1.0 §B.2.6.1, RFC 7638.
    pub fn encryption_thumbprint(&self) -> Option<[u8; 32]> {
        self.encryption.as_ref().map(|encryption| *encryption.thumbprint())
    }

    /// The host that the answer goes to, with its port where that is not 443.
    pub fn response_host(&self) -> &str {
        self.response_uri.authority()
    }

    /// The request object as the verifier signed it: a JWS in compact form.
    pub fn signed_text(&self) -> &str {
        &self.signed
    }

    /// From when on the request must not be answered.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// From when on this request is refused as expired, whenever it is received; `None` when it names
    /// no time at all, and so never expires.
    pub fn void_from(&self) -> Option<UnixTime> {
        self.void_from
    }

    /// Names this request among all: a wallet that has answered it answers no second time. SHA-256
    /// over the client identifier and the nonce.
    pub fn replay_key(&self) -> &[u8; 32] {
        &self.replay_key
    }

    /// Tells whether this verifier asked for the same before.
    pub fn digests(&self) -> &RequestDigests {
        &self.digests
    }
}

fn check_audience(parameters: &Map<String, Value>) -> Result<(), RequestError> {
    let audience = match parameters.get("aud") {
        Some(Value::Array(list)) => match list.as_slice() {
            [only] => only.as_str(),
            _ => None,
        },
        other => other.and_then(Value::as_str),
    };
    if audience == Some(STATIC_AUDIENCE) { Ok(()) } else { Err(RequestError::Audience) }
}

/// Source: OpenID4VP 1.0 §5.9.3, §5.10.1: identical, prefix included, and backed by the leaf.
fn check_client_id(
    parameters: &Map<String, Value>,
    outer: &ClientId,
    key: &TrustedKey,
) -> Result<ClientId, RequestError> {
    let inner = text(parameters, "client_id")?.ok_or(RequestError::Parameter { name: "client_id" })?;
    if inner != outer.as_str() {
        return Err(RequestError::ClientIdDiffers);
    }
    let fits = match outer.kind() {
        ClientIdKind::X509SanDns(host) => key.dns_names().iter().any(|name| name.eq_ignore_ascii_case(host)),
        ClientIdKind::X509Hash(hash) => key.leaf_sha256() == Some(hash),
    };
    if fits { Ok(outer.clone()) } else { Err(RequestError::ClientIdCertificate) }
}

/// `exp` and `iat` are optional in the specification: a request without `exp` lives for the default
/// lifetime from `iat`, or from now.
fn check_times(parameters: &Map<String, Value>, now: UnixTime) -> Result<UnixTime, RequestError> {
    let issued_at = time(parameters, "iat")?;
    let from = issued_at.unwrap_or(now);
    let expires_at = time(parameters, "exp")?.unwrap_or(from.plus(DEFAULT_REQUEST_LIFETIME));
    if now >= expires_at.plus(CLOCK_SKEW) {
        return Err(RequestError::Expired { at: expires_at });
    }
    let not_before = time(parameters, "nbf")?.unwrap_or(from);
    let early = from > now.plus(CLOCK_SKEW) || not_before > now.plus(CLOCK_SKEW);
    if early || expires_at.seconds_since(from) > MAX_REQUEST_LIFETIME {
        return Err(RequestError::Times { issued_at: from, expires_at });
    }
    Ok(expires_at)
}

/// Whether [`check_times`] found the expiry in the request, and not in the present time.
fn is_dated(parameters: &Map<String, Value>) -> bool {
    parameters.contains_key("iat") || parameters.contains_key("exp")
}

/// The first registration in `verifier_info`, with the digest of its text. One that does not hold is refused, not passed over: a
/// verifier that sends it means to be taken for another.
fn registration(
    parameters: &Map<String, Value>,
    anchors: &Anchors,
    key: &TrustedKey,
    now: UnixTime,
    provider: &dyn Provider,
) -> Result<Option<(VerifiedRegistration, [u8; 32])>, RequestError> {
    const MALFORMED: RequestError = RequestError::Parameter { name: "verifier_info" };
    let Some(info) = parameters.get("verifier_info") else { return Ok(None) };
    let list =
        info.as_array().filter(|list| (1..=MAX_VERIFIER_INFO).contains(&list.len())).ok_or(MALFORMED)?;
    let ours =
        list.iter().find(|entry| entry.get("format").and_then(Value::as_str) == Some(REGISTRATION_FORMAT));
    let Some(ours) = ours else { return Ok(None) };
    let jwt = ours.get("data").and_then(Value::as_str).ok_or(MALFORMED)?;
    let leaf = key.leaf_sha256().ok_or(TrustError::NoCertificate)?;
    let registration = UnverifiedRegistration::parse(jwt)?.verify(anchors, leaf, now, provider)?;
    Ok(Some((registration, provider.sha256(jwt.as_bytes()))))
}

/// Source: OpenID4VP 1.0 §5.9.3, §8.2, §14.3.1. For `x509_hash` the registration names the hosts;
/// without one, the whole request is only claimed, and the answer stays at a host of the certificate.
fn check_response_uri(
    parameters: &Map<String, Value>,
    client_id: &ClientId,
    key: &TrustedKey,
    registration: Option<&VerifiedRegistration>,
) -> Result<HttpsUrl, RequestError> {
    let uri = text(parameters, "response_uri")?.ok_or(RequestError::Parameter { name: "response_uri" })?;
    let uri = HttpsUrl::parse(uri).ok_or(RequestError::ResponseUri)?;
    let of_certificate = match client_id.kind() {
        ClientIdKind::X509SanDns(host) => uri.host() == host,
        ClientIdKind::X509Hash(_) => {
            registration.is_some() || key.dns_names().iter().any(|name| name.eq_ignore_ascii_case(uri.host()))
        }
    };
    let of_registration = registration.is_none_or(|registration| registration.allows_response_to(uri.url()));
    if of_certificate && of_registration { Ok(uri) } else { Err(RequestError::ResponseHost) }
}

/// Source: OpenID4VP 1.0 §5.2: at least 128 bits, of URL-safe characters.
fn check_nonce(parameters: &Map<String, Value>) -> Result<String, RequestError> {
    let nonce = parameters.get("nonce").and_then(Value::as_str).ok_or(RequestError::Nonce)?;
    if (MIN_NONCE_CHARS..=MAX_TOKEN_CHARS).contains(&nonce.len()) && is_url_safe(nonce) {
        Ok(nonce.to_owned())
    } else {
        Err(RequestError::Nonce)
    }
}

/// Source: OpenID4VP 1.0 §5.10.1: what was posted has to stand in the signed request.
fn check_wallet_nonce(parameters: &Map<String, Value>, posted: Option<&str>) -> Result<(), RequestError> {
    let Some(posted) = posted else { return Ok(()) };
    let repeated = parameters.get("wallet_nonce").and_then(Value::as_str);
    let same = repeated.is_some_and(|repeated| bool::from(repeated.as_bytes().ct_eq(posted.as_bytes())));
    if same { Ok(()) } else { Err(RequestError::WalletNonce) }
}

/// A nonce is fixed in length by no one, so a separator that it cannot contain stands between.
fn replay_key(client_id: &ClientId, nonce: &str, provider: &dyn Provider) -> [u8; 32] {
    provider.sha256(format!("{nonce} {client_id}").as_bytes())
}

fn token(parameters: &Map<String, Value>, name: &'static str) -> Result<Option<String>, RequestError> {
    let Some(token) = text(parameters, name)? else { return Ok(None) };
    if (1..=MAX_TOKEN_CHARS).contains(&token.len()) && is_url_safe(token) {
        Ok(Some(token.to_owned()))
    } else {
        Err(RequestError::Parameter { name })
    }
}

fn text<'a>(parameters: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, RequestError> {
    match parameters.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(RequestError::Parameter { name }),
    }
}

fn time(parameters: &Map<String, Value>, name: &'static str) -> Result<Option<UnixTime>, RequestError> {
    match parameters.get(name) {
        None => Ok(None),
        Some(value) => match value.as_i64() {
            Some(seconds) => Ok(Some(UnixTime::from_secs(seconds))),
            None => Err(RequestError::Parameter { name }),
        },
    }
}

impl From<RequestError> for Refusal {
    fn from(error: RequestError) -> Self {
        Self { error, reply: None }
    }
}
