//! Whether issuers still stand by what was presented. The SDK has no network: it says which lists are
//! needed, keeps those that it is handed, and judges by them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use inro_base::UnixTime;
use inro_base::http::{HttpRequest, HttpResponse};
use inro_credential::Format;
use inro_crypto::Provider;
use inro_openid4vp::verifier::VerifiedCredential;
use inro_status::{
    Expected, Freshness, ListForms, Status, StatusError, StatusReference, UnverifiedStatusList,
    VerifiedStatusList,
};
use inro_trust::{Anchors, Usage};

use crate::VerifierError;
use crate::policy::AcceptanceRules;
use crate::record::CredentialStatus;

/// The most lists that are kept: some hundred million credentials.
const MAX_LISTS: usize = 256;
/// The most memory that kept lists take, in bytes, about.
const MAX_BYTES: usize = 128 * 1024 * 1024;

/// A list that is needed to judge a response.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct NeededList {
    /// The address of the list.
    pub uri: String,
    /// The common name of the anchor that vouches for the credential's issuer, and so must for the
    /// list's signer.
    pub authority: String,
    /// The forms in which it is taken. In other forms it is another list: what is kept of the one, and
    /// remembered against its being rolled back, is not held against the other, which an issuer may
    /// sign at other times.
    pub forms: ListForms,
}

/// What is known of a list.
#[derive(Clone, Debug)]
pub struct KnownList {
    /// The newest list that was ever had, which may be past its end.
    pub list: Option<Arc<VerifiedStatusList>>,
    /// Why it is not fresh; `Ok` when it is.
    pub fresh: Result<(), StatusError>,
}

/// What is known of the lists that a response needs. One that is not in it could not be had.
pub type KnownLists = HashMap<NeededList, KnownList>;

/// Verified lists, kept between responses, so that an issuer learns nothing of a single one.
#[derive(Default)]
pub struct StatusCache {
    lists: Mutex<HashMap<NeededList, Kept>>,
}

#[derive(Clone)]
struct Kept {
    list: Arc<VerifiedStatusList>,
    fetched_at: UnixTime,
}

impl NeededList {
    /// The list that `reference` in `credential` names.
    fn of(credential: &VerifiedCredential, reference: &StatusReference) -> Self {
        // Source: SD-JWT VC §2.2.2.3; for an mdoc no text chooses.
        let forms = match credential.format() {
            Format::SdJwtVc => ListForms::JwtAlone,
            Format::Mdoc => ListForms::JwtOrCwt,
        };
        Self { uri: reference.uri.clone(), authority: credential.authority().to_owned(), forms }
    }

    /// What fetches it: `https`, without a redirect.
    pub fn request(&self) -> HttpRequest {
        inro_status::request(&self.uri, self.forms)
    }
}

impl StatusCache {
    /// Nothing is kept yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is known without fetching. `fresh` is an error when a newer list has to be fetched first.
    pub fn known(&self, needed: &NeededList, max_age: Option<i64>, now: UnixTime) -> KnownList {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(kept) = lists.get(needed) else {
            return KnownList { list: None, fresh: Err(StatusError::Unreachable) };
        };
        let fresh = match kept.list.freshness(kept.fetched_at, max_age, now) {
            Freshness::Fresh => Ok(()),
            Freshness::Stale => Err(StatusError::Stale { issued_at: kept.list.issued_at() }),
        };
        KnownList { list: Some(Arc::clone(&kept.list)), fresh }
    }

    /// Takes the answer to [`NeededList::request`]: verified, it is kept and known from now on.
    ///
    /// # Errors
    /// [`StatusError`] with the first reason found against it; what was kept stays kept.
    pub fn received(
        &self,
        needed: &NeededList,
        response: &HttpResponse,
        anchors: &Anchors,
        now: UnixTime,
        provider: &dyn Provider,
    ) -> Result<KnownList, StatusError> {
        let unverified = UnverifiedStatusList::received(response, needed.forms)?;
        let signer = anchors.trust(unverified.x5c(), Usage::CredentialIssuer, now, provider)?;
        let expected = Expected { uri: &needed.uri, authority: &needed.authority, now };
        let list = Arc::new(unverified.verify(&signer, &expected, provider)?);
        self.keep(needed, Kept { list: Arc::clone(&list), fetched_at: now })?;
        Ok(KnownList { list: Some(list), fresh: Ok(()) })
    }

