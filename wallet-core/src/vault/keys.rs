//! What is done with the data key: sealing, naming, and the hash that keeps the set of records together.

use std::sync::Arc;

use inro_base::{Rng, Secret};
use inro_crypto::Provider;

use super::directory::{Head, Tag, Wallet};
use super::{Kind, draw};
use crate::ports::StoreError;

const NONCE: usize = 12;

/// Which of a record's two sealed parts.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// Opened with the vault, and kept in memory.
    Brief,
    /// Opened on demand.
    Body,
}

impl Part {
    const fn byte(self) -> u8 {
        match self {
            Self::Brief => 1,
            Self::Body => 2,
        }
    }

    /// Lengths are rounded up to a multiple of this many bytes, so that they tell less.
    const fn step(self) -> usize {
        match self {
            Self::Brief => 64,
            Self::Body => 256,
        }
    }
}

/// The keys of one vault. Each purpose has its own.
pub(super) struct Keys {
    wallet: Wallet,
    records: Secret<[u8; 32]>,
    names: Secret<[u8; 32]>,
    set: Secret<[u8; 32]>,
    root: Secret<[u8; 32]>,
    provider: Arc<dyn Provider>,
}

impl Keys {
    /// Derives the keys of `wallet` from its data key. Source: RFC 5869.
    pub(super) fn derive(
        data_key: &Secret<Vec<u8>>,
        wallet: Wallet,
        provider: Arc<dyn Provider>,
    ) -> Result<Self, StoreError> {
        let derive = |purpose: &[u8]| {
            let mut key = [0; 32];
            let info = [b"inro vault 1 ", purpose].concat();
            provider
                .hkdf_sha256(data_key.expose(), &wallet.0, &info, &mut key)
                .map_err(|_| StoreError::Failed)?;
            Ok::<_, StoreError>(Secret::new(key))
        };
        let (records, names) = (derive(b"records")?, derive(b"names")?);
        let (set, root) = (derive(b"set")?, derive(b"root")?);
        Ok(Self { wallet, records, names, set, root, provider })
    }

    /// The unreadable form of a name of `kind`.
    pub(super) fn tag(&self, kind: Kind, name: &[u8]) -> Tag {
        let mac = self.provider.hmac_sha256(self.names.expose(), &[&[kind.0], name].concat());
        let (tag, _) = mac.split_first_chunk().expect("16 of 32 bytes");
        Tag(*tag)
    }

    /// What the record at `slot` adds to the hash of the whole set.
    pub(super) fn of_set(&self, slot: i64, head: &Head) -> [u8; 32] {
        self.provider.hmac_sha256(self.set.expose(), &head.bytes(slot))
    }

    /// Seals a part of the record at `slot`, which can be opened in that place alone.
    pub(super) fn seal(
        &self,
        part: Part,
        slot: i64,
        head: &Head,
        content: &[u8],
        rng: &mut dyn Rng,
    ) -> Result<Vec<u8>, StoreError> {
        let padded = pad(content, part.step());
        self.encrypt(&self.records, &self.place(part, slot, head), padded.expose(), rng)
    }

    /// Opens what [`Keys::seal`] made for this place.
    pub(super) fn open(
        &self,
        part: Part,
        slot: i64,
        head: &Head,
        sealed: &[u8],
    ) -> Result<Secret<Vec<u8>>, StoreError> {
        let padded = self.decrypt(&self.records, &self.place(part, slot, head), sealed)?;
        unpad(padded)
    }

    /// Seals the root; `beside` are the bytes that stand open beside it.
    pub(super) fn seal_root(
        &self,
        root: &[u8],
        beside: &[u8],
        rng: &mut dyn Rng,
    ) -> Result<Vec<u8>, StoreError> {
        self.encrypt(&self.root, &[&self.wallet.0, beside].concat(), root, rng)
    }

    /// Opens what [`Keys::seal_root`] made.
    pub(super) fn open_root(&self, sealed: &[u8], beside: &[u8]) -> Result<Secret<Vec<u8>>, StoreError> {
        self.decrypt(&self.root, &[&self.wallet.0, beside].concat(), sealed)
    }

    fn place(&self, part: Part, slot: i64, head: &Head) -> Vec<u8> {
        [self.wallet.0.as_slice(), &[part.byte()], &head.bytes(slot)].concat()
    }

    fn encrypt(
        &self,
        key: &Secret<[u8; 32]>,
        aad: &[u8],
        plaintext: &[u8],
        rng: &mut dyn Rng,
    ) -> Result<Vec<u8>, StoreError> {
        let nonce = draw::<NONCE>(rng);
        let sealed = self.provider.aes256_gcm_seal(key.expose(), &nonce, aad, plaintext);
        Ok([nonce.as_slice(), &sealed.map_err(|_| StoreError::Failed)?].concat())
    }

    fn decrypt(
        &self,
        key: &Secret<[u8; 32]>,
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Secret<Vec<u8>>, StoreError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(StoreError::Corrupt)?;
        let opened = self.provider.aes256_gcm_open(key.expose(), nonce, aad, sealed);
        opened.map(Secret::new).map_err(|_| StoreError::Corrupt)
    }
}

/// Ends `content` with the byte 0x80 and zeros up to a multiple of `step`. Source: ISO/IEC 7816-4.
fn pad(content: &[u8], step: usize) -> Secret<Vec<u8>> {
    let length = content.len().saturating_add(1).next_multiple_of(step);
    let mut padded = Vec::with_capacity(length);
    padded.extend_from_slice(content);
    padded.push(0x80);
    padded.resize(length, 0);
    Secret::new(padded)
}

fn unpad(padded: Secret<Vec<u8>>) -> Result<Secret<Vec<u8>>, StoreError> {
    let end = padded.expose().iter().rposition(|byte| *byte != 0).ok_or(StoreError::Corrupt)?;
    match padded.expose().split_at_checked(end) {
        Some((content, [0x80, ..])) => Ok(Secret::new(content.to_vec())),
        _ => Err(StoreError::Corrupt),
    }
}
