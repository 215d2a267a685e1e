//! Records with names of their own, owned by their kind.

use inro_base::base64url;
use serde::{Deserialize, Serialize};

use super::forms::{NAMED, body, to_bytes};
use crate::ports::StoreError;
use crate::records::{NamedKind, NamedRecord};
use crate::vault::{Change, NewRecord, Records, Tag};

#[derive(Serialize, Deserialize)]
struct Stored {
    name: String,
    /// base64url.
    content: String,
}

pub(super) fn put(
    change: &mut Change<'_>,
    kind: NamedKind,
    name: &str,
    content: Option<&[u8]>,
) -> Result<(), StoreError> {
    let full = [kind.as_str(), "\n", name].concat();
    let known = change.slot(NAMED, full.as_bytes());
    let Some(content) = content else {
        return known.map_or(Ok(()), |slot| change.delete(slot));
    };
    let stored = to_bytes(&Stored { name: name.to_owned(), content: base64url::encode(content) })?;
    if let Some(slot) = known {
        return change.replace(slot, &[], stored.expose());
    }
    change.put(NewRecord {
        kind: NAMED,
        name: Some(full.as_bytes()),
        owner: owner(change, kind),
        brief: &[],
        body: stored.expose(),
    })?;
    Ok(())
}

/// By name.
pub(super) fn all(records: &Records, kind: NamedKind) -> Result<Vec<NamedRecord>, StoreError> {
    let read = |slot| {
        let Stored { name, content } = body(records, slot)?;
        let content = base64url::decode(&content).map_err(|_| StoreError::Corrupt)?;
        Ok(NamedRecord { name, content })
    };
    let mut all =
        records.owned(NAMED, owner(records, kind)).map(read).collect::<Result<Vec<_>, StoreError>>()?;
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

fn owner(records: &Records, kind: NamedKind) -> Tag {
    records.tag(NAMED, kind.as_str().as_bytes())
}
