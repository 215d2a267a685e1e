//! What BBS costs here and in foreign crates: one process, one thread.
//!
//! Prints one JSON line for each figure, the median and the least time in nanoseconds or a number of bytes; `cargo xtask
//! bench` makes `docs/benchmarks.md` of them. Compare ratios only; on a busy machine compare the least times.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark that cannot go on stops here")]

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::time::Instant;

use ark_bls12_381::{Bls12_381, Fr};
use ark_std::UniformRand as _;
use ark_std::rand::SeedableRng as _;
use ark_std::rand::rngs::StdRng;
use bbs_plus::prelude::{
    KeypairG2, PreparedPublicKeyG2, PreparedSignatureParams23G1, Signature23G1, SignatureParams23G1,
};
use bbs_plus::{proof_23_cdl, proof_23_ietf};
use dock_crypto_utils::signature::MessageOrBlinding;
use inro_base::Rng;
use inro_bbs::inro1::{
    Bounds, Claim, Credential, Disclosure, Issuer, Layout, Message, Occasion, SubProof, TypeParameters,
    Verifier,
};
use inro_bbs::{CoreBbs, CoreGenerators, Disclosed, SecretKey, SecretScalar, Shown, Suite, units};
use zkryptium::bbsplus::ciphersuites::Bls12381Sha256;
use zkryptium::bbsplus::keys::BBSplusSecretKey;
use zkryptium::schemes::algorithms::BBSplus;
use zkryptium::schemes::generics::{PoKSignature, Signature as TheirSignature};

const DISCLOSED: [usize; 3] = [0, 2, 4];

struct System;

impl Rng for System {
    #[expect(clippy::disallowed_methods, reason = "a bench is a product of its own")]
    fn fill(&mut self, destination: &mut [u8]) {
        getrandom::fill(destination).expect("the system has randomness");
    }
}

/// The median and the least time of one of `repeats` operations that `run` does, over `runs` runs, in nanoseconds.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn median_of<T>(runs: usize, repeats: usize, mut run: impl FnMut() -> T) -> [u64; 2] {
    let mut times: Vec<u64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            u64::try_from(start.elapsed().as_nanos() / u128::try_from(repeats).unwrap()).unwrap()
        })
        .collect();
    times.sort_unstable();
    [times[times.len() / 2], times[0]]
}

fn median<T>(runs: usize, run: impl FnMut() -> T) -> [u64; 2] {
    median_of(runs, 1, run)
}

fn print(who: &str, count: usize, operation: &str, [median, least]: [u64; 2]) {
    print_time(&format!("bbs/{operation}/{count}/{who}"), [median, least]);
}

fn print_time(name: &str, [median, least]: [u64; 2]) {
    println!("{}", serde_json::json!({"name": name, "median_ns": median, "least_ns": least}));
}

fn print_bytes(name: &str, bytes: usize) {
    println!("{}", serde_json::json!({"name": name, "bytes": bytes}));
}

fn main() {
    let runs = if std::env::args().any(|argument| argument == "--quick") { 11 } else { 101 };
    for count in [10, 30] {
        ours(count, runs);
        bbs_plus_one(count, runs);
        zkryptium_one(count, runs.min(21));
    }
    unit_operations();
    profile(runs);
}

/// What the floor of a presentation is made of, and what the tables take.
fn unit_operations() {
    let unit = |name: &str, run: fn(usize), count: usize| {
        print_time(&format!("bbs-unit/{name}"), median_of(51, count, || run(count)));
    };
    unit("masked addition", units::masked_additions, 5_000);
    unit("doubling", units::doublings, 500);
    unit("multiplication", units::multiplications, 10);
    unit("hash to the curve", units::hashes_to_curve, 10);
    unit("affine form", units::encodings, 10);
    unit("pairing equation", units::pairings, 100);
    print_bytes("bbs-bytes/tables of a generator", units::TABLE_BYTES);
    print_bytes("bbs-bytes/tables of the largest type", units::MOST_TABLE_BYTES);
}

