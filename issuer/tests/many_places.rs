//! As many places as the public service has credentials, in ten lists. Alone in its process, whose memory it
//! looks at.

#[cfg(test)]
mod cases {
    use inro_issuer::store::{MIGRATIONS, SqliteStore, Statuses as _};
    use inro_service::sqlite;

    /// The most memory that this process ever had, in KiB.
    fn peak() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// What is read for one list grows with what was taken back in it alone.
    #[test]
    fn lists_of_millions_are_read_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite");
        let store = SqliteStore::new(sqlite::open(&path, MIGRATIONS).unwrap());
        let beside = sqlite::open(&path, MIGRATIONS).unwrap();
        beside
            .execute_batch(
                "INSERT INTO employees VALUES ('1', '{}', 0);
                 INSERT INTO credentials (id, employee, type, created_at) VALUES ('c', '1', 't', 0);",
            )
            .unwrap();
        for list in 1..=10_i64 {
            beside.execute("INSERT INTO status_lists (id, used) VALUES (?1, 340000)", [list]).unwrap();
            let sql = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 339999)
                       INSERT INTO places (list, place, credential, status) SELECT ?1, i * 3, 'c', i % 100 = 0 FROM n";
            assert_eq!(beside.execute(sql, [list]).unwrap(), 340_000);
        }
        let before = peak();
        for list in 1..=10 {
            assert_eq!(store.list_content(list).unwrap().unwrap().not_valid.len(), 3_400);
        }
        let grown = peak() - before;
        println!("peak memory grew by {grown} KiB over ten lists of 340,000 places");
        assert!(grown < 4 * 1024, "{grown} KiB");
    }
}
