//! `check`: what in a verifier's folder needs attention.

use std::process::ExitCode;

use inro_base::report::Exit;
use inro_base::{Clock as _, Coded};
use inro_service::{SystemClock, cli, files, pki, tls};
use serde_json::json;

use crate::app::App;
use crate::error::CommandError;
use crate::layout::Layout;
use crate::{policies, registration, trust};

/// A certificate that ends sooner than this many seconds is told: a month.
const SOON: i64 = 30 * 86_400;

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    subject: String,
    /// `None` when all is well.
    trouble: Option<String>,
}

/// Looks through the folder and prints what was found. Exits with failure when anything is wrong.
pub(crate) fn run(layout: &Layout, json: bool) -> Result<ExitCode, CommandError> {
    let findings = findings(layout);
    let troubled = findings.iter().any(|finding| finding.trouble.is_some());
    if json {
        let list: Vec<_> = findings
            .iter()
            .map(|finding| json!({ "what": finding.what, "subject": finding.subject, "trouble": finding.trouble }))
            .collect();
        cli::print(&format!("{}\n", json!({ "ok": !troubled, "findings": list })))?;
    } else {
        let row = |finding: &Finding| {
            let state = finding.trouble.clone().unwrap_or_else(|| "ok".to_owned());
            vec![finding.what.to_owned(), finding.subject.clone(), state]
        };
        let rows: Vec<_> = findings.iter().map(row).collect();
        cli::print(&cli::table(&["what", "subject", "state"], &rows))?;
    }
    Ok(cli::exit(if troubled { Exit::Failed } else { Exit::Done }))
}

fn findings(layout: &Layout) -> Vec<Finding> {
    let mut findings = vec![
        finding("verifier", "key, certificate, client id, database, token", App::open(layout.clone())),
        finding("certificate", "keys/verifier.pem", lasts(layout, false)),
        finding("certificate", "tls/cert.pem", lasts(layout, true)),
        finding("tls", "tls", tls::server_config(&layout.tls())),
    ];
    for error in files::open_secrets(layout.root()) {
        findings.push(finding("private file", "rights", Err::<(), _>(error)));
    }
    let anchors = trust::issuers(layout);
    match &anchors {
        Ok(anchors) => {
            let trouble = anchors.is_empty().then(|| "no issuer is trusted yet".to_owned());
            let names: Vec<&str> = anchors.names().collect();
            findings.push(Finding { what: "trust", subject: names.join(", "), trouble });
        }
        Err(error) => findings.push(Finding {
            what: "trust",
            subject: "trust/issuers".to_owned(),
            trouble: Some(told(error)),
        }),
    }
    findings.push(match registration::load(layout) {
        Ok(Some(jwt)) => {
            let verified = registration::verify(layout, &jwt, SystemClock.now());
            finding("registration", "registration.jwt", verified)
        }
        Ok(None) => {
            let trouble = Some("wallets show this verifier as claimed, not verified".to_owned());
            Finding { what: "registration", subject: "none".to_owned(), trouble }
        }
        Err(error) => finding("registration", "registration.jwt", Err::<(), _>(error)),
    });
    for name in policies::names(layout).unwrap_or_default() {
        let loaded = policies::load(layout, &name).and_then(|policy| match &anchors {
            Ok(anchors) => policies::check_issuers(&policy, anchors),
            // Told above.
            Err(_) => Ok(()),
        });
        findings.push(finding("policy", &name, loaded));
    }
    findings
}

fn finding<T, E: Coded>(what: &'static str, subject: &str, result: Result<T, E>) -> Finding {
    Finding { what, subject: subject.to_owned(), trouble: result.err().map(|error| told(&error)) }
}

fn told(error: &impl Coded) -> String {
    format!("{error} [{}]", error.code())
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
