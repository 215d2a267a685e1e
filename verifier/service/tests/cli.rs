//! The binary as an operator meets it.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use inro_base::UnixTime;
use inro_service::pki::{Authority, Validity};
use serde_json::Value;

fn command(arguments: &[&str], dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inro-verifier"));
    command.args(arguments).arg("--dir").arg(dir).env("LC_ALL", "C");
    command
}

fn run(arguments: &[&str], dir: &Path) -> Output {
    command(arguments, dir).output().unwrap()
}

fn init(dir: &Path) {
    let output =
        run(&["init", "--name", "Welfare", "--name-ja", "福祉", "--url", "https://localhost:9443"], dir);
    assert!(output.status.success());
}

/// What `check` finds wrong with things of the kind `what`.
fn troubles(dir: &Path, what: &str) -> Vec<String> {
    let output = run(&["check", "--json"], dir);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = value.get("findings").and_then(Value::as_array).unwrap();
    let of_kind = findings.iter().filter(|finding| finding.get("what").unwrap() == what);
    of_kind.filter_map(|finding| finding.get("trouble").unwrap().as_str().map(String::from)).collect()
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("D");
    init(&dir);
    for arguments in [&["policy", "list"][..], &["policy", "list", "--json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(arguments, &dir).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
    }
}

#[test]
fn check_tells_a_secret_that_others_can_read() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("D");
    init(&dir);
    for name in ["api-token", "db.sqlite", "keys/verifier.key.pem", "tls/key.pem"] {
        assert!(troubles(&dir, "private file").is_empty(), "{name}");
        fs::set_permissions(dir.join(name), Permissions::from_mode(0o644)).unwrap();
        let found = troubles(&dir, "private file");
        assert!(matches!(&found[..], [one] if one.contains(name) && one.contains("INRO-SERVICE-005")));
        fs::set_permissions(dir.join(name), Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn check_tells_a_policy_whose_issuer_no_anchor_has() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("D");
    init(&dir);
    let validity = Validity::days(UnixTime::from_secs(1_795_000_000), 365);
    let authority = Authority::create("Minato City Inro CA", validity).unwrap();
    let anchor = dir.join("trust/issuers/minato.pem");
    authority.identity().write(&anchor, &root.path().join("key.pem")).unwrap();
    let policy = dir.join("policies/approve-welfare.toml");
    let text = fs::read_to_string(&policy).unwrap();
    let named = |name: &str| text.replace("issuers = []", &format!("issuers = [\"{name}\"]"));
    fs::write(&policy, named("Minato City Inro CA")).unwrap();
    assert!(troubles(&dir, "policy").is_empty());
    fs::write(&policy, named("Minato Inro CA")).unwrap();
    assert_eq!(troubles(&dir, "policy"), ["no anchor is called \"Minato Inro CA\" [INRO-VERIFIER-026]"]);
}

#[test]
fn policy_list_fails_when_a_policy_cannot_be_read() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("D");
    init(&dir);
    assert_eq!(run(&["policy", "list"], &dir).status.code(), Some(0));
    fs::write(dir.join("policies/broken.toml"), "purpose = 1").unwrap();
    assert_eq!(run(&["policy", "list"], &dir).status.code(), Some(1));
}

#[test]
fn check_tells_that_no_status_list_can_be_fetched_until_a_server_is_trusted() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("D");
    init(&dir);
    let found = troubles(&dir, "status lists");
    assert!(matches!(&found[..], [one] if one.contains("trust add --tls")), "{found:?}");
    let anchor = dir.join("tls/ca.pem");
    assert!(run(&["trust", "add", "--tls", anchor.to_str().unwrap()], &dir).status.success());
    assert!(troubles(&dir, "status lists").is_empty());
}

#[test]
fn people_are_told_in_japanese_where_the_locale_is() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("D");
    let ja = |arguments: &[&str]| {
        let output = command(arguments, &dir).env("LC_ALL", "ja_JP.UTF-8").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let made = ja(&["init", "--name", "Welfare", "--name-ja", "福祉", "--url", "https://localhost:9443"]);
    assert!(made.contains("検証サービスを作成しました"), "{made}");
    let anchor = dir.join("trust/ca.pem");
    let added = ja(&["trust", "add", "--issuer", anchor.to_str().unwrap()]);
    assert!(added.starts_with("信頼に加えました: "), "{added}");
    assert!(ja(&["trust", "list"]).starts_with("名称"));
    let check = ja(&["check"]);
    assert!(
        check.contains("良好") && check.contains("状態リストを取得できません") && !check.contains(" ok"),
        "{check}"
    );
    // Programs read the same in every language.
    let value: Value = serde_json::from_str(&ja(&["check", "--json"])).unwrap();
    assert_eq!(value.pointer("/findings/0/what"), Some(&Value::from("verifier")));
}
