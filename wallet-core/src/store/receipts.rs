//! The chain of receipts: its end, its records in their order, and the attachments, each a record of its own.

use inro_base::base64url;
use inro_evidence::{Head, Receipt};
use serde::{Deserialize, Serialize};

use super::forms::{ATTACHMENT, CHAIN, RECEIPT, body, to_bytes};
use crate::ports::StoreError;
use crate::records::{ChainEnd, KeyId, NewReceipt};
use crate::vault::{Change, Kind, NewRecord, Records, Tag};

/// The one record of its kind.
const END: &[u8] = b"end";
/// So many attachments are kept; an older one goes, and its digest stays.
const MAX_ATTACHMENTS: usize = 1_000;

#[derive(Serialize, Deserialize)]
struct StoredEnd {
    head: String,
    key: String,
}

#[derive(Serialize, Deserialize)]
struct StoredReceipt {
    seq: u64,
    record: String,
    body: Option<String>,
    /// Where each is.
    attachments: Vec<Option<i64>>,
}

#[derive(Serialize, Deserialize)]
struct StoredAttachment {
    receipt: i64,
    bytes: String,
}

/// Where a receipt is, and its number in its chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    slot: i64,
    pub(super) seq: u64,
}

pub(super) fn end(records: &Records) -> Result<Option<ChainEnd>, StoreError> {
    let Some(slot) = records.slot(CHAIN, END) else { return Ok(None) };
    let StoredEnd { head, key } = body(records, slot)?;
    Ok(Some(ChainEnd { head: decode(&head)?, key: KeyId(key) }))
}

/// Writes receipts on the condition that the chain still ends where they follow. Gives the place of the last.
pub(super) fn append(change: &mut Change<'_>, new: &NewReceipt) -> Result<Place, StoreError> {
    let before = end(change)?.map(|end| head(&end)).transpose()?;
    if before.map(|head| head.digest()) != new.follows {
        return Err(StoreError::HistoryMoved);
    }
    let last = head(&new.end)?.seq();
    let mut place = None;
    for (before_last, receipt) in (0..).zip(new.receipts.iter().rev()).collect::<Vec<_>>().into_iter().rev() {
        let seq = last.checked_sub(before_last).ok_or(StoreError::Failed)?;
        place = Some(put(change, seq, receipt)?);
    }
    let stored = to_bytes(&StoredEnd { head: base64url::encode(&new.end.head), key: new.end.key.0.clone() })?;
    match change.slot(CHAIN, END) {
        Some(slot) => change.replace(slot, &[], stored.expose())?,
        None => {
            let name = Some(END);
            change.put(NewRecord {
                kind: CHAIN,
                name,
                owner: Tag::NOBODY,
                brief: &[],
                body: stored.expose(),
            })?;
        }
    }
    drop_oldest(change)?;
    place.ok_or(StoreError::Failed)
}

/// The receipts of every chain, oldest first.
pub(super) fn all(records: &Records) -> Result<Vec<Vec<Receipt>>, StoreError> {
    let mut chains: Vec<Vec<Receipt>> = Vec::new();
    for slot in records.owned(RECEIPT, Tag::NOBODY) {
        let stored: StoredReceipt = body(records, slot)?;
        if stored.seq == 0 {
            chains.push(Vec::new());
        }
        let attachment = |slot: Option<i64>| match slot {
            None => Ok(None),
            Some(slot) => decode(&body::<StoredAttachment>(records, slot)?.bytes).map(Some),
        };
        let receipt = Receipt {
            record: stored.record,
            body: stored.body.as_deref().map(decode).transpose()?,
            attachments: stored.attachments.into_iter().map(attachment).collect::<Result<_, _>>()?,
        };
        chains.last_mut().ok_or(StoreError::Corrupt)?.push(receipt);
    }
    Ok(chains)
}

/// Forgets what a receipt is about.
pub(super) fn erase(change: &mut Change<'_>, place: Place) -> Result<(), StoreError> {
    let stored: StoredReceipt = body(change, place.slot)?;
    for slot in stored.attachments.iter().flatten() {
        change.delete(*slot)?;
    }
    let stored = StoredReceipt { body: None, attachments: Vec::new(), ..stored };
    change.replace(place.slot, &[], to_bytes(&stored)?.expose())
}

/// Forgets all attachments.
pub(super) fn erase_attachments(change: &mut Change<'_>) -> Result<(), StoreError> {
    change.all(ATTACHMENT).into_iter().try_for_each(|slot| drop_attachment(change, slot))
}

fn put(change: &mut Change<'_>, seq: u64, receipt: &Receipt) -> Result<Place, StoreError> {
    let stored = StoredReceipt {
        seq,
        record: receipt.record.clone(),
        body: receipt.body.as_deref().map(base64url::encode),
        attachments: vec![None; receipt.attachments.len()],
    };
    let slot = change.put(record(RECEIPT, to_bytes(&stored)?.expose()))?;
    let mut attachments = Vec::new();
    for bytes in &receipt.attachments {
        let Some(bytes) = bytes else {
            attachments.push(None);
            continue;
        };
        let attachment = StoredAttachment { receipt: slot, bytes: base64url::encode(bytes) };
        attachments.push(Some(change.put(record(ATTACHMENT, to_bytes(&attachment)?.expose()))?));
    }
    if !attachments.is_empty() {
        let stored = StoredReceipt { attachments, ..stored };
        change.replace(slot, &[], to_bytes(&stored)?.expose())?;
    }
    Ok(Place { slot, seq })
}

fn record(kind: Kind, body: &[u8]) -> NewRecord<'_> {
    NewRecord { kind, name: None, owner: Tag::NOBODY, brief: &[], body }
}

fn drop_oldest(change: &mut Change<'_>) -> Result<(), StoreError> {
    let kept = change.owned(ATTACHMENT, Tag::NOBODY).rev().nth(MAX_ATTACHMENTS);
    kept.map_or(Ok(()), |oldest| drop_attachment(change, oldest))
}

fn drop_attachment(change: &mut Change<'_>, slot: i64) -> Result<(), StoreError> {
    let StoredAttachment { receipt, .. } = body(change, slot)?;
    let mut stored: StoredReceipt = body(change, receipt)?;
    for attachment in stored.attachments.iter_mut().filter(|attachment| **attachment == Some(slot)) {
        *attachment = None;
    }
    change.replace(receipt, &[], to_bytes(&stored)?.expose())?;
    change.delete(slot)
}

fn head(end: &ChainEnd) -> Result<Head, StoreError> {
    end.head().map_err(|_| StoreError::Corrupt)
}

fn decode(text: &str) -> Result<Vec<u8>, StoreError> {
    base64url::decode(text).map_err(|_| StoreError::Corrupt)
}
