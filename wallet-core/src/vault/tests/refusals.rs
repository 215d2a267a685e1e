//! Who is not let in, and what is not written.

use super::*;

#[test]
fn the_wrong_key_opens_nothing_and_touches_nothing() {
    let scene = Scene::new();
    assert!(scene.verdict().is_ok());
    let before = files(scene.folder.path());
    assert_eq!(open_with(&scene.path(), 2).err(), Some(StoreError::Corrupt));
    assert!(files(scene.folder.path()) == before);
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let scene = Scene::new();
    assert!(scene.verdict().is_ok());
    scene.alter("CREATE TABLE of_tomorrow (x); PRAGMA user_version = 2");
    assert_eq!(scene.verdict(), Err(StoreError::TooNew { found: 2, known: 1 }));
}

/// A wallet that was killed leaves its log. Refusing the file leaves both as they are.
#[test]
fn a_log_beside_a_refused_file_is_not_touched() {
    let scene = Scene::new();
    let mut vault = scene.open().unwrap();
    put(&mut vault, NOTE, "third", Tag::NOBODY, "", "the third note");
    let copy = tempfile::tempdir().unwrap();
    for (path, bytes) in files(scene.folder.path()) {
        std::fs::write(copy.path().join(path.file_name().unwrap()), bytes).unwrap();
    }
    drop(vault);
    let path = copy.path().join("vault");
    let before = files(copy.path());
    assert!(before[&copy.path().join("vault-wal")].len() > 4096);
    assert_eq!(open_with(&path, 2).err(), Some(StoreError::Corrupt));
    assert!(files(copy.path()) == before);
    assert_eq!(read_all(&open_with(&path, 1).unwrap()).unwrap().len(), 5);
}

#[test]
fn a_second_engine_is_told_that_the_vault_is_in_use() {
    let scene = Scene::new();
    let mut first = scene.open().unwrap();
    assert_eq!(scene.open().err(), Some(StoreError::InUse));
    put(&mut first, NOTE, "third", Tag::NOBODY, "", "the third note");
    assert_eq!(scene.open().err(), Some(StoreError::InUse));
    assert_eq!(read_all(&first).unwrap().len(), 5);
    drop(first);
    assert_eq!(read_all(&scene.open().unwrap()).unwrap().len(), 5);
}

/// SQLite refuses pages beyond a limit as it does when the disk is full.
#[test]
fn a_full_storage_loses_nothing() {
    let scene = Scene::new();
    let mut vault = scene.open().unwrap();
    let before = read_all(&vault).unwrap();
    vault.allow(0);
    let long = "long ".repeat(10_000);
    let write = |vault: &mut Vault| {
        vault.write(|change| {
            change.replace(1, b"about the first", b"another first note")?;
            change.delete(2)?;
            let record = NewRecord {
                kind: NOTE,
                name: Some(b"long"),
                owner: Tag::NOBODY,
                brief: &[],
                body: long.as_bytes(),
            };
            change.put(record)
        })
    };
    assert_eq!(write(&mut vault), Err(StoreError::Full));
    assert_eq!(read_all(&vault).unwrap(), before);
    drop(vault);
    let mut vault = scene.open().unwrap();
    assert_eq!(read_all(&vault).unwrap(), before);
    vault.allow(100);
    assert!(write(&mut vault).is_ok());
    assert_eq!(read_all(&vault).unwrap().len(), 4);
}

#[test]
fn a_vault_that_was_not_finished_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault");
    for suffix in [".new", ".new-wal", ".new-journal"] {
        std::fs::write(beside(&path, suffix), "what a cut attempt has left").unwrap();
    }
    make_at(&path);
    assert_eq!(read_all(&open_with(&path, 1).unwrap()).unwrap(), []);
    assert_eq!(files(folder.path()).len(), 1);
    let fails = |_: &mut Change<'_>| Err(StoreError::Failed);
    let other = folder.path().join("other");
    let mut rng = rng();
    let made = make(&other, data_key(), &secret(1), &mut rng, Arc::new(RustCrypto), fails);
    assert_eq!(made, Err(StoreError::Failed));
    assert!(!other.exists());
}

#[test]
fn a_length_tells_little() {
    let scene = Scene::new();
    let mut vault = scene.open().unwrap();
    let lengths = |vault: &Vault| -> Vec<i64> {
        let c = &vault.records().connection;
        let sql = "SELECT length(sealed) FROM bodies WHERE slot > 4 ORDER BY slot";
        c.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for length in [0, 1, 255, 256, 511, 512] {
        put(&mut vault, NOTE, &length.to_string(), Tag::NOBODY, "", &"x".repeat(length));
    }
    assert_eq!(lengths(&vault), [284, 284, 284, 540, 540, 796], "nonce, tag, and steps of 256 bytes");
}
