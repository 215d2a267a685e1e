//! What the wallet refuses to receive.

use inro_base::base64url;
use inro_credential::ClaimPath;
use inro_crypto::{Signer as _, SoftwareKey};
use inro_trust::Usage;
use serde_json::json;

use super::issuer::{CONFIGURATION, Plan, Script, link, link_by_value};
use super::pki::Authority;
use super::{Device, code};
use crate::keys::{KeyPolicy, KeyRequest, KeyStore as _, Purpose};
use crate::ports::Store as _;
use crate::records::AnchorKind;
use crate::testing::{SeededRng, run};

/// Requests of one issuance: offer, two metadata, token twice, nonce, credential.
const REQUESTS: usize = 7;

struct Outcome {
    code: &'static str,
    device: Device,
}

/// Receives from an issuer that `alter` changed.
fn receive_from(alter: impl FnOnce(&mut Script, &Authority)) -> Outcome {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    let mut script = Script::honest(&authority);
    alter(&mut script, &authority);
    let wallet = device.wallet(script.network());
    Outcome { code: code(run(wallet.receive(&link(), None))), device }
}

/// The unaltered issuance goes through; the altered one is refused with `expected`, and nothing of
/// it stays.
fn refuses(expected: &str, alter: impl FnOnce(&mut Script, &Authority)) {
    let honest = receive_from(|_, _| {});
    assert_eq!((honest.code, honest.device.copies(), honest.device.keys()), ("accepted", 3, 3));
    let altered = receive_from(alter);
    assert_eq!(altered.code, expected);
    assert_eq!((altered.device.copies(), altered.device.keys()), (0, 0), "something stayed");
    assert_eq!(run(altered.device.store.history(9)).unwrap(), []);
}

#[test]
fn receives_one_key_per_copy_and_tells_the_history() {
    let honest = receive_from(|_, _| {});
    let record = run(honest.device.store.credentials()).unwrap().remove(0);
    assert_eq!(record.claim_names(), ["agency", "grade"]);
    assert_eq!((record.issuer_name.en.as_str(), record.issuer_name.ja.as_str()), ("Minato City", "みなと市"));
    assert_eq!(record.label(&ClaimPath::claim("grade")).unwrap().ja, "職務の級");
    assert_eq!(record.label(&ClaimPath::claim("agency")), None);
    let history = run(honest.device.store.history(9)).unwrap();
    assert_eq!(history[0].items[0].claims, ["agency", "grade"]);
    assert!(!format!("{history:?}").contains("みなと市, "), "claim values stand in the history");
}

#[test]
fn works_without_any_optional_feature() {
    let bare = receive_from(|script, _| {
        let metadata = script.metadata.as_object_mut().unwrap();
        for name in ["nonce_endpoint", "batch_credential_issuance", "display"] {
            metadata.remove(name).unwrap();
        }
        let configurations = &mut metadata["credential_configurations_supported"];
        configurations[CONFIGURATION].as_object_mut().unwrap().remove("credential_metadata").unwrap();
        script.server.as_object_mut().unwrap().remove("dpop_signing_alg_values_supported").unwrap();
    });
    assert_eq!((bare.code, bare.device.copies(), bare.device.keys()), ("accepted", 1, 1));
}

#[test]
fn receives_an_offer_by_value() {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    let wallet = device.wallet(Script::honest(&authority).network());
    assert_eq!(code(run(wallet.receive(&link_by_value("https://issuer.example"), None))), "accepted");
}

#[test]
fn refuses_a_credential_signed_by_an_unlisted_issuer() {
    refuses("INRO-TRUST-005", |script, _| {
        let other = Authority::new("Nobody knows");
        script.signer = other.leaf(2, Usage::CredentialIssuer, &["employee-id"], "issuer.example");
    });
}

#[test]
fn refuses_a_credential_signed_by_a_verifier_of_the_same_authority() {
    refuses("INRO-TRUST-007", |script, authority| {
        script.signer = authority.leaf(2, Usage::Verifier, &[], "issuer.example");
    });
}

#[test]
fn refuses_a_type_that_the_issuers_certificate_does_not_name() {
    refuses("INRO-TRUST-014", |script, authority| {
        script.signer = authority.leaf(2, Usage::CredentialIssuer, &["role-authority"], "issuer.example");
    });
}

#[test]
fn refuses_a_credential_bound_to_another_key() {
    refuses("INRO-WALLET-033", |script, _| {
        script.copies = |plans| {
            plans[1].key = SoftwareKey::generate(&mut SeededRng::new(99)).public_key();
        };
    });
}

#[test]
fn refuses_two_copies_bound_to_one_key() {
    refuses("INRO-WALLET-033", |script, _| script.copies = |plans| plans[1].key = plans[0].key);
}

