//! The safe face of blst's C functions: the only hand-written `unsafe` of the project.
//!
//! Invariants that every value keeps, so that no caller can break them:
//! a [`Scalar`] is below the group order; a [`G1`], [`G1Affine`] or [`G2Affine`] lies in its prime-order
//! subgroup. Bytes become a value only through a checking constructor.
//!
//! Safety of the calls: each C function reads and writes exactly the structures that its pointers name,
//! keeps no pointer after it returns, and allows its result to alias its inputs. The structures are plain
//! integers without padding, so every bit pattern is initialized memory. References give alignment and
//! lifetime; slices are passed with their own length.
//!
//! Time: functions named `_public` may branch on their inputs. All others are constant-time in blst.

use std::ops::{Add, Mul, Neg, Sub};
use std::sync::OnceLock;

use blst::{BLST_ERROR, blst_fp, blst_fp6, blst_fp12, blst_fr, blst_p1, blst_p1_affine, blst_p2_affine};
use zeroize::{DefaultIsZeroes, Zeroize};

use crate::mask::mask;

/// Number of line functions in one prepared Miller loop: 63 doublings and 5 additions of the loop count.
const LINES: usize = 68;

/// A cube root of 1 in the base field, big-endian.
const CUBE_ROOT: [u8; 48] = *b"\x1a\x01\x11\xea\x39\x7f\xe6\x99\xec\x02\x40\x86\x63\xd4\xde\x85\
    \xaa\x0d\x85\x7d\x89\x75\x9a\xd4\x89\x7d\x29\x65\x0f\xb8\x5f\x9b\
    \x40\x94\x27\xeb\x4f\x49\xff\xfd\x8b\xfd\x00\x00\x00\x00\xaa\xac";

/// An integer modulo the group order r.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Scalar(blst_fr);

/// A point of G1 in Jacobian coordinates.
#[derive(Clone, Copy, Debug, Default)]
#[repr(transparent)]
pub(crate) struct G1(blst_p1);

/// A point of G1 in affine coordinates; all zero for the identity.
#[derive(Clone, Copy, Debug, Default)]
#[repr(transparent)]
pub(crate) struct G1Affine(blst_p1_affine);

/// A point of G2 in affine coordinates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct G2Affine(blst_p2_affine);

/// The line functions of a point of G2, ready for many pairings with it.
#[derive(Clone)]
pub(crate) struct Lines(Box<[blst_fp6; LINES]>);

impl DefaultIsZeroes for Scalar {}

impl Scalar {
    pub(crate) const ZERO: Self = Self(blst_fr { l: [0; 4] });

    pub(crate) fn from_u64(value: u64) -> Self {
        let mut out = blst_fr::default();
        // SAFETY: see the module; the array has the four limbs that the function reads.
        unsafe { blst::blst_fr_from_uint64(&raw mut out, [value, 0, 0, 0].as_ptr()) };
        Self(out)
    }

    /// The scalar that `bytes`, big-endian, are; nothing when they are r or more.
    pub(crate) fn from_be_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let mut scalar = blst::blst_scalar::default();
        let mut out = blst_fr::default();
        // SAFETY: see the module; `bytes` has the 32 bytes that the function reads.
        unsafe {
            blst::blst_scalar_from_bendian(&raw mut scalar, bytes.as_ptr());
            if !blst::blst_scalar_fr_check(&raw const scalar) {
                return None;
            }
            blst::blst_fr_from_scalar(&raw mut out, &raw const scalar);
        }
        Some(Self(out))
    }

    /// `bytes`, big-endian and of any length, reduced modulo r.
    pub(crate) fn from_wide(bytes: &[u8]) -> Self {
        let mut scalar = blst::blst_scalar::default();
        let mut out = blst_fr::default();
        // SAFETY: see the module; pointer and length come from one slice, and the result is reduced. The
        // returned flag only tells zero, which is a scalar like any other here.
        unsafe {
            blst::blst_scalar_from_be_bytes(&raw mut scalar, bytes.as_ptr(), bytes.len());
            blst::blst_fr_from_scalar(&raw mut out, &raw const scalar);
        }
        Self(out)
    }

    pub(crate) fn to_be_bytes(self) -> [u8; 32] {
        let mut bytes = self.to_le_bytes();
        bytes.reverse();
        bytes
    }

    pub(crate) fn to_le_bytes(self) -> [u8; 32] {
        self.integer().b
    }

    /// 1/self; 0 for 0.
    pub(crate) fn inverse(self) -> Self {
        let mut out = blst_fr::default();
        // SAFETY: see the module.
        unsafe { blst::blst_fr_inverse(&raw mut out, &raw const self.0) };
        Self(out)
    }

    /// `zero` or `one`, as `bit` says, without a branch.
    pub(crate) fn choose(bit: u64, zero: Self, one: Self) -> Self {
        let mut out = zero;
        mix(bit, &mut out.0.l, &one.0.l);
        out
    }

    pub(crate) fn is_zero_public(self) -> bool {
        self == Self::ZERO
    }

    fn integer(self) -> blst::blst_scalar {
        let mut scalar = blst::blst_scalar::default();
        // SAFETY: see the module.
        unsafe { blst::blst_scalar_from_fr(&raw mut scalar, &raw const self.0) };
        scalar
    }
}

