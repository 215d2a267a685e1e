//! Proofs of possession of the holder's keys, behind one abstraction. Source: OpenID4VCI 1.0
//! Appendix F.
//!
//! A batch of `jwt` proofs, with or without a key attestation, or a key attestation alone: each yields
//! the same [`ProofKeys`].

use inro_base::json::Limits;
use inro_base::{Code, Coded, UnixTime};
use inro_crypto::{Provider, PublicKey};
use inro_jose::{Expect, Header, JoseError, Jwk, JwsToSign, UnverifiedJws};
use inro_oauth::HttpsUrl;
use inro_trust::Anchors;
use serde_json::{Map, Value, json};

use crate::attestation::{AttestationDemand, AttestationError, KeyAttestation};

/// The `typ` of a proof. Source: OpenID4VCI 1.0 Appendix F.1.
pub const JWT_TYP: &str = "openid4vci-proof+jwt";
/// How far a proof's `iat` may lie from the issuer's time, in seconds. The `c_nonce` bounds the age
/// by the server's own clock; this leaves room for a phone's. Source: OpenID4VCI 1.0 §13.8.
pub const IAT_WINDOW: i64 = 300;
/// The longest proof, in bytes: a header with one P-256 key and three short claims.
const MAX_PROOF_BYTES: usize = 4096;
/// The longest proof that carries a key attestation, in bytes. The header is bounded by its own limit.
const MAX_ATTESTED_PROOF_BYTES: usize = 64 * 1024;
/// The most proofs that we look at before counting them against the batch size.
pub const MAX_PROOFS: usize = 100;

/// A `jwt` proof to sign with the private half of `key`. No `iss`: the token request was anonymous.
///
/// Source: OpenID4VCI 1.0 Appendix F.1.
pub fn jwt_to_sign(key: &PublicKey, issuer: &HttpsUrl, c_nonce: Option<&str>, now: UnixTime) -> JwsToSign {
    let mut header = Map::new();
    header.insert("typ".into(), JWT_TYP.into());
    header.insert("jwk".into(), Jwk::new(*key).to_value());
    JwsToSign::new(header, &claims(issuer, c_nonce, now))
}

/// A `jwt` proof as [`jwt_to_sign`] makes it, with an attestation of `key` and of others beside it.
///
/// Source: OpenID4VCI 1.0 Appendix F.1.
pub fn attested_jwt_to_sign(
    key: &PublicKey,
    attestation: &str,
    issuer: &HttpsUrl,
    c_nonce: Option<&str>,
    now: UnixTime,
) -> JwsToSign {
    let mut header = Map::new();
    header.insert("typ".into(), JWT_TYP.into());
    header.insert("jwk".into(), Jwk::new(*key).to_value());
    header.insert("key_attestation".into(), attestation.into());
    JwsToSign::new(header, &claims(issuer, c_nonce, now))
}

fn claims(issuer: &HttpsUrl, c_nonce: Option<&str>, now: UnixTime) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("aud".into(), issuer.as_str().into());
    claims.insert("iat".into(), now.as_secs().into());
    if let Some(nonce) = c_nonce {
        claims.insert("nonce".into(), nonce.into());
    }
    claims
}

/// The `proofs` member of a credential request, read and not yet checked.
#[derive(Debug)]
#[non_exhaustive]
pub enum Proofs {
    /// One JWT per key, or one with an attestation of several keys.
    Jwt(Vec<String>),
    /// A key attestation.
    Attestation(String),
}

impl Proofs {
    /// How many texts there are.
    pub const fn len(&self) -> usize {
        match self {
            Self::Jwt(texts) => texts.len(),
            Self::Attestation(_) => 1,
        }
    }

    /// Whether there is no text.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The member `proofs`.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Jwt(texts) => json!({ "jwt": texts }),
            Self::Attestation(text) => json!({ "attestation": [text] }),
        }
    }
}

/// The holder's keys, all different, each proved under a `c_nonce`. Only [`Proofs::verify`] makes one.
#[derive(Debug, Eq, PartialEq)]
#[must_use]
pub struct ProofKeys {
    keys: Vec<PublicKey>,
    c_nonces: Vec<String>,
}

