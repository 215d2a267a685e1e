//! What an issuance does to places and to the state of its credential, inside its transaction.

use rusqlite::{Connection, params};

use super::statuses::Place;

/// Attaches the places of copies that are about to be sent to their credential.
pub(super) fn attach(db: &Connection, place: Place, credential: &str) -> Result<(), rusqlite::Error> {
    let attached = db.execute(
        "UPDATE places SET credential = ?3 WHERE list = ?1 AND place = ?2 AND credential IS NULL",
        params![place.list, place.index, credential],
    )?;
    // A copy without a place could never be taken back, so it must not be sent.
    if attached == 1 { Ok(()) } else { Err(rusqlite::Error::QueryReturnedNoRows) }
}

/// Whether nothing speaks against new copies of a credential under an offer: it is not suspended, and
/// if it was revoked, the offer is newer than that.
pub(super) fn may_issue(db: &Connection, credential: &str, offer: &str) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT status = 'valid' OR (status = 'revoked' AND NOT EXISTS (
                   SELECT 1 FROM status_changes WHERE credential = ?1 AND status = 'revoked'
                       AND id > (SELECT after_change FROM offers WHERE id = ?2)))
               FROM credentials WHERE id = ?1";
    db.query_row(sql, params![credential, offer], |row| row.get(0))
}

/// New copies of a credential that was revoked: it stands again, and its old copies do not.
pub(super) fn stand_again(db: &Connection, credential: &str) -> Result<(), rusqlite::Error> {
    let sql =
        "UPDATE credentials SET status = 'valid', status_at = NULL WHERE id = ?1 AND status = 'revoked'";
    db.execute(sql, params![credential]).map(drop)
}
