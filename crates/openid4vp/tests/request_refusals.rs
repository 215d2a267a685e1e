//! Which requests a wallet refuses. Every case first shows the unaltered request accepted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod common;

use common::*;
use inro_base::http::HttpResponse;
use inro_base::{Coded as _, base64url};
use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_jose::{Jwk, JwsToSign};
use inro_openid4vp::profile::REGISTRATION_FORMAT;
use inro_openid4vp::wallet::{RequestLink, StatedPurpose};
use inro_openid4vp::{ClientId, form};
use serde_json::{Map, Value, json};

/// Judges a request of the verifier whose payload `alter` changed; and shows it accepted before.
fn altered(alter: impl FnOnce(&mut Map<String, Value>)) -> &'static str {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let mut payload = payload_with(&awaiting, Some(&world.registration(|_| {})));
    assert_eq!(code(world.judge(&awaiting.link(), &world.sign_request(&payload))), "accepted");
    alter(&mut payload);
    code(world.judge(&awaiting.link(), &world.sign_request(&payload)))
}

fn set(name: &'static str, value: impl Into<Value>) -> impl FnOnce(&mut Map<String, Value>) {
    let value = value.into();
    move |payload| {
        payload.insert(name.into(), value);
    }
}

fn without(name: &'static str) -> impl FnOnce(&mut Map<String, Value>) {
    move |payload| {
        payload.remove(name);
    }
}

#[test]
fn refuses_an_unsigned_request() {
    let link = "openid4vp://?client_id=x509_san_dns%3Averifier.example&request_uri=https%3A%2F%2Fverifier.example%2Fr";
    assert!(RequestLink::parse(link).is_ok());
    for replacement in ["response_type=vp_token&nonce=x", "request=e30.e30.e30"] {
        let unsigned = link.replace("request_uri=https%3A%2F%2Fverifier.example%2Fr", replacement);
        assert_eq!(code(RequestLink::parse(&unsigned)), "INRO-VP-011");
    }
}

#[test]
fn refuses_links_of_other_shapes() {
    let link = "openid4vp://?client_id=x509_san_dns%3Averifier.example&request_uri=https%3A%2F%2Fverifier.example%2Fr";
    assert!(RequestLink::parse(link).is_ok());
    assert!(RequestLink::parse(&link.replace("openid4vp://", "https://wallet.example/open")).is_ok());
    assert!(RequestLink::parse(&format!("{link}&request_uri_method=post")).is_ok());
    let cases = [
        (link.replace("openid4vp:", "http:"), "INRO-VP-010"),
        (link.replace("client_id=", "client="), "INRO-VP-010"),
        (format!("{link}{}", "x".repeat(5000)), "INRO-VP-010"),
        (format!("{link}&client_id=x"), "INRO-VP-003"),
        (link.replace("x509_san_dns", "redirect_uri"), "INRO-VP-018"),
        (link.replace("https%3A", "http%3A"), "INRO-VP-012"),
        (format!("{link}&request_uri_method=put"), "INRO-VP-013"),
    ];
    for (link, expected) in cases {
        assert_eq!(code(RequestLink::parse(&link)), expected, "{link}");
    }
}

#[test]
fn refuses_a_redirect_or_another_media_type_instead_of_the_request() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let object = world.sign_request(&payload(&awaiting));
    let take = |alter: fn(&mut HttpResponse)| {
        let mut response = delivered(&object);
        alter(&mut response);
        code(
            RequestLink::parse(&awaiting.link())
                .unwrap()
                .fetch(&mut Counting(1))
                .0
                .received(&response, &RustCrypto),
        )
    };
    assert_eq!(take(|_| {}), "accepted");
    assert_eq!(take(|response| response.status = 302), "INRO-VP-014");
    assert_eq!(take(|response| response.status = 404), "INRO-VP-014");
    assert_eq!(take(|response| response.headers[0].1 = "text/html".into()), "INRO-VP-014");
}

