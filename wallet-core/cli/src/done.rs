//! What a command came to.

use inro_base::report::Exit;
use serde_json::Value;

/// What a command prints on stdout, and how it ends.
pub(crate) struct Done {
    pub(crate) json: Value,
    pub(crate) text: String,
    pub(crate) exit: Exit,
}

/// A command that did what it should.
pub(crate) const fn done(json: Value, text: String) -> Done {
    Done { json, text, exit: Exit::Done }
}
