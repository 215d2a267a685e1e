use std::fmt;

use inro_base::http::HttpResponse;
use inro_base::json::Limits as JsonLimits;
use inro_base::{UnixTime, base64url};
use inro_cose::{Item, Limits, UnverifiedSign1};
use inro_crypto::Provider;
use inro_jose::{Expect, UnverifiedJws};
use inro_trust::{TrustError, TrustedKey, Usage};
use serde_json::{Map, Value};

use crate::StatusError;
use crate::array::{Bits, Status, StatusArray};
use crate::fetch::{CWT_MEDIA_TYPE, JWT_MEDIA_TYPE, ListForms, MAX_TOKEN_BYTES};
use crate::token::{CWT_TYP, EXP, IAT, JWT_TYP, NBF, STATUS_LIST, SUB, TTL};

/// How far a status issuer's clock may run ahead of ours, in seconds.
pub const CLOCK_SKEW: i64 = 60;
/// The longest that a list is used before a newer one is fetched, whatever its `ttl` says, in seconds.
const MAX_TTL: i64 = 24 * 3_600;
/// How long a list without `ttl` is used before a newer one is fetched, in seconds.
const DEFAULT_TTL: i64 = 60;

/// What a list is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The address that the credential names.
    pub uri: &'a str,
    /// The common name of the anchor that vouches for the credential's issuer: one authority neither
    /// takes back nor upholds what another one's issuers issued.
    pub authority: &'a str,
    /// The present time.
    pub now: UnixTime,
}

/// A status list that nobody has checked.
pub struct UnverifiedStatusList {
    form: Form,
}

enum Form {
    Jwt(Box<UnverifiedJws>),
    Cwt(UnverifiedSign1),
}

/// A status list that its issuer signed for its address.
#[derive(Clone)]
pub struct VerifiedStatusList {
    list: StatusArray,
    issued_at: UnixTime,
    expires_at: Option<UnixTime>,
    ttl: i64,
}

/// Whether a list may still be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freshness {
    /// It may be used as it is.
    Fresh,
    /// A newer one has to be fetched; until it has come, this one says nothing.
    Stale,
}

struct Claims {
    subject: String,
    issued_at: UnixTime,
    expires_at: Option<UnixTime>,
    not_before: Option<UnixTime>,
    ttl: Option<i64>,
    bits: Bits,
    compressed: Vec<u8>,
}

impl UnverifiedStatusList {
    /// Reads the answer to [`crate::request`] for one of `forms`.
    ///
    /// # Errors
    /// [`StatusError::NotServed`] for any status but those of success, a redirect included; [`StatusError::MediaType`],
    /// also for a form that was not asked for; what is malformed.
    ///
    /// Source: Token Status List §8.2.
    pub fn received(response: &HttpResponse, forms: ListForms) -> Result<Self, StatusError> {
        if !(200..300).contains(&response.status) {
            return Err(StatusError::NotServed { status: response.status });
        }
        match response.media_type().as_deref() {
            Some(JWT_MEDIA_TYPE) => {
                let text = std::str::from_utf8(&response.body)
                    .map_err(|_| StatusError::Malformed { claim: "token" })?;
                Self::parse_jwt(text)
            }
            Some(CWT_MEDIA_TYPE) if forms == ListForms::JwtOrCwt => Self::parse_cwt(&response.body),
            _ => Err(StatusError::MediaType),
        }
    }

    /// Reads a list as a JWT.
    ///
    /// # Errors
    /// [`StatusError::Jose`] for another algorithm or `typ`, and what is malformed.
    pub fn parse_jwt(text: &str) -> Result<Self, StatusError> {
        let limits = JsonLimits { bytes: MAX_TOKEN_BYTES, depth: 8 };
        let jws = UnverifiedJws::parse(text.trim_ascii_end(), Expect { typ: &[JWT_TYP], limits })?;
        Ok(Self { form: Form::Jwt(Box::new(jws)) })
    }

    /// Reads a list as a CWT.
    ///
    /// # Errors
    /// [`StatusError::Cose`] for another algorithm or `typ`, for a structure without its tag, and what is
    /// malformed.
    pub fn parse_cwt(bytes: &[u8]) -> Result<Self, StatusError> {
        let limits = Limits { bytes: MAX_TOKEN_BYTES, ..Limits::MESSAGE };
        let item = Item::parse(bytes, limits)?;
        // Source: Token Status List §5.2: tagged as COSE_Sign1, never as CWT.
        item.tagged(18)?;
        Ok(Self { form: Form::Cwt(UnverifiedSign1::parse(item, Some(CWT_TYP))?) })
    }

