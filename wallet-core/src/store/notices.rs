//! Notices to issuers, owned by their credential, and whether the wallet is being given up.

use inro_base::{Secret, UnixTime, base64url};
use serde::{Deserialize, Serialize};

use super::forms::{LEAVING, NOTICE, body, to_bytes};
use crate::keys::KeyId;
use crate::notices::{NewNotice, Notice, NoticeId};
use crate::ports::StoreError;
use crate::records::CredentialId;
use crate::vault::{Change, NewRecord, Records, Tag};

/// The one record of its kind.
const MARK: &[u8] = b"leaving";

#[derive(Serialize, Deserialize)]
struct Stored {
    credential: String,
    notifier: String,
    dpop_key: String,
    notification_id: String,
    due: bool,
}

#[derive(Serialize, Deserialize)]
struct Leaving {
    since: UnixTime,
}

/// Keeps notices; those of an earlier issuance of the same credentials are of no use any more.
pub(super) fn put(change: &mut Change<'_>, notices: &[NewNotice]) -> Result<(), StoreError> {
    for notice in notices {
        for slot in of(change, &notice.credential) {
            if !body::<Stored>(change, slot)?.due {
                change.delete(slot)?;
            }
        }
    }
    for notice in notices {
        let stored = to_bytes(&Stored {
            credential: notice.credential.0.clone(),
            notifier: base64url::encode(notice.notifier.expose()),
            dpop_key: notice.dpop_key.0.clone(),
            notification_id: notice.notification_id.clone(),
            due: false,
        })?;
        let owner = owner(change, &notice.credential);
        change.put(NewRecord { kind: NOTICE, name: None, owner, brief: &[], body: stored.expose() })?;
    }
    Ok(())
}

/// All notices, oldest first.
pub(super) fn all(records: &Records) -> Result<Vec<Notice>, StoreError> {
    let read = |slot| {
        let stored: Stored = body(records, slot)?;
        let notifier = base64url::decode(&stored.notifier).map_err(|_| StoreError::Corrupt)?;
        let of = NewNotice {
            credential: CredentialId(stored.credential),
            notifier: Secret::new(notifier),
            dpop_key: KeyId(stored.dpop_key),
            notification_id: stored.notification_id,
        };
        Ok(Notice { id: NoticeId(slot), due: stored.due, of })
    };
    records.all(NOTICE).into_iter().map(read).collect()
}

/// The issuers of one credential are to be told that it was deleted.
pub(super) fn call(change: &mut Change<'_>, id: &CredentialId) -> Result<(), StoreError> {
    of(change, id).into_iter().try_for_each(|slot| set_due(change, slot))
}

/// Marks the wallet as being given up, and every notice as due. Done twice, the first time counts.
pub(super) fn leave(change: &mut Change<'_>, now: UnixTime) -> Result<(), StoreError> {
    if change.slot(LEAVING, MARK).is_some() {
        return Ok(());
    }
    let stored = to_bytes(&Leaving { since: now })?;
    let name = Some(MARK);
    change.put(NewRecord { kind: LEAVING, name, owner: Tag::NOBODY, brief: &[], body: stored.expose() })?;
    change.all(NOTICE).into_iter().try_for_each(|slot| set_due(change, slot))
}

/// Since when the wallet is being given up, if it is.
pub(super) fn leaving(records: &Records) -> Result<Option<UnixTime>, StoreError> {
    let Some(slot) = records.slot(LEAVING, MARK) else { return Ok(None) };
    Ok(Some(body::<Leaving>(records, slot)?.since))
}

/// # Errors
/// [`StoreError::Leaving`] in a wallet that is being given up.
pub(super) fn check_staying(records: &Records) -> Result<(), StoreError> {
    match records.slot(LEAVING, MARK) {
        None => Ok(()),
        Some(_) => Err(StoreError::Leaving),
    }
}

/// Forgets a notice; one that is gone already counts as forgotten.
pub(super) fn end(change: &mut Change<'_>, NoticeId(slot): NoticeId) -> Result<(), StoreError> {
    if change.is_at(NOTICE, slot) { change.delete(slot) } else { Ok(()) }
}

fn set_due(change: &mut Change<'_>, slot: i64) -> Result<(), StoreError> {
    let stored: Stored = body(change, slot)?;
    change.replace(slot, &[], to_bytes(&Stored { due: true, ..stored })?.expose())
}

fn of(records: &Records, id: &CredentialId) -> Vec<i64> {
    records.owned(NOTICE, owner(records, id)).collect()
}

fn owner(records: &Records, id: &CredentialId) -> Tag {
    records.tag(NOTICE, id.0.as_bytes())
}