/// Source: OpenID4VCI 1.0 §8.3: the issuer may decide to issue fewer.
#[test]
fn takes_fewer_copies_than_asked_for_and_keeps_no_key_without_one() {
    let fewer = receive_from(|script, _| {
        script.copies = |plans| {
            plans.remove(0);
        };
    });
    assert_eq!((fewer.code, fewer.device.copies(), fewer.device.keys()), ("accepted", 2, 2));
}

#[test]
fn refuses_more_copies_than_asked_for() {
    refuses("INRO-VCI-016", |script, _| script.copies = |plans| plans.push(plans[0].clone()));
}

#[test]
fn refuses_another_type_than_was_offered() {
    refuses("INRO-WALLET-034", |script, authority| {
        script.signer =
            authority.leaf(2, Usage::CredentialIssuer, &["employee-id", "role-authority"], "issuer.example");
        script.copies = |plans| plans.iter_mut().for_each(|plan| plan.vct = "urn:inro:role-authority:1");
    });
}

#[test]
fn refuses_copies_that_do_not_say_the_same() {
    refuses("INRO-WALLET-035", |script, _| {
        script.copies = |plans| {
            plans[2].claims.insert("grade".into(), json!(5));
        };
    });
}

#[test]
fn refuses_copies_of_which_one_hides_less_apart() {
    refuses("INRO-WALLET-035", |script, _| {
        script.copies = |plans| {
            plans[2].disclosable.pop();
        };
    });
}

#[test]
fn refuses_a_credential_of_another_issuer() {
    fn name(plans: &mut [Plan], issuer: &str) {
        plans.iter_mut().for_each(|plan| {
            plan.claims.insert("iss".into(), issuer.into());
        });
    }
    assert_eq!(
        receive_from(|script, _| script.copies = |plans| name(plans, "https://issuer.example")).code,
        "accepted"
    );
    refuses("INRO-WALLET-036", |script, _| {
        script.copies = |plans| name(plans, "https://other.example");
    });
}

#[test]
fn refuses_an_expired_credential() {
    refuses("INRO-SDJWT-014", |script, _| {
        script.copies = |plans| plans[0].expires_at = super::NOW.plus(-3_600)
    });
}

#[test]
fn refuses_metadata_of_another_issuer() {
    refuses("INRO-VCI-005", |script, _| {
        script.metadata["credential_issuer"] = "https://other.example".into();
    });
}

#[test]
fn refuses_metadata_that_are_too_long() {
    refuses("INRO-WALLET-014", |script, _| script.metadata["padding"] = "x".repeat(3 * 1024 * 1024).into());
}

