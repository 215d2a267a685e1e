//! Presentation: a core proof that commits to some messages, and sub-proofs about what it commits to.

use std::sync::Arc;

use inro_base::Rng;
use zeroize::{Zeroize, Zeroizing};

use crate::context::Context;
use crate::ffi::{G1Affine, Scalar};
use crate::inro1::parameters::{Message, Shared, TypeParameters};
use crate::inro1::range::Bounds;
use crate::inro1::session::{Committed, Opening, Session, encode_proper};
use crate::inro1::{equality, nym, range};
use crate::multiples::multiple_public;
use crate::octets::Octets;
use crate::proof::{Begun, Prepared, Proof, Transcript, batch_verdicts, draw, publish};
use crate::reader::Reader;
use crate::table::{combine, combine_public};
use crate::{BbsError, Pseudonym, PublicKey, SecretScalar, Signature};

/// The most messages that one presentation commits to. Our types need one for the secret and one for each
/// predicate.
pub const MAX_COMMITTED: usize = 8;
/// Bytes of the list of committed indexes: how many, then each.
const INDEX: usize = 2;
/// Bytes of one commitment with its answer.
const COMMITTED: usize = 48 + 32;

/// A credential that verified, ready for presentations. Wiped when dropped.
pub struct Credential {
    parameters: TypeParameters,
    prepared: Prepared,
}

/// What a presentation shows of a credential's messages, as strictly ascending indexes.
#[derive(Clone, Copy)]
pub struct Disclosure<'a> {
    /// Claims to disclose.
    pub disclosed: &'a [usize],
    /// Messages to commit to, for sub-proofs.
    pub committed: &'a [usize],
}

/// A core proof that was made, with what opens its commitments. Sub-proofs are made from it.
pub struct Opened {
    parameters: TypeParameters,
    session: Session,
    openings: Vec<(usize, Opening)>,
    proof: Vec<u8>,
}

/// The verifier of one type of credential under one key and header.
#[derive(Clone)]
pub struct Verifier(Shared);

/// A core proof that verified. Sub-proofs are checked against it.
pub struct Presented {
    parameters: TypeParameters,
    session: Session,
    committed: Vec<Committed>,
}

/// A disclosed claim.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    /// Position among the messages.
    pub index: usize,
    /// The message as its payload says.
    pub message: Message<'a>,
}

/// A core proof with what it is checked for.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The presentation header that it is bound to.
    pub presentation_header: &'a [u8],
    /// The claims that it discloses.
    pub disclosed: &'a [Claim<'a>],
    /// The core proof.
    pub proof: &'a [u8],
}

/// A Pedersen commitment m·G + t·H from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Commitment(G1Affine);

/// What a sub-proof states about a committed message.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum SubProof<'a> {
    /// `inro-nym`: the holder's secret is the one of `pseudonym` in `scope`.
    Pseudonym {
        /// Where the pseudonym holds.
        scope: &'a [u8],
        /// The pseudonym.
        pseudonym: &'a Pseudonym,
    },
    /// `sigma-range`: the message at `index` lies within `bounds`.
    Range {
        /// Position among the messages.
        index: usize,
        /// The bounds.
        bounds: Bounds,
    },
    /// `schnorr-eq`: the message at `index` is the one that `other` commits to.
    Equality {
        /// Position among the messages.
        index: usize,
        /// The other commitment: [`Presented::commitment`] of a presentation that was accepted.
        other: Commitment,
    },
}

impl Commitment {
    /// A commitment to `message` with the blinding factor `blind`.
    pub fn new(parameters: &TypeParameters, message: &SecretScalar, blind: &SecretScalar) -> Self {
        let pedersen = parameters.pedersen();
        Self(combine(&[(&pedersen.g, message.scalar()), (&pedersen.h, blind.scalar())]).to_affine())
    }

