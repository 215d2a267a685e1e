//! The token endpoint's work: a code becomes a token, once.

use inro_base::Secret;
use inro_openid4vci::issuer::{CheckedTokenRequest, TokenEndpoint, TokenError};

use crate::issuer::Issuer;
use crate::store::{Approval, Denied, Once, Redemption};

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
}

impl Issuer {
    /// Answers a token request: `dpop` are the values of its `DPoP` headers, `body` is a form.
    ///
    /// # Errors
    /// [`Denied`] with the protocol's refusal, or when the database fails.
    pub fn redeem<'h>(
        &self,
        dpop: impl IntoIterator<Item = &'h str>,
        body: &[u8],
    ) -> Result<Token, Denied<TokenError>> {
        let now = self.now();
        let nonces = self.secrets().nonces();
        let endpoint = TokenEndpoint { url: self.token_endpoint(), issuer: self.url(), nonces, now };
        let request =
            CheckedTokenRequest::check(dpop, body, &endpoint, self.provider()).map_err(Denied::Refused)?;
        let access_token = Secret::new(self.with_rng(|rng| rng.token::<32>()));
        let tx_code_digest = request
            .tx_code
            .as_ref()
            .map(|text| self.secrets().tx_code_digest(&request.code_digest, text.expose(), self.provider()));
        let identifiers = request.details.map(|configurations| {
            let named = |configuration| (self.with_rng(|rng| rng.token::<16>()), configuration);
            configurations.into_iter().map(named).collect::<Vec<_>>()
        });
        let grant = self.store().redeem(
            &Redemption {
                proof: Once { digest: request.proof.jti_digest(), forget_at: request.forget_proof_at },
                code_digest: &request.code_digest,
                tx_code_digest: tx_code_digest.as_ref(),
                token_digest: &self.provider().sha256(access_token.expose().as_bytes()),
                thumbprint: request.proof.thumbprint(),
                token_expires_at: now.plus(TOKEN_LIFETIME),
                waiting_token_expires_at: now.plus(WAITING_TOKEN_LIFETIME),
                identifiers: identifiers.as_deref(),
            },
            now,
        )?;
        let expires_in = match grant.approval {
            Approval::Waiting => WAITING_TOKEN_LIFETIME,
            Approval::Granted | Approval::Rejected => TOKEN_LIFETIME,
        };
        Ok(Token { access_token, expires_in, identifiers: grant.identifiers })
    }
}
