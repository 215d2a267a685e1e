//! Signed issuer metadata. Source: OpenID4VCI 1.0 §12.2.3.

use inro_base::json::Limits;
use inro_base::{UnixTime, base64url};
use inro_crypto::Provider;
use inro_jose::{Expect, JwsToSign, UnverifiedJws};
use inro_oauth::HttpsUrl;
use inro_trust::{Anchors, TrustedKey, Usage};
use serde_json::{Map, Value};

use crate::{IssuerMetadata, VciError};

/// The `typ` of signed metadata; the text spells it so.
pub const TYP: &str = "openidvci-issuer-metadata+jwt";
/// The media type of signed metadata.
pub const MEDIA_TYPE: &str = "application/jwt";
/// How far in the future `iat` may lie, in seconds.
const CLOCK_SKEW: i64 = 300;

/// The metadata as a JWT to sign by the key of the first certificate in `x5c` (DER, leaf first).
pub fn to_sign(
    metadata: &IssuerMetadata,
    x5c: &[Vec<u8>],
    issued_at: UnixTime,
    expires_at: UnixTime,
) -> JwsToSign {
    let mut header = Map::new();
    header.insert("typ".into(), TYP.into());
    header.insert("x5c".into(), x5c.iter().map(|der| Value::from(base64url::encode_standard(der))).collect());
    let mut claims = metadata.to_json();
    claims.insert("sub".into(), metadata.issuer.as_str().into());
    claims.insert("iat".into(), issued_at.as_secs().into());
    claims.insert("exp".into(), expires_at.as_secs().into());
    JwsToSign::new(header, &claims)
}

/// Reads signed metadata of `issuer`, whose signer an anchor must vouch for.
///
/// # Errors
/// [`VciError`] when the signer is not trusted, the signature is wrong, or the document is
/// another issuer's, expired or incomplete.
pub fn verify(
    jwt: &[u8],
    issuer: &HttpsUrl,
    anchors: &Anchors,
    now: UnixTime,
    provider: &dyn Provider,
) -> Result<(IssuerMetadata, TrustedKey), VciError> {
    let text = std::str::from_utf8(jwt).map_err(|_| VciError::MediaType)?;
    let jws = UnverifiedJws::parse(text.trim(), Expect { typ: &[TYP], limits: Limits::DOCUMENT })?;
    let signer = anchors.trust(jws.header().x5c(), Usage::CredentialIssuer, now, provider)?;
    let verified = jws.verify(provider, signer.public_key())?;
    let claims = verified.payload();
    if claims.get("sub").and_then(Value::as_str) != Some(issuer.as_str()) {
        return Err(VciError::SignedMetadata { claim: "sub" });
    }
    let time = |claim: &'static str| {
        let value = claims.get(claim).map(UnixTime::from_numeric_date);
        value.map(|time| time.ok_or(VciError::SignedMetadata { claim })).transpose()
    };
    let issued_at = time("iat")?.ok_or(VciError::SignedMetadata { claim: "iat" })?;
    if issued_at.seconds_since(now) > CLOCK_SKEW {
        return Err(VciError::SignedMetadata { claim: "iat" });
    }
    if time("exp")?.is_some_and(|expiry| now >= expiry) {
        return Err(VciError::SignedMetadata { claim: "exp" });
    }
    Ok((IssuerMetadata::from_object(claims, issuer)?, signer))
}
