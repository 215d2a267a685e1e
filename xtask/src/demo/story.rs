//! The story, step by step.

use serde_json::{Value, json};

use super::api::Api;
use super::cast::{EMPLOYEE, ISSUER, VERIFIER, WALLET, first_line, member, plain, verdict};
use super::later;
use super::stage::{Stage, free_urls, text};
use super::telling::Telling;

/// A wallet of the test room that posts what it is told to instead of what it should.
const TAMPERING_WALLET: &str = "inro-tampering-wallet";

/// The sample file and how many employees it has.
const HR_FILE: &str = "issuer/samples/hr.csv";
const EMPLOYEES: usize = 20;
/// The exit status of a wallet that refuses.
const REFUSED: i32 = 3;

/// Tells everything from the agency's first command to the last signal.
///
/// # Errors
/// The step that failed.
pub(crate) fn tell(telling: &mut Telling, stage: &mut Stage) -> Result<(), String> {
    let (issuer_url, verifier_url) = free_urls()?;
    telling.step("The agency sets up its issuer", "自治体が発行者を用意する", || {
        init(stage, ISSUER, "issuer", ["Minato City", "みなと市"], &issuer_url)
    })?;
    telling.step(
        "The welfare office sets up its verifier",
        "福祉システムが検証者を用意する",
        || init(stage, VERIFIER, "verifier", ["Welfare System", "福祉システム"], &verifier_url),
    )?;
    telling.step("The agency reads its HR file", "人事ファイルを取り込む", || import(stage))?;
    telling
        .step("Each side says whom it trusts", "互いに信頼する相手を定める", || trust(stage))?;

    telling.step(
        "The agency registers the verifier: who may ask for what",
        "検証者を審査し登録する",
        || register(stage),
    )?;
    telling.step("Both services start, over HTTPS", "両サービスを起動する", || {
        Ok(vec![stage.serve(ISSUER, "issuer")?, stage.serve(VERIFIER, "verifier")?])
    })?;
    telling.step("The employee receives two credentials", "職員が資格情報を受け取る", || {
        receive(stage)
    })?;
    let api = Api::new(&verifier_url, &stage.path("verifier"), stage.path("curl-headers"))?;
    telling.step(
        "May this person approve welfare claims?",
        "福祉の承認権限を確かめる",
        || present(stage, &api, "approve-welfare"),
    )?;
    telling.step("Who is this employee?", "職員を確かめる", || {
        present(stage, &api, "identify-employee")
    })?;
    telling.step(
        "A verifier that asks for more than it registered is refused",
        "登録を超える要求を断る",
        || over_ask(stage, &api),
    )?;
    telling.step("A tampered presentation is rejected", "改ざんされた提示を退ける", || {
        tamper(stage, &api)
    })?;
    telling.step(
        "The same authority as an ISO mdoc, the answer encrypted",
        "同じ権限をmdocで、応答を暗号化して示す",
        || later::mdoc(stage, &api),
    )?;
    telling.step(
        "A credential that a second person has to approve",
        "二人目の承認を経て発行する",
        || later::approval(stage),
    )?;
    telling.step(
        "The agency revokes the authority, and the verifier refuses it",
        "権限を失効させ、検証者が退ける",
        || later::revocation(stage, &api),
    )?;
    telling.step("The employee looks at what the wallet remembers", "履歴を見る", || history(stage))?;
    telling.step("Both services stop", "両サービスを停止する", || stage.stop().map(|()| Vec::new()))
}

fn init(
    stage: &Stage,
    program: &str,
    below: &str,
    names: [&str; 2],
    url: &str,
) -> Result<Vec<String>, String> {
    let folder = text(&stage.path(below));
    let [name, name_ja] = names;
    stage.ok(program, &["init", "--dir", &folder, "--name", name, "--name-ja", name_ja, "--url", url])?;
    Ok(vec![format!("{name} / {name_ja} at {url}")])
}

fn import(stage: &Stage) -> Result<Vec<String>, String> {
    let folder = text(&stage.path("issuer"));
    stage.ok(ISSUER, &["employee", "import", "--dir", &folder, HR_FILE])?;
    let listed = stage.ok(ISSUER, &["employee", "list", "--dir", &folder, "--json"])?.json()?;
    let count = listed.as_array().or_else(|| listed.get("employees")?.as_array()).map_or(0, Vec::len);
    if count == EMPLOYEES {
        return Ok(vec![format!("{count} employees, all of them invented")]);
    }
    Err(format!("{EMPLOYEES} employees were expected, {count} are there"))
}

fn register(stage: &Stage) -> Result<Vec<String>, String> {
    let (issuer, verifier) = (text(&stage.path("issuer")), text(&stage.path("verifier")));
    let draft = text(&stage.path("verifier/registration.toml"));
    let leaf = text(&stage.path("verifier/keys/verifier.pem"));
    let said = stage.ok(ISSUER, &["verifier", "register", "--dir", &issuer, &draft, "--cert", &leaf])?;
    let file = stage.path("registration.jwt");
    std::fs::write(&file, said.stdout.trim()).map_err(|error| format!("registration.jwt: {error}"))?;
    stage.ok(VERIFIER, &["registration", "add", "--dir", &verifier, &text(&file)])?;
    Ok(Vec::new())
}

