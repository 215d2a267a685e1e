//! SD-JWT VC: issued, received, presented and verified; and each refusal of that layer.

use crate::common::{NOW, Replay, code, craft, digest, disclosure, holder, holder_jwk, issuer, map, path};
use inro_base::{Coded as _, base64url};
use inro_crypto::{RustCrypto, Signer as _};
use inro_sd_jwt::{
    Expected, HeldSdJwt, KeyBinding, NEVER_DISCLOSABLE, SdJwtError, TYP, UnverifiedSdJwt, VcIssuance,
    VerifiedSdJwt, inro_type_id,
};
use inro_trust::{TrustedKey, Usage};
use serde_json::{Value, json};

const VCT: &str = "urn:inro:employee-id:1";

fn trusted() -> TrustedKey {
    TrustedKey::pinned(issuer().public_key(), Usage::CredentialIssuer, &["employee-id"])
}

fn issuance() -> VcIssuance {
    let claims = json!({
        "department": "Welfare",
        "name": {"kanji": "山田", "latin": "Yamada"},
        "roles": [{"code": "A", "unit": "1"}, {"code": "B", "unit": "2"}],
        "grade": 3,
    });
    let disclosable = [
        json!(["department"]),
        json!(["name"]),
        json!(["name", "kanji"]),
        json!(["name", "latin"]),
        json!(["roles", null]),
        json!(["roles", null, "unit"]),
        json!(["absent"]),
    ];
    VcIssuance {
        vct: VCT.into(),
        issued_at: Some(NOW),
        not_before: Some(NOW),
        expires_at: Some(NOW.plus(3_600)),
        claims: map(claims),
        disclosable: disclosable.into_iter().map(path).collect(),
        decoys_per_object: 3,
        holder_key: Some(holder_jwk()),
        x5c: vec![],
    }
}

fn issue(issuance: VcIssuance) -> String {
    issuance.build(&mut Replay(1), &RustCrypto).unwrap().sign_with(&issuer()).unwrap()
}

fn held() -> HeldSdJwt {
    HeldSdJwt::receive(&issue(issuance()), &trusted(), NOW, &RustCrypto).unwrap()
}

fn present(paths: &[Value]) -> String {
    let paths: Vec<_> = paths.iter().cloned().map(path).collect();
    let presentation = held().present(&paths).unwrap();
    presentation.key_binding("aud", "nonce", NOW, &RustCrypto).sign_with(&holder()).unwrap()
}

fn expected() -> Expected<'static> {
    Expected::presented(NOW, "aud", "nonce", 300)
}

fn verify(text: &str) -> Result<VerifiedSdJwt, SdJwtError> {
    UnverifiedSdJwt::parse(text)?.verify(&trusted(), &expected(), &RustCrypto)
}

/// The claims that a verifier sees, without those of the frame.
fn seen(paths: &[Value]) -> Value {
    let mut claims = verify(&present(paths)).unwrap().into_claims();
    for name in ["vct", "iat", "nbf", "exp", "cnf"] {
        claims.remove(name).unwrap();
    }
    Value::Object(claims)
}

#[test]
fn a_holder_sees_everything_and_a_verifier_what_was_chosen() {
    let held = held();
    assert_eq!(held.claims()["roles"][1], json!({"code": "B", "unit": "2"}));
    assert_eq!((held.vct(), held.expires_at()), (VCT, Some(NOW.plus(3_600))));
    assert_eq!(held.holder_key(), Some(holder().public_key()));

    assert_eq!(seen(&[]), json!({"roles": [], "grade": 3}));
    assert_eq!(seen(&[json!(["grade"])]), json!({"roles": [], "grade": 3}));
    assert_eq!(seen(&[json!(["department"])]), json!({"roles": [], "grade": 3, "department": "Welfare"}));
    // A claim brings what it stands in, and nothing beside it.
    assert_eq!(
        seen(&[json!(["name", "latin"]), json!(["roles", 1, "code"])]),
        json!({"name": {"latin": "Yamada"}, "roles": [{"code": "B"}], "grade": 3})
    );
    // An object or an array brings what lies beneath.
    assert_eq!(
        seen(&[json!(["name"]), json!(["roles", null])]),
        json!({
            "name": {"kanji": "山田", "latin": "Yamada"},
            "roles": [{"code": "A", "unit": "1"}, {"code": "B", "unit": "2"}],
            "grade": 3,
        })
    );
}

