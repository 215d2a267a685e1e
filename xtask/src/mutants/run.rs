//! Makes the mutants one after the other, builds the tests that they name and runs them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::list::{self, Mutant};
use super::target::Target;
use super::tree::{self, Additions};
use super::{FEWEST, ROOMS};
use crate::shell::{self, Stopwatch};
use crate::tables::built::built;

/// How long a test may take: without a check it may wait for what never comes.
const PATIENCE: &str = "300";
/// What `timeout` ends with when it had to.
const OUT_OF_TIME: i32 = 124;

/// How a mutant ended.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Verdict {
    /// The test failed; where, as it says.
    Caught(String),
    /// The test passed.
    Survived,
    /// Nothing is known of the test: why.
    Unknown(String),
}

/// Where mutants are made and built.
struct Workshop {
    tree: PathBuf,
    target: PathBuf,
    /// What a command said last.
    words: PathBuf,
    /// Held as long as this is: two runs would take each other's mutants for their own.
    _lock: File,
}

/// Runs the mutants whose names hold one of `wanted`, or all.
///
/// # Errors
/// When the unaltered tests do not pass, or each mutant that no test caught, one to a line.
pub(crate) fn run(wanted: &[&str]) -> Result<(), String> {
    let all = list::read(Path::new("."), &ROOMS, FEWEST)?;
    // Of all, so that a manifest is the same whichever are chosen.
    let additions = all.iter().filter_map(|mutant| mutant.target.addition()).collect();
    let chosen: Vec<Mutant> = all.into_iter().filter(|mutant| is_wanted(&mutant.name, wanted)).collect();
    if chosen.is_empty() {
        return Err(format!("no mutant has a name with {} in it", wanted.join(" or ")));
    }
    let watch = Stopwatch::start();
    let workshop = Workshop::open(&additions)?;
    workshop.check_unaltered(&chosen)?;
    let mut ended = Vec::new();
    for (index, mutant) in chosen.iter().enumerate() {
        let own = Stopwatch::start();
        let verdict = workshop.judge(mutant)?;
        let said = match &verdict {
            Verdict::Caught(place) => format!("caught by {} at {place}", mutant.test),
            Verdict::Survived => format!("SURVIVED {}", mutant.test),
            Verdict::Unknown(why) => format!("NOT TESTED: {why}"),
        };
        let seconds = own.elapsed().as_secs_f64();
        println!("mutants: {} of {}, {}: {said}, {seconds:.1} s", index + 1, chosen.len(), mutant.name);
        ended.push((mutant, verdict, own.elapsed()));
    }
    print!("{}", table(&ended));
    println!("mutants: {} in {:.0} s", ended.len(), watch.elapsed().as_secs_f64());
    let faults: Vec<String> =
        ended.iter().filter_map(|(mutant, verdict, _)| fault(mutant, verdict)).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// Whether a root of a target stands where a package has its tests or its library, and not in a package below.
fn is_of_tests(root: &Path) -> bool {
    root.starts_with("src") || root.starts_with("tests")
}

fn is_wanted(name: &str, wanted: &[&str]) -> bool {
    wanted.is_empty() || wanted.iter().any(|part| name.contains(part))
}

fn fault(mutant: &Mutant, verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Caught(_) => None,
        Verdict::Survived => Some(format!("{}: survived {}", mutant.name, mutant.test)),
        Verdict::Unknown(why) => Some(format!("{}: {why}", mutant.name)),
    }
}

impl Workshop {
    fn open(additions: &Additions) -> Result<Self, String> {
        let folder = shell::target_dir()?.join("mutants");
        let tree = folder.join("tree");
        let told = |error| format!("{}: {error}", folder.display());
        fs::create_dir_all(&tree).map_err(told)?;
        let lock = File::create(folder.join("lock")).map_err(told)?;
        if lock.try_lock().is_err() {
            return Err(format!("{}: another run is at work", folder.display()));
        }
        // Cargo may only look for a workspace here, not above.
        let tree = tree.canonicalize().map_err(told)?;
        tree::copy(&tree, additions)?;
        Ok(Self { tree, target: folder.join("target"), words: folder.join("words"), _lock: lock })
    }