#[test]
fn refuses_alg_none_and_another_typ() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let good = world.sign_request(&payload(&awaiting));
    assert_eq!(code(world.judge(&awaiting.link(), &good)), "accepted");
    let none = base64url::encode(br#"{"alg":"none","typ":"oauth-authz-req+jwt"}"#);
    let unsigned = format!("{none}.{}.", good.split('.').nth(1).unwrap());
    assert_eq!(code(world.judge(&awaiting.link(), &unsigned)), "INRO-JOSE-002");
    for typ in ["JWT", "jwt", "kb+jwt"] {
        let header = json!({ "typ": typ, "x5c": [base64url::encode_standard(&world.verifier.der)] });
        let other = JwsToSign::new(header.as_object().unwrap().clone(), &payload(&awaiting));
        let other = other.sign_with(&world.verifier.key).unwrap();
        assert_eq!(code(world.judge(&awaiting.link(), &other)), "INRO-JOSE-003", "{typ}");
    }
}

#[test]
fn refuses_another_signature_and_a_request_without_certificate() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let good = world.sign_request(&payload(&awaiting));
    assert_eq!(code(world.judge(&awaiting.link(), &good)), "accepted");
    let header =
        json!({ "typ": "oauth-authz-req+jwt", "x5c": [base64url::encode_standard(&world.verifier.der)] });
    let forged = JwsToSign::new(header.as_object().unwrap().clone(), &payload(&awaiting));
    let forged = forged.sign_with(&SoftwareKey::generate(&mut Counting(5))).unwrap();
    assert_eq!(code(world.judge(&awaiting.link(), &forged)), "INRO-JOSE-005");
    let bare = json!({ "typ": "oauth-authz-req+jwt" });
    let bare = JwsToSign::new(bare.as_object().unwrap().clone(), &payload(&awaiting));
    let bare = bare.sign_with(&world.verifier.key).unwrap();
    assert_eq!(code(world.judge(&awaiting.link(), &bare)), "INRO-TRUST-002");
}

#[test]
fn a_key_in_the_client_metadata_signs_no_request() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let own = SoftwareKey::generate(&mut Counting(5));
    let mut jwk = Jwk::new(own.public_key()).to_value();
    jwk["kid"] = json!("1");
    jwk["use"] = json!("sig");
    jwk["alg"] = json!("ES256");
    let mut payload = payload(&awaiting);
    payload["client_metadata"]["jwks"] = json!({ "keys": [jwk] });
    let signed_by = |key: &SoftwareKey| {
        let x5c = [base64url::encode_standard(&world.verifier.der)];
        let header = json!({ "typ": "oauth-authz-req+jwt", "kid": "1", "x5c": x5c });
        let object = JwsToSign::new(header.as_object().unwrap().clone(), &payload).sign_with(key).unwrap();
        code(world.judge(&awaiting.link(), &object))
    };
    assert_eq!(signed_by(&world.verifier.key), "accepted");
    assert_eq!(signed_by(&own), "INRO-JOSE-005");
}

#[test]
fn refuses_client_metadata_that_are_not_utf_8() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let mut payload = payload(&awaiting);
    payload["client_metadata"]["client_name"] = json!("Caf\u{e9}");
    let good = Value::Object(payload.clone()).to_string().into_bytes();
    let at = good.windows(2).position(|bytes| bytes == [0xc3, 0xa9]).unwrap();
    let latin = [&good[..at], &[0xe9], &good[at + 2..]].concat();
    let object = world.sign_request(&payload);
    let header = object.split('.').next().unwrap();
    let judge = |bytes: &[u8]| {
        let input = format!("{header}.{}", base64url::encode(bytes));
        let signature = world.verifier.key.sign_es256(input.as_bytes()).unwrap();
        let object = format!("{input}.{}", base64url::encode(signature.as_bytes()));
        code(world.judge(&awaiting.link(), &object))
    };
    assert_eq!(judge(&good), "accepted");
    assert_eq!(judge(&latin), "INRO-BASE-004");
}

