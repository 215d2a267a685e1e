//! BBS-MOD-INRO1: issuance, presentation and sub-proofs; every refusal beside what it refuses; our own vectors.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside the test functions"
)]

mod bbs_support;

use std::path::Path;

use bbs_support::{Mocked, Stream, hex, json, octets};
use inro_base::{Coded as _, Rng};
use inro_bbs::inro1::{
    Bounds, Claim, Commitment, Credential, Disclosure, Issuer, Layout, Message, Occasion, Opened, Presented,
    Shown, SubProof, TypeParameters, Verifier,
};
use inro_bbs::{BbsError, Pseudonym, SecretKey, SecretScalar, Signature, Suite};
use serde_json::{Value, json};

const HEADER: &[u8] = br#"{"alg":"BBS-MOD-INRO1","holder":{"m":1}}"#;
const OCCASION: Occasion<'_> = Occasion { issuer: b"https://issuer.example", nonce: b"c-nonce-1" };
const PRESENTATION: &[u8] = br#"{"nonce":"n-1","aud":"x509_hash:abc"}"#;
const SCOPE: &[u8] = b"https://verifier.example";
/// Claims of the test type: the third and fourth are numbers.
const CLAIMS: usize = 5;
const NUMBER: u64 = 1_779_926_400;

/// One type, one issuer and one holder with a credential.
struct World {
    parameters: TypeParameters,
    layout: Layout,
    key: SecretKey,
    secret: SecretScalar,
    request: Vec<u8>,
    signature: Signature,
    scalars: Vec<[u8; 32]>,
    verifier: Verifier,
    credential: Credential,
}

fn messages(layout: Layout, scalars: &[[u8; 32]]) -> Vec<Message<'_>> {
    let mut list: Vec<Message<'_>> = layout
        .device_key()
        .map(|slot| Message::Number(0xdead_beef_0000 + u64::try_from(slot).unwrap()))
        .collect();
    list.extend([
        Message::Octets(b"Taro"),
        Message::Octets(b""),
        Message::Number(NUMBER),
        Message::Number(40),
        Message::Octets(b"section 3"),
    ]);
    list.extend(scalars.iter().map(Message::Scalar));
    list
}

impl World {
    fn new(layout: Layout, rng: &mut dyn Rng) -> Self {
        let parameters = TypeParameters::new(layout).unwrap();
        let key = SecretKey::derive(Suite::Sha256, &[7; 32], b"").unwrap();
        let secret = SecretScalar::generate(rng);
        // The reserved slots are random until they get a meaning.
        let scalars: Vec<[u8; 32]> = (0..2).map(|_| *SecretScalar::generate(rng).to_bytes()).collect();
        let request = parameters.request(&secret, &OCCASION, rng).unwrap();
        let checked = parameters.check_request(&request.bytes, &OCCASION).unwrap();
        assert_eq!(checked.pseudonym(), request.pseudonym);
        let issuer = Issuer::new(&parameters, key.public_key(), HEADER);
        let messages = messages(layout, &scalars);
        let signature = issuer.sign(&key, &checked, &messages).unwrap();
        let verifier = Verifier::new(&parameters, key.public_key(), HEADER);
        let credential =
            Credential::accept(&verifier, &messages, &request.blind, &secret, &signature).unwrap();
        Self {
            parameters,
            layout,
            key,
            secret,
            request: request.bytes,
            signature,
            scalars,
            verifier,
            credential,
        }
    }

    fn plain() -> Self {
        Self::new(Layout::new(CLAIMS).unwrap(), &mut Stream::new(1))
    }

    fn claim(&self, number: usize) -> usize {
        self.layout.claims().start + number
    }

    fn shown(&self, numbers: &[usize]) -> Vec<Claim<'_>> {
        let messages = messages(self.layout, &self.scalars);
        numbers
            .iter()
            .map(|number| Claim { index: self.claim(*number), message: messages[self.claim(*number)] })
            .collect()
    }

    /// A presentation of claims 0 and 4 that commits to the number and the secret.
    fn present(&self, header: &[u8], rng: &mut dyn Rng) -> (Opened, Presented) {
        let disclosure = Disclosure {
            disclosed: &[self.claim(0), self.claim(4)],
            committed: &[self.claim(2), self.layout.secret()],
        };
        let opened = self.credential.present(header, disclosure, rng).unwrap();
        let presented = self.verifier.verify(header, &self.shown(&[0, 4]), opened.proof()).unwrap();
        (opened, presented)
    }
}

