//! Which responses a verifier refuses. Every case first shows the unaltered response accepted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod common;

use common::*;
use inro_base::base64url;
use inro_credential::{Format, HeldCredential};
use inro_crypto::{RustCrypto, SoftwareKey};
use inro_openid4vp::verifier::{Acceptance, AwaitingResponse};
use inro_trust::Usage;
use serde_json::{Value, json};

/// The house, a credential, and a question that can be asked again and again with one nonce.
struct Case {
    world: World,
    credential: String,
    query: Value,
}

impl Case {
    fn new() -> Self {
        let world = World::new();
        let credential = world.credential(|_| {});
        Self { world, credential, query: employee_query() }
    }

    fn ask(&self) -> AwaitingResponse {
        self.world.ask(self.query.clone())
    }

    fn presentation(&self) -> String {
        self.world.present(&self.ask(), &self.credential, &employee_paths())
    }

    /// The verdict on one presentation for the query `employee`.
    fn on(&self, presentation: &str) -> &'static str {
        self.on_token(&json!({ "employee": [presentation] }))
    }

    fn on_token(&self, token: &Value) -> &'static str {
        code(self.world.verdict(self.ask(), &form(&self.ask(), token)))
    }
}

#[test]
fn hands_out_the_claims_that_were_asked_for_and_no_others() {
    let case = Case::new();
    let more = [employee_paths(), vec![json!(["grade"])]].concat();
    let presentation = case.world.present(&case.ask(), &case.credential, &more);
    let token = json!({ "employee": [presentation] });
    let verified = case.world.verdict(case.ask(), &form(&case.ask(), &token)).unwrap();
    let credential = &verified.credentials()[0];
    assert_eq!(credential.query_id(), "employee");
    assert_eq!((credential.issuer(), credential.authority()), ("Minato City", "Minato City CA"));
    assert_eq!(credential.type_id(), EMPLOYEE);
    let claims = Value::Object(credential.claims().clone());
    assert_eq!(claims, json!({ "employee_number": "E0001", "agency": { "name": "みなと市" } }));
}

/// `welfare.approve` was issued at index 0, `welfare.view` at index 1; the holder withholds the first.
#[test]
fn an_index_means_the_place_at_issuance_though_elements_are_withheld() {
    let mut case = Case::new();
    let at = |index: usize| {
        let mut query = employee_query();
        query["credentials"][0]["claims"] = json!([{ "path": ["powers", index] }]);
        query
    };
    case.query = at(1);
    let presentation = case.world.present(&case.ask(), &case.credential, &[json!(["powers", 1])]);
    assert_eq!(case.on(&presentation), "accepted");
    let token = json!({ "employee": [presentation] });
    let verified = case.world.verdict(case.ask(), &form(&case.ask(), &token)).unwrap();
    let claims = Value::Object(verified.credentials()[0].claims().clone());
    assert_eq!(claims, json!({ "powers": ["welfare.view"] }));
    case.query = at(0);
    assert_eq!(case.on(&presentation), "INRO-DCQL-025");
}

#[test]
fn refuses_a_missing_key_binding() {
    let case = Case::new();
    let presentation = case.presentation();
    assert_eq!(case.on(&presentation), "accepted");
    let (bare, _) = presentation.rsplit_once('~').unwrap();
    assert_eq!(case.on(&format!("{bare}~")), "INRO-SDJWT-017");
}

#[test]
fn refuses_a_key_binding_for_another_nonce_or_audience() {
    let case = Case::new();
    let sent = Sent::of(&case.ask());
    let present = |audience: &str, nonce: &str| {
        let world = &case.world;
        case.on(&world.present_with(&case.credential, &employee_paths(), audience, nonce, NOW, &world.holder))
    };
    assert_eq!(present(&sent.client_id, &sent.nonce), "accepted");
    assert_eq!(present(&sent.client_id, &"b".repeat(32)), "INRO-SDJWT-023");
    assert_eq!(present("x509_san_dns:verifier.example", &sent.nonce), "INRO-SDJWT-022");
    // The prefix belongs to the identifier. Source: OpenID4VP 1.0 §14.8.
    let bare = sent.client_id.trim_start_matches("x509_hash:");
    assert_eq!(present(bare, &sent.nonce), "INRO-SDJWT-022");
}