impl Add for Scalar {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        // SAFETY: see the module.
        unsafe { blst::blst_fr_add(&raw mut self.0, &raw const self.0, &raw const other.0) };
        self
    }
}

impl Sub for Scalar {
    type Output = Self;
    fn sub(mut self, other: Self) -> Self {
        // SAFETY: see the module.
        unsafe { blst::blst_fr_sub(&raw mut self.0, &raw const self.0, &raw const other.0) };
        self
    }
}

impl Mul for Scalar {
    type Output = Self;
    fn mul(mut self, other: Self) -> Self {
        // SAFETY: see the module.
        unsafe { blst::blst_fr_mul(&raw mut self.0, &raw const self.0, &raw const other.0) };
        self
    }
}

impl Neg for Scalar {
    type Output = Self;
    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl G1 {
    /// The identity.
    pub(crate) const ZERO: Self =
        Self(blst_p1 { x: blst_fp { l: [0; 6] }, y: blst_fp { l: [0; 6] }, z: blst_fp { l: [0; 6] } });

    /// The image of two field elements, each given as 64 bytes that are reduced modulo p: the second half
    /// of hash_to_curve.
    pub(crate) fn map(uniform: &[u8; 128]) -> Self {
        let (first, second) = uniform.split_at(64);
        let (mut u, mut v) = (blst_fp::default(), blst_fp::default());
        let mut out = blst_p1::default();
        // SAFETY: see the module. The map clears the cofactor, so the result is in the subgroup.
        unsafe {
            blst::blst_fp_from_be_bytes(&raw mut u, first.as_ptr(), first.len());
            blst::blst_fp_from_be_bytes(&raw mut v, second.as_ptr(), second.len());
            blst::blst_map_to_g1(&raw mut out, &raw const u, &raw const v);
        }
        Self(out)
    }

    pub(crate) fn double(mut self) -> Self {
        // SAFETY: see the module.
        unsafe { blst::blst_p1_double(&raw mut self.0, &raw const self.0) };
        self
    }

    /// The sum, for any two points.
    pub(crate) fn plus(mut self, other: &Self) -> Self {
        // SAFETY: see the module.
        unsafe { blst::blst_p1_add_or_double(&raw mut self.0, &raw const self.0, &raw const other.0) };
        self
    }

    /// The sum, for any two points.
    pub(crate) fn plus_affine(mut self, other: &G1Affine) -> Self {
        // SAFETY: see the module.
        unsafe { blst::blst_p1_add_or_double_affine(&raw mut self.0, &raw const self.0, &raw const other.0) };
        self
    }

    /// The sum; the identity instead of the double when both are the same point. A sixth faster than
    /// [`Self::plus_affine`].
    pub(crate) fn plus_different(mut self, other: &G1Affine) -> Self {
        // SAFETY: see the module.
        unsafe { blst::blst_p1_add_affine(&raw mut self.0, &raw const self.0, &raw const other.0) };
        self
    }

    pub(crate) fn negate(mut self) -> Self {
        // SAFETY: see the module.
        unsafe { blst::blst_p1_cneg(&raw mut self.0, true) };
        self
    }

    /// `factor` times this point.
    pub(crate) fn times(&self, factor: Scalar) -> Self {
        let (mut out, integer) = (blst_p1::default(), factor.integer());
        // SAFETY: see the module. The function is blst's signing by a secret key, which is a plain constant-time
        // multiplication; `blst_p1_mult` would branch on a range check of the factor.
        unsafe { blst::blst_sign_pk_in_g2(&raw mut out, &raw const self.0, &raw const integer) };
        Self(out)
    }

    pub(crate) fn is_identity_public(&self) -> bool {
        // SAFETY: see the module.
        unsafe { blst::blst_p1_is_inf(&raw const self.0) }
    }

    /// The same point with all coordinates scaled by a random factor, so that they tell nothing of the
    /// computation. `blind` is 64 random bytes.
    pub(crate) fn rescale(mut self, blind: &[u8; 64]) -> Self {
        let (mut z, mut zz) = (blst_fp::default(), blst_fp::default());
        // SAFETY: see the module. (XZ², YZ³, ZZ') is the same point for every Z ≠ 0, and Z = 0 has a chance
        // of 2^-381.
        unsafe {
            blst::blst_fp_from_be_bytes(&raw mut z, blind.as_ptr(), blind.len());
            blst::blst_fp_sqr(&raw mut zz, &raw const z);
            blst::blst_fp_mul(&raw mut self.0.x, &raw const self.0.x, &raw const zz);
            blst::blst_fp_mul(&raw mut zz, &raw const zz, &raw const z);
            blst::blst_fp_mul(&raw mut self.0.y, &raw const self.0.y, &raw const zz);
            blst::blst_fp_mul(&raw mut self.0.z, &raw const self.0.z, &raw const z);
        }
        self
    }

    /// `zero` or `one`, as `bit` says, without a branch.
    pub(crate) fn choose(bit: u64, zero: &Self, one: &Self) -> Self {
        let mut out = *zero;
        mix(bit, &mut out.0.x.l, &one.0.x.l);
        mix(bit, &mut out.0.y.l, &one.0.y.l);
        mix(bit, &mut out.0.z.l, &one.0.z.l);
        out
    }

    pub(crate) fn to_affine(self) -> G1Affine {
        let mut out = blst_p1_affine::default();
        // SAFETY: see the module.
        unsafe { blst::blst_p1_to_affine(&raw mut out, &raw const self.0) };
        G1Affine(out)
    }

    /// All `points` in affine form, for the price of one field inversion.
    pub(crate) fn all_to_affine(points: &[Self]) -> Vec<G1Affine> {
        let mut out = vec![G1Affine::default(); points.len()];
        if let Some(first) = points.first() {
            let list = [&raw const first.0, std::ptr::null()];
            // SAFETY: G1 and G1Affine are transparent over blst's structures. A null after the first pointer
            // says that the points follow each other in memory; both slices have `points.len()` items.
            unsafe {
                blst::blst_p1s_to_affine(out.as_mut_ptr().cast(), list.as_ptr(), points.len());
            }
        }
        out
    }
}

impl From<G1Affine> for G1 {
    fn from(point: G1Affine) -> Self {
        let mut out = blst_p1::default();
        // SAFETY: see the module.
        unsafe { blst::blst_p1_from_affine(&raw mut out, &raw const point.0) };
        Self(out)
    }
}

impl G1Affine {
    /// Reads a compressed point; nothing when the encoding is not canonical, or the point is off the curve,
    /// outside the subgroup or the identity.
    pub(crate) fn from_compressed(bytes: &[u8; 48]) -> Option<Self> {
        let mut out = blst_p1_affine::default();
        // SAFETY: see the module; `bytes` has the 48 bytes that the function reads.
        let member = unsafe {
            blst::blst_p1_uncompress(&raw mut out, bytes.as_ptr()) == BLST_ERROR::BLST_SUCCESS
                && !blst::blst_p1_affine_is_inf(&raw const out)
                && blst::blst_p1_affine_in_g1(&raw const out)
        };
        member.then_some(Self(out))
    }

