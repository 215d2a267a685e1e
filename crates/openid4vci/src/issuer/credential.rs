use inro_base::UnixTime;
use inro_base::http::Method;
use inro_base::json::Limits;
use inro_crypto::{Provider, PublicKey};
use inro_oauth::dpop::{DpopProof, Expected, UnverifiedDpop};
use inro_oauth::token::is_token;
use inro_oauth::{FreshNonce, HttpsUrl, NonceKey, Purpose};
use inro_trust::Anchors;
use serde_json::{Map, Value};

use super::encryption::{self, IssuerEncryption, ReplyTo, RequestBody};
use super::error::CredentialError;
use crate::attestation::AttestationDemand;
use crate::proofs::{self, Proofs};

/// The longest credential request that we read, in bytes, and its depth: ten proofs are some 8 KiB.
pub const REQUEST_LIMITS: Limits = Limits { bytes: 128 * 1024, depth: 8 };
/// The longest access token that we look at, in bytes.
const MAX_TOKEN_BYTES: usize = 512;

/// A protected endpoint as a request meets it.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// Its published URL.
    pub url: &'a HttpsUrl,
    /// Makes the server's nonces.
    pub nonces: &'a NonceKey,
    /// The server's time.
    pub now: UnixTime,
}

/// An access token with a DPoP proof that fits it. The service still has to look the token up, to
/// check that it is bound to the proof's key, and to remember the proof as used.
#[derive(Debug)]
#[must_use]
pub struct CheckedAccess {
    /// SHA-256 of the access token: what a store of tokens keeps.
    pub token_digest: [u8; 32],
    /// The proof.
    pub proof: DpopProof,
    /// From when on the proof's time or its nonce refuses it, so that the store may forget it.
    pub forget_proof_at: UnixTime,
}

/// What a token grants, and how proofs are checked.
#[derive(Clone, Copy)]
pub struct Granting<'a> {
    /// The issuer's identifier.
    pub issuer: &'a HttpsUrl,
    /// The configurations that the token covers.
    pub configuration_ids: &'a [String],
    /// Credential identifier and configuration, where the token answer named identifiers: then they
    /// alone may be asked for. Source: OpenID4VCI 1.0 §8.2.
    pub identifiers: &'a [(String, String)],
    /// The most proofs in one request.
    pub batch_size: usize,
    /// Made the `c_nonce`.
    pub nonces: &'a NonceKey,
    /// How requests and answers are encrypted, where that is offered.
    pub encryption: Option<&'a IssuerEncryption>,
    /// The configurations whose keys have to be attested, and how.
    pub attested: &'a [(String, AttestationDemand)],
    /// Who may attest keys.
    pub wallet_providers: &'a Anchors,
    /// The issuer's time.
    pub now: UnixTime,
}

/// A credential request that may be fulfilled once its nonces are remembered as used.
#[derive(Debug)]
#[must_use]
pub struct CheckedCredentialRequest {
    /// The configuration, one of those that the token covers.
    pub configuration_id: String,
    /// The holder's keys, all different and proved: one copy each.
    pub holder_keys: Vec<PublicKey>,
    /// To be remembered as used, all or none, before anything is issued; at least one.
    pub nonces: Vec<FreshNonce>,
    /// To whom the answer is encrypted, if it is.
    pub reply: Option<ReplyTo>,
}

