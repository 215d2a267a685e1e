use std::sync::Arc;

use inro_base::Rng;
use zeroize::Zeroizing;

use crate::commitment;
use crate::context::Context;
use crate::ffi::{G1, Scalar};
use crate::generators::Generators;
use crate::marks::{Reason, public_point};
use crate::octets::Octets;
use crate::proof::{Begun, Prepared, Proof, Transcript, ascending, encode, publish};
use crate::{BbsError, Disclosed, PublicKey, SecretKey, SecretScalar, Signature, Suite, signature};

/// Blind BBS for one key, one header and one number of messages of each side.
///
/// Messages of the issuer come first, then the blinding factor (always hidden), then the holder's committed
/// messages. Indexes of committed messages count from 0 for themselves.
///
/// Source: draft-irtf-cfrg-bbs-blind-signatures-02 as the vectors of zkryptium 0.8 pin it; what differs from
/// the text is listed in `docs/vectors.md`.
#[derive(Clone)]
pub struct BlindBbs(Arc<Context>);

/// The generators of blind BBS for one number of messages of each side.
#[derive(Clone)]
pub struct BlindGenerators(Arc<Generators>);

/// A blindly signed credential that verified. Wiped when dropped.
pub struct BlindCredential(Prepared);

impl BlindGenerators {
    /// The generators for `messages` messages of the issuer and `committed` ones of the holder.
    ///
    /// # Errors
    /// [`BbsError::TooMany`] when they are more than [`crate::MAX_MESSAGES`] together.
    pub fn new(suite: Suite, messages: usize, committed: usize) -> Result<Self, BbsError> {
        let api_id = format!("{}BLIND_H2G_HM2S_", suite.id());
        Ok(Self(Arc::new(Generators::blind(suite, &api_id, messages, committed)?)))
    }

    /// Q_1, H_1.., Q_2, J_1.., compressed.
    pub fn encoded(&self) -> impl ExactSizeIterator<Item = &[u8; 48]> {
        self.0.encoded()
    }

    /// A commitment to `committed` with its proof, for the issuer, and the blinding factor, for the holder.
    ///
    /// # Errors
    /// [`BbsError::Count`] when their number is not the generators'.
    pub fn commit(
        &self,
        committed: &[&[u8]],
        rng: &mut dyn Rng,
    ) -> Result<(Vec<u8>, SecretScalar), BbsError> {
        commitment::commit(&self.0, &self.0.all(committed), rng)
    }
}

impl BlindBbs {
    /// Binds `generators` to `key` and `header`.
    pub fn new(generators: &BlindGenerators, key: &PublicKey, header: &[u8]) -> Self {
        Self(Arc::new(Context::new(Arc::clone(&generators.0), key.clone(), header)))
    }

    /// Signs `messages` and what `commitment` commits to. Without a commitment the holder has no messages.
    ///
    /// # Errors
    /// [`BbsError::Commitment`] when its proof does not hold; [`BbsError::Length`], [`BbsError::Point`] or
    /// [`BbsError::Scalar`] when it cannot be read; [`BbsError::Count`] for another number of messages;
    /// [`BbsError::Signature`] when `key` is not the secret of this instance's key.
    pub fn sign(
        &self,
        key: &SecretKey,
        commitment: Option<&[u8]>,
        messages: &[&[u8]],
    ) -> Result<Signature, BbsError> {
        let point = match commitment {
            Some(bytes) => G1::from(commitment::check(&self.0.generators, bytes)?),
            None if self.0.generators.committed() == Some(0) => G1::ZERO,
            None => return Err(BbsError::Count),
        };
        sign(&self.0, key, &point, messages)
    }

    /// Checks `signature` and makes the credential ready for proofs. `blind` is what [`BlindGenerators::commit`]
    /// returned, if there was a commitment.
    ///
    /// # Errors
    /// [`BbsError::Count`] or [`BbsError::Signature`].
    pub fn accept(
        &self,
        messages: &[&[u8]],
        committed: &[&[u8]],
        blind: Option<&SecretScalar>,
        signature: &Signature,
    ) -> Result<BlindCredential, BbsError> {
        let all = joined(&self.0.generators, messages, blind, committed, &[])?;
        Prepared::accept(Arc::clone(&self.0), all, signature).map(BlindCredential)
    }

