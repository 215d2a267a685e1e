//! `offer`, `credential` and `verifier`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use inro_base::report::Language;
use inro_openid4vci::SD_JWT_VC;
use serde_json::json;

use super::approval;
use super::folder_arg::Folder;
use super::output::Output;
use crate::error::IssuerError;
use crate::folder;
use crate::offers::{DEFAULT_LIFETIME, OfferWish};
use crate::registrar;

#[derive(Subcommand)]
pub(super) enum OfferCommand {
    /// Offer credentials to an employee in office.
    Create(CreateArgs),
    /// List the offers that are kept, newest first.
    #[command(after_help = "Example:\n  inro-issuer offer list --dir D --json")]
    List(Folder),
    /// Approve an offer that waits for a second person, once.
    #[command(after_help = "Example:\n  inro-issuer offer approve --dir D ID")]
    Approve(approval::DecideArgs),
    /// Reject an offer that waits for a second person, once.
    #[command(after_help = "Example:\n  inro-issuer offer reject --dir D ID")]
    Reject(approval::DecideArgs),
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  inro-issuer offer create --dir D --employee E0001 --credential employee-id --credential role-authority --tx-code --json\n  inro-issuer offer create --dir D --employee E0001 --credential role-authority --format mso_mdoc --needs-approval"
)]
pub(super) struct CreateArgs {
    #[command(flatten)]
    folder: Folder,
    /// The employee number.
    #[arg(long)]
    employee: String,
    /// A credential type; may be given again.
    #[arg(long = "credential", required = true, value_name = "TYPE")]
    credentials: Vec<String>,
    /// A credential format, `dc+sd-jwt` or `mso_mdoc`; may be given again.
    #[arg(long = "format", default_value = SD_JWT_VC, value_name = "FORMAT")]
    formats: Vec<String>,
    /// Ask the employee for a transaction code, to be told by another way.
    #[arg(long)]
    tx_code: bool,
    /// Wait for a second person's approval.
    #[arg(long)]
    needs_approval: bool,
    /// How long the offer waits, in seconds: 30 to 86400.
    #[arg(long, default_value_t = DEFAULT_LIFETIME, value_parser = clap::value_parser!(i64).range(30..=86_400))]
    expires_in: i64,
}

#[derive(Subcommand)]
pub(super) enum VerifierCommand {
    /// Sign a verifier's registration and print it.
    Register(RegisterArgs),
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  inro-issuer verifier register --dir D registration.toml --cert leaf.pem > registration.jwt"
)]
pub(super) struct RegisterArgs {
    #[command(flatten)]
    folder: Folder,
    /// What the verifier applies for.
    #[arg(value_name = "registration.toml")]
    application: PathBuf,
    /// The verifier's certificate.
    #[arg(long, value_name = "PEM")]
    cert: PathBuf,
}

pub(super) fn offer(command: OfferCommand, output: &Output) -> Result<ExitCode, IssuerError> {
    match command {
        OfferCommand::Create(args) => create(args, output),
        OfferCommand::List(folder) => approval::list(&folder, output),
        OfferCommand::Approve(args) => approval::decide(&args, true, output),
        OfferCommand::Reject(args) => approval::decide(&args, false, output),
    }
}

fn create(args: CreateArgs, output: &Output) -> Result<ExitCode, IssuerError> {
    let needs_approval = args.needs_approval;
    let offer = folder::open(&args.folder.dir)?.create_offer(&OfferWish {
        employee: args.employee,
        types: args.credentials,
        formats: args.formats,
        tx_code: args.tx_code,
        needs_approval: args.needs_approval,
        lifetime: args.expires_in,
    })?;
    let tx_code = offer.tx_code.as_ref().map(|text| text.expose().clone());
    // `credential_offer` is the link with the offer itself, `credential_offer_uri` where it lies.
    let value = json!({
        "id": offer.id,
        "credential_offer": offer.by_value.expose(),
        "credential_offer_uri": offer.uri.expose(),
        "tx_code": tx_code,
        "expires_at": offer.expires_at.to_string(),
    });
    output.print(&value, || {
        let (link, end) = (offer.by_reference.expose(), offer.expires_at);
        let told = output.language().pick(
            "Transaction code, to be told by another way",
            "取引コード（リンクとは別の方法で伝えてください）",
        );
        let code = tx_code.map(|code| format!("{told}: {code}\n")).unwrap_or_default();
        let told = output.language().pick("To be approved", "承認待ち");
        let id = if needs_approval { format!("{told}: {}\n", offer.id) } else { String::new() };
        match output.language() {
            Language::En => format!("{link}\n{code}{id}Open until {end}.\n"),
            Language::Ja => format!("{link}\n{code}{id}{end}まで有効です。\n"),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn verifier(command: VerifierCommand, output: &Output) -> Result<ExitCode, IssuerError> {
    let VerifierCommand::Register(args) = command;
    let registered = registrar::register(&args.folder.dir, &args.application, &args.cert)?;
    let value = json!({
        "id": registered.id,
        "registration": registered.jwt,
        "expires_at": registered.expires_at.to_string(),
    });
    output.print(&value, || format!("{}\n", registered.jwt))?;
    Ok(ExitCode::SUCCESS)
}
