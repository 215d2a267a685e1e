//! The deferred credential endpoint's work: what waits for a second person's approval.

use inro_openid4vci::issuer::{CheckedDeferredRequest, RequestBody};

use crate::employees;
use crate::error::IssuerError;
use crate::issue::{IssueRefused, Issued, waiting};
use crate::issuer::Issuer;
use crate::store::{Notice, Poll, Wish};

impl Issuer {
    /// Answers a deferred credential request: with the copies once they are approved, as the employee's
    /// record stands then, else with the same transaction again.
    ///
    /// # Errors
    /// [`IssueRefused`] names who refuses.
    ///
    /// Source: OpenID4VCI 1.0 §9.
    pub fn collect<'h>(
        &self,
        authorization: impl IntoIterator<Item = &'h str>,
        dpop: impl IntoIterator<Item = &'h str>,
        body: RequestBody<'_>,
    ) -> Result<Issued, IssueRefused> {
        let now = self.now();
        let (access, grant) = self.authorized(authorization, dpop, self.deferred_endpoint(), now)?;
        let request = CheckedDeferredRequest::check(body, self.encryption(), self.provider())?;
        let transaction = &request.transaction_digest;
        let (configuration, keys) = match self.store().poll(transaction, &access.token_digest, now)? {
            Poll::Wait { interval } => {
                let response = waiting(request.transaction_id, interval);
                return Ok(Issued { response, reply: request.reply });
            }
            Poll::Rejected => return Err(IssuerError::NotApproved.into()),
            Poll::Ready { configuration, keys } => (configuration, keys),
        };
        let stored = self.store().employee(&grant.employee)?;
        let employee = employees::in_office(&stored, now)?;
        let content = self.content(&configuration, &employee, now)?;
        let wish = Wish {
            offer: &grant.offer,
            configuration: &configuration,
            nonces: &[],
            copies: 0,
            employee: &stored.number,
            type_id: content.type_id(),
        };
        self.store().check_wish(&wish, now)?;
        let batch = self.batch(&content, &keys)?;
        let notice = Notice { id: &batch.notice, token_digest: &access.token_digest };
        let issuance = batch.issuance(&grant.offer, &configuration, &[], notice, &stored);
        self.store().collect(transaction, &issuance, now)?;
        Ok(Issued { response: batch.response, reply: request.reply })
    }
}
