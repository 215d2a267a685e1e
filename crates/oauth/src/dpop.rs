//! DPoP proofs: made by the client, verified by the server. Source: RFC 9449.

use inro_base::http::Method;
use inro_base::json::Limits;
use inro_base::{Code, Coded, Rng, UnixTime, base64url};
use inro_crypto::{Provider, PublicKey};
use inro_jose::{Expect, JoseError, Jwk, JwsToSign, UnverifiedJws, VerifiedJws};
use serde_json::{Map, Value};

use crate::url_text::HttpsUrl;

/// The `typ` of a proof. Source: RFC 9449 §4.2.
pub const TYP: &str = "dpop+jwt";
/// How far a proof's `iat` may lie from the server's time, in seconds. The server nonce bounds the
/// age more tightly; this leaves room for a phone's clock. Source: RFC 9449 §11.1.
pub const IAT_WINDOW: i64 = 300;
/// The longest proof, in bytes: a header with one P-256 key and six short claims.
const MAX_PROOF_BYTES: usize = 4096;
/// The longest `jti`, in bytes: a store keeps its digest, so this bounds the reading alone.
const MAX_JTI_BYTES: usize = 256;

/// What a proof is made for.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The request's method.
    pub method: Method,
    /// The request's URL; query and fragment do not count.
    pub url: &'a HttpsUrl,
    /// The access token that the request carries.
    pub access_token: Option<&'a str>,
    /// The server's latest nonce.
    pub nonce: Option<&'a str>,
}

/// A proof to sign for `target` with `key`.
///
/// Source: RFC 9449 §4.2.
pub fn proof_to_sign(
    target: Target<'_>,
    key: &PublicKey,
    now: UnixTime,
    rng: &mut dyn Rng,
    provider: &dyn Provider,
) -> JwsToSign {
    let mut header = Map::new();
    header.insert("typ".into(), TYP.into());
    header.insert("jwk".into(), Jwk::new(*key).to_value());
    let mut claims = Map::new();
    claims.insert("jti".into(), rng.token::<16>().into());
    claims.insert("htm".into(), target.method.as_str().into());
    claims.insert("htu".into(), target.url.without_query().into());
    claims.insert("iat".into(), now.as_secs().into());
    if let Some(token) = target.access_token {
        claims.insert("ath".into(), token_hash(token, provider).into());
    }
    if let Some(nonce) = target.nonce {
        claims.insert("nonce".into(), nonce.into());
    }
    JwsToSign::new(header, &claims)
}

/// What the server checks a proof against.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The method of the request that carried the proof.
    pub method: Method,
    /// The URL of the request as the server publishes it.
    pub url: &'a HttpsUrl,
    /// The access token of the request, at a protected resource.
    pub access_token: Option<&'a str>,
    /// The server's time.
    pub now: UnixTime,
}

/// A proof that was read and not yet checked.
pub struct UnverifiedDpop(UnverifiedJws);

/// A proof whose signature, method, URL, time and token were checked. The server still has to
/// check the nonce, the replay of `jti` and, at a resource, the key's thumbprint.
#[derive(Debug)]
#[must_use]
pub struct DpopProof {
    thumbprint: String,
    jti_digest: [u8; 32],
    issued_at: UnixTime,
    nonce: Option<String>,
}

/// Why a proof was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DpopError {
    /// The request has no proof, or more than one.
    #[error("not exactly one DPoP proof")]
    NotOne,
    /// The proof is no JWS of the right kind, or its signature is wrong.
    #[error(transparent)]
    Jws(#[from] JoseError),
    /// The header has no key.
    #[error("a DPoP proof without a key")]
    NoKey,
    /// A claim is absent or of another type.
    #[error("a DPoP proof without a usable {claim}")]
    Claim {
        /// Its name.
        claim: &'static str,
    },
    /// `htm` is another method.
    #[error("a DPoP proof for another method")]
    OtherMethod,
    /// `htu` is another URL.
    #[error("a DPoP proof for another URL")]
    OtherUrl,
    /// `age` is in seconds; negative in the future.
    #[error("a DPoP proof {age} seconds old")]
    Stale {
        /// How old it is.
        age: i64,
    },
    /// `ath` is not the hash of the access token.
    #[error("a DPoP proof for another access token")]
    OtherToken,
    /// The token is bound to another key.
    #[error("a DPoP proof by another key than the token's")]
    OtherKey,
    /// The proof has no server nonce.
    #[error("a DPoP proof without the server's nonce")]
    NoNonce,
    /// The same proof came before.
    #[error("a DPoP proof that was used before")]
    Replayed,
}

