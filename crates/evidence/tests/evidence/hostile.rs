//! What must not pass: each time the unaltered chain is taken, then one thing is altered.

use inro_crypto::{RustCrypto, Signer as _};
use inro_evidence::{Digest, MAX_BUNDLE, MAX_RECORDS, Receipt, write_bundle};
use inro_jose::Jwk;
use serde_json::{Value, json};

use crate::support::{
    Owner, event, forged, header, key, owner, payload, rebodied, refusal, refusal_of_bundle, resigned,
    verified,
};

fn good() -> Vec<Receipt> {
    let receipts = owner().receipts;
    verified(&receipts).unwrap();
    receipts
}

/// The good bundle as JSON, altered.
fn bundle(alter: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut bundle: Value = serde_json::from_slice(&write_bundle(&good()).unwrap()).unwrap();
    alter(&mut bundle);
    bundle.to_string().into_bytes()
}

#[test]
fn a_record_that_was_altered() {
    let mut receipts = good();
    let mut claims = payload(&receipts[2]);
    claims["iat"] = (claims["iat"].as_i64().unwrap() - 86_400).into();
    let altered = forged(&header(), &claims, &key(7));
    let signature = receipts[2].record.rsplit_once('.').unwrap().1.to_owned();
    receipts[2].record = format!("{}.{signature}", altered.rsplit_once('.').unwrap().0);
    assert_eq!(refusal(&receipts), (Some(2), "INRO-EVIDENCE-008"));
}

#[test]
fn a_record_that_its_owner_rewrote_and_signed_again() {
    assert_eq!(resigned(2, |_| {}), good());
    let receipts = resigned(2, |claims| claims["iat"] = 1.into());
    assert_eq!(refusal(&receipts), (Some(3), "INRO-EVIDENCE-007"));
}

#[test]
fn a_record_that_was_removed() {
    for removed in 1..6 {
        let mut receipts = good();
        receipts.remove(removed);
        let at = u64::try_from(removed).unwrap();
        assert_eq!(refusal(&receipts), (Some(at), "INRO-EVIDENCE-006"));
    }
    let mut receipts = good();
    receipts.remove(0);
    assert_eq!(refusal(&receipts), (Some(0), "INRO-EVIDENCE-004"));
}

#[test]
fn the_end_that_was_cut_shows_only_to_who_kept_it() {
    let mut receipts = good();
    let kept = verified(&receipts).unwrap().last();
    receipts.pop();
    assert_eq!(verified(&receipts).unwrap().position(kept), None);
}

#[test]
fn records_in_another_order_or_twice() {
    let mut receipts = good();
    receipts.swap(1, 2);
    assert_eq!(refusal(&receipts), (Some(1), "INRO-EVIDENCE-006"));
    let mut receipts = good();
    receipts.insert(3, receipts[2].clone());
    assert_eq!(refusal(&receipts), (Some(3), "INRO-EVIDENCE-006"));
}

#[test]
fn a_record_replayed_from_another_chain() {
    let mut other = Owner::opens(9);
    for _ in 0..6 {
        other.records(event("received"));
    }
    for at in 1..6 {
        let mut receipts = good();
        receipts[at] = other.receipts[at].clone();
        assert_eq!(refusal(&receipts), (Some(u64::try_from(at).unwrap()), "INRO-EVIDENCE-005"));
    }
    let mut receipts = good();
    receipts[0] = other.receipts[0].clone();
    assert_eq!(refusal(&receipts), (Some(1), "INRO-EVIDENCE-005"));
    let mut receipts = good();
    receipts.push(other.receipts[0].clone());
    assert_eq!(refusal(&receipts), (Some(7), "INRO-EVIDENCE-005"));
}

#[test]
fn a_record_of_another_story_of_the_same_chain() {
    // The same key, the same chain, the same number, but after another record.
    let mut other = Owner::opens(7);
    other.records(event("something-else"));
    other.records(event("received"));
    let mut receipts = good();
    receipts[2] = other.receipts[2].clone();
    assert_eq!(refusal(&receipts), (Some(2), "INRO-EVIDENCE-007"));
}

#[test]
fn a_record_signed_by_a_foreign_key() {
    let mut receipts = good();
    let claims = payload(&receipts[2]);
    receipts[2].record = forged(&header(), &claims, &key(9));
    assert_eq!(refusal(&receipts), (Some(2), "INRO-EVIDENCE-008"));
    // A header that brings its key along has no say either.
    let mut with_key = header();
    with_key["jwk"] = Jwk::new(key(9).public_key()).to_value();
    receipts[2].record = forged(&with_key, &claims, &key(9));
    assert_eq!(refusal(&receipts), (Some(2), "INRO-EVIDENCE-001"));
    let mut receipts = good();
    let claims = payload(&receipts[0]);
    receipts[0].record = forged(&header(), &claims, &key(9));
    assert_eq!(refusal(&receipts), (Some(0), "INRO-EVIDENCE-008"));
}

