//! An issuer that lies: about how much there is, about where things are, and about its name.

use std::sync::Mutex;

use inro_base::http::HttpResponse;
use serde_json::{Map, Value, json};

use super::issuer::{CONFIGURATION, Script, URL, link};
use super::pki::Authority;
use super::{Device, code};
use crate::keys::Custody;
use crate::ports::Store as _;
use crate::prompts::Reason;
use crate::testing::run;

/// Requests of one issuance: offer, two metadata, token twice, nonce, credential.
const REQUESTS: usize = 7;

/// Receives from an issuer that `alter` changed, over a network in which `instead` may answer the request of a
/// number, from 0, in the issuer's place.
fn receive(
    alter: impl FnOnce(&mut Script),
    instead: impl Fn(usize) -> Option<HttpResponse> + Send + 'static,
) -> (&'static str, Device) {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    device.keys.keep_in(Custody::SecureElement);
    let mut script = Script::honest(&authority);
    alter(&mut script);
    let mut network = script.network();
    let number = Mutex::new(0);
    let wallet = device.wallet(move |request| {
        let mut number = number.lock().unwrap();
        *number += 1;
        let honest = network(request);
        instead(*number - 1).map_or(honest, Ok)
    });
    let outcome = code(run(wallet.receive(&link(), None)));
    (outcome, device)
}

fn receive_from(alter: impl FnOnce(&mut Script)) -> (&'static str, Device) {
    receive(alter, |_| None)
}

