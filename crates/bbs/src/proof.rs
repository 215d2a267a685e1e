//! The core proof: knowledge of a signature on messages of which some are disclosed.
//!
//! It is made in two steps with the challenge between them, so that an interface can prove more under the same
//! challenge: [`Begun`] and [`Begun::finish`] for the holder, [`Proof`] and [`Proof::restore`] for the verifier.

use std::sync::Arc;

use inro_base::Rng;
use zeroize::{Zeroize, Zeroizing};

use crate::BbsError;
use crate::context::Context;
use crate::ffi::{G1, G1Affine, Scalar, pairings_equal_public};
use crate::marks::{Reason, public_point, public_scalar};
use crate::multiples::{Odd, sum_public};
use crate::octets::Octets;
use crate::reader::Reader;
use crate::signature::{Signature, b_of, verify};
use crate::suite::EXPAND_LEN;
use crate::table::{Table, combine, combine_public};

/// Random scalars of a proof beside those of the hidden messages: r1, r2, e~, r1~, r3~.
const BLINDS: usize = 5;
/// Bytes of a proof beside the hidden messages: three points, e^, r1^, r3^ and the challenge.
const FIXED_LENGTH: usize = 3 * 48 + 4 * 32;

/// Bytes of a random weight in a batch.
const WEIGHT: usize = 16;

/// A credential that verified, with tables for its points A and B. Wiped when dropped.
pub(crate) struct Prepared {
    pub(crate) context: Arc<Context>,
    pub(crate) messages: Zeroizing<Vec<Scalar>>,
    a: Table,
    b: Table,
    e: Scalar,
}

/// A proof of which everything is known but the challenge. Its scalars are secret and used once.
pub(crate) struct Begun<'a> {
    credential: &'a Prepared,
    /// Indexes of the hidden messages, ascending.
    hidden: Vec<usize>,
    random: Zeroizing<Vec<Scalar>>,
    /// A-bar, B-bar, D, T1, T2.
    points: [G1; 5],
}

/// A proof as it was received, checked point by point and scalar by scalar.
pub(crate) struct Proof {
    a_bar: G1Affine,
    b_bar: G1Affine,
    d: G1Affine,
    e: Scalar,
    r1: Scalar,
    r3: Scalar,
    /// One for each hidden message, in the order of the messages.
    pub(crate) hidden: Vec<Scalar>,
    pub(crate) challenge: Scalar,
}

impl Prepared {
    /// Checks `signature` on `messages` and makes the tables.
    pub(crate) fn accept(
        context: Arc<Context>,
        messages: Zeroizing<Vec<Scalar>>,
        signature: &Signature,
    ) -> Result<Self, BbsError> {
        let b = b_of(&context, &messages)?;
        verify(&context, signature, &b)?;
        let (a, b) = (Table::new(&signature.a.into()), Table::new(&b));
        Ok(Self { context, messages, a, b, e: signature.e })
    }
}

#[cfg(inro_ct)]
impl Prepared {
    /// Tells valgrind that messages and signature are secret.
    pub(crate) fn mark_secret(&self) {
        crate::ffi::mark_secret(&self.messages[..]);
        crate::ffi::mark_secret(&self.e);
        self.a.mark_secret();
        self.b.mark_secret();
    }
}

#[cfg(test)]
impl Prepared {
    /// Makes a credential that no issuer signed.
    pub(crate) fn replace_a(&mut self, a: Table) {
        self.a = a;
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        self.a.zeroize();
        self.b.zeroize();
        self.e.zeroize();
    }
}

impl<'a> Begun<'a> {
    /// Begins a proof that hides all messages but those at `disclosed`.
    ///
    /// Source: draft-irtf-cfrg-bbs-signatures-09 §3.7.1, `ProofInit`, with D, A-bar and their multiples written
    /// as multiples of A and B.
    pub(crate) fn new(
        credential: &'a Prepared,
        disclosed: &[usize],
        rng: &mut dyn Rng,
    ) -> Result<Self, BbsError> {
        let hidden = hidden(disclosed, credential.messages.len())?;
        let random = draw(rng, BLINDS + hidden.len());
        let [r1, r2, e_tilde, r1_tilde, r3_tilde, m_tilde @ ..] = &random[..] else {
            return Err(BbsError::Count);
        };
        let Prepared { a, b, e, .. } = credential;
        let r12 = *r1 * *r2;
        let generators = credential.context.generators.h();
        let mut t2 = vec![(b, *r2 * *r3_tilde)];
        t2.extend(pick(generators, &hidden).zip(m_tilde.iter().copied()));
        let points = [
            combine(&[(a, r12)]),
            combine(&[(b, r12), (a, -(*e * r12))]),
            combine(&[(b, *r2)]),
            combine(&[(b, *r2 * *r1_tilde), (a, r12 * *e_tilde)]),
            combine(&t2),
        ];
        t2.iter_mut().for_each(|(_, scalar)| scalar.zeroize());
        Ok(Self { credential, hidden, random, points })
    }