fn trust(stage: &Stage) -> Result<Vec<String>, String> {
    let (home, verifier) = (text(&stage.path("wallet")), text(&stage.path("verifier")));
    for (usage, file) in [("--issuer", "issuer/trust/ca.pem"), ("--tls", "issuer/tls/ca.pem")] {
        stage.ok(VERIFIER, &["trust", "add", "--dir", &verifier, usage, &text(&stage.path(file))])?;
    }
    let anchors = [
        ("--issuer", "issuer/trust/ca.pem"),
        ("--verifier", "verifier/trust/ca.pem"),
        ("--tls", "issuer/tls/ca.pem"),
        ("--tls", "verifier/tls/ca.pem"),
    ];
    for (usage, file) in anchors {
        stage.ok(WALLET, &["--home", &home, "trust", "add", usage, &text(&stage.path(file))])?;
    }
    Ok(Vec::new())
}

fn receive(stage: &Stage) -> Result<Vec<String>, String> {
    let (folder, home) = (text(&stage.path("issuer")), text(&stage.path("wallet")));
    let offer = ["offer", "create", "--dir", &folder, "--employee", EMPLOYEE];
    let what = ["--credential", "employee-id", "--credential", "role-authority", "--format", "dc+sd-jwt"];
    let offer = stage.ok(ISSUER, &[&offer[..], &what, &["--tx-code", "--json"]].concat())?.json()?;
    let part = |name: &str| {
        member(&offer, name).and_then(|value| value.as_str().ok_or(format!("{name} is no text")))
    };
    let (link, code) = (part("credential_offer")?, part("tx_code")?);
    let received =
        stage.ok(WALLET, &["--home", &home, "receive", link, "--tx-code", code, "--json"])?.json()?;
    let credentials = member(&received, "credentials")?.as_array().cloned().unwrap_or_default();
    if credentials.len() != 2 {
        return Err(format!("two credentials were expected: {received}"));
    }
    let line = |credential: &Value| {
        let show = |name| credential.get(name).map_or_else(String::new, plain);
        format!("{}: {} copies, each with its own key", show("type"), show("copies"))
    };
    Ok(credentials.iter().map(line).collect())
}

/// Asks by policy, presents, and reads the verdict.
fn present(stage: &Stage, api: &Api, policy: &str) -> Result<Vec<String>, String> {
    let (id, link) = api.ask(&json!({ "policy": policy }))?;
    let home = text(&stage.path("wallet"));
    stage.ok(WALLET, &["--home", &home, "present", &link, "--yes", "--json"])?;
    let result = verdict(api, &id, "verified")?;
    let mut lines = vec!["yes; the business system learns this and no more:".to_owned()];
    for presented in member(&result, "credentials")?.as_object().into_iter().flat_map(|all| all.values()) {
        for credential in presented.as_array().into_iter().flatten() {
            lines.push(format!("  {}", member(credential, "claims")?));
        }
    }
    Ok(lines)
}

/// The query of `identify-employee`, which was answered a moment ago, with one claim more.
fn over_ask(stage: &Stage, api: &Api) -> Result<Vec<String>, String> {
    let home = text(&stage.path("wallet"));
    let registered = ["employee_number", "name_kanji"].map(|name| json!({ "path": [name] }));
    let ask = |claims: Value| {
        api.ask(&json!({ "dcql_query": { "credentials": [{
            "id": "employee", "format": "dc+sd-jwt",
            "meta": { "vct_values": ["urn:inro:employee-id:1"] }, "claims": claims,
        }] } }))
    };
    let (within, link) = ask(json!(registered))?;
    stage.ok(WALLET, &["--home", &home, "present", &link, "--yes", "--json"])?;
    verdict(api, &within, "verified")?;
    let [number, name] = registered;
    let (beyond, link) = ask(json!([number, name, { "path": ["grade"] }]))?;
    let said = stage.run(WALLET, &["--home", &home, "present", &link, "--yes", "--json"])?;
    if said.status != REFUSED {
        return Err(format!("the wallet ended with {} instead of {REFUSED}: {}", said.status, said.stdout));
    }
    let result = api.result(&beyond)?;
    if result.get("credentials").is_some_and(|claims| claims.as_object().is_some_and(|all| !all.is_empty())) {
        return Err(format!("something left the wallet: {result}"));
    }
    Ok(vec![
        "asked within the registration: answered; asked for one claim more: the wallet says".to_owned(),
        format!("  {}", first_line(&said.stderr)),
    ])
}

/// The same wallet twice: once it posts what it signed, once with one disclosure changed. In the clear
/// within TLS: an encrypted answer that was changed on its way would not even open.
fn tamper(stage: &Stage, api: &Api) -> Result<Vec<String>, String> {
    let (home, authority) = (text(&stage.path("wallet")), text(&stage.path("verifier/tls/ca.pem")));
    let mut codes = Vec::new();
    for (how, expected) in [("as-signed", "verified"), ("one-disclosure-changed", "rejected")] {
        let (id, link) = api.ask(&json!({ "policy": "approve-welfare", "response_mode": "direct_post" }))?;
        stage.ok(TAMPERING_WALLET, &[how, &home, &authority, &link])?;
        let result = verdict(api, &id, expected)?;
        codes.extend(result.pointer("/error/inro_code").map(plain));
    }
    match codes.as_slice() {
        [code] => {
            Ok(vec![format!("as signed: verified; one disclosure changed on its way: rejected with {code}")])
        }
        _ => Err(format!("one error code was expected: {codes:?}")),
    }
}

fn history(stage: &Stage) -> Result<Vec<String>, String> {
    let said = stage.ok(WALLET, &["--home", &text(&stage.path("wallet")), "history"])?;
    Ok(said.stdout.lines().map(str::to_owned).collect())
}
