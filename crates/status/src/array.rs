use std::fmt;

use miniz_oxide::deflate::core::{
    CompressionStrategy, CompressorOxide, TDEFLFlush, compress_to_output, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_zlib_with_limit};

use crate::StatusError;

/// The longest list that is decompressed, in bytes: sixteen million places of two bits. Source: ours;
/// a list of a few hundred bytes can claim gigabytes.
pub const MAX_ARRAY_BYTES: usize = 4 * 1024 * 1024;

/// What an issuer says of one credential.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Status {
    /// It stands by it.
    Valid,
    /// It has taken it back for good.
    Invalid,
    /// It has taken it back for a while.
    Suspended,
    /// Something that the issuer and its verifiers agreed on.
    Other(u8),
}

/// How many bits each place has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bits {
    /// Valid or invalid.
    One,
    /// Also suspended: what this house writes.
    Two,
    /// Sixteen values.
    Four,
    /// 256 values.
    Eight,
}

/// The statuses of many credentials, by their place.
#[derive(Clone, Eq, PartialEq)]
pub struct StatusArray {
    bits: Bits,
    bytes: Vec<u8>,
}

impl Status {
    /// The value of this status. Source: Token Status List §7.1.
    pub const fn value(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::Invalid => 1,
            Self::Suspended => 2,
            Self::Other(value) => value,
        }
    }

    /// The status with this value.
    pub const fn of(value: u8) -> Self {
        match value {
            0 => Self::Valid,
            1 => Self::Invalid,
            2 => Self::Suspended,
            other => Self::Other(other),
        }
    }
}

impl Bits {
    /// Reads `bits`.
    ///
    /// # Errors
    /// [`StatusError::Bits`] for anything but 1, 2, 4 and 8.
    pub const fn of(number: u64) -> Result<Self, StatusError> {
        match number {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            4 => Ok(Self::Four),
            8 => Ok(Self::Eight),
            _ => Err(StatusError::Bits),
        }
    }

    /// The number of bits.
    pub const fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }

    const fn mask(self) -> u8 {
        u8::MAX >> (8 - self.number())
    }

    /// Which byte a place is in, and by how many bits it is shifted. Source: Token Status List §4.1.
    fn locate(self, index: u64) -> Option<(usize, u8)> {
        let bits = u64::from(self.number());
        let at = index.checked_mul(bits)?;
        Some((usize::try_from(at / 8).ok()?, u8::try_from(at % 8).ok()?))
    }
}

impl StatusArray {
    /// A list of at least `places` places, all valid.
    ///
    /// # Errors
    /// [`StatusError::TooLarge`] for more than [`MAX_ARRAY_BYTES`].
    pub fn valid(bits: Bits, places: u64) -> Result<Self, StatusError> {
        let bytes = places.saturating_mul(u64::from(bits.number())).div_ceil(8);
        match usize::try_from(bytes) {
            Ok(bytes) if bytes <= MAX_ARRAY_BYTES => Ok(Self { bits, bytes: vec![0; bytes] }),
            _ => Err(StatusError::TooLarge { limit: MAX_ARRAY_BYTES }),
        }
    }

    /// Decompresses what stands in `lst`.
    ///
    /// # Errors
    /// [`StatusError::TooLarge`] beyond [`MAX_ARRAY_BYTES`], [`StatusError::Compression`] for what is no
    /// ZLIB.
    ///
    /// Source: Token Status List §4.1.
    pub fn decompress(bits: Bits, compressed: &[u8]) -> Result<Self, StatusError> {
        match decompress_to_vec_zlib_with_limit(compressed, MAX_ARRAY_BYTES) {
            Ok(bytes) => Ok(Self { bits, bytes }),
            Err(error) if error.status == TINFLStatus::HasMoreOutput => {
                Err(StatusError::TooLarge { limit: MAX_ARRAY_BYTES })
            }
            Err(_) => Err(StatusError::Compression),
        }
    }

    /// What stands in `lst`.
    ///
    /// Places are drawn at random, so beyond runs of one byte nothing repeats: looking for runs alone costs
    /// a fraction of the time of a full search and yields the same size within a few hundredths.
    pub fn compress(&self) -> Vec<u8> {
        let flags =
            create_comp_flags_from_zip_params(LEVEL, ZLIB_WINDOW_BITS, CompressionStrategy::RLE.into());
        let mut compressed = Vec::new();
        compress_to_output(&mut CompressorOxide::new(flags), &self.bytes, TDEFLFlush::Finish, |bytes| {
            compressed.extend_from_slice(bytes);
            true
        });
        compressed
    }

    /// How many bits each place has.
    pub const fn bits(&self) -> Bits {
        self.bits
    }

    pub(crate) const fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The status at a place.
    ///
    /// # Errors
    /// [`StatusError::OutOfRange`] behind the end.
    pub fn status(&self, index: u64) -> Result<Status, StatusError> {
        let (at, shift) = self.bits.locate(index).ok_or(StatusError::OutOfRange)?;
        let byte = self.bytes.get(at).ok_or(StatusError::OutOfRange)?;
        Ok(Status::of((byte >> shift) & self.bits.mask()))
    }

