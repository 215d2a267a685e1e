//! The token endpoint's work: a code becomes a token, once.

use inro_base::{Secret, UnixTime};
use inro_openid4vci::issuer::{CheckedTokenRequest, TokenEndpoint, TokenError, TokenGrant};

use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::store::{Approval, Denied, NewRefills, Once, Redemption, StoreError};

/// How long an access token lives, in seconds: long enough to make ten keys and ask twice.
pub const TOKEN_LIFETIME: i64 = 300;
/// The same for an offer that waits for an approval when it is redeemed, in seconds: 30 days, in which
/// somebody has to decide and the wallet to collect. Such a token is bound to a key, as all are.
///
/// Source: OpenID4VCI 1.0 §13.9.
pub const WAITING_TOKEN_LIFETIME: i64 = 30 * 86_400;

/// A token that was issued.
#[derive(Debug)]
pub struct Token {
    /// Opaque, 256 random bits; the store keeps its digest.
    pub access_token: Secret<String>,
    /// In seconds.
    pub expires_in: i64,
    /// Credential identifier and configuration, where authorization details came.
    pub identifiers: Vec<(String, String)>,
    /// Gets new copies later, where the agency refills; 256 random bits, kept as its digest.
    pub refresh_token: Option<Secret<String>>,
}

/// Why no token was issued.
#[derive(Debug)]
pub enum RedeemRefused {
    /// The protocol refuses.
    Protocol(TokenError),
    /// The store failed.
    Store(StoreError),
    /// The agency does not issue at present, or its service failed: see [`IssuerError::is_denial`].
    Denied(IssuerError),
}

impl Issuer {
    /// Answers a token request: `dpop` are the values of its `DPoP` headers, `body` is a form.
    ///
    /// # Errors
    /// [`RedeemRefused`] names who refuses.
    pub fn redeem<'h>(
        &self,
        dpop: impl IntoIterator<Item = &'h str>,
        body: &[u8],
    ) -> Result<Token, RedeemRefused> {
        let now = self.now();
        let nonces = self.secrets().nonces();
        let endpoint = TokenEndpoint { url: self.token_endpoint(), issuer: self.url(), nonces, now };
        let request = CheckedTokenRequest::check(dpop, body, &endpoint, self.provider())?;
        match &request.grant {
            TokenGrant::Code { digest, tx_code } => self.redeem_code(&request, digest, tx_code.as_ref(), now),
            TokenGrant::Refresh { digest } => self.refresh(&request, digest, now),
        }
    }

    fn redeem_code(
        &self,
        request: &CheckedTokenRequest,
        code_digest: &[u8; 32],
        tx_code: Option<&Secret<String>>,
        now: UnixTime,
    ) -> Result<Token, RedeemRefused> {
        let access_token = Secret::new(self.with_rng(|rng| rng.token::<32>()));
        let tx_code_digest =
            tx_code.map(|text| self.secrets().tx_code_digest(code_digest, text.expose(), self.provider()));
        let identifiers = request.details.as_ref().map(|configurations| self.identifiers(configurations));
        let refills_end = self.refill().end(now);
        let refresh_token = refills_end.map(|_| Secret::new(self.with_rng(|rng| rng.token::<32>())));
        let digest = |token: &Secret<String>| self.provider().sha256(token.expose().as_bytes());
        let refresh_digest = refresh_token.as_ref().map(digest);
        let refills = refresh_digest.as_ref().zip(refills_end);
        let grant = self.store().redeem(
            &Redemption {
                proof: Once { digest: request.proof.jti_digest(), forget_at: request.forget_proof_at },
                code_digest,
                tx_code_digest: tx_code_digest.as_ref(),
                token_digest: &digest(&access_token),
                thumbprint: request.proof.thumbprint(),
                token_expires_at: now.plus(TOKEN_LIFETIME),
                waiting_token_expires_at: now.plus(WAITING_TOKEN_LIFETIME),
                identifiers: identifiers.as_deref(),
                refills: refills.map(|(digest, expires_at)| NewRefills { digest, expires_at }),
            },
            now,
        )?;
        let expires_in = match grant.approval {
            Approval::Waiting => WAITING_TOKEN_LIFETIME,
            Approval::Granted | Approval::Rejected => TOKEN_LIFETIME,
        };
        Ok(Token { access_token, expires_in, identifiers: grant.identifiers, refresh_token })
    }

    /// A credential identifier for each configuration.
    pub(crate) fn identifiers(&self, configurations: &[String]) -> Vec<(String, String)> {
        let named = |configuration: &String| (self.with_rng(|rng| rng.token::<16>()), configuration.clone());
        configurations.iter().map(named).collect()
    }
}

impl From<TokenError> for RedeemRefused {
    fn from(error: TokenError) -> Self {
        Self::Protocol(error)
    }
}

impl From<StoreError> for RedeemRefused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<IssuerError> for RedeemRefused {
    fn from(error: IssuerError) -> Self {
        match error {
            IssuerError::Store(error) => Self::Store(error),
            other => Self::Denied(other),
        }
    }
}

impl From<Denied<TokenError>> for RedeemRefused {
    fn from(denied: Denied<TokenError>) -> Self {
        match denied {
            Denied::Store(error) => Self::Store(error),
            Denied::Refused(error) => Self::Protocol(error),
        }
    }
}