    /// Reads a compressed point.
    ///
    /// # Errors
    /// [`BbsError::Length`] or [`BbsError::Point`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BbsError> {
        Reader::exactly(bytes, 48)?.point().map(Self)
    }

    /// The compressed point.
    pub fn to_bytes(&self) -> [u8; 48] {
        self.0.to_compressed()
    }
}

impl Credential {
    /// Tells valgrind that the credential is secret.
    #[cfg(inro_ct)]
    pub fn mark_secret(&self) {
        self.prepared.mark_secret();
    }

    /// Checks `signature` on `messages`, the blinding factor and the holder's secret, and makes the credential
    /// ready for presentations.
    ///
    /// # Errors
    /// [`BbsError::Count`] for another number of messages, [`BbsError::Scalar`] for a scalar that is none,
    /// [`BbsError::Signature`] when the signature does not fit.
    ///
    /// Source: docs/specs/bbs-mod-inro1.md §5.4.
    pub fn accept(
        verifier: &Verifier,
        messages: &[Message<'_>],
        blind: &SecretScalar,
        secret: &SecretScalar,
        signature: &Signature,
    ) -> Result<Self, BbsError> {
        let Shared { parameters, context } = &verifier.0;
        if messages.len() != parameters.layout().payloads() {
            return Err(BbsError::Count);
        }
        let mut all = Zeroizing::new(Vec::with_capacity(messages.len() + 2));
        for message in messages {
            all.push(parameters.scalar(message)?);
        }
        all.extend([blind.scalar(), secret.scalar()]);
        let prepared = Prepared::accept(Arc::clone(context), all, signature)?;
        Ok(Self { parameters: parameters.clone(), prepared })
    }

    /// A core proof for `presentation_header`.
    ///
    /// # Errors
    /// [`BbsError::Index`] when `disclosure` names other messages than it may, or in another order.
    ///
    /// Source: docs/specs/bbs-mod-inro1.md §6.1.
    pub fn present(
        &self,
        presentation_header: &[u8],
        disclosure: Disclosure<'_>,
        rng: &mut dyn Rng,
    ) -> Result<Opened, BbsError> {
        let Disclosure { disclosed, committed } = disclosure;
        let (layout, pedersen) = (self.parameters.layout(), self.parameters.pedersen());
        layout.check_disclosed(disclosed)?;
        layout.check_committed(committed, disclosed)?;
        if committed.len() > MAX_COMMITTED {
            return Err(BbsError::TooMany);
        }
        let begun = Begun::new(&self.prepared, disclosed, rng)?;
        let blinds = draw(rng, 2 * committed.len());
        let (blinds, tildes) = blinds.split_at_checked(committed.len()).ok_or(BbsError::Count)?;
        let mut points = begun.points().to_vec();
        let mut openings = Vec::with_capacity(committed.len());
        for (index, blind) in committed.iter().zip(blinds) {
            let message = *self.prepared.messages.get(*index).ok_or(BbsError::Index)?;
            points.push(combine(&[(&pedersen.g, message), (&pedersen.h, *blind)]));
            openings.push((*index, Opening { message, blind: *blind, encoded: [0; 48] }));
        }
        for (index, tilde) in committed.iter().zip(tildes) {
            points.push(combine(&[(&pedersen.g, begun.tilde(*index)?), (&pedersen.h, *tilde)]));
        }
        let encoded = publish(&points, rng);
        let (core, extra) = encoded.split_at_checked(5).ok_or(BbsError::Count)?;
        let transcript = Transcript {
            disclosed: &begun.disclosed(),
            points: core,
            more: commitments_octets(committed, extra),
            presentation_header,
            last: Octets::default(),
        };
        let challenge = transcript.challenge(&self.prepared.context);
        let mut proof = index_list(committed)?;
        proof.extend(begun.finish(challenge, core)?);
        for (((_, opening), encoded), tilde) in openings.iter_mut().zip(extra).zip(tildes) {
            opening.encoded = *encoded;
            proof.extend_from_slice(encoded);
            proof.extend_from_slice(&(*tilde + opening.blind * challenge).to_be_bytes());
        }
        let session = Session::new(presentation_header, challenge);
        Ok(Opened { parameters: self.parameters.clone(), session, openings, proof })
    }
}

impl Opened {
    /// The core proof, to send.
    pub fn proof(&self) -> &[u8] {
        &self.proof
    }

