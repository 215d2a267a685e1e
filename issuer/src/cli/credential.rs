//! `credential`: what was issued, and whether the agency stands by it.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use inro_base::report::Language;
use inro_base::{Clock as _, steers};
use inro_service::SystemClock;
use inro_service::cli::table;
use serde_json::{Value, json};

use super::folder_arg::Folder;
use super::output::Output;
use crate::error::IssuerError;
use crate::folder;
use crate::status;
use crate::store::{
    ChangedStatus, Copies as _, CredentialLine, CredentialState, Refills as _, StatusChange, Statuses as _,
};

/// The longest reason, in characters.
const MAX_REASON: usize = 500;

#[derive(Subcommand)]
pub(super) enum CredentialCommand {
    /// List issued credentials: how they stand, how many copies there are, and until when wallets refill them.
    List(ListArgs),
    /// Take a credential back for good, with every copy in every format; no wallet refills it any more.
    #[command(
        after_help = "Examples:\n  inro-issuer credential revoke --dir D 9wZ0mD2S8bqgYw3X --reason \"lost phone\"\n  inro-issuer credential revoke --dir D --employee E0001 --reason \"left office\" --json\n\nThe command returns when the change holds. Verifiers see it with their next list, within 60 seconds."
    )]
    Revoke(ChangeArgs),
    /// Take a credential back for a while; until it resumes, no wallet refills it.
    #[command(
        after_help = "Example:\n  inro-issuer credential suspend --dir D --employee E0001 --type role-authority --reason \"leave of absence\"\n\nThe command returns when the change holds. Verifiers see it with their next list, within 60 seconds."
    )]
    Suspend(ChangeArgs),
    /// Stand by a suspended credential again.
    #[command(
        after_help = "Example:\n  inro-issuer credential resume --dir D --employee E0001 --reason \"back from leave\""
    )]
    Resume(ChangeArgs),
}

#[derive(Args)]
#[command(after_help = "Example:\n  inro-issuer credential list --dir D --employee E0001 --json")]
pub(super) struct ListArgs {
    #[command(flatten)]
    folder: Folder,
    /// Only this employee's.
    #[arg(long)]
    employee: Option<String>,
    /// Only of this type.
    #[arg(long = "type", value_name = "TYPE")]
    type_id: Option<String>,
}

#[derive(Args)]
pub(super) struct ChangeArgs {
    #[command(flatten)]
    folder: Folder,
    /// The credential's id, as `credential list` shows it; it may begin with a dash.
    #[arg(required_unless_present = "employee", conflicts_with = "employee", allow_hyphen_values = true)]
    id: Option<String>,
    /// Every credential of this employee.
    #[arg(long)]
    employee: Option<String>,
    /// With --employee: only of this type.
    #[arg(long = "type", value_name = "TYPE", requires = "employee")]
    type_id: Option<String>,
    /// Why; kept with the change.
    #[arg(long, value_parser = reason)]
    reason: String,
}

pub(super) fn run(command: CredentialCommand, output: &Output) -> Result<ExitCode, IssuerError> {
    match command {
        CredentialCommand::List(args) => list(&args, output),
        CredentialCommand::Revoke(args) => change(&args, StatusChange::Revoke, output),
        CredentialCommand::Suspend(args) => change(&args, StatusChange::Suspend, output),
        CredentialCommand::Resume(args) => change(&args, StatusChange::Resume, output),
    }
}