    pub(crate) fn to_compressed(self) -> [u8; 48] {
        let mut bytes = [0; 48];
        // SAFETY: see the module; the function writes 48 bytes.
        unsafe { blst::blst_p1_affine_compress(bytes.as_mut_ptr(), &raw const self.0) };
        bytes
    }

    pub(crate) fn is_identity_public(&self) -> bool {
        // SAFETY: see the module.
        unsafe { blst::blst_p1_affine_is_inf(&raw const self.0) }
    }

    /// Entry `index` - 1 of `row`, or the identity for index 0, negated when `negative` is 1. Reads every
    /// entry, whatever the index is.
    pub(crate) fn select<const N: usize>(row: &[Self; N], index: u64, negative: u64) -> Self {
        let mut found = blst_p1_affine::default();
        for (number, entry) in (1_u64..).zip(row) {
            // All ones when the numbers are equal: only then does subtracting 1 set the top bit.
            let equal = (number ^ index).wrapping_sub(1) >> 63;
            let mask = mask(equal);
            for (limb, candidate) in found.x.l.iter_mut().zip(entry.0.x.l) {
                *limb |= candidate & mask;
            }
            for (limb, candidate) in found.y.l.iter_mut().zip(entry.0.y.l) {
                *limb |= candidate & mask;
            }
        }
        let mut minus = blst_fp::default();
        // SAFETY: see the module. The flag is passed on as a mask, not branched on.
        unsafe { blst::blst_fp_cneg(&raw mut minus, &raw const found.y, true) };
        mix(negative, &mut found.y.l, &minus.l);
        Self(found)
    }

