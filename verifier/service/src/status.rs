//! The status lists of one verifier, and whose turn it is to fetch one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use inro_verifier_sdk::{NeededList, StatusCache};

/// The lists of one verifier.
#[derive(Debug, Default)]
pub(crate) struct StatusLists {
    pub(crate) cache: StatusCache,
    fetching: Mutex<HashMap<NeededList, Arc<tokio::sync::Mutex<()>>>>,
}

impl StatusLists {
    pub(crate) fn turn(&self, needed: &NeededList) -> Arc<tokio::sync::Mutex<()>> {
        let mut fetching = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(fetching.entry(needed.clone()).or_default())
    }

    /// The last one out takes the entry away, so that the table is no larger than what is under way.
    pub(crate) fn forget_turn(&self, needed: &NeededList, turn: &Arc<tokio::sync::Mutex<()>>) {
        let mut fetching = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::strong_count(turn) <= 2 {
            fetching.remove(needed);
        }
    }
}