fn ours(count: usize, runs: usize) {
    let rng = &mut System;
    let messages: Vec<Vec<u8>> = (0..count).map(|n| format!("message {n}").into_bytes()).collect();
    let list: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let key = SecretKey::generate(Suite::Sha256, rng);
    let generators = CoreGenerators::new(Suite::Sha256, count).unwrap();
    print("inro", count, "generators", median(5, || CoreGenerators::new(Suite::Sha256, count).unwrap()));
    let bbs = CoreBbs::new(&generators, key.public_key(), b"header");
    print("inro", count, "sign", median(runs, || bbs.sign(&key, &list).unwrap()));
    let signature = bbs.sign(&key, &list).unwrap();
    print("inro", count, "verify", median(runs, || bbs.verify(&list, &signature).unwrap()));
    print("inro", count, "accept", median(runs, || bbs.accept(&list, &signature).unwrap()));
    let credential = bbs.accept(&list, &signature).unwrap();
    print("inro", count, "make a proof", median(runs, || credential.prove(b"ph", &DISCLOSED, rng).unwrap()));
    let proof = credential.prove(b"ph", &DISCLOSED, rng).unwrap();
    let disclosed = DISCLOSED.map(|index| Disclosed { index, message: &messages[index] });
    let verify = median(runs, || bbs.verify_proof(b"ph", &disclosed, &proof).unwrap());
    print("inro", count, "verify a proof", verify);
    let proofs: Vec<Vec<u8>> = (0..64).map(|_| credential.prove(b"ph", &DISCLOSED, rng).unwrap()).collect();
    let shown: Vec<Shown<'_>> = proofs
        .iter()
        .map(|proof| Shown { presentation_header: b"ph", disclosed: &disclosed, proof })
        .collect();
    let batch = median_of(9, shown.len(), || {
        assert!(bbs.verify_batch(&shown, &mut System).iter().all(Result::is_ok))
    });
    print("inro", count, "verify one of a batch of 64", batch);
}

fn zkryptium_one(count: usize, runs: usize) {
    type Scheme = BBSplus<Bls12381Sha256>;
    let messages: Vec<Vec<u8>> = (0..count).map(|n| format!("message {n}").into_bytes()).collect();
    let key = SecretKey::generate(Suite::Sha256, &mut System);
    let secret = BBSplusSecretKey::from_bytes(&key.to_bytes()[..]).unwrap();
    let public = secret.public_key();
    let sign = || TheirSignature::<Scheme>::sign(Some(&messages), &secret, &public, Some(b"header")).unwrap();
    print("zkryptium 0.8", count, "sign", median(runs, sign));
    let signature = sign().to_bytes();
    let prove = || {
        PoKSignature::<Scheme>::proof_gen(
            &public,
            &signature,
            Some(b"header"),
            Some(b"ph"),
            Some(&messages),
            Some(&DISCLOSED),
        )
        .unwrap()
    };
    print("zkryptium 0.8", count, "make a proof", median(runs, prove));
    let proof = prove();
    let shown: Vec<Vec<u8>> = DISCLOSED.iter().map(|index| messages[*index].clone()).collect();
    let verify = || {
        proof.proof_verify(&public, Some(&shown), Some(&DISCLOSED), Some(b"header"), Some(b"ph")).unwrap();
    };
    print("zkryptium 0.8", count, "verify a proof", median(runs, verify));
}

fn bbs_plus_one(count: usize, runs: usize) {
    let rng = &mut StdRng::seed_from_u64(7);
    let messages: Vec<Fr> = (0..count).map(|_| Fr::rand(rng)).collect();
    let parameters = SignatureParams23G1::<Bls12_381>::generate_using_rng(rng, u32::try_from(count).unwrap());
    let keys = KeypairG2::<Bls12_381>::generate_using_rng_and_bbs23_params(rng, &parameters);
    let mut sign = || Signature23G1::new(rng, &messages, &keys.secret_key, &parameters).unwrap();
    print("bbs_plus 0.25", count, "sign", median(runs, &mut sign));
    let signature = sign();
    let key = PreparedPublicKeyG2::from(keys.public_key.clone());
    let prepared = PreparedSignatureParams23G1::from(parameters.clone());
    let chosen: BTreeSet<usize> = DISCLOSED.into();
    let shown: BTreeMap<usize, Fr> = chosen.iter().map(|index| (*index, messages[*index])).collect();
    let rng = &mut StdRng::seed_from_u64(8);
    // Both of the crate's proofs of a BBS signature; the challenge's hash is left out, to their favour.
    macro_rules! both {
        ($module:ident, $name:literal) => {{
            let challenge = Fr::rand(rng);
            let mut prove = || {
                let list = messages.iter().enumerate().map(|(index, message)| {
                    if chosen.contains(&index) {
                        MessageOrBlinding::RevealMessage(message)
                    } else {
                        MessageOrBlinding::BlindMessageRandomly(message)
                    }
                });
                $module::PoKOfSignature23G1Protocol::init(rng, &signature, &parameters, list)
                    .unwrap()
                    .gen_proof(&challenge)
                    .unwrap()
            };
            print($name, count, "make a proof", median(runs, &mut prove));
            let proof = prove();
            let verify = || proof.verify(&shown, &challenge, key.clone(), prepared.clone()).unwrap();
            print($name, count, "verify a proof", median(runs, verify));
        }};
    }
    both!(proof_23_cdl, "bbs_plus 0.25 (cdl)");
    both!(proof_23_ietf, "bbs_plus 0.25 (ietf)");
}

