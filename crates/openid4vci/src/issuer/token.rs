use inro_base::http::Method;
use inro_base::{Code, Coded, Secret, UnixTime};
use inro_crypto::Provider;
use inro_oauth::dpop::{DpopError, DpopProof, Expected, UnverifiedDpop};
use inro_oauth::form::{Form, FormError};
use inro_oauth::metadata::{PRE_AUTHORIZED_CODE, REFRESH_TOKEN};
use inro_oauth::{ErrorCode, HttpsUrl, NonceError, NonceKey, Purpose};

use crate::details::{self, DetailsError};

/// The token endpoint as a request meets it.
#[derive(Clone, Copy)]
pub struct TokenEndpoint<'a> {
    /// Its published URL.
    pub url: &'a HttpsUrl,
    /// The credential issuer's identifier, which authorization details may name.
    pub issuer: &'a HttpsUrl,
    /// Makes the server's DPoP nonces.
    pub nonces: &'a NonceKey,
    /// The server's time.
    pub now: UnixTime,
}

/// A token request whose DPoP proof was checked. The service still has to remember the proof as
/// used, and to redeem what was presented in one conditional write.
#[derive(Debug)]
#[must_use]
pub struct CheckedTokenRequest {
    /// What the token is asked for with.
    pub grant: TokenGrant,
    /// The configurations that authorization details ask for, if some came: the token is for these
    /// alone, and its answer names credential identifiers.
    pub details: Option<Vec<String>>,
    /// The proof whose key the token will be bound to.
    pub proof: DpopProof,
    /// From when on the proof's time or its nonce refuses it, so that the store may forget it.
    pub forget_proof_at: UnixTime,
}

/// What a token is asked for with.
#[derive(Debug)]
pub enum TokenGrant {
    /// A pre-authorized code. Source: OpenID4VCI 1.0 §6.1.
    Code {
        /// SHA-256 of the code: what a store of offers keeps.
        digest: [u8; 32],
        /// The transaction code, if one came.
        tx_code: Option<Secret<String>>,
    },
    /// A refresh token of an earlier answer, bound to the key of the proof. Source: RFC 6749 §6; RFC 9449 §5.
    Refresh {
        /// SHA-256 of the refresh token.
        digest: [u8; 32],
    },
}

