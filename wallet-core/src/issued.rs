//! Checks what an issuer sent, before it is stored.

use std::collections::BTreeSet;

use inro_base::{UnixTime, base64url};
use inro_credential::{Format, HeldCredential, PathElement};
use inro_crypto::{Provider, PublicKey};
use inro_trust::Anchors;
use serde_json::{Map, Value};

use crate::error::WalletError;
use crate::keys::Assurance;
use crate::records::CreatedKey;
use crate::records::{
    ClaimLabel, CredentialId, CredentialRecord, Event, HistoryItem, Localized, NewCopy, NewCredential,
    NewHistoryEntry, Outcome, is_of_employee, path_name,
};

/// Claims that belong to one copy and not to the employee.
const PER_COPY: &[&str] = &["cnf", "status", "iat", "nbf", "exp"];

/// The answer to one credential request, and what was asked.
pub(crate) struct Batch<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) issuer_name: &'a Localized,
    pub(crate) issuer_vouched: bool,
    pub(crate) format: Format,
    /// The type in the issuer's metadata: `vct` or document type.
    pub(crate) type_id: Option<&'a str>,
    pub(crate) name: Localized,
    pub(crate) labels: Vec<ClaimLabel>,
    pub(crate) keys: &'a [CreatedKey],
    pub(crate) texts: Vec<String>,
}

/// Checks every copy: signed by an issuer on the list who may issue this type, of the type that was
/// offered, in its time, bound to a key of its own, saying the same as the others.
pub(crate) fn check(
    batch: Batch<'_>,
    anchors: &Anchors,
    now: UnixTime,
    provider: &dyn Provider,
) -> Result<NewCredential, WalletError> {
    // Fewer than were asked for is the issuer's right. Source: OpenID4VCI 1.0 §8.3.
    if !(1..=batch.keys.len()).contains(&batch.texts.len()) {
        return Err(WalletError::CopyCount { asked: batch.keys.len(), received: batch.texts.len() });
    }
    let mut free: Vec<&CreatedKey> = batch.keys.iter().collect();
    let mut copies = Vec::new();
    let mut common: Option<Common> = None;
    for text in batch.texts {
        let copy = HeldCredential::receive(batch.format, &text, anchors, now, provider)?;
        let found = Common::of(&copy, batch.issuer, batch.type_id)?;
        common = Some(match common {
            None => found,
            Some(first) => first.merge(found)?,
        });
        let key = take(&mut free, copy.holder_key().as_ref())?;
        copies.push(NewCopy { text: text.into(), key: key.id.clone(), assurance: key.assurance });
    }
    let common = common.ok_or(WalletError::CopyCount { asked: 0, received: 0 })?;
    let record = CredentialRecord {
        id: credential_id(&common.vct, batch.issuer, batch.format, provider),
        vct: common.vct,
        format: batch.format.as_str().to_owned(),
        name: batch.name,
        issuer: batch.issuer.to_owned(),
        issuer_name: batch.issuer_name.clone(),
        claims: common.claims,
        always_visible: common.always_visible,
        labels: batch.labels,
        received_at: now,
        expires_at: common.expires_at,
        copies: 0,
        assurance: Assurance::NONE,
    };
    let entry = NewHistoryEntry {
        event: Event::Issued,
        at: now,
        counterpart: batch.issuer_name.clone(),
        registered: batch.issuer_vouched,
        items: vec![HistoryItem { vct: record.vct.clone(), claims: record.claim_names() }],
        outcome: Outcome::Done,
        receipt: None,
    };
    Ok(NewCredential { record, copies, entry })
}

/// What all copies of a credential share.
struct Common {
    vct: String,
    claims: Map<String, Value>,
    always_visible: Vec<String>,
    /// Where disclosures stand: what the review says of one copy then holds for all.
    disclosable: BTreeSet<Vec<PathElement>>,
    expires_at: Option<UnixTime>,
}

impl Common {
    fn of(copy: &HeldCredential, issuer: &str, offered: Option<&str>) -> Result<Self, WalletError> {
        if Some(copy.type_id()) != offered {
            return Err(WalletError::OtherType);
        }
        let mut claims = copy.claims().clone();
        if claims.get("iss").is_some_and(|named| named.as_str() != Some(issuer)) {
            return Err(WalletError::OtherIssuer);
        }
        for name in PER_COPY {
            claims.shift_remove(*name);
        }
        let visible = copy.always_visible();
        let of_employee = visible.iter().filter(|path| path.top().is_some_and(is_of_employee));
        Ok(Self {
            vct: copy.type_id().to_owned(),
            claims,
            always_visible: of_employee.map(path_name).collect(),
            disclosable: copy.disclosable().into_iter().collect(),
            expires_at: copy.expires_at(),
        })
    }

    fn merge(self, other: Self) -> Result<Self, WalletError> {
        if self.claims != other.claims || self.disclosable != other.disclosable {
            return Err(WalletError::CopiesDiffer);
        }
        // The first to expire decides for all.
        let expires_at = match (self.expires_at, other.expires_at) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Ok(Self { expires_at, ..self })
    }
}

/// Takes the key that a copy is bound to: one that was sent, and that no other copy has.
fn take<'a>(
    free: &mut Vec<&'a CreatedKey>,
    bound: Option<&PublicKey>,
) -> Result<&'a CreatedKey, WalletError> {
    let index = free.iter().position(|key| Some(&key.public_key) == bound).ok_or(WalletError::ForeignKey)?;
    Ok(free.swap_remove(index))
}

/// The same for the same type, issuer and format.
pub(crate) fn credential_id(
    vct: &str,
    issuer: &str,
    format: Format,
    provider: &dyn Provider,
) -> CredentialId {
    // JSON keeps the parts apart, whatever characters they have.
    let parts = Value::from(vec![vct, issuer, format.as_str()]).to_string();
    let digest = provider.sha256(parts.as_bytes());
    let (short, _) = digest.split_at(9);
    CredentialId(base64url::encode(short))
}
