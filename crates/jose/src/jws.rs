use std::fmt;

use inro_base::base64url;
use inro_base::json::{self, Limits};
use inro_crypto::{Provider, PublicKey, Signature, Signer};
use serde_json::{Map, Value};

use crate::{Header, JoseError};

/// What a reader is willing to take for a JWS of its kind.
#[derive(Clone, Copy, Debug)]
pub struct Expect<'a> {
    /// The values of `typ` that name this kind, compared without regard to case and without an
    /// `application/` before them. Source: RFC 7515 §4.1.9, RFC 8725 §3.11.
    pub typ: &'a [&'a str],
    /// Bounds on the payload; the whole text may be twice as long.
    pub limits: Limits,
}

/// A JWS in compact form whose signature nobody has checked. `Debug` shows its size alone,
/// as for every JWS here: payloads carry claims and nonces.
pub struct UnverifiedJws {
    header: Header,
    payload: Map<String, Value>,
    signing_input: String,
    signature: Signature,
}

/// A JWS whose signature fits the key that it was checked with. Whether that key may say such
/// things is another question: see `inro_trust::TrustedKey`.
pub struct VerifiedJws {
    header: Header,
    payload: Map<String, Value>,
}

/// A JWS that waits for its signature.
#[must_use]
pub struct JwsToSign {
    signing_input: String,
}

impl UnverifiedJws {
    /// Reads `text`.
    ///
    /// # Errors
    /// [`JoseError`] for malformed parts, an algorithm other than ES256, a critical extension or
    /// another `typ`.
    ///
    /// Source: RFC 7515 §5.2, §7.1.
    pub fn parse(text: &str, expect: Expect<'_>) -> Result<Self, JoseError> {
        let longest = expect.limits.bytes.saturating_mul(2);
        if text.len() > longest {
            let source = json::JsonError::TooLong { length: text.len(), limit: longest };
            return Err(JoseError::Json { part: 1, source });
        }
        let (signing_input, signature) = text.rsplit_once('.').ok_or(JoseError::Malformed { part: 2 })?;
        let (header, payload) = signing_input.split_once('.').ok_or(JoseError::Malformed { part: 1 })?;
        let header = Header::parse(object(header, 0, Limits::MESSAGE)?)?;
        if !expect.typ.iter().any(|expected| same_type(header.typ(), expected)) {
            return Err(JoseError::Type);
        }
        let payload = object(payload, 1, expect.limits)?;
        let signature = base64url::decode(signature).map_err(|_| JoseError::Malformed { part: 2 })?;
        let signature = Signature::from_bytes(&signature).map_err(|_| JoseError::Signature)?;
        Ok(Self { header, payload, signing_input: signing_input.to_owned(), signature })
    }

    /// The header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The payload, to find out which key to check with. Nothing in it is established.
    pub const fn unverified_payload(&self) -> &Map<String, Value> {
        &self.payload
    }

    /// Checks the signature over the bytes that were received.
    ///
    /// # Errors
    /// [`JoseError::Signature`] when it does not fit.
    pub fn verify(self, provider: &dyn Provider, key: &PublicKey) -> Result<VerifiedJws, JoseError> {
        provider
            .verify_es256(key, self.signing_input.as_bytes(), &self.signature)
            .map_err(|_| JoseError::Signature)?;
        Ok(VerifiedJws { header: self.header, payload: self.payload })
    }
}

impl VerifiedJws {
    /// The header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The payload.
    pub const fn payload(&self) -> &Map<String, Value> {
        &self.payload
    }

    /// The payload, by value.
    pub fn into_payload(self) -> Map<String, Value> {
        self.payload
    }
}

impl JwsToSign {
    /// Lays out a JWS with `header` and `payload`; `alg` is set to ES256.
    pub fn new(mut header: Map<String, Value>, payload: &Map<String, Value>) -> Self {
        header.insert("alg".to_owned(), Value::String("ES256".to_owned()));
        let header = Value::Object(header).to_string();
        let payload = serde_json::to_string(payload).expect("a map with text keys serializes");
        let mut signing_input = base64url::encode(header.as_bytes());
        signing_input.push('.');
        signing_input.push_str(&base64url::encode(payload.as_bytes()));
        Self { signing_input }
    }

