//! Evidence: export, erase, and the check of a file of it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use inro_base::report::Language;
use inro_crypto::RustCrypto;
use inro_evidence::{
    Attached, Content, Digest, MAX_BUNDLE, Record, Told, UnverifiedChain, VerifiedChain, What,
};
use inro_jose::Jwk;
use inro_wallet_core::{Erase, HistoryId, Wallet};
use serde_json::{Value, json};

use crate::args::{Erasure, HistoryAction};
use crate::done::{Done, done};
use crate::error::CliError;
use crate::language::brief;

/// The longest description of an event on a line, in characters.
const MAX_DETAIL: usize = 300;

/// Carries out what is done with the history but showing it.
pub(crate) async fn act(
    wallet: &Wallet,
    action: HistoryAction,
    language: Language,
) -> Result<Done, CliError> {
    match action {
        HistoryAction::Export { file, yes: _ } => {
            let bundles = wallet.export_history().await?;
            let files = write_all(&file, &bundles)?;
            let text: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
            let nothing = language.pick("nothing to export\n", "書き出す履歴はありません\n").to_owned();
            let names: Vec<Value> = files.iter().map(|file| file.display().to_string().into()).collect();
            Ok(done(json!({ "files": names }), if files.is_empty() { nothing } else { text }))
        }
        HistoryAction::Erase(Erasure { id, all, requests: _ }) => {
            let erase = match (id, all) {
                (Some(id), _) => Erase::Entry(HistoryId(id)),
                (None, true) => Erase::Everything,
                (None, false) => Erase::Requests,
            };
            wallet.erase_history(erase).await?;
            Ok(done(json!({ "erased": true }), language.pick("erased\n", "消去しました\n").to_owned()))
        }
        HistoryAction::RotateKey => {
            wallet.rotate_receipt_key().await?;
            Ok(done(json!({ "rotated": true }), language.pick("rotated\n", "鍵を更新しました\n").to_owned()))
        }
    }
}

/// Checks the bundle in `file`; `key` and `head` are what is known of it from elsewhere.
pub(crate) fn verify(
    file: &Path,
    key: Option<&str>,
    head: Option<&str>,
    language: Language,
) -> Result<Done, CliError> {
    let chain = UnverifiedChain::parse(&read(file)?)?.verify(&RustCrypto)?;
    let thumbprint = Jwk::new(*chain.first_key()).thumbprint(&RustCrypto);
    if key.is_some_and(|key| key != thumbprint) {
        return Err(CliError::OtherKey);
    }
    if head.is_some_and(|head| !Digest::parse(head).is_ok_and(|head| chain.position(head).is_some())) {
        return Err(CliError::OtherEnd);
    }
    Ok(done(to_json(&chain, &thumbprint), to_text(&chain, &thumbprint, language)))
}

/// Reads no more than a bundle may have, and one byte that shows that it has more.
fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let limit = u64::try_from(MAX_BUNDLE).unwrap_or(u64::MAX).saturating_add(1);
    let mut bundle = Vec::new();
    let opened = File::open(file).map_err(|_| CliError::File)?;
    opened.take(limit).read_to_end(&mut bundle).map_err(|_| CliError::File)?;
    Ok(bundle)
}

/// The chain that goes on to `file`, those before it beside it.
fn write_all(file: &Path, bundles: &[Vec<u8>]) -> Result<Vec<PathBuf>, CliError> {
    let older = bundles.len().saturating_sub(1);
    let name = |number: usize| {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    let files: Vec<PathBuf> = (1..=older).map(name).chain([file.to_owned()]).collect();
    let mut written = Vec::new();
    for (file, bundle) in files.iter().zip(bundles) {
        if write_new(file, bundle).is_err() {
            // All of it or nothing.
            written.iter().for_each(|file: &&PathBuf| drop(fs::remove_file(file)));
            return Err(CliError::File);
        }
        written.push(file);
    }
    Ok(written.into_iter().cloned().collect())
}

pub(crate) fn write_new(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    let written = out.write_all(bytes).and_then(|()| out.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(file);
    }
    written
}

fn to_json(chain: &VerifiedChain, thumbprint: &str) -> Value {
    let records = chain.records().iter().enumerate();
    json!({
        "verified": true,
        "chain": chain.chain().to_string(),
        "after": chain.after().map(|after| after.to_string()),
        "key": thumbprint,
        "head": chain.last().to_string(),
        "records": records.map(|(seq, record)| record_json(seq, record)).collect::<Vec<_>>(),
    })
}

fn record_json(seq: usize, record: &Record) -> Value {
    let (event, told) = match &record.what {
        What::Opened => (Value::from("opened"), None),
        What::Rotated(_) => (Value::from("rotated"), None),
        What::Happened(Content::Absent) => (Value::Null, None),
        What::Happened(Content::Told(told)) => (Value::from(told.name.as_str()), Some(told)),
    };
    let attachments = |told: &Told| told.attachments.iter().map(attachment_json).collect::<Value>();
    json!({
        "seq": seq,
        "at": record.at.to_string(),
        "event": event,
        "of": told.and_then(|told| told.of),
        "detail": told.map(|told| &told.detail),
        "attachments": told.map(attachments),
    })
}

fn attachment_json(attached: &Attached) -> Value {
    let present = attached.bytes.is_some();
    json!({ "kind": attached.kind, "sha256": attached.digest.to_string(), "present": present })
}

fn to_text(chain: &VerifiedChain, thumbprint: &str, language: Language) -> String {
    let count = chain.records().len();
    let mut text = match language {
        Language::En => format!(
            "verified: {count} records, none altered, added or taken out between the first and the last\n\
             chain {}\nfirst key {thumbprint}\nlast record {}\n",
            chain.chain(),
            chain.last()
        ),
        Language::Ja => format!(
            "検証済み：記録{count}件。最初から最後までの間に改変・追加・削除はありません\n連鎖 {}\n最初の鍵 {thumbprint}\n最後の記録 {}\n",
            chain.chain(),
            chain.last()
        ),
    };
    if let Some(after) = chain.after() {
        text.push_str(&format!("{} {after}\n", language.pick("continues after", "続き元の記録")));
    }
    for (seq, record) in chain.records().iter().enumerate() {
        text.push_str(&format!("{seq}  {}  {}\n", record.at, what_text(&record.what, language)));
    }
    text.push_str(language.pick(
        "This does not show whose it is, nor that its end was not cut: compare the first key and the last record.\n",
        "誰のものか、末尾が削除されていないかは、これだけでは分かりません。最初の鍵と最後の記録を照合してください。\n",
    ));
    text
}

fn what_text(what: &What, language: Language) -> String {
    match what {
        What::Opened => language.pick("opened", "開始").to_owned(),
        What::Rotated(_) => language.pick("key rotated", "鍵の更新").to_owned(),
        What::Happened(Content::Absent) => language.pick("erased or left out", "消去または省略").to_owned(),
        What::Happened(Content::Told(told)) => {
            let of = told.of.map(|of| format!(" → {of}")).unwrap_or_default();
            let detail = brief(&Value::Object(told.detail.clone()).to_string(), MAX_DETAIL);
            let kinds: Vec<_> = told.attachments.iter().map(|attached| attached.kind.as_str()).collect();
            let kinds = if kinds.is_empty() { String::new() } else { format!(" + {}", kinds.join(", ")) };
            format!("{}{of}  {detail}{kinds}", told.name)
        }
    }
}
