//! The notification endpoint's work: what wallets say of what they got.

use inro_openid4vci::issuer::{CheckedNotification, NotificationError};

use crate::issuer::Issuer;
use crate::store::Denied;

impl Issuer {
    /// Takes down a notification; the same again changes nothing.
    ///
    /// # Errors
    /// [`Denied`] with the protocol's refusal, or when the database fails.
    ///
    /// Source: OpenID4VCI 1.0 §11.
    pub fn notice<'h>(
        &self,
        authorization: impl IntoIterator<Item = &'h str>,
        dpop: impl IntoIterator<Item = &'h str>,
        body: &[u8],
    ) -> Result<(), Denied<NotificationError>> {
        let now = self.now();
        let authorized = self.authorized(authorization, dpop, self.notification_endpoint(), now);
        let (access, _) = authorized.map_err(|denied| match denied {
            Denied::Store(error) => Denied::Store(error),
            Denied::Refused(error) => Denied::Refused(error.into()),
        })?;
        let notification = CheckedNotification::check(body, self.provider()).map_err(Denied::Refused)?;
        self.store().notify(&notification.id_digest, &access.token_digest, notification.event, now)
    }
}