#[test]
fn refuses_metadata_that_name_a_member_twice() {
    refuses("INRO-BASE-003", |script, _| {
        let text = script.metadata.to_string();
        script.raw_metadata =
            Some(text.replacen('{', r#"{"nonce_endpoint":"https://x.example","#, 1).into_bytes());
    });
}

#[test]
fn refuses_an_offer_that_points_at_http() {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    let wallet = device.wallet(Script::honest(&authority).network());
    let by_reference = |scheme: &str| link().replace("https://", scheme);
    assert_eq!(code(run(wallet.receive(&by_reference("https://"), None))), "accepted");
    let before = device.journal.lines().len();
    let by_reference = code(run(wallet.receive(&by_reference("http://"), None)));
    let by_value = code(run(wallet.receive(&link_by_value("http://issuer.example"), None)));
    assert_eq!((by_reference, by_value), ("INRO-OAUTH-040", "INRO-OAUTH-040"));
    assert_eq!(device.journal.lines().len(), before, "nothing may be sent or made");
}

#[test]
fn refuses_to_go_on_without_the_transaction_code_and_makes_no_key() {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    let receive = |tx_code| {
        let mut script = Script::honest(&authority);
        let grant = &mut script.offer["grants"]["urn:ietf:params:oauth:grant-type:pre-authorized_code"];
        grant["tx_code"] = json!({ "length": 6 });
        code(run(device.wallet(script.network()).receive(&link(), tx_code)))
    };
    let made = || device.journal.lines().iter().filter(|line| *line == "create").count();
    let before = made();
    assert_eq!(receive(None), "INRO-VCI-009");
    assert_eq!(made(), before);
    assert_eq!(receive(Some("12345")), "INRO-VCI-010");
    assert_eq!((device.copies(), device.keys()), (0, 0));
    assert_eq!(receive(Some("123456")), "accepted");
}

#[test]
fn refuses_a_trust_anchor_that_is_none() {
    let authority = Authority::new("Trusted");
    let leaf = authority.leaf(3, Usage::Verifier, &[], "verifier.example");
    let device = Device::trusting(&authority);
    let wallet = device.wallet(|_| Err(crate::ports::HttpError::Unreachable));
    let pem = |der: &[u8]| {
        let body = base64url::encode_standard(der);
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    };
    assert_eq!(code(run(wallet.trust_add(AnchorKind::Issuer, &authority.pem))), "accepted");
    for text in [pem(&leaf.x5c[0]), String::new(), "not a certificate".into()] {
        assert_eq!(code(run(wallet.trust_add(AnchorKind::Issuer, &text))), "INRO-WALLET-037");
    }
}

#[test]
fn a_network_that_is_cut_leaves_nothing_half_stored_and_no_key() {
    let whole = receive_from(|_, _| {});
    let lines = whole.device.journal.lines();
    let requests = lines.iter().filter(|line| line.starts_with("GET") || line.starts_with("POST")).count();
    assert_eq!((whole.code, requests), ("accepted", REQUESTS));
    for step in 0..REQUESTS {
        refuses("INRO-WALLET-011", |script, _| script.cut_at = Some(step));
    }
}

#[test]
fn a_second_issuance_replaces_the_first_and_its_keys() {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    for _ in 0..2 {
        let wallet = device.wallet(Script::honest(&authority).network());
        let records = run(wallet.receive(&link(), None)).unwrap().credentials;
        assert_eq!((records.len(), records[0].copies), (1, 3));
        assert_eq!((device.copies(), device.keys()), (3, 3));
    }
}

type Change = fn(&mut Vec<Plan>);

/// What becomes of a second issuance, of copies that `second` changed, after one that `first` did.
fn receive_twice(first: Change, second: Change) -> Outcome {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    let receive = |copies| {
        let script = Script { copies, ..Script::honest(&authority) };
        code(run(device.wallet(script.network()).receive(&link(), None)))
    };
    assert_eq!(receive(first), "accepted");
    Outcome { code: receive(second), device }
}

fn name_subject(plans: &mut [Plan], claim: &str, value: &str) {
    plans.iter_mut().for_each(|plan| {
        plan.claims.insert(claim.into(), value.into());
    });
}

#[test]
fn refuses_to_replace_a_credential_of_another_employee() {
    let cases: [[Change; 3]; 2] = [
        [
            |plans| name_subject(plans, "employee_number", "E0001"),
            |plans| {
                name_subject(plans, "employee_number", "E0001");
                name_subject(plans, "grade", "promoted");
            },
            |plans| name_subject(plans, "employee_number", "E0002"),
        ],
        [
            |plans| name_subject(plans, "sub", "one"),
            |plans| name_subject(plans, "sub", "one"),
            |plans| name_subject(plans, "sub", "two"),
        ],
    ];
    for [first, same, other] in cases {
        assert_eq!(receive_twice(first, same).code, "accepted");
        assert_eq!(receive_twice(first, |_| {}).code, "accepted", "nothing says whose it is");
        let refused = receive_twice(first, other);
        assert_eq!(refused.code, "INRO-WALLET-038");
        assert_eq!((refused.device.copies(), refused.device.keys()), (3, 3), "the first is kept alone");
        assert_eq!(run(refused.device.store.history(9)).unwrap().len(), 1);
    }
}

#[test]
fn old_keys_that_resist_deletion_do_not_undo_an_issuance() {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    let receive = || {
        let wallet = device.wallet(Script::honest(&authority).network());
        code(run(wallet.receive(&link(), None)))
    };
    assert_eq!((receive(), device.copies(), device.keys()), ("accepted", 3, 3));
    let wallet = device.wallet(Script::honest(&authority).network());
    device.keys.refuse_deletions(true);
    assert_eq!(code(run(wallet.receive(&link(), None))), "accepted");
    assert_eq!((device.copies(), device.keys()), (3, 7), "old copies and the key of the token are left");
    device.keys.refuse_deletions(false);
    device.wallet(|_| Err(crate::ports::HttpError::Unreachable));
    assert_eq!((device.copies(), device.keys()), (3, 3), "opening the wallet deletes them");
}

#[test]
fn keys_that_a_crash_left_are_deleted_when_the_wallet_opens() {
    let authority = Authority::new("Trusted");
    let device = Device::trusting(&authority);
    let wallet = device.wallet(Script::honest(&authority).network());
    run(wallet.receive(&link(), None)).unwrap();
    run(device.keys.create(&KeyRequest::new(Purpose::Sign, KeyPolicy::QUIET))).unwrap();
    run(device.keys.create_wrapping(&KeyPolicy::QUIET)).unwrap();
    assert_eq!(device.keys(), 5);
    device.wallet(|_| Err(crate::ports::HttpError::Unreachable));
    assert_eq!((device.copies(), device.keys()), (3, 3));
}
