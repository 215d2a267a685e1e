use crate::BbsError;
use crate::ffi::{G1Affine, Scalar};

/// Reads a BBS encoding front to back. What it returns was checked.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A reader of `bytes`, which must be `length` bytes long.
    pub(crate) fn exactly(bytes: &'a [u8], length: usize) -> Result<Self, BbsError> {
        if bytes.len() != length {
            return Err(BbsError::Length { length: bytes.len() });
        }
        Ok(Self(bytes))
    }

    /// A point of the subgroup other than the identity.
    pub(crate) fn point(&mut self) -> Result<G1Affine, BbsError> {
        G1Affine::from_compressed(self.array()?).ok_or(BbsError::Point)
    }

    /// A number of 128 bits.
    pub(crate) fn number(&mut self) -> Result<u128, BbsError> {
        self.array().map(|bytes| u128::from_be_bytes(*bytes))
    }

    /// A scalar other than 0.
    pub(crate) fn scalar(&mut self) -> Result<Scalar, BbsError> {
        let scalar = Scalar::from_be_bytes(self.array()?).ok_or(BbsError::Scalar)?;
        if scalar.is_zero_public() {
            return Err(BbsError::Scalar);
        }
        Ok(scalar)
    }

    /// `count` scalars other than 0.
    pub(crate) fn scalars(&mut self, count: usize) -> Result<Vec<Scalar>, BbsError> {
        (0..count).map(|_| self.scalar()).collect()
    }

    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], BbsError> {
        let (head, rest) = self.0.split_first_chunk().ok_or(BbsError::Length { length: self.0.len() })?;
        self.0 = rest;
        Ok(head)
    }
}