fn code(result: Result<(), BbsError>) -> &'static str {
    result.expect_err("this must be refused").code().as_str()
}

#[test]
fn presents_with_all_three_sub_proofs_in_both_layouts() {
    for layout in [Layout::new(CLAIMS).unwrap(), Layout::with_device_key(CLAIMS).unwrap()] {
        let rng = &mut Stream::new(2);
        let world = World::new(layout, rng);
        let (opened, presented) = world.present(PRESENTATION, rng);
        let (pseudonym, proof) = opened.prove_pseudonym(SCOPE, rng).unwrap();
        presented.check(&SubProof::Pseudonym { scope: SCOPE, pseudonym: &pseudonym }, &proof).unwrap();
        let index = world.claim(2);
        for (lower, upper) in [
            (NUMBER - 3, NUMBER + 1),
            (NUMBER, NUMBER + 2),
            (0, 1 << 62),
            (NUMBER - (1 << 22) + 1, NUMBER + 1),
        ] {
            let bounds = Bounds::new(lower, upper, 63).unwrap();
            let proof = opened.prove_range(index, &bounds, rng).unwrap();
            presented.check(&SubProof::Range { index, bounds }, &proof).unwrap();
        }
        let blind = SecretScalar::generate(rng);
        let other = Commitment::new(&world.parameters, &world.secret, &blind);
        let index = world.layout.secret();
        let proof = opened.prove_equality(index, &other, &blind, rng).unwrap();
        presented.check(&SubProof::Equality { index, other }, &proof).unwrap();
    }
}

#[test]
fn the_same_holder_has_one_pseudonym_in_a_scope_and_others_elsewhere() {
    let rng = &mut Stream::new(3);
    let world = World::plain();
    let (opened, _) = world.present(PRESENTATION, rng);
    let (again, _) = world.present(b"another header", rng);
    let (first, _) = opened.prove_pseudonym(SCOPE, rng).unwrap();
    assert_eq!(again.prove_pseudonym(SCOPE, rng).unwrap().0, first);
    assert_ne!(again.prove_pseudonym(b"https://other.example", rng).unwrap().0, first);
    // The issuer's scope is apart even where a verifier is registered under the issuer's name.
    let issuer = world.parameters.check_request(&world.request, &OCCASION).unwrap().pseudonym();
    assert_ne!(again.prove_pseudonym(OCCASION.issuer, rng).unwrap().0, issuer);
}

#[test]
fn refuses_a_request_for_another_occasion_or_altered() {
    let world = World::plain();
    let check =
        |bytes: &[u8], occasion: &Occasion<'_>| world.parameters.check_request(bytes, occasion).map(|_| ());
    assert_eq!(check(&world.request, &OCCASION), Ok(()));
    let replayed = Occasion { nonce: b"c-nonce-2", ..OCCASION };
    assert_eq!(code(check(&world.request, &replayed)), "INRO-BBS-010");
    let elsewhere = Occasion { issuer: b"https://other.example", ..OCCASION };
    assert_eq!(code(check(&world.request, &elsewhere)), "INRO-BBS-010");
    // The pseudonym of another secret.
    let other = SecretScalar::generate(&mut Stream::new(9));
    let other = world.parameters.request(&other, &OCCASION, &mut Stream::new(8)).unwrap();
    let mut altered = world.request.clone();
    altered[48..96].copy_from_slice(&other.bytes[48..96]);
    assert_eq!(code(check(&altered, &OCCASION)), "INRO-BBS-010");
    let mut altered = world.request.clone();
    altered[..48].copy_from_slice(&other.bytes[..48]);
    assert_eq!(code(check(&altered, &OCCASION)), "INRO-BBS-010");
    assert_eq!(code(check(&world.request[1..], &OCCASION)), "INRO-BBS-003");
    let mut identity = world.request.clone();
    identity[48..96].copy_from_slice(&[0; 48]);
    identity[48] = 0xc0;
    assert_eq!(code(check(&identity, &OCCASION)), "INRO-BBS-001");
    // One answer changed, and each answer set to 0 and to the group order.
    let mut altered = world.request.clone();
    altered[127] ^= 1;
    assert_eq!(code(check(&altered, &OCCASION)), "INRO-BBS-010");
    for at in [96, 128, 160] {
        for scalar in ["00".repeat(32), ORDER.to_owned()] {
            let mut altered = world.request.clone();
            altered[at..at + 32].copy_from_slice(&bbs_support::unhex(&scalar));
            assert_eq!(code(check(&altered, &OCCASION)), "INRO-BBS-002");
        }
    }
}

const ORDER: &str = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";

