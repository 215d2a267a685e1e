//! Proofs of possession of the holder's keys, behind one abstraction. Source: OpenID4VCI 1.0
//! Appendix F.
//!
//! Today a batch of `jwt` proofs; a proof type that attests many keys at once becomes another
//! variant of [`Proofs`] and yields the same [`ProofKeys`].

use inro_base::json::Limits;
use inro_base::{Code, Coded, UnixTime};
use inro_crypto::{Provider, PublicKey};
use inro_jose::{Expect, JoseError, Jwk, JwsToSign, UnverifiedJws};
use inro_oauth::HttpsUrl;
use serde_json::{Map, Value};

/// The `typ` of a proof. Source: OpenID4VCI 1.0 Appendix F.1.
pub const JWT_TYP: &str = "openid4vci-proof+jwt";
/// How far a proof's `iat` may lie from the issuer's time, in seconds. The `c_nonce` bounds the age
/// by the server's own clock; this leaves room for a phone's. Source: OpenID4VCI 1.0 §13.8.
pub const IAT_WINDOW: i64 = 300;
/// The longest proof, in bytes: a header with one P-256 key and three short claims.
const MAX_PROOF_BYTES: usize = 4096;
/// The most proofs that we look at before counting them against the batch size.
pub const MAX_PROOFS: usize = 100;

/// A `jwt` proof to sign with the private half of `key`. No `iss`: the token request was anonymous.
///
/// Source: OpenID4VCI 1.0 Appendix F.1.
pub fn jwt_to_sign(key: &PublicKey, issuer: &HttpsUrl, c_nonce: Option<&str>, now: UnixTime) -> JwsToSign {
    let mut header = Map::new();
    header.insert("typ".into(), JWT_TYP.into());
    header.insert("jwk".into(), Jwk::new(*key).to_value());
    let mut claims = Map::new();
    claims.insert("aud".into(), issuer.as_str().into());
    claims.insert("iat".into(), now.as_secs().into());
    if let Some(nonce) = c_nonce {
        claims.insert("nonce".into(), nonce.into());
    }
    JwsToSign::new(header, &claims)
}

/// The `proofs` member of a credential request, read and not yet checked.
#[derive(Debug)]
#[non_exhaustive]
pub enum Proofs {
    /// One JWT per key.
    Jwt(Vec<String>),
}

/// The holder's keys, all different, each proved under the same `c_nonce`. Only
/// [`Proofs::verify`] makes one.
#[derive(Debug, Eq, PartialEq)]
#[must_use]
pub struct ProofKeys {
    keys: Vec<PublicKey>,
    c_nonce: String,
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
    /// Two proofs have different nonces.
    #[error("proofs with different nonces")]
    DifferentNonces,
    /// One key stands in two proofs.
    #[error("one key in two proofs")]
    RepeatedKey,
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
            Self::DifferentNonces => const { Code::new("INRO-VCI-059") },
            Self::RepeatedKey => const { Code::new("INRO-VCI-060") },
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
    /// The issuer's time.
    pub now: UnixTime,
}

impl Proofs {
    /// Reads the member `proofs`.
    ///
    /// # Errors
    /// [`ProofError`] for anything but one non-empty array of `jwt` proofs.
    ///
    /// Source: OpenID4VCI 1.0 §8.2.
    pub fn parse(value: Option<&Value>) -> Result<Self, ProofError> {
        let object = value.ok_or(ProofError::Missing)?.as_object().ok_or(ProofError::Form)?;
        let mut members = object.iter();
        let (Some((name, value)), None) = (members.next(), members.next()) else {
            return Err(ProofError::Form);
        };
        if name != "jwt" {
            return Err(ProofError::Form);
        }
        let list = value.as_array().ok_or(ProofError::Form)?;
        if list.len() > MAX_PROOFS {
            return Err(ProofError::TooMany { given: list.len(), most: MAX_PROOFS });
        }
        let texts = list.iter().map(|item| item.as_str().map(String::from));
        Ok(Self::Jwt(texts.collect::<Option<_>>().ok_or(ProofError::Form)?))
    }

    /// Checks every proof. The nonce's origin and single use are still to be checked.
    ///
    /// # Errors
    /// [`ProofError`] names the first check that failed.
    ///
    /// Source: OpenID4VCI 1.0 Appendix F.4.
    pub fn verify(self, expected: &Expected<'_>, provider: &dyn Provider) -> Result<ProofKeys, ProofError> {
        let Self::Jwt(texts) = self;
        if texts.len() > expected.batch_size {
            return Err(ProofError::TooMany { given: texts.len(), most: expected.batch_size });
        }
        let mut keys: Vec<PublicKey> = Vec::with_capacity(texts.len());
        let mut shared: Option<String> = None;
        for text in texts {
            let (key, nonce) = verify_jwt(&text, expected, provider)?;
            if keys.contains(&key) {
                return Err(ProofError::RepeatedKey);
            }
            if shared.as_ref().is_some_and(|shared| *shared != nonce) {
                return Err(ProofError::DifferentNonces);
            }
            keys.push(key);
            shared = Some(nonce);
        }
        Ok(ProofKeys { keys, c_nonce: shared.ok_or(ProofError::Empty)? })
    }
}

impl ProofKeys {
    /// The keys, in the order of their proofs; at least one.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// The `c_nonce` in every proof.
    pub fn c_nonce(&self) -> &str {
        &self.c_nonce
    }
}

fn verify_jwt(
    text: &str,
    expected: &Expected<'_>,
    provider: &dyn Provider,
) -> Result<(PublicKey, String), ProofError> {
    let limits = Limits { bytes: MAX_PROOF_BYTES, depth: 4 };
    let jws = UnverifiedJws::parse(text, Expect { typ: &[JWT_TYP], limits })?;
    let header = jws.header();
    let others = header.kid().is_some() || !header.x5c().is_empty();
    let key = match header.jwk() {
        Some(jwk) if !others => jwk.key,
        _ => return Err(ProofError::Key),
    };
    let verified = jws.verify(provider, &key)?;
    let claims = verified.payload();
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
    Ok((key, nonce.into()))
}
