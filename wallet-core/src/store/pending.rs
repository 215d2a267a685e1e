//! Deferred issuances in SQLite.

use inro_base::UnixTime;
use inro_crypto::PublicKey;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use crate::keys::{Assurance, CreatedKey, KeyId};
use crate::ports::StoreError;
use crate::records::{NewPending, Pending, PendingId, PendingRecord};

const PENDING: &str = "SELECT record, retry_at, ticket, dpop_key FROM pending";

pub(super) fn put(t: &Transaction<'_>, pending: &NewPending) -> Result<(), StoreError> {
    let record = &pending.record;
    let json = serde_json::to_string(record).map_err(|_| StoreError::Failed)?;
    t.execute(
        "INSERT INTO pending (id, record, requested_at, retry_at, ticket, dpop_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            record.id.0,
            json,
            record.requested_at.as_secs(),
            record.retry_at.as_secs(),
            pending.ticket,
            pending.dpop_key.0,
        ],
    )?;
    let mut insert =
        t.prepare("INSERT INTO pending_keys (pending, position, key, public_key) VALUES (?1, ?2, ?3, ?4)")?;
    for (position, key) in (0_u32..).zip(&pending.keys) {
        let public_key = [key.public_key.x().as_slice(), key.public_key.y().as_slice()].concat();
        insert.execute(params![record.id.0, position, key.id.0, public_key])?;
    }
    Ok(())
}

pub(super) fn all(c: &Connection) -> Result<Vec<PendingRecord>, StoreError> {
    let mut statement = c.prepare(&format!("{PENDING} ORDER BY requested_at, id"))?;
    let rows = statement.query_map([], |row| Ok(record_from(row)))?;
    rows.map(|row| row?).collect()
}

pub(super) fn one(c: &Connection, id: &PendingId) -> Result<Option<Pending>, StoreError> {
    let sql = format!("{PENDING} WHERE id = ?1");
    let read = |row: &Row<'_>| Ok((record_from(row), row.get::<_, Vec<u8>>(2)?, row.get::<_, String>(3)?));
    let Some((record, ticket, dpop_key)) = c.query_row(&sql, [&id.0], read).optional()? else {
        return Ok(None);
    };
    let mut statement =
        c.prepare("SELECT key, public_key FROM pending_keys WHERE pending = ?1 ORDER BY position")?;
    let rows = statement.query_map([&id.0], |row| Ok((row.get(0)?, row.get::<_, [u8; 64]>(1)?)))?;
    let mut keys = Vec::new();
    for row in rows {
        let (key, bytes) = row?;
        let public_key = public_key(&bytes).ok_or(StoreError::Corrupt)?;
        // This database does not say how a key is kept.
        keys.push(CreatedKey { id: KeyId(key), public_key, assurance: Assurance::NONE });
    }
    Ok(Some(Pending { record: record?, ticket, keys, dpop_key: KeyId(dpop_key) }))
}

pub(super) fn postpone(t: &Transaction<'_>, id: &PendingId, retry_at: UnixTime) -> Result<(), StoreError> {
    let sql = "UPDATE pending SET retry_at = ?2 WHERE id = ?1";
    match t.execute(sql, params![id.0, retry_at.as_secs()])? {
        1 => Ok(()),
        _ => Err(StoreError::NoSuchPending),
    }
}

/// One conditional write: of two attempts to end a deferred issuance one succeeds.
pub(super) fn end(t: &Transaction<'_>, id: &PendingId) -> Result<(), StoreError> {
    match t.execute("DELETE FROM pending WHERE id = ?1", [&id.0])? {
        1 => Ok(()),
        _ => Err(StoreError::NoSuchPending),
    }
}

fn record_from(row: &Row<'_>) -> Result<PendingRecord, StoreError> {
    let text: String = row.get(0)?;
    let record: PendingRecord = serde_json::from_str(&text).map_err(|_| StoreError::Corrupt)?;
    Ok(PendingRecord { retry_at: UnixTime::from_secs(row.get(1)?), ..record })
}

fn public_key(bytes: &[u8; 64]) -> Option<PublicKey> {
    let (x, y) = bytes.split_first_chunk::<32>()?;
    PublicKey::from_coordinates(x, y.try_into().ok()?).ok()
}