/// Why the proofs of a credential request were refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// No `proofs`.
    #[error("no proofs")]
    Missing,
    /// Not exactly one proof type that we know, or not an array of texts.
    #[error("proofs of an unknown type or form")]
    Form,
    /// An empty array.
    #[error("an empty batch of proofs")]
    Empty,
    /// More proofs than the batch size.
    #[error("{given} proofs where {most} are allowed")]
    TooMany {
        /// How many came.
        given: usize,
        /// The batch size.
        most: usize,
    },
    /// A proof is no JWS of the right kind, or its signature is wrong.
    #[error(transparent)]
    Jws(#[from] JoseError),
    /// Not exactly a `jwk` in the header.
    #[error("a proof without exactly one key in its header")]
    Key,
    /// `aud` is not this issuer.
    #[error("a proof for another issuer")]
    OtherIssuer,
    /// `iss` stands in a proof for an anonymous token.
    #[error("a proof with an issuer although the client is anonymous")]
    Named,
    /// `age` is in seconds; negative in the future.
    #[error("a proof {age} seconds old")]
    Stale {
        /// How old it is.
        age: i64,
    },
    /// `iat` is absent or no number.
    #[error("a proof without a time")]
    NoTime,
    /// A proof has no `nonce`.
    #[error("a proof without a nonce")]
    NoNonce,
    /// One key stands in two proofs.
    #[error("one key in two proofs")]
    RepeatedKey,
    /// The attestation of the keys.
    #[error(transparent)]
    Attestation(#[from] AttestationError),
}

impl Coded for ProofError {
    fn code(&self) -> Code {
        match self {
            Self::Missing => const { Code::new("INRO-VCI-050") },
            Self::Form => const { Code::new("INRO-VCI-051") },
            Self::Empty => const { Code::new("INRO-VCI-052") },
            Self::TooMany { .. } => const { Code::new("INRO-VCI-053") },
            Self::Jws(error) => error.code(),
            Self::Key => const { Code::new("INRO-VCI-054") },
            Self::OtherIssuer => const { Code::new("INRO-VCI-055") },
            Self::Named => const { Code::new("INRO-VCI-056") },
            Self::Stale { .. } | Self::NoTime => const { Code::new("INRO-VCI-057") },
            Self::NoNonce => const { Code::new("INRO-VCI-058") },
            Self::RepeatedKey => const { Code::new("INRO-VCI-060") },
            Self::Attestation(error) => error.code(),
        }
    }
}

/// What the issuer checks proofs against.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The issuer's identifier.
    pub issuer: &'a HttpsUrl,
    /// The most proofs in one request.
    pub batch_size: usize,
    /// What is asked of key attestations and who may make them, where keys have to be attested.
    pub attestation: Option<(&'a AttestationDemand, &'a Anchors)>,
    /// The issuer's time.
    pub now: UnixTime,
}

impl Proofs {
    /// Reads the member `proofs`.
    ///
    /// # Errors
    /// [`ProofError`] for anything but one array of `jwt` proofs or with one key attestation.
    ///
    /// Source: OpenID4VCI 1.0 §8.2.
    pub fn parse(value: Option<&Value>) -> Result<Self, ProofError> {
        let object = value.ok_or(ProofError::Missing)?.as_object().ok_or(ProofError::Form)?;
        let mut members = object.iter();
        let (Some((name, value)), None) = (members.next(), members.next()) else {
            return Err(ProofError::Form);
        };
        let list = value.as_array().ok_or(ProofError::Form)?;
        if list.len() > MAX_PROOFS {
            return Err(ProofError::TooMany { given: list.len(), most: MAX_PROOFS });
        }
        let texts: Option<Vec<String>> = list.iter().map(|item| item.as_str().map(String::from)).collect();
        let mut texts = texts.ok_or(ProofError::Form)?;
        match (name.as_str(), texts.len()) {
            ("jwt", _) => Ok(Self::Jwt(texts)),
            // Appendix F: exactly one.
            ("attestation", 1) => Ok(Self::Attestation(texts.swap_remove(0))),
            ("attestation", 0) => Err(ProofError::Empty),
            _ => Err(ProofError::Form),
        }
    }

    /// Checks every proof. The nonce's origin and single use are still to be checked.
    ///
    /// # Errors
    /// [`ProofError`] names the first check that failed.
    ///
    /// Source: OpenID4VCI 1.0 Appendix F.4.
    pub fn verify(self, expected: &Expected<'_>, provider: &dyn Provider) -> Result<ProofKeys, ProofError> {
        match self {
            Self::Jwt(texts) => verify_jwts(&texts, expected, provider),
            Self::Attestation(text) => verify_attestation(&text, expected, provider),
        }
    }
}

impl ProofKeys {
    /// The keys, in the order of their proofs; at least one.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// The nonces in proofs and attestations, each once; at least one.
    pub fn c_nonces(&self) -> &[String] {
        &self.c_nonces
    }
}

/// A key attestation alone. More keys than the batch size: the first ones get a credential.
///
/// Source: OpenID4VCI 1.0 §8.3, Appendix F.3.
fn verify_attestation(
    text: &str,
    expected: &Expected<'_>,
    provider: &dyn Provider,
) -> Result<ProofKeys, ProofError> {
    // Who asks for no attestations has not said whom to believe.
    let (demand, providers) = expected.attestation.ok_or(ProofError::Form)?;
    let attestation = KeyAttestation::verify(text, demand, providers, expected.now, provider)?;
    let c_nonce = attestation.nonce().ok_or(ProofError::NoNonce)?.to_owned();
    Ok(ProofKeys { keys: attested(&attestation, expected)?, c_nonces: vec![c_nonce] })
}

