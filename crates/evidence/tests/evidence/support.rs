//! One chain with everything in it, and ways to alter it.

use inro_base::{Coded as _, Rng, UnixTime, base64url};
use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_evidence::{
    Attachment, Content, Event, Fault, Head, Receipt, ReceiptToSign, Told, UnverifiedChain, VerifiedChain,
    What, write_bundle,
};
use serde_json::{Map, Value, json};

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);

/// SplitMix64: the same numbers for the same seed.
pub(crate) struct Replay(pub(crate) u64);

impl Rng for Replay {
    fn fill(&mut self, destination: &mut [u8]) {
        for byte in destination {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed ^ (mixed >> 31)).to_le_bytes()[0];
        }
    }
}

pub(crate) fn key(seed: u8) -> SoftwareKey {
    SoftwareKey::from_secret_bytes(&[seed; 32]).unwrap()
}

pub(crate) fn event(name: &str) -> Event {
    let detail = Map::from_iter([("to".to_owned(), Value::from("Welfare System"))]);
    Event { name: name.into(), of: None, detail, attachments: Vec::new() }
}

pub(crate) fn with_attachments(name: &str, contents: &[&[u8]]) -> Event {
    let one = |bytes: &&[u8]| Attachment { kind: "request".into(), bytes: bytes.to_vec() };
    Event { attachments: contents.iter().map(one).collect(), ..event(name) }
}

/// A chain as its owner keeps it.
pub(crate) struct Owner {
    pub(crate) receipts: Vec<Receipt>,
    head: Option<Head>,
    key: SoftwareKey,
    rng: Replay,
}

impl Owner {
    pub(crate) fn opens(seed: u8) -> Self {
        let key = key(seed);
        let mut rng = Replay(seed.into());
        let opening = Head::open(key.public_key(), None, NOW, &mut rng);
        let mut owner = Self { receipts: Vec::new(), head: None, key, rng };
        owner.sign(opening);
        owner
    }

    pub(crate) fn records(&mut self, event: Event) {
        let now = NOW.plus(60 * i64::try_from(self.receipts.len()).unwrap());
        let unsigned = self.head.take().unwrap().next(event, now, &mut self.rng, &RustCrypto).unwrap();
        self.sign(unsigned);
    }

    pub(crate) fn rotates(&mut self, seed: u8) {
        let new = key(seed);
        let unsigned = self.head.take().unwrap().rotate(new.public_key(), NOW.plus(3_600)).unwrap();
        self.sign(unsigned);
        self.key = new;
    }

    pub(crate) fn head(&self) -> &Head {
        self.head.as_ref().unwrap()
    }

    fn sign(&mut self, unsigned: ReceiptToSign) {
        let (receipt, head) = unsigned.sign_with(&self.key, &RustCrypto).unwrap();
        self.receipts.push(receipt);
        self.head = Some(head);
    }
}

/// 0 opened; 1 received; 2 presented with a request and an answer; 3 its outcome; 4 rotated; 5 deleted; 6 refused.
pub(crate) fn owner() -> Owner {
    let mut owner = Owner::opens(7);
    owner.records(event("received"));
    owner.records(with_attachments("presented", &[b"signed request", b"answer"]));
    owner.records(Event { of: Some(2), ..event("outcome") });
    owner.rotates(8);
    owner.records(event("deleted"));
    owner.records(event("refused"));
    owner
}

pub(crate) fn verified(receipts: &[Receipt]) -> Result<VerifiedChain, Fault> {
    let bundle = write_bundle(receipts).unwrap();
    let read = UnverifiedChain::parse(&bundle)?.verify(&RustCrypto);
    // What a file says and what a store says is one thing.
    let direct = UnverifiedChain::of(receipts.to_vec()).verify(&RustCrypto);
    match (&read, &direct) {
        (Ok(read), Ok(direct)) => assert_eq!(read.records(), direct.records()),
        (read, direct) => assert_eq!(read.as_ref().err(), direct.as_ref().err()),
    }
    read
}

/// The place of the first bad record, and the code.
pub(crate) fn refusal(receipts: &[Receipt]) -> (Option<u64>, &'static str) {
    refused(verified(receipts))
}

pub(crate) fn refusal_of_bundle(bundle: &[u8]) -> (Option<u64>, &'static str) {
    refused(UnverifiedChain::parse(bundle).and_then(|chain| chain.verify(&RustCrypto)))
}

fn refused(result: Result<VerifiedChain, Fault>) -> (Option<u64>, &'static str) {
    let fault = result.expect_err("an altered chain");
    (fault.at, fault.code().as_str())
}

pub(crate) fn told(chain: &VerifiedChain, at: usize) -> &Told {
    match &chain.records()[at].what {
        What::Happened(Content::Told(told)) => told,
        other => panic!("{other:?}"),
    }
}

/// The payload of a record, without a look at its signature.
pub(crate) fn payload(receipt: &Receipt) -> Value {
    let part = receipt.record.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64url::decode(part).unwrap()).unwrap()
}

/// A record that nobody's head would make.
pub(crate) fn forged(header: &Value, payload: &Value, signer: &SoftwareKey) -> String {
    let part = |value: &Value| base64url::encode(value.to_string().as_bytes());
    let input = format!("{}.{}", part(header), part(payload));
    let signature = signer.sign_es256(input.as_bytes()).unwrap();
    format!("{input}.{}", base64url::encode(signature.as_bytes()))
}

pub(crate) fn header() -> Value {
    json!({ "typ": "inro-evidence+jwt", "alg": "ES256" })
}

/// The receipts with the payload of one altered and signed again by the key that signed it.
pub(crate) fn resigned(at: usize, alter: impl FnOnce(&mut Value)) -> Vec<Receipt> {
    let mut receipts = owner().receipts;
    let mut claims = payload(&receipts[at]);
    alter(&mut claims);
    let signer = key(if at <= 4 { 7 } else { 8 });
    receipts[at].record = forged(&header(), &claims, &signer);
    receipts
}

/// The same with the body of a record, which the record then names.
pub(crate) fn rebodied(at: usize, alter: impl FnOnce(&mut Value)) -> Vec<Receipt> {
    let mut body: Value = serde_json::from_slice(owner().receipts[at].body.as_ref().unwrap()).unwrap();
    alter(&mut body);
    let body = body.to_string().into_bytes();
    let digest = inro_evidence::Digest::of(&body, &RustCrypto).to_string();
    let mut receipts = resigned(at, |claims| claims["body"] = digest.into());
    receipts[at].body = Some(body);
    receipts
}
