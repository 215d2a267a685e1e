//! What replaces a refresh token, and what ends it.

use rusqlite::{Connection, params};

use super::Issuance;
use super::refills::{NewRefills, Refresh};

/// The rule of repetition, as one conditional write: the newest token and the one before it are good, and
/// what is presented becomes the one before the next. Who presents the newest thereby gives up the one
/// before it; so does who uses an access token of the newest ([`confirm`]).
pub(super) fn replace(db: &Connection, number: i64, refresh: &Refresh<'_>) -> Result<bool, rusqlite::Error> {
    let sql = "UPDATE refills SET previous = ?2, current = ?3 WHERE number = ?1 AND (current = ?2 OR previous = ?2)";
    Ok(db.execute(sql, params![number, refresh.presented, refresh.next])? == 1)
}

/// An access token is used, so the answer that brought it arrived: the refresh token before it is of no use
/// any more.
pub(super) fn confirm(db: &Connection, token_digest: &[u8; 32]) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE refills SET previous = NULL WHERE previous IS NOT NULL
               AND offer = (SELECT offer FROM tokens WHERE digest = ?1 AND refreshed)";
    db.execute(sql, params![token_digest]).map(drop)
}

/// Keeps a refresh token for what an offer was redeemed for: all that it covers, or what was asked for.
pub(super) fn put_refills(
    db: &Connection,
    offer: &str,
    thumbprint: &str,
    refills: NewRefills<'_>,
    identifiers: &[(String, String)],
) -> Result<(), rusqlite::Error> {
    // Nothing was taken from the offer yet.
    const FILL: &str = "UPDATE offer_configurations SET refill = copies_left WHERE offer = ?1";
    match identifiers {
        [] => drop(db.execute(FILL, params![offer])?),
        _ => {
            for (_, configuration) in identifiers {
                db.execute(&format!("{FILL} AND configuration = ?2"), params![offer, configuration])?;
            }
        }
    }
    db.execute(
        "INSERT INTO refills (offer, employee, thumbprint, current, expires_at)
         SELECT id, employee, ?2, ?3, ?4 FROM offers WHERE id = ?1",
        params![offer, thumbprint, refills.digest, refills.expires_at.as_secs()],
    )?;
    Ok(())
}

/// A later enrolment brought copies: an earlier one brings none of that configuration any more.
pub(super) fn supersede(db: &Connection, issuance: &Issuance<'_>) -> Result<(), rusqlite::Error> {
    let employee = &issuance.employee.number;
    db.execute(
        "UPDATE offer_configurations SET refill = 0, copies_left = 0
         WHERE configuration = ?2 AND offer IN (
             SELECT earlier.offer FROM refills AS earlier JOIN refills AS own ON own.offer = ?3
             WHERE earlier.employee = ?1 AND earlier.number < own.number)",
        params![employee, issuance.configuration, issuance.offer],
    )?;
    forget_empty(db, employee)
}

/// The credential of a type was revoked: no refill brings it back.
pub(super) fn end_refills_of_type(
    db: &Connection,
    employee: &str,
    type_id: &str,
) -> Result<(), rusqlite::Error> {
    // A configuration is named by type and format, and a format has no point.
    db.execute(
        "UPDATE offer_configurations SET refill = 0
         WHERE offer IN (SELECT offer FROM refills WHERE employee = ?1)
           AND substr(configuration, 1, length(?2) + 1) = ?2 || '.'
           AND instr(substr(configuration, length(?2) + 2), '.') = 0",
        params![employee, type_id],
    )?;
    forget_empty(db, employee)
}

/// Until when the credentials of an employee and a type can be fetched anew.
pub(super) const REFILLS_END: &str = "SELECT max(expires_at) FROM refills
     JOIN offer_configurations ON offer_configurations.offer = refills.offer
     WHERE refill > 0 AND refills.employee = credentials.employee
       AND substr(configuration, 1, length(credentials.type) + 1) = credentials.type || '.'
       AND instr(substr(configuration, length(credentials.type) + 2), '.') = 0";

/// Forgets refresh tokens that are good for nothing.
fn forget_empty(db: &Connection, employee: &str) -> Result<(), rusqlite::Error> {
    let sql = "DELETE FROM refills WHERE employee = ?1 AND NOT EXISTS (
                   SELECT 1 FROM offer_configurations WHERE offer = refills.offer AND refill > 0)";
    db.execute(sql, params![employee]).map(drop)
}
