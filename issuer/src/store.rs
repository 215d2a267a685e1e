//! What the issuer remembers, apart from how: each method is one transaction, and what it promises
//! holds once it returns.

mod deferrals;
mod refills;
mod sqlite;
mod sqlite_deferrals;
mod sqlite_places;
mod sqlite_refill_rules;
mod sqlite_refills;
mod sqlite_statuses;
mod statuses;

use inro_base::{Code, Coded, UnixTime};
use inro_oauth::DpopError;
use inro_openid4vci::issuer::{CredentialError, TokenError};

pub use deferrals::{
    Approval, DecisionRefused, Deferrals, MAX_INTERVAL, MIN_INTERVAL, NewDeferral, OfferLine, Poll, interval,
};
pub use refills::{NewRefills, REFILL_WINDOW, Refillable, Refills, Refresh};
pub use sqlite::{MIGRATIONS, SqliteStore};
pub use statuses::{
    ChangedStatus, CredentialState, Draw, LIST_PLACES, ListContent, MAX_USED, NewStatus, Place, StatusChange,
    StatusRefused, Statuses,
};

/// The most offers kept at once; beyond it an administrator has to wait until some end.
pub const MAX_OPEN_OFFERS: u32 = 50_000;
/// The most proofs and nonces remembered at once: 360 s at some 270 requests per second.
pub const MAX_REMEMBERED: i64 = 100_000;
/// How long proofs and nonces are remembered beyond their own time, in seconds. A request reads the
/// clock before it waits for the database, so one that is late must still find what it repeats.
pub const REMEMBER_LONGER: i64 = 60;
/// The newest proofs and nonces stay whatever the clock says: one that ran ahead and was put right would else
/// have had the store forget what is still good.
pub const REMEMBER_NEWEST: i64 = MAX_REMEMBERED / 2;
/// How many requests a token is good for: some per configuration, and far fewer than
/// [`MAX_REMEMBERED`], so that one employee's wallet cannot make the issuer busy for all.
pub const MAX_TOKEN_USES: u32 = 100;
/// The same for a token that has to outlive an approval: some 800 polls for each of four
/// configurations in 30 days, and still far fewer than [`MAX_REMEMBERED`].
pub const MAX_WAITING_TOKEN_USES: u32 = 4_000;
/// How many wrong transaction codes an offer survives, less one. Source: OpenID4VCI 1.0 §13.6.3.
pub const MAX_GUESSES: u32 = 5;

/// An offer to keep.
#[derive(Clone, Debug)]
pub struct NewOffer {
    /// The digest of its handle in base64url: whoever reads the database cannot fetch the offer.
    pub id: String,
    /// SHA-256 of the pre-authorized code.
    pub code_digest: [u8; 32],
    /// MAC of the transaction code, if one is needed.
    pub tx_code_digest: Option<[u8; 32]>,
    /// Whose credentials are offered.
    pub employee: String,
    /// What is offered, in order.
    pub configurations: Vec<String>,
    /// How many copies of each configuration may be issued.
    pub copies: u32,
    /// Whether a second person has to approve before anything is issued.
    pub needs_approval: bool,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it ends.
    pub expires_at: UnixTime,
}

/// What a wallet may read of an open offer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OpenOffer {
    /// What is offered, in order.
    pub configurations: Vec<String>,
    /// Whether a transaction code is needed.
    pub tx_code: bool,
}

/// A wish to turn a code into a token.
#[derive(Clone, Copy, Debug)]
pub struct Redemption<'a> {
    /// The DPoP proof, to be remembered.
    pub proof: Once<'a>,
    /// SHA-256 of the pre-authorized code.
    pub code_digest: &'a [u8; 32],
    /// MAC of the transaction code that came, if one came.
    pub tx_code_digest: Option<&'a [u8; 32]>,
    /// SHA-256 of the token to be.
    pub token_digest: &'a [u8; 32],
    /// The DPoP key that the token will be bound to.
    pub thumbprint: &'a str,
    /// When the token will end.
    pub token_expires_at: UnixTime,
    /// When it will end if the offer waits for an approval: it has to outlive that.
    pub waiting_token_expires_at: UnixTime,
    /// Credential identifier and configuration, where authorization details came: then the token is
    /// for these alone.
    pub identifiers: Option<&'a [(String, String)]>,
    /// The refresh token to be, where the agency refills.
    pub refills: Option<NewRefills<'a>>,
}

