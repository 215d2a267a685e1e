//! Carries out one command.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use inro_base::report::{self, Exit, Language};
use inro_wallet_core::{AnchorKind, CredentialId, Wallet};
use serde_json::{Value, json};

use crate::args::{Anchor, Arguments, Command, Trust};
use crate::decide::{Approval, Decision, decide};
use crate::error::CliError;
use crate::home::Home;
use crate::https::check_anchor;
use crate::language;
use crate::print;

/// The longest certificate file that is read, in bytes.
const MAX_PEM_BYTES: u64 = 64 * 1024;

/// What a command prints on stdout, and how it ends.
struct Done {
    json: Value,
    text: String,
    exit: Exit,
}

/// Reads the command line, carries the command out and prints its outcome.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Some(home) = arguments.home else {
        Arguments::command().error(ErrorKind::MissingRequiredArgument, "--home H is needed").exit();
    };
    let (json, language) = (arguments.json, language::from_environment());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a single-threaded runtime needs nothing but memory and a poll descriptor");
    let outcome = runtime.block_on(run(arguments.command, home, language));
    match outcome {
        Ok(done) => {
            if json {
                println!("{}", done.json);
            } else {
                print!("{}", done.text);
            }
            ExitCode::from(done.exit.status())
        }
        Err(error) => {
            if json {
                println!("{}", json!({ "error": report::to_json(&error, language) }));
            }
            eprint!("{}", report::render(&error, language));
            let exit = if error.is_refusal() { Exit::Refused } else { Exit::Failed };
            ExitCode::from(exit.status())
        }
    }
}

async fn run(command: Command, home: PathBuf, language: Language) -> Result<Done, CliError> {
    match command {
        Command::Present { request, yes, allow_unregistered } => {
            let approval = match (yes, allow_unregistered) {
                (false, _) => Approval::Ask,
                (true, false) => Approval::Registered,
                (true, true) => Approval::Anything,
            };
            Ok(present(home, &request, approval, language).await)
        }
        other => act(&Home::open(&home).await?.wallet, other, language).await,
    }
}

async fn act(wallet: &Wallet, command: Command, language: Language) -> Result<Done, CliError> {
    match command {
        Command::Trust(Trust::Add(anchor)) => trust_add(wallet, &anchor, language).await,
        Command::Receive { offer, tx_code } => {
            let records = wallet.receive(&offer, tx_code.as_deref()).await?;
            Ok(done(print::credentials_json(&records), print::credentials_text(&records, language)))
        }
        Command::List => {
            let records = wallet.list().await?;
            Ok(done(print::credentials_json(&records), print::credentials_text(&records, language)))
        }
        Command::Show { id } => {
            let record = wallet.show(&CredentialId(id)).await?;
            Ok(done(print::credential_json(&record), print::credential_text(&record, language)))
        }
        Command::History => {
            let entries = wallet.history().await?;
            Ok(done(print::history_json(&entries), print::history_text(&entries, language)))
        }
        Command::Delete { id } => {
            wallet.delete(&CredentialId(id)).await?;
            Ok(done(json!({ "deleted": true }), language.pick("deleted\n", "削除しました\n").to_owned()))
        }
        // `run` took it: its outcome has a form of its own.
        Command::Present { .. } => Err(CliError::NoTerminal),
    }
}

async fn trust_add(wallet: &Wallet, anchor: &Anchor, language: Language) -> Result<Done, CliError> {
    let files = [
        (AnchorKind::Issuer, &anchor.issuer),
        (AnchorKind::Verifier, &anchor.verifier),
        (AnchorKind::Tls, &anchor.tls),
    ];
    for (kind, path) in files {
        let Some(path) = path else { continue };
        let length = std::fs::metadata(path).map_err(|_| CliError::Certificate)?.len();
        if length > MAX_PEM_BYTES {
            return Err(CliError::Certificate);
        }
        let pem = std::fs::read_to_string(path).map_err(|_| CliError::Certificate)?;
        check_anchor(&pem).map_err(|_| CliError::Certificate)?;
        wallet.trust_add(kind, &pem).await?;
    }
    Ok(done(json!({ "added": true }), language.pick("added\n", "追加しました\n").to_owned()))
}

/// Presents, and says how it ended in the same form whatever happened.
async fn present(home: PathBuf, request: &str, approval: Approval, language: Language) -> Done {
    let (status, redirect_uri, error) = match try_present(home, request, approval, language).await {
        Ok((redirect_uri, None)) => ("sent", redirect_uri, None),
        Ok((redirect_uri, Some(reason))) => ("refused", redirect_uri, Some(reason)),
        Err(error) if error.is_refusal() => ("refused", None, Some(error)),
        Err(error) => ("failed", None, Some(error)),
    };
    if let Some(error) = &error {
        eprint!("{}", report::render(error, language));
    }
    let exit = match status {
        "sent" => Exit::Done,
        "refused" => Exit::Refused,
        _ => Exit::Failed,
    };
    let text = match status {
        "sent" => language.pick("sent\n", "提示しました\n"),
        "refused" => language.pick("refused\n", "拒否しました\n"),
        _ => "",
    };
    let error = error.map(|error| report::to_json(&error, language));
    Done { json: print::presented_json(status, redirect_uri.as_deref(), error), text: text.to_owned(), exit }
}

/// Where the holder may go on, and why it was declined, if it was.
async fn try_present(
    home: PathBuf,
    request: &str,
    approval: Approval,
    language: Language,
) -> Result<(Option<String>, Option<CliError>), CliError> {
    let home = Home::open(&home).await?;
    let reviewing = home.wallet.review(request).await?;
    match decide(reviewing.review(), approval, language)? {
        Decision::Approve(choice) => Ok((home.wallet.approve(reviewing, choice).await?, None)),
        Decision::Decline(reason) => Ok((home.wallet.refuse(reviewing).await?, Some(reason))),
    }
}

const fn done(json: Value, text: String) -> Done {
    Done { json, text, exit: Exit::Done }
}
