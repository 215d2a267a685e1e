//! Runs one operation with its secrets marked, for valgrind to watch. `tests/constant_time.rs` runs all of them.

#[cfg(not(inro_ct))]
fn main() {
    eprintln!("build this with RUSTFLAGS=\"--cfg inro_ct\"");
    std::process::exit(2);
}

#[cfg(inro_ct)]
fn main() {
    let case = std::env::args().nth(1).unwrap_or_default();
    cases::run(&case);
}

#[cfg(inro_ct)]
mod cases {
    use std::hint::black_box;

    use inro_base::Rng;
    use inro_bbs::inro1::{
        Bounds, Commitment, Credential, Disclosure, Issuer, Layout, Message, Occasion, TypeParameters,
        Verifier,
    };
    use inro_bbs::{
        BlindBbs, BlindGenerators, CoreBbs, CoreGenerators, NymBbs, NymGenerators, SecretKey, SecretScalar,
        Suite, mark_public, mark_secret,
    };

    const OCCASION: Occasion<'_> = Occasion { issuer: b"issuer", nonce: b"nonce" };
    const MESSAGES: [&[u8]; 3] = [b"zero", b"one", b"two"];

    /// A fixed stream whose bytes are secret when `secret` is true.
    struct Stream {
        state: u64,
        secret: bool,
    }

    impl Rng for Stream {
        fn fill(&mut self, destination: &mut [u8]) {
            for byte in &mut *destination {
                self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *byte = self.state.to_be_bytes()[0];
            }
            if self.secret {
                mark_secret(destination);
            }
        }
    }

    pub(super) fn run(case: &str) {
        let plain = &mut Stream { state: 1, secret: false };
        let secret = &mut Stream { state: 2, secret: true };
        match case {
            "key" => drop(SecretKey::generate(Suite::Sha256, secret)),
            "core" => core(plain, secret),
            "blind" => blind(plain, secret),
            "nym" => nym(plain, secret),
            "profile" => profile(plain, secret),
            "control-branch" => branch(secret),
            "control-index" => index(secret),
            _ => std::process::exit(2),
        }
    }

    /// The messages with their bytes marked.
    fn marked() -> Vec<Vec<u8>> {
        let list: Vec<Vec<u8>> = MESSAGES.iter().map(|message| message.to_vec()).collect();
        list.iter().for_each(|message| mark_secret(&message[..]));
        list
    }

    fn core(plain: &mut Stream, secret: &mut Stream) {
        let key = SecretKey::generate(Suite::Sha256, secret);
        let bbs = CoreBbs::new(&CoreGenerators::new(Suite::Sha256, 3).unwrap(), key.public_key(), b"header");
        let list = marked();
        let slices: Vec<&[u8]> = list.iter().map(Vec::as_slice).collect();
        bbs.sign(&key, &slices).unwrap();
        let key = SecretKey::generate(Suite::Sha256, plain);
        let bbs = CoreBbs::new(&CoreGenerators::new(Suite::Sha256, 3).unwrap(), key.public_key(), b"header");
        let credential = bbs.accept(&MESSAGES, &bbs.sign(&key, &MESSAGES).unwrap()).unwrap();
        credential.mark_secret();
        credential.prove(b"ph", &[1], secret).unwrap();
    }

    fn blind(plain: &mut Stream, secret: &mut Stream) {
        let generators = BlindGenerators::new(Suite::Sha256, 3, 3).unwrap();
        let list = marked();
        let slices: Vec<&[u8]> = list.iter().map(Vec::as_slice).collect();
        generators.commit(&slices, secret).unwrap();
        let (commitment, _) = generators.commit(&MESSAGES, plain).unwrap();
        let key = SecretKey::generate(Suite::Sha256, secret);
        let bbs = BlindBbs::new(&generators, key.public_key(), b"header");
        bbs.sign(&key, Some(&commitment), &slices).unwrap();
    }

    fn nym(plain: &mut Stream, secret: &mut Stream) {
        let generators = NymGenerators::new(Suite::Sha256, 3, 0, 1).unwrap();
        let nyms = [SecretScalar::generate(secret)];
        generators.commit(&[], &nyms, secret).unwrap();
        let nyms = [SecretScalar::generate(plain)];
        let entropy = SecretScalar::generate(plain);
        let (commitment, blind) = generators.commit(&[], &nyms, plain).unwrap();
        let key = SecretKey::generate(Suite::Sha256, plain);
        let bbs = NymBbs::new(&generators, key.public_key(), b"header");
        let signature = bbs.sign(&key, &commitment, &entropy, &MESSAGES).unwrap();
        let credential = bbs.accept(&MESSAGES, &[], &nyms, &entropy, &blind, &signature).unwrap();
        credential.mark_secret();
        credential.prove(b"ph", b"context", &[0], &[], secret).unwrap();
    }

    fn profile(plain: &mut Stream, secret: &mut Stream) {
        let layout = Layout::new(3).unwrap();
        let parameters = TypeParameters::new(layout).unwrap();
        parameters.request(&SecretScalar::generate(secret), &OCCASION, secret).unwrap();
        let holder = SecretScalar::generate(plain);
        let request = parameters.request(&holder, &OCCASION, plain).unwrap();
        let checked = parameters.check_request(&request.bytes, &OCCASION).unwrap();
        let reserved = [*holder.to_bytes(), *request.blind.to_bytes()];
        let messages = [
            Message::Octets(b"zero"),
            Message::Octets(b"one"),
            Message::Number(1_000),
            Message::Scalar(&reserved[0]),
            Message::Scalar(&reserved[1]),
        ];
        let key = SecretKey::generate(Suite::Sha256, secret);
        Issuer::new(&parameters, key.public_key(), b"header").sign(&key, &checked, &messages).unwrap();
        let key = SecretKey::generate(Suite::Sha256, plain);
        let signature =
            Issuer::new(&parameters, key.public_key(), b"header").sign(&key, &checked, &messages).unwrap();
        let verifier = Verifier::new(&parameters, key.public_key(), b"header");
        let credential =
            Credential::accept(&verifier, &messages, &request.blind, &holder, &signature).unwrap();
        credential.mark_secret();
        let disclosure = Disclosure { disclosed: &[0], committed: &[2, layout.secret()] };
        let opened = credential.present(b"ph", disclosure, secret).unwrap();
        opened.prove_pseudonym(b"scope", secret).unwrap();
        opened.prove_range(2, &Bounds::new(900, 1_100, 22).unwrap(), secret).unwrap();
        let other = Commitment::new(&parameters, &holder, &request.blind);
        opened.prove_equality(layout.secret(), &other, &SecretScalar::generate(secret), secret).unwrap();
    }

    /// A branch on a secret, which valgrind must find.
    fn branch(secret: &mut Stream) {
        let secret: &mut dyn Rng = secret;
        let bytes = SecretScalar::generate(secret).to_bytes();
        if black_box(bytes[0]) > 99 {
            println!("above");
        }
    }

    /// A table index that is a secret, which valgrind must find.
    fn index(secret: &mut Stream) {
        let secret: &mut dyn Rng = secret;
        let bytes = SecretScalar::generate(secret).to_bytes();
        let table = black_box([7_u8; 256]);
        let mut found = table[usize::from(black_box(bytes[0]))];
        mark_public(&mut found);
        black_box(found);
    }
}
