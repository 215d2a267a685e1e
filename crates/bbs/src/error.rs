use inro_base::{Code, Coded};

/// Why a key, signature, proof or commitment was refused. Tells nothing of messages or secrets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BbsError {
    /// A point is not canonically encoded, off the curve, outside the subgroup, or the identity.
    #[error("not a point of the group")]
    Point,
    /// A scalar is 0 where that is forbidden, or not below the group order.
    #[error("not a scalar")]
    Scalar,
    /// The bytes have another length than the operation allows; `length` is in bytes.
    #[error("{length} bytes is no possible length here")]
    Length {
        /// Length of what was given, in bytes.
        length: usize,
    },
    /// The key material is shorter than 32 bytes, or the key info longer than 65535.
    #[error("unusable key material")]
    KeyMaterial,
    /// More messages than [`crate::MAX_MESSAGES`].
    #[error("too many messages")]
    TooMany,
    /// The number of messages or undisclosed scalars is not the one that the generators are for.
    #[error("wrong number of messages")]
    Count,
    /// Indexes are not strictly ascending, out of range, or both disclosed and committed.
    #[error("indexes not ascending, out of range or used twice")]
    Index,
    /// The signature does not fit the key, the header and the messages.
    #[error("wrong signature")]
    Signature,
    /// The proof does not fit the key, the headers and the disclosed messages.
    #[error("wrong proof")]
    Proof,
    /// The proof of a commitment for blind signing does not hold.
    #[error("wrong proof of a commitment")]
    Commitment,
    /// A pseudonym would be the identity, or there is no secret to make it of.
    #[error("impossible pseudonym")]
    Pseudonym,
    /// The bounds of a range proof are impossible or too wide, or the holder's message lies outside.
    #[error("impossible bounds, or a message outside them")]
    Bounds,
}

impl Coded for BbsError {
    fn code(&self) -> Code {
        match self {
            Self::Point => const { Code::new("INRO-BBS-001") },
            Self::Scalar => const { Code::new("INRO-BBS-002") },
            Self::Length { .. } => const { Code::new("INRO-BBS-003") },
            Self::KeyMaterial => const { Code::new("INRO-BBS-004") },
            Self::TooMany => const { Code::new("INRO-BBS-005") },
            Self::Count => const { Code::new("INRO-BBS-006") },
            Self::Index => const { Code::new("INRO-BBS-007") },
            Self::Signature => const { Code::new("INRO-BBS-008") },
            Self::Proof => const { Code::new("INRO-BBS-009") },
            Self::Commitment => const { Code::new("INRO-BBS-010") },
            Self::Pseudonym => const { Code::new("INRO-BBS-011") },
            Self::Bounds => const { Code::new("INRO-BBS-012") },
        }
    }
}
