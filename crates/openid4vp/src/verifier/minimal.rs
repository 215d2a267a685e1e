use inro_credential::dcql::Query;
use inro_credential::{ArrayPositions, ClaimPath, PathElement};
use serde_json::{Map, Value};

/// Of `claims`, those that the credential query `query_id` names, in their places. A wallet may show
/// more than was asked for; a relying system still gets what it asked for alone.
pub(super) fn asked_claims(
    query: &Query,
    query_id: &str,
    claims: &Map<String, Value>,
    positions: &ArrayPositions,
) -> Map<String, Value> {
    let Some(asked) = query.credential(query_id) else { return Map::new() };
    let paths: Vec<&[PathElement]> =
        asked.claims().iter().map(|claim| ClaimPath::elements(claim.path())).collect();
    match kept(&Value::Object(claims.clone()), &paths, &[], positions) {
        Some(Value::Object(kept)) => kept,
        _ => Map::new(),
    }
}

/// The parts of `value`, which stands at `at`, that `paths` lead to; `None` when none does. The depth
/// is that of a path, which is bounded where it is read.
fn kept(
    value: &Value,
    paths: &[&[PathElement]],
    at: &[PathElement],
    positions: &ArrayPositions,
) -> Option<Value> {
    let inner = |element: PathElement| at.iter().cloned().chain([element]).collect::<Vec<_>>();
    if paths.iter().any(|path| path.is_empty()) {
        return Some(value.clone());
    }
    match value {
        Value::Object(members) => {
            let members: Map<String, Value> = members
                .iter()
                .filter_map(|(name, member)| {
                    let below =
                        below(paths, |element| matches!(element, PathElement::Key(key) if key == name));
                    let here = inner(PathElement::Key(name.clone()));
                    Some((name.clone(), kept(member, &below, &here, positions)?))
                })
                .collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        Value::Array(items) => {
            let items: Vec<Value> = items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| {
                    let fits = |element: &PathElement| match element {
                        PathElement::All => true,
                        PathElement::Index(wanted) => *wanted == positions.issued(at, index),
                        PathElement::Key(_) => false,
                    };
                    kept(item, &below(paths, fits), &inner(PathElement::Index(index)), positions)
                })
                .collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        _ => None,
    }
}

/// The rests of those paths whose first element fits.
fn below<'a>(paths: &[&'a [PathElement]], fits: impl Fn(&PathElement) -> bool) -> Vec<&'a [PathElement]> {
    paths
        .iter()
        .filter_map(|path| path.split_first())
        .filter(|(first, _)| fits(first))
        .map(|(_, rest)| rest)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keeps_what_was_asked_for_in_its_place() {
        let query = Query::parse(&json!({ "credentials": [{
            "id": "a", "format": "dc+sd-jwt", "meta": { "vct_values": ["t"] },
            "claims": [{ "path": ["powers", null] }, { "path": ["scope", "agency"] }, { "path": ["absent"] }]
        }]}))
        .unwrap();
        let claims = json!({
            "powers": ["x", "y"], "scope": { "agency": "13103", "unit": "w" }, "cnf": {}, "grade": 4
        });
        let none = ArrayPositions::new();
        let kept = asked_claims(&query, "a", claims.as_object().unwrap(), &none);
        assert_eq!(Value::Object(kept), json!({ "powers": ["x", "y"], "scope": { "agency": "13103" } }));
        assert!(asked_claims(&query, "b", claims.as_object().unwrap(), &none).is_empty());
    }
}
