//! What the store promises beyond what the HTTP tests see.

#[cfg(test)]
mod cases {
    use inro_base::{Coded as _, UnixTime};
    use inro_crypto::{Signer as _, SoftwareKey};
    use inro_issuer::store::{
        Approval, Copies as _, CopiesRefused, Deferrals as _, Denied, Employees as _, Issuance,
        MAX_REMEMBERED, MAX_TOKEN_USES, MAX_WAITING_TOKEN_USES, MIGRATIONS, NewCopy, NewDeferral, NewOffer,
        Notice, Once, Place, Poll, Redemption, Sessions as _, SqliteStore, Statuses as _, StoreError,
        StoredEmployee,
    };
    use inro_oauth::DpopError;
    use inro_openid4vci::issuer::{CredentialError, TokenError};
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
            needs_approval: false,
            created_at: NOW,
            expires_at,
        }
    }

    fn redeem_with(
        store: &SqliteStore,
        code: u8,
        proof: Once<'_>,
        tx_code_digest: Option<&[u8; 32]>,
        now: UnixTime,
    ) -> Result<(), Denied<TokenError>> {
        let redemption = Redemption {
            proof,
            code_digest: &[code; 32],
            tx_code_digest,
            token_digest: &[code.wrapping_add(100); 32],
            thumbprint: "t",
            token_expires_at: now.plus(300),
            waiting_token_expires_at: now.plus(3_000),
            identifiers: None,
            refills: None,
        };
        store.redeem(&redemption, now).map(|_| ())
    }

    fn redeem(store: &SqliteStore, code: u8, proof: u8, now: UnixTime) -> Result<(), Denied<TokenError>> {
        redeem_with(store, code, Once { digest: &[proof; 32], forget_at: now.plus(301) }, None, now)
    }

    /// A store in a new file with employee 1 and `codes` offers, and a second connection to it.
    fn on_disk(codes: u8) -> (tempfile::TempDir, SqliteStore, rusqlite::Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite");
        let store = SqliteStore::new(sqlite::open(&path, MIGRATIONS).unwrap());
        let employee = StoredEmployee { number: "1".into(), record: "{}".into() };
        store.import(NOW, &mut |keep| keep(&employee).map(|()| true)).unwrap();
        for code in 1..=codes {
            store.add_offer(&offer(&code.to_string(), code, "1", NOW.plus(600))).unwrap();
        }
        let beside = sqlite::open(&path, MIGRATIONS).unwrap();
        (folder, store, beside)
    }

    fn count(db: &rusqlite::Connection, table: &str) -> u32 {
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn remembers_a_bounded_number_of_proofs_and_forgets_them_in_time() {
        let (_folder, store, beside) = on_disk(2);
        assert_eq!(redeem(&store, 1, 1, NOW), Ok(()));
        beside.execute("DELETE FROM used", []).unwrap();
        for rowid in [1, MAX_REMEMBERED] {
            let values = params![rowid, rowid.to_be_bytes(), NOW.plus(60).as_secs()];
            beside
                .execute("INSERT INTO used (rowid, digest, expires_at) VALUES (?1, ?2, ?3)", values)
                .unwrap();
        }
        let busy = redeem(&store, 2, 2, NOW).unwrap_err();
        assert!(matches!(busy, Denied::Store(error) if error.code().as_str() == "INRO-ISSUER-002"));
        assert_eq!(redeem(&store, 2, 2, NOW.plus(60)), Ok(()));
    }

    #[test]
    fn a_request_that_waited_still_finds_what_it_repeats() {
        let (_folder, store, _) = on_disk(3);
        let forget_at = NOW.plus(1);
        let at = |code, proof: u8, now| {
            redeem_with(&store, code, Once { digest: &[proof; 32], forget_at }, None, now)
        };
        assert_eq!(at(1, 1, NOW), Ok(()));
        // Another request at a later time lets the store forget what has ended.
        assert_eq!(at(2, 2, NOW.plus(30)), Ok(()));
        // This one read the clock in time, and comes late.
        assert_eq!(at(3, 1, NOW), Err(Denied::Refused(TokenError::Dpop(DpopError::Replayed))));
        assert_eq!(at(3, 3, NOW), Ok(()));
    }

    #[test]
    fn a_stranger_without_a_code_leaves_nothing_behind() {
        let (_folder, store, beside) = on_disk(1);
        let unknown = Err(Denied::Refused(TokenError::Code));
        assert_eq!(redeem(&store, 9, 1, NOW), unknown);
        let proof = Once { digest: &[1; 32], forget_at: NOW.plus(301) };
        let unwanted = redeem_with(&store, 1, proof, Some(&[0; 32]), NOW);
        assert_eq!(unwanted, Err(Denied::Refused(TokenError::TxCodeUnwanted)));
        assert_eq!(count(&beside, "used"), 0);
        assert_eq!(redeem(&store, 1, 1, NOW), Ok(()));
        assert_eq!(count(&beside, "used"), 1);
        assert_eq!(redeem(&store, 1, 2, NOW), unknown);
        assert_eq!(count(&beside, "used"), 1);
    }

    #[test]
    fn a_token_is_good_for_a_bounded_number_of_requests() {
        let (_folder, store, beside) = on_disk(1);
        assert_eq!(redeem(&store, 1, 1, NOW), Ok(()));
        let authorize = |number: u32| {
            let mut digest = [0; 32];
            digest.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
            let proof = Once { digest: &digest, forget_at: NOW.plus(301) };
            store.authorize(&[101; 32], "t", proof, NOW).map(|grant| grant.offer)
        };
        for number in 1..=MAX_TOKEN_USES {
            assert_eq!(authorize(number), Ok("1".into()));
        }
        let remembered = count(&beside, "used");
        let spent = authorize(MAX_TOKEN_USES + 1);
        assert_eq!(spent, Err(Denied::Refused(CredentialError::Token)));
        assert_eq!(count(&beside, "used"), remembered);
    }

    #[test]
    fn a_token_that_waits_for_an_approval_lives_longer_and_is_good_for_more_polls() {
        let (_folder, store, beside) = on_disk(1);
        store.add_offer(&NewOffer { needs_approval: true, ..offer("2", 2, "1", NOW.plus(600)) }).unwrap();
        for (code, uses, expires_at) in [(1, MAX_TOKEN_USES, 300), (2, MAX_WAITING_TOKEN_USES, 3_000)] {
            assert_eq!(redeem(&store, code, code, NOW), Ok(()));
            let found: (u32, i64) = beside
                .query_row(
                    "SELECT uses_left, expires_at FROM tokens WHERE digest = ?1",
                    [[code + 100; 32]],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .unwrap();
            assert_eq!(found, (uses, NOW.plus(expires_at).as_secs()));
        }
    }

    #[test]
    fn a_rejection_forgets_the_keys_that_waited() {
        let (_folder, store, beside) = on_disk(0);
        store.add_offer(&NewOffer { needs_approval: true, ..offer("1", 1, "1", NOW.plus(600)) }).unwrap();
        assert_eq!(redeem(&store, 1, 1, NOW), Ok(()));
        let (employee, key) =
            (store.employee("1").unwrap(), SoftwareKey::from_secret_bytes(&[1; 32]).unwrap());
        let deferral = NewDeferral {
            id: &[3; 32],
            token_digest: &[101; 32],
            offer: "1",
            configuration: "a",
            keys: &[key.public_key()],
            nonces: &once(&[4; 32]),
            employee: &employee,
        };
        assert_eq!(store.defer(&deferral, NOW), Ok(()));
        let kept = || {
            beside.query_row("SELECT length(keys) FROM deferrals", [], |row| row.get::<_, u32>(0)).unwrap()
        };
        assert_eq!(kept(), 64);
        assert_eq!(store.decide("1", false, NOW), Ok(()));
        assert_eq!(kept(), 0);
        assert_eq!(store.poll(&[3; 32], &[101; 32], NOW.plus(5)), Ok(Poll::Rejected));
    }

    /// What the first version wrote is read, and needs no approval.
    #[test]
    fn an_offer_of_the_first_version_can_be_redeemed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite");
        let old = sqlite::open(&path, &MIGRATIONS[..1]).unwrap();
        old.execute_batch(
            "INSERT INTO employees VALUES ('1', '{}', 1);
             INSERT INTO offers (id, code_digest, guesses_left, employee, created_at, expires_at)
                 VALUES ('1', x'0101010101010101010101010101010101010101010101010101010101010101', 5, '1', 1, 1795397000);
             INSERT INTO offer_configurations VALUES ('1', 0, 'a', 10);
             INSERT INTO tokens VALUES (x'0909090909090909090909090909090909090909090909090909090909090909', '1', 't', 100, 1795397000);",
        )
        .unwrap();
        drop(old);
        let store = SqliteStore::new(sqlite::open(&path, MIGRATIONS).unwrap());
        let proof = Once { digest: &[2; 32], forget_at: NOW.plus(301) };
        let grant = store.authorize(&[9; 32], "t", proof, NOW).unwrap();
        assert_eq!((grant.approval, grant.identifiers), (Approval::Granted, Vec::new()));
        assert_eq!(redeem(&store, 1, 1, NOW), Ok(()));
        let (employee, copies) = (store.employee("1").unwrap(), ten_copies(&store));
        assert_eq!(store.take_copies(&issuance(&once(&[7; 32]), &employee, &copies), NOW), Ok(()));
    }

    fn ten_copies(store: &SqliteStore) -> Vec<NewCopy> {
        let mut next = 0;
        let places = store.reserve_places(10, &mut |_| {
            next += 1;
            next
        });
        let copy = |place: Place| NewCopy {
            id: format!("copy {}", place.index),
            format: "f".into(),
            issued_at: NOW,
            expires_at: NOW.plus(60),
            place,
        };
        places.unwrap().into_iter().map(copy).collect()
    }

    fn once(nonce: &[u8; 32]) -> [Once<'_>; 1] {
        [Once { digest: nonce, forget_at: NOW.plus(300) }]
    }

    /// All that offer 1 yields.
    fn issuance<'a>(
        nonces: &'a [Once<'a>; 1],
        employee: &'a StoredEmployee,
        copies: &'a [NewCopy],
    ) -> Issuance<'a> {
        let notice = Notice { id: nonces[0].digest, token_digest: &[101; 32] };
        Issuance {
            offer: "1",
            configuration: "a",
            nonces,
            notice,
            employee,
            type_id: "t",
            new_id: "c",
            copies,
        }
    }

    #[test]
    fn copies_that_cannot_be_recorded_cost_neither_nonce_nor_copies() {
        let (_folder, store, beside) = on_disk(1);
        assert_eq!(redeem(&store, 1, 200, NOW), Ok(()));
        let (employee, copies) = (store.employee("1").unwrap(), ten_copies(&store));
        let nonce = once(&[1; 32]);
        let first = issuance(&nonce, &employee, &copies);
        beside.execute_batch("ALTER TABLE copies RENAME TO away").unwrap();
        let failed = store.take_copies(&first, NOW).unwrap_err();
        assert!(matches!(failed, Denied::Store(error) if error.code().as_str() == "INRO-ISSUER-001"));
        beside.execute_batch("ALTER TABLE away RENAME TO copies").unwrap();
        // The same nonce, and all ten copies that the offer yields.
        assert_eq!(store.take_copies(&first, NOW), Ok(()));
        assert_eq!(store.credentials().unwrap().first().map(|line| line.copies), Some(10));
        let again = store.take_copies(&first, NOW).unwrap_err();
        assert_eq!(again, Denied::Refused(CopiesRefused::Protocol(CredentialError::NonceUsed)));
        let more = store.take_copies(&issuance(&once(&[2; 32]), &employee, &copies), NOW).unwrap_err();
        assert_eq!(more, Denied::Refused(CopiesRefused::Exhausted));
    }

    #[test]
    fn an_import_between_the_claims_and_the_issuance_is_not_missed() {
        let (_folder, store, _) = on_disk(1);
        assert_eq!(redeem(&store, 1, 200, NOW), Ok(()));
        let (before, copies) = (store.employee("1").unwrap(), ten_copies(&store));
        let (head, tail) = copies.split_at(5);
        assert_eq!(store.take_copies(&issuance(&once(&[1; 32]), &before, head), NOW), Ok(()));
        let after = StoredEmployee { record: r#"{"valid_until":"2026-11-22"}"#.into(), ..before.clone() };
        store.import(NOW, &mut |keep| keep(&after).map(|()| true)).unwrap();
        let missed = store.take_copies(&issuance(&once(&[2; 32]), &before, tail), NOW);
        assert_eq!(missed, Err(Denied::Store(StoreError::Busy)));
        assert_eq!(store.credentials().unwrap().first().map(|line| line.copies), Some(5));
        // The nonce is still good for claims that were made of what HR says now.
        assert_eq!(store.take_copies(&issuance(&once(&[2; 32]), &after, tail), NOW), Ok(()));
    }

    #[test]
    fn an_import_between_the_request_and_its_collection_is_not_missed() {
        let (_folder, store, _) = on_disk(0);
        store.add_offer(&NewOffer { needs_approval: true, ..offer("1", 1, "1", NOW.plus(600)) }).unwrap();
        assert_eq!(redeem(&store, 1, 200, NOW), Ok(()));
        let before = store.employee("1").unwrap();
        let key = SoftwareKey::from_secret_bytes(&[1; 32]).unwrap().public_key();
        let deferral = NewDeferral {
            id: &[3; 32],
            token_digest: &[101; 32],
            offer: "1",
            configuration: "a",
            keys: &[key],
            nonces: &once(&[4; 32]),
            employee: &before,
        };
        assert_eq!(store.defer(&deferral, NOW), Ok(()));
        assert_eq!(store.decide("1", true, NOW), Ok(()));
        let copies = ten_copies(&store);
        let after = StoredEmployee { record: r#"{"valid_until":"2026-11-22"}"#.into(), ..before.clone() };
        store.import(NOW, &mut |keep| keep(&after).map(|()| true)).unwrap();
        let missed = store.collect(&[3; 32], &issuance(&once(&[5; 32]), &before, &copies), NOW);
        assert_eq!(missed, Err(Denied::Store(StoreError::Busy)));
        // It can still be collected, with claims that were made of what HR says now.
        assert_eq!(store.collect(&[3; 32], &issuance(&once(&[5; 32]), &after, &copies), NOW), Ok(()));
    }

    #[test]
    fn a_database_that_another_process_keeps_is_busy_and_not_broken() {
        let (folder, _, beside) = on_disk(1);
        let connection = sqlite::open(&folder.path().join("db.sqlite"), MIGRATIONS).unwrap();
        connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        let store = SqliteStore::new(connection);
        beside.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert_eq!(redeem(&store, 1, 1, NOW), Err(Denied::Store(StoreError::Busy)));
        beside.execute_batch("ROLLBACK").unwrap();
        assert_eq!(redeem(&store, 1, 1, NOW), Ok(()));
    }

    #[test]
    fn keeps_as_many_offers_as_may_be_and_takes_the_next_when_one_ended() {
        let (folder, _, _) = on_disk(1);
        let connection = sqlite::open(&folder.path().join("db.sqlite"), MIGRATIONS).unwrap();
        let store = SqliteStore::new(connection).with_max_offers(3);
        store.add_offer(&offer("2", 2, "1", NOW.plus(60))).unwrap();
        store.add_offer(&offer("3", 3, "1", NOW.plus(600))).unwrap();
        let fourth =
            |created_at| store.add_offer(&NewOffer { created_at, ..offer("4", 4, "1", NOW.plus(600)) });
        assert_eq!(fourth(NOW), Err(StoreError::TooManyOffers { most: 3 }));
        assert_eq!(fourth(NOW).unwrap_err().code().as_str(), "INRO-ISSUER-003");
        assert_eq!(fourth(NOW.plus(59)), Err(StoreError::TooManyOffers { most: 3 }));
        assert_eq!(fourth(NOW.plus(60)), Ok(()));
        // Each that was taken can be redeemed, and the one that ended cannot.
        assert_eq!(redeem(&store, 3, 3, NOW.plus(60)), Ok(()));
        assert_eq!(redeem(&store, 4, 4, NOW.plus(60)), Ok(()));
        assert_eq!(redeem(&store, 2, 2, NOW.plus(60)), Err(Denied::Refused(TokenError::Code)));
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
        let (_folder, store, beside) = on_disk(0);
        store.add_offer(&offer("short", 1, "1", NOW)).unwrap();
        store.add_offer(&offer("long", 2, "1", NOW.plus(60))).unwrap();
        assert_eq!(redeem(&store, 1, 1, NOW), Err(Denied::Refused(TokenError::Code)));
        assert_eq!(redeem(&store, 2, 2, NOW), Ok(()));
        assert_eq!(count(&beside, "offers"), 1);
        assert_eq!(
            store.add_offer(&offer("other", 3, "2", NOW)).unwrap_err().code().as_str(),
            "INRO-ISSUER-004"
        );
        assert_eq!(count(&beside, "offers"), 1);
    }
}
