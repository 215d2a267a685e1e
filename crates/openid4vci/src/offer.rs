//! Credential offers, by value and by reference. Source: OpenID4VCI 1.0 §4.1.

use inro_base::Secret;
use inro_base::json::{self, Limits};
use inro_oauth::HttpsUrl;
use inro_oauth::metadata::PRE_AUTHORIZED_CODE;
use serde_json::{Map, Value, json};
use url::Url;

use crate::VciError;

/// The scheme that invokes a wallet. Source: OpenID4VCI 1.0 §12.1.
pub const SCHEME: &str = "openid-credential-offer";
/// The longest link that we read, in bytes; an offer by value is percent-encoded JSON.
pub const MAX_LINK_BYTES: usize = 32 * 1024;
/// The longest offer that we read, in bytes, and its depth: grants → grant → tx_code.
pub const LIMITS: Limits = Limits { bytes: 16 * 1024, depth: 6 };
/// The most configurations in one offer; each becomes a request.
pub const MAX_CONFIGURATIONS: usize = 16;
/// The longest configuration id, in bytes.
const MAX_ID_BYTES: usize = 256;
/// The longest pre-authorized code, in bytes.
const MAX_CODE_BYTES: usize = 4096;
/// The longest description of a transaction code, in characters. Source: OpenID4VCI 1.0 §4.1.1.
const MAX_DESCRIPTION_CHARS: usize = 300;
/// The longest transaction code, in characters.
const MAX_TX_CODE_CHARS: usize = 64;

/// An offer with a pre-authorized code.
#[derive(Debug)]
pub struct CredentialOffer {
    /// Who offers.
    pub issuer: HttpsUrl,
    /// What is offered: keys of the issuer's metadata, each once.
    pub configuration_ids: Vec<String>,
    /// The code that the token endpoint takes once.
    pub pre_authorized_code: Secret<String>,
    /// Whether, and in which form, a transaction code goes with it.
    pub tx_code: Option<TxCodeDemand>,
    /// Which of several authorization servers takes the code.
    pub authorization_server: Option<String>,
}

/// What the holder is asked to type in.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TxCodeDemand {
    /// Whether any characters are allowed, not just digits.
    pub text: bool,
    /// How many characters it has.
    pub length: Option<usize>,
    /// How the holder gets it; a stranger's text of at most 300 characters.
    pub description: Option<String>,
}

/// What an offer's link says.
#[derive(Debug)]
pub enum OfferLink {
    /// The offer itself.
    Value(CredentialOffer),
    /// Where the offer can be fetched.
    Reference(HttpsUrl),
}

impl OfferLink {
    /// Reads a link such as `openid-credential-offer://?credential_offer_uri=…`.
    ///
    /// # Errors
    /// [`VciError::Link`] for another scheme, an unbounded link, or not exactly one of the two
    /// parameters; else what is wrong with the offer.
    pub fn parse(link: &str) -> Result<Self, VciError> {
        if link.len() > MAX_LINK_BYTES {
            return Err(VciError::Link);
        }
        let url = Url::parse(link).map_err(|_| VciError::Link)?;
        if url.scheme() != SCHEME {
            return Err(VciError::Link);
        }
        let mut found: Vec<(bool, String)> = Vec::new();
        for (name, value) in url.query_pairs() {
            match &*name {
                "credential_offer" => found.push((true, value.into_owned())),
                "credential_offer_uri" => found.push((false, value.into_owned())),
                _ => {}
            }
        }
        match found.as_slice() {
            [(true, value)] => Ok(Self::Value(CredentialOffer::parse(value.as_bytes())?)),
            [(false, uri)] => Ok(Self::Reference(HttpsUrl::parse(uri)?)),
            _ => Err(VciError::Link),
        }
    }

    /// The link that carries a reference.
    pub fn to_reference(uri: &str) -> String {
        link("credential_offer_uri", uri)
    }
}

