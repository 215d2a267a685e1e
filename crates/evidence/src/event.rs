use inro_base::json::{self, Limits};
use inro_base::{Rng, base64url};
use inro_crypto::Provider;
use serde_json::{Map, Value, json};

use crate::claims::integer;
use crate::digest::Digest;
use crate::error::EvidenceError;

/// As many attachments as one event may have.
pub const MAX_ATTACHMENTS: usize = 8;
/// The longest attachment, in bytes.
pub const MAX_ATTACHMENT: usize = 256 * 1024;
/// A body is read within these.
const LIMITS: Limits = Limits::MESSAGE;
/// The longest name of an event or a kind of attachment, in bytes.
const MAX_NAME: usize = 64;
/// Whoever guesses what an erased body said has to guess this, too: 128 bits.
const SALT_BYTES: usize = 16;

/// Something that happened, to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its name in the terms of whoever records it: 1 to 64 lower-case letters, digits, `.`, `-` and `_`.
    pub name: String,
    /// The number of the record of an earlier event, of which this one tells more.
    pub of: Option<u64>,
    /// What there is to say of it; the names are those of whoever records it.
    pub detail: Map<String, Value>,
    /// Messages that it was about.
    pub attachments: Vec<Attachment>,
}

/// A message that goes with an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attachment {
    /// What it is: 1 to 64 lower-case letters, digits, `.`, `-` and `_`.
    pub kind: String,
    /// The message as it was sent or received.
    pub bytes: Vec<u8>,
}

/// Something that happened, as a body tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its name.
    pub name: String,
    /// The number of the record of an earlier event, of which this one tells more.
    pub of: Option<u64>,
    /// What there is to say of it.
    pub detail: Map<String, Value>,
    /// The messages that it was about.
    pub attachments: Vec<Attached>,
}

/// A message that went with an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attached {
    /// What it is.
    pub kind: String,
    /// Its digest.
    pub digest: Digest,
    /// The message, unless it was erased or left out.
    pub bytes: Option<Vec<u8>>,
}

impl Event {
    /// The bytes of the body.
    pub(crate) fn to_body(
        &self,
        rng: &mut dyn Rng,
        provider: &dyn Provider,
    ) -> Result<Vec<u8>, EvidenceError> {
        name(&self.name, "event")?;
        if self.attachments.len() > MAX_ATTACHMENTS {
            return Err(EvidenceError::TooMuch { part: "attachments" });
        }
        let mut attachments = Vec::new();
        for Attachment { kind, bytes } in &self.attachments {
            name(kind, "kind")?;
            if bytes.len() > MAX_ATTACHMENT {
                return Err(EvidenceError::TooMuch { part: "attachment" });
            }
            attachments.push(json!({ "kind": kind, "sha256": Digest::of(bytes, provider).to_string() }));
        }
        let mut body = json!({ "salt": rng.token::<SALT_BYTES>(), "event": self.name });
        if let Some(members) = body.as_object_mut() {
            let optional = [
                ("of", self.of.map(Value::from)),
                ("detail", (!self.detail.is_empty()).then(|| Value::Object(self.detail.clone()))),
                ("attachments", (!attachments.is_empty()).then_some(Value::Array(attachments))),
            ];
            members.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        let bytes = body.to_string().into_bytes();
        // What a reader would refuse is not signed: too long, too deep.
        json::parse(&bytes, LIMITS)?;
        Ok(bytes)
    }
}

impl Told {
    /// Reads a body. The attachments have no bytes yet.
    ///
    /// # Errors
    /// [`EvidenceError::Json`], [`EvidenceError::Malformed`], [`EvidenceError::TooMuch`].
    pub fn parse(body: &[u8]) -> Result<Self, EvidenceError> {
        let mut body = json::parse_object(body, LIMITS)?;
        let salt = text(body.remove("salt"), "salt")?;
        base64url::decode_array::<SALT_BYTES>(&salt)
            .map_err(|_| EvidenceError::Malformed { part: "salt" })?;
        let event = text(body.remove("event"), "event")?;
        name(&event, "event")?;
        let of =
            body.remove("of").map(|of| integer(Some(&of)).ok_or(EvidenceError::Malformed { part: "of" }));
        let detail = match body.remove("detail") {
            None => Map::new(),
            Some(Value::Object(detail)) => detail,
            Some(_) => return Err(EvidenceError::Malformed { part: "detail" }),
        };
        let attachments = match body.remove("attachments") {
            None => Vec::new(),
            Some(Value::Array(items)) => attached(items)?,
            Some(_) => return Err(EvidenceError::Malformed { part: "attachments" }),
        };
        if !body.is_empty() {
            return Err(EvidenceError::Malformed { part: "body" });
        }
        Ok(Self { name: event, of: of.transpose()?, detail, attachments })
    }
}

fn attached(items: Vec<Value>) -> Result<Vec<Attached>, EvidenceError> {
    if items.len() > MAX_ATTACHMENTS {
        return Err(EvidenceError::TooMuch { part: "attachments" });
    }
    let malformed = EvidenceError::Malformed { part: "attachments" };
    let mut attachments = Vec::new();
    for item in items {
        let Value::Object(mut item) = item else { return Err(malformed) };
        let kind = text(item.remove("kind"), "kind")?;
        name(&kind, "kind")?;
        let digest = Digest::from_value(item.remove("sha256").as_ref(), "sha256")?;
        if !item.is_empty() {
            return Err(malformed);
        }
        attachments.push(Attached { kind, digest, bytes: None });
    }
    Ok(attachments)
}

fn text(value: Option<Value>, part: &'static str) -> Result<String, EvidenceError> {
    match value {
        Some(Value::String(text)) => Ok(text),
        _ => Err(EvidenceError::Malformed { part }),
    }
}

/// A name can be shown, filed and compared as it stands.
fn name(text: &str, part: &'static str) -> Result<(), EvidenceError> {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_');
    let good = (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(plain);
    if good { Ok(()) } else { Err(EvidenceError::Malformed { part }) }
}
