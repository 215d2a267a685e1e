//! Refresh tokens: who may fetch new copies without a new offer, and for how long.

use inro_base::UnixTime;
use inro_openid4vci::issuer::TokenError;

use super::deferrals::Approval;
use super::{Denied, Once, StoreError};

/// The time within which refills are counted, in seconds.
pub const REFILL_WINDOW: i64 = 86_400;

/// A refresh token to keep.
#[derive(Clone, Copy, Debug)]
pub struct NewRefills<'a> {
    /// SHA-256 of the token.
    pub digest: &'a [u8; 32],
    /// When refills end.
    pub expires_at: UnixTime,
}

/// What a refresh token is still good for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refillable {
    /// Whose credentials.
    pub employee: String,
    /// Which configurations, in order; at least one.
    pub configurations: Vec<String>,
    /// Whether they may be issued.
    pub approval: Approval,
}

/// A wish to turn a refresh token into an access token and the next refresh token.
#[derive(Clone, Copy, Debug)]
pub struct Refresh<'a> {
    /// The DPoP proof, to be remembered.
    pub proof: Once<'a>,
    /// SHA-256 of the refresh token that was presented.
    pub presented: &'a [u8; 32],
    /// SHA-256 of the next one.
    pub next: &'a [u8; 32],
    /// The DPoP key of the request.
    pub thumbprint: &'a str,
    /// SHA-256 of the access token to be.
    pub token_digest: &'a [u8; 32],
    /// When that will end.
    pub token_expires_at: UnixTime,
    /// What may be fetched anew.
    pub configurations: &'a [String],
    /// Credential identifier and configuration, where authorization details came.
    pub identifiers: Option<&'a [(String, String)]>,
    /// How many refills the employee's wallets may ask for within [`REFILL_WINDOW`].
    pub most: u32,
}

/// Refresh tokens.
pub trait Refills: Send + Sync {
    /// What a refresh token is good for in the hands of the key `thumbprint`; `None` when it is unknown,
    /// ended, replaced, or another key's. Takes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    fn refillable(
        &self,
        presented: &[u8; 32],
        thumbprint: &str,
        now: UnixTime,
    ) -> Result<Option<Refillable>, StoreError>;

    /// Replaces a refresh token, and lets the access token fetch as many copies as an offer brings.
    ///
    /// A token may be presented again until its holder used what it brought: the answer may have been lost.
    /// What the lost answer held is of no use then. Of two who present one token at once, the second to come
    /// is such a repetition; in the end one refresh token and one access token are good.
    ///
    /// # Errors
    /// [`TokenError::RefreshToken`], [`TokenError::TooOften`], or why the proof is refused;
    /// [`StoreError::Busy`] when what it is good for changed meanwhile.
    fn refresh(&self, refresh: &Refresh<'_>, now: UnixTime) -> Result<(), Denied<TokenError>>;

    /// Ends the refills of an employee, or of all, for good; how many refresh tokens ended.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    fn end_refills(&self, employee: Option<&str>) -> Result<usize, StoreError>;
}
