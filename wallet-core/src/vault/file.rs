//! The file: SQLite, three tables, one connection that keeps everybody else out.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use inro_base::{Rng, Secret};
use inro_crypto::Provider;
use rusqlite::config::DbConfig;
use rusqlite::ffi::SQLITE_IOERR_SHORT_READ;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, Row, params};

use super::change::Change;
use super::custody::DataKey;
use super::directory::{Directory, Head, Tag, Wallet};
use super::keys::{Keys, Part};
use super::records::Records;
use super::root::Root;
use super::{Kind, draw};
use crate::keys::KeyId;
use crate::ports::StoreError;

/// "Inro": tells the file from any other SQLite file.
const APPLICATION: i64 = 0x496e_726f;
/// The newest form of the file that is known.
const FORMAT: i64 = 1;

/// By name, as SQLite keeps them. A file with anything more, such as a trigger, is not opened.
const TABLES: [&str; 3] = [
    "CREATE TABLE bodies (slot INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT",
    "CREATE TABLE header (id INTEGER PRIMARY KEY CHECK (id = 1), wallet BLOB NOT NULL, wrapping_key TEXT NOT NULL, data_key BLOB NOT NULL, root BLOB NOT NULL) STRICT",
    "CREATE TABLE heads (slot INTEGER PRIMARY KEY, kind INTEGER NOT NULL, tag BLOB NOT NULL, owner BLOB NOT NULL, stamp BLOB NOT NULL, brief BLOB NOT NULL) STRICT",
];

/// Set before the file is touched. FULL: what was confirmed holds when the power fails. The log of an
/// exclusive connection has no shared memory beside it.
const SETTINGS: &str = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; \
     PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 1048576;";

/// A vault that is not open yet. Until it is, nothing is written to the file or beside it.
pub(crate) struct Closed {
    file: Untouched,
    wallet: Wallet,
    data_key: DataKey,
    root: Vec<u8>,
}

/// An open vault.
pub(crate) struct Vault {
    records: Records,
    rng: Box<dyn Rng>,
}

impl Closed {
    /// Reads who can open the file at `path`, and keeps every other process and engine out of it.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::TooNew`], [`StoreError::Corrupt`].
    pub(crate) fn read(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut file = Untouched::new(path, Connection::open_with_flags(path, flags)?)?;
        let number = |sql| file.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let first = file.connection.execute_batch(SETTINGS).and_then(|()| number("PRAGMA application_id"));
        let first = first.map_err(StoreError::from);
        file.is_ours = !matches!(first, Err(StoreError::InUse));
        let c = &file.connection;
        let (application, format) = (first?, c.query_row("PRAGMA user_version", [], |row| row.get(0))?);
        match (application, format) {
            (APPLICATION, FORMAT) => {}
            (APPLICATION, found) if found > FORMAT => {
                return Err(StoreError::TooNew { found, known: FORMAT });
            }
            _ => return Err(StoreError::Corrupt),
        }
        let journal: String = c.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        if journal != "wal" || tables(c)? != TABLES {
            return Err(StoreError::Corrupt);
        }
        let read = |row: &Row<'_>| {
            let wrapping_key = KeyId(row.get(1)?);
            Ok((Wallet(row.get(0)?), DataKey { wrapping_key, wrapped: row.get(2)? }, row.get(3)?))
        };
        let (wallet, data_key, root) =
            c.query_row("SELECT wallet, wrapping_key, data_key, root FROM header", [], read)?;
        Ok(Self { file, wallet, data_key, root })
    }

    /// What the key store has to unwrap.
    pub(crate) const fn data_key(&self) -> &DataKey {
        &self.data_key
    }

    /// Checks that the records are those that were written last, in one pass that opens no body.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where one was altered, exchanged, added, taken away or brought back.
    pub(crate) fn open(
        self,
        secret: &Secret<Vec<u8>>,
        rng: Box<dyn Rng>,
        provider: Arc<dyn Provider>,
    ) -> Result<Vault, StoreError> {
        let keys = Keys::derive(secret, self.wallet, provider)?;
        let wrapping_key = self.data_key.wrapping_key;
        let root = Root::from_bytes(keys.open_root(&self.root, wrapping_key.0.as_bytes())?.expose())?;
        let (directory, found) = load(&self.file.connection, &keys)?;
        if !root.holds_the_records_of(&found) {
            return Err(StoreError::Corrupt);
        }
        let connection = self.file.release()?;
        Ok(Vault { records: Records { connection, keys, directory, root, wrapping_key }, rng })
    }
}

impl Vault {
    /// The records, for reading.
    pub(crate) const fn records(&self) -> &Records {
        &self.records
    }

