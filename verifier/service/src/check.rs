//! `check`: what in a verifier's folder needs attention.

use std::process::ExitCode;

use inro_base::report::{Exit, Language};
use inro_base::{Clock as _, Code, Coded};
use inro_service::{SystemClock, cli, files, pki, tls};
use inro_trust::Anchors;
use serde_json::json;

use crate::app::App;
use crate::error::CommandError;
use crate::layout::Layout;
use crate::{policies, registration, trust};

/// A certificate that ends sooner than this many seconds is told: a month.
const SOON: i64 = 30 * 86_400;

/// One thing that was looked at.
struct Finding {
    what: What,
    subject: String,
    /// `None` when all is well.
    trouble: Option<Trouble>,
}

/// What was looked at. Programs read the English name.
#[derive(Clone, Copy)]
struct What {
    en: &'static str,
    ja: &'static str,
}

enum Trouble {
    /// With its error's own text.
    Code(Code, String),
    /// In English and Japanese.
    Said(&'static str, &'static str),
}

/// Looks through the folder and prints what was found. Exits with failure when anything is wrong.
pub(crate) fn run(layout: &Layout, json: bool) -> Result<ExitCode, CommandError> {
    let findings = findings(layout);
    let troubled = findings.iter().any(|finding| finding.trouble.is_some());
    if json {
        let trouble = |finding: &Finding| finding.trouble.as_ref().map(Trouble::for_programs);
        let list: Vec<_> = findings
            .iter()
            .map(|finding| json!({ "what": finding.what.en, "subject": finding.subject, "trouble": trouble(finding) }))
            .collect();
        cli::print(&format!("{}\n", json!({ "ok": !troubled, "findings": list })))?;
    } else {
        let language = cli::language();
        let row = |finding: &Finding| {
            let trouble = finding.trouble.as_ref().map(|trouble| trouble.for_people(language));
            let state = trouble.unwrap_or_else(|| language.pick("ok", "良好").to_owned());
            let what = language.pick(finding.what.en, finding.what.ja);
            vec![what.to_owned(), finding.subject.clone(), state]
        };
        let rows: Vec<_> = findings.iter().map(row).collect();
        let heads = match language {
            Language::En => ["what", "subject", "state"],
            Language::Ja => ["対象", "内容", "状態"],
        };
        cli::print(&cli::table(&heads, &rows))?;
    }
    Ok(cli::exit(if troubled { Exit::Failed } else { Exit::Done }))
}

impl Trouble {
    fn of(error: &impl Coded) -> Self {
        Self::Code(error.code(), error.to_string())
    }

    fn for_programs(&self) -> String {
        match self {
            Self::Code(code, text) => format!("{text} [{code}]"),
            Self::Said(en, _) => (*en).to_owned(),
        }
    }

    fn for_people(&self, language: Language) -> String {
        match self {
            Self::Code(code, text) => {
                let entry = code.entry();
                let (cause, remedy) = (entry.cause.in_language(language), entry.remedy.in_language(language));
                format!("{cause} [{code}] {remedy} ({text})")
            }
            Self::Said(en, ja) => language.pick(en, ja).to_owned(),
        }
    }
}

const fn what(en: &'static str, ja: &'static str) -> What {
    What { en, ja }
}

fn findings(layout: &Layout) -> Vec<Finding> {
    let certificate = what("certificate", "証明書");
    let mut findings = vec![
        finding(
            what("verifier", "検証サービス"),
            "key, certificate, client id, database, token",
            App::open(layout.clone()),
        ),
        finding(certificate, "keys/verifier.pem", lasts(layout, false)),
        finding(certificate, "tls/cert.pem", lasts(layout, true)),
        finding(what("tls", "TLS"), "tls", tls::server_config(&layout.tls())),
    ];
    for error in files::open_secrets(layout.root()) {
        findings.push(finding(what("private file", "秘密のファイル"), "rights", Err::<(), _>(error)));
    }
    let anchors = trust::issuers(layout);
    findings.push(issuers(&anchors));
    findings.push(servers(layout));
    let registered = what("registration", "登録");
    findings.push(match registration::load(layout) {
        Ok(Some(jwt)) => {
            let verified = registration::verify(layout, &jwt, SystemClock.now());
            finding(registered, "registration.jwt", verified)
        }
        Ok(None) => {
            let trouble = Trouble::Said(
                "wallets show this verifier as claimed, not verified",
                "ウォレットには未確認の検証者として表示されます",
            );
            Finding { what: registered, subject: "none".to_owned(), trouble: Some(trouble) }
        }
        Err(error) => finding(registered, "registration.jwt", Err::<(), _>(error)),
    });
    for name in policies::names(layout).unwrap_or_default() {
        let loaded = policies::load(layout, &name).and_then(|policy| match &anchors {
            Ok(anchors) => policies::check_issuers(&policy, anchors),
            // Told above.
            Err(_) => Ok(()),
        });
        findings.push(finding(what("policy", "ポリシー"), &name, loaded));
    }
    findings
}

fn issuers(anchors: &Result<Anchors, CommandError>) -> Finding {
    let what = what("trust", "信頼");
    match anchors {
        Ok(anchors) => {
            let none = Trouble::Said("no issuer is trusted yet", "信頼する発行者がまだありません");
            let names: Vec<&str> = anchors.names().collect();
            Finding { what, subject: names.join(", "), trouble: anchors.is_empty().then_some(none) }
        }
        Err(error) => {
            Finding { what, subject: "trust/issuers".to_owned(), trouble: Some(Trouble::of(error)) }
        }
    }
}

/// The anchors under which status lists are fetched.
fn servers(layout: &Layout) -> Finding {
    let (what, subject) = (what("status lists", "状態リスト"), "trust/tls");
    match trust::anchor_files(&layout.tls_anchors()) {
        Ok(files) if files.is_empty() => {
            let trouble = Trouble::Said(
                "no HTTPS certificate is trusted, so no status list can be fetched: trust add --tls",
                "信頼するHTTPSの証明書がなく、状態リストを取得できません（trust add --tls）",
            );
            Finding { what, subject: subject.to_owned(), trouble: Some(trouble) }
        }
        files => finding(what, subject, files),
    }
}

fn finding<T, E: Coded>(what: What, subject: &str, result: Result<T, E>) -> Finding {
    Finding { what, subject: subject.to_owned(), trouble: result.err().map(|error| Trouble::of(&error)) }
}

fn lasts(layout: &Layout, tls: bool) -> Result<(), CommandError> {
    let path = if tls { layout.tls().join("cert.pem") } else { layout.key("verifier.pem") };
    files::read_text(&path)?;
    for der in pki::load_chain(&path)? {
        let end = pki::not_after(&der)?;
        if SystemClock.now().plus(SOON) > end {
            return Err(CommandError::EndsSoon { at: end });
        }
    }
    Ok(())
}
