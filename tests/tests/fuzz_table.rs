//! The fuzz targets are one list: on the page, in the tables, as programs, as seeds; and it reaches every public function
//! of the rooms that reads what a stranger sent.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside the test functions")]

#[expect(dead_code, reason = "tests/bbs_decoders.rs uses the rest")]
#[path = "../fuzz/src/decoders.rs"]
mod decoders;
#[expect(dead_code, reason = "tests/parsers.rs uses the rest")]
#[path = "../fuzz/src/parsers/mod.rs"]
mod parsers;
#[expect(dead_code, reason = "the other tests use the rest")]
#[path = "../fuzz/src/stream.rs"]
mod stream;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// How the name of a function that reads begins.
const VERBS: [&str; 15] = [
    "parse",
    "read",
    "receive",
    "check",
    "verify",
    "from_",
    "decode",
    "decompress",
    "decrypt",
    "open",
    "by_post",
    "answered",
    "accept",
    "add_",
    "trust",
];
/// What it reads from.
const FOREIGN: [&str; 11] = [
    "[u8",
    "str",
    "Value",
    "HttpResponse",
    "Map<",
    "Item<",
    "RequestBody",
    "Vec<u8>",
    "Read",
    "Presented",
    "Json",
];

/// The functions that look like parsers of strangers' bytes, and need no target.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("base::Language::from_locale", "of the process's own environment"),
    ("bbs::BlindBbs::accept", "the signature was read before, the messages are the holder's own"),
    ("bbs::CoreBbs::accept", "the signature was read before, the messages are the holder's own"),
    ("bbs::CoreBbs::verify", "the target `signature` calls it with what was read before"),
    ("bbs::NymBbs::accept", "the signature was read before, the messages are the holder's own"),
    ("crypto::SoftwareKey::check_secret_bytes", "of one's own stored secret: a range check of 32 bytes"),
    ("issuer::Issuer::open_offer", "looks a text up, and reads nothing in it"),
    ("mdoc::SessionTranscript::openid4vp", "writes; the texts were read before"),
    ("oauth::DpopProof::check_key", "compares two texts"),
    ("service::Origin::parse", "of an operator's configuration"),
    ("service::config::parse", "an operator's configuration, read by `toml`"),
    ("service::sqlite::open", "the text is our own SQL"),
    ("trust::TrustedKey::check_type", "compares two texts"),
    ("verifier::registration::verify", "the target `registration` drives what it calls; the rest is files"),
];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Name and what it drives, for every target.
fn targets() -> Vec<(&'static str, String)> {
    let decoders = decoders::TARGETS.iter().map(|target| (target.name, target.decoder.to_owned()));
    let parsers = parsers::parsers().map(|parser| (parser.name, parser.drives.join(", ")));
    decoders.chain(parsers).collect()
}

