//! `employee`: HR's file in, and what it said out.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use inro_base::report::Exit;
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
use crate::hr::{EmployeeRecord, Encoding, Options, RowError};
use crate::store::Employees as _;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Read HR's CSV file. The same number again is an update.
    Import(ImportArgs),
    /// List all employees.
    List(Folder),
    /// Show one employee.
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
    let roles = folder::roles(&Layout::new(&args.folder.dir))?;
    let store = folder::store(&args.folder.dir)?;
    let file =
        File::open(&args.file).map_err(|source| ServiceError::Read { path: args.file.clone(), source })?;
    let options = Options { encoding: args.encoding };
    let done = employees::import(&store, file, options, &roles, args.skip_bad, SystemClock.now())?;
    let refused = IssuerError::BadRows;
    output.print(&import_json(&done, &refused), || import_text(&done));
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

fn import_text(done: &ImportReport) -> String {
    let report = &done.report;
    let mut text = String::new();
    if !report.errors.is_empty() {
        let row = |error: &RowError| {
            vec![error.line.to_string(), error.column.into(), format!("{} [{}]", error.fault, error.code())]
        };
        text = table(&["line", "column", "reason"], &report.errors.iter().map(row).collect::<Vec<_>>());
    }
    let outcome = if done.accepted {
        format!("{} added, {} updated", done.imported.added, done.imported.updated)
    } else {
        "nothing imported".into()
    };
    format!("{text}{} rows, {} errors: {outcome}.\n", report.rows, report.error_count)
}

fn list(folder: &Folder, output: &Output) -> Result<ExitCode, IssuerError> {
    let records = employees::all(&folder::store(&folder.dir)?)?;
    let now = SystemClock.now();
    let values: Vec<Value> = records.iter().map(|record| with_state(record, now)).collect();
    output.print(&json!({ "employees": values }), || {
        let rows: Vec<Vec<String>> = records
            .iter()
            .map(|record| {
                vec![
                    record.employee_number.clone(),
                    record.name_kanji.clone(),
                    record.department.clone(),
                    record.post.clone(),
                    if record.in_office(now) { "yes" } else { "no" }.into(),
                ]
            })
            .collect();
        table(&["number", "name", "department", "post", "in office"], &rows)
    });
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
        table(&["field", "value"], &rows)
    });
    Ok(ExitCode::SUCCESS)
}

fn with_state(record: &EmployeeRecord, now: UnixTime) -> Value {
    let mut value = json!(record);
    if let Some(object) = value.as_object_mut() {
        object.insert("in_office".into(), record.in_office(now).into());
    }
    value
}
