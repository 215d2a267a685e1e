use inro_base::json::JsonError;
use inro_base::{Code, Coded};
use inro_crypto::CryptoError;

/// Why a JWE was not made or not opened. Tells nothing of keys or contents.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JweError {
    /// Not five base64url parts with a JSON header. `part` counts from 0.
    #[error("malformed part {part} of an encrypted message")]
    Malformed {
        /// 0 header, 1 encrypted key, 2 initialization vector, 3 ciphertext, 4 tag.
        part: usize,
    },
    /// The header is no JSON that we read.
    #[error("JSON in the header of an encrypted message: {0}")]
    Json(#[from] JsonError),
    /// The message is longer than its reader allows. In bytes of text.
    #[error("an encrypted message of {length} bytes where {limit} are allowed")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// `alg` of the message or of the recipient's key is not ECDH-ES.
    #[error("a key agreement other than ECDH-ES")]
    Algorithm,
    /// `enc` is unknown, or was not offered.
    #[error("a content encryption that was not offered")]
    ContentEncryption,
    /// `kid` is missing or names another key.
    #[error("a message for another key")]
    KeyId,
    /// `crit` names an extension, or `zip` asks for compression; we understand neither.
    #[error("compression or a critical extension")]
    Extension,
    /// `epk` is missing or no public P-256 key.
    #[error("the ephemeral key is not a public P-256 key")]
    EphemeralKey,
    /// Direct key agreement has no encrypted key, and this message has one.
    #[error("an encrypted key where there must be none")]
    EncryptedKey,
    /// The initialization vector is not 12 bytes or the tag not 16.
    #[error("wrong length of initialization vector or tag")]
    Length,
    /// The message was altered, or made for another key.
    #[error("an encrypted message that does not open")]
    Sealed,
    /// A private key's use failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl Coded for JweError {
    fn code(&self) -> Code {
        match self {
            Self::Malformed { .. } => const { Code::new("INRO-JOSE-020") },
            Self::Json(error) => error.code(),
            Self::Algorithm => const { Code::new("INRO-JOSE-021") },
            Self::ContentEncryption => const { Code::new("INRO-JOSE-022") },
            Self::KeyId => const { Code::new("INRO-JOSE-023") },
            Self::Extension => const { Code::new("INRO-JOSE-024") },
            Self::EphemeralKey => const { Code::new("INRO-JOSE-025") },
            Self::EncryptedKey => const { Code::new("INRO-JOSE-026") },
            Self::Length => const { Code::new("INRO-JOSE-027") },
            Self::Sealed => const { Code::new("INRO-JOSE-028") },
            Self::TooLong { .. } => const { Code::new("INRO-JOSE-029") },
            Self::Crypto(error) => error.code(),
        }
    }
}
