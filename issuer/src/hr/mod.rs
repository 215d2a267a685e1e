//! The HR file: from a personnel department's CSV to employee records, and from a record to the
//! claims of a credential.
//!
//! [`read`] goes through a file twice: once to learn its encoding and that no row is beyond bounds,
//! once to hand each row on. It keeps one row and the employee numbers in memory, never the file.

mod cell;
mod claims;
mod columns;
mod encoding;
mod error;
mod read;
mod record;
mod row;
mod survey;
#[cfg(test)]
mod tests;

pub use claims::claims;
pub use encoding::Encoding;
pub use error::{HrError, RowError, RowFault};
pub use read::{Options, Report, read};
pub use record::{Assignment, EmployeeRecord, Employment};
