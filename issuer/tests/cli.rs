//! The binary as an administrator meets it.

#[cfg(test)]
mod cases {
    use std::path::Path;
    use std::process::{Command, Output};

    use serde_json::Value;

    const URL: &str = "https://localhost:8443";

    fn run(arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_inro-issuer")).args(arguments).env("LC_ALL", "C").output().unwrap()
    }

    fn init(dir: &str) -> Output {
        run(&["init", "--dir", dir, "--name", "Minato City", "--name-ja", "みなと市", "--url", URL])
    }

    fn json(output: &Output) -> Value {
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn error(output: &Output) -> String {
        let text = String::from_utf8(output.stderr.clone()).unwrap();
        let line = text.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
        line.rsplit_once('[').map(|(_, code)| code.trim_end_matches(']').to_owned()).unwrap_or_default()
    }

    fn sample(name: &str) -> String {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name).to_str().unwrap().to_owned()
    }

    #[test]
    fn init_makes_a_folder_that_check_finds_good_and_refuses_one_in_use() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("D");
        let dir = dir.to_str().unwrap();
        assert_eq!(init(dir).status.code(), Some(0));
        let check = run(&["check", "--dir", dir, "--json"]);
        assert_eq!(
            (check.status.code(), json(&check)["ok"].as_bool()),
            (Some(0), Some(true)),
            "{}",
            json(&check)
        );
        let again = init(dir);
        assert_eq!((again.status.code(), error(&again).as_str()), (Some(1), "INRO-SERVICE-001"));
        std::fs::copy(format!("{dir}/keys/registrar.key.pem"), format!("{dir}/keys/signer.key.pem")).unwrap();
        let check = run(&["check", "--dir", dir, "--json"]);
        assert_eq!((check.status.code(), parts(&check, "bad")), (Some(1), "signer, service".into()));
    }

    /// The parts that `check` finds in a state.
    fn parts(check: &Output, state: &str) -> String {
        let findings = json(check);
        let findings = findings["findings"].as_array().unwrap();
        let parts = findings.iter().filter(|finding| finding["state"] == state);
        parts.map(|finding| finding["part"].as_str().unwrap()).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn check_finds_what_would_keep_serve_from_starting_or_doing_what_is_meant() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("D");
        let dir = dir.to_str().unwrap();
        assert_eq!(init(dir).status.code(), Some(0));
        let config = format!("{dir}/config.toml");
        let good = std::fs::read_to_string(&config).unwrap();
        let attested =
            |table: &str| format!("{good}\n[attestation.{table}]\nkey_storage = [\"iso_18045_high\"]\n");
        let providers = format!("{dir}/trust/wallet-providers.pem");
        std::fs::copy(format!("{dir}/trust/ca.pem"), &providers).unwrap();
        let check = |text: &str| {
            std::fs::write(&config, text).unwrap();
            run(&["check", "--dir", dir, "--json"])
        };
        for table in ["employee-id", "role-authority"] {
            assert_eq!(parts(&check(&attested(table)), "bad"), "");
        }
        let misspelt = attested("employee-id").replace("high", "hgh");
        assert_eq!(parts(&check(&misspelt), "attention"), "attestation");

        let unknown = check(&attested("employe-id"));
        assert_eq!((unknown.status.code(), parts(&unknown, "bad")), (Some(1), "service".into()));
        assert!(json(&unknown).to_string().contains("INRO-ISSUER-008"));
        let in_the_clear =
            good.replace("offered = true", "offered = false").replace("required = false", "required = true");
        assert_ne!(in_the_clear, good);
        assert!(parts(&check(&in_the_clear), "bad").starts_with("config, "));
        let elsewhere = check(&good.replace("localhost", "issuer.example"));
        assert_eq!((elsewhere.status.code(), parts(&elsewhere, "bad")), (Some(1), "host".into()));
        assert!(json(&elsewhere).to_string().contains("INRO-ISSUER-055"));

        let by_address = root.path().join("E");
        let by_address = by_address.to_str().unwrap();
        let made = ["--name", "Minato City", "--name-ja", "みなと市", "--url", "https://[::1]:8443"];
        assert!(run(&[&["init", "--dir", by_address], &made[..]].concat()).status.success());
        assert_eq!(parts(&run(&["check", "--dir", by_address, "--json"]), "bad"), "");

        std::fs::remove_file(&providers).unwrap();
        assert_eq!(parts(&check(&attested("employee-id")), "bad"), "service");
        let database = format!("{dir}/db.sqlite");
        std::fs::remove_file(&database).unwrap();
        assert_eq!(parts(&check(&good), "bad"), "database, service");
        assert!(!Path::new(&database).exists(), "a new one would have forgotten every credential");
        assert_eq!(error(&run(&["credential", "list", "--dir", dir])), "INRO-SERVICE-003");
    }

    #[test]
    fn init_refuses_a_url_that_is_no_https_origin() {
        let root = tempfile::tempdir().unwrap();
        for (number, (url, code)) in [
            ("https://localhost:8443/", None),
            ("http://localhost:8443", Some("INRO-ISSUER-005")),
            ("localhost:8443", Some("INRO-ISSUER-005")),
            ("https://localhost:8443/path", Some("INRO-ISSUER-005")),
        ]
        .into_iter()
        .enumerate()
        {
            let dir = root.path().join(number.to_string());
            let output = run(&[
                "init",
                "--dir",
                dir.to_str().unwrap(),
                "--name",
                "A",
                "--name-ja",
                "ア",
                "--url",
                url,
            ]);
            assert_eq!(output.status.success(), code.is_none(), "{url}");
            assert_eq!(error(&output), code.unwrap_or_default(), "{url}");
        }
    }

    #[test]
    fn import_takes_all_rows_or_with_skip_bad_the_good_ones() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("D");
        let dir = dir.to_str().unwrap();
        assert!(init(dir).status.success());
        let refused = run(&["employee", "import", "--dir", dir, &sample("hr_bad.csv"), "--json"]);
        assert_eq!(refused.status.code(), Some(1));
        assert_eq!(
            (json(&refused)["imported"].as_bool(), json(&refused)["inro_code"].as_str()),
            (Some(false), Some("INRO-ISSUER-017"))
        );
        let first = &json(&refused)["errors"][0];
        assert!(
            first["line"].as_u64() > Some(1) && first["column"].is_string() && first["reason"].is_string()
        );
        let none = run(&["employee", "list", "--dir", dir, "--json"]);
        assert_eq!(json(&none)["employees"].as_array().unwrap().len(), 0);
        let skipped =
            run(&["employee", "import", "--dir", dir, &sample("hr_bad.csv"), "--skip-bad", "--json"]);
        assert_eq!(skipped.status.code(), Some(0));
        let added = json(&skipped)["added"].as_u64().unwrap();
        assert!(added > 0 && json(&skipped)["good"].as_u64() == Some(added));
        let all = run(&["employee", "import", "--dir", dir, &sample("hr.csv"), "--json"]);
        assert_eq!(json(&all)["good"].as_u64(), Some(20));
        let again = run(&["employee", "import", "--dir", dir, &sample("hr.csv"), "--json"]);
        assert_eq!((json(&again)["added"].as_u64(), json(&again)["updated"].as_u64()), (Some(0), Some(20)));
        let one = run(&["employee", "show", "--dir", dir, "E0001", "--json"]);
        assert_eq!(json(&one)["employee_number"], "E0001");
        let nobody = run(&["employee", "show", "--dir", dir, "E9999"]);
        assert_eq!(error(&nobody), "INRO-ISSUER-004");
    }

    #[test]
    fn offers_are_coded_when_they_cannot_be_made() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("D");
        let dir = dir.to_str().unwrap();
        assert!(init(dir).status.success());
        assert!(run(&["employee", "import", "--dir", dir, &sample("hr.csv")]).status.success());
        let offer = |more: &[&str]| {
            let base = [
                "offer",
                "create",
                "--dir",
                dir,
                "--employee",
                "E0001",
                "--credential",
                "employee-id",
                "--json",
            ];
            run(&[&base, more].concat())
        };
        let made = offer(&["--format", "dc+sd-jwt", "--credential", "role-authority", "--tx-code"]);
        let value = json(&made);
        assert!(
            value["credential_offer"]
                .as_str()
                .unwrap()
                .starts_with("openid-credential-offer://?credential_offer=")
        );
        assert!(
            value["credential_offer_uri"].as_str().unwrap().starts_with("https://localhost:8443/offers/")
        );
        assert_eq!(value["tx_code"].as_str().map(str::len), Some(6));
        assert!(value["id"].is_string() && value["expires_at"].is_string());
        assert_eq!(json(&offer(&[]))["tx_code"], Value::Null);
        assert_eq!(error(&offer(&["--format", "ldp_vc"])), "INRO-ISSUER-009");
        assert_eq!(error(&offer(&["--credential", "unheard-of"])), "INRO-ISSUER-008");
        let nobody =
            run(&["offer", "create", "--dir", dir, "--employee", "E9999", "--credential", "employee-id"]);
        assert_eq!(error(&nobody), "INRO-ISSUER-004");
        let usage = run(&["offer", "create", "--dir", dir]);
        assert_eq!(usage.status.code(), Some(2));
    }

    #[test]
    fn an_offer_that_needs_approval_is_decided_once() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("D");
        let dir = dir.to_str().unwrap();
        assert!(init(dir).status.success());
        assert!(run(&["employee", "import", "--dir", dir, &sample("hr.csv")]).status.success());
        let offer = |more: &[&str]| {
            let base =
                ["offer", "create", "--dir", dir, "--employee", "E0001", "--credential", "employee-id"];
            json(&run(&[&base, more, &["--json"]].concat()))["id"].as_str().unwrap().to_owned()
        };
        let (plain, first, second) = (offer(&[]), offer(&["--needs-approval"]), offer(&["--needs-approval"]));
        let decide = |what: &str, id: &str| run(&["offer", what, "--dir", dir, id, "--json"]);
        let dashed = decide("approve", "-unheard-of");
        assert_eq!((dashed.status.code(), error(&dashed).as_str()), (Some(1), "INRO-ISSUER-050"));
        let states = || {
            let list = json(&run(&["offer", "list", "--dir", dir, "--json"]));
            let offers = list["offers"].as_array().unwrap().clone();
            let state = |id: &str| {
                let line = offers.iter().find(|line| line["id"] == id).unwrap();
                line["approval"].as_str().map(str::to_owned)
            };
            [&plain, &first, &second].map(|id| state(id).unwrap_or_default())
        };
        assert_eq!(states(), ["", "waiting", "waiting"]);
        let approved = decide("approve", &first);
        assert_eq!(
            (approved.status.code(), json(&approved)["approval"].as_str()),
            (Some(0), Some("approved"))
        );
        assert_eq!(decide("reject", &second).status.code(), Some(0));
        assert_eq!(states(), ["", "approved", "rejected"]);
        for (what, id, code) in [
            ("approve", &first, "INRO-ISSUER-051"),
            ("reject", &first, "INRO-ISSUER-051"),
            ("approve", &second, "INRO-ISSUER-051"),
            ("approve", &plain, "INRO-ISSUER-052"),
        ] {
            let refused = decide(what, id);
            assert_eq!((refused.status.code(), error(&refused).as_str()), (Some(1), code));
        }
        let text = String::from_utf8(run(&["offer", "list", "--dir", dir]).stdout).unwrap();
        assert!(text.contains("approved") && text.contains("rejected"), "{text}");
    }

    #[test]
    fn a_credentials_id_may_begin_with_a_dash() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("D");
        let dir = dir.to_str().unwrap();
        assert!(init(dir).status.success());
        for id in ["unheard-of", "-0-unheard-of", "--unheard-of"] {
            let refused = run(&["credential", "revoke", "--dir", dir, id, "--reason", "lost", "--json"]);
            assert_eq!(
                (refused.status.code(), error(&refused).as_str()),
                (Some(1), "INRO-ISSUER-030"),
                "{id}"
            );
        }
        // An option that is known is no id.
        let of_nobody =
            run(&["credential", "revoke", "--dir", dir, "--employee", "E9999", "--reason", "lost", "--json"]);
        assert_ne!(of_nobody.status.code(), Some(2));
    }

    #[test]
    fn a_folder_that_asks_for_attestations_has_to_name_who_makes_them() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("D");
        let text = dir.to_str().unwrap();
        assert!(init(text).status.success());
        assert!(run(&["employee", "import", "--dir", text, &sample("hr.csv")]).status.success());
        let offer = || {
            let who = ["--employee", "E0001", "--credential", "employee-id"];
            run(&[&["offer", "create", "--dir", text], &who[..]].concat())
        };
        let config = dir.join("config.toml");
        let made = std::fs::read_to_string(&config).unwrap();
        assert!(made.contains("[encryption]\noffered = true\nrequired = false"), "{made}");
        assert!(offer().status.success());
        let rule = "\n[attestation.employee-id]\nkey_storage = [\"iso_18045_high\"]\n";
        std::fs::write(&config, made.clone() + rule).unwrap();
        assert_eq!(error(&offer()), "INRO-ISSUER-054");
        // Any authority's certificate will do here.
        std::fs::copy(dir.join("trust/ca.pem"), dir.join("trust/wallet-providers.pem")).unwrap();
        assert!(offer().status.success());
        // A folder that an earlier version made has no such section.
        let earlier = made.split("\n[encryption]").next().unwrap().to_owned();
        assert!(earlier.contains("[name]"), "{earlier}");
        std::fs::write(&config, earlier).unwrap();
        assert!(offer().status.success());
    }

    #[test]
    fn a_registration_is_bound_to_the_verifiers_certificate() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("D");
        let dir = dir.to_str().unwrap();
        assert!(init(dir).status.success());
        let application = root.path().join("registration.toml");
        let text = r#"response_hosts = ["localhost:9443"]
            [name]
            en = "Welfare System"
            ja = "福祉システム"
            [[purposes]]
            id = "approve-welfare"
            text = { en = "To approve", ja = "決裁のため" }
            [[credentials]]
            type = "urn:inro:role-authority:1"
            claims = [["powers"], ["scope", "agency"]]
        "#;
        std::fs::write(&application, text).unwrap();
        // Any certificate will do for a leaf; the issuer's own TLS certificate is at hand.
        let leaf = format!("{dir}/tls/cert.pem");
        let register =
            || run(&["verifier", "register", "--dir", dir, application.to_str().unwrap(), "--cert", &leaf]);
        let output = register();
        assert_eq!(output.status.code(), Some(0), "{}", error(&output));
        let jwt = String::from_utf8(output.stdout).unwrap();
        let registration = inro_trust::registration::UnverifiedRegistration::parse(jwt.trim()).unwrap();
        let mut anchors = inro_trust::Anchors::new();
        let anchor = std::fs::read_to_string(format!("{dir}/trust/ca.pem")).unwrap();
        anchors.add_pem(&anchor, &[inro_trust::Usage::Registrar]).unwrap();
        let der = inro_service::pki::load_chain(Path::new(&leaf)).unwrap().remove(0);
        let digest = inro_crypto::Provider::sha256(&inro_crypto::RustCrypto, &der);
        let now = inro_base::Clock::now(&inro_service::SystemClock);
        let verified = registration.verify(&anchors, &digest, now, &inro_crypto::RustCrypto).unwrap();
        assert_eq!(verified.name().ja, "福祉システム");
        std::fs::write(&application, text.replace("response_hosts", "response_host")).unwrap();
        assert_eq!(error(&register()), "INRO-SERVICE-006");
        for (days, end) in [(30, now.plus(30 * 86_400)), (1_095, registrar_end(dir))] {
            std::fs::write(&application, format!("valid_days = {days}\n{text}")).unwrap();
            let jwt = String::from_utf8(register().stdout).unwrap();
            let claimed = inro_trust::registration::UnverifiedRegistration::parse(jwt.trim()).unwrap();
            assert!((0..60).contains(&claimed.claimed().exp.seconds_since(end)), "{days}");
        }
        // A line of the top that slipped beneath the last table, and one beneath a purpose.
        let purpose = text.replace("id = ", "nonsense = 1\nid = ");
        for slipped in [format!("{text}\nvalid_days = 30\n"), purpose] {
            std::fs::write(&application, slipped).unwrap();
            assert_eq!(error(&register()), "INRO-SERVICE-006");
        }
        let host = text.replace("localhost:9443", "localhost/path");
        for wrong in [format!("\nvalid_days = 1096\n{text}"), format!("\n{host}")] {
            std::fs::write(&application, wrong).unwrap();
            let output = register();
            assert_eq!(error(&output), "INRO-SERVICE-006");
            let told = String::from_utf8(output.stderr).unwrap();
            assert!(told.contains("at line 2: "), "{told}");
        }
    }

    fn registrar_end(dir: &str) -> inro_base::UnixTime {
        let chain =
            inro_service::pki::load_chain(Path::new(&format!("{dir}/keys/registrar.chain.pem"))).unwrap();
        inro_service::pki::not_after(&chain[0]).unwrap()
    }

    #[test]
    fn a_reader_that_leaves_is_no_error() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("D");
        let dir = dir.to_str().unwrap();
        assert!(init(dir).status.success());
        for command in ["employee list", "employee list --json", "check", "credential list"] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let output = Command::new(env!("CARGO_BIN_EXE_inro-issuer"))
                .args(command.split(' '))
                .args(["--dir", dir])
                .stdout(writer)
                .output()
                .unwrap();
            assert_eq!(
                (output.status.code(), output.stderr.as_slice()),
                (Some(0), b"".as_slice()),
                "{command}"
            );
        }
    }

    #[test]
    fn people_are_told_in_japanese_where_the_locale_is() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("D");
        let dir = dir.to_str().unwrap();
        let say = |locale: &str, arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_inro-issuer"));
            command.args(arguments).args(["--dir", dir]).env("LC_ALL", locale);
            String::from_utf8(command.output().unwrap().stdout).unwrap()
        };
        let ja = |arguments: &[&str]| say("ja_JP.UTF-8", arguments);
        assert!(ja(&["init", "--name", "A", "--name-ja", "ア", "--url", URL]).contains("作成しました"));
        let bad = sample("hr_bad.csv");
        let (told, english) = (ja(&["employee", "import", &bad]), say("C", &["employee", "import", &bad]));
        assert!(told.contains("職務の級が許可された範囲の整数ではありません。 [INRO-HR-014]"), "{told}");
        assert!(told.contains("13行、誤り11件：取り込みを行いませんでした。"), "{told}");
        assert!(english.contains("A grade is not a whole number in the allowed range. [INRO-HR-014]"));
        assert!(english.contains("13 rows, 11 errors: nothing imported."));
        assert!(ja(&["employee", "import", &sample("hr.csv")]).contains("20行、誤り0件：追加20件"));
        let offer =
            ja(&["offer", "create", "--employee", "E0001", "--credential", "employee-id", "--tx-code"]);
        assert!(offer.contains("取引コード") && offer.contains("まで有効です。"), "{offer}");
        let check = ja(&["check"]);
        assert!(check.contains("署名鍵") && check.contains("良好") && !check.contains("good"), "{check}");
    }

    #[test]
    fn check_tells_a_secret_that_others_can_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("D");
        let dir = dir.to_str().unwrap();
        assert!(init(dir).status.success());
        for name in ["keys/ca.key.pem", "keys/server.key", "tls/key.pem", "db.sqlite"] {
            assert_eq!(run(&["check", "--dir", dir]).status.code(), Some(0), "{name}");
            let path = format!("{dir}/{name}");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            let output = run(&["check", "--dir", dir]);
            let text = String::from_utf8(output.stdout).unwrap();
            let line = text.lines().find(|line| line.contains("INRO-SERVICE-005") && line.contains(&path));
            assert!(output.status.code() == Some(1) && line.is_some(), "{text}");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    #[test]
    fn a_folder_that_init_did_not_make_is_one_error() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("none");
        let dir = dir.to_str().unwrap();
        let hr = sample("hr.csv");
        for arguments in [&["check", "--dir", dir][..], &["employee", "import", "--dir", dir, &hr]] {
            let output = run(arguments);
            assert_eq!((output.status.code(), error(&output).as_str()), (Some(1), "INRO-SERVICE-002"));
            assert!(output.stdout.is_empty());
        }
    }
}
