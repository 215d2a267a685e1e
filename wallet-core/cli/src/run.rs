//! Carries out one command.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use inro_base::report::{Exit, Language};
use inro_wallet_core::{
    AnchorKind, ConsentId, CredentialId, Farewell, RefillWhen, Standing, StoreError, Unenrolment, Wallet,
    WalletError,
};
use serde_json::json;

use crate::args::{Anchor, Arguments, Command, Consent, HistoryAction, Present, Transfer, Trust};
use crate::decide::{Approval, Decision, Manner, decide};
use crate::done::{Done, done};
use crate::error::CliError;
use crate::evidence;
use crate::home::Home;
use crate::https::check_anchor;
use crate::language;
use crate::output;
use crate::presence::TerminalPrompts;
use crate::print;
use crate::screen;

/// The longest certificate file that is read, in bytes.
const MAX_PEM_BYTES: u64 = 64 * 1024;

/// Where the holder may go on, and why it was declined, if it was.
type Presented = Result<(Option<String>, Option<CliError>), CliError>;

/// Reads the command line, carries the command out and prints its outcome.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (json, language) = (arguments.json, language::from_environment());
    if let Command::VerifyBundle { file, key, head } = &arguments.command {
        return end(evidence::verify(file, key.as_deref(), head.as_deref(), language), json, language);
    }
    let Some(home) = arguments.home else {
        Arguments::command().error(ErrorKind::MissingRequiredArgument, "--home H is needed").exit();
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a single-threaded runtime needs nothing but memory and a poll descriptor");
    end(runtime.block_on(run(arguments.command, home, language)), json, language)
}

fn end(outcome: Result<Done, CliError>, json: bool, language: Language) -> ExitCode {
    match outcome {
        Ok(done) => finish(&done, json, language),
        Err(error) => {
            output::complain(&output::error_text(&error, language));
            let exit = if error.is_refusal() { Exit::Refused } else { Exit::Failed };
            let object = json!({ "error": output::error_json(&error, language) });
            finish(&Done { json: object, text: String::new(), exit }, json, language)
        }
    }
}

fn finish(done: &Done, json: bool, language: Language) -> ExitCode {
    let printed = if json { output::print(&format!("{}\n", done.json)) } else { output::print(&done.text) };
    if let Err(error) = printed {
        output::complain(&output::error_text(&error, language));
        return ExitCode::from(Exit::Failed.status());
    }
    ExitCode::from(done.exit.status())
}

async fn run(command: Command, home: PathBuf, language: Language) -> Result<Done, CliError> {
    match command {
        Command::Present(present) => {
            let approval = match (present.yes, present.allow_unregistered) {
                (false, _) => Approval::Ask,
                (true, false) => Approval::Registered,
                (true, true) => Approval::Anything,
            };
            let (done, complaint) =
                ending(try_present(home, &present, approval, language).await, approval, language);
            output::complain(&complaint);
            Ok(done)
        }
        other => {
            let assumed = matches!(
                other,
                Command::Delete { yes: true, .. }
                    | Command::Consent(Consent::Withdraw { yes: true, .. })
                    | Command::Unenrol { yes: true, .. }
                    | Command::Transfer(Transfer::Export { yes: true, .. })
                    | Command::History { action: Some(HistoryAction::Export { yes: true, .. }) }
            );
            let home = open(&home, assumed, language).await?;
            if let Some(done) = leave(&home.wallet, &other, language).await? {
                return Ok(done);
            }
            act(&home.wallet, other, language).await
        }
    }
}

/// Opens the home, and tells what a restored backup has lost. Where presence is `assumed` nobody is asked.
async fn open(home: &Path, assumed: bool, language: Language) -> Result<Home, CliError> {
    let home = Home::open(home, Arc::new(TerminalPrompts::new(language, assumed))).await?;
    output::complain(&print::lost_text(home.wallet.lost_copies(), language));
    Ok(home)
}