    /// The points that the challenge covers: A-bar, B-bar, D, T1, T2.
    pub(crate) fn points(&self) -> [G1; 5] {
        self.points
    }

    /// The random scalar of the hidden message at `index`, for another proof about the same message.
    pub(crate) fn tilde(&self, index: usize) -> Result<Scalar, BbsError> {
        let rank = self.hidden.binary_search(&index).map_err(|_| BbsError::Index)?;
        self.random.get(BLINDS + rank).copied().ok_or(BbsError::Index)
    }

    /// The disclosed messages with their indexes.
    pub(crate) fn disclosed(&self) -> Vec<(usize, Scalar)> {
        let messages = self.credential.messages.iter().copied().enumerate();
        let disclosed = messages.filter(|(index, _)| self.hidden.binary_search(index).is_err());
        disclosed.map(|(index, message)| (index, public_scalar(message, Reason::Sent))).collect()
    }

    /// The proof for `challenge`; `encoded` begins with A-bar, B-bar and D.
    ///
    /// Source: draft-irtf-cfrg-bbs-signatures-09 §3.7.2, `ProofFinalize`.
    pub(crate) fn finish(self, challenge: Scalar, encoded: &[[u8; 48]]) -> Result<Vec<u8>, BbsError> {
        let [r1, r2, e_tilde, r1_tilde, r3_tilde, m_tilde @ ..] = &self.random[..] else {
            return Err(BbsError::Count);
        };
        let mut proof = Vec::with_capacity(FIXED_LENGTH + m_tilde.len() * 32);
        for point in encoded.iter().take(3) {
            proof.extend_from_slice(point);
        }
        let answers = [
            *e_tilde + self.credential.e * challenge,
            *r1_tilde - *r1 * challenge,
            *r3_tilde - r2.inverse() * challenge,
        ];
        let messages = pick(self.credential.messages.iter(), &self.hidden);
        let hidden = m_tilde.iter().zip(messages).map(|(tilde, message)| *tilde + *message * challenge);
        for answer in answers.into_iter().chain(hidden).chain([challenge]) {
            proof.extend_from_slice(&answer.to_be_bytes());
        }
        Ok(proof)
    }
}

impl Proof {
    /// Length in bytes of a proof with `hidden` hidden messages.
    pub(crate) const fn length(hidden: usize) -> usize {
        FIXED_LENGTH + hidden * 32
    }

    /// Reads a proof with `hidden` hidden messages.
    ///
    /// Source: draft-irtf-cfrg-bbs-signatures-09 §4.2.4.5, `octets_to_proof`.
    pub(crate) fn read(bytes: &[u8], hidden: usize) -> Result<Self, BbsError> {
        let mut reader = Reader::exactly(bytes, Self::length(hidden))?;
        Ok(Self {
            a_bar: reader.point()?,
            b_bar: reader.point()?,
            d: reader.point()?,
            e: reader.scalar()?,
            r1: reader.scalar()?,
            r3: reader.scalar()?,
            hidden: reader.scalars(hidden)?,
            challenge: reader.scalar()?,
        })
    }

    /// The points that the challenge covers, T1 and T2 computed from the answers.
    ///
    /// Source: draft-irtf-cfrg-bbs-signatures-09 §3.7.3, `ProofVerifyInit`.
    pub(crate) fn restore(
        &self,
        context: &Context,
        disclosed: &[(usize, Scalar)],
    ) -> Result<[G1; 5], BbsError> {
        let indexes: Vec<usize> = disclosed.iter().map(|(index, _)| *index).collect();
        let generators = &context.generators;
        let hidden = hidden(&indexes, generators.messages())?;
        if hidden.len() != self.hidden.len() {
            return Err(BbsError::Count);
        }
        let challenge = self.challenge;
        let mut fixed = vec![(generators.p1(), challenge), (generators.q1(), context.domain * challenge)];
        fixed.extend(
            pick(generators.h(), &indexes)
                .zip(disclosed)
                .map(|(table, (_, message))| (table, *message * challenge)),
        );
        fixed.extend(pick(generators.h(), &hidden).zip(self.hidden.iter().copied()));
        let received = [self.a_bar, self.b_bar, self.d];
        let tables = Odd::all(&received);
        let [a_bar, b_bar, d] = &tables[..] else { return Err(BbsError::Count) };
        let t1 = sum_public(&[(b_bar, challenge), (a_bar, self.e), (d, self.r1)]);
        let t2 = combine_public(&fixed).plus(&sum_public(&[(d, self.r3)]));
        let [a_bar, b_bar, d] = received.map(G1::from);
        Ok([a_bar, b_bar, d, t1, t2])
    }

    /// Whether A-bar and B-bar come of a signature under the key of `context`.
    pub(crate) fn pairing_holds(&self, context: &Context) -> bool {
        pairings_equal_public(&self.a_bar, context.key.lines(), &self.b_bar)
    }
}