/// The attested keys that get a credential, all different.
fn attested(attestation: &KeyAttestation, expected: &Expected<'_>) -> Result<Vec<PublicKey>, ProofError> {
    let mut keys: Vec<PublicKey> = Vec::new();
    for key in attestation.keys().take(expected.batch_size) {
        if keys.contains(key) {
            return Err(ProofError::RepeatedKey);
        }
        keys.push(*key);
    }
    Ok(keys)
}

/// Several proofs stand for one key each; one alone stands for every key that it has attested.
fn verify_jwts(
    texts: &[String],
    expected: &Expected<'_>,
    provider: &dyn Provider,
) -> Result<ProofKeys, ProofError> {
    if texts.len() > expected.batch_size {
        return Err(ProofError::TooMany { given: texts.len(), most: expected.batch_size });
    }
    let mut keys: Vec<PublicKey> = Vec::with_capacity(texts.len());
    let mut c_nonces: Vec<String> = Vec::new();
    for text in texts {
        let proof = verify_jwt(text, expected, provider)?;
        let proved = match &proof.attestation {
            Some(attestation) if texts.len() == 1 => attested(attestation, expected)?,
            Some(_) | None => vec![proof.key],
        };
        if proved.iter().any(|key| keys.contains(key)) {
            return Err(ProofError::RepeatedKey);
        }
        keys.extend(proved);
        for nonce in proof.nonces {
            if !c_nonces.contains(&nonce) {
                c_nonces.push(nonce);
            }
        }
    }
    if keys.is_empty() { Err(ProofError::Empty) } else { Ok(ProofKeys { keys, c_nonces }) }
}

/// One `jwt` proof, checked.
struct JwtProof {
    key: PublicKey,
    /// Its own, and that of the attestation.
    nonces: Vec<String>,
    attestation: Option<KeyAttestation>,
}

fn verify_jwt(text: &str, expected: &Expected<'_>, provider: &dyn Provider) -> Result<JwtProof, ProofError> {
    let bytes = if expected.attestation.is_some() { MAX_ATTESTED_PROOF_BYTES } else { MAX_PROOF_BYTES };
    let jws = UnverifiedJws::parse(text, Expect { typ: &[JWT_TYP], limits: Limits { bytes, depth: 4 } })?;
    let attestation = match expected.attestation {
        Some((demand, providers)) => {
            let text = jws.header().all().get("key_attestation").and_then(Value::as_str);
            let text = text.ok_or(AttestationError::Missing)?;
            Some(KeyAttestation::verify(text, demand, providers, expected.now, provider)?)
        }
        // Nobody asked, so nobody reads it.
        None => None,
    };
    let key = proof_key(jws.header(), attestation.as_ref())?;
    let verified = jws.verify(provider, &key)?;
    let mut nonces = vec![check_claims(verified.payload(), expected)?];
    if let Some(attestation) = &attestation {
        if !attestation.has_end() {
            return Err(AttestationError::Claim { claim: "exp" }.into());
        }
        nonces.push(attestation.nonce().ok_or(ProofError::NoNonce)?.to_owned());
    }
    Ok(JwtProof { key, nonces, attestation })
}

/// The key in the header: `jwk`, or one that an attestation beside it names by `kid`; an attested one
/// wherever keys have to be attested. Source: OpenID4VCI 1.0 Appendix D.1, F.1.
fn proof_key(header: &Header, attestation: Option<&KeyAttestation>) -> Result<PublicKey, ProofError> {
    let named = header.kid().zip(attestation);
    let key = match (header.jwk(), named, header.kid().is_some() || !header.x5c().is_empty()) {
        (Some(jwk), _, false) => jwk.key,
        (None, Some((kid, attestation)), _) if header.x5c().is_empty() => {
            *attestation.named(kid).ok_or(AttestationError::NotAttested)?
        }
        _ => return Err(ProofError::Key),
    };
    match attestation {
        Some(attestation) if !attestation.keys().any(|attested| *attested == key) => {
            Err(AttestationError::NotAttested.into())
        }
        Some(_) | None => Ok(key),
    }
}

/// Gives the nonce.
fn check_claims(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<String, ProofError> {
    if claims.get("aud").and_then(Value::as_str) != Some(expected.issuer.as_str()) {
        return Err(ProofError::OtherIssuer);
    }
    if claims.contains_key("iss") {
        return Err(ProofError::Named);
    }
    let issued_at = claims.get("iat").and_then(UnixTime::from_numeric_date).ok_or(ProofError::NoTime)?;
    let age = expected.now.seconds_since(issued_at);
    if !(-IAT_WINDOW..=IAT_WINDOW).contains(&age) {
        return Err(ProofError::Stale { age });
    }
    let nonce = claims.get("nonce").and_then(Value::as_str).ok_or(ProofError::NoNonce)?;
    Ok(nonce.into())
}
