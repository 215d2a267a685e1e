//! What happened: found by their slots, which grow.

use inro_base::UnixTime;
use serde::{Deserialize, Serialize};

use super::forms::{HISTORY, body, to_bytes};
use super::receipts::{self, Place};
use crate::ports::StoreError;
use crate::records::{
    Erase, Event, HistoryEntry, HistoryId, HistoryItem, Localized, NewHistoryEntry, NewReceipt, Outcome,
};
use crate::vault::{Change, NewRecord, Records, Tag};

#[derive(Serialize, Deserialize)]
struct Stored {
    event: Event,
    at: UnixTime,
    counterpart: Localized,
    registered: bool,
    items: Vec<HistoryItem>,
    outcome: Outcome,
    /// Its receipt, then those that tell more of it. None where it came from a version that kept no receipts.
    #[serde(default)]
    receipts: Vec<Place>,
}

pub(super) fn append(change: &mut Change<'_>, entry: &NewHistoryEntry) -> Result<HistoryId, StoreError> {
    let receipt = entry.receipt.as_ref().map(|receipt| receipts::append(change, receipt)).transpose()?;
    let stored = to_bytes(&Stored {
        event: entry.event,
        at: entry.at,
        counterpart: entry.counterpart.clone(),
        registered: entry.registered,
        items: entry.items.clone(),
        outcome: entry.outcome,
        receipts: receipt.into_iter().collect(),
    })?;
    let record =
        NewRecord { kind: HISTORY, name: None, owner: Tag::NOBODY, brief: &[], body: stored.expose() };
    change.put(record).map(HistoryId)
}

pub(super) fn conclude(
    change: &mut Change<'_>,
    HistoryId(slot): HistoryId,
    outcome: Outcome,
    receipt: Option<&NewReceipt>,
) -> Result<(), StoreError> {
    if !change.is_at(HISTORY, slot) {
        return Err(StoreError::Failed);
    }
    let mut stored: Stored = body(change, slot)?;
    // It was erased meanwhile: nothing more is told of it.
    if stored.event == Event::Erased {
        return Ok(());
    }
    if let Some(receipt) = receipt {
        stored.receipts.push(receipts::append(change, receipt)?);
    }
    change.replace(slot, &[], to_bytes(&Stored { outcome, ..stored })?.expose())
}

/// The newest `limit` entries, newest first.
pub(super) fn newest(records: &Records, limit: u32) -> Result<Vec<HistoryEntry>, StoreError> {
    let read = |slot| {
        let Stored { event, at, counterpart, registered, items, outcome, receipts } = body(records, slot)?;
        let receipt = receipts.first().map(|place| place.seq);
        let id = HistoryId(slot);
        Ok(HistoryEntry { id, event, at, counterpart, registered, items, outcome, receipt })
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    records.owned(HISTORY, Tag::NOBODY).rev().take(limit).map(read).collect()
}

pub(super) fn erase(change: &mut Change<'_>, erase: Erase) -> Result<(), StoreError> {
    match erase {
        Erase::Entry(HistoryId(slot)) if change.is_at(HISTORY, slot) => erase_one(change, slot),
        Erase::Entry(_) => Err(StoreError::NoSuchEntry),
        Erase::Everything => {
            let slots: Vec<i64> = change.owned(HISTORY, Tag::NOBODY).collect();
            slots.into_iter().try_for_each(|slot| erase_one(change, slot))
        }
        Erase::Requests => receipts::erase_attachments(change),
    }
}

fn erase_one(change: &mut Change<'_>, slot: i64) -> Result<(), StoreError> {
    let stored: Stored = body(change, slot)?;
    if stored.receipts.is_empty() {
        return change.delete(slot);
    }
    stored.receipts.iter().try_for_each(|place| receipts::erase(change, *place))?;
    let erased = Stored {
        event: Event::Erased,
        at: stored.at,
        counterpart: Localized::default(),
        registered: false,
        items: Vec::new(),
        outcome: Outcome::Done,
        receipts: stored.receipts,
    };
    change.replace(slot, &[], to_bytes(&erased)?.expose())
}
