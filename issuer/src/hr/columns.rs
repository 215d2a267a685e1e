use inro_credential::citizen;

use super::error::HrError;

/// The columns of the layout and whether a file must have each.
const COLUMNS: [(&str, bool); 15] = [
    ("employee_number", true),
    ("name_kanji", true),
    ("name_kana", true),
    ("name_latin", true),
    ("agency_code", true),
    ("agency", true),
    ("department_code", true),
    ("department", true),
    ("post", true),
    ("employment", true),
    ("grade", true),
    ("roles", false),
    ("contract_id", false),
    ("valid_from", false),
    ("valid_until", false),
];

/// Which column of a file is which of the layout.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Columns {
    /// For each column of the file, its name in the layout.
    names: Vec<&'static str>,
}

impl Columns {
    /// Reads the header line.
    ///
    /// # Errors
    /// [`HrError`] for a column that is about the citizen, unknown, there twice, or missing.
    pub(super) fn parse<'a>(header: impl Iterator<Item = &'a str>) -> Result<Self, HrError> {
        let mut names: Vec<&'static str> = Vec::new();
        for (index, cell) in header.enumerate() {
            let column = index + 1;
            let cell = cell.trim();
            if citizen::is_citizen_name(cell) {
                return Err(HrError::CitizenColumn { column });
            }
            let known = COLUMNS.iter().find(|(name, _)| *name == cell);
            let (name, _) = known.ok_or(HrError::UnknownColumn { column })?;
            if names.contains(name) {
                return Err(HrError::RepeatedColumn { column });
            }
            names.push(name);
        }
        match COLUMNS.iter().find(|(name, required)| *required && !names.contains(name)) {
            Some((column, _)) => Err(HrError::MissingColumn { column }),
            None => Ok(Self { names }),
        }
    }

    /// How many cells a row has.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// The names in the layout, in the order of the file.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.names.iter().copied()
    }
}
