//! What waits for a decision, and what wallets say of what they got.

use inro_base::UnixTime;
use inro_crypto::PublicKey;
use inro_openid4vci::NotificationEvent;
use inro_openid4vci::issuer::{CredentialError, NotificationError};

use super::{CopiesRefused, Denied, Issuance, Once, StoreError, StoredEmployee};

/// The shortest time between two polls of one deferral, in seconds.
pub const MIN_INTERVAL: i64 = 5;
/// The longest, in seconds.
pub const MAX_INTERVAL: i64 = 3_600;

/// How long a wallet has to wait before it polls again for what it has waited `age` seconds for: a
/// quarter of that. So a decision at once is seen at once, and 30 days cost some 800 polls.
pub fn interval(age: i64) -> i64 {
    (age / 4).clamp(MIN_INTERVAL, MAX_INTERVAL)
}

/// Whether what an offer covers may be issued.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Approval {
    /// Nobody has to decide, or somebody approved.
    Granted,
    /// Somebody has to decide.
    Waiting,
    /// Somebody decided against it.
    Rejected,
}

/// A deferral to keep.
#[derive(Clone, Copy, Debug)]
pub struct NewDeferral<'a> {
    /// SHA-256 of the transaction id.
    pub id: &'a [u8; 32],
    /// SHA-256 of the access token.
    pub token_digest: &'a [u8; 32],
    /// The offer behind it.
    pub offer: &'a str,
    /// What was asked for.
    pub configuration: &'a str,
    /// The holder's keys.
    pub keys: &'a [PublicKey],
    /// The `c_nonce`s, to be remembered.
    pub nonces: &'a [Once<'a>],
    /// Whose credential it will be, as the record stood when it was looked at.
    pub employee: &'a StoredEmployee,
}

/// What a poll finds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Poll {
    /// Not yet: nobody decided, or the wallet came too early.
    Wait {
        /// In seconds, positive.
        interval: i64,
    },
    /// The credentials may be issued now.
    Ready {
        /// What was asked for.
        configuration: String,
        /// The holder's keys.
        keys: Vec<PublicKey>,
    },
    /// Somebody decided against it.
    Rejected,
}

/// Why a decision was not taken down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DecisionRefused {
    /// No such offer, or it ended before a wallet redeemed it.
    Unknown,
    /// It was decided before.
    Decided,
    /// The offer needs no approval.
    NotNeeded,
}

/// One line of the list of offers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OfferLine {
    /// The offer's id.
    pub id: String,
    /// To whom.
    pub employee: String,
    /// What is offered, in order.
    pub configurations: Vec<String>,
    /// Whether a wallet redeemed it.
    pub redeemed: bool,
    /// Whether it may be issued; `None` when nobody has to decide.
    pub approval: Option<Approval>,
    /// When it was made.
    pub created_at: UnixTime,
    /// Until when it can be redeemed.
    pub expires_at: UnixTime,
}

/// Deferred issuances, decisions and notifications.
pub trait Deferrals: Send + Sync {
    /// Takes down the decision on an offer, once.
    ///
    /// # Errors
    /// [`DecisionRefused`] when there is nothing to decide.
    fn decide(&self, offer: &str, approve: bool, now: UnixTime) -> Result<(), Denied<DecisionRefused>>;

    /// The offers that are kept, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    fn offers(&self) -> Result<Vec<OfferLine>, StoreError>;

    /// Keeps what was asked for, remembers the nonces and takes the copies from what the offer may
    /// yield: all, or nothing.
    ///
    /// # Errors
    /// As [`super::Sessions::take_copies`].
    fn defer(&self, deferral: &NewDeferral<'_>, now: UnixTime) -> Result<(), Denied<CopiesRefused>>;

    /// What a poll with this token finds; one that is not too early moves the next one.
    ///
    /// # Errors
    /// [`CredentialError::Transaction`] when the token has no such open transaction.
    fn poll(
        &self,
        id: &[u8; 32],
        token_digest: &[u8; 32],
        now: UnixTime,
    ) -> Result<Poll, Denied<CredentialError>>;

    /// Ends the transaction with the digest `id`, and records the copies: both, or nothing.
    ///
    /// # Errors
    /// [`CredentialError::Transaction`] when another request ended it first; [`StoreError::Busy`] also
    /// when HR's record of the employee is no longer the same.
    fn collect(
        &self,
        id: &[u8; 32],
        issuance: &Issuance<'_>,
        now: UnixTime,
    ) -> Result<(), Denied<CopiesRefused>>;

    /// Takes down what a wallet says of the credentials with this notification id; the last word
    /// counts.
    ///
    /// # Errors
    /// [`NotificationError::Unknown`] when the token has no such id.
    fn notify(
        &self,
        id: &[u8; 32],
        token_digest: &[u8; 32],
        event: NotificationEvent,
        now: UnixTime,
    ) -> Result<(), Denied<NotificationError>>;
}
