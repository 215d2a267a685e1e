//! Refills: a refresh token becomes an access token, as long as the agency would issue.

use inro_base::{Secret, UnixTime};
use inro_openid4vci::details::DetailsError;
use inro_openid4vci::issuer::{CheckedTokenRequest, TokenError};

use crate::employees;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::redeem::{RedeemRefused, TOKEN_LIFETIME, Token};
use crate::store::{Approval, CredentialState, Once, Refillable, Refresh};

impl Issuer {
    /// Who turns refills off ends those that there are: they do not come back when refills do.
    ///
    /// # Errors
    /// [`IssuerError::Store`] when the database fails.
    pub fn end_refills_if_off(&self) -> Result<(), IssuerError> {
        if self.refill().days == 0 {
            self.store().end_refills(None)?;
        }
        Ok(())
    }

    /// Answers a token request by refresh token: what the agency would issue at this moment may be fetched
    /// anew.
    pub(crate) fn refresh(
        &self,
        request: &CheckedTokenRequest,
        presented: &[u8; 32],
        now: UnixTime,
    ) -> Result<Token, RedeemRefused> {
        if self.refill().days == 0 {
            return Err(TokenError::Grant.into());
        }
        let thumbprint = request.proof.thumbprint();
        let found = self.store().refillable(presented, thumbprint, now)?.ok_or(TokenError::RefreshToken)?;
        let configurations = self.issuable(&found, request.details.as_deref(), now)?;
        let (access_token, refresh_token) =
            self.with_rng(|rng| (Secret::new(rng.token::<32>()), Secret::new(rng.token::<32>())));
        let identifiers = request.details.is_some().then(|| self.identifiers(&configurations));
        let digest = |token: &Secret<String>| self.provider().sha256(token.expose().as_bytes());
        self.store().refresh(
            &Refresh {
                proof: Once { digest: request.proof.jti_digest(), forget_at: request.forget_proof_at },
                presented,
                next: &digest(&refresh_token),
                thumbprint,
                token_digest: &digest(&access_token),
                token_expires_at: now.plus(TOKEN_LIFETIME),
                configurations: &configurations,
                identifiers: identifiers.as_deref(),
                most: self.refill().per_day,
            },
            now,
        )?;
        Ok(Token {
            access_token,
            expires_in: TOKEN_LIFETIME,
            identifiers: identifiers.unwrap_or_default(),
            refresh_token: Some(refresh_token),
        })
    }

    /// Of what is wanted, what the agency would issue; why it issues nothing of it, if so.
    fn issuable(
        &self,
        found: &Refillable,
        wanted: Option<&[String]>,
        now: UnixTime,
    ) -> Result<Vec<String>, RedeemRefused> {
        if found.approval != Approval::Granted {
            return Err(IssuerError::NotApproved.into());
        }
        let wanted = wanted.unwrap_or(&found.configurations);
        if !wanted.iter().all(|configuration| found.configurations.contains(configuration)) {
            return Err(TokenError::Details(DetailsError::NotOffered).into());
        }
        let employee = employees::in_office(&self.store().employee(&found.employee)?, now)?;
        let (mut issuable, mut refusal) = (Vec::new(), IssuerError::UnknownType);
        for configuration in wanted {
            let content = self.content(configuration, &employee, now);
            let content = content.and_then(|content| {
                let state = self.store().state(&found.employee, content.type_id())?;
                if state == Some(CredentialState::Suspended) { Err(IssuerError::Suspended) } else { Ok(()) }
            });
            match content {
                Ok(()) => issuable.push(configuration.clone()),
                Err(error) if error.is_denial() => refusal = error,
                Err(error) => return Err(error.into()),
            }
        }
        if issuable.is_empty() { Err(refusal.into()) } else { Ok(issuable) }
    }
}