#[test]
fn a_rotation_that_was_forged() {
    // Somebody else names a key of his own, or signs the owner's rotation.
    let mut receipts = good();
    let mut claims = payload(&receipts[4]);
    claims["key"] = Jwk::new(key(9).public_key()).to_value();
    receipts[4].record = forged(&header(), &claims, &key(9));
    assert_eq!(refusal(&receipts), (Some(4), "INRO-EVIDENCE-008"));
    let mut receipts = good();
    let claims = payload(&receipts[4]);
    receipts[4].record = forged(&header(), &claims, &key(8));
    assert_eq!(refusal(&receipts), (Some(4), "INRO-EVIDENCE-008"));
}

#[test]
fn the_old_key_after_a_rotation() {
    let mut receipts = good();
    let claims = payload(&receipts[5]);
    receipts[5].record = forged(&header(), &claims, &key(7));
    assert_eq!(refusal(&receipts), (Some(5), "INRO-EVIDENCE-008"));
}

#[test]
fn a_rotation_to_what_is_no_public_key() {
    for (name, value) in
        [("crv", json!("P-384")), ("y", json!("AA")), ("d", json!("AA")), ("kid", json!("another"))]
    {
        let receipts = resigned(4, |claims| claims["key"][name] = value.clone());
        assert_eq!(refusal(&receipts), (Some(4), "INRO-EVIDENCE-001"), "{name}");
    }
}

#[test]
fn a_body_that_was_swapped_or_altered() {
    let mut receipts = good();
    let (first, second) = (receipts[1].body.clone(), receipts[5].body.clone());
    (receipts[1].body, receipts[5].body) = (second, first);
    assert_eq!(refusal(&receipts), (Some(1), "INRO-EVIDENCE-009"));
    let mut receipts = good();
    let text = String::from_utf8(receipts[1].body.clone().unwrap()).unwrap();
    receipts[1].body = Some(text.replace("Welfare", "Welfara").into_bytes());
    assert_eq!(refusal(&receipts), (Some(1), "INRO-EVIDENCE-009"));
}

#[test]
fn a_body_beside_a_record_that_has_none() {
    for at in [0, 4] {
        let mut receipts = good();
        receipts[at].body = receipts[1].body.clone();
        assert_eq!(refusal(&receipts), (Some(u64::try_from(at).unwrap()), "INRO-EVIDENCE-009"));
    }
}

#[test]
fn an_erased_body_keeps_nobody_from_seeing_what_else_was_done() {
    let mut receipts = good();
    receipts[1].erase();
    verified(&receipts).unwrap();
    receipts[2].body.as_mut().unwrap()[0] ^= 1;
    assert_eq!(refusal(&receipts), (Some(2), "INRO-EVIDENCE-009"));
    let mut receipts = good();
    receipts[1].erase();
    receipts.remove(2);
    assert_eq!(refusal(&receipts), (Some(2), "INRO-EVIDENCE-006"));
}

#[test]
fn an_attachment_that_was_altered_swapped_added_or_left_over() {
    let mut receipts = good();
    receipts[2].attachments[1] = Some(b"another answer".to_vec());
    assert_eq!(refusal(&receipts), (Some(2), "INRO-EVIDENCE-010"));
    let mut receipts = good();
    receipts[2].attachments.swap(0, 1);
    assert_eq!(refusal(&receipts), (Some(2), "INRO-EVIDENCE-010"));
    let mut receipts = good();
    receipts[2].attachments.push(Some(b"more".to_vec()));
    assert_eq!(refusal(&receipts), (Some(2), "INRO-EVIDENCE-001"));
    let mut receipts = good();
    receipts[2].attachments.pop();
    assert_eq!(refusal(&receipts), (Some(2), "INRO-EVIDENCE-001"));
    let mut receipts = good();
    receipts[2].body = None;
    assert_eq!(refusal(&receipts), (Some(2), "INRO-EVIDENCE-001"));
}

#[test]
fn numbers_that_are_none_or_too_large() {
    for seq in
        [json!(-1), json!(2.0), json!("2"), json!(null), json!(1_u64 << 53), json!(u64::MAX), json!(1e300)]
    {
        let receipts = resigned(2, |claims| claims["seq"] = seq.clone());
        assert_eq!(refusal(&receipts), (Some(2), "INRO-EVIDENCE-001"), "{seq}");
    }
    let receipts = resigned(2, |claims| claims["seq"] = ((1_u64 << 53) - 1).into());
    assert_eq!(refusal(&receipts), (Some(2), "INRO-EVIDENCE-006"));
    for iat in [json!(-1), json!("1"), json!(1.5), json!(1_u64 << 53)] {
        let receipts = resigned(2, |claims| claims["iat"] = iat.clone());
        assert_eq!(refusal(&receipts), (Some(2), "INRO-EVIDENCE-001"), "{iat}");
    }
    let receipts = rebodied(3, |body| body["of"] = u64::MAX.into());
    assert_eq!(refusal(&receipts), (Some(3), "INRO-EVIDENCE-001"));
}