#[test]
fn refuses_a_presentation_whose_indexes_are_not_as_they_must_be() {
    let world = World::plain();
    let present = |disclosed: &[usize], committed: &[usize]| {
        let disclosure = Disclosure { disclosed, committed };
        world.credential.present(PRESENTATION, disclosure, &mut Stream::new(4)).map(|_| ())
    };
    let layout = world.layout;
    assert_eq!(present(&[0, 4], &[2, layout.secret()]), Ok(()));
    let bad: [(&[usize], &[usize]); 10] = [
        (&[4, 0], &[2]),
        (&[0, 0], &[2]),
        (&[0, layout.escrow()], &[]),
        (&[layout.revocation()], &[]),
        (&[layout.secret()], &[]),
        (&[0, 100], &[]),
        (&[0, 4], &[layout.secret(), 2]),
        (&[0, 4], &[2, 2]),
        (&[0, 4], &[0]),
        (&[0, 4], &[layout.blind()]),
    ];
    for (disclosed, committed) in bad {
        assert_eq!(code(present(disclosed, committed)), "INRO-BBS-007", "{disclosed:?} {committed:?}");
    }
    let device = World::new(Layout::with_device_key(CLAIMS).unwrap(), &mut Stream::new(5));
    let disclosure = Disclosure { disclosed: &[3], committed: &[] };
    assert_eq!(
        code(device.credential.present(PRESENTATION, disclosure, &mut Stream::new(4)).map(|_| ())),
        "INRO-BBS-007"
    );
}

#[test]
fn refuses_a_core_proof_that_was_altered_or_is_shown_with_other_claims() {
    let world = World::plain();
    let (opened, _) = world.present(PRESENTATION, &mut Stream::new(6));
    let proof = opened.proof().to_vec();
    let shown = world.shown(&[0, 4]);
    let verify = |header: &[u8], claims: &[Claim<'_>], proof: &[u8]| {
        world.verifier.verify(header, claims, proof).map(|_| ())
    };
    assert_eq!(verify(PRESENTATION, &shown, &proof), Ok(()));

    // Disclosed claims moved, duplicated, descending, out of range, missing, added, changed.
    let moved = [shown[0], Claim { index: 3, ..shown[1] }];
    assert_eq!(code(verify(PRESENTATION, &moved, &proof)), "INRO-BBS-009");
    assert_eq!(code(verify(PRESENTATION, &[shown[0], shown[0]], &proof)), "INRO-BBS-007");
    assert_eq!(code(verify(PRESENTATION, &[shown[1], shown[0]], &proof)), "INRO-BBS-007");
    let outside = [shown[0], Claim { index: 99, ..shown[1] }];
    assert_eq!(code(verify(PRESENTATION, &outside, &proof)), "INRO-BBS-007");
    assert_eq!(code(verify(PRESENTATION, &shown[..1], &proof)), "INRO-BBS-003");
    assert_eq!(code(verify(PRESENTATION, &world.shown(&[0, 3, 4]), &proof)), "INRO-BBS-003");
    let changed = [Claim { message: Message::Octets(b"Jiro"), ..shown[0] }, shown[1]];
    assert_eq!(code(verify(PRESENTATION, &changed, &proof)), "INRO-BBS-009");
    assert_eq!(code(verify(b"another nonce", &shown, &proof)), "INRO-BBS-009");

    // The list of committed indexes: to a disclosed claim, to the blinding factor, descending, out of range,
    // another message, more than are allowed, more than there are.
    let with_list = |list: &[u16]| {
        let mut altered = vec![u8::try_from(list.len()).unwrap()];
        altered.extend(list.iter().flat_map(|index| index.to_be_bytes()));
        altered.extend_from_slice(&proof[5..]);
        altered
    };
    let secret = u16::try_from(world.layout.secret()).unwrap();
    assert_eq!(with_list(&[2, secret]), proof);
    for list in [[0, secret], [4, secret], [2, secret - 1], [secret, 2], [2, 2], [2, secret + 1], [2, 10_000]]
    {
        assert_eq!(code(verify(PRESENTATION, &shown, &with_list(&list))), "INRO-BBS-007", "{list:?}");
    }
    assert_eq!(code(verify(PRESENTATION, &shown, &with_list(&[3, secret]))), "INRO-BBS-009");
    assert_eq!(code(verify(PRESENTATION, &shown, &with_list(&[secret]))), "INRO-BBS-003");
    let mut many = proof.clone();
    many[0] = 255;
    assert_eq!(code(verify(PRESENTATION, &shown, &many)), "INRO-BBS-005");

    // The commitment of one message used for another: commitments and answers exchanged.
    let mut exchanged = proof.clone();
    let at = proof.len() - 160;
    exchanged[at..at + 80].copy_from_slice(&proof[at + 80..]);
    exchanged[at + 80..].copy_from_slice(&proof[at..at + 80]);
    assert_eq!(code(verify(PRESENTATION, &shown, &exchanged)), "INRO-BBS-009");

    // Truncated, longer, and a proof that claims 10,000 messages.
    assert_eq!(code(verify(PRESENTATION, &shown, &proof[..proof.len() - 1])), "INRO-BBS-003");
    assert_eq!(code(verify(PRESENTATION, &shown, &[])), "INRO-BBS-003");
    let huge = [&proof[..], &vec![1; 10_000 * 32]].concat();
    assert_eq!(code(verify(PRESENTATION, &shown, &huge)), "INRO-BBS-003");

    // Another header, another key.
    let other = Verifier::new(&world.parameters, world.key.public_key(), b"another header");
    assert_eq!(code(other.verify(PRESENTATION, &shown, &proof).map(|_| ())), "INRO-BBS-009");
    let key = SecretKey::derive(Suite::Sha256, &[8; 32], b"").unwrap();
    let other = Verifier::new(&world.parameters, key.public_key(), HEADER);
    assert_eq!(code(other.verify(PRESENTATION, &shown, &proof).map(|_| ())), "INRO-BBS-009");
}

