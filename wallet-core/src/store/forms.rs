//! The kinds of records, and how they are written: as JSON.

use inro_base::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ports::StoreError;
use crate::vault::{Kind, Records};

/// What a record is about. A number stands in files and never comes to mean something else.
pub(super) const ANCHOR: Kind = Kind(1);
pub(super) const CREDENTIAL: Kind = Kind(2);
pub(super) const COPY: Kind = Kind(3);
pub(super) const PENDING: Kind = Kind(4);
pub(super) const ANSWERED: Kind = Kind(5);
pub(super) const HISTORY: Kind = Kind(6);
pub(super) const CHAIN: Kind = Kind(7);
pub(super) const RECEIPT: Kind = Kind(8);
pub(super) const ATTACHMENT: Kind = Kind(9);
pub(super) const NAMED: Kind = Kind(10);
pub(super) const NOTICE: Kind = Kind(20);
pub(super) const LEAVING: Kind = Kind(21);
pub(super) const MOVED: Kind = Kind(22);

/// The body of a record as the value that it holds.
pub(super) fn body<T: DeserializeOwned>(records: &Records, slot: i64) -> Result<T, StoreError> {
    from_bytes(records.body(slot)?.expose())
}

pub(super) fn to_bytes(value: &impl Serialize) -> Result<Secret<Vec<u8>>, StoreError> {
    serde_json::to_vec(value).map(Secret::new).map_err(|_| StoreError::Failed)
}

pub(super) fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|_| StoreError::Corrupt)
}
