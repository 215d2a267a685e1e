//! The status lists of one verifier, and whose turn it is to fetch one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use inro_base::UnixTime;
use inro_status::StatusError;
use inro_verifier_sdk::{NeededList, StatusCache};

/// How a fetch failed, and when: who waited for it has the same answer.
pub(crate) type Failure = Option<(UnixTime, StatusError)>;
/// Held by the one that fetches.
pub(crate) type Turn = Arc<tokio::sync::Mutex<Failure>>;

/// The lists of one verifier.
#[derive(Debug, Default)]
pub(crate) struct StatusLists {
    pub(crate) cache: StatusCache,
    fetching: Mutex<HashMap<NeededList, Turn>>,
}

impl StatusLists {
    pub(crate) fn turn(&self, needed: &NeededList) -> Turn {
        let mut fetching = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(fetching.entry(needed.clone()).or_default())
    }

    /// The last one out takes the entry away, so that the table is no larger than what is under way.
    pub(crate) fn forget_turn(&self, needed: &NeededList, turn: &Turn) {
        let mut fetching = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::strong_count(turn) <= 2 {
            fetching.remove(needed);
        }
    }
}