#[test]
fn tells_what_is_shown_beside_what_was_chosen() {
    let mut issuance = issuance();
    issuance.claims.insert("unit".into(), json!({"code": "U", "parts": [1, [2]], "head": "Sato"}));
    issuance.disclosable.extend([path(json!(["unit"])), path(json!(["unit", "head"]))]);
    let held = HeldSdJwt::receive(&issue(issuance), &trusted(), NOW, &RustCrypto).unwrap();
    let beside = |paths: &[Value]| {
        let paths: Vec<_> = paths.iter().cloned().map(path).collect();
        held.shown_beside(&paths).iter().map(|path| path.to_value()).collect::<Value>()
    };
    for alone in [json!(["unit"]), json!(["grade"]), json!(["department"]), json!(["name", "latin"])] {
        assert_eq!(beside(&[alone]), json!([]));
    }
    // A member that has no disclosure of its own comes with its siblings of that kind.
    assert_eq!(beside(&[json!(["unit", "head"])]), json!([["unit", "code"], ["unit", "parts"]]));
    assert_eq!(
        beside(&[json!(["unit", "parts", 1]), json!(["unit", "code"])]),
        json!([["unit", "parts", 0]])
    );
    assert_eq!(
        beside(&[json!(["roles", null, "unit"])]),
        json!([["roles", 0, "code"], ["roles", 1, "code"]])
    );
    // It is told of what a verifier then sees.
    assert_eq!(seen(&[json!(["roles", 0, "unit"])])["roles"], json!([{"code": "A", "unit": "1"}]));
}

#[test]
fn tells_what_is_always_visible_within_objects_too() {
    let mut issuance = issuance();
    issuance.claims.insert("unit".into(), json!({"code": "U", "head": "Sato"}));
    issuance.disclosable.push(path(json!(["unit", "head"])));
    let held = HeldSdJwt::receive(&issue(issuance), &trusted(), NOW, &RustCrypto).unwrap();
    let visible: Vec<Value> = held.always_visible().iter().map(|path| path.to_value()).collect();
    assert!(
        [json!(["unit", "code"]), json!(["grade"]), json!(["vct"])].iter().all(|path| visible.contains(path)),
        "{visible:?}"
    );
    for hidden in [json!(["unit"]), json!(["unit", "head"]), json!(["name", "latin"]), json!(["roles"])] {
        assert!(!visible.contains(&hidden), "{visible:?}");
    }
}

#[test]
fn refuses_to_present_what_is_not_held() {
    assert!(held().present(&[path(json!(["department"]))]).is_ok());
    for absent in [json!(["clearance"]), json!(["roles", 2]), json!(["name", 0])] {
        let result = held().present(&[path(json!(["department"])), path(absent)]);
        assert_eq!(result.unwrap_err(), SdJwtError::NotHeld { index: 1 });
    }
}

#[test]
fn a_stored_credential_is_read_back_the_same() {
    let text = issue(issuance());
    let again = HeldSdJwt::parse(&text, &RustCrypto).unwrap();
    assert_eq!(again.claims(), held().claims());
    let bound = present(&[]);
    assert_eq!(code(HeldSdJwt::parse(&bound, &RustCrypto)), "INRO-SDJWT-018");
}

#[test]
fn hardware_can_sign_for_issuer_and_holder() {
    let unsigned = issuance().build(&mut Replay(1), &RustCrypto).unwrap();
    let signature = issuer().sign_es256(unsigned.signing_input()).unwrap();
    let held = HeldSdJwt::receive(&unsigned.finish(&signature), &trusted(), NOW, &RustCrypto).unwrap();
    let to_sign = held.present(&[]).unwrap().key_binding("aud", "nonce", NOW, &RustCrypto);
    let signature = holder().sign_es256(to_sign.signing_input()).unwrap();
    assert!(verify(&to_sign.finish(&signature)).unwrap().key_bound());
}

#[test]
fn salts_are_fresh_and_digests_say_nothing_of_order_or_number() {
    let payload = |seed: u64| -> Value {
        let unsigned = issuance().build(&mut Replay(seed), &RustCrypto).unwrap();
        let text = String::from_utf8(unsigned.signing_input().to_vec()).unwrap();
        serde_json::from_slice(&base64url::decode(text.split_once('.').unwrap().1).unwrap()).unwrap()
    };
    let (one, two) = (payload(1), payload(2));
    let digests =
        |payload: &Value| -> Vec<String> { serde_json::from_value(payload["_sd"].clone()).unwrap() };
    // Two claims and three decoys, sorted, none shared between two copies.
    assert_eq!(digests(&one).len(), 5);
    assert!(digests(&one).is_sorted());
    assert!(digests(&one).iter().all(|digest| digest.len() == 43 && !digests(&two).contains(digest)));
}

