use serde_json::{Map, Value};

use super::query::{ClaimsQuery, CredentialQuery};
use crate::path::{self, ArrayPositions, ClaimPath};

/// Claims that satisfy a credential query.
pub(super) struct Satisfied {
    /// The index of the claim set; `None` where the query has no claim sets.
    pub(super) claim_set: Option<usize>,
    /// Concrete paths, each once, in the order of the query.
    pub(super) paths: Vec<ClaimPath>,
}

/// The ways in which `claims` satisfy `query`, in the verifier's order of preference.
///
/// Source: OpenID4VP 1.0 §6.4.1.
pub(super) fn claims<'a>(
    query: &'a CredentialQuery,
    claims: &'a Map<String, Value>,
    positions: &'a ArrayPositions,
) -> impl Iterator<Item = Satisfied> + 'a {
    let whole = query.claim_sets.is_empty().then(|| {
        let asked = without_repetitions(&query.claims);
        Some(Satisfied { claim_set: None, paths: all_of(asked, claims, positions)? })
    });
    let sets = query.claim_sets.iter().enumerate().filter_map(move |(index, set)| {
        let asked = set.iter().filter_map(|at| query.claims.get(*at));
        Some(Satisfied { claim_set: Some(index), paths: all_of(asked, claims, positions)? })
    });
    whole.flatten().into_iter().chain(sets)
}

/// A verifier must not point to one claim twice; where it does, the first one counts.
///
/// Source: OpenID4VP 1.0 §6.1, `claims`. Claim sets are left alone: there, two entries for one path
/// are alternatives.
fn without_repetitions(asked: &[ClaimsQuery]) -> impl Iterator<Item = &ClaimsQuery> {
    asked
        .iter()
        .enumerate()
        .filter(|(index, claim)| !asked.iter().take(*index).any(|earlier| earlier.path == claim.path))
        .map(|(_, claim)| claim)
}

fn all_of<'a>(
    asked: impl Iterator<Item = &'a ClaimsQuery>,
    claims: &Map<String, Value>,
    positions: &ArrayPositions,
) -> Option<Vec<ClaimPath>> {
    let mut paths = Vec::new();
    for query in asked {
        let found = matching(query, claims, positions);
        if found.is_empty() {
            return None;
        }
        for path in found {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    Some(paths)
}

/// The selected claims with an accepted value. The others count as if they did not exist, so of an
/// array's elements only those that match are disclosed.
fn matching(query: &ClaimsQuery, claims: &Map<String, Value>, positions: &ArrayPositions) -> Vec<ClaimPath> {
    path::select(&query.path, claims, positions)
        .into_iter()
        .filter(|(_, value)| query.values.is_empty() || query.values.contains(value))
        .map(|(path, _)| path)
        .collect()
}
