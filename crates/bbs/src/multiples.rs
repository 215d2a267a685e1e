//! Sums of multiples of points that were just received, for verifiers: all inputs are public, time varies.
//!
//! A scalar is split into halves of 128 bits by the curve's endomorphism, and each half into digits of width 5
//! (wNAF), so a sum costs 128 doublings and some 43 additions a term.

use crate::ffi::{G1, G1Affine, Scalar};

/// x² - 1 for the curve's parameter x: the scalar by which the endomorphism multiplies.
const LAMBDA: u128 = 0xd201_0000_0001_0000 * 0xd201_0000_0001_0000 - 1;
/// Odd multiples in a table: 1, 3 .. 15.
const ODD: usize = 8;
/// Digits of a half scalar: 128 bits and a carry.
const DIGITS: usize = 129;

/// The odd multiples of a point and of its image under the endomorphism.
pub(crate) struct Odd {
    plain: [G1Affine; ODD],
    turned: [G1Affine; ODD],
}

impl Odd {
    /// The tables of `points`.
    pub(crate) fn all(points: &[G1Affine]) -> Vec<Self> {
        let mut multiples = Vec::with_capacity(points.len() * ODD);
        for point in points {
            let mut multiple = G1::from(*point);
            let twice = multiple.double();
            for _ in 0..ODD {
                multiples.push(multiple);
                multiple = multiple.plus(&twice);
            }
        }
        let affine = G1::all_to_affine(&multiples);
        let (tables, _) = affine.as_chunks::<ODD>();
        tables.iter().map(|plain| Self { plain: *plain, turned: plain.map(G1Affine::turn) }).collect()
    }
}

/// One digit of a half scalar: which odd multiple, and whether it is subtracted.
type Digit = Option<(usize, bool)>;

/// The sum of scalar × point over `terms`.
pub(crate) fn sum_public(terms: &[(&Odd, Scalar)]) -> G1 {
    let mut rows = Vec::with_capacity(terms.len() * 2);
    for (table, scalar) in terms {
        let (low, high) = split(*scalar);
        rows.push((&table.plain, digits(low)));
        rows.push((&table.turned, digits(high)));
    }
    let length = rows.iter().map(|(_, digits)| digits.len()).max().unwrap_or(0);
    let mut sum = G1::ZERO;
    for place in (0..length).rev() {
        sum = sum.double();
        for (table, digits) in &rows {
            let Some(Some((index, negative))) = digits.get(place) else { continue };
            if let Some(entry) = table.get(*index) {
                sum = sum.plus_affine(&if *negative { entry.negate() } else { *entry });
            }
        }
    }
    sum
}

/// `factor` times `point`.
pub(crate) fn multiple_public(point: &G1Affine, factor: Scalar) -> G1 {
    let tables = Odd::all(&[*point]);
    let terms: Vec<_> = tables.iter().map(|table| (table, factor)).collect();
    sum_public(&terms)
}

/// low + high·LAMBDA = scalar.
fn split(scalar: Scalar) -> (u128, u128) {
    let (mut remainder, mut quotient) = (0_u128, 0_u128);
    for byte in scalar.to_be_bytes() {
        for bit in (0..8).rev() {
            let carry = remainder >> 127;
            remainder = (remainder << 1) | u128::from((byte >> bit) & 1);
            quotient <<= 1;
            if carry == 1 || remainder >= LAMBDA {
                remainder = remainder.wrapping_sub(LAMBDA);
                quotient |= 1;
            }
        }
    }
    (remainder, quotient)
}

/// Digits from the lowest on; none of any five in a row is followed by another.
fn digits(mut half: u128) -> Vec<Digit> {
    let mut digits = Vec::with_capacity(DIGITS);
    while half != 0 {
        let low = half & 31;
        if low & 1 == 0 {
            digits.push(None);
        } else {
            let negative = low > 16;
            let size = if negative { 32 - low } else { low };
            half = if negative { half + size } else { half - size };
            digits.push(usize::try_from(size / 2).ok().map(|index| (index, negative)));
        }
        half >>= 1;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::Suite;

    #[test]
    fn agrees_with_the_plain_multiplication() {
        let point = Suite::Sha256.hash_to_curve(b"point", b"test");
        let affine = point.to_affine();
        let other = point.double().to_affine();
        let mut scalars = vec![Scalar::ZERO, Scalar::from_u64(1), -Scalar::from_u64(1), Scalar::from_u64(16)];
        scalars.push(Scalar::from_wide(&LAMBDA.to_be_bytes()));
        scalars.push(Scalar::from_wide(&(LAMBDA - 1).to_be_bytes()));
        scalars.extend((0..40_u64).map(|n| Suite::Sha256.scalar(&[&n.to_be_bytes()], b"test")));
        for scalar in scalars {
            let expected = point.times(scalar).to_affine();
            assert_eq!(multiple_public(&affine, scalar).to_affine(), expected);
            // Related points, which the sum meets again and again.
            let tables = Odd::all(&[affine, other, affine]);
            let terms: Vec<_> = tables.iter().zip([scalar, scalar, -scalar]).collect();
            assert_eq!(sum_public(&terms).to_affine(), point.times(scalar + scalar).to_affine());
        }
    }
}