/// Why a token request was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The DPoP proof.
    #[error(transparent)]
    Dpop(#[from] DpopError),
    /// The nonce in the DPoP proof.
    #[error(transparent)]
    Nonce(#[from] NonceError),
    /// The body.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The authorization details.
    #[error(transparent)]
    Details(#[from] DetailsError),
    /// Another grant type.
    #[error("an unsupported grant type")]
    Grant,
    /// No pre-authorized code.
    #[error("no pre-authorized code")]
    NoCode,
    /// No refresh token.
    #[error("no refresh token")]
    NoRefreshToken,
    /// The refresh token is unknown, expired, ended, replaced, or bound to another key; which one is not
    /// told.
    #[error("an unknown, ended or replaced refresh token, or another key's")]
    RefreshToken,
    /// The wallets of one holder asked for too many refills.
    #[error("too many refills")]
    TooOften,
    /// The code is unknown, expired or used; which one is not told.
    #[error("an unknown, expired or used code")]
    Code,
    /// A transaction code is needed.
    #[error("no transaction code")]
    TxCodeAbsent,
    /// No transaction code was asked for.
    #[error("a transaction code that nobody asked for")]
    TxCodeUnwanted,
    /// The transaction code is wrong; `left` more guesses are allowed.
    #[error("a wrong transaction code, {left} guesses left")]
    TxCodeWrong {
        /// How many guesses are left.
        left: u32,
    },
    /// The offer died of wrong guesses.
    #[error("too many wrong transaction codes")]
    Dead,
}

impl Coded for TokenError {
    fn code(&self) -> Code {
        match self {
            Self::Dpop(error) => error.code(),
            Self::Nonce(error) => error.code(),
            Self::Form(error) => error.code(),
            Self::Details(error) => error.code(),
            Self::Grant => const { Code::new("INRO-VCI-030") },
            Self::NoCode => const { Code::new("INRO-VCI-031") },
            Self::Code => const { Code::new("INRO-VCI-032") },
            Self::TxCodeAbsent => const { Code::new("INRO-VCI-033") },
            Self::TxCodeUnwanted => const { Code::new("INRO-VCI-034") },
            Self::TxCodeWrong { .. } => const { Code::new("INRO-VCI-035") },
            Self::Dead => const { Code::new("INRO-VCI-036") },
            Self::NoRefreshToken => const { Code::new("INRO-VCI-096") },
            Self::RefreshToken => const { Code::new("INRO-VCI-097") },
            Self::TooOften => const { Code::new("INRO-VCI-098") },
        }
    }
}

impl TokenError {
    /// The protocol's name for it. Source: RFC 6749 §5.2; RFC 9449 §§5, 8; OpenID4VCI 1.0 §6.3; RFC 9396 §5.
    pub const fn oauth_code(&self) -> ErrorCode {
        match self {
            Self::Dpop(DpopError::NoNonce) | Self::Nonce(_) => ErrorCode::UseDpopNonce,
            Self::Dpop(_) => ErrorCode::InvalidDpopProof,
            Self::Form(_)
            | Self::NoCode
            | Self::NoRefreshToken
            | Self::TxCodeAbsent
            | Self::TxCodeUnwanted => ErrorCode::InvalidRequest,
            Self::Details(_) => ErrorCode::InvalidAuthorizationDetails,
            Self::Grant => ErrorCode::UnsupportedGrantType,
            Self::Code | Self::TxCodeWrong { .. } | Self::Dead | Self::RefreshToken => {
                ErrorCode::InvalidGrant
            }
            // Not `invalid_grant`: the token is still good.
            Self::TooOften => ErrorCode::TemporarilyUnavailable,
        }
    }
}

impl CheckedTokenRequest {
    /// Checks a token request: `dpop` are the values of its `DPoP` headers, `body` is a form.
    ///
    /// # Errors
    /// [`TokenError`] names the first check that failed.
    ///
    /// Source: RFC 9449 §§4.3, 5, 8; RFC 6749 §6; OpenID4VCI 1.0 §6.1.
    pub fn check<'h>(
        dpop: impl IntoIterator<Item = &'h str>,
        body: &[u8],
        endpoint: &TokenEndpoint<'_>,
        provider: &dyn Provider,
    ) -> Result<Self, TokenError> {
        let expected =
            Expected { method: Method::Post, url: endpoint.url, access_token: None, now: endpoint.now };
        let proof = UnverifiedDpop::parse(dpop)?.verify(&expected, provider)?;
        // A DPoP nonce may be used for several proofs; the proof itself may be used once.
        let nonce = endpoint.nonces.check(proof.nonce()?, Purpose::Dpop, endpoint.now, provider)?;
        let form = Form::parse(body)?;
        let digest = |name: &str| form.value(name).map(|text| provider.sha256(text.as_bytes()));
        let grant = match form.value("grant_type") {
            Some(PRE_AUTHORIZED_CODE) => TokenGrant::Code {
                digest: digest("pre-authorized_code").ok_or(TokenError::NoCode)?,
                tx_code: form.value("tx_code").map(|text| Secret::new(text.into())),
            },
            Some(REFRESH_TOKEN) => {
                TokenGrant::Refresh { digest: digest("refresh_token").ok_or(TokenError::NoRefreshToken)? }
            }
            _ => return Err(TokenError::Grant),
        };
        let details = form.value("authorization_details");
        Ok(Self {
            details: details.map(|text| details::parse(text, endpoint.issuer)).transpose()?,
            grant,
            forget_proof_at: proof.forget_at().min(nonce.expires_at()),
            proof,
        })
    }
}
