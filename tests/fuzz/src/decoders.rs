//! Every public decoder of `inro-bbs`, in a world made from fixed randomness. The fuzz targets and the stable test
//! `tests/tests/bbs_decoders.rs` share this table.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside the test functions")]

use std::sync::LazyLock;

use inro_bbs::inro1::{
    Bounds, Claim, Commitment, Credential, Disclosure, Issuer, Layout, Message, Occasion, Presented,
    SubProof, TypeParameters, Verifier,
};
use inro_bbs::{
    BlindBbs, BlindGenerators, CoreBbs, CoreGenerators, Disclosed, NymBbs, NymGenerators, Pseudonym,
    PublicKey, SecretKey, SecretScalar, Signature, Suite,
};

use crate::stream::Stream;

const MESSAGES: [&[u8]; 3] = [b"zero", b"one", b"two"];
const SHOWN: [Disclosed<'static>; 1] = [Disclosed { index: 1, message: b"one" }];
const OCCASION: Occasion<'_> = Occasion { issuer: b"issuer", nonce: b"nonce" };
const CLAIM: Claim<'static> = Claim { index: 0, message: Message::Octets(b"zero") };
const NUMBER: usize = 1;
const SCOPE: &[u8] = b"scope";

/// A decoder of the room.
pub(crate) struct Target {
    /// The name of its fuzz target.
    pub(crate) name: &'static str,
    /// The function of `inro-bbs`.
    pub(crate) decoder: &'static str,
    /// Whether it takes the bytes.
    pub(crate) takes: fn(&[u8]) -> bool,
    /// Bytes that it takes, always the same.
    pub(crate) good: fn() -> Vec<u8>,
}

impl Target {
    /// What a fuzzer does with `bytes`.
    ///
    /// # Panics
    /// When the decoder panics, or takes other bytes than the good ones: a forgery, or a second encoding.
    pub(crate) fn run(&self, bytes: &[u8]) {
        assert!(!(self.takes)(bytes) || bytes == (self.good)(), "{} takes what it must not", self.name);
    }
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
    scalar: SecretScalar,
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
        scalar: secret,
    }
});

fn bounds() -> Bounds {
    Bounds::new(30, 50, 22).unwrap()
}

/// Every public decoder of the room.
pub(crate) const TARGETS: [Target; 15] = [
    Target {
        name: "secret_key",
        decoder: "SecretKey::from_bytes",
        takes: |bytes| {
            let key = <&[u8; 32]>::try_from(bytes).ok().and_then(|bytes| SecretKey::from_bytes(bytes).ok());
            key.is_some_and(|key| key.to_bytes() == WORLD.key.to_bytes())
        },
        good: || WORLD.key.to_bytes().to_vec(),
    },
    Target {
        name: "secret_scalar",
        decoder: "SecretScalar::from_bytes",
        takes: |bytes| {
            let scalar =
                <&[u8; 32]>::try_from(bytes).ok().and_then(|bytes| SecretScalar::from_bytes(bytes).ok());
            scalar.is_some_and(|scalar| scalar.to_bytes() == WORLD.scalar.to_bytes())
        },
        good: || WORLD.scalar.to_bytes().to_vec(),
    },
    Target {
        name: "public_key",
        decoder: "PublicKey::from_bytes",
        takes: |bytes| PublicKey::from_bytes(bytes).is_ok_and(|key| key == *WORLD.key.public_key()),
        good: || WORLD.key.public_key().as_bytes().to_vec(),
    },
    Target {
        name: "signature",
        decoder: "Signature::from_bytes",
        takes: |bytes| {
            Signature::from_bytes(bytes).is_ok_and(|found| WORLD.core.verify(&MESSAGES, &found).is_ok())
        },
        good: || WORLD.core.sign(&WORLD.key, &MESSAGES).unwrap().to_bytes().to_vec(),
    },
    Target {
        name: "core_proof",
        decoder: "CoreBbs::verify_proof",
        takes: |bytes| WORLD.core.verify_proof(b"ph", &SHOWN, bytes).is_ok(),
        good: || {
            let signature = WORLD.core.sign(&WORLD.key, &MESSAGES).unwrap();
            let credential = WORLD.core.accept(&MESSAGES, &signature).unwrap();
            credential.prove(b"ph", &[1], &mut Stream::new(2)).unwrap()
        },
    },
    Target {
        name: "blind_commitment",
        decoder: "BlindBbs::sign",
        takes: |bytes| WORLD.blind.1.sign(&WORLD.key, Some(bytes), &MESSAGES).is_ok(),
        good: || WORLD.blind.0.commit(&[b"mine"], &mut Stream::new(3)).unwrap().0,
    },
    Target {
        name: "blind_proof",
        decoder: "BlindBbs::verify_proof",
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
        decoder: "Pseudonym::from_bytes",
        takes: |bytes| Pseudonym::from_bytes(bytes).is_ok_and(|found| found == WORLD.pseudonym),
        good: || WORLD.pseudonym.as_bytes().to_vec(),
    },
    Target {
        name: "pseudonym_proof",
        decoder: "NymBbs::verify_proof",
        takes: |bytes| WORLD.nym.verify_proof(b"ph", SCOPE, &WORLD.nym_good.1, &SHOWN, &[], bytes).is_ok(),
        good: || WORLD.nym_good.0.clone(),
    },
    Target {
        name: "inro1_request",
        decoder: "TypeParameters::check_request",
        takes: |bytes| WORLD.parameters.check_request(bytes, &OCCASION).is_ok(),
        good: || {
            let secret = SecretScalar::generate(&mut Stream::new(5));
            WORLD.parameters.request(&secret, &OCCASION, &mut Stream::new(6)).unwrap().bytes
        },
    },
    Target {
        name: "inro1_core_proof",
        decoder: "inro1::Verifier::verify",
        takes: |bytes| WORLD.verifier.verify(b"ph", &[CLAIM], bytes).is_ok(),
        good: || WORLD.core_proof.clone(),
    },
    Target {
        name: "inro1_commitment",
        decoder: "inro1::Commitment::from_bytes",
        takes: |bytes| Commitment::from_bytes(bytes).is_ok_and(|found| found == WORLD.other),
        good: || WORLD.other.to_bytes().to_vec(),
    },
    Target {
        name: "inro1_nym",
        decoder: "Presented::check of a pseudonym",
        takes: |bytes| {
            let statement = SubProof::Pseudonym { scope: SCOPE, pseudonym: &WORLD.pseudonym };
            WORLD.presented.check(&statement, bytes).is_ok()
        },
        good: || WORLD.sub_proofs[0].clone(),
    },
    Target {
        name: "inro1_range",
        decoder: "Presented::check of a range",
        takes: |bytes| {
            WORLD.presented.check(&SubProof::Range { index: NUMBER, bounds: bounds() }, bytes).is_ok()
        },
        good: || WORLD.sub_proofs[1].clone(),
    },
    Target {
        name: "inro1_equality",
        decoder: "Presented::check of an equality",
        takes: |bytes| {
            let index = WORLD.parameters.layout().secret();
            WORLD.presented.check(&SubProof::Equality { index, other: WORLD.other }, bytes).is_ok()
        },
        good: || WORLD.sub_proofs[2].clone(),
    },
];