    /// The sum of `points`, which may be the same, opposite or the identity. Fastest for hundreds of points.
    pub(crate) fn sum_public(points: &[Self]) -> G1 {
        let mut out = blst_p1::default();
        if let Some(first) = points.first() {
            let list = [&raw const first.0, std::ptr::null()];
            // SAFETY: as in `all_to_affine`.
            unsafe { blst::blst_p1s_add(&raw mut out, list.as_ptr(), points.len()) };
        }
        G1(out)
    }

    /// The image under the endomorphism (x, y) → (βx, y), which multiplies by x² - 1 for the curve's parameter x.
    pub(crate) fn turn(self) -> Self {
        static BETA: OnceLock<blst_fp> = OnceLock::new();
        let beta = BETA.get_or_init(|| {
            let mut beta = blst_fp::default();
            // SAFETY: see the module; the constant has the 48 bytes that the function reads.
            unsafe { blst::blst_fp_from_bendian(&raw mut beta, CUBE_ROOT.as_ptr()) };
            beta
        });
        let mut out = self;
        // SAFETY: see the module. Multiplying x by a cube root of 1 leads from a point of the subgroup to another.
        unsafe { blst::blst_fp_mul(&raw mut out.0.x, &raw const self.0.x, beta) };
        out
    }

    pub(crate) fn negate(self) -> Self {
        let mut out = self;
        // SAFETY: see the module. Negation of (0, 0), the identity, leaves it.
        unsafe { blst::blst_fp_cneg(&raw mut out.0.y, &raw const self.0.y, true) };
        out
    }
}

impl G2Affine {
    /// Reads a compressed point; nothing when the encoding is not canonical, or the point is off the curve,
    /// outside the subgroup or the identity.
    pub(crate) fn from_compressed(bytes: &[u8; 96]) -> Option<Self> {
        let mut out = blst_p2_affine::default();
        // SAFETY: see the module; `bytes` has the 96 bytes that the function reads.
        let member = unsafe {
            blst::blst_p2_uncompress(&raw mut out, bytes.as_ptr()) == BLST_ERROR::BLST_SUCCESS
                && !blst::blst_p2_affine_is_inf(&raw const out)
                && blst::blst_p2_affine_in_g2(&raw const out)
        };
        member.then_some(Self(out))
    }

    pub(crate) fn to_compressed(self) -> [u8; 96] {
        let mut bytes = [0; 96];
        // SAFETY: see the module; the function writes 96 bytes.
        unsafe { blst::blst_p2_affine_compress(bytes.as_mut_ptr(), &raw const self.0) };
        bytes
    }