    /// Puts a status in its place.
    ///
    /// # Errors
    /// [`StatusError::OutOfRange`] behind the end, and for a status that has no room.
    pub fn set(&mut self, index: u64, status: Status) -> Result<(), StatusError> {
        let (at, shift) = self.bits.locate(index).ok_or(StatusError::OutOfRange)?;
        let mask = self.bits.mask();
        if status.value() > mask {
            return Err(StatusError::OutOfRange);
        }
        let byte = self.bytes.get_mut(at).ok_or(StatusError::OutOfRange)?;
        *byte = (*byte & !(mask << shift)) | (status.value() << shift);
        Ok(())
    }
}

/// The highest level, as the draft recommends.
const LEVEL: i32 = 9;
/// Any positive number asks for the frame of ZLIB.
const ZLIB_WINDOW_BITS: i32 = 15;

/// Statuses are nobody's business in a log.
impl fmt::Debug for StatusArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatusArray({:?}, {} bytes)", self.bits, self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;

    use super::*;

    /// Source: Token Status List §4.1, both examples.
    #[test]
    fn the_examples_of_the_specification() {
        let bits = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1];
        let compressed = [0x78, 0xda, 0xdb, 0xb9, 0x18, 0x00, 0x02, 0x17, 0x01, 0x5d];
        check(Bits::One, &bits, &compressed);
        let statuses = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3];
        let compressed = [0x78, 0xda, 0x3b, 0xe9, 0xf2, 0x13, 0x00, 0x03, 0xdf, 0x02, 0x07];
        check(Bits::Two, &statuses, &compressed);
    }

    fn check(bits: Bits, statuses: &[u8], compressed: &[u8]) {
        let theirs = StatusArray::decompress(bits, compressed).unwrap();
        let mut ours = StatusArray::valid(bits, u64::try_from(statuses.len()).unwrap()).unwrap();
        for (index, value) in (0..).zip(statuses) {
            assert_eq!(theirs.status(index), Ok(Status::of(*value)), "{index}");
            ours.set(index, Status::of(*value)).unwrap();
        }
        assert_eq!(ours, theirs);
        assert_eq!(StatusArray::decompress(bits, &ours.compress()).unwrap(), theirs);
        let behind = u64::try_from(statuses.len()).unwrap();
        assert_eq!(theirs.status(behind), Err(StatusError::OutOfRange));
        assert_eq!(theirs.status(u64::MAX), Err(StatusError::OutOfRange));
    }

    #[test]
    fn a_status_that_has_no_room_is_refused() {
        let mut list = StatusArray::valid(Bits::One, 8).unwrap();
        list.set(0, Status::Invalid).unwrap();
        assert_eq!(list.set(0, Status::Suspended), Err(StatusError::OutOfRange));
        assert_eq!(list.status(0), Ok(Status::Invalid));
    }

    #[test]
    fn a_decompression_bomb_is_refused() {
        let fits = compress_to_vec_zlib(&vec![0; MAX_ARRAY_BYTES], 9);
        assert!(StatusArray::decompress(Bits::Two, &fits).is_ok());
        let bomb = compress_to_vec_zlib(&vec![0; MAX_ARRAY_BYTES + 1], 9);
        assert!(bomb.len() < 8 * 1024, "it is small to send: {}", bomb.len());
        let refused = StatusArray::decompress(Bits::Two, &bomb);
        assert_eq!(refused, Err(StatusError::TooLarge { limit: MAX_ARRAY_BYTES }));
    }

    #[test]
    fn what_is_no_zlib_is_refused() {
        let good = StatusArray::valid(Bits::Two, 64).unwrap().compress();
        assert!(StatusArray::decompress(Bits::Two, &good).is_ok());
        let mut checksum = good.clone();
        *checksum.last_mut().unwrap() ^= 1;
        for bytes in [&[][..], &good[..good.len() - 1], &good[2..], &checksum] {
            assert_eq!(StatusArray::decompress(Bits::Two, bytes), Err(StatusError::Compression));
        }
    }

    proptest::proptest! {
        #[test]
        fn what_was_set_is_read_in_its_place_alone(
            sets in proptest::collection::vec((0_u64..500, 0_u8..4), 0..40),
        ) {
            let mut list = StatusArray::valid(Bits::Two, 500).unwrap();
            let mut expected = [0_u8; 500];
            for (index, value) in sets {
                list.set(index, Status::of(value)).unwrap();
                expected[usize::try_from(index).unwrap()] = value;
            }
            let read = StatusArray::decompress(Bits::Two, &list.compress()).unwrap();
            for (index, value) in (0..).zip(expected) {
                proptest::prop_assert_eq!(read.status(index).unwrap().value(), value);
            }
        }
    }
}