#[test]
fn a_credential_without_disclosures_has_no_digests() {
    let text = issue(VcIssuance { disclosable: vec![], ..issuance() });
    let payload = base64url::decode(text.split('.').nth(1).unwrap()).unwrap();
    assert!(!String::from_utf8(payload).unwrap().contains("_sd"));
    assert!(text.ends_with('~') && text.matches('~').count() == 1);
    HeldSdJwt::receive(&text, &trusted(), NOW, &RustCrypto).unwrap();
}

#[test]
fn refuses_to_issue_claims_that_must_stay_visible_as_disclosable() {
    issue(issuance());
    for name in NEVER_DISCLOSABLE {
        for hidden in [json!([name]), json!([name, "jwk"])] {
            let issuance = VcIssuance { disclosable: vec![path(hidden)], ..issuance() };
            assert_eq!(code(issuance.build(&mut Replay(1), &RustCrypto)), "INRO-SDJWT-027");
        }
    }
}

#[test]
fn refuses_to_issue_reserved_and_repeated_names() {
    issue(issuance());
    for claims in [
        json!({"_sd": []}),
        json!({"a": {"_sd": []}}),
        json!({"a": [{"...": "x"}]}),
        json!({"a": {"_sd_alg": "sha-256"}}),
        json!({"vct": "other"}),
        json!({"exp": 1}),
        json!({"cnf": {}}),
    ] {
        let issuance = VcIssuance { claims: map(claims), ..issuance() };
        assert_eq!(code(issuance.build(&mut Replay(1), &RustCrypto)), "INRO-SDJWT-028");
    }
    let untyped = VcIssuance { vct: String::new(), ..issuance() };
    assert_eq!(code(untyped.build(&mut Replay(1), &RustCrypto)), "INRO-SDJWT-026");
}

/// The refusal of a rightly signed credential with this payload and these disclosures.
fn refusal(payload: &Value, disclosures: &[String]) -> &'static str {
    code(receive(TYP, payload, disclosures))
}

fn receive(typ: &str, payload: &Value, disclosures: &[String]) -> Result<HeldSdJwt, SdJwtError> {
    HeldSdJwt::receive(&craft(typ, payload, disclosures), &trusted(), NOW, &RustCrypto)
}

#[test]
fn refuses_another_typ_of_credential() {
    receive(TYP, &json!({"vct": VCT}), &[]).unwrap();
    for typ in ["vc+sd-jwt", "example+sd-jwt", "jwt"] {
        assert_eq!(code(receive(typ, &json!({"vct": VCT}), &[])), "INRO-JOSE-003");
    }
}

#[test]
fn refuses_a_credential_without_a_type() {
    receive(TYP, &json!({"vct": VCT}), &[]).unwrap();
    for payload in [json!({}), json!({"vct": 1}), json!({"vct": ""}), json!({"vct": [VCT]})] {
        assert_eq!(refusal(&payload, &[]), "INRO-SDJWT-026");
    }
}

#[test]
fn refuses_a_type_that_the_issuers_certificate_does_not_name() {
    receive(TYP, &json!({"vct": VCT}), &[]).unwrap();
    for vct in
        ["urn:inro:role-authority:1", "urn:inro:employee-id", "urn:inro:employee-id:x", "https://x.example/v"]
    {
        assert_eq!(refusal(&json!({"vct": vct}), &[]), "INRO-TRUST-014", "{vct}");
    }
}

/// What a holder and a verifier say of a rightly signed credential with this payload.
fn both(payload: &Value) -> [Option<&'static str>; 2] {
    let verified = UnverifiedSdJwt::parse(&craft(TYP, payload, &[])).and_then(|unverified| {
        unverified.verify(&trusted(), &Expected::without_key_binding(NOW), &RustCrypto)
    });
    let code = |error: SdJwtError| error.code().as_str();
    [receive(TYP, payload, &[]).err().map(code), verified.err().map(code)]
}

