//! Credentials, named by their id, and their copies: named by their keys, owned by their credential.

use std::collections::BTreeSet;

use inro_base::{Secret, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::forms::{COPY, CREDENTIAL, body, from_bytes, to_bytes};
use super::history;
use crate::keys::{Assurance, KeyId};
use crate::ports::StoreError;
use crate::records::{
    ClaimLabel, Copy, CopyId, CredentialBrief, CredentialId, CredentialRecord, Event, HistoryItem, Localized,
    LostCopies, NewCopy, NewCredential, NewHistoryEntry, Outcome,
};
use crate::vault::{Change, NewRecord, Records, Tag};

#[derive(Serialize, Deserialize)]
struct Stored {
    brief: CredentialBrief,
    name: Localized,
    issuer: String,
    issuer_name: Localized,
    claims: Map<String, Value>,
    always_visible: Vec<String>,
    labels: Vec<ClaimLabel>,
    received_at: UnixTime,
    /// The weakest of its copies: to show it no copy has to be read.
    #[serde(default)]
    assurance: Assurance,
}

#[derive(Serialize)]
struct CopyToStore<'a> {
    key: &'a str,
    text: &'a str,
    assurance: Assurance,
}

#[derive(Deserialize)]
struct StoredCopy {
    key: String,
    text: String,
    #[serde(default)]
    assurance: Assurance,
}

/// Stores a credential in the place of one with the same id; names the keys that are of no use any more.
pub(super) fn put(change: &mut Change<'_>, credential: &NewCredential) -> Result<Vec<KeyId>, StoreError> {
    let replaced = keys(change, Some(&credential.record.id))?;
    remove(change, &credential.record.id)?;
    put_new(change, &credential.record, &credential.copies)?;
    history::append(change, &credential.entry)?;
    Ok(replaced)
}

/// Stores a credential that is not there yet.
pub(super) fn put_new(
    change: &mut Change<'_>,
    record: &CredentialRecord,
    copies: &[NewCopy],
) -> Result<(), StoreError> {
    let brief = CredentialBrief {
        id: record.id.clone(),
        vct: record.vct.clone(),
        format: record.format.clone(),
        expires_at: record.expires_at,
    };
    let stored = Stored {
        brief,
        name: record.name.clone(),
        issuer: record.issuer.clone(),
        issuer_name: record.issuer_name.clone(),
        claims: record.claims.clone(),
        always_visible: record.always_visible.clone(),
        labels: record.labels.clone(),
        received_at: record.received_at,
        assurance: Assurance::weakest(copies.iter().map(|copy| copy.assurance)),
    };
    change.put(NewRecord {
        kind: CREDENTIAL,
        name: Some(record.id.0.as_bytes()),
        owner: Tag::NOBODY,
        brief: to_bytes(&stored.brief)?.expose(),
        body: to_bytes(&stored)?.expose(),
    })?;
    let owner = change.tag(CREDENTIAL, record.id.0.as_bytes());
    for copy in copies {
        let NewCopy { text, key, assurance } = copy;
        let stored = to_bytes(&CopyToStore { key: &key.0, text: text.expose(), assurance: *assurance })?;
        let name = Some(key.0.as_bytes());
        change.put(NewRecord { kind: COPY, name, owner, brief: &[], body: stored.expose() })?;
    }
    Ok(())
}

/// Takes a credential away with its copies; `false` where there is none.
pub(super) fn remove(change: &mut Change<'_>, id: &CredentialId) -> Result<bool, StoreError> {
    let Some(slot) = change.slot(CREDENTIAL, id.0.as_bytes()) else { return Ok(false) };
    let copies: Vec<i64> = change.owned(COPY, change.tag_at(slot)?).collect();
    copies.into_iter().try_for_each(|copy| change.delete(copy))?;
    change.delete(slot)?;
    Ok(true)
}

pub(super) fn spend(change: &mut Change<'_>, CopyId(slot): CopyId) -> Result<(), StoreError> {
    if !change.is_at(COPY, slot) {
        return Err(StoreError::Spent);
    }
    change.delete(slot)
}

/// What is known of every credential without reading it, oldest first.
pub(super) fn briefs(records: &Records) -> Result<Vec<CredentialBrief>, StoreError> {
    records.owned(CREDENTIAL, Tag::NOBODY).map(|slot| from_bytes(records.brief(slot)?)).collect()
}

pub(super) fn all(records: &Records) -> Result<Vec<CredentialRecord>, StoreError> {
    records.owned(CREDENTIAL, Tag::NOBODY).map(|slot| at(records, slot)).collect()
}

