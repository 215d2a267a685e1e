//! What the store promises of refills beyond what the HTTP tests see.

#[cfg(test)]
mod cases {
    use inro_base::UnixTime;
    use inro_issuer::store::{
        Approval, Copies as _, MIGRATIONS, NewRefills, Once, Redemption, Refillable, Refills as _,
        Sessions as _, SqliteStore,
    };
    use inro_service::sqlite;

    const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);

    /// What version 4 kept goes on: its tokens are good, bring no refills, and its offers do.
    #[test]
    fn a_database_of_the_fourth_version_refills_what_is_redeemed_from_then_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite");
        let old = sqlite::open(&path, &MIGRATIONS[..4]).unwrap();
        old.execute_batch(include_str!("fixtures/fourth_version.sql")).unwrap();
        drop(old);
        let store = SqliteStore::new(sqlite::open(&path, MIGRATIONS).unwrap());
        let proof = Once { digest: &[20; 32], forget_at: NOW.plus(301) };
        let grant = store.authorize(&[9; 32], "t", proof, NOW).unwrap();
        assert_eq!((grant.offer.as_str(), grant.approval), ("redeemed", Approval::Granted));
        let until = || store.credentials().unwrap().first().unwrap().refills_until;
        assert_eq!(until(), None);
        let refills = NewRefills { digest: &[31; 32], expires_at: NOW.plus(1_000) };
        let redemption = Redemption {
            proof: Once { digest: &[21; 32], forget_at: NOW.plus(301) },
            code_digest: &[1; 32],
            tx_code_digest: None,
            token_digest: &[11; 32],
            thumbprint: "t",
            token_expires_at: NOW.plus(300),
            waiting_token_expires_at: NOW.plus(3_000),
            identifiers: None,
            refills: Some(refills),
        };
        store.redeem(&redemption, NOW).unwrap();
        let expected = Refillable {
            employee: "E0001".into(),
            configurations: vec!["employee-id.dc+sd-jwt".into()],
            approval: Approval::Granted,
        };
        assert_eq!(store.refillable(&[31; 32], "t", NOW).unwrap(), Some(expected));
        assert_eq!(store.refillable(&[31; 32], "u", NOW).unwrap(), None);
        assert_eq!(until(), Some(NOW.plus(1_000)));
        assert_eq!(store.end_refills(None).unwrap(), 1);
        assert_eq!((store.refillable(&[31; 32], "t", NOW).unwrap(), until()), (None, None));
    }
}