#[test]
fn a_batch_gives_each_presentation_its_own_verdict() {
    let rng = &mut Stream::new(15);
    let world = World::plain();
    let mut opened: Vec<Opened> = (0..4).map(|_| world.present(PRESENTATION, rng).0).collect();
    let claims = world.shown(&[0, 4]);
    let mut proofs: Vec<Vec<u8>> = opened.iter().map(|one| one.proof().to_vec()).collect();
    let batch = |proofs: &[Vec<u8>], rng: &mut Stream| {
        let shown: Vec<Shown<'_>> = proofs
            .iter()
            .map(|proof| Shown { presentation_header: PRESENTATION, disclosed: &claims, proof })
            .collect();
        world.verifier.verify_batch(&shown, rng)
    };
    assert!(batch(&proofs, rng).iter().all(Result::is_ok));
    let last = proofs[1].len() - 1;
    proofs[1][last] ^= 1;
    proofs[3].pop();
    let verdicts = batch(&proofs, rng);
    let errors: Vec<Option<BbsError>> = verdicts.iter().map(|one| one.as_ref().err().copied()).collect();
    let length = BbsError::Length { length: proofs[3].len() };
    assert_eq!(errors, [None, Some(BbsError::Proof), None, Some(length)]);
    // What a batch verified takes sub-proofs like any other.
    let (pseudonym, proof) = opened.remove(2).prove_pseudonym(SCOPE, rng).unwrap();
    let statement = SubProof::Pseudonym { scope: SCOPE, pseudonym: &pseudonym };
    assert_eq!(verdicts[2].as_ref().unwrap().check(&statement, &proof), Ok(()));
    assert_eq!(verdicts[0].as_ref().unwrap().check(&statement, &proof), Err(BbsError::Proof));
}

#[test]
fn refuses_every_scalar_and_point_of_a_proof_that_is_out_of_its_set() {
    let world = World::plain();
    let (opened, _) = world.present(PRESENTATION, &mut Stream::new(7));
    let proof = opened.proof();
    let shown = world.shown(&[0, 4]);
    let hidden = CLAIMS + 2 + 2 - 2;
    let mut points = vec![5, 53, 101];
    let mut scalars: Vec<usize> = (0..3 + hidden + 1).map(|number| 149 + 32 * number).collect();
    for number in 0..2 {
        let at = proof.len() - 160 + 80 * number;
        points.push(at);
        scalars.push(at + 48);
    }
    assert_eq!(scalars.len() * 32 + points.len() * 48 + 5, proof.len());
    let verdict = |at: usize, bytes: &[u8]| {
        let mut altered = proof.to_vec();
        altered[at..at + bytes.len()].copy_from_slice(bytes);
        code(world.verifier.verify(PRESENTATION, &shown, &altered).map(|_| ()))
    };
    for at in scalars {
        assert_eq!(verdict(at, &[0; 32]), "INRO-BBS-002");
        assert_eq!(verdict(at, &bbs_support::unhex(ORDER)), "INRO-BBS-002");
        let mut altered: [u8; 32] = proof[at..at + 32].try_into().unwrap();
        altered[31] ^= 1;
        assert_eq!(verdict(at, &altered), "INRO-BBS-009");
    }
    for at in points {
        for bad in bbs_support::bad_points() {
            assert_eq!(verdict(at, &bad), "INRO-BBS-001");
        }
    }
}

