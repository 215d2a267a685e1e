//! The first store: one SQLite file.
//!
//! A call runs at once on the caller's thread and takes milliseconds; its future is ready when it
//! is returned. Overwritten records are wiped in the file (`secure_delete`), and the log beside it,
//! which still has them, is emptied.

use std::future::ready;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use inro_base::{Secret, UnixTime};
use rusqlite::{
    Connection, ErrorCode, OptionalExtension as _, Row, Transaction, TransactionBehavior, params,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ports::{Boxed, Store, StoreError};
use crate::records::{
    AnchorKind, AnchorRecord, Copy, CopyId, CredentialId, CredentialRecord, Event, HistoryEntry, HistoryId,
    KeyId, NewCredential, NewHistoryEntry, NewPending, Outcome, Pending, PendingEnd, PendingId,
    PendingRecord, RequestDigest,
};
use crate::store::pending;

/// The schema, one script per version; `user_version` counts those that ran.
const MIGRATIONS: &[&str] = &[
    include_str!("001_first.sql"),
    include_str!("002_forget_answered_requests.sql"),
    include_str!("003_pending.sql"),
];

/// Another process may be writing; it does so for milliseconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The columns that [`credential_from`] reads.
const CREDENTIAL: &str = "SELECT id, vct, format, name, issuer, issuer_name, claims, always_visible, labels, \
     received_at, expires_at, (SELECT count(*) FROM copies WHERE credential = credentials.id AND spent_at IS NULL) FROM credentials";

/// A [`Store`] in one SQLite database.
pub struct SqliteStore {
    connection: Mutex<Connection>,
}

impl SqliteStore {
    /// Opens the database at `path`, and makes or migrates it where needed.
    ///
    /// # Errors
    /// [`StoreError::TooNew`], [`StoreError::Failed`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::prepare(Connection::open(path)?)
    }

    /// A database that lives in memory alone.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::prepare(Connection::open_in_memory()?)
    }

    fn prepare(mut connection: Connection) -> Result<Self, StoreError> {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // FULL: a copy that was marked as spent must stay so when the power fails.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;",
        )?;
        migrate(&mut connection)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Boxed<'_, Result<T, StoreError>> {
        Box::pin(ready(read(&self.lock())))
    }

    fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Boxed<'_, Result<T, StoreError>> {
        let attempt = || {
            let mut connection = self.lock();
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = write(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        Box::pin(ready(attempt()))
    }

    /// As [`SqliteStore::write`], for what takes something away: it is gone from the log as well.
    fn wipe<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Boxed<'_, Result<T, StoreError>> {
        let outcome = self.write(write);
        // It was written and holds. While another process reads, the log stays; the next one wipes it.
        let _ = self.lock().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic while the lock was held dropped its transaction, which rolls it back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for SqliteStore {
    fn add_anchor<'a>(&'a self, anchor: &'a AnchorRecord) -> Boxed<'a, Result<(), StoreError>> {
        self.write(|t| {
            t.execute(
                "INSERT INTO anchors (kind, pem, added_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                params![anchor.kind.as_str(), anchor.pem, anchor.added_at.as_secs()],
            )?;
            Ok(())
        })
    }

    fn anchors(&self, kind: AnchorKind) -> Boxed<'_, Result<Vec<AnchorRecord>, StoreError>> {
        self.read(|c| {
            let mut statement = c.prepare("SELECT pem, added_at FROM anchors WHERE kind = ?1 ORDER BY id")?;
            let rows = statement.query_map([kind.as_str()], |row| {
                Ok(AnchorRecord { kind, pem: row.get(0)?, added_at: UnixTime::from_secs(row.get(1)?) })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn put_credentials<'a>(
        &'a self,
        credentials: &'a [NewCredential],
    ) -> Boxed<'a, Result<Vec<KeyId>, StoreError>> {
        self.put_issued(credentials, &[])
    }

    fn put_issued<'a>(
        &'a self,
        credentials: &'a [NewCredential],
        pending: &'a [NewPending],
    ) -> Boxed<'a, Result<Vec<KeyId>, StoreError>> {
        self.wipe(|t| {
            let mut replaced = Vec::new();
            for credential in credentials {
                replaced.extend(put_credential(t, credential)?);
            }
            pending.iter().try_for_each(|pending| pending::put(t, pending))?;
            Ok(replaced)
        })
    }

    fn pending(&self) -> Boxed<'_, Result<Vec<PendingRecord>, StoreError>> {
        self.read(pending::all)
    }

    fn one_pending<'a>(&'a self, id: &'a PendingId) -> Boxed<'a, Result<Option<Pending>, StoreError>> {
        self.read(|c| pending::one(c, id))
    }

    fn postpone<'a>(&'a self, id: &'a PendingId, retry_at: UnixTime) -> Boxed<'a, Result<(), StoreError>> {
        self.write(|t| pending::postpone(t, id, retry_at))
    }

    fn end_pending<'a>(
        &'a self,
        id: &'a PendingId,
        end: PendingEnd<'a>,
    ) -> Boxed<'a, Result<Vec<KeyId>, StoreError>> {
        self.wipe(|t| {
            pending::end(t, id)?;
            match end {
                PendingEnd::Received(credential) => put_credential(t, credential),
                PendingEnd::Over(entry) => insert_history(t, entry).map(|_| Vec::new()),
            }
        })
    }

    fn credentials(&self) -> Boxed<'_, Result<Vec<CredentialRecord>, StoreError>> {
        self.read(|c| {
            let mut statement = c.prepare(&format!("{CREDENTIAL} ORDER BY received_at, id"))?;
            let rows = statement.query_map([], |row| Ok(credential_from(row)))?;
            rows.map(|row| row?).collect()
        })
    }

    fn credential<'a>(
        &'a self,
        id: &'a CredentialId,
    ) -> Boxed<'a, Result<Option<CredentialRecord>, StoreError>> {
        self.read(|c| {
            let sql = format!("{CREDENTIAL} WHERE id = ?1");
            c.query_row(&sql, [&id.0], |row| Ok(credential_from(row))).optional()?.transpose()
        })
    }

    fn unspent_copies<'a>(
        &'a self,
        id: &'a CredentialId,
        limit: usize,
    ) -> Boxed<'a, Result<Vec<Copy>, StoreError>> {
        self.read(|c| {
            let sql = "SELECT id, text, key FROM copies WHERE credential = ?1 AND spent_at IS NULL ORDER BY id LIMIT ?2";
            let mut statement = c.prepare(sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map(params![id.0, limit], |row| {
                Ok(Copy {
                    id: CopyId(row.get(0)?),
                    text: Secret::new(row.get(1)?),
                    key: KeyId(row.get(2)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn keys_in_use<'a>(&'a self, id: Option<&'a CredentialId>) -> Boxed<'a, Result<Vec<KeyId>, StoreError>> {
        self.read(|c| keys_in_use(c, id))
    }

    fn remove_credential<'a>(
        &'a self,
        id: &'a CredentialId,
        entry: &'a NewHistoryEntry,
    ) -> Boxed<'a, Result<(), StoreError>> {
        self.wipe(|t| {
            if t.execute("DELETE FROM credentials WHERE id = ?1", [&id.0])? == 0 {
                return Err(StoreError::NoSuchCredential);
            }
            insert_history(t, entry)?;
            Ok(())
        })
    }

    fn was_answered<'a>(&'a self, request: &'a RequestDigest) -> Boxed<'a, Result<bool, StoreError>> {
        self.read(|c| {
            let sql = "SELECT EXISTS (SELECT 1 FROM answered_requests WHERE digest = ?1)";
            Ok(c.query_row(sql, [request.0.as_slice()], |row| row.get(0))?)
        })
    }

    fn answer<'a>(
        &'a self,
        request: &'a RequestDigest,
        copies: &'a [CopyId],
        now: UnixTime,
        keep_until: Option<UnixTime>,
        entry: &'a NewHistoryEntry,
    ) -> Boxed<'a, Result<HistoryId, StoreError>> {
        self.wipe(|t| {
            let sql = "INSERT INTO answered_requests (digest, answered_at, keep_until) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            let keep_until = keep_until.map(UnixTime::as_secs);
            let marked = t.execute(sql, params![request.0.as_slice(), now.as_secs(), keep_until])?;
            if marked == 0 {
                return Err(StoreError::AnsweredBefore);
            }
            for copy in copies {
                let spent = t.execute(
                    "UPDATE copies SET spent_at = ?2, text = NULL, key = NULL WHERE id = ?1 AND spent_at IS NULL",
                    params![copy.0, now.as_secs()],
                )?;
                if spent == 0 {
                    return Err(StoreError::Spent);
                }
            }
            t.execute("DELETE FROM answered_requests WHERE keep_until <= ?1", [now.as_secs()])?;
            insert_history(t, entry)
        })
    }

    fn conclude(&self, entry: HistoryId, outcome: Outcome) -> Boxed<'_, Result<(), StoreError>> {
        self.write(|t| {
            let sql = "UPDATE history SET outcome = ?2 WHERE id = ?1";
            match t.execute(sql, params![entry.0, outcome.as_str()])? {
                1 => Ok(()),
                _ => Err(StoreError::Failed),
            }
        })
    }

    fn history(&self, limit: u32) -> Boxed<'_, Result<Vec<HistoryEntry>, StoreError>> {
        self.read(|c| {
            let mut statement = c.prepare(
                "SELECT event, at, counterpart, registered, items, outcome FROM history ORDER BY id DESC LIMIT ?1",
            )?;
            let rows = statement.query_map([limit], |row| Ok(history_from(row)))?;
            rows.map(|row| row?).collect()
        })
    }
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).map_err(|_| StoreError::Failed)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    let done = usize::try_from(found).map_err(|_| StoreError::Corrupt)?;
    for script in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(script)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

fn put_credential(t: &Transaction<'_>, credential: &NewCredential) -> Result<Vec<KeyId>, StoreError> {
    let record = &credential.record;
    let replaced = keys_in_use(t, Some(&record.id))?;
    t.execute("DELETE FROM credentials WHERE id = ?1", [&record.id.0])?;
    insert_credential(t, record)?;
    let mut insert = t.prepare("INSERT INTO copies (credential, text, key) VALUES (?1, ?2, ?3)")?;
    for copy in &credential.copies {
        insert.execute(params![record.id.0, copy.text.expose(), copy.key.0])?;
    }
    insert_history(t, &credential.entry)?;
    Ok(replaced)
}

fn insert_credential(t: &Transaction<'_>, record: &CredentialRecord) -> Result<(), StoreError> {
    t.execute(
        "INSERT INTO credentials (id, vct, format, name, issuer, issuer_name, claims, always_visible, \
         labels, received_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            record.id.0,
            record.vct,
            record.format,
            to_json(&record.name)?,
            record.issuer,
            to_json(&record.issuer_name)?,
            to_json(&record.claims)?,
            to_json(&record.always_visible)?,
            to_json(&record.labels)?,
            record.received_at.as_secs(),
            record.expires_at.map(UnixTime::as_secs),
        ],
    )?;
    Ok(())
}

