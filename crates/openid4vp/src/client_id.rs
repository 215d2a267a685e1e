//! Client identifiers with their prefixes. Source: OpenID4VP 1.0 §5.9.

use std::fmt;

use inro_base::base64url;

/// The longest client identifier that is read, in bytes: a prefix and a DNS name of 253 (RFC 1035 §2.3.4).
const MAX_CLIENT_ID_BYTES: usize = 300;

/// A client identifier of a kind that this house can authenticate. Compared and sent in full, with
/// its prefix. Source: OpenID4VP 1.0 §14.8.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ClientId {
    text: String,
    kind: ClientIdKind,
}

/// How a client identifier names its verifier.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ClientIdKind {
    /// `x509_san_dns:`: a DNS name of the leaf certificate, in lower case.
    X509SanDns(String),
    /// `x509_hash:`: the SHA-256 of the leaf certificate's DER.
    X509Hash([u8; 32]),
}

/// The text is no client identifier with a prefix that this house knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown client identifier prefix or malformed client identifier")]
pub struct UnknownClientId;

impl ClientId {
    /// Reads a full client identifier.
    ///
    /// # Errors
    /// [`UnknownClientId`] for any prefix but `x509_san_dns` and `x509_hash`, for none, and for a
    /// text after the prefix that is no DNS name or no SHA-256.
    pub fn parse(text: &str) -> Result<Self, UnknownClientId> {
        if text.len() > MAX_CLIENT_ID_BYTES {
            return Err(UnknownClientId);
        }
        let (prefix, original) = text.split_once(':').ok_or(UnknownClientId)?;
        let kind = match prefix {
            "x509_san_dns" if is_dns_name(original) => {
                ClientIdKind::X509SanDns(original.to_ascii_lowercase())
            }
            "x509_hash" => {
                ClientIdKind::X509Hash(base64url::decode_array(original).map_err(|_| UnknownClientId)?)
            }
            _ => return Err(UnknownClientId),
        };
        Ok(Self { text: text.into(), kind })
    }

    /// `x509_hash:` of the leaf certificate whose DER has this SHA-256.
    pub fn x509_hash(leaf_sha256: &[u8; 32]) -> Self {
        Self {
            text: format!("x509_hash:{}", base64url::encode(leaf_sha256)),
            kind: ClientIdKind::X509Hash(*leaf_sha256),
        }
    }

    /// `x509_san_dns:` of a DNS name.
    ///
    /// # Errors
    /// [`UnknownClientId`] when `host` is no DNS name.
    pub fn x509_san_dns(host: &str) -> Result<Self, UnknownClientId> {
        Self::parse(&format!("x509_san_dns:{host}"))
    }

    /// The full identifier with its prefix, as it was received.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How it names its verifier.
    pub fn kind(&self) -> &ClientIdKind {
        &self.kind
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_dns_name(text: &str) -> bool {
    const MAX_LABEL: usize = 63;
    !text.is_empty()
        && text.len() <= 253
        && text.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= MAX_LABEL
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_two_prefixes_and_no_other() {
        let host = ClientId::parse("x509_san_dns:Client.example.org").unwrap();
        assert_eq!(host.as_str(), "x509_san_dns:Client.example.org");
        assert_eq!(host.kind(), &ClientIdKind::X509SanDns("client.example.org".into()));
        let hash = ClientId::x509_hash(&[7; 32]);
        assert_eq!(ClientId::parse(hash.as_str()), Ok(hash));
        for text in [
            "client.example.org",
            "redirect_uri:https://client.example.org/cb",
            "origin:https://client.example.org",
            "did:example:123",
            "decentralized_identifier:did:example:123",
            "verifier_attestation:verifier.example",
            "openid_federation:https://verifier.example",
            "X509_hash:Uvo3HtuIxuhC92rShpgqcT3YXwrqRxWEviRiA0OZszk",
            "x509_hash:Uvo3HtuIxuhC92rShpgqcT3YXwrqRxWEviRiA0OZsz",
            "x509_san_dns:",
            "x509_san_dns:a..b",
            "x509_san_dns:https://client.example.org",
            "x509_san_dns:client.example.org:443",
        ] {
            assert_eq!(ClientId::parse(text), Err(UnknownClientId), "{text}");
        }
    }
}