impl Coded for DpopError {
    fn code(&self) -> Code {
        match self {
            Self::NotOne => const { Code::new("INRO-OAUTH-001") },
            Self::Jws(error) => error.code(),
            Self::NoKey => const { Code::new("INRO-OAUTH-002") },
            Self::Claim { .. } => const { Code::new("INRO-OAUTH-003") },
            Self::OtherMethod => const { Code::new("INRO-OAUTH-004") },
            Self::OtherUrl => const { Code::new("INRO-OAUTH-005") },
            Self::Stale { .. } => const { Code::new("INRO-OAUTH-006") },
            Self::OtherToken => const { Code::new("INRO-OAUTH-007") },
            Self::OtherKey => const { Code::new("INRO-OAUTH-008") },
            Self::NoNonce => const { Code::new("INRO-OAUTH-009") },
            Self::Replayed => const { Code::new("INRO-OAUTH-010") },
        }
    }
}

impl UnverifiedDpop {
    /// Reads the one proof among the values of the `DPoP` header.
    ///
    /// # Errors
    /// [`DpopError::NotOne`], or the JWS error of a malformed proof.
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a str>) -> Result<Self, DpopError> {
        let mut values = values.into_iter();
        let (Some(text), None) = (values.next(), values.next()) else {
            return Err(DpopError::NotOne);
        };
        let limits = Limits { bytes: MAX_PROOF_BYTES, depth: 4 };
        Ok(Self(UnverifiedJws::parse(text, Expect { typ: &[TYP], limits })?))
    }

    /// Checks everything that needs no server state.
    ///
    /// # Errors
    /// [`DpopError`] names the first check that failed.
    ///
    /// Source: RFC 9449 §4.3.
    pub fn verify(self, expected: &Expected<'_>, provider: &dyn Provider) -> Result<DpopProof, DpopError> {
        let key = self.0.header().jwk().cloned().ok_or(DpopError::NoKey)?;
        let verified = self.0.verify(provider, &key.key)?;
        let thumbprint = key.thumbprint(provider);
        check_claims(&verified, expected, provider)?;
        let claims = verified.payload();
        let jti = text(claims, "jti")?;
        if jti.is_empty() || jti.len() > MAX_JTI_BYTES {
            return Err(DpopError::Claim { claim: "jti" });
        }
        Ok(DpopProof {
            jti_digest: provider.sha256(format!("{thumbprint}.{jti}").as_bytes()),
            thumbprint,
            issued_at: issued_at(claims)?,
            nonce: claims.get("nonce").and_then(Value::as_str).map(String::from),
        })
    }
}

impl DpopProof {
    /// The RFC 7638 thumbprint of the proof's key: what a token is bound to.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// A digest over key and `jti`: what a replay store keeps until [`DpopProof::forget_at`].
    pub fn jti_digest(&self) -> &[u8; 32] {
        &self.jti_digest
    }

    /// From when on the `iat` window alone refuses this proof.
    pub fn forget_at(&self) -> UnixTime {
        self.issued_at.plus(IAT_WINDOW + 1)
    }

    /// The server nonce in the proof.
    ///
    /// # Errors
    /// [`DpopError::NoNonce`] when there is none.
    pub fn nonce(&self) -> Result<&str, DpopError> {
        self.nonce.as_deref().ok_or(DpopError::NoNonce)
    }

    /// Checks that the proof is by the key that a token is bound to.
    ///
    /// # Errors
    /// [`DpopError::OtherKey`] when it is not.
    pub fn check_key(&self, bound_to: &str) -> Result<(), DpopError> {
        if self.thumbprint == bound_to { Ok(()) } else { Err(DpopError::OtherKey) }
    }
}

fn check_claims(
    proof: &VerifiedJws,
    expected: &Expected<'_>,
    provider: &dyn Provider,
) -> Result<(), DpopError> {
    let claims = proof.payload();
    if text(claims, "htm")? != expected.method.as_str() {
        return Err(DpopError::OtherMethod);
    }
    // A query or fragment should not be there, and does not count where it is (§4.3, step 9).
    let htu = text(claims, "htu")?.split('#').next().unwrap_or_default();
    let url = HttpsUrl::parse(htu).map_err(|_| DpopError::OtherUrl)?;
    if url.without_query() != expected.url.without_query() {
        return Err(DpopError::OtherUrl);
    }
    let age = expected.now.seconds_since(issued_at(claims)?);
    if !(-IAT_WINDOW..=IAT_WINDOW).contains(&age) {
        return Err(DpopError::Stale { age });
    }
    if let Some(token) = expected.access_token
        && text(claims, "ath")? != token_hash(token, provider)
    {
        return Err(DpopError::OtherToken);
    }
    Ok(())
}

fn text<'a>(claims: &'a Map<String, Value>, claim: &'static str) -> Result<&'a str, DpopError> {
    claims.get(claim).and_then(Value::as_str).ok_or(DpopError::Claim { claim })
}

fn issued_at(claims: &Map<String, Value>) -> Result<UnixTime, DpopError> {
    claims.get("iat").and_then(UnixTime::from_numeric_date).ok_or(DpopError::Claim { claim: "iat" })
}

/// Source: RFC 9449 §4.2, `ath`.
fn token_hash(token: &str, provider: &dyn Provider) -> String {
    base64url::encode(&provider.sha256(token.as_bytes()))
}
