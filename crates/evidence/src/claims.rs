//! The payload of a record.

use inro_base::UnixTime;
use inro_base::json::Limits;
use inro_crypto::PublicKey;
use inro_jose::{Expect, Jwk, JwsToSign};
use serde_json::{Map, Value};

use crate::digest::{ChainId, Digest};
use crate::error::EvidenceError;

/// `typ` of a record.
const TYP: &str = "inro-evidence+jwt";
/// A record is read within these. A payload has about 300 bytes.
pub(crate) const EXPECT: Expect<'_> = Expect { typ: &[TYP], limits: Limits { bytes: 1024, depth: 3 } };
/// Every reader of JSON holds integers exactly up to here.
const MAX_INTEGER: u64 = (1 << 53) - 1;

pub(crate) struct Claims {
    pub(crate) chain: ChainId,
    pub(crate) seq: u64,
    pub(crate) at: UnixTime,
    pub(crate) says: Says,
}

/// What a record says.
pub(crate) enum Says {
    /// The first record: whose chain it is, and the last record of the chain that it continues.
    Opens { key: PublicKey, after: Option<Digest> },
    /// From the next record on, another key signs.
    Rotates { prev: Digest, key: PublicKey },
    /// Something happened.
    Happened { prev: Digest, body: Digest },
}

impl Claims {
    pub(crate) fn to_sign(&self) -> JwsToSign {
        let mut payload = Map::new();
        let mut put = |name: &str, value: Value| payload.insert(name.to_owned(), value);
        put("chain", self.chain.to_string().into());
        put("seq", self.seq.into());
        put("iat", self.at.as_secs().max(0).into());
        match &self.says {
            Says::Opens { key, after } => {
                put("key", Jwk::new(*key).to_value());
                if let Some(after) = after {
                    put("after", after.to_string().into());
                }
            }
            Says::Rotates { prev, key } => {
                put("prev", prev.to_string().into());
                put("key", Jwk::new(*key).to_value());
            }
            Says::Happened { prev, body } => {
                put("prev", prev.to_string().into());
                put("body", body.to_string().into());
            }
        }
        let header = Map::from_iter([("typ".to_owned(), Value::from(TYP))]);
        JwsToSign::new(header, &payload)
    }

    /// Reads exactly what [`Claims::to_sign`] writes: a member more could say something that nobody checks.
    pub(crate) fn parse(payload: &Map<String, Value>) -> Result<Self, EvidenceError> {
        let prev = payload.get("prev").map(|prev| Digest::from_value(Some(prev), "prev")).transpose()?;
        let key = payload.get("key").map(key).transpose()?;
        let (says, members) = match (prev, key) {
            (None, Some(key)) => {
                let after = payload.get("after");
                let after = after.map(|after| Digest::from_value(Some(after), "after")).transpose()?;
                let members = if after.is_some() { 5 } else { 4 };
                (Says::Opens { key, after }, members)
            }
            (Some(prev), Some(key)) => (Says::Rotates { prev, key }, 5),
            (Some(prev), None) => {
                let body = Digest::from_value(payload.get("body"), "body")?;
                (Says::Happened { prev, body }, 5)
            }
            (None, None) => return Err(EvidenceError::Malformed { part: "prev" }),
        };
        if payload.len() != members {
            return Err(EvidenceError::Malformed { part: "payload" });
        }
        let chain = ChainId::from_value(payload.get("chain"))?;
        let seq = integer(payload.get("seq")).ok_or(EvidenceError::Malformed { part: "seq" })?;
        let at = integer(payload.get("iat")).and_then(|at| i64::try_from(at).ok());
        let at = at.map(UnixTime::from_secs).ok_or(EvidenceError::Malformed { part: "iat" })?;
        Ok(Self { chain, seq, at, says })
    }
}

/// A JSON number without fraction and exponent, in the range that every reader holds exactly.
pub(crate) fn integer(value: Option<&Value>) -> Option<u64> {
    value.and_then(Value::as_u64).filter(|number| *number <= MAX_INTEGER)
}

fn key(value: &Value) -> Result<PublicKey, EvidenceError> {
    let malformed = EvidenceError::Malformed { part: "key" };
    let jwk = Jwk::parse(value).map_err(|_| malformed)?;
    // Four members, so that the text says nothing beside the key.
    if value.as_object().is_some_and(|members| members.len() == 4) { Ok(jwk.key) } else { Err(malformed) }
}
