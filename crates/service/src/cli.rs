//! What the services' command lines share: the language, the report of an error, tables for people.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use inro_base::Coded;
use inro_base::report::{self, Exit, Language};
use serde_json::json;

use crate::ServiceError;

/// The language of the environment: `LC_ALL`, else `LANG`.
pub fn language() -> Language {
    let value = |name| std::env::var(name).ok();
    Language::from_locale(value("LC_ALL").as_deref(), value("LANG").as_deref())
}

/// Reports `error` on stderr and, when the command was asked for JSON, as an object on stdout too.
pub fn report_error(error: &dyn Coded, json: bool) -> ExitCode {
    // Whoever closed stderr or stdout did not want to hear of it; the exit status tells it still.
    let _ = write_to(std::io::stderr().lock(), &report::render(error, language()));
    if json {
        let _ = print(&format!("{}\n", json!({ "error": report::to_json(error, language()) })));
    }
    exit(Exit::Failed)
}

/// Writes a command's answer to stdout. A reader that leaves early, such as `head`, has what it
/// wanted: that is no error.
///
/// # Errors
/// [`ServiceError::Write`] for any other failure, such as a full disk.
pub fn print(text: &str) -> Result<(), ServiceError> {
    write_to(std::io::stdout().lock(), text)
}

/// The exit status as the operating system takes it.
pub fn exit(exit: Exit) -> ExitCode {
    ExitCode::from(exit.status())
}

/// Columns under `heads`, two spaces apart. East Asian characters count as two columns.
pub fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = heads.iter().map(|head| width(head)).collect();
    for row in rows {
        for (column, cell) in widths.iter_mut().zip(row) {
            *column = (*column).max(width(cell));
        }
    }
    let heads: Vec<String> = heads.iter().map(|&head| head.to_owned()).collect();
    std::iter::once(&heads).chain(rows).map(|row| line(row, &widths)).collect()
}

fn write_to(mut stream: impl Write, text: &str) -> Result<(), ServiceError> {
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(ServiceError::Write { path: "stdout".into(), source })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (cell, &column) in row.iter().zip(widths) {
        text.push_str(cell);
        text.push_str(&" ".repeat(column.saturating_sub(width(cell)) + 2));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Columns that a terminal gives to `text`; good enough for kanji, kana and Latin.
fn width(text: &str) -> usize {
    let wide = |c: &char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{20000}'..='\u{3fffd}');
    text.chars().count() + text.chars().filter(wide).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error_and_a_full_disk_is_one() {
        assert!(write_to(Broken(ErrorKind::BrokenPipe), "text").is_ok());
        let full = write_to(Broken(ErrorKind::StorageFull), "text").unwrap_err();
        assert_eq!(full.code().as_str(), "INRO-SERVICE-004");
    }

    #[test]
    fn columns_line_up_across_scripts() {
        let rows = vec![
            vec!["E0001".into(), "甲野 太郎".into(), "x".into()],
            vec!["E2".into(), "A".into(), "y".into()],
        ];
        let text = table(&["number", "name", "post"], &rows);
        assert_eq!(text, "number  name       post\nE0001   甲野 太郎  x\nE2      A          y\n");
    }
}
