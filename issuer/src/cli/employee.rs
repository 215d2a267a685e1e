//! `employee`: HR's file in, and what it said out.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use inro_base::report::{Exit, Language};
use inro_base::{Clock as _, Coded as _, UnixTime};
use inro_service::cli::{exit, report_error, table};
use inro_service::{ServiceError, SystemClock};
use serde_json::{Value, json};

use super::folder_arg::Folder;
use super::output::Output;
use crate::config::Layout;
use crate::employees::{self, ImportReport};
use crate::error::IssuerError;
use crate::folder;
use crate::hr::{EmployeeRecord, Encoding, Options, RowError, RowFault};
use crate::store::Employees as _;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Read HR's CSV file. The same number again is an update.
    Import(ImportArgs),
    /// List all employees.
    #[command(after_help = "Example:\n  inro-issuer employee list --dir D --json")]
    List(Folder),
    /// Show one employee.
    #[command(after_help = "Example:\n  inro-issuer employee show --dir D E0001")]
    Show(ShowArgs),
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  inro-issuer employee import --dir D --encoding shift_jis --skip-bad employees.csv"
)]
pub(super) struct ImportArgs {
    #[command(flatten)]
    folder: Folder,
    /// The file.
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// What the file's bytes stand for: auto, utf-8 or shift_jis.
    #[arg(long, default_value = "auto", value_parser = encoding)]
    encoding: Encoding,
    /// Import the good rows although there are bad ones.
    #[arg(long)]
    skip_bad: bool,
}

#[derive(Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    folder: Folder,
    /// The employee number.
    number: String,
}

pub(super) fn run(command: Command, output: &Output) -> Result<ExitCode, IssuerError> {
    match command {
        Command::Import(args) => import(&args, output),
        Command::List(folder) => list(&folder, output),
        Command::Show(args) => show(&args, output),
    }
}

fn encoding(name: &str) -> Result<Encoding, String> {
    Encoding::parse(name).ok_or_else(|| "one of auto, utf-8, shift_jis".into())
}

fn import(args: &ImportArgs, output: &Output) -> Result<ExitCode, IssuerError> {
    // The store first: it tells a folder that `init` did not make.
    let store = folder::store(&args.folder.dir)?;
    let roles = folder::roles(&Layout::new(&args.folder.dir))?;
    let file =
        File::open(&args.file).map_err(|source| ServiceError::Read { path: args.file.clone(), source })?;
    let options = Options { encoding: args.encoding };
    let done = employees::import(&store, file, options, &roles, args.skip_bad, SystemClock.now())?;
    let refused = IssuerError::BadRows;
    output.print(&import_json(&done, &refused), || import_text(&done, output.language()))?;
    if done.accepted {
        return Ok(ExitCode::SUCCESS);
    }
    // The JSON document above names the error already.
    if output.is_json() { Ok(exit(Exit::Failed)) } else { Ok(report_error(&refused, false)) }
}

fn import_json(done: &ImportReport, refused: &IssuerError) -> Value {
    let errors = done.report.errors.iter().map(|error| {
        json!({
            "line": error.line,
            "column": error.column,
            "reason": error.fault.to_string(),
            "inro_code": error.code().as_str(),
        })
    });
    json!({
        "imported": done.accepted,
        "inro_code": (!done.accepted).then(|| refused.code().as_str()),
        "rows": done.report.rows,
        "good": done.report.good,
        "added": done.imported.added,
        "updated": done.imported.updated,
        "error_count": done.report.error_count,
        "errors": errors.collect::<Vec<_>>(),
    })
}

fn import_text(done: &ImportReport, language: Language) -> String {
    let report = &done.report;
    let mut text = String::new();
    if !report.errors.is_empty() {
        let row =
            |error: &RowError| vec![error.line.to_string(), error.column.into(), reason(error, language)];
        let heads = match language {
            Language::En => ["line", "column", "reason"],
            Language::Ja => ["行", "列", "理由"],
        };
        text = table(&heads, &report.errors.iter().map(row).collect::<Vec<_>>());
    }
    let (rows, errors) = (report.rows, report.error_count);
    let (added, updated) = (done.imported.added, done.imported.updated);
    let summary = match (language, done.accepted) {
        (Language::En, true) => format!("{rows} rows, {errors} errors: {added} added, {updated} updated."),
        (Language::En, false) => format!("{rows} rows, {errors} errors: nothing imported."),
        (Language::Ja, true) => format!("{rows}行、誤り{errors}件：追加{added}件、更新{updated}件。"),
        (Language::Ja, false) => format!("{rows}行、誤り{errors}件：取り込みを行いませんでした。"),
    };
    format!("{text}{summary}\n")
}

/// What the registry says of the error, its code, and the numbers that the registry cannot know.
fn reason(error: &RowError, language: Language) -> String {
    let numbers = match (error.fault, language) {
        (RowFault::TooLong { limit }, Language::En) => format!(" (at most {limit} characters)"),
        (RowFault::TooLong { limit }, Language::Ja) => format!("（最大{limit}文字）"),
        (RowFault::Repeated { first }, Language::En) => format!(" (first in line {first})"),
        (RowFault::Repeated { first }, Language::Ja) => format!("（最初は{first}行目）"),
        (RowFault::CellCount { found, expected }, Language::En) => {
            format!(" ({found} cells instead of {expected})")
        }
        (RowFault::CellCount { found, expected }, Language::Ja) => {
            format!("（見出し{expected}列に対して{found}個）")
        }
        _ => String::new(),
    };
    let code = error.code();
    format!("{} [{code}]{numbers}", code.entry().cause.in_language(language))
}

fn list(folder: &Folder, output: &Output) -> Result<ExitCode, IssuerError> {
    let records = employees::all(&folder::store(&folder.dir)?)?;
    let now = SystemClock.now();
    let values: Vec<Value> = records.iter().map(|record| with_state(record, now)).collect();
    output.print(&json!({ "employees": values }), || {
        let (yes, no, heads) = match output.language() {
            Language::En => ("yes", "no", ["number", "name", "department", "post", "in office"]),
            Language::Ja => ("はい", "いいえ", ["職員番号", "氏名", "所属", "職", "在任中"]),
        };
        let rows: Vec<Vec<String>> = records
            .iter()
            .map(|record| {
                vec![
                    record.employee_number.clone(),
                    record.name_kanji.clone(),
                    record.department.clone(),
                    record.post.clone(),
                    if record.in_office(now) { yes } else { no }.into(),
                ]
            })
            .collect();
        table(&heads, &rows)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn show(args: &ShowArgs, output: &Output) -> Result<ExitCode, IssuerError> {
    let stored = folder::store(&args.folder.dir)?.employee(&args.number)?;
    let value = with_state(&employees::record(&stored)?, SystemClock.now());
    output.print(&value, || {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), String::from);
        let members = value.as_object().into_iter().flatten();
        let rows: Vec<Vec<String>> = members
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| vec![name.clone(), text(value)])
            .collect();
        let heads = match output.language() {
            Language::En => ["field", "value"],
            Language::Ja => ["項目", "値"],
        };
        table(&heads, &rows)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn with_state(record: &EmployeeRecord, now: UnixTime) -> Value {
    let mut value = json!(record);
    if let Some(object) = value.as_object_mut() {
        object.insert("in_office".into(), record.in_office(now).into());
    }
    value
}
