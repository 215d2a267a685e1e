use inro_base::{Code, Coded};
use serde_json::{Map, Value};

use super::evaluate::{self, Satisfied};
use super::query::{CredentialQuery, Query};
use crate::path::{ArrayPositions, ClaimPath};

/// A credential that a wallet could present.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The format identifier, such as `dc+sd-jwt`.
    pub format: &'a str,
    /// The type: `vct` for `dc+sd-jwt`.
    pub type_id: &'a str,
    /// All claims, as if everything were disclosed.
    pub claims: &'a Map<String, Value>,
    /// Whether the wallet can prove the possession of the credential's key.
    pub holder_binding: bool,
    /// The key identifiers in the AuthorityKeyIdentifier extensions of the issuer's certificates,
    /// as base64url. Source: OpenID4VP 1.0 §6.1.1.1.
    pub authority_key_ids: &'a [String],
}

/// How the candidates answer a query.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Matches {
    queries: Vec<QueryMatch>,
    sets: Vec<SetMatch>,
}

/// The candidates that match one credential query.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct QueryMatch {
    /// The id of the credential query.
    pub query_id: String,
    /// Whether an answer may hold several of the candidates.
    pub multiple: bool,
    /// The matching candidates, in the order given; empty where none matches.
    pub candidates: Vec<CandidateMatch>,
}

/// One matching candidate and what to disclose of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CandidateMatch {
    /// The index into the candidates.
    pub candidate: usize,
    /// The first claim set that it satisfies; `None` where the query has no claim sets.
    pub claim_set: Option<usize>,
    /// The paths to disclose, with every `null` replaced by an index. Empty where only claims that
    /// cannot be withheld are asked for.
    pub paths: Vec<ClaimPath>,
    /// The paths of the other claim sets that it satisfies, in the verifier's order; without a set
    /// that discloses the same as an earlier one.
    pub others: Vec<Vec<ClaimPath>>,
}

/// One credential set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SetMatch {
    /// Whether an answer must satisfy the set.
    pub required: bool,
    /// Its options, the preferred one first.
    pub options: Vec<OptionMatch>,
}

/// One option of a credential set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OptionMatch {
    /// The credential queries that belong to it.
    pub query_ids: Vec<String>,
    /// Whether each of them has a matching candidate.
    pub satisfiable: bool,
}

/// One credential to present.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Chosen<'a> {
    /// The id of the credential query.
    pub query_id: &'a str,
    /// The candidate, and what to disclose of it.
    pub candidate: &'a CandidateMatch,
}

/// The candidates cannot answer the query. It does not say why: whether a credential is missing or
/// a value differs is nobody's business but the holder's.
///
/// Source: OpenID4VP 1.0 §15.4.1.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the request cannot be answered")]
pub struct NoMatch;

impl Coded for NoMatch {
    fn code(&self) -> Code {
        const { Code::new("INRO-DCQL-010") }
    }
}

impl Query {
    /// Finds, for each credential query, the candidates that match it and what to disclose of each.
    ///
    /// # Errors
    /// [`NoMatch`] where a required credential has no matching candidate.
    ///
    /// Source: OpenID4VP 1.0 §6.4.
    pub fn select(&self, candidates: &[Candidate<'_>]) -> Result<Matches, NoMatch> {
        let queries: Vec<QueryMatch> = self
            .credentials
            .iter()
            .enumerate()
            .map(|(index, query)| {
                let candidates = if self.asks_for(index) { matching(query, candidates) } else { Vec::new() };
                QueryMatch { query_id: query.id.clone(), multiple: query.multiple, candidates }
            })
            .collect();
        let sets: Vec<SetMatch> = self
            .sets
            .iter()
            .map(|set| SetMatch {
                required: set.required,
                options: set.options.iter().map(|option| self.option(option, &queries)).collect(),
            })
            .collect();
        let answered = if sets.is_empty() {
            queries.iter().all(|query| !query.candidates.is_empty())
        } else {
            sets.iter().filter(|set| set.required).all(SetMatch::satisfiable)
        };
        // A query whose sets are all optional and all unmet leaves nothing to present.
        let something = queries.iter().any(|query| !query.candidates.is_empty());
        if answered && something { Ok(Matches { queries, sets }) } else { Err(NoMatch) }
    }

    fn option(&self, option: &[usize], queries: &[QueryMatch]) -> OptionMatch {
        let has_candidates =
            |index: &usize| queries.get(*index).is_some_and(|query| !query.candidates.is_empty());
        OptionMatch {
            query_ids: self.ids(option).map(str::to_owned).collect(),
            satisfiable: option.iter().all(has_candidates),
        }
    }
}

impl SetMatch {
    /// Whether one of the options is.
    pub fn satisfiable(&self) -> bool {
        self.preferred().is_some()
    }

