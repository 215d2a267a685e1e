//! Whoever can write to the closed file, but has not the key.

use proptest::prelude::*;

use super::*;

/// The unaltered file opens; after `sql` it does not.
fn refused_at_opening(sql: &str) {
    let scene = Scene::new();
    assert_eq!(scene.verdict().unwrap().len(), 4);
    scene.alter(sql);
    assert!(matches!(scene.open().err(), Some(StoreError::Corrupt)), "{sql}");
    assert_eq!(scene.verdict(), Err(StoreError::Corrupt), "{sql}");
}

#[test]
fn a_record_cannot_be_taken_away_added_or_exchanged() {
    for sql in [
        "DELETE FROM heads WHERE slot = 2",
        "DELETE FROM heads WHERE slot = 2; DELETE FROM bodies WHERE slot = 2",
        "INSERT INTO heads SELECT 9, kind, tag, owner, stamp, brief FROM heads WHERE slot = 2",
        "INSERT INTO heads SELECT 9, kind, zeroblob(16), owner, stamp, brief FROM heads WHERE slot = 2",
        "UPDATE heads SET slot = 9 WHERE slot = 2",
        "UPDATE heads SET slot = slot + 100; UPDATE heads SET slot = 105 - slot",
        "UPDATE heads SET tag = zeroblob(16) WHERE slot = 2",
        "UPDATE heads SET owner = zeroblob(16) WHERE slot = 2",
        "UPDATE heads SET stamp = zeroblob(16) WHERE slot = 2",
        "UPDATE heads SET kind = 1 WHERE slot = 2",
        "UPDATE heads SET brief = x'' WHERE slot = 1",
        "UPDATE heads SET brief = (SELECT brief FROM heads WHERE slot = 4) WHERE slot = 1",
        "UPDATE heads SET brief = (SELECT brief FROM heads WHERE slot = 1) WHERE slot = 2",
        "DELETE FROM heads; DELETE FROM bodies",
        "DELETE FROM header",
        "UPDATE header SET root = zeroblob(length(root))",
        "UPDATE header SET wallet = zeroblob(16)",
        "UPDATE header SET wrapping_key = 'another'",
        "PRAGMA user_version = 0",
        "PRAGMA application_id = 0",
        "PRAGMA journal_mode = DELETE",
    ] {
        refused_at_opening(sql);
    }
}

#[test]
fn a_program_cannot_be_put_into_the_file() {
    refused_at_opening("CREATE TRIGGER t AFTER UPDATE ON header BEGIN DELETE FROM bodies; END");
    refused_at_opening("CREATE VIEW v AS SELECT 1");
    refused_at_opening("CREATE TABLE t (x)");
    refused_at_opening("ALTER TABLE bodies ADD COLUMN more BLOB");
}

#[test]
fn a_body_cannot_be_exchanged_or_taken_away() {
    for sql in [
        "UPDATE bodies SET sealed = (SELECT sealed FROM bodies WHERE slot = 3) WHERE slot = 2",
        "UPDATE bodies SET slot = slot + 100; UPDATE bodies SET slot = 105 - slot",
        "UPDATE bodies SET sealed = zeroblob(length(sealed)) WHERE slot = 2",
        "UPDATE bodies SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE slot = 2",
        "UPDATE bodies SET sealed = x'' WHERE slot = 2",
        "DELETE FROM bodies WHERE slot = 2",
    ] {
        let scene = Scene::new();
        assert!(scene.verdict().is_ok());
        scene.alter(sql);
        assert_eq!(scene.verdict(), Err(StoreError::Corrupt), "{sql}");
    }
}

/// Puts back one record as it was before it was written over, with or without the root of that time.
#[test]
fn an_earlier_state_of_one_record_cannot_be_brought_back() {
    let keep = "CREATE TABLE {to}.old_heads AS SELECT * FROM heads; CREATE TABLE {to}.old_bodies AS SELECT * FROM bodies; \
         CREATE TABLE {to}.old_header AS SELECT * FROM header";
    for (replay, with_root) in [("WHERE slot = 1", false), ("WHERE slot = 1", true), ("", false)] {
        let scene = Scene::new();
        let aside = scene.folder.path().join("aside").display().to_string();
        scene.alter(&format!("ATTACH '{aside}' AS aside; {}", keep.replace("{to}", "aside")));
        let mut vault = scene.open().unwrap();
        vault.write(|change| change.replace(1, b"about the first", b"its second state")).unwrap();
        drop(vault);
        assert_eq!(scene.verdict().unwrap()[0].3, "its second state");
        let root = match with_root {
            true => "UPDATE header SET root = (SELECT root FROM aside.old_header);",
            false => "",
        };
        scene.alter(&format!(
            "ATTACH '{aside}' AS aside; REPLACE INTO heads SELECT * FROM aside.old_heads {replay}; \
             REPLACE INTO bodies SELECT * FROM aside.old_bodies {replay}; {root}"
        ));
        match with_root {
            // The whole of an earlier state, which only the key store can tell from the last one.
            true => assert_eq!(scene.verdict().unwrap()[0].3, "the first note"),
            false => assert_eq!(scene.verdict(), Err(StoreError::Corrupt)),
        }
    }
}

