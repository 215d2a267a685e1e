use std::fmt;

use inro_base::Rng;
use zeroize::{Zeroize, Zeroizing};

use crate::ffi::{G2Affine, Lines, Scalar};
use crate::{BbsError, Suite};

/// Least entropy of a key.
///
/// Source: draft-irtf-cfrg-bbs-signatures-09 §3.4.1.
const MIN_MATERIAL: usize = 32;
const MAX_INFO: usize = 65_535;

/// An issuer's secret key, with its public key. Wiped when dropped.
#[derive(Clone)]
pub struct SecretKey {
    scalar: Scalar,
    public: PublicKey,
}

/// An issuer's public key, ready for pairings.
#[derive(Clone)]
pub struct PublicKey {
    bytes: [u8; 96],
    lines: Lines,
}

impl SecretKey {
    /// The key that `material` (at least 32 random bytes) and `info` determine.
    ///
    /// # Errors
    /// [`BbsError::KeyMaterial`] when `material` is shorter than 32 bytes or `info` longer than 65535.
    ///
    /// Source: draft-irtf-cfrg-bbs-signatures-09 §3.4.1, `KeyGen`.
    pub fn derive(suite: Suite, material: &[u8], info: &[u8]) -> Result<Self, BbsError> {
        if material.len() < MIN_MATERIAL || info.len() > MAX_INFO {
            return Err(BbsError::KeyMaterial);
        }
        let length = u16::try_from(info.len()).map_err(|_| BbsError::KeyMaterial)?;
        let dst = format!("{}H2G_HM2S_KEYGEN_DST_", suite.id());
        let key = suite.scalar(&[material, &length.to_be_bytes(), info], dst.as_bytes());
        Ok(Self::of(key))
    }

    /// A fresh key.
    pub fn generate(suite: Suite, rng: &mut dyn Rng) -> Self {
        let material = Zeroizing::new(rng.bytes::<MIN_MATERIAL>());
        Self::derive(suite, &material[..], &[]).expect("the material is long enough")
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
        Ok(Self::of(scalar))
    }

    /// 32 bytes, big-endian.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.scalar.to_be_bytes())
    }

    /// The public key of this key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn scalar(&self) -> Scalar {
        self.scalar
    }

    fn of(scalar: Scalar) -> Self {
        Self { scalar, public: PublicKey::of(&G2Affine::times_generator(scalar)) }
    }
}

impl PublicKey {
    /// Reads a compressed point of G2.
    ///
    /// # Errors
    /// [`BbsError::Length`] when it is not 96 bytes, [`BbsError::Point`] when they are no point of the
    /// subgroup or the identity.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BbsError> {
        let bytes = bytes.try_into().map_err(|_| BbsError::Length { length: bytes.len() })?;
        Ok(Self::of(&G2Affine::from_compressed(bytes).ok_or(BbsError::Point)?))
    }

    /// The compressed point.
    pub fn as_bytes(&self) -> &[u8; 96] {
        &self.bytes
    }

    pub(crate) fn lines(&self) -> &Lines {
        &self.lines
    }

    fn of(point: &G2Affine) -> Self {
        Self { bytes: point.to_compressed(), lines: point.lines() }
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.scalar.zeroize();
    }
}

impl Eq for PublicKey {}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(")?;
        for byte in self.bytes {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}
