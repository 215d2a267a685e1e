//! Presentations in SQLite: what the SDK's contract asks of a store.

use inro_base::UnixTime;
use inro_service::ServiceError;
use inro_service::sqlite::Database;
use inro_verifier_sdk::{
    MAX_PRESENTATIONS, PresentationRecord, PresentationResult, PresentationStore, StoreError, Stored,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// The database's versions, oldest first.
pub const MIGRATIONS: &[&str] = &[include_str!("../migrations/001_presentations.sql")];

/// The presentations of one verifier. Every call is one transaction, and blocks.
#[derive(Clone)]
pub struct SqliteStore {
    database: Database,
    limit: usize,
}

impl SqliteStore {
    /// Keeps presentations in `connection`, which has the newest of [`MIGRATIONS`].
    ///
    /// # Errors
    /// [`ServiceError::Database`].
    pub fn new(connection: Connection) -> Result<Self, ServiceError> {
        Self::with_limit(connection, MAX_PRESENTATIONS)
    }

    /// As [`SqliteStore::new`], for at most `limit` presentations.
    ///
    /// # Errors
    /// [`ServiceError::Database`].
    pub fn with_limit(connection: Connection, limit: usize) -> Result<Self, ServiceError> {
        // A forgotten claim is overwritten, not only unlinked.
        connection.pragma_update(None, "secure_delete", true)?;
        Ok(Self { database: Database::new(connection), limit })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Broken`].
    pub fn probe(&self) -> Result<(), StoreError> {
        self.run("probe", |connection| connection.query_row("SELECT 1", [], |_| Ok(())))
    }

    fn run<T>(
        &self,
        place: &'static str,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let work = |connection: &mut Connection| work(connection).map_err(ServiceError::from);
        self.database.blocking(work).map_err(|_| StoreError::Broken { place })
    }

    fn find(&self, sql: &'static str, key: &str, now: UnixTime) -> Result<Option<Stored>, StoreError> {
        let row = self.run("read", |connection| {
            connection.query_row(sql, params![key, now.as_secs()], Found::of).optional()
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
        let inserted = self.run("insert", |connection| {
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM presentation WHERE keep_until <= ?1", [now.as_secs()])?;
            // Bounded in the statement itself: two inserts cannot both take the last place.
            let inserted = transaction.execute(
                "INSERT INTO presentation (id, handle, record, keep_until) \
                 SELECT ?1, ?2, ?3, ?4 WHERE (SELECT count(*) FROM presentation) < ?5",
                params![record.id, record.handle, text, keep_until.as_secs(), limit],
            )?;
            transaction.commit()?;
            Ok(inserted)
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
        let answered = self.run("answer", |connection| {
            connection.execute(
                "UPDATE presentation SET record = '', result = ?2, response_code = ?3, answered_at = ?5, \
                 keep_until = ?4 WHERE id = ?1 AND answered_at IS NULL AND keep_until > ?5",
                params![id, text, response_code, keep_until.as_secs(), now.as_secs()],
            )
        })?;
        Ok(answered == 1)
    }

    fn delete(&self, id: &str, now: UnixTime) -> Result<bool, StoreError> {
        let deleted = self.run("delete", |connection| {
            let sql = "DELETE FROM presentation WHERE id = ?1 AND keep_until > ?2";
            connection.execute(sql, params![id, now.as_secs()])
        })?;
        Ok(deleted == 1)
    }

    fn purge(&self, now: UnixTime) -> Result<usize, StoreError> {
        self.run("purge", |connection| {
            connection.execute("DELETE FROM presentation WHERE keep_until <= ?1", [now.as_secs()])
        })
    }
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
    use inro_service::sqlite;
    use inro_verifier_sdk::store_contract;

    use super::*;

    #[test]
    fn the_sqlite_store_keeps_the_contract() {
        store_contract::check(&|| {
            let mut connection = Connection::open_in_memory().unwrap();
            sqlite::migrate(&mut connection, MIGRATIONS).unwrap();
            Box::new(SqliteStore::with_limit(connection, store_contract::LIMIT).unwrap())
        });
    }

    #[test]
    fn two_processes_on_one_file_keep_the_contract() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite");
        let open = || SqliteStore::new(sqlite::open(&path, MIGRATIONS).unwrap()).unwrap();
        let (one, other) = (open(), open());
        let result = PresentationResult::bare(inro_verifier_sdk::Status::Rejected);
        let now = UnixTime::from_secs(1_795_000_000);
        store_contract::insert_one(&one, "x", now);
        assert_eq!(other.answer("x", &result, None, now.plus(60), now), Ok(true));
        assert_eq!(one.answer("x", &result, None, now.plus(60), now), Ok(false));
    }
}
