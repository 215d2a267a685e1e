//! What the contract of a store puts into it.

use inro_base::{Secret, UnixTime};
use inro_credential::ClaimPath;
use inro_crypto::{Signer as _, SoftwareKey};
use serde_json::{Map, Value};

use crate::keys::{Assurance, CreatedKey, KeyId};
use crate::ports::{Store, StoreError};
use crate::records::{
    ClaimLabel, CredentialId, CredentialRecord, Event, HistoryItem, Localized, NewCopy, NewCredential,
    NewHistoryEntry, NewPending, Outcome, PendingId, PendingRecord,
};
use crate::testing::run;

pub(super) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

pub(super) fn pending(id: &str, after: i64, keys: &[&str]) -> NewPending {
    let key = |(number, name): (u8, &&str)| CreatedKey {
        id: KeyId((*name).into()),
        public_key: SoftwareKey::from_secret_bytes(&[number; 32]).unwrap().public_key(),
        assurance: Assurance::NONE,
    };
    NewPending {
        record: PendingRecord {
            id: PendingId(id.into()),
            type_id: "urn:test:employee".into(),
            format: "dc+sd-jwt".into(),
            name: Localized { en: "Card".into(), ja: "証".into() },
            issuer: "https://issuer.example".into(),
            issuer_name: Localized { en: "Minato City".into(), ja: "みなと市".into() },
            issuer_vouched: true,
            requested_at: NOW.plus(after),
            retry_at: NOW.plus(after + 5),
        },
        // Of the time when a wrapping key had no name.
        ticket: vec![1, 2, 3],
        keys: (1..).zip(keys).map(key).collect(),
        dpop_key: KeyId("dpop".into()),
    }
}

pub(super) fn credential(id: &str, keys: &[&str]) -> NewCredential {
    let copy = |key: &&str| NewCopy {
        text: Secret::new(format!("text of {key}")),
        key: KeyId((*key).into()),
        assurance: Assurance::NONE,
    };
    let copies = keys.iter().map(copy).collect();
    NewCredential { record: record(id), copies, entry: entry(Event::Issued, Outcome::Done) }
}

pub(super) fn put(store: &dyn Store, credential: NewCredential) -> Result<Vec<KeyId>, StoreError> {
    run(store.put_credentials(&[credential]))
}

pub(super) fn record(id: &str) -> CredentialRecord {
    CredentialRecord {
        id: CredentialId(id.into()),
        vct: format!("urn:test:{id}"),
        format: "dc+sd-jwt".into(),
        name: Localized { en: "Card".into(), ja: "証".into() },
        issuer: "https://issuer.example".into(),
        issuer_name: Localized { en: "Minato City".into(), ja: "みなと市".into() },
        claims: Map::from_iter([("agency".into(), Value::from("みなと市"))]),
        always_visible: vec!["agency".into()],
        labels: vec![ClaimLabel {
            path: ClaimPath::claim("agency"),
            name: Localized { en: "Agency".into(), ja: "所属機関".into() },
        }],
        received_at: NOW,
        expires_at: Some(NOW.plus(1)),
        copies: 0,
        assurance: Assurance::NONE,
    }
}

pub(super) fn entry(event: Event, outcome: Outcome) -> NewHistoryEntry {
    NewHistoryEntry {
        event,
        at: NOW,
        counterpart: Localized { en: "Welfare System".into(), ja: "福祉システム".into() },
        registered: true,
        items: vec![HistoryItem { vct: "urn:test:employee".into(), claims: vec!["agency".into()] }],
        outcome,
        receipt: None,
    }
}
