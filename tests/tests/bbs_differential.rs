//! BBS against two foreign implementations, and against itself in 10,000 random cases.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside the test functions"
)]

mod bbs_support;

use ark_bls12_381::{Bls12_381, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use ark_ff::PrimeField as _;
use ark_serialize::CanonicalDeserialize as _;
use bbs_plus::prelude::{PublicKeyG2, Signature23G1, SignatureParams23G1};
use bbs_support::{Stream, slices};
use inro_base::Rng;
use inro_bbs::{
    BlindBbs, BlindGenerators, CoreBbs, CoreGenerators, Disclosed, NymBbs, NymGenerators, Pseudonym,
    SecretKey, SecretScalar, Signature, Suite,
};
use zkryptium::bbsplus::ciphersuites::{BbsCiphersuite, Bls12381Sha256, Bls12381Shake256};
use zkryptium::bbsplus::commitment::BlindFactor;
use zkryptium::bbsplus::keys::{BBSplusPublicKey, BBSplusSecretKey};
use zkryptium::bbsplus::pseudonym::{BBSplusPseudonym, PseudonymSecret};
use zkryptium::schemes::algorithms::BBSplus;
use zkryptium::schemes::generics::{BlindSignature, Commitment, PoKSignature, Signature as TheirSignature};

/// Cases for each suite and interface against zkryptium, which takes some 60 ms for one.
const CASES: usize = 8;

fn message(rng: &mut Stream) -> Vec<u8> {
    let mut message = vec![0; rng.below(40)];
    rng.fill(&mut message);
    message
}

fn list(rng: &mut Stream, count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|_| message(rng)).collect()
}

/// Some of the numbers below `count`, ascending.
fn some(rng: &mut Stream, count: usize) -> Vec<usize> {
    (0..count).filter(|_| rng.next() & 1 == 0).collect()
}

fn disclosed<'a>(messages: &'a [Vec<u8>], indexes: &[usize]) -> Vec<Disclosed<'a>> {
    indexes.iter().map(|index| Disclosed { index: *index, message: &messages[*index] }).collect()
}

fn chosen(messages: &[Vec<u8>], indexes: &[usize]) -> Vec<Vec<u8>> {
    indexes.iter().map(|index| messages[*index].clone()).collect()
}

struct Keys {
    ours: SecretKey,
    secret: BBSplusSecretKey,
    public: BBSplusPublicKey,
}

fn keys(suite: Suite, rng: &mut Stream) -> Keys {
    let ours = SecretKey::generate(suite, rng);
    let secret = BBSplusSecretKey::from_bytes(&ours.to_bytes()[..]).unwrap();
    let public = secret.public_key();
    assert_eq!(&public.to_bytes(), ours.public_key().as_bytes());
    Keys { ours, secret, public }
}

fn core_agrees<C: BbsCiphersuite>(suite: Suite, seed: u64) {
    let rng = &mut Stream::new(seed);
    for _ in 0..CASES {
        let Keys { ours: key, secret, public } = keys(suite, rng);
        let count = 1 + rng.below(6);
        let (messages, header, presentation) = (list(rng, count), message(rng), message(rng));
        let bbs = CoreBbs::new(&CoreGenerators::new(suite, count).unwrap(), key.public_key(), &header);
        let ours = bbs.sign(&key, &slices(&messages)).unwrap();
        let theirs =
            TheirSignature::<BBSplus<C>>::sign(Some(&messages), &secret, &public, Some(&header)).unwrap();
        assert_eq!(ours.to_bytes(), theirs.to_bytes());
        let indexes = some(rng, count);
        let credential = bbs.accept(&slices(&messages), &ours).unwrap();
        let proof = credential.prove(&presentation, &indexes, rng).unwrap();
        let shown = chosen(&messages, &indexes);
        PoKSignature::<BBSplus<C>>::from_bytes(&proof)
            .unwrap()
            .proof_verify(&public, Some(&shown), Some(&indexes), Some(&header), Some(&presentation))
            .unwrap();
        let proof = PoKSignature::<BBSplus<C>>::proof_gen(
            &public,
            &ours.to_bytes(),
            Some(&header),
            Some(&presentation),
            Some(&messages),
            Some(&indexes),
        );
        bbs.verify_proof(&presentation, &disclosed(&messages, &indexes), &proof.unwrap().to_bytes()).unwrap();
    }
}

