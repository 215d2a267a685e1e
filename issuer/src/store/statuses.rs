//! Whether the agency stands by what it issued.

use inro_base::UnixTime;
use inro_status::Status;

use super::{Denied, StoreError};

/// How many places a status list has. A verifier fetches it whole: empty, some hundred bytes; with
/// one place in a hundred taken back, some 20 KB.
pub const LIST_PLACES: u32 = 1 << 20;
/// How many places of a list are given away. The rest stays empty, so that a random one is found free
/// within a few attempts, and its number tells nothing of when.
pub const MAX_USED: u32 = LIST_PLACES / 2;

/// A place in a status list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// The list's number.
    pub list: i64,
    /// The place in it.
    pub index: u32,
}

/// How a credential stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialState {
    /// The agency stands by it.
    Valid,
    /// Taken back for a while.
    Suspended,
    /// Taken back for good.
    Revoked,
}

/// What is to become of a credential.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StatusChange {
    /// Take it back for good.
    Revoke,
    /// Take it back for a while.
    Suspend,
    /// Stand by it again.
    Resume,
}

/// A change to take down.
#[derive(Clone, Copy, Debug)]
pub struct NewStatus<'a> {
    /// The credential's id.
    pub credential: &'a str,
    /// What is to become of it.
    pub change: StatusChange,
    /// Why, in the operator's words.
    pub reason: &'a str,
    /// Who.
    pub operator: &'a str,
}

/// What a change did.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
pub struct ChangedStatus {
    /// The credential's id.
    pub id: String,
    /// Whose it is.
    pub employee: String,
    /// The credential type's id.
    #[serde(rename = "type")]
    pub type_id: String,
    /// How it stands now.
    pub status: CredentialState,
    /// How many copies change with it in the status lists.
    pub copies: u32,
    /// How many copies were issued before there were status lists: they hold until they end.
    pub copies_without_status: u32,
}

/// Why a status was not changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StatusRefused {
    /// No such credential.
    Unknown,
    /// It is revoked, which is for good.
    Revoked,
    /// It stands so already, or cannot resume because it is not suspended.
    Unchanged,
}

/// One list as it is to be published.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListContent {
    /// Goes up with each change.
    pub version: i64,
    /// The places that are not valid.
    pub not_valid: Vec<(u32, Status)>,
}

/// Draws a number below its argument.
pub type Draw<'d> = dyn FnMut(u32) -> u32 + 'd;

/// Statuses and their lists.
pub trait Statuses: Send + Sync {
    /// Gives away `count` places that nobody has, at random. They stay given away.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    fn reserve_places(&self, count: usize, draw: &mut Draw<'_>) -> Result<Vec<Place>, StoreError>;

    /// Takes a change down: in every list and in the record of changes, or not at all. When it returns,
    /// the change holds.
    ///
    /// # Errors
    /// [`StatusRefused`] when it cannot be made.
    fn change_status(
        &self,
        status: &NewStatus<'_>,
        now: UnixTime,
    ) -> Result<ChangedStatus, Denied<StatusRefused>>;

    /// Ends what an employee could still get: offers that nobody used, copies that tokens have left, and
    /// requests that wait or were approved and not collected. Gives the number of offers and requests.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    fn end_offers(&self, employee: &str, now: UnixTime) -> Result<usize, StoreError>;

    /// How the credential of an employee and a type stands; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    fn state(&self, employee: &str, type_id: &str) -> Result<Option<CredentialState>, StoreError>;

    /// The version of a list; `None` when there is no such list.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    fn list_version(&self, list: i64) -> Result<Option<i64>, StoreError>;

    /// What a list says; `None` when there is no such list. One list is read at a time.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    fn list_content(&self, list: i64) -> Result<Option<ListContent>, StoreError>;
}

impl CredentialState {
    /// As it is stored and shown to programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }

    pub(super) fn of(text: &str) -> Self {
        match text {
            "valid" => Self::Valid,
            "suspended" => Self::Suspended,
            // The table allows nothing else; if it did, standing by it would be the worse mistake.
            _ => Self::Revoked,
        }
    }
}

impl StatusChange {
    /// How the credential stands after it.
    pub const fn state(self) -> CredentialState {
        match self {
            Self::Revoke => CredentialState::Revoked,
            Self::Suspend => CredentialState::Suspended,
            Self::Resume => CredentialState::Valid,
        }
    }

    /// The value in the list, and the one before it, for those copies that change.
    pub(super) const fn values(self) -> (u8, &'static [u8]) {
        match self {
            Self::Revoke => (1, &[0, 2]),
            Self::Suspend => (2, &[0]),
            Self::Resume => (0, &[2]),
        }
    }
}
