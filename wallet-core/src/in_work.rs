//! What is being asked for at this moment.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What calls are busy with, by name.
#[derive(Default)]
pub(crate) struct InWork(Mutex<BTreeSet<String>>);

impl InWork {
    /// Takes the turn until it is dropped, also when the call is cancelled; `None` while another has it.
    pub(crate) fn begin(&self, name: &str) -> Option<Turn<'_>> {
        self.names().insert(name.to_owned()).then(|| Turn { of: self, name: name.to_owned() })
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's turn.
pub(crate) struct Turn<'a> {
    of: &'a InWork,
    name: String,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.of.names().remove(&self.name);
    }
}
