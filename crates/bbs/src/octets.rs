use zeroize::Zeroize;

use crate::ffi::Scalar;

/// Octets to hash, in the draft's encodings. Wiped when dropped, since a signer hashes its key.
///
/// Source: draft-irtf-cfrg-bbs-signatures-09 §4.2.4.1, `serialize`.
#[derive(Default)]
pub(crate) struct Octets(Vec<u8>);

impl Octets {
    /// No octets, with room for `length` of them: growing would leave a copy behind.
    pub(crate) fn with_room(length: usize) -> Self {
        Self(Vec::with_capacity(length))
    }

    /// `bytes` as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// A number as 8 bytes, big-endian.
    pub(crate) fn number(&mut self, number: usize) -> &mut Self {
        let number = u64::try_from(number).expect("a usize has at most 64 bits");
        self.bytes(&number.to_be_bytes())
    }

    /// `bytes` behind their length.
    pub(crate) fn counted(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len()).bytes(bytes)
    }

    /// A scalar as 32 bytes, big-endian.
    pub(crate) fn scalar(&mut self, scalar: Scalar) -> &mut Self {
        self.bytes(&scalar.to_be_bytes())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Octets {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
