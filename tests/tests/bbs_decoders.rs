//! Every decoder of BBS bytes, given random bytes and altered messages: it answers, and takes no altered message.
//!
//! `TARGETS` is also the list of fuzz targets: each takes any bytes and must return.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside the test functions"
)]

mod bbs_support;

use std::sync::LazyLock;

use bbs_support::Stream;
use inro_base::Rng as _;
use inro_bbs::inro1::{
    Bounds, Claim, Commitment, Credential, Disclosure, Issuer, Layout, Message, Occasion, Presented,
    Statement, TypeParameters, Verifier,
};
use inro_bbs::{
    BlindBbs, BlindGenerators, CoreBbs, CoreGenerators, Disclosed, NymBbs, NymGenerators, Pseudonym,
    PublicKey, SecretKey, SecretScalar, Signature, Suite,
};

const MESSAGES: [&[u8]; 3] = [b"zero", b"one", b"two"];
const SHOWN: [Disclosed<'static>; 1] = [Disclosed { index: 1, message: b"one" }];
const OCCASION: Occasion<'_> = Occasion { issuer: b"issuer", nonce: b"nonce" };
const CLAIM: Claim<'static> = Claim { index: 0, message: Message::Octets(b"zero") };
const NUMBER: usize = 1;
const SCOPE: &[u8] = b"scope";

/// A decoder: whether it takes the bytes, and bytes that it does take.
struct Target {
    name: &'static str,
    takes: fn(&[u8]) -> bool,
    good: fn() -> Vec<u8>,
}

struct World {
    key: SecretKey,
    core: CoreBbs,
    blind: (BlindGenerators, BlindBbs),
    nym: NymBbs,
    nym_good: (Vec<u8>, Pseudonym),
    parameters: TypeParameters,
    verifier: Verifier,
    presented: Presented,
    core_proof: Vec<u8>,
    pseudonym: Pseudonym,
    sub_proofs: [Vec<u8>; 3],
    other: Commitment,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let rng = &mut Stream::new(1);
    let key = SecretKey::generate(Suite::Sha256, rng);
    let core = CoreBbs::new(&CoreGenerators::new(Suite::Sha256, 3).unwrap(), key.public_key(), b"header");
    let generators = BlindGenerators::new(Suite::Sha256, 3, 1).unwrap();
    let blind = BlindBbs::new(&generators, key.public_key(), b"header");
    let nym_generators = NymGenerators::new(Suite::Sha256, 3, 0, 1).unwrap();
    let nym = NymBbs::new(&nym_generators, key.public_key(), b"header");
    let nyms = [SecretScalar::generate(rng)];
    let entropy = SecretScalar::generate(rng);
    let (commitment, factor) = nym_generators.commit(&[], &nyms, rng).unwrap();
    let signature = nym.sign(&key, &commitment, &entropy, &MESSAGES).unwrap();
    let credential = nym.accept(&MESSAGES, &[], &nyms, &entropy, &factor, &signature).unwrap();
    let nym_good = credential.prove(b"ph", SCOPE, &[1], &[], rng).unwrap();

    let layout = Layout::new(2).unwrap();
    let parameters = TypeParameters::new(layout).unwrap();
    let secret = SecretScalar::generate(rng);
    let request = parameters.request(&secret, &OCCASION, rng).unwrap();
    let checked = parameters.check_request(&request.bytes, &OCCASION).unwrap();
    let reserved = *secret.to_bytes();
    let messages =
        [CLAIM.message, Message::Number(40), Message::Scalar(&reserved), Message::Scalar(&reserved)];
    let signature =
        Issuer::new(&parameters, key.public_key(), b"header").sign(&key, &checked, &messages).unwrap();
    let verifier = Verifier::new(&parameters, key.public_key(), b"header");
    let credential = Credential::accept(&verifier, &messages, &request.blind, &secret, &signature).unwrap();
    let disclosure = Disclosure { disclosed: &[0], committed: &[NUMBER, layout.secret()] };
    let opened = credential.present(b"ph", disclosure, rng).unwrap();
    let presented = verifier.verify(b"ph", &[CLAIM], opened.proof()).unwrap();
    let (pseudonym, nym_proof) = opened.prove_pseudonym(SCOPE, rng).unwrap();
    let range = opened.prove_range(NUMBER, &bounds(), rng).unwrap();
    let other = Commitment::new(&parameters, &secret, &factor);
    let equality = opened.prove_equality(layout.secret(), &other, &factor, rng).unwrap();
    World {
        key,
        core,
        blind: (generators, blind),
        nym,
        nym_good,
        parameters,
        verifier,
        presented,
        core_proof: opened.proof().to_vec(),
        pseudonym,
        sub_proofs: [nym_proof, range, equality],
        other,
    }
});

fn bounds() -> Bounds {
    Bounds::new(30, 50, 22).unwrap()
}

