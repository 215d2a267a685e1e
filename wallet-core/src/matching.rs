//! From what fits a request to what the holder is shown.

use inro_credential::dcql::{CandidateMatch, Matches, QueryMatch};
use inro_credential::{ClaimPath, Format, HeldCredential};
use inro_openid4vp::transaction_data::{Approval, TransactionData};
use inro_openid4vp::wallet::{OverAsked, Reviewing, StatedPurpose, VerifiedRequest, VerifierIdentity};
use inro_trust::registration::VerifiedRegistration;

use crate::records::{CredentialRecord, Localized, path_name};
use crate::review::{
    Asked, AskedClaim, Asker, Group, GroupOption, Review, ReviewPurpose, ReviewTransaction, Way,
};

/// The most answers to one part that the holder is shown.
const MAX_OPTIONS: usize = 16;

/// A credential that a request may match, with one of its unspent copies; all have the same places.
pub(crate) struct Held {
    pub(crate) record: CredentialRecord,
    pub(crate) copy: Option<HeldCredential>,
    /// Of the certificates in that copy; empty where there is none.
    pub(crate) authority_key_ids: Vec<String>,
}

/// What `state` asks the holder. The candidates of its matches are `held`, in the same order.
pub(crate) fn review(state: &Reviewing, held: &[Held]) -> Review {
    let request = state.request();
    let matches = state.matches();
    let registration = request.verifier().registration();
    let view = View { request, over_asked: request.over_asked(), registration, held };
    let groups = matches.map(|matches| view.groups(matches)).unwrap_or_default();
    let transactions: Vec<ReviewTransaction> = request.transaction_data().iter().map(transaction).collect();
    let can_authorize = |transaction: &ReviewTransaction| {
        groups.iter().flat_map(|group| &group.options).any(|option| transaction.fits(&option.credentials))
    };
    Review {
        asker: asker(request.verifier()),
        purpose: purpose(request),
        host: request.response_host().to_owned(),
        satisfiable: matches.is_some() && transactions.iter().all(can_authorize),
        transactions,
        groups,
        standing: None,
        shown_before: Vec::new(),
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
            let answers = self.answers(query);
            for (option, answer) in
                options.iter().flat_map(|option| answers.iter().map(move |answer| (option, answer)))
            {
                let credentials = option.credentials.iter().chain(answer).cloned().collect();
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

    /// Every way to answer one query: each credential by itself and, where the verifier takes several,
    /// then the ways to present more of them, fewer first. Source: OpenID4VP 1.0 §6.1 `multiple`.
    fn answers(&self, query: &QueryMatch) -> Vec<Vec<Asked>> {
        let candidates =
            query.candidates.iter().filter_map(|candidate| self.asked(&query.query_id, candidate));
        let singles: Vec<Asked> = candidates.take(MAX_OPTIONS).collect();
        let mut ways: Vec<Vec<usize>> = (0..singles.len()).map(|index| vec![index]).collect();
        let mut longest = ways.clone();
        while query.multiple && !longest.is_empty() && ways.len() < MAX_OPTIONS {
            let one_more = longest.iter().flat_map(|way| {
                let after = way.last().map_or(0, |last| last.saturating_add(1));
                (after..singles.len()).map(|next| [way.as_slice(), &[next]].concat())
            });
            longest = one_more.take(MAX_OPTIONS.saturating_sub(ways.len())).collect();
            ways.extend(longest.iter().cloned());
        }
        let asked =
            |way: Vec<usize>| way.into_iter().filter_map(|index| singles.get(index).cloned()).collect();
        ways.into_iter().map(asked).collect()
    }

    fn asked(&self, query: &str, candidate: &CandidateMatch) -> Option<Asked> {
        let Held { record, copy, .. } = self.held.get(candidate.candidate)?;
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
            mandatory: true,
            kept: self.kept(query, path),
        };
        let (mut claims, mut besides) = (Vec::new(), Vec::new());
        let mut ways = Vec::new();
        for paths in candidate.ways() {
            let beside = copy.as_ref().map(|copy| copy.shown_beside(paths)).unwrap_or_default();
            ways.push(Way {
                claims: paths.iter().map(|path| place(path, &mut claims)).collect(),
                beside: beside.iter().map(|path| place(path, &mut besides)).collect(),
            });
        }
        let mut asked = Asked {
            query: query.to_owned(),
            credential: record.id.clone(),
            vct: record.vct.clone(),
            format: Format::of(&record.format)?,
            name: record.name.clone(),
            issuer_name: record.issuer_name.clone(),
            claims: claims.iter().map(|path| claim(path, over_asked(path))).collect(),
            beside: besides.iter().map(|path| claim(path, unregistered(path))).collect(),
            ways,
            multiple: self.request.query().credential(query).is_some_and(|query| query.multiple()),
            always_visible: record.always_visible.clone(),
            // A presented mdoc is always bound.
            bound: requires_binding(self.request, query) || record.format == Format::Mdoc.as_str(),
            over_asked: self.over_asked.iter().any(|over| over.credential == query && over.path.is_none()),
            copies: record.copies,
        };
        mark_mandatory(&mut asked);
        Some(asked)
    }
}

/// Where `path` stands in `all`, at whose end it is put where it is new.
fn place(path: &ClaimPath, all: &mut Vec<ClaimPath>) -> usize {
    if let Some(place) = all.iter().position(|known| known == path) {
        return place;
    }
    all.push(path.clone());
    all.len().saturating_sub(1)
}

/// A claim is mandatory if everybody sees it or each way discloses some of it.
fn mark_mandatory(asked: &mut Asked) {
    let mandatory = |claim: &AskedClaim| {
        let shows = |way: &Way| {
            let claims = way.claims.iter().filter_map(|index| asked.claims.get(*index));
            let beside = way.beside.iter().filter_map(|index| asked.beside.get(*index));
            claims.chain(beside).any(|shown| shown.path.covers(&claim.path) || claim.path.covers(&shown.path))
        };
        asked.always_shows(&claim.name) || asked.ways.iter().all(shows)
    };
    let [claims, beside] = [&asked.claims, &asked.beside].map(|all| all.iter().map(mandatory).collect());
    let set = |(claim, mandatory): (&mut AskedClaim, bool)| claim.mandatory = mandatory;
    let _: () = asked.claims.iter_mut().zip::<Vec<bool>>(claims).for_each(set);
    asked.beside.iter_mut().zip::<Vec<bool>>(beside).for_each(set);
}

/// Options that can be answered now stand before those whose copies were all used.
fn unused_first(mut options: Vec<GroupOption>) -> Vec<GroupOption> {
    options.sort_by_key(|option| option.credentials.iter().any(|asked| asked.copies == 0));
    options
}

fn transaction(data: &TransactionData) -> ReviewTransaction {
    let Approval { en, ja } = data.text().clone();
    ReviewTransaction { text: Localized { en, ja }, queries: data.credential_ids().to_vec() }
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