/// Gives the wallet up, where that is the command or was begun before: nothing else is done then.
async fn leave(wallet: &Wallet, command: &Command, language: Language) -> Result<Option<Done>, CliError> {
    let farewell = match command {
        Command::Unenrol { now: true, .. } => Farewell::Now,
        Command::Unenrol { now: false, .. } => Farewell::Told,
        _ if wallet.is_leaving().await? => Farewell::Told,
        _ => return Ok(None),
    };
    let outcome = wallet.unenrol(farewell).await?;
    if !matches!(command, Command::Unenrol { .. }) {
        return Err(StoreError::Leaving.into());
    }
    Ok(Some(match outcome {
        Unenrolment::Erased => done(
            json!({ "status": "erased" }),
            language
                .pick(
                    "erased: neither keys nor data are left\n",
                    "消去しました：鍵もデータも残っていません\n",
                )
                .to_owned(),
        ),
        Unenrolment::Waiting { notices } => Done {
            exit: Exit::Failed,
            ..done(
                json!({ "status": "waiting", "notices": notices }),
                match language {
                    Language::En => format!(
                        "waiting: {notices} notices have not reached their issuers; try again, or with --now\n"
                    ),
                    Language::Ja => {
                        format!(
                            "待機中：発行者に届いていない通知が{notices}件あります。やり直すか、--nowを指定してください\n"
                        )
                    }
                },
            )
        },
    }))
}