#[test]
fn refuses_a_pseudonym_that_is_another_ones_or_belongs_elsewhere() {
    let rng = &mut Stream::new(10);
    let world = World::plain();
    let (opened, presented) = world.present(PRESENTATION, rng);
    let (pseudonym, proof) = opened.prove_pseudonym(SCOPE, rng).unwrap();
    let check = |presented: &Presented, scope: &[u8], pseudonym: &Pseudonym, proof: &[u8]| {
        presented.check(&SubProof::Pseudonym { scope, pseudonym }, proof)
    };
    assert_eq!(check(&presented, SCOPE, &pseudonym, &proof), Ok(()));
    assert_eq!(code(check(&presented, b"https://other.example", &pseudonym, &proof)), "INRO-BBS-009");
    let (elsewhere, _) = opened.prove_pseudonym(b"https://other.example", rng).unwrap();
    assert_eq!(code(check(&presented, SCOPE, &elsewhere, &proof)), "INRO-BBS-009");
    let (_, again) = world.present(PRESENTATION, rng);
    assert_eq!(code(check(&again, SCOPE, &pseudonym, &proof)), "INRO-BBS-009");
    assert_eq!(code(check(&presented, SCOPE, &pseudonym, &proof[1..])), "INRO-BBS-003");
    let mut altered = proof.clone();
    altered[95] ^= 1;
    assert_eq!(code(check(&presented, SCOPE, &pseudonym, &altered)), "INRO-BBS-009");
    let mut identity = [0; 48];
    identity[0] = 0xc0;
    assert_eq!(Pseudonym::from_bytes(&identity), Err(BbsError::Point));
    // Without the secret among the committed messages there is no pseudonym.
    let disclosure = Disclosure { disclosed: &[0], committed: &[2] };
    let opened = world.credential.present(PRESENTATION, disclosure, rng).unwrap();
    assert_eq!(opened.prove_pseudonym(SCOPE, rng), Err(BbsError::Index));
    let presented = world.verifier.verify(PRESENTATION, &world.shown(&[0]), opened.proof()).unwrap();
    assert_eq!(code(check(&presented, SCOPE, &pseudonym, &proof)), "INRO-BBS-007");
}

#[test]
fn refuses_a_range_proof_for_anything_but_what_it_proves() {
    let rng = &mut Stream::new(11);
    let world = World::plain();
    let disclosure = Disclosure { disclosed: &[0], committed: &[2, 3] };
    let opened = world.credential.present(PRESENTATION, disclosure, rng).unwrap();
    let presented = world.verifier.verify(PRESENTATION, &world.shown(&[0]), opened.proof()).unwrap();
    let bounds = Bounds::new(NUMBER - 10, NUMBER + 50, 22).unwrap();
    let proof = opened.prove_range(2, &bounds, rng).unwrap();
    assert_eq!(proof.len(), bounds.proof_length());
    let check = |presented: &Presented, index: usize, bounds: Bounds, proof: &[u8]| {
        presented.check(&SubProof::Range { index, bounds }, proof)
    };
    assert_eq!(check(&presented, 2, bounds, &proof), Ok(()));
    for (lower, upper) in [(NUMBER - 9, NUMBER + 51), (NUMBER - 11, NUMBER + 50), (NUMBER - 10, NUMBER + 51)]
    {
        let other = Bounds::new(lower, upper, 22).unwrap();
        assert_eq!(code(check(&presented, 2, other, &proof)), "INRO-BBS-009");
    }
    let wider = Bounds::new(NUMBER - 10, NUMBER + 1000, 22).unwrap();
    assert_eq!(code(check(&presented, 2, wider, &proof)), "INRO-BBS-003");
    // Another commitment, a message that is not committed, another presentation.
    assert_eq!(code(check(&presented, 3, bounds, &proof)), "INRO-BBS-009");
    assert_eq!(code(check(&presented, 1, bounds, &proof)), "INRO-BBS-007");
    let again = world.credential.present(PRESENTATION, disclosure, rng).unwrap();
    let again = world.verifier.verify(PRESENTATION, &world.shown(&[0]), again.proof()).unwrap();
    assert_eq!(code(check(&again, 2, bounds, &proof)), "INRO-BBS-009");
    for at in (0..proof.len()).step_by(31) {
        let mut altered = proof.clone();
        altered[at] ^= 1;
        assert!(check(&presented, 2, bounds, &altered).is_err(), "byte {at}");
    }
}

