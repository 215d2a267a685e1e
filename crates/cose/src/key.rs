use ciborium::Value;
use coset::iana::{self, EnumI64 as _};
use coset::{AsCborValue as _, CoseKey, CoseKeyBuilder, KeyType, Label};
use inro_crypto::PublicKey;

use crate::{CoseError, Item};

/// Reads a public P-256 key. One that carries a private half is refused.
///
/// # Errors
/// [`CoseError::Key`] for any other key.
///
/// Source: RFC 9053 §7.1.1.
pub fn read_key(item: Item<'_>) -> Result<PublicKey, CoseError> {
    let key = CoseKey::from_cbor_value(item.value()?).map_err(|_| CoseError::Key)?;
    let parameter = |label: iana::Ec2KeyParameter| {
        let label = Label::Int(label.to_i64());
        key.params.iter().find(|(found, _)| *found == label).map(|(_, value)| value)
    };
    let curve = parameter(iana::Ec2KeyParameter::Crv).and_then(Value::as_integer);
    let is_p256 = curve == Some(iana::EllipticCurve::P_256.to_i64().into());
    let is_ec2 = key.kty == KeyType::Assigned(iana::KeyType::EC2);
    if !is_ec2 || !is_p256 || parameter(iana::Ec2KeyParameter::D).is_some() {
        return Err(CoseError::Key);
    }
    let x = parameter(iana::Ec2KeyParameter::X).and_then(Value::as_bytes).ok_or(CoseError::Key)?;
    let sec1 = match parameter(iana::Ec2KeyParameter::Y) {
        Some(Value::Bytes(y)) if y.len() == 32 => [&[4], x.as_slice(), y.as_slice()].concat(),
        Some(Value::Bool(odd)) => [&[2 + u8::from(*odd)], x.as_slice()].concat(),
        _ => return Err(CoseError::Key),
    };
    PublicKey::from_sec1(&sec1).map_err(|_| CoseError::Key)
}

/// A public key as COSE_Key, to stand in another structure.
pub fn write_key(key: &PublicKey) -> Value {
    let (x, y) = (key.x().to_vec(), key.y().to_vec());
    let key = CoseKeyBuilder::new_ec2_pub_key(iana::EllipticCurve::P_256, x, y).build();
    key.to_cbor_value().expect("a key without repeated labels has a value")
}

#[cfg(test)]
mod tests {
    use inro_crypto::{Signer as _, SoftwareKey};

    use super::*;
    use crate::{Limits, encode};

    fn read(value: &Value) -> Result<PublicKey, CoseError> {
        let bytes = encode(value);
        read_key(Item::parse(&bytes, Limits::MESSAGE).unwrap())
    }

    fn entries(key: &PublicKey) -> Vec<(Value, Value)> {
        write_key(key).into_map().unwrap()
    }

    #[test]
    fn reads_both_forms_of_a_point() {
        let key = SoftwareKey::from_secret_bytes(&[7; 32]).unwrap().public_key();
        assert_eq!(read(&write_key(&key)), Ok(key));
        let mut compressed = entries(&key);
        compressed[3].1 = Value::Bool(key.y()[31] & 1 == 1);
        assert_eq!(read(&Value::Map(compressed)), Ok(key));
    }

    #[test]
    fn refuses_other_curves_private_halves_and_points_off_the_curve() {
        let key = SoftwareKey::from_secret_bytes(&[7; 32]).unwrap().public_key();
        read(&write_key(&key)).unwrap();
        let altered = |at: usize, value: Value| {
            let mut entries = entries(&key);
            entries[at].1 = value;
            read(&Value::Map(entries)).unwrap_err()
        };
        assert_eq!(altered(0, Value::from(1)), CoseError::Key);
        assert_eq!(altered(1, Value::from(2)), CoseError::Key);
        assert_eq!(altered(2, Value::Bytes(vec![1; 32])), CoseError::Key);
        assert_eq!(altered(2, Value::Bytes(vec![1; 31])), CoseError::Key);
        let mut private = entries(&key);
        private.push((Value::from(-4), Value::Bytes(vec![7; 32])));
        assert_eq!(read(&Value::Map(private)), Err(CoseError::Key));
    }
}