async fn act(wallet: &Wallet, command: Command, language: Language) -> Result<Done, CliError> {
    match command {
        Command::Trust(Trust::Add(anchor)) => trust_add(wallet, &anchor, language).await,
        Command::Receive { offer, tx_code } => {
            let receipt = wallet.receive(&offer, tx_code.as_deref()).await?;
            Ok(done(print::receipt_json(&receipt), print::receipt_text(&receipt, language)))
        }
        Command::Collect => {
            // Here and not when something is presented: the time would tell the issuer.
            let _ = wallet.tell_deleted().await;
            let collected = wallet.collect().await?;
            // One that was declined stops nobody from having the others.
            let failed = collected.iter().any(|one| one.outcome.is_err());
            let exit = if failed { Exit::Failed } else { Exit::Done };
            Ok(Done {
                exit,
                ..done(
                    print::collected_json(&collected, language),
                    print::collected_text(&collected, language),
                )
            })
        }
        Command::Refill { now } => {
            let when = if now { RefillWhen::AtOnce } else { RefillWhen::Scheduled };
            let refilled = wallet.refill(when).await?;
            let failed = refilled.iter().any(|one| one.outcome.is_err());
            let exit = if failed { Exit::Failed } else { Exit::Done };
            let (json, text) =
                (print::refilled_json(&refilled, language), print::refilled_text(&refilled, language));
            Ok(Done { exit, ..done(json, text) })
        }
        Command::List => {
            let records = wallet.list().await?;
            Ok(done(print::credentials_json(&records), print::credentials_text(&records, language)))
        }
        Command::Show { id } => {
            let record = wallet.show(&CredentialId(id)).await?;
            Ok(done(print::credential_json(&record), print::credential_text(&record, language)))
        }
        Command::Consent(Consent::List) => {
            let consents = wallet.consents().await?;
            Ok(done(print::consents_json(&consents), print::consents_text(&consents, language)))
        }
        Command::Consent(Consent::Withdraw { id, yes: _ }) => {
            wallet.withdraw(&ConsentId(id)).await?;
            let text = language.pick("withdrawn\n", "取り消しました\n").to_owned();
            Ok(done(json!({ "withdrawn": true }), text))
        }
        Command::History { action: None } => {
            let entries = wallet.history().await?;
            Ok(done(print::history_json(&entries), print::history_text(&entries, language)))
        }
        Command::History { action: Some(action) } => evidence::act(wallet, action, language).await,
        Command::Transfer(transfer) => crate::transfer::act(wallet, transfer, language).await,
        Command::Delete { id, yes: _ } => {
            wallet.delete(&CredentialId(id)).await?;
            Ok(done(json!({ "deleted": true }), language.pick("deleted\n", "削除しました\n").to_owned()))
        }
        // `run` and `main` took them.
        Command::Present(_) | Command::VerifyBundle { .. } | Command::Unenrol { .. } => {
            Err(CliError::NoTerminal)
        }
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

/// How a presentation ended, in the same form whatever happened, and what stderr says of it. A person
/// who has just said no, or has seen that nothing fits, is not told again as of an error.
fn ending(outcome: Presented, approval: Approval, language: Language) -> (Done, String) {
    let (status, exit, redirect_uri, error) = match outcome {
        Ok((redirect_uri, None)) => ("sent", Exit::Done, redirect_uri, None),
        Ok((redirect_uri, Some(reason))) => ("refused", Exit::Refused, redirect_uri, Some(reason)),
        Err(error) if error.is_refusal() => ("refused", Exit::Refused, None, Some(error)),
        Err(error) => ("failed", Exit::Failed, None, Some(error)),
    };
    let nothing_fits = matches!(error, Some(CliError::Wallet(WalletError::NoMatch)));
    let text = match exit {
        Exit::Done => language.pick("sent\n", "提示しました\n"),
        Exit::Refused if nothing_fits => language.pick(
            "refused: the wallet holds nothing that fits the request\n",
            "提示しませんでした：要求に合う資格情報がありません\n",
        ),
        Exit::Refused => language.pick("refused\n", "提示しませんでした\n"),
        Exit::Failed | Exit::Usage => "",
    };
    let known = matches!(error, Some(CliError::Refused)) || nothing_fits && approval == Approval::Ask;
    let told = error.as_ref().filter(|_| !known);
    let complaint = told.map(|error| output::error_text(error, language)).unwrap_or_default();
    let error = error.map(|error| output::error_json(&error, language));
    let json = print::presented_json(status, redirect_uri.as_deref(), error);
    (Done { json, text: text.to_owned(), exit }, complaint)
}

async fn try_present(home: PathBuf, present: &Present, approval: Approval, language: Language) -> Presented {
    let home = open(&home, approval != Approval::Ask, language).await?;
    let wallet = &home.wallet;
    let mut reviewing = wallet.review(&present.request).await?;
    let again = present.anew || present.always.is_some();
    match &reviewing.review().standing {
        // The holder has decided: the verifier is told, and nobody is asked.
        Some(Standing::Withdrawn { .. }) if !present.anew => {
            return Ok((wallet.refuse(reviewing).await?, Some(WalletError::Withdrawn.into())));
        }
        Some(Standing::Approved { until, .. }) if approval == Approval::Ask && !again => {
            let chosen = reviewing.standing().map(|choice| reviewing.review().chosen(choice)).transpose()?;
            let shown = screen::show_standing(
                reviewing.review(),
                &chosen.unwrap_or_default(),
                *until,
                language,
                &mut io::stderr(),
            );
            shown.map_err(|_| CliError::NoTerminal)?;
            return Ok((wallet.approve_standing(&mut reviewing).await?, None));
        }
        _ => {}
    }
    if present.anew {
        reviewing = wallet.decide_anew(reviewing).await?;
    }
    let manner = Manner { approval, without: &present.without, always: present.always };
    match decide(reviewing.review(), manner, language)? {
        Decision::Approve(choice) => {
            let sent = match present.always {
                None => wallet.approve(&mut reviewing, choice).await?,
                Some(days) => wallet.approve_always(&mut reviewing, choice, days).await?,
            };
            Ok((sent, None))
        }
        Decision::Decline(reason) => Ok((wallet.refuse(reviewing).await?, Some(reason))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn said(reason: CliError, approval: Approval, language: Language) -> (String, String, Value) {
        let (done, complaint) = ending(Ok((None, Some(reason))), approval, language);
        assert_eq!(done.exit, Exit::Refused);
        (done.text, complaint, done.json)
    }

    #[test]
    fn a_holder_who_said_no_is_told_so_once() {
        let (text, complaint, json) = said(CliError::Refused, Approval::Ask, Language::En);
        assert_eq!((text.as_str(), complaint.as_str()), ("refused\n", ""));
        assert_eq!(json.pointer("/error/inro_code"), Some(&"INRO-WALLET-042".into()));
        let (text, complaint, _) = said(CliError::Refused, Approval::Ask, Language::Ja);
        assert_eq!((text.as_str(), complaint.as_str()), ("提示しませんでした\n", ""));
    }

    #[test]
    fn what_a_program_decided_is_explained() {
        for reason in [CliError::Unregistered, CliError::OverAsked, CliError::NoTerminal] {
            let (text, complaint, _) = said(reason, Approval::Registered, Language::En);
            assert!(text == "refused\n" && complaint.starts_with("error: "), "{complaint}");
        }
    }

    #[test]
    fn says_plainly_that_nothing_fits() {
        let nothing = || CliError::from(WalletError::NoMatch);
        let (text, complaint, json) = said(nothing(), Approval::Ask, Language::En);
        assert!(text.contains("nothing that fits") && complaint.is_empty(), "{text}{complaint}");
        assert_eq!(json.pointer("/error/inro_code"), Some(&"INRO-WALLET-041".into()));
        let (text, complaint, _) = said(nothing(), Approval::Registered, Language::Ja);
        assert!(text.contains("要求に合う資格情報がありません"), "{text}");
        assert!(complaint.contains("[INRO-WALLET-041]"), "nobody saw the review: {complaint}");
    }
}