#[test]
fn passes_over_unknown_members_of_the_client_metadata() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let mut payload = payload(&awaiting);
    payload["client_metadata"]["logo_uri"] = json!("https://verifier.example/logo.png");
    payload["client_metadata"]["x"] = json!({ "y": [1] });
    let request = world.judge(&awaiting.link(), &world.sign_request(&payload)).unwrap();
    let (reviewing, held) = world.review(request, &world.credential(|_| {}));
    let posted = String::from_utf8(world.approve(reviewing, held).unwrap().body).unwrap();
    assert_eq!(code(world.verdict(awaiting, &posted)), "accepted");
}

#[test]
fn parameters_beside_the_address_of_the_request_mean_nothing() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let object = world.sign_request(&payload(&awaiting));
    let beside = form::encode(&[
        ("nonce", &"b".repeat(32)),
        ("state", "other"),
        ("response_uri", "https://rival.example/"),
        ("response_mode", "fragment"),
        ("dcql_query", r#"{"credentials":[]}"#),
    ]);
    let answer = |link: &str| {
        let request = world.judge(link, &object).unwrap();
        let key = *request.replay_key();
        let (reviewing, held) = world.review(request, &world.credential(|_| {}));
        (key, world.approve(reviewing, held).unwrap())
    };
    let (key, _) = answer(&awaiting.link());
    let (same, posted) = answer(&format!("{}&{beside}", awaiting.link()));
    assert_eq!((same, posted.url), (key, format!("https://{HOST}/responses/1")));
    assert_eq!(code(world.verdict(awaiting, &String::from_utf8(posted.body).unwrap())), "accepted");
}

#[test]
fn refuses_another_audience() {
    assert_eq!(altered(set("aud", "https://wallet.example")), "INRO-VP-016");
    assert_eq!(altered(set("aud", json!(["https://self-issued.me/v2", "x"]))), "INRO-VP-016");
    assert_eq!(altered(without("aud")), "INRO-VP-016");
}

#[test]
fn takes_no_notice_of_iss_and_unknown_parameters() {
    assert_eq!(altered(set("iss", "https://anyone.example")), "accepted");
    assert_eq!(altered(set("login_hint", json!({ "a": 1 }))), "accepted");
}

#[test]
fn refuses_a_client_id_that_differs_from_the_links() {
    let world = World::new();
    let rival = ClientId::x509_hash(&world.rival.sha256());
    assert_eq!(altered(set("client_id", rival.as_str())), "INRO-VP-017");
    assert_eq!(altered(set("client_id", "x509_san_dns:verifier.example")), "INRO-VP-017");
    assert_eq!(altered(without("client_id")), "INRO-VP-015");
}

#[test]
fn refuses_the_certificate_of_another_verifier() {
    let world = World::new();
    let own = world.ask(employee_query());
    assert_eq!(code(world.judge(&own.link(), &world.sign_request(&payload(&own)))), "accepted");
    let hash = ClientId::x509_hash(&world.rival.sha256());
    let host = ClientId::x509_san_dns("rival.example").unwrap();
    for client_id in [hash, host] {
        let foreign = world.ask_as(client_id, employee_query());
        let verdict = world.judge(&foreign.link(), &world.sign_request(&payload(&foreign)));
        assert_eq!(code(verdict), "INRO-VP-019");
    }
}

#[test]
fn refuses_an_authority_that_vouches_for_issuers_only() {
    let mut world = World::new();
    let awaiting = world.ask(employee_query());
    let object = world.sign_request(&payload(&awaiting));
    assert_eq!(code(world.judge(&awaiting.link(), &object)), "accepted");
    world.holder_anchors = world.issuer_anchors.clone();
    assert_eq!(code(world.judge(&awaiting.link(), &object)), "INRO-TRUST-005");
}

#[test]
fn refuses_an_expired_request_and_one_from_the_future() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let object = world.sign_request(&payload(&awaiting));
    let at = |seconds| code(world.judge_at(NOW.plus(seconds), &awaiting.link(), &object));
    assert_eq!(at(0), "accepted");
    assert_eq!(at(359), "accepted");
    assert_eq!(at(360), "INRO-VP-020");
    assert_eq!(at(-60), "accepted");
    assert_eq!(at(-61), "INRO-VP-021");
    assert_eq!(altered(set("exp", NOW.plus(3 * 86_400).as_secs())), "INRO-VP-021");
    assert_eq!(altered(set("exp", "soon")), "INRO-VP-015");
    assert_eq!(altered(without("exp")), "accepted");
}

