use std::sync::Arc;

use inro_base::Rng;
use zeroize::{Zeroize, Zeroizing};

use crate::blind_bbs::{disclosed_scalars, joined, joined_indexes, sign};
use crate::commitment;
use crate::context::Context;
use crate::ffi::{G1, G1Affine, Scalar};
use crate::generators::Generators;
use crate::multiples::{Odd, sum_public};
use crate::octets::Octets;
use crate::proof::{Begun, Prepared, Proof, Transcript, encode, publish};
use crate::table::combine;
use crate::{BbsError, Disclosed, PublicKey, SecretKey, SecretScalar, Signature, Suite};

/// Blind BBS with per-verifier pseudonyms, for one key, one header and one number of messages of each side.
///
/// Source: draft-irtf-cfrg-bbs-per-verifier-linkability-03 as the vectors of zkryptium 0.8 pin it.
#[derive(Clone)]
pub struct NymBbs(Arc<Context>, usize);

/// The generators of [`NymBbs`] for one number of messages of each side and of pseudonym secrets.
#[derive(Clone)]
pub struct NymGenerators(Arc<Generators>, usize);

/// A credential with pseudonym secrets that verified. Wiped when dropped.
pub struct NymCredential(Prepared, usize);

/// A pseudonym: what a verifier knows a holder by in one context. Compressed point, not the identity.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pseudonym([u8; 48]);

impl Pseudonym {
    /// Reads a pseudonym.
    ///
    /// # Errors
    /// [`BbsError::Length`] when it is not 48 bytes, [`BbsError::Point`] when they are no point of the subgroup
    /// or the identity.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BbsError> {
        let bytes = bytes.try_into().map_err(|_| BbsError::Length { length: bytes.len() })?;
        G1Affine::from_compressed(bytes).ok_or(BbsError::Point)?;
        Ok(Self(*bytes))
    }

    /// The compressed point.
    pub fn as_bytes(&self) -> &[u8; 48] {
        &self.0
    }

    pub(crate) fn new(bytes: [u8; 48]) -> Self {
        Self(bytes)
    }

    pub(crate) fn point(&self) -> G1Affine {
        G1Affine::from_compressed(&self.0).expect("checked when it was made")
    }
}

impl NymGenerators {
    /// The generators for `messages` messages of the issuer, `committed` ones of the holder and `secrets`
    /// pseudonym secrets.
    ///
    /// # Errors
    /// [`BbsError::Pseudonym`] without a secret, [`BbsError::TooMany`] above [`crate::MAX_MESSAGES`].
    pub fn new(suite: Suite, messages: usize, committed: usize, secrets: usize) -> Result<Self, BbsError> {
        if secrets == 0 {
            return Err(BbsError::Pseudonym);
        }
        let api_id = format!("{}H2G_HM2S_PSEUDONYM_", suite.id());
        let committed = committed.checked_add(secrets).ok_or(BbsError::TooMany)?;
        Ok(Self(Arc::new(Generators::blind(suite, &api_id, messages, committed)?), secrets))
    }

    /// Q_1, H_1.., Q_2, J_1.., compressed.
    pub fn encoded(&self) -> impl ExactSizeIterator<Item = &[u8; 48]> {
        self.0.encoded()
    }

    /// A commitment to `committed` and the holder's `nyms`, with its proof, and the blinding factor.
    ///
    /// # Errors
    /// [`BbsError::Count`] when their number is not the generators'.
    pub fn commit(
        &self,
        committed: &[&[u8]],
        nyms: &[SecretScalar],
        rng: &mut dyn Rng,
    ) -> Result<(Vec<u8>, SecretScalar), BbsError> {
        let mut all = Zeroizing::new(Vec::with_capacity(committed.len() + nyms.len()));
        all.extend_from_slice(&self.0.all(committed));
        all.extend(nyms.iter().map(SecretScalar::scalar));
        commitment::commit(&self.0, &all, rng)
    }
}

impl NymBbs {
    /// Binds `generators` to `key` and `header`.
    pub fn new(generators: &NymGenerators, key: &PublicKey, header: &[u8]) -> Self {
        let mut octets = Octets::default();
        octets.bytes(header).number(generators.1);
        let context = Context::new(Arc::clone(&generators.0), key.clone(), octets.as_bytes());
        Self(Arc::new(context), generators.1)
    }

    /// Signs `messages` and what `commitment` commits to, adding the issuer's `entropy` to the last pseudonym
    /// secret.
    ///
    /// # Errors
    /// As [`crate::BlindBbs::sign`].
    pub fn sign(
        &self,
        key: &SecretKey,
        commitment: &[u8],
        entropy: &SecretScalar,
        messages: &[&[u8]],
    ) -> Result<Signature, BbsError> {
        let generators = &self.0.generators;
        let point = G1::from(commitment::check(generators, commitment)?);
        let last = generators.h().last().ok_or(BbsError::Count)?;
        let entropy = combine(&[(last, entropy.scalar())]);
        sign(&self.0, key, &point.plus(&entropy), messages)
    }

