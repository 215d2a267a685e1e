//! The SD-JWT authors' own examples: each is received, presented and verified as its files say.
//!
//! `specification.yml` is what the authors' generator reads and is not looked at; every other file
//! of every folder is, and the numbers are asserted.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside the test functions")]

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use inro_base::{UnixTime, base64url};
use inro_crypto::{PublicKey, RustCrypto};
use inro_sd_jwt::plain::{Rules, Unverified};
use inro_sd_jwt::{Expected, HeldSdJwt, KeyBinding, UnverifiedSdJwt};
use inro_tests::vectors;
use inro_trust::{TrustedKey, Usage};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Map, Value};

/// Each folder and how many of its files are read.
const FOLDERS: &[(&str, usize)] = &[
    ("address_only_flat", 6),
    ("address_only_recursive", 6),
    ("address_only_structured", 6),
    ("arf-pid", 9),
    ("complex_ekyc", 6),
    ("jsonld", 9),
    ("simple", 9),
    ("simple_structured", 7),
];
/// Between the examples' `iat` (2023) and `exp` (2029), and after their key bindings.
const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);
/// The key bindings were made when the files were, some hours before [`NOW`]; in seconds.
const MAX_AGE: i64 = 24 * 3_600;
const TYPES: &[&str] = &["example+sd-jwt", "dc+sd-jwt"];

fn main() {
    let arguments = Arguments::from_args();
    let folder = vectors::folder("sd-jwt");
    if let Err(reason) = &folder {
        eprintln!("ignored: {reason}");
    }
    let trial = |name: String, test: Box<dyn FnOnce(&Path) + Send>| {
        let folder = folder.clone();
        let ignored = folder.is_err();
        let run = move || -> Result<(), Failed> {
            test(&folder?);
            Ok(())
        };
        Trial::test(name, run).with_ignored_flag(ignored)
    };
    let mut trials = vec![trial("every folder is known".to_owned(), Box::new(every_folder_is_known))];
    for (name, files) in FOLDERS {
        let test = Box::new(|root: &Path| check(&Example::new(root, name), *files));
        trials.push(trial((*name).to_owned(), test));
    }
    let test = Box::new(|root: &Path| credential(&Example::new(root, "arf-pid")));
    trials.push(trial("arf-pid as a credential".to_owned(), test));
    libtest_mimic::run(&arguments, trials).exit();
}

fn every_folder_is_known(root: &Path) {
    let entries = fs::read_dir(root).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir());
    let mut found: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, FOLDERS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

fn check(example: &Example, files: usize) {
    issued(example);
    presented(example);
    if example.has("decoy_digests.json") {
        decoys(example);
    }
    assert_eq!(example.read.get(), files);
    let specification = usize::from(example.has("specification.yml"));
    assert_eq!(fs::read_dir(&example.folder).unwrap().count(), files + specification);
}

/// The issuance says what the user claims say.
fn issued(example: &Example) {
    let text = example.text("sd_jwt_issuance.txt");
    assert_eq!(text.split('~').next().unwrap(), example.text("sd_jwt_jws_part.txt"));
    let unverified = Unverified::parse(&text, TYPES).unwrap();
    assert_eq!(Value::Object(unverified.unverified_payload().clone()), example.json("sd_jwt_payload.json"));
    let rules = Rules { now: NOW, clock_skew: 0, key_binding: KeyBinding::Forbidden };
    let verified = unverified.verify(&example.settings.issuer, &rules, &RustCrypto).unwrap();
    let mut claims = verified.into_claims();
    let user = example.object("user_claims.json");
    // The generator adds these, unless the user claims have them.
    for added in ["iss", "iat", "exp", "cnf"] {
        if !user.contains_key(added) {
            claims.remove(added);
        }
    }
    assert_eq!(claims, user);
}

/// The presentation says what the verified contents say, and is bound to its holder where it claims to be.
fn presented(example: &Example) {
    let text = example.text("sd_jwt_presentation.txt");
    let bound = example.has("kb_jwt_serialized.txt");
    let key_binding = if bound { example.required() } else { KeyBinding::Forbidden };
    let rules = Rules { now: NOW, clock_skew: 0, key_binding };
    let unverified = Unverified::parse(&text, TYPES).unwrap();
    let verified = unverified.verify(&example.settings.issuer, &rules, &RustCrypto).unwrap();
    assert_eq!(verified.key_bound(), bound);
    if bound {
        assert_eq!(verified.holder_key(), Some(&example.settings.holder));
        let key_binding_jwt = text.rsplit('~').next().unwrap();
        assert_eq!(key_binding_jwt, example.text("kb_jwt_serialized.txt"));
        assert_eq!(part(key_binding_jwt, 0), example.json("kb_jwt_header.json"));
        assert_eq!(part(key_binding_jwt, 1), example.json("kb_jwt_payload.json"));
    }
    assert_eq!(Value::Object(verified.into_claims()), example.json("verified_contents.json"));
}

