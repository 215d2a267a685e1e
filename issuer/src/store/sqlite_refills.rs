//! Refresh tokens in SQLite.

use inro_base::UnixTime;
use inro_openid4vci::issuer::TokenError;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::deferrals::Approval;
use super::refills::{REFILL_WINDOW, Refillable, Refills, Refresh};
use super::sqlite::{Outcome, SqliteStore, approval, put_identifiers, remember};
use super::sqlite_refill_rules::replace;
use super::{Denied, MAX_TOKEN_USES, StoreError};

impl Refills for SqliteStore {
    fn refillable(
        &self,
        presented: &[u8; 32],
        thumbprint: &str,
        now: UnixTime,
    ) -> Result<Option<Refillable>, StoreError> {
        self.read(|db| {
            let Some(line) = line(db, presented, thumbprint, now)? else { return Ok(None) };
            let configurations = refillable_configurations(db, &line.offer)?;
            let refillable = Refillable { employee: line.employee, approval: line.approval, configurations };
            Ok((!refillable.configurations.is_empty()).then_some(refillable))
        })
    }

    fn refresh(&self, refresh: &Refresh<'_>, now: UnixTime) -> Result<(), Denied<TokenError>> {
        self.write(|db| {
            // Before anything is written: a stranger without a token must not fill the table.
            let Some(line) = line(db, refresh.presented, refresh.thumbprint, now)? else {
                return Ok(Outcome::Undo(Denied::Refused(TokenError::RefreshToken)));
            };
            if let Some(refusal) = remember(db, refresh.proof, now)? {
                return Ok(Outcome::Undo(refusal.into_denied()));
            }
            if !count(db, &line.employee, refresh.most, now)? {
                return Ok(Outcome::Undo(Denied::Refused(TokenError::TooOften)));
            }
            if !replace(db, line.number, refresh)? {
                return Ok(Outcome::Undo(Denied::Refused(TokenError::RefreshToken)));
            }
            for configuration in refresh.configurations {
                if !fill(db, &line.offer, configuration)? {
                    return Ok(Outcome::Undo(StoreError::Busy.into()));
                }
            }
            put_token(db, &line.offer, refresh)?;
            let identifiers = refresh.identifiers.unwrap_or_default();
            if !put_identifiers(db, refresh.token_digest, identifiers, refresh.configurations)? {
                return Ok(Outcome::Undo(StoreError::Busy.into()));
            }
            Ok(Outcome::Done(()))
        })
    }

    fn end_refills(&self, employee: Option<&str>) -> Result<usize, StoreError> {
        self.write(|db| {
            db.execute(
                "UPDATE offer_configurations SET refill = 0 WHERE refill > 0
                     AND (?1 IS NULL OR offer IN (SELECT offer FROM refills WHERE employee = ?1))",
                params![employee],
            )?;
            let ended =
                db.execute("DELETE FROM refills WHERE ?1 IS NULL OR employee = ?1", params![employee])?;
            Ok(Outcome::Done(ended))
        })
    }
}

struct Line {
    number: i64,
    offer: String,
    employee: String,
    approval: Approval,
}

fn line(
    db: &Connection,
    presented: &[u8; 32],
    thumbprint: &str,
    now: UnixTime,
) -> Result<Option<Line>, rusqlite::Error> {
    db.query_row(
        "SELECT number, offer, refills.employee, needs_approval, decision
         FROM refills JOIN offers ON offers.id = refills.offer
         WHERE (current = ?1 OR previous = ?1) AND thumbprint = ?2 AND refills.expires_at > ?3",
        params![presented, thumbprint, now.as_secs()],
        |row| {
            let decision: Option<String> = row.get(4)?;
            Ok(Line {
                number: row.get(0)?,
                offer: row.get(1)?,
                employee: row.get(2)?,
                approval: approval(row.get(3)?, decision.as_deref()),
            })
        },
    )
    .optional()
}

fn refillable_configurations(db: &Connection, offer: &str) -> Result<Vec<String>, rusqlite::Error> {
    let mut query = db.prepare(
        "SELECT configuration FROM offer_configurations WHERE offer = ?1 AND refill > 0 ORDER BY position",
    )?;
    let rows = query.query_map(params![offer], |row| row.get(0))?;
    rows.collect()
}

/// Counts a refill; whether it is one too many.
fn count(db: &Connection, employee: &str, most: u32, now: UnixTime) -> Result<bool, rusqlite::Error> {
    // A clock that was turned back begins anew, too: a window in the future would last.
    db.execute(
        "INSERT INTO refill_counts (employee, since, count) VALUES (?1, ?2, 0)
         ON CONFLICT (employee) DO UPDATE SET since = excluded.since, count = 0
             WHERE since <= excluded.since - ?3 OR since > excluded.since",
        params![employee, now.as_secs(), REFILL_WINDOW],
    )?;
    let sql = "UPDATE refill_counts SET count = count + 1 WHERE employee = ?1 AND count < ?2";
    Ok(db.execute(sql, params![employee, most])? == 1)
}

/// As many copies as the offer brought; whether there is such a configuration.
fn fill(db: &Connection, offer: &str, configuration: &str) -> Result<bool, rusqlite::Error> {
    let sql = "UPDATE offer_configurations SET copies_left = refill
               WHERE offer = ?1 AND configuration = ?2 AND refill > 0";
    Ok(db.execute(sql, params![offer, configuration])? == 1)
}

/// The new access token in the place of those that earlier answers brought.
fn put_token(db: &Connection, offer: &str, refresh: &Refresh<'_>) -> Result<(), rusqlite::Error> {
    db.execute("DELETE FROM tokens WHERE offer = ?1 AND refreshed", params![offer])?;
    db.execute(
        "INSERT INTO tokens (digest, offer, thumbprint, uses_left, expires_at, refreshed)
         VALUES (?1, ?2, ?3, ?4, ?5, 1)",
        params![
            refresh.token_digest,
            offer,
            refresh.thumbprint,
            MAX_TOKEN_USES,
            refresh.token_expires_at.as_secs()
        ],
    )?;
    Ok(())
}