#[test]
fn refuses_bounds_that_are_impossible_and_messages_outside_or_around_the_field_order() {
    assert!(Bounds::new(5, 7, 1).is_ok());
    assert!(Bounds::new(0, (1 << 63) - 1, 63).is_ok());
    for (lower, upper, bits) in
        [(7, 5, 63), (5, 5, 63), (5, 6, 63), (0, 1 << 63, 63), (0, u64::MAX, 64), (0, 5, 2), (0, 1 << 40, 22)]
    {
        assert_eq!(
            Bounds::new(lower, upper, bits).map(|_| ()),
            Err(BbsError::Bounds),
            "{lower} {upper} {bits}"
        );
    }
    let rng = &mut Stream::new(12);
    let world = World::plain();
    let disclosure = Disclosure { disclosed: &[], committed: &[0, 2, world.layout.escrow()] };
    let opened = world.credential.present(PRESENTATION, disclosure, rng).unwrap();
    let prove = |index: usize, lower: u64, upper: u64, rng: &mut Stream| {
        opened.prove_range(index, &Bounds::new(lower, upper, 63).unwrap(), rng).map(|_| ())
    };
    assert_eq!(prove(2, NUMBER, NUMBER + 2, rng), Ok(()));
    assert_eq!(code(prove(2, NUMBER + 1, NUMBER + 9, rng)), "INRO-BBS-012");
    assert_eq!(code(prove(2, NUMBER - 9, NUMBER, rng)), "INRO-BBS-012");
    // A hashed message and a random scalar are far above 2^63: nothing of them is taken modulo anything.
    assert_eq!(code(prove(0, 0, (1 << 63) - 1, rng)), "INRO-BBS-012");
    // A range is only about a claim: neither made nor checked of a reserved slot.
    assert_eq!(code(prove(world.layout.escrow(), 0, (1 << 63) - 1, rng)), "INRO-BBS-007");
    let presented = world.verifier.verify(PRESENTATION, &[], opened.proof()).unwrap();
    let bounds = Bounds::new(NUMBER, NUMBER + 2, 63).unwrap();
    let proof = opened.prove_range(2, &bounds, rng).unwrap();
    let check = |index| presented.check(&SubProof::Range { index, bounds }, &proof);
    assert_eq!(check(2), Ok(()));
    assert_eq!(code(check(world.layout.escrow())), "INRO-BBS-007");
}

#[test]
fn refuses_a_number_that_is_not_canonical_or_too_large() {
    let largest = (1_u64 << 63) - 1;
    for (payload, number) in [("0", 0), ("40", 40), ("9223372036854775807", largest)] {
        let read = Message::number(payload.as_bytes());
        assert!(matches!(read, Ok(Message::Number(found)) if found == number), "{payload}");
    }
    let bad =
        ["", "00", "040", "+40", "-0", "4 0", "40\n", "4e1", "4.0", "0x28", "４０", "9223372036854775808"];
    for payload in bad.into_iter().chain(["18446744073709551616"]) {
        assert_eq!(Message::number(payload.as_bytes()).map(|_| ()), Err(BbsError::Scalar), "{payload}");
    }
    let world = World::plain();
    let checked = world.parameters.check_request(&world.request, &OCCASION).unwrap();
    let issuer = Issuer::new(&world.parameters, world.key.public_key(), HEADER);
    let mut changed = messages(world.layout, &world.scalars);
    let mut sign = |number| {
        changed[2] = Message::Number(number);
        issuer.sign(&world.key, &checked, &changed).map(|_| ())
    };
    assert_eq!([sign(0), sign(largest), sign(largest + 1)], [Ok(()), Ok(()), Err(BbsError::Scalar)]);
}

/// C' is the commitment of another presentation: here both of one holder, then of different messages.
#[test]
fn proves_an_equality_of_two_presentations_and_refuses_another_message() {
    let rng = &mut Stream::new(16);
    let world = World::plain();
    let (first, accepted) = world.present(PRESENTATION, rng);
    let (second, presented) = world.present(PRESENTATION, rng);
    let secret = world.layout.secret();
    let mut verdict = |index| {
        let (other, blind) = first.commitment(index).unwrap();
        assert_eq!(accepted.commitment(index), Ok(other));
        let proof = second.prove_equality(secret, &other, &blind, rng).unwrap();
        presented.check(&SubProof::Equality { index: secret, other }, &proof)
    };
    assert_eq!([verdict(secret), verdict(2)], [Ok(()), Err(BbsError::Proof)]);
    assert_eq!(accepted.commitment(3), Err(BbsError::Index));
}