impl CredentialOffer {
    /// Reads an offer; unknown members and other grants are ignored.
    ///
    /// # Errors
    /// [`VciError`] when it is malformed, unbounded, or has no pre-authorized code.
    pub fn parse(bytes: &[u8]) -> Result<Self, VciError> {
        let object = json::parse_object(bytes, LIMITS)?;
        let issuer = HttpsUrl::parse(text(&object, "credential_issuer")?)?;
        if issuer.has_query() {
            return Err(VciError::Offer { member: "credential_issuer" });
        }
        let grants = object.get("grants").and_then(Value::as_object).ok_or(VciError::Grant)?;
        let grant = grants.get(PRE_AUTHORIZED_CODE).and_then(Value::as_object).ok_or(VciError::Grant)?;
        let code = text(grant, "pre-authorized_code")?;
        if code.is_empty() || code.len() > MAX_CODE_BYTES {
            return Err(VciError::Offer { member: "pre-authorized_code" });
        }
        Ok(Self {
            issuer,
            configuration_ids: configuration_ids(&object)?,
            pre_authorized_code: Secret::new(code.into()),
            tx_code: grant.get("tx_code").map(TxCodeDemand::parse).transpose()?,
            authorization_server: grant
                .contains_key("authorization_server")
                .then(|| text(grant, "authorization_server").map(String::from))
                .transpose()?,
        })
    }

    /// The offer as JSON.
    pub fn to_json(&self) -> Value {
        let mut grant = json!({ "pre-authorized_code": self.pre_authorized_code.expose() });
        if let Some(members) = grant.as_object_mut() {
            if let Some(demand) = &self.tx_code {
                members.insert("tx_code".into(), demand.to_json());
            }
            if let Some(server) = &self.authorization_server {
                members.insert("authorization_server".into(), server.as_str().into());
            }
        }
        json!({
            "credential_issuer": self.issuer.as_str(),
            "credential_configuration_ids": self.configuration_ids,
            "grants": { PRE_AUTHORIZED_CODE: grant },
        })
    }

    /// The link that carries the offer by value.
    pub fn to_link(&self) -> String {
        link("credential_offer", &self.to_json().to_string())
    }
}

impl TxCodeDemand {
    fn parse(value: &Value) -> Result<Self, VciError> {
        let malformed = VciError::Offer { member: "tx_code" };
        let object = value.as_object().ok_or(malformed.clone())?;
        let text = match object.get("input_mode").map(Value::as_str) {
            None | Some(Some("numeric")) => false,
            Some(Some("text")) => true,
            Some(_) => return Err(malformed),
        };
        let length = match object.get("length") {
            None => None,
            Some(length) => {
                let length = length.as_u64().and_then(|length| usize::try_from(length).ok());
                Some(
                    length
                        .filter(|length| (1..=MAX_TX_CODE_CHARS).contains(length))
                        .ok_or(malformed.clone())?,
                )
            }
        };
        let description = match object.get("description") {
            None => None,
            Some(Value::String(text)) if text.chars().count() <= MAX_DESCRIPTION_CHARS => Some(text.clone()),
            Some(_) => return Err(malformed),
        };
        Ok(Self { text, length, description })
    }

    fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("input_mode".into(), if self.text { "text" } else { "numeric" }.into());
        if let Some(length) = self.length {
            object.insert("length".into(), length.into());
        }
        if let Some(description) = &self.description {
            object.insert("description".into(), description.as_str().into());
        }
        Value::Object(object)
    }

    /// Whether `code` can be the transaction code that is asked for.
    pub fn fits(&self, code: &str) -> bool {
        let count = code.chars().count();
        let length_fits =
            self.length.map_or((1..=MAX_TX_CODE_CHARS).contains(&count), |length| length == count);
        length_fits && (self.text || code.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

fn configuration_ids(object: &Map<String, Value>) -> Result<Vec<String>, VciError> {
    let malformed = VciError::Offer { member: "credential_configuration_ids" };
    let list =
        object.get("credential_configuration_ids").and_then(Value::as_array).ok_or(malformed.clone())?;
    if list.is_empty() || list.len() > MAX_CONFIGURATIONS {
        return Err(malformed);
    }
    let mut ids: Vec<String> = Vec::with_capacity(list.len());
    for item in list {
        match item.as_str() {
            Some(id) if !id.is_empty() && id.len() <= MAX_ID_BYTES && !ids.iter().any(|seen| seen == id) => {
                ids.push(id.into());
            }
            _ => return Err(malformed),
        }
    }
    Ok(ids)
}

fn text<'a>(object: &'a Map<String, Value>, member: &'static str) -> Result<&'a str, VciError> {
    object.get(member).and_then(Value::as_str).ok_or(VciError::Offer { member })
}

fn link(parameter: &str, value: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(parameter, value).finish();
    // Form encoding writes a blank as `+`, which some wallets leave as it is.
    format!("{SCHEME}://?{}", query.replace('+', "%20"))
}
