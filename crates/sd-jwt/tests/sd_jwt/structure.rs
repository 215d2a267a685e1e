//! RFC 9901 §7.1: what disclosures and digests may look like, and each way in which they may not.

use crate::common::{TYP, code, craft, digest, disclosure, map, verify};
use inro_sd_jwt::MAX_DISCLOSURES;
use serde_json::{Value, json};

/// Checks the SD-JWT and gives its claims.
fn claims(payload: Value, disclosures: &[String]) -> Value {
    Value::Object(verify(&craft(TYP, &payload, disclosures)).unwrap().into_claims())
}

fn refusal(payload: Value, disclosures: &[String]) -> &'static str {
    code(verify(&craft(TYP, &payload, disclosures)))
}

fn name() -> String {
    disclosure(&json!(["salt", "name", "Taro"]))
}

#[test]
fn puts_members_and_elements_back_and_removes_what_stays_hidden() {
    let element = disclosure(&json!(["salt", "FR"]));
    let payload = json!({
        "_sd_alg": "sha-256",
        "_sd": [digest(&name()), "decoy"],
        "plain": 1,
        "nested": { "_sd": [] },
        "list": ["DE", {"...": digest(&element)}, {"...": "hidden"}, "US"],
    });
    let expected = json!({"name": "Taro", "plain": 1, "nested": {}, "list": ["DE", "FR", "US"]});
    assert_eq!(claims(payload.clone(), &[name(), element]), expected);
    assert_eq!(claims(payload, &[]), json!({"plain": 1, "nested": {}, "list": ["DE", "US"]}));
}

#[test]
fn follows_disclosures_within_disclosures() {
    let inner = disclosure(&json!(["salt", "street", "Shibakoen"]));
    let element = disclosure(&json!(["salt", {"_sd": [digest(&inner)]}]));
    let outer = disclosure(&json!(["salt", "addresses", [{"...": digest(&element)}]]));
    let payload = json!({"_sd": [digest(&outer)]});
    assert_eq!(
        claims(payload.clone(), &[inner.clone(), outer.clone(), element.clone()]),
        json!({"addresses": [{"street": "Shibakoen"}]})
    );
    assert_eq!(claims(payload.clone(), &[outer.clone(), element.clone()]), json!({"addresses": [{}]}));
    assert_eq!(claims(payload.clone(), std::slice::from_ref(&outer)), json!({"addresses": []}));
    // What stands in a disclosure that was left out has no place.
    assert_eq!(refusal(payload, &[outer, inner]), "INRO-SDJWT-010");
}

#[test]
fn tells_where_each_disclosure_stood() {
    let second = disclosure(&json!(["salt", "b"]));
    let payload = json!({"_sd": [digest(&name())], "list": [{"...": "hidden"}, {"...": digest(&second)}]});
    let verified = verify(&craft(TYP, &payload, &[second, name()])).unwrap();
    let places = serde_json::to_value(verified.disclosed()).unwrap();
    assert_eq!(places, json!([["list", 0], ["name"]]));
}

