//! What core, blind and pseudonym BBS refuse: each beside the unaltered message that they take.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside the test functions"
)]

mod bbs_support;

use bbs_support::{Stream, bad_points, unhex};
use inro_base::Coded as _;
use inro_bbs::{
    BbsError, BlindBbs, BlindGenerators, CoreBbs, CoreGenerators, Disclosed, MAX_MESSAGES, NymBbs,
    NymGenerators, Pseudonym, PublicKey, SecretKey, SecretScalar, Shown, Signature, Suite,
};

const ORDER: &str = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
const HEADER: &[u8] = b"presentation header";
const MESSAGES: [&[u8]; 5] = [b"zero", b"one", b"two", b"three", b""];

fn key() -> SecretKey {
    SecretKey::derive(Suite::Sha256, &[7; 32], b"").unwrap()
}

fn core() -> CoreBbs {
    CoreBbs::new(&CoreGenerators::new(Suite::Sha256, 5).unwrap(), key().public_key(), b"header")
}

fn code<T>(result: Result<T, BbsError>) -> &'static str {
    result.err().expect("this must be refused").code().as_str()
}

fn shown<const N: usize>(indexes: [usize; N]) -> [Disclosed<'static>; N] {
    indexes.map(|index| Disclosed { index, message: MESSAGES.get(index).copied().unwrap_or_default() })
}

fn altered(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
    let mut altered = bytes.to_vec();
    altered[at..at + new.len()].copy_from_slice(new);
    altered
}

#[test]
fn refuses_keys_that_are_none() {
    let good = *key().public_key().as_bytes();
    assert!(PublicKey::from_bytes(&good).is_ok());
    assert_eq!(code(PublicKey::from_bytes(&good[..95])), "INRO-BBS-003");
    let mut bad = vec![[0; 96]; 4];
    bad[0][0] = 0xc0;
    // A point of the curve outside the subgroup, x on no point, x not below the modulus.
    (bad[1][0], bad[1][95]) = (0x80, 2);
    (bad[2][0], bad[2][95]) = (0x80, 1);
    bad[3][..48].copy_from_slice(&unhex(
        "9a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab",
    ));
    for bad in bad {
        assert_eq!(code(PublicKey::from_bytes(&bad)), "INRO-BBS-001");
    }
    assert!(SecretKey::from_bytes(&key().to_bytes()).is_ok());
    for bad in ["00".repeat(32), ORDER.to_owned(), "ff".repeat(32)] {
        assert_eq!(code(SecretKey::from_bytes(unhex(&bad)[..].try_into().unwrap())), "INRO-BBS-002");
        assert_eq!(code(SecretScalar::from_bytes(unhex(&bad)[..].try_into().unwrap())), "INRO-BBS-002");
    }
    let derive = |material: &[u8], info: &[u8]| SecretKey::derive(Suite::Sha256, material, info);
    assert!(derive(&[1; 32], &[0; 65_535]).is_ok());
    assert_eq!(code(derive(&[1; 31], b"")), "INRO-BBS-004");
    assert_eq!(code(derive(&[1; 32], &[0; 65_536])), "INRO-BBS-004");
}

#[test]
fn refuses_signatures_that_are_none_or_of_something_else() {
    let bbs = core();
    let signature = bbs.sign(&key(), &MESSAGES).unwrap();
    let bytes = signature.to_bytes();
    assert_eq!(bbs.verify(&MESSAGES, &signature), Ok(()));
    for bad in bad_points() {
        assert_eq!(code(Signature::from_bytes(&altered(&bytes, 0, &bad))), "INRO-BBS-001");
    }
    for bad in ["00".repeat(32), ORDER.to_owned()] {
        assert_eq!(code(Signature::from_bytes(&altered(&bytes, 48, &unhex(&bad)))), "INRO-BBS-002");
    }
    assert_eq!(code(Signature::from_bytes(&bytes[..79])), "INRO-BBS-003");
    assert_eq!(code(Signature::from_bytes(&[&bytes[..], &[0]].concat())), "INRO-BBS-003");
    let other = Signature::from_bytes(&altered(&bytes, 79, &[bytes[79] ^ 1])).unwrap();
    assert_eq!(code(bbs.verify(&MESSAGES, &other)), "INRO-BBS-008");
    assert_eq!(code(bbs.verify(&MESSAGES[..4], &signature)), "INRO-BBS-006");
    let mut exchanged = MESSAGES;
    exchanged.swap(0, 1);
    assert_eq!(code(bbs.verify(&exchanged, &signature)), "INRO-BBS-008");
    let foreign = SecretKey::derive(Suite::Sha256, &[8; 32], b"").unwrap();
    assert_eq!(code(bbs.sign(&foreign, &MESSAGES)), "INRO-BBS-008");
}

