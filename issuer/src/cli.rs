//! The administrator's commands.

mod approval;
mod check;
mod credential;
mod employee;
mod folder_arg;
mod issuing;
mod output;
mod signer;

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use inro_base::report::Language;
use inro_service::{cli as service_cli, server};
use serde_json::json;

use crate::error::IssuerError;
use crate::folder::{self, Init};
use crate::http;
use crate::issuer::AgencyName;
use folder_arg::Folder;
use output::Output;

const EXAMPLES: &str = "\
Examples:
  inro-issuer init --dir D --name \"Minato City\" --name-ja \"みなと市\" --url https://localhost:8443
  inro-issuer serve --dir D
  inro-issuer employee import --dir D employees.csv
  inro-issuer offer create --dir D --employee E0001 --credential employee-id --tx-code";

#[derive(Parser)]
#[command(name = "inro-issuer", version, about = "An agency's issuer of employee credentials", after_help = EXAMPLES)]
struct Cli {
    /// Answer with one JSON document on stdout.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a new issuer in an empty folder: keys, certificates, credential types, database.
    Init(InitArgs),
    /// Serve wallets over HTTPS until SIGTERM.
    #[command(after_help = "Example:\n  inro-issuer serve --dir D")]
    Serve(Folder),
    /// Look through the folder and list what needs attention.
    #[command(after_help = "Example:\n  inro-issuer check --dir D --json")]
    Check(Folder),
    /// Employees as HR tells them.
    #[command(subcommand)]
    Employee(employee::Command),
    /// Offers of credentials to employees.
    #[command(subcommand)]
    Offer(issuing::OfferCommand),
    /// Credentials that were issued.
    #[command(subcommand)]
    Credential(credential::CredentialCommand),
    /// The keys that sign for the agency.
    #[command(subcommand)]
    Signer(signer::Command),
    /// Verifiers that the agency vouches for.
    #[command(subcommand)]
    Verifier(issuing::VerifierCommand),
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  inro-issuer init --dir D --name \"Minato City\" --name-ja \"みなと市\" --url https://localhost:8443"
)]
struct InitArgs {
    #[command(flatten)]
    folder: Folder,
    /// The agency's name in English.
    #[arg(long)]
    name: String,
    /// The agency's name in Japanese.
    #[arg(long)]
    name_ja: String,
    /// The public URL: https, a host and a port.
    #[arg(long)]
    url: String,
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    match dispatch(cli.command, &output) {
        Ok(code) => code,
        Err(error) => service_cli::report_error(&error, cli.json),
    }
}

fn dispatch(command: Command, output: &Output) -> Result<ExitCode, IssuerError> {
    match command {
        Command::Init(args) => init(args, output),
        Command::Serve(folder) => serve(&folder),
        Command::Check(folder) => check::run(&folder, output),
        Command::Employee(command) => employee::run(command, output),
        Command::Offer(command) => issuing::offer(command, output),
        Command::Credential(command) => credential::run(command, output),
        Command::Signer(command) => signer::run(command, output),
        Command::Verifier(command) => issuing::verifier(command, output),
    }
}

fn init(args: InitArgs, output: &Output) -> Result<ExitCode, IssuerError> {
    let name = AgencyName { en: args.name, ja: args.name_ja };
    let config = folder::init(&args.folder.dir, &Init { name, url: args.url })?;
    let anchor = args.folder.dir.join("trust").join("ca.pem");
    let value = json!({ "url": config.url, "dir": args.folder.dir, "anchor": anchor });
    output.print(&value, || {
        let (dir, anchor) = (args.folder.dir.display(), anchor.display());
        match output.language() {
            Language::En => format!(
                "An issuer was made in {dir}.\nWallets and verifiers trust it by {anchor}.\n\
                 The keys in its folder keys are not encrypted: keep the folder to yourself.\n"
            ),
            Language::Ja => format!(
                "{dir}に発行サービスを作成しました。\nウォレットと検証者は{anchor}によってこの発行サービスを信頼します。\n\
                 フォルダーkeysの鍵は暗号化されていません。フォルダーを他者に公開しないでください。\n"
            ),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn serve(folder: &Folder) -> Result<ExitCode, IssuerError> {
    let issuer = Arc::new(folder::open(&folder.dir)?);
    issuer.end_refills_if_off()?;
    let url = issuer.url().as_str().to_owned();
    let runtime = tokio::runtime::Runtime::new().map_err(|_| inro_service::ServiceError::Internal)?;
    runtime.block_on(server::serve(&url, None, &folder.dir.join("tls"), false, http::router(issuer)))?;
    Ok(ExitCode::SUCCESS)
}