#[test]
fn a_reference_to_no_earlier_record() {
    for of in [0, 3, 4] {
        let receipts = rebodied(3, |body| body["of"] = of.into());
        assert_eq!(refusal(&receipts), (Some(3), "INRO-EVIDENCE-011"), "{of}");
    }
}

#[test]
fn an_opening_that_is_none_and_one_in_the_middle() {
    let mut receipts = good();
    receipts[0].record = receipts[1].record.clone();
    assert_eq!(refusal(&receipts), (Some(0), "INRO-EVIDENCE-004"));
    let receipts = resigned(0, |claims| claims["seq"] = 1.into());
    assert_eq!(refusal(&receipts), (Some(0), "INRO-EVIDENCE-004"));
    let receipts = resigned(3, |claims| {
        let object = claims.as_object_mut().unwrap();
        object.remove("prev");
        object.remove("body");
        object.insert("key".to_owned(), Jwk::new(key(7).public_key()).to_value());
    });
    assert_eq!(refusal(&receipts), (Some(3), "INRO-EVIDENCE-004"));
}

#[test]
fn another_algorithm_another_type_or_a_critical_extension() {
    let cases = [
        (json!({ "typ": "inro-evidence+jwt", "alg": "none" }), "INRO-JOSE-002"),
        (json!({ "typ": "inro-evidence+jwt", "alg": "HS256" }), "INRO-JOSE-002"),
        (json!({ "typ": "kb+jwt", "alg": "ES256" }), "INRO-JOSE-003"),
        (json!({ "alg": "ES256" }), "INRO-JOSE-003"),
        (json!({ "typ": "inro-evidence+jwt", "alg": "ES256", "crit": ["b64"] }), "INRO-JOSE-004"),
        (json!({ "typ": "inro-evidence+jwt", "alg": "ES256", "kid": "k" }), "INRO-EVIDENCE-001"),
    ];
    for (header, code) in cases {
        let mut receipts = good();
        let claims = payload(&receipts[2]);
        receipts[2].record = forged(&header, &claims, &key(7));
        assert_eq!(refusal(&receipts), (Some(2), code), "{header}");
    }
}

#[test]
fn members_that_nobody_knows_or_that_are_missing() {
    assert_eq!(refusal(&resigned(2, |claims| claims["note"] = 1.into())), (Some(2), "INRO-EVIDENCE-001"));
    assert_eq!(
        refusal(&resigned(2, |claims| claims["after"] = claims["prev"].clone())).1,
        "INRO-EVIDENCE-001"
    );
    for name in ["chain", "seq", "iat", "prev", "body"] {
        let receipts = resigned(2, |claims| drop(claims.as_object_mut().unwrap().remove(name)));
        assert_eq!(refusal(&receipts), (Some(2), "INRO-EVIDENCE-001"), "{name}");
    }
    for (name, value) in [
        ("note", json!(1)),
        ("salt", json!("AA")),
        ("salt", json!(null)),
        ("event", json!("Presented")),
        ("event", json!(null)),
        ("detail", json!("text")),
        ("of", json!("1")),
        ("attachments", json!({})),
        ("attachments", json!([1])),
        ("attachments", json!([{ "kind": "request" }])),
        ("attachments", json!([{ "kind": "request", "sha256": "AA" }])),
        ("attachments", json!([{ "kind": "request", "sha256": "A".repeat(43), "note": 1 }])),
    ] {
        let receipts = rebodied(1, |body| body[name] = value.clone());
        assert_eq!(refusal(&receipts), (Some(1), "INRO-EVIDENCE-001"), "{name}: {value}");
    }
    let twice = |body: &mut Value| body["detail"] = json!({});
    assert_eq!(refusal(&rebodied(1, twice)), (Some(2), "INRO-EVIDENCE-007"), "read, but another record");
}

