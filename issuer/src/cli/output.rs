use inro_base::report::Language;
use inro_service::{ServiceError, cli};
use serde_json::Value;

/// Prints results: for people, or as one JSON document.
pub(super) struct Output {
    json: bool,
    language: Language,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json, language: cli::language() }
    }

    pub(super) const fn is_json(&self) -> bool {
        self.json
    }

    /// The language for people.
    pub(super) const fn language(&self) -> Language {
        self.language
    }

    /// Prints `value` as JSON, or what `people` makes for reading.
    pub(super) fn print(&self, value: &Value, people: impl FnOnce() -> String) -> Result<(), ServiceError> {
        cli::print(&if self.json { format!("{value}\n") } else { people() })
    }
}
