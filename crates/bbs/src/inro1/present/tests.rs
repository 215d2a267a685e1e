//! What a holder cannot do through the public functions, done by hand.

use super::*;
use crate::SecretKey;
use crate::inro1::issue::{Issuer, Occasion};
use crate::inro1::layout::Layout;
use crate::inro1::parameters::{SUITE, challenge, pseudonym_base};

const HEADER: &[u8] = b"header";
const SCOPE: &[u8] = b"scope";
const NUMBER: Message<'_> = Message::Number(40);

struct Counter(u64);

impl Rng for Counter {
    fn fill(&mut self, destination: &mut [u8]) {
        for byte in destination {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = self.0.to_be_bytes()[0];
        }
    }
}

/// A credential with one claim, `number`.
fn hold(number: Message<'_>, rng: &mut Counter) -> (Verifier, Credential) {
    let parameters = TypeParameters::new(Layout::new(1).unwrap()).unwrap();
    let key = SecretKey::derive(SUITE, &[7; 32], b"").unwrap();
    let secret = SecretScalar::generate(rng);
    let occasion = Occasion { issuer: b"issuer", nonce: b"nonce" };
    let request = parameters.request(&secret, &occasion, rng).unwrap();
    let checked = parameters.check_request(&request.bytes, &occasion).unwrap();
    let reserved = [1; 32];
    let messages = [number, Message::Scalar(&reserved), Message::Scalar(&reserved)];
    let issuer = Issuer::new(&parameters, key.public_key(), HEADER);
    let signature = issuer.sign(&key, &checked, &messages).unwrap();
    let verifier = Verifier::new(&parameters, key.public_key(), HEADER);
    let credential = Credential::accept(&verifier, &messages, &request.blind, &secret, &signature).unwrap();
    (verifier, credential)
}

/// A presentation that commits to the number and the secret.
fn present(rng: &mut Counter) -> (Opened, Presented) {
    let (verifier, credential) = hold(NUMBER, rng);
    let disclosure = Disclosure { disclosed: &[], committed: &[0, credential.parameters.layout().secret()] };
    let opened = credential.present(b"ph", disclosure, rng).unwrap();
    let presented = verifier.verify(b"ph", &[], opened.proof()).unwrap();
    (opened, presented)
}

#[test]
fn refuses_a_pseudonym_of_any_other_committed_message() {
    let rng = &mut Counter(1);
    let (opened, presented) = present(rng);
    let (pseudonym, proof) = opened.prove_pseudonym(SCOPE, rng).unwrap();
    let check = |pseudonym: &Pseudonym, proof: &[u8]| {
        presented.check(&SubProof::Pseudonym { scope: SCOPE, pseudonym }, proof)
    };
    assert_eq!(check(&pseudonym, &proof), Ok(()));
    // A pseudonym of the number, whose proof names the number's index, and one that names the secret's.
    let (pedersen, secret) = (opened.parameters.pedersen(), opened.parameters.layout().secret());
    for index in [0, secret] {
        let opening = opened.opening(0).unwrap();
        let (pseudonym, proof) = nym::prove(pedersen, &opened.session, index, opening, SCOPE, rng).unwrap();
        let number = Committed { index, ..*presented.committed(0).unwrap() };
        let session = &presented.session;
        assert_eq!(nym::verify(pedersen, session, &number, SCOPE, &pseudonym, &proof), Ok(()));
        assert_eq!(check(&pseudonym, &proof), Err(BbsError::Proof));
    }
}

/// A holder who draws 0 everywhere: the proof would hold if the identity were encoded.
#[test]
fn refuses_a_sub_proof_whose_first_messages_are_the_identity() {
    let rng = &mut Counter(2);
    let (opened, presented) = present(rng);
    let secret = opened.parameters.layout().secret();
    let opening = opened.opening(secret).unwrap();
    let (pseudonym, fine) = opened.prove_pseudonym(SCOPE, rng).unwrap();
    let statement = SubProof::Pseudonym { scope: SCOPE, pseudonym: &pseudonym };
    assert_eq!(presented.check(&statement, &fine), Ok(()));
    let forged = |tilde: Scalar| {
        let pedersen = opened.parameters.pedersen();
        let base = pseudonym_base(SCOPE, "NYM_");
        let points = [combine(&[(&pedersen.g, tilde), (&pedersen.h, tilde)]), base.times(tilde)];
        let mut octets = opened.session.transcript(secret, &opening.encoded);
        octets.counted(SCOPE).bytes(pseudonym.as_bytes());
        for point in crate::proof::encode(&points) {
            octets.bytes(&point);
        }
        let challenge = challenge(&octets, "INRO_NYM_CHAL_");
        let answers = [challenge, tilde + opening.message * challenge, tilde + opening.blind * challenge];
        let bytes: Vec<u8> = answers.iter().flat_map(|answer| answer.to_be_bytes()).collect();
        presented.check(&statement, &bytes)
    };
    assert_eq!(forged(Scalar::from_u64(1)), Ok(()));
    assert_eq!(forged(Scalar::ZERO), Err(BbsError::Proof));
}

#[test]
fn a_disclosed_message_may_be_0_and_is_no_other() {
    let rng = &mut Counter(4);
    let (verifier, credential) = hold(Message::Number(0), rng);
    let disclosure = Disclosure { disclosed: &[0], committed: &[] };
    let opened = credential.present(b"ph", disclosure, rng).unwrap();
    let verify = |number| {
        let claim = Claim { index: 0, message: Message::Number(number) };
        verifier.verify(b"ph", &[claim], opened.proof()).map(|_| ())
    };
    assert_eq!([verify(0), verify(1)], [Ok(()), Err(BbsError::Proof)]);
    assert_eq!(verify(1 << 63), Err(BbsError::Scalar));
}

#[test]
fn refuses_to_sign_the_identity() {
    let key = SecretKey::derive(SUITE, &[7; 32], b"").unwrap();
    let parameters = TypeParameters::new(Layout::new(1).unwrap()).unwrap();
    let shared = Shared::new(&parameters, key.public_key(), HEADER);
    let sign = |point: &crate::ffi::G1| {
        crate::signature::finish(&shared.context, &key, point, &Octets::default()).map(|_| ())
    };
    let point = crate::ffi::G1::from(SUITE.p1());
    assert_eq!(sign(&point), Ok(()));
    assert_eq!(sign(&point.plus(&point.negate())), Err(BbsError::Signature));
}
