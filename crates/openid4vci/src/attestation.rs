//! Key attestations in JWT format: what a wallet provider says of keys and of where they are kept.
//!
//! Source: OpenID4VCI 1.0 Appendix D.

use inro_base::json::{self, Limits};
use inro_base::{Code, Coded, UnixTime, base64url};
use inro_crypto::{Provider, PublicKey};
use inro_jose::{Expect, JoseError, Jwk, UnverifiedJws};
use inro_trust::{Anchors, TrustError, Usage};
use serde_json::{Map, Value, json};

/// The `typ` of a key attestation. Source: OpenID4VCI 1.0 Appendix D.1.
pub const TYP: &str = "key-attestation+jwt";
/// Bounds on the payload: 100 keys of some 130 bytes.
const LIMITS: Limits = Limits { bytes: 32 * 1024, depth: 6 };
/// The most keys that we read of one attestation.
const MAX_KEYS: usize = 100;
/// How far in the future `iat` may lie, in seconds.
const CLOCK_SKEW: i64 = 300;

/// What an issuer asks of key attestations: `key_attestations_required`. An empty list asks for
/// nothing in particular.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AttestationDemand {
    /// The levels of key storage that are accepted, such as `iso_18045_high`.
    pub key_storage: Vec<String>,
    /// The levels of user authentication that are accepted.
    pub user_authentication: Vec<String>,
}

/// A key attestation whose signer is trusted and whose claims were checked against a demand.
#[derive(Debug)]
#[must_use]
pub struct KeyAttestation {
    keys: Vec<(PublicKey, Option<String>)>,
    nonce: Option<String>,
    has_end: bool,
    status: Option<Value>,
}

/// Why a key attestation was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AttestationError {
    /// No JWS of the right kind, or its signature is wrong.
    #[error(transparent)]
    Jws(#[from] JoseError),
    /// Nobody on the list of wallet providers signed it.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A claim is absent or of another form.
    #[error("a key attestation without a usable {claim}")]
    Claim {
        /// Its name.
        claim: &'static str,
    },
    /// It ended at `at`.
    #[error("a key attestation that ended at {at}")]
    Expired {
        /// When.
        at: UnixTime,
    },
    /// It was made in the future.
    #[error("a key attestation from the future")]
    Future,
    /// The keys are not kept, or not guarded, as the issuer asks.
    #[error("a key attestation with too low a level of {what}")]
    Level {
        /// `key_storage` or `user_authentication`.
        what: &'static str,
    },
    /// The key of the proof is not among the attested ones.
    #[error("a key that the attestation does not name")]
    NotAttested,
    /// The issuer asks for one, and none came.
    #[error("no key attestation")]
    Missing,
}

impl Coded for AttestationError {
    fn code(&self) -> Code {
        match self {
            Self::Jws(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Claim { .. } => const { Code::new("INRO-VCI-090") },
            Self::Expired { .. } => const { Code::new("INRO-VCI-091") },
            Self::Future => const { Code::new("INRO-VCI-092") },
            Self::Level { .. } => const { Code::new("INRO-VCI-093") },
            Self::NotAttested => const { Code::new("INRO-VCI-094") },
            Self::Missing => const { Code::new("INRO-VCI-095") },
        }
    }
}

impl AttestationDemand {
    /// The member as an issuer publishes it; an empty list must not stand there.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        for (name, levels) in
            [("key_storage", &self.key_storage), ("user_authentication", &self.user_authentication)]
        {
            if !levels.is_empty() {
                object.insert(name.into(), json!(levels));
            }
        }
        object.into()
    }

    /// What of keys of these levels is not as asked: `key_storage` or `user_authentication`. The levels have no
    /// order, so one of those that are accepted must be among them.
    ///
    /// Source: OpenID4VCI 1.0 Appendix D.2.
    pub fn unmet(&self, key_storage: &[String], user_authentication: &[String]) -> Option<&'static str> {
        let fits = |accepted: &[String], levels: &[String]| {
            accepted.is_empty() || levels.iter().any(|level| accepted.contains(level))
        };
        if !fits(&self.key_storage, key_storage) {
            return Some("key_storage");
        }
        (!fits(&self.user_authentication, user_authentication)).then_some("user_authentication")
    }

    /// Reads the member; what is no list of texts asks for nothing.
    pub(crate) fn parse(value: &Value) -> Self {
        let levels = |name: &str| {
            let list = value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            list.iter().filter_map(Value::as_str).map(String::from).collect()
        };
        Self { key_storage: levels("key_storage"), user_authentication: levels("user_authentication") }
    }
}

