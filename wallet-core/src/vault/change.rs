//! One transaction: all of it in the file and in memory, or none.

use std::ops::Deref;

use inro_base::Rng;
use rusqlite::params;

use super::directory::{Head, Tag};
use super::keys::Part;
use super::records::Records;
use super::root::Root;
use super::{Kind, draw};
use crate::ports::StoreError;

/// A record to write.
#[derive(Clone, Copy)]
pub(crate) struct NewRecord<'a> {
    pub(crate) kind: Kind,
    /// No two records of a kind have the same; `None` for those that are found by their slot alone.
    pub(crate) name: Option<&'a [u8]>,
    pub(crate) owner: Tag,
    /// Kept in memory while the vault is open; may be empty.
    pub(crate) brief: &'a [u8],
    /// Read on demand.
    pub(crate) body: &'a [u8],
}

/// A transaction on an open vault. What it reads is what it wrote.
pub(crate) struct Change<'a> {
    records: &'a mut Records,
    rng: &'a mut dyn Rng,
    before: Root,
    /// What was at a slot before; the last step first when it is undone.
    undo: Vec<(i64, Option<Head>)>,
    committed: bool,
}

impl<'a> Change<'a> {
    pub(super) fn begin(records: &'a mut Records, rng: &'a mut dyn Rng) -> Result<Self, StoreError> {
        records.connection.execute_batch("BEGIN IMMEDIATE")?;
        let before = records.root.clone();
        Ok(Self { records, rng, before, undo: Vec::new(), committed: false })
    }

    /// Writes the root and ends the transaction.
    pub(super) fn commit(mut self) -> Result<(), StoreError> {
        if !self.undo.is_empty() {
            self.records.root.generation = self.records.root.generation.saturating_add(1);
            self.write_root()?;
        }
        self.records.connection.execute_batch("COMMIT")?;
        self.committed = true;
        Ok(())
    }

    /// Adds a record; gives its slot.
    ///
    /// # Errors
    /// [`StoreError::Failed`] where the name is taken.
    pub(crate) fn put(&mut self, record: NewRecord<'_>) -> Result<i64, StoreError> {
        let slot = self.records.root.next;
        let tag = match record.name {
            Some(name) => self.records.tag(record.kind, name),
            None => self.records.tag(record.kind, &slot.to_be_bytes()),
        };
        self.records.root.next = slot.checked_add(1).ok_or(StoreError::Failed)?;
        self.write(slot, record, tag)?;
        Ok(slot)
    }

    /// Puts another brief and body in the place of a record's.
    pub(crate) fn replace(&mut self, slot: i64, brief: &[u8], body: &[u8]) -> Result<(), StoreError> {
        let Head { kind, tag, owner, .. } = self.remove(slot)?;
        self.write(slot, NewRecord { kind, name: None, owner, brief, body }, tag)
    }

    /// Takes a record away.
    pub(crate) fn delete(&mut self, slot: i64) -> Result<(), StoreError> {
        self.remove(slot).map(drop)
    }

    fn write(&mut self, slot: i64, record: NewRecord<'_>, tag: Tag) -> Result<(), StoreError> {
        let head = Head {
            kind: record.kind,
            tag,
            owner: record.owner,
            stamp: draw(self.rng),
            has_brief: !record.brief.is_empty(),
            brief: record.brief.to_vec(),
        };
        let keys = &self.records.keys;
        let brief = match record.brief {
            [] => Vec::new(),
            brief => keys.seal(Part::Brief, slot, &head, brief, self.rng)?,
        };
        let body = keys.seal(Part::Body, slot, &head, record.body, self.rng)?;
        let share = keys.of_set(slot, &head);
        // Slot or name is taken: the file would refuse it as well, but it is not what is believed.
        if !self.records.directory.insert(slot, head.clone()) {
            return Err(StoreError::Failed);
        }
        self.undo.push((slot, None));
        self.records.root.add(&share);
        let c = &self.records.connection;
        c.prepare_cached(
            "INSERT INTO heads (slot, kind, tag, owner, stamp, brief) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![slot, head.kind.0, head.tag.0, head.owner.0, head.stamp, brief])?;
        c.prepare_cached("INSERT INTO bodies (slot, sealed) VALUES (?1, ?2)")?
            .execute(params![slot, body])?;
        Ok(())
    }

    fn remove(&mut self, slot: i64) -> Result<Head, StoreError> {
        let head = self.records.directory.remove(slot).ok_or(StoreError::Corrupt)?;
        self.undo.push((slot, Some(head.clone())));
        let share = self.records.keys.of_set(slot, &head);
        self.records.root.subtract(&share);
        for sql in ["DELETE FROM heads WHERE slot = ?1", "DELETE FROM bodies WHERE slot = ?1"] {
            let gone = self.records.connection.prepare_cached(sql)?.execute([slot])?;
            if gone != 1 {
                return Err(StoreError::Corrupt);
            }
        }
        Ok(head)
    }

    fn write_root(&mut self) -> Result<(), StoreError> {
        let Records { connection, keys, root, wrapping_key, .. } = &*self.records;
        let sealed = keys.seal_root(&root.to_bytes(), wrapping_key.0.as_bytes(), self.rng)?;
        match connection.prepare_cached("UPDATE header SET root = ?1")?.execute([sealed])? {
            1 => Ok(()),
            _ => Err(StoreError::Corrupt),
        }
    }
}

impl Deref for Change<'_> {
    type Target = Records;

    fn deref(&self) -> &Records {
        self.records
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        if self.committed {
            return;
        }
        // After a failure SQLite may have rolled back by itself.
        let _ = self.records.connection.execute_batch("ROLLBACK");
        for (slot, head) in self.undo.drain(..).rev() {
            self.records.directory.remove(slot);
            if let Some(head) = head {
                self.records.directory.insert(slot, head);
            }
        }
        self.records.root = self.before.clone();
    }
}
