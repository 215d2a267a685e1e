//! Presentations in SQLite: what the SDK's contract asks of a store.

use std::path::Path;

use inro_base::UnixTime;
use inro_service::sqlite::{self, Database};
use inro_service::{GroupWriter, ServiceError};
use inro_verifier_sdk::{
    MAX_PRESENTATIONS, PresentationRecord, PresentationResult, PresentationStore, StoreError, Stored,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// The database's versions, oldest first.
pub const MIGRATIONS: &[&str] = &[include_str!("../migrations/001_presentations.sql")];

/// The presentations of one verifier. Every call happens as a whole or not at all, and blocks; what it
/// wrote is committed when it returns, together with what others write at the same time.
#[derive(Clone)]
pub struct SqliteStore {
    writer: GroupWriter,
    /// Reads go past the writes that wait for the disk. Of what is committed they miss nothing.
    reader: Database,
    limit: usize,
}

impl SqliteStore {
    /// Keeps presentations in the database file `path`.
    ///
    /// # Errors
    /// [`ServiceError::Database`], [`ServiceError::Write`].
    pub fn open(path: &Path) -> Result<Self, ServiceError> {
        Self::with_limit(path, MAX_PRESENTATIONS)
    }

    /// As [`SqliteStore::open`], for at most `limit` presentations.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn with_limit(path: &Path, limit: usize) -> Result<Self, ServiceError> {
        let writer = sqlite::open(path, MIGRATIONS)?;
        // A forgotten claim is overwritten, not only unlinked.
        writer.pragma_update(None, "secure_delete", true)?;
        let reader = Database::new(sqlite::open(path, MIGRATIONS)?);
        Ok(Self { writer: GroupWriter::new(writer), reader, limit })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Broken`].
    pub fn probe(&self) -> Result<(), StoreError> {
        self.read("probe", |connection| connection.query_row("SELECT 1", [], |_| Ok(())))
    }

    fn read<T>(
        &self,
        place: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let work = |connection: &mut Connection| work(connection).map_err(ServiceError::from);
        self.reader.blocking(work).map_err(|error| failed(&error, place))
    }

    fn write<T: Send + 'static>(
        &self,
        place: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(work).map_err(|error| failed(&error, place))
    }

    fn find(&self, sql: &'static str, key: &str, now: UnixTime) -> Result<Option<Stored>, StoreError> {
        let row = self.read("read", |connection| {
            connection.prepare_cached(sql)?.query_row(params![key, now.as_secs()], Found::of).optional()
        })?;
        row.map(Found::stored).transpose()
    }
}

impl PresentationStore for SqliteStore {
    fn insert(
        &self,
        record: PresentationRecord,
        keep_until: UnixTime,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let text = serde_json::to_string(&record).map_err(|_| StoreError::Broken { place: "record" })?;
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let inserted = self.write("insert", move |connection| {
            connection
                .prepare_cached("DELETE FROM presentation WHERE keep_until <= ?1")?
                .execute([now.as_secs()])?;
            // Bounded in the statement itself: two inserts cannot both take the last place.
            let sql = "INSERT INTO presentation (id, handle, record, keep_until) \
                       SELECT ?1, ?2, ?3, ?4 WHERE (SELECT count(*) FROM presentation) < ?5";
            let values = params![record.id, record.handle, text, keep_until.as_secs(), limit];
            connection.prepare_cached(sql)?.execute(values)
        })?;
        if inserted == 1 { Ok(()) } else { Err(StoreError::Full { limit: self.limit }) }
    }

    fn by_handle(&self, handle: &str, now: UnixTime) -> Result<Option<Stored>, StoreError> {
        const SQL: &str = "SELECT record, result, response_code FROM presentation \
                           WHERE handle = ?1 AND keep_until > ?2";
        self.find(SQL, handle, now)
    }

    fn by_id(&self, id: &str, now: UnixTime) -> Result<Option<Stored>, StoreError> {
        const SQL: &str = "SELECT record, result, response_code FROM presentation \
                           WHERE id = ?1 AND keep_until > ?2";
        self.find(SQL, id, now)
    }

    fn answer(
        &self,
        id: &str,
        result: &PresentationResult,
        response_code: Option<&str>,
        keep_until: UnixTime,
        now: UnixTime,
    ) -> Result<bool, StoreError> {
        let text = serde_json::to_string(result).map_err(|_| StoreError::Broken { place: "result" })?;
        let (id, response_code) = (id.to_owned(), response_code.map(str::to_owned));
        let answered = self.write("answer", move |connection| {
            let sql = "UPDATE presentation SET record = '', result = ?2, response_code = ?3, \
                       answered_at = ?5, keep_until = ?4 \
                       WHERE id = ?1 AND answered_at IS NULL AND keep_until > ?5";
            let values = params![id, text, response_code, keep_until.as_secs(), now.as_secs()];
            connection.prepare_cached(sql)?.execute(values)
        })?;
        Ok(answered == 1)
    }

    fn delete(&self, id: &str, now: UnixTime) -> Result<bool, StoreError> {
        let id = id.to_owned();
        let deleted = self.write("delete", move |connection| {
            let sql = "DELETE FROM presentation WHERE id = ?1 AND keep_until > ?2";
            connection.execute(sql, params![id, now.as_secs()])
        })?;
        Ok(deleted == 1)
    }

    fn purge(&self, now: UnixTime) -> Result<usize, StoreError> {
        self.write("purge", move |connection| {
            connection.execute("DELETE FROM presentation WHERE keep_until <= ?1", [now.as_secs()])
        })
    }
}

fn failed(error: &ServiceError, place: &'static str) -> StoreError {
    if error.is_busy() { StoreError::Busy } else { StoreError::Broken { place } }
}

struct Found {
    record: String,
    result: Option<String>,
    response_code: Option<String>,
}

impl Found {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { record: row.get(0)?, result: row.get(1)?, response_code: row.get(2)? })
    }

    fn stored(self) -> Result<Stored, StoreError> {
        let broken = |_| StoreError::Broken { place: "row" };
        match self.result {
            Some(result) => {
                let result = serde_json::from_str(&result).map_err(broken)?;
                Ok(Stored::Answered { result, response_code: self.response_code })
            }
            None => serde_json::from_str(&self.record).map(Stored::Waiting).map_err(broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use inro_verifier_sdk::store_contract;

    use super::*;

    #[test]
    fn the_sqlite_store_keeps_the_contract() {
        let folder = tempfile::tempdir().unwrap();
        let number = AtomicUsize::new(0);
        store_contract::check(&|| {
            let path = folder.path().join(number.fetch_add(1, Ordering::Relaxed).to_string());
            Box::new(SqliteStore::with_limit(&path, store_contract::LIMIT).unwrap())
        });
    }

    #[test]
    fn two_processes_on_one_file_keep_the_contract() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite");
        let open = || SqliteStore::open(&path).unwrap();
        let (one, other) = (open(), open());
        let result = PresentationResult::bare(inro_verifier_sdk::Status::Rejected);
        let now = UnixTime::from_secs(1_795_000_000);
        store_contract::insert_one(&one, "x", now);
        assert_eq!(other.answer("x", &result, None, now.plus(60), now), Ok(true));
        assert_eq!(one.answer("x", &result, None, now.plus(60), now), Ok(false));
    }
}
