//! What a chain does.

use inro_base::Coded as _;
use inro_crypto::{RustCrypto, Signer as _};
use inro_evidence::{
    Attachment, Content, Digest, Event, EvidenceError, Head, MAX_ATTACHMENT, MAX_ATTACHMENTS, MAX_RECORDS,
    UnverifiedChain, What,
};
use serde_json::{Map, Value, json};

use crate::support::{
    NOW, Owner, Replay, event, key, owner, payload, refusal, told, verified, with_attachments,
};

#[test]
fn a_chain_tells_what_happened_in_its_order() {
    let owner = owner();
    let chain = verified(&owner.receipts).unwrap();
    assert_eq!(chain.records().len(), 7);
    assert_eq!(chain.records()[0].what, What::Opened);
    assert_eq!(chain.records()[4].what, What::Rotated(key(8).public_key()));
    assert_eq!(chain.records()[2].at, NOW.plus(120));
    let presented = told(&chain, 2);
    assert_eq!((presented.name.as_str(), presented.of), ("presented", None));
    assert_eq!(presented.detail["to"], "Welfare System");
    let contents: Vec<_> = presented.attachments.iter().map(|one| one.bytes.as_deref().unwrap()).collect();
    assert_eq!(contents, [b"signed request".as_slice(), b"answer"]);
    assert_eq!(told(&chain, 3).of, Some(2));
    assert_eq!(chain.first_key(), &key(7).public_key());
    assert_eq!(chain.last_key(), owner.head().key());
    assert_eq!((chain.last(), chain.chain()), (owner.head().digest(), owner.head().chain()));
}

#[test]
fn a_later_chain_passes_through_the_end_that_somebody_kept() {
    let mut owner = owner();
    let kept = verified(&owner.receipts).unwrap().last();
    owner.records(event("presented"));
    let chain = verified(&owner.receipts).unwrap();
    assert_eq!(chain.position(kept), Some(6));
    assert_eq!(chain.position(Digest::of(b"another", &RustCrypto)), None);
    assert_eq!(Digest::parse(&kept.to_string()), Ok(kept));
    assert!(Digest::parse(&kept.to_string()[1..]).is_err());
}

#[test]
fn a_body_that_is_erased_leaves_the_chain_whole() {
    let mut receipts = owner().receipts;
    receipts[2].erase();
    let chain = verified(&receipts).unwrap();
    assert_eq!(chain.records()[2].what, What::Happened(Content::Absent));
    assert_eq!(told(&chain, 3).of, Some(2));
    for receipt in &mut receipts {
        receipt.erase();
    }
    assert_eq!(verified(&receipts).unwrap().last(), chain.last());
}

#[test]
fn attachments_that_are_erased_keep_their_digests() {
    let mut receipts = owner().receipts;
    receipts[2].erase_attachments();
    let chain = verified(&receipts).unwrap();
    let attachments = &told(&chain, 2).attachments;
    assert_eq!(attachments[0].digest, Digest::of(b"signed request", &RustCrypto));
    assert!(attachments.iter().all(|attachment| attachment.bytes.is_none()));
}

#[test]
fn two_events_alike_have_digests_of_their_own() {
    let mut owner = Owner::opens(7);
    owner.records(event("received"));
    owner.records(event("received"));
    assert_ne!(payload(&owner.receipts[1])["body"], payload(&owner.receipts[2])["body"]);
}

#[test]
fn a_head_that_was_stored_goes_on() {
    let owner = owner();
    let stored = Head::from_stored(&owner.head().to_stored()).unwrap();
    assert_eq!(&stored, owner.head());
    let next = stored.next(event("refused"), NOW, &mut Replay(3), &RustCrypto).unwrap();
    let (receipt, _) = next.sign_with(&key(8), &RustCrypto).unwrap();
    let mut receipts = owner.receipts;
    receipts.push(receipt);
    assert_eq!(verified(&receipts).unwrap().records().len(), 8);
    assert!(Head::from_stored(b"{}").is_err());
}

#[test]
fn another_keys_signature_makes_no_receipt() {
    let unsigned = || {
        let head = Head::from_stored(&owner().head().to_stored()).unwrap();
        head.next(event("refused"), NOW, &mut Replay(3), &RustCrypto).unwrap()
    };
    assert!(unsigned().sign_with(&key(8), &RustCrypto).is_ok());
    assert_eq!(unsigned().sign_with(&key(7), &RustCrypto).unwrap_err(), EvidenceError::Signature);
    let signature = key(8).sign_es256(b"something else").unwrap();
    assert_eq!(unsigned().signed(&signature, &RustCrypto).unwrap_err(), EvidenceError::Signature);
}

