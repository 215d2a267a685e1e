//! Signed status lists, kept until a status changes or their time is over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use inro_base::UnixTime;

/// How long a verifier may use a list before it fetches a newer one, in seconds.
pub const TTL: u32 = 30;
/// The most signed lists that are kept at once: they are made again within milliseconds.
const MAX_KEPT: usize = 64;

/// The two formats of a list.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ListFormat {
    /// A JWT.
    Jwt,
    /// A CWT.
    Cwt,
}

/// Signed lists by number and format.
#[derive(Default)]
pub(crate) struct SignedLists(Mutex<HashMap<(i64, ListFormat), Kept>>);

pub(crate) struct Kept {
    pub(crate) version: i64,
    pub(crate) signed_at: UnixTime,
    pub(crate) token: Arc<Vec<u8>>,
}

impl SignedLists {
    /// A list is used until it changes or its `ttl` is over: then a verifier gets one that is as new as
    /// its request.
    pub(crate) fn find(
        &self,
        list: i64,
        format: ListFormat,
        version: i64,
        now: UnixTime,
    ) -> Option<Arc<Vec<u8>>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(&(list, format))?;
        let age = now.seconds_since(found.signed_at);
        let is_current = found.version == version && (0..i64::from(TTL)).contains(&age);
        is_current.then(|| Arc::clone(&found.token))
    }

    pub(crate) fn keep(&self, list: i64, format: ListFormat, signed: Kept) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT && !kept.contains_key(&(list, format)) {
            kept.clear();
        }
        kept.insert((list, format), signed);
    }
}
