//! The Concat KDF of NIST SP 800-56A as JOSE uses it. Source: RFC 7518 §4.6.2.

use inro_base::Secret;
use inro_crypto::Provider;

use crate::jwe::ContentEncryption;
use crate::jwe::content::ContentKey;

/// The content encryption key that `shared` gives for `enc`, with both parties' information.
pub(super) fn derive(
    shared: &Secret<[u8; 32]>,
    enc: ContentEncryption,
    apu: &[u8],
    apv: &[u8],
    provider: &dyn Provider,
) -> ContentKey {
    // One round of SHA-256 gives 256 bits, which is the most that is needed.
    let mut input = Vec::new();
    input.extend_from_slice(&1_u32.to_be_bytes());
    input.extend_from_slice(shared.expose());
    for field in [enc.name().as_bytes(), apu, apv] {
        let length = u32::try_from(field.len()).expect("a header's field is far below 4 GiB");
        input.extend_from_slice(&length.to_be_bytes());
        input.extend_from_slice(field);
    }
    input.extend_from_slice(&enc.key_bits().to_be_bytes());
    let input = Secret::new(input);
    let derived = Secret::new(provider.sha256(input.expose()));
    match enc {
        ContentEncryption::A128Gcm => {
            let half = derived.expose().first_chunk::<16>().expect("32 bytes have 16 first ones");
            ContentKey::A128Gcm(Secret::new(*half))
        }
        ContentEncryption::A256Gcm => ContentKey::A256Gcm(derived),
    }
}

#[cfg(test)]
mod tests {
    use inro_base::base64url;
    use inro_crypto::RustCrypto;
    use serde_json::json;

    use super::*;
    use crate::Jwk;
    use crate::jwe::AgreementKey;

    /// Source: RFC 7518 appendix C, with both parties' private keys.
    #[test]
    fn derives_the_key_of_rfc_7518_appendix_c() {
        let secret = |d| AgreementKey::from_secret_bytes(&base64url::decode_array(d).unwrap()).unwrap();
        let alice = secret("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo");
        let bob = secret("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw");
        let alice_public = json!({
            "kty": "EC", "crv": "P-256",
            "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
            "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
        });
        assert_eq!(Jwk::parse(&alice_public).unwrap().key, *alice.public_key());
        for (own, peer) in [(&alice, &bob), (&bob, &alice)] {
            let shared = own.agree(peer.public_key(), &RustCrypto).unwrap();
            let key = derive(&shared, ContentEncryption::A128Gcm, b"Alice", b"Bob", &RustCrypto);
            let ContentKey::A128Gcm(key) = key else { panic!("another length") };
            assert_eq!(base64url::encode(key.expose()), "VqqN6vgjbSBcIijNcacQGg");
        }
    }
}