#[test]
fn refuses_a_key_binding_by_another_key() {
    let case = Case::new();
    let sent = Sent::of(&case.ask());
    let by = |key: &SoftwareKey| {
        let paths = employee_paths();
        case.on(&case.world.present_with(&case.credential, &paths, &sent.client_id, &sent.nonce, NOW, key))
    };
    assert_eq!(by(&case.world.holder), "accepted");
    assert_eq!(by(&SoftwareKey::generate(&mut Counting(5))), "INRO-SDJWT-021");
}

#[test]
fn refuses_a_stale_key_binding_and_one_from_the_future() {
    let case = Case::new();
    let sent = Sent::of(&case.ask());
    let at = |seconds: i64| {
        let (paths, world) = (employee_paths(), &case.world);
        let made = NOW.plus(seconds);
        case.on(&world.present_with(
            &case.credential,
            &paths,
            &sent.client_id,
            &sent.nonce,
            made,
            &world.holder,
        ))
    };
    assert_eq!(at(0), "accepted");
    assert_eq!(at(-60), "accepted");
    // No signature over a fresh nonce is older than the request.
    assert_eq!(at(-61), "INRO-SDJWT-025");
    assert_eq!(at(61), "INRO-SDJWT-025");
}

#[test]
fn refuses_a_key_binding_over_other_disclosures() {
    let case = Case::new();
    let presentation = case.presentation();
    assert_eq!(case.on(&presentation), "accepted");
    let parts: Vec<&str> = presentation.split('~').collect();
    // The issuer's JWT, two disclosures, the key binding.
    assert_eq!(parts.len(), 4);
    let fewer = [parts[0], parts[1], parts[3]].join("~");
    assert_eq!(case.on(&fewer), "INRO-SDJWT-024");
    let swapped = [parts[0], parts[2], parts[1], parts[3]].join("~");
    assert_eq!(case.on(&swapped), "INRO-SDJWT-024");
}