    /// Checks `signature` and makes the credential ready for proofs. `nyms` are the holder's secrets and
    /// `entropy` what the issuer added.
    ///
    /// # Errors
    /// [`BbsError::Count`] or [`BbsError::Signature`].
    pub fn accept(
        &self,
        messages: &[&[u8]],
        committed: &[&[u8]],
        nyms: &[SecretScalar],
        entropy: &SecretScalar,
        blind: &SecretScalar,
        signature: &Signature,
    ) -> Result<NymCredential, BbsError> {
        if nyms.len() != self.1 {
            return Err(BbsError::Count);
        }
        let mut secrets: Zeroizing<Vec<Scalar>> =
            Zeroizing::new(nyms.iter().map(SecretScalar::scalar).collect());
        if let Some(last) = secrets.last_mut() {
            *last = *last + entropy.scalar();
        }
        let all = joined(&self.0.generators, messages, Some(blind), committed, &secrets)?;
        let prepared = Prepared::accept(Arc::clone(&self.0), all, signature)?;
        Ok(NymCredential(prepared, self.1))
    }

    /// Checks `proof` for `presentation_header`, the disclosed messages and the `pseudonym` in `context_id`.
    ///
    /// # Errors
    /// [`BbsError::Index`], [`BbsError::Length`], [`BbsError::Point`], [`BbsError::Scalar`] or
    /// [`BbsError::Proof`].
    pub fn verify_proof(
        &self,
        presentation_header: &[u8],
        context_id: &[u8],
        pseudonym: &Pseudonym,
        disclosed: &[Disclosed<'_>],
        committed: &[Disclosed<'_>],
        proof: &[u8],
    ) -> Result<(), BbsError> {
        let generators = &self.0.generators;
        let disclosed = disclosed_scalars(generators, disclosed, committed, self.1)?;
        let proof = Proof::read(proof, generators.messages() - disclosed.len())?;
        let answers = proof.hidden.iter().rev().take(self.1).rev();
        let place = Place::new(generators, context_id);
        let pseudonym = pseudonym.point();
        let tables = Odd::all(&[place.point.to_affine(), pseudonym]);
        let factors = [place.evaluate(answers), -proof.challenge];
        let tilde = sum_public(&tables.iter().zip(factors).collect::<Vec<_>>());
        let mut points = proof.restore(&self.0, &disclosed)?.to_vec();
        points.extend([pseudonym.into(), tilde]);
        let transcript = Transcript {
            disclosed: &disclosed,
            points: &encode(&points),
            more: Octets::default(),
            presentation_header,
            last: place.last,
        };
        let holds = transcript.challenge(&self.0) == proof.challenge && proof.pairing_holds(&self.0);
        holds.then_some(()).ok_or(BbsError::Proof)
    }
}

impl NymCredential {
    /// Tells valgrind that the credential is secret.
    #[cfg(inro_ct)]
    pub fn mark_secret(&self) {
        self.0.mark_secret();
    }

    /// A proof that discloses the issuer's messages at `disclosed` and the holder's at `committed`, and the
    /// holder's pseudonym in `context_id`.
    ///
    /// # Errors
    /// [`BbsError::Index`] when a list is not strictly ascending and in range, [`BbsError::Pseudonym`] when the
    /// pseudonym would be the identity.
    pub fn prove(
        &self,
        presentation_header: &[u8],
        context_id: &[u8],
        disclosed: &[usize],
        committed: &[usize],
        rng: &mut dyn Rng,
    ) -> Result<(Vec<u8>, Pseudonym), BbsError> {
        let Self(credential, secrets) = self;
        let generators = &credential.context.generators;
        let indexes = joined_indexes(generators, disclosed, committed, *secrets)?;
        let begun = Begun::new(credential, &indexes, rng)?;
        let first = generators.messages() - secrets;
        let mut tildes = Zeroizing::new(Vec::with_capacity(*secrets));
        for index in first..generators.messages() {
            tildes.push(begun.tilde(index)?);
        }
        let place = Place::new(generators, context_id);
        let mut secret = place.evaluate(credential.messages.iter().skip(first));
        let mut points = begun.points().to_vec();
        points.extend([place.point.times(secret), place.point.times(place.evaluate(tildes.iter()))]);
        secret.zeroize();
        let points = publish(&points, rng);
        let pseudonym =
            points.get(5).ok_or(BbsError::Pseudonym).and_then(|bytes| Pseudonym::from_bytes(bytes));
        let transcript = Transcript {
            disclosed: &begun.disclosed(),
            points: &points,
            more: Octets::default(),
            presentation_header,
            last: place.last,
        };
        let challenge = transcript.challenge(&credential.context);
        let pseudonym = pseudonym.map_err(|_| BbsError::Pseudonym)?;
        Ok((begun.finish(challenge, &points)?, pseudonym))
    }
}

/// A context in which a holder has a pseudonym.
struct Place {
    /// The point that pseudonyms are multiples of.
    point: G1,
    /// Where the polynomial with the secrets as coefficients is evaluated.
    at: Scalar,
    /// What the challenge covers of the context.
    last: Octets,
}

impl Place {
    fn new(generators: &Generators, context_id: &[u8]) -> Self {
        let mut last = Octets::default();
        last.counted(context_id);
        Self {
            point: generators.suite.hash_to_curve(context_id, generators.api_id.as_bytes()),
            at: generators.suite.scalar(&[context_id], generators.tag("VECT_NYM_SECRETS").as_bytes()),
            last,
        }
    }

    /// Source: draft-irtf-cfrg-bbs-per-verifier-linkability-03, `CalculatePseudonym`.
    fn evaluate<'a>(&self, coefficients: impl DoubleEndedIterator<Item = &'a Scalar>) -> Scalar {
        coefficients.rev().fold(Scalar::ZERO, |sum, coefficient| sum * self.at + *coefficient)
    }
}
