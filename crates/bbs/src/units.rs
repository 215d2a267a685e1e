//! The unit operations that everything is made of, so that a benchmark can tell how far the whole is from the sum of
//! its parts. Each function does its operation `count` times.

use std::hint::black_box;

use crate::Suite;
use crate::ffi::{G1, G1Affine, Scalar, pairings_equal_public};
use crate::key::SecretKey;

/// What the table of one generator takes, in bytes.
pub const TABLE_BYTES: usize = crate::table::TABLE_BYTES;

/// What the tables of the largest type take, in bytes.
pub const MOST_TABLE_BYTES: usize = crate::generators::MOST_TABLE_BYTES;

/// Additions of an entry that is picked with masks from a row of 32.
pub fn masked_additions(count: usize) {
    let row: Vec<G1Affine> = {
        let mut point = start();
        let points: Vec<G1> = std::iter::repeat_with(|| {
            point = point.double();
            point
        })
        .take(32)
        .collect();
        G1::all_to_affine(&points)
    };
    let [row] = row.as_chunks::<32>().0 else { return };
    let mut sum = start();
    for number in 0..count {
        let index = u64::try_from(number % 32).unwrap_or(0);
        sum = sum.plus_different(&G1Affine::select(row, black_box(index), 0));
    }
    black_box(sum);
}

/// Doublings.
pub fn doublings(count: usize) {
    let mut point = start();
    for _ in 0..count {
        point = point.double();
    }
    black_box(point);
}

/// Constant-time multiplications of a point that just came.
pub fn multiplications(count: usize) {
    let (mut point, factor) = (start(), Suite::Sha256.scalar(&[b"factor"], b"units"));
    for _ in 0..count {
        point = point.times(factor);
    }
    black_box(point);
}

/// Hashes to the curve.
pub fn hashes_to_curve(count: usize) {
    for _ in 0..count {
        black_box(Suite::Sha256.hash_to_curve(black_box(b"scope"), b"units"));
    }
}

/// Conversions to affine form, each with an inversion, and encodings.
pub fn encodings(count: usize) {
    let point = start().double();
    for _ in 0..count {
        black_box(black_box(point).to_affine().to_compressed());
    }
}

/// Pairing equations: two Miller loops over prepared lines and one final exponentiation.
pub fn pairings(count: usize) {
    let key = SecretKey::derive(Suite::Sha256, &[1; 32], b"").expect("long enough");
    let left = start().to_affine();
    let right = start().times(Scalar::from_u64(3)).to_affine();
    for _ in 0..count {
        black_box(pairings_equal_public(black_box(&left), key.public_key().lines(), &right));
    }
}

fn start() -> G1 {
    G1::from(Suite::Sha256.p1())
}
