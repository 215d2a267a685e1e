//! `check`: what an operator should know before `serve` fails.

use std::path::Path;
use std::process::ExitCode;

use inro_base::report::Exit;
use inro_base::{Clock as _, Code, Coded, UnixTime};
use inro_crypto::{CryptoError, Signer as _};
use inro_crypto_aws::AwsLc;
use inro_service::cli::{exit, language, table};
use inro_service::{SystemClock, files, pki, tls};
use inro_trust::{Anchors, TrustedKey, Usage};
use serde_json::json;

use super::folder_arg::Folder;
use super::output::Output;
use crate::config::Layout;
use crate::error::IssuerError;
use crate::folder;
use crate::store::Employees as _;

/// A certificate that ends sooner is worth a word, in seconds: 30 days.
const SOON: i64 = 30 * 86_400;
/// A clock before this was written is wrong: 2026-11-01.
const EARLIEST: UnixTime = UnixTime::from_secs(1_793_491_200);

struct Finding {
    part: &'static str,
    state: State,
    detail: String,
}

enum State {
    Good,
    Attention,
    Bad(Code),
}

/// Exits with 1 when something is bad.
pub(super) fn run(folder: &Folder, output: &Output) -> ExitCode {
    let findings = findings(&folder.dir);
    let bad = findings.iter().any(|finding| matches!(finding.state, State::Bad(_)));
    let list: Vec<_> = findings
        .iter()
        .map(|finding| {
            let (state, code) = state(&finding.state);
            json!({ "part": finding.part, "state": state, "inro_code": code.map(Code::as_str), "detail": finding.detail })
        })
        .collect();
    output.print(&json!({ "ok": !bad, "findings": list }), || {
        let rows: Vec<Vec<String>> = findings.iter().map(row).collect();
        table(&["part", "state", "detail"], &rows)
    });
    exit(if bad { Exit::Failed } else { Exit::Done })
}

fn findings(root: &Path) -> Vec<Finding> {
    let layout = Layout::new(root);
    let now = SystemClock.now();
    let mut findings = vec![
        judge("config", folder::config(root).map(|config| config.url)),
        judge(
            "types",
            folder::types(&layout).map(|types| format!("{} credential types", types.iter().count())),
        ),
        judge("roles", folder::roles(&layout).map(|roles| format!("{} powers", roles.powers().len()))),
        judge("database", employees(root)),
        judge("signer", signer(&layout, "signer", Usage::CredentialIssuer, now)),
        judge("signer's types", signer_types(&layout, now)),
        judge("registrar", signer(&layout, "registrar", Usage::Registrar, now)),
        judge("tls", tls::server_config(&root.join("tls")).map(|_| "usable".into())),
        clock(now),
    ];
    let certificates = [
        ("agency authority", layout.anchor()),
        ("signer certificate", layout.key("signer.chain.pem")),
        ("registrar certificate", layout.key("registrar.chain.pem")),
        ("tls certificate", layout.tls("cert.pem")),
    ];
    findings.extend(certificates.map(|(part, path)| certificate(part, &path, now)));
    findings
}

fn employees(root: &Path) -> Result<String, IssuerError> {
    Ok(format!("{} employees", folder::store(root)?.employees()?.len()))
}

/// Whether key, certificate and anchor fit together, as a wallet or verifier will find.
fn signer(layout: &Layout, name: &str, usage: Usage, now: UnixTime) -> Result<String, IssuerError> {
    let key = pki::load_signer(&layout.key(&format!("{name}.key.pem")))?;
    let trusted = trusted(layout, name, usage, now)?;
    if *trusted.public_key() == key.public_key() {
        Ok(format!("{} leads to the agency's authority", trusted.subject()))
    } else {
        Err(IssuerError::Crypto(CryptoError::PrivateKey))
    }
}

fn signer_types(layout: &Layout, now: UnixTime) -> Result<String, IssuerError> {
    let trusted = trusted(layout, "signer", Usage::CredentialIssuer, now)?;
    let types = folder::types(layout)?;
    types.iter().try_for_each(|kind| trusted.check_type(kind.id()))?;
    Ok("its certificate names every type".into())
}

fn trusted(layout: &Layout, name: &str, usage: Usage, now: UnixTime) -> Result<TrustedKey, IssuerError> {
    let mut anchors = Anchors::new();
    anchors.add_pem(&files::read_text(&layout.anchor())?, &[usage])?;
    let chain = pki::load_chain(&layout.key(&format!("{name}.chain.pem")))?;
    Ok(anchors.trust(&chain, usage, now, &AwsLc)?)
}

fn judge<E: Coded>(part: &'static str, result: Result<String, E>) -> Finding {
    match result {
        Ok(detail) => Finding { part, state: State::Good, detail },
        Err(error) => Finding { part, state: State::Bad(error.code()), detail: error.to_string() },
    }
}

fn certificate(part: &'static str, path: &Path, now: UnixTime) -> Finding {
    let ends = pki::load_chain(path).and_then(|chain| {
        let ends = chain.iter().map(|der| pki::not_after(der)).collect::<Result<Vec<_>, _>>()?;
        Ok(ends.into_iter().min().unwrap_or(now))
    });
    let ends = match ends {
        Ok(ends) => ends,
        Err(error) => return judge(part, Err(error)),
    };
    let state = match ends.seconds_since(now) {
        ..=0 => State::Bad(const { Code::new("INRO-ISSUER-006") }),
        1..=SOON => State::Attention,
        _ => State::Good,
    };
    Finding { part, state, detail: format!("holds until {ends}") }
}

fn clock(now: UnixTime) -> Finding {
    let state = if now < EARLIEST { State::Bad(const { Code::new("INRO-ISSUER-015") }) } else { State::Good };
    Finding { part: "clock", state, detail: now.to_string() }
}

fn row(finding: &Finding) -> Vec<String> {
    let (state, code) = state(&finding.state);
    let remedy = code.map(|code| format!(" [{code}] {}", code.entry().remedy.in_language(language())));
    vec![finding.part.into(), state.into(), format!("{}{}", finding.detail, remedy.unwrap_or_default())]
}

const fn state(state: &State) -> (&'static str, Option<Code>) {
    match state {
        State::Good => ("good", None),
        State::Attention => ("attention", None),
        State::Bad(code) => ("bad", Some(*code)),
    }
}
