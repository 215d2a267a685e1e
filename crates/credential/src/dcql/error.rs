use inro_base::{Code, Coded};

/// Why a query was refused. Indices count from 0, in the order of the query.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// A member is missing, empty, or of another kind. `member` is the specification's own name.
    #[error("malformed `{member}`")]
    Malformed {
        /// Which.
        member: &'static str,
    },
    /// A part has more entries or characters than `limit`.
    #[error("more than {limit} in `{member}`")]
    TooLarge {
        /// Which.
        member: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// An identifier is empty or has a character that is not allowed.
    #[error("invalid identifier at index {index}")]
    Id {
        /// Which entry.
        index: usize,
    },
    /// An identifier stands twice.
    #[error("repeated identifier at index {index}")]
    RepeatedId {
        /// Which entry repeats.
        index: usize,
    },
    /// A set names a claim or a credential that is not there, or one of them twice.
    #[error("a set at index {index} has an identifier that refers to nothing or stands twice")]
    UnknownId {
        /// Which set.
        index: usize,
    },
    /// `claim_sets` without `claims`.
    #[error("claim sets without claims in the credential query at index {index}")]
    ClaimSetsWithoutClaims {
        /// Which credential query.
        index: usize,
    },
    /// `dc+sd-jwt` without `vct_values`, or `mso_mdoc` without `doctype_value`.
    #[error("no accepted types in the credential query at index {index}")]
    NoTypes {
        /// Which credential query.
        index: usize,
    },
    /// A query of our own points to one claim twice.
    #[error("the claim at index {index} was asked for before")]
    RepeatedClaim {
        /// Which claim repeats.
        index: usize,
    },
    /// A path into an mdoc is a name space and a data element identifier, nothing else.
    #[error("the path of the claim at index {index} names no data element")]
    NotDataElement {
        /// Which claim.
        index: usize,
    },
}

impl Coded for QueryError {
    fn code(&self) -> Code {
        match self {
            Self::Malformed { .. } | Self::RepeatedClaim { .. } => const { Code::new("INRO-DCQL-001") },
            Self::TooLarge { .. } => const { Code::new("INRO-DCQL-002") },
            Self::Id { .. } => const { Code::new("INRO-DCQL-003") },
            Self::RepeatedId { .. } => const { Code::new("INRO-DCQL-004") },
            Self::UnknownId { .. } => const { Code::new("INRO-DCQL-005") },
            Self::ClaimSetsWithoutClaims { .. } => const { Code::new("INRO-DCQL-006") },
            Self::NoTypes { .. } => const { Code::new("INRO-DCQL-007") },
            Self::NotDataElement { .. } => const { Code::new("INRO-DCQL-008") },
        }
    }
}
