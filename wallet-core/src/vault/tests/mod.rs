//! The vault against a model, against whoever alters its file, and against a full disk.

mod attacks;
mod model;
mod refusals;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use inro_base::Secret;
use inro_crypto::RustCrypto;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::keys::KeyId;
use crate::ports::StoreError;
use crate::testing::SeededRng;

const NOTE: Kind = Kind(1);
const PAGE: Kind = Kind(2);

/// A vault with a note that has pages, one that has none, and one that was written twice.
struct Scene {
    folder: TempDir,
}

fn secret(byte: u8) -> Secret<Vec<u8>> {
    Secret::new(vec![byte; 32])
}

fn data_key() -> DataKey {
    DataKey { wrapping_key: KeyId("wrapping".into()), wrapped: b"wrapped".to_vec() }
}

/// Nothing that is drawn is drawn again.
fn rng() -> SeededRng {
    static SEED: AtomicU64 = AtomicU64::new(0);
    SeededRng::new(SEED.fetch_add(1, Ordering::Relaxed))
}

fn make_at(path: &Path) {
    let mut rng = rng();
    make(path, data_key(), &secret(1), &mut rng, Arc::new(RustCrypto), |_| Ok(())).unwrap();
}

fn open_with(path: &Path, byte: u8) -> Result<Vault, StoreError> {
    Closed::read(path)?.open(&secret(byte), Box::new(rng()), Arc::new(RustCrypto))
}

fn put(vault: &mut Vault, kind: Kind, name: &str, owner: Tag, brief: &str, body: &str) -> i64 {
    let record = NewRecord {
        kind,
        name: Some(name.as_bytes()),
        owner,
        brief: brief.as_bytes(),
        body: body.as_bytes(),
    };
    vault.write(|change| change.put(record)).unwrap()
}

/// Everything that a vault says: per slot its kind, brief and body.
fn read_all(vault: &Vault) -> Result<Vec<(i64, Kind, String, String)>, StoreError> {
    let records = vault.records();
    let mut all = Vec::new();
    for kind in [NOTE, PAGE] {
        for slot in records.all(kind) {
            let brief = String::from_utf8(records.brief(slot)?.to_vec()).unwrap();
            let body = String::from_utf8(records.body(slot)?.expose().clone()).unwrap();
            all.push((slot, kind, brief, body));
        }
    }
    Ok(all)
}

/// The bytes of every file in a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

impl Scene {
    fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap() };
        make_at(&scene.path());
        let mut vault = scene.open().unwrap();
        put(&mut vault, NOTE, "first", Tag::NOBODY, "about the first", "the first note");
        let owner = vault.records().tag(NOTE, b"first");
        put(&mut vault, PAGE, "one", owner, "", &"page one ".repeat(900));
        put(&mut vault, PAGE, "two", owner, "", &"page two ".repeat(900));
        put(&mut vault, NOTE, "second", Tag::NOBODY, "about the second", "the second note");
        scene
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("vault")
    }

    fn open(&self) -> Result<Vault, StoreError> {
        open_with(&self.path(), 1)
    }

    /// Does something to the closed file that no vault does.
    fn alter(&self, sql: &str) {
        let connection = Connection::open(self.path()).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// What opening the file and reading all of it comes to; a file that is refused is not touched.
    fn verdict(&self) -> Result<Vec<(i64, Kind, String, String)>, StoreError> {
        let before = files(self.folder.path());
        match self.open() {
            Ok(vault) => read_all(&vault),
            Err(error) => {
                assert!(files(self.folder.path()) == before, "a refused file was touched");
                Err(error)
            }
        }
    }
}