impl CheckedAccess {
    /// Checks the values of the `Authorization` and `DPoP` headers.
    ///
    /// # Errors
    /// [`CredentialError`] names the first check that failed.
    ///
    /// Source: RFC 9449 §§4.3, 7.1, 9.
    pub fn check<'h>(
        authorization: impl IntoIterator<Item = &'h str>,
        dpop: impl IntoIterator<Item = &'h str>,
        access: &Access<'_>,
        provider: &dyn Provider,
    ) -> Result<Self, CredentialError> {
        let token = dpop_token(authorization)?;
        let expected =
            Expected { method: Method::Post, url: access.url, access_token: Some(token), now: access.now };
        let proof = UnverifiedDpop::parse(dpop)?.verify(&expected, provider)?;
        // A DPoP nonce may be used for several proofs; the proof itself may be used once.
        let nonce = access
            .nonces
            .check(proof.nonce()?, Purpose::Dpop, access.now, provider)
            .map_err(CredentialError::DpopNonce)?;
        Ok(Self {
            token_digest: provider.sha256(token.as_bytes()),
            forget_proof_at: proof.forget_at().min(nonce.expires_at()),
            proof,
        })
    }
}

impl CheckedCredentialRequest {
    /// Checks the body of a credential request against what its token grants.
    ///
    /// # Errors
    /// [`CredentialError`] names the first check that failed.
    ///
    /// Source: OpenID4VCI 1.0 §8.2, Appendix F.4.
    pub fn check(
        body: RequestBody<'_>,
        granting: &Granting<'_>,
        provider: &dyn Provider,
    ) -> Result<Self, CredentialError> {
        let opened = encryption::open(body, granting.encryption, REQUEST_LIMITS, provider)?;
        let configuration_id = configuration_id(&opened.members, granting)?;
        let demand = granting.attested.iter().find(|(id, _)| *id == configuration_id);
        let expected = proofs::Expected {
            issuer: granting.issuer,
            batch_size: granting.batch_size,
            attestation: demand.map(|(_, demand)| (demand, granting.wallet_providers)),
            now: granting.now,
        };
        let keys = Proofs::parse(opened.members.get("proofs"))?.verify(&expected, provider)?;
        let fresh = |nonce: &String| granting.nonces.check(nonce, Purpose::KeyProof, granting.now, provider);
        let nonces = keys.c_nonces().iter().map(fresh).collect::<Result<_, _>>();
        let nonces = nonces.map_err(CredentialError::ProofNonce)?;
        Ok(Self { configuration_id, holder_keys: keys.keys().to_vec(), nonces, reply: opened.reply })
    }
}

/// Source: OpenID4VCI 1.0 §8.2: an identifier if and only if the token answer named some.
fn configuration_id(object: &Map<String, Value>, granting: &Granting<'_>) -> Result<String, CredentialError> {
    let text = |value: &'_ Value| value.as_str().map(str::to_owned).ok_or(CredentialError::Malformed);
    match (object.get("credential_configuration_id"), object.get("credential_identifier")) {
        (Some(_), None) if !granting.identifiers.is_empty() => Err(CredentialError::NotIdentifier),
        (Some(id), None) => {
            let id = text(id)?;
            let granted = granting.configuration_ids.contains(&id);
            granted.then_some(id).ok_or(CredentialError::NotOffered)
        }
        (None, Some(_)) if granting.identifiers.is_empty() => Err(CredentialError::Identifier),
        (None, Some(id)) => {
            let id = text(id)?;
            let named = granting.identifiers.iter().find(|(known, _)| *known == id);
            named.map(|(_, configuration)| configuration.clone()).ok_or(CredentialError::UnknownIdentifier)
        }
        (Some(_), Some(_)) | (None, None) => Err(CredentialError::NotOne),
    }
}

fn dpop_token<'h>(values: impl IntoIterator<Item = &'h str>) -> Result<&'h str, CredentialError> {
    let mut values = values.into_iter();
    let value = values.next().ok_or(CredentialError::Anonymous)?;
    if values.next().is_some() {
        return Err(CredentialError::NoToken);
    }
    let (scheme, token) = value.split_once(' ').ok_or(CredentialError::NoToken)?;
    let token = token.trim_start_matches(' ');
    let usable = token.len() <= MAX_TOKEN_BYTES && is_token(token);
    if scheme.eq_ignore_ascii_case("DPoP") && usable { Ok(token) } else { Err(CredentialError::NoToken) }
}