    /// Runs the tests that the mutants name against code that nobody altered: only then a failure means something.
    fn check_unaltered(&self, mutants: &[Mutant]) -> Result<(), String> {
        let mut targets: BTreeMap<&Target, BTreeSet<&str>> = BTreeMap::new();
        for mutant in mutants {
            targets.entry(&mutant.target).or_default().insert(&mutant.test);
        }
        for (target, tests) in targets {
            let watch = Stopwatch::start();
            let name = target.title();
            let executable = self.build(target).map_err(|error| format!("{name}: {error}"))?;
            let tests: Vec<&str> = tests.into_iter().collect();
            let (_, words) = self.test(&executable, target, &tests)?;
            if let Some(test) = tests.iter().find(|test| !has_ended(&words, test, "ok")) {
                return Err(format!("{name}: {test} does not pass without a mutant\n{words}"));
            }
            let seconds = watch.elapsed().as_secs_f64();
            println!("mutants: unaltered {name}: {} tests pass, {seconds:.1} s", tests.len());
        }
        Ok(())
    }

    /// Makes a mutant, tests it and puts the file back.
    fn judge(&self, mutant: &Mutant) -> Result<Verdict, String> {
        let path = self.tree.join(&mutant.file);
        let told = |error| format!("{}: {error}", path.display());
        let source = fs::read_to_string(&path).map_err(told)?;
        fs::write(&path, source.replacen(&mutant.find, &mutant.replace, 1)).map_err(told)?;
        let verdict = self.verdict(mutant);
        fs::write(&path, source).map_err(told)?;
        verdict
    }

    fn verdict(&self, mutant: &Mutant) -> Result<Verdict, String> {
        let executable = match self.build(&mutant.target) {
            Ok(executable) => executable,
            Err(error) => return Ok(Verdict::Unknown(error)),
        };
        let (status, words) = self.test(&executable, &mutant.target, &[&mutant.test])?;
        Ok(verdict(status, &words, &mutant.test))
    }

    /// Builds a binary of tests and gives its executable.
    fn build(&self, target: &Target) -> Result<String, String> {
        let words = File::create(&self.words).map_err(|error| error.to_string())?;
        let mut build = shell::cargo();
        build.current_dir(&self.tree).args(["test", "--locked", "--quiet", "--no-run"]);
        build.args(["--message-format", "json-render-diagnostics", "--target-dir"]).arg(&self.target);
        build.args(target.arguments()).stderr(words);
        let output = build.output().map_err(|error| format!("cargo: {error}"))?;
        let messages = String::from_utf8_lossy(&output.stdout);
        let mut binaries = built(&messages, &self.tree).filter(|_| output.status.success());
        // Another package may have tests of this name.
        let own = binaries.find(|(root, _)| root.strip_prefix(&target.folder).is_ok_and(is_of_tests));
        let Some((_, executable)) = own else {
            let errors = fs::read_to_string(&self.words).unwrap_or_default();
            return Err(format!("does not compile\n{errors}"));
        };
        Ok(executable)
    }

    /// Runs the tests whose names hold one of `tests`. Gives the exit status and what they said.
    fn test(
        &self,
        executable: &str,
        target: &Target,
        tests: &[&str],
    ) -> Result<(Option<i32>, String), String> {
        let told = |error: std::io::Error| format!("{executable}: {error}");
        let words = File::create(&self.words).map_err(told)?;
        let folder = self.tree.join(&target.folder);
        let mut test = Command::new("timeout");
        test.args([PATIENCE, executable]).args(tests).current_dir(&folder);
        // The place of a failure is enough, and costs no search for symbols.
        test.env("CARGO_MANIFEST_DIR", &folder)
            .env("RUST_BACKTRACE", "0")
            .stderr(words.try_clone().map_err(told)?)
            .stdout(words);
        let status = test.status().map_err(told)?;
        let words = fs::read(&self.words).map_err(told)?;
        Ok((status.code(), String::from_utf8_lossy(&words).into_owned()))
    }
}