fn blind_agrees<C: BbsCiphersuite>(suite: Suite, seed: u64) {
    let rng = &mut Stream::new(seed);
    for _ in 0..CASES {
        let Keys { ours: key, secret, public } = keys(suite, rng);
        let (count, others) = (1 + rng.below(4), rng.below(4));
        let (messages, committed) = (list(rng, count), list(rng, others));
        let (header, presentation) = (message(rng), message(rng));
        let generators = BlindGenerators::new(suite, count, others).unwrap();
        let bbs = BlindBbs::new(&generators, key.public_key(), &header);
        // Each side commits once, and both sign either commitment alike.
        let (ours, blind) = generators.commit(&slices(&committed), rng).unwrap();
        let (theirs, their_blind) = Commitment::<BBSplus<C>>::commit(Some(&committed)).unwrap();
        let their_blind = SecretScalar::from_bytes(&their_blind.to_bytes()).unwrap();
        for (commitment, blind) in [(ours, blind), (theirs.to_bytes(), their_blind)] {
            let signature = bbs.sign(&key, Some(&commitment), &slices(&messages)).unwrap();
            let theirs = BlindSignature::<BBSplus<C>>::blind_sign(
                &secret,
                &public,
                Some(&commitment),
                Some(&header),
                Some(&messages),
            );
            assert_eq!(signature.to_bytes(), theirs.unwrap().to_bytes());
            let (own, other) = (some(rng, count), some(rng, others));
            let credential =
                bbs.accept(&slices(&messages), &slices(&committed), Some(&blind), &signature).unwrap();
            let proof = credential.prove(&presentation, &own, &other, rng).unwrap();
            PoKSignature::<BBSplus<C>>::from_bytes(&proof)
                .unwrap()
                .blind_proof_verify(
                    &public,
                    Some(&header),
                    Some(&presentation),
                    Some(count),
                    Some(&chosen(&messages, &own)),
                    Some(&chosen(&committed, &other)),
                    Some(&own),
                    Some(&other),
                )
                .unwrap();
            let factor = BlindFactor::from_bytes(&blind.to_bytes()).unwrap();
            let proof = PoKSignature::<BBSplus<C>>::blind_proof_gen(
                &public,
                &signature.to_bytes(),
                Some(&header),
                Some(&presentation),
                Some(&messages),
                Some(&committed),
                Some(&own),
                Some(&other),
                Some(&factor),
            );
            let (own, other) = (disclosed(&messages, &own), disclosed(&committed, &other));
            bbs.verify_proof(&presentation, &own, &other, &proof.unwrap().to_bytes()).unwrap();
        }
    }
}

fn nym_agrees<C: BbsCiphersuite>(suite: Suite, seed: u64) {
    let rng = &mut Stream::new(seed);
    for _ in 0..CASES {
        let Keys { ours: key, secret, public } = keys(suite, rng);
        let (count, others, secrets) = (1 + rng.below(3), rng.below(3), 1 + rng.below(3));
        let (messages, committed) = (list(rng, count), list(rng, others));
        let (header, presentation, place) = (message(rng), message(rng), message(rng));
        let generators = NymGenerators::new(suite, count, others, secrets).unwrap();
        let bbs = NymBbs::new(&generators, key.public_key(), &header);
        let nyms: Vec<SecretScalar> = (0..secrets).map(|_| SecretScalar::generate(rng)).collect();
        let entropy = SecretScalar::generate(rng);
        let theirs = |secret: &SecretScalar| PseudonymSecret::from_bytes(&secret.to_bytes()).unwrap();
        let (commitment, blind) = generators.commit(&slices(&committed), &nyms, rng).unwrap();
        let signature = bbs.sign(&key, &commitment, &entropy, &slices(&messages)).unwrap();
        let their_signature = BlindSignature::<BBSplus<C>>::blind_sign_with_nym(
            &secret,
            &public,
            Some(&commitment),
            secrets,
            Some(&header),
            &theirs(&entropy),
            Some(&messages),
        )
        .unwrap();
        assert_eq!(signature.to_bytes(), their_signature.to_bytes());
        let factor = BlindFactor::from_bytes(&blind.to_bytes()).unwrap();
        let nym_secrets = their_signature
            .verify_finalize_with_nym(
                &public,
                Some(&header),
                Some(&messages),
                Some(&committed),
                nyms.iter().map(theirs).collect(),
                Some(&theirs(&entropy)),
                Some(&factor),
            )
            .unwrap();
        let credential =
            bbs.accept(&slices(&messages), &slices(&committed), &nyms, &entropy, &blind, &signature).unwrap();
        let (own, other) = (some(rng, count), some(rng, others));
        let (proof, pseudonym) = credential.prove(&presentation, &place, &own, &other, rng).unwrap();
        PoKSignature::<BBSplus<C>>::from_bytes(&proof)
            .unwrap()
            .proof_verify_with_nym(
                &public,
                Some(&header),
                Some(&presentation),
                &BBSplusPseudonym::from_bytes(pseudonym.as_bytes()).unwrap(),
                &place,
                secrets,
                Some(count),
                Some(&chosen(&messages, &own)),
                Some(&chosen(&committed, &other)),
                Some(&own),
                Some(&other),
            )
            .unwrap();
        let (proof, their_pseudonym) = PoKSignature::<BBSplus<C>>::proof_gen_with_nym(
            &public,
            &signature.to_bytes(),
            Some(&header),
            Some(&presentation),
            &nym_secrets,
            &place,
            Some(&messages),
            Some(&committed),
            Some(&own),
            Some(&other),
            Some(&factor),
        )
        .unwrap();
        assert_eq!(their_pseudonym.to_bytes(), pseudonym.as_bytes());
        let pseudonym = Pseudonym::from_bytes(&their_pseudonym.to_bytes()).unwrap();
        let (own, other) = (disclosed(&messages, &own), disclosed(&committed, &other));
        bbs.verify_proof(&presentation, &place, &pseudonym, &own, &other, &proof.to_bytes()).unwrap();
    }
}

