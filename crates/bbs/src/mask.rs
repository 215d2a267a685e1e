//! Choices without branches. Every mask goes through a black box: the compiler turns a choice that it sees
//! through into a branch (it did so with the bits of a range before).

use std::hint::black_box;

/// All ones when `bit` is 1, else 0.
pub(crate) fn mask(bit: u64) -> u64 {
    black_box(0_u64.wrapping_sub(bit & 1))
}

/// All ones when `bit` is 1, else 0.
pub(crate) fn wide_mask(bit: u64) -> u128 {
    let half = u128::from(mask(bit));
    half << 64 | half
}

/// 1 when `left` is less than `right`. Both are below 2^63.
pub(crate) fn less(left: u64, right: u64) -> u64 {
    black_box(left.wrapping_sub(right)) >> 63
}