#[test]
fn tells_from_when_on_a_request_is_void() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let void_from = |names: &[&str]| {
        let mut payload = payload(&awaiting);
        payload.retain(|name, _| !names.contains(&name.as_str()));
        let object = world.sign_request(&payload);
        let void_from = world.judge(&awaiting.link(), &object).unwrap().void_from();
        let refused = void_from.map(|at| code(world.judge_at(at, &awaiting.link(), &object)));
        assert!(refused.is_none_or(|code| code == "INRO-VP-020"));
        void_from
    };
    assert_eq!(void_from(&[]), Some(NOW.plus(360)));
    assert_eq!(void_from(&["exp"]), Some(NOW.plus(660)));
    // Without any time, the request would be as good in a year.
    assert_eq!(void_from(&["iat", "exp"]), None);
}

#[test]
fn refuses_a_missing_short_or_foreign_nonce() {
    assert_eq!(altered(without("nonce")), "INRO-VP-022");
    assert_eq!(altered(set("nonce", "n-0S6_WzA2Mj")), "INRO-VP-022");
    assert_eq!(altered(set("nonce", "a".repeat(22))), "accepted");
    assert_eq!(altered(set("nonce", format!("{}\u{e9}", "a".repeat(22)))), "INRO-VP-022");
}

#[test]
fn refuses_a_response_address_that_is_not_https_or_not_the_verifiers() {
    assert_eq!(altered(set("response_uri", format!("http://{HOST}/responses/1"))), "INRO-VP-023");
    assert_eq!(altered(set("response_uri", format!("https://a@{HOST}/"))), "INRO-VP-023");
    assert_eq!(altered(without("response_uri")), "INRO-VP-015");
    assert_eq!(altered(set("response_uri", "https://rival.example/")), "INRO-VP-024");
    assert_eq!(altered(set("response_uri", format!("https://{HOST}:8443/"))), "INRO-VP-024");
    assert_eq!(altered(set("response_uri", format!("https://{HOST}.rival.example/"))), "INRO-VP-024");
}

#[test]
fn with_a_name_in_the_certificate_the_response_goes_to_that_name_alone() {
    let world = World::new();
    let awaiting = world.ask_as(ClientId::x509_san_dns(HOST).unwrap(), employee_query());
    let mut payload = payload(&awaiting);
    assert_eq!(code(world.judge(&awaiting.link(), &world.sign_request(&payload))), "accepted");
    payload.insert("response_uri".into(), "https://rival.example/".into());
    assert_eq!(code(world.judge(&awaiting.link(), &world.sign_request(&payload))), "INRO-VP-024");
}

/// `verifi\u{435}r.example` has a Cyrillic letter; `xn--` is how certificates and networks write it.
#[test]
fn a_name_of_letters_that_look_alike_is_another_name() {
    let look_alike = "verifi\u{435}r.example";
    let in_ascii = "xn--verifir-dhg.example";
    assert_eq!(altered(set("response_uri", format!("https://{HOST}/responses/2"))), "accepted");
    assert_eq!(altered(set("response_uri", format!("https://{look_alike}/responses/2"))), "INRO-VP-023");
    assert_eq!(altered(set("response_uri", format!("https://{in_ascii}/responses/2"))), "INRO-VP-024");
    // As the name of the verifier itself.
    let world = World::new();
    let awaiting = world.ask_as(ClientId::x509_san_dns(HOST).unwrap(), employee_query());
    let object = world.sign_request(&payload(&awaiting));
    assert_eq!(code(world.judge(&awaiting.link(), &object)), "accepted");
    let link = awaiting.link().replace("x509_san_dns%3Averifier", "x509_san_dns%3Averifi%D0%B5r");
    assert_ne!(link, awaiting.link());
    assert_eq!(code(RequestLink::parse(&link)), "INRO-VP-018");
    let link = awaiting.link().replace("x509_san_dns%3Averifier", "x509_san_dns%3Axn--verifir-dhg");
    assert_eq!(code(world.judge(&link, &object)), "INRO-VP-017");
}

