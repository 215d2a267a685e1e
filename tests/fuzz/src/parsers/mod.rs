//! Every public parser of strangers' bytes outside of `inro-bbs`. The fuzz targets and the stable test
//! `tests/tests/parsers.rs` share this table.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside the test functions")]

mod credentials;
mod evidence;
mod files;
mod issuance;
mod presentations;
mod structured;
mod tokens;
mod world;

use serde_json::Value;

/// Parsers that one kind of message reaches.
pub(crate) struct Parser {
    /// The name of its fuzz target.
    pub(crate) name: &'static str,
    /// The public functions that it drives, as `room::Type::function`.
    pub(crate) drives: &'static [&'static str],
    /// What the bytes say; `None` when they are refused.
    pub(crate) read: fn(&[u8]) -> Option<Value>,
    /// Bytes that are taken, always the same.
    pub(crate) good: fn() -> Vec<u8>,
    /// What may be taken beside them.
    pub(crate) takes: Takes,
}

/// What a parser may take beside the good bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Takes {
    /// Anything that it can read: nobody signed it.
    Any,
    /// What says the same.
    Same,
    /// What says the same or less: whoever holds a credential can leave items out.
    Part,
}

impl Parser {
    /// What a fuzzer does with `bytes`.
    ///
    /// # Panics
    /// When the parser panics, or takes what nobody signed.
    pub(crate) fn run(&self, bytes: &[u8]) {
        let Some(found) = (self.read)(bytes) else { return };
        let good = || (self.read)(&(self.good)()).unwrap();
        match self.takes {
            Takes::Any => {}
            Takes::Same => assert_eq!(found, good(), "{} takes what it must not", self.name),
            Takes::Part => assert!(is_part(&found, &good()), "{} takes what it must not: {found}", self.name),
        }
    }
}

/// Whether `part` says nothing that `whole` does not say.
fn is_part(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(name, value)| whole.get(name).is_some_and(|whole| is_part(value, whole)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            let mut rest = whole.iter();
            part.iter().all(|value| rest.any(|whole| is_part(value, whole)))
        }
        _ => part == whole,
    }
}

/// A reading of which only the shape for people is at hand.
fn shown(value: impl std::fmt::Debug) -> Option<Value> {
    Some(format!("{value:?}").into())
}

/// Every parser.
pub(crate) fn parsers() -> impl Iterator<Item = &'static Parser> {
    [tokens::PARSERS, credentials::PARSERS, issuance::PARSERS, presentations::PARSERS, files::PARSERS]
        .into_iter()
        .chain([structured::PARSERS, evidence::PARSERS])
        .flatten()
}
