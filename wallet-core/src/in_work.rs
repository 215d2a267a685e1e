//! What is being asked for at this moment.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::records::PendingId;

/// The deferred issuances that a call is collecting.
#[derive(Default)]
pub(crate) struct InWork(Mutex<BTreeSet<PendingId>>);

impl InWork {
    /// Takes the turn until it is dropped, also when the call is cancelled; `None` while another has it.
    pub(crate) fn begin(&self, id: &PendingId) -> Option<Turn<'_>> {
        self.ids().insert(id.clone()).then(|| Turn { of: self, id: id.clone() })
    }

    fn ids(&self) -> MutexGuard<'_, BTreeSet<PendingId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's turn.
pub(crate) struct Turn<'a> {
    of: &'a InWork,
    id: PendingId,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.of.ids().remove(&self.id);
    }
}
