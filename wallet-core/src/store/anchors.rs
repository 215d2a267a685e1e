//! Trust anchors: named by their text, owned by their kind.

use inro_base::UnixTime;
use serde::{Deserialize, Serialize};

use super::forms::{ANCHOR, body, to_bytes};
use crate::ports::StoreError;
use crate::records::{AnchorKind, AnchorRecord};
use crate::vault::{Change, NewRecord, Records, Tag};

#[derive(Serialize, Deserialize)]
struct Stored {
    pem: String,
    added_at: UnixTime,
}

pub(super) fn add(change: &mut Change<'_>, anchor: &AnchorRecord) -> Result<(), StoreError> {
    let name = [anchor.kind.as_str(), "\n", &anchor.pem].concat();
    if change.slot(ANCHOR, name.as_bytes()).is_some() {
        return Ok(());
    }
    let stored = to_bytes(&Stored { pem: anchor.pem.clone(), added_at: anchor.added_at })?;
    change.put(NewRecord {
        kind: ANCHOR,
        name: Some(name.as_bytes()),
        owner: owner(change, anchor.kind),
        brief: &[],
        body: stored.expose(),
    })?;
    Ok(())
}

pub(super) fn all(records: &Records, kind: AnchorKind) -> Result<Vec<AnchorRecord>, StoreError> {
    let read = |slot| {
        let Stored { pem, added_at } = body(records, slot)?;
        Ok(AnchorRecord { kind, pem, added_at })
    };
    records.owned(ANCHOR, owner(records, kind)).map(read).collect()
}

fn owner(records: &Records, kind: AnchorKind) -> Tag {
    records.tag(ANCHOR, kind.as_str().as_bytes())
}
