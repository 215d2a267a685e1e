//! The binary as scripts and people meet it, without any peer.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use inro_base::{Secret, UnixTime};
use inro_wallet_cli::{FileKeys, open_store};
use inro_wallet_core::testing::run;
use inro_wallet_core::{
    Assurance, CredentialId, CredentialRecord, Event, HistoryItem, KeyPolicy, KeyRequest, KeyStore as _,
    Localized, NewCopy, NewCredential, NewHistoryEntry, Outcome, Purpose, Store as _,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use serde_json::Value;

fn wallet(home: &Path, language: &str, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inro-wallet"));
    command.env("LC_ALL", language).stdin(Stdio::null()).arg("--home").arg(home).args(arguments);
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn authority() -> String {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
}

#[test]
fn says_how_it_is_used_with_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["nothing"][..],
        &["trust", "add"],
        &["receive"],
        &["present", "x", "--allow-unregistered"],
        &["present", "x", "--without", "grade"],
        &["present", "x", "--always", "366"],
        &["present", "x", "--always", "30", "--yes"],
        &["present", "x", "--anew", "--yes"],
        &["consent"],
    ] {
        assert_eq!(wallet(folder.path(), "C", arguments).0, 2, "{arguments:?}");
    }
    let without_home = Command::new(env!("CARGO_BIN_EXE_inro-wallet")).arg("list").output().unwrap();
    assert_eq!(without_home.status.code(), Some(2));
    let help = wallet(folder.path(), "C", &["--help"]);
    assert!(help.0 == 0 && help.1.contains("software keys"), "{}", help.1);
}

#[test]
fn a_consent_that_is_not_there_is_neither_listed_nor_withdrawn() {
    let folder = tempfile::tempdir().unwrap();
    let (status, listed, _) = wallet(folder.path(), "C", &["consent", "list", "--json"]);
    assert_eq!((status, listed.as_str()), (0, "{\"consents\":[]}\n"));
    let (status, listed, _) = wallet(folder.path(), "ja_JP.UTF-8", &["consent", "list"]);
    assert_eq!((status, listed.as_str()), (0, "「常に承認」はありません\n"));
    let (status, _, error) = wallet(folder.path(), "C", &["consent", "withdraw", "-x", "--yes"]);
    assert!(status == 1 && error.contains("[INRO-WALLET-071]"), "{error}");
}

#[test]
fn tells_causes_and_remedies_in_the_language_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let (status, _, english) = wallet(folder.path(), "C.UTF-8", &["show", "nothing"]);
    assert_eq!(status, 1);
    assert!(
        english.starts_with("error: The wallet has no such credential. [INRO-WALLET-022]\n")
            && english.contains("\nremedy: List the credentials"),
        "{english}"
    );
    let (status, _, japanese) = wallet(folder.path(), "ja_JP.UTF-8", &["show", "nothing"]);
    assert_eq!(status, 1);
    assert!(japanese.contains("ありません。 [INRO-WALLET-022]"), "{japanese}");
    let (_, json, _) = wallet(folder.path(), "C", &["show", "nothing", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.pointer("/error/inro_code"), Some(&Value::from("INRO-WALLET-022")));
}

#[test]
fn an_id_may_begin_with_a_dash() {
    let folder = tempfile::tempdir().unwrap();
    for id in ["nB6S2hJrWq0y", "-0S2hJrWq0y", "--S2hJrWq0y"] {
        for command in ["show", "delete"] {
            let (_, json, _) = wallet(folder.path(), "C", &[command, id, "--json"]);
            assert!(json.contains("INRO-WALLET-022"), "{command} {id}: {json}");
        }
    }
}

#[test]
fn an_empty_wallet_lists_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("new");
    for (command, member) in [("list", "credentials"), ("history", "history")] {
        let (status, json, _) = wallet(&home, "C", &[command, "--json"]);
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((status, json.get(member)), (0, Some(&Value::Array(Vec::new()))));
    }
}

