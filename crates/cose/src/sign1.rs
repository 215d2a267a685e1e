use std::fmt;

use ciborium::Value;
use coset::iana::{self, EnumI64 as _};
use coset::{Algorithm, AsCborValue as _, CborSerializable as _, Header, HeaderBuilder, Label};
use inro_crypto::{Provider, PublicKey, Signature, Signer};

use crate::write::Writer;
use crate::{CoseError, Item, Kind, Limits};

/// `crit` in a header. Source: RFC 9052 §3.1.
const CRIT: u64 = 2;
/// `typ` in a header. Source: RFC 9596 §2.
const TYP: i64 = 16;
/// `x5chain` in a header. Source: RFC 9360 §2.
const X5CHAIN: i64 = 33;
/// The tag of COSE_Sign1. Source: RFC 9052 §2.
const TAG: u64 = 18;
/// The most certificates that are read; who trusts them has a smaller bound.
const MAX_CERTIFICATES: usize = 16;

/// A COSE_Sign1 whose signature nobody has checked.
pub struct UnverifiedSign1 {
    /// The bytes of the protected header, as received.
    protected: Vec<u8>,
    x5chain: Vec<Vec<u8>>,
    payload: Option<Vec<u8>>,
    signature: Signature,
}

/// A COSE_Sign1 whose signature fits the key that it was checked with. Whether that key may say such
/// things is another question: see `inro_trust::TrustedKey`.
pub struct VerifiedSign1 {
    payload: Vec<u8>,
}

/// A COSE_Sign1 that waits for its signature.
#[must_use]
pub struct Sign1ToSign {
    protected: Vec<u8>,
    unprotected: Vec<u8>,
    payload: Option<Vec<u8>>,
    to_be_signed: Vec<u8>,
}

impl UnverifiedSign1 {
    /// Reads a COSE_Sign1, tagged or not, that stands in received CBOR. With `typ`, the protected
    /// header has to name that type.
    ///
    /// # Errors
    /// [`CoseError`] for another structure, an algorithm other than ES256 in the protected header, a
    /// critical parameter or another type.
    ///
    /// Source: RFC 9052 §3, §4.2; RFC 9053 §2.1.
    pub fn parse(item: Item<'_>, typ: Option<&str>) -> Result<Self, CoseError> {
        let item = if item.kind() == Kind::Tag { item.tagged(TAG)? } else { item };
        let parts = item.array()?;
        let [protected, unprotected, payload, signature] = parts.as_slice() else {
            return Err(CoseError::Structure);
        };
        let header = protected_header(*protected)?;
        check_header(&header)?;
        let received_type = typ_of(&header);
        if let Some(expected) = typ
            && !received_type.is_some_and(|received| same_type(received, expected))
        {
            return Err(CoseError::Type);
        }
        refuse_unprotected_critical(*unprotected)?;
        let unprotected = Header::from_cbor_value(unprotected.value()?).map_err(|_| CoseError::Structure)?;
        let payload = if payload.is_null() { None } else { Some(payload.bytes()?.to_vec()) };
        let signature = Signature::from_bytes(signature.bytes()?).map_err(|_| CoseError::Signature)?;
        let x5chain = match x5chain(&header)? {
            Some(chain) => chain,
            None => x5chain(&unprotected)?.unwrap_or_default(),
        };
        Ok(Self { protected: protected.bytes()?.to_vec(), x5chain, payload, signature })
    }

    /// The certificates (DER, leaf first), for `inro_trust::Anchors::trust`; empty when there are none.
    pub fn x5chain(&self) -> &[Vec<u8>] {
        &self.x5chain
    }

    /// The payload, to find out which key to check with. Nothing in it is established.
    pub fn unverified_payload(&self) -> Option<&[u8]> {
        self.payload.as_deref()
    }

    /// Checks the signature over the payload inside.
    ///
    /// # Errors
    /// [`CoseError::Payload`] when the payload is detached, [`CoseError::Signature`] when the signature
    /// does not fit.
    pub fn verify(mut self, provider: &dyn Provider, key: &PublicKey) -> Result<VerifiedSign1, CoseError> {
        let payload = self.payload.take().ok_or(CoseError::Payload)?;
        self.check(&payload, provider, key)?;
        Ok(VerifiedSign1 { payload })
    }