fn list(args: &ListArgs, output: &Output) -> Result<ExitCode, IssuerError> {
    let lines = lines(&args.folder, args.employee.as_deref(), args.type_id.as_deref())?;
    let value = json!({ "credentials": lines.iter().map(to_json).collect::<Vec<_>>() });
    output.print(&value, || {
        let language = output.language();
        let row = |line: &CredentialLine| {
            vec![
                line.id.clone(),
                line.employee.clone(),
                line.type_id.clone(),
                state(line.status, language).to_owned(),
                line.copies.to_string(),
                line.expires_at.map(|time| time.to_string()).unwrap_or_default(),
                line.refills_until.map(|time| time.to_string()).unwrap_or_default(),
            ]
        };
        let heads = match language {
            Language::En => ["id", "employee", "type", "status", "copies", "last copy ends", "refills until"],
            Language::Ja => ["番号", "職員番号", "種別", "状態", "部数", "最終期限", "補充期限"],
        };
        table(&heads, &lines.iter().map(row).collect::<Vec<_>>())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// All that are named, one after the other; each holds once it is told.
fn change(args: &ChangeArgs, change: StatusChange, output: &Output) -> Result<ExitCode, IssuerError> {
    let store = folder::store(&args.folder.dir)?;
    // Who takes everything back means what is on its way, too. It ends before the list is read, so that
    // nothing is issued in between.
    let whose = args.employee.as_deref().filter(|_| args.type_id.is_none());
    let ended = match whose.filter(|_| change != StatusChange::Resume) {
        Some(employee) => store.end_offers(employee, SystemClock.now())?,
        None => 0,
    };
    let ended_refills = match whose.filter(|_| change == StatusChange::Revoke) {
        Some(employee) => store.end_refills(Some(employee))?,
        None => 0,
    };
    let ids = match &args.id {
        Some(id) => vec![id.clone()],
        None => lines(&args.folder, args.employee.as_deref(), args.type_id.as_deref())?
            .into_iter()
            .filter(|line| applies(line.status, change))
            .map(|line| line.id)
            .collect(),
    };
    if ids.is_empty() && ended == 0 && ended_refills == 0 {
        return Err(IssuerError::UnknownCredential);
    }
    let mut changed = Vec::new();
    for id in &ids {
        let now = SystemClock.now();
        changed.push(status::change(&store, id, change, &args.reason, &operator(), now)?);
    }
    output.print(&json!({ "credentials": changed, "ended_offers": ended }), || {
        let mut text: String = changed.iter().map(|changed| told(changed, output.language())).collect();
        if ended > 0 {
            text.push_str(&match output.language() {
                Language::En => format!("{ended} open offers and waiting requests ended\n"),
                Language::Ja => format!("未使用のオファーと待機中の申請を{ended}件終了しました\n"),
            });
        }
        text
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Of an employee's credentials those that can change so; the others stand as they should.
const fn applies(state: CredentialState, change: StatusChange) -> bool {
    match change {
        StatusChange::Revoke => !matches!(state, CredentialState::Revoked),
        StatusChange::Suspend => matches!(state, CredentialState::Valid),
        StatusChange::Resume => matches!(state, CredentialState::Suspended),
    }
}

fn lines(
    folder: &Folder,
    employee: Option<&str>,
    type_id: Option<&str>,
) -> Result<Vec<CredentialLine>, IssuerError> {
    let mut lines = folder::store(&folder.dir)?.credentials()?;
    lines.retain(|line| {
        employee.is_none_or(|employee| employee == line.employee)
            && type_id.is_none_or(|type_id| type_id == line.type_id)
    });
    Ok(lines)
}

fn to_json(line: &CredentialLine) -> Value {
    json!({
        "id": line.id,
        "employee": line.employee,
        "type": line.type_id,
        "status": line.status,
        "copies": line.copies,
        "expires_at": line.expires_at.map(|time| time.to_string()),
        "refills_until": line.refills_until.map(|time| time.to_string()),
    })
}

fn told(changed: &ChangedStatus, language: Language) -> String {
    let ChangedStatus { employee, type_id, copies, copies_without_status: without, .. } = changed;
    let now = state(changed.status, language);
    let mut text = match language {
        Language::En => format!("{employee}, {type_id}: {now} ({copies} copies)\n"),
        Language::Ja => format!("{employee}、{type_id}：{now}（{copies}部）\n"),
    };
    if *without > 0 {
        text.push_str(&match language {
            Language::En => {
                format!("  {without} copies are older than the status lists: they hold until they end.\n")
            }
            Language::Ja => {
                format!("  状態リストの導入前に発行された{without}部は、有効期限まで有効なままです。\n")
            }
        });
    }
    text
}

const fn state(state: CredentialState, language: Language) -> &'static str {
    match state {
        CredentialState::Valid => language.pick("valid", "有効"),
        CredentialState::Suspended => language.pick("suspended", "一時停止"),
        CredentialState::Revoked => language.pick("revoked", "失効"),
    }
}

/// Who runs the command, as the system calls them.
fn operator() -> String {
    ["SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
        .unwrap_or_else(|| "unknown".to_owned())
}

fn reason(text: &str) -> Result<String, String> {
    let fits = !text.trim().is_empty() && text.chars().count() <= MAX_REASON && !text.chars().any(steers);
    if fits { Ok(text.to_owned()) } else { Err(format!("1 to {MAX_REASON} characters on one line")) }
}
