//! The commands.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use inro_base::Coded as _;
use inro_base::report::{Exit, Language};
use inro_service::{ServiceError, cli as service_cli, server};
use serde_json::{Value, json};

use crate::app::App;
use crate::check;
use crate::error::CommandError;
use crate::http::router;
use crate::layout::{ClientIdChoice, Layout, Settings};
use crate::{init, policies, registration, trust};

const EXAMPLES: &str = "\
Examples:
  inro-verifier init --dir D --name \"Welfare System\" --name-ja \"福祉システム\" --url https://localhost:9443
  inro-verifier trust add --dir D --issuer ca.pem
  inro-verifier trust add --dir D --tls tls-ca.pem
  inro-verifier registration add --dir D registration.jwt
  inro-verifier serve --dir D";

#[derive(Parser)]
#[command(name = "inro-verifier", version, about = "Asks wallets for presentations and judges them", after_help = EXAMPLES)]
struct Cli {
    /// Answer with one JSON document on stdout.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a new verifier in an empty folder: keys, certificates, policies, API token, database.
    #[command(
        after_help = "Example:\n  inro-verifier init --dir D --name \"Welfare System\" --name-ja \"福祉システム\" --url https://localhost:9443"
    )]
    Init(InitArgs),
    /// Whom the verifier trusts.
    #[command(subcommand)]
    Trust(TrustCommand),
    /// What a registrar says of this verifier.
    #[command(subcommand)]
    Registration(RegistrationCommand),
    /// Serve relying systems and wallets over HTTPS until SIGTERM.
    #[command(
        after_help = "Examples:\n  inro-verifier serve --dir D\n  inro-verifier serve --dir D --port 8080 --insecure-http    # behind a TLS terminator on this machine"
    )]
    Serve(ServeArgs),
    /// Look through the folder and list what needs attention.
    #[command(after_help = "Example:\n  inro-verifier check --dir D")]
    Check(Folder),
    /// What can be asked for.
    #[command(subcommand)]
    Policy(PolicyCommand),
}

#[derive(Args)]
struct Folder {
    /// The verifier's folder.
    #[arg(long, value_name = "D")]
    dir: PathBuf,
}

#[derive(Args)]
struct InitArgs {
    #[command(flatten)]
    folder: Folder,
    /// The relying system's name in English.
    #[arg(long)]
    name: String,
    /// The relying system's name in Japanese.
    #[arg(long)]
    name_ja: String,
    /// The public URL: https, a host and a port.
    #[arg(long)]
    url: String,
    /// How wallets are told who asks.
    #[arg(long, value_enum, default_value_t)]
    client_id: ClientIdChoice,
    /// Fetch status lists from private addresses too: issuers lie on an inner network. A verifier
    /// whose URL is loopback or private does so anyway.
    #[arg(long)]
    private_status_hosts: bool,
}

#[derive(Args)]
struct ServeArgs {
    #[command(flatten)]
    folder: Folder,
    /// Listen here instead of at the URL's port, behind a terminator that forwards to it.
    #[arg(long)]
    port: Option<u16>,
    /// Speak HTTP without TLS, behind a terminator on the same machine.
    #[arg(long)]
    insecure_http: bool,
}