    /// Carries `change` out in one transaction: all of it, or none where it fails.
    pub(crate) fn write<T>(
        &mut self,
        change: impl FnOnce(&mut Change<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut transaction = Change::begin(&mut self.records, &mut *self.rng)?;
        let value = change(&mut transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    /// Empties the log beside the file, which still has what was taken away.
    pub(crate) fn empty_log(&self) {
        // What was written holds without it; the next time does it.
        let _ = self.records.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }

    /// Lets the file grow by `pages` and no more: what lies beyond is refused as by a full disk.
    #[cfg(test)]
    pub(crate) fn allow(&self, pages: i64) {
        let c = &self.records.connection;
        let count: i64 = c.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let sql = format!("PRAGMA max_page_count = {}", count + pages);
        c.query_row(&sql, [], |_| Ok(())).unwrap();
    }

    /// A vault that lives in memory alone.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn in_memory(
        data_key: DataKey,
        secret: &Secret<Vec<u8>>,
        mut rng: Box<dyn Rng>,
        provider: Arc<dyn Provider>,
    ) -> Result<Self, StoreError> {
        let records = found(Connection::open_in_memory()?, data_key, secret, &mut *rng, provider)?;
        Ok(Self { records, rng })
    }
}

/// Makes the vault at `path`, with what `fill` puts into it. It is there whole, or not at all.
///
/// # Errors
/// [`StoreError::Full`], [`StoreError::Failed`].
pub(crate) fn make(
    path: &Path,
    data_key: DataKey,
    secret: &Secret<Vec<u8>>,
    rng: &mut dyn Rng,
    provider: Arc<dyn Provider>,
    fill: impl FnOnce(&mut Change<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let new = beside(path, ".new");
    // What an attempt that was cut has left.
    for leftover in [new.clone(), beside(&new, "-wal"), beside(&new, "-journal")] {
        remove(&leftover)?;
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).map_err(failed)?;
    let mut records = found(Connection::open(&new)?, data_key, secret, rng, provider)?;
    let mut change = Change::begin(&mut records, rng)?;
    fill(&mut change)?;
    change.commit()?;
    // The last connection brings everything into the file, and removes the log.
    records.connection.close().map_err(|(_, error)| error)?;
    File::open(&new).and_then(|file| file.sync_all()).map_err(failed)?;
    std::fs::rename(&new, path).map_err(failed)?;
    settle(path)
}

/// Makes the renamed or removed file at `path` hold when the power fails.
pub(crate) fn settle(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// The path of a side file.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn found(
    connection: Connection,
    data_key: DataKey,
    secret: &Secret<Vec<u8>>,
    rng: &mut dyn Rng,
    provider: Arc<dyn Provider>,
) -> Result<Records, StoreError> {
    let wallet = Wallet(draw(rng));
    let keys = Keys::derive(secret, wallet, provider)?;
    let root = Root::empty();
    let DataKey { wrapping_key, wrapped } = data_key;
    let sealed = keys.seal_root(&root.to_bytes(), wrapping_key.0.as_bytes(), rng)?;
    connection.execute_batch(SETTINGS)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    let tables = TABLES.join("; ");
    connection.execute_batch(&format!(
        "BEGIN; PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT}; {tables}; COMMIT;"
    ))?;
    connection.execute(
        "INSERT INTO header (id, wallet, wrapping_key, data_key, root) VALUES (1, ?1, ?2, ?3, ?4)",
        params![wallet.0, wrapping_key.0, wrapped, sealed],
    )?;
    Ok(Records { connection, keys, directory: Directory::default(), root, wrapping_key })
}

fn tables(c: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = c.prepare("SELECT coalesce(sql, '') FROM sqlite_schema ORDER BY name")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Every record but for its body, and the root that they come to.
fn load(c: &Connection, keys: &Keys) -> Result<(Directory, Root), StoreError> {
    let mut statement = c.prepare("SELECT slot, kind, tag, owner, stamp, brief FROM heads")?;
    let mut rows = statement.query([])?;
    let (mut directory, mut root) = (Directory::default(), Root::empty());
    while let Some(row) = rows.next()? {
        let slot = row.get(0)?;
        let brief = row.get_ref(5)?.as_blob().map_err(|_| StoreError::Corrupt)?;
        let mut head = Head {
            kind: Kind(row.get(1)?),
            tag: Tag(row.get(2)?),
            owner: Tag(row.get(3)?),
            stamp: row.get(4)?,
            has_brief: !brief.is_empty(),
            brief: Vec::new(),
        };
        if head.has_brief {
            head.brief = keys.open(Part::Brief, slot, &head, brief)?.expose().clone();
        }
        root.add(&keys.of_set(slot, &head));
        if !directory.insert(slot, head) {
            return Err(StoreError::Corrupt);
        }
    }
    Ok((directory, root))
}

/// A connection to a file that may turn out not to be opened: closing it then writes nothing.
struct Untouched {
    connection: Connection,
    log: PathBuf,
    /// SQLite makes an empty log when it first reads.
    had_log: bool,
    /// Nobody else has the file from here on, or can have it: it is damaged.
    is_ours: bool,
}

impl Untouched {
    fn new(path: &Path, connection: Connection) -> Result<Self, StoreError> {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        let log = beside(path, "-wal");
        Ok(Self { had_log: log.exists(), connection, log, is_ours: false })
    }

    fn release(mut self) -> Result<Connection, StoreError> {
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        self.had_log = true;
        Ok(std::mem::replace(&mut self.connection, Connection::open_in_memory()?))
    }
}

impl Drop for Untouched {
    fn drop(&mut self) {
        let is_empty = || std::fs::metadata(&self.log).is_ok_and(|log| log.len() == 0);
        if self.is_ours && !self.had_log && is_empty() {
            let _ = std::fs::remove_file(&self.log);
        }
    }
}

pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What a failure of the file system is to the store.
#[expect(clippy::needless_pass_by_value, reason = "stands in `map_err`")]
pub(crate) fn failed(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Failed,
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        // A page that ends too early.
        if error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_IOERR_SHORT_READ) {
            return Self::Corrupt;
        }
        match error.sqlite_error_code() {
            // `Unknown`: a statement that is right does not fit the tables.
            // None: a column holds what this program never wrote.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) | None => {
                Self::Corrupt
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            Some(ErrorCode::DiskFull) => Self::Full,
            _ => Self::Failed,
        }
    }
}