#[test]
fn a_chain_can_continue_another() {
    let owner = owner();
    let opening = Head::open(key(9).public_key(), Some(owner.head().digest()), NOW, &mut Replay(1));
    let (receipt, _) = opening.sign_with(&key(9), &RustCrypto).unwrap();
    let chain = verified(&[receipt]).unwrap();
    assert_eq!(chain.after(), Some(owner.head().digest()));
    assert_eq!(verified(&owner.receipts).unwrap().after(), None);
}

#[test]
fn what_no_reader_would_take_is_not_signed() {
    let refused = |event: Event| {
        let head = Head::from_stored(&owner().head().to_stored()).unwrap();
        let result = head.next(event, NOW, &mut Replay(3), &RustCrypto);
        result.map(|_| ()).map_err(|error| error.code().as_str())
    };
    let detail = |value: Value| Event { detail: Map::from_iter([("d".to_owned(), value)]), ..event("a") };
    let nested = |depth: usize| (0..depth).fold(Value::Null, |inner, _| json!([inner]));
    let kind = |kind: &str| Event {
        attachments: vec![Attachment { kind: kind.into(), bytes: Vec::new() }],
        ..event("a")
    };
    let many = |count: usize| with_attachments("a", &vec![b"".as_slice(); count]);
    let long = |length: usize| with_attachments("a", &[&vec![0; length]]);
    for good in [
        event(&"a".repeat(64)),
        Event { of: Some(6), ..event("a") },
        detail(nested(14)),
        kind("request-object_2.b"),
        many(MAX_ATTACHMENTS),
        long(MAX_ATTACHMENT),
    ] {
        assert_eq!(refused(good), Ok(()));
    }
    let bad = [
        (event(""), "INRO-EVIDENCE-001"),
        (event(&"a".repeat(65)), "INRO-EVIDENCE-001"),
        (event("Presented"), "INRO-EVIDENCE-001"),
        (event("a\u{202e}"), "INRO-EVIDENCE-001"),
        (kind("a b"), "INRO-EVIDENCE-001"),
        (Event { of: Some(0), ..event("a") }, "INRO-EVIDENCE-011"),
        (Event { of: Some(7), ..event("a") }, "INRO-EVIDENCE-011"),
        (detail(nested(15)), "INRO-BASE-002"),
        (detail(Value::from("x".repeat(64 * 1024))), "INRO-BASE-001"),
        (many(MAX_ATTACHMENTS + 1), "INRO-EVIDENCE-002"),
        (long(MAX_ATTACHMENT + 1), "INRO-EVIDENCE-002"),
    ];
    for (event, code) in bad {
        assert_eq!(refused(event), Err(code));
    }
}

#[test]
fn a_full_chain_takes_no_record_more() {
    let at = |seq: u64| {
        let mut stored: Value = serde_json::from_slice(&owner().head().to_stored()).unwrap();
        stored["seq"] = seq.into();
        Head::from_stored(stored.to_string().as_bytes()).unwrap()
    };
    let next = |head: Head| head.next(event("a"), NOW, &mut Replay(1), &RustCrypto).map(|_| ());
    assert_eq!(next(at(MAX_RECORDS - 2)), Ok(()));
    assert_eq!(next(at(MAX_RECORDS - 1)).unwrap_err().code().as_str(), "INRO-EVIDENCE-012");
    let new = key(9).public_key();
    assert_eq!(at(MAX_RECORDS - 2).rotate(new, NOW).map(|_| ()), Ok(()));
    assert_eq!(at(MAX_RECORDS - 1).rotate(new, NOW).map(|_| ()), Err(EvidenceError::Full));
}

#[test]
fn an_empty_chain_is_none() {
    let empty = UnverifiedChain::of(Vec::new()).verify(&RustCrypto).unwrap_err();
    assert_eq!((empty.at, empty.code().as_str()), (None, "INRO-EVIDENCE-004"));
    assert_eq!(refusal(&[]), (None, "INRO-EVIDENCE-004"));
}

#[test]
fn nothing_of_an_event_shows_in_an_error_or_for_debugging() {
    let unsigned = Head::open(key(9).public_key(), None, NOW, &mut Replay(1));
    assert!(!format!("{unsigned:?}").contains(&NOW.as_secs().to_string()));
    let mut receipts = owner().receipts;
    receipts[1].body.as_mut().unwrap()[3] ^= 1;
    assert_eq!(verified(&receipts).unwrap_err().to_string(), "record 1: a body that was altered");
}