fn insert_history(t: &Transaction<'_>, entry: &NewHistoryEntry) -> Result<HistoryId, StoreError> {
    t.execute(
        "INSERT INTO history (event, at, counterpart, registered, items, outcome) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            entry.event.as_str(),
            entry.at.as_secs(),
            to_json(&entry.counterpart)?,
            entry.registered,
            to_json(&entry.items)?,
            entry.outcome.as_str(),
        ],
    )?;
    Ok(HistoryId(t.last_insert_rowid()))
}

fn keys_in_use(c: &Connection, id: Option<&CredentialId>) -> Result<Vec<KeyId>, StoreError> {
    let sql = "SELECT key FROM copies WHERE spent_at IS NULL AND (?1 IS NULL OR credential = ?1) ORDER BY id";
    let mut statement = c.prepare(sql)?;
    let rows = statement.query_map([id.map(|id| &id.0)], |row| Ok(KeyId(row.get(0)?)))?;
    let mut keys = rows.collect::<Result<Vec<_>, _>>()?;
    if id.is_none() {
        let mut statement =
            c.prepare("SELECT key FROM pending_keys UNION SELECT dpop_key FROM pending ORDER BY 1")?;
        let rows = statement.query_map([], |row| Ok(KeyId(row.get(0)?)))?;
        keys.extend(rows.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(keys)
}

fn credential_from(row: &Row<'_>) -> Result<CredentialRecord, StoreError> {
    Ok(CredentialRecord {
        id: CredentialId(row.get(0)?),
        vct: row.get(1)?,
        format: row.get(2)?,
        name: from_json(row, 3)?,
        issuer: row.get(4)?,
        issuer_name: from_json(row, 5)?,
        claims: from_json(row, 6)?,
        always_visible: from_json(row, 7)?,
        labels: from_json(row, 8)?,
        received_at: UnixTime::from_secs(row.get(9)?),
        expires_at: row.get::<_, Option<i64>>(10)?.map(UnixTime::from_secs),
        copies: row.get(11)?,
    })
}

fn history_from(row: &Row<'_>) -> Result<HistoryEntry, StoreError> {
    let event: String = row.get(0)?;
    let outcome: String = row.get(5)?;
    let event = [Event::Issued, Event::Presented, Event::Refused, Event::Deleted]
        .into_iter()
        .find(|known| known.as_str() == event);
    let outcome =
        [Outcome::Begun, Outcome::Done, Outcome::Failed].into_iter().find(|known| known.as_str() == outcome);
    Ok(HistoryEntry {
        event: event.ok_or(StoreError::Corrupt)?,
        at: UnixTime::from_secs(row.get(1)?),
        counterpart: from_json(row, 2)?,
        registered: row.get(3)?,
        items: from_json(row, 4)?,
        outcome: outcome.ok_or(StoreError::Corrupt)?,
    })
}

fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Failed)
}

