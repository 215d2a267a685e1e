//! `inro-nym`: the committed secret is the one of a pseudonym.
//!
//! Source: docs/specs/bbs-mod-inro1.md §7.1.

use inro_base::Rng;

use crate::inro1::parameters::{Pedersen, challenge, pseudonym_base};
use crate::inro1::session::{Committed, Opening, Session, encode_proper, settle};
use crate::multiples::multiple_public;
use crate::octets::Octets;
use crate::proof::{draw, publish};
use crate::reader::Reader;
use crate::table::{combine, combine_public};
use crate::{BbsError, Pseudonym};

/// Bytes of a proof: the challenge and two answers.
const LENGTH: usize = 3 * 32;
const PSEUDONYM_TAG: &str = "NYM_";
const CHALLENGE_TAG: &str = "INRO_NYM_CHAL_";

/// The pseudonym of the opened secret in `scope`, with its proof.
pub(crate) fn prove(
    pedersen: &Pedersen,
    session: &Session,
    index: usize,
    opening: &Opening,
    scope: &[u8],
    rng: &mut dyn Rng,
) -> Result<(Pseudonym, Vec<u8>), BbsError> {
    let random = draw(rng, 2);
    let [secret_tilde, blind_tilde] = &random[..] else { return Err(BbsError::Count) };
    let base = pseudonym_base(scope, PSEUDONYM_TAG);
    let points = [
        base.times(opening.message),
        combine(&[(&pedersen.g, *secret_tilde), (&pedersen.h, *blind_tilde)]),
        base.times(*secret_tilde),
    ];
    let points = publish(&points, rng);
    let pseudonym = points.first().ok_or(BbsError::Pseudonym)?;
    let pseudonym = Pseudonym::from_bytes(pseudonym).map_err(|_| BbsError::Pseudonym)?;
    let octets = transcript(session, index, &opening.encoded, scope, &points);
    let challenge = challenge(&octets, CHALLENGE_TAG);
    let answers =
        [challenge, *secret_tilde + opening.message * challenge, *blind_tilde + opening.blind * challenge];
    Ok((pseudonym, answers.iter().flat_map(|answer| answer.to_be_bytes()).collect()))
}

pub(crate) fn verify(
    pedersen: &Pedersen,
    session: &Session,
    committed: &Committed,
    scope: &[u8],
    pseudonym: &Pseudonym,
    proof: &[u8],
) -> Result<(), BbsError> {
    let mut reader = Reader::exactly(proof, LENGTH)?;
    let (claimed, secret, blind) = (reader.scalar()?, reader.scalar()?, reader.scalar()?);
    let base = pseudonym_base(scope, PSEUDONYM_TAG);
    let point = pseudonym.point();
    let points = encode_proper(&[
        point.into(),
        combine_public(&[(&pedersen.g, secret), (&pedersen.h, blind)])
            .plus(&multiple_public(&committed.point, -claimed)),
        multiple_public(&base.to_affine(), secret).plus(&multiple_public(&point, -claimed)),
    ])?;
    let octets = transcript(session, committed.index, &committed.encoded, scope, &points);
    settle(&octets, CHALLENGE_TAG, claimed)
}

fn transcript(
    session: &Session,
    index: usize,
    commitment: &[u8; 48],
    scope: &[u8],
    points: &[[u8; 48]],
) -> Octets {
    let mut octets = session.transcript(index, commitment);
    octets.counted(scope);
    for point in points {
        octets.bytes(point);
    }
    octets
}
