use std::fmt;

use coset::iana;
use coset::{Algorithm, AsCborValue as _, CoseMac0, MacContext, ProtectedHeader, mac_structure_data};
use inro_crypto::Provider;
use subtle::ConstantTimeEq as _;

use crate::sign1::{protected_header, refuse_unprotected_critical};
use crate::{CoseError, Item, Kind};

/// The tag of COSE_Mac0. Source: RFC 9052 §2.
const TAG: u64 = 17;

/// A COSE_Mac0 whose tag nobody has checked.
pub struct UnverifiedMac0 {
    protected: ProtectedHeader,
    payload: Option<Vec<u8>>,
    tag: Vec<u8>,
}

impl UnverifiedMac0 {
    /// Reads a COSE_Mac0, tagged or not, that stands in received CBOR.
    ///
    /// # Errors
    /// [`CoseError`] for another structure, an algorithm other than HMAC 256/256 in the protected
    /// header, or a critical parameter.
    ///
    /// Source: RFC 9052 §6.2; RFC 9053 §3.1.
    pub fn parse(item: Item<'_>) -> Result<Self, CoseError> {
        let item = if item.kind() == Kind::Tag { item.tagged(TAG)? } else { item };
        let parts = item.array()?;
        let [protected, unprotected, _, _] = parts.as_slice() else { return Err(CoseError::Structure) };
        refuse_unprotected_critical(*unprotected)?;
        let header = protected_header(*protected)?;
        if header.alg != Some(Algorithm::Assigned(iana::Algorithm::HMAC_256_256)) {
            return Err(CoseError::Algorithm);
        }
        let read = CoseMac0::from_cbor_value(item.value()?).map_err(|_| CoseError::Structure)?;
        let protected = ProtectedHeader { original_data: Some(protected.bytes()?.to_vec()), header };
        Ok(Self { protected, payload: read.payload, tag: read.tag })
    }

    /// Checks the tag over the payload inside, in constant time.
    ///
    /// # Errors
    /// [`CoseError::Payload`] when the payload is detached, [`CoseError::Tag`] when the tag does not fit.
    pub fn verify(self, key: &[u8], provider: &dyn Provider) -> Result<Vec<u8>, CoseError> {
        let payload = self.payload.ok_or(CoseError::Payload)?;
        let covered = mac_structure_data(MacContext::CoseMac0, self.protected, &[], &payload);
        let expected = provider.hmac_sha256(key, &covered);
        if bool::from(expected.as_slice().ct_eq(&self.tag)) { Ok(payload) } else { Err(CoseError::Tag) }
    }
}

/// Shows the size alone: the payload may hold claims, and the tag proves a key.
impl fmt::Debug for UnverifiedMac0 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedMac0({} bytes)", self.payload.as_ref().map_or(0, Vec::len))
    }
}

#[cfg(test)]
mod tests {
    use ciborium::Value;
    use inro_crypto::RustCrypto;

    use super::*;
    use crate::{Limits, encode};

    const KEY: &[u8] = b"a key of both sides";

    /// Protects `payload` with headers that an honest maker would not write.
    fn made(protected: &[(i64, Value)], unprotected: &[(i64, Value)]) -> Vec<u8> {
        let map = |entries: &[(i64, Value)]| {
            Value::Map(entries.iter().map(|(label, value)| (Value::from(*label), value.clone())).collect())
        };
        let protected = Value::Bytes(encode(&map(protected)));
        let payload = Value::Bytes(b"payload".to_vec());
        let covered = Value::Array(vec![
            Value::from("MAC0"),
            protected.clone(),
            Value::Bytes(Vec::new()),
            payload.clone(),
        ]);
        let tag = RustCrypto.hmac_sha256(KEY, &encode(&covered)).to_vec();
        encode(&Value::Array(vec![protected, map(unprotected), payload, Value::Bytes(tag)]))
    }

    fn verify(bytes: &[u8], key: &[u8]) -> Result<Vec<u8>, CoseError> {
        UnverifiedMac0::parse(Item::parse(bytes, Limits::MESSAGE)?)?.verify(key, &RustCrypto)
    }

    #[test]
    fn refuses_another_key_algorithm_and_critical_parameters() {
        let hmac = [(1, Value::from(5))];
        assert_eq!(verify(&made(&hmac, &[]), KEY).unwrap(), b"payload");
        assert_eq!(verify(&made(&hmac, &[]), b"another").unwrap_err(), CoseError::Tag);
        for algorithm in [4, 6, -7] {
            let other = made(&[(1, Value::from(algorithm))], &[]);
            assert_eq!(verify(&other, KEY).unwrap_err(), CoseError::Algorithm);
        }
        assert_eq!(verify(&made(&[], &hmac), KEY).unwrap_err(), CoseError::Algorithm);
        let critical = (2, Value::Array(vec![Value::from(4)]));
        let signed = made(&[hmac[0].clone(), critical.clone()], &[]);
        assert_eq!(verify(&signed, KEY).unwrap_err(), CoseError::Critical);
        assert_eq!(verify(&made(&hmac, &[critical]), KEY).unwrap_err(), CoseError::Critical);
    }

    #[test]
    fn shows_nothing_of_its_payload() {
        let bytes = made(&[(1, Value::from(5))], &[]);
        let read = UnverifiedMac0::parse(Item::parse(&bytes, Limits::MESSAGE).unwrap()).unwrap();
        assert_eq!(format!("{read:?}"), "UnverifiedMac0(7 bytes)");
    }
}
