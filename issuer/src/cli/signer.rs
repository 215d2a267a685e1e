//! `signer`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use inro_base::report::Language;
use serde_json::json;

use super::folder_arg::Folder;
use super::output::Output;
use crate::error::IssuerError;
use crate::renewal;
use crate::signer::Part;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a new signer under the agency's authority, for the types that lie in the folder now.
    Renew(RenewArgs),
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  inro-issuer signer renew --dir D\n  inro-issuer signer renew --dir D --registrar\n\nWhat the old signer signed stays valid. Restart `serve` afterwards."
)]
pub(super) struct RenewArgs {
    #[command(flatten)]
    folder: Folder,
    /// Renew the key that signs registrations of verifiers instead.
    #[arg(long)]
    registrar: bool,
}

pub(super) fn run(command: Command, output: &Output) -> Result<ExitCode, IssuerError> {
    let Command::Renew(args) = command;
    let part = if args.registrar { Part::Registrations } else { Part::Credentials };
    let renewed = renewal::renew(&args.folder.dir, part)?;
    let value = json!({
        "signer": part.name(),
        "ends_at": renewed.ends_at.to_string(),
        "previous_ends_at": renewed.previous_ends_at.map(|at| at.to_string()),
    });
    output.print(&value, || {
        let end = renewed.ends_at;
        match output.language() {
            Language::En => format!(
                "A new {} holds until {end}. What the old one signed stays valid.\nRestart `inro-issuer serve` to use it.\n",
                part.name()
            ),
            Language::Ja => format!(
                "新しい{}を作成しました（{end}まで有効）。これまでの署名は引き続き有効です。\n使用するには`inro-issuer serve`を再起動してください。\n",
                output.language().pick("signer", if args.registrar { "登録用の鍵" } else { "署名鍵" })
            ),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}