#[test]
fn every_target_has_its_line_its_program_and_its_seeds() {
    let folder = workspace().join("tests/fuzz");
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let (page, manifest) = (read("README.md"), read("Cargo.toml"));
    let targets = targets();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> =
        targets.iter().map(|(name, drives)| format!("| `{name}` | {drives} |")).collect();
    assert_eq!(rows, expected);
    let bins: Vec<&str> = manifest.lines().filter_map(|line| line.strip_prefix("path = ")).collect();
    let expected: Vec<String> =
        targets.iter().map(|(name, _)| format!("\"fuzz_targets/{name}.rs\"")).collect();
    assert_eq!(bins, expected);
    for (name, _) in &targets {
        assert!(read(&format!("fuzz_targets/{name}.rs")).contains(&format!("\"{name}\"")), "{name}");
    }
    for (below, suffix) in [("fuzz_targets", ".rs"), ("seeds", "")] {
        let found: BTreeSet<String> = fs::read_dir(folder.join(below))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let expected: BTreeSet<String> = targets.iter().map(|(name, _)| format!("{name}{suffix}")).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn every_public_parser_of_the_rooms_has_a_target() {
    let found: BTreeSet<String> = rooms().iter().flat_map(|(room, folder)| readers(room, folder)).collect();
    assert!(found.len() > 100, "the search finds {} functions", found.len());
    let driven: BTreeSet<String> = decoders::TARGETS
        .iter()
        .map(|target| format!("bbs::{}", decoder(target.decoder)))
        .chain(parsers::parsers().flat_map(|parser| parser.drives.iter().map(|&name| name.to_owned())))
        .collect();
    let excepted: BTreeSet<String> = EXCEPTIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let without: Vec<&String> =
        found.iter().filter(|name| !driven.contains(*name) && !excepted.contains(*name)).collect();
    assert!(without.is_empty(), "no fuzz target and no exception: {without:#?}");
    let gone: Vec<&String> =
        excepted.iter().filter(|name| !found.contains(*name) || driven.contains(*name)).collect();
    assert!(gone.is_empty(), "exceptions that are none: {gone:#?}");
    // Some rows of `bbs` name functions that sign, and read while they do.
    let unknown: Vec<&String> =
        driven.iter().filter(|name| !name.starts_with("bbs::") && !found.contains(*name)).collect();
    assert!(unknown.is_empty(), "targets that drive what is not there: {unknown:#?}");
}

/// The function in a row of `bbs`: one that has several rows names a case behind it.
fn decoder(row: &str) -> &str {
    row.split(" of ").next().unwrap_or(row).trim_start_matches("inro1::")
}

/// Name and sources of every room.
fn rooms() -> Vec<(String, PathBuf)> {
    let crates = fs::read_dir(workspace().join("crates")).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        (path.file_name().unwrap().to_str().unwrap().replace('-', "_"), path.join("src"))
    });
    let products = [
        ("issuer", "issuer"),
        ("verifier_sdk", "verifier/sdk"),
        ("verifier", "verifier/service"),
        ("wallet_core", "wallet-core"),
        ("wallet_cli", "wallet-core/cli"),
    ];
    let products = products.map(|(room, path)| (room.to_owned(), workspace().join(path).join("src")));
    crates.chain(products).collect()
}

/// The public functions below `folder` that read from strangers' bytes, as `room::Type::function`, or
/// `room::file::function` where it is of no type.
fn readers(room: &str, folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("tests") && !path.ends_with("testing") {
                found.extend(readers(room, &path));
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            found.extend(readers_of(&text, stem).into_iter().map(|name| format!("{room}::{name}")));
        }
    }
    found
}

/// The same of one source file, as rustfmt lays it out.
fn readers_of(text: &str, stem: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut found = Vec::new();
    let mut of = stem.to_owned();
    for (at, line) in
        text.match_indices('\n').map(|(at, _)| (at + 1, text[at + 1..].lines().next().unwrap_or_default()))
    {
        if let Some(head) = line.strip_prefix("impl") {
            of = type_of(head);
        }
        if line == "}" {
            stem.clone_into(&mut of);
        }
        let head = line.trim_start();
        let Some(rest) = head.strip_prefix("pub fn ").or_else(|| head.strip_prefix("pub const fn ")) else {
            continue;
        };
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let signature = text[at..].split_once('{').map_or("", |(signature, _)| signature);
        let arguments = signature.rsplit_once("->").map_or(signature, |(arguments, _)| arguments);
        let reads = VERBS.iter().any(|verb| name.starts_with(verb)) || name.contains("_from_");
        if reads && FOREIGN.iter().any(|kind| arguments.contains(kind)) {
            found.push(format!("{of}::{name}"));
        }
    }
    found
}

/// The type in the head of an `impl` block.
fn type_of(head: &str) -> String {
    let head =
        head.strip_prefix('<').map_or(head, |rest| rest.split_once('>').map_or(rest, |(_, rest)| rest));
    let name = head.rsplit(" for ").next().unwrap_or(head).trim_start();
    name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn the_search_finds_what_it_should() {
    let source = "\nimpl<'a> Item<'a> {\n    pub fn parse(bytes: &'a [u8]) -> Self {\n    }\n    pub fn len(&self) -> usize {\n    }\n}\n\n\
                  pub fn read_all(\n    text: &str,\n) -> bool {\n}\n\npub fn check(now: UnixTime) -> Vec<u8> {\n}\n";
    assert_eq!(readers_of(source, "file"), ["Item::parse", "file::read_all"]);
}
