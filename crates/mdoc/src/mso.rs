//! The mobile security object: what an issuer's signature covers.
//!
//! Source: ISO/IEC 18013-5 §9.1.2.4 (read from peers); Token Status List §6.3 for `status`.

use std::collections::BTreeMap;

use inro_base::UnixTime;
use inro_cose::write::Writer;
use inro_cose::{Item, Limits, read_key, write_key};
use inro_crypto::{Provider, PublicKey};

use crate::MdocError;
use crate::issuer_signed::{SignedItem, texts};
use crate::profile::{MIN_RANDOM_BYTES, SHA_256, VERSION, is_version_1};
use crate::time;

/// Where an mdoc's status stands in a status list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusReference {
    /// The address of the list.
    pub uri: String,
    /// The place in the list.
    pub index: u64,
}

/// What a mobile security object says.
#[derive(Clone, Debug)]
pub(crate) struct Mso {
    pub(crate) doc_type: String,
    pub(crate) digests: Digests,
    pub(crate) device_key: PublicKey,
    pub(crate) authorized: Authorized,
    pub(crate) signed: UnixTime,
    pub(crate) valid_from: UnixTime,
    pub(crate) valid_until: UnixTime,
    pub(crate) expected_update: Option<UnixTime>,
    pub(crate) status: Option<StatusReference>,
    /// Whether there is a `status` at all, of whatever kind.
    pub(crate) has_status: bool,
}

/// Name space, then digest id, then SHA-256.
pub(crate) type Digests = BTreeMap<String, BTreeMap<u64, Vec<u8>>>;

/// What a device may sign itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Authorized {
    pub(crate) namespaces: Vec<String>,
    pub(crate) elements: BTreeMap<String, Vec<String>>,
}

impl Authorized {
    pub(crate) fn allows(&self, namespace: &str, element: &str) -> bool {
        self.namespaces.iter().any(|allowed| allowed == namespace)
            || self
                .elements
                .get(namespace)
                .is_some_and(|elements| elements.iter().any(|allowed| allowed == element))
    }
}

impl Mso {
    /// Reads the payload of `issuerAuth`: a byte string of tag 24.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, MdocError> {
        let outer = Item::parse(payload, Limits::DOCUMENT)?;
        let item = Item::parse(outer.encoded()?, Limits::DOCUMENT)?;
        if !is_version_1(item.member("version")?.text()?) {
            return Err(MdocError::Version);
        }
        if item.member("digestAlgorithm")?.text()? != SHA_256 {
            return Err(MdocError::DigestAlgorithm);
        }
        let key_info = item.member("deviceKeyInfo")?;
        let authorized = match key_info.get("keyAuthorizations")? {
            Some(authorizations) => authorized(authorizations)?,
            None => Authorized::default(),
        };
        let validity = item.member("validityInfo")?;
        let status = item.get("status")?;
        Ok(Self {
            doc_type: item.member("docType")?.text()?.to_owned(),
            digests: digests(item.member("valueDigests")?)?,
            device_key: read_key(key_info.member("deviceKey")?)?,
            authorized,
            signed: time::read(validity.member("signed")?)?,
            valid_from: time::read(validity.member("validFrom")?)?,
            valid_until: time::read(validity.member("validUntil")?)?,
            expected_update: validity.get("expectedUpdate")?.map(time::read).transpose()?,
            status: status.map(status_reference).transpose()?.flatten(),
            has_status: status.is_some(),
        })
    }

    /// The payload that an issuer signs.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut mso = Writer::default();
        mso.map(6 + usize::from(self.status.is_some()));
        mso.text("version");
        mso.text(VERSION);
        mso.text("digestAlgorithm");
        mso.text(SHA_256);
        mso.text("valueDigests");
        self.write_digests(&mut mso);
        mso.text("deviceKeyInfo");
        mso.map(1);
        mso.text("deviceKey");
        mso.value(&write_key(&self.device_key));
        mso.text("docType");
        mso.text(&self.doc_type);
        mso.text("validityInfo");
        self.write_validity(&mut mso);
        if let Some(StatusReference { uri, index }) = &self.status {
            mso.text("status");
            mso.map(1);
            mso.text("status_list");
            mso.map(2);
            mso.text("idx");
            mso.unsigned(*index);
            mso.text("uri");
            mso.text(uri);
        }
        let mut payload = Writer::default();
        payload.encoded(&mso.finish());
        payload.finish()
    }

    fn write_digests(&self, mso: &mut Writer) {
        mso.map(self.digests.len());
        for (namespace, digests) in &self.digests {
            mso.text(namespace);
            mso.map(digests.len());
            for (id, digest) in digests {
                mso.unsigned(*id);
                mso.bytes(digest);
            }
        }
    }

    fn write_validity(&self, mso: &mut Writer) {
        mso.map(3 + usize::from(self.expected_update.is_some()));
        let mut entry = |name: &str, at: UnixTime| {
            mso.text(name);
            time::write(at, mso);
        };
        entry("signed", self.signed);
        entry("validFrom", self.valid_from);
        entry("validUntil", self.valid_until);
        if let Some(at) = self.expected_update {
            entry("expectedUpdate", at);
        }
    }

    /// Compares each item with the digest that the issuer signed for it.
    pub(crate) fn check_items(&self, items: &[SignedItem], provider: &dyn Provider) -> Result<(), MdocError> {
        for (index, item) in items.iter().enumerate() {
            if item.random_length < MIN_RANDOM_BYTES {
                return Err(MdocError::Random { index, length: item.random_length });
            }
            let digest = self.digests.get(&item.namespace).and_then(|ids| ids.get(&item.digest_id));
            let digest = digest.ok_or(MdocError::DigestMissing { index })?;
            if provider.sha256(&item.bytes).as_slice() != digest.as_slice() {
                return Err(MdocError::Digest { index });
            }
        }
        Ok(())
    }
}

fn digests(item: Item<'_>) -> Result<Digests, MdocError> {
    let mut all = Digests::new();
    for (namespace, list) in item.map()? {
        let mut digests = BTreeMap::new();
        for (id, digest) in list.map()? {
            digests.insert(id.unsigned()?, digest.bytes()?.to_vec());
        }
        all.insert(namespace.text()?.to_owned(), digests);
    }
    Ok(all)
}

fn authorized(item: Item<'_>) -> Result<Authorized, MdocError> {
    let namespaces = item.get("nameSpaces")?.map(texts).transpose()?.unwrap_or_default();
    let mut elements = BTreeMap::new();
    if let Some(listed) = item.get("dataElements")? {
        for (namespace, list) in listed.map()? {
            elements.insert(namespace.text()?.to_owned(), texts(list)?);
        }
    }
    Ok(Authorized { namespaces, elements })
}

/// A kind of status other than a status list is left to who knows it.
fn status_reference(item: Item<'_>) -> Result<Option<StatusReference>, MdocError> {
    let malformed = |_| MdocError::Status;
    let Some(list) = item.get("status_list").map_err(malformed)? else { return Ok(None) };
    let index = list.member("idx").and_then(Item::unsigned).map_err(malformed)?;
    let uri = list.member("uri").and_then(Item::text).map_err(malformed)?.to_owned();
    Ok(Some(StatusReference { uri, index }))
}
