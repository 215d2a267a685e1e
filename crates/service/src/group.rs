//! Writes that arrive together are committed together: each waits for the disk once, and not once for each
//! of the others before it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior, ffi};

use crate::ServiceError;

/// The most writes of one commit: what a crash in their midst undoes, and what the last of them waits for.
const MAX_GROUP: usize = 64;

/// The one connection that writes.
///
/// Whoever gets the connection carries out all the writes that wait, each within a savepoint of its own,
/// and commits them in one transaction. A write returns after that commit.
#[derive(Clone)]
pub struct GroupWriter(Arc<Shared>);

struct Shared {
    connection: Mutex<Connection>,
    waiting: Mutex<VecDeque<Job>>,
}

/// Does its work, or hears why it cannot, and gives what tells the one who waits, once it is known whether the
/// commit held.
type Job = Box<dyn FnOnce(Result<&Connection, i32>) -> Outcome + Send>;

struct Outcome {
    is_good: bool,
    tell: Box<dyn FnOnce(Result<(), i32>) + Send>,
}

impl GroupWriter {
    /// Writes over `connection`.
    pub fn new(connection: Connection) -> Self {
        Self(Arc::new(Shared { connection: Mutex::new(connection), waiting: Mutex::default() }))
    }

    /// Carries out `work`, which may write, and returns when that is committed. Where `work` fails,
    /// nothing of it is kept. Blocks.
    ///
    /// # Errors
    /// What `work` returns, [`ServiceError::Database`] when the commit failed, [`ServiceError::Internal`]
    /// when `work` panicked.
    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let told = Arc::new(Mutex::new(None));
        let teller = Arc::clone(&told);
        lock(&self.0.waiting).push_back(Box::new(move |connection| {
            // A panic is this write's own; those beside it are committed.
            let work = |connection| catch_unwind(AssertUnwindSafe(|| work(connection)));
            let done = match connection.map(work) {
                Ok(Ok(done)) => done.map_err(ServiceError::from),
                Ok(Err(_)) => Err(ServiceError::Internal),
                Err(code) => Err(database(code)),
            };
            Outcome {
                is_good: done.is_ok(),
                tell: Box::new(move |committed| {
                    let done = done.and_then(|value| committed.map(|()| value).map_err(database));
                    *lock(&teller) = Some(done);
                }),
            }
        }));
        let mut connection = lock(&self.0.connection);
        // Another may have done it while this one waited for the connection.
        while lock(&told).is_none() {
            let group: Vec<Job> = {
                let mut waiting = lock(&self.0.waiting);
                let count = waiting.len().min(MAX_GROUP);
                waiting.drain(..count).collect()
            };
            if group.is_empty() {
                return Err(ServiceError::Internal);
            }
            commit(&mut connection, group);
        }
        drop(connection);
        lock(&told).take().unwrap_or(Err(ServiceError::Internal))
    }
}

/// Carries out the group in one transaction, and tells each how it ended.
fn commit(connection: &mut Connection, group: Vec<Job>) {
    let mut outcomes = Vec::with_capacity(group.len());
    let mut group = group.into_iter();
    let committed = connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|all| {
        for job in group.by_ref() {
            within_savepoint(&all, job, &mut outcomes)?;
        }
        all.commit()
    });
    let committed = committed.map_err(|error| sqlite_code(&error));
    if let Err(code) = committed {
        outcomes.extend(group.map(|job| job(Err(code))));
    }
    for Outcome { tell, .. } in outcomes {
        tell(committed);
    }
}

fn within_savepoint(
    transaction: &Transaction<'_>,
    job: Job,
    outcomes: &mut Vec<Outcome>,
) -> rusqlite::Result<()> {
    let begun = transaction.prepare_cached("SAVEPOINT one").and_then(|mut begin| begin.execute([]));
    let code = begun.as_ref().err().map(sqlite_code);
    let outcome = job(code.map_or(Ok(transaction), Err));
    let is_good = outcome.is_good;
    outcomes.push(outcome);
    begun?;
    if !is_good {
        transaction.prepare_cached("ROLLBACK TO one")?.execute([])?;
    }
    transaction.prepare_cached("RELEASE one")?.execute([])?;
    Ok(())
}

fn sqlite_code(error: &rusqlite::Error) -> i32 {
    error.sqlite_error().map_or(ffi::SQLITE_ERROR, |error| error.extended_code)
}

fn database(code: i32) -> ServiceError {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into()
}