    /// The signer's certificates (DER, leaf first), for [`inro_trust::Anchors::trust`].
    pub fn x5c(&self) -> &[Vec<u8>] {
        match &self.form {
            Form::Jwt(jws) => jws.header().x5c(),
            Form::Cwt(sign1) => sign1.x5chain(),
        }
    }

    /// Checks the list with the key that its certificates led to.
    ///
    /// # Errors
    /// [`StatusError`] with the first reason found against it.
    ///
    /// Source: Token Status List §8.3.
    pub fn verify(
        self,
        signer: &TrustedKey,
        expected: &Expected<'_>,
        provider: &dyn Provider,
    ) -> Result<VerifiedStatusList, StatusError> {
        let usage = Usage::CredentialIssuer;
        if signer.usage() != usage {
            return Err(TrustError::CertificateUsage { usage }.into());
        }
        if signer.authority() != expected.authority {
            return Err(StatusError::OtherAuthority);
        }
        let claims = match self.form {
            Form::Jwt(jws) => of_jwt(jws.verify(provider, signer.public_key())?.payload())?,
            Form::Cwt(sign1) => of_cwt(sign1.verify(provider, signer.public_key())?.payload())?,
        };
        if claims.subject != expected.uri {
            return Err(StatusError::OtherList);
        }
        let from = claims.not_before.map_or(claims.issued_at, |at| at.max(claims.issued_at));
        if expected.now.plus(CLOCK_SKEW) < from {
            return Err(StatusError::NotYetValid { from });
        }
        if let Some(at) = claims.expires_at.filter(|at| expected.now >= *at) {
            return Err(StatusError::Expired { at });
        }
        Ok(VerifiedStatusList {
            list: StatusArray::decompress(claims.bits, &claims.compressed)?,
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            ttl: claims.ttl.unwrap_or(DEFAULT_TTL).min(MAX_TTL),
        })
    }
}

impl VerifiedStatusList {
    /// The status at a place.
    ///
    /// # Errors
    /// [`StatusError::OutOfRange`] behind the end: that says nothing of the credential.
    pub fn status(&self, index: u64) -> Result<Status, StatusError> {
        self.list.status(index)
    }

    /// When it was issued.
    pub const fn issued_at(&self) -> UnixTime {
        self.issued_at
    }

    /// Whether the list, which was fetched at `fetched_at`, may be used at `now` by somebody who wants it
    /// no older than `max_age` seconds. A clock that was set back makes it stale.
    ///
    /// Source: Token Status List §8.3, §13.7.
    pub fn freshness(&self, fetched_at: UnixTime, max_age: Option<i64>, now: UnixTime) -> Freshness {
        let expired = self.expires_at.is_some_and(|at| now >= at);
        let since_fetch = now.seconds_since(fetched_at);
        let too_old = max_age.is_some_and(|most| self.is_older_than(most, now));
        // Who wants it newer than its issuer has to renew it fetches it for each use.
        let keep = max_age.map_or(self.ttl, |most| most.min(self.ttl));
        if expired || too_old || !(0..keep).contains(&since_fetch) {
            Freshness::Stale
        } else {
            Freshness::Fresh
        }
    }

    /// Whether it was issued more than `most` seconds ago, clocks forgiven.
    pub fn is_older_than(&self, most: i64, now: UnixTime) -> bool {
        now.seconds_since(self.issued_at) > most.saturating_add(CLOCK_SKEW)
    }

    /// Whether its own time is over.
    pub fn is_expired(&self, now: UnixTime) -> bool {
        self.expires_at.is_some_and(|at| now >= at)
    }

    /// How much memory it takes, about, in bytes.
    pub fn size(&self) -> usize {
        self.list.size()
    }
}

impl fmt::Debug for UnverifiedStatusList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.form {
            Form::Jwt(_) => "UnverifiedStatusList(JWT)",
            Form::Cwt(_) => "UnverifiedStatusList(CWT)",
        })
    }
}

impl fmt::Debug for VerifiedStatusList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedStatusList(of {})", self.issued_at)
    }
}

