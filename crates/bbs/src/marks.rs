//! Where a secret stops being one. Nothing here costs anything: the functions return what they are given.
//!
//! Built with `--cfg inro_ct`, they tell valgrind that the value is public from here on, and the example
//! `constant_time` marks the secrets; valgrind then reports every branch and every address that depends on one.
//! The reasons are in `docs/specs/bbs-constant-time.md`, one for each [`Reason`].

use crate::ffi::{G1, Scalar};

/// Why a value may be branched on.
#[derive(Clone, Copy)]
pub(crate) enum Reason {
    /// It is about to be sent, and its coordinates were rescaled at random.
    Sent,
    /// It is (part of) a signature that is about to be sent.
    Signature,
    /// It is the B of a blind signature, which the one who asked for it computes too.
    KnownToHolder,
    /// It is whether a range can be proved, which the proof is about to tell.
    Provable,
}

pub(crate) fn public_point(point: G1, _reason: Reason) -> G1 {
    #[cfg(inro_ct)]
    let point = {
        let mut point = point;
        crate::ffi::mark_public(&mut point);
        point
    };
    point
}

pub(crate) fn public_scalar(scalar: Scalar, _reason: Reason) -> Scalar {
    #[cfg(inro_ct)]
    let scalar = {
        let mut scalar = scalar;
        crate::ffi::mark_public(&mut scalar);
        scalar
    };
    scalar
}

/// Whether `number` is 0.
pub(crate) fn public_zero(number: u64, _reason: Reason) -> bool {
    #[cfg(inro_ct)]
    let number = {
        let mut number = number;
        crate::ffi::mark_public(&mut number);
        number
    };
    std::hint::black_box(number) == 0
}