#[test]
fn a_body_with_a_repeated_member_or_too_deep() {
    let with_body = |text: String| {
        let body = text.into_bytes();
        let digest = Digest::of(&body, &RustCrypto).to_string();
        let mut receipts = resigned(1, |claims| claims["body"] = digest.into());
        receipts[1].body = Some(body);
        refusal(&receipts)
    };
    let salt = "A".repeat(22);
    let plain = format!(r#"{{"salt":"{salt}","event":"a"}}"#);
    assert_eq!(with_body(plain.clone()), (Some(2), "INRO-EVIDENCE-007"), "read, but another record");
    let repeated = plain.replace(r#""event":"a""#, r#""event":"b","event":"a""#);
    assert_eq!(with_body(repeated), (Some(1), "INRO-BASE-003"));
    let deep = format!(r#""detail":{{"d":{}{}}},"event":"a""#, "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(with_body(plain.replace(r#""event":"a""#, &deep)), (Some(1), "INRO-BASE-002"));
    let long = format!(r#""detail":{{"d":"{}"}},"event":"a""#, "x".repeat(64 * 1024));
    assert_eq!(with_body(plain.replace(r#""event":"a""#, &long)), (Some(1), "INRO-BASE-001"));
}

#[test]
fn a_huge_bundle_and_one_of_too_many_records() {
    let length = write_bundle(&good()).unwrap().len();
    let mut padded = write_bundle(&good()).unwrap();
    padded.resize(MAX_BUNDLE, b' ');
    assert!(inro_evidence::UnverifiedChain::parse(&padded).is_ok(), "{length}");
    padded.push(b' ');
    assert_eq!(refusal_of_bundle(&padded), (None, "INRO-BASE-001"));
    let many = |count: u64| {
        bundle(|bundle| bundle["receipts"] = (0..count).map(|_| json!({ "record": "" })).collect())
    };
    assert_eq!(refusal_of_bundle(&many(MAX_RECORDS)), (Some(0), "INRO-JOSE-001"));
    assert_eq!(refusal_of_bundle(&many(MAX_RECORDS + 1)), (None, "INRO-EVIDENCE-002"));
    let mut receipts = good();
    receipts[0].record = "a".repeat(2_049);
    assert_eq!(refusal(&receipts), (Some(0), "INRO-BASE-001"));
    let big = Receipt { record: String::new(), body: None, attachments: vec![Some(vec![0; 256 * 1024])] };
    let error = write_bundle(&vec![big; 200]).unwrap_err();
    assert_eq!(inro_base::Coded::code(&error).as_str(), "INRO-EVIDENCE-002");
}

#[test]
fn deep_json_repeated_members_and_trailing_bytes() {
    let good = write_bundle(&good()).unwrap();
    assert!(inro_evidence::UnverifiedChain::parse(&good).is_ok());
    let text = String::from_utf8(good).unwrap();
    let cases = [
        (text.replacen("\"receipts\":[", "\"receipts\":[[[[0]]],", 1), "INRO-BASE-002"),
        ("[".repeat(100_000), "INRO-BASE-002"),
        (text.replacen("\"format\"", "\"format\":\"inro-evidence\",\"format\"", 1), "INRO-BASE-003"),
        (text.replacen("{\"record\"", "{\"record\":\"\",\"record\"", 1), "INRO-BASE-003"),
        (format!("{text}x"), "INRO-BASE-004"),
        ("[]".to_owned(), "INRO-BASE-005"),
    ];
    for (altered, code) in cases {
        assert_ne!(altered, text);
        assert_eq!(refusal_of_bundle(altered.as_bytes()), (None, code));
    }
}

#[test]
fn bundles_of_another_form() {
    let cases: [(Option<u64>, &str, Vec<u8>); 12] = [
        (None, "INRO-EVIDENCE-001", bundle(|bundle| bundle["format"] = "other".into())),
        (None, "INRO-EVIDENCE-003", bundle(|bundle| bundle["version"] = 2.into())),
        (None, "INRO-EVIDENCE-003", bundle(|bundle| bundle["version"] = "1".into())),
        (None, "INRO-EVIDENCE-001", bundle(|bundle| bundle["receipts"] = json!({}))),
        (None, "INRO-EVIDENCE-001", bundle(|bundle| bundle["note"] = 1.into())),
        (Some(1), "INRO-EVIDENCE-001", bundle(|bundle| bundle["receipts"][1] = 1.into())),
        (Some(1), "INRO-EVIDENCE-001", bundle(|bundle| bundle["receipts"][1]["note"] = 1.into())),
        (Some(1), "INRO-EVIDENCE-001", bundle(|bundle| bundle["receipts"][1]["record"] = 1.into())),
        (Some(1), "INRO-EVIDENCE-001", bundle(|bundle| bundle["receipts"][1]["body"] = Value::Null)),
        (
            Some(1),
            "INRO-EVIDENCE-001",
            bundle(|bundle| bundle["receipts"][1]["body"] = "not base64url!".into()),
        ),
        (Some(2), "INRO-EVIDENCE-001", bundle(|bundle| bundle["receipts"][2]["attachments"][0] = 1.into())),
        (
            Some(2),
            "INRO-EVIDENCE-002",
            bundle(|bundle| bundle["receipts"][2]["attachments"] = vec![Value::Null; 9].into()),
        ),
    ];
    for (at, code, bundle) in cases {
        assert_eq!(refusal_of_bundle(&bundle), (at, code));
    }
}
