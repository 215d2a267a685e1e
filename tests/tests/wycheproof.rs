//! Project Wycheproof's hostile vectors, run through both providers of `inro-crypto`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside the test functions"
)]

use inro_crypto::{CryptoError, Provider, PublicKey, RustCrypto, Signature};
use inro_crypto_aws::AwsLc;
use wycheproof::TestResult::Valid;
use wycheproof::{aead, ecdh, ecdsa, hkdf};

const PROVIDERS: [(&str, &dyn Provider); 2] = [("rust-crypto", &RustCrypto), ("aws-lc", &AwsLc)];

/// Runs every ECDSA vector of `name`, with signatures in the form that `read` takes.
fn ecdsa_agrees(
    name: ecdsa::TestName,
    expected: usize,
    read: impl Fn(&[u8]) -> Result<Signature, CryptoError>,
) {
    let set = ecdsa::TestSet::load(name).unwrap();
    let mut run = 0;
    for group in set.test_groups {
        let key = PublicKey::from_sec1(&group.key.key).unwrap();
        for test in group.tests {
            for (provider_name, provider) in PROVIDERS {
                let accepted =
                    read(&test.sig).and_then(|sig| provider.verify_es256(&key, &test.msg, &sig)).is_ok();
                assert_eq!(
                    accepted,
                    test.result == Valid,
                    "{provider_name} {}: {}",
                    test.tc_id,
                    test.comment
                );
            }
            run += 1;
        }
    }
    assert_eq!(run, expected);
}

#[test]
fn ecdsa_p256_signatures_as_jose_carries_them() {
    ecdsa_agrees(ecdsa::TestName::EcdsaSecp256r1Sha256P1363, ECDSA_RAW, Signature::from_bytes);
}

#[test]
fn ecdsa_p256_signatures_in_der() {
    ecdsa_agrees(ecdsa::TestName::EcdsaSecp256r1Sha256, ECDSA_DER, Signature::from_der);
}

#[test]
fn ecdh_p256() {
    let set = ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1Ecpoint).unwrap();
    let mut run = 0;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let private = scalar(&test.private_key);
        for (name, provider) in PROVIDERS {
            let shared =
                PublicKey::from_sec1(&test.public_key).and_then(|peer| provider.ecdh_p256(&private, &peer));
            if test.result.must_fail() {
                assert!(shared.is_err(), "{name} {}: {}", test.tc_id, test.comment);
            } else if let Ok(shared) = shared {
                assert_eq!(shared[..], test.shared_secret[..], "{name} {}", test.tc_id);
            } else {
                // Compressed points are "acceptable": a refusal is allowed, but ours reads them.
                panic!("{name} {}: {}", test.tc_id, test.comment);
            }
        }
        run += 1;
    }
    assert_eq!(run, ECDH);
}

#[test]
fn aes_256_gcm() {
    gcm_agrees::<32>(
        |provider, key, nonce, aad, sealed| provider.aes256_gcm_open(key, nonce, aad, sealed),
        |provider, key, nonce, aad, plain| provider.aes256_gcm_seal(key, nonce, aad, plain),
        AES_256_GCM,
    );
}

#[test]
fn aes_128_gcm() {
    gcm_agrees::<16>(
        |provider, key, nonce, aad, sealed| provider.aes128_gcm_open(key, nonce, aad, sealed),
        |provider, key, nonce, aad, plain| provider.aes128_gcm_seal(key, nonce, aad, plain),
        AES_128_GCM,
    );
}

type Gcm<const N: usize> =
    fn(&dyn Provider, &[u8; N], &[u8; 12], &[u8], &[u8]) -> Result<Vec<u8>, CryptoError>;

/// Runs every vector with a key of `N` bytes.
fn gcm_agrees<const N: usize>(open: Gcm<N>, seal: Gcm<N>, expected: usize) {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let ours = set
        .test_groups
        .into_iter()
        .filter(|g| g.key_size == N * 8 && g.nonce_size == 96 && g.tag_size == 128);
    let mut run = 0;
    for test in ours.flat_map(|group| group.tests) {
        let key: [u8; N] = test.key[..].try_into().unwrap();
        let nonce: [u8; 12] = test.nonce[..].try_into().unwrap();
        let sealed = [&test.ct[..], &test.tag[..]].concat();
        for (name, provider) in PROVIDERS {
            let opened = open(provider, &key, &nonce, &test.aad, &sealed);
            if test.result == Valid {
                assert_eq!(opened.as_deref(), Ok(&test.pt[..]), "{name} {}", test.tc_id);
                let again = seal(provider, &key, &nonce, &test.aad, &test.pt).unwrap();
                assert_eq!(again, sealed, "{name} {}", test.tc_id);
            } else {
                assert_eq!(opened, Err(CryptoError::Sealed), "{name} {}: {}", test.tc_id, test.comment);
            }
        }
        run += 1;
    }
    assert_eq!(run, expected);
}

#[test]
fn hkdf_sha256() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    let mut run = 0;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        for (name, provider) in PROVIDERS {
            let mut okm = vec![0; test.size];
            let result = provider.hkdf_sha256(&test.ikm, &test.salt, &test.info, &mut okm);
            assert_eq!(result.is_ok(), test.result == Valid, "{name} {}: {}", test.tc_id, test.comment);
            if result.is_ok() {
                assert_eq!(okm[..], test.okm[..], "{name} {}", test.tc_id);
            }
        }
        run += 1;
    }
    assert_eq!(run, HKDF);
}

#[test]
fn both_providers_hash_alike() {
    for length in [0, 1, 55, 56, 63, 64, 65, 1000] {
        let message = vec![0xa5; length];
        assert_eq!(RustCrypto.sha256(&message), AwsLc.sha256(&message));
        assert_eq!(RustCrypto.hmac_sha256(&message, b"x"), AwsLc.hmac_sha256(&message, b"x"));
    }
}

/// A private key is given as a big-endian integer with or without leading zeros.
fn scalar(bytes: &[u8]) -> [u8; 32] {
    let significant: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    let mut scalar = [0; 32];
    scalar[32 - significant.len()..].copy_from_slice(&significant);
    scalar
}

// The counts of wycheproof 0.7.0, so that an emptied file cannot pass.
const ECDSA_RAW: usize = 262;
const ECDSA_DER: usize = 484;
const ECDH: usize = 355;
const AES_256_GCM: usize = 66;
const AES_128_GCM: usize = 67;
const HKDF: usize = 86;
