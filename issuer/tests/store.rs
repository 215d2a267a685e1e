//! What the store promises beyond what the HTTP tests see.

#[cfg(test)]
mod cases {
    use inro_base::{Coded as _, UnixTime};
    use inro_issuer::store::{
        Denied, Employees as _, MAX_REMEMBERED, MIGRATIONS, NewOffer, Once, Redemption, Sessions as _,
        SqliteStore, StoreError, StoredEmployee,
    };
    use inro_openid4vci::issuer::TokenError;
    use inro_service::sqlite;
    use rusqlite::params;

    const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);

    fn offer(id: &str, number: u8, employee: &str, expires_at: UnixTime) -> NewOffer {
        NewOffer {
            id: id.into(),
            code_digest: [number; 32],
            tx_code_digest: None,
            employee: employee.into(),
            configurations: vec!["a".into()],
            copies: 10,
            created_at: NOW,
            expires_at,
        }
    }

    fn redeem(store: &SqliteStore, code: u8, proof: u8, now: UnixTime) -> Result<(), Denied<TokenError>> {
        let redemption = Redemption {
            proof: Once { digest: &[proof; 32], forget_at: now.plus(301) },
            code_digest: &[code; 32],
            tx_code_digest: None,
            token_digest: &[code.wrapping_add(100); 32],
            thumbprint: "t",
            token_expires_at: now.plus(300),
        };
        store.redeem(&redemption, now).map(|_| ())
    }

    #[test]
    fn remembers_a_bounded_number_of_proofs_and_forgets_them_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite");
        let store = SqliteStore::new(sqlite::open(&path, MIGRATIONS).unwrap());
        let beside = sqlite::open(&path, MIGRATIONS).unwrap();
        for rowid in [1, MAX_REMEMBERED] {
            let values = params![rowid, rowid.to_be_bytes(), NOW.plus(60).as_secs()];
            beside
                .execute("INSERT INTO used (rowid, digest, expires_at) VALUES (?1, ?2, ?3)", values)
                .unwrap();
        }
        let busy = redeem(&store, 1, 1, NOW).unwrap_err();
        assert!(matches!(busy, Denied::Store(error) if error.code().as_str() == "INRO-ISSUER-002"));
        assert_eq!(redeem(&store, 1, 1, NOW.plus(60)), Err(Denied::Refused(TokenError::Code)));
    }

    #[test]
    fn an_import_that_is_not_accepted_changes_nothing() {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        sqlite::migrate(&mut connection, MIGRATIONS).unwrap();
        let store = SqliteStore::new(connection);
        let employee = |number: &str| StoredEmployee { number: number.into(), record: "{}".into() };
        for accept in [false, true] {
            let done = store.import(NOW, &mut |keep| {
                keep(&employee("1"))?;
                keep(&employee("2"))?;
                Ok(accept)
            });
            let expected = if accept { 2 } else { 0 };
            assert_eq!(done.unwrap().added, expected);
            assert_eq!(store.employees().unwrap().len(), usize::try_from(expected).unwrap());
        }
        let failed = store.import(NOW, &mut |keep| {
            keep(&employee("3"))?;
            Err(StoreError::Busy)
        });
        assert_eq!(failed.unwrap_err().code().as_str(), "INRO-ISSUER-002");
        assert_eq!(store.employees().unwrap().len(), 2);
    }

    #[test]
    fn expired_offers_are_forgotten_when_the_next_one_comes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite");
        let store = SqliteStore::new(sqlite::open(&path, MIGRATIONS).unwrap());
        let employee = StoredEmployee { number: "1".into(), record: "{}".into() };
        store.import(NOW, &mut |keep| keep(&employee).map(|()| true)).unwrap();
        store.add_offer(&offer("short", 1, "1", NOW)).unwrap();
        store.add_offer(&offer("long", 2, "1", NOW.plus(60))).unwrap();
        assert_eq!(redeem(&store, 1, 1, NOW), Err(Denied::Refused(TokenError::Code)));
        assert_eq!(redeem(&store, 2, 2, NOW), Ok(()));
        let beside = sqlite::open(&path, MIGRATIONS).unwrap();
        let count =
            || beside.query_row("SELECT count(*) FROM offers", [], |row| row.get::<_, u32>(0)).unwrap();
        assert_eq!(count(), 1);
        assert_eq!(
            store.add_offer(&offer("other", 3, "2", NOW)).unwrap_err().code().as_str(),
            "INRO-ISSUER-004"
        );
        assert_eq!(count(), 1);
    }
}
