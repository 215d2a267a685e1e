use std::fmt;

use crate::CryptoError;

/// A public P-256 key: a point on the curve that is not the identity, checked when made.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct PublicKey {
    // Uncompressed: a tag of 0x04, then both coordinates.
    sec1: [u8; 65],
}

impl PublicKey {
    /// Reads a key in SEC 1 form: 65 bytes uncompressed or 33 compressed. Source: SEC 1 §2.3.4.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`] for any other length and for points that are not on the curve.
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, CryptoError> {
        // The compact and hybrid forms of SEC 1 are not in use anywhere that we read.
        if !matches!((bytes.first(), bytes.len()), (Some(4), 65) | (Some(2 | 3), 33)) {
            return Err(CryptoError::PublicKey);
        }
        let key = p256::PublicKey::from_sec1_bytes(bytes).map_err(|_| CryptoError::PublicKey)?;
        let sec1 = p256::elliptic_curve::sec1::ToSec1Point::to_sec1_point(&key, false);
        let sec1 = sec1.as_bytes().try_into().map_err(|_| CryptoError::PublicKey)?;
        Ok(Self { sec1 })
    }

    /// Reads a key from its affine coordinates, big-endian.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`] when they name no point of the curve.
    pub fn from_coordinates(x: &[u8; 32], y: &[u8; 32]) -> Result<Self, CryptoError> {
        let mut sec1 = [4; 65];
        let (_, coordinates) = sec1.split_at_mut(1);
        let (left, right) = coordinates.split_at_mut(32);
        left.copy_from_slice(x);
        right.copy_from_slice(y);
        Self::from_sec1(&sec1)
    }

    /// The uncompressed SEC 1 form: 0x04, x, y.
    pub const fn to_sec1(&self) -> [u8; 65] {
        self.sec1
    }

    /// The x coordinate, big-endian.
    pub fn x(&self) -> &[u8; 32] {
        self.coordinates().0
    }

    /// The y coordinate, big-endian.
    pub fn y(&self) -> &[u8; 32] {
        self.coordinates().1
    }

    fn coordinates(&self) -> (&[u8; 32], &[u8; 32]) {
        let [_, rest @ ..] = &self.sec1;
        let (x, y) = rest.split_first_chunk::<32>().expect("64 bytes follow the tag");
        (x, y.first_chunk().expect("32 bytes follow x"))
    }
}

/// The first four bytes of x, to tell keys apart in a test's output.
impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(")?;
        self.x().iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Signer as _, SoftwareKey};

    fn key() -> PublicKey {
        SoftwareKey::from_secret_bytes(&[7; 32]).unwrap().public_key()
    }

    #[test]
    fn reads_both_forms_of_sec1() {
        let key = key();
        assert_eq!(PublicKey::from_sec1(&key.to_sec1()), Ok(key));
        assert_eq!(PublicKey::from_coordinates(key.x(), key.y()), Ok(key));
        let mut compressed = vec![2 + (key.y()[31] & 1)];
        compressed.extend_from_slice(key.x());
        assert_eq!(PublicKey::from_sec1(&compressed), Ok(key));
    }

    #[test]
    fn refuses_what_is_not_on_the_curve() {
        let key = key();
        let mut y = *key.y();
        y[31] ^= 1;
        assert_eq!(PublicKey::from_coordinates(key.x(), &y), Err(CryptoError::PublicKey));
        for bytes in [&[][..], &[0], &[4; 65], &[5; 33], &key.to_sec1()[..64]] {
            assert_eq!(PublicKey::from_sec1(bytes), Err(CryptoError::PublicKey));
        }
        let mut hybrid = key.to_sec1();
        hybrid[0] = 6 + (key.y()[31] & 1);
        assert_eq!(PublicKey::from_sec1(&hybrid), Err(CryptoError::PublicKey));
    }
}
