//! The store in SQLite. Every method that writes is one immediate transaction.

use std::sync::{Mutex, MutexGuard, PoisonError};

use inro_base::UnixTime;
use inro_oauth::DpopError;
use inro_openid4vci::details::DetailsError;
use inro_openid4vci::issuer::{CredentialError, TokenError};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::deferrals::Approval;
use super::sqlite_places::{attach, may_issue, stand_again};
use super::sqlite_refill_rules::{REFILLS_END, confirm, put_refills, supersede};
use super::statuses::CredentialState;
use super::{
    Copies, CopiesRefused, CredentialLine, Denied, Employees, Feed, Grant, Imported, Issuance, MAX_GUESSES,
    MAX_OPEN_OFFERS, MAX_REMEMBERED, MAX_TOKEN_USES, MAX_WAITING_TOKEN_USES, NewOffer, Once, OpenOffer,
    REMEMBER_LONGER, REMEMBER_NEWEST, Redemption, Sessions, StoreError, StoredEmployee, Wish,
};

/// The numbered migrations, in order.
pub const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_start.sql"),
    include_str!("../../migrations/0002_status.sql"),
    include_str!("../../migrations/0003_deferred.sql"),
    include_str!("../../migrations/0004_offer_order.sql"),
    include_str!("../../migrations/0005_refills.sql"),
];

/// The store in one SQLite database, which the admin CLI may use at the same time.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Mutex<Connection>,
    max_offers: u32,
}

impl SqliteStore {
    /// Takes a connection whose migrations ran.
    pub const fn new(connection: Connection) -> Self {
        Self { connection: Mutex::new(connection), max_offers: MAX_OPEN_OFFERS }
    }

    /// The same store with another bound than [`MAX_OPEN_OFFERS`].
    #[must_use]
    pub fn with_max_offers(self, max_offers: u32) -> Self {
        Self { max_offers, ..self }
    }

    /// A poisoned lock is sound to use: a transaction that was dropped in a panic was rolled back.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        Ok(work(&self.lock())?)
    }

    pub(super) fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<Outcome<T, E>, rusqlite::Error>,
    ) -> Result<T, E> {
        let mut connection = self.lock();
        let failed = |error: rusqlite::Error| E::from(StoreError::from(error));
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        match work(&transaction).map_err(failed)? {
            Outcome::Done(value) => transaction.commit().map_err(failed).map(|()| value),
            Outcome::KeepAndRefuse(error) => {
                transaction.commit().map_err(failed)?;
                Err(error)
            }
            Outcome::Undo(error) => Err(error),
        }
    }
}

/// How a transaction ends.
pub(super) enum Outcome<T, E> {
    /// Commit.
    Done(T),
    /// Commit what was written and refuse: a guess counts, a proof is remembered.
    KeepAndRefuse(E),
    /// Roll back and refuse.
    Undo(E),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        // Such as a long import by the admin CLI: it passes, so the client may try again.
        if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) {
            return Self::Busy;
        }
        let kind = error.sqlite_error().map_or(0, |error| error.extended_code);
        Self::Database { kind }
    }
}

impl Employees for SqliteStore {
    fn import(&self, now: UnixTime, feed: &mut Feed<'_>) -> Result<Imported, StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut done = Imported::default();
        if !feed(&mut |employee| Ok(put_employee(&transaction, employee, now, &mut done)?))? {
            return Ok(Imported::default());
        }
        transaction.commit()?;
        Ok(done)
    }

    fn employee(&self, number: &str) -> Result<StoredEmployee, StoreError> {
        let found = self
            .lock()
            .query_row(
                "SELECT number, record FROM employees WHERE number = ?1",
                params![number],
                stored_employee,
            )
            .optional()?;
        found.ok_or(StoreError::NoEmployee)
    }