/// Something that may be used once.
#[derive(Clone, Copy, Debug)]
pub struct Once<'a> {
    /// Its digest.
    pub digest: &'a [u8; 32],
    /// From when on its own time refuses it.
    pub forget_at: UnixTime,
}

/// What an access token grants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// The offer behind it.
    pub offer: String,
    /// Whose credentials.
    pub employee: String,
    /// Which configurations, in order.
    pub configurations: Vec<String>,
    /// Credential identifier and configuration, where the token answer named identifiers.
    pub identifiers: Vec<(String, String)>,
    /// Whether they may be issued.
    pub approval: Approval,
}

/// A copy to record. No claims, no keys.
#[derive(Clone, Debug)]
pub struct NewCopy {
    /// Random.
    pub id: String,
    /// The format identifier.
    pub format: String,
    /// When the copy says it was issued.
    pub issued_at: UnixTime,
    /// When the copy ends.
    pub expires_at: UnixTime,
    /// Its place in a status list.
    pub place: Place,
}

/// A batch to issue.
#[derive(Clone, Copy, Debug)]
pub struct Issuance<'a> {
    /// The offer that yields the copies.
    pub offer: &'a str,
    /// The configuration that they are of.
    pub configuration: &'a str,
    /// The `c_nonce`s, to be remembered; none where that was done when it was deferred.
    pub nonces: &'a [Once<'a>],
    /// Where the wallet may tell what became of them.
    pub notice: Notice<'a>,
    /// Whose credential it is, as the record stood when the claims were made of it.
    pub employee: &'a StoredEmployee,
    /// The credential type's id.
    pub type_id: &'a str,
    /// Names the credential if it is the first of this employee and type.
    pub new_id: &'a str,
    /// The copies.
    pub copies: &'a [NewCopy],
}

/// Copies that somebody would like, before any is signed.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The offer that would yield them.
    pub offer: &'a str,
    /// The configuration that they would be of.
    pub configuration: &'a str,
    /// The `c_nonce`s of the request; none where it was accepted before and deferred.
    pub nonces: &'a [Once<'a>],
    /// How many are to be taken from the offer: none where they were taken when it was deferred.
    pub copies: usize,
    /// Whose credential it is.
    pub employee: &'a str,
    /// The credential type's id.
    pub type_id: &'a str,
}

/// A notification id that is handed out.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    /// SHA-256 of the id.
    pub id: &'a [u8; 32],
    /// SHA-256 of the access token that may use it.
    pub token_digest: &'a [u8; 32],
}

/// One line of the list of credentials.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
pub struct CredentialLine {
    /// The credential's id.
    pub id: String,
    /// Whose it is.
    pub employee: String,
    /// The credential type's id.
    #[serde(rename = "type")]
    pub type_id: String,
    /// How many copies were issued.
    pub copies: u32,
    /// When the last copy ends, in seconds since the Unix epoch.
    pub expires_at: Option<UnixTime>,
    /// How it stands.
    pub status: CredentialState,
    /// Until when a wallet may fetch new copies without a new offer, if one may.
    pub refills_until: Option<UnixTime>,
}

/// One employee as kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredEmployee {
    /// The employee number.
    pub number: String,
    /// The JSON of HR's record.
    pub record: String,
}

/// Why the store did not do as asked. Nothing of the data stands in it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database failed; `kind` is SQLite's extended result code, 0 when there is none.
    #[error("the database failed with code {kind}")]
    Database {
        /// SQLite's extended result code.
        kind: i32,
    },
    /// The table of things used once is full, another process kept the database too long, or an
    /// import changed the employee meanwhile: the same request can succeed later.
    #[error("too many requests at once")]
    Busy,
    /// As many offers are open as may be.
    #[error("{most} offers are open")]
    TooManyOffers {
        /// How many may be.
        most: u32,
    },
    /// No such employee.
    #[error("no such employee")]
    NoEmployee,
}

impl Coded for StoreError {
    fn code(&self) -> Code {
        match self {
            Self::Database { .. } => const { Code::new("INRO-ISSUER-001") },
            Self::Busy => const { Code::new("INRO-ISSUER-002") },
            Self::TooManyOffers { .. } => const { Code::new("INRO-ISSUER-003") },
            Self::NoEmployee => const { Code::new("INRO-ISSUER-004") },
        }
    }
}

