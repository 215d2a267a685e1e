//! What an issuer signs and a holder passes on: items, each hashed as it was received.

use inro_cose::{CoseError, Item, Limits, UnverifiedSign1, Value};

use crate::MdocError;
use crate::profile::MAX_ELEMENTS;

/// One data element with what hides it.
#[derive(Clone)]
pub(crate) struct SignedItem {
    pub(crate) namespace: String,
    pub(crate) digest_id: u64,
    pub(crate) random_length: usize,
    pub(crate) identifier: String,
    pub(crate) value: Value,
    /// The tagged byte string, as received: what the digest is over.
    pub(crate) bytes: Vec<u8>,
}

/// The parts of an `IssuerSigned`, none of them established.
pub(crate) struct Parts {
    /// `issuerAuth`, as received.
    pub(crate) issuer_auth: Vec<u8>,
    pub(crate) sign1: UnverifiedSign1,
    pub(crate) items: Vec<SignedItem>,
}

/// Source: ISO/IEC 18013-5 §8.3.2.1.2.2 (read from peers).
pub(crate) fn read(item: Item<'_>) -> Result<Parts, MdocError> {
    let issuer_auth = item.member("issuerAuth")?;
    let mut items = Vec::new();
    if let Some(namespaces) = item.get("nameSpaces")? {
        for (namespace, list) in namespaces.map()? {
            let namespace = namespace.text()?;
            for entry in list.array()? {
                if items.len() >= MAX_ELEMENTS {
                    return Err(MdocError::TooMany { count: items.len(), limit: MAX_ELEMENTS });
                }
                items.push(signed_item(namespace, entry)?);
            }
        }
    }
    check_repetitions(&items)?;
    Ok(Parts {
        issuer_auth: issuer_auth.as_received().to_vec(),
        sign1: UnverifiedSign1::parse(issuer_auth, None)?,
        items,
    })
}

fn signed_item(namespace: &str, entry: Item<'_>) -> Result<SignedItem, MdocError> {
    let inner = Item::parse(entry.encoded()?, Limits::DOCUMENT)?;
    Ok(SignedItem {
        namespace: namespace.to_owned(),
        digest_id: inner.member("digestID")?.unsigned()?,
        random_length: inner.member("random")?.bytes()?.len(),
        identifier: inner.member("elementIdentifier")?.text()?.to_owned(),
        value: inner.member("elementValue")?.value()?,
        bytes: entry.as_received().to_vec(),
    })
}

/// A digest stands for one item, and a data element has one value: two of either would let a holder
/// choose what a reader sees.
fn check_repetitions(items: &[SignedItem]) -> Result<(), MdocError> {
    let mut seen: Vec<(&str, u64, &str)> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let repeats = |(namespace, digest_id, identifier): &(&str, u64, &str)| {
            *namespace == item.namespace && (*digest_id == item.digest_id || *identifier == item.identifier)
        };
        if seen.iter().any(repeats) {
            return Err(MdocError::Repeated { index });
        }
        seen.push((&item.namespace, item.digest_id, &item.identifier));
    }
    Ok(())
}

/// Reads an `IssuerSigned` from bytes of its own.
pub(crate) fn parse(bytes: &[u8]) -> Result<Parts, MdocError> {
    read(Item::parse(bytes, Limits::DOCUMENT)?)
}

/// The name spaces of a structure, for what is written as `{ name space: [ entry … ] }`.
pub(crate) fn texts(list: Item<'_>) -> Result<Vec<String>, CoseError> {
    list.array()?.into_iter().map(|text| text.text().map(str::to_owned)).collect()
}
