//! Every public function that a product would link.

use inro_base::Rng;
use inro_bbs::inro1::{
    Bounds, Claim, Commitment, Credential, Disclosure, Issuer, Layout, Message, Occasion, SubProof,
    TypeParameters, Verifier,
};
use inro_bbs::{
    BbsError, BlindBbs, BlindGenerators, CoreBbs, CoreGenerators, NymBbs, NymGenerators, PublicKey,
    SecretKey, SecretScalar, Signature, Suite,
};

pub(crate) fn profile(count: usize, rng: &mut dyn Rng) -> Result<(), BbsError> {
    let octets = vec![1; count];
    let key = SecretKey::generate(Suite::Sha256, rng);
    let layout = Layout::new(count)?;
    let parameters = TypeParameters::new(layout)?;
    let secret = SecretScalar::generate(rng);
    let occasion = Occasion { issuer: &octets, nonce: &octets };
    let request = parameters.request(&secret, &occasion, rng)?;
    let checked = parameters.check_request(&request.bytes, &occasion)?;
    let messages = vec![Message::Octets(&octets); layout.payloads()];
    let signature = Issuer::new(&parameters, key.public_key(), &octets).sign(&key, &checked, &messages)?;
    let signature = Signature::from_bytes(&signature.to_bytes())?;
    let verifier = Verifier::new(&parameters, &PublicKey::from_bytes(key.public_key().as_bytes())?, &octets);
    let credential = Credential::accept(&verifier, &messages, &request.blind, &secret, &signature)?;
    let disclosure = Disclosure { disclosed: &[0], committed: &[1, layout.secret()] };
    let opened = credential.present(&octets, disclosure, rng)?;
    let claims = [Claim { index: 0, message: Message::Octets(&octets) }];
    let presented = verifier.verify(&octets, &claims, opened.proof())?;
    let (pseudonym, proof) = opened.prove_pseudonym(&octets, rng)?;
    presented.check(&SubProof::Pseudonym { scope: &octets, pseudonym: &pseudonym }, &proof)?;
    let bounds = Bounds::new(1, 9, 22)?;
    let proof = opened.prove_range(1, &bounds, rng)?;
    presented.check(&SubProof::Range { index: 1, bounds }, &proof)?;
    let other = Commitment::new(&parameters, &secret, &request.blind);
    let proof = opened.prove_equality(layout.secret(), &other, &request.blind, rng)?;
    let other = Commitment::from_bytes(&other.to_bytes())?;
    presented.check(&SubProof::Equality { index: layout.secret(), other }, &proof)
}

pub(crate) fn drafts(count: usize, rng: &mut dyn Rng) -> Result<(), BbsError> {
    let octets = vec![1; count];
    let messages = vec![&octets[..]; count];
    let key = SecretKey::derive(Suite::Shake256, &octets, &octets)?;
    let core = CoreBbs::new(&CoreGenerators::new(Suite::Shake256, count)?, key.public_key(), &octets);
    let signature = core.sign(&key, &messages)?;
    core.verify(&messages, &signature)?;
    let proof = core.accept(&messages, &signature)?.prove(&octets, &[0], rng)?;
    core.verify_proof(&octets, &[], &proof)?;
    let generators = BlindGenerators::new(Suite::Sha256, count, 1)?;
    let blind = BlindBbs::new(&generators, key.public_key(), &octets);
    let (commitment, factor) = generators.commit(&[&octets], rng)?;
    let signature = blind.sign(&key, Some(&commitment), &messages)?;
    let credential = blind.accept(&messages, &[&octets], Some(&factor), &signature)?;
    blind.verify_proof(&octets, &[], &[], &credential.prove(&octets, &[], &[], rng)?)?;
    let generators = NymGenerators::new(Suite::Sha256, count, 0, 1)?;
    let nym = NymBbs::new(&generators, key.public_key(), &octets);
    let (nyms, entropy) = ([SecretScalar::generate(rng)], SecretScalar::generate(rng));
    let (commitment, factor) = generators.commit(&[], &nyms, rng)?;
    let signature = nym.sign(&key, &commitment, &entropy, &messages)?;
    let credential = nym.accept(&messages, &[], &nyms, &entropy, &factor, &signature)?;
    let (proof, pseudonym) = credential.prove(&octets, &octets, &[], &[], rng)?;
    nym.verify_proof(&octets, &octets, &pseudonym, &[], &[], &proof)
}
