use inro_base::{Code, Coded};

/// Why a cryptographic operation was refused. Tells nothing of keys or messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The bytes are no point of P-256, or are the point at infinity.
    #[error("not a public P-256 key")]
    PublicKey,
    /// The signature is malformed or does not fit key and message.
    #[error("wrong signature")]
    Signature,
    /// A private key could not be read or used.
    #[error("unusable private key")]
    PrivateKey,
    /// Authenticated decryption failed, or the lengths are impossible.
    #[error("sealed data does not open")]
    Sealed,
}

impl Coded for CryptoError {
    fn code(&self) -> Code {
        match self {
            Self::PublicKey => const { Code::new("INRO-CRYPTO-001") },
            Self::Signature => const { Code::new("INRO-CRYPTO-002") },
            Self::PrivateKey => const { Code::new("INRO-CRYPTO-003") },
            Self::Sealed => const { Code::new("INRO-CRYPTO-004") },
        }
    }
}