#[test]
fn refuses_an_equality_with_another_message() {
    let rng = &mut Stream::new(13);
    let world = World::plain();
    let (opened, presented) = world.present(PRESENTATION, rng);
    let index = world.layout.secret();
    let blind = SecretScalar::generate(rng);
    let other = Commitment::new(&world.parameters, &world.secret, &blind);
    let proof = opened.prove_equality(index, &other, &blind, rng).unwrap();
    let check = |index, other, proof: &[u8]| presented.check(&SubProof::Equality { index, other }, proof);
    assert_eq!(check(index, other, &proof), Ok(()));
    let foreign = Commitment::new(&world.parameters, &SecretScalar::generate(rng), &blind);
    assert_eq!(code(check(index, foreign, &proof)), "INRO-BBS-009");
    let forged = opened.prove_equality(index, &foreign, &blind, rng).unwrap();
    assert_eq!(code(check(index, foreign, &forged)), "INRO-BBS-009");
    assert_eq!(code(check(2, other, &proof)), "INRO-BBS-009");
    assert_eq!(code(check(index, other, &proof[..127])), "INRO-BBS-003");
    let mut identity = [0; 48];
    identity[0] = 0xc0;
    assert_eq!(Commitment::from_bytes(&identity).map(|_| ()), Err(BbsError::Point));
}

#[test]
fn refuses_a_credential_whose_signature_does_not_fit() {
    let world = World::plain();
    let fine = messages(world.layout, &world.scalars);
    let request = world.parameters.request(&world.secret, &OCCASION, &mut Stream::new(14)).unwrap();
    let checked = world.parameters.check_request(&request.bytes, &OCCASION).unwrap();
    let issuer = Issuer::new(&world.parameters, world.key.public_key(), HEADER);
    let signature = issuer.sign(&world.key, &checked, &fine).unwrap();
    let accept = |messages: &[Message<'_>], blind: &SecretScalar, secret: &SecretScalar| {
        Credential::accept(&world.verifier, messages, blind, secret, &signature).map(|_| ())
    };
    assert_eq!(accept(&fine, &request.blind, &world.secret), Ok(()));
    assert_eq!(code(accept(&fine, &world.secret, &request.blind)), "INRO-BBS-008");
    assert_eq!(code(accept(&fine[1..], &request.blind, &world.secret)), "INRO-BBS-006");
    let mut changed = fine.clone();
    changed[2] = Message::Number(NUMBER + 1);
    assert_eq!(code(accept(&changed, &request.blind, &world.secret)), "INRO-BBS-008");
    let other = SecretKey::derive(Suite::Sha256, &[9; 32], b"").unwrap();
    assert_eq!(issuer.sign(&other, &checked, &fine).map(|_| ()), Err(BbsError::Signature));
    assert_eq!(issuer.sign(&world.key, &checked, &fine[1..]).map(|_| ()), Err(BbsError::Count));
    let order: [u8; 32] = bbs_support::unhex(ORDER).try_into().unwrap();
    changed[2] = Message::Scalar(&order);
    assert_eq!(issuer.sign(&world.key, &checked, &changed).map(|_| ()), Err(BbsError::Scalar));
}

/// Our own vectors: `INRO_WRITE_VECTORS=1` writes them, every other run compares.
#[test]
fn agrees_with_our_own_vectors() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/specs/bbs-mod-inro1-vectors.json");
    let ours = json!([
        vector("five claims", Layout::new(CLAIMS).unwrap()),
        vector("five claims behind a device key", Layout::with_device_key(CLAIMS).unwrap()),
    ]);
    if std::env::var_os("INRO_WRITE_VECTORS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&ours).unwrap() + "\n").unwrap();
    }
    assert_eq!(ours, json(&path));
    assert_eq!(ours.as_array().unwrap().len(), 2);
}

const SEED: &[u8] = b"3.141592653589793238462643383279";