/// The verifier is authenticated, so it is told by an error response that says nothing of the holder.
#[test]
fn answers_what_it_does_not_support_with_an_error() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let state = Sent::of(&awaiting).state;
    let cases: [(&str, Value, &str, &str); 9] = [
        ("redirect_uri", json!("https://verifier.example/cb"), "INRO-VP-025", "invalid_request"),
        ("transaction_data", json!(["e30"]), "INRO-VP-066", "invalid_transaction_data"),
        ("response_mode", json!("fragment"), "INRO-VP-027", "invalid_request"),
        ("response_mode", json!("direct_post.jwt"), "INRO-VP-061", "invalid_request"),
        ("dcql_query", foreign_format(), "INRO-VP-063", "vp_formats_not_supported"),
        (
            "client_metadata",
            json!({ "vp_formats_supported": { "dc+sd-jwt": { "sd-jwt_alg_values": ["ES384"] } } }),
            "INRO-VP-063",
            "vp_formats_not_supported",
        ),
        ("response_type", json!("code"), "INRO-VP-027", "invalid_request"),
        ("scope", json!("employee"), "INRO-VP-028", "invalid_request"),
        ("dcql_query", json!({ "credentials": [] }), "INRO-DCQL-001", "invalid_request"),
    ];
    for (name, value, expected, wire) in cases {
        let mut payload = payload_with(&awaiting, Some(&world.registration(|_| {})));
        assert_eq!(code(world.judge(&awaiting.link(), &world.sign_request(&payload))), "accepted");
        payload.insert(name.into(), value);
        let refusal = world.judge(&awaiting.link(), &world.sign_request(&payload)).unwrap_err();
        assert_eq!(refusal.code().as_str(), expected, "{name}");
        let reply = refusal.reply.unwrap();
        assert_eq!(reply.url, format!("https://{HOST}/responses/1"));
        assert_eq!(reply.body, format!("error={wire}&state={state}").into_bytes());
        // The same to a verifier that no registrar knows: its certificate names the host.
        payload.remove("verifier_info");
        let unregistered = world.judge(&awaiting.link(), &world.sign_request(&payload)).unwrap_err();
        assert_eq!(unregistered.code().as_str(), expected, "{name}");
        assert_eq!(unregistered.reply, Some(reply));
    }
}

/// The error would go to a host that the asker cannot show to be its own.
#[test]
fn sends_no_error_where_the_address_or_the_asker_is_not_established() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let mut faulty = payload(&awaiting);
    faulty.insert("scope".into(), "employee".into());
    let judge = |payload: &Map<String, Value>, world: &World| {
        let refusal = world.judge(&awaiting.link(), &world.sign_request(payload)).unwrap_err();
        (refusal.code().as_str(), refusal.reply.is_some())
    };
    assert_eq!(judge(&faulty, &world), ("INRO-VP-028", true));
    let mut elsewhere = faulty.clone();
    elsewhere.insert("response_uri".into(), "https://rival.example/".into());
    assert_eq!(judge(&elsewhere, &world), ("INRO-VP-024", false));
    let mut late = faulty.clone();
    late.insert("iat".into(), NOW.plus(-900).as_secs().into());
    late.insert("exp".into(), NOW.plus(-600).as_secs().into());
    assert_eq!(judge(&late, &world), ("INRO-VP-020", false));
    let mut stranger = World::new();
    stranger.holder_anchors = stranger.issuer_anchors.clone();
    assert_eq!(judge(&faulty, &stranger), ("INRO-TRUST-005", false));
}

/// Source: RFC 9101 §4.
#[test]
fn refuses_a_request_in_a_request() {
    assert_eq!(altered(|_| {}), "accepted");
    assert_eq!(altered(set("request", "e30.e30.e30")), "INRO-VP-015");
    assert_eq!(altered(set("request_uri", "https://verifier.example/requests/2")), "INRO-VP-015");
}

