use std::collections::HashMap;
use std::io::{self, Read, Seek};

use inro_credential::RoleTable;

use super::columns::Columns;
use super::encoding::{Encoding, Transcoded};
use super::error::{HrError, RowError, RowFault};
use super::record::EmployeeRecord;
use super::row;
use super::survey;

/// More than all public employees of Japan, who are about 3.4 million.
const MAX_ROWS: u64 = 5_000_000;
/// A report for people; who has more errors than this has one error.
const MAX_REPORTED: usize = 1_000;

/// How to read a file.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Options {
    /// What its bytes stand for.
    pub encoding: Encoding,
}

/// What a file held.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Rows after the header.
    pub rows: u64,
    /// Rows that were handed on.
    pub good: u64,
    /// Errors in all.
    pub error_count: u64,
    /// The first 1,000 errors, in the order of the file.
    pub errors: Vec<RowError>,
}

impl Report {
    /// Whether what was handed on may be kept: everything was good, or bad rows are to be skipped.
    pub fn is_accepted(&self, skip_bad: bool) -> bool {
        skip_bad || self.error_count == 0
    }
}

/// Reads an HR file and hands each good row to `keep`, in the order of the file.
///
/// Rows are handed on before the last one is known to be good: a caller keeps them in a transaction
/// and commits it where [`Report::is_accepted`] says so.
///
/// # Errors
/// [`HrError`] where the file cannot be read as a whole, and what `keep` returns.
pub fn read<R: Read + Seek, E: From<HrError>>(
    mut source: R,
    options: Options,
    roles: &RoleTable,
    mut keep: impl FnMut(EmployeeRecord) -> Result<(), E>,
) -> Result<Report, E> {
    let encoding = survey::survey(&mut source, options.encoding)?;
    source.rewind().map_err(|_| HrError::Storage)?;
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(Transcoded::new(source, encoding));
    let mut record = csv::StringRecord::new();
    next(&mut rows, &mut record)?;
    let columns = Columns::parse(record.iter())?;
    let mut report = Report::default();
    let mut numbers: HashMap<Box<str>, u64> = HashMap::new();
    while next(&mut rows, &mut record)? {
        report.rows += 1;
        if report.rows > MAX_ROWS {
            return Err(HrError::TooManyRows { limit: MAX_ROWS }.into());
        }
        let line = record.position().map_or(0, csv::Position::line);
        let cells: Vec<&str> = record.iter().collect();
        match row::parse(&cells, &columns, roles, line)
            .and_then(|employee| once(employee, &mut numbers, line))
        {
            Ok(employee) => {
                report.good += 1;
                keep(employee)?;
            }
            Err(errors) => report.note(errors),
        }
    }
    Ok(report)
}

impl Report {
    fn note(&mut self, errors: Vec<RowError>) {
        self.error_count += u64::try_from(errors.len()).unwrap_or(u64::MAX);
        let room = MAX_REPORTED.saturating_sub(self.errors.len());
        self.errors.extend(errors.into_iter().take(room));
    }
}

fn next<R: Read>(rows: &mut csv::Reader<R>, record: &mut csv::StringRecord) -> Result<bool, HrError> {
    rows.read_record(record).map_err(|error| {
        let line = error.position().map_or(1, csv::Position::line);
        match error.into_kind() {
            csv::ErrorKind::Utf8 { .. } => HrError::Encoding { line },
            csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                HrError::Encoding { line }
            }
            _ => HrError::Storage,
        }
    })
}

/// The number of a good row must not stand in an earlier good row.
fn once(
    employee: EmployeeRecord,
    numbers: &mut HashMap<Box<str>, u64>,
    line: u64,
) -> Result<EmployeeRecord, Vec<RowError>> {
    match numbers.get(employee.employee_number.as_str()) {
        Some(first) => {
            let fault = RowFault::Repeated { first: *first };
            Err(vec![RowError { line, column: "employee_number", fault }])
        }
        None => {
            numbers.insert(employee.employee_number.as_str().into(), line);
            Ok(employee)
        }
    }
}
