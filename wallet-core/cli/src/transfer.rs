//! Moving history and settings to another phone.

use std::fs::File;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _};
use std::path::Path;

use inro_base::Secret;
use inro_base::report::Language;
use inro_wallet_core::{Cost, TransferFile, Wallet};
use serde_json::json;

use crate::args::Transfer;
use crate::done::{Done, done};
use crate::error::CliError;
use crate::evidence::write_new;
use crate::output;

/// The longest passphrase file that is read, in bytes.
const MAX_PASSPHRASE: u64 = 1_024;

/// Carries out what is done with a transfer.
pub(crate) async fn act(wallet: &Wallet, transfer: Transfer, language: Language) -> Result<Done, CliError> {
    match transfer {
        Transfer::Export { file, passphrase_file, yes: _ } => {
            let passphrase = passphrase(passphrase_file.as_deref(), language)?;
            let bytes = wallet.export_transfer(&passphrase, Cost::USUAL).await?;
            write_new(&file, &bytes).map_err(|_| CliError::File)?;
            let text = language.pick(
                "written; credentials and keys are not in it\n",
                "書き出しました（資格情報と鍵は含まれません）\n",
            );
            Ok(done(json!({ "file": file.display().to_string() }), text.to_owned()))
        }
        Transfer::Import { file, passphrase_file } => {
            let bytes = read(&file, TransferFile::MAX)?;
            let passphrase = passphrase(passphrase_file.as_deref(), language)?;
            wallet.import_transfer(&bytes, &passphrase).await?;
            let text = language.pick(
                "imported; ask each agency for a new offer\n",
                "取り込みました。資格情報は、所属機関に新しいオファーを依頼してください\n",
            );
            Ok(done(json!({ "imported": true }), text.to_owned()))
        }
    }
}

/// No more than `limit` bytes, and one that shows that there are more.
fn read(file: &Path, limit: u64) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(|_| CliError::File)?;
    opened.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|_| CliError::File)?;
    Ok(bytes)
}

/// The terminal shows what is typed, and says so.
fn passphrase(file: Option<&Path>, language: Language) -> Result<Secret<String>, CliError> {
    let mut line = String::new();
    match file {
        Some(file) => line = String::from_utf8(read(file, MAX_PASSPHRASE)?).map_err(|_| CliError::File)?,
        None => {
            if !io::stdin().is_terminal() {
                return Err(CliError::NoTerminal);
            }
            output::complain(
                language.pick("passphrase (it can be seen): ", "パスフレーズ（画面に表示されます）："),
            );
            io::stdin().lock().read_line(&mut line).map_err(|_| CliError::NoTerminal)?;
        }
    }
    let first = line.lines().next().filter(|line| !line.is_empty()).ok_or(CliError::NoTerminal)?;
    Ok(Secret::new(first.to_owned()))
}
