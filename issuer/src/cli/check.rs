//! `check`: what an operator should know before `serve` fails.

use std::path::Path;
use std::process::ExitCode;

use inro_base::report::{Exit, Language};
use inro_base::{Clock as _, Code, Coded, UnixTime};
use inro_crypto::{CryptoError, Signer as _};
use inro_crypto_aws::AwsLc;
use inro_service::cli::{exit, table};
use inro_service::{ServiceError, SystemClock, files, pki, tls};
use inro_trust::{Anchors, TrustError, TrustedKey, Usage};
use serde_json::json;

use super::folder_arg::Folder;
use super::output::Output;
use crate::config::Layout;
use crate::demands::AttestationRule;
use crate::error::IssuerError;
use crate::folder;
use crate::store::Employees as _;

/// A certificate that ends sooner is worth a word, in seconds: 30 days.
const SOON: i64 = 30 * 86_400;
/// A clock before this was written is wrong: 2026-11-01.
const EARLIEST: UnixTime = UnixTime::from_secs(1_793_491_200);

struct Finding {
    part: Part,
    state: State,
    detail: String,
}

/// What was looked at. Programs read the English name.
#[derive(Clone, Copy)]
struct Part {
    en: &'static str,
    ja: &'static str,
}

enum State {
    Good,
    Attention,
    Bad(Code),
}

/// Exits with 1 when something is bad.
pub(super) fn run(folder: &Folder, output: &Output) -> Result<ExitCode, IssuerError> {
    files::check_service_dir(&folder.dir)?;
    let language = output.language();
    let findings = findings(&folder.dir, language);
    let bad = findings.iter().any(|finding| matches!(finding.state, State::Bad(_)));
    let list: Vec<_> = findings
        .iter()
        .map(|finding| {
            let (state, code) = state(&finding.state);
            json!({ "part": finding.part.en, "state": state, "inro_code": code.map(Code::as_str), "detail": finding.detail })
        })
        .collect();
    output.print(&json!({ "ok": !bad, "findings": list }), || {
        let rows: Vec<Vec<String>> = findings.iter().map(|finding| row(finding, language)).collect();
        let heads = match language {
            Language::En => ["part", "state", "detail"],
            Language::Ja => ["対象", "状態", "詳細"],
        };
        table(&heads, &rows)
    })?;
    Ok(exit(if bad { Exit::Failed } else { Exit::Done }))
}

fn findings(root: &Path, language: Language) -> Vec<Finding> {
    let layout = Layout::new(root);
    let now = SystemClock.now();
    let count = |number: usize, en, ja| match language {
        Language::En => format!("{number} {en}"),
        Language::Ja => format!("{ja}{number}件"),
    };
    let said = |text: Result<Said, IssuerError>| text.map(|said| language.pick(said.0, said.1).to_owned());
    let types =
        folder::types(&layout).map(|types| count(types.iter().count(), "credential types", "資格情報の種別"));
    let roles = folder::roles(&layout).map(|roles| count(roles.powers().len(), "powers", "権限"));
    let employees = employees(root).map(|number| count(number, "employees", "職員"));
    let tls =
        tls::server_config(&root.join("tls")).map(|_| language.pick("usable", "使用できます").to_owned());
    let mut findings = vec![
        judge(part("config", "設定"), folder::config(root).map(|config| config.url)),
        judge(part("types", "資格情報の種別"), types),
        judge(part("roles", "役割表"), roles),
        judge(part("database", "データベース"), employees),
        judge(part("signer", "署名鍵"), said(signer(&layout, "signer", Usage::CredentialIssuer, now))),
        judge(part("signer's types", "署名鍵の種別"), said(signer_types(&layout, now))),
        judge(part("registrar", "登録用の鍵"), said(signer(&layout, "registrar", Usage::Registrar, now))),
        judge(part("tls", "TLS"), tls),
        clock(now),
        judge(part("host", "ホスト"), said(host(root, &layout))),
        // What `serve` does first, so that it cannot fail where all else is good.
        judge(
            part("service", "サービス"),
            folder::open(root).map(|_| language.pick("can serve", "起動できます").to_owned()),
        ),
    ];
    findings.extend(unusual_levels(root, language));
    let certificates = [
        (part("agency authority", "機関の認証局"), layout.anchor()),
        (part("signer certificate", "署名鍵の証明書"), layout.key("signer.chain.pem")),
        (part("registrar certificate", "登録用の証明書"), layout.key("registrar.chain.pem")),
        (part("tls certificate", "TLSの証明書"), layout.tls("cert.pem")),
    ];
    findings.extend(certificates.map(|(part, path)| certificate(part, &path, now, language)));
    findings.extend(
        private_files(root)
            .into_iter()
            .map(|error| judge(part("private file", "秘密のファイル"), Err(error))),
    );
    findings
}

