//! From what fits a request to what the holder is shown.

use inro_credential::dcql::{CandidateMatch, Matches, QueryMatch};
use inro_credential::{ClaimPath, Format, HeldCredential};
use inro_openid4vp::wallet::{OverAsked, Reviewing, StatedPurpose, VerifiedRequest, VerifierIdentity};
use inro_trust::registration::VerifiedRegistration;

use crate::records::{CredentialRecord, Localized, path_name};
use crate::review::{Asked, AskedClaim, Asker, Group, GroupOption, Review, ReviewPurpose};

/// The most answers to one part that the holder is shown.
const MAX_OPTIONS: usize = 16;

/// A credential that a request may match, with one of its unspent copies; all have the same places.
pub(crate) struct Held {
    pub(crate) record: CredentialRecord,
    pub(crate) copy: Option<HeldCredential>,
}

/// What `state` asks the holder. The candidates of its matches are `held`, in the same order.
pub(crate) fn review(state: &Reviewing, held: &[Held]) -> Review {
    let request = state.request();
    let matches = state.matches();
    let registration = request.verifier().registration();
    let view = View { request, over_asked: request.over_asked(), registration, held };
    Review {
        asker: asker(request.verifier()),
        purpose: purpose(request),
        host: request.response_host().to_owned(),
        groups: matches.map(|matches| view.groups(matches)).unwrap_or_default(),
        satisfiable: matches.is_some(),
    }
}

/// Whether `query` asks for an answer that is bound to the verifier and its request.
pub(crate) fn requires_binding(request: &VerifiedRequest, query: &str) -> bool {
    request.query().credential(query).is_none_or(|query| query.requires_holder_binding())
}

struct View<'a> {
    request: &'a VerifiedRequest,
    over_asked: &'a [OverAsked],
    registration: Option<&'a VerifiedRegistration>,
    held: &'a [Held],
}

impl View<'_> {
    fn groups(&self, matches: &Matches) -> Vec<Group> {
        if matches.sets().is_empty() {
            let one =
                |query: &QueryMatch| Group { required: true, options: unused_first(self.options(&[query])) };
            return matches.queries().iter().map(one).collect();
        }
        let sets = matches.sets().iter().map(|set| {
            let satisfiable = set.options.iter().filter(|option| option.satisfiable);
            let options = satisfiable.flat_map(|option| {
                let queries: Vec<_> = option.query_ids.iter().filter_map(|id| matches.query(id)).collect();
                self.options(&queries)
            });
            Group { required: set.required, options: unused_first(options.take(MAX_OPTIONS).collect()) }
        });
        sets.collect()
    }

    /// Every way to answer all of `queries`, in the verifier's order of preference.
    fn options(&self, queries: &[&QueryMatch]) -> Vec<GroupOption> {
        let mut options = vec![GroupOption { credentials: Vec::new() }];
        for query in queries {
            let mut longer = Vec::new();
            for (option, candidate) in
                options.iter().flat_map(|option| query.candidates.iter().map(move |c| (option, c)))
            {
                let Some(asked) = self.asked(&query.query_id, candidate) else { continue };
                let credentials = option.credentials.iter().cloned().chain([asked]).collect();
                longer.push(GroupOption { credentials });
                if longer.len() == MAX_OPTIONS {
                    break;
                }
            }
            options = longer;
        }
        options
    }

    /// Two queries for one data element may differ: then it is kept.
    fn kept(&self, query: &str, path: &ClaimPath) -> Option<bool> {
        let asked = self.request.query().credential(query)?.claims().iter();
        let said = asked.filter(|claim| claim.path().covers(path)).map(|claim| claim.intent_to_retain());
        said.max().flatten()
    }

    fn asked(&self, query: &str, candidate: &CandidateMatch) -> Option<Asked> {
        let Held { record, copy } = self.held.get(candidate.candidate)?;
        let over_asked = |path: &ClaimPath| {
            self.over_asked.iter().any(|over| {
                over.credential == query && over.path.as_ref().is_none_or(|beyond| beyond.covers(path))
            })
        };
        let unregistered =
            |path: &ClaimPath| !self.registration.is_some_and(|known| known.covers(&record.vct, path));
        let claim = |path: &ClaimPath, over_asked: bool| AskedClaim {
            name: path_name(path),
            label: record.label(path).cloned(),
            value: record.claim(path).cloned().unwrap_or_default(),
            path: path.clone(),
            over_asked,
            kept: self.kept(query, path),
        };
        let beside = copy.as_ref().map(|copy| copy.shown_beside(&candidate.paths)).unwrap_or_default();
        Some(Asked {
            query: query.to_owned(),
            credential: record.id.clone(),
            vct: record.vct.clone(),
            format: Format::of(&record.format)?,
            name: record.name.clone(),
            issuer_name: record.issuer_name.clone(),
            claims: candidate.paths.iter().map(|path| claim(path, over_asked(path))).collect(),
            beside: beside.iter().map(|path| claim(path, unregistered(path))).collect(),
            always_visible: record.always_visible.clone(),
            // A presented mdoc is always bound.
            bound: requires_binding(self.request, query) || record.format == Format::Mdoc.as_str(),
            over_asked: self.over_asked.iter().any(|over| over.credential == query && over.path.is_none()),
            copies: record.copies,
        })
    }
}

/// Options that can be answered now stand before those whose copies were all used.
fn unused_first(mut options: Vec<GroupOption>) -> Vec<GroupOption> {
    options.sort_by_key(|option| option.credentials.iter().any(|asked| asked.copies == 0));
    options
}

fn asker(verifier: &VerifierIdentity) -> Asker {
    match verifier {
        VerifierIdentity::Registered(registration) => {
            let name = registration.name();
            Asker::Registered { name: Localized { en: name.en.clone(), ja: name.ja.clone() } }
        }
        VerifierIdentity::Claimed { name } => Asker::Claimed { name: name.clone() },
    }
}

fn purpose(request: &VerifiedRequest) -> Option<ReviewPurpose> {
    let (purpose, registered) = match request.purpose() {
        StatedPurpose::Registered(purpose) => (purpose, true),
        StatedPurpose::Claimed(purpose) => (purpose, false),
        StatedPurpose::None => return None,
    };
    Some(ReviewPurpose { text: Localized { en: purpose.en.clone(), ja: purpose.ja.clone() }, registered })
}