/// What the end of a binary of tests says of a mutant.
fn verdict(status: Option<i32>, words: &str, test: &str) -> Verdict {
    match status {
        Some(0) if has_ended(words, test, "ok") => Verdict::Survived,
        Some(0) => Verdict::Unknown(format!("{test} did not run")),
        Some(OUT_OF_TIME) => Verdict::Unknown(format!("{test} did not end in {PATIENCE} s")),
        Some(_) if has_ended(words, test, "FAILED") => Verdict::Caught(place(words).to_owned()),
        // A stack that ran out ends the tests without another word.
        None | Some(128..) if !has_ended(words, test, "ok") => {
            Verdict::Caught("the end of the process".to_owned())
        }
        Some(_) | None => Verdict::Unknown(format!("the tests ended without a word on {test}\n{words}")),
    }
}

/// Whether a test of this name ended so: `test token::refuses ... ok`.
fn has_ended(words: &str, test: &str, how: &str) -> bool {
    words.lines().any(|line| {
        let ended = line.strip_prefix("test ").and_then(|line| line.split_once(" ... "));
        ended.is_some_and(|(name, end)| name.rsplit("::").next() == Some(test) && end == how)
    })
}

/// Where the first test failed, as it says.
fn place(words: &str) -> &str {
    let told = words.split_once("panicked at ").and_then(|(_, place)| place.lines().next());
    told.map_or("a place that it does not tell", |place| place.trim_end_matches(':'))
}

/// Counts and times of each room.
fn table(ended: &[(&Mutant, Verdict, Duration)]) -> String {
    let mut text = format!("{:<14}{:>9}{:>9}{:>9}\n", "room", "mutants", "caught", "seconds");
    for (room, _) in ROOMS {
        let of_room: Vec<_> = ended.iter().filter(|(mutant, ..)| mutant.room == room).collect();
        let caught = of_room.iter().filter(|(_, verdict, _)| matches!(verdict, Verdict::Caught(_))).count();
        let time: Duration = of_room.iter().map(|(.., time)| *time).sum();
        if !of_room.is_empty() {
            let line = format!("{room:<14}{:>9}{caught:>9}{:>9.0}\n", of_room.len(), time.as_secs_f64());
            text.push_str(&line);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: &str = "running 1 test\ntest token::refuses ... FAILED\n\nfailures:\n\n\
                          thread 'token::refuses' (7) panicked at issuer/tests/http/token.rs:12:5:\nassertion";

    #[test]
    fn a_mutant_is_caught_by_the_failure_of_its_own_test_alone() {
        let caught = Verdict::Caught("issuer/tests/http/token.rs:12:5".to_owned());
        assert_eq!(verdict(Some(101), FAILED, "refuses"), caught);
        assert!(matches!(verdict(None, "running 1 test\n", "refuses"), Verdict::Caught(_)));
        assert_eq!(verdict(Some(0), "test token::refuses ... ok\n", "refuses"), Verdict::Survived);
        for (status, words) in [
            (Some(0), "running 0 tests\n"),
            (Some(0), "test token::refuses_more ... ok\n"),
            (Some(101), "test token::refuses ... ok\ntest token::refuses_more ... FAILED\n"),
            (Some(124), "running 1 test\n"),
            (Some(127), "timeout: no such file\n"),
            (None, "test token::refuses ... ok\n"),
        ] {
            assert!(matches!(verdict(status, words, "refuses"), Verdict::Unknown(_)), "{words}");
        }
    }

    #[test]
    fn whoever_names_nothing_gets_all() {
        assert!(is_wanted("jose: the signature of a JWS", &[]));
        assert!(is_wanted("jose: the signature of a JWS", &["cose: ", "jose: "]));
        assert!(!is_wanted("jose: the signature of a JWS", &["cose: "]));
    }
}