    /// `inro-nym`: the holder's pseudonym in `scope`, with its proof. The secret must be committed.
    ///
    /// # Errors
    /// [`BbsError::Index`] when the secret is not committed, [`BbsError::Pseudonym`] when it is 0.
    pub fn prove_pseudonym(&self, scope: &[u8], rng: &mut dyn Rng) -> Result<(Pseudonym, Vec<u8>), BbsError> {
        let index = self.parameters.layout().secret();
        nym::prove(self.parameters.pedersen(), &self.session, index, self.opening(index)?, scope, rng)
    }

    /// `sigma-range`: a proof that the message at `index` lies within `bounds`.
    ///
    /// # Errors
    /// [`BbsError::Index`] when it is no claim or not committed, [`BbsError::Bounds`] when it lies outside.
    pub fn prove_range(&self, index: usize, bounds: &Bounds, rng: &mut dyn Rng) -> Result<Vec<u8>, BbsError> {
        self.parameters.layout().check_claim(index)?;
        range::prove(self.parameters.pedersen(), &self.session, index, self.opening(index)?, bounds, rng)
    }

    /// `schnorr-eq`: a proof that `other`, made with `blind`, commits to the message at `index`.
    ///
    /// # Errors
    /// [`BbsError::Index`] when it is not committed.
    pub fn prove_equality(
        &self,
        index: usize,
        other: &Commitment,
        blind: &SecretScalar,
        rng: &mut dyn Rng,
    ) -> Result<Vec<u8>, BbsError> {
        let (pedersen, opening) = (self.parameters.pedersen(), self.opening(index)?);
        equality::prove(pedersen, &self.session, index, opening, &other.to_bytes(), blind.scalar(), rng)
    }

    /// The commitment to the message at `index` and its blinding factor, for an equality with a message of
    /// another presentation.
    ///
    /// # Errors
    /// [`BbsError::Index`] when it is not committed.
    pub fn commitment(&self, index: usize) -> Result<(Commitment, SecretScalar), BbsError> {
        let opening = self.opening(index)?;
        Ok((Commitment::from_bytes(&opening.encoded)?, SecretScalar::new(opening.blind)))
    }

    fn opening(&self, index: usize) -> Result<&Opening, BbsError> {
        let found = self.openings.iter().find(|(committed, _)| *committed == index);
        found.map(|(_, opening)| opening).ok_or(BbsError::Index)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        for (_, opening) in &mut self.openings {
            opening.message.zeroize();
            opening.blind.zeroize();
        }
    }
}

impl Verifier {
    /// The verifier of credentials with `parameters` under `key` and `header`.
    pub fn new(parameters: &TypeParameters, key: &PublicKey, header: &[u8]) -> Self {
        Self(Shared::new(parameters, key, header))
    }

