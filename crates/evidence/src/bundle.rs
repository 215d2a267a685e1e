//! The file in which a chain travels.

use inro_base::base64url;
use inro_base::json::{self, Limits};
use serde_json::{Map, Value, json};

use crate::chain::UnverifiedChain;
use crate::error::{EvidenceError, Fault};
use crate::event::{MAX_ATTACHMENT, MAX_ATTACHMENTS};
use crate::head::{MAX_RECORDS, Receipt};

/// The longest bundle, in bytes.
pub const MAX_BUNDLE: usize = 64 * 1024 * 1024;
const FORMAT: &str = "inro-evidence";
const VERSION: u64 = 1;
/// The document, its receipts, a receipt, its attachments.
const LIMITS: Limits = Limits { bytes: MAX_BUNDLE, depth: 4 };

/// The bundle of `receipts`, which are all records of a chain from the first on.
///
/// # Errors
/// [`EvidenceError::TooMuch`] when it would be longer than [`MAX_BUNDLE`]: leave out attachments, then bodies.
pub fn write_bundle(receipts: &[Receipt]) -> Result<Vec<u8>, EvidenceError> {
    let too_long = EvidenceError::TooMuch { part: "bundle" };
    let head = json!({ "format": FORMAT, "version": VERSION }).to_string();
    let mut text = head.trim_end_matches('}').to_owned();
    text.push_str(",\"receipts\":[");
    for (index, receipt) in receipts.iter().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&Value::Object(members(receipt)).to_string());
        if text.len() > MAX_BUNDLE {
            return Err(too_long);
        }
    }
    text.push_str("\n]}\n");
    if text.len() > MAX_BUNDLE { Err(too_long) } else { Ok(text.into_bytes()) }
}

impl UnverifiedChain {
    /// Reads a bundle.
    ///
    /// # Errors
    /// A [`Fault`] with [`EvidenceError::Json`], [`EvidenceError::Malformed`], [`EvidenceError::TooMuch`] or
    /// [`EvidenceError::Version`].
    pub fn parse(bundle: &[u8]) -> Result<Self, Fault> {
        let mut bundle = json::parse_object(bundle, LIMITS).map_err(EvidenceError::from)?;
        if bundle.remove("format").as_ref().and_then(Value::as_str) != Some(FORMAT) {
            return Err(EvidenceError::Malformed { part: "format" }.into());
        }
        if bundle.remove("version").as_ref().and_then(Value::as_u64) != Some(VERSION) {
            return Err(EvidenceError::Version.into());
        }
        let Some(Value::Array(items)) = bundle.remove("receipts") else {
            return Err(EvidenceError::Malformed { part: "receipts" }.into());
        };
        if !bundle.is_empty() {
            return Err(EvidenceError::Malformed { part: "bundle" }.into());
        }
        if u64::try_from(items.len()).is_ok_and(|items| items > MAX_RECORDS) {
            return Err(EvidenceError::TooMuch { part: "receipts" }.into());
        }
        let receipts =
            (0..).zip(items).map(|(at, item)| receipt(item).map_err(|wrong| Fault { at: Some(at), wrong }));
        Ok(Self::of(receipts.collect::<Result<_, _>>()?))
    }
}

fn members(receipt: &Receipt) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("record".to_owned(), receipt.record.as_str().into());
    if let Some(body) = &receipt.body {
        members.insert("body".to_owned(), base64url::encode(body).into());
    }
    if !receipt.attachments.is_empty() {
        let attachments = receipt.attachments.iter();
        let attachments = attachments.map(|bytes| bytes.as_deref().map(base64url::encode).into());
        members.insert("attachments".to_owned(), Value::Array(attachments.collect()));
    }
    members
}

fn receipt(item: Value) -> Result<Receipt, EvidenceError> {
    let Value::Object(mut item) = item else { return Err(EvidenceError::Malformed { part: "receipts" }) };
    let Some(Value::String(record)) = item.remove("record") else {
        return Err(EvidenceError::Malformed { part: "record" });
    };
    let body = item.remove("body").map(|body| bytes(&body, "body")).transpose()?;
    let attachments = match item.remove("attachments") {
        None => Vec::new(),
        Some(Value::Array(items)) => attachments(items)?,
        Some(_) => return Err(EvidenceError::Malformed { part: "attachments" }),
    };
    if item.is_empty() {
        Ok(Receipt { record, body, attachments })
    } else {
        Err(EvidenceError::Malformed { part: "receipts" })
    }
}

fn attachments(items: Vec<Value>) -> Result<Vec<Option<Vec<u8>>>, EvidenceError> {
    if items.len() > MAX_ATTACHMENTS {
        return Err(EvidenceError::TooMuch { part: "attachments" });
    }
    let one = |item: Value| match item {
        Value::Null => Ok(None),
        item => match bytes(&item, "attachments")? {
            bytes if bytes.len() > MAX_ATTACHMENT => Err(EvidenceError::TooMuch { part: "attachment" }),
            bytes => Ok(Some(bytes)),
        },
    };
    items.into_iter().map(one).collect()
}

fn bytes(value: &Value, part: &'static str) -> Result<Vec<u8>, EvidenceError> {
    let malformed = EvidenceError::Malformed { part };
    base64url::decode(value.as_str().ok_or(malformed)?).map_err(|_| malformed)
}
