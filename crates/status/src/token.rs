use inro_base::{UnixTime, base64url};
use inro_cose::{Sign1ToSign, Value as Cbor, encode, write};
use inro_jose::JwsToSign;
use serde_json::{Map, Value, json};

use crate::array::StatusArray;

/// `typ` of a list as a JWT. Source: Token Status List §5.1.
pub(crate) const JWT_TYP: &str = "statuslist+jwt";
/// `typ` of a list as a CWT. Source: Token Status List §5.2.
pub(crate) const CWT_TYP: &str = "application/statuslist+cwt";

/// The claims of a CWT. Source: RFC 8392 §4; Token Status List §5.2.
pub(crate) const SUB: i64 = 2;
pub(crate) const EXP: i64 = 4;
pub(crate) const NBF: i64 = 5;
pub(crate) const IAT: i64 = 6;
pub(crate) const STATUS_LIST: i64 = 65_533;
pub(crate) const TTL: i64 = 65_534;

/// A status list as an issuer publishes it.
#[derive(Clone, Debug)]
pub struct StatusListToken {
    /// The address at which it is published.
    pub uri: String,
    /// When it is issued.
    pub issued_at: UnixTime,
    /// From when on it must not be used.
    pub expires_at: UnixTime,
    /// How long it may be used before a newer one is fetched, in seconds.
    pub ttl: u32,
    /// The statuses.
    pub list: StatusArray,
}

impl StatusListToken {
    /// The token as a JWT, to be signed with the key of the first certificate of `x5c` (DER, leaf first).
    ///
    /// Source: Token Status List §5.1.
    pub fn jwt_to_sign(&self, x5c: &[Vec<u8>]) -> JwsToSign {
        let chain: Vec<String> = x5c.iter().map(|der| base64url::encode_standard(der)).collect();
        let header = Map::from_iter([
            ("typ".to_owned(), Value::from(JWT_TYP)),
            ("x5c".to_owned(), Value::from(chain)),
        ]);
        let list =
            json!({ "bits": self.list.bits().number(), "lst": base64url::encode(&self.list.compress()) });
        let payload = Map::from_iter([
            ("sub".to_owned(), Value::from(self.uri.as_str())),
            ("iat".to_owned(), Value::from(self.issued_at.as_secs())),
            ("exp".to_owned(), Value::from(self.expires_at.as_secs())),
            ("ttl".to_owned(), Value::from(self.ttl)),
            ("status_list".to_owned(), list),
        ]);
        JwsToSign::new(header, &payload)
    }

    /// The token as a CWT, to be signed with the key of the first certificate of `x5c` (DER, leaf first).
    ///
    /// Source: Token Status List §5.2.
    pub fn cwt_to_sign(&self, x5c: &[Vec<u8>]) -> Sign1ToSign {
        let list = write::map([
            ("bits", Cbor::from(self.list.bits().number())),
            ("lst", Cbor::Bytes(self.list.compress())),
        ]);
        let claim = |label: i64, value: Cbor| (Cbor::from(label), value);
        let claims = Cbor::Map(vec![
            claim(SUB, Cbor::from(self.uri.as_str())),
            claim(EXP, Cbor::from(self.expires_at.as_secs())),
            claim(IAT, Cbor::from(self.issued_at.as_secs())),
            claim(STATUS_LIST, list),
            claim(TTL, Cbor::from(self.ttl)),
        ]);
        Sign1ToSign::new(encode(&claims), Some(CWT_TYP), x5c)
    }
}
