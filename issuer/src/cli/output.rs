use serde_json::Value;

/// Prints results: for people, or as one JSON document.
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) const fn new(json: bool) -> Self {
        Self { json }
    }

    pub(super) const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints `value` as JSON, or what `people` makes for reading.
    pub(super) fn print(&self, value: &Value, people: impl FnOnce() -> String) {
        if self.json {
            println!("{value}");
        } else {
            print!("{}", people());
        }
    }
}
