//! The agency as its trust list's registrar: it vouches for verifiers.

use std::path::Path;

use inro_base::{Clock as _, UnixTime, base64url};
use inro_crypto::Provider as _;
use inro_crypto_aws::AwsLc;
use inro_service::{OsRng, SystemClock, config as settings, files, pki};
use inro_trust::ClaimPath;
use inro_trust::registration::{self, CredentialNeed, Localized, Predicate, Purpose, RegistrationClaims};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::config::Layout;
use crate::error::IssuerError;
use crate::folder;

/// How long a registration holds unless the file says otherwise, in days.
const DEFAULT_DAYS: i64 = 365;
/// The longest that a registration may hold, in days.
const MAX_DAYS: i64 = 1_095;

/// `registration.toml`: what a verifier applies for, and the agency has reviewed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Application {
    name: Localized,
    #[serde(deserialize_with = "purposes")]
    purposes: Vec<Purpose>,
    #[serde(deserialize_with = "hosts")]
    response_hosts: Vec<String>,
    #[serde(deserialize_with = "needs")]
    credentials: Vec<CredentialNeed>,
    pseudonym_scope: Option<String>,
    #[serde(default, deserialize_with = "days")]
    valid_days: Option<i64>,
}

/// A registration that was signed.
#[derive(Debug)]
pub struct Registered {
    /// The id of the registration.
    pub id: String,
    /// The registration JWT, to be handed to the verifier.
    pub jwt: String,
    /// When it ends.
    pub expires_at: UnixTime,
}

/// Signs the registration that the file `application` asks for, for the holder of the first
/// certificate in the file `leaf`.
///
/// # Errors
/// [`IssuerError`] when a file cannot be read or used.
pub fn register(root: &Path, application: &Path, leaf: &Path) -> Result<Registered, IssuerError> {
    let config = folder::config(root)?;
    let layout = Layout::new(root);
    let application: Application = settings::parse(application, &files::read_text(application)?)?;
    let days = application.valid_days.unwrap_or(DEFAULT_DAYS);
    let chain = pki::load_chain(leaf)?;
    let leaf = chain.first().ok_or(IssuerError::Registration)?;
    let now = SystemClock.now();
    let key = pki::load_signer(&layout.key("registrar.key.pem"))?;
    let x5c = pki::load_chain(&layout.key("registrar.chain.pem"))?;
    let rng: &mut dyn inro_base::Rng = &mut OsRng;
    let claims = RegistrationClaims {
        iss: config.url,
        sub: rng.token::<16>(),
        iat: now,
        exp: end(days, &x5c, now)?,
        leaf_sha256: base64url::encode(&AwsLc.sha256(leaf)),
        name: application.name,
        purposes: application.purposes,
        response_hosts: application.response_hosts,
        credentials: application.credentials,
        pseudonym_scope: application.pseudonym_scope,
    };
    let jwt = registration::sign(&claims, &key, &x5c)?;
    Ok(Registered { id: claims.sub, jwt, expires_at: claims.exp })
}

/// When a registration ends: after `days`, and never after the certificates that vouch for it.
fn end(days: i64, chain: &[Vec<u8>], now: UnixTime) -> Result<UnixTime, IssuerError> {
    let mut end = now.plus(days.saturating_mul(86_400));
    for der in chain {
        end = end.min(pki::not_after(der)?);
    }
    if end > now { Ok(end) } else { Err(IssuerError::SignerEnded { at: end }) }
}

// A registration on the wire may have more members; in the file one more is a mistake, such as a line of the
// top that slipped beneath the last table.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PurposeTable {
    id: String,
    text: TextTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextTable {
    en: String,
    ja: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NeedTable {
    #[serde(rename = "type")]
    credential_type: String,
    claims: Vec<ClaimPath>,
    #[serde(default)]
    predicates: Vec<Predicate>,
}

fn purposes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Purpose>, D::Error> {
    let tables = Vec::<PurposeTable>::deserialize(from)?;
    let text = |TextTable { en, ja }| Localized { en, ja };
    Ok(tables.into_iter().map(|table| Purpose { id: table.id, text: text(table.text) }).collect())
}

fn needs<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<CredentialNeed>, D::Error> {
    let tables = Vec::<NeedTable>::deserialize(from)?;
    let need = |NeedTable { credential_type, claims, predicates }| CredentialNeed {
        credential_type,
        claims,
        predicates,
    };
    Ok(tables.into_iter().map(need).collect())
}

// Checked while the file is read, so that the mistake is told with its line.
fn days<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let days = i64::deserialize(from)?;
    if (1..=MAX_DAYS).contains(&days) {
        return Ok(Some(days));
    }
    Err(D::Error::custom(format!("valid_days is not a number from 1 to {MAX_DAYS}")))
}

fn hosts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let hosts = Vec::<String>::deserialize(from)?;
    if hosts.iter().all(|host| registration::is_response_host(host)) {
        return Ok(hosts);
    }
    Err(D::Error::custom("a response host is not written as host or host:port"))
}

#[cfg(test)]
mod tests {
    use inro_base::Coded as _;
    use inro_service::pki::{Authority, LeafProfile, Validity};

    use super::*;

    #[test]
    fn a_registration_ends_no_later_than_its_registrar_and_none_comes_of_an_ended_one() {
        let now = UnixTime::from_secs(1_795_000_000);
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::create("Minato City Inro CA", Validity::days(now, 365)).unwrap();
        let registrar = authority.issue(&LeafProfile::default(), Validity::days(now, 100)).unwrap();
        let (certificate, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
        registrar.write(&certificate, &key).unwrap();
        let chain = pki::load_chain(&certificate).unwrap();
        let last = pki::not_after(&chain[0]).unwrap();
        assert_eq!(end(30, &chain, now).unwrap(), now.plus(30 * 86_400));
        assert_eq!(end(1_095, &chain, now).unwrap(), last);
        assert_eq!(end(30, &chain, last.plus(-1)).unwrap(), last);
        assert_eq!(end(30, &chain, last).unwrap_err().code().as_str(), "INRO-ISSUER-018");
    }
}
