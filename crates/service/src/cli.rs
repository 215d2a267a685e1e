//! What the services' command lines share: the language, the report of an error, tables for people.

use std::process::ExitCode;

use inro_base::Coded;
use inro_base::report::{self, Exit, Language};
use serde_json::json;

/// The language of the environment: `LC_ALL`, else `LANG`.
pub fn language() -> Language {
    let value = |name| std::env::var(name).ok();
    Language::from_locale(value("LC_ALL").as_deref(), value("LANG").as_deref())
}

/// Reports `error` on stderr and, when the command was asked for JSON, as an object on stdout too.
pub fn report_error(error: &dyn Coded, json: bool) -> ExitCode {
    eprint!("{}", report::render(error, language()));
    if json {
        println!("{}", json!({ "error": report::to_json(error, language()) }));
    }
    exit(Exit::Failed)
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