    /// The first option that is satisfiable.
    pub fn preferred(&self) -> Option<&OptionMatch> {
        self.options.iter().find(|option| option.satisfiable)
    }
}

impl CandidateMatch {
    /// The paths of each answer that the verifier takes from this candidate, what it prefers first.
    pub fn ways(&self) -> impl Iterator<Item = &[ClaimPath]> {
        std::iter::once(&self.paths).chain(&self.others).map(Vec::as_slice)
    }
}

impl Matches {
    /// The credential queries, in the verifier's order.
    pub fn queries(&self) -> &[QueryMatch] {
        &self.queries
    }

    /// The credential query with this id.
    pub fn query(&self, id: &str) -> Option<&QueryMatch> {
        self.queries.iter().find(|query| query.query_id == id)
    }

    /// The credential sets, in the verifier's order; empty where all credentials are required.
    pub fn sets(&self) -> &[SetMatch] {
        &self.sets
    }

    /// The smallest answer that the verifier prefers: the first satisfiable option of each required
    /// set, and of each credential query the first matching candidate.
    pub fn preferred(&self) -> Vec<Chosen<'_>> {
        let wanted: Vec<&str> = self
            .sets
            .iter()
            .filter(|set| set.required)
            .filter_map(SetMatch::preferred)
            .flat_map(|option| option.query_ids.iter().map(String::as_str))
            .collect();
        self.queries
            .iter()
            .filter(|query| self.sets.is_empty() || wanted.contains(&query.query_id.as_str()))
            .filter_map(|query| {
                Some(Chosen { query_id: &query.query_id, candidate: query.candidates.first()? })
            })
            .collect()
    }
}

fn matching(query: &CredentialQuery, candidates: &[Candidate<'_>]) -> Vec<CandidateMatch> {
    let everything_is_there = ArrayPositions::new();
    candidates
        .iter()
        .enumerate()
        .filter(|(_, candidate)| suits(query, candidate))
        .filter_map(|(index, candidate)| {
            let mut satisfied = evaluate::claims(query, candidate.claims, &everything_is_there);
            let Satisfied { claim_set, paths } = satisfied.next()?;
            let mut found = CandidateMatch { candidate: index, claim_set, paths, others: Vec::new() };
            for Satisfied { paths, .. } in satisfied {
                if !found.ways().any(|way| is_same_set(way, &paths)) {
                    found.others.push(paths);
                }
            }
            Some(found)
        })
        .collect()
}

/// Each holds a path once.
fn is_same_set(one: &[ClaimPath], other: &[ClaimPath]) -> bool {
    one.len() == other.len() && one.iter().all(|path| other.contains(path))
}

fn suits(query: &CredentialQuery, candidate: &Candidate<'_>) -> bool {
    candidate.format == query.format
        && query.types().iter().any(|accepted| accepted == candidate.type_id)
        && (candidate.holder_binding || !query.holder_binding)
        && is_authorized(query, candidate)
}

/// Only key identifiers are compared. A credential whose issuer cannot be compared with the others
/// (trusted lists, federations) is held back: the verifier would most likely refuse it.
///
/// Source: OpenID4VP 1.0 §6.1.1.
fn is_authorized(query: &CredentialQuery, candidate: &Candidate<'_>) -> bool {
    let accepted = &query.trusted_authorities;
    accepted.is_empty()
        || accepted
            .iter()
            .filter(|authorities| authorities.kind == "aki")
            .flat_map(|authorities| &authorities.values)
            .any(|value| candidate.authority_key_ids.contains(value))
}