/// The `alg` in the header of an attestation that nobody has checked.
///
/// # Errors
/// [`JoseError`] when there is none to be read.
pub(crate) fn claimed_algorithm(text: &str) -> Result<String, JoseError> {
    const MALFORMED: JoseError = JoseError::Malformed { part: 0 };
    let (header, _) = text.split_once('.').ok_or(MALFORMED)?;
    let header = base64url::decode(header).map_err(|_| MALFORMED)?;
    let header =
        json::parse_object(&header, Limits::MESSAGE).map_err(|source| JoseError::Json { part: 0, source })?;
    header.get("alg").and_then(Value::as_str).map(str::to_owned).ok_or(MALFORMED)
}

impl KeyAttestation {
    /// Checks `text`: signed under `providers` for [`Usage::WalletProvider`], in its time, and of the
    /// levels that are asked for. The nonce and the use of the keys are still to be checked.
    ///
    /// # Errors
    /// [`AttestationError`] names the first check that failed.
    ///
    /// Source: OpenID4VCI 1.0 Appendix D.1.
    pub fn verify(
        text: &str,
        demand: &AttestationDemand,
        providers: &Anchors,
        now: UnixTime,
        provider: &dyn Provider,
    ) -> Result<Self, AttestationError> {
        let jws = UnverifiedJws::parse(text, Expect { typ: &[TYP], limits: LIMITS })?;
        let signer = providers.trust(jws.header().x5c(), Usage::WalletProvider, now, provider)?;
        let verified = jws.verify(provider, signer.public_key())?;
        let claims = verified.payload();
        let issued_at = time(claims, "iat")?.ok_or(AttestationError::Claim { claim: "iat" })?;
        if issued_at.seconds_since(now) > CLOCK_SKEW {
            return Err(AttestationError::Future);
        }
        let end = time(claims, "exp")?;
        if let Some(at) = end.filter(|at| *at <= now) {
            return Err(AttestationError::Expired { at });
        }
        check_level(claims, "key_storage", &demand.key_storage)?;
        check_level(claims, "user_authentication", &demand.user_authentication)?;
        let status = claims.get("status").cloned();
        if status.as_ref().is_some_and(|status| !status.is_object()) {
            return Err(AttestationError::Claim { claim: "status" });
        }
        let nonce = match claims.get("nonce") {
            None => None,
            Some(Value::String(nonce)) => Some(nonce.clone()),
            Some(_) => return Err(AttestationError::Claim { claim: "nonce" }),
        };
        Ok(Self { keys: attested_keys(claims)?, nonce, has_end: end.is_some(), status })
    }

    /// The attested keys, in order; at least one.
    pub fn keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.iter().map(|(key, _)| key)
    }

    /// The issuer's nonce in it.
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// Whether it ends; beside a `jwt` proof it has to.
    pub const fn has_end(&self) -> bool {
        self.has_end
    }

    /// Where its revocation can be looked up, as it says; nobody has looked.
    pub const fn unverified_status(&self) -> Option<&Value> {
        self.status.as_ref()
    }

    /// The attested key that `kid` names: by the `kid` of its JWK, else by its place, from 0. The
    /// text leaves open what it names, and shows the latter in its example.
    ///
    /// Source: OpenID4VCI 1.0 Appendix F.1.
    pub(crate) fn named(&self, kid: &str) -> Option<&PublicKey> {
        let by_name = self.keys.iter().find(|(_, name)| name.as_deref() == Some(kid));
        let by_place = || self.keys.get(kid.parse::<usize>().ok()?);
        by_name.or_else(by_place).map(|(key, _)| key)
    }
}

fn attested_keys(claims: &Map<String, Value>) -> Result<Vec<(PublicKey, Option<String>)>, AttestationError> {
    const CLAIM: &str = "attested_keys";
    let malformed = AttestationError::Claim { claim: CLAIM };
    let list = claims.get(CLAIM).and_then(Value::as_array).ok_or(malformed.clone())?;
    if !(1..=MAX_KEYS).contains(&list.len()) {
        return Err(malformed);
    }
    list.iter()
        .map(|value| Jwk::parse(value).map(|jwk| (jwk.key, jwk.kid)).map_err(AttestationError::from))
        .collect()
}

/// Source: OpenID4VCI 1.0 Appendix D.2: the levels have no order, so one of those named must stand there.
fn check_level(
    claims: &Map<String, Value>,
    claim: &'static str,
    accepted: &[String],
) -> Result<(), AttestationError> {
    let list = match claims.get(claim) {
        None => &[],
        Some(Value::Array(list)) if list.iter().all(Value::is_string) && !list.is_empty() => list.as_slice(),
        Some(_) => return Err(AttestationError::Claim { claim }),
    };
    let fits = list.iter().filter_map(Value::as_str).any(|level| accepted.iter().any(|known| known == level));
    if accepted.is_empty() || fits { Ok(()) } else { Err(AttestationError::Level { what: claim }) }
}

fn time(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<UnixTime>, AttestationError> {
    let read = |value| UnixTime::from_numeric_date(value).ok_or(AttestationError::Claim { claim });
    claims.get(claim).map(read).transpose()
}
