//! What happened: found by their slots, which grow.

use inro_base::UnixTime;
use serde::{Deserialize, Serialize};

use super::forms::{HISTORY, body, to_bytes};
use crate::ports::StoreError;
use crate::records::{Event, HistoryEntry, HistoryId, HistoryItem, Localized, NewHistoryEntry, Outcome};
use crate::vault::{Change, NewRecord, Records, Tag};

#[derive(Serialize, Deserialize)]
struct Stored {
    event: Event,
    at: UnixTime,
    counterpart: Localized,
    registered: bool,
    items: Vec<HistoryItem>,
    outcome: Outcome,
}

pub(super) fn append(change: &mut Change<'_>, entry: &NewHistoryEntry) -> Result<HistoryId, StoreError> {
    let stored = to_bytes(&Stored {
        event: entry.event,
        at: entry.at,
        counterpart: entry.counterpart.clone(),
        registered: entry.registered,
        items: entry.items.clone(),
        outcome: entry.outcome,
    })?;
    let record =
        NewRecord { kind: HISTORY, name: None, owner: Tag::NOBODY, brief: &[], body: stored.expose() };
    change.put(record).map(HistoryId)
}

pub(super) fn conclude(
    change: &mut Change<'_>,
    HistoryId(slot): HistoryId,
    outcome: Outcome,
) -> Result<(), StoreError> {
    if !change.is_at(HISTORY, slot) {
        return Err(StoreError::Failed);
    }
    let stored = Stored { outcome, ..body(change, slot)? };
    change.replace(slot, &[], to_bytes(&stored)?.expose())
}

/// The newest `limit` entries, newest first.
pub(super) fn newest(records: &Records, limit: u32) -> Result<Vec<HistoryEntry>, StoreError> {
    let read = |slot| {
        let Stored { event, at, counterpart, registered, items, outcome } = body(records, slot)?;
        Ok(HistoryEntry { event, at, counterpart, registered, items, outcome })
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    records.owned(HISTORY, Tag::NOBODY).rev().take(limit).map(read).collect()
}