fn foreign_format() -> Value {
    json!({ "credentials": [{ "id": "a", "format": "ldp_vc", "meta": { "type_values": [["X"]] } }] })
}

#[test]
fn refuses_a_request_without_state_where_the_state_alone_binds_the_answer() {
    let mut query = employee_query();
    query["credentials"][0]["require_cryptographic_holder_binding"] = json!(false);
    let world = World::new();
    let awaiting = world.ask(query);
    let mut payload = payload(&awaiting);
    assert_eq!(code(world.judge(&awaiting.link(), &world.sign_request(&payload))), "accepted");
    payload.remove("state");
    assert_eq!(code(world.judge(&awaiting.link(), &world.sign_request(&payload))), "INRO-VP-015");
    assert_eq!(altered(without("state")), "accepted");
}

#[test]
fn refuses_a_state_that_is_empty_or_not_safe_in_an_address() {
    assert_eq!(altered(set("state", "a-b_c.d~1")), "accepted");
    for state in ["", "a b", "a+b", "\u{e9}"] {
        assert_eq!(altered(set("state", state)), "INRO-VP-015", "{state}");
    }
}

#[test]
fn refuses_a_request_without_a_response_mode() {
    assert_eq!(altered(set("response_mode", "direct_post")), "accepted");
    assert_eq!(altered(without("response_mode")), "INRO-VP-027");
}

#[test]
fn refuses_a_request_for_an_mdoc_with_other_algorithms_than_ours() {
    let world = World::new();
    let awaiting = world.ask(mdoc_query());
    let verdict = |formats: Value| {
        let mut payload = payload(&awaiting);
        payload["client_metadata"]["vp_formats_supported"] = json!({ "mso_mdoc": formats });
        code(world.judge(&awaiting.link(), &world.sign_request(&payload)))
    };
    assert_eq!(verdict(json!({})), "accepted");
    for name in ["issuerauth_alg_values", "deviceauth_alg_values"] {
        for ours in [json!([-7]), json!([-9]), json!([-35, -9])] {
            assert_eq!(verdict(json!({ name: ours })), "accepted", "{name} {ours}");
        }
        for others in [json!([-35]), json!([]), json!(-7)] {
            assert_eq!(verdict(json!({ name: others })), "INRO-VP-063", "{name} {others}");
        }
    }
}

#[test]
fn refuses_the_registration_of_another_verifier_and_an_expired_one() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let judge = |registration: &str| {
        let payload = payload_with(&awaiting, Some(registration));
        code(world.judge(&awaiting.link(), &world.sign_request(&payload)))
    };
    assert_eq!(judge(&world.registration(|_| {})), "accepted");
    let rival = base64url::encode(&world.rival.sha256());
    assert_eq!(judge(&world.registration(|claims| claims.leaf_sha256 = rival)), "INRO-TRUST-018");
    assert_eq!(judge(&world.registration(|claims| claims.exp = NOW)), "INRO-TRUST-016");
    assert_eq!(judge(&world.registration(|claims| claims.iat = NOW.plus(600))), "INRO-TRUST-017");
    let hosts = vec!["other.example".to_owned()];
    assert_eq!(judge(&world.registration(|claims| claims.response_hosts = hosts)), "INRO-VP-024");
    let own = inro_trust::registration::sign(
        &world.registration_claims(),
        &world.verifier.key,
        std::slice::from_ref(&world.verifier.der),
    );
    assert_eq!(judge(&own.unwrap()), "INRO-TRUST-007");
    assert_eq!(judge("x"), "INRO-JOSE-001");
}

