//! Statuses in the store: what changes, what does not, and what an old database becomes.

#[cfg(test)]
mod cases {
    use std::collections::HashSet;

    use inro_base::{Coded as _, UnixTime};
    use inro_issuer::IssuerError;
    use inro_issuer::status::change;
    use inro_issuer::store::{
        ChangedStatus, Copies as _, CredentialState, Employees as _, MAX_USED, MIGRATIONS, Place,
        SqliteStore, StatusChange, Statuses as _,
    };
    use inro_service::sqlite;
    use inro_status::Status;
    use rusqlite::{Connection, params};

    const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);

    /// A store with one employee and one credential `c` of `places` copies.
    fn with_places(places: u32) -> (tempfile::TempDir, SqliteStore, Connection, Vec<Place>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite");
        let store = SqliteStore::new(sqlite::open(&path, MIGRATIONS).unwrap());
        let beside = sqlite::open(&path, MIGRATIONS).unwrap();
        beside.execute("INSERT INTO employees VALUES ('1', '{}', 0)", []).unwrap();
        let sql = "INSERT INTO credentials (id, employee, type, created_at) VALUES ('c', '1', 't', 0)";
        beside.execute(sql, []).unwrap();
        let mut drawn = 0;
        let draw = &mut |bound: u32| {
            drawn += 7;
            drawn % bound
        };
        let places = store.reserve_places(usize::try_from(places).unwrap(), draw).unwrap();
        for place in &places {
            let sql = "UPDATE places SET credential = 'c' WHERE list = ?1 AND place = ?2";
            assert_eq!(beside.execute(sql, params![place.list, place.index]).unwrap(), 1);
        }
        (folder, store, beside, places)
    }

    fn make(store: &SqliteStore, wish: StatusChange) -> Result<ChangedStatus, IssuerError> {
        change(store, "c", wish, "a test", "tester", NOW)
    }

    fn code(result: Result<ChangedStatus, IssuerError>) -> &'static str {
        result.unwrap_err().code().as_str()
    }

    #[test]
    fn a_revocation_takes_every_copy_and_is_for_good() {
        let (_folder, store, beside, places) = with_places(20);
        let changed = make(&store, StatusChange::Revoke).unwrap();
        assert_eq!((changed.copies, changed.status), (20, CredentialState::Revoked));
        let content = store.list_content(1).unwrap().unwrap();
        let revoked: HashSet<u32> = content.not_valid.iter().map(|(place, _)| *place).collect();
        assert_eq!(revoked, places.iter().map(|place| place.index).collect());
        assert!(content.not_valid.iter().all(|(_, status)| *status == Status::Invalid));
        for wish in [StatusChange::Resume, StatusChange::Suspend, StatusChange::Revoke] {
            assert_eq!(code(make(&store, wish)), "INRO-ISSUER-031");
        }
        let reason: (String, String, String) = beside
            .query_row("SELECT status, reason, operator FROM status_changes", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .unwrap();
        assert_eq!(reason, ("revoked".into(), "a test".into(), "tester".into()));
    }

    #[test]
    fn a_suspension_ends_and_can_end_in_a_revocation() {
        let (_folder, store, _, _) = with_places(3);
        let version = || store.list_version(1).unwrap().unwrap();
        assert_eq!(code(make(&store, StatusChange::Resume)), "INRO-ISSUER-032");
        let before = version();
        assert_eq!(make(&store, StatusChange::Suspend).unwrap().copies, 3);
        assert!(version() > before, "the signed list is made again");
        assert_eq!(code(make(&store, StatusChange::Suspend)), "INRO-ISSUER-032");
        let suspended = store.list_content(1).unwrap().unwrap().not_valid;
        assert!(suspended.iter().all(|(_, status)| *status == Status::Suspended));
        assert_eq!(make(&store, StatusChange::Resume).unwrap().copies, 3);
        assert!(store.list_content(1).unwrap().unwrap().not_valid.is_empty());
        make(&store, StatusChange::Suspend).unwrap();
        assert_eq!(make(&store, StatusChange::Revoke).unwrap().copies, 3);
        assert_eq!(store.credentials().unwrap().first().unwrap().status, CredentialState::Revoked);
    }

    #[test]
    fn an_unknown_credential_and_an_unknown_list_are_told() {
        let (_folder, store, _, _) = with_places(1);
        let unknown = change(&store, "x", StatusChange::Revoke, "a test", "tester", NOW);
        assert_eq!(code(unknown), "INRO-ISSUER-030");
        assert_eq!(store.list_version(2).unwrap(), None);
        assert_eq!(store.list_content(2).unwrap(), None);
    }

    #[test]
    fn a_change_that_cannot_be_written_changes_nothing() {
        let (_folder, store, beside, _) = with_places(2);
        beside.execute_batch("ALTER TABLE status_changes RENAME TO away").unwrap();
        assert_eq!(code(make(&store, StatusChange::Revoke)), "INRO-ISSUER-001");
        beside.execute_batch("ALTER TABLE away RENAME TO status_changes").unwrap();
        assert!(store.list_content(1).unwrap().unwrap().not_valid.is_empty());
        assert_eq!(make(&store, StatusChange::Revoke).unwrap().copies, 2);
    }

    #[test]
    fn no_place_is_given_away_twice_and_a_half_full_list_is_followed_by_another() {
        let (_folder, store, beside, first) = with_places(10);
        // The same numbers are drawn again: taken ones are passed over.
        let mut drawn = 0;
        let again = store
            .reserve_places(10, &mut |bound| {
                drawn += 7;
                drawn % bound
            })
            .unwrap();
        assert!(again.iter().all(|place| !first.contains(place)));
        beside.execute("UPDATE status_lists SET used = ?1", [MAX_USED]).unwrap();
        let next = store.reserve_places(1, &mut |_| 0).unwrap();
        assert_eq!(next, [Place { list: 2, index: 0 }]);
        // A source of randomness that repeats itself is told, not waited for.
        assert_eq!(store.reserve_places(1, &mut |_| 0).unwrap_err().code().as_str(), "INRO-ISSUER-002");
    }

    /// What the first version kept, as its own statements wrote it.
    #[test]
    fn a_database_of_the_first_version_goes_on_and_tells_of_copies_without_status() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite");
        let old = sqlite::open(&path, &MIGRATIONS[..1]).unwrap();
        old.execute_batch(include_str!("fixtures/first_version.sql")).unwrap();
        drop(old);
        let store = SqliteStore::new(sqlite::open(&path, MIGRATIONS).unwrap());
        assert_eq!(store.employees().unwrap().len(), 2);
        let lines = store.credentials().unwrap();
        let seen: Vec<_> = lines.iter().map(|line| (line.copies, line.status)).collect();
        assert_eq!(seen, [(3, CredentialState::Valid), (1, CredentialState::Valid)]);
        let id = &lines.first().unwrap().id;
        let changed = change(&store, id, StatusChange::Revoke, "a test", "tester", NOW).unwrap();
        assert_eq!((changed.copies, changed.copies_without_status), (0, 3));
    }

    /// Offers that were made before, within and after the second of a revocation, as version 3 kept them.
    #[test]
    fn a_database_of_the_third_version_puts_its_offers_and_revocations_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite");
        let old = sqlite::open(&path, &MIGRATIONS[..3]).unwrap();
        old.execute_batch(include_str!("fixtures/third_version.sql")).unwrap();
        drop(old);
        let new = sqlite::open(&path, MIGRATIONS).unwrap();
        let sql = "SELECT id, after_change FROM offers ORDER BY created_at";
        let mut query = new.prepare(sql).unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let order: Vec<(String, i64)> = rows.map(Result::unwrap).collect();
        // In doubt the offer counts as the older one: a revocation is never lost.
        let expected = [("before", 0), ("within", 0), ("after", 1)];
        assert_eq!(order, expected.map(|(id, change)| (id.to_owned(), change)));
    }
}