/// The holder signs over the altered disclosures, so that only the digests can tell.
#[test]
fn refuses_a_disclosure_that_was_altered_added_twice_or_belongs_nowhere() {
    let case = Case::new();
    let sent = Sent::of(&case.ask());
    let sign = |disclosures: &[String]| {
        let issued = case.credential.split('~').next().unwrap();
        let presented =
            format!("{issued}~{}", disclosures.iter().map(|d| format!("{d}~")).collect::<String>());
        let hash = base64url::encode(&inro_crypto::Provider::sha256(&RustCrypto, presented.as_bytes()));
        let claims =
            json!({ "iat": NOW.as_secs(), "aud": sent.client_id, "nonce": sent.nonce, "sd_hash": hash });
        let header = json!({ "typ": "kb+jwt" });
        let (header, claims) = (header.as_object().unwrap().clone(), claims.as_object().unwrap().clone());
        let jwt = inro_jose::JwsToSign::new(header, &claims).sign_with(&case.world.holder).unwrap();
        case.on(&format!("{presented}{jwt}"))
    };
    let presentation = case.presentation();
    let mut parts: Vec<String> = presentation.split('~').map(str::to_owned).collect();
    parts.pop();
    let disclosures = parts.split_off(1);
    assert_eq!(sign(&disclosures), "accepted");

    let altered: Vec<String> = disclosures
        .iter()
        .map(|disclosure| {
            let text = String::from_utf8(base64url::decode(disclosure).unwrap()).unwrap();
            base64url::encode(text.replace("E0001", "E0002").as_bytes())
        })
        .collect();
    assert_ne!(altered, disclosures);
    assert_eq!(sign(&altered), "INRO-SDJWT-010");
    let twice = [disclosures.clone(), vec![disclosures[0].clone()]].concat();
    assert_eq!(sign(&twice), "INRO-SDJWT-009");
    let foreign = base64url::encode(br#"["c2FsdHNhbHRzYWx0c2FsdA","grade",11]"#);
    assert_eq!(sign(&[disclosures.clone(), vec![foreign]].concat()), "INRO-SDJWT-010");
}

#[test]
fn refuses_an_altered_credential() {
    let case = Case::new();
    let presentation = case.presentation();
    assert_eq!(case.on(&presentation), "accepted");
    let mut parts: Vec<&str> = presentation.split('.').collect();
    let payload = String::from_utf8(base64url::decode(parts[1]).unwrap()).unwrap();
    let altered = base64url::encode(payload.replace("issuer.example", "rival-.example").as_bytes());
    parts[1] = &altered;
    assert_eq!(case.on(&parts.join(".")), "INRO-JOSE-005");
}

#[test]
fn refuses_an_expired_credential_and_one_that_is_not_valid_yet() {
    let case = Case::new();
    let with = |alter: fn(&mut inro_sd_jwt::VcIssuance)| {
        let credential = case.world.credential(alter);
        case.on(&case.world.present(&case.ask(), &credential, &employee_paths()))
    };
    assert_eq!(with(|_| {}), "accepted");
    assert_eq!(with(|vc| vc.expires_at = Some(NOW.plus(-61))), "INRO-SDJWT-014");
    assert_eq!(with(|vc| vc.not_before = Some(NOW.plus(61))), "INRO-SDJWT-015");
}

#[test]
fn refuses_a_trusted_authority_that_writes_a_listed_issuers_name() {
    let mut case = Case::new();
    let other = Party::authority("Shinagawa City CA");
    case.world.issuer_anchors.add_pem(&other.pem, &[Usage::CredentialIssuer]).unwrap();
    let verdict = |credential: &str, issuers: &[String]| {
        let presentation = case.world.present(&case.ask(), credential, &employee_paths());
        let acceptance = Acceptance { anchors: &case.world.issuer_anchors, issuers, max_age: None };
        let form = form(&case.ask(), &json!({ "employee": [presentation] }));
        code(case.ask().receive(form.as_bytes(), NOW, &RustCrypto).unwrap().check(
            &acceptance,
            NOW,
            &RustCrypto,
        ))
    };
    let listed = ["Minato City CA".to_owned()];
    assert_eq!(verdict(&case.credential, &listed), "accepted");
    // The name of the listed authority's signer, and the one that is listed.
    for name in ["Minato City", "Minato City CA"] {
        let imitating = other.leaf(name, Usage::CredentialIssuer, "issuer.example", &["employee-id"]);
        let imitated = case.world.credential_by(&imitating, |_| {});
        assert_eq!(verdict(&imitated, &[]), "accepted");
        assert_eq!(verdict(&imitated, &listed), "INRO-VP-048", "{name}");
    }
}

#[test]
fn refuses_an_issuer_that_is_not_trusted_or_not_listed() {
    let mut case = Case::new();
    let token = json!({ "employee": [case.presentation()] });
    let verdict = |case: &Case, issuers: &[String]| {
        let acceptance = Acceptance { anchors: &case.world.issuer_anchors, issuers, max_age: None };
        let received = case.ask().receive(form(&case.ask(), &token).as_bytes(), NOW, &RustCrypto).unwrap();
        code(received.check(&acceptance, NOW, &RustCrypto))
    };
    assert_eq!(verdict(&case, &[]), "accepted");
    assert_eq!(verdict(&case, &["Minato City CA".into()]), "accepted");
    assert_eq!(verdict(&case, &["Shinagawa City CA".into()]), "INRO-VP-048");
    case.world.issuer_anchors = inro_trust::Anchors::new();
    assert_eq!(verdict(&case, &[]), "INRO-TRUST-005");
}

/// Source: SD-JWT VC §7.3: who writes an `iss` chooses no other way to the key.
#[test]
fn wallet_and_verifier_find_no_key_by_iss() {
    let case = Case::new();
    let verdicts = |iss: Option<&str>, signer: &Party, x5c: &[Vec<u8>]| {
        let credential = case.world.credential_by(signer, |issuance| {
            issuance.claims.remove("iss");
            issuance.claims.extend(iss.map(|iss| ("iss".to_owned(), json!(iss))));
            issuance.x5c = x5c.to_vec();
        });
        let anchors = &case.world.holder_anchors;
        let received = HeldCredential::receive(Format::SdJwtVc, &credential, anchors, NOW, &RustCrypto);
        let presentation = case.world.present(&case.ask(), &credential, &employee_paths());
        [code(received), case.on(&presentation)]
    };
    let listed = &case.world.signer;
    let unlisted = Party::authority("Unlisted CA");
    let unlisted = unlisted.leaf("Unlisted", Usage::CredentialIssuer, "issuer.example", &["employee-id"]);
    for iss in [None, Some("https://issuer.example"), Some("https://unlisted.example")] {
        assert_eq!(verdicts(iss, listed, std::slice::from_ref(&listed.der)), ["accepted"; 2]);
        assert_eq!(verdicts(iss, listed, &[]), ["INRO-TRUST-002"; 2]);
        assert_eq!(verdicts(iss, &unlisted, std::slice::from_ref(&unlisted.der)), ["INRO-TRUST-005"; 2]);
    }
}

#[test]
fn refuses_a_type_that_the_issuers_certificate_does_not_name() {
    let case = Case::new();
    let by = |types: &[&str]| {
        let signer = case.world.signer_for(types);
        let credential = case.world.credential_by(&signer, |_| {});
        case.on(&case.world.present(&case.ask(), &credential, &employee_paths()))
    };
    assert_eq!(by(&["employee-id"]), "accepted");
    assert_eq!(by(&["role-authority"]), "INRO-TRUST-014");
    assert_eq!(by(&[]), "INRO-TRUST-014");
}

#[test]
fn refuses_a_credential_that_is_older_than_the_policy_allows() {
    let case = Case::new();
    let token = json!({ "employee": [case.presentation()] });
    let verdict = |max_age| {
        let acceptance = Acceptance { anchors: &case.world.issuer_anchors, issuers: &[], max_age };
        let received = case.ask().receive(form(&case.ask(), &token).as_bytes(), NOW, &RustCrypto).unwrap();
        code(received.check(&acceptance, NOW, &RustCrypto))
    };
    assert_eq!(verdict(None), "accepted");
    assert_eq!(verdict(Some(600)), "accepted");
    assert_eq!(verdict(Some(539)), "INRO-VP-050");
    let undated = case.world.credential(|vc| vc.issued_at = None);
    let token = json!({ "employee": [case.world.present(&case.ask(), &undated, &employee_paths())] });
    let acceptance = Acceptance { anchors: &case.world.issuer_anchors, issuers: &[], max_age: Some(600) };
    let received = case.ask().receive(form(&case.ask(), &token).as_bytes(), NOW, &RustCrypto).unwrap();
    assert_eq!(code(received.check(&acceptance, NOW, &RustCrypto)), "INRO-VP-051");
}

#[test]
fn checks_every_constraint_of_the_query_again() {
    let mut case = Case::new();
    case.query["credentials"][0]["claims"][0]["values"] = json!(["E0001"]);
    assert_eq!(case.on(&case.presentation()), "accepted");
    // A claim is missing.
    let fewer = case.world.present(&case.ask(), &case.credential, &[json!(["employee_number"])]);
    assert_eq!(case.on(&fewer), "INRO-DCQL-025");
    // Another value.
    let other = case.world.credential(|vc| {
        vc.claims.insert("employee_number".into(), "E0002".into());
    });
    assert_eq!(case.on(&case.world.present(&case.ask(), &other, &employee_paths())), "INRO-DCQL-025");
    // Another type.
    let other = case.world.credential(|vc| vc.vct = AUTHORITY.into());
    assert_eq!(case.on(&case.world.present(&case.ask(), &other, &employee_paths())), "INRO-DCQL-023");
}

#[test]
fn refuses_missing_and_extra_credentials() {
    let mut case = Case::new();
    let mut second = case.query["credentials"][0].clone();
    second["id"] = json!("again");
    case.query["credentials"].as_array_mut().unwrap().push(second);
    let presentation = case.presentation();
    let both = json!({ "employee": [presentation], "again": [presentation] });
    assert_eq!(case.on_token(&both), "accepted");
    assert_eq!(case.on_token(&json!({ "employee": [presentation] })), "INRO-DCQL-026");
    assert_eq!(
        case.on_token(&json!({ "employee": [presentation, presentation], "again": [presentation] })),
        "INRO-DCQL-021"
    );
    let mut extra = both.clone();
    extra["third"] = json!([presentation]);
    assert_eq!(case.on_token(&extra), "INRO-DCQL-020");
}

#[test]
fn one_bad_presentation_among_good_ones_refuses_them_all() {
    let mut case = Case::new();
    let role = case.world.credential(|issuance| issuance.vct = AUTHORITY.into());
    case.query["credentials"].as_array_mut().unwrap().push(json!({
        "id": "role", "format": "dc+sd-jwt", "meta": { "vct_values": [AUTHORITY] },
        "claims": [{ "path": ["powers", 0] }],
    }));
    let optional = json!([{ "options": [["employee"]] }, { "options": [["role"]], "required": false }]);
    for sets in [None, Some(optional)] {
        if let Some(sets) = sets {
            case.query["credential_sets"] = sets;
        }
        let employee = case.presentation();
        let paths = [json!(["powers", 0])];
        let good = case.world.present(&case.ask(), &role, &paths);
        let sent = Sent::of(&case.ask());
        let bad =
            case.world.present_with(&role, &paths, &sent.client_id, &"b".repeat(32), NOW, &case.world.holder);
        assert_eq!(case.on_token(&json!({ "employee": [employee], "role": [good] })), "accepted");
        assert_eq!(case.on_token(&json!({ "employee": [employee], "role": [bad] })), "INRO-SDJWT-023");
    }
    assert_eq!(case.on(&case.presentation()), "accepted");
}

#[test]
fn takes_several_credentials_only_where_they_were_asked_for() {
    let mut case = Case::new();
    let presentation = case.presentation();
    let two = json!({ "employee": [presentation, presentation] });
    case.query["credentials"][0]["multiple"] = json!(true);
    assert_eq!(case.on_token(&two), "accepted");
    case.query["credentials"][0]["multiple"] = json!(false);
    assert_eq!(case.on_token(&two), "INRO-DCQL-021");
}

#[test]
fn refuses_a_token_of_another_shape() {
    let case = Case::new();
    let presentation = case.presentation();
    assert_eq!(case.on(&presentation), "accepted");
    let cases = [
        (json!([presentation]), "INRO-VP-044"),
        (json!(presentation), "INRO-VP-044"),
        (json!({ "employee": presentation }), "INRO-VP-044"),
        (json!({ "employee": [] }), "INRO-VP-044"),
        (json!({ "employee": [{ "a": 1 }] }), "INRO-BASE-002"),
        (json!({ "employee": [[presentation]] }), "INRO-BASE-002"),
        (json!({ "employee": [1] }), "INRO-VP-044"),
        (json!({ "employee": vec!["x"; 17] }), "INRO-VP-045"),
        (json!({}), "INRO-DCQL-026"),
    ];
    for (token, expected) in cases {
        assert_eq!(case.on_token(&token), expected, "{token}");
    }
}

#[test]
fn refuses_repeated_names_in_form_and_token() {
    let case = Case::new();
    let presentation = case.presentation();
    let good = form(&case.ask(), &json!({ "employee": [presentation] }));
    let verdict = |form: &str| code(case.world.verdict(case.ask(), form));
    assert_eq!(verdict(&good), "accepted");
    assert_eq!(verdict(&format!("{good}&state=x")), "INRO-VP-003");
    let twice = format!("{{\"employee\":[\"{presentation}\"],\"employee\":[\"{presentation}\"]}}");
    let state = Sent::of(&case.ask()).state;
    let twice = inro_openid4vp::form::encode(&[("vp_token", &twice), ("state", &state)]);
    assert_eq!(verdict(&twice), "INRO-BASE-003");
}

#[test]
fn refuses_a_huge_response() {
    let case = Case::new();
    let good = form(&case.ask(), &json!({ "employee": [case.presentation()] }));
    let padded = |length: usize| {
        let form = format!("{good}&padding={}", "a".repeat(length - good.len() - 9));
        assert_eq!(form.len(), length);
        code(case.world.verdict(case.ask(), &form))
    };
    assert_eq!(padded(inro_openid4vp::form::MAX_FORM_BYTES), "accepted");
    assert_eq!(padded(inro_openid4vp::form::MAX_FORM_BYTES + 1), "INRO-VP-001");
}

#[test]
fn refuses_a_missing_state_and_that_of_another_presentation() {
    let case = Case::new();
    let good = form(&case.ask(), &json!({ "employee": [case.presentation()] }));
    let state = Sent::of(&case.ask()).state;
    let verdict = |form: &str| code(case.world.verdict(case.ask(), form));
    assert_eq!(verdict(&good), "accepted");
    assert_eq!(verdict(&good.replace(&state, &"b".repeat(32))), "INRO-VP-041");
    assert_eq!(verdict(&good.replace(&state, &state[1..])), "INRO-VP-041");
    assert_eq!(verdict(&good.replace(&format!("&state={state}"), "")), "INRO-VP-041");
}

#[test]
fn refuses_a_late_response() {
    let case = Case::new();
    let sent = Sent::of(&case.ask());
    let at = |seconds: i64| {
        let (made, paths, world) = (NOW.plus(seconds), employee_paths(), &case.world);
        let presentation =
            world.present_with(&case.credential, &paths, &sent.client_id, &sent.nonce, made, &world.holder);
        code(world.verdict_at(made, case.ask(), &form(&case.ask(), &json!({ "employee": [presentation] }))))
    };
    assert_eq!(at(299), "accepted");
    assert_eq!(at(359), "accepted");
    assert_eq!(at(360), "INRO-VP-042");
}

#[test]
fn tells_a_wallet_that_declined_from_one_that_makes_no_sense() {
    let case = Case::new();
    let state = Sent::of(&case.ask()).state;
    let verdict = |form: &str| code(case.world.verdict(case.ask(), form));
    let good = form(&case.ask(), &json!({ "employee": [case.presentation()] }));
    assert_eq!(verdict(&good), "accepted");
    assert_eq!(verdict(&format!("error=access_denied&state={state}")), "INRO-VP-047");
    assert_eq!(verdict(&format!("error=wallet_unavailable&state={state}")), "INRO-VP-047");
    // About the request, and so about the relying system.
    assert_eq!(verdict(&format!("error=invalid_transaction_data&state={state}")), "INRO-VP-089");
    assert_eq!(verdict(&format!("error=vp_formats_not_supported&state={state}")), "INRO-VP-089");
    assert_eq!(verdict(&format!("state={state}")), "INRO-VP-043");
    assert_eq!(verdict(&format!("{good}&error=access_denied")), "INRO-VP-043");
}

#[test]
fn takes_no_key_binding_where_none_was_asked_for() {
    let mut case = Case::new();
    let presentation = case.presentation();
    let (bare, _) = presentation.rsplit_once('~').unwrap();
    let bare = format!("{bare}~");
    assert_eq!(case.on(&presentation), "accepted");
    assert_eq!(case.on(&bare), "INRO-SDJWT-017");
    case.query["credentials"][0]["require_cryptographic_holder_binding"] = json!(false);
    assert_eq!(case.on(&bare), "accepted");
}

#[test]
fn the_wallets_answer_passes_the_verifiers_check() {
    let case = Case::new();
    let awaiting = case.ask();
    let object = case.world.sign_request(&payload(&awaiting));
    let request = case.world.judge(&awaiting.link(), &object).unwrap();
    let (reviewing, held) = case.world.review(request, &case.credential);
    let post = case.world.approve(reviewing, held).unwrap();
    assert_eq!(post.url, format!("https://{HOST}/responses/1"));
    let form = String::from_utf8(post.body).unwrap();
    assert_eq!(code(case.world.verdict(awaiting, &form)), "accepted");
}

#[test]
fn a_stored_presentation_is_the_same_when_it_comes_back() {
    let case = Case::new();
    let form = form(&case.ask(), &json!({ "employee": [case.presentation()] }));
    let stored = serde_json::to_string(&case.ask()).unwrap();
    let restored: AwaitingResponse = serde_json::from_str(&stored).unwrap();
    assert_eq!(code(case.world.verdict(restored, &form)), "accepted");
}