#[test]
fn holder_and_verifier_refuse_a_type_that_differs_in_case() {
    assert_eq!(both(&json!({"vct": VCT})), [None; 2]);
    for vct in ["urn:inro:Employee-ID:1", "urn:inro:EMPLOYEE-ID:1", "URN:inro:employee-id:1"] {
        assert_eq!(both(&json!({"vct": vct})), [Some("INRO-TRUST-014"); 2], "{vct}");
    }
}

#[test]
fn no_type_in_aka_vcts_gives_its_issuer_authority() {
    assert_eq!(both(&json!({"vct": VCT, "aka_vcts": ["urn:inro:role-authority:1"]})), [None; 2]);
    for vct in ["urn:inro:role-authority:1", "https://x.example/v"] {
        assert_eq!(both(&json!({"vct": vct, "aka_vcts": [VCT]})), [Some("INRO-TRUST-014"); 2], "{vct}");
    }
    let held = receive(TYP, &json!({"vct": VCT, "aka_vcts": ["urn:inro:role-authority:1"]}), &[]).unwrap();
    assert_eq!(held.vct(), VCT);
}

#[test]
fn refuses_a_key_that_was_trusted_for_something_else() {
    let text = craft(TYP, &json!({"vct": VCT}), &[]);
    HeldSdJwt::receive(&text, &trusted(), NOW, &RustCrypto).unwrap();
    let verifier = TrustedKey::pinned(issuer().public_key(), Usage::Verifier, &["employee-id"]);
    assert_eq!(code(HeldSdJwt::receive(&text, &verifier, NOW, &RustCrypto)), "INRO-TRUST-007");
}

#[test]
fn refuses_visible_claims_that_come_from_disclosures() {
    let payload = |digests: Value| json!({"vct": VCT, "_sd": digests});
    let allowed = disclosure(&json!(["salt", "sub", "x"]));
    receive(TYP, &payload(json!([digest(&allowed)])), &[allowed]).unwrap();
    let values = [
        ("iss", json!("https://issuer.example")),
        ("nbf", json!(NOW.as_secs())),
        ("exp", json!(NOW.as_secs() + 9)),
        ("cnf", json!({"jwk": holder_jwk().to_value()})),
        ("vct#integrity", json!("sha256-x")),
        ("aka_vcts", json!(["urn:x"])),
        ("status", json!({})),
    ];
    for (name, value) in values {
        let text = disclosure(&json!(["salt", name, value]));
        assert_eq!(refusal(&payload(json!([digest(&text)])), &[text]), "INRO-SDJWT-027", "{name}");
    }
    let text = disclosure(&json!(["salt", "vct", VCT]));
    assert_eq!(refusal(&json!({"_sd": [digest(&text)]}), &[text]), "INRO-SDJWT-027");
    // Parts of them neither.
    let text = disclosure(&json!(["salt", "uri", "https://status.example"]));
    let payload = json!({"vct": VCT, "status": {"_sd": [digest(&text)]}});
    receive(TYP, &payload, &[]).unwrap();
    assert_eq!(refusal(&payload, &[text]), "INRO-SDJWT-027");
}

#[test]
fn refuses_a_credential_outside_its_time() {
    let text = issue(issuance());
    let at = |seconds| HeldSdJwt::receive(&text, &trusted(), NOW.plus(seconds), &RustCrypto);
    at(0).unwrap();
    assert_eq!(code(at(3_660)), "INRO-SDJWT-014");
    assert_eq!(code(at(-61)), "INRO-SDJWT-015");
}

#[test]
fn refuses_a_presentation_for_another_request() {
    let text = present(&[json!(["department"])]);
    verify(&text).unwrap();
    let with = |audience, nonce| {
        let key_binding = KeyBinding::Required { audience, nonce, max_age: 300 };
        UnverifiedSdJwt::parse(&text)?.verify(
            &trusted(),
            &Expected { key_binding, ..expected() },
            &RustCrypto,
        )
    };
    assert_eq!(code(with("other", "nonce")), "INRO-SDJWT-022");
    assert_eq!(code(with("aud", "other")), "INRO-SDJWT-023");
}

#[test]
fn finds_the_type_id_in_our_type_names_alone() {
    assert_eq!(inro_type_id(VCT), Some("employee-id"));
    for other in
        ["urn:inro::1", "urn:inro:1", "urn:inro:a:", "urn:inro:a:1x", "urn:other:a:1", "urn:inro:a:-1"]
    {
        assert_eq!(inro_type_id(other), None, "{other}");
    }
}
