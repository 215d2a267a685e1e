//! What the engine asks of the device it runs on: keys, the holder's presence, storage and the network.
//!
//! Each port is object-safe and answers with a boxed future, so that a phone can implement it in
//! Kotlin or Swift and no runtime is named here. `Clock` and `Rng` come from `inro_base`.

use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::{Code, Coded, UnixTime};
use inro_evidence::Receipt;

pub(crate) use crate::boxed::Boxed;
use crate::keys::KeyId;
use crate::notices::{NewNotice, Notice, NoticeId};
use crate::records::{
    AnchorKind, AnchorRecord, ChainEnd, Copy, CopyId, CredentialBrief, CredentialId, CredentialRecord, Erase,
    HistoryEntry, HistoryId, LostCopies, NamedKind, NamedRecord, NewCredential, NewHistoryEntry, NewPending,
    NewReceipt, Outcome, Pending, PendingEnd, PendingId, PendingRecord, RequestDigest,
};

/// The network.
pub trait Http: Send + Sync {
    /// Carries out one request: `https` only, no redirects, no cookies, at most
    /// `request.max_response_bytes` of an answer. A status of 4xx or 5xx is an answer, not an error.
    fn send(&self, request: HttpRequest) -> Boxed<'_, Result<HttpResponse, HttpError>>;
}

/// What the wallet remembers. Every method is one transaction: all of it or none.
pub trait Store: Send + Sync {
    /// Adds a trust anchor; the same anchor again changes nothing.
    fn add_anchor<'a>(&'a self, anchor: &'a AnchorRecord) -> Boxed<'a, Result<(), StoreError>>;

    /// The trust anchors of one kind, oldest first.
    fn anchors(&self, kind: AnchorKind) -> Boxed<'_, Result<Vec<AnchorRecord>, StoreError>>;

