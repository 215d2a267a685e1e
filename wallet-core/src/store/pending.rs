//! Deferred issuances: named by their id.

use inro_base::{UnixTime, base64url};
use inro_crypto::PublicKey;
use serde::{Deserialize, Serialize};

use super::forms::{PENDING, body, to_bytes};
use super::history;
use crate::keys::{Assurance, CreatedKey, KeyId};
use crate::ports::StoreError;
use crate::records::{
    Event, HistoryItem, NewHistoryEntry, NewPending, Outcome, Pending, PendingId, PendingRecord,
};
use crate::ticket;
use crate::vault::{Change, NewRecord, Records, Tag};

#[derive(Serialize, Deserialize)]
struct Stored {
    record: PendingRecord,
    ticket: String,
    keys: Vec<StoredKey>,
    dpop_key: String,
}

#[derive(Serialize, Deserialize)]
struct StoredKey {
    id: String,
    x: String,
    y: String,
    assurance: Assurance,
}

/// # Errors
/// [`StoreError::Failed`] where another one has one of its keys.
pub(super) fn put(change: &mut Change<'_>, pending: &NewPending) -> Result<(), StoreError> {
    let taken = own_keys(change)?;
    if pending.keys.iter().any(|key| taken.contains(&key.id)) {
        return Err(StoreError::Failed);
    }
    let stored = Stored {
        record: pending.record.clone(),
        ticket: base64url::encode(&pending.ticket),
        keys: pending.keys.iter().map(StoredKey::of).collect(),
        dpop_key: pending.dpop_key.0.clone(),
    };
    change.put(NewRecord {
        kind: PENDING,
        name: Some(pending.record.id.0.as_bytes()),
        owner: Tag::NOBODY,
        brief: &[],
        body: to_bytes(&stored)?.expose(),
    })?;
    Ok(())
}

/// All of them, oldest first.
pub(super) fn all(records: &Records) -> Result<Vec<PendingRecord>, StoreError> {
    let mut pending: Vec<PendingRecord> = read_all(records)?.into_iter().map(|one| one.record).collect();
    pending.sort_by(|a, b| (a.requested_at, &a.id).cmp(&(b.requested_at, &b.id)));
    Ok(pending)
}

pub(super) fn one(records: &Records, id: &PendingId) -> Result<Option<Pending>, StoreError> {
    let Some(slot) = records.slot(PENDING, id.0.as_bytes()) else { return Ok(None) };
    body::<Stored>(records, slot)?.open().map(Some)
}

pub(super) fn postpone(
    change: &mut Change<'_>,
    id: &PendingId,
    retry_at: UnixTime,
) -> Result<(), StoreError> {
    let slot = change.slot(PENDING, id.0.as_bytes()).ok_or(StoreError::NoSuchPending)?;
    let mut stored: Stored = body(change, slot)?;
    stored.record.retry_at = retry_at;
    change.replace(slot, &[], to_bytes(&stored)?.expose())
}

/// Of two attempts to end a deferred issuance one succeeds.
pub(super) fn end(change: &mut Change<'_>, id: &PendingId) -> Result<(), StoreError> {
    let slot = change.slot(PENDING, id.0.as_bytes()).ok_or(StoreError::NoSuchPending)?;
    change.delete(slot)
}

/// The keys that are needed to collect them, sorted.
pub(super) fn keys(records: &Records) -> Result<Vec<KeyId>, StoreError> {
    let mut keys: Vec<KeyId> = read_all(records)?.iter().flat_map(Stored::all_keys).collect();
    keys.sort();
    keys.dedup();
    Ok(keys)
}

/// The same, and the keys that wrap what collects them.
pub(super) fn needed_keys(records: &Records) -> Result<Vec<KeyId>, StoreError> {
    let mut keys = keys(records)?;
    for pending in read_all(records)? {
        keys.push(pending.wrapping_key()?);
    }
    Ok(keys)
}

/// Drops those that need a key that is gone: they cannot be collected. Records that.
pub(super) fn drop_where(
    change: &mut Change<'_>,
    is_gone: &dyn Fn(&KeyId) -> bool,
    now: UnixTime,
) -> Result<(), StoreError> {
    for pending in read_all(change)? {
        let wrapping_key = pending.wrapping_key()?;
        if !pending.all_keys().chain([wrapping_key]).any(|key| is_gone(&key)) {
            continue;
        }
        let record = pending.record;
        end(change, &record.id)?;
        let entry = NewHistoryEntry {
            event: Event::Issued,
            at: now,
            counterpart: record.issuer_name,
            registered: record.issuer_vouched,
            items: vec![HistoryItem { vct: record.type_id, claims: Vec::new() }],
            outcome: Outcome::Failed,
            receipt: None,
        };
        history::append(change, &entry)?;
    }
    Ok(())
}

fn own_keys(records: &Records) -> Result<Vec<KeyId>, StoreError> {
    let keys = |one: Stored| one.keys.into_iter().map(|key| KeyId(key.id));
    Ok(read_all(records)?.into_iter().flat_map(keys).collect())
}

fn read_all(records: &Records) -> Result<Vec<Stored>, StoreError> {
    records.owned(PENDING, Tag::NOBODY).map(|slot| body(records, slot)).collect()
}

impl Stored {
    fn all_keys(&self) -> impl Iterator<Item = KeyId> + '_ {
        self.keys.iter().map(|key| &key.id).chain([&self.dpop_key]).map(|id| KeyId(id.clone()))
    }

    fn ticket(&self) -> Result<Vec<u8>, StoreError> {
        base64url::decode(&self.ticket).map_err(|_| StoreError::Corrupt)
    }

    fn wrapping_key(&self) -> Result<KeyId, StoreError> {
        Ok(ticket::split(&self.ticket()?).0)
    }

    fn open(self) -> Result<Pending, StoreError> {
        Ok(Pending {
            ticket: self.ticket()?,
            keys: self.keys.iter().map(StoredKey::open).collect::<Result<_, _>>()?,
            dpop_key: KeyId(self.dpop_key),
            record: self.record,
        })
    }
}

impl StoredKey {
    fn of(key: &CreatedKey) -> Self {
        let text = |coordinate: &[u8; 32]| base64url::encode(coordinate);
        Self {
            id: key.id.0.clone(),
            x: text(key.public_key.x()),
            y: text(key.public_key.y()),
            assurance: key.assurance,
        }
    }

    fn open(&self) -> Result<CreatedKey, StoreError> {
        let coordinate = |text: &str| base64url::decode_array(text).map_err(|_| StoreError::Corrupt);
        let public_key = PublicKey::from_coordinates(&coordinate(&self.x)?, &coordinate(&self.y)?);
        let public_key = public_key.map_err(|_| StoreError::Corrupt)?;
        Ok(CreatedKey { id: KeyId(self.id.clone()), public_key, assurance: self.assurance })
    }
}