pub(super) fn one(records: &Records, id: &CredentialId) -> Result<Option<CredentialRecord>, StoreError> {
    records.slot(CREDENTIAL, id.0.as_bytes()).map(|slot| at(records, slot)).transpose()
}

fn at(records: &Records, slot: i64) -> Result<CredentialRecord, StoreError> {
    let stored: Stored = body(records, slot)?;
    let copies = records.owned(COPY, records.tag_at(slot)?).count();
    Ok(CredentialRecord {
        id: stored.brief.id,
        vct: stored.brief.vct,
        format: stored.brief.format,
        name: stored.name,
        issuer: stored.issuer,
        issuer_name: stored.issuer_name,
        claims: stored.claims,
        always_visible: stored.always_visible,
        labels: stored.labels,
        received_at: stored.received_at,
        expires_at: stored.brief.expires_at,
        copies: u32::try_from(copies).unwrap_or(u32::MAX),
        assurance: stored.assurance,
    })
}

/// Up to `limit` copies, oldest first.
pub(super) fn copies(records: &Records, id: &CredentialId, limit: usize) -> Result<Vec<Copy>, StoreError> {
    let owner = records.tag(CREDENTIAL, id.0.as_bytes());
    let read = |slot| {
        let StoredCopy { key, text, assurance } = body(records, slot)?;
        Ok(Copy { id: CopyId(slot), text: Secret::new(text), key: KeyId(key), assurance })
    };
    records.owned(COPY, owner).take(limit).map(read).collect()
}

/// The keys of the copies of one credential, or of all.
pub(super) fn keys(records: &Records, id: Option<&CredentialId>) -> Result<Vec<KeyId>, StoreError> {
    let slots = match id {
        Some(id) => records.owned(COPY, records.tag(CREDENTIAL, id.0.as_bytes())).collect(),
        None => records.all(COPY),
    };
    let key = |slot| Ok(KeyId(body::<StoredCopy>(records, slot)?.key));
    slots.into_iter().map(key).collect()
}

/// Whether a copy has this key. Nothing is read for it.
pub(super) fn uses(records: &Records, key: &KeyId) -> bool {
    records.slot(COPY, key.0.as_bytes()).is_some()
}

/// The tags of the copies with these keys, whether they are there or not.
pub(super) fn tags(records: &Records, keys: &[KeyId]) -> BTreeSet<Tag> {
    keys.iter().map(|key| records.tag(COPY, key.0.as_bytes())).collect()
}

/// Drops the copies whose tags are those of keys that are gone, and records that.
pub(super) fn drop_where(
    change: &mut Change<'_>,
    is_gone: &dyn Fn(&Tag) -> bool,
    now: UnixTime,
) -> Result<Vec<LostCopies>, StoreError> {
    let mut lost = Vec::new();
    for slot in change.owned(CREDENTIAL, Tag::NOBODY).collect::<Vec<_>>() {
        let mut gone = Vec::new();
        for copy in change.owned(COPY, change.tag_at(slot)?) {
            if is_gone(&change.tag_at(copy)?) {
                gone.push(copy);
            }
        }
        if gone.is_empty() {
            continue;
        }
        let copies = u32::try_from(gone.len()).unwrap_or(u32::MAX);
        gone.into_iter().try_for_each(|copy| change.delete(copy))?;
        let record = at(change, slot)?;
        let entry = NewHistoryEntry {
            event: Event::Lost,
            at: now,
            counterpart: record.issuer_name,
            registered: true,
            items: vec![HistoryItem { vct: record.vct, claims: Vec::new() }],
            outcome: Outcome::Done,
            receipt: None,
        };
        history::append(change, &entry)?;
        lost.push(LostCopies { credential: record.id, copies });
    }
    Ok(lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_does_not_say_how_keys_are_kept_says_nothing_good_of_them() {
        let copy: StoredCopy = from_bytes(br#"{"key":"k","text":"t"}"#).unwrap();
        assert_eq!((copy.key.as_str(), copy.assurance), ("k", Assurance::NONE));
        let name = r#"{"en":"","ja":""}"#;
        let brief = r#"{"id":"i","vct":"t","format":"dc+sd-jwt","expires_at":null}"#;
        let stored = format!(
            r#"{{"brief":{brief},"name":{name},"issuer":"","issuer_name":{name},"claims":{{}},
            "always_visible":[],"labels":[],"received_at":1}}"#
        );
        let stored: Stored = from_bytes(stored.as_bytes()).unwrap();
        assert_eq!((stored.received_at, stored.assurance), (UnixTime::from_secs(1), Assurance::NONE));
    }
}