    /// Stores credentials with all their copies and the history entries of their issuance. A
    /// credential of the same type, issuer and format is replaced; the answer names the keys of
    /// copies that are of no use any more.
    fn put_credentials<'a>(
        &'a self,
        credentials: &'a [NewCredential],
    ) -> Boxed<'a, Result<Vec<KeyId>, StoreError>>;

    /// The same, together with what was deferred of the same offer: all of it or none.
    fn put_issued<'a>(
        &'a self,
        credentials: &'a [NewCredential],
        pending: &'a [NewPending],
    ) -> Boxed<'a, Result<Vec<KeyId>, StoreError>>;

    /// All deferred issuances, oldest first.
    fn pending(&self) -> Boxed<'_, Result<Vec<PendingRecord>, StoreError>>;

    /// One deferred issuance, if it is there.
    fn one_pending<'a>(&'a self, id: &'a PendingId) -> Boxed<'a, Result<Option<Pending>, StoreError>>;

    /// Takes down when to ask again for a deferred issuance.
    ///
    /// # Errors
    /// [`StoreError::NoSuchPending`].
    fn postpone<'a>(&'a self, id: &'a PendingId, retry_at: UnixTime) -> Boxed<'a, Result<(), StoreError>>;

    /// Ends a deferred issuance, and stores the credential or the history entry; the answer names the
    /// keys of copies that are of no use any more. Of two attempts only one succeeds.
    ///
    /// # Errors
    /// [`StoreError::NoSuchPending`]; nothing is written then.
    fn end_pending<'a>(
        &'a self,
        id: &'a PendingId,
        end: PendingEnd<'a>,
    ) -> Boxed<'a, Result<Vec<KeyId>, StoreError>>;

    /// What is known of every credential without reading it, oldest first.
    fn briefs(&self) -> Boxed<'_, Result<Vec<CredentialBrief>, StoreError>>;

    /// All credentials, oldest first.
    fn credentials(&self) -> Boxed<'_, Result<Vec<CredentialRecord>, StoreError>>;

    /// One credential, if it is there.
    fn credential<'a>(
        &'a self,
        id: &'a CredentialId,
    ) -> Boxed<'a, Result<Option<CredentialRecord>, StoreError>>;

    /// Up to `limit` unspent copies of a credential, always in the same order.
    fn unspent_copies<'a>(
        &'a self,
        id: &'a CredentialId,
        limit: usize,
    ) -> Boxed<'a, Result<Vec<Copy>, StoreError>>;

    /// The keys of the unspent copies of one credential, or of all; with all of them those of deferred
    /// issuances.
    fn keys_in_use<'a>(&'a self, id: Option<&'a CredentialId>) -> Boxed<'a, Result<Vec<KeyId>, StoreError>>;

    /// Those of `keys` that neither a copy nor a deferred issuance nor the store itself needs.
    fn unused_keys<'a>(&'a self, keys: &'a [KeyId]) -> Boxed<'a, Result<Vec<KeyId>, StoreError>>;

    /// Drops the copies and the deferred issuances whose keys are not among `keys`, all keys in custody,
    /// and records that: a restored backup brings back copies that were used since.
    fn drop_keyless<'a>(
        &'a self,
        keys: &'a [KeyId],
        now: UnixTime,
    ) -> Boxed<'a, Result<Vec<LostCopies>, StoreError>>;

    /// Drops the copies and the deferred issuances that need one of `dead`, and records that.
    fn drop_dead<'a>(
        &'a self,
        dead: &'a [KeyId],
        now: UnixTime,
    ) -> Boxed<'a, Result<Vec<LostCopies>, StoreError>>;

    /// Removes a credential with its copies and records that.
    ///
    /// # Errors
    /// [`StoreError::NoSuchCredential`].
    fn remove_credential<'a>(
        &'a self,
        id: &'a CredentialId,
        entry: &'a NewHistoryEntry,
    ) -> Boxed<'a, Result<(), StoreError>>;

    /// Whether a request was answered before.
    fn was_answered<'a>(&'a self, request: &'a RequestDigest) -> Boxed<'a, Result<bool, StoreError>>;

    /// Marks a request as answered and `copies` as spent, forgets the text of those copies, and
    /// records it: one conditional write, so that of two attempts only one succeeds. From
    /// `keep_until` on nobody needs to know any more that the request was answered, and the store
    /// forgets it at a later answer; `None` keeps it for good.
    ///
    /// # Errors
    /// [`StoreError::AnsweredBefore`], [`StoreError::Spent`]; nothing is written then.
    fn answer<'a>(
        &'a self,
        request: &'a RequestDigest,
        copies: &'a [CopyId],
        now: UnixTime,
        keep_until: Option<UnixTime>,
        entry: &'a NewHistoryEntry,
    ) -> Boxed<'a, Result<HistoryId, StoreError>>;

    /// Completes a history entry with what became of it, and stores the receipt of that.
    ///
    /// # Errors
    /// [`StoreError::HistoryMoved`]; nothing is written then.
    fn conclude<'a>(
        &'a self,
        entry: HistoryId,
        outcome: Outcome,
        receipt: Option<&'a NewReceipt>,
    ) -> Boxed<'a, Result<(), StoreError>>;

    /// Where the chain of receipts ends; `None` before the first. Every method that takes an entry with a receipt
    /// writes both on the condition that the chain ends where the receipt follows, or fails with
    /// [`StoreError::HistoryMoved`] and writes nothing.
    fn chain_end(&self) -> Boxed<'_, Result<Option<ChainEnd>, StoreError>>;

    /// Stores a receipt that belongs to no entry.
    ///
    /// # Errors
    /// [`StoreError::HistoryMoved`]; nothing is written then.
    fn extend_chain<'a>(&'a self, receipt: &'a NewReceipt) -> Boxed<'a, Result<(), StoreError>>;

    /// The receipts of every chain, oldest first. The store keeps at least 1,000 attachments, the newest.
    fn receipts(&self) -> Boxed<'_, Result<Vec<Vec<Receipt>>, StoreError>>;

    /// Forgets what entries say, with the bodies of their receipts. An entry without a receipt goes altogether.
    ///
    /// # Errors
    /// [`StoreError::NoSuchEntry`].
    fn erase_history(&self, erase: Erase) -> Boxed<'_, Result<(), StoreError>>;

    /// The newest `limit` history entries, newest first.
    fn history(&self, limit: u32) -> Boxed<'_, Result<Vec<HistoryEntry>, StoreError>>;

    /// Keeps `content` under `name` among the records of `kind`, in the place of what stood there, or
    /// forgets what stood there (`None`); and records that where there is an `entry`.
    fn put_named<'a>(
        &'a self,
        kind: NamedKind,
        name: &'a str,
        content: Option<&'a [u8]>,
        entry: Option<&'a NewHistoryEntry>,
    ) -> Boxed<'a, Result<(), StoreError>>;

    /// The records of `kind`, by name.
    fn named(&self, kind: NamedKind) -> Boxed<'_, Result<Vec<NamedRecord>, StoreError>>;

    /// Keeps what tells issuers that their credentials were deleted, in the place of what was kept of earlier
    /// issuances. [`Store::remove_credential`] makes the notices of its credential due.
    fn put_notices<'a>(&'a self, notices: &'a [NewNotice]) -> Boxed<'a, Result<(), StoreError>>;

    /// All notices, oldest first.
    fn notices(&self) -> Boxed<'_, Result<Vec<Notice>, StoreError>>;

    /// Forgets a notice; one that is gone already counts as forgotten.
    fn end_notice(&self, id: NoticeId) -> Boxed<'_, Result<(), StoreError>>;

    /// Takes down that the wallet is being given up, and makes every notice due. From then on nothing is stored
    /// and nothing answered: [`StoreError::Leaving`].
    fn leave(&self, now: UnixTime) -> Boxed<'_, Result<(), StoreError>>;

    /// Since when the wallet is being given up, if it is.
    fn leaving(&self) -> Boxed<'_, Result<Option<UnixTime>, StoreError>>;

    /// Takes over trust anchors and bundles of evidence from another phone.
    fn move_in<'a>(
        &'a self,
        anchors: &'a [AnchorRecord],
        bundles: &'a [Vec<u8>],
    ) -> Boxed<'a, Result<(), StoreError>>;

    /// The bundles that came from another phone, as they were given.
    fn moved_history(&self) -> Boxed<'_, Result<Vec<Vec<u8>>, StoreError>>;

    /// Closes the store and forgets what opens it. Then everything answers [`StoreError::Locked`].
    fn close(&self) -> Boxed<'_, Result<(), StoreError>>;

    /// Closes the store for good, in one step that a cut does not halve: opened again it erases what is left. Names the
    /// key that opened it.
    fn retire(&self) -> Boxed<'_, Result<Option<KeyId>, StoreError>>;

    /// Removes what [`Store::retire`] has put aside.
    fn remove(&self) -> Boxed<'_, Result<(), StoreError>>;
}