/// What an issuer wrote must fill no screen; a program gets it whole.
#[test]
fn cuts_what_is_too_long_to_read_and_says_how_much() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(wallet(folder.path(), "C", &["list"]).0, 0);
    let value = "v".repeat(20_000);
    let padded = format!("a{}\n  grade: 9", " ".repeat(5_000));
    let names: Vec<String> = (0..600).map(|number| format!("claim-{number:03}")).collect();
    let claims = [("grade", "4"), ("note", padded.as_str()), ("remarks", &value)];
    put(folder.path(), &claims, &names);

    let (status, shown, _) = wallet(folder.path(), "C.UTF-8", &["show", "one"]);
    assert_eq!(status, 0);
    // The claims come after the credential itself and how its keys are kept.
    let lines: Vec<&str> = shown.lines().skip(2).collect();
    let cut = format!("  remarks: {}… (characters cut: 19000)", "v".repeat(1_000));
    assert_eq!(lines, ["  grade: 4", "  note: a grade: 9", cut.as_str()]);
    let (_, japanese, _) = wallet(folder.path(), "ja_JP.UTF-8", &["show", "one"]);
    assert!(japanese.contains("v…（ほか19000文字）\n"), "{japanese}");
    let (_, json, _) = wallet(folder.path(), "C", &["show", "one", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.pointer("/claims/remarks"), Some(&Value::from(value)));
    assert_eq!(json.pointer("/claims/note"), Some(&Value::from(padded)));

    let (_, history, _) = wallet(folder.path(), "C.UTF-8", &["history"]);
    let all = names.join(", ");
    let (shown, cut) = all.split_at(1_000);
    assert!(history.contains(&format!("[{shown}… (characters cut: {})]", cut.len())), "{history}");
    assert!(history.contains(&format!("  {}… [", "t".repeat(100))), "{history}");
    let (_, json, _) = wallet(folder.path(), "C", &["history", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.pointer("/history/0/credentials/0/claims"), Some(&Value::from(names)));
    assert_eq!(json.pointer("/history/0/credentials/0/type"), Some(&Value::from("t".repeat(3_000))));
}

/// A credential with these claims, whose history names those of `names`.
fn put(home: &Path, claims: &[(&str, &str)], names: &[String]) {
    let name = |text: &str| Localized { en: text.into(), ja: text.into() };
    let now = UnixTime::from_secs(1_800_000_000);
    let record = CredentialRecord {
        id: CredentialId("one".into()),
        vct: "urn:test:card:1".into(),
        format: "dc+sd-jwt".into(),
        name: name("Card"),
        issuer: "https://issuer.example".into(),
        issuer_name: name("Minato City"),
        claims: claims.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect(),
        always_visible: Vec::new(),
        labels: Vec::new(),
        received_at: now,
        expires_at: None,
        copies: 0,
        assurance: Assurance::NONE,
    };
    let entry = NewHistoryEntry {
        event: Event::Issued,
        at: now,
        counterpart: name("Minato City"),
        registered: true,
        items: vec![HistoryItem { vct: "t".repeat(3_000), claims: names.to_vec() }],
        outcome: Outcome::Done,
        receipt: None,
    };
    let keys = FileKeys::open(home.join("keys")).unwrap();
    let key = run(keys.create(&KeyRequest::new(Purpose::Sign, KeyPolicy::QUIET))).unwrap();
    let text = Secret::new("a text".into());
    let copies = vec![NewCopy { text, key: key.id, assurance: key.assurance }];
    let store = run(open_store(home, &keys)).unwrap();
    run(store.put_credentials(&[NewCredential { record, copies, entry }])).unwrap();
}

/// One entry from before receipts were kept, and one that the wallet signed.
fn with_history(home: &Path) {
    put(home, &[("grade", "4")], &["grade".to_owned()]);
    assert_eq!(wallet(home, "C", &["delete", "one", "--yes"]).0, 0);
}

/// The file with the history of `home`.
fn exported(home: &Path, name: &str) -> String {
    let file = home.parent().unwrap().join(name).to_str().unwrap().to_owned();
    let (status, json, _) = wallet(home, "C", &["history", "export", &file, "--yes", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((status, json.get("files")), (0, Some(&Value::from(vec![file.as_str()]))));
    file
}

/// Without a home: exit status, JSON, stderr.
fn verify(arguments: &[&str]) -> (i32, Value, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inro-wallet"));
    command.env("LC_ALL", "C").arg("verify-bundle").args(arguments).arg("--json");
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code().unwrap(), serde_json::from_slice(&stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn exports_a_history_that_can_be_checked_without_a_wallet() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let (status, said, _) = wallet(&home, "C", &["history", "export", "/nonexistent/x", "--yes"]);
    assert_eq!((status, said.as_str()), (0, "nothing to export\n"));
    with_history(&home);
    let file = exported(&home, "evidence.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (status, said, _) = verify(&[&file]);
    assert_eq!((status, &said["verified"]), (0, &Value::from(true)));
    assert_eq!(said.pointer("/records/0/event"), Some(&Value::from("opened")));
    assert_eq!(said.pointer("/records/1/event"), Some(&Value::from("deleted")));
    assert_eq!(said.pointer("/records/1/detail/credentials/0/claims/0"), Some(&Value::from("grade")));

    // Another key goes on; what was known of the chain still is.
    let (key, head) = (said["key"].as_str().unwrap(), said["head"].as_str().unwrap());
    assert_eq!(wallet(&home, "C", &["history", "rotate-key"]), (0, "rotated\n".into(), String::new()));
    let later = exported(&home, "later.json");
    let (status, rotated, _) = verify(&[&later, "--key", key, "--head", head]);
    assert_eq!((status, rotated.pointer("/records/2/event")), (0, Some(&Value::from("rotated"))));
    let end = rotated["head"].as_str().unwrap();
    for (arguments, code) in [
        (["--head", end], "INRO-WALLET-093"),
        (["--key", head], "INRO-WALLET-094"),
        (["--head", "x"], "INRO-WALLET-093"),
    ] {
        let (status, said, error) = verify(&[&[file.as_str()][..], &arguments].concat());
        assert_eq!((status, said.pointer("/error/inro_code")), (3, Some(&Value::from(code))));
        assert!(error.contains(code), "{error}");
    }
}

#[test]
fn refuses_evidence_that_was_altered_and_overwrites_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    with_history(&home);
    let file = exported(&home, "evidence.json");
    assert_eq!(verify(&[&file]).0, 0);
    let (status, _, error) = wallet(&home, "C", &["history", "export", &file, "--yes"]);
    assert!(status == 1 && error.contains("[INRO-WALLET-092]"), "{error}");
    let mut bundle: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    bundle["receipts"].as_array_mut().unwrap().remove(0);
    std::fs::write(&file, bundle.to_string()).unwrap();
    let (status, said, error) = verify(&[&file]);
    assert_eq!((status, said.pointer("/error/inro_code")), (3, Some(&Value::from("INRO-EVIDENCE-004"))));
    assert!(error.contains("[INRO-EVIDENCE-004]"), "{error}");
    assert_eq!(verify(&["/nonexistent.json"]).0, 1);
}

#[test]
fn tells_entries_without_a_receipt_and_erases() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    with_history(&home);
    let lines = |language: &str| -> Vec<String> {
        wallet(&home, language, &["history"]).1.lines().map(str::to_owned).collect()
    };
    let shown = lines("C");
    assert!(shown[0].contains("deleted (done)") && !shown[0].contains("receipt"), "{shown:?}");
    assert!(shown[1].ends_with("[no receipt: before receipts were kept]"), "{shown:?}");
    assert!(lines("ja_JP.UTF-8")[1].ends_with("［受領証なし：受領証の記録を始める前］"));
    let id = shown[0].split(' ').next().unwrap();
    assert_eq!(wallet(&home, "C", &["history", "erase", id]), (0, "erased\n".into(), String::new()));
    assert!(lines("C")[0].ends_with("Z  erased"), "{:?}", lines("C"));
    assert!(lines("ja_JP.UTF-8")[0].ends_with("消去済み"));
    assert_eq!(wallet(&home, "C", &["history", "erase", "--all"]).0, 0);
    assert_eq!(lines("C").len(), 1, "one without a receipt goes altogether");
    let (status, _, error) = wallet(&home, "C", &["history", "erase", "999"]);
    assert!(status == 1 && error.contains("[INRO-WALLET-091]"), "{error}");
    for usage in [&["history", "erase"][..], &["history", "erase", id, "--all"], &["history", "export"]] {
        assert_eq!(wallet(&home, "C", usage).0, 2, "{usage:?}");
    }
    let (status, said, _) = verify(&[&exported(&home, "evidence.json")]);
    assert_eq!((status, said.pointer("/records/1/event")), (0, Some(&Value::Null)));
}

#[test]
fn deletes_nothing_while_nobody_can_be_asked() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(wallet(folder.path(), "C", &["list"]).0, 0);
    put(folder.path(), &[("grade", "4")], &[]);
    let (status, _, error) = wallet(folder.path(), "C", &["delete", "one"]);
    assert!(status == 1 && error.contains("[INRO-WALLET-009]"), "{error}");
    assert_eq!(wallet(folder.path(), "C", &["show", "one"]).0, 0);
    let (status, _, told) = wallet(folder.path(), "C", &["delete", "one", "--yes"]);
    assert!(status == 0 && told.starts_with("presence: nobody was asked"), "{told}");
    assert_eq!(wallet(folder.path(), "C", &["show", "one"]).0, 1);
}

#[test]
fn nothing_is_pending_in_an_empty_wallet() {
    let folder = tempfile::tempdir().unwrap();
    let (status, json, _) = wallet(folder.path(), "C", &["collect", "--json"]);
    assert_eq!((status, json.trim()), (0, r#"{"credentials":[],"pending":[],"failed":[]}"#));
    assert_eq!(wallet(folder.path(), "C", &["collect"]).1, "nothing is pending\n");
    assert_eq!(wallet(folder.path(), "ja_JP.UTF-8", &["collect"]).1, "承認待ちの資格情報はありません\n");
}

#[test]
fn keeps_the_database_private_in_a_folder_that_others_read() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    std::fs::set_permissions(&home, Permissions::from_mode(0o755)).unwrap();
    let mode = || std::fs::metadata(home.join("wallet.vault")).unwrap().permissions().mode() & 0o777;
    assert_eq!(wallet(&home, "C", &["list"]).0, 0);
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(home.join("wallet.vault"), Permissions::from_mode(0o644)).unwrap();
    assert_eq!(wallet(&home, "C", &["list"]).0, 0);
    assert_eq!(mode(), 0o600);
}

#[test]
fn takes_a_readable_anchor_and_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let (home, good, bad) =
        (folder.path().join("home"), folder.path().join("ca.pem"), folder.path().join("x.pem"));
    std::fs::write(&good, authority()).unwrap();
    std::fs::write(&bad, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    for usage in ["--issuer", "--verifier", "--tls"] {
        assert_eq!(wallet(&home, "C", &["trust", "add", usage, good.to_str().unwrap()]).0, 0);
        for file in [bad.to_str().unwrap(), "/nonexistent.pem"] {
            let (status, _, error) = wallet(&home, "C", &["trust", "add", usage, file]);
            assert!(status == 1 && error.contains("[INRO-WALLET-053]"), "{error}");
        }
    }
}

#[test]
fn refuses_to_share_a_home_with_a_running_wallet() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(wallet(folder.path(), "C", &["list"]).0, 0);
    let other = File::options().write(true).open(folder.path().join("lock")).unwrap();
    other.lock().unwrap();
    let (status, _, error) = wallet(folder.path(), "C", &["list"]);
    assert!(status == 1 && error.contains("[INRO-WALLET-051]"), "{error}");
    drop(other);
    assert_eq!(wallet(folder.path(), "C", &["list"]).0, 0);
}

#[test]
fn present_always_answers_in_one_form() {
    let folder = tempfile::tempdir().unwrap();
    let (status, json, error) =
        wallet(folder.path(), "C", &["present", "https://x.example/", "--yes", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (status, json.get("status"), json.get("redirect_uri")),
        (3, Some(&"refused".into()), Some(&Value::Null))
    );
    let code = json.pointer("/error/inro_code").and_then(Value::as_str).unwrap();
    assert!(error.contains(code), "{error}");
}

#[test]
fn every_command_has_an_example_in_its_help() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        &["trust"][..],
        &["trust", "add"],
        &["receive"],
        &["list"],
        &["show"],
        &["present"],
        &["consent"],
        &["consent", "list"],
        &["consent", "withdraw"],
        &["history"],
        &["history", "export"],
        &["history", "erase"],
        &["history", "rotate-key"],
        &["delete"],
    ] {
        let (status, help, _) = wallet(folder.path(), "C", &[command, &["--help"]].concat());
        let example = format!("Example:\n  inro-wallet --home H {}", command.join(" "));
        assert!(status == 0 && help.contains(&example), "{help}");
    }
}

/// The exit status and stderr of `list` when stdout leads to `stdout`.
fn list_into(home: &Path, stdout: impl Into<Stdio>) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inro-wallet"));
    command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(stdout).arg("--home").arg(home).arg("list");
    let Output { status, stderr, .. } =
        command.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn ends_quietly_when_nobody_reads_its_output() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(list_into(folder.path(), writer), (0, String::new()));
}

