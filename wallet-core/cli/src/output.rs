//! Writes to stdout and stderr, whatever became of their readers.

use std::io::{self, ErrorKind, Write};

use inro_base::report::{self, Language};
use serde_json::Value;

use crate::error::CliError;

/// Writes `text` to stdout. A reader that has seen enough, such as `head`, is no failure.
///
/// # Errors
/// [`CliError::Output`] when it cannot be written for another reason, such as a full disk.
pub(crate) fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CliError::Output),
        _ => Ok(()),
    }
}

/// Writes `text` to stderr. Where that is impossible, there is nobody left to tell.
pub(crate) fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// An error for people, with the id that the help desk of a service asks for.
pub(crate) fn error_text(error: &CliError, language: Language) -> String {
    let mut text = report::render(error, language);
    if let Some(id) = error.request_id() {
        text.push_str(&format!("{}{id}\n", language.pick("request id: ", "要求ID：")));
    }
    text
}

/// An error for programs, with that id.
pub(crate) fn error_json(error: &CliError, language: Language) -> Value {
    let mut object = report::to_json(error, language);
    if let (Some(id), Some(members)) = (error.request_id(), object.as_object_mut()) {
        members.insert("request_id".into(), id.to_string().into());
    }
    object
}