/// The verdict on each of `checked`, which hold but for the pairing or have failed already.
///
/// One pairing of random sums tests all: a wrong proof passes it with a chance of 2^-128. Only where it fails is
/// every proof tested alone.
pub(crate) fn batch_verdicts<'a>(
    context: &Context,
    checked: impl Iterator<Item = Result<&'a Proof, &'a BbsError>> + Clone,
    rng: &mut dyn Rng,
) -> Vec<Result<(), BbsError>> {
    let proofs: Vec<&Proof> = checked.clone().flatten().collect();
    let weights: Vec<Scalar> = proofs.iter().map(|_| Scalar::from_wide(&rng.bytes::<WEIGHT>())).collect();
    let sum = |points: Vec<G1Affine>| {
        let tables = Odd::all(&points);
        let terms: Vec<_> = tables.iter().zip(weights.iter().copied()).collect();
        sum_public(&terms).to_affine()
    };
    let a_bar = sum(proofs.iter().map(|proof| proof.a_bar).collect());
    let b_bar = sum(proofs.iter().map(|proof| proof.b_bar).collect());
    let all = pairings_equal_public(&a_bar, context.key.lines(), &b_bar);
    let verdict = |proof: &Proof| match all || proof.pairing_holds(context) {
        true => Ok(()),
        false => Err(BbsError::Proof),
    };
    checked.map(|one| one.map_err(|error| *error).and_then(verdict)).collect()
}

/// What the challenge covers.
///
/// Source: draft-irtf-cfrg-bbs-signatures-09 §3.7.4, `ProofChallengeCalculate`. `more` and `last` are empty
/// there: what an interface adds behind the domain, and behind the presentation header.
pub(crate) struct Transcript<'a> {
    pub(crate) disclosed: &'a [(usize, Scalar)],
    pub(crate) points: &'a [[u8; 48]],
    pub(crate) more: Octets,
    pub(crate) presentation_header: &'a [u8],
    pub(crate) last: Octets,
}

impl Transcript<'_> {
    pub(crate) fn challenge(&self, context: &Context) -> Scalar {
        let mut octets = Octets::default();
        octets.number(self.disclosed.len());
        for (index, message) in self.disclosed {
            octets.number(*index).scalar(*message);
        }
        for point in self.points {
            octets.bytes(point);
        }
        octets.scalar(context.domain).bytes(self.more.as_bytes());
        octets.counted(self.presentation_header).bytes(self.last.as_bytes());
        context.generators.hash_to_scalar(&octets)
    }
}

/// `count` random scalars, 48 bytes of randomness each.
///
/// Source: draft-irtf-cfrg-bbs-signatures-09 §4.2.1, `calculate_random_scalars`.
pub(crate) fn draw(rng: &mut dyn Rng, count: usize) -> Zeroizing<Vec<Scalar>> {
    let mut scalars = Zeroizing::new(Vec::with_capacity(count));
    for _ in 0..count {
        scalars.push(Scalar::from_wide(&Zeroizing::new(rng.bytes::<EXPAND_LEN>())[..]));
    }
    scalars
}

/// Secret-dependent points in the form in which they are sent: rescaled, so that their coordinates tell
/// nothing of how they were computed, then compressed.
pub(crate) fn publish(points: &[G1], rng: &mut dyn Rng) -> Vec<[u8; 48]> {
    let rescaled: Vec<G1> = points
        .iter()
        .map(|point| point.rescale(&Zeroizing::new(rng.bytes::<64>())))
        .map(|point| public_point(point, Reason::Sent))
        .collect();
    encode(&rescaled)
}

/// Points that everybody may know, compressed.
pub(crate) fn encode(points: &[G1]) -> Vec<[u8; 48]> {
    G1::all_to_affine(points).into_iter().map(G1Affine::to_compressed).collect()
}

/// The indexes below `count` that are not in `disclosed`, which must be strictly ascending and below `count`.
pub(crate) fn hidden(disclosed: &[usize], count: usize) -> Result<Vec<usize>, BbsError> {
    ascending(disclosed, count)?;
    Ok((0..count).filter(|index| disclosed.binary_search(index).is_err()).collect())
}

/// Checks that `indexes` are strictly ascending and below `count`.
pub(crate) fn ascending(indexes: &[usize], count: usize) -> Result<(), BbsError> {
    let in_order = indexes.is_sorted_by(|left, right| left < right);
    let in_range = indexes.last().is_none_or(|last| *last < count);
    (in_order && in_range).then_some(()).ok_or(BbsError::Index)
}

/// The items at `indexes`, which are ascending.
fn pick<T>(items: impl Iterator<Item = T>, indexes: &[usize]) -> impl Iterator<Item = T> {
    items.enumerate().filter(|(index, _)| indexes.binary_search(index).is_ok()).map(|(_, item)| item)
}
