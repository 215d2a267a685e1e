use std::collections::HashMap;

use inro_credential::{RoleTable, calendar};

use super::cell::{self, MAX_CODE, MAX_LIST, MAX_TEXT};
use super::columns::Columns;
use super::error::{RowError, RowFault};
use super::record::{Assignment, EmployeeRecord, Employment};

/// One employee has few roles; the type `role-authority` takes 32.
const MAX_ROLES: usize = 32;
/// The grades of the salary tables. Source: 一般職の職員の給与に関する法律, tables 1 (行政職, 1–10) and 指定職 as 11.
const GRADES: std::ops::RangeInclusive<u8> = 1..=11;

/// Reads one row, or tells everything that is wrong with it.
pub(super) fn parse(
    cells: &[&str],
    columns: &Columns,
    roles: &RoleTable,
    line: u64,
) -> Result<EmployeeRecord, Vec<RowError>> {
    if cells.len() != columns.count() {
        let fault = RowFault::CellCount { found: cells.len(), expected: columns.count() };
        return Err(vec![RowError { line, column: "-", fault }]);
    }
    let cells = columns.names().zip(cells.iter().map(|cell| cell.trim())).collect();
    let mut row = Row { cells, line, errors: Vec::new() };
    let record = row.record(roles);
    match record {
        Some(record) if row.errors.is_empty() => Ok(record),
        _ => Err(row.errors),
    }
}

struct Row<'a> {
    cells: HashMap<&'static str, &'a str>,
    line: u64,
    errors: Vec<RowError>,
}

impl Row<'_> {
    /// `None` where an error was noted. Goes through all cells, so that each error is noted.
    fn record(&mut self, roles: &RoleTable) -> Option<EmployeeRecord> {
        let employee_number = self.code("employee_number");
        let name_kanji = self.text("name_kanji");
        let name_kana = self.text("name_kana");
        let name_latin = self.optional("name_latin", MAX_TEXT);
        let agency_code = self.code("agency_code");
        let agency = self.text("agency");
        let department_code = self.code("department_code");
        let department = self.text("department");
        let post = self.text("post");
        let employment = self.employment();
        let grade = self.grade();
        let roles = self.roles(roles);
        let contract_id = self.contract(employment);
        let (valid_from, valid_until) = self.term();
        Some(EmployeeRecord {
            employee_number: employee_number?,
            name_kanji: name_kanji?,
            name_kana: name_kana?,
            name_latin,
            agency_code: agency_code?,
            agency: agency?,
            department_code: department_code?,
            department: department?,
            post: post?,
            employment: employment?,
            grade,
            roles,
            contract_id,
            valid_from,
            valid_until,
        })
    }

    fn note(&mut self, column: &'static str, fault: RowFault) {
        self.errors.push(RowError { line: self.line, column, fault });
    }

    /// A cell that may be empty, or whose column may be absent.
    fn optional(&mut self, column: &'static str, limit: usize) -> Option<String> {
        let text = self.cells.get(column).copied().filter(|text| !text.is_empty())?;
        match cell::check(text, limit) {
            Ok(()) => Some(text.to_owned()),
            Err(fault) => {
                self.note(column, fault);
                None
            }
        }
    }

    fn required(&mut self, column: &'static str, limit: usize) -> Option<String> {
        if self.cells.get(column).is_none_or(|text| text.is_empty()) {
            self.note(column, RowFault::Empty);
            return None;
        }
        self.optional(column, limit)
    }

    fn text(&mut self, column: &'static str) -> Option<String> {
        self.required(column, MAX_TEXT)
    }

    fn code(&mut self, column: &'static str) -> Option<String> {
        let code = self.required(column, MAX_CODE)?;
        self.checked(column, code, cell::is_code, RowFault::CodeForm)
    }

    fn checked(
        &mut self,
        column: &'static str,
        text: String,
        is_right: impl Fn(&str) -> bool,
        fault: RowFault,
    ) -> Option<String> {
        if is_right(&text) {
            return Some(text);
        }
        self.note(column, fault);
        None
    }

    fn employment(&mut self) -> Option<Employment> {
        let text = self.required("employment", MAX_CODE)?;
        let employment = Employment::parse(&text);
        if employment.is_none() {
            self.note("employment", RowFault::Employment);
        }
        employment
    }

    fn grade(&mut self) -> Option<u8> {
        let text = self.optional("grade", MAX_CODE)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let grade = text.parse().ok().filter(|grade| digits && GRADES.contains(grade));
        if grade.is_none() {
            self.note("grade", RowFault::Grade);
        }
        grade
    }

    fn roles(&mut self, table: &RoleTable) -> Vec<Assignment> {
        let Some(text) = self.optional("roles", MAX_LIST) else { return Vec::new() };
        let mut roles: Vec<Assignment> = Vec::new();
        for entry in text.split(';') {
            match assignment(entry.trim()) {
                Some(found) if table.role(&found.code).is_none() => self.note("roles", RowFault::UnknownRole),
                Some(found) if !roles.contains(&found) && roles.len() < MAX_ROLES => roles.push(found),
                _ => self.note("roles", RowFault::RoleForm),
            }
        }
        roles
    }

    /// A contractor's authority ends with the contract, so there must be one.
    fn contract(&mut self, employment: Option<Employment>) -> Option<String> {
        let absent = self.cells.get("contract_id").is_none_or(|text| text.is_empty());
        if absent && employment == Some(Employment::Contractor) {
            self.note("contract_id", RowFault::NoContract);
        }
        let code = self.optional("contract_id", MAX_CODE)?;
        self.checked("contract_id", code, cell::is_code, RowFault::CodeForm)
    }

    fn term(&mut self) -> (Option<String>, Option<String>) {
        let from = self.date("valid_from");
        let until = self.date("valid_until");
        if let (Some(from), Some(until)) = (&from, &until)
            && calendar::day_number(from) > calendar::day_number(until)
        {
            self.note("valid_until", RowFault::Order);
        }
        (from, until)
    }

    fn date(&mut self, column: &'static str) -> Option<String> {
        let date = self.optional(column, MAX_CODE)?;
        self.checked(column, date, |date| calendar::day_number(date).is_some(), RowFault::Date)
    }
}

/// `code:unit` or `code:unit:area`.
fn assignment(entry: &str) -> Option<Assignment> {
    let mut parts = entry.split(':');
    let code = parts.next().filter(|part| cell::is_code(part))?;
    let unit = parts.next().filter(|part| cell::is_code(part))?;
    let business_area = match parts.next() {
        None => None,
        Some(area) if cell::is_code(area) => Some(area.to_owned()),
        Some(_) => return None,
    };
    let assignment = Assignment { code: code.to_owned(), unit: unit.to_owned(), business_area };
    parts.next().is_none().then_some(assignment)
}
