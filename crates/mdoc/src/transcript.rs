use std::fmt;

use inro_cose::{Item, Limits, Value, encode};
use inro_crypto::Provider;

use crate::MdocError;

/// What a session was about, as both sides hash it. A device signature covers it, so that it fits no
/// other verifier, request or answer.
#[derive(Clone, Eq, PartialEq)]
pub struct SessionTranscript {
    encoded: Vec<u8>,
}

impl SessionTranscript {
    /// The transcript of a presentation over redirects. `client_id`, `nonce` and `response_uri` are those
    /// of the request; `encryption_thumbprint` is the SHA-256 JWK thumbprint of the key that the answer
    /// is encrypted to, `None` when it is not encrypted.
    ///
    /// Source: OpenID4VP 1.0 annex B.2.6.1.
    pub fn openid4vp(
        client_id: &str,
        nonce: &str,
        encryption_thumbprint: Option<&[u8; 32]>,
        response_uri: &str,
        provider: &dyn Provider,
    ) -> Self {
        let thumbprint =
            encryption_thumbprint.map_or(Value::Null, |thumbprint| Value::Bytes(thumbprint.to_vec()));
        let info = Value::Array(vec![
            Value::Text(client_id.to_owned()),
            Value::Text(nonce.to_owned()),
            thumbprint,
            Value::Text(response_uri.to_owned()),
        ]);
        let hash = provider.sha256(&encode(&info));
        let handover =
            Value::Array(vec![Value::Text("OpenID4VPHandover".to_owned()), Value::Bytes(hash.to_vec())]);
        Self { encoded: encode(&Value::Array(vec![Value::Null, Value::Null, handover])) }
    }

    /// A transcript that another protocol made, such as proximity, byte for byte.
    ///
    /// # Errors
    /// [`MdocError::Cose`] when it is no array of three.
    pub fn from_bytes(encoded: &[u8]) -> Result<Self, MdocError> {
        let parts = Item::parse(encoded, Limits::MESSAGE)?.array()?;
        if parts.len() != 3 {
            return Err(inro_cose::CoseError::Structure.into());
        }
        Ok(Self { encoded: encoded.to_vec() })
    }

    /// The encoding.
    pub fn as_bytes(&self) -> &[u8] {
        &self.encoded
    }
}

impl fmt::Debug for SessionTranscript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionTranscript({} bytes)", self.encoded.len())
    }
}

#[cfg(test)]
mod tests {
    use inro_crypto::RustCrypto;

    use super::*;

    const CLIENT_ID: &str = "x509_san_dns:example.com";
    const NONCE: &str = "exc7gBkxjx1rdc9udRrveKvSsJIq80avlXeLHhGwqtA";
    const RESPONSE_URI: &str = "https://example.com/response";
    const THUMBPRINT: [u8; 32] = [
        0x42, 0x83, 0xec, 0x92, 0x7a, 0xe0, 0xf2, 0x08, 0xda, 0xaa, 0x2d, 0x02, 0x6a, 0x81, 0x4f, 0x2b, 0x22,
        0xdc, 0xa5, 0x2c, 0xf8, 0x5f, 0xfa, 0x8f, 0x3f, 0x86, 0x26, 0xc6, 0xbd, 0x66, 0x90, 0x47,
    ];

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn is_the_one_of_the_specification_when_the_answer_is_encrypted() {
        let made =
            SessionTranscript::openid4vp(CLIENT_ID, NONCE, Some(&THUMBPRINT), RESPONSE_URI, &RustCrypto);
        // Source: OpenID4VP 1.0 annex B.2.6.1, the example of the SessionTranscript.
        let expected = "83f6f682714f70656e494434565048616e646f7665725820\
                        048bc053c00442af9b8eed494cefdd9d95240d254b046b11b68013722aad38ac";
        assert_eq!(hex(made.as_bytes()), expected);
    }

    #[test]
    fn has_null_in_place_of_the_thumbprint_when_the_answer_is_plain() {
        let made = SessionTranscript::openid4vp(CLIENT_ID, NONCE, None, RESPONSE_URI, &RustCrypto);
        let info = [
            &[0x84, 0x78, 0x18][..],
            CLIENT_ID.as_bytes(),
            &[0x78, 0x2b],
            NONCE.as_bytes(),
            &[0xf6, 0x78, 0x1c],
            RESPONSE_URI.as_bytes(),
        ]
        .concat();
        let expected =
            format!("83f6f682714f70656e494434565048616e646f7665725820{}", hex(&RustCrypto.sha256(&info)));
        assert_eq!(hex(made.as_bytes()), expected);
    }

    #[test]
    fn differs_with_every_part() {
        let made = |client: &str, nonce: &str, thumbprint: Option<&[u8; 32]>, uri: &str| {
            SessionTranscript::openid4vp(client, nonce, thumbprint, uri, &RustCrypto)
        };
        let base = made(CLIENT_ID, NONCE, Some(&THUMBPRINT), RESPONSE_URI);
        let others = [
            made("x509_san_dns:example.org", NONCE, Some(&THUMBPRINT), RESPONSE_URI),
            made(CLIENT_ID, "other", Some(&THUMBPRINT), RESPONSE_URI),
            made(CLIENT_ID, NONCE, Some(&[0; 32]), RESPONSE_URI),
            made(CLIENT_ID, NONCE, None, RESPONSE_URI),
            made(CLIENT_ID, NONCE, Some(&THUMBPRINT), "https://example.com/other"),
        ];
        assert!(others.iter().all(|other| *other != base));
    }

    #[test]
    fn takes_three_parts_and_nothing_else() {
        assert!(SessionTranscript::from_bytes(&[0x83, 0xf6, 0xf6, 0xf6]).is_ok());
        assert!(SessionTranscript::from_bytes(&[0x82, 0xf6, 0xf6]).is_err());
        assert!(SessionTranscript::from_bytes(&[0x83, 0xf6, 0xf6, 0xf6, 0]).is_err());
    }
}