#[test]
fn accepts_any_json_encoding_of_a_disclosure() {
    use inro_base::base64url::encode;
    for text in
        [r#"["s", "name", "M\u00f6bius"]"#, "[\n\"s\",\n\"name\",\n\"Möbius\"\n]", r#"["s","name","Möbius"]"#]
    {
        let text = encode(text.as_bytes());
        assert_eq!(claims(json!({"_sd": [digest(&text)]}), &[text]), json!({"name": "Möbius"}));
    }
}

#[test]
fn refuses_another_hash_algorithm() {
    let payload = |algorithm: Value| json!({"_sd_alg": algorithm, "_sd": [digest(&name())]});
    claims(payload(json!("sha-256")), &[name()]);
    for algorithm in [json!("sha-512"), json!("SHA-256"), json!("sha-1"), json!(null), json!(["sha-256"])] {
        assert_eq!(refusal(payload(algorithm), &[name()]), "INRO-SDJWT-007");
    }
}

#[test]
fn refuses_a_hash_algorithm_below_the_top() {
    let payload = |nested: Value| json!({"_sd": [digest(&name())], "nested": nested});
    claims(payload(json!({})), &[name()]);
    assert_eq!(refusal(payload(json!({"_sd_alg": "sha-256"})), &[name()]), "INRO-SDJWT-008");
}

#[test]
fn refuses_digests_that_are_no_array_of_texts() {
    claims(json!({"_sd": [digest(&name())]}), &[name()]);
    for digests in [json!(digest(&name())), json!({}), json!(null), json!([1]), json!([[digest(&name())]])] {
        assert_eq!(refusal(json!({"_sd": digests}), &[]), "INRO-SDJWT-008");
    }
}

#[test]
fn refuses_an_ellipsis_beside_other_keys_or_outside_arrays() {
    claims(json!({"list": [{"...": "hidden"}]}), &[]);
    for payload in [
        json!({"list": [{"...": "hidden", "a": 1}]}),
        json!({"list": [{"...": 1}]}),
        json!({"...": "hidden"}),
        json!({"nested": {"...": "hidden"}}),
    ] {
        assert_eq!(refusal(payload, &[]), "INRO-SDJWT-008");
    }
    let nested = disclosure(&json!(["salt", {"...": "hidden"}]));
    assert_eq!(refusal(json!({"list": [{"...": digest(&nested)}]}), &[nested]), "INRO-SDJWT-008");
}

#[test]
fn refuses_a_digest_that_is_there_twice() {
    claims(json!({"_sd": [digest(&name())], "nested": {"_sd": ["decoy"]}}), &[name()]);
    for payload in [
        json!({"_sd": [digest(&name()), digest(&name())]}),
        json!({"_sd": [digest(&name())], "nested": {"_sd": [digest(&name())]}}),
    ] {
        assert_eq!(refusal(payload, &[name()]), "INRO-SDJWT-009");
    }
    let element = disclosure(&json!(["salt", "FR"]));
    let hidden = json!({"...": digest(&element)});
    claims(json!({"list": [hidden], "other": []}), std::slice::from_ref(&element));
    assert_eq!(refusal(json!({"list": [hidden, hidden]}), std::slice::from_ref(&element)), "INRO-SDJWT-009");
    assert_eq!(refusal(json!({"list": [hidden], "other": [hidden]}), &[element]), "INRO-SDJWT-009");
    // Decoys too, and digests within disclosures.
    assert_eq!(refusal(json!({"_sd": ["decoy"], "list": [{"...": "decoy"}]}), &[]), "INRO-SDJWT-009");
    let outer = disclosure(&json!(["salt", "outer", {"_sd": [digest(&name())]}]));
    let payload = json!({"_sd": [digest(&outer), digest(&name())]});
    assert_eq!(refusal(payload, &[outer]), "INRO-SDJWT-009");
}

#[test]
fn refuses_a_disclosure_that_is_there_twice() {
    let payload = json!({"_sd": [digest(&name())]});
    claims(payload.clone(), &[name()]);
    assert_eq!(refusal(payload, &[name(), name()]), "INRO-SDJWT-009");
}

#[test]
fn refuses_a_disclosure_that_no_digest_refers_to() {
    let payload = json!({"_sd": [digest(&name())]});
    claims(payload.clone(), &[name()]);
    let foreign = disclosure(&json!(["salt", "clearance", 5]));
    assert_eq!(refusal(payload, &[name(), foreign]), "INRO-SDJWT-010");
}

#[test]
fn refuses_claims_named_like_digests() {
    for forbidden in ["_sd", "...", "_sd_alg"] {
        let allowed = disclosure(&json!(["salt", "sd", ["x"]]));
        claims(json!({"_sd": [digest(&allowed)]}), &[allowed]);
        let text = disclosure(&json!(["salt", forbidden, ["x"]]));
        assert_eq!(refusal(json!({"_sd": [digest(&text)]}), &[text]), "INRO-SDJWT-011");
    }
}

#[test]
fn refuses_a_claim_that_is_there_already() {
    let payload = |other: &str| json!({"_sd": [digest(&name())], other: "Jiro"});
    claims(payload("other"), &[name()]);
    assert_eq!(refusal(payload("name"), &[name()]), "INRO-SDJWT-012");
    let namesake = disclosure(&json!(["pepper", "name", "Jiro"]));
    let payload = json!({"_sd": [digest(&name()), digest(&namesake)]});
    claims(payload.clone(), &[name()]);
    assert_eq!(refusal(payload, &[name(), namesake]), "INRO-SDJWT-012");
}

#[test]
fn refuses_a_member_in_an_array_and_an_element_in_an_object() {
    let element = disclosure(&json!(["salt", "FR"]));
    claims(
        json!({"_sd": [digest(&name())], "list": [{"...": digest(&element)}]}),
        &[name(), element.clone()],
    );
    assert_eq!(refusal(json!({"_sd": [digest(&element)]}), &[element]), "INRO-SDJWT-006");
    assert_eq!(refusal(json!({"list": [{"...": digest(&name())}]}), &[name()]), "INRO-SDJWT-006");
}

#[test]
fn refuses_malformed_disclosures() {
    claims(json!({"_sd": [digest(&name())]}), &[name()]);
    let texts = [
        disclosure(&json!({})),
        disclosure(&json!(["salt"])),
        disclosure(&json!([1, "name", 2])),
        disclosure(&json!(["salt", 1, 2])),
        disclosure(&json!(["salt", "name", 1, 2])),
        format!("{}=", name()),
        format!("{} ", name()),
        "!".to_owned(),
        inro_base::base64url::encode(br#"["salt","name",{"a":1,"a":2}]"#),
    ];
    for text in texts {
        assert_eq!(
            refusal(json!({"_sd": [digest(&text)]}), std::slice::from_ref(&text)),
            "INRO-SDJWT-005",
            "{text}"
        );
    }
}

#[test]
fn refuses_texts_that_are_no_sd_jwt() {
    let text = craft(TYP, &json!({"_sd": [digest(&name())]}), &[name()]);
    verify(&text).unwrap();
    let jwt = text.split('~').next().unwrap();
    verify(&format!("{jwt}~")).unwrap();
    for altered in
        [jwt.to_owned(), format!("~{text}"), format!("{jwt}~~{}~", name()), format!("{text}~"), "~".into()]
    {
        assert_eq!(code(verify(&altered)), "INRO-SDJWT-001");
    }
    assert_eq!(code(verify("")), "INRO-SDJWT-001");
    assert_eq!(code(verify("x~")), "INRO-JOSE-001");
}

#[test]
fn refuses_more_disclosures_than_the_bound() {
    let element = |n: usize| disclosure(&json!(["salt", n]));
    let sized = |count: usize| {
        let texts: Vec<String> = (0..count).map(element).collect();
        let list: Vec<Value> = texts.iter().map(|text| json!({"...": digest(text)})).collect();
        craft(TYP, &json!({"list": list}), &texts)
    };
    verify(&sized(MAX_DISCLOSURES)).unwrap();
    assert_eq!(code(verify(&sized(MAX_DISCLOSURES + 1))), "INRO-SDJWT-003");
}

#[test]
fn refuses_longer_texts_than_the_bound() {
    let sized = |length: usize| disclosure(&json!(["salt", "name", "x".repeat(length)]));
    let text = |length| craft(TYP, &json!({"_sd": [digest(&sized(length))]}), &[sized(length)]);
    verify(&text(600_000)).unwrap();
    assert_eq!(code(verify(&text(800_000))), "INRO-SDJWT-002");
}

#[test]
fn refuses_deeper_nesting_than_the_bound_even_across_disclosures() {
    // Each disclosure is shallow; together they are deep.
    let chain = |levels: usize| {
        let mut texts = vec![disclosure(&json!(["salt", "deep", 1]))];
        for _ in 1..levels {
            let inner = digest(texts.last().unwrap());
            texts.push(disclosure(&json!(["salt", "deep", {"_sd": [inner]}])));
        }
        let top = digest(texts.last().unwrap());
        craft(TYP, &json!({"_sd": [top]}), &texts)
    };
    verify(&chain(32)).unwrap();
    assert_eq!(code(verify(&chain(33))), "INRO-SDJWT-004");
}

#[test]
fn refuses_another_typ_and_another_signature() {
    let payload = json!({"_sd": [digest(&name())]});
    verify(&craft(TYP, &payload, &[name()])).unwrap();
    assert_eq!(code(verify(&craft("kb+jwt", &payload, &[name()]))), "INRO-JOSE-003");
    let text = craft(TYP, &payload, &[name()]);
    let other = inro_crypto::Signer::public_key(&crate::common::holder());
    let rules = crate::common::rules(inro_sd_jwt::KeyBinding::NotRequired);
    let result = inro_sd_jwt::plain::Unverified::parse(&text, &[TYP]).unwrap().verify(
        &other,
        &rules,
        &inro_crypto::RustCrypto,
    );
    assert_eq!(code(result), "INRO-JOSE-005");
}

#[test]
fn refuses_times_outside_their_window_and_of_another_form() {
    let now = crate::common::NOW.as_secs();
    let at = |name: &str, seconds: i64| refusal_or_ok(json!({name: now + seconds}));
    assert_eq!(at("exp", -59), None);
    assert_eq!(at("exp", -60), Some("INRO-SDJWT-014"));
    assert_eq!(at("nbf", 60), None);
    assert_eq!(at("nbf", 61), Some("INRO-SDJWT-015"));
    assert_eq!(at("iat", 60), None);
    assert_eq!(at("iat", 61), Some("INRO-SDJWT-016"));
    for name in ["exp", "nbf", "iat"] {
        for value in [json!("2026"), json!(null), json!(1e300)] {
            assert_eq!(refusal_or_ok(json!({name: value})), Some("INRO-SDJWT-013"));
        }
    }
    // RFC 7519 §2 allows fractions.
    let fraction = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(refusal_or_ok(fraction(&format!(r#"{{"exp":{}.75}}"#, now + 1))), None);
    assert_eq!(refusal_or_ok(fraction(&format!(r#"{{"exp":{}.75}}"#, now - 61))), Some("INRO-SDJWT-014"));
}

fn refusal_or_ok(payload: Value) -> Option<&'static str> {
    verify(&craft(TYP, &payload, &[])).err().map(|error| inro_base::Coded::code(&error).as_str())
}

#[test]
fn an_expiry_in_a_disclosure_counts() {
    let expiry = |at: i64| disclosure(&json!(["salt", "exp", at]));
    let now = crate::common::NOW.as_secs();
    let text = |at| craft(TYP, &json!({"_sd": [digest(&expiry(at))]}), &[expiry(at)]);
    verify(&text(now + 10)).unwrap();
    assert_eq!(code(verify(&text(now - 100))), "INRO-SDJWT-014");
}

#[test]
fn claims_are_a_plain_map() {
    let verified = verify(&craft(TYP, &json!({"a": 1}), &[])).unwrap();
    assert_eq!(verified.claims(), &map(json!({"a": 1})));
}