#[derive(Subcommand)]
enum TrustCommand {
    /// List the authorities, with the names by which `trust remove` knows them.
    #[command(after_help = "Example:\n  inro-verifier trust list --dir D")]
    List(Folder),
    /// Take an authority off the list: from the next response on it is refused, also while `serve` runs.
    #[command(after_help = "Example:\n  inro-verifier trust remove --dir D \"Minato City Inro CA\"")]
    Remove {
        #[command(flatten)]
        folder: Folder,
        /// The common name of the certificate, or the file's name.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Add an authority: of credential issuers and registrars, or of the TLS servers with their status lists.
    #[command(
        after_help = "Examples:\n  inro-verifier trust add --dir D --issuer ca.pem\n  inro-verifier trust add --dir D --tls tls-ca.pem"
    )]
    Add {
        #[command(flatten)]
        folder: Folder,
        /// Certificates in PEM that vouch for issuers and registrars.
        #[arg(long, value_name = "PEM", required_unless_present = "tls", conflicts_with = "tls")]
        issuer: Option<PathBuf>,
        /// Certificates in PEM that vouch for TLS servers.
        #[arg(long, value_name = "PEM")]
        tls: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
enum RegistrationCommand {
    /// Take the registration that an agency made for this verifier's certificate.
    #[command(after_help = "Example:\n  inro-verifier registration add --dir D registration.jwt")]
    Add {
        #[command(flatten)]
        folder: Folder,
        /// The registration JWT.
        #[arg(value_name = "JWT")]
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum PolicyCommand {
    /// List the policies and whether each can be read.
    #[command(after_help = "Example:\n  inro-verifier policy list --dir D")]
    List(Folder),
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli.command, cli.json) {
        Ok(code) => code,
        Err(error) => service_cli::report_error(&error, cli.json),
    }
}

fn dispatch(command: Command, json: bool) -> Result<ExitCode, CommandError> {
    match command {
        Command::Init(args) => init(args, json),
        Command::Trust(TrustCommand::List(folder)) => list_anchors(&opened(&folder)?, json),
        Command::Trust(TrustCommand::Remove { folder, name }) => {
            let removed = trust::remove(&opened(&folder)?, &name)?;
            print(json, &json!({ "removed": removed }), |language| {
                let told = language.pick("No longer trusted", "信頼から外しました");
                removed.iter().map(|path| format!("{told}: {}\n", path.display())).collect()
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Trust(TrustCommand::Add { folder, issuer, tls }) => {
            let layout = opened(&folder)?;
            let path = match (issuer, tls) {
                (Some(pem), None) => trust::add_issuer(&layout, &pem)?,
                (None, Some(pem)) => trust::add_tls(&layout, &pem)?,
                (Some(_), Some(_)) | (None, None) => return Err(CommandError::AnchorKind),
            };
            print(json, &json!({ "anchor": path }), |language| {
                format!("{}: {}\n", language.pick("Trusted", "信頼に加えました"), path.display())
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Registration(RegistrationCommand::Add { folder, file }) => {
            let registration = registration::add(&opened(&folder)?, &file)?;
            let expires_at = registration.expires_at().to_string();
            let value = json!({ "registrar": registration.registrar(), "expires_at": expires_at });
            print(json, &value, |language| {
                let registrar = registration.registrar();
                match language {
                    Language::En => format!("Registered by {registrar} until {expires_at}.\n"),
                    Language::Ja => format!("{registrar}による登録です。{expires_at}まで有効です。\n"),
                }
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Serve(args) => serve(&args),
        Command::Check(folder) => check::run(&opened(&folder)?, json),
        Command::Policy(PolicyCommand::List(folder)) => list_policies(&opened(&folder)?, json),
    }
}

fn init(args: InitArgs, json: bool) -> Result<ExitCode, CommandError> {
    let InitArgs { folder, name, name_ja, url, client_id, private_status_hosts } = args;
    let private_status_hosts = private_status_hosts || init::is_private(&url);
    let settings = Settings { name, name_ja, url, client_id, private_status_hosts };
    init::init(&folder.dir, &settings)?;
    let layout = Layout::new(&folder.dir);
    let value = json!({
        "url": settings.url,
        "dir": folder.dir,
        "anchor": layout.own_anchor(),
        "certificate": layout.key("verifier.pem"),
        "registration": layout.registration_draft(),
    });
    print(json, &value, |language| {
        let (dir, anchor) = (folder.dir.display(), layout.own_anchor());
        let (draft, certificate) = (layout.registration_draft(), layout.key("verifier.pem"));
        let (anchor, draft, certificate) = (anchor.display(), draft.display(), certificate.display());
        match language {
            Language::En => format!(
                "A verifier was made in {dir}.\nWallets trust it by {anchor}.\n\
                 To be registered, hand {draft} and {certificate} to the agency.\n\
                 The keys in its folder keys are not encrypted: keep the folder to yourself.\n"
            ),
            Language::Ja => format!(
                "{dir}に検証サービスを作成しました。\nウォレットは{anchor}によって信頼します。\n\
                 登録を受けるには、{draft}と{certificate}を機関に提出してください。\n\
                 フォルダーkeysの鍵は暗号化されていません。フォルダーを他人に渡さないでください。\n"
            ),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn serve(args: &ServeArgs) -> Result<ExitCode, CommandError> {
    let layout = opened(&args.folder)?;
    let (url, tls) = (layout.settings()?.url, layout.tls());
    let app = Arc::new(App::open(layout)?);
    let runtime = tokio::runtime::Runtime::new().map_err(|_| ServiceError::Internal)?;
    runtime.spawn(Arc::clone(&app).purge_forever());
    runtime.block_on(server::serve(&url, args.port, &tls, args.insecure_http, router(app)))?;
    Ok(ExitCode::SUCCESS)
}

fn list_anchors(layout: &Layout, json: bool) -> Result<ExitCode, CommandError> {
    let listed = trust::listed(layout)?;
    let value = json!({ "anchors": listed.iter().map(|anchor| json!({
        "name": anchor.name, "vouches_for": anchor.vouches_for, "file": anchor.path,
    })).collect::<Vec<_>>() });
    print(json, &value, |language| {
        let row = |anchor: &trust::ListedAnchor| {
            vec![anchor.name.clone(), anchor.vouches_for.to_owned(), anchor.path.display().to_string()]
        };
        let heads = match language {
            Language::En => ["name", "vouches for", "file"],
            Language::Ja => ["名称", "用途", "ファイル"],
        };
        service_cli::table(&heads, &listed.iter().map(row).collect::<Vec<_>>())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn list_policies(layout: &Layout, json: bool) -> Result<ExitCode, CommandError> {
    let mut list = Vec::new();
    let mut rows = Vec::new();
    let mut ended = Exit::Done;
    for name in policies::names(layout)? {
        match policies::load(layout, &name) {
            Ok(policy) => {
                let purpose = &policy.purpose;
                list.push(json!({ "policy": name, "purpose": { "en": purpose.en, "ja": purpose.ja } }));
                rows.push(vec![name, policy.purpose.en, policy.purpose.ja]);
            }
            Err(error) => {
                ended = Exit::Failed;
                let code = error.code().as_str();
                list.push(json!({ "policy": name, "inro_code": code }));
                let told = service_cli::language().pick("cannot be read", "読み取れません");
                rows.push(vec![name, format!("{told} [{code}]"), String::new()]);
            }
        }
    }
    let value = json!({ "policies": list });
    print(json, &value, |language| {
        service_cli::table(&[language.pick("policy", "ポリシー"), "purpose", "目的"], &rows)
    })?;
    Ok(service_cli::exit(ended))
}

fn opened(folder: &Folder) -> Result<Layout, CommandError> {
    let layout = Layout::new(&folder.dir);
    layout.settings()?;
    Ok(layout)
}

fn print(json: bool, value: &Value, people: impl FnOnce(Language) -> String) -> Result<(), ServiceError> {
    service_cli::print(&if json { format!("{value}\n") } else { people(service_cli::language()) })
}