    /// Checks the signature over a payload that travels elsewhere.
    ///
    /// # Errors
    /// [`CoseError::Payload`] when there is one inside as well, [`CoseError::Signature`] when the
    /// signature does not fit.
    pub fn verify_detached(
        self,
        payload: &[u8],
        provider: &dyn Provider,
        key: &PublicKey,
    ) -> Result<(), CoseError> {
        if self.payload.is_some() {
            return Err(CoseError::Payload);
        }
        self.check(payload, provider, key)
    }

    fn check(&self, payload: &[u8], provider: &dyn Provider, key: &PublicKey) -> Result<(), CoseError> {
        let signed = sig_structure(&self.protected, payload);
        provider.verify_es256(key, &signed, &self.signature).map_err(|_| CoseError::Signature)
    }
}

impl VerifiedSign1 {
    /// The payload.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload, by value.
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }
}

impl Sign1ToSign {
    /// Lays out a COSE_Sign1 over `payload`. `typ` stands in the protected header, `x5chain` (DER, leaf
    /// first) in the unprotected one, where an mdoc has it; each is left out when it is empty.
    pub fn new(payload: Vec<u8>, typ: Option<&str>, x5chain: &[Vec<u8>]) -> Self {
        let mut sign1 = Self::detached(&payload, typ, x5chain);
        sign1.payload = Some(payload);
        sign1
    }

    /// As [`Sign1ToSign::new`], with the payload left out of the structure.
    pub fn detached(payload: &[u8], typ: Option<&str>, x5chain: &[Vec<u8>]) -> Self {
        let mut protected = HeaderBuilder::new().algorithm(iana::Algorithm::ES256);
        if let Some(typ) = typ {
            protected = protected.value(TYP, Value::Text(typ.to_owned()));
        }
        let mut unprotected = HeaderBuilder::new();
        match x5chain {
            [] => {}
            [one] => unprotected = unprotected.value(X5CHAIN, Value::Bytes(one.clone())),
            many => {
                let chain = many.iter().cloned().map(Value::Bytes).collect();
                unprotected = unprotected.value(X5CHAIN, Value::Array(chain));
            }
        }
        let protected = encoding(protected);
        let to_be_signed = sig_structure(&protected, payload);
        Self { protected, unprotected: encoding(unprotected), payload: None, to_be_signed }
    }

    /// The bytes that the key signs with ES256.
    pub fn signing_input(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// The structure with its signature, untagged, to stand in another one.
    pub fn finish(self, signature: &Signature) -> Vec<u8> {
        self.write(Writer::default(), signature)
    }

    /// The structure with its signature, tagged.
    pub fn finish_tagged(self, signature: &Signature) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.tag(TAG);
        self.write(writer, signature)
    }

    fn write(self, mut writer: Writer, signature: &Signature) -> Vec<u8> {
        writer.array(4);
        writer.bytes(&self.protected);
        writer.raw(&self.unprotected);
        match &self.payload {
            Some(payload) => writer.bytes(payload),
            None => writer.null(),
        }
        writer.bytes(signature.as_bytes());
        writer.finish()
    }

    /// Signs with a key that is at hand; see [`Sign1ToSign::finish_tagged`].
    ///
    /// # Errors
    /// [`CoseError::Crypto`] when the key cannot be used.
    pub fn sign_with(self, signer: &dyn Signer) -> Result<Vec<u8>, CoseError> {
        let signature = signer.sign_es256(self.signing_input())?;
        Ok(self.finish_tagged(&signature))
    }
}

impl fmt::Debug for UnverifiedSign1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedSign1({} bytes)", self.payload.as_ref().map_or(0, Vec::len))
    }
}

impl fmt::Debug for VerifiedSign1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedSign1({} bytes)", self.payload.len())
    }
}

impl fmt::Debug for Sign1ToSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sign1ToSign({} bytes)", self.to_be_signed.len())
    }
}

/// What a signature covers. Source: RFC 9052 §4.4.
fn sig_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.array(4);
    writer.text("Signature1");
    writer.bytes(protected);
    writer.bytes(&[]);
    writer.bytes(payload);
    writer.finish()
}

fn encoding(header: HeaderBuilder) -> Vec<u8> {
    header.build().to_vec().expect("a header without repeated labels has an encoding")
}

