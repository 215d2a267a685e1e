//! Statuses in SQLite. A list's content is derived from the places that are not valid, which an index
//! knows: neither memory nor time depends on how many credentials there are in all.

use inro_base::UnixTime;
use inro_status::Status;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::sqlite::{Outcome, SqliteStore};
use super::sqlite_refill_rules::end_refills_of_type;
use super::statuses::{
    ChangedStatus, CredentialState, Draw, LIST_PLACES, ListContent, MAX_USED, NewStatus, Place, StatusChange,
    StatusRefused, Statuses,
};
use super::{Denied, StoreError};

/// How often a place is drawn that is taken already before something must be wrong: a list is at most
/// half full, so this happens once in 2^64 times.
const MAX_DRAWS: u32 = 64;

impl Statuses for SqliteStore {
    fn reserve_places(&self, count: usize, draw: &mut Draw<'_>) -> Result<Vec<Place>, StoreError> {
        self.write(|db| {
            let mut places = Vec::with_capacity(count);
            for _ in 0..count {
                match reserve(db, draw)? {
                    Some(place) => places.push(place),
                    None => return Ok(Outcome::Undo(StoreError::Busy)),
                }
            }
            Ok(Outcome::Done(places))
        })
    }

    fn change_status(
        &self,
        status: &NewStatus<'_>,
        now: UnixTime,
    ) -> Result<ChangedStatus, Denied<StatusRefused>> {
        self.write(|db| {
            let Some((employee, type_id, state)) = credential(db, status.credential)? else {
                return Ok(Outcome::Undo(Denied::Refused(StatusRefused::Unknown)));
            };
            if let Err(refused) = check(state, status.change) {
                return Ok(Outcome::Undo(Denied::Refused(refused)));
            }
            let copies = change_places(db, status.credential, status.change)?;
            if status.change == StatusChange::Revoke {
                end_refills_of_type(db, &employee, &type_id)?;
            }
            let state = status.change.state();
            db.execute(
                "UPDATE credentials SET status = ?2, status_at = ?3 WHERE id = ?1",
                params![status.credential, state.as_str(), now.as_secs()],
            )?;
            db.execute(
                "INSERT INTO status_changes (credential, status, reason, operator, at) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![status.credential, state.as_str(), status.reason, status.operator, now.as_secs()],
            )?;
            Ok(Outcome::Done(ChangedStatus {
                id: status.credential.to_owned(),
                employee,
                type_id,
                status: state,
                copies,
                copies_without_status: without_status(db, status.credential, now)?,
            }))
        })
    }

    fn end_offers(&self, employee: &str, now: UnixTime) -> Result<usize, StoreError> {
        self.write(|db| {
            let given = params![employee, now.as_secs()];
            let waiting = db.execute(
                "UPDATE deferrals SET used_at = ?2, keys = x'' WHERE used_at IS NULL AND token IN (
                     SELECT digest FROM tokens JOIN offers ON offers.id = tokens.offer WHERE employee = ?1)",
                given,
            )?;
            db.execute(
                "UPDATE offer_configurations SET copies_left = 0
                 WHERE offer IN (SELECT id FROM offers WHERE employee = ?1)",
                params![employee],
            )?;
            let open = db.execute(
                "UPDATE offers SET expires_at = ?2 WHERE employee = ?1 AND used_at IS NULL AND expires_at > ?2",
                given,
            )?;
            Ok(Outcome::Done(open.saturating_add(waiting)))
        })
    }

    fn state(&self, employee: &str, type_id: &str) -> Result<Option<CredentialState>, StoreError> {
        self.read(|db| {
            let sql = "SELECT status FROM credentials WHERE employee = ?1 AND type = ?2";
            let found: Option<String> =
                db.query_row(sql, params![employee, type_id], |row| row.get(0)).optional()?;
            Ok(found.map(|text| CredentialState::of(&text)))
        })
    }

    fn list_version(&self, list: i64) -> Result<Option<i64>, StoreError> {
        self.read(|db| version(db, list))
    }

    fn list_content(&self, list: i64) -> Result<Option<ListContent>, StoreError> {
        self.read(|db| {
            // One snapshot, so that content and version belong together.
            let snapshot = db.unchecked_transaction()?;
            let Some(version) = version(&snapshot, list)? else { return Ok(None) };
            let mut query =
                snapshot.prepare("SELECT place, status FROM places WHERE list = ?1 AND status <> 0")?;
            let rows = query.query_map([list], |row| Ok((row.get(0)?, Status::of(row.get(1)?))))?;
            Ok(Some(ListContent { version, not_valid: rows.collect::<Result<_, _>>()? }))
        })
    }
}

