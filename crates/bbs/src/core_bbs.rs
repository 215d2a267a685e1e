use std::sync::Arc;

use inro_base::Rng;

use crate::context::Context;
use crate::ffi::Scalar;
use crate::generators::Generators;
use crate::octets::Octets;
use crate::proof::{Begun, Prepared, Proof, Transcript, ascending, batch_verdicts, encode, publish};
use crate::{BbsError, PublicKey, SecretKey, Signature, Suite, signature};

/// Core BBS for one key, one header and one number of messages.
///
/// Source: draft-irtf-cfrg-bbs-signatures-09 §3.5, the interface `H2G_HM2S_`.
#[derive(Clone)]
pub struct CoreBbs(Arc<Context>);

/// The generators of core BBS for one number of messages: made once, shared by every [`CoreBbs`].
#[derive(Clone)]
pub struct CoreGenerators(Arc<Generators>);

/// A core BBS credential that verified. Wiped when dropped.
pub struct CoreCredential(Prepared);

/// A message that a proof discloses.
#[derive(Clone, Copy)]
pub struct Disclosed<'a> {
    /// Position among the signed messages, from 0.
    pub index: usize,
    /// The message.
    pub message: &'a [u8],
}

/// A proof with what it is checked for.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The presentation header that it is bound to.
    pub presentation_header: &'a [u8],
    /// The messages that it discloses.
    pub disclosed: &'a [Disclosed<'a>],
    /// The proof.
    pub proof: &'a [u8],
}

impl CoreGenerators {
    /// The generators for `messages` messages.
    ///
    /// # Errors
    /// [`BbsError::TooMany`] above [`crate::MAX_MESSAGES`].
    pub fn new(suite: Suite, messages: usize) -> Result<Self, BbsError> {
        let api_id = format!("{}H2G_HM2S_", suite.id());
        Ok(Self(Arc::new(Generators::new(suite, &api_id, messages)?)))
    }

    /// Q_1, H_1.., compressed.
    pub fn encoded(&self) -> impl ExactSizeIterator<Item = &[u8; 48]> {
        self.0.encoded()
    }

    /// The scalar of one message, big-endian.
    ///
    /// Source: draft-irtf-cfrg-bbs-signatures-09 §4.1.2, `messages_to_scalars`.
    pub fn message_scalar(&self, message: &[u8]) -> [u8; 32] {
        self.0.message(message).to_be_bytes()
    }
}

impl CoreBbs {
    /// Binds `generators` to `key` and `header`.
    pub fn new(generators: &CoreGenerators, key: &PublicKey, header: &[u8]) -> Self {
        Self(Arc::new(Context::new(Arc::clone(&generators.0), key.clone(), header)))
    }

    /// The scalar that binds signatures to key, generators and header, big-endian.
    ///
    /// Source: draft-irtf-cfrg-bbs-signatures-09 §4.2.3, `calculate_domain`.
    pub fn domain(&self) -> [u8; 32] {
        self.0.domain.to_be_bytes()
    }

    /// Signs `messages`.
    ///
    /// # Errors
    /// [`BbsError::Count`] when their number is not the generators', [`BbsError::Signature`] when `key` is not
    /// the secret of this instance's key.
    pub fn sign(&self, key: &SecretKey, messages: &[&[u8]]) -> Result<Signature, BbsError> {
        self.0.check_key(key)?;
        signature::sign(&self.0, key, &self.0.generators.all(messages))
    }

    /// Checks `signature` on `messages`.
    ///
    /// # Errors
    /// [`BbsError::Count`] or [`BbsError::Signature`].
    pub fn verify(&self, messages: &[&[u8]], signature: &Signature) -> Result<(), BbsError> {
        let b = signature::b_of(&self.0, &self.0.generators.all(messages))?;
        signature::verify(&self.0, signature, &b)
    }

    /// Checks `signature` on `messages` and makes both ready for proofs.
    ///
    /// # Errors
    /// [`BbsError::Count`] or [`BbsError::Signature`].
    pub fn accept(&self, messages: &[&[u8]], signature: &Signature) -> Result<CoreCredential, BbsError> {
        Prepared::accept(Arc::clone(&self.0), self.0.generators.all(messages), signature).map(CoreCredential)
    }

