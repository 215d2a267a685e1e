use std::fmt;

use inro_crypto::{Provider, PublicKey, Signature};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

/// ECDSA over P-256 with SHA-256, by our own provider. Source: RFC 5758 §3.2.
pub(crate) struct EcdsaP256Sha256<'a>(pub(crate) &'a dyn Provider);

impl SignatureVerificationAlgorithm for EcdsaP256Sha256<'_> {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = PublicKey::from_sec1(public_key).map_err(|_| InvalidSignature)?;
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        self.0.verify_es256(&key, message, &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA256
    }
}

impl fmt::Debug for EcdsaP256Sha256<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EcdsaP256Sha256")
    }
}
