//! Status lists as the issuer publishes them: made of one list's places when somebody asks, signed, and
//! kept until a status changes or their time is over.

use std::sync::Arc;

use inro_base::UnixTime;
use inro_credential::Format;
use inro_status::{Bits, StatusArray, StatusError, StatusListToken, StatusReference};

use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::signed_lists::{ListFormat, Signed, TTL};
use crate::store::{
    ChangedStatus, CredentialState, Denied, LIST_PLACES, NewStatus, Place, StatusChange, StatusRefused,
};

/// From when on a list must not be used, in seconds: verifiers go on for a day while the issuer is down,
/// as their policies say.
pub const LIFETIME: i64 = 24 * 3_600;
impl Issuer {
    /// A place in a status list for each of `count` copies.
    pub(crate) fn reserve_places(&self, count: usize) -> Result<Vec<Place>, IssuerError> {
        Ok(self.store().reserve_places(count, &mut |bound| self.with_rng(|rng| rng.below(bound)))?)
    }

    /// How a copy refers to its place.
    pub(crate) fn status_reference(&self, place: Place) -> StatusReference {
        StatusReference { uri: self.list_uri(place.list), index: u64::from(place.index) }
    }

    /// The signed list of a number; `None` when there is no such list.
    ///
    /// # Errors
    /// [`IssuerError`] when the database fails or the key cannot be used.
    ///
    /// Source: Token Status List §8.
    pub fn status_list(&self, list: i64, format: ListFormat) -> Result<Option<Arc<[u8]>>, IssuerError> {
        let Some(version) = self.store().list_version(list)? else { return Ok(None) };
        let make = |now| self.sign_list(list, format, now);
        self.signed_lists().find_or_make((list, format), version, || self.now(), make)
    }

    fn sign_list(&self, list: i64, format: ListFormat, now: UnixTime) -> Result<Option<Signed>, IssuerError> {
        let Some(content) = self.store().list_content(list)? else { return Ok(None) };
        let mut array = StatusArray::valid(Bits::Two, u64::from(LIST_PLACES))?;
        for (place, status) in &content.not_valid {
            array.set(u64::from(*place), *status)?;
        }
        let token = StatusListToken {
            uri: self.list_uri(list),
            issued_at: now,
            expires_at: now.plus(LIFETIME).min(self.signer_ends_at()),
            ttl: TTL,
            list: array,
        };
        let token = match format {
            ListFormat::Jwt => {
                let unsigned = token.jwt_to_sign(self.chain());
                let signature = self.signer().sign_es256(unsigned.signing_input())?;
                unsigned.finish(&signature).into_bytes()
            }
            ListFormat::Cwt => {
                let unsigned = token.cwt_to_sign(self.chain());
                let signature = self.signer().sign_es256(unsigned.signing_input())?;
                unsigned.finish_tagged(&signature)
            }
        };
        Ok(Some(Signed { version: content.version, signed_at: now, token: token.into() }))
    }

    /// Refuses to offer what is suspended: its new copies would be valid.
    pub(crate) fn check_not_suspended(
        &self,
        employee: &str,
        configurations: &[String],
    ) -> Result<(), IssuerError> {
        for configuration in configurations {
            let (kind, _): (_, Format) = self.named_by(configuration)?;
            if self.store().state(employee, kind.id())? == Some(CredentialState::Suspended) {
                return Err(IssuerError::Suspended);
            }
        }
        Ok(())
    }

    fn list_uri(&self, list: i64) -> String {
        format!("{}/status-lists/{list}", self.url().as_str())
    }
}

/// Changes the status of a credential; when it returns, the change holds.
///
/// # Errors
/// [`IssuerError`] when there is no such credential, or it cannot change so.
pub fn change(
    store: &dyn crate::store::Statuses,
    id: &str,
    change: StatusChange,
    reason: &str,
    operator: &str,
    now: UnixTime,
) -> Result<ChangedStatus, IssuerError> {
    let status = NewStatus { credential: id, change, reason, operator };
    store.change_status(&status, now).map_err(|denied| match denied {
        Denied::Store(error) => error.into(),
        Denied::Refused(StatusRefused::Unknown) => IssuerError::UnknownCredential,
        Denied::Refused(StatusRefused::Revoked) => IssuerError::Revoked,
        Denied::Refused(StatusRefused::Unchanged) => IssuerError::StatusUnchanged,
    })
}

impl From<StatusError> for IssuerError {
    fn from(error: StatusError) -> Self {
        Self::StatusList(error)
    }
}
