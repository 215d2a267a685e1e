//! From what fits a request to what the holder is shown.

use inro_credential::dcql::{CandidateMatch, Matches, QueryMatch};
use inro_credential::{ClaimPath, PathElement};
use inro_openid4vp::wallet::{OverAsked, Reviewing, StatedPurpose, VerifiedRequest, VerifierIdentity};

use crate::records::{CredentialRecord, Localized};
use crate::review::{Asked, AskedClaim, Asker, Group, GroupOption, Review, ReviewPurpose};

/// The most answers to one part that the holder is shown.
const MAX_OPTIONS: usize = 16;

/// What `state` asks the holder. The candidates of its matches are `records`, in the same order.
pub(crate) fn review(state: &Reviewing, records: &[CredentialRecord]) -> Review {
    let request = state.request();
    let matches = state.matches();
    let view = View { over_asked: request.over_asked(), records };
    Review {
        asker: asker(request.verifier()),
        purpose: purpose(request),
        host: request.response_host().to_owned(),
        groups: matches.map(|matches| view.groups(matches)).unwrap_or_default(),
        satisfiable: matches.is_some(),
    }
}

struct View<'a> {
    over_asked: &'a [OverAsked],
    records: &'a [CredentialRecord],
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

    fn asked(&self, query: &str, candidate: &CandidateMatch) -> Option<Asked> {
        let record = self.records.get(candidate.candidate)?;
        let over_asked = |path: &ClaimPath| {
            self.over_asked.iter().any(|over| {
                over.credential == query && over.path.as_ref().is_none_or(|beyond| beyond.covers(path))
            })
        };
        let claim = |path: &ClaimPath| AskedClaim {
            name: name(path),
            label: record.label(path).cloned(),
            value: record.claim(path).cloned().unwrap_or_default(),
            path: path.clone(),
            over_asked: over_asked(path),
        };
        Some(Asked {
            query: query.to_owned(),
            credential: record.id.clone(),
            vct: record.vct.clone(),
            name: record.name.clone(),
            issuer_name: record.issuer_name.clone(),
            claims: candidate.paths.iter().map(claim).collect(),
            always_visible: record.always_visible.clone(),
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

/// The path as people read it: `department.name`, `powers[0]`.
fn name(path: &ClaimPath) -> String {
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