#[cfg(target_os = "linux")]
#[test]
fn says_that_its_output_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let (status, error) = list_into(folder.path(), full);
    assert!(status == 1 && error.contains("[INRO-WALLET-055]"), "{error}");
}

#[test]
fn refuses_a_folder_of_something_else_and_writes_nothing_there() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("keys")).unwrap();
    std::fs::write(folder.path().join("issuer.toml"), "").unwrap();
    let names = || {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    let (status, _, error) = wallet(folder.path(), "C", &["list"]);
    assert!(status == 1 && error.contains("[INRO-WALLET-054]"), "{error}");
    assert_eq!(names(), before);
    // A first start that was cut leaves its lock alone, and is no obstacle.
    let cut = tempfile::tempdir().unwrap();
    std::fs::write(cut.path().join("lock"), "").unwrap();
    for _ in 0..2 {
        assert_eq!(wallet(cut.path(), "C", &["list"]).0, 0);
    }
}

/// A wallet that began anew would delete the keys of the one whose vault was moved away.
#[test]
fn keeps_the_keys_of_a_wallet_whose_vault_is_missing() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (vault, aside) = (folder.path().join("wallet.vault"), elsewhere.path().join("aside"));
    assert_eq!(wallet(folder.path(), "C", &["list"]).0, 0);
    put(folder.path(), &[("grade", "4")], &[]);
    let copies = || wallet(folder.path(), "C", &["list", "--json"]).1.contains("\"copies\":1");
    assert!(copies());
    std::fs::rename(&vault, &aside).unwrap();
    let (status, _, error) = wallet(folder.path(), "C", &["list"]);
    assert!(status == 1 && error.contains("[INRO-WALLET-054]"), "{error}");
    std::fs::rename(&aside, &vault).unwrap();
    assert!(copies());
}