#[test]
fn zkryptium_agrees_on_core_signatures_and_takes_our_proofs_as_we_take_its() {
    core_agrees::<Bls12381Sha256>(Suite::Sha256, 1);
    core_agrees::<Bls12381Shake256>(Suite::Shake256, 2);
}

#[test]
fn zkryptium_agrees_on_blind_signatures_and_proofs() {
    blind_agrees::<Bls12381Sha256>(Suite::Sha256, 3);
    blind_agrees::<Bls12381Shake256>(Suite::Shake256, 4);
}

#[test]
fn zkryptium_agrees_on_pseudonyms() {
    nym_agrees::<Bls12381Sha256>(Suite::Sha256, 5);
    nym_agrees::<Bls12381Shake256>(Suite::Shake256, 6);
}

fn ark_scalar(bytes: &[u8; 32]) -> Fr {
    Fr::from_be_bytes_mod_order(bytes)
}

#[test]
fn bbs_plus_verifies_our_signature_with_our_generators_and_scalars() {
    let rng = &mut Stream::new(7);
    let p1 = bbs_support::unhex(<Bls12381Sha256 as BbsCiphersuite>::P1);
    for count in 1..8 {
        let key = SecretKey::generate(Suite::Sha256, rng);
        let generators = CoreGenerators::new(Suite::Sha256, count).unwrap();
        let bbs = CoreBbs::new(&generators, key.public_key(), b"header");
        let messages = list(rng, count);
        let signature = bbs.sign(&key, &slices(&messages)).unwrap().to_bytes();
        let theirs = Signature23G1::<Bls12_381> {
            A: G1Affine::deserialize_compressed(&signature[..48]).unwrap(),
            e: Fr::from_be_bytes_mod_order(&signature[48..]),
        };
        let parameters = SignatureParams23G1::<Bls12_381> {
            g1: G1Affine::deserialize_compressed(&p1[..]).unwrap(),
            g2: G2Affine::generator(),
            h: generators
                .encoded()
                .map(|point| G1Affine::deserialize_compressed(&point[..]).unwrap())
                .collect(),
        };
        let public = G2Affine::deserialize_compressed(&key.public_key().as_bytes()[..]).unwrap();
        let mut scalars = vec![ark_scalar(&bbs.domain())];
        scalars.extend(messages.iter().map(|message| ark_scalar(&generators.message_scalar(message))));
        let verify = |scalars: &[Fr]| theirs.verify(scalars, PublicKeyG2(public), parameters.clone());
        verify(&scalars).unwrap();
        scalars[count] += Fr::from(1_u64);
        assert!(verify(&scalars).is_err());
    }
}

/// 1,000 credentials with ten presentations each; after each that holds, one with a single change that doesn't.
#[test]
fn ten_thousand_random_presentations_hold_and_none_of_them_altered() {
    let rng = &mut Stream::new(8);
    let generators: Vec<_> = (0..8).map(|count| CoreGenerators::new(Suite::Sha256, count).unwrap()).collect();
    for _ in 0..1_000 {
        let key = SecretKey::generate(Suite::Sha256, rng);
        let count = rng.below(generators.len());
        let (messages, header) = (list(rng, count), message(rng));
        let bbs = CoreBbs::new(&generators[count], key.public_key(), &header);
        let signature = bbs.sign(&key, &slices(&messages)).unwrap();
        let signature = Signature::from_bytes(&signature.to_bytes()).unwrap();
        let credential = bbs.accept(&slices(&messages), &signature).unwrap();
        for _ in 0..10 {
            let presentation = message(rng);
            let indexes = some(rng, count);
            let shown = disclosed(&messages, &indexes);
            let mut proof = credential.prove(&presentation, &indexes, rng).unwrap();
            assert_eq!(bbs.verify_proof(&presentation, &shown, &proof), Ok(()));
            let (at, bit) = (rng.below(proof.len()), rng.below(8));
            proof[at] ^= 1 << bit;
            assert!(bbs.verify_proof(&presentation, &shown, &proof).is_err());
        }
    }
}
