//! `schnorr-eq`: a committed message is the one of another commitment.
//!
//! Source: docs/specs/bbs-mod-inro1.md §7.3.

use inro_base::Rng;

use crate::BbsError;
use crate::ffi::{G1Affine, Scalar};
use crate::inro1::parameters::{Pedersen, challenge};
use crate::inro1::session::{Committed, Opening, Session, encode_proper, settle};
use crate::multiples::multiple_public;
use crate::octets::Octets;
use crate::proof::{draw, publish};
use crate::reader::Reader;
use crate::table::{combine, combine_public};

/// Bytes of a proof: the challenge and three answers.
const LENGTH: usize = 4 * 32;
const CHALLENGE_TAG: &str = "SCHNORR_EQ_CHAL_";

/// A proof that `other`, with blinding factor `other_blind`, commits to the opened message.
pub(crate) fn prove(
    pedersen: &Pedersen,
    session: &Session,
    index: usize,
    opening: &Opening,
    other: &[u8; 48],
    other_blind: Scalar,
    rng: &mut dyn Rng,
) -> Result<Vec<u8>, BbsError> {
    let random = draw(rng, 3);
    let [message_tilde, first_tilde, second_tilde] = &random[..] else { return Err(BbsError::Count) };
    let points = [first_tilde, second_tilde]
        .map(|tilde| combine(&[(&pedersen.g, *message_tilde), (&pedersen.h, *tilde)]));
    let octets = transcript(session, index, &opening.encoded, other, &publish(&points, rng));
    let challenge = challenge(&octets, CHALLENGE_TAG);
    let answers = [
        challenge,
        *message_tilde + opening.message * challenge,
        *first_tilde + opening.blind * challenge,
        *second_tilde + other_blind * challenge,
    ];
    Ok(answers.iter().flat_map(|answer| answer.to_be_bytes()).collect())
}

pub(crate) fn verify(
    pedersen: &Pedersen,
    session: &Session,
    committed: &Committed,
    other: &G1Affine,
    proof: &[u8],
) -> Result<(), BbsError> {
    let mut reader = Reader::exactly(proof, LENGTH)?;
    let (claimed, message) = (reader.scalar()?, reader.scalar()?);
    let first_message = |point: &G1Affine, blind: Scalar| {
        combine_public(&[(&pedersen.g, message), (&pedersen.h, blind)])
            .plus(&multiple_public(point, -claimed))
    };
    let points = [first_message(&committed.point, reader.scalar()?), first_message(other, reader.scalar()?)];
    let encoded = other.to_compressed();
    let octets = transcript(session, committed.index, &committed.encoded, &encoded, &encode_proper(&points)?);
    settle(&octets, CHALLENGE_TAG, claimed)
}

fn transcript(
    session: &Session,
    index: usize,
    commitment: &[u8; 48],
    other: &[u8; 48],
    points: &[[u8; 48]],
) -> Octets {
    let mut octets = session.transcript(index, commitment);
    octets.bytes(other);
    for point in points {
        octets.bytes(point);
    }
    octets
}