fn of_jwt(payload: &Map<String, Value>) -> Result<Claims, StatusError> {
    let malformed = |claim| StatusError::Malformed { claim };
    let time = |claim: &'static str| match payload.get(claim) {
        None => Ok(None),
        Some(value) => UnixTime::from_numeric_date(value).map(Some).ok_or(malformed(claim)),
    };
    let list = payload.get("status_list").and_then(Value::as_object).ok_or(malformed("status_list"))?;
    let lst = list.get("lst").and_then(Value::as_str).ok_or(malformed("lst"))?;
    let ttl = match payload.get("ttl") {
        None => None,
        // A positive number, which may have a fraction; what is left of a second is not used.
        Some(ttl) if ttl.as_f64().is_some_and(|ttl| ttl > 0.0) => {
            Some(UnixTime::from_numeric_date(ttl).ok_or(malformed("ttl"))?.as_secs().max(1))
        }
        Some(_) => return Err(malformed("ttl")),
    };
    Ok(Claims {
        subject: payload.get("sub").and_then(Value::as_str).ok_or(malformed("sub"))?.to_owned(),
        issued_at: time("iat")?.ok_or(malformed("iat"))?,
        expires_at: time("exp")?,
        not_before: time("nbf")?,
        ttl,
        bits: Bits::of(list.get("bits").and_then(Value::as_u64).ok_or(malformed("bits"))?)?,
        compressed: base64url::decode(lst).map_err(|_| malformed("lst"))?,
    })
}

fn of_cwt(payload: &[u8]) -> Result<Claims, StatusError> {
    let malformed = |claim| StatusError::Malformed { claim };
    let limits = Limits { bytes: MAX_TOKEN_BYTES, ..Limits::MESSAGE };
    let claims = Item::parse(payload, limits)?.map()?;
    let find = |label: i64| {
        let label = u64::try_from(label).ok();
        claims.iter().find(|(key, _)| key.unsigned().ok() == label).map(|(_, value)| *value)
    };
    let number = |label: i64, claim: &'static str| match find(label) {
        None => Ok(None),
        Some(value) => {
            let number = value.unsigned().ok().and_then(|number| i64::try_from(number).ok());
            number.map(Some).ok_or(malformed(claim))
        }
    };
    let list = find(STATUS_LIST).ok_or(malformed("status_list"))?;
    let part = |name: &'static str| list.member(name).map_err(|_| malformed(name));
    let ttl = match number(TTL, "ttl")? {
        Some(ttl) if ttl <= 0 => return Err(malformed("ttl")),
        ttl => ttl,
    };
    Ok(Claims {
        subject: find(SUB).and_then(|sub| sub.text().ok()).ok_or(malformed("sub"))?.to_owned(),
        issued_at: number(IAT, "iat")?.map(UnixTime::from_secs).ok_or(malformed("iat"))?,
        expires_at: number(EXP, "exp")?.map(UnixTime::from_secs),
        not_before: number(NBF, "nbf")?.map(UnixTime::from_secs),
        ttl,
        bits: Bits::of(part("bits")?.unsigned().map_err(|_| malformed("bits"))?)?,
        compressed: part("lst")?.bytes().map_err(|_| malformed("lst"))?.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use inro_base::Coded as _;
    use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};

    use super::*;
    use crate::token::StatusListToken;

    const URI: &str = "https://issuer.example/1";
    const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);

    #[test]
    fn refuses_a_signer_that_was_trusted_for_something_else() {
        let key = SoftwareKey::from_secret_bytes(&[5; 32]).unwrap();
        let list = StatusArray::valid(Bits::Two, 16).unwrap();
        let token =
            StatusListToken { uri: URI.into(), issued_at: NOW, expires_at: NOW.plus(60), ttl: 30, list };
        let text = token.jwt_to_sign(&[vec![0]]).sign_with(&key).unwrap();
        let refusal = |usage: Usage| {
            let signer = TrustedKey::pinned(key.public_key(), usage, &[]);
            let expected = Expected { uri: URI, authority: signer.authority(), now: NOW };
            let list =
                UnverifiedStatusList::parse_jwt(&text).unwrap().verify(&signer, &expected, &RustCrypto);
            list.err().map(|error| error.code().as_str())
        };
        assert_eq!(refusal(Usage::CredentialIssuer), None);
        for usage in [Usage::Verifier, Usage::Registrar, Usage::WalletProvider] {
            assert_eq!(refusal(usage), Some("INRO-TRUST-007"));
        }
    }
}