/// A panic leaves nothing half-done behind these locks: an open transaction was dropped, and rolled back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;
    use crate::sqlite;

    const TABLE: &str = "CREATE TABLE a (id INTEGER PRIMARY KEY, free INTEGER) STRICT;";
    const WRITES: i64 = 20;

    fn put(connection: &Connection, id: i64) -> rusqlite::Result<usize> {
        connection.execute("INSERT INTO a VALUES (?1, 1)", [id])
    }

    fn ids(connection: &Connection) -> Vec<i64> {
        let mut query = connection.prepare("SELECT id FROM a ORDER BY id").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// Holds the connection with one write until `count` others wait, and gives how they ended.
    #[expect(clippy::disallowed_methods, reason = "writers that wait for one another need threads")]
    fn at_once<T: Send + 'static>(
        writer: &GroupWriter,
        count: i64,
        work: impl Fn(i64, &Connection) -> rusqlite::Result<T> + Copy + Send + 'static,
    ) -> Vec<Result<T, ServiceError>> {
        let (holds, held) = channel();
        let (lets_go, let_go) = channel::<()>();
        let first = writer.clone();
        let first = thread::spawn(move || {
            first.write(move |_| {
                holds.send(()).unwrap();
                let_go.recv().unwrap();
                Ok(())
            })
        });
        held.recv().unwrap();
        let threads: Vec<_> = (0..count)
            .map(|id| {
                let writer = writer.clone();
                thread::spawn(move || writer.write(move |connection| work(id, connection)))
            })
            .collect();
        while lock(&writer.0.waiting).len() < usize::try_from(count).unwrap() {
            thread::yield_now();
        }
        lets_go.send(()).unwrap();
        first.join().unwrap().unwrap();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    }

    #[test]
    fn what_waits_is_committed_at_once() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("db.sqlite");
        let writer = GroupWriter::new(sqlite::open(&path, &[TABLE]).unwrap());
        let reader = sqlite::open(&path, &[TABLE]).unwrap();
        // Each commit that changes a page puts it into the log once more.
        let logged =
            || -> i64 { reader.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1)).unwrap() };
        writer.write(|connection| put(connection, 100)).unwrap();
        let one = logged();
        writer.write(|connection| put(connection, 101)).unwrap();
        let alone = logged();
        assert!(alone > 0 && one > 0, "{one} {alone}");
        let done = at_once(&writer, WRITES, |id, connection| put(connection, id));
        assert!(done.iter().all(|one| matches!(one, Ok(1))), "{done:?}");
        assert!(logged() <= 2 * alone, "{WRITES} writes took more than two commits");
        assert_eq!(ids(&reader).len(), 22);
    }

    #[test]
    fn a_write_that_fails_or_panics_takes_nothing_of_another_with_it() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("db.sqlite");
        let writer = GroupWriter::new(sqlite::open(&path, &[TABLE]).unwrap());
        writer.write(|connection| put(connection, 1_000)).unwrap();
        let done = at_once(&writer, WRITES, |id, connection| {
            put(connection, id)?;
            match id {
                3 => put(connection, 1_000),
                5 => panic!("a fault"),
                _ => Ok(1),
            }
        });
        for (id, done) in done.iter().enumerate() {
            match id {
                3 => assert!(matches!(done, Err(ServiceError::Database(_)))),
                5 => assert!(matches!(done, Err(ServiceError::Internal))),
                _ => assert!(matches!(done, Ok(1))),
            }
        }
        let kept = ids(&sqlite::open(&path, &[TABLE]).unwrap());
        let expected: Vec<i64> = (0..WRITES).filter(|id| ![3, 5].contains(id)).chain([1_000]).collect();
        assert_eq!(kept, expected);
    }

    #[test]
    fn a_conditional_write_has_one_winner() {
        let root = tempfile::tempdir().unwrap();
        let writer = GroupWriter::new(sqlite::open(&root.path().join("db.sqlite"), &[TABLE]).unwrap());
        writer.write(|connection| put(connection, 1)).unwrap();
        let done = at_once(&writer, WRITES, |_, connection| {
            connection.execute("UPDATE a SET free = 0 WHERE id = 1 AND free = 1", [])
        });
        let won: usize = done.into_iter().map(Result::unwrap).sum();
        assert_eq!(won, 1);
    }

    #[test]
    fn a_commit_that_fails_is_told_to_all() {
        let mut connection = Connection::open_in_memory().unwrap();
        sqlite::migrate(
            &mut connection,
            &["CREATE TABLE p (id INTEGER PRIMARY KEY) STRICT;
            CREATE TABLE c (p INTEGER REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED) STRICT;"],
        )
        .unwrap();
        let writer = GroupWriter::new(connection);
        let child = |connection: &Connection| connection.execute("INSERT INTO c VALUES (1)", []);
        let parent = |connection: &Connection| connection.execute("INSERT INTO p VALUES (1)", []);
        assert!(matches!(writer.write(child), Err(ServiceError::Database(_))));
        assert!(matches!(writer.write(parent), Ok(1)));
        assert!(matches!(writer.write(child), Ok(1)));
        let done = at_once(&writer, 3, |id, connection| {
            connection.execute("INSERT INTO c VALUES (?1)", [if id == 1 { 7 } else { 1 }])
        });
        assert!(done.iter().all(Result::is_err), "{done:?}");
        let count = |connection: &Connection| {
            connection.query_row("SELECT count(*) FROM c", [], |row| row.get::<_, i64>(0))
        };
        assert!(matches!(writer.write(count), Ok(1)));
    }
    #[test]
    fn a_database_that_another_process_keeps_is_told_as_such() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("db.sqlite");
        let connection = sqlite::open(&path, &[TABLE]).unwrap();
        connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        let writer = GroupWriter::new(connection);
        let other = sqlite::open(&path, &[TABLE]).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let refused = writer.write(|connection| put(connection, 1)).unwrap_err();
        assert!(refused.is_busy(), "{refused:?}");
        other.execute_batch("ROLLBACK").unwrap();
        assert!(matches!(writer.write(|connection| put(connection, 1)), Ok(1)));
    }

    #[test]
    fn a_transaction_that_ends_in_its_midst_is_told_to_all() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("db.sqlite");
        let writer = GroupWriter::new(sqlite::open(&path, &[TABLE]).unwrap());
        // As SQLite does by itself on a disk that is full.
        let done = at_once(&writer, WRITES, |id, connection| {
            put(connection, id)?;
            if id == 3 { connection.execute("ROLLBACK", []).and(put(connection, id + 1_000)) } else { Ok(1) }
        });
        assert!(done.iter().all(|one| matches!(one, Err(ServiceError::Database(_)))), "{done:?}");
        assert!(matches!(writer.write(|connection| put(connection, 1)), Ok(1)));
    }
}