/// The header inside its byte string, read strictly.
pub(crate) fn protected_header(item: Item<'_>) -> Result<Header, CoseError> {
    let bytes = item.bytes()?;
    if bytes.is_empty() {
        return Ok(Header::default());
    }
    let inner = Item::parse(bytes, Limits::MESSAGE)?;
    if inner.kind() != Kind::Map {
        return Err(CoseError::Structure);
    }
    // `coset` takes an empty list for an absent one; both would be a demand that we cannot meet.
    if inner.map()?.iter().any(|(label, _)| label.unsigned() == Ok(CRIT)) {
        return Err(CoseError::Critical);
    }
    Header::from_slice(bytes).map_err(|_| CoseError::Structure)
}

/// `crit` counts in the protected header alone; elsewhere it is a demand that nobody signed, and `coset`
/// would pass over it.
///
/// Source: RFC 9052 §3.1.
pub(crate) fn refuse_unprotected_critical(unprotected: Item<'_>) -> Result<(), CoseError> {
    if unprotected.map()?.iter().any(|(label, _)| label.unsigned() == Ok(CRIT)) {
        return Err(CoseError::Critical);
    }
    Ok(())
}

fn check_header(header: &Header) -> Result<(), CoseError> {
    if header.alg == Some(Algorithm::Assigned(iana::Algorithm::ES256)) {
        Ok(())
    } else {
        Err(CoseError::Algorithm)
    }
}

fn parameter(header: &Header, label: i64) -> Option<&Value> {
    header.rest.iter().find(|(found, _)| *found == Label::Int(label)).map(|(_, value)| value)
}

fn typ_of(header: &Header) -> Option<&str> {
    parameter(header, TYP)?.as_text()
}

/// As of a JWT: the prefix may be left out, and case does not count. Source: RFC 9596 §2.
fn same_type(received: &str, expected: &str) -> bool {
    let bare = |typ: &str| typ.strip_prefix("application/").unwrap_or(typ).to_ascii_lowercase();
    bare(received) == bare(expected)
}

fn x5chain(header: &Header) -> Result<Option<Vec<Vec<u8>>>, CoseError> {
    match parameter(header, X5CHAIN) {
        None => Ok(None),
        Some(Value::Bytes(one)) => Ok(Some(vec![one.clone()])),
        Some(Value::Array(many)) if (1..=MAX_CERTIFICATES).contains(&many.len()) => many
            .iter()
            .map(|der| der.as_bytes().cloned().ok_or(CoseError::Structure))
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(CoseError::Structure),
    }
}

/// The label of ES256, for whoever publishes it. Source: RFC 9053 §2.1.
pub fn es256() -> i64 {
    iana::Algorithm::ES256.to_i64()
}

#[cfg(test)]
mod tests {
    use inro_base::Coded as _;
    use inro_crypto::{RustCrypto, SoftwareKey};

    use super::*;
    use crate::write::{encode, encoded};

    fn key() -> SoftwareKey {
        SoftwareKey::from_secret_bytes(&[21; 32]).unwrap()
    }

    fn parse(bytes: &[u8], typ: Option<&str>) -> Result<UnverifiedSign1, CoseError> {
        UnverifiedSign1::parse(Item::parse(bytes, Limits::MESSAGE)?, typ)
    }

    fn verify(bytes: &[u8]) -> Result<VerifiedSign1, CoseError> {
        parse(bytes, None)?.verify(&RustCrypto, &key().public_key())
    }

    /// Signs with headers that the maker would not write.
    fn signed(protected: &[(i64, Value)], unprotected: &[(i64, Value)]) -> Vec<u8> {
        let map = |entries: &[(i64, Value)]| {
            Value::Map(entries.iter().map(|(label, value)| (Value::from(*label), value.clone())).collect())
        };
        let protected = encode(&map(protected));
        let to_sign = encode(&Value::Array(vec![
            Value::from("Signature1"),
            Value::Bytes(protected.clone()),
            Value::Bytes(Vec::new()),
            Value::Bytes(b"payload".to_vec()),
        ]));
        let signature = key().sign_es256(&to_sign).unwrap();
        encode(&Value::Array(vec![
            Value::Bytes(protected),
            map(unprotected),
            Value::Bytes(b"payload".to_vec()),
            Value::Bytes(signature.as_bytes().to_vec()),
        ]))
    }

