//! Multiples of a fixed point, and sums of such multiples.
//!
//! A scalar is cut into 44 signed digits of 6 bits. A table keeps the multiples 1 to 32 for every fourth digit
//! (11 rows); the digits between are reached by doubling the sum of all terms, so 18 doublings serve a whole
//! sum. That is 33 kB and 44 additions a term. Where sums are short and many, a table has a row for every digit
//! (135 kB), and there are no doublings.

use zeroize::{Zeroize, Zeroizing};

use crate::ffi::{G1, G1Affine, Scalar};
use crate::mask::mask;

/// Bits of a digit.
const WIDTH: usize = 6;
/// Multiples in a row: signed digits need 1 to 2^(WIDTH - 1).
const ENTRIES: usize = 1 << (WIDTH - 1);
/// Passes over a usual table; each takes every STRIDE-th digit.
const STRIDE: usize = 4;
/// Digits of a scalar. DIGITS × WIDTH = 264 bits: the 255 of a scalar and a carry.
const DIGITS: usize = 44;
/// Digits of a scalar below 2^128.
const SHORT: usize = 22;
/// Rows of a usual table.
const ROWS: usize = DIGITS / STRIDE;

/// Bytes of one table.
pub(crate) const TABLE_BYTES: usize = ROWS * ENTRIES * size_of::<G1Affine>();

/// Bytes of one dense table.
pub(crate) const DENSE_BYTES: usize = TABLE_BYTES * STRIDE;

/// The multiples of one point.
#[derive(Clone)]
pub(crate) struct Table {
    entries: Vec<G1Affine>,
    /// Digits from one row to the next: also the number of passes.
    stride: usize,
}

/// A digit as magnitude (0 to 32) and sign (1 for negative).
#[derive(Clone, Copy, Default)]
struct Digit {
    magnitude: u64,
    negative: u64,
}

impl Table {
    pub(crate) fn new(point: &G1) -> Self {
        Self::of(point, STRIDE)
    }

    /// A table with a row for every digit.
    pub(crate) fn dense(point: &G1) -> Self {
        Self::of(point, 1)
    }

    fn of(point: &G1, stride: usize) -> Self {
        let mut multiples = Zeroizing::new(Vec::with_capacity(DIGITS / stride * ENTRIES));
        let mut base = *point;
        for _ in 0..DIGITS / stride {
            let mut multiple = base;
            for _ in 0..ENTRIES {
                multiples.push(multiple);
                multiple = multiple.plus(&base);
            }
            for _ in 0..WIDTH * stride {
                base = base.double();
            }
        }
        Self { entries: G1::all_to_affine(&multiples), stride }
    }

    /// The point itself.
    pub(crate) fn point(&self) -> G1Affine {
        self.entries.first().copied().unwrap_or_default()
    }

    #[cfg(inro_ct)]
    pub(crate) fn mark_secret(&self) {
        crate::ffi::mark_secret(&self.entries[..]);
    }

    /// The rows that `pass` uses with their digits, in passes counted down to 0.
    fn rows<'a>(
        &'a self,
        digits: &'a [Digit],
        pass: usize,
    ) -> impl Iterator<Item = (&'a [G1Affine; ENTRIES], &'a Digit)> {
        let used = if pass < self.stride { digits } else { &[] };
        self.entries.as_chunks::<ENTRIES>().0.iter().zip(used.iter().skip(pass).step_by(self.stride))
    }
}

impl Zeroize for Table {
    fn zeroize(&mut self) {
        self.entries.zeroize();
    }
}

/// The sum of scalar × point over `terms`, in constant time for a given number of terms.
///
/// The additions are incomplete: they would be wrong where a partial sum meets the very point that is added
/// next. Within one term that cannot be, since signed digits write no number in two ways. Between terms it
/// would show a relation of the points, which nobody knows for generators hashed to the curve; the A and B of
/// a credential, whose relation its issuer knows, are only multiplied by fresh random scalars.
pub(crate) fn combine(terms: &[(&Table, Scalar)]) -> G1 {
    add_up(terms, DIGITS)
}

/// As [`combine`], for scalars below 2^128.
pub(crate) fn combine_short(terms: &[(&Table, Scalar)]) -> G1 {
    add_up(terms, SHORT)
}

fn add_up(terms: &[(&Table, Scalar)], length: usize) -> G1 {
    let digits: Zeroizing<Vec<[Digit; DIGITS]>> =
        Zeroizing::new(terms.iter().map(|(_, scalar)| digits_of(*scalar)).collect());
    let mut sum = G1::ZERO;
    for pass in passes(terms) {
        sum = shift(sum, pass, terms);
        for ((table, _), digits) in terms.iter().zip(digits.iter()) {
            let digits = digits.get(..length).unwrap_or_default();
            for (row, digit) in table.rows(digits, pass) {
                let entry = G1Affine::select(row, digit.magnitude, digit.negative);
                sum = sum.plus_different(&entry);
            }
        }
    }
    sum
}

