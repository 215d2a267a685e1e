//! The commitment that a holder sends for a blind signature, with the proof that the holder can open it.

use inro_base::Rng;
use zeroize::Zeroizing;

use crate::BbsError;
use crate::ffi::{G1, G1Affine, Scalar};
use crate::generators::Generators;
use crate::multiples::multiple_public;
use crate::octets::Octets;
use crate::proof::{draw, encode, publish};
use crate::reader::Reader;
use crate::secret::SecretScalar;
use crate::table::{combine, combine_public};

/// Bytes of a commitment with its proof beside the committed messages: the point, the answer for the blinding
/// factor and the challenge.
const FIXED_LENGTH: usize = 48 + 2 * 32;

/// Commits to `messages` under the blind generators: C = Q_2·blind + Σ J_i·message_i, and a proof.
///
/// Source: draft-irtf-cfrg-bbs-blind-signatures-02 `CoreCommit`, as zkryptium 0.8 has it.
pub(crate) fn commit(
    generators: &Generators,
    messages: &[Scalar],
    rng: &mut dyn Rng,
) -> Result<(Vec<u8>, SecretScalar), BbsError> {
    if generators.committed() != Some(messages.len()) {
        return Err(BbsError::Count);
    }
    let random = draw(rng, messages.len() + 2);
    let [blind, tildes @ ..] = &random[..] else {
        return Err(BbsError::Count);
    };
    let openings = Zeroizing::new([&[*blind], messages].concat());
    let points = publish(&[over(generators, &openings), over(generators, tildes)], rng);
    let challenge = challenge(generators, &points);
    let mut bytes = Vec::with_capacity(FIXED_LENGTH + messages.len() * 32);
    bytes.extend_from_slice(points.first().ok_or(BbsError::Count)?);
    let answers = tildes.iter().zip(openings.iter()).map(|(tilde, opening)| *tilde + *opening * challenge);
    for answer in answers.chain([challenge]) {
        bytes.extend_from_slice(&answer.to_be_bytes());
    }
    Ok((bytes, SecretScalar::new(*blind)))
}

/// Reads a commitment and checks its proof.
///
/// Source: draft-irtf-cfrg-bbs-blind-signatures-02 `deserialize_and_validate_commit`, as zkryptium 0.8 has it.
pub(crate) fn check(generators: &Generators, bytes: &[u8]) -> Result<G1Affine, BbsError> {
    let committed = generators.committed().ok_or(BbsError::Count)?;
    let mut reader = Reader::exactly(bytes, FIXED_LENGTH + committed * 32)?;
    let commitment = reader.point()?;
    let answers = reader.scalars(committed + 1)?;
    let claimed = reader.scalar()?;
    let terms: Vec<_> = generators.blind_part().zip(answers).collect();
    let other = combine_public(&terms).plus(&multiple_public(&commitment, -claimed));
    let points = encode(&[commitment.into(), other]);
    (challenge(generators, &points) == claimed).then_some(commitment).ok_or(BbsError::Commitment)
}

fn over(generators: &Generators, scalars: &[Scalar]) -> G1 {
    let terms: Vec<_> = generators.blind_part().zip(scalars.iter().copied()).collect();
    combine(&terms)
}

/// Source: draft-irtf-cfrg-bbs-blind-signatures-02 `calculate_blind_challenge`.
fn challenge(generators: &Generators, points: &[[u8; 48]]) -> Scalar {
    let mut octets = Octets::default();
    octets.number(generators.committed().unwrap_or(0));
    for point in generators.encoded_blind_part().chain(points) {
        octets.bytes(point);
    }
    generators.hash_to_scalar(&octets)
}
