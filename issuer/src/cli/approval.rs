//! `offer list`, `offer approve` and `offer reject`.

use std::process::ExitCode;

use clap::Args;
use inro_base::report::Language;
use inro_service::cli::table;
use serde_json::{Value, json};

use super::folder_arg::Folder;
use super::output::Output;
use crate::error::IssuerError;
use crate::folder;
use crate::store::{Approval, Deferrals as _, OfferLine};

#[derive(Args)]
pub(super) struct DecideArgs {
    #[command(flatten)]
    folder: Folder,
    /// The offer's id, as `offer create` and `offer list` show it; it may begin with a dash.
    #[arg(allow_hyphen_values = true)]
    id: String,
}

pub(super) fn decide(args: &DecideArgs, approve: bool, output: &Output) -> Result<ExitCode, IssuerError> {
    folder::open(&args.folder.dir)?.decide(&args.id, approve)?;
    let decision = if approve { "approved" } else { "rejected" };
    output.print(&json!({ "id": args.id, "approval": decision }), || {
        let text = match approve {
            true => output.language().pick("approved", "承認しました"),
            false => output.language().pick("rejected", "却下しました"),
        };
        format!("{text}\n")
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn list(folder: &Folder, output: &Output) -> Result<ExitCode, IssuerError> {
    let lines = folder::store(&folder.dir)?.offers()?;
    let value = json!({ "offers": lines.iter().map(to_json).collect::<Vec<_>>() });
    output.print(&value, || {
        let language = output.language();
        let row = |line: &OfferLine| {
            let approval =
                line.approval.map(|approval| approval_text(approval, language)).unwrap_or_default();
            let redeemed = language.pick("yes", "済");
            vec![
                line.id.clone(),
                line.employee.clone(),
                line.configurations.join(" "),
                if line.redeemed { redeemed } else { "" }.to_owned(),
                approval.to_owned(),
                line.expires_at.to_string(),
            ]
        };
        let heads = match language {
            Language::En => ["id", "employee", "credentials", "redeemed", "approval", "open until"],
            Language::Ja => ["番号", "職員番号", "資格情報", "受取開始", "承認", "有効期限"],
        };
        table(&heads, &lines.iter().map(row).collect::<Vec<_>>())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn to_json(line: &OfferLine) -> Value {
    json!({
        "id": line.id,
        "employee": line.employee,
        "credentials": line.configurations,
        "redeemed": line.redeemed,
        "approval": line.approval.map(|approval| match approval {
            Approval::Granted => "approved",
            Approval::Waiting => "waiting",
            Approval::Rejected => "rejected",
        }),
        "created_at": line.created_at.to_string(),
        "expires_at": line.expires_at.to_string(),
    })
}

const fn approval_text(approval: Approval, language: Language) -> &'static str {
    match approval {
        Approval::Granted => language.pick("approved", "承認済み"),
        Approval::Waiting => language.pick("waiting", "承認待ち"),
        Approval::Rejected => language.pick("rejected", "却下"),
    }
}
