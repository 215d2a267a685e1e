use inro_base::json::JsonError;
use inro_base::{Code, Coded};
use inro_crypto::CryptoError;

/// Why a JWS or JWK was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JoseError {
    /// Not three base64url parts with a JSON header and payload. `part` counts from 0.
    #[error("malformed part {part} of a signed message")]
    Malformed {
        /// 0 header, 1 payload, 2 signature.
        part: usize,
    },
    /// The header or payload is no JSON that we read.
    #[error("JSON in part {part}: {source}")]
    Json {
        /// 0 header, 1 payload.
        part: usize,
        /// What is wrong with it.
        source: JsonError,
    },
    /// `alg` is not ES256.
    #[error("an algorithm other than ES256")]
    Algorithm,
    /// `typ` is not what the reader expects.
    #[error("a message of another type")]
    Type,
    /// `crit` names an extension; we understand none.
    #[error("a critical extension")]
    Critical,
    /// The signature does not fit.
    #[error("wrong signature")]
    Signature,
    /// Not a public P-256 key.
    #[error("not a public P-256 key")]
    Key,
    /// Signing or a key's use failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl Coded for JoseError {
    fn code(&self) -> Code {
        match self {
            Self::Malformed { .. } => const { Code::new("INRO-JOSE-001") },
            Self::Json { source, .. } => source.code(),
            Self::Algorithm => const { Code::new("INRO-JOSE-002") },
            Self::Type => const { Code::new("INRO-JOSE-003") },
            Self::Critical => const { Code::new("INRO-JOSE-004") },
            Self::Signature => const { Code::new("INRO-JOSE-005") },
            Self::Key => const { Code::new("INRO-JOSE-006") },
            Self::Crypto(error) => error.code(),
        }
    }
}
