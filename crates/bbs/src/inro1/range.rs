//! `sigma-range`: a committed message lies between two bounds.
//!
//! The message less the lower bound is written as a sum of public numbers, each taken or not. Every choice is
//! committed to, and an OR-proof with a challenge of 128 bits shows that it is 0 or 1. The last commitment isn't
//! sent: the verifier computes it from the others and C - lower·G, so that they recombine by construction.
//!
//! Source: docs/specs/bbs-mod-inro1.md §7.2.

use inro_base::Rng;
use zeroize::Zeroizing;

use crate::BbsError;
use crate::ffi::{G1, G1Affine, Scalar};
use crate::inro1::parameters::{NUMBER_BITS, Pedersen, challenge};
use crate::inro1::session::{Committed, Opening, Session, encode_proper};
use crate::marks::{Reason, public_zero};
use crate::mask::{less, mask, wide_mask};
use crate::multiples::{Odd, sum_public};
use crate::octets::Octets;
use crate::proof::{draw, publish};
use crate::reader::Reader;
use crate::table::{combine, combine_public, combine_short};

const CHALLENGE_TAG: &str = "SIGMA_RANGE_CHAL_";
/// Bytes of a challenge.
const CHALLENGE: usize = 16;

/// lower ≤ message < upper, where upper - lower is at least 2 and at most 2^bits. The credential type fixes
/// `bits`, and with it the most work that a proof can cause.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounds {
    lower: u64,
    upper: u64,
}

/// The secrets of one choice.
struct Choice {
    /// 1 when the number is taken.
    bit: u64,
    blind: Scalar,
    /// The random scalar of the true branch.
    tilde: Scalar,
    /// Answer and challenge of the other branch, chosen beforehand.
    answer: Scalar,
    challenge: u128,
}

impl Bounds {
    /// lower ≤ message < upper, for a credential type with a width of `bits`.
    ///
    /// # Errors
    /// [`BbsError::Bounds`] unless upper < 2^63, 2 ≤ upper - lower ≤ 2^bits and bits ≤ 63.
    pub fn new(lower: u64, upper: u64, bits: u32) -> Result<Self, BbsError> {
        let span = upper.checked_sub(lower).ok_or(BbsError::Bounds)?;
        let fine = upper >> NUMBER_BITS == 0 && bits <= NUMBER_BITS && span >= 2 && span <= 1 << bits;
        fine.then_some(Self { lower, upper }).ok_or(BbsError::Bounds)
    }

    /// Bytes of a proof for these bounds.
    pub fn proof_length(&self) -> usize {
        let count = self.parts().count();
        CHALLENGE + 48 * (count - 1) + (CHALLENGE + 64) * count
    }

    /// The numbers whose sums are exactly 0 to upper - lower - 1, each with what the later ones sum to. The
    /// last is 1.
    fn parts(&self) -> impl Iterator<Item = (u64, u64)> {
        let mut left = self.upper - self.lower - 1;
        std::iter::from_fn(move || {
            let rest = left / 2;
            let part = left - rest;
            left = rest;
            (part != 0).then_some((part, rest))
        })
    }
}

impl Drop for Choice {
    fn drop(&mut self) {
        use zeroize::Zeroize as _;
        self.bit.zeroize();
        self.blind.zeroize();
        self.tilde.zeroize();
        self.answer.zeroize();
        self.challenge.zeroize();
    }
}

/// A proof that the opened message lies within `bounds`.
pub(crate) fn prove(
    pedersen: &Pedersen,
    session: &Session,
    index: usize,
    opening: &Opening,
    bounds: &Bounds,
    rng: &mut dyn Rng,
) -> Result<Vec<u8>, BbsError> {
    let offset = Zeroizing::new(offset(opening.message, bounds).ok_or(BbsError::Bounds)?);
    Ok(prove_offset(pedersen, session, index, opening, bounds, *offset, rng))
}

/// The proof for a message that is `offset` above the lower bound. For any other message it doesn't hold.
fn prove_offset(
    pedersen: &Pedersen,
    session: &Session,
    index: usize,
    opening: &Opening,
    bounds: &Bounds,
    offset: u64,
    rng: &mut dyn Rng,
) -> Vec<u8> {
    let choices = choose(offset, opening.blind, bounds, rng);
    let mut points = Vec::with_capacity(choices.len() * 3);
    points.extend(choices.iter().map(|choice| choice.commitment(pedersen)));
    points.extend(choices.iter().flat_map(|choice| choice.first_messages(pedersen)));
    let encoded = publish(&points, rng);
    let challenge = challenge_of(session, index, &opening.encoded, bounds, &encoded);
    let mut proof = Vec::with_capacity(bounds.proof_length());
    proof.extend_from_slice(&challenge.to_be_bytes());
    for commitment in encoded.iter().take(choices.len() - 1) {
        proof.extend_from_slice(commitment);
    }
    for choice in &choices {
        choice.answer(challenge, &mut proof);
    }
    proof
}