    /// The bytes that the key signs with ES256.
    pub const fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    /// The compact form with its signature.
    pub fn finish(self, signature: &Signature) -> String {
        let mut text = self.signing_input;
        text.push('.');
        text.push_str(&base64url::encode(signature.as_bytes()));
        text
    }

    /// Signs with a key that is at hand.
    ///
    /// # Errors
    /// [`JoseError::Crypto`] when the key cannot be used.
    pub fn sign_with(self, signer: &dyn Signer) -> Result<String, JoseError> {
        let signature = signer.sign_es256(self.signing_input())?;
        Ok(self.finish(&signature))
    }
}

impl fmt::Debug for UnverifiedJws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedJws({} bytes)", self.signing_input.len())
    }
}

impl fmt::Debug for VerifiedJws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedJws({} claims)", self.payload.len())
    }
}

impl fmt::Debug for JwsToSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwsToSign({} bytes)", self.signing_input.len())
    }
}

fn object(part: &str, index: usize, limits: Limits) -> Result<Map<String, Value>, JoseError> {
    let bytes = base64url::decode(part).map_err(|_| JoseError::Malformed { part: index })?;
    json::parse_object(&bytes, limits).map_err(|source| JoseError::Json { part: index, source })
}

fn same_type(received: &str, expected: &str) -> bool {
    let received = received.strip_prefix("application/").unwrap_or(received);
    received.eq_ignore_ascii_case(expected)
}

#[cfg(test)]
mod tests {
    use inro_base::Coded as _;
    use inro_crypto::{RustCrypto, SoftwareKey};
    use serde_json::json;

    use super::*;

    const EXPECT: Expect<'_> = Expect { typ: &["kb+jwt"], limits: Limits::MESSAGE };

    fn key() -> SoftwareKey {
        SoftwareKey::from_secret_bytes(&[11; 32]).unwrap()
    }

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn signed(header: Value) -> String {
        JwsToSign::new(map(header), &map(json!({"a": 1}))).sign_with(&key()).unwrap()
    }

