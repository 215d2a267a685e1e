use inro_credential::ClaimPath;
use inro_credential::dcql::Query;
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
    for asked in query.requested_paths() {
        let beyond = |path| OverAsked { credential: asked.query_id.to_owned(), path };
        let type_covered = |vct: &String| registration.is_some_and(|known| known.covers_type(vct));
        if asked.types.is_empty() || !asked.types.iter().all(type_covered) {
            over.push(beyond(None));
        }
        for path in asked.paths {
            let covered = |vct: &String| registration.is_some_and(|known| known.covers(vct, path));
            if asked.types.is_empty() || !asked.types.iter().all(covered) {
                over.push(beyond(Some(path.clone())));
            }
        }
    }
    over
}
