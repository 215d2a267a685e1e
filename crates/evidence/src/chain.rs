use inro_base::UnixTime;
use inro_crypto::{Provider, PublicKey};
use inro_jose::UnverifiedJws;

use crate::claims::{Claims, EXPECT, Says};
use crate::digest::{ChainId, Digest};
use crate::error::{EvidenceError, Fault};
use crate::event::{MAX_ATTACHMENT, Told};
use crate::head::{MAX_RECORDS, Receipt};

/// `typ` and `alg`; no other key than the chain's has a say.
const HEADER_MEMBERS: usize = 2;

/// A chain that nobody has checked.
#[derive(Debug)]
pub struct UnverifiedChain {
    receipts: Vec<Receipt>,
}

/// A chain in which every record follows on the one before it and is signed by the key whose turn it was. Whose key the
/// first one is, is for the reader to know.
#[derive(Debug)]
pub struct VerifiedChain {
    chain: ChainId,
    after: Option<Digest>,
    first_key: PublicKey,
    last_key: PublicKey,
    last: Digest,
    records: Vec<Record>,
}

/// A record of a verified chain. Its number is its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The digest of its text.
    pub digest: Digest,
    /// When it was signed, by the clock of whoever keeps the chain.
    pub at: UnixTime,
    /// What it says.
    pub what: What,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The chain begins.
    Opened,
    /// Another key signs from the next record on.
    Rotated(PublicKey),
    /// Something happened.
    Happened(Content),
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// The body is not there: it was erased, or left out of the bundle.
    Absent,
    /// The body tells.
    Told(Told),
}

impl UnverifiedChain {
    /// A chain of `receipts` in their order.
    pub const fn of(receipts: Vec<Receipt>) -> Self {
        Self { receipts }
    }

    /// Checks every record, body and attachment.
    ///
    /// # Errors
    /// The first record with which something is wrong.
    pub fn verify(self, provider: &dyn Provider) -> Result<VerifiedChain, Fault> {
        let mut receipts = self.receipts.into_iter();
        let first = receipts.next().ok_or(EvidenceError::Opening)?;
        let mut chain =
            VerifiedChain::opened(&first, provider).map_err(|wrong| Fault { at: Some(0), wrong })?;
        for (at, receipt) in (1..).zip(receipts) {
            chain.append(at, receipt, provider).map_err(|wrong| Fault { at: Some(at), wrong })?;
        }
        Ok(chain)
    }
}

impl VerifiedChain {
    /// The name of the chain.
    pub const fn chain(&self) -> ChainId {
        self.chain
    }

    /// The last record of the chain that this one says it continues.
    pub const fn after(&self) -> Option<Digest> {
        self.after
    }

    /// The key that opened the chain. Whoever wants to know whose chain it is compares it.
    pub const fn first_key(&self) -> &PublicKey {
        &self.first_key
    }

    /// The key that signs the next record.
    pub const fn last_key(&self) -> &PublicKey {
        &self.last_key
    }

    /// The digest of the last record. Whoever keeps it can tell later whether the chain's end was cut.
    pub const fn last(&self) -> Digest {
        self.last
    }

    /// The records, first to last.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The number of the record with this digest.
    pub fn position(&self, digest: Digest) -> Option<usize> {
        self.records.iter().position(|record| record.digest == digest)
    }

    fn opened(receipt: &Receipt, provider: &dyn Provider) -> Result<Self, EvidenceError> {
        let (jws, claims) = read(receipt)?;
        let Says::Opens { key, after } = claims.says else { return Err(EvidenceError::Opening) };
        if claims.seq != 0 {
            return Err(EvidenceError::Opening);
        }
        jws.verify(provider, &key).map_err(|_| EvidenceError::Signature)?;
        without_body(receipt)?;
        let digest = Digest::of(receipt.record.as_bytes(), provider);
        let record = Record { digest, at: claims.at, what: What::Opened };
        Ok(Self {
            chain: claims.chain,
            after,
            first_key: key,
            last_key: key,
            last: digest,
            records: vec![record],
        })
    }

    fn append(&mut self, at: u64, receipt: Receipt, provider: &dyn Provider) -> Result<(), EvidenceError> {
        if at >= MAX_RECORDS {
            return Err(EvidenceError::Full);
        }
        let (jws, claims) = read(&receipt)?;
        // All of these have to hold; in this order they tell best what was done to a chain.
        if claims.chain != self.chain {
            return Err(EvidenceError::OtherChain);
        }
        if claims.seq != at {
            return Err(EvidenceError::Sequence { found: claims.seq });
        }
        let prev = match &claims.says {
            Says::Opens { .. } => return Err(EvidenceError::Opening),
            Says::Rotates { prev, .. } | Says::Happened { prev, .. } => *prev,
        };
        if prev != self.last {
            return Err(EvidenceError::Link);
        }
        jws.verify(provider, &self.last_key).map_err(|_| EvidenceError::Signature)?;
        let digest = Digest::of(receipt.record.as_bytes(), provider);
        let what = match claims.says {
            Says::Opens { .. } => return Err(EvidenceError::Opening),
            Says::Rotates { key, .. } => {
                without_body(&receipt)?;
                self.last_key = key;
                What::Rotated(key)
            }
            Says::Happened { body, .. } => What::Happened(self.content(body, receipt, provider)?),
        };
        self.last = digest;
        self.records.push(Record { digest, at: claims.at, what });
        Ok(())
    }

    /// What the body says, if it is there and the one that was recorded.
    fn content(
        &self,
        digest: Digest,
        receipt: Receipt,
        provider: &dyn Provider,
    ) -> Result<Content, EvidenceError> {
        let Some(body) = receipt.body else {
            without_body(&receipt)?;
            return Ok(Content::Absent);
        };
        if Digest::of(&body, provider) != digest {
            return Err(EvidenceError::Body);
        }
        let mut told = Told::parse(&body)?;
        let earlier = 1..u64::try_from(self.records.len()).unwrap_or(MAX_RECORDS);
        if told.of.is_some_and(|of| !earlier.contains(&of)) {
            return Err(EvidenceError::Reference);
        }
        if receipt.attachments.len() != told.attachments.len() {
            return Err(EvidenceError::Malformed { part: "attachments" });
        }
        for (index, (named, bytes)) in told.attachments.iter_mut().zip(receipt.attachments).enumerate() {
            let Some(bytes) = bytes else { continue };
            if bytes.len() > MAX_ATTACHMENT {
                return Err(EvidenceError::TooMuch { part: "attachment" });
            }
            if Digest::of(&bytes, provider) != named.digest {
                return Err(EvidenceError::Attachment { index });
            }
            named.bytes = Some(bytes);
        }
        Ok(Content::Told(told))
    }
}

fn read(receipt: &Receipt) -> Result<(UnverifiedJws, Claims), EvidenceError> {
    let jws = UnverifiedJws::parse(&receipt.record, EXPECT)?;
    if jws.header().all().len() != HEADER_MEMBERS {
        return Err(EvidenceError::Malformed { part: "header" });
    }
    let claims = Claims::parse(jws.unverified_payload())?;
    Ok((jws, claims))
}

/// Nothing travels beside a record that does not name it.
fn without_body(receipt: &Receipt) -> Result<(), EvidenceError> {
    if receipt.body.is_some() {
        return Err(EvidenceError::Body);
    }
    if receipt.attachments.is_empty() {
        Ok(())
    } else {
        Err(EvidenceError::Malformed { part: "attachments" })
    }
}