    /// Checks a core proof for `presentation_header` with exactly the claims `disclosed`.
    ///
    /// # Errors
    /// [`BbsError::Index`] when the lists of indexes are not as the specification asks, [`BbsError::Length`],
    /// [`BbsError::Point`] or [`BbsError::Scalar`] when it cannot be read, [`BbsError::Proof`] when it does not
    /// hold.
    ///
    /// Source: docs/specs/bbs-mod-inro1.md §6.2.
    pub fn verify(
        &self,
        presentation_header: &[u8],
        disclosed: &[Claim<'_>],
        proof: &[u8],
    ) -> Result<Presented, BbsError> {
        let shown = Shown { presentation_header, disclosed, proof };
        let received = self.check(&shown)?;
        match received.core.pairing_holds(&self.0.context) {
            true => Ok(self.presented(presentation_header, received)),
            false => Err(BbsError::Proof),
        }
    }

    /// Checks many core proofs for little more than one pairing; each verdict is the one of [`Self::verify`].
    pub fn verify_batch(&self, shown: &[Shown<'_>], rng: &mut dyn Rng) -> Vec<Result<Presented, BbsError>> {
        let received: Vec<Result<Received, BbsError>> = shown.iter().map(|one| self.check(one)).collect();
        let proofs = received.iter().map(|one| one.as_ref().map(|received| &received.core));
        let verdicts = batch_verdicts(&self.0.context, proofs, rng);
        let all = received.into_iter().zip(verdicts).zip(shown);
        all.map(|((received, verdict), one)| {
            verdict?;
            received.map(|received| self.presented(one.presentation_header, received))
        })
        .collect()
    }

    fn presented(&self, presentation_header: &[u8], received: Received) -> Presented {
        let session = Session::new(presentation_header, received.core.challenge);
        Presented { parameters: self.0.parameters.clone(), session, committed: received.committed }
    }

    /// Everything of a proof's check but the pairing.
    fn check(&self, shown: &Shown<'_>) -> Result<Received, BbsError> {
        let Shown { presentation_header, disclosed, proof } = *shown;
        let Shared { parameters, context } = &self.0;
        let layout = parameters.layout();
        let indexes: Vec<usize> = disclosed.iter().map(|claim| claim.index).collect();
        layout.check_disclosed(&indexes)?;
        let (committed, rest) = read_index_list(proof)?;
        layout.check_committed(&committed, &indexes)?;
        let mut scalars = Vec::with_capacity(disclosed.len());
        for claim in disclosed {
            scalars.push((claim.index, parameters.scalar(&claim.message)?));
        }
        let hidden = context.generators.messages() - indexes.len();
        let received = Received::read(rest, hidden, &committed)?;
        received.check(parameters, context, presentation_header, &scalars, &indexes)?;
        Ok(received)
    }
}

impl Presented {
    /// Checks that `proof` proves `statement` in this presentation.
    ///
    /// # Errors
    /// [`BbsError::Index`] when the message is not committed, or no claim and a range stated of it;
    /// [`BbsError::Length`], [`BbsError::Point`] or
    /// [`BbsError::Scalar`] when the proof cannot be read; [`BbsError::Proof`] when it does not hold.
    pub fn check(&self, statement: &SubProof<'_>, proof: &[u8]) -> Result<(), BbsError> {
        let (pedersen, session) = (self.parameters.pedersen(), &self.session);
        match statement {
            SubProof::Pseudonym { scope, pseudonym } => {
                let committed = self.committed(self.parameters.layout().secret())?;
                nym::verify(pedersen, session, committed, scope, pseudonym, proof)
            }
            SubProof::Range { index, bounds } => {
                self.parameters.layout().check_claim(*index)?;
                range::verify(pedersen, session, self.committed(*index)?, bounds, proof)
            }
            SubProof::Equality { index, other } => {
                equality::verify(pedersen, session, self.committed(*index)?, &other.0, proof)
            }
        }
    }

    /// The commitment to the message at `index`, for an equality that another presentation states.
    ///
    /// # Errors
    /// [`BbsError::Index`] when it is not committed.
    pub fn commitment(&self, index: usize) -> Result<Commitment, BbsError> {
        self.committed(index).map(|committed| Commitment(committed.point))
    }

    fn committed(&self, index: usize) -> Result<&Committed, BbsError> {
        self.committed.iter().find(|committed| committed.index == index).ok_or(BbsError::Index)
    }
}

/// A core proof with its commitments as it was received.
struct Received {
    core: Proof,
    committed: Vec<Committed>,
    answers: Vec<Scalar>,
}

impl Received {
    /// Reads what stands behind the list of `committed` indexes.
    fn read(bytes: &[u8], hidden: usize, committed: &[usize]) -> Result<Self, BbsError> {
        let length = Proof::length(hidden);
        let whole = length + COMMITTED * committed.len();
        let (core, extra) = match bytes.split_at_checked(length) {
            Some(parts) if bytes.len() == whole => parts,
            _ => return Err(BbsError::Length { length: 1 + INDEX * committed.len() + bytes.len() }),
        };
        let core = Proof::read(core, hidden)?;
        let mut reader = Reader::exactly(extra, COMMITTED * committed.len())?;
        let (mut points, mut answers) = (Vec::new(), Vec::new());
        for index in committed {
            let point = reader.point()?;
            points.push(Committed { index: *index, point, encoded: point.to_compressed() });
            answers.push(reader.scalar()?);
        }
        Ok(Self { core, committed: points, answers })
    }

    /// Checks that the challenge is the transcript's.
    fn check(
        &self,
        parameters: &TypeParameters,
        context: &Context,
        presentation_header: &[u8],
        disclosed: &[(usize, Scalar)],
        indexes: &[usize],
    ) -> Result<(), BbsError> {
        let (pedersen, challenge) = (parameters.pedersen(), self.core.challenge);
        let mut points = self.core.restore(context, disclosed)?.to_vec();
        for (committed, answer) in self.committed.iter().zip(&self.answers) {
            let hidden = *self.core.hidden.get(rank(committed.index, indexes)).ok_or(BbsError::Index)?;
            let sum = combine_public(&[(&pedersen.g, hidden), (&pedersen.h, *answer)]);
            points.push(sum.plus(&multiple_public(&committed.point, -challenge)));
        }
        let encoded = encode_proper(&points)?;
        let (core, tildes) = encoded.split_at_checked(5).ok_or(BbsError::Count)?;
        let commitments: Vec<[u8; 48]> =
            self.committed.iter().map(|committed| committed.encoded).chain(tildes.iter().copied()).collect();
        let committed: Vec<usize> = self.committed.iter().map(|committed| committed.index).collect();
        let transcript = Transcript {
            disclosed,
            points: core,
            more: commitments_octets(&committed, &commitments),
            presentation_header,
            last: Octets::default(),
        };
        (transcript.challenge(context) == challenge).then_some(()).ok_or(BbsError::Proof)
    }
}

/// How many undisclosed messages stand before `index`: which answer is the one of its message.
fn rank(index: usize, disclosed: &[usize]) -> usize {
    index - disclosed.iter().filter(|other| **other < index).count()
}

/// What the core challenge covers of the commitments: how many, then index, commitment and first message of
/// each. `points` are all commitments, then all first messages.
fn commitments_octets(committed: &[usize], points: &[[u8; 48]]) -> Octets {
    let mut octets = Octets::default();
    octets.number(committed.len());
    let (commitments, firsts) = points.split_at_checked(committed.len()).unwrap_or_default();
    for ((index, commitment), first) in committed.iter().zip(commitments).zip(firsts) {
        octets.number(*index).bytes(commitment).bytes(first);
    }
    octets
}

fn index_list(committed: &[usize]) -> Result<Vec<u8>, BbsError> {
    let mut bytes = vec![u8::try_from(committed.len()).map_err(|_| BbsError::TooMany)?];
    for index in committed {
        bytes.extend(u16::try_from(*index).map_err(|_| BbsError::Index)?.to_be_bytes());
    }
    Ok(bytes)
}

/// The committed indexes at the front of a proof, and the rest.
fn read_index_list(proof: &[u8]) -> Result<(Vec<usize>, &[u8]), BbsError> {
    let short = BbsError::Length { length: proof.len() };
    let (count, rest) = proof.split_first().ok_or(short)?;
    let count = usize::from(*count);
    if count > MAX_COMMITTED {
        return Err(BbsError::TooMany);
    }
    let (list, rest) = rest.split_at_checked(count * INDEX).ok_or(short)?;
    let indexes =
        list.chunks_exact(INDEX).map(|pair| pair.iter().fold(0, |all, byte| all << 8 | usize::from(*byte)));
    Ok((indexes.collect(), rest))
}

#[cfg(test)]
mod tests;
