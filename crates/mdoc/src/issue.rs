use std::collections::BTreeMap;
use std::fmt;

use inro_base::{Rng, UnixTime};
use inro_cose::write::{self, Writer};
use inro_cose::{Sign1ToSign, Value};
use inro_crypto::{Provider, PublicKey, Signature, Signer};

use crate::MdocError;
use crate::mso::{Authorized, Digests, Mso, StatusReference};
use crate::profile::{MAX_ELEMENTS, RANDOM_BYTES};

/// The most decoys of one name space. Source: ours; each costs some 40 bytes in every presentation.
const MAX_DECOYS: usize = 64;

/// What an mdoc is to say.
#[derive(Clone)]
pub struct MdocIssuance {
    /// The document type.
    pub doc_type: String,
    /// Each name space with its data elements: identifier and value.
    pub namespaces: Vec<(String, Vec<(String, Value)>)>,
    /// How many digests without an item stand in each name space, so that their number tells less.
    pub decoys_per_namespace: usize,
    /// When it is signed.
    pub signed_at: UnixTime,
    /// From when on it is valid.
    pub valid_from: UnixTime,
    /// Until when it is valid.
    pub valid_until: UnixTime,
    /// When the issuer means to issue it again.
    pub expected_update: Option<UnixTime>,
    /// The key that it is bound to.
    pub holder_key: PublicKey,
    /// Where its status stands.
    pub status: Option<StatusReference>,
    /// The issuer's certificates (DER, leaf first).
    pub x5c: Vec<Vec<u8>>,
}

/// An mdoc that waits for its issuer's signature.
#[must_use]
pub struct UnsignedMdoc {
    /// Each name space with its items, encoded.
    namespaces: Vec<u8>,
    sign1: Sign1ToSign,
}

impl MdocIssuance {
    /// Lays out the mdoc to sign: fresh random bytes for each item, digest ids in a random order.
    ///
    /// # Errors
    /// [`MdocError::Unissuable`] without a type, with a data element twice, or with times that contradict
    /// each other; [`MdocError::TooMany`] for more data elements than are read back.
    ///
    /// Source: ISO/IEC 18013-5 §9.1.2 (read from peers).
    pub fn build(self, rng: &mut dyn Rng, provider: &dyn Provider) -> Result<UnsignedMdoc, MdocError> {
        self.check()?;
        let mut digests = Digests::new();
        let mut namespaces = Writer::default();
        namespaces.map(self.namespaces.len());
        for (namespace, elements) in self.namespaces {
            let (items, of_namespace) = items(&elements, self.decoys_per_namespace, rng, provider);
            namespaces.text(&namespace);
            namespaces.array(items.len());
            items.values().for_each(|item| namespaces.raw(item));
            digests.insert(namespace, of_namespace);
        }
        let mso = Mso {
            doc_type: self.doc_type,
            digests,
            device_key: self.holder_key,
            authorized: Authorized::default(),
            signed: self.signed_at,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            expected_update: self.expected_update,
            has_status: self.status.is_some(),
            status: self.status,
        };
        let sign1 = Sign1ToSign::new(mso.encode(), None, &self.x5c);
        Ok(UnsignedMdoc { namespaces: namespaces.finish(), sign1 })
    }

    fn check(&self) -> Result<(), MdocError> {
        let count = self.namespaces.iter().map(|(_, elements)| elements.len()).sum();
        if count > MAX_ELEMENTS {
            return Err(MdocError::TooMany { count, limit: MAX_ELEMENTS });
        }
        let ordered = self.signed_at <= self.valid_from && self.valid_from < self.valid_until;
        let repeats = self.namespaces.iter().enumerate().any(|(index, (namespace, elements))| {
            self.namespaces.iter().take(index).any(|(other, _)| other == namespace)
                || elements.is_empty()
                || elements.iter().enumerate().any(|(index, (identifier, _))| {
                    elements.iter().take(index).any(|(other, _)| other == identifier)
                })
        });
        if self.doc_type.is_empty() || !ordered || repeats || self.decoys_per_namespace > MAX_DECOYS {
            return Err(MdocError::Unissuable);
        }
        Ok(())
    }
}

impl UnsignedMdoc {
    /// The bytes that the issuer's key signs with ES256.
    pub fn signing_input(&self) -> &[u8] {
        self.sign1.signing_input()
    }

    /// The encoded `IssuerSigned`.
    pub fn finish(self, signature: &Signature) -> Vec<u8> {
        let issuer_auth = self.sign1.finish(signature);
        write::map_of_encoded(&[("nameSpaces", self.namespaces), ("issuerAuth", issuer_auth)])
    }

    /// Signs with a key that is at hand.
    ///
    /// # Errors
    /// [`MdocError::Cose`] when the key cannot be used.
    pub fn sign_with(self, signer: &dyn Signer) -> Result<Vec<u8>, MdocError> {
        let signature = signer.sign_es256(self.signing_input()).map_err(inro_cose::CoseError::from)?;
        Ok(self.finish(&signature))
    }
}

/// Shows the type and how much there is: the rest are claims.
impl fmt::Debug for MdocIssuance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elements: usize = self.namespaces.iter().map(|(_, elements)| elements.len()).sum();
        write!(f, "MdocIssuance({:?}, {elements} elements)", self.doc_type)
    }
}

impl fmt::Debug for UnsignedMdoc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnsignedMdoc({:?})", self.sign1)
    }
}

/// The items of one name space by digest id, encoded, and all digests, decoys among them.
fn items(
    elements: &[(String, Value)],
    decoys: usize,
    rng: &mut dyn Rng,
    provider: &dyn Provider,
) -> (BTreeMap<u64, Vec<u8>>, BTreeMap<u64, Vec<u8>>) {
    let count = elements.len().saturating_add(decoys);
    let mut ids: Vec<u64> = (0..).take(count).collect();
    rng.shuffle(&mut ids);
    let mut items = BTreeMap::new();
    let mut digests = BTreeMap::new();
    let mut free = ids.into_iter();
    for ((identifier, value), id) in elements.iter().zip(free.by_ref()) {
        let item = item(id, &rng.bytes::<RANDOM_BYTES>(), identifier, value);
        digests.insert(id, provider.sha256(&item).to_vec());
        items.insert(id, item);
    }
    for id in free {
        digests.insert(id, rng.bytes::<32>().to_vec());
    }
    (items, digests)
}

/// One item as a byte string of tag 24: what its digest is over.
fn item(id: u64, random: &[u8], identifier: &str, value: &Value) -> Vec<u8> {
    let mut item = Writer::default();
    item.map(4);
    item.text("digestID");
    item.unsigned(id);
    item.text("random");
    item.bytes(random);
    item.text("elementIdentifier");
    item.text(identifier);
    item.text("elementValue");
    item.value(value);
    let mut tagged = Writer::default();
    tagged.encoded(&item.finish());
    tagged.finish()
}
