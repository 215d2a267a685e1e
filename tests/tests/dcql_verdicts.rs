//! A table of verdicts that somebody derived from the text of OpenID4VP §6, §7, B.2 and B.3 alone, without
//! a look at any code: which queries are wrong, which cannot be answered, and what answers the others.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside the test functions"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use inro_credential::dcql::{Candidate, Matches, Query};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Map, Value};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/dcql-verdicts.json");
/// As many as the table has, so that none gets lost.
const CASES: usize = 352;

/// Where we refuse a query as a whole that the table merely finds unanswerable (or, for the two that name a
/// fallback, answers): a path into an mdoc that §7.2 does not allow, and one identifier twice in a set. Nothing
/// is disclosed either way, and the verifier is told what is wrong with its query.
const REFUSED_AS_A_WHOLE: [&str; 9] = [
    "claim_sets_id_twice_in_one_set",
    "mdoc_path_one_element_namespace",
    "mdoc_path_one_element_name",
    "mdoc_path_three_elements",
    "mdoc_path_three_strings",
    "mdoc_path_null_component",
    "mdoc_path_integer_component",
    "mdoc_path_integer_namespace",
    "mdoc_path_error_falls_to_next_claim_set",
];

fn main() {
    let arguments = Arguments::from_args();
    let table: Value = serde_json::from_slice(&fs::read(Path::new(TABLE)).unwrap()).unwrap();
    let credentials = Arc::new(table["credentials"].as_object().unwrap().clone());
    let cases = table["cases"].as_array().unwrap().clone();
    assert_eq!(cases.len(), CASES, "cases in {TABLE}");
    let trials = cases.into_iter().map(|case| {
        let credentials = Arc::clone(&credentials);
        let name = case["name"].as_str().unwrap().to_owned();
        Trial::test(name, move || check(&credentials, &case).map_err(Failed::from))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn check(credentials: &Map<String, Value>, case: &Value) -> Result<(), String> {
    let verdict = &case["verdict"];
    let parsed = Query::parse(&case["query"]);
    let refused_whole = REFUSED_AS_A_WHOLE.contains(&case["name"].as_str().unwrap());
    if verdict["invalid"] == true || refused_whole {
        return parsed.err().map(|_| ()).ok_or_else(|| "a wrong query was read".to_owned());
    }
    let query = parsed.map_err(|error| format!("refused: {error}"))?;
    let held: Vec<&str> =
        case["holds"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let candidates: Vec<Candidate<'_>> = held.iter().map(|name| candidate(&credentials[*name])).collect();
    let selected = query.select(&candidates);
    if verdict["satisfied"] == false {
        return selected.err().map(|_| ()).ok_or_else(|| "answered".to_owned());
    }
    let matches = selected.map_err(|_| "not answered".to_owned())?;
    same(&returned(&matches, &held, &names(&verdict["not_requested"])), &expected(verdict))?;
    same(&preferred(&matches), &options(verdict))
}

fn same<T: PartialEq + std::fmt::Debug>(ours: &T, texts: &T) -> Result<(), String> {
    if ours == texts { Ok(()) } else { Err(format!("ours: {ours:?}\ntext: {texts:?}")) }
}

fn candidate(credential: &Value) -> Candidate<'_> {
    let (kind, claims) = match credential["format"].as_str().unwrap() {
        "mso_mdoc" => ("doctype", "namespaces"),
        _ => ("vct", "claims"),
    };
    Candidate {
        format: credential["format"].as_str().unwrap(),
        type_id: credential[kind].as_str().unwrap(),
        claims: credential[claims].as_object().unwrap(),
        holder_binding: credential["holder_binding"] != false,
        authority_key_ids: &[],
    }
}

/// By credential query and credential: what is disclosed.
type Answer = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn returned(matches: &Matches, held: &[&str], left_out: &BTreeSet<String>) -> Answer {
    let queries = matches.queries().iter();
    queries
        .filter(|query| !query.candidates.is_empty() && !left_out.contains(&query.query_id))
        .map(|query| {
            let found = query.candidates.iter().map(|found| {
                let paths: Vec<Value> = found.paths.iter().map(|path| path.to_value()).collect();
                (held[found.candidate].to_owned(), outermost(&paths))
            });
            (query.query_id.clone(), found.collect())
        })
        .collect()
}

fn expected(verdict: &Value) -> Answer {
    let left_out = names(&verdict["not_requested"]);
    let queries = verdict["return"].as_object().unwrap().iter();
    queries
        .filter(|(id, _)| !left_out.contains(*id))
        .map(|(id, answer)| {
            let found = names(&answer["candidates"]).into_iter().map(|name| {
                let paths = outermost(answer["disclosed"][&name].as_array().unwrap());
                (name, paths)
            });
            (id.clone(), found.collect())
        })
        .collect()
}

/// The paths that lie within no other one: what a wider one shows already.
fn outermost(paths: &[Value]) -> BTreeSet<String> {
    let within = |inner: &Value, outer: &Value| {
        let (inner, outer) = (inner.as_array().unwrap(), outer.as_array().unwrap());
        inner.len() > outer.len() && inner.starts_with(outer)
    };
    let kept = paths.iter().filter(|path| !paths.iter().any(|other| within(path, other)));
    kept.map(Value::to_string).collect()
}

fn preferred(matches: &Matches) -> Vec<BTreeSet<String>> {
    let required = matches.sets().iter().filter(|set| set.required);
    required.map(|set| set.preferred().unwrap().query_ids.iter().cloned().collect()).collect()
}

fn options(verdict: &Value) -> Vec<BTreeSet<String>> {
    verdict["options"].as_array().into_iter().flatten().map(names).collect()
}

fn names(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned()).collect()
}