const TARGETS: [Target; 13] = [
    Target {
        name: "public key",
        takes: |bytes| PublicKey::from_bytes(bytes).is_ok_and(|key| key == *WORLD.key.public_key()),
        good: || WORLD.key.public_key().as_bytes().to_vec(),
    },
    Target {
        name: "signature",
        takes: |bytes| {
            Signature::from_bytes(bytes).is_ok_and(|found| WORLD.core.verify(&MESSAGES, &found).is_ok())
        },
        good: || WORLD.core.sign(&WORLD.key, &MESSAGES).unwrap().to_bytes().to_vec(),
    },
    Target {
        name: "core proof",
        takes: |bytes| WORLD.core.verify_proof(b"ph", &SHOWN, bytes).is_ok(),
        good: || {
            let signature = WORLD.core.sign(&WORLD.key, &MESSAGES).unwrap();
            let credential = WORLD.core.accept(&MESSAGES, &signature).unwrap();
            credential.prove(b"ph", &[1], &mut Stream::new(2)).unwrap()
        },
    },
    Target {
        name: "blind commitment",
        takes: |bytes| WORLD.blind.1.sign(&WORLD.key, Some(bytes), &MESSAGES).is_ok(),
        good: || WORLD.blind.0.commit(&[b"mine"], &mut Stream::new(3)).unwrap().0,
    },
    Target {
        name: "blind proof",
        takes: |bytes| WORLD.blind.1.verify_proof(b"ph", &SHOWN, &[], bytes).is_ok(),
        good: || {
            let (generators, bbs) = &WORLD.blind;
            let (commitment, factor) = generators.commit(&[b"mine"], &mut Stream::new(3)).unwrap();
            let signature = bbs.sign(&WORLD.key, Some(&commitment), &MESSAGES).unwrap();
            let credential = bbs.accept(&MESSAGES, &[b"mine"], Some(&factor), &signature).unwrap();
            credential.prove(b"ph", &[1], &[], &mut Stream::new(4)).unwrap()
        },
    },
    Target {
        name: "pseudonym",
        takes: |bytes| Pseudonym::from_bytes(bytes).is_ok_and(|found| found == WORLD.pseudonym),
        good: || WORLD.pseudonym.as_bytes().to_vec(),
    },
    Target {
        name: "pseudonym proof",
        takes: |bytes| WORLD.nym.verify_proof(b"ph", SCOPE, &WORLD.nym_good.1, &SHOWN, &[], bytes).is_ok(),
        good: || WORLD.nym_good.0.clone(),
    },
    Target {
        name: "request",
        takes: |bytes| WORLD.parameters.check_request(bytes, &OCCASION).is_ok(),
        good: || {
            let secret = SecretScalar::generate(&mut Stream::new(5));
            WORLD.parameters.request(&secret, &OCCASION, &mut Stream::new(6)).unwrap().bytes
        },
    },
    Target {
        name: "core proof with commitments",
        takes: |bytes| WORLD.verifier.verify(b"ph", &[CLAIM], bytes).is_ok(),
        good: || WORLD.core_proof.clone(),
    },
    Target {
        name: "commitment",
        takes: |bytes| Commitment::from_bytes(bytes).is_ok_and(|found| found == WORLD.other),
        good: || WORLD.other.to_bytes().to_vec(),
    },
    Target {
        name: "inro-nym",
        takes: |bytes| {
            let statement = Statement::Pseudonym { scope: SCOPE, pseudonym: &WORLD.pseudonym };
            WORLD.presented.check(&statement, bytes).is_ok()
        },
        good: || WORLD.sub_proofs[0].clone(),
    },
    Target {
        name: "sigma-range",
        takes: |bytes| {
            WORLD.presented.check(&Statement::Range { index: NUMBER, bounds: bounds() }, bytes).is_ok()
        },
        good: || WORLD.sub_proofs[1].clone(),
    },
    Target {
        name: "schnorr-eq",
        takes: |bytes| {
            let index = WORLD.parameters.layout().secret();
            WORLD.presented.check(&Statement::Equality { index, other: WORLD.other }, bytes).is_ok()
        },
        good: || WORLD.sub_proofs[2].clone(),
    },
];

#[test]
fn every_decoder_takes_its_message_and_answers_to_anything() {
    let rng = &mut Stream::new(7);
    for target in &TARGETS {
        let good = (target.good)();
        assert!((target.takes)(&good), "{}", target.name);
        for _ in 0..200 {
            let mut random = vec![0; rng.below(2 * good.len())];
            rng.fill(&mut random);
            assert!(!(target.takes)(&random), "{}", target.name);
            let mut altered = good.clone();
            let at = rng.below(altered.len());
            altered[at] = altered[at].wrapping_add(1 + rng.next() % 255);
            assert!(!(target.takes)(&altered), "{} byte {at}", target.name);
            let cut = &good[..rng.below(good.len())];
            assert!(!(target.takes)(cut), "{} cut to {}", target.name, cut.len());
        }
    }
}
