//! What the BBS tests share: the vectors, and randomness that a test can replay.

#![expect(dead_code, reason = "each test binary uses a part")]

#[path = "../../fuzz/src/stream.rs"]
mod stream;

use std::path::{Path, PathBuf};

use inro_base::Rng;
use inro_bbs::Suite;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sha3::digest::{ExtendableOutput as _, Update as _, XofReader as _};

pub(crate) use stream::Stream;

pub(crate) const SUITES: [(Suite, &str); 2] =
    [(Suite::Sha256, "bls12-381-sha-256"), (Suite::Shake256, "bls12-381-shake-256")];

/// The folder of the third-party vectors, if it is there.
pub(crate) fn vectors() -> Option<PathBuf> {
    let folder = std::env::var_os("INRO_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"), PathBuf::from);
    let folder = folder.join("bbs");
    let required = std::env::var_os("INRO_REQUIRE_VECTORS").is_some_and(|value| value == "1");
    assert!(folder.is_dir() || !required, "no vectors at {}", folder.display());
    folder.is_dir().then_some(folder)
}

/// The JSON files of `folder` with their names, in the order of the names.
pub(crate) fn files(folder: &Path) -> Vec<(String, Value)> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), json(path))).collect()
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that a member of a vector is in hex; empty when it is absent or null.
pub(crate) fn octets(value: &Value) -> Vec<u8> {
    unhex(value.as_str().unwrap_or_default())
}

/// A member of a vector that is an array of hex texts; empty when it is absent or null.
pub(crate) fn octet_list(value: &Value) -> Vec<Vec<u8>> {
    value.as_array().map(|list| list.iter().map(octets).collect()).unwrap_or_default()
}

pub(crate) fn slices(list: &[Vec<u8>]) -> Vec<&[u8]> {
    list.iter().map(Vec::as_slice).collect()
}

/// `expand_message` of RFC 9380 §5.3, written apart from the room's own.
pub(crate) fn expand(suite: Suite, message: &[u8], dst: &[u8], length: usize) -> Vec<u8> {
    let dst_prime = [dst, &[u8::try_from(dst.len()).unwrap()]].concat();
    let message = [message, &u16::try_from(length).unwrap().to_be_bytes()].concat();
    match suite {
        Suite::Shake256 => {
            let mut hash = sha3::Shake256::default();
            hash.update(&[message, dst_prime].concat());
            let mut out = vec![0; length];
            hash.finalize_xof().read(&mut out);
            out
        }
        Suite::Sha256 => {
            let b0 = Sha256::digest([&[0; 64], &message[..], &[0], &dst_prime].concat());
            let mut out = Sha256::digest([&b0[..], &[1], &dst_prime].concat()).to_vec();
            for number in 2..=u8::try_from(length.div_ceil(32)).unwrap() {
                let last = &out[out.len() - 32..];
                let mixed: Vec<u8> = b0.iter().zip(last).map(|(left, right)| left ^ right).collect();
                out.extend(Sha256::digest([&mixed[..], &[number], &dst_prime].concat()));
            }
            out.truncate(length);
            out
        }
    }
}

/// Randomness that gives the mocked scalars of the core draft, then a fixed stream.
///
/// Source: draft-irtf-cfrg-bbs-signatures-09 §8.1, `mocked_calculate_random_scalars`.
pub(crate) struct Mocked {
    bytes: std::vec::IntoIter<u8>,
    after: Stream,
}

impl Mocked {
    pub(crate) fn new(suite: Suite, seed: &[u8], dst: &[u8], count: usize) -> Self {
        Self { bytes: expand(suite, seed, dst, count * 48).into_iter(), after: Stream::new(0) }
    }
}

impl Rng for Mocked {
    fn fill(&mut self, destination: &mut [u8]) {
        for byte in destination {
            *byte = self.bytes.next().unwrap_or_else(|| self.after.next());
        }
    }
}

/// Encodings of 48 bytes that are no point a message may carry: the identity in two forms, x not below the field
/// modulus, x on no point, a point of the curve outside the subgroup, an uncompressed mark, all zero.
pub(crate) fn bad_points() -> Vec<[u8; 48]> {
    let from = |text: &str| -> [u8; 48] { unhex(text).try_into().unwrap() };
    let mut identity = [0; 48];
    identity[0] = 0xc0;
    let mut signed_identity = identity;
    signed_identity[0] = 0xe0;
    let modulus = from(
        "9a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab",
    );
    let mut outside = [0; 48];
    (outside[0], outside[47]) = (0x80, 4);
    let mut nowhere = [0; 48];
    (nowhere[0], nowhere[47]) = (0x80, 1);
    let mut uncompressed = from(
        "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb",
    );
    uncompressed[0] &= 0x7f;
    vec![identity, signed_identity, modulus, outside, nowhere, uncompressed, [0; 48]]
}