/// The whole presentation of the profile: eight claims, one disclosed, pseudonym and a range of 22 bits.
fn profile(runs: usize) {
    let rng = &mut System;
    let layout = Layout::new(8).unwrap();
    let parameters = TypeParameters::new(layout).unwrap();
    let key = SecretKey::generate(Suite::Sha256, rng);
    let secret = SecretScalar::generate(rng);
    let occasion = Occasion { issuer: b"https://issuer.example", nonce: b"nonce" };
    let request = median(runs, || parameters.request(&secret, &occasion, rng).unwrap());
    print_time("bbs-profile/request", request);
    let request = parameters.request(&secret, &occasion, rng).unwrap();
    let check = || parameters.check_request(&request.bytes, &occasion).unwrap().pseudonym();
    print_time("bbs-profile/check a request", median(runs, check));
    let checked = parameters.check_request(&request.bytes, &occasion).unwrap();
    let reserved = [*secret.to_bytes(), *request.blind.to_bytes()];
    let mut messages = vec![Message::Octets(b"claim"); 7];
    messages.push(Message::Number(1_779_926_400));
    messages.extend(reserved.iter().map(Message::Scalar));
    let issuer = Issuer::new(&parameters, key.public_key(), b"header");
    print_time("bbs-profile/sign", median(runs, || issuer.sign(&key, &checked, &messages).unwrap()));
    let signature = issuer.sign(&key, &checked, &messages).unwrap();
    let verifier = Verifier::new(&parameters, key.public_key(), b"header");
    let credential = Credential::accept(&verifier, &messages, &request.blind, &secret, &signature).unwrap();
    let disclosure = Disclosure { disclosed: &[0], committed: &[7, layout.secret()] };
    let bounds = Bounds::new(1_779_000_000, 1_779_000_000 + (1 << 22), 22).unwrap();
    let mut present = || {
        let opened = credential.present(b"ph", disclosure, rng).unwrap();
        let nym = opened.prove_pseudonym(b"scope", rng).unwrap();
        let range = opened.prove_range(7, &bounds, rng).unwrap();
        (opened, nym, range)
    };
    let whole = median(runs, &mut present);
    print_time("bbs-profile/present", whole);
    let (opened, (pseudonym, nym), range) = present();
    let claims = [Claim { index: 0, message: messages[0] }];
    let verify = || {
        let presented = verifier.verify(b"ph", &claims, opened.proof()).unwrap();
        let statement = SubProof::Pseudonym { scope: b"scope", pseudonym: &pseudonym };
        presented.check(&statement, &nym).unwrap();
        presented.check(&SubProof::Range { index: 7, bounds }, &range).unwrap();
    };
    print_time("bbs-profile/verify", median(runs, verify));
    let core = median(runs, || credential.present(b"ph", disclosure, rng).unwrap());
    print_time("bbs-profile/core proof with two commitments", core);
    print_time("bbs-profile/inro-nym", median(runs, || opened.prove_pseudonym(b"scope", rng).unwrap()));
    print_time("bbs-profile/sigma-range", median(runs, || opened.prove_range(7, &bounds, rng).unwrap()));
    print_bytes("bbs-bytes/core proof with two commitments", opened.proof().len());
    print_bytes("bbs-bytes/inro-nym", nym.len() + pseudonym.as_bytes().len());
    print_bytes("bbs-bytes/sigma-range", range.len());
}