#[test]
fn refuses_malformed_verifier_info_and_passes_over_foreign_entries() {
    for malformed in [json!({}), json!([]), json!([{ "format": REGISTRATION_FORMAT }])] {
        assert_eq!(altered(set("verifier_info", malformed)), "INRO-VP-015");
    }
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let own = json!({ "format": REGISTRATION_FORMAT, "data": world.registration(|_| {}) });
    let is_registered = |info: Value| {
        let mut payload = payload(&awaiting);
        payload.insert("verifier_info".into(), info);
        world.judge(&awaiting.link(), &world.sign_request(&payload)).unwrap().verifier().is_registered()
    };
    let nameless = json!({ "data": own["data"] });
    assert!(is_registered(json!([nameless, { "format": "jwt", "data": 1 }, own])));
    assert!(!is_registered(json!([nameless])));
}

#[test]
fn tells_registered_from_claimed() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let registered = payload_with(&awaiting, Some(&world.registration(|_| {})));
    let request = world.judge(&awaiting.link(), &world.sign_request(&registered)).unwrap();
    assert!(request.verifier().is_registered());
    assert_eq!(request.over_asked(), []);
    assert!(
        matches!(request.purpose(), StatedPurpose::Registered(purpose) if purpose.en == "Registered words.")
    );

    let request = world.judge(&awaiting.link(), &world.sign_request(&payload(&awaiting))).unwrap();
    assert!(!request.verifier().is_registered());
    assert!(matches!(request.purpose(), StatedPurpose::Claimed(purpose) if purpose.en == "Own words."));
    // Nothing is covered: the type and both claims.
    assert_eq!(request.over_asked().len(), 3);
}

#[test]
fn marks_what_is_asked_for_beyond_the_registration() {
    let world = World::new();
    let over_asked = |claims: Value| {
        let mut query = employee_query();
        query["credentials"][0]["claims"] = claims;
        let awaiting = world.ask(query);
        let payload = payload_with(&awaiting, Some(&world.registration(|_| {})));
        let request = world.judge(&awaiting.link(), &world.sign_request(&payload)).unwrap();
        let paths: Vec<Value> =
            request.over_asked().iter().map(|over| over.path.as_ref().unwrap().to_value()).collect();
        paths
    };
    assert_eq!(
        over_asked(json!([{ "path": ["employee_number"] }, { "path": ["agency", "code"] }])),
        Vec::<Value>::new()
    );
    assert_eq!(
        over_asked(json!([{ "path": ["employee_number"] }, { "path": ["grade"] }])),
        [json!(["grade"])]
    );
}

#[test]
fn marks_a_type_that_is_asked_for_beside_a_registered_one() {
    let world = World::new();
    let over_asked = |types: Value| {
        let mut query = employee_query();
        query["credentials"][0]["meta"]["vct_values"] = types;
        let awaiting = world.ask(query);
        let payload = payload_with(&awaiting, Some(&world.registration(|_| {})));
        let request = world.judge(&awaiting.link(), &world.sign_request(&payload)).unwrap();
        let paths = request.over_asked().iter().map(|over| over.path.as_ref().map(|path| path.to_value()));
        paths.collect::<Vec<_>>()
    };
    assert_eq!(over_asked(json!([EMPLOYEE])), []);
    let beyond = [None, Some(json!(["employee_number"])), Some(json!(["agency", "name"]))];
    assert_eq!(over_asked(json!([EMPLOYEE, AUTHORITY])), beyond);
    assert_eq!(over_asked(json!([AUTHORITY])), beyond);
}

#[test]
fn a_request_has_one_replay_key_and_no_other_request_has_it() {
    let world = World::new();
    let awaiting = world.ask(employee_query());
    let mut payload = payload(&awaiting);
    let key = |payload: &Map<String, Value>| {
        *world.judge(&awaiting.link(), &world.sign_request(payload)).unwrap().replay_key()
    };
    let first = key(&payload);
    assert_eq!(first, key(&payload));
    payload.insert("nonce".into(), "b".repeat(32).into());
    assert_ne!(first, key(&payload));
}