/// Killed between its first key and its vault.
#[test]
fn a_first_start_that_was_cut_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(wallet(folder.path(), "C", &["list"]).0, 0);
    std::fs::rename(folder.path().join("wallet.vault"), folder.path().join("wallet.vault.new")).unwrap();
    assert_eq!(wallet(folder.path(), "C", &["list"]).0, 0);
    let keys = std::fs::read_dir(folder.path().join("keys")).unwrap().count();
    assert_eq!(keys, 2, "its label, and the key of the vault that there is");
}

/// Its anchor for TLS is no certificate, which is found out when everything has been taken over.
#[test]
fn takes_over_the_database_of_an_earlier_version() {
    let folder = tempfile::tempdir().unwrap();
    let earlier = include_bytes!("../../src/store/earlier/version-3.sqlite");
    std::fs::write(folder.path().join("wallet.sqlite"), earlier).unwrap();
    let (status, _, error) = wallet(folder.path(), "C", &["list"]);
    assert!(status == 1 && error.contains("[INRO-WALLET-053]"), "{error}");
    assert!(!folder.path().join("wallet.sqlite").exists());
    let keys = FileKeys::open(folder.path().join("keys")).unwrap();
    let store = run(open_store(folder.path(), &keys)).unwrap();
    assert_eq!(run(store.credentials()).unwrap().len(), 2);
}

