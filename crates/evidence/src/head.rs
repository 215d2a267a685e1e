use inro_base::json::{self, Limits};
use inro_base::{Rng, UnixTime};
use inro_crypto::{Provider, PublicKey, Signature, Signer};
use inro_jose::{Jwk, JwsToSign};
use serde_json::{Value, json};

use crate::claims::{Claims, Says, integer};
use crate::digest::{ChainId, Digest};
use crate::error::EvidenceError;
use crate::event::{Attachment, Event};

/// As many records as one chain may have: then the records of each chain fit into a bundle, and another chain continues
/// it.
pub const MAX_RECORDS: u64 = 100_000;
/// What a stored head takes.
const STORED: Limits = Limits { bytes: 1024, depth: 2 };

/// Where a chain ends. It is used once: two records after one would be two stories.
#[must_use]
#[derive(Debug, Eq, PartialEq)]
pub struct Head {
    chain: ChainId,
    seq: u64,
    digest: Digest,
    key: PublicKey,
}

/// A record that waits for its signature.
#[must_use]
#[derive(Debug)]
pub struct ReceiptToSign {
    unsigned: JwsToSign,
    signer: PublicKey,
    chain: ChainId,
    seq: u64,
    next: PublicKey,
    body: Option<Vec<u8>>,
    attachments: Vec<Attachment>,
}

/// A signed record with what it is about.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Receipt {
    /// The record: a JWS in compact form.
    pub record: String,
    /// The body; `None` when the record has none, or when it was erased.
    pub body: Option<Vec<u8>>,
    /// The attachments in the order in which the body names them; `None` for those that were erased. Empty without a
    /// body, or when the body names none.
    pub attachments: Vec<Option<Vec<u8>>>,
}

impl Head {
    /// The first record of a chain that `key` signs. `after` is the last record of the chain that it continues.
    pub fn open(key: PublicKey, after: Option<Digest>, now: UnixTime, rng: &mut dyn Rng) -> ReceiptToSign {
        let chain = ChainId::draw(rng);
        let claims = Claims { chain, seq: 0, at: now, says: Says::Opens { key, after } };
        ReceiptToSign {
            unsigned: claims.to_sign(),
            signer: key,
            chain,
            seq: 0,
            next: key,
            body: None,
            attachments: Vec::new(),
        }
    }

    /// The next record: `event` happened. `now` is in seconds since the Unix epoch.
    ///
    /// # Errors
    /// [`EvidenceError::Full`]; [`EvidenceError::Reference`] when `event.of` is no earlier record;
    /// [`EvidenceError::Malformed`], [`EvidenceError::TooMuch`] and [`EvidenceError::Json`] for an event that no reader
    /// would take.
    pub fn next(
        self,
        event: Event,
        now: UnixTime,
        rng: &mut dyn Rng,
        provider: &dyn Provider,
    ) -> Result<ReceiptToSign, EvidenceError> {
        if event.of.is_some_and(|of| !(1..=self.seq).contains(&of)) {
            return Err(EvidenceError::Reference);
        }
        let body = event.to_body(rng, provider)?;
        let says = Says::Happened { prev: self.digest, body: Digest::of(&body, provider) };
        let key = self.key;
        Ok(ReceiptToSign {
            body: Some(body),
            attachments: event.attachments,
            ..self.following(says, key, now)?
        })
    }

    /// The next record: `key` signs from the record after it on.
    ///
    /// # Errors
    /// [`EvidenceError::Full`].
    pub fn rotate(self, key: PublicKey, now: UnixTime) -> Result<ReceiptToSign, EvidenceError> {
        let says = Says::Rotates { prev: self.digest, key };
        self.following(says, key, now)
    }

    /// The chain.
    pub const fn chain(&self) -> ChainId {
        self.chain
    }

    /// The number of the last record.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The digest of the last record: a store that writes on the condition of this one keeps the chain one chain.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The key that signs the next record.
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The head as a store keeps it.
    pub fn to_stored(&self) -> Vec<u8> {
        let stored = json!({
            "chain": self.chain.to_string(),
            "seq": self.seq,
            "digest": self.digest.to_string(),
            "key": Jwk::new(self.key).to_value(),
        });
        stored.to_string().into_bytes()
    }

    /// Reads what [`Head::to_stored`] wrote.
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`], [`EvidenceError::Json`].
    pub fn from_stored(stored: &[u8]) -> Result<Self, EvidenceError> {
        let stored = json::parse_object(stored, STORED)?;
        let key = Jwk::parse(stored.get("key").unwrap_or(&Value::Null))?.key;
        let seq = integer(stored.get("seq")).ok_or(EvidenceError::Malformed { part: "seq" })?;
        let digest = Digest::from_value(stored.get("digest"), "digest")?;
        Ok(Self { chain: ChainId::from_value(stored.get("chain"))?, seq, digest, key })
    }

    fn following(self, says: Says, next: PublicKey, now: UnixTime) -> Result<ReceiptToSign, EvidenceError> {
        let seq = self.seq.saturating_add(1);
        if seq >= MAX_RECORDS {
            return Err(EvidenceError::Full);
        }
        let claims = Claims { chain: self.chain, seq, at: now, says };
        Ok(ReceiptToSign {
            unsigned: claims.to_sign(),
            signer: self.key,
            chain: self.chain,
            seq,
            next,
            body: None,
            attachments: Vec::new(),
        })
    }
}

impl ReceiptToSign {
    /// The bytes that the chain's key signs with ES256.
    pub const fn signing_input(&self) -> &[u8] {
        self.unsigned.signing_input()
    }

    /// The receipt with its signature, and the chain's new end.
    ///
    /// # Errors
    /// [`EvidenceError::Signature`] when another key signed: such a record would end the chain.
    pub fn signed(
        self,
        signature: &Signature,
        provider: &dyn Provider,
    ) -> Result<(Receipt, Head), EvidenceError> {
        provider
            .verify_es256(&self.signer, self.unsigned.signing_input(), signature)
            .map_err(|_| EvidenceError::Signature)?;
        let record = self.unsigned.finish(signature);
        let digest = Digest::of(record.as_bytes(), provider);
        let head = Head { chain: self.chain, seq: self.seq, digest, key: self.next };
        let attachments = self.attachments.into_iter().map(|attachment| Some(attachment.bytes)).collect();
        Ok((Receipt { record, body: self.body, attachments }, head))
    }

    /// Signs with a key that is at hand.
    ///
    /// # Errors
    /// As [`ReceiptToSign::signed`]; [`EvidenceError::Jose`] when the key cannot be used.
    pub fn sign_with(
        self,
        signer: &dyn Signer,
        provider: &dyn Provider,
    ) -> Result<(Receipt, Head), EvidenceError> {
        let signature = signer.sign_es256(self.signing_input()).map_err(inro_jose::JoseError::from)?;
        self.signed(&signature, provider)
    }
}

impl Receipt {
    /// Forgets what the record is about. The chain still verifies and says that something was there.
    pub fn erase(&mut self) {
        self.body = None;
        self.attachments.clear();
    }

    /// Forgets the attachments and keeps the body.
    pub fn erase_attachments(&mut self) {
        self.attachments.fill(None);
    }
}