pub(crate) fn verify(
    pedersen: &Pedersen,
    session: &Session,
    committed: &Committed,
    bounds: &Bounds,
    proof: &[u8],
) -> Result<(), BbsError> {
    let mut reader = Reader::exactly(proof, bounds.proof_length())?;
    let claimed = reader.number()?;
    let count = bounds.parts().count();
    let mut commitments = Vec::with_capacity(count);
    let mut last =
        combine_public(&[(&pedersen.g, -Scalar::from_u64(bounds.lower))]).plus_affine(&committed.point);
    for _ in 1..count {
        commitments.push(reader.point()?);
    }
    let parts = bounds.parts().map(|(part, _)| Scalar::from_u64(part));
    let tables = Odd::all(&commitments);
    last = last.plus(&sum_public(&tables.iter().zip(parts).collect::<Vec<_>>()).negate());
    if last.is_identity_public() {
        return Err(BbsError::Proof);
    }
    commitments.push(last.to_affine());
    let tables = Odd::all(&commitments);
    let mut points: Vec<G1> = commitments.into_iter().map(G1::from).collect();
    for table in &tables {
        let zero = reader.number()?;
        let one = claimed.wrapping_sub(zero);
        let (zero, one) = (scalar_of(zero), scalar_of(one));
        let (zero_answer, one_answer) = (reader.scalar()?, reader.scalar()?);
        points
            .push(combine_public(&[(&pedersen.h, zero_answer)]).plus(&sum_public(&[(table, zero)]).negate()));
        points.push(
            combine_public(&[(&pedersen.h, one_answer), (&pedersen.g, one)])
                .plus(&sum_public(&[(table, one)]).negate()),
        );
    }
    let encoded = encode_proper(&points)?;
    let challenge = challenge_of(session, committed.index, &committed.encoded, bounds, &encoded);
    (challenge == claimed).then_some(()).ok_or(BbsError::Proof)
}

impl Choice {
    /// bit·G + blind·H.
    fn commitment(&self, pedersen: &Pedersen) -> G1 {
        let bit = G1Affine::select(&[pedersen.g.point()], self.bit, 0);
        combine(&[(&pedersen.h, self.blind)]).plus_affine(&bit)
    }

    /// The first messages of "it is 0" and "it is 1".
    fn first_messages(&self, pedersen: &Pedersen) -> [G1; 2] {
        let challenge = Zeroizing::new(scalar_of(self.challenge));
        let truth = combine(&[(&pedersen.h, self.tilde)]);
        let part = combine_short(&[(&pedersen.g, *challenge)]);
        let part = G1::choose(self.bit, &part, &part.negate());
        let pretence = combine(&[(&pedersen.h, self.answer - *challenge * self.blind)]).plus(&part);
        [G1::choose(self.bit, &truth, &pretence), G1::choose(self.bit, &pretence, &truth)]
    }

    /// Appends the challenge of "it is 0" and both answers.
    fn answer(&self, challenge: u128, proof: &mut Vec<u8>) {
        let rest = challenge.wrapping_sub(self.challenge);
        let truth = self.tilde + scalar_of(rest) * self.blind;
        let mask = wide_mask(self.bit);
        let zero = (rest & !mask) | (self.challenge & mask);
        proof.extend_from_slice(&zero.to_be_bytes());
        proof.extend_from_slice(&Scalar::choose(self.bit, truth, self.answer).to_be_bytes());
        proof.extend_from_slice(&Scalar::choose(self.bit, self.answer, truth).to_be_bytes());
    }
}

/// The message less the lower bound, if it lies within the bounds: which the proof is about to tell.
fn offset(message: Scalar, bounds: &Bounds) -> Option<u64> {
    let bytes = Zeroizing::new(message.to_be_bytes());
    let (high, low) = bytes.split_last_chunk::<8>()?;
    let number = u64::from_be_bytes(*low);
    // Whatever stands above 63 bits makes the message too large; below, numbers compare without a branch.
    let above = high.iter().fold(number >> 63, |all, byte| all | u64::from(*byte));
    let outside = above | less(number, bounds.lower) | (less(number, bounds.upper) ^ 1);
    public_zero(outside, Reason::Provable).then(|| number.wrapping_sub(bounds.lower))
}

/// Which numbers are taken for `offset`, with the randomness of their proofs. The blinding factors sum to
/// `blind` when weighed with the numbers.
fn choose(offset: u64, blind: Scalar, bounds: &Bounds, rng: &mut dyn Rng) -> Vec<Choice> {
    let count = bounds.parts().count();
    let blinds = draw(rng, count - 1);
    let mut left = Zeroizing::new(offset);
    let mut last = Zeroizing::new(blind);
    let mut choices = Vec::with_capacity(count);
    for ((part, rest), blind) in bounds.parts().zip(blinds.iter().map(Some).chain([None])) {
        // 1 when more is left than the later numbers sum to. Both are below 2^63.
        let bit = less(rest, *left);
        // Wrapping: a check for overflow would be a branch.
        *left = left.wrapping_sub(part & mask(bit));
        let blind = blind.map_or(*last, |blind| {
            *last = *last - Scalar::from_u64(part) * *blind;
            *blind
        });
        let random = draw(rng, 2);
        let mut scalars = random.iter().copied();
        choices.push(Choice {
            bit,
            blind,
            tilde: scalars.next().unwrap_or(Scalar::ZERO),
            answer: scalars.next().unwrap_or(Scalar::ZERO),
            challenge: u128::from_be_bytes(rng.bytes()),
        });
    }
    choices
}

