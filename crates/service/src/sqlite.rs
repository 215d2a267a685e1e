//! SQLite as both services use it: one writer at a time, readers beside it, durable at commit.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use crate::ServiceError;

/// How long a writer waits for another before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A database that async handlers share. Work runs on a blocking thread, one piece at a time.
#[derive(Clone)]
pub struct Database(Arc<Mutex<Connection>>);

impl Database {
    /// Shares `connection`.
    pub fn new(connection: Connection) -> Self {
        Self(Arc::new(Mutex::new(connection)))
    }

    /// Runs `work` and returns when it is done, which for a transaction means committed.
    ///
    /// # Errors
    /// What `work` returns, or [`ServiceError::Internal`] when it panicked.
    pub async fn call<T, E>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<ServiceError> + Send + 'static,
    {
        let shared = self.clone();
        tokio::task::spawn_blocking(move || shared.blocking(work))
            .await
            .unwrap_or_else(|_| Err(ServiceError::Internal.into()))
    }

    /// As [`Database::call`], for a command without a runtime.
    ///
    /// # Errors
    /// What `work` returns.
    pub fn blocking<T, E>(&self, work: impl FnOnce(&mut Connection) -> Result<T, E>) -> Result<T, E> {
        // A panic inside `work` dropped its transaction, which rolled back: the connection is sound.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Opens or makes the database file (0600) and brings it to the newest of `migrations`.
///
/// Migration `n` (counted from 1) takes the database from `user_version` n-1 to n.
///
/// # Errors
/// [`ServiceError::Database`], [`ServiceError::NewerDatabase`].
pub fn open(path: &Path, migrations: &[&str]) -> Result<Connection, ServiceError> {
    // SQLite gives its side files (-wal, -shm) the rights of the main file.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(ServiceError::write(path))?;
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    migrate(&mut connection, migrations)?;
    Ok(connection)
}

/// Sets the connection's rules and applies the missing `migrations`, each in its own transaction.
/// Also good for `Connection::open_in_memory()`.
///
/// # Errors
/// [`ServiceError::Database`], [`ServiceError::NewerDatabase`].
pub fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), ServiceError> {
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let found = version(connection)?;
    if found > migrations.len() {
        return Err(ServiceError::NewerDatabase { found, known: migrations.len() });
    }
    // One that needs nothing is opened also while another process writes.
    for (index, migration) in migrations.iter().enumerate().skip(found) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Read again inside the transaction: `serve` and the admin CLI may start together.
        if version(&transaction)? == index {
            transaction.execute_batch(migration)?;
            let reached = i64::try_from(index + 1).unwrap_or(i64::MAX);
            transaction.pragma_update(None, "user_version", reached)?;
        }
        transaction.commit()?;
    }
    Ok(())
}

fn version(connection: &Connection) -> Result<usize, ServiceError> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    // A negative version is none of ours.
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use inro_base::Coded as _;
    use std::os::unix::fs::MetadataExt as _;

    const FIRST: &str = "CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT; INSERT INTO a VALUES (1);";
    const SECOND: &str = "CREATE TABLE b (a INTEGER NOT NULL REFERENCES a(id)) STRICT;";

    #[test]
    fn applies_each_migration_once() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("db.sqlite");
        assert_eq!(version(&open(&path, &[FIRST]).unwrap()).unwrap(), 1);
        let connection = open(&path, &[FIRST, SECOND]).unwrap();
        assert_eq!(version(&connection).unwrap(), 2);
        let rows: i64 = connection.query_row("SELECT count(*) FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn sets_wal_foreign_keys_and_full_sync() {
        let root = tempfile::tempdir().unwrap();
        let connection = open(&root.path().join("db.sqlite"), &[FIRST, SECOND]).unwrap();
        let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        let sync: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        assert_eq!((mode.as_str(), sync), ("wal", 2));
        assert!(connection.execute("INSERT INTO b VALUES (1)", []).is_ok());
        assert!(connection.execute("INSERT INTO b VALUES (2)", []).is_err());
    }

    #[test]
    fn refuses_a_newer_database() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("db.sqlite");
        open(&path, &[FIRST, SECOND]).unwrap();
        assert!(open(&path, &[FIRST, SECOND]).is_ok());
        let error = open(&path, &[FIRST]).unwrap_err();
        assert_eq!(error.code().as_str(), "INRO-SERVICE-008");
    }

    #[test]
    fn a_failed_migration_leaves_the_version_as_it_was() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert!(migrate(&mut connection, &[FIRST, "CREATE TABLE c (x); NONSENSE;"]).is_err());
        assert_eq!(version(&connection).unwrap(), 1);
        assert!(migrate(&mut connection, &[FIRST, "CREATE TABLE c (x);"]).is_ok());
    }

    #[test]
    fn opens_while_another_writes_where_nothing_is_to_be_migrated() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("db.sqlite");
        let writer = open(&path, &[FIRST, SECOND]).unwrap();
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        let reader = open(&path, &[FIRST, SECOND]).unwrap();
        let rows: i64 = reader.query_row("SELECT count(*) FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1);
    }

    #[test]
    fn two_openers_at_once_migrate_once() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("db.sqlite");
        std::thread::scope(|scope| {
            let openers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| open(&path, &[FIRST, SECOND]).map(drop))).collect();
            for opener in openers {
                opener.join().unwrap().unwrap();
            }
        });
    }

    #[tokio::test]
    async fn a_panic_in_one_piece_of_work_does_not_stop_the_next() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[FIRST]).unwrap();
        let database = Database::new(connection);
        let failed: Result<(), ServiceError> = database.call(|_| panic!("planted")).await;
        assert_eq!(failed.unwrap_err().code().as_str(), "INRO-SERVICE-013");
        let rows: Result<i64, ServiceError> =
            database.call(|c| Ok(c.query_row("SELECT count(*) FROM a", [], |row| row.get(0))?)).await;
        assert_eq!(rows.unwrap(), 1);
    }
}