    /// As [`signed`], with a header that the maker would not write.
    fn signed_raw(header: &str, payload: &str) -> String {
        let input =
            format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(payload.as_bytes()));
        let signature = key().sign_es256(input.as_bytes()).unwrap();
        format!("{input}.{}", base64url::encode(signature.as_bytes()))
    }

    fn refusal(text: &str) -> &'static str {
        match UnverifiedJws::parse(text, EXPECT) {
            Err(error) => error.code().as_str(),
            Ok(jws) => jws.verify(&RustCrypto, &key().public_key()).unwrap_err().code().as_str(),
        }
    }

    fn accepted(text: &str) -> VerifiedJws {
        UnverifiedJws::parse(text, EXPECT).unwrap().verify(&RustCrypto, &key().public_key()).unwrap()
    }

    #[test]
    fn reads_back_what_it_signs() {
        let jws = accepted(&signed(json!({"typ": "kb+jwt", "kid": "k"})));
        assert_eq!(jws.payload(), &map(json!({"a": 1})));
        assert_eq!(jws.header().kid(), Some("k"));
        accepted(&signed(json!({"typ": "application/KB+JWT"})));
    }

    #[test]
    fn shows_no_payload_for_debugging() {
        let text = signed_raw(r#"{"alg":"ES256","typ":"kb+jwt"}"#, r#"{"name":"secret"}"#);
        let unverified = UnverifiedJws::parse(&text, EXPECT).unwrap();
        assert_eq!(format!("{unverified:?}"), "UnverifiedJws(64 bytes)");
        assert_eq!(format!("{:?}", accepted(&text)), "VerifiedJws(1 claims)");
    }

    #[test]
    fn refuses_alg_none_and_hs256_with_the_public_key() {
        accepted(&signed_raw(r#"{"alg":"ES256","typ":"kb+jwt"}"#, "{}"));
        for alg in ["none", "HS256", "es256", "ES384"] {
            let header = format!(r#"{{"alg":"{alg}","typ":"kb+jwt"}}"#);
            assert_eq!(refusal(&signed_raw(&header, "{}")), "INRO-JOSE-002", "{alg}");
        }
    }

    #[test]
    fn refuses_critical_extensions() {
        accepted(&signed(json!({"typ": "kb+jwt"})));
        assert_eq!(refusal(&signed(json!({"typ": "kb+jwt", "crit": ["exp"]}))), "INRO-JOSE-004");
        assert_eq!(refusal(&signed(json!({"typ": "kb+jwt", "crit": []}))), "INRO-JOSE-004");
        assert_eq!(refusal(&signed(json!({"typ": "kb+jwt", "b64": false}))), "INRO-JOSE-004");
    }

    #[test]
    fn refuses_an_empty_list_of_certificates_and_a_long_one() {
        let chain = |count: usize| signed(json!({"typ": "kb+jwt", "x5c": vec!["MAA="; count]}));
        assert_eq!(accepted(&chain(10)).header().x5c().len(), 10);
        assert_eq!(refusal(&chain(0)), "INRO-JOSE-001");
        assert_eq!(refusal(&chain(11)), "INRO-JOSE-001");
    }

    #[test]
    fn refuses_a_text_past_its_limit_before_it_is_read() {
        let text = signed(json!({"typ": "kb+jwt"}));
        let refusal = |bytes: usize| {
            let limits = Limits { bytes, ..Limits::MESSAGE };
            UnverifiedJws::parse(&text, Expect { limits, ..EXPECT }).err().map(|error| error.code().as_str())
        };
        // The payload is shorter than either limit.
        assert_eq!(refusal(text.len().div_ceil(2)), None);
        assert_eq!(refusal(text.len().div_ceil(2) - 1), Some("INRO-BASE-001"));
    }

    #[test]
    fn refuses_another_kind_of_message() {
        assert_eq!(refusal(&signed(json!({"typ": "dpop+jwt"}))), "INRO-JOSE-003");
        assert_eq!(refusal(&signed(json!({}))), "INRO-JOSE-003");
    }

    #[test]
    fn refuses_a_wrong_signature_and_another_key() {
        let text = signed(json!({"typ": "kb+jwt"}));
        accepted(&text);
        let other = SoftwareKey::from_secret_bytes(&[12; 32]).unwrap().public_key();
        let error = UnverifiedJws::parse(&text, EXPECT).unwrap().verify(&RustCrypto, &other).unwrap_err();
        assert_eq!(error.code().as_str(), "INRO-JOSE-005");
    }

    #[test]
    fn refuses_repeated_names_and_malformed_parts() {
        let header = r#"{"alg":"ES256","typ":"kb+jwt"}"#;
        accepted(&signed_raw(header, r#"{"a":1,"b":1}"#));
        assert_eq!(refusal(&signed_raw(header, r#"{"a":1,"a":1}"#)), "INRO-BASE-003");
        assert_eq!(refusal(&signed_raw(header, "[]")), "INRO-BASE-005");
        for text in ["", ".", "..", "a.b", "e30.e30", "e30.e30.e30.e30"] {
            assert!(UnverifiedJws::parse(text, EXPECT).is_err(), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_altered_byte_passes(at in 0_usize..400, flip in 1_u8..=255) {
            let mut bytes = signed(json!({"typ": "kb+jwt"})).into_bytes();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            if let Ok(text) = String::from_utf8(bytes) {
                let result = UnverifiedJws::parse(&text, EXPECT)
                    .and_then(|jws| jws.verify(&RustCrypto, &key().public_key()));
                proptest::prop_assert!(result.is_err());
            }
        }
    }
}
