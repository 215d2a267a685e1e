use inro_credential::{ClaimPath, Query};
use inro_trust::registration::VerifiedRegistration;

/// A part of a request that no registration covers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OverAsked {
    /// The id of the credential query.
    pub credential: String,
    /// The claims that were not registered; `None` when the credential's type was not.
    pub path: Option<ClaimPath>,
}

/// What `query` asks for beyond `registration`. Every type that a credential query accepts has to
/// be registered with every claim, since any of them may be answered.
pub(super) fn over_asked(query: &Query, registration: Option<&VerifiedRegistration>) -> Vec<OverAsked> {
    let mut over = Vec::new();
    for credential in query.credentials() {
        let id = credential.id().to_owned();
        let types = credential.vct_values();
        let type_covered = |vct: &String| registration.is_some_and(|known| known.covers_type(vct));
        if types.is_empty() || !types.iter().all(type_covered) {
            over.push(OverAsked { credential: id.clone(), path: None });
        }
        for claim in credential.claims() {
            let covered = |vct: &String| registration.is_some_and(|known| known.covers(vct, claim.path()));
            if types.is_empty() || !types.iter().all(covered) {
                over.push(OverAsked { credential: id.clone(), path: Some(claim.path().clone()) });
            }
        }
    }
    over
}