    /// Checks `proof` for `presentation_header` and the messages in `disclosed`.
    ///
    /// # Errors
    /// [`BbsError::Index`] when the indexes are not strictly ascending and in range, [`BbsError::Length`],
    /// [`BbsError::Point`] or [`BbsError::Scalar`] when it cannot be read, [`BbsError::Proof`] when it does not
    /// hold.
    pub fn verify_proof(
        &self,
        presentation_header: &[u8],
        disclosed: &[Disclosed<'_>],
        proof: &[u8],
    ) -> Result<(), BbsError> {
        let shown = Shown { presentation_header, disclosed, proof };
        let checked = self.check(&shown)?;
        checked.pairing_holds(&self.0).then_some(()).ok_or(BbsError::Proof)
    }

    /// Checks many proofs under this key and header for little more than one pairing. The answers are in the
    /// order of `shown`, each as [`Self::verify_proof`] gives it: where the common test fails, every proof is
    /// tested alone.
    pub fn verify_batch(&self, shown: &[Shown<'_>], rng: &mut dyn Rng) -> Vec<Result<(), BbsError>> {
        let checked: Vec<Result<Proof, BbsError>> = shown.iter().map(|one| self.check(one)).collect();
        batch_verdicts(&self.0, checked.iter().map(Result::as_ref), rng)
    }

    /// Everything of a proof's check but the pairing.
    fn check(&self, shown: &Shown<'_>) -> Result<Proof, BbsError> {
        let count = self.0.generators.messages();
        let indexes: Vec<usize> = shown.disclosed.iter().map(|claim| claim.index).collect();
        ascending(&indexes, count)?;
        let proof = Proof::read(shown.proof, count - indexes.len())?;
        let messages = shown.disclosed.iter().map(|claim| self.0.generators.message(claim.message));
        let disclosed: Vec<(usize, Scalar)> = indexes.into_iter().zip(messages).collect();
        let points = encode(&proof.restore(&self.0, &disclosed)?);
        let transcript = Transcript {
            disclosed: &disclosed,
            points: &points,
            more: Octets::default(),
            presentation_header: shown.presentation_header,
            last: Octets::default(),
        };
        (transcript.challenge(&self.0) == proof.challenge).then_some(proof).ok_or(BbsError::Proof)
    }
}

impl CoreCredential {
    /// Tells valgrind that the credential is secret.
    #[cfg(inro_ct)]
    pub fn mark_secret(&self) {
        self.0.mark_secret();
    }

    /// A proof that discloses the messages at `disclosed` and is bound to `presentation_header`.
    ///
    /// # Errors
    /// [`BbsError::Index`] when `disclosed` is not strictly ascending and in range.
    pub fn prove(
        &self,
        presentation_header: &[u8],
        disclosed: &[usize],
        rng: &mut dyn Rng,
    ) -> Result<Vec<u8>, BbsError> {
        let begun = Begun::new(&self.0, disclosed, rng)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    struct Counter(u64);

    impl Rng for Counter {
        fn fill(&mut self, destination: &mut [u8]) {
            for byte in destination {
                self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *byte = self.0.to_be_bytes()[0];
            }
        }
    }

    /// A proof with a point A that is no signature holds in all but the pairing: alone and in a batch it must be
    /// refused there.
    #[test]
    fn refuses_a_proof_whose_only_fault_is_the_pairing() {
        let rng = &mut Counter(1);
        let key = SecretKey::generate(Suite::Sha256, rng);
        let generators = CoreGenerators::new(Suite::Sha256, 3).unwrap();
        let bbs = CoreBbs::new(&generators, key.public_key(), b"header");
        let messages: [&[u8]; 3] = [b"a", b"b", b"c"];
        let mut credential = bbs.accept(&messages, &bbs.sign(&key, &messages).unwrap()).unwrap();
        let disclosed = [Disclosed { index: 1, message: b"b" }];
        let good = credential.prove(b"ph", &[1], rng).unwrap();
        credential.0.replace_a(Table::new(&Suite::Sha256.hash_to_curve(b"no signature", b"test")));
        let bad = credential.prove(b"ph", &[1], rng).unwrap();
        let shown = |proof| Shown { presentation_header: b"ph", disclosed: &disclosed, proof };
        let (good, bad) = (shown(&good), shown(&bad));
        assert!(bbs.check(&bad).is_ok());
        assert_eq!(bbs.verify_proof(b"ph", &disclosed, bad.proof), Err(BbsError::Proof));
        let wrong = Err(BbsError::Proof);
        assert_eq!(bbs.verify_batch(&[good, bad, good, bad], rng), [Ok(()), wrong, Ok(()), wrong]);
        assert_eq!(bbs.verify_batch(&[good, good], rng), [Ok(()), Ok(())]);
    }
}
