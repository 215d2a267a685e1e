//! The third-party vectors of BBS: every file byte for byte, every expected failure, and how many there were.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside the test functions"
)]

mod bbs_support;

use std::path::Path;

use bbs_support::{Mocked, SUITES, files, hex, json, octet_list, octets, slices, unhex, vectors};
use inro_bbs::{
    BbsError, BlindBbs, BlindGenerators, CoreBbs, CoreGenerators, Disclosed, NymBbs, NymGenerators,
    PublicKey, SecretKey, SecretScalar, Signature, Suite,
};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

const SEED: &[u8] = b"3.141592653589793238462643383279";

/// Runs the vectors of one folder for one suite.
type Test = fn(Suite, &Path);

fn main() {
    let arguments = Arguments::from_args();
    let folder = vectors();
    let mut trials = Vec::new();
    for (suite, name) in SUITES {
        let tests: [(&str, Test); 11] = [
            ("core/primitives", core_primitives),
            ("core/signatures", core_signatures),
            ("core/proofs", core_proofs),
            ("blind/generators", blind_generators),
            ("blind/commitments", blind_commitments),
            ("blind/signatures", blind_signatures),
            ("blind/proofs", blind_proofs),
            ("nym/generators", nym_generators),
            ("nym/commitments", nym_commitments),
            ("nym/signatures", nym_signatures),
            ("nym/proofs", nym_proofs),
        ];
        for (title, test) in tests {
            let at = folder.clone().map(|folder| folder.join(title.split('/').next().unwrap()).join(name));
            let ignored = at.is_none();
            let run = move || -> Result<(), Failed> {
                test(suite, &at.expect("ignored where the folder is absent"));
                Ok(())
            };
            trials.push(Trial::test(format!("{title} {name}"), run).with_ignored_flag(ignored));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn api_id(suite: Suite) -> &'static str {
    match suite {
        Suite::Sha256 => "BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_H2G_HM2S_",
        _ => "BBS_BLS12381G1_XOF:SHAKE-256_SSWU_RO_H2G_HM2S_",
    }
}

fn core_primitives(suite: Suite, folder: &Path) {
    let key = json(&folder.join("keypair.json"));
    let secret = SecretKey::derive(suite, &octets(&key["keyMaterial"]), &octets(&key["keyInfo"])).unwrap();
    assert_eq!(hex(&secret.to_bytes()[..]), key["keyPair"]["secretKey"]);
    assert_eq!(hex(secret.public_key().as_bytes()), key["keyPair"]["publicKey"]);

    let scalar = json(&folder.join("h2s.json"));
    let ours = suite.hash_to_scalar(&octets(&scalar["message"]), &octets(&scalar["dst"])).unwrap();
    assert_eq!(hex(ours), scalar["scalar"]);

    let generators = json(&folder.join("generators.json"));
    let ours = CoreGenerators::new(suite, 10).unwrap();
    let listed: Vec<String> = ours.encoded().map(hex).collect();
    assert_eq!(listed[0], generators["Q1"]);
    assert_eq!(Value::from(listed[1..].to_vec()), generators["MsgGenerators"]);

    let maps = json(&folder.join("MapMessageToScalarAsHash.json"));
    let cases = maps["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 10);
    for case in cases {
        assert_eq!(hex(ours.message_scalar(&octets(&case["message"]))), case["scalar"]);
    }

    let mocked = json(&folder.join("mockedRng.json"));
    let mut rng = Mocked::new(suite, &octets(&mocked["seed"]), &octets(&mocked["dst"]), 10);
    for scalar in mocked["mockedScalars"].as_array().unwrap() {
        let rng: &mut dyn inro_base::Rng = &mut rng;
        assert_eq!(hex(inro_bbs_scalar(rng.bytes())), *scalar);
    }
}

/// 48 bytes modulo the group order, by shifting bit after bit.
fn inro_bbs_scalar(bytes: [u8; 48]) -> [u8; 32] {
    const R: [u64; 4] =
        [0xffff_ffff_0000_0001, 0x53bd_a402_fffe_5bfe, 0x3339_d808_09a1_d805, 0x73ed_a753_299d_7d48];
    let mut value = [0_u64; 4];
    for bit in bytes.iter().flat_map(|byte| (0..8).rev().map(move |shift| byte >> shift & 1)) {
        let mut carry = u64::from(bit);
        for limb in &mut value {
            (*limb, carry) = (*limb << 1 | carry, *limb >> 63);
        }
        if value.iter().rev().ge(R.iter().rev()) {
            let mut borrow = false;
            for (limb, r) in value.iter_mut().zip(R) {
                let (first, less) = limb.overflowing_sub(r);
                let (second, still) = first.overflowing_sub(u64::from(borrow));
                (*limb, borrow) = (second, less || still);
            }
        }
    }
    let mut out = [0; 32];
    for (chunk, limb) in out.rchunks_mut(8).zip(value) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    out
}

fn core_signatures(suite: Suite, folder: &Path) {
    let (mut run, mut refused) = (0, 0);
    for (name, vector) in files(&folder.join("signature")) {
        let secret =
            SecretKey::from_bytes(octets(&vector["signerKeyPair"]["secretKey"])[..].try_into().unwrap())
                .unwrap();
        let public = PublicKey::from_bytes(&octets(&vector["signerKeyPair"]["publicKey"])).unwrap();
        let messages = octet_list(&vector["messages"]);
        let generators = CoreGenerators::new(suite, messages.len()).unwrap();
        let bbs = CoreBbs::new(&generators, &public, &octets(&vector["header"]));
        let signature = Signature::from_bytes(&octets(&vector["signature"])).unwrap();
        let verdict = bbs.verify(&slices(&messages), &signature);
        if vector["result"]["valid"].as_bool().unwrap() {
            assert_eq!(verdict, Ok(()), "{name}");
            let ours = bbs.sign(&secret, &slices(&messages)).unwrap();
            assert_eq!(hex(ours.to_bytes()), vector["signature"], "{name}");
        } else {
            assert_eq!(verdict, Err(BbsError::Signature), "{name}");
            refused += 1;
        }
        run += 1;
    }
    assert_eq!((run, refused), (10, 7));
}

fn core_proofs(suite: Suite, folder: &Path) {
    let (mut run, mut refused) = (0, 0);
    for (name, vector) in files(&folder.join("proof")) {
        let public = PublicKey::from_bytes(&octets(&vector["signerPublicKey"])).unwrap();
        let messages = octet_list(&vector["messages"]);
        let indexes: Vec<usize> = serde_json::from_value(vector["disclosedIndexes"].clone()).unwrap();
        let generators = CoreGenerators::new(suite, messages.len()).unwrap();
        let bbs = CoreBbs::new(&generators, &public, &octets(&vector["header"]));
        let disclosed: Vec<Disclosed<'_>> =
            indexes.iter().map(|index| Disclosed { index: *index, message: &messages[*index] }).collect();
        let header = octets(&vector["presentationHeader"]);
        let verdict = bbs.verify_proof(&header, &disclosed, &octets(&vector["proof"]));
        if vector["result"]["valid"].as_bool().unwrap() {
            assert_eq!(verdict, Ok(()), "{name}");
            let signature = Signature::from_bytes(&octets(&vector["signature"])).unwrap();
            let credential = bbs.accept(&slices(&messages), &signature).unwrap();
            let dst = format!("{}MOCK_RANDOM_SCALARS_DST_", api_id(suite));
            let mut rng = Mocked::new(suite, SEED, dst.as_bytes(), 5 + messages.len() - indexes.len());
            let ours = credential.prove(&header, &indexes, &mut rng).unwrap();
            assert_eq!(hex(ours), vector["proof"], "{name}");
        } else {
            assert!(verdict.is_err(), "{name}");
            refused += 1;
        }
        run += 1;
    }
    assert_eq!((run, refused), (15, 10));
}

fn secret_key(vector: &Value) -> SecretKey {
    SecretKey::from_bytes(octets(&vector["signerKeyPair"]["secretKey"])[..].try_into().unwrap()).unwrap()
}

fn scalar(value: &Value) -> Option<SecretScalar> {
    value.as_str().map(|text| SecretScalar::from_bytes(unhex(text)[..].try_into().unwrap()).unwrap())
}

fn scalars(value: &Value) -> Vec<SecretScalar> {
    value.as_array().unwrap().iter().map(|item| scalar(item).unwrap()).collect()
}

/// The mocked randomness of a commitment (`COMMIT`) or a proof (`PROOF`) with `count` scalars.
fn mocked(suite: Suite, part: &str, count: usize) -> Mocked {
    let dst = format!("{}{part}_MOCK_RANDOM_SCALARS_DST_", api_id(suite));
    Mocked::new(suite, SEED, dst.as_bytes(), count)
}

/// A member that maps indexes to messages, in the order of the indexes.
fn revealed(value: &Value) -> Vec<(usize, Vec<u8>)> {
    let Some(members) = value.as_object() else { return Vec::new() };
    let mut list: Vec<(usize, Vec<u8>)> =
        members.iter().map(|(index, message)| (index.parse().unwrap(), octets(message))).collect();
    list.sort();
    list
}

fn disclosed(list: &[(usize, Vec<u8>)]) -> Vec<Disclosed<'_>> {
    list.iter().map(|(index, message)| Disclosed { index: *index, message }).collect()
}

fn indexes(list: &[(usize, Vec<u8>)]) -> Vec<usize> {
    list.iter().map(|(index, _)| *index).collect()
}

/// Compares Q_1, H_1.., Q_2, J_1.. with a file of generators.
fn compare_generators(folder: &Path, ours: Vec<String>) {
    let vector = json(&folder.join("generators.json"));
    let mut listed = Vec::new();
    for part in ["generators", "blindGenerators"] {
        listed.push(vector[part]["Q1"].clone());
        listed.extend(vector[part]["MsgGenerators"].as_array().unwrap().iter().cloned());
    }
    assert_eq!(listed, ours);
}

fn blind_generators(suite: Suite, folder: &Path) {
    let ours = BlindGenerators::new(suite, 10, 5).unwrap();
    compare_generators(folder, ours.encoded().map(hex).collect());
}

fn nym_generators(suite: Suite, folder: &Path) {
    let ours = NymGenerators::new(suite, 10, 5, 1).unwrap();
    compare_generators(folder, ours.encoded().map(hex).collect());
}

fn blind_commitments(suite: Suite, folder: &Path) {
    let mut run = 0;
    for (name, vector) in files(&folder.join("commit")) {
        let committed = octet_list(&vector["committedMessages"]);
        let generators = BlindGenerators::new(suite, 0, committed.len()).unwrap();
        let mut rng = mocked(suite, "COMMIT", committed.len() + 2);
        let (bytes, blind) = generators.commit(&slices(&committed), &mut rng).unwrap();
        assert_eq!(hex(bytes), vector["commitmentWithProof"], "{name}");
        assert_eq!(hex(&blind.to_bytes()[..]), vector["proverBlind"], "{name}");
        run += 1;
    }
    assert_eq!(run, 2);
}

fn blind_signatures(suite: Suite, folder: &Path) {
    let mut run = 0;
    for (name, vector) in files(&folder.join("signature")) {
        let secret = secret_key(&vector);
        let (messages, committed) =
            (octet_list(&vector["messages"]), octet_list(&vector["committedMessages"]));
        let generators = BlindGenerators::new(suite, messages.len(), committed.len()).unwrap();
        let bbs = BlindBbs::new(&generators, secret.public_key(), &octets(&vector["header"]));
        let commitment = vector["commitmentWithProof"].as_str().map(unhex);
        let signature = bbs.sign(&secret, commitment.as_deref(), &slices(&messages)).unwrap();
        assert_eq!(hex(signature.to_bytes()), vector["signature"], "{name}");
        let blind = scalar(&vector["proverBlind"]);
        bbs.accept(&slices(&messages), &slices(&committed), blind.as_ref(), &signature).unwrap();
        run += 1;
    }
    assert_eq!(run, 5);
}

fn blind_proofs(suite: Suite, folder: &Path) {
    let all = json(&folder.join("../messages.json"));
    let messages = octet_list(&all["messages"]);
    let mut run = 0;
    for (name, vector) in files(&folder.join("proof")) {
        let public = PublicKey::from_bytes(&octets(&vector["signerPublicKey"])).unwrap();
        let blind = scalar(&vector["proverBlind"]);
        let committed = if blind.is_some() { octet_list(&all["committedMessages"]) } else { Vec::new() };
        let generators = BlindGenerators::new(suite, messages.len(), committed.len()).unwrap();
        let bbs = BlindBbs::new(&generators, &public, &octets(&vector["header"]));
        let signature = Signature::from_bytes(&octets(&vector["signature"])).unwrap();
        let credential =
            bbs.accept(&slices(&messages), &slices(&committed), blind.as_ref(), &signature).unwrap();
        let (own, others) =
            (revealed(&vector["revealedMessages"]), revealed(&vector["revealedCommittedMessages"]));
        let hidden = messages.len() + 1 + committed.len() - own.len() - others.len();
        assert_eq!(vector["mockRngParameters"]["proof"]["count"], 5 + hidden, "{name}");
        let header = octets(&vector["presentationHeader"]);
        let mut rng = mocked(suite, "PROOF", 5 + hidden);
        let proof = credential.prove(&header, &indexes(&own), &indexes(&others), &mut rng).unwrap();
        assert_eq!(hex(&proof), vector["proof"], "{name}");
        bbs.verify_proof(&header, &disclosed(&own), &disclosed(&others), &proof).unwrap();
        run += 1;
    }
    assert_eq!(run, 8);
}

fn nym_commitments(suite: Suite, folder: &Path) {
    let mut run = 0;
    for (name, vector) in files(&folder.join("nymCommit")) {
        let (committed, nyms) = (octet_list(&vector["committedMessages"]), scalars(&vector["proverNyms"]));
        let generators = NymGenerators::new(suite, 0, committed.len(), nyms.len()).unwrap();
        let mut rng = mocked(suite, "COMMIT", committed.len() + nyms.len() + 2);
        let (bytes, blind) = generators.commit(&slices(&committed), &nyms, &mut rng).unwrap();
        assert_eq!(hex(bytes), vector["commitmentWithProof"], "{name}");
        assert_eq!(hex(&blind.to_bytes()[..]), vector["proverBlind"], "{name}");
        run += 1;
    }
    assert_eq!(run, 4);
}

fn nym_signatures(suite: Suite, folder: &Path) {
    let mut run = 0;
    for (name, vector) in files(&folder.join("nymSignature")) {
        let secret = secret_key(&vector);
        let (messages, committed) =
            (octet_list(&vector["messages"]), octet_list(&vector["committedMessages"]));
        let nyms = scalars(&vector["proverNyms"]);
        let generators = NymGenerators::new(suite, messages.len(), committed.len(), nyms.len()).unwrap();
        let bbs = NymBbs::new(&generators, secret.public_key(), &octets(&vector["header"]));
        let entropy = scalar(&vector["signer_nym_entropy"]).unwrap();
        let commitment = octets(&vector["commitmentWithProof"]);
        let signature = bbs.sign(&secret, &commitment, &entropy, &slices(&messages)).unwrap();
        assert_eq!(hex(signature.to_bytes()), vector["signature"], "{name}");
        let blind = scalar(&vector["proverBlind"]).unwrap();
        bbs.accept(&slices(&messages), &slices(&committed), &nyms, &entropy, &blind, &signature).unwrap();
        run += 1;
    }
    assert_eq!(run, 6);
}

fn nym_proofs(suite: Suite, folder: &Path) {
    let mut run = 0;
    for (name, vector) in files(&folder.join("nymProof")) {
        let public = PublicKey::from_bytes(&octets(&vector["signerPublicKey"])).unwrap();
        let (messages, committed) =
            (octet_list(&vector["messages"]), octet_list(&vector["committedMessages"]));
        let nyms = scalars(&vector["proverNyms"]);
        let generators = NymGenerators::new(suite, messages.len(), committed.len(), nyms.len()).unwrap();
        let bbs = NymBbs::new(&generators, &public, &octets(&vector["header"]));
        let entropy = scalar(&vector["signer_nym_entropy"]).unwrap();
        let blind = scalar(&vector["proverBlind"]).unwrap();
        let signature = Signature::from_bytes(&octets(&vector["signature"])).unwrap();
        let credential =
            bbs.accept(&slices(&messages), &slices(&committed), &nyms, &entropy, &blind, &signature).unwrap();
        let (own, others) =
            (revealed(&vector["revealedMessages"]), revealed(&vector["revealedCommittedMessages"]));
        let hidden = messages.len() + 1 + committed.len() + nyms.len() - own.len() - others.len();
        let header = octets(&vector["presentationHeader"]);
        let place = octets(&vector["context_id"]);
        let mut rng = mocked(suite, "PROOF", 5 + hidden);
        let (proof, pseudonym) =
            credential.prove(&header, &place, &indexes(&own), &indexes(&others), &mut rng).unwrap();
        assert_eq!(hex(pseudonym.as_bytes()), vector["pseudonym"], "{name}");
        assert_eq!(hex(&proof), vector["proof"], "{name}");
        bbs.verify_proof(&header, &place, &pseudonym, &disclosed(&own), &disclosed(&others), &proof).unwrap();
        run += 1;
    }
    assert_eq!(run, 11);
}