/// Every key and the database that group or others may read.
fn private_files(root: &Path) -> Vec<ServiceError> {
    files::open_secrets(root)
}

/// One sentence in English and Japanese.
type Said = (&'static str, &'static str);

const fn part(en: &'static str, ja: &'static str) -> Part {
    Part { en, ja }
}

fn employees(root: &Path) -> Result<usize, IssuerError> {
    Ok(folder::store(root)?.employees()?.len())
}

/// Whether key, certificate and anchor fit together, as a wallet or verifier will find.
fn signer(layout: &Layout, name: &str, usage: Usage, now: UnixTime) -> Result<Said, IssuerError> {
    let key = pki::load_signer(&layout.key(&format!("{name}.key.pem")))?;
    let trusted = trusted(layout, name, usage, now)?;
    if *trusted.public_key() == key.public_key() {
        Ok(("its certificate leads to the agency's authority", "証明書は機関の認証局につながっています"))
    } else {
        Err(IssuerError::Crypto(CryptoError::PrivateKey))
    }
}

fn signer_types(layout: &Layout, now: UnixTime) -> Result<Said, IssuerError> {
    let trusted = trusted(layout, "signer", Usage::CredentialIssuer, now)?;
    let types = folder::types(layout)?;
    types.iter().try_for_each(|kind| trusted.check_type(kind.id()))?;
    Ok(("its certificate names every type", "証明書にすべての種別が記載されています"))
}

/// Whether the certificate of the HTTPS listener is one for the host in the settings.
fn host(root: &Path, layout: &Layout) -> Result<Said, IssuerError> {
    let config = folder::config(root)?;
    let origin = tls::Origin::parse(&config.url)?;
    let chain = pki::load_chain(&layout.tls("cert.pem"))?;
    let der = chain.first().ok_or(TrustError::NoCertificate)?;
    if pki::is_for_host(der, &origin.host)? {
        Ok(("its certificate names the host of the URL", "証明書にURLのホストが記載されています"))
    } else {
        Err(IssuerError::OtherHost)
    }
}

/// Levels in `[attestation]` that no specification names.
fn unusual_levels(root: &Path, language: Language) -> Option<Finding> {
    let config = folder::config(root).ok()?;
    let levels: Vec<&str> = config.attestation.values().flat_map(AttestationRule::unusual_levels).collect();
    (!levels.is_empty()).then(|| Finding {
        part: part("attestation", "鍵の証明"),
        state: State::Attention,
        detail: match language {
            Language::En => format!("levels that OpenID4VCI does not name: {}", levels.join(", ")),
            Language::Ja => format!("OpenID4VCIにない水準: {}", levels.join("、")),
        },
    })
}

fn trusted(layout: &Layout, name: &str, usage: Usage, now: UnixTime) -> Result<TrustedKey, IssuerError> {
    let mut anchors = Anchors::new();
    anchors.add_pem(&files::read_text(&layout.anchor())?, &[usage])?;
    let chain = pki::load_chain(&layout.key(&format!("{name}.chain.pem")))?;
    Ok(anchors.trust(&chain, usage, now, &AwsLc)?)
}

fn judge<E: Coded>(part: Part, result: Result<String, E>) -> Finding {
    match result {
        Ok(detail) => Finding { part, state: State::Good, detail },
        Err(error) => Finding { part, state: State::Bad(error.code()), detail: error.to_string() },
    }
}

fn certificate(part: Part, path: &Path, now: UnixTime, language: Language) -> Finding {
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
    let detail = match language {
        Language::En => format!("holds until {ends}"),
        Language::Ja => format!("{ends}まで有効"),
    };
    Finding { part, state, detail }
}

fn clock(now: UnixTime) -> Finding {
    let state = if now < EARLIEST { State::Bad(const { Code::new("INRO-ISSUER-015") }) } else { State::Good };
    Finding { part: part("clock", "時計"), state, detail: now.to_string() }
}

fn row(finding: &Finding, language: Language) -> Vec<String> {
    let part = language.pick(finding.part.en, finding.part.ja);
    let word = match finding.state {
        State::Good => language.pick("good", "良好"),
        State::Attention => language.pick("attention", "注意"),
        State::Bad(_) => language.pick("bad", "異常"),
    };
    let (_, code) = state(&finding.state);
    let told = code.map(|code| {
        let entry = code.entry();
        let (cause, remedy) = (entry.cause.in_language(language), entry.remedy.in_language(language));
        format!("{cause} [{code}] {remedy} ({})", finding.detail)
    });
    vec![part.into(), word.into(), told.unwrap_or_else(|| finding.detail.clone())]
}

const fn state(state: &State) -> (&'static str, Option<Code>) {
    match state {
        State::Good => ("good", None),
        State::Attention => ("attention", None),
        State::Bad(code) => ("bad", Some(*code)),
    }
}
