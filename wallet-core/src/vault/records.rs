//! Reading an open vault.

use inro_base::Secret;
use rusqlite::{Connection, OptionalExtension as _};

use super::Kind;
use super::directory::{Directory, Head, Tag};
use super::keys::{Keys, Part};
use super::root::Root;
use crate::keys::KeyId;
use crate::ports::StoreError;

/// The records of an open vault.
pub(crate) struct Records {
    pub(super) connection: Connection,
    pub(super) keys: Keys,
    pub(super) directory: Directory,
    pub(super) root: Root,
    pub(super) wrapping_key: KeyId,
}

impl Records {
    /// The unreadable form of a name of `kind`: how a record is found, and how its owner is named.
    pub(crate) fn tag(&self, kind: Kind, name: &[u8]) -> Tag {
        self.keys.tag(kind, name)
    }

    /// Where the record of this kind and name is.
    pub(crate) fn slot(&self, kind: Kind, name: &[u8]) -> Option<i64> {
        self.directory.slot(self.tag(kind, name))
    }

    /// Whether there is a record of this kind at `slot`.
    pub(crate) fn is_at(&self, kind: Kind, slot: i64) -> bool {
        self.directory.head(slot).is_some_and(|head| head.kind == kind)
    }

    /// The slots of one owner's records of a kind, oldest first.
    pub(crate) fn owned(&self, kind: Kind, owner: Tag) -> impl DoubleEndedIterator<Item = i64> + '_ {
        self.directory.owned(kind, owner)
    }

    /// The slots of all records of a kind, oldest first.
    pub(crate) fn all(&self, kind: Kind) -> Vec<i64> {
        self.directory.all(kind)
    }

    /// The tag of a record's name.
    pub(crate) fn tag_at(&self, slot: i64) -> Result<Tag, StoreError> {
        self.head(slot).map(|head| head.tag)
    }

    /// What is kept in memory of a record; empty where it has none.
    pub(crate) fn brief(&self, slot: i64) -> Result<&[u8], StoreError> {
        self.head(slot).map(|head| head.brief.as_slice())
    }

    /// A record's body.
    pub(crate) fn body(&self, slot: i64) -> Result<Secret<Vec<u8>>, StoreError> {
        let head = self.head(slot)?;
        let mut statement = self.connection.prepare_cached("SELECT sealed FROM bodies WHERE slot = ?1")?;
        let sealed: Option<Vec<u8>> = statement.query_row([slot], |row| row.get(0)).optional()?;
        self.keys.open(Part::Body, slot, head, &sealed.ok_or(StoreError::Corrupt)?)
    }

    /// The key of the key store that wraps the data key.
    pub(crate) const fn wrapping_key(&self) -> &KeyId {
        &self.wrapping_key
    }

    fn head(&self, slot: i64) -> Result<&Head, StoreError> {
        self.directory.head(slot).ok_or(StoreError::Corrupt)
    }
}
