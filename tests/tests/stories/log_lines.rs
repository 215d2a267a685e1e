//! What the services write of strangers: lines of their own, with nothing in them that a stranger chose.

use inro_base::http::HttpRequest;
use inro_wallet_core::Http as _;
use serde_json::{Value, json};

use crate::story::{Story, block_on, client};

const PLANTED: &str = "PLANTED";

#[test]
fn names_and_addresses_of_strangers_stand_in_no_line_of_the_log() {
    let story = Story::begin();
    let sample = include_str!("../../../issuer/samples/hr.csv");
    let name = format!("{PLANTED} ''; {{level: info}}");
    let file = story.path("hr.csv");
    std::fs::write(&file, sample.replace("SATO Hanako", &name)).unwrap();
    story.issuer(&["employee", "import"], &[file.to_str().unwrap(), "--json"]);
    let received = story.receive("E0001", &["employee-id"]);
    let id = received["credentials"][0]["id"].as_str().unwrap();
    let shown = story.wallet(&["show", id, "--json"]);
    assert!(shown.stdout.contains(PLANTED), "{}{}", shown.stdout, shown.stderr);
    let asked = story.ask(&json!({ "policy": "identify-employee" }));
    let said =
        story.wallet(&["present", asked["authorization_request"].as_str().unwrap(), "--yes", "--json"]);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert_eq!(story.result(&asked)["status"], "verified");

    let line = format!("%0a%7B%22level%22:%22{PLANTED}%22%7D");
    for (service, url, paths) in [
        ("issuer", &story.issuer_url, ["/offers/", "/status-lists/", "/types/", "/"]),
        ("verifier", &story.verifier_url, ["/v1/presentations/", "/openid4vp/requests/", "/healthz?x=", "/"]),
    ] {
        let client = client(&story.path(&format!("{service}/tls/ca.pem")));
        for path in paths {
            let request = HttpRequest::fetch(format!("{url}{path}{line}"), 1 << 20)
                .with_header("x-request-id", PLANTED.to_owned())
                .with_header("user-agent", PLANTED.to_owned())
                .with_header("authorization", format!("Bearer {PLANTED}"));
            let answer = block_on(client.send(request)).unwrap();
            assert!(answer.status < 500, "{path}");
        }
        let log = std::fs::read_to_string(story.path(&format!("{service}.log"))).unwrap();
        assert!(!log.contains(PLANTED), "{log}");
        let requests: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |code: &str| requests.iter().filter(|line| line["code"] == code).count();
        let unknown = if service == "issuer" { "INRO-ISSUER-020" } else { "INRO-VERIFIER-014" };
        assert!(of(unknown) > 0 && of("INRO-SERVICE-015") > 0, "{log}");
    }
}
