//! Deferrals, decisions and notifications in SQLite.

use inro_base::UnixTime;
use inro_crypto::PublicKey;
use inro_openid4vci::NotificationEvent;
use inro_openid4vci::issuer::{CredentialError, NotificationError};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::deferrals::{Approval, DecisionRefused, Deferrals, NewDeferral, OfferLine, Poll, interval};
use super::sqlite::{
    Outcome, SqliteStore, approval, configurations, is_unchanged, record, remember_nonces, take_from_offer,
};
use super::{CopiesRefused, Denied, Issuance, StoreError};

/// How long a token lives once everything was collected that it waited for, in seconds: long enough to
/// tell what became of it.
const COLLECTED_TOKEN_LIFETIME: i64 = 300;

/// A public key in the column `keys`: both coordinates.
const KEY_BYTES: usize = 64;

impl Deferrals for SqliteStore {
    fn decide(&self, offer: &str, approve: bool, now: UnixTime) -> Result<(), Denied<DecisionRefused>> {
        self.write(|db| {
            let decision = if approve { "approved" } else { "rejected" };
            let decided = db.execute(
                "UPDATE offers SET decision = ?2, decided_at = ?3
                 WHERE id = ?1 AND needs_approval AND decision IS NULL AND (used_at IS NOT NULL OR expires_at > ?3)",
                params![offer, decision, now.as_secs()],
            )?;
            if decided == 1 {
                if !approve {
                    // They are of no use any more.
                    db.execute(
                        "UPDATE deferrals SET keys = x'' WHERE token IN (SELECT digest FROM tokens WHERE offer = ?1)",
                        params![offer],
                    )?;
                }
                return Ok(Outcome::Done(()));
            }
            let found: Option<(bool, bool)> = db
                .query_row(
                    "SELECT needs_approval, decision IS NOT NULL FROM offers WHERE id = ?1",
                    params![offer],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()?;
            Ok(Outcome::Undo(Denied::Refused(match found {
                Some((false, _)) => DecisionRefused::NotNeeded,
                Some((true, true)) => DecisionRefused::Decided,
                Some((true, false)) | None => DecisionRefused::Unknown,
            })))
        })
    }

    fn offers(&self) -> Result<Vec<OfferLine>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare(
                // Not those that are kept for their refills alone.
                "SELECT id, employee, used_at IS NOT NULL, needs_approval, decision, created_at, expires_at
                 FROM offers
                 WHERE NOT EXISTS (SELECT 1 FROM refills WHERE refills.offer = offers.id)
                    OR EXISTS (SELECT 1 FROM tokens WHERE tokens.offer = offers.id)
                 ORDER BY created_at DESC, id",
            )?;
            let rows = query.query_map([], |row| {
                let needs_approval: bool = row.get(3)?;
                let decision: Option<String> = row.get(4)?;
                Ok(OfferLine {
                    id: row.get(0)?,
                    employee: row.get(1)?,
                    configurations: Vec::new(),
                    redeemed: row.get(2)?,
                    approval: needs_approval.then(|| approval(true, decision.as_deref())),
                    created_at: UnixTime::from_secs(row.get(5)?),
                    expires_at: UnixTime::from_secs(row.get(6)?),
                })
            })?;
            let mut lines = rows.collect::<Result<Vec<_>, _>>()?;
            for line in &mut lines {
                line.configurations = configurations(db, &line.id)?;
            }
            Ok(lines)
        })
    }

    fn defer(&self, deferral: &NewDeferral<'_>, now: UnixTime) -> Result<(), Denied<CopiesRefused>> {
        self.write(|db| {
            if let Some(refusal) = remember_nonces(db, deferral.nonces, now)? {
                return Ok(Outcome::Undo(refusal));
            }
            if !is_unchanged(db, deferral.employee)? {
                return Ok(Outcome::Undo(StoreError::Busy.into()));
            }
            if !take_from_offer(db, deferral.offer, deferral.configuration, deferral.keys.len())? {
                return Ok(Outcome::Undo(Denied::Refused(CopiesRefused::Exhausted)));
            }
            db.execute(
                "INSERT INTO deferrals (id, token, configuration, keys, created_at, next_poll_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    deferral.id,
                    deferral.token_digest,
                    deferral.configuration,
                    to_bytes(deferral.keys),
                    now.as_secs(),
                    now.plus(interval(0)).as_secs()
                ],
            )?;
            Ok(Outcome::Done(()))
        })
    }

    fn poll(
        &self,
        id: &[u8; 32],
        token_digest: &[u8; 32],
        now: UnixTime,
    ) -> Result<Poll, Denied<CredentialError>> {
        self.write(|db| {
            let Some(found) = open_deferral(db, id, token_digest)? else {
                return Ok(Outcome::Undo(Denied::Refused(CredentialError::Transaction)));
            };
            let early = found.next_poll_at.seconds_since(now);
            if early > 0 {
                return Ok(Outcome::Done(Poll::Wait { interval: early }));
            }
            match found.approval {
                Approval::Rejected => Ok(Outcome::Done(Poll::Rejected)),
                Approval::Granted => {
                    let (configuration, keys) = (found.configuration, from_bytes(&found.keys));
                    Ok(Outcome::Done(Poll::Ready { configuration, keys }))
                }
                Approval::Waiting => {
                    let interval = interval(now.seconds_since(found.created_at));
                    let next = now.plus(interval).as_secs();
                    db.execute("UPDATE deferrals SET next_poll_at = ?2 WHERE id = ?1", params![id, next])?;
                    Ok(Outcome::Done(Poll::Wait { interval }))
                }
            }
        })
    }

    fn collect(
        &self,
        id: &[u8; 32],
        issuance: &Issuance<'_>,
        now: UnixTime,
    ) -> Result<(), Denied<CopiesRefused>> {
        self.write(|db| {
            let ended = db.execute(
                "UPDATE deferrals SET used_at = ?2, keys = x'' WHERE id = ?1 AND used_at IS NULL",
                params![id, now.as_secs()],
            )?;
            if ended != 1 {
                let refusal = CopiesRefused::Protocol(CredentialError::Transaction);
                return Ok(Outcome::Undo(Denied::Refused(refusal)));
            }
            if !is_unchanged(db, issuance.employee)? {
                return Ok(Outcome::Undo(StoreError::Busy.into()));
            }
            if !record(db, issuance, now)? {
                return Ok(Outcome::Undo(Denied::Refused(CopiesRefused::TakenBack)));
            }
            // Nothing is waited for any more, so the token need not outlive anything.
            db.execute(
                "UPDATE tokens SET expires_at = min(expires_at, ?2)
                 WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM deferrals WHERE token = ?1 AND used_at IS NULL)",
                params![issuance.notice.token_digest, now.plus(COLLECTED_TOKEN_LIFETIME).as_secs()],
            )?;
            Ok(Outcome::Done(()))
        })
    }

    fn notify(
        &self,
        id: &[u8; 32],
        token_digest: &[u8; 32],
        event: NotificationEvent,
        now: UnixTime,
    ) -> Result<(), Denied<NotificationError>> {
        self.write(|db| {
            let written = db.execute(
                "UPDATE notices SET event = ?3, received_at = ?4 WHERE id = ?1 AND token = ?2",
                params![id, token_digest, event.as_str(), now.as_secs()],
            )?;
            match written {
                1 => Ok(Outcome::Done(())),
                _ => Ok(Outcome::Undo(Denied::Refused(NotificationError::Unknown))),
            }
        })
    }
}

