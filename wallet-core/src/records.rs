//! What the store keeps, as plain values.

use std::fmt;

use inro_base::{Secret, UnixTime};
use inro_credential::{ClaimPath, PathElement};
use inro_evidence::{Digest, EvidenceError, Head, Receipt};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use crate::keys::{Assurance, CreatedKey, KeyId};

/// Under which name the wallet knows a credential: the same for the same type, issuer and format.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CredentialId(pub String);

/// Under which name the wallet knows a deferred issuance: random.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PendingId(pub String);

/// Under which name the wallet knows a standing approval.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConsentId(pub String);

/// What records that have names of their own are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NamedKind {
    /// Standing approvals and what is left of them.
    Consent,
    /// Refresh tokens, wrapped.
    Refill,
}

/// A record that has a name of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NamedRecord {
    /// Its name among those of its kind.
    pub name: String,
    /// What whoever put it there wrote.
    pub content: Vec<u8>,
}

/// Names one copy of a credential inside the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CopyId(pub i64);

/// Names one entry of the history.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct HistoryId(pub i64);

/// SHA-256 over what makes a presentation request unique: client id, nonce and state.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct RequestDigest(pub [u8; 32]);

/// A text in the languages that holders read.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Localized {
    /// English.
    pub en: String,
    /// Japanese.
    pub ja: String,
}

/// For whom a trust anchor may vouch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AnchorKind {
    /// Issuers of credentials, and the registrar of their trust list.
    Issuer,
    /// Verifiers that sign presentation requests.
    Verifier,
    /// HTTPS servers.
    Tls,
}

/// A trust anchor as its PEM text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnchorRecord {
    /// For whom it may vouch.
    pub kind: AnchorKind,
    /// The certificate, PEM.
    pub pem: String,
    /// When it was added.
    pub added_at: UnixTime,
}

/// What the wallet shows of a credential. All copies say the same. `Debug` shows the id alone.
#[derive(Clone, Eq, PartialEq, Serialize)]
pub struct CredentialRecord {
    /// Under which name the wallet knows it.
    pub id: CredentialId,
    /// The credential type: `vct`.
    #[serde(rename = "type")]
    pub vct: String,
    /// The credential format, `dc+sd-jwt`.
    pub format: String,
    /// The type's name for people.
    pub name: Localized,
    /// The credential issuer identifier, an `https` URL.
    pub issuer: String,
    /// The issuer's name for people.
    pub issuer_name: Localized,
    /// Every claim, as the holder sees them.
    pub claims: Map<String, Value>,
    /// The names of what every verifier sees, whatever is chosen: `agency`, `unit.code`.
    pub always_visible: Vec<String>,
    /// What the issuer calls its claims.
    #[serde(skip)]
    pub labels: Vec<ClaimLabel>,
    /// When it was received.
    pub received_at: UnixTime,
    /// After this time no copy is valid; `None` if the issuer set no end.
    pub expires_at: Option<UnixTime>,
    /// How many copies can still be presented, each once.
    pub copies: u32,
    /// How the keys of all its copies are kept at least.
    pub assurance: Assurance,
}

/// What is known of a credential without reading it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct CredentialBrief {
    /// Under which name the wallet knows it.
    pub id: CredentialId,
    /// The credential type: `vct` or document type.
    pub vct: String,
    /// The credential format.
    pub format: String,
    /// After this time no copy is valid; `None` if the issuer set no end.
    pub expires_at: Option<UnixTime>,
}

/// Copies that cannot be presented, since their keys are gone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LostCopies {
    /// Of which credential.
    pub credential: CredentialId,
    /// How many.
    pub copies: u32,
}

/// A claim's name for people.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ClaimLabel {
    /// Where such claims stand.
    pub path: ClaimPath,
    /// Their name.
    pub name: Localized,
}

/// A credential to store, with all its copies.
#[derive(Debug)]
pub struct NewCredential {
    /// What the wallet shows; `copies` and `assurance` are ignored, since the copies tell them.
    pub record: CredentialRecord,
    /// At least one copy.
    pub copies: Vec<NewCopy>,
    /// What the history says of its issuance.
    pub entry: NewHistoryEntry,
}