    fn refusal(bytes: &[u8]) -> &'static str {
        verify(bytes).unwrap_err().code().as_str()
    }

    #[test]
    fn reads_back_what_it_signs() {
        let chain = [vec![1, 2], vec![3]];
        let made = Sign1ToSign::new(b"payload".to_vec(), Some("application/x+cwt"), &chain);
        let bytes = made.sign_with(&key()).unwrap();
        let read = parse(&bytes, Some("x+cwt")).unwrap();
        assert_eq!(read.x5chain(), chain);
        assert_eq!(read.verify(&RustCrypto, &key().public_key()).unwrap().payload(), b"payload");
        let one = Sign1ToSign::new(Vec::new(), None, &chain[..1]).sign_with(&key()).unwrap();
        assert_eq!(parse(&one, None).unwrap().x5chain(), &chain[..1]);
    }

    #[test]
    fn a_detached_payload_is_checked_and_never_mistaken_for_one_inside() {
        let made = Sign1ToSign::detached(b"payload", None, &[]);
        let signature = key().sign_es256(made.signing_input()).unwrap();
        let bytes = made.finish(&signature);
        let public = key().public_key();
        let read = || parse(&bytes, None).unwrap();
        read().verify_detached(b"payload", &RustCrypto, &public).unwrap();
        assert_eq!(read().verify_detached(b"other", &RustCrypto, &public).unwrap_err(), CoseError::Signature);
        assert_eq!(read().verify(&RustCrypto, &public).unwrap_err(), CoseError::Payload);
        let inside = signed(&[(1, Value::from(-7))], &[]);
        let read = parse(&inside, None).unwrap();
        assert_eq!(read.verify_detached(b"payload", &RustCrypto, &public).unwrap_err(), CoseError::Payload);
    }

    #[test]
    fn refuses_another_algorithm_and_one_that_nobody_signed() {
        verify(&signed(&[(1, Value::from(-7))], &[])).unwrap();
        for algorithm in [Value::from(-35), Value::from(5), Value::from(-8), Value::from("ES256")] {
            assert_eq!(refusal(&signed(&[(1, algorithm)], &[])), "INRO-COSE-007");
        }
        assert_eq!(refusal(&signed(&[], &[(1, Value::from(-7))])), "INRO-COSE-007");
    }

    #[test]
    fn refuses_critical_parameters() {
        verify(&signed(&[(1, Value::from(-7)), (4, Value::Bytes(vec![1]))], &[])).unwrap();
        for critical in [vec![Value::from(4)], vec![Value::from(99)], Vec::new()] {
            let header = [(1, Value::from(-7)), (2, Value::Array(critical))];
            assert_eq!(refusal(&signed(&header, &[])), "INRO-COSE-009");
        }
        let unsigned = signed(&[(1, Value::from(-7))], &[(2, Value::Array(vec![Value::from(4)]))]);
        assert_eq!(refusal(&unsigned), "INRO-COSE-009");
    }

    #[test]
    fn refuses_another_type_and_none() {
        let header = [(1, Value::from(-7)), (16, Value::from("application/statuslist+cwt"))];
        let bytes = signed(&header, &[]);
        assert!(parse(&bytes, Some("statuslist+cwt")).is_ok());
        assert_eq!(parse(&bytes, Some("cwt")).unwrap_err(), CoseError::Type);
        assert_eq!(parse(&signed(&header[..1], &[]), Some("cwt")).unwrap_err(), CoseError::Type);
        let unsigned = signed(&header[..1], &header[1..]);
        assert_eq!(parse(&unsigned, Some("statuslist+cwt")).unwrap_err(), CoseError::Type);
    }

    #[test]
    fn refuses_a_wrong_signature_another_key_and_another_structure() {
        let bytes = signed(&[(1, Value::from(-7))], &[]);
        verify(&bytes).unwrap();
        let other = SoftwareKey::from_secret_bytes(&[22; 32]).unwrap().public_key();
        assert_eq!(
            parse(&bytes, None).unwrap().verify(&RustCrypto, &other).unwrap_err(),
            CoseError::Signature
        );
        for value in [Value::Null, Value::Array(Vec::new()), encoded(bytes.clone())] {
            assert_eq!(refusal(&encode(&value)), "INRO-COSE-006");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_altered_byte_passes(at in 0_usize..400, flip in 1_u8..=255) {
            let mut bytes = signed(&[(1, Value::from(-7))], &[]);
            let at = at % bytes.len();
            bytes[at] ^= flip;
            if let Ok(found) = verify(&bytes) {
                proptest::prop_assert_eq!(found.payload(), b"payload");
            }
        }
    }
}