    /// Checks `proof` for `presentation_header` and the disclosed messages of both sides.
    ///
    /// # Errors
    /// [`BbsError::Index`], [`BbsError::Length`], [`BbsError::Point`], [`BbsError::Scalar`] or
    /// [`BbsError::Proof`].
    pub fn verify_proof(
        &self,
        presentation_header: &[u8],
        disclosed: &[Disclosed<'_>],
        committed: &[Disclosed<'_>],
        proof: &[u8],
    ) -> Result<(), BbsError> {
        let generators = &self.0.generators;
        let disclosed = disclosed_scalars(generators, disclosed, committed, 0)?;
        let proof = Proof::read(proof, generators.messages() - disclosed.len())?;
        let points = encode(&proof.restore(&self.0, &disclosed)?);
        let transcript = Transcript {
            disclosed: &disclosed,
            points: &points,
            more: Octets::default(),
            presentation_header,
            last: Octets::default(),
        };
        let holds = transcript.challenge(&self.0) == proof.challenge && proof.pairing_holds(&self.0);
        holds.then_some(()).ok_or(BbsError::Proof)
    }
}

impl BlindCredential {
    /// A proof that discloses the issuer's messages at `disclosed` and the holder's at `committed`.
    ///
    /// # Errors
    /// [`BbsError::Index`] when a list is not strictly ascending and in range.
    pub fn prove(
        &self,
        presentation_header: &[u8],
        disclosed: &[usize],
        committed: &[usize],
        rng: &mut dyn Rng,
    ) -> Result<Vec<u8>, BbsError> {
        let indexes = joined_indexes(&self.0.context.generators, disclosed, committed, 0)?;
        let begun = Begun::new(&self.0, &indexes, rng)?;
        let points = publish(&begun.points(), rng);
        let transcript = Transcript {
            disclosed: &begun.disclosed(),
            points: &points,
            more: Octets::default(),
            presentation_header,
            last: Octets::default(),
        };
        let challenge = transcript.challenge(&self.0.context);
        begun.finish(challenge, &points)
    }
}

/// Signs `messages` and `commitment`, with e made as the blind interface does: from the key and B.
pub(crate) fn sign(
    context: &Context,
    key: &SecretKey,
    commitment: &G1,
    messages: &[&[u8]],
) -> Result<Signature, BbsError> {
    context.check_key(key)?;
    if messages.len() != context.generators.own() {
        return Err(BbsError::Count);
    }
    let scalars = context.generators.all(messages);
    let b = signature::partial_b(context, &scalars).plus(commitment);
    let mut octets = Octets::with_room(32 + 48);
    let known = public_point(b, Reason::KnownToHolder).to_affine();
    octets.scalar(key.scalar()).bytes(&known.to_compressed());
    signature::finish(context, key, &b, &octets)
}

/// The scalars of all messages in their order: the issuer's, the blinding factor, the holder's, `secrets`.
pub(crate) fn joined(
    generators: &Generators,
    messages: &[&[u8]],
    blind: Option<&SecretScalar>,
    committed: &[&[u8]],
    secrets: &[Scalar],
) -> Result<Zeroizing<Vec<Scalar>>, BbsError> {
    if messages.len() != generators.own() {
        return Err(BbsError::Count);
    }
    let mut all = Zeroizing::new(Vec::with_capacity(generators.messages()));
    all.extend_from_slice(&generators.all(messages));
    all.push(blind.map_or(Scalar::ZERO, SecretScalar::scalar));
    all.extend_from_slice(&generators.all(committed));
    all.extend_from_slice(secrets);
    Ok(all)
}

/// The indexes of both sides among all messages. The last `secrets` messages can't be disclosed.
pub(crate) fn joined_indexes(
    generators: &Generators,
    disclosed: &[usize],
    committed: &[usize],
    secrets: usize,
) -> Result<Vec<usize>, BbsError> {
    let (own, others) = (generators.own(), generators.committed().unwrap_or(0));
    ascending(disclosed, own)?;
    ascending(committed, others.checked_sub(secrets).ok_or(BbsError::Count)?)?;
    Ok(disclosed.iter().copied().chain(committed.iter().map(|index| index + own + 1)).collect())
}

/// The disclosed messages of both sides as scalars, with their indexes among all messages.
pub(crate) fn disclosed_scalars(
    generators: &Generators,
    disclosed: &[Disclosed<'_>],
    committed: &[Disclosed<'_>],
    secrets: usize,
) -> Result<Vec<(usize, Scalar)>, BbsError> {
    let indexes = |list: &[Disclosed<'_>]| list.iter().map(|claim| claim.index).collect::<Vec<_>>();
    let indexes = joined_indexes(generators, &indexes(disclosed), &indexes(committed), secrets)?;
    let messages = disclosed.iter().chain(committed).map(|claim| generators.message(claim.message));
    Ok(indexes.into_iter().zip(messages).collect())
}