/// Decoys stand in the payload, and so were passed over.
fn decoys(example: &Example) {
    let payload = fs::read_to_string(example.folder.join("sd_jwt_payload.json")).unwrap();
    let listed = example.json("decoy_digests.json");
    let listed = listed.as_array().unwrap();
    assert!(!listed.is_empty());
    for decoy in listed {
        assert!(payload.contains(decoy.as_str().unwrap()));
    }
}

/// The one example that is an SD-JWT VC, held and presented by us as its authors presented it.
fn credential(example: &Example) {
    let issuer = TrustedKey::pinned(example.settings.issuer, Usage::CredentialIssuer, &["pid"]);
    let type_of = |vct: &str| (vct == "urn:eudi:pid:de:1").then_some("pid");
    let expected = Expected { type_of, ..Expected::at_issuance(NOW) };
    let received = UnverifiedSdJwt::parse(&example.text("sd_jwt_issuance.txt")).unwrap();
    let received = received.verify(&issuer, &expected, &RustCrypto).unwrap();
    let held = HeldSdJwt::from(received);
    let paths = [serde_json::json!(["nationalities"]), serde_json::json!(["age_equal_or_over", "18"])];
    let paths = paths.map(|path| inro_sd_jwt::ClaimPath::parse(&path).unwrap());
    let ours = held.present(&paths).unwrap().without_key_binding();
    let theirs = example.text("sd_jwt_presentation.txt");
    let disclosures = |text: &str| {
        let mut all: Vec<String> = text.split('~').skip(1).map(str::to_owned).collect();
        all.pop();
        all.sort();
        all
    };
    assert_eq!(disclosures(&ours), disclosures(&theirs));
    let expected = Expected { key_binding: example.required(), ..expected };
    let verified = UnverifiedSdJwt::parse(&theirs).unwrap().verify(&issuer, &expected, &RustCrypto).unwrap();
    assert!(verified.key_bound());
}

struct Example {
    folder: PathBuf,
    settings: Settings,
    read: Cell<usize>,
}

/// What `settings.yml` says of keys and of the verifier's request.
struct Settings {
    issuer: PublicKey,
    holder: PublicKey,
    verifier: String,
    nonce: String,
}

impl Example {
    fn new(root: &Path, name: &str) -> Self {
        let settings = Settings::read(&fs::read_to_string(root.join("settings.yml")).unwrap());
        Self { folder: root.join(name), settings, read: Cell::new(0) }
    }

    fn has(&self, file: &str) -> bool {
        self.folder.join(file).is_file()
    }

    fn text(&self, file: &str) -> String {
        self.read.set(self.read.get() + 1);
        fs::read_to_string(self.folder.join(file)).unwrap().trim_end().to_owned()
    }

    fn json(&self, file: &str) -> Value {
        serde_json::from_str(&self.text(file)).unwrap()
    }

    fn object(&self, file: &str) -> Map<String, Value> {
        self.json(file).as_object().unwrap().clone()
    }

    fn required(&self) -> KeyBinding<'_> {
        let Settings { verifier, nonce, .. } = &self.settings;
        KeyBinding::Required { audience: verifier, nonce, max_age: MAX_AGE }
    }
}

impl Settings {
    fn read(text: &str) -> Self {
        Self {
            issuer: key(text, "issuer_key:"),
            holder: key(text, "holder_key:"),
            verifier: value(text, "verifier:"),
            nonce: value(text, "key_binding_nonce:"),
        }
    }
}

/// The key under the line `heading`.
fn key(text: &str, heading: &str) -> PublicKey {
    let (_, after) = text.split_once(heading).unwrap();
    let coordinate = |name| base64url::decode_array(&value(after, name)).unwrap();
    PublicKey::from_coordinates(&coordinate("x:"), &coordinate("y:")).unwrap()
}

/// The rest of the first line that begins with `name`; these files need no more of YAML.
fn value(text: &str, name: &str) -> String {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(name)).unwrap();
    line.trim().trim_matches('"').to_owned()
}

/// A part of a JWS, decoded.
fn part(jws: &str, index: usize) -> Value {
    serde_json::from_slice(&base64url::decode(jws.split('.').nth(index).unwrap()).unwrap()).unwrap()
}
