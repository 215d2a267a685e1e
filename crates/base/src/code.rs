//! Stable error codes, `INRO-<ROOM>-<NNN>`, and what each means to the people who meet it.
//!
//! `errors.toml` beside this crate is the one registry. [`Code::new`] looks a code up while
//! compiling, so a code without its texts does not build.

use std::fmt;

/// A stable error code that stands in the registry.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Code(&'static str);

/// An error that has a code.
pub trait Coded: std::error::Error {
    /// The code under which help desks and programs know this error.
    fn code(&self) -> Code;
}

/// What the registry says of one code.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// `INRO-<ROOM>-<NNN>`.
    pub code: &'static str,
    /// Who can remedy it.
    pub owner: Owner,
    /// Whether the same attempt can succeed later with nothing changed.
    pub retry: bool,
    /// Why it happened.
    pub cause: Text,
    /// What to do.
    pub remedy: Text,
}

/// Who can remedy an error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Owner {
    /// The person who holds the wallet.
    Holder,
    /// The agency that issues.
    Agency,
    /// The system that asks for a presentation.
    RelyingSystem,
    /// Who runs the program that reports the error.
    Operator,
}

/// One sentence in the languages that our users read.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// Japanese.
    pub ja: &'static str,
}

const REGISTRY: &[Entry] = include!(concat!(env!("OUT_DIR"), "/registry.rs"));

/// The entry of each code, in the order of the codes.
pub fn registry() -> &'static [Entry] {
    REGISTRY
}

impl Code {
    /// The code `text`, for use in a `const`.
    ///
    /// # Panics
    /// While compiling, when `errors.toml` has no such code.
    #[expect(clippy::panic, reason = "evaluated while compiling: an unknown code must not build")]
    #[expect(clippy::indexing_slicing, reason = "a const fn has no iterator; the index is below the length")]
    pub const fn new(text: &'static str) -> Self {
        let mut index = 0;
        while index < REGISTRY.len() {
            if same(REGISTRY[index].code.as_bytes(), text.as_bytes()) {
                return Self(text);
            }
            index += 1;
        }
        panic!("no such code in crates/base/errors.toml")
    }

    /// The code that `text` names, if the registry has it.
    pub fn find(text: &str) -> Option<Self> {
        entry(text).map(|found| Self(found.code))
    }

    /// `INRO-<ROOM>-<NNN>`.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// What the registry says of this code.
    pub fn entry(self) -> &'static Entry {
        entry(self.0).expect("a Code is only made of a text that the registry has")
    }
}

fn entry(text: &str) -> Option<&'static Entry> {
    let index = REGISTRY.binary_search_by(|entry| entry.code.cmp(text)).ok()?;
    REGISTRY.get(index)
}

#[expect(clippy::indexing_slicing, reason = "a const fn has no iterator; both lengths are equal")]
const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Owner {
    /// The owner as programs read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Agency => "agency",
            Self::RelyingSystem => "relying-system",
            Self::Operator => "operator",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_form_and_its_texts() {
        for entry in registry() {
            let mut parts = entry.code.split('-');
            assert_eq!(parts.next(), Some("INRO"), "{}", entry.code);
            assert!(
                parts
                    .next()
                    .is_some_and(|room| room.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
            );
            assert!(parts.next().is_some_and(|n| n.len() == 3 && n.bytes().all(|b| b.is_ascii_digit())));
            assert_eq!(parts.next(), None, "{}", entry.code);
            for text in [entry.cause, entry.remedy] {
                assert!(
                    text.en.len() > 12 && text.en.ends_with('.') && text.en.is_ascii(),
                    "{}: {}",
                    entry.code,
                    text.en
                );
                let kana = text.ja.chars().filter(|c| ('\u{3040}'..='\u{30ff}').contains(c)).count();
                assert!(kana > 2 && text.ja.ends_with('。'), "{}: {}", entry.code, text.ja);
            }
        }
    }

    #[test]
    fn finds_each_code_and_no_other() {
        for entry in registry() {
            assert_eq!(Code::find(entry.code).map(Code::as_str), Some(entry.code));
        }
        assert_eq!(Code::find("INRO-BASE-000"), None);
    }
}
