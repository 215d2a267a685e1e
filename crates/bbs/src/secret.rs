use std::fmt;

use inro_base::Rng;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::BbsError;
use crate::ffi::Scalar;
use crate::suite::EXPAND_LEN;

/// A secret number below the group order: a holder's secret, a blinding factor. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretScalar(Scalar);

impl SecretScalar {
    /// A fresh random number.
    pub fn generate(rng: &mut dyn Rng) -> Self {
        Self(Scalar::from_wide(&Zeroizing::new(rng.bytes::<EXPAND_LEN>())[..]))
    }

    /// Reads 32 bytes, big-endian.
    ///
    /// # Errors
    /// [`BbsError::Scalar`] when they are 0 or not below the group order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, BbsError> {
        let scalar = Scalar::from_be_bytes(bytes).ok_or(BbsError::Scalar)?;
        if scalar.is_zero_public() {
            return Err(BbsError::Scalar);
        }
        Ok(Self(scalar))
    }

    /// 32 bytes, big-endian.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_be_bytes())
    }

    pub(crate) fn new(scalar: Scalar) -> Self {
        Self(scalar)
    }

    pub(crate) fn scalar(&self) -> Scalar {
        self.0
    }
}

impl fmt::Debug for SecretScalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretScalar(…)")
    }
}
