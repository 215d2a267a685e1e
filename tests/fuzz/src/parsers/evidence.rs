//! Bundles of evidence, and the parts of them.

use inro_crypto::{RustCrypto, Signer as _};
use inro_evidence::{
    Attachment, Content, Digest, Event, Head, Receipt, ReceiptToSign, Record, Told, UnverifiedChain, What,
    write_bundle,
};
use inro_wallet_core::TransferFile;
use serde_json::{Map, Value, json};

use super::world::{NOW, holder, key};
use super::{Parser, Takes, shown};
use crate::stream::Stream;

pub(super) const PARSERS: &[Parser] = &[
    Parser {
        name: "evidence_bundle",
        drives: &["evidence::UnverifiedChain::parse"],
        read: |bytes| {
            let chain = UnverifiedChain::parse(bytes).ok()?.verify(&RustCrypto).ok()?;
            // Each record holds the next one: only from the end can any be left out.
            Some(chain.records().iter().rev().fold(Value::Null, |next, record| said(record, next)))
        },
        good: || write_bundle(&chain().0).unwrap(),
        takes: Takes::Part,
    },
    Parser {
        name: "evidence_body",
        drives: &["evidence::Told::parse"],
        read: |bytes| shown(Told::parse(bytes).ok()?),
        good: || chain().0.remove(1).body.unwrap(),
        takes: Takes::Any,
    },
    Parser {
        name: "evidence_head",
        drives: &["evidence::Head::from_stored", "evidence::Digest::parse"],
        read: |bytes| {
            let head = Head::from_stored(bytes).ok()?;
            assert_eq!(Head::from_stored(&head.to_stored()).as_ref(), Ok(&head));
            assert_eq!(Digest::parse(&head.digest().to_string()), Ok(head.digest()));
            shown(head)
        },
        good: || chain().1.to_stored(),
        takes: Takes::Any,
    },
    Parser {
        name: "transfer_file",
        drives: &["wallet_core::TransferFile::parse"],
        read: |bytes| {
            let cost = TransferFile::parse(bytes).ok()?.cost();
            assert!((8..=256 << 10).contains(&cost.memory) && (1..=16).contains(&cost.passes));
            Some(json!([cost.memory, cost.passes]))
        },
        good: || [b"INROMOVE\x01\0\0\x04\0\0\0\0\x02\0\0\0\x01".as_slice(), &[7; 60]].concat(),
        takes: Takes::Any,
    },
];

fn said(record: &Record, next: Value) -> Value {
    let mut said = json!({ "at": record.at.as_secs() });
    let mut put = |name: &str, value: Value| said.as_object_mut().unwrap().insert(name.to_owned(), value);
    match &record.what {
        What::Opened => put("opened", true.into()),
        What::Rotated(key) => put("rotated", format!("{key:?}").into()),
        What::Happened(content) => {
            if let Content::Told(told) = content {
                put("told", json!([told.name, told.of, told.detail]));
                for (index, attached) in told.attachments.iter().enumerate() {
                    if let Some(bytes) = &attached.bytes {
                        put(&format!("attachment {index}"), json!([attached.kind, bytes]));
                    }
                }
            }
            put("happened", true.into())
        }
    };
    if !next.is_null() {
        put("next", next);
    }
    said
}

/// Opened; an event with an attachment; one that tells more of it; rotated; one under the new key.
fn chain() -> (Vec<Receipt>, Head) {
    let (first, second) = (holder(), key(52));
    let mut rng = Stream::new(31);
    let event = |name: &str, of, attachments| {
        let detail = Map::from_iter([("verifier".to_owned(), Value::from("Welfare System"))]);
        Event { name: name.into(), of, detail, attachments }
    };
    let request = Attachment { kind: "request".into(), bytes: b"a signed request".to_vec() };
    let mut receipts = Vec::new();
    let mut sign = |unsigned: ReceiptToSign, by| {
        let (receipt, head) = unsigned.sign_with(by, &RustCrypto).unwrap();
        receipts.push(receipt);
        head
    };
    let head = sign(Head::open(first.public_key(), None, NOW, &mut rng), &first);
    let presented = event("presented", None, vec![request]);
    let head = sign(head.next(presented, NOW, &mut rng, &RustCrypto).unwrap(), &first);
    let sent = event("outcome", Some(1), Vec::new());
    let head = sign(head.next(sent, NOW.plus(1), &mut rng, &RustCrypto).unwrap(), &first);
    let head = sign(head.rotate(second.public_key(), NOW.plus(2)).unwrap(), &first);
    let deleted = event("deleted", None, Vec::new());
    let head = sign(head.next(deleted, NOW.plus(3), &mut rng, &RustCrypto).unwrap(), &second);
    (receipts, head)
}