/// Why nothing came back from the network.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The URL is not `https`.
    #[error("only https is allowed")]
    NotHttps,
    /// No connection, or it broke.
    #[error("the server could not be reached")]
    Unreachable,
    /// The server's certificate leads to no anchor that was added for TLS.
    #[error("the server's certificate is not trusted")]
    Untrusted,
    /// No answer in time.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The answer is longer than `limit` bytes.
    #[error("an answer longer than {limit} bytes")]
    TooLong {
        /// How many bytes were allowed.
        limit: usize,
    },
}

/// Why the store could not do what was asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The request was answered before.
    #[error("this request was answered before")]
    AnsweredBefore,
    /// A copy was used before.
    #[error("a copy was used before")]
    Spent,
    /// No credential has this id.
    #[error("no such credential")]
    NoSuchCredential,
    /// No deferred issuance has this id.
    #[error("no such deferred issuance")]
    NoSuchPending,
    /// The chain of receipts does not end where the new one follows.
    #[error("another entry of the history came first")]
    HistoryMoved,
    /// No entry of the history has this id.
    #[error("no such entry of the history")]
    NoSuchEntry,
    /// The wallet is being given up: only that goes on.
    #[error("the wallet is being given up")]
    Leaving,
    /// The store was locked.
    #[error("the wallet is locked")]
    Locked,
    /// Another process or engine has the store open.
    #[error("the store is in use")]
    InUse,
    /// The key store does not open it: it is another wallet's, or its key is gone.
    #[error("the store belongs to another wallet")]
    OtherWallet,
    /// There is no space left.
    #[error("the storage is full")]
    Full,
    /// The database was made by a newer version.
    #[error("the database has version {found}, this program knows {known}")]
    TooNew {
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// What is stored was damaged or altered.
    #[error("what is stored was damaged or altered")]
    Corrupt,
    /// The database failed.
    #[error("the database failed")]
    Failed,
}

impl Coded for HttpError {
    fn code(&self) -> Code {
        match self {
            Self::NotHttps => const { Code::new("INRO-WALLET-010") },
            Self::Unreachable => const { Code::new("INRO-WALLET-011") },
            Self::Untrusted => const { Code::new("INRO-WALLET-012") },
            Self::TimedOut => const { Code::new("INRO-WALLET-013") },
            Self::TooLong { .. } => const { Code::new("INRO-WALLET-014") },
        }
    }
}

impl Coded for StoreError {
    fn code(&self) -> Code {
        match self {
            Self::AnsweredBefore => const { Code::new("INRO-WALLET-020") },
            Self::Spent => const { Code::new("INRO-WALLET-021") },
            Self::NoSuchCredential => const { Code::new("INRO-WALLET-022") },
            Self::NoSuchPending => const { Code::new("INRO-WALLET-081") },
            Self::TooNew { .. } => const { Code::new("INRO-WALLET-023") },
            Self::Corrupt => const { Code::new("INRO-WALLET-024") },
            Self::Failed => const { Code::new("INRO-WALLET-025") },
            Self::HistoryMoved => const { Code::new("INRO-WALLET-090") },
            Self::NoSuchEntry => const { Code::new("INRO-WALLET-091") },
            Self::Leaving => const { Code::new("INRO-WALLET-100") },
            Self::Locked => const { Code::new("INRO-WALLET-101") },
            Self::InUse => const { Code::new("INRO-WALLET-026") },
            Self::OtherWallet => const { Code::new("INRO-WALLET-027") },
            Self::Full => const { Code::new("INRO-WALLET-028") },
        }
    }
}
