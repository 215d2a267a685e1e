//! Settings files: TOML with a mistake told by its line.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ServiceError, files};

/// Reads settings. A shape with `#[serde(deny_unknown_fields)]` also catches misspelt names.
///
/// # Errors
/// [`ServiceError::Read`], [`ServiceError::Config`].
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ServiceError> {
    parse(path, &files::read_text(path)?)
}

/// Reads settings out of `text`; `path` is for the error alone.
///
/// # Errors
/// [`ServiceError::Config`].
pub fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ServiceError> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error.span().map_or(0, |span| {
            let before = text.get(..span.start).unwrap_or(text);
            before.bytes().filter(|&byte| byte == b'\n').count() + 1
        });
        ServiceError::Config { path: path.to_owned(), line, reason: error.message().to_owned() }
    })
}

/// Writes new settings with `head`, lines of comment, before them.
///
/// # Errors
/// [`ServiceError::Write`], also when the file exists; [`ServiceError::Internal`] for a value that
/// TOML cannot say.
pub fn write<T: Serialize>(path: &Path, head: &str, value: &T) -> Result<(), ServiceError> {
    let body = toml::to_string_pretty(value).map_err(|_| ServiceError::Internal)?;
    let comment: String = head.lines().map(|line| format!("# {line}\n")).collect();
    files::write_public(path, format!("{comment}{body}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use inro_base::Coded as _;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        name: String,
        port: u16,
    }

    #[test]
    fn writes_and_reads_back() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("config.toml");
        let settings = Settings { name: "みなと市".into(), port: 8443 };
        write(&path, "Made by init.", &settings).unwrap();
        assert_eq!(read::<Settings>(&path).unwrap(), settings);
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("# Made by init.\nname = "));
    }

    #[test]
    fn tells_a_mistake_by_its_line() {
        let path = Path::new("config.toml");
        assert!(parse::<Settings>(path, "name = \"a\"\nport = 1\n").is_ok());
        let wrong = parse::<Settings>(path, "name = \"a\"\nport = true\n").unwrap_err();
        assert!(matches!(wrong, ServiceError::Config { line: 2, .. }), "{wrong:?}");
        assert_eq!(wrong.code().as_str(), "INRO-SERVICE-006");
        let unknown = parse::<Settings>(path, "name = \"a\"\nport = 1\nprot = 2\n").unwrap_err();
        assert!(matches!(unknown, ServiceError::Config { line: 3, .. }), "{unknown:?}");
    }
}
