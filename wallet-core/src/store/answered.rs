//! Requests that were answered: named by their digest.

use inro_base::UnixTime;
use serde::{Deserialize, Serialize};

use super::forms::{ANSWERED, from_bytes, to_bytes};
use crate::ports::StoreError;
use crate::records::RequestDigest;
use crate::vault::{Change, NewRecord, Records, Tag};

/// The brief: it is looked at whenever a request is answered.
#[derive(Serialize, Deserialize)]
struct Kept {
    until: Option<UnixTime>,
}

pub(super) fn is(records: &Records, request: &RequestDigest) -> bool {
    records.slot(ANSWERED, &request.0).is_some()
}

pub(super) fn mark(
    change: &mut Change<'_>,
    request: &RequestDigest,
    keep_until: Option<UnixTime>,
) -> Result<(), StoreError> {
    if is(change, request) {
        return Err(StoreError::AnsweredBefore);
    }
    let brief = to_bytes(&Kept { until: keep_until })?;
    change.put(NewRecord {
        kind: ANSWERED,
        name: Some(&request.0),
        owner: Tag::NOBODY,
        brief: brief.expose(),
        body: &[],
    })?;
    Ok(())
}

/// Forgets those that nobody needs to know of any more.
pub(super) fn forget(change: &mut Change<'_>, now: UnixTime) -> Result<(), StoreError> {
    let mut over = Vec::new();
    for slot in change.owned(ANSWERED, Tag::NOBODY) {
        let kept: Kept = from_bytes(change.brief(slot)?)?;
        if kept.until.is_some_and(|until| until <= now) {
            over.push(slot);
        }
    }
    over.into_iter().try_for_each(|slot| change.delete(slot))
}
