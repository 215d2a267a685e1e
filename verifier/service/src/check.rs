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
pub(crate) fn run(layout: &Layout, json: bool) -> ExitCode {
    let findings = findings(layout);
    let troubled = findings.iter().any(|finding| finding.trouble.is_some());
    if json {
        let list: Vec<_> = findings
            .iter()
            .map(|finding| json!({ "what": finding.what, "subject": finding.subject, "trouble": finding.trouble }))
            .collect();
        println!("{}", json!({ "ok": !troubled, "findings": list }));
    } else {
        let row = |finding: &Finding| {
            let state = finding.trouble.clone().unwrap_or_else(|| "ok".to_owned());
            vec![finding.what.to_owned(), finding.subject.clone(), state]
        };
        let rows: Vec<_> = findings.iter().map(row).collect();
        print!("{}", cli::table(&["what", "subject", "state"], &rows));
    }
    cli::exit(if troubled { Exit::Failed } else { Exit::Done })
}

fn findings(layout: &Layout) -> Vec<Finding> {
    let mut findings = vec![
        finding("verifier", "key, certificate, client id, database, token", App::open(layout.clone())),
        finding("certificate", "keys/verifier.pem", lasts(layout, false)),
        finding("certificate", "tls/cert.pem", lasts(layout, true)),
        finding("tls", "tls", tls::server_config(&layout.tls())),
    ];
    match trust::issuers(layout) {
        Ok(anchors) => {
            let trouble = anchors.is_empty().then(|| "no issuer is trusted yet".to_owned());
            let names: Vec<&str> = anchors.names().collect();
            findings.push(Finding { what: "trust", subject: names.join(", "), trouble });
        }
        Err(error) => findings.push(finding("trust", "trust/issuers", Err::<(), _>(error))),
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
        let loaded = policies::load(layout, &name);
        findings.push(finding("policy", &name, loaded));
    }
    findings
}

fn finding<T, E: Coded>(what: &'static str, subject: &str, result: Result<T, E>) -> Finding {
    let trouble = result.err().map(|error| format!("{error} [{}]", error.code()));
    Finding { what, subject: subject.to_owned(), trouble }
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
