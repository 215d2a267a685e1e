//! Takes over the SQLite files of the versions that had no vault: 1, 2 and 3.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use inro_base::{Secret, UnixTime};
use inro_crypto::PublicKey;
use rusqlite::{Connection, OpenFlags, Row};
use serde::de::DeserializeOwned;

use super::{anchors, answered, credentials, forms, history, pending};
use crate::keys::{Assurance, CreatedKey, KeyId};
use crate::ports::StoreError;
use crate::records::{
    AnchorKind, AnchorRecord, CredentialId, CredentialRecord, NewCopy, NewHistoryEntry, NewPending,
    PendingRecord, RequestDigest,
};
use crate::vault::{Change, beside, failed, settle};

/// The last version that had no vault.
const LAST: i64 = 3;
const ZEROS: [u8; 4096] = [0; 4096];

/// Puts everything that the file at `earlier` remembers into a new vault. Spent copies are not taken over.
pub(super) fn take_over(earlier: &Path, change: &mut Change<'_>) -> Result<(), StoreError> {
    let c = Connection::open_with_flags(earlier, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let version: i64 = c.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version > LAST {
        return Err(StoreError::TooNew { found: version, known: LAST });
    }
    // A first start that was cut left no tables.
    if version < 1 {
        return Ok(());
    }
    take_anchors(&c, change)?;
    take_credentials(&c, change)?;
    take_answered(&c, version, change)?;
    take_history(&c, change)?;
    if version >= 3 { take_pending(&c, change) } else { Ok(()) }
}

/// Overwrites and removes the file at `earlier` and those beside it. What a flash memory keeps of them is
/// beyond any program.
pub(super) fn wipe(earlier: &Path) -> Result<(), StoreError> {
    for file in [beside(earlier, "-wal"), beside(earlier, "-shm"), earlier.to_owned()] {
        match overwrite(&file).and_then(|()| std::fs::remove_file(&file)) {
            Ok(()) => settle(&file)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}

fn overwrite(path: &Path) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).open(path)?;
    let mut left = file.metadata()?.len();
    while left > 0 {
        let (zeros, _) = ZEROS.split_at(usize::try_from(left).unwrap_or(usize::MAX).min(ZEROS.len()));
        file.write_all(zeros)?;
        left = left.saturating_sub(u64::try_from(zeros.len()).unwrap_or(left));
    }
    file.sync_all()
}

fn take_anchors(c: &Connection, change: &mut Change<'_>) -> Result<(), StoreError> {
    let mut statement = c.prepare("SELECT kind, pem, added_at FROM anchors ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (name, pem): (String, _) = (row.get(0)?, row.get(1)?);
        let kinds = [AnchorKind::Issuer, AnchorKind::Verifier, AnchorKind::Tls];
        let kind = kinds.into_iter().find(|kind| kind.as_str() == name).ok_or(StoreError::Corrupt)?;
        anchors::add(change, &AnchorRecord { kind, pem, added_at: UnixTime::from_secs(row.get(2)?) })?;
    }
    Ok(())
}

fn take_credentials(c: &Connection, change: &mut Change<'_>) -> Result<(), StoreError> {
    let mut statement = c.prepare(
        "SELECT id, vct, format, name, issuer, issuer_name, claims, always_visible, labels, received_at, \
         expires_at FROM credentials ORDER BY rowid",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let record = CredentialRecord {
            id: CredentialId(row.get(0)?),
            vct: row.get(1)?,
            format: row.get(2)?,
            name: json(row, 3)?,
            issuer: row.get(4)?,
            issuer_name: json(row, 5)?,
            claims: json(row, 6)?,
            always_visible: json(row, 7)?,
            labels: json(row, 8)?,
            received_at: UnixTime::from_secs(row.get(9)?),
            expires_at: row.get::<_, Option<i64>>(10)?.map(UnixTime::from_secs),
            copies: 0,
            assurance: Assurance::NONE,
        };
        credentials::put_new(change, &record, &copies(c, &record.id)?)?;
    }
    Ok(())
}

fn copies(c: &Connection, id: &CredentialId) -> Result<Vec<NewCopy>, StoreError> {
    let sql = "SELECT text, key FROM copies WHERE credential = ?1 AND spent_at IS NULL ORDER BY id";
    let mut statement = c.prepare(sql)?;
    // These files do not say how a key is kept.
    let assurance = Assurance::NONE;
    let copy =
        |row: &Row<'_>| Ok(NewCopy { text: Secret::new(row.get(0)?), key: KeyId(row.get(1)?), assurance });
    let rows = statement.query_map([&id.0], copy)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn take_answered(c: &Connection, version: i64, change: &mut Change<'_>) -> Result<(), StoreError> {
    let keep_until = if version >= 2 { "keep_until" } else { "NULL" };
    let mut statement = c.prepare(&format!("SELECT digest, {keep_until} FROM answered_requests"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let keep_until = row.get::<_, Option<i64>>(1)?.map(UnixTime::from_secs);
        answered::mark(change, &RequestDigest(row.get(0)?), keep_until)?;
    }
    Ok(())
}

fn take_history(c: &Connection, change: &mut Change<'_>) -> Result<(), StoreError> {
    let sql = "SELECT event, at, counterpart, registered, items, outcome FROM history ORDER BY id";
    let mut statement = c.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let entry = NewHistoryEntry {
            event: word(row, 0)?,
            at: UnixTime::from_secs(row.get(1)?),
            counterpart: json(row, 2)?,
            registered: row.get(3)?,
            items: json(row, 4)?,
            outcome: word(row, 5)?,
            receipt: None,
        };
        history::append(change, &entry)?;
    }
    Ok(())
}

fn take_pending(c: &Connection, change: &mut Change<'_>) -> Result<(), StoreError> {
    let mut statement =
        c.prepare("SELECT id, record, retry_at, ticket, dpop_key FROM pending ORDER BY requested_at, id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut record: PendingRecord = json(row, 1)?;
        record.retry_at = UnixTime::from_secs(row.get(2)?);
        let keys = pending_keys(c, &row.get::<_, String>(0)?)?;
        let pending = NewPending { record, ticket: row.get(3)?, keys, dpop_key: KeyId(row.get(4)?) };
        pending::put(change, &pending)?;
    }
    Ok(())
}

fn pending_keys(c: &Connection, pending: &str) -> Result<Vec<CreatedKey>, StoreError> {
    let sql = "SELECT key, public_key FROM pending_keys WHERE pending = ?1 ORDER BY position";
    let mut statement = c.prepare(sql)?;
    let mut rows = statement.query([pending])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let coordinates: [u8; 64] = row.get(1)?;
        let parts = coordinates.split_first_chunk::<32>();
        let (x, y) = parts.and_then(|(x, y)| Some((x, y.first_chunk()?))).ok_or(StoreError::Corrupt)?;
        let public_key = PublicKey::from_coordinates(x, y).map_err(|_| StoreError::Corrupt)?;
        // These files do not say how a key is kept.
        keys.push(CreatedKey { id: KeyId(row.get(0)?), public_key, assurance: Assurance::NONE });
    }
    Ok(keys)
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    forms::from_bytes(row.get::<_, String>(column)?.as_bytes())
}

/// One of the words that stand for an event or an outcome.
fn word<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    let word = serde_json::Value::String(row.get(column)?);
    serde_json::from_value(word).map_err(|_| StoreError::Corrupt)
}