fn reserve(db: &Connection, draw: &mut Draw<'_>) -> Result<Option<Place>, rusqlite::Error> {
    let open: Option<i64> = db
        .query_row("SELECT id FROM status_lists WHERE used < ?1 ORDER BY id LIMIT 1", [MAX_USED], |row| {
            row.get(0)
        })
        .optional()?;
    let list = match open {
        Some(list) => list,
        None => {
            db.execute("INSERT INTO status_lists DEFAULT VALUES", [])?;
            db.last_insert_rowid()
        }
    };
    let mut take = db.prepare_cached(
        "INSERT INTO places (list, place) VALUES (?1, ?2) ON CONFLICT (list, place) DO NOTHING",
    )?;
    for _ in 0..MAX_DRAWS {
        let index = draw(LIST_PLACES);
        if take.execute(params![list, index])? == 1 {
            db.execute("UPDATE status_lists SET used = used + 1 WHERE id = ?1", [list])?;
            return Ok(Some(Place { list, index }));
        }
    }
    Ok(None)
}

fn credential(
    db: &Connection,
    id: &str,
) -> Result<Option<(String, String, CredentialState)>, rusqlite::Error> {
    let sql = "SELECT employee, type, status FROM credentials WHERE id = ?1";
    db.query_row(sql, [id], |row| {
        Ok((row.get(0)?, row.get(1)?, CredentialState::of(&row.get::<_, String>(2)?)))
    })
    .optional()
}

const fn check(state: CredentialState, change: StatusChange) -> Result<(), StatusRefused> {
    match (state, change) {
        (CredentialState::Revoked, _) => Err(StatusRefused::Revoked),
        (CredentialState::Valid, StatusChange::Resume)
        | (CredentialState::Suspended, StatusChange::Suspend) => Err(StatusRefused::Unchanged),
        (CredentialState::Valid | CredentialState::Suspended, _) => Ok(()),
    }
}

/// Every place of the credential, in every list.
fn change_places(db: &Connection, credential: &str, change: StatusChange) -> Result<u32, rusqlite::Error> {
    let (to, from) = change.values();
    let mut changed = 0;
    // First, while the places still tell which lists change.
    db.execute(
        "UPDATE status_lists SET version = version + 1
         WHERE id IN (SELECT DISTINCT list FROM places WHERE credential = ?1)",
        [credential],
    )?;
    for from in from {
        let sql = "UPDATE places SET status = ?2 WHERE credential = ?1 AND status = ?3";
        let rows = db.execute(sql, params![credential, to, from])?;
        changed += u32::try_from(rows).unwrap_or(u32::MAX);
    }
    Ok(changed)
}

/// Copies that are still in their time and have no place in a list.
fn without_status(db: &Connection, credential: &str, now: UnixTime) -> Result<u32, rusqlite::Error> {
    let sql = "SELECT max(0, (SELECT count(*) FROM copies WHERE credential = ?1)
                           - (SELECT count(*) FROM places WHERE credential = ?1))
               WHERE EXISTS (SELECT 1 FROM copies WHERE credential = ?1 AND expires_at > ?2)";
    let found: Option<u32> =
        db.query_row(sql, params![credential, now.as_secs()], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(0))
}

fn version(db: &Connection, list: i64) -> Result<Option<i64>, rusqlite::Error> {
    db.query_row("SELECT version FROM status_lists WHERE id = ?1", [list], |row| row.get(0)).optional()
}
