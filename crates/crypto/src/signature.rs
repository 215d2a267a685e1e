use std::fmt;

use crate::CryptoError;

/// An ECDSA P-256 signature as JOSE and COSE carry it: r then s, 32 bytes each, big-endian.
///
/// Both halves are in 1..n. Source: RFC 7518 §3.4.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Reads r‖s.
    ///
    /// # Errors
    /// [`CryptoError::Signature`] for another length, and when a half is 0 or not below the order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let checked = p256::ecdsa::Signature::from_slice(bytes).map_err(|_| CryptoError::Signature)?;
        Ok(Self(checked.to_bytes().into()))
    }

    /// Reads the DER form that X.509 and most hardware speak.
    ///
    /// # Errors
    /// [`CryptoError::Signature`] when it is not strict DER or out of range.
    pub fn from_der(bytes: &[u8]) -> Result<Self, CryptoError> {
        let checked = p256::ecdsa::Signature::from_der(bytes).map_err(|_| CryptoError::Signature)?;
        Ok(Self(checked.to_bytes().into()))
    }

    /// r‖s.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// The DER form.
    pub fn to_der(&self) -> Vec<u8> {
        let signature = p256::ecdsa::Signature::from_slice(&self.0).expect("the range was checked when made");
        signature.to_der().as_bytes().to_vec()
    }
}

/// Shows nothing: a signature over a secret-bearing message can help to guess it.
impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_and_raw_are_the_same_signature() {
        let mut raw = [0x11; 64];
        raw[0] = 0xaa;
        let signature = Signature::from_bytes(&raw).unwrap();
        assert_eq!(Signature::from_der(&signature.to_der()), Ok(signature));
    }

    #[test]
    fn refuses_zero_and_wrong_lengths() {
        let mut zero_r = [0x11; 64];
        zero_r[..32].fill(0);
        for bytes in [&zero_r[..], &[0x11; 63], &[0x11; 65], &[0xff; 64], &[]] {
            assert_eq!(Signature::from_bytes(bytes), Err(CryptoError::Signature));
        }
    }
}
