use inro_base::{Rng, base64url};
use inro_crypto::Provider;
use serde_json::{Map, Value};

use crate::Jwk;
use crate::jwe::key::AgreementKey;
use crate::jwe::{ALGORITHM, ContentEncryption, JweError, kdf};

/// The length of a GCM tag, in bytes. Source: RFC 7518 §5.3.
pub(super) const TAG_BYTES: usize = 16;

/// Who a message is for.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// The published key. Its `kid` is repeated in the message; its `alg`, where it has one, must be
    /// `ECDH-ES`.
    pub jwk: &'a Jwk,
    /// One of the content encryptions that the recipient takes.
    pub enc: ContentEncryption,
}

/// What both parties say of themselves; goes into the key derivation. Empty parts are left out.
/// Source: RFC 7518 §4.6.1.2, §4.6.1.3.
#[derive(Clone, Copy, Debug, Default)]
pub struct PartyInfo<'a> {
    /// `apu`, of the sender.
    pub apu: &'a [u8],
    /// `apv`, of the recipient.
    pub apv: &'a [u8],
}

/// `cty` of a JWE whose plaintext is a JWT. Source: RFC 7519 §5.2.
const NESTED: &str = "JWT";

/// Encrypts `plaintext` with a fresh ephemeral key, which is gone when this returns.
///
/// # Errors
/// [`JweError::Algorithm`] for a recipient's key of another `alg`, [`JweError::Sealed`] for a
/// plaintext that is too long for the mode.
///
/// Source: RFC 7516 §5.1; RFC 7518 §4.6, §5.3.
pub fn encrypt(
    plaintext: &[u8],
    recipient: &Recipient<'_>,
    party: PartyInfo<'_>,
    rng: &mut dyn Rng,
    provider: &dyn Provider,
) -> Result<String, JweError> {
    seal(plaintext, recipient, party, None, rng, provider)
}

/// Encrypts a signed `jwt`, and says in the header that it is one. What kind of JWT, its own `typ` says.
///
/// # Errors
/// As [`encrypt`].
///
/// Source: RFC 7519 §5.2; RFC 8725 §3.11.
pub fn encrypt_jwt(
    jwt: &str,
    recipient: &Recipient<'_>,
    rng: &mut dyn Rng,
    provider: &dyn Provider,
) -> Result<String, JweError> {
    seal(jwt.as_bytes(), recipient, PartyInfo::default(), Some(NESTED), rng, provider)
}

fn seal(
    plaintext: &[u8],
    recipient: &Recipient<'_>,
    party: PartyInfo<'_>,
    content_type: Option<&str>,
    rng: &mut dyn Rng,
    provider: &dyn Provider,
) -> Result<String, JweError> {
    if recipient.jwk.alg.as_deref().is_some_and(|alg| alg != ALGORITHM) {
        return Err(JweError::Algorithm);
    }
    let ephemeral = AgreementKey::generate(rng);
    let shared = ephemeral.agree(&recipient.jwk.key, provider)?;
    let key = kdf::derive(&shared, recipient.enc, party.apu, party.apv, provider);
    let mut header = header(recipient, &ephemeral, party);
    if let Some(content_type) = content_type {
        header.insert("cty".into(), content_type.into());
    }
    let header = base64url::encode(Value::Object(header).to_string().as_bytes());
    // The key is used for this one message, so any initialization vector is fresh.
    let iv = rng.bytes::<12>();
    let sealed = key.seal(&iv, header.as_bytes(), plaintext, provider)?;
    let (ciphertext, tag) =
        sealed.split_at_checked(sealed.len().saturating_sub(TAG_BYTES)).ok_or(JweError::Sealed)?;
    let [iv, ciphertext, tag] = [&iv[..], ciphertext, tag].map(base64url::encode);
    Ok(format!("{header}..{iv}.{ciphertext}.{tag}"))
}

fn header(recipient: &Recipient<'_>, ephemeral: &AgreementKey, party: PartyInfo<'_>) -> Map<String, Value> {
    let mut header = Map::new();
    header.insert("alg".into(), ALGORITHM.into());
    header.insert("enc".into(), recipient.enc.name().into());
    if let Some(kid) = &recipient.jwk.kid {
        header.insert("kid".into(), kid.as_str().into());
    }
    header.insert("epk".into(), Jwk::new(*ephemeral.public_key()).to_value());
    for (name, value) in [("apu", party.apu), ("apv", party.apv)] {
        if !value.is_empty() {
            header.insert(name.into(), base64url::encode(value).into());
        }
    }
    header
}