#[test]
fn sends_nothing_but_what_was_proposed() {
    let world = World::new();
    let credential = world.credential(|_| {});
    let awaiting = world.ask(employee_query());
    let object = world.sign_request(&payload(&awaiting));
    let review = || world.review(world.judge(&awaiting.link(), &object).unwrap(), &credential);
    let (reviewing, held) = review();
    assert!(world.approve(reviewing, held).is_ok());

    let paths =
        |list: &[Value]| list.iter().map(|path| inro_credential::ClaimPath::parse(path).unwrap()).collect();
    for list in [
        vec![json!(["employee_number"])],
        vec![json!(["employee_number"]), json!(["agency", "name"]), json!(["grade"])],
    ] {
        let (reviewing, held) = review();
        let chosen = inro_openid4vp::wallet::Chosen {
            credential: "employee".into(),
            copy: inro_credential::HeldCredential::SdJwt(held),
            paths: paths(&list),
        };
        assert_eq!(code(reviewing.approve(vec![chosen], NOW, &RustCrypto)), "INRO-VP-029");
    }
    let (reviewing, _) = review();
    assert_eq!(code(reviewing.approve(vec![], NOW, &RustCrypto)), "INRO-VP-029");
    let (reviewing, held) = review();
    let paths = paths(&employee_paths());
    let chosen = inro_openid4vp::wallet::Chosen {
        credential: "employee".into(),
        copy: inro_credential::HeldCredential::SdJwt(held),
        paths,
    };
    assert_eq!(code(reviewing.approve(vec![chosen], NOW.plus(360), &RustCrypto)), "INRO-VP-020");
}

#[test]
fn no_match_refusal_and_value_mismatch_are_the_same_bytes() {
    let world = World::new();
    let credential = world.credential(|_| {});
    let refuse = |query: Value, expect_match: bool| {
        let awaiting = world.ask(query);
        let request = world.judge(&awaiting.link(), &world.sign_request(&payload(&awaiting))).unwrap();
        let (reviewing, _) = world.review(request, &credential);
        assert_eq!(reviewing.matches().is_some(), expect_match);
        reviewing.refuse(&mut Counting(1), &RustCrypto).1
    };
    let refusal = refuse(employee_query(), true);
    let mut other_type = employee_query();
    other_type["credentials"][0]["meta"]["vct_values"] = json!([AUTHORITY]);
    let mut other_value = employee_query();
    other_value["credentials"][0]["claims"][0]["values"] = json!(["E9999"]);
    assert_eq!(refuse(other_type, false), refusal);
    assert_eq!(refuse(other_value, false), refusal);
    assert!(refusal.body.starts_with(b"error=access_denied&state="));
}

#[test]
fn follows_no_redirect_and_no_plain_address_after_the_response() {
    let world = World::new();
    let credential = world.credential(|_| {});
    let awaiting = world.ask(employee_query());
    let answered = |status: u16, body: &str| {
        let request = world.judge(&awaiting.link(), &world.sign_request(&payload(&awaiting))).unwrap();
        let (sending, _) = world.review(request, &credential).0.refuse(&mut Counting(1), &RustCrypto);
        let response = HttpResponse { status, headers: vec![], body: body.as_bytes().to_vec() };
        sending.answered(&response)
    };
    let next = "https://verifier.example/cb#response_code=x";
    let sent = answered(200, &json!({ "redirect_uri": next }).to_string()).unwrap();
    assert_eq!(sent.redirect_uri.as_deref(), Some(next));
    assert_eq!(answered(200, "{}").unwrap().redirect_uri, None);
    // What is not known is passed over.
    let more = answered(200, &json!({ "x": { "y": 1 }, "redirect_uri": next }).to_string()).unwrap();
    assert_eq!(more.redirect_uri.as_deref(), Some(next));
    assert_eq!(answered(200, r#"{"x":"https://rival.example/"}"#).unwrap().redirect_uri, None);
    assert_eq!(code(answered(307, "{}")), "INRO-VP-031");
    assert_eq!(code(answered(400, "{}")), "INRO-VP-031");
    assert_eq!(code(answered(200, r#"{"redirect_uri":"http://verifier.example/"}"#)), "INRO-VP-032");
    assert_eq!(code(answered(200, r#"{"redirect_uri":"javascript:alert(1)"}"#)), "INRO-VP-032");
}