    /// What is known when fetching failed: a list whose own time is not over still says what it says, as
    /// long as it is not older than `max_age`.
    pub fn without_fetching(
        &self,
        needed: &NeededList,
        max_age: Option<i64>,
        now: UnixTime,
        error: StatusError,
    ) -> KnownList {
        let list = self.known(needed, max_age, now).list;
        let still_good = list.as_ref().is_some_and(|list| {
            let too_old = max_age.is_some_and(|most| list.is_older_than(most, now));
            !too_old && !list.is_expired(now) && list.issued_at() <= now.plus(inro_status::CLOCK_SKEW)
        });
        KnownList { list, fresh: if still_good { Ok(()) } else { Err(error) } }
    }

    /// A list that is older than the one that is kept is a replay, or an issuer that lost its newest data:
    /// it could bring back what was taken back.
    fn keep(&self, needed: &NeededList, new: Kept) -> Result<(), StatusError> {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = lists.get(needed)
            && kept.list.issued_at() > new.list.issued_at()
        {
            return Err(StatusError::RolledBack { issued_at: new.list.issued_at() });
        }
        lists.insert(needed.clone(), new);
        let size =
            |lists: &HashMap<NeededList, Kept>| lists.values().map(|kept| kept.list.size()).sum::<usize>();
        while lists.len() > MAX_LISTS || (lists.len() > 1 && size(&lists) > MAX_BYTES) {
            let others = lists.iter().filter(|(key, _)| *key != needed);
            let Some(oldest) = others.min_by_key(|(_, kept)| kept.fetched_at).map(|(key, _)| key.clone())
            else {
                break;
            };
            lists.remove(&oldest);
        }
        Ok(())
    }
}

/// The lists that `credentials` refer to, each once.
pub(crate) fn needed<'a>(credentials: impl Iterator<Item = &'a VerifiedCredential>) -> Vec<NeededList> {
    let mut lists: Vec<NeededList> = Vec::new();
    for credential in credentials {
        if let Ok(Some(reference)) = credential.status() {
            let list = NeededList::of(credential, &reference);
            if !lists.contains(&list) {
                lists.push(list);
            }
        }
    }
    lists
}

/// How a credential stands, as far as is known. `Err` when its issuer does not stand by it.
///
/// Source: Token Status List §8.3, §13.7.
pub(crate) fn judge(
    credential: &VerifiedCredential,
    known: &KnownLists,
    rules: &AcceptanceRules,
    now: UnixTime,
) -> Result<CredentialStatus, VerifierError> {
    let reference = match credential.status() {
        Ok(None) => return Ok(CredentialStatus::Valid),
        Ok(Some(reference)) => reference,
        Err(_) => return Ok(CredentialStatus::Undetermined),
    };
    let needed = NeededList::of(credential, &reference);
    let Some(KnownList { list: Some(list), fresh }) = known.get(&needed) else {
        return Ok(CredentialStatus::Undetermined);
    };
    // Past its end a list says nothing of anybody, of those whom it takes back neither.
    if list.is_expired(now) {
        return Ok(CredentialStatus::Undetermined);
    }
    match list.status(reference.index) {
        Ok(Status::Valid) => {
            let too_old = rules.status_max_age.is_some_and(|most| list.is_older_than(most, now));
            let good = fresh.is_ok() && !too_old;
            Ok(if good { CredentialStatus::Valid } else { CredentialStatus::Undetermined })
        }
        Ok(Status::Invalid) => Err(VerifierError::Revoked),
        Ok(Status::Suspended) => Err(VerifierError::Suspended),
        // Nobody told this verifier what it means.
        Ok(Status::Other(_)) => Ok(CredentialStatus::Undetermined),
        // The text has it rejected, whatever the policy says.
        Err(error) => Err(VerifierError::Status(error)),
    }
}

impl fmt::Debug for StatusCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        write!(f, "StatusCache({} lists)", lists.len())
    }
}