    fn employees(&self) -> Result<Vec<StoredEmployee>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare("SELECT number, record FROM employees ORDER BY number")?;
        let rows = query.query_map([], stored_employee)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Sessions for SqliteStore {
    fn add_offer(&self, offer: &NewOffer) -> Result<(), StoreError> {
        self.write(|db| {
            purge(db, offer.created_at)?;
            // Those that are kept for their refills are none that wait.
            let sql = "SELECT (SELECT count(*) FROM offers) - (SELECT count(*) FROM refills)";
            let open: u32 = db.query_row(sql, [], |row| row.get(0))?;
            if open >= self.max_offers {
                let most = self.max_offers;
                return Ok(Outcome::KeepAndRefuse(StoreError::TooManyOffers { most }));
            }
            let known = db.prepare("SELECT 1 FROM employees WHERE number = ?1")?.exists(params![offer.employee])?;
            if !known {
                return Ok(Outcome::Undo(StoreError::NoEmployee));
            }
            db.execute(
                "INSERT INTO offers (id, code_digest, tx_code_digest, guesses_left, employee, created_at, expires_at, needs_approval, after_change)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, (SELECT coalesce(max(id), 0) FROM status_changes))",
                params![
                    offer.id,
                    offer.code_digest,
                    offer.tx_code_digest,
                    MAX_GUESSES,
                    offer.employee,
                    offer.created_at.as_secs(),
                    offer.expires_at.as_secs(),
                    offer.needs_approval
                ],
            )?;
            for (position, configuration) in (0_u32..).zip(&offer.configurations) {
                db.execute(
                    "INSERT INTO offer_configurations (offer, position, configuration, copies_left) VALUES (?1, ?2, ?3, ?4)",
                    params![offer.id, position, configuration, offer.copies],
                )?;
            }
            Ok(Outcome::Done(()))
        })
    }

    fn open_offer(&self, id: &str, now: UnixTime) -> Result<Option<OpenOffer>, StoreError> {
        let connection = self.lock();
        let tx_code: Option<bool> = connection
            .query_row(
                "SELECT tx_code_digest IS NOT NULL FROM offers
                 WHERE id = ?1 AND used_at IS NULL AND expires_at > ?2 AND guesses_left > 0
                   AND decision IS NOT 'rejected'",
                params![id, now.as_secs()],
                |row| row.get(0),
            )
            .optional()?;
        let Some(tx_code) = tx_code else {
            return Ok(None);
        };
        Ok(Some(OpenOffer { configurations: configurations(&connection, id)?, tx_code }))
    }

    fn redeem(&self, redemption: &Redemption<'_>, now: UnixTime) -> Result<Grant, Denied<TokenError>> {
        self.write(|db| {
            // Before anything is written: a stranger without a code must not fill the table.
            let Some(offer) = redeemable(db, redemption.code_digest, now)? else {
                return Ok(Outcome::Undo(Denied::Refused(TokenError::Code)));
            };
            if let Some(refusal) = remember(db, redemption.proof, now)? {
                return Ok(Outcome::Undo(refusal.into_denied()));
            }
            match check_tx_code(db, &offer, redemption.tx_code_digest)? {
                Ok(()) => {}
                Err(guess @ TokenError::TxCodeWrong { .. }) => {
                    return Ok(Outcome::KeepAndRefuse(Denied::Refused(guess)));
                }
                Err(refusal) => return Ok(Outcome::Undo(Denied::Refused(refusal))),
            }
            if !take_offer(db, &offer.id, now)? {
                return Ok(Outcome::Undo(Denied::Refused(TokenError::Code)));
            }
            put_token(db, &offer, redemption)?;
            let configurations = configurations(db, &offer.id)?;
            let identifiers = redemption.identifiers.unwrap_or_default();
            if !put_identifiers(db, redemption.token_digest, identifiers, &configurations)? {
                let refusal = TokenError::Details(DetailsError::NotOffered);
                return Ok(Outcome::Undo(Denied::Refused(refusal)));
            }
            if let Some(refills) = redemption.refills {
                put_refills(db, &offer.id, redemption.thumbprint, refills, identifiers)?;
            }
            Ok(Outcome::Done(Grant {
                offer: offer.id,
                employee: offer.employee,
                configurations,
                identifiers: identifiers.to_vec(),
                approval: offer.approval,
            }))
        })
    }

    fn authorize(
        &self,
        token_digest: &[u8; 32],
        thumbprint: &str,
        proof: Once<'_>,
        now: UnixTime,
    ) -> Result<Grant, Denied<CredentialError>> {
        self.write(|db| {
            let token: Option<(String, String, String, Approval)> = db
                .query_row(
                    "SELECT offers.id, offers.employee, tokens.thumbprint, needs_approval, decision FROM tokens JOIN offers ON offers.id = tokens.offer
                     WHERE tokens.digest = ?1 AND tokens.expires_at > ?2 AND tokens.uses_left > 0",
                    params![token_digest, now.as_secs()],
                    |row| {
                        let decision: Option<String> = row.get(4)?;
                        let approval = approval(row.get(3)?, decision.as_deref());
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, approval))
                    },
                )
                .optional()?;
            let Some((offer, employee, bound_to, approval)) = token else {
                return Ok(Outcome::Undo(Denied::Refused(CredentialError::Token)));
            };
            if bound_to != thumbprint {
                return Ok(Outcome::Undo(DpopError::OtherKey.into()));
            }
            if let Some(refusal) = remember(db, proof, now)? {
                return Ok(Outcome::Undo(refusal.into_denied()));
            }
            db.execute("UPDATE tokens SET uses_left = uses_left - 1 WHERE digest = ?1", params![token_digest])?;
            confirm(db, token_digest)?;
            let configurations = configurations(db, &offer)?;
            let identifiers = identifiers(db, token_digest)?;
            Ok(Outcome::Done(Grant { offer, employee, configurations, identifiers, approval }))
        })
    }

    fn check_wish(&self, wish: &Wish<'_>, now: UnixTime) -> Result<(), Denied<CopiesRefused>> {
        let refused = self.read(|db| {
            for nonce in wish.nonces {
                if is_remembered(db, nonce.digest, now)? {
                    return Ok(Some(CopiesRefused::Protocol(CredentialError::NonceUsed)));
                }
            }
            if !yields(db, wish)? {
                return Ok(Some(CopiesRefused::Exhausted));
            }
            let id = credential_id(db, wish.employee, wish.type_id)?;
            let may = id.map_or(Ok(true), |id| may_issue(db, &id, wish.offer))?;
            Ok((!may).then_some(CopiesRefused::TakenBack))
        })?;
        refused.map_or(Ok(()), |refused| Err(Denied::Refused(refused)))
    }

    fn take_copies(&self, issuance: &Issuance<'_>, now: UnixTime) -> Result<(), Denied<CopiesRefused>> {
        self.write(|db| {
            if let Some(refusal) = remember_nonces(db, issuance.nonces, now)? {
                return Ok(Outcome::Undo(refusal));
            }
            if !is_unchanged(db, issuance.employee)? {
                return Ok(Outcome::Undo(StoreError::Busy.into()));
            }
            if !take_from_offer(db, issuance.offer, issuance.configuration, issuance.copies.len())? {
                return Ok(Outcome::Undo(Denied::Refused(CopiesRefused::Exhausted)));
            }
            if !record(db, issuance, now)? {
                return Ok(Outcome::Undo(Denied::Refused(CopiesRefused::TakenBack)));
            }
            Ok(Outcome::Done(()))
        })
    }
}