/// One copy to store, checked, with the key that it is bound to.
#[derive(Debug)]
pub struct NewCopy {
    /// The issuer-signed text: SD-JWT with all disclosures.
    pub text: Secret<String>,
    /// The key in its `cnf`.
    pub key: KeyId,
    /// How that key is kept.
    pub assurance: Assurance,
}

/// What the wallet shows of a credential that its issuer deferred.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PendingRecord {
    /// Under which name the wallet knows it.
    pub id: PendingId,
    /// The credential type that was offered: `vct` or document type.
    pub type_id: String,
    /// The credential format.
    pub format: String,
    /// The type's name for people.
    pub name: Localized,
    /// The credential issuer identifier, an `https` URL.
    pub issuer: String,
    /// The issuer's name for people.
    pub issuer_name: Localized,
    /// Whether an anchor vouches for that name.
    pub issuer_vouched: bool,
    /// When it was asked for.
    pub requested_at: UnixTime,
    /// Before this time the issuer does not want to be asked again.
    pub retry_at: UnixTime,
}

/// A deferred issuance to store.
#[derive(Debug)]
pub struct NewPending {
    /// What the wallet shows.
    pub record: PendingRecord,
    /// What collects it, wrapped by the key store: it holds an access token.
    pub ticket: Vec<u8>,
    /// The keys that were sent, one per copy.
    pub keys: Vec<CreatedKey>,
    /// The key that the access token is bound to; deferred issuances of one offer share it.
    pub dpop_key: KeyId,
}

/// A stored deferred issuance.
pub type Pending = NewPending;

/// How a deferred issuance ends.
#[derive(Clone, Copy, Debug)]
pub enum PendingEnd<'a> {
    /// The credential came and is stored.
    Received(&'a NewCredential),
    /// Nothing will come of it.
    Over(&'a NewHistoryEntry),
}

/// An unspent copy.
#[derive(Debug)]
pub struct Copy {
    /// Names it in [`crate::Store::answer`].
    pub id: CopyId,
    /// The issuer-signed text.
    pub text: Secret<String>,
    /// The key in its `cnf`.
    pub key: KeyId,
    /// How that key is kept.
    pub assurance: Assurance,
}

/// What happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A credential was received.
    Issued,
    /// Claims were presented.
    Presented,
    /// A request was refused, or nothing fitted it.
    Refused,
    /// A credential was deleted.
    Deleted,
    /// Copies were dropped, since their keys are gone: the device destroyed them, or a backup brought the copies back.
    Lost,
    /// "Always" was said to a verifier.
    Consented,
    /// A standing approval was withdrawn.
    Withdrawn,
    /// The holder erased what there was.
    Erased,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Begun; after a crash it is unknown whether the counterpart received it.
    Begun,
    /// The counterpart confirmed it, or nobody had to.
    Done,
    /// Nobody confirmed it: it may not have arrived, or was not accepted. What was presented counts
    /// as seen all the same.
    Failed,
}

/// Something to remember: names of claims, never their values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewHistoryEntry {
    /// What happened.
    pub event: Event,
    /// When.
    pub at: UnixTime,
    /// The issuer's or verifier's name for people.
    pub counterpart: Localized,
    /// Whether a registration vouches for that name.
    pub registered: bool,
    /// Per credential its type and the names of its claims.
    pub items: Vec<HistoryItem>,
    /// How it stands at this moment.
    pub outcome: Outcome,
    /// What was signed of it.
    pub receipt: Option<NewReceipt>,
}

/// A signed receipt to store, after the one that it opens its chain with, if it does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewReceipt {
    /// The last record before it, of whatever chain; `None` for the first of all.
    pub follows: Option<Digest>,
    /// The receipts, in their order.
    pub receipts: Vec<Receipt>,
    /// Where the chain ends then.
    pub end: ChainEnd,
}

/// Where a chain of receipts ends, and which key signs the next one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChainEnd {
    /// The chain's head as `inro_evidence` stores it.
    pub head: Vec<u8>,
    /// Under which name the key store knows the key.
    pub key: KeyId,
}

/// What of the history is erased.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Erase {
    /// One entry.
    Entry(HistoryId),
    /// Every entry.
    Everything,
    /// The requests that were kept; the entries stay.
    Requests,
}

/// A credential in a history entry.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct HistoryItem {
    /// The credential type: `vct`.
    #[serde(rename = "type")]
    pub vct: String,
    /// The names of the claims, path elements joined by `.`.
    pub claims: Vec<String>,
}

