//! The second half of the story: the other format, a second person's approval, and what becomes of a
//! credential that the agency takes back.

use std::time::Duration;

use serde_json::{Value, json};

use super::api::Api;
use super::cast::{EMPLOYEE, ISSUER, VERIFIER_POLICY, WALLET, member, plain, verdict};
use super::stage::{Stage, text};

/// How often the wallet asks for a deferred credential, a second apart: the issuer wants five seconds
/// between two polls.
const COLLECTIONS: u32 = 30;

/// The same authority as an mdoc, and the same question; the answer is encrypted to a key that the
/// verifier made for this request alone.
pub(crate) fn mdoc(stage: &Stage, api: &Api) -> Result<Vec<String>, String> {
    let credential = ["--credential", "role-authority", "--format", "mso_mdoc", "--json"];
    let offer = offer(stage, &credential)?;
    let home = text(&stage.path("wallet"));
    let received = stage.ok(WALLET, &["--home", &home, "receive", &link(&offer)?, "--json"])?.json()?;
    let copies = received.pointer("/credentials/0/copies").map_or_else(String::new, plain);
    let query = json!({ "credentials": [{
        "id": "authority",
        "format": "mso_mdoc",
        "meta": { "doctype_value": "inro.role-authority.1" },
        "claims": [
            { "path": ["inro.role-authority.powers.1", "welfare.approve"], "values": [true] },
            { "path": ["inro.role-authority.1", "scope_agency"] },
        ],
    }] });
    let (id, request) = api.ask(&json!({ "dcql_query": query, "response_mode": "direct_post.jwt" }))?;
    stage.ok(WALLET, &["--home", &home, "present", &request, "--yes", "--json"])?;
    let result = verdict(api, &id, "verified")?;
    let presented = result.pointer("/credentials/authority/0").cloned().unwrap_or_default();
    Ok(vec![
        format!("mso_mdoc: {copies} copies; the answer was encrypted; the business system learns"),
        format!("  {}", member(&presented, "claims")?),
    ])
}

/// An offer that waits for a second administrator.
pub(crate) fn approval(stage: &Stage) -> Result<Vec<String>, String> {
    let (folder, home) = (text(&stage.path("issuer")), text(&stage.path("wallet")));
    let credential = ["--credential", "employee-id", "--format", "mso_mdoc", "--needs-approval", "--json"];
    let offer = offer(stage, &credential)?;
    let said = stage.ok(WALLET, &["--home", &home, "receive", &link(&offer)?, "--json"])?.json()?;
    let pending = member(&said, "pending")?.as_array().map_or(0, Vec::len);
    if pending != 1 {
        return Err(format!("one credential was expected to wait: {said}"));
    }
    let id = plain(member(&offer, "id")?);
    stage.ok(ISSUER, &["offer", "approve", "--dir", &folder, "--", &id])?;
    for _ in 0..COLLECTIONS {
        let said = stage.ok(WALLET, &["--home", &home, "collect", "--json"])?.json()?;
        if member(&said, "pending")?.as_array().is_some_and(Vec::is_empty) {
            return Ok(vec![
                "it waited; a second administrator approved; the wallet collected it".to_owned(),
            ]);
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    Err("the approved credential was not collected".to_owned())
}

/// The agency takes the authority back; the next question is answered with a refusal.
pub(crate) fn revocation(stage: &Stage, api: &Api) -> Result<Vec<String>, String> {
    let (folder, home) = (text(&stage.path("issuer")), text(&stage.path("wallet")));
    look_each_time(stage)?;
    let ask = |expected: &str| -> Result<Value, String> {
        let (id, request) = api.ask(&json!({ "policy": "approve-welfare" }))?;
        stage.run(WALLET, &["--home", &home, "present", &request, "--yes", "--json"])?;
        verdict(api, &id, expected)
    };
    ask("verified")?;
    let which = ["--employee", EMPLOYEE, "--type", "role-authority"];
    let why = ["--reason", "moved to another department", "--json"];
    let command = [&["credential", "revoke", "--dir", &folder][..], &which, &why].concat();
    let revoked = stage.ok(ISSUER, &command)?.json()?;
    let copies = revoked.pointer("/credentials/0/copies").map_or_else(String::new, plain);
    let result = ask("rejected")?;
    let code = result.pointer("/error/inro_code").map_or_else(String::new, plain);
    if code != "INRO-VERIFIER-060" {
        return Err(format!("a revoked credential was refused for another reason: {result}"));
    }
    let shown = stage.ok(ISSUER, &["credential", "list", "--dir", &folder])?;
    Ok(vec![
        format!("before: verified; then {copies} copies in both formats were revoked; after: {code}"),
        format!("  {}", shown.stdout.lines().find(|line| line.contains("revoked")).unwrap_or_default()),
    ])
}

/// A list may be used for 30 seconds. The demo does not wait: its verifier looks each time.
fn look_each_time(stage: &Stage) -> Result<(), String> {
    let path = stage.path(VERIFIER_POLICY);
    let policy = std::fs::read_to_string(&path).map_err(|error| format!("policy: {error}"))?;
    let changed = policy.replace("status_max_age = 60", "status_max_age = 0");
    std::fs::write(&path, changed).map_err(|error| format!("policy: {error}"))
}

fn offer(stage: &Stage, what: &[&str]) -> Result<Value, String> {
    let folder = text(&stage.path("issuer"));
    let command = ["offer", "create", "--dir", &folder, "--employee", EMPLOYEE];
    stage.ok(ISSUER, &[&command[..], what].concat())?.json()
}

fn link(offer: &Value) -> Result<String, String> {
    Ok(plain(member(offer, "credential_offer")?))
}
