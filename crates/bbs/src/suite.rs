use sha2::{Digest as _, Sha256};

use crate::BbsError;
use crate::ffi::{G1, G1Affine, Scalar};

/// Bytes that are hashed for one scalar, so that its bias is below 2^-128.
///
/// Source: draft-irtf-cfrg-bbs-signatures-09 §7.2, `expand_len`.
pub(crate) const EXPAND_LEN: usize = 48;

/// A BBS ciphersuite: which hash makes generators and scalars.
///
/// Source: draft-irtf-cfrg-bbs-signatures-09 §7.2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Suite {
    /// BLS12-381-SHA-256.
    Sha256,
    /// BLS12-381-SHAKE-256.
    Shake256,
}

impl Suite {
    /// `ciphersuite_id` of the draft.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Sha256 => "BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_",
            Self::Shake256 => "BBS_BLS12381G1_XOF:SHAKE-256_SSWU_RO_",
        }
    }

    /// The fixed point P1 of the suite.
    pub(crate) fn p1(self) -> G1Affine {
        let bytes: [u8; 48] = match self {
            Self::Sha256 => {
                *b"\xa8\xce\x25\x61\x02\x84\x08\x21\xa3\xe9\x4e\xa9\x02\x5e\x46\x62\
                \xb2\x05\x76\x2f\x97\x76\xb3\xa7\x66\xc8\x72\xb9\x48\xf1\xfd\x22\
                \x5e\x7c\x59\x69\x85\x88\xe7\x0d\x11\x40\x6d\x16\x1b\x4e\x28\xc9"
            }
            Self::Shake256 => {
                *b"\x89\x29\xdf\xbc\x7e\x66\x42\xc4\xed\x9c\xba\x08\x56\xe4\x93\xf8\
                \xb9\xd7\xd5\xfc\xb0\xc3\x1e\xf8\xfd\xcd\x34\xd5\x06\x48\xa5\x6c\
                \x79\x5e\x10\x6e\x9e\xad\xa6\xe0\xbd\xa3\x86\xb4\x14\x15\x07\x55"
            }
        };
        G1Affine::from_compressed(&bytes).expect("a constant of the draft")
    }

    /// `expand_message` of RFC 9380 §5.3: fills `out` from `message` under the tag `dst`, which is at most
    /// 255 bytes long. `out` is at most 8160 bytes long.
    pub(crate) fn expand(self, message: &[&[u8]], dst: &[u8], out: &mut [u8]) {
        let length = u16::try_from(out.len()).expect("callers ask for at most 8160 bytes").to_be_bytes();
        let dst_length = [u8::try_from(dst.len()).expect("tags are this crate's own and short")];
        match self {
            Self::Sha256 => expand_xmd(message, length, &[dst, &dst_length], out),
            Self::Shake256 => expand_xof(message, length, &[dst, &dst_length], out),
        }
    }

    /// The scalar of `message` under the tag `dst` (at most 255 bytes), as 32 bytes, big-endian.
    ///
    /// # Errors
    /// [`BbsError::Length`] when `dst` is longer.
    ///
    /// Source: draft-irtf-cfrg-bbs-signatures-09 §4.2.2, `hash_to_scalar`.
    pub fn hash_to_scalar(self, message: &[u8], dst: &[u8]) -> Result<[u8; 32], BbsError> {
        u8::try_from(dst.len()).map_err(|_| BbsError::Length { length: dst.len() })?;
        Ok(self.scalar(&[message], dst).to_be_bytes())
    }

    /// As [`Self::hash_to_scalar`], for a message in parts and a tag of this crate's own.
    pub(crate) fn scalar(self, message: &[&[u8]], dst: &[u8]) -> Scalar {
        let mut uniform = zeroize::Zeroizing::new([0; EXPAND_LEN]);
        self.expand(message, dst, &mut uniform[..]);
        Scalar::from_wide(&uniform[..])
    }

    /// Source: RFC 9380 §3, `hash_to_curve` with the suite's random oracle map to G1.
    pub(crate) fn hash_to_curve(self, message: &[u8], dst: &[u8]) -> G1 {
        let mut uniform = [0; 128];
        self.expand(&[message], dst, &mut uniform);
        G1::map(&uniform)
    }
}

fn expand_xmd(message: &[&[u8]], length: [u8; 2], dst: &[&[u8]; 2], out: &mut [u8]) {
    let mut first = Sha256::new_with_prefix([0; 64]);
    for part in message {
        first.update(part);
    }
    let seed = tagged(first.chain_update(length).chain_update([0]), dst);
    let mut previous = [0; 32];
    for (number, block) in (1_u8..).zip(out.chunks_mut(32)) {
        // The first block hashes the seed itself: exclusive or with zero leaves it.
        for (mixed, byte) in previous.iter_mut().zip(seed) {
            *mixed ^= byte;
        }
        previous = tagged(Sha256::new_with_prefix(previous).chain_update([number]), dst);
        for (to, from) in block.iter_mut().zip(previous) {
            *to = from;
        }
    }
}

fn expand_xof(message: &[&[u8]], length: [u8; 2], dst: &[&[u8]; 2], out: &mut [u8]) {
    use sha3::digest::{ExtendableOutput as _, Update as _, XofReader as _};

    let mut hash = sha3::Shake256::default();
    for part in message.iter().chain(&[&length[..]]).chain(dst) {
        hash.update(part);
    }
    hash.finalize_xof().read(out);
}

fn tagged(mut hash: Sha256, dst: &[&[u8]; 2]) -> [u8; 32] {
    for part in dst {
        hash.update(part);
    }
    hash.finalize().into()
}