#[test]
fn refuses_more_messages_than_are_allowed_before_any_work() {
    assert!(CoreGenerators::new(Suite::Sha256, 1).is_ok());
    for many in [MAX_MESSAGES + 1, 10_000, usize::MAX] {
        assert_eq!(code(CoreGenerators::new(Suite::Sha256, many)), "INRO-BBS-005");
        assert_eq!(code(BlindGenerators::new(Suite::Sha256, 1, many)), "INRO-BBS-005");
        assert_eq!(code(NymGenerators::new(Suite::Sha256, 1, 1, many)), "INRO-BBS-005");
    }
    assert_eq!(code(NymGenerators::new(Suite::Sha256, 1, 1, 0)), "INRO-BBS-011");
}

#[test]
fn refuses_core_proofs_that_are_malformed_or_show_something_else() {
    let bbs = core();
    let credential = bbs.accept(&MESSAGES, &bbs.sign(&key(), &MESSAGES).unwrap()).unwrap();
    let proof = credential.prove(HEADER, &[0, 2], &mut Stream::new(1)).unwrap();
    let verify = |disclosed: &[Disclosed<'_>], proof: &[u8]| bbs.verify_proof(HEADER, disclosed, proof);
    assert_eq!(verify(&shown([0, 2]), &proof), Ok(()));

    assert_eq!(code(bbs.verify_proof(b"other", &shown([0, 2]), &proof)), "INRO-BBS-009");
    assert_eq!(code(verify(&shown([0, 3]), &proof)), "INRO-BBS-009");
    let moved = [shown([0])[0], Disclosed { index: 3, message: MESSAGES[2] }];
    assert_eq!(code(verify(&moved, &proof)), "INRO-BBS-009");
    assert_eq!(code(verify(&shown([0, 0]), &proof)), "INRO-BBS-007");
    assert_eq!(code(verify(&shown([2, 0]), &proof)), "INRO-BBS-007");
    assert_eq!(code(verify(&shown([0, 5]), &proof)), "INRO-BBS-007");
    assert_eq!(code(verify(&shown([0]), &proof)), "INRO-BBS-003");
    assert_eq!(code(verify(&shown([0, 2, 3]), &proof)), "INRO-BBS-003");
    for indexes in [[2, 0], [0, 0], [0, 5], [0, usize::MAX]] {
        assert_eq!(code(credential.prove(HEADER, &indexes, &mut Stream::new(1))), "INRO-BBS-007");
    }

    for at in [0, 48, 96] {
        for bad in bad_points() {
            assert_eq!(code(verify(&shown([0, 2]), &altered(&proof, at, &bad))), "INRO-BBS-001");
        }
    }
    for at in (144..proof.len()).step_by(32) {
        for bad in ["00".repeat(32), ORDER.to_owned()] {
            assert_eq!(code(verify(&shown([0, 2]), &altered(&proof, at, &unhex(&bad)))), "INRO-BBS-002");
        }
        let changed = altered(&proof, at + 31, &[proof[at + 31] ^ 1]);
        assert_eq!(code(verify(&shown([0, 2]), &changed)), "INRO-BBS-009");
    }
    for length in 0..proof.len() {
        assert_eq!(code(verify(&shown([0, 2]), &proof[..length])), "INRO-BBS-003");
    }
    let huge = [&proof[..], &[1; 10_000 * 32]].concat();
    assert_eq!(code(verify(&shown([0, 2]), &huge)), "INRO-BBS-003");
}

#[test]
fn refuses_blind_commitments_and_proofs_that_were_altered() {
    let generators = BlindGenerators::new(Suite::Sha256, 5, 2).unwrap();
    let bbs = BlindBbs::new(&generators, key().public_key(), b"header");
    let committed: [&[u8]; 2] = [b"mine", b"too"];
    let (commitment, blind) = generators.commit(&committed, &mut Stream::new(2)).unwrap();
    let sign = |commitment: &[u8]| bbs.sign(&key(), Some(commitment), &MESSAGES);
    let signature = sign(&commitment).unwrap();
    for at in (48..commitment.len()).step_by(32) {
        let changed = altered(&commitment, at + 31, &[commitment[at + 31] ^ 1]);
        assert_eq!(code(sign(&changed)), "INRO-BBS-010");
        for bad in ["00".repeat(32), ORDER.to_owned()] {
            assert_eq!(code(sign(&altered(&commitment, at, &unhex(&bad)))), "INRO-BBS-002");
        }
    }
    for bad in bad_points() {
        assert_eq!(code(sign(&altered(&commitment, 0, &bad))), "INRO-BBS-001");
    }
    let (other, _) = generators.commit(&committed, &mut Stream::new(3)).unwrap();
    assert_eq!(code(sign(&altered(&commitment, 0, &other[..48]))), "INRO-BBS-010");
    assert_eq!(code(sign(&commitment[..commitment.len() - 32])), "INRO-BBS-003");
    assert_eq!(code(bbs.sign(&key(), None, &MESSAGES)), "INRO-BBS-006");
    assert_eq!(code(generators.commit(&committed[..1], &mut Stream::new(3))), "INRO-BBS-006");

    assert_eq!(code(bbs.accept(&MESSAGES, &committed, None, &signature)), "INRO-BBS-008");
    let credential = bbs.accept(&MESSAGES, &committed, Some(&blind), &signature).unwrap();
    let proof = credential.prove(HEADER, &[1], &[0], &mut Stream::new(4)).unwrap();
    let mine = |index| [Disclosed { index, message: committed[0] }];
    let verify =
        |own: &[Disclosed<'_>], other: &[Disclosed<'_>]| bbs.verify_proof(HEADER, own, other, &proof);
    assert_eq!(verify(&shown([1]), &mine(0)), Ok(()));
    assert_eq!(code(verify(&shown([1]), &mine(1))), "INRO-BBS-009");
    assert_eq!(code(verify(&shown([1]), &mine(2))), "INRO-BBS-007");
    assert_eq!(code(verify(&shown([5]), &mine(0))), "INRO-BBS-007");
    assert_eq!(code(verify(&shown([1]), &[])), "INRO-BBS-003");
    assert_eq!(code(credential.prove(HEADER, &[1], &[2], &mut Stream::new(4))), "INRO-BBS-007");
}

#[test]
fn refuses_pseudonyms_of_others_and_elsewhere() {
    let rng = &mut Stream::new(5);
    let generators = NymGenerators::new(Suite::Sha256, 5, 0, 2).unwrap();
    let bbs = NymBbs::new(&generators, key().public_key(), b"header");
    let nyms = [SecretScalar::generate(rng), SecretScalar::generate(rng)];
    let entropy = SecretScalar::generate(rng);
    let (commitment, blind) = generators.commit(&[], &nyms, rng).unwrap();
    let signature = bbs.sign(&key(), &commitment, &entropy, &MESSAGES).unwrap();
    let credential = bbs.accept(&MESSAGES, &[], &nyms, &entropy, &blind, &signature).unwrap();
    let (proof, pseudonym) = credential.prove(HEADER, b"here", &[0], &[], rng).unwrap();
    let verify = |place: &[u8], pseudonym: &Pseudonym, proof: &[u8]| {
        bbs.verify_proof(HEADER, place, pseudonym, &shown([0]), &[], proof)
    };
    assert_eq!(verify(b"here", &pseudonym, &proof), Ok(()));
    assert_eq!(code(verify(b"there", &pseudonym, &proof)), "INRO-BBS-009");
    let (_, elsewhere) = credential.prove(HEADER, b"there", &[0], &[], rng).unwrap();
    assert_eq!(code(verify(b"here", &elsewhere, &proof)), "INRO-BBS-009");
    // The pseudonym's secrets can't be disclosed.
    assert_eq!(code(credential.prove(HEADER, b"here", &[0], &[0], rng)), "INRO-BBS-007");
    for bad in bad_points() {
        assert_eq!(code(Pseudonym::from_bytes(&bad)), "INRO-BBS-001");
    }
    assert_eq!(code(Pseudonym::from_bytes(&[0; 47])), "INRO-BBS-003");
    let swapped = [nyms[1].clone(), nyms[0].clone()];
    assert_eq!(code(bbs.accept(&MESSAGES, &[], &swapped, &entropy, &blind, &signature)), "INRO-BBS-008");
    assert_eq!(code(bbs.accept(&MESSAGES, &[], &nyms[..1], &entropy, &blind, &signature)), "INRO-BBS-006");
}

#[test]
fn a_batch_names_exactly_the_bad_ones() {
    let rng = &mut Stream::new(6);
    let bbs = core();
    let credential = bbs.accept(&MESSAGES, &bbs.sign(&key(), &MESSAGES).unwrap()).unwrap();
    let mut proofs: Vec<Vec<u8>> = (0..9).map(|_| credential.prove(HEADER, &[0, 2], rng).unwrap()).collect();
    let disclosed = shown([0, 2]);
    let verdicts = |proofs: &[Vec<u8>], rng: &mut Stream| {
        let shown: Vec<Shown<'_>> = proofs
            .iter()
            .map(|proof| Shown { presentation_header: HEADER, disclosed: &disclosed, proof })
            .collect();
        bbs.verify_batch(&shown, rng)
    };
    assert_eq!(verdicts(&proofs, rng), vec![Ok(()); 9]);
    assert_eq!(verdicts(&[], rng), vec![]);
    let length = proofs[4].len();
    proofs[4][length - 1] ^= 1;
    proofs[7].pop();
    let expected: Vec<Result<(), BbsError>> =
        proofs.iter().map(|proof| bbs.verify_proof(HEADER, &disclosed, proof)).collect();
    assert_eq!(expected.iter().filter(|verdict| verdict.is_err()).count(), 2);
    assert_eq!(verdicts(&proofs, rng), expected);
}
