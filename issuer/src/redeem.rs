//! The token endpoint's work: a code becomes a token, once.

use inro_base::Secret;
use inro_openid4vci::issuer::{CheckedTokenRequest, TokenEndpoint, TokenError};

use crate::issuer::Issuer;
use crate::store::{Denied, Once, Redemption};

/// How long an access token lives, in seconds: long enough to make ten keys and ask twice.
pub const TOKEN_LIFETIME: i64 = 300;

/// A token that was issued.
#[derive(Debug)]
pub struct Token {
    /// Opaque, 256 random bits; the store keeps its digest.
    pub access_token: Secret<String>,
    /// In seconds.
    pub expires_in: i64,
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
        let endpoint = TokenEndpoint { url: self.token_endpoint(), nonces: self.secrets().nonces(), now };
        let request =
            CheckedTokenRequest::check(dpop, body, &endpoint, self.provider()).map_err(Denied::Refused)?;
        let access_token = Secret::new(self.with_rng(|rng| rng.token::<32>()));
        let tx_code_digest = request
            .tx_code
            .as_ref()
            .map(|text| self.secrets().tx_code_digest(&request.code_digest, text.expose(), self.provider()));
        self.store().redeem(
            &Redemption {
                proof: Once { digest: request.proof.jti_digest(), forget_at: request.forget_proof_at },
                code_digest: &request.code_digest,
                tx_code_digest: tx_code_digest.as_ref(),
                token_digest: &self.provider().sha256(access_token.expose().as_bytes()),
                thumbprint: request.proof.thumbprint(),
                token_expires_at: now.plus(TOKEN_LIFETIME),
            },
            now,
        )?;
        Ok(Token { access_token, expires_in: TOKEN_LIFETIME })
    }
}