#[test]
fn an_earlier_root_is_refused_with_later_records() {
    let scene = Scene::new();
    let root = |scene: &Scene| -> Vec<u8> {
        let c = Connection::open(scene.path()).unwrap();
        c.query_row("SELECT root FROM header", [], |row| row.get(0)).unwrap()
    };
    let earlier = root(&scene);
    put(&mut scene.open().unwrap(), NOTE, "third", Tag::NOBODY, "", "the third note");
    assert_eq!(scene.verdict().unwrap().len(), 5);
    let c = Connection::open(scene.path()).unwrap();
    c.execute("UPDATE header SET root = ?1", [earlier]).unwrap();
    drop(c);
    assert_eq!(scene.verdict(), Err(StoreError::Corrupt));
}

/// Two vaults with the same data key: the records of one do not fit the other.
#[test]
fn a_record_of_another_vault_is_refused() {
    let scene = Scene::new();
    let other = scene.folder.path().join("other");
    make_at(&other);
    put(&mut open_with(&other, 1).unwrap(), NOTE, "first", Tag::NOBODY, "about the first", "a foreign note");
    let attach = format!("ATTACH '{}' AS other;", other.display());
    for sql in [
        "REPLACE INTO heads SELECT * FROM other.heads; REPLACE INTO bodies SELECT * FROM other.bodies",
        "UPDATE header SET root = (SELECT root FROM other.header)",
    ] {
        let scene_of_its_own = Scene::new();
        assert!(scene_of_its_own.verdict().is_ok());
        scene_of_its_own.alter(&format!("{attach} {sql}"));
        assert_eq!(scene_of_its_own.verdict(), Err(StoreError::Corrupt), "{sql}");
    }
}

#[test]
fn a_file_that_was_cut_is_refused() {
    let scene = Scene::new();
    let whole = std::fs::read(scene.path()).unwrap();
    let untouched = scene.verdict().unwrap();
    // SQLite reads zeros for the missing end of a page: those that stood there are no loss.
    let zeros = whole.iter().rev().take_while(|byte| **byte == 0).count();
    let end = whole.len() - zeros;
    for length in (0..end).step_by(1021).chain([end - 1]) {
        std::fs::write(scene.path(), &whole[..length]).unwrap();
        assert_eq!(scene.verdict(), Err(StoreError::Corrupt), "cut to {length} of {} bytes", whole.len());
    }
    std::fs::write(scene.path(), whole).unwrap();
    assert_eq!(scene.verdict().unwrap(), untouched);
}

#[test]
fn another_file_is_refused() {
    let scene = Scene::new();
    for content in [b"".as_slice(), b"something else", &[0; 8192]] {
        std::fs::write(scene.path(), content).unwrap();
        assert_eq!(scene.verdict(), Err(StoreError::Corrupt));
    }
    std::fs::remove_file(scene.path()).unwrap();
    Connection::open(scene.path()).unwrap().execute_batch("CREATE TABLE header (root)").unwrap();
    assert_eq!(scene.verdict(), Err(StoreError::Corrupt));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A flipped byte is noticed, or it is one that nobody reads; never is something else read.
    #[test]
    fn a_flipped_byte_changes_nothing_that_is_read(at in any::<prop::sample::Index>(), mask in 1_u8..=255) {
        let scene = Scene::new();
        let untouched = scene.verdict().unwrap();
        let mut bytes = std::fs::read(scene.path()).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= mask;
        std::fs::write(scene.path(), bytes).unwrap();
        match scene.verdict() {
            Ok(read) => prop_assert_eq!(read, untouched),
            Err(error) => {
                let told = matches!(error, StoreError::Corrupt | StoreError::TooNew { .. });
                prop_assert!(told, "byte {} gave {:?}", at, error);
            }
        }
    }
}

/// One byte in each page that has something in it.
#[test]
fn a_page_that_was_altered_is_refused() {
    let scene = Scene::new();
    assert!(scene.verdict().is_ok());
    let whole = std::fs::read(scene.path()).unwrap();
    let mut refused = 0;
    for page in whole.chunks(4096).enumerate().map(|(number, _)| number * 4096) {
        let mut bytes = whole.clone();
        // The last bytes of a page belong to its oldest cell, or to the end of an overflow.
        let last = bytes[page..page + 4096].iter().rposition(|byte| *byte != 0).unwrap();
        bytes[page + last] ^= 0xff;
        std::fs::write(scene.path(), bytes).unwrap();
        refused += usize::from(scene.verdict() == Err(StoreError::Corrupt));
    }
    assert_eq!(refused, whole.len() / 4096);
}