#[test]
fn unenrol_asks_first_then_erases_and_the_folder_takes_a_new_wallet() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    assert_eq!(wallet(home, "C", &["list"]).0, 0);
    put(home, &[("grade", "4")], &["grade".into()]);
    let credentials = || {
        let (_, json, _) = wallet(home, "C", &["list", "--json"]);
        serde_json::from_str::<Value>(&json).unwrap()["credentials"].as_array().unwrap().len()
    };
    let (_, json, _) = wallet(home, "C", &["unenrol", "--json"]);
    assert!(json.contains("INRO-WALLET-009"), "nobody can be asked: {json}");
    assert_eq!(credentials(), 1);
    let (status, json, told) = wallet(home, "C", &["unenrol", "--yes", "--json"]);
    assert_eq!((status, json.as_str()), (0, "{\"status\":\"erased\"}\n"), "{told}");
    let is_key = |path: &Path| path.extension().is_some();
    let keys = std::fs::read_dir(home.join("keys")).unwrap().map(|file| file.unwrap().path());
    assert_eq!(keys.filter(|path| is_key(path)).count(), 0);
    assert!(!home.join("wallet.vault").exists() && !home.join("wallet.vault.gone").exists());
    assert_eq!(credentials(), 0);
}

#[test]
fn an_erasure_that_was_cut_is_carried_on_by_any_command() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    assert_eq!(wallet(home, "C", &["list"]).0, 0);
    put(home, &[("grade", "4")], &["grade".into()]);
    std::fs::rename(home.join("wallet.vault"), home.join("wallet.vault.gone")).unwrap();
    let (status, json, told) = wallet(home, "C", &["list", "--json"]);
    assert_eq!((status, json.as_str()), (0, "{\"credentials\":[]}\n"), "{told}");
    assert!(!home.join("wallet.vault.gone").exists());
    let keys = std::fs::read_dir(home.join("keys")).unwrap().map(|file| file.unwrap().path());
    assert_eq!(keys.filter(|path| path.extension().is_some()).count(), 1, "the new vault's");
}

#[test]
fn a_transfer_brings_anchors_and_history_and_no_credential() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    std::fs::write(path("ca.pem"), authority()).unwrap();
    assert_eq!(wallet(&old, "C", &["trust", "add", "--issuer", &path("ca.pem")]).0, 0);
    put(&old, &[("grade", "4")], &["grade".into()]);
    std::fs::write(path("right"), "correct horse\n").unwrap();
    std::fs::write(path("wrong"), "correct horsf\n").unwrap();
    let export = ["transfer", "export", &path("move"), "--passphrase-file", &path("right"), "--yes"];
    let (status, _, told) = wallet(&old, "C", &export);
    assert_eq!(status, 0, "{told}");
    assert_eq!(wallet(&old, "C", &export).0, 1, "a file that is there stays");
    let import = |name: &str| {
        wallet(&new, "C", &["transfer", "import", &path("move"), "--passphrase-file", &path(name), "--json"])
            .1
    };
    assert!(import("wrong").contains("INRO-WALLET-113"));
    assert_eq!(import("right"), "{\"imported\":true}\n");
    assert_eq!(wallet(&new, "C", &["list", "--json"]).1, "{\"credentials\":[]}\n");
}