fn from_json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|_| StoreError::Corrupt)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt,
            _ => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{contract, run};

    #[test]
    fn keeps_the_contract_of_a_store() {
        contract::store(&|| Box::new(SqliteStore::in_memory().unwrap()));
    }

    #[test]
    fn remembers_across_openings_and_refuses_a_newer_database() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.sqlite");
        drop(SqliteStore::open(&path).unwrap());
        drop(SqliteStore::open(&path).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let refused = SqliteStore::open(&path).err().unwrap();
        assert_eq!(refused, StoreError::TooNew { found: 99, known: 3 });
    }

    /// Two processes have two connections; here two threads do.
    #[test]
    fn of_two_processes_that_spend_one_copy_one_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.sqlite");
        let id = contract::store_one_copy(&SqliteStore::open(&path).unwrap());
        let spend = |name: u8| {
            let store = SqliteStore::open(&path).unwrap();
            let copy = run(store.unspent_copies(&id, 1)).unwrap().pop().map(|copy| copy.id);
            (store, copy.unwrap(), RequestDigest([name; 32]))
        };
        // All have seen the copy unspent before the first spends it.
        let attempts: Vec<_> = (0..8).map(spend).collect();
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let spend = |(store, copy, digest): (SqliteStore, CopyId, RequestDigest)| {
                scope.spawn(move || contract::spend(&store, copy, digest))
            };
            let running: Vec<_> = attempts.into_iter().map(spend).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert!(outcomes.iter().flat_map(|outcome| outcome.as_ref().err()).all(|e| *e == StoreError::Spent));
    }

    #[test]
    fn a_database_of_the_first_version_keeps_what_it_remembers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.sqlite");
        let first = Connection::open(&path).unwrap();
        first.execute_batch(MIGRATIONS[0]).unwrap();
        first.pragma_update(None, "user_version", 1).unwrap();
        first.execute("INSERT INTO answered_requests VALUES (?1, 1)", [[7_u8; 32].as_slice()]).unwrap();
        drop(first);
        let store = SqliteStore::open(&path).unwrap();
        assert!(run(store.was_answered(&RequestDigest([7; 32]))).unwrap());
        contract::spend_one_copy(&store, "text");
        assert!(run(store.was_answered(&RequestDigest([7; 32]))).unwrap());
    }

    #[test]
    fn a_database_of_the_second_version_keeps_its_copies_and_takes_deferrals() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.sqlite");
        let second = Connection::open(&path).unwrap();
        second.execute_batch(MIGRATIONS[0]).unwrap();
        second.execute_batch(MIGRATIONS[1]).unwrap();
        second.pragma_update(None, "user_version", 2).unwrap();
        // As version 2 wrote it.
        second
            .execute_batch(
                r#"INSERT INTO credentials VALUES ('employee', 'urn:test:employee', 'dc+sd-jwt', '{"en":"Card","ja":"証"}',
                     'https://issuer.example', '{"en":"Minato City","ja":"みなと市"}', '{"agency":"みなと市"}',
                     '["agency"]', '[]', 1800000000, NULL);
                   INSERT INTO copies (credential, text, key) VALUES ('employee', 'text', 'old');"#,
            )
            .unwrap();
        drop(second);
        let store = SqliteStore::open(&path).unwrap();
        let record = run(store.credentials()).unwrap().remove(0);
        assert_eq!((record.id.0.as_str(), record.copies), ("employee", 1));
        assert_eq!(run(store.keys_in_use(None)).unwrap(), [KeyId("old".into())]);
        assert_eq!(run(store.pending()).unwrap(), []);
        contract::defer(&store);
        assert_eq!(run(SqliteStore::open(&path).unwrap().pending()).unwrap().len(), 1);
    }

    #[test]
    fn wipes_the_text_of_a_spent_copy_from_the_file_and_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.sqlite");
        let store = SqliteStore::open(&path).unwrap();
        contract::spend_one_copy(&store, "a-text-to-find-in-the-file");
        for file in ["wallet.sqlite", "wallet.sqlite-wal"] {
            let file = std::fs::read(folder.path().join(file)).unwrap();
            let found = file.windows(26).any(|window| window == b"a-text-to-find-in-the-file");
            assert!(!found, "the text of a spent copy is still there");
        }
    }
}
