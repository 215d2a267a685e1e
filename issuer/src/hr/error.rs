use inro_base::{Code, Coded};

/// Why a file was not read at all. `column` counts from 1.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HrError {
    /// The file is longer than `limit` bytes.
    #[error("more than {limit} bytes")]
    TooLong {
        /// In bytes.
        limit: u64,
    },
    /// The bytes are not text in the encoding that was asked for, or in any that is known.
    #[error("line {line}: not in the expected encoding")]
    Encoding {
        /// Where the first wrong bytes are.
        line: u64,
    },
    /// A column that must be there is not.
    #[error("the column `{column}` is missing")]
    MissingColumn {
        /// Its name in our layout.
        column: &'static str,
    },
    /// A column holds data about the citizen.
    #[error("column {column} holds data about the citizen")]
    CitizenColumn {
        /// Which.
        column: usize,
    },
    /// A column that the layout does not have.
    #[error("column {column} is not known")]
    UnknownColumn {
        /// Which.
        column: usize,
    },
    /// A column stands twice.
    #[error("column {column} repeats an earlier one")]
    RepeatedColumn {
        /// Which.
        column: usize,
    },
    /// A row is longer than `limit` bytes, most likely for a quotation mark that is not closed.
    #[error("line {line}: a row of more than {limit} bytes")]
    RowTooLong {
        /// Where it begins.
        line: u64,
        /// In bytes.
        limit: usize,
    },
    /// More rows than `limit`.
    #[error("more than {limit} rows")]
    TooManyRows {
        /// How many there may be.
        limit: u64,
    },
    /// The storage failed.
    #[error("the file could not be read")]
    Storage,
}

/// A bad cell or row: where, and why. Never the content.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}, column `{column}`: {fault}")]
pub struct RowError {
    /// Counted from 1; of a row with line breaks in cells, the first line.
    pub line: u64,
    /// The column's name in our layout; `-` for the row as a whole.
    pub column: &'static str,
    /// Why.
    pub fault: RowFault,
}

/// What is wrong with a cell or a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RowFault {
    /// Nothing stands where something must.
    #[error("empty")]
    Empty,
    /// More than `limit` characters.
    #[error("more than {limit} characters")]
    TooLong {
        /// In characters.
        limit: usize,
    },
    /// A My Number stands in the cell.
    #[error("contains a My Number")]
    MyNumber,
    /// Not a day of the calendar in the form `YYYY-MM-DD`.
    #[error("not a date YYYY-MM-DD")]
    Date,
    /// Not a whole number in range.
    #[error("not a grade")]
    Grade,
    /// Not `code:unit` or `code:unit:area`.
    #[error("not a list of code:unit[:area]")]
    RoleForm,
    /// The role table does not have the role.
    #[error("a role that the role table does not have")]
    UnknownRole,
    /// The number stands in an earlier row.
    #[error("the employee number of line {first} again")]
    Repeated {
        /// The line of the first row with it.
        first: u64,
    },
    /// Too few cells or too many.
    #[error("{found} cells where the header has {expected}")]
    CellCount {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// The employment begins after its end.
    #[error("begins after its end")]
    Order,
    /// A character that cannot be displayed everywhere.
    #[error("has a character that cannot be displayed")]
    Character,
    /// A code with other characters than codes have.
    #[error("not a code")]
    CodeForm,
    /// No known kind of employment.
    #[error("not a kind of employment")]
    Employment,
    /// A contractor without a contract.
    #[error("a contractor needs a contract")]
    NoContract,
}

impl Coded for HrError {
    fn code(&self) -> Code {
        match self {
            Self::TooLong { .. } => const { Code::new("INRO-HR-001") },
            Self::Encoding { .. } => const { Code::new("INRO-HR-002") },
            Self::MissingColumn { .. } => const { Code::new("INRO-HR-003") },
            Self::CitizenColumn { .. } => const { Code::new("INRO-HR-004") },
            Self::UnknownColumn { .. } => const { Code::new("INRO-HR-005") },
            Self::RepeatedColumn { .. } => const { Code::new("INRO-HR-006") },
            Self::RowTooLong { .. } | Self::TooManyRows { .. } => const { Code::new("INRO-HR-007") },
            Self::Storage => const { Code::new("INRO-HR-008") },
        }
    }
}

impl Coded for RowError {
    fn code(&self) -> Code {
        match self.fault {
            RowFault::Empty => const { Code::new("INRO-HR-010") },
            RowFault::TooLong { .. } => const { Code::new("INRO-HR-011") },
            RowFault::MyNumber => const { Code::new("INRO-HR-012") },
            RowFault::Date => const { Code::new("INRO-HR-013") },
            RowFault::Grade => const { Code::new("INRO-HR-014") },
            RowFault::RoleForm => const { Code::new("INRO-HR-015") },
            RowFault::UnknownRole => const { Code::new("INRO-HR-016") },
            RowFault::Repeated { .. } => const { Code::new("INRO-HR-017") },
            RowFault::CellCount { .. } => const { Code::new("INRO-HR-018") },
            RowFault::Order => const { Code::new("INRO-HR-019") },
            RowFault::Character => const { Code::new("INRO-HR-020") },
            RowFault::CodeForm => const { Code::new("INRO-HR-021") },
            RowFault::Employment => const { Code::new("INRO-HR-022") },
            RowFault::NoContract => const { Code::new("INRO-HR-023") },
        }
    }
}
