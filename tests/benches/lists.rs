//! What status lists cost: reading one out of SQLite, compressing it, making and verifying its token. Each
//! has as many places given away as a list ever has, of which some in a hundred are taken back.
//!
//! Prints one JSON line for each figure; `cargo xtask bench` makes `docs/benchmarks.md` of them.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops here")]

mod measuring;

use std::path::Path;

use inro_base::{Rng, UnixTime};
use inro_crypto::{Signer as _, SoftwareKey};
use inro_crypto_aws::{AwsLc, AwsLcKey};
use inro_issuer::store::{LIST_PLACES, MAX_USED, MIGRATIONS, SqliteStore, Statuses as _};
use inro_service::sqlite;
use inro_status::{Bits, Expected, StatusArray, StatusListToken, UnverifiedStatusList, VerifiedStatusList};
use inro_trust::{TrustedKey, Usage};
use measuring::{Repeatable, Runs, measure};

const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);
const URI: &str = "https://issuer.example/status-lists/1";
/// How many in a hundred copies are taken back.
const TAKEN_BACK: [u32; 3] = [0, 1, 10];
const RUNS: Runs = Runs { rounds: 11, repeats: 4 };

fn main() {
    let key = SoftwareKey::from_secret_bytes(&[31; 32]).unwrap();
    let fast = AwsLcKey::new(&key).unwrap();
    // As long as two certificates of ours.
    let chain = [vec![7; 700], vec![7; 700]];
    for share in TAKEN_BACK {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(&folder.path().join("db.sqlite"), share);
        let name = |what: &str| format!("lists/{share}/{what}");
        measure(RUNS, &name("read"), || store.list_content(1).unwrap().unwrap());
        let token = token(&store);
        measure(RUNS, &name("compress"), || token.list.compress());
        let jwt = || {
            let unsigned = token.jwt_to_sign(&chain);
            let signature = fast.sign_es256(unsigned.signing_input()).unwrap();
            unsigned.finish(&signature)
        };
        let cwt = || {
            let unsigned = token.cwt_to_sign(&chain);
            let signature = fast.sign_es256(unsigned.signing_input()).unwrap();
            unsigned.finish_tagged(&signature)
        };
        measure(RUNS, &name("make jwt"), jwt);
        measure(RUNS, &name("make cwt"), cwt);
        let (jwt, cwt) = (jwt(), cwt());
        measure(RUNS, &name("verify jwt"), || verify(UnverifiedStatusList::parse_jwt(&jwt).unwrap(), &key));
        measure(RUNS, &name("verify cwt"), || verify(UnverifiedStatusList::parse_cwt(&cwt).unwrap(), &key));
        for (what, bytes) in [("jwt", jwt.len()), ("cwt", cwt.len())] {
            println!("{}", serde_json::json!({ "name": name(what), "bytes": bytes }));
        }
    }
}

/// A store with one list, half of its places given away at random.
fn filled(path: &Path, share: u32) -> SqliteStore {
    let store = SqliteStore::new(sqlite::open(path, MIGRATIONS).unwrap());
    let db = sqlite::open(path, MIGRATIONS).unwrap();
    db.execute_batch(
        "INSERT INTO employees VALUES ('1', '{}', 0);
         INSERT INTO credentials (id, employee, type, created_at) VALUES ('c', '1', 't', 0);
         INSERT INTO status_lists DEFAULT VALUES;",
    )
    .unwrap();
    // An odd step goes once through all places of a power of two; which of them are taken back is drawn.
    let rng: &mut dyn Rng = &mut Repeatable(u64::from(share) + 1);
    db.execute_batch("BEGIN").unwrap();
    {
        let mut put = db
            .prepare("INSERT INTO places (list, place, credential, status) VALUES (1, ?1, 'c', ?2)")
            .unwrap();
        for number in 0..MAX_USED {
            let place = number.wrapping_mul(654_435_761) % LIST_PLACES;
            assert_eq!(put.execute([place, u32::from(rng.below(100) < share)]).unwrap(), 1);
        }
    }
    db.execute_batch("COMMIT").unwrap();
    store
}

fn token(store: &SqliteStore) -> StatusListToken {
    let mut list = StatusArray::valid(Bits::Two, u64::from(LIST_PLACES)).unwrap();
    for (place, status) in store.list_content(1).unwrap().unwrap().not_valid {
        list.set(u64::from(place), status).unwrap();
    }
    StatusListToken { uri: URI.into(), issued_at: NOW, expires_at: NOW.plus(86_400), ttl: 30, list }
}

fn verify(list: UnverifiedStatusList, key: &SoftwareKey) -> VerifiedStatusList {
    let signer = TrustedKey::pinned(key.public_key(), Usage::CredentialIssuer, &["employee-id"]);
    let authority = signer.authority().to_owned();
    let expected = Expected { uri: URI, authority: &authority, now: NOW };
    list.verify(&signer, &expected, &AwsLc).unwrap()
}