    /// `factor` times the generator of G2.
    pub(crate) fn times_generator(factor: Scalar) -> Self {
        let (mut out, integer) = (blst::blst_p2::default(), factor.integer());
        let mut affine = blst_p2_affine::default();
        // SAFETY: see the module.
        unsafe {
            blst::blst_sk_to_pk_in_g2(&raw mut out, &raw const integer);
            #[cfg(inro_ct)]
            mark_public(&mut out);
            blst::blst_p2_to_affine(&raw mut affine, &raw const out);
        }
        Self(affine)
    }

    fn generator() -> Self {
        // SAFETY: the function returns a pointer to a constant.
        Self(unsafe { *blst::blst_p2_affine_generator() })
    }

    pub(crate) fn lines(&self) -> Lines {
        let mut lines = Box::new([blst_fp6::default(); LINES]);
        // SAFETY: see the module; the function writes LINES items.
        unsafe { blst::blst_precompute_lines(lines.as_mut_ptr(), &raw const self.0) };
        Lines(lines)
    }
}

/// Whether e(left, `lines`) = e(right, generator of G2).
pub(crate) fn pairings_equal_public(left: &G1Affine, lines: &Lines, right: &G1Affine) -> bool {
    if left.is_identity_public() || right.is_identity_public() {
        // A Miller loop has no value at the identity. The points of G2 are none, so both sides are 1 or differ.
        return left.is_identity_public() && right.is_identity_public();
    }
    static GENERATOR: OnceLock<Lines> = OnceLock::new();
    let generator = GENERATOR.get_or_init(|| G2Affine::generator().lines());
    let (mut first, mut second) = (blst_fp12::default(), blst_fp12::default());
    // SAFETY: see the module; each Lines has the LINES items that the function reads.
    unsafe {
        blst::blst_miller_loop_lines(&raw mut first, lines.0.as_ptr(), &raw const left.0);
        blst::blst_miller_loop_lines(&raw mut second, generator.0.as_ptr(), &raw const right.0);
        blst::blst_fp12_finalverify(&raw const first, &raw const second)
    }
}

/// Puts `one` in the place of `limbs` when `bit` is 1.
fn mix<const N: usize>(bit: u64, limbs: &mut [u64; N], one: &[u64; N]) {
    let mask = mask(bit);
    for (limb, other) in limbs.iter_mut().zip(one) {
        *limb = (*limb & !mask) | (other & mask);
    }
}

/// Tells valgrind that the bytes of `value` are secret.
#[cfg(inro_ct)]
pub fn mark_secret<T: ?Sized>(value: &T) {
    valgrind(1, std::ptr::from_ref(value).cast(), size_of_val(value));
}

/// Tells valgrind that the bytes of `value` are public.
#[cfg(inro_ct)]
pub fn mark_public<T: ?Sized>(value: &mut T) {
    valgrind(2, std::ptr::from_mut(value).cast(), size_of_val(value));
}

/// Request `number` of valgrind's memory checker about `length` bytes. Outside valgrind it does nothing.
#[cfg(inro_ct)]
fn valgrind(number: u64, start: *const u8, length: usize) {
    /// The checker's requests are numbered from here: 'M', 'C'.
    const BASE: u64 = 0x4d43_0000;
    let address = u64::try_from(start.expose_provenance()).expect("x86-64 only");
    let length = u64::try_from(length).expect("x86-64 only");
    let request = [BASE + number, address, length, 0, 0, 0];
    // SAFETY: the rotations sum to 128 bits and the exchange is of a register with itself, so nothing changes
    // but rdx; valgrind knows the sequence and reads the six words at rax.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            in("rax") request.as_ptr(), inout("rdx") 0_u64 => _, options(nostack)
        );
    }
}

impl Zeroize for G1 {
    fn zeroize(&mut self) {
        self.0.x.l.zeroize();
        self.0.y.l.zeroize();
        self.0.z.l.zeroize();
    }
}

impl Zeroize for G1Affine {
    fn zeroize(&mut self) {
        self.0.x.l.zeroize();
        self.0.y.l.zeroize();
    }
}

impl PartialEq for G1Affine {
    fn eq(&self, other: &Self) -> bool {
        self.0.x == other.0.x && self.0.y == other.0.y
    }
}
