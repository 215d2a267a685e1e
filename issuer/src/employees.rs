//! Employees: HR's file into the store, and what the use cases ask of a record.

use std::io::{Read, Seek};

use inro_base::UnixTime;
use inro_base::json::{self, Limits};
use inro_credential::RoleTable;

use crate::error::IssuerError;
use crate::hr::{self, EmployeeRecord, Options, Report};
use crate::store::{Employees, Imported, StoredEmployee};

/// What an import found and did.
#[derive(Debug)]
pub struct ImportReport {
    /// What the file held.
    pub report: Report,
    /// Whether the good rows were kept.
    pub accepted: bool,
    /// What changed.
    pub imported: Imported,
}

/// Imports HR's file: all of it, or with `skip_bad` its good rows.
///
/// # Errors
/// [`IssuerError`] when the file cannot be read as a whole or the database fails.
pub fn import(
    store: &dyn Employees,
    mut file: impl Read + Seek,
    options: Options,
    roles: &RoleTable,
    skip_bad: bool,
    now: UnixTime,
) -> Result<ImportReport, IssuerError> {
    let mut outcome: Result<Report, IssuerError> = Ok(Report::default());
    let imported = store.import(now, &mut |keep| {
        outcome = hr::read(&mut file, options, roles, |employee| {
            let record = serde_json::to_string(&employee).map_err(|_| IssuerError::Record)?;
            Ok::<(), IssuerError>(keep(&StoredEmployee { number: employee.employee_number, record })?)
        });
        Ok(outcome.as_ref().is_ok_and(|report| report.is_accepted(skip_bad)))
    })?;
    let report = outcome?;
    Ok(ImportReport { accepted: report.is_accepted(skip_bad), report, imported })
}

/// Reads a stored record.
///
/// # Errors
/// [`IssuerError::Record`] when it is none of this version.
pub fn record(stored: &StoredEmployee) -> Result<EmployeeRecord, IssuerError> {
    json::decode(stored.record.as_bytes(), Limits::MESSAGE).map_err(|_| IssuerError::Record)
}

/// All employees by number.
///
/// # Errors
/// As [`record`], or when the database fails.
pub fn all(store: &dyn Employees) -> Result<Vec<EmployeeRecord>, IssuerError> {
    store.employees()?.iter().map(record).collect()
}

/// Reads the stored record of an employee whose term includes `now`.
///
/// # Errors
/// [`IssuerError::NotInOffice`], or as [`record`].
pub(crate) fn in_office(stored: &StoredEmployee, now: UnixTime) -> Result<EmployeeRecord, IssuerError> {
    let record = record(stored)?;
    if record.in_office(now) { Ok(record) } else { Err(IssuerError::NotInOffice) }
}
