//! Verifier registrations: what a trust list's registrar says that one verifier may ask for.
//!
//! A registration is a JWT that travels in a request's `verifier_info` and is bound to the
//! verifier's certificate. What no registration says, a wallet shows as claimed, not verified.

use inro_base::json::Limits;
use inro_base::{UnixTime, base64url};
use inro_crypto::{Provider, Signer};
use inro_jose::{Expect, JwsToSign, UnverifiedJws};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::{Anchors, ClaimPath, TrustError, Usage};

/// The `typ` of a registration.
pub const TYP: &str = "inro-verifier-registration+jwt";
/// The `format` under which `verifier_info` carries one. Source: OpenID4VP 1.0 §5.1.
pub const FORMAT: &str = "inro-registration+jwt";
/// How far a registrar's clock may run ahead of ours, in seconds. Source: ours.
pub const CLOCK_SKEW: i64 = 60;

/// What a registration says.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct RegistrationClaims {
    /// The registrar.
    pub iss: String,
    /// The id of the registration.
    pub sub: String,
    /// When it was made.
    pub iat: UnixTime,
    /// From when on it is void.
    pub exp: UnixTime,
    /// base64url SHA-256 of the verifier's certificate in DER.
    pub leaf_sha256: String,
    /// The verifier's name.
    pub name: Localized,
    /// What it asks for.
    pub purposes: Vec<Purpose>,
    /// Where answers may go: `host` or `host:port`, over HTTPS.
    pub response_hosts: Vec<String>,
    /// Which credentials it may ask for, and what of them.
    pub credentials: Vec<CredentialNeed>,
    /// Within which scope it may know a holder again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pseudonym_scope: Option<String>,
}

/// A text in the languages that our users read.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Localized {
    /// English.
    pub en: String,
    /// Japanese.
    pub ja: String,
}

/// One reason for which a verifier asks.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Purpose {
    /// Names it within the registration.
    pub id: String,
    /// What people read.
    pub text: Localized,
}

/// What a verifier may ask of credentials of one type.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct CredentialNeed {
    /// The credential type as the wire names it (`vct`).
    #[serde(rename = "type")]
    pub credential_type: String,
    /// The claims, each with what lies beneath it.
    pub claims: Vec<ClaimPath>,
    /// The comparisons that may stand in for a claim's value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predicates: Vec<Predicate>,
}

/// A comparison of one claim with a threshold.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Predicate {
    /// The claim.
    pub path: ClaimPath,
    /// The comparison, such as `>=`.
    pub op: String,
    /// What it is compared with.
    pub threshold: i64,
}

/// A registration that nobody has checked.
#[derive(Debug)]
pub struct UnverifiedRegistration {
    jws: UnverifiedJws,
    claims: RegistrationClaims,
}

/// A registration that a registrar of ours signed for the verifier at hand, and that is valid now.
#[derive(Clone, Debug)]
pub struct VerifiedRegistration {
    claims: RegistrationClaims,
    registrar: String,
}

/// Signs `claims` as the registrar whose certificates are `x5c` (DER, leaf first).
///
/// # Errors
/// [`TrustError::Registration`] when a response host is malformed, [`TrustError::NoCertificate`]
/// without a chain, [`TrustError::Jose`] when the key cannot be used.
pub fn sign(claims: &RegistrationClaims, signer: &dyn Signer, x5c: &[Vec<u8>]) -> Result<String, TrustError> {
    if x5c.is_empty() {
        return Err(TrustError::NoCertificate);
    }
    check_form(claims)?;
    let chain = x5c.iter().map(|der| Value::String(base64url::encode_standard(der))).collect();
    let header = Map::from_iter([
        ("typ".to_owned(), Value::String(TYP.to_owned())),
        ("x5c".to_owned(), Value::Array(chain)),
    ]);
    match serde_json::to_value(claims) {
        Ok(Value::Object(payload)) => Ok(JwsToSign::new(header, &payload).sign_with(signer)?),
        Ok(_) | Err(_) => Err(TrustError::Registration),
    }
}

/// Whether `host` is written as `host` or `host:port`.
pub fn is_response_host(host: &str) -> bool {
    host_url(host).is_some()
}

