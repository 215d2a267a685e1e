//! The query examples of OpenID4VP: each parses into the parts that its file has, and is answered
//! as §6.4 says, worked out by hand.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside the test functions")]

use std::fs;
use std::path::Path;

use inro_base::json::{self, Limits};
use inro_credential::dcql::{Candidate, Query, SD_JWT_VC};
use inro_tests::vectors;
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Map, Value, json};

/// File, credential queries, credential sets, and what answers it out of [`held`]: the ids of the
/// credential queries in the preferred answer, with the number of claims of each.
type Example = (&'static str, usize, usize, &'static [(&'static str, usize)]);

const EXAMPLES: &[Example] = &[
    // The first claim set lacks `region`; the second one has three claims.
    ("claims_alternatives.json", 1, 0, &[("pid", 3)]),
    ("complex_mdoc.json", 4, 2, &[]),
    // Of the alternatives, the first; the nice-to-have is left out.
    ("credentials_alternatives.json", 5, 2, &[("pid", 3)]),
    // An mdoc is required as well.
    ("multi_credentials.json", 2, 0, &[]),
    ("simple.json", 1, 0, &[("my_credential", 3)]),
    ("simple_mdoc.json", 1, 0, &[]),
    ("value_matching_simple.json", 1, 0, &[("my_credential", 4)]),
];

fn main() {
    let arguments = Arguments::from_args();
    let folder = vectors::folder("dcql/query_lang");
    if let Err(reason) = &folder {
        eprintln!("ignored: {reason}");
    }
    let trial = |name: &str, test: Box<dyn FnOnce(&Path) + Send>| {
        let folder = folder.clone();
        let ignored = folder.is_err();
        let run = move || -> Result<(), Failed> {
            test(&folder?);
            Ok(())
        };
        Trial::test(name, run).with_ignored_flag(ignored)
    };
    let mut trials = vec![trial("every file is known", Box::new(every_file_is_known))];
    for example in EXAMPLES {
        trials.push(trial(example.0, Box::new(|folder| check(folder, example))));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn every_file_is_known(folder: &Path) {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut found: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, EXAMPLES.iter().map(|example| example.0).collect::<Vec<_>>());
}

fn check(folder: &Path, (file, credentials, sets, answer): &Example) {
    let value = json::parse(&fs::read(folder.join(file)).unwrap(), Limits::MESSAGE).unwrap();
    let query = Query::parse(&value).unwrap();
    assert_eq!((query.credentials().len(), query.credential_sets().len()), (*credentials, *sets));
    let claims = held();
    let candidate = Candidate {
        format: SD_JWT_VC,
        type_id: "https://credentials.example.com/identity_credential",
        claims: &claims,
        holder_binding: true,
        authority_key_ids: &[],
    };
    let matches = query.select(&[candidate]);
    let chosen: Vec<(String, usize)> = matches
        .iter()
        .flat_map(|matches| {
            matches
                .preferred()
                .into_iter()
                .map(|chosen| (chosen.query_id.to_owned(), chosen.candidate.paths.len()))
                .collect::<Vec<_>>()
        })
        .collect();
    let expected: Vec<(String, usize)> =
        answer.iter().map(|(id, count)| ((*id).to_owned(), *count)).collect();
    assert_eq!(chosen, expected);
}

fn held() -> Map<String, Value> {
    let claims = json!({
        "family_name": "Doe", "given_name": "John", "date_of_birth": "1940-01-01", "postal_code": "90210",
        "locality": "Beverly Hills", "address": {"street_address": "1 Main Street"},
    });
    claims.as_object().cloned().unwrap()
}
