//! josekit and our JWE: what one encrypts, the other opens, with both content encryptions.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside the test functions")]

use inro_base::{Rng, base64url};
use inro_crypto::{Provider, RustCrypto};
use inro_crypto_aws::AwsLc;
use inro_jose::Jwk;
use inro_jose::jwe::{
    AgreementKey, ContentEncryption, DecryptionKey, PartyInfo, Recipient, UnverifiedJwe, encrypt,
};
use josekit::jwe::{ECDH_ES, JweHeader, deserialize_compact, serialize_compact};
use proptest::prelude::*;
use serde_json::{Map, Value};

const PROVIDERS: [&dyn Provider; 2] = [&RustCrypto, &AwsLc];
const KID: &str = "request-1";
const MAX: usize = 64 * 1024;

/// The published key as a peer reads it from `client_metadata`.
fn public(key: &DecryptionKey) -> josekit::jwk::Jwk {
    let Value::Object(members) = key.to_jwk().to_value() else { unreachable!("a JWK is an object") };
    josekit::jwk::Jwk::from_map(members).unwrap()
}

fn private(key: &DecryptionKey) -> josekit::jwk::Jwk {
    let mut jwk = public(key);
    let d = base64url::encode(key.key.secret_bytes().expose());
    jwk.set_parameter("d", Some(Value::String(d))).unwrap();
    jwk
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn both_directions(
        seed in any::<[u8; 32]>(),
        plaintext in prop::collection::vec(any::<u8>(), 0..2000),
        apu in prop::collection::vec(any::<u8>(), 0..40),
        apv in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut rng = Replay(seed, 0);
        let key = DecryptionKey { key: AgreementKey::generate(&mut rng), kid: Some(KID.into()) };
        for enc in ContentEncryption::ALL {
            for provider in PROVIDERS {
                let jwk: Jwk = key.to_jwk();
                let party = PartyInfo { apu: &apu, apv: &apv };
                let ours = encrypt(&plaintext, &Recipient { jwk: &jwk, enc }, party, &mut rng, provider);
                let decrypter = ECDH_ES.decrypter_from_jwk(&private(&key)).unwrap();
                let (opened, header) = deserialize_compact(&ours.unwrap(), &decrypter).unwrap();
                prop_assert_eq!(&opened, &plaintext);
                prop_assert_eq!(header.key_id(), Some(KID));
                prop_assert_eq!(header.content_encryption(), Some(enc.name()));

                let encrypter = ECDH_ES.encrypter_from_jwk(&public(&key)).unwrap();
                let mut header = JweHeader::from_map(Map::new()).unwrap();
                header.set_content_encryption(enc.name());
                header.set_key_id(KID);
                header.set_agreement_partyuinfo(&apu);
                header.set_agreement_partyvinfo(&apv);
                let theirs = serialize_compact(&plaintext, &header, &encrypter).unwrap();
                let opened = UnverifiedJwe::parse(&theirs, MAX).unwrap().decrypt(&key, &[enc], provider);
                prop_assert_eq!(opened, Ok(plaintext.clone()));
            }
        }
    }
}

/// Bytes that look random and can be had again.
struct Replay([u8; 32], u64);

impl Rng for Replay {
    fn fill(&mut self, destination: &mut [u8]) {
        for chunk in destination.chunks_mut(32) {
            self.1 += 1;
            let block = RustCrypto.sha256(&[&self.0[..], &self.1.to_be_bytes()].concat());
            chunk.copy_from_slice(block.get(..chunk.len()).unwrap());
        }
    }
}