struct OpenDeferral {
    configuration: String,
    keys: Vec<u8>,
    created_at: UnixTime,
    next_poll_at: UnixTime,
    approval: Approval,
}

fn open_deferral(
    db: &Connection,
    id: &[u8; 32],
    token_digest: &[u8; 32],
) -> Result<Option<OpenDeferral>, rusqlite::Error> {
    db.query_row(
        "SELECT deferrals.configuration, deferrals.keys, deferrals.created_at, deferrals.next_poll_at,
                offers.needs_approval, offers.decision
         FROM deferrals JOIN tokens ON tokens.digest = deferrals.token JOIN offers ON offers.id = tokens.offer
         WHERE deferrals.id = ?1 AND deferrals.token = ?2 AND deferrals.used_at IS NULL",
        params![id, token_digest],
        |row| {
            let decision: Option<String> = row.get(5)?;
            Ok(OpenDeferral {
                configuration: row.get(0)?,
                keys: row.get(1)?,
                created_at: UnixTime::from_secs(row.get(2)?),
                next_poll_at: UnixTime::from_secs(row.get(3)?),
                approval: approval(row.get(4)?, decision.as_deref()),
            })
        },
    )
    .optional()
}

fn to_bytes(keys: &[PublicKey]) -> Vec<u8> {
    keys.iter().flat_map(|key| key.x().iter().chain(key.y()).copied().collect::<Vec<u8>>()).collect()
}

/// What [`to_bytes`] made; it was checked before it was stored.
fn from_bytes(bytes: &[u8]) -> Vec<PublicKey> {
    let key = |bytes: &[u8]| {
        let (x, y) = bytes.split_first_chunk::<32>()?;
        PublicKey::from_coordinates(x, y.try_into().ok()?).ok()
    };
    bytes.chunks(KEY_BYTES).filter_map(key).collect()
}