/// One entry of the history.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct HistoryEntry {
    /// Names it.
    pub id: HistoryId,
    /// What happened.
    pub event: Event,
    /// When, in seconds since the Unix epoch.
    pub at: UnixTime,
    /// The issuer's or verifier's name for people.
    pub counterpart: Localized,
    /// Whether a registration vouches for that name.
    pub registered: bool,
    /// Per credential its type and the names of its claims.
    pub items: Vec<HistoryItem>,
    /// What became of it.
    pub outcome: Outcome,
    /// The number of its receipt in its chain; `None` when nothing was signed of it, as before receipts were kept.
    pub receipt: Option<u64>,
}

impl ChainEnd {
    /// The end at `head`, after which `key` signs.
    pub fn of(head: &Head, key: KeyId) -> Self {
        Self { head: head.to_stored(), key }
    }

    /// The chain's head.
    ///
    /// # Errors
    /// What [`Head::from_stored`] says when it is none.
    pub fn head(&self) -> Result<Head, EvidenceError> {
        Head::from_stored(&self.head)
    }
}

impl CredentialRecord {
    /// The names of its claims, without those that the format itself uses.
    pub fn claim_names(&self) -> Vec<String> {
        self.claims.keys().filter(|name| is_of_employee(name)).cloned().collect()
    }

    /// Whether nothing says that `held` is another employee's. A wallet is one person's; a claim that
    /// only one of the two has tells nothing, since a type may come to have more claims.
    pub(crate) fn may_replace(&self, held: &Self) -> bool {
        let agrees = |name: &&str| match (self.claims.get(*name), held.claims.get(*name)) {
            (Some(new), Some(old)) => new == old,
            _ => true,
        };
        SUBJECT_CLAIMS.iter().all(agrees)
    }

    /// The claim at `path`, which has no `null`.
    pub fn claim(&self, path: &ClaimPath) -> Option<&Value> {
        let (first, rest) = path.elements().split_first()?;
        let PathElement::Key(name) = first else { return None };
        rest.iter().try_fold(self.claims.get(name)?, |value, element| match element {
            PathElement::Key(name) => value.get(name),
            PathElement::Index(index) => value.get(*index),
            PathElement::All => None,
        })
    }

    /// What the issuer calls the claim at `path`, if it says so.
    pub fn label(&self, path: &ClaimPath) -> Option<&Localized> {
        let length = path.elements().len();
        let fits = |label: &&ClaimLabel| label.path.elements().len() == length && label.path.covers(path);
        self.labels.iter().find(fits).map(|label| &label.name)
    }
}

/// Claims of the format, not of the employee; `sub` names the employee. Source: SD-JWT VC §2.2.2.3.
const REGISTERED_CLAIMS: &[&str] =
    &["iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status", "iat"];

/// Claims that stay the same for one employee at one issuer, and differ between two.
const SUBJECT_CLAIMS: &[&str] = &["employee_number", "sub"];

impl AnchorKind {
    /// The kind as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Verifier => "verifier",
            Self::Tls => "tls",
        }
    }
}

impl NamedKind {
    /// The kind as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Refill => "refill",
        }
    }
}

impl Event {
    /// The event as it is stored and shown to programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Presented => "presented",
            Self::Refused => "refused",
            Self::Deleted => "deleted",
            Self::Lost => "lost",
            Self::Consented => "consented",
            Self::Withdrawn => "withdrawn",
            Self::Erased => "erased",
        }
    }
}

impl Outcome {
    /// The outcome as it is stored and shown to programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Debug for CredentialRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialRecord({})", self.id.0)
    }
}

impl fmt::Debug for RequestDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestDigest(…)")
    }
}

/// Whether the top-level claim `name` says something of the employee.
pub(crate) fn is_of_employee(name: &str) -> bool {
    !REGISTERED_CLAIMS.contains(&name)
}

/// The path as people read it: `department.name`, `powers[0]`.
pub(crate) fn path_name(path: &ClaimPath) -> String {
    let mut name = String::new();
    for element in path.elements() {
        match element {
            PathElement::Key(key) if name.is_empty() => name.push_str(key),
            PathElement::Key(key) => name.extend([".", key]),
            PathElement::Index(index) => name.push_str(&format!("[{index}]")),
            PathElement::All => name.push_str("[]"),
        }
    }
    name
}