/// A refusal by what is remembered, or a failure of the store.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Denied<E> {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The protocol refuses.
    #[error("refused")]
    Refused(E),
}

/// Why no copies were granted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CopiesRefused {
    /// The nonce was used.
    Protocol(CredentialError),
    /// The offer yielded all its copies.
    Exhausted,
    /// The credential is suspended, or was revoked after the offer was made.
    TakenBack,
}

/// Keeps one employee for the time being.
pub type Keep<'k> = dyn FnMut(&StoredEmployee) -> Result<(), StoreError> + 'k;

/// Hands on employees one by one, so that a file of millions needs no room, and tells at its end
/// whether they are to be kept.
pub type Feed<'f> = dyn FnMut(&mut Keep<'_>) -> Result<bool, StoreError> + 'f;

/// Employees as HR last told.
pub trait Employees: Send + Sync {
    /// Adds or updates each employee that `feed` hands on, and keeps them if `feed` returns true.
    ///
    /// # Errors
    /// What `feed` returns, or when the database fails; then nothing changed.
    fn import(&self, now: UnixTime, feed: &mut Feed<'_>) -> Result<Imported, StoreError>;

    /// One employee.
    ///
    /// # Errors
    /// [`StoreError::NoEmployee`] when there is none.
    fn employee(&self, number: &str) -> Result<StoredEmployee, StoreError>;

    /// All employees by number.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    fn employees(&self) -> Result<Vec<StoredEmployee>, StoreError>;
}

/// What an import changed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Serialize)]
pub struct Imported {
    /// New numbers.
    pub added: u32,
    /// Numbers that were there before.
    pub updated: u32,
}

/// Offers, tokens, and what may be used once.
pub trait Sessions: Send + Sync {
    /// Keeps an offer, and forgets those that ended.
    ///
    /// # Errors
    /// [`StoreError::TooManyOffers`] when there are as many as may be.
    fn add_offer(&self, offer: &NewOffer) -> Result<(), StoreError>;

    /// An offer that can still be redeemed.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    fn open_offer(&self, id: &str, now: UnixTime) -> Result<Option<OpenOffer>, StoreError>;

    /// Turns a code into a token, once; a wrong transaction code costs a guess. A request that
    /// changes nothing, such as one with an unknown code, leaves nothing behind.
    ///
    /// # Errors
    /// [`TokenError`] when the proof, the code or the transaction code is refused.
    fn redeem(&self, redemption: &Redemption<'_>, now: UnixTime) -> Result<Grant, Denied<TokenError>>;

    /// What a token grants to the holder of the key `thumbprint`; remembers the proof.
    ///
    /// # Errors
    /// [`CredentialError::Token`] for an unknown, ended or spent token, else why the proof is refused.
    fn authorize(
        &self,
        token_digest: &[u8; 32],
        thumbprint: &str,
        proof: Once<'_>,
        now: UnixTime,
    ) -> Result<Grant, Denied<CredentialError>>;

    /// Whether a batch could be issued as things stand: what is refused should cost neither signatures nor
    /// places in status lists. Takes nothing; [`Self::take_copies`] and [`Deferrals::collect`] decide.
    ///
    /// # Errors
    /// As [`Self::take_copies`].
    fn check_wish(&self, wish: &Wish<'_>, now: UnixTime) -> Result<(), Denied<CopiesRefused>>;

    /// Takes the copies from what the offer may yield, remembers the nonces and records the copies:
    /// all, or nothing.
    ///
    /// # Errors
    /// [`CopiesRefused`] when a nonce was used or the copies are spent; [`StoreError::Busy`] also
    /// when HR's record of the employee is no longer the same.
    fn take_copies(&self, issuance: &Issuance<'_>, now: UnixTime) -> Result<(), Denied<CopiesRefused>>;
}

/// Which copies were issued.
pub trait Copies: Send + Sync {
    /// Every credential, by employee and type.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    fn credentials(&self) -> Result<Vec<CredentialLine>, StoreError>;
}

/// Everything that the issuer remembers.
pub trait Store: Employees + Sessions + Copies + Deferrals + Statuses + Refills {}

impl<S: Employees + Sessions + Copies + Deferrals + Statuses + Refills> Store for S {}

impl From<DpopError> for Denied<TokenError> {
    fn from(error: DpopError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<DpopError> for Denied<CredentialError> {
    fn from(error: DpopError) -> Self {
        Self::Refused(error.into())
    }
}