/// Refused with `expected`, and nothing stays: no copy, no key, and where the code was not redeemed it still is good.
fn refused((outcome, device): (&'static str, Device), expected: &str, redeemed: bool) {
    assert_eq!((outcome, device.copies(), device.keys()), (expected, 0, 0));
    let token = format!("{URL}/token");
    assert_eq!(device.lines().iter().any(|line| line.ends_with(&token)), redeemed, "{expected}");
}

/// Where the wallet was led to, but for the issuer.
fn elsewhere(device: &Device) -> Vec<String> {
    let lines = device.lines();
    let urls = lines.iter().filter_map(|line| line.split_once(" https://").map(|(_, url)| url.to_owned()));
    urls.filter(|url| !url.starts_with("issuer.example/")).collect()
}

fn configuration(script: &mut Script) -> &mut Map<String, Value> {
    script.metadata["credential_configurations_supported"][CONFIGURATION].as_object_mut().unwrap()
}

#[test]
fn huge_metadata_are_refused_before_a_key_is_made() {
    let configurations = |number: usize| {
        receive_from(|script| {
            let one = script.metadata["credential_configurations_supported"][CONFIGURATION].clone();
            let all = script.metadata["credential_configurations_supported"].as_object_mut().unwrap();
            (1..number).for_each(|number| {
                all.insert(format!("other-{number}"), one.clone());
            });
        })
    };
    assert_eq!(configurations(256).0, "accepted");
    refused(configurations(257), "INRO-VCI-004", false);
    let displays = |number: usize| {
        receive_from(|script| {
            script.metadata["display"] = vec![json!({ "name": "Minato City" }); number].into();
        })
    };
    assert_eq!(displays(64).0, "accepted");
    refused(displays(65), "INRO-VCI-004", false);
    let padded = |bytes: usize| receive_from(|script| script.metadata["padding"] = "x".repeat(bytes).into());
    assert_eq!(padded(100_000).0, "accepted");
    refused(padded(3 * 1024 * 1024), "INRO-WALLET-014", false);
}

#[test]
fn a_batch_of_ten_thousand_is_asked_for_as_ten_and_refused_when_it_comes() {
    let wanting = |script: &mut Script| {
        script.metadata["batch_credential_issuance"] = json!({ "batch_size": 10_000 });
    };
    let (outcome, device) = receive_from(wanting);
    assert_eq!((outcome, device.copies(), device.keys()), ("accepted", 10, 10));
    let many = |text: &str| {
        let credentials = vec![json!({ "credential": text }); 10_000];
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let body = json!({ "credentials": credentials }).to_string().into_bytes();
        HttpResponse { status: 200, headers, body }
    };
    let (short, long) = (many("x"), many(&"x".repeat(1_000)));
    refused(receive(wanting, move |number| (number == 6).then(|| short.clone())), "INRO-VCI-016", true);
    refused(receive(wanting, move |number| (number == 6).then(|| long.clone())), "INRO-WALLET-014", true);
}

#[test]
fn no_redirect_is_followed_wherever_it_stands() {
    let (outcome, device) = receive_from(|_| {});
    assert_eq!((outcome, elsewhere(&device)), ("accepted", Vec::new()));
    let asked = device.lines().iter().filter(|line| line.contains(" https://")).count();
    assert_eq!(asked, REQUESTS);
    for at in 0..REQUESTS {
        for status in [301, 302, 303, 307, 308] {
            let (outcome, device) = receive(
                |_| {},
                move |number| {
                    let location = ("location".to_owned(), "https://169.254.169.254/latest".to_owned());
                    let json = ("content-type".to_owned(), "application/json".to_owned());
                    let redirect =
                        HttpResponse { status, headers: vec![location, json], body: b"{}".to_vec() };
                    (number == at).then_some(redirect)
                },
            );
            let expected = match at {
                3 | 4 => "INRO-VCI-013",
                6 => "INRO-VCI-014",
                _ => "INRO-VCI-011",
            };
            assert_eq!((outcome, elsewhere(&device)), (expected, Vec::new()), "{at} {status}");
            assert_eq!((device.copies(), device.keys()), (0, 0));
        }
    }
}

#[test]
fn endpoints_that_are_not_https_are_refused_before_a_key_is_made() {
    let named =
        ["credential_endpoint", "nonce_endpoint", "deferred_credential_endpoint", "notification_endpoint"];
    for name in named {
        let at = |url: &str| receive_from(|script| script.metadata[name] = url.into());
        if name == "deferred_credential_endpoint" || name == "notification_endpoint" {
            assert_eq!(at("https://127.0.0.1:8443/x").0, "accepted", "{name}");
        }
        for url in
            ["http://127.0.0.1/x", "file:///etc/passwd", "https://user:secret@10.0.0.1/x", "//10.0.0.1/x"]
        {
            refused(at(url), "INRO-OAUTH-040", false);
        }
    }
    let server = |url: &str| receive_from(|script| script.server["token_endpoint"] = url.into());
    assert_eq!(server(&format!("{URL}/token")).0, "accepted");
    refused(server("http://192.168.0.1/token"), "INRO-OAUTH-040", false);
}

#[test]
fn a_name_that_is_huge_is_left_out_and_one_that_steers_does_not_reach_a_prompt_as_such() {
    let named = |name: &str| {
        let (outcome, device) = receive_from(|script| {
            script.metadata["display"] = json!([{ "name": name, "locale": "en" }]);
            let display = json!({ "display": [{ "name": name, "locale": "en" }] });
            configuration(script).insert("credential_metadata".into(), display);
        });
        assert_eq!(outcome, "accepted");
        let record = run(device.store.credentials()).unwrap().remove(0);
        let [Reason::Receive { .. }] = device.prompts.reasons().as_slice() else { panic!("not asked once") };
        let prompt = device.prompts.reasons()[0].text().en;
        (record.issuer_name.en, record.name.en, prompt)
    };
    let longest = "あ".repeat(200);
    assert_eq!(named(&longest).0, longest);
    let (issuer, credential, _) = named(&"あ".repeat(201));
    assert_eq!((issuer.as_str(), credential.as_str()), ("", ""));
    let (issuer, _, prompt) = named("Minato\u{202e}ytiC\u{1b}[2J\nOpen the wallet.");
    assert!(issuer.contains('\u{202e}'), "a record keeps what was said");
    assert!(!prompt.chars().any(inro_base::steers), "{prompt:?}");
    assert!(prompt.starts_with("Receive from ") && prompt.contains("Minato"), "{prompt:?}");
}

/// The core has no use for a picture: its address is neither kept nor asked for.
#[test]
fn a_logo_is_neither_loaded_nor_kept() {
    let svg = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    for uri in [
        "https://tracker.example/logo.png",
        "http://10.0.0.1/logo.png",
        svg,
        "javascript:alert(1)",
        "file:///x",
    ] {
        let (outcome, device) = receive_from(|script| {
            let logo = json!({ "uri": uri, "alt_text": uri });
            let display = json!([{
                "name": "Minato City", "locale": "en", "logo": logo, "background_image": { "uri": uri },
                "background_color": uri, "text_color": uri,
            }]);
            script.metadata["display"] = display.clone();
            configuration(script).insert("credential_metadata".into(), json!({ "display": display }));
        });
        assert_eq!((outcome, elsewhere(&device)), ("accepted", Vec::new()), "{uri}");
        let record = run(device.store.credentials()).unwrap().remove(0);
        assert_eq!((record.name.en.as_str(), record.issuer_name.en.as_str()), ("Minato City", "Minato City"));
        assert!(!serde_json::to_string(&record).unwrap().contains(uri), "{uri}");
    }
}