impl Copies for SqliteStore {
    fn credentials(&self) -> Result<Vec<CredentialLine>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare(&format!(
            "SELECT credentials.id, employee, type, count(copies.id), max(copies.expires_at), credentials.status,
                    ({REFILLS_END})
             FROM credentials LEFT JOIN copies ON copies.credential = credentials.id
             GROUP BY credentials.id ORDER BY employee, type",
        ))?;
        let rows = query.query_map([], |row| {
            Ok(CredentialLine {
                id: row.get(0)?,
                employee: row.get(1)?,
                type_id: row.get(2)?,
                copies: row.get(3)?,
                expires_at: row.get::<_, Option<i64>>(4)?.map(UnixTime::from_secs),
                status: CredentialState::of(&row.get::<_, String>(5)?),
                refills_until: row.get::<_, Option<i64>>(6)?.map(UnixTime::from_secs),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn put_employee(
    db: &Connection,
    employee: &StoredEmployee,
    now: UnixTime,
    done: &mut Imported,
) -> Result<(), rusqlite::Error> {
    if db.prepare_cached("SELECT 1 FROM employees WHERE number = ?1")?.exists(params![employee.number])? {
        done.updated += 1;
    } else {
        done.added += 1;
    }
    let mut put = db.prepare_cached(
        "INSERT INTO employees (number, record, updated_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (number) DO UPDATE SET record = excluded.record, updated_at = excluded.updated_at",
    )?;
    put.execute(params![employee.number, employee.record, now.as_secs()])?;
    Ok(())
}

/// Why a digest was not remembered.
pub(super) enum Forgetful {
    /// It is there already.
    Seen,
    /// There is no room.
    Full,
}

impl Forgetful {
    pub(super) fn into_denied<E>(self) -> Denied<E>
    where
        Denied<E>: From<DpopError>,
    {
        match self {
            Self::Seen => DpopError::Replayed.into(),
            Self::Full => StoreError::Busy.into(),
        }
    }
}

/// Names the credential if it is new, and adds its copies. False, and nothing to keep, when it was taken
/// back.
pub(super) fn record(
    db: &Connection,
    issuance: &Issuance<'_>,
    now: UnixTime,
) -> Result<bool, rusqlite::Error> {
    db.execute(
        "INSERT INTO credentials (id, employee, type, created_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (employee, type) DO NOTHING",
        params![issuance.new_id, issuance.employee.number, issuance.type_id, now.as_secs()],
    )?;
    let id = credential_id(db, &issuance.employee.number, issuance.type_id)?;
    let id = id.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    if !may_issue(db, &id, issuance.offer)? {
        return Ok(false);
    }
    stand_again(db, &id)?;
    supersede(db, issuance)?;
    let mut put = db.prepare(
        "INSERT INTO copies (id, credential, format, issued_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let notice = issuance.notice;
    db.execute("INSERT INTO notices (id, token) VALUES (?1, ?2)", params![notice.id, notice.token_digest])?;
    for copy in issuance.copies {
        put.execute(params![copy.id, id, copy.format, copy.issued_at.as_secs(), copy.expires_at.as_secs()])?;
        attach(db, copy.place, &id)?;
    }
    Ok(true)
}

fn credential_id(db: &Connection, employee: &str, type_id: &str) -> Result<Option<String>, rusqlite::Error> {
    let sql = "SELECT id FROM credentials WHERE employee = ?1 AND type = ?2";
    db.query_row(sql, params![employee, type_id], |row| row.get(0)).optional()
}

/// Whether HR's record is as it was: what HR changed since the claims were made must not be missed,
/// least of all a departure.
pub(super) fn is_unchanged(db: &Connection, employee: &StoredEmployee) -> Result<bool, rusqlite::Error> {
    db.prepare("SELECT 1 FROM employees WHERE number = ?1 AND record = ?2")?
        .exists(params![employee.number, employee.record])
}

/// Whether an offer has as many copies left.
fn yields(db: &Connection, wish: &Wish<'_>) -> Result<bool, rusqlite::Error> {
    let copies = u32::try_from(wish.copies).unwrap_or(u32::MAX);
    db.prepare(
        "SELECT 1 FROM offer_configurations WHERE offer = ?1 AND configuration = ?2 AND copies_left >= ?3",
    )?
    .exists(params![wish.offer, wish.configuration, copies])
}

/// Takes copies from what an offer may yield; whether there were as many.
pub(super) fn take_from_offer(
    db: &Connection,
    offer: &str,
    configuration: &str,
    copies: usize,
) -> Result<bool, rusqlite::Error> {
    let taken = db.execute(
        "UPDATE offer_configurations SET copies_left = copies_left - ?3
         WHERE offer = ?1 AND configuration = ?2 AND copies_left >= ?3",
        params![offer, configuration, u32::try_from(copies).unwrap_or(u32::MAX)],
    )?;
    Ok(taken == 1)
}

/// What stands in the columns `needs_approval` and `decision`.
pub(super) fn approval(needs_approval: bool, decision: Option<&str>) -> Approval {
    match (needs_approval, decision) {
        (false, _) | (true, Some("approved")) => Approval::Granted,
        (true, Some("rejected")) => Approval::Rejected,
        (true, _) => Approval::Waiting,
    }
}

struct Redeemable {
    id: String,
    employee: String,
    tx_code_digest: Option<[u8; 32]>,
    guesses_left: u32,
    approval: Approval,
}

/// Single use as one conditional write: the digest is unique.
pub(super) fn remember(
    db: &Connection,
    once: Once<'_>,
    now: UnixTime,
) -> Result<Option<Forgetful>, rusqlite::Error> {
    db.execute(
        "DELETE FROM used WHERE expires_at <= ?1 AND rowid <= (SELECT max(rowid) FROM used) - ?2",
        params![now.as_secs(), REMEMBER_NEWEST],
    )?;
    let span: i64 =
        db.query_row("SELECT coalesce(max(rowid) - min(rowid) + 1, 0) FROM used", [], |row| row.get(0))?;
    if span >= MAX_REMEMBERED {
        return Ok(Some(Forgetful::Full));
    }
    let written = db.execute(
        "INSERT INTO used (digest, expires_at) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING",
        params![once.digest, once.forget_at.plus(REMEMBER_LONGER).as_secs()],
    )?;
    Ok((written == 0).then_some(Forgetful::Seen))
}

/// Remembers every nonce of a request; why that request is refused, where one was used before.
pub(super) fn remember_nonces(
    db: &Connection,
    nonces: &[Once<'_>],
    now: UnixTime,
) -> Result<Option<Denied<CopiesRefused>>, rusqlite::Error> {
    for nonce in nonces {
        match remember(db, *nonce, now)? {
            None => {}
            Some(Forgetful::Seen) => {
                let refusal = CopiesRefused::Protocol(CredentialError::NonceUsed);
                return Ok(Some(Denied::Refused(refusal)));
            }
            Some(Forgetful::Full) => return Ok(Some(StoreError::Busy.into())),
        }
    }
    Ok(None)
}

/// Whether [`remember`] would find it.
fn is_remembered(db: &Connection, digest: &[u8; 32], now: UnixTime) -> Result<bool, rusqlite::Error> {
    db.prepare("SELECT 1 FROM used WHERE digest = ?1 AND expires_at > ?2")?
        .exists(params![digest, now.as_secs()])
}

fn redeemable(
    db: &Connection,
    code_digest: &[u8; 32],
    now: UnixTime,
) -> Result<Option<Redeemable>, rusqlite::Error> {
    db.query_row(
        "SELECT id, employee, tx_code_digest, guesses_left, needs_approval, decision FROM offers
         WHERE code_digest = ?1 AND used_at IS NULL AND expires_at > ?2 AND decision IS NOT 'rejected'",
        params![code_digest, now.as_secs()],
        |row| {
            let decision: Option<String> = row.get(5)?;
            Ok(Redeemable {
                approval: approval(row.get(4)?, decision.as_deref()),
                id: row.get(0)?,
                employee: row.get(1)?,
                tx_code_digest: row.get(2)?,
                guesses_left: row.get(3)?,
            })
        },
    )
    .optional()
}

/// Single use as one conditional write.
fn take_offer(db: &Connection, id: &str, now: UnixTime) -> Result<bool, rusqlite::Error> {
    let taken = db.execute(
        "UPDATE offers SET used_at = ?2
         WHERE id = ?1 AND used_at IS NULL AND expires_at > ?2 AND guesses_left > 0",
        params![id, now.as_secs()],
    )?;
    Ok(taken == 1)
}

fn put_token(
    db: &Connection,
    offer: &Redeemable,
    redemption: &Redemption<'_>,
) -> Result<(), rusqlite::Error> {
    let (uses, expires_at) = match offer.approval {
        Approval::Waiting => (MAX_WAITING_TOKEN_USES, redemption.waiting_token_expires_at),
        Approval::Granted | Approval::Rejected => (MAX_TOKEN_USES, redemption.token_expires_at),
    };
    db.execute(
        "INSERT INTO tokens (digest, offer, thumbprint, uses_left, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![redemption.token_digest, offer.id, redemption.thumbprint, uses, expires_at.as_secs()],
    )?;
    Ok(())
}

/// Keeps the credential identifiers of a token; whether each is of something that is offered.
pub(super) fn put_identifiers(
    db: &Connection,
    token_digest: &[u8; 32],
    identifiers: &[(String, String)],
    offered: &[String],
) -> Result<bool, rusqlite::Error> {
    for (position, (identifier, configuration)) in (0_u32..).zip(identifiers) {
        if !offered.contains(configuration) {
            return Ok(false);
        }
        db.execute(
            "INSERT INTO identifiers (token, position, identifier, configuration) VALUES (?1, ?2, ?3, ?4)",
            params![token_digest, position, identifier, configuration],
        )?;
    }
    Ok(true)
}

fn identifiers(db: &Connection, token_digest: &[u8; 32]) -> Result<Vec<(String, String)>, rusqlite::Error> {
    let mut query =
        db.prepare("SELECT identifier, configuration FROM identifiers WHERE token = ?1 ORDER BY position")?;
    let rows = query.query_map(params![token_digest], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// Checks the transaction code; a wrong one costs a guess in the same transaction.
fn check_tx_code(
    db: &Connection,
    offer: &Redeemable,
    given: Option<&[u8; 32]>,
) -> Result<Result<(), TokenError>, rusqlite::Error> {
    if offer.guesses_left == 0 {
        return Ok(Err(TokenError::Dead));
    }
    match (&offer.tx_code_digest, given) {
        (None, None) => Ok(Ok(())),
        (None, Some(_)) => Ok(Err(TokenError::TxCodeUnwanted)),
        (Some(_), None) => Ok(Err(TokenError::TxCodeAbsent)),
        // Both are MACs under the server's key, so the time that this takes tells nothing.
        (Some(expected), Some(given)) if expected == given => Ok(Ok(())),
        (Some(_), Some(_)) => {
            db.execute(
                "UPDATE offers SET guesses_left = guesses_left - 1 WHERE id = ?1 AND guesses_left > 0",
                params![offer.id],
            )?;
            Ok(Err(TokenError::TxCodeWrong { left: offer.guesses_left.saturating_sub(1) }))
        }
    }
}

/// Forgets tokens that ended, and offers that ended with no token left.
fn purge(db: &Connection, now: UnixTime) -> Result<(), rusqlite::Error> {
    db.execute("DELETE FROM tokens WHERE expires_at <= ?1", params![now.as_secs()])?;
    db.execute("DELETE FROM refills WHERE expires_at <= ?1", params![now.as_secs()])?;
    db.execute(
        "DELETE FROM offers WHERE expires_at <= ?1
             AND NOT EXISTS (SELECT 1 FROM tokens WHERE tokens.offer = offers.id)
             AND NOT EXISTS (SELECT 1 FROM refills WHERE refills.offer = offers.id)",
        params![now.as_secs()],
    )?;
    Ok(())
}

pub(super) fn configurations(db: &Connection, offer: &str) -> Result<Vec<String>, rusqlite::Error> {
    let mut query =
        db.prepare("SELECT configuration FROM offer_configurations WHERE offer = ?1 ORDER BY position")?;
    let rows = query.query_map(params![offer], |row| row.get(0))?;
    rows.collect()
}

fn stored_employee(row: &rusqlite::Row<'_>) -> Result<StoredEmployee, rusqlite::Error> {
    Ok(StoredEmployee { number: row.get(0)?, record: row.get(1)? })
}
