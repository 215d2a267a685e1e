//! Log lines: JSON to stderr, one line each, of values that may stand in a log and nothing else.

use std::fmt::{self, Display};
use std::io::Write as _;

use axum::extract::MatchedPath;
use inro_base::{Clock as _, LogSafe, UnixTime};
use serde_json::{Map, Value};

use crate::SystemClock;

/// How much a line matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Level {
    /// What a service does all day.
    Info,
    /// What an operator should look at.
    Warn,
}

/// The template of a route, such as `/offers/{id}`: the program's own text, never what was asked for.
#[derive(Clone)]
pub struct Route(MatchedPath);

impl Route {
    /// The template that a request matched.
    pub const fn new(path: MatchedPath) -> Self {
        Self(path)
    }
}

impl Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl LogSafe for Route {}

/// Writes a line of [`Level::Info`].
pub fn info(event: &'static str, fields: &[(&'static str, &dyn LogSafe)]) {
    write(line(SystemClock.now(), Level::Info, event, fields));
}

/// Writes a line of [`Level::Warn`].
pub fn warn(event: &'static str, fields: &[(&'static str, &dyn LogSafe)]) {
    write(line(SystemClock.now(), Level::Warn, event, fields));
}

/// The line itself, without its end.
pub fn line(
    time: UnixTime,
    level: Level,
    event: &'static str,
    fields: &[(&'static str, &dyn LogSafe)],
) -> String {
    let level = match level {
        Level::Info => "info",
        Level::Warn => "warn",
    };
    let mut object = Map::new();
    object.insert("time".into(), time.to_string().into());
    object.insert("level".into(), level.into());
    object.insert("event".into(), event.into());
    for (name, value) in fields {
        object.insert((*name).into(), value.to_string().into());
    }
    Value::Object(object).to_string()
}

fn write(mut line: String) {
    // Stderr keeps nothing back: line and end in one write are one call of the system, and one piece.
    line.push('\n');
    // A log that cannot be written must not stop the service.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use inro_base::Code;

    #[test]
    fn a_line_is_one_json_object() {
        let code = const { Code::new("INRO-SERVICE-015") };
        let text =
            line(UnixTime::from_secs(0), Level::Warn, "request", &[("status", &404_u16), ("code", &code)]);
        assert_eq!(
            text,
            r#"{"time":"1970-01-01T00:00:00Z","level":"warn","event":"request","status":"404","code":"INRO-SERVICE-015"}"#
        );
    }
}
