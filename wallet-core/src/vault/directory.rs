//! What is known of every record without opening it; kept in memory, so that what was checked at opening
//! is what is used.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Kind;

/// Names a vault: random, and not secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Wallet(pub(crate) [u8; 16]);

/// The unreadable form of a name.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Tag(pub(crate) [u8; 16]);

impl Tag {
    /// The owner of what nobody owns.
    pub(crate) const NOBODY: Self = Self([0; 16]);
}

/// A record but for its body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    pub(super) tag: Tag,
    pub(super) owner: Tag,
    /// Random for each write: two states of one record are never the same.
    pub(super) stamp: [u8; 16],
    /// Whether it has a brief: one that is taken away is missed.
    pub(super) has_brief: bool,
    /// Opened.
    pub(super) brief: Vec<u8>,
}

impl Head {
    /// Everything that binds a record to its place.
    pub(super) fn bytes(&self, slot: i64) -> [u8; 58] {
        let mut bytes = [0; 58];
        let parts = slot.to_be_bytes().into_iter().chain([self.kind.0, u8::from(self.has_brief)]);
        let parts = parts.chain(self.tag.0).chain(self.owner.0).chain(self.stamp);
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        bytes
    }
}

/// All records of a vault.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Directory {
    heads: BTreeMap<i64, Head>,
    by_tag: HashMap<Tag, i64>,
    by_owner: BTreeSet<(Kind, Tag, i64)>,
}

impl Directory {
    /// Adds a record; `false` where its slot or its name is taken.
    pub(super) fn insert(&mut self, slot: i64, head: Head) -> bool {
        if self.heads.contains_key(&slot) || self.by_tag.contains_key(&head.tag) {
            return false;
        }
        self.by_tag.insert(head.tag, slot);
        self.by_owner.insert((head.kind, head.owner, slot));
        self.heads.insert(slot, head);
        true
    }

    pub(super) fn remove(&mut self, slot: i64) -> Option<Head> {
        let head = self.heads.remove(&slot)?;
        self.by_tag.remove(&head.tag);
        self.by_owner.remove(&(head.kind, head.owner, slot));
        Some(head)
    }

    pub(super) fn head(&self, slot: i64) -> Option<&Head> {
        self.heads.get(&slot)
    }

    pub(super) fn slot(&self, tag: Tag) -> Option<i64> {
        self.by_tag.get(&tag).copied()
    }

    /// The slots of one owner's records of a kind, oldest first.
    pub(super) fn owned(&self, kind: Kind, owner: Tag) -> impl DoubleEndedIterator<Item = i64> + '_ {
        let range = (kind, owner, i64::MIN)..=(kind, owner, i64::MAX);
        self.by_owner.range(range).map(|(_, _, slot)| *slot)
    }

    /// The slots of all records of a kind, oldest first.
    pub(super) fn all(&self, kind: Kind) -> Vec<i64> {
        let range = (kind, Tag([0; 16]), i64::MIN)..=(kind, Tag([0xff; 16]), i64::MAX);
        let mut slots: Vec<i64> = self.by_owner.range(range).map(|(_, _, slot)| *slot).collect();
        slots.sort_unstable();
        slots
    }
}
