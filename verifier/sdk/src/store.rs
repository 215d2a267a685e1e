//! Where presentations wait for their responses, and results for whoever asked.
//!
//! A presentation is answered once, and a store is what makes that true: [`PresentationStore::answer`]
//! is one conditional write. [`crate::store_contract`] checks any implementation.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use inro_base::{Code, Coded, UnixTime};

use crate::record::{PresentationRecord, PresentationResult};

/// The most presentations that a store holds at one time. At a thousand requests a minute that
/// live for five minutes and leave results for ten, a third is in use.
pub const MAX_PRESENTATIONS: usize = 50_000;

/// Why a store did not do what it was asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store holds as many presentations as it may.
    #[error("the store is full: {limit} presentations")]
    Full {
        /// How many it may hold.
        limit: usize,
    },
    /// Another process kept the store too long: the same call can succeed later.
    #[error("another process keeps the store")]
    Busy,
    /// The store could not be read or written.
    #[error("the store could not be used: {place}")]
    Broken {
        /// Where it broke, in the program's own words.
        place: &'static str,
    },
}

impl Coded for StoreError {
    fn code(&self) -> Code {
        match self {
            Self::Full { .. } => const { Code::new("INRO-VERIFIER-030") },
            Self::Broken { .. } => const { Code::new("INRO-VERIFIER-031") },
            Self::Busy => const { Code::new("INRO-VERIFIER-032") },
        }
    }
}

/// A presentation as it stands in a store.
#[derive(Debug)]
pub enum Stored {
    /// It waits for its response.
    Waiting(Box<PresentationRecord>),
    /// It has had its response.
    Answered {
        /// The result.
        result: PresentationResult,
        /// The code without which the result is not handed out, where the holder's browser got one.
        response_code: Option<String>,
    },
}

/// Keeps presentations. What has passed its time is as good as gone. Where a method names
/// [`StoreError::Broken`], a store that other processes use may also say [`StoreError::Busy`].
pub trait PresentationStore: Send + Sync {
    /// Adds a presentation, to be kept until `keep_until`.
    ///
    /// # Errors
    /// [`StoreError::Full`] when it holds as many as it may, such as [`MAX_PRESENTATIONS`].
    fn insert(
        &self,
        record: PresentationRecord,
        keep_until: UnixTime,
        now: UnixTime,
    ) -> Result<(), StoreError>;

    /// The presentation under a wallet's handle.
    ///
    /// # Errors
    /// [`StoreError::Broken`].
    fn by_handle(&self, handle: &str, now: UnixTime) -> Result<Option<Stored>, StoreError>;

    /// The presentation under a relying system's id.
    ///
    /// # Errors
    /// [`StoreError::Broken`].
    fn by_id(&self, id: &str, now: UnixTime) -> Result<Option<Stored>, StoreError>;

    /// Puts the result in the place of the waiting record: one conditional write. Whether this call
    /// was the one that did it; `false` when the presentation is unknown or was answered before.
    ///
    /// # Errors
    /// [`StoreError::Broken`].
    fn answer(
        &self,
        id: &str,
        result: &PresentationResult,
        response_code: Option<&str>,
        keep_until: UnixTime,
        now: UnixTime,
    ) -> Result<bool, StoreError>;

    /// Forgets a presentation and its result. Whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Broken`].
    fn delete(&self, id: &str, now: UnixTime) -> Result<bool, StoreError>;

    /// Forgets what has passed its time. How many presentations that were.
    ///
    /// # Errors
    /// [`StoreError::Broken`].
    fn purge(&self, now: UnixTime) -> Result<usize, StoreError>;
}

/// A store that lives as long as its process.
pub struct MemoryStore {
    entries: Mutex<HashMap<String, Entry>>,
    limit: usize,
}

struct Entry {
    handle: String,
    record: String,
    answer: Option<(PresentationResult, Option<String>)>,
    keep_until: UnixTime,
}

impl Entry {
    fn stored(&self) -> Result<Stored, StoreError> {
        match &self.answer {
            Some((result, response_code)) => {
                Ok(Stored::Answered { result: result.clone(), response_code: response_code.clone() })
            }
            None => serde_json::from_str(&self.record)
                .map(Stored::Waiting)
                .map_err(|_| StoreError::Broken { place: "a record" }),
        }
    }
}

impl Default for MemoryStore {
    /// Holds [`MAX_PRESENTATIONS`].
    fn default() -> Self {
        Self::with_limit(MAX_PRESENTATIONS)
    }
}

impl PresentationStore for MemoryStore {
    fn insert(
        &self,
        record: PresentationRecord,
        keep_until: UnixTime,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        self.purge(now)?;
        let text = serde_json::to_string(&record).map_err(|_| StoreError::Broken { place: "a record" })?;
        let mut entries = self.entries();
        if entries.len() >= self.limit {
            return Err(StoreError::Full { limit: self.limit });
        }
        entries.insert(record.id, Entry { handle: record.handle, record: text, answer: None, keep_until });
        Ok(())
    }

    fn by_handle(&self, handle: &str, now: UnixTime) -> Result<Option<Stored>, StoreError> {
        let entries = self.entries();
        let entry = entries.values().find(|entry| entry.handle == handle && now < entry.keep_until);
        entry.map(Entry::stored).transpose()
    }

    fn by_id(&self, id: &str, now: UnixTime) -> Result<Option<Stored>, StoreError> {
        let entries = self.entries();
        entries.get(id).filter(|entry| now < entry.keep_until).map(Entry::stored).transpose()
    }

    fn answer(
        &self,
        id: &str,
        result: &PresentationResult,
        response_code: Option<&str>,
        keep_until: UnixTime,
        now: UnixTime,
    ) -> Result<bool, StoreError> {
        let mut entries = self.entries();
        let waiting = |entry: &&mut Entry| now < entry.keep_until && entry.answer.is_none();
        let Some(entry) = entries.get_mut(id).filter(waiting) else { return Ok(false) };
        entry.answer = Some((result.clone(), response_code.map(str::to_owned)));
        entry.record.clear();
        entry.keep_until = keep_until;
        Ok(true)
    }

    fn delete(&self, id: &str, now: UnixTime) -> Result<bool, StoreError> {
        Ok(self.entries().remove(id).is_some_and(|entry| now < entry.keep_until))
    }

    fn purge(&self, now: UnixTime) -> Result<usize, StoreError> {
        let mut entries = self.entries();
        let before = entries.len();
        entries.retain(|_, entry| now < entry.keep_until);
        Ok(before - entries.len())
    }
}

impl MemoryStore {
    /// An empty store that holds at most `limit` presentations.
    pub fn with_limit(limit: usize) -> Self {
        Self { entries: Mutex::default(), limit }
    }

    /// A poisoned lock only says that another thread panicked; every write here is whole.
    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