/// As [`combine`], for scalars that everybody may know; the points may be related.
pub(crate) fn combine_public(terms: &[(&Table, Scalar)]) -> G1 {
    let digits: Vec<_> = terms.iter().map(|(_, scalar)| digits_of(*scalar)).collect();
    let mut sum = G1::ZERO;
    let mut points = Vec::with_capacity(terms.len() * ROWS);
    for pass in passes(terms) {
        sum = shift(sum, pass, terms);
        points.clear();
        for ((table, _), digits) in terms.iter().zip(&digits) {
            points.extend(table.rows(digits, pass).filter_map(|(row, digit)| pick(row, *digit)));
        }
        sum = sum.plus(&G1Affine::sum_public(&points));
    }
    sum
}

/// The numbers of the passes over `terms`, the last 0.
fn passes(terms: &[(&Table, Scalar)]) -> impl Iterator<Item = usize> {
    (0..terms.iter().map(|(table, _)| table.stride).max().unwrap_or(0)).rev()
}

/// Makes room for the digits of `pass`; before the first pass there is nothing to move.
fn shift(mut sum: G1, pass: usize, terms: &[(&Table, Scalar)]) -> G1 {
    let first = passes(terms).next() == Some(pass);
    for _ in 0..if first { 0 } else { WIDTH } {
        sum = sum.double();
    }
    sum
}

fn pick(row: &[G1Affine], digit: Digit) -> Option<G1Affine> {
    let index = usize::try_from(digit.magnitude).ok()?.checked_sub(1)?;
    let entry = row.get(index)?;
    Some(if digit.negative == 1 { entry.negate() } else { *entry })
}

/// Booth's recoding: digit i is made of bits 6i - 1 to 6i + 5, and the digits sum to the scalar.
fn digits_of(scalar: Scalar) -> [Digit; DIGITS] {
    let bytes = Zeroizing::new(scalar.to_le_bytes());
    let mut digits = [Digit::default(); DIGITS];
    for (number, digit) in digits.iter_mut().enumerate() {
        let low = window(&bytes, number * WIDTH);
        let half = (low + 1) >> 1;
        let negative = low >> WIDTH;
        let mask = mask(negative);
        let minus = (1 << WIDTH) - half;
        *digit = Digit { magnitude: (half & !mask) | (minus & mask), negative };
    }
    digits
}

/// Bits `start` - 1 to `start` + 5 of `bytes`; bits outside are 0.
fn window(bytes: &[u8; 32], start: usize) -> u64 {
    let byte = |index: usize| bytes.get(index).copied().map_or(0, u64::from);
    let bits = match start.checked_sub(1) {
        None => byte(0) << 1,
        Some(first) => (byte(first / 8) | (byte(first / 8 + 1) << 8)) >> (first % 8),
    };
    bits & ((1 << (WIDTH + 1)) - 1)
}

impl Zeroize for Digit {
    fn zeroize(&mut self) {
        self.magnitude.zeroize();
        self.negative.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::Suite;

    fn scalars() -> Vec<Scalar> {
        let mut all = vec![Scalar::ZERO, Scalar::from_u64(1), -Scalar::from_u64(1), Scalar::from_u64(32)];
        all.extend((0..40_u64).map(|n| Suite::Sha256.scalar(&[&n.to_be_bytes()], b"test")));
        all.extend((0..63).map(|bit| Scalar::from_u64(1 << bit)));
        all
    }

    #[test]
    fn both_ways_agree_with_the_plain_multiplication() {
        let point = Suite::Sha256.hash_to_curve(b"point", b"test");
        let other = Suite::Sha256.hash_to_curve(b"other", b"test");
        let (table, second) = (Table::new(&point), Table::dense(&other));
        for scalar in scalars() {
            let square = scalar * scalar;
            let expected = point.times(scalar).plus(&other.times(square)).to_affine();
            let terms = [(&table, scalar), (&second, square)];
            assert_eq!(combine(&terms).to_affine(), expected);
            assert_eq!(combine_public(&terms).to_affine(), expected);
        }
    }

    #[test]
    fn short_scalars_need_half_the_digits() {
        let point = Suite::Sha256.hash_to_curve(b"point", b"test");
        for table in [Table::new(&point), Table::dense(&point)] {
            for number in [0, 1, 77, u128::MAX, u128::MAX - 1, 1 << 127] {
                let scalar = Scalar::from_wide(&number.to_be_bytes());
                let expected = point.times(scalar).to_affine();
                assert_eq!(combine_short(&[(&table, scalar)]).to_affine(), expected);
            }
        }
    }

    #[test]
    fn the_public_way_takes_related_points() {
        let point = Suite::Sha256.hash_to_curve(b"point", b"test");
        let table = Table::new(&point);
        let one = Scalar::from_u64(1);
        let terms = [(&table, one), (&table, one), (&table, -one), (&table, one)];
        assert_eq!(combine_public(&terms).to_affine(), point.double().to_affine());
    }
}