impl UnverifiedRegistration {
    /// Reads a registration.
    ///
    /// # Errors
    /// [`TrustError::Jose`] for a frame or `typ` other than ours, [`TrustError::Registration`] for a
    /// payload that is not one.
    pub fn parse(jwt: &str) -> Result<Self, TrustError> {
        let jws = UnverifiedJws::parse(jwt, Expect { typ: &[TYP], limits: Limits::MESSAGE })?;
        let claims = RegistrationClaims::deserialize(jws.unverified_payload())
            .map_err(|_| TrustError::Registration)?;
        check_form(&claims)?;
        Ok(Self { jws, claims })
    }

    /// What it claims to say. Nothing in it is established.
    pub const fn claimed(&self) -> &RegistrationClaims {
        &self.claims
    }

    /// Checks who signed it, when it is valid and for whom it was made. `leaf_sha256` is of the
    /// certificate that signed the verifier's request ([`crate::TrustedKey::leaf_sha256`]).
    ///
    /// # Errors
    /// [`TrustError`] with the first reason found against it.
    pub fn verify(
        self,
        anchors: &Anchors,
        leaf_sha256: &[u8; 32],
        now: UnixTime,
        provider: &dyn Provider,
    ) -> Result<VerifiedRegistration, TrustError> {
        let registrar = anchors.trust(self.jws.header().x5c(), Usage::Registrar, now, provider)?;
        self.jws.verify(provider, registrar.public_key())?;
        let claims = self.claims;
        if now.plus(CLOCK_SKEW) < claims.iat {
            return Err(TrustError::RegistrationNotYetValid { from: claims.iat });
        }
        if now >= claims.exp {
            return Err(TrustError::RegistrationExpired { at: claims.exp });
        }
        if base64url::decode_array(&claims.leaf_sha256) != Ok(*leaf_sha256) {
            return Err(TrustError::RegistrationOfAnother);
        }
        Ok(VerifiedRegistration { claims, registrar: registrar.subject().to_owned() })
    }
}

impl VerifiedRegistration {
    /// Everything that it says.
    pub const fn claims(&self) -> &RegistrationClaims {
        &self.claims
    }

    /// The common name of the registrar's certificate.
    pub fn registrar(&self) -> &str {
        &self.registrar
    }

    /// The verifier's name.
    pub const fn name(&self) -> &Localized {
        &self.claims.name
    }

    /// The purpose of this id.
    pub fn purpose(&self, id: &str) -> Option<&Localized> {
        self.claims.purposes.iter().find(|purpose| purpose.id == id).map(|purpose| &purpose.text)
    }

    /// All purposes.
    pub fn purposes(&self) -> &[Purpose] {
        &self.claims.purposes
    }

    /// From when on it is void.
    pub const fn expires_at(&self) -> UnixTime {
        self.claims.exp
    }

    /// Whether answers may go to `uri`: HTTPS, at a host and port that were registered.
    pub fn allows_response_to(&self, uri: &Url) -> bool {
        self.claims
            .response_hosts
            .iter()
            .filter_map(|host| host_url(host))
            .any(|allowed| allowed.origin() == uri.origin())
    }

    /// Whether it may ask for credentials of this type (`vct`) at all.
    pub fn covers_type(&self, credential_type: &str) -> bool {
        self.claims.credentials.iter().any(|need| need.credential_type == credential_type)
    }

    /// Whether it may ask for the claims at `path` of credentials of this type (`vct`).
    pub fn covers(&self, credential_type: &str, path: &ClaimPath) -> bool {
        self.claims
            .credentials
            .iter()
            .filter(|need| need.credential_type == credential_type)
            .any(|need| need.claims.iter().any(|allowed| allowed.covers(path)))
    }

    /// Those of `asked` that it may not ask for, of credentials of this type (`vct`).
    pub fn over_asked<'a>(&self, credential_type: &str, asked: &'a [ClaimPath]) -> Vec<&'a ClaimPath> {
        asked.iter().filter(|path| !self.covers(credential_type, path)).collect()
    }
}

fn check_form(claims: &RegistrationClaims) -> Result<(), TrustError> {
    let hosts_well_formed = claims.response_hosts.iter().all(|host| is_response_host(host));
    if hosts_well_formed { Ok(()) } else { Err(TrustError::Registration) }
}

/// `host` or `host:port` as an HTTPS URL without anything else.
fn host_url(host: &str) -> Option<Url> {
    if host.contains(['/', '?', '#', '@', '\\']) {
        return None;
    }
    Url::parse(&format!("https://{host}/")).ok()
}