fn vector(name: &str, layout: Layout) -> Value {
    let mocked = |part: &str, count: usize| {
        let dst = format!(
            "BBS-MOD-INRO1_BLS12381G1_XMD:SHA-256_SSWU_RO_BLIND_H2G_HM2S_{part}_MOCK_RANDOM_SCALARS_DST_"
        );
        Mocked::new(Suite::Sha256, SEED, dst.as_bytes(), count)
    };
    let world = World::new(layout, &mut mocked("ISSUE", 6));
    let scalars = world.scalars.iter().map(hex).collect::<Vec<_>>();
    let index = world.claim(2);
    let disclosed = [world.claim(0), world.claim(4)];
    let committed = [index, layout.secret()];
    let hidden = layout.secret() + 1 - disclosed.len();
    let mut rng = mocked("PROOF", 5 + hidden + 2 * committed.len());
    let (opened, presented) = world.present(PRESENTATION, &mut rng);
    let (pseudonym, nym) = opened.prove_pseudonym(SCOPE, &mut mocked("NYM", 2)).unwrap();
    let bounds = Bounds::new(NUMBER - 3, NUMBER + 5, 22).unwrap();
    // Two blinding factors, then for each of three numbers two scalars and 16 bytes.
    let range = opened.prove_range(index, &bounds, &mut mocked("RANGE", 9)).unwrap();
    let blind = SecretScalar::generate(&mut mocked("OTHER", 1));
    let other = Commitment::new(&world.parameters, &world.secret, &blind);
    let equality =
        opened.prove_equality(layout.secret(), &other, &blind, &mut mocked("EQUALITY", 3)).unwrap();
    presented.check(&SubProof::Pseudonym { scope: SCOPE, pseudonym: &pseudonym }, &nym).unwrap();
    presented.check(&SubProof::Range { index, bounds }, &range).unwrap();
    presented.check(&SubProof::Equality { index: layout.secret(), other }, &equality).unwrap();
    json!({
        "name": name,
        "seed": hex(SEED),
        "secretKey": hex(&world.key.to_bytes()[..]),
        "publicKey": hex(world.key.public_key().as_bytes()),
        "header": hex(HEADER),
        "issuer": hex(OCCASION.issuer),
        "nonce": hex(OCCASION.nonce),
        "deviceKeySlots": layout.device_key().len(),
        "reserved": scalars,
        "holderSecret": hex(&world.secret.to_bytes()[..]),
        "request": hex(&world.request),
        "signature": hex(world.signature.to_bytes()),
        "presentationHeader": hex(PRESENTATION),
        "disclosed": disclosed,
        "committed": committed,
        "proof": hex(opened.proof()),
        "scope": hex(SCOPE),
        "pseudonym": hex(pseudonym.as_bytes()),
        "inro-nym": hex(&nym),
        "lower": NUMBER - 3,
        "upper": NUMBER + 5,
        "sigma-range": hex(&range),
        "otherBlind": hex(&blind.to_bytes()[..]),
        "other": hex(other.to_bytes()),
        "schnorr-eq": hex(&equality),
    })
}

#[test]
fn our_vectors_verify_from_their_bytes_alone() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/specs/bbs-mod-inro1-vectors.json");
    let vectors = json(&path);
    for vector in vectors.as_array().unwrap() {
        let layout = match vector["deviceKeySlots"].as_u64().unwrap() {
            0 => Layout::new(CLAIMS).unwrap(),
            _ => Layout::with_device_key(CLAIMS).unwrap(),
        };
        let parameters = TypeParameters::new(layout).unwrap();
        let key = inro_bbs::PublicKey::from_bytes(&octets(&vector["publicKey"])).unwrap();
        let verifier = Verifier::new(&parameters, &key, &octets(&vector["header"]));
        let start = layout.claims().start;
        let claims = [
            Claim { index: start, message: Message::Octets(b"Taro") },
            Claim { index: start + 4, message: Message::Octets(b"section 3") },
        ];
        let presented = verifier
            .verify(&octets(&vector["presentationHeader"]), &claims, &octets(&vector["proof"]))
            .unwrap();
        let pseudonym = Pseudonym::from_bytes(&octets(&vector["pseudonym"])).unwrap();
        let statement = SubProof::Pseudonym { scope: &octets(&vector["scope"]), pseudonym: &pseudonym };
        presented.check(&statement, &octets(&vector["inro-nym"])).unwrap();
        let bounds =
            Bounds::new(vector["lower"].as_u64().unwrap(), vector["upper"].as_u64().unwrap(), 22).unwrap();
        let statement = SubProof::Range { index: start + 2, bounds };
        presented.check(&statement, &octets(&vector["sigma-range"])).unwrap();
        let other = Commitment::from_bytes(&octets(&vector["other"])).unwrap();
        let statement = SubProof::Equality { index: layout.secret(), other };
        presented.check(&statement, &octets(&vector["schnorr-eq"])).unwrap();
    }
    assert_eq!(vectors.as_array().unwrap().len(), 2);
}
