use inro_base::{Code, Coded};

use crate::path::ClaimPath;

/// Why a type file or a role table was refused. `line` counts from 1.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TypeError {
    /// Lengths are in bytes.
    #[error("file of {length} bytes where {limit} are allowed")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// Not TOML, or a setting that does not exist, or one of the wrong kind.
    #[error("line {line}: not a valid setting")]
    Malformed {
        /// Where.
        line: usize,
    },
    /// A name stands for a My Number, a birth date or a home address.
    #[error("line {line}: names data about the citizen")]
    CitizenName {
        /// Where.
        line: usize,
    },
    /// An allowed value is a My Number.
    #[error("line {line}: allows a My Number")]
    MyNumber {
        /// Where.
        line: usize,
    },
    /// A rule of credential types is broken.
    #[error("line {line}: {rule}")]
    Broken {
        /// Where.
        line: usize,
        /// Which.
        rule: Rule,
    },
    /// Two types of a catalog have one id or one `vct`.
    #[error("a type with this id or vct exists already")]
    Repeated,
    /// A role table defines something twice, or refers to what it does not define.
    #[error("line {line}: {rule}")]
    RoleTable {
        /// Where.
        line: usize,
        /// Which.
        rule: Rule,
    },
}

/// A rule that type files and role tables keep.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Rule {
    /// Ids are short and of a small character set.
    #[error("an id has 1 to 64 characters of a-z, 0-9, '-', '_' and '.'")]
    Id,
    /// The type identifier names its layout.
    #[error("vct is a name without white space that ends with its layout version")]
    Vct,
    /// Colours are `#rrggbb`.
    #[error("a colour is written #rrggbb")]
    Colour,
    /// Validity and grid are in range.
    #[error("validity is 60 seconds to 10 years and longer than the timestamp grid")]
    Validity,
    /// Texts are there and short.
    #[error("a text has 1 to 512 characters and no control characters")]
    Text,
    /// There are claims, and not too many.
    #[error("a type has 1 to 128 claims")]
    ClaimCount,
    /// Paths are well-formed.
    #[error("a path has 1 to 8 parts of a-z, 0-9 and '_', joined by '.', with [] after an array")]
    Path,
    /// Names of the format itself are taken.
    #[error("the name belongs to the credential format")]
    Reserved,
    /// One claim, one entry.
    #[error("a claim is defined twice")]
    Repeated,
    /// A claim stands in an object, its elements in an array, each defined before.
    #[error("the claim that contains this one is not defined before it, or not of the right kind")]
    Parent,
    /// An array says what its elements are.
    #[error("an array needs an entry for its elements, an object one for its members")]
    Elements,
    /// A setting belongs to another kind.
    #[error("the setting does not fit the kind of the claim")]
    Setting,
    /// A range has two ends in order.
    #[error("an integer needs minimum and maximum, in this order")]
    Range,
    /// Allowed values are few, different and of the claim's kind.
    #[error("allowed has 1 to 256 different values of the kind of the claim")]
    Allowed,
    /// Decoys are few.
    #[error("at most 16 decoys")]
    Decoys,
    /// A length is in range.
    #[error("a length is 1 to 4096, a number of items 1 to 256")]
    Length,
    /// A data element is named, or each text of an array is one.
    #[error("mdoc needs an element, or by_value = true for the texts of an array")]
    Mdoc,
    /// Something is used that is defined nowhere.
    #[error("the power is not defined")]
    UnknownPower,
    /// Clearances have six steps.
    #[error("a clearance is 0 to 5")]
    Clearance,
    /// A table stays small.
    #[error("at most 512 roles and 512 powers, and at most 64 powers for each role")]
    Count,
}

impl Coded for TypeError {
    fn code(&self) -> Code {
        match self {
            Self::TooLong { .. } => const { Code::new("INRO-CRED-001") },
            Self::Malformed { .. } => const { Code::new("INRO-CRED-002") },
            Self::CitizenName { .. } => const { Code::new("INRO-CRED-003") },
            Self::MyNumber { .. } => const { Code::new("INRO-CRED-004") },
            Self::Broken { .. } => const { Code::new("INRO-CRED-005") },
            Self::Repeated => const { Code::new("INRO-CRED-006") },
            Self::RoleTable { .. } => const { Code::new("INRO-CRED-007") },
        }
    }
}

/// A claim that its type refuses: where, and why. Never the value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}: {fault}", path.to_value())]
pub struct ClaimError {
    /// The claim; for one that the type does not define, the object that holds it.
    pub path: ClaimPath,
    /// What is wrong with it.
    pub fault: ClaimFault,
}

/// What is wrong with a claim.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimFault {
    /// The type makes it mandatory.
    #[error("missing")]
    Missing,
    /// A string where a number should be, or the like.
    #[error("of the wrong kind")]
    WrongKind,
    /// Below the minimum or above the maximum.
    #[error("out of range")]
    OutOfRange,
    /// Not among the allowed values.
    #[error("not an allowed value")]
    NotAllowed,
    /// The object has a member that the type does not define.
    #[error("has an undefined member")]
    Undefined,
    /// More characters or items than the type allows.
    #[error("too long")]
    TooLong,
    /// The value is a My Number.
    #[error("is a My Number")]
    MyNumber,
}

impl Coded for ClaimError {
    fn code(&self) -> Code {
        match self.fault {
            ClaimFault::Missing => const { Code::new("INRO-CRED-010") },
            ClaimFault::WrongKind => const { Code::new("INRO-CRED-011") },
            ClaimFault::OutOfRange => const { Code::new("INRO-CRED-012") },
            ClaimFault::NotAllowed => const { Code::new("INRO-CRED-013") },
            ClaimFault::Undefined => const { Code::new("INRO-CRED-014") },
            ClaimFault::TooLong => const { Code::new("INRO-CRED-015") },
            ClaimFault::MyNumber => const { Code::new("INRO-CRED-016") },
        }
    }
}

/// Everything that can be wrong with types and with the claims that they define.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// A type file or a role table.
    #[error(transparent)]
    Type(#[from] TypeError),
    /// A claim that its type refuses.
    #[error(transparent)]
    Claim(#[from] ClaimError),
}

impl Coded for CredentialError {
    fn code(&self) -> Code {
        match self {
            Self::Type(error) => error.code(),
            Self::Claim(error) => error.code(),
        }
    }
}