fn scalar_of(number: u128) -> Scalar {
    Scalar::from_wide(&number.to_be_bytes())
}

/// The low 128 bits of the transcript's scalar.
fn challenge_of(
    session: &Session,
    index: usize,
    commitment: &[u8; 48],
    bounds: &Bounds,
    points: &[[u8; 48]],
) -> u128 {
    let mut octets: Octets = session.transcript(index, commitment);
    octets.bytes(&bounds.lower.to_be_bytes()).bytes(&bounds.upper.to_be_bytes());
    for point in points {
        octets.bytes(point);
    }
    let bytes = challenge(&octets, CHALLENGE_TAG).to_be_bytes();
    bytes.last_chunk().map_or(0, |low| u128::from_be_bytes(*low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inro1::layout::Layout;
    use crate::inro1::parameters::TypeParameters;

    struct Counter(u64);

    impl Rng for Counter {
        fn fill(&mut self, destination: &mut [u8]) {
            for byte in destination {
                self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *byte = self.0.to_be_bytes()[0];
            }
        }
    }

    /// A holder who skips its own check and claims any offset, for messages outside the bounds and around the
    /// field order.
    #[test]
    fn refuses_what_a_cheating_holder_makes_of_a_message_outside() {
        let parameters = TypeParameters::new(Layout::new(1).unwrap()).unwrap();
        let pedersen = parameters.pedersen();
        let session = Session::new(b"ph", Scalar::from_u64(1));
        let bounds = Bounds::new(5, 13, 22).unwrap();
        let rng = &mut Counter(1);
        let mut verdict = |message: Scalar, offset: u64| {
            let blind = Scalar::from_wide(&rng.0.to_be_bytes());
            let point = combine(&[(&pedersen.g, message), (&pedersen.h, blind)]).to_affine();
            let encoded = point.to_compressed();
            let opening = Opening { message, blind, encoded };
            let proof = prove_offset(pedersen, &session, 2, &opening, &bounds, offset, rng);
            verify(pedersen, &session, &Committed { index: 2, point, encoded }, &bounds, &proof)
        };
        for inside in 0..8 {
            assert_eq!(verdict(Scalar::from_u64(5 + inside), inside), Ok(()));
        }
        for offset in 0..9 {
            for outside in [4, 13, 0, 1 << 62] {
                assert_eq!(verdict(Scalar::from_u64(outside), offset), Err(BbsError::Proof));
            }
            assert_eq!(verdict(-Scalar::from_u64(1), offset), Err(BbsError::Proof));
            assert_eq!(verdict(Scalar::from_wide(&u128::MAX.to_be_bytes()), offset), Err(BbsError::Proof));
        }
    }

    /// With a blinding factor of 0 the only commitment is computed as the identity.
    #[test]
    fn refuses_a_commitment_that_is_computed_as_the_identity() {
        let parameters = TypeParameters::new(Layout::new(1).unwrap()).unwrap();
        let pedersen = parameters.pedersen();
        let session = Session::new(b"ph", Scalar::from_u64(1));
        let bounds = Bounds::new(5, 7, 22).unwrap();
        let verdict = |blind: Scalar| {
            let message = Scalar::from_u64(5);
            let point = combine(&[(&pedersen.g, message), (&pedersen.h, blind)]).to_affine();
            let encoded = point.to_compressed();
            let opening = Opening { message, blind, encoded };
            let proof = prove(pedersen, &session, 2, &opening, &bounds, &mut Counter(3)).unwrap();
            verify(pedersen, &session, &Committed { index: 2, point, encoded }, &bounds, &proof)
        };
        assert_eq!(verdict(Scalar::from_u64(1)), Ok(()));
        assert_eq!(verdict(Scalar::ZERO), Err(BbsError::Proof));
    }

    #[test]
    fn the_numbers_sum_to_each_offset_and_no_more() {
        for (lower, upper) in [(0, 2), (7, 10), (100, 123), (0, 64), (1, 66), (5, 1_000)] {
            let bounds = Bounds::new(lower, upper, 22).unwrap();
            let parts: Vec<(u64, u64)> = bounds.parts().collect();
            assert_eq!(parts.iter().map(|(part, _)| part).sum::<u64>(), upper - lower - 1);
            assert_eq!(parts.last(), Some(&(1, 0)));
            for offset in 0..upper - lower {
                let mut left = offset;
                for (part, rest) in &parts {
                    left -= part * less(*rest, left);
                }
                assert_eq!(left, 0);
            }
        }
    }
}
