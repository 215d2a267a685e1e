//! The tests that the tables name, looked for among those that were compiled and collected: a
//! file that no crate has as a module may hold any number of tests that nobody runs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::shell;

/// One binary of tests.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct TestBinary {
    /// The file that its modules start from, below the workspace.
    root: PathBuf,
    /// The tests that it runs, each with the modules that it stands in: `hostile::a_malformed_status`.
    tests: Vec<String>,
}

/// Checks all tests, with the programs that those in Python drive.
///
/// # Errors
/// As [`check_rust`] and [`check_python`].
pub(crate) fn check() -> Result<(), String> {
    check_rust()?;
    check_python(&shell::build_binaries()?)
}

/// Checks the tests in Rust, which are built for that if they are not.
///
/// # Errors
/// When they do not build, or each row that names a test that no binary runs, one to a line.
pub(crate) fn check_rust() -> Result<(), String> {
    let mut build = shell::cargo();
    build.args(["test", "--workspace", "--no-run", "--message-format", "json-render-diagnostics"]);
    let binaries: Result<Vec<_>, _> = built(&output(&mut build)?, &shell::root()).map(listed).collect();
    let binaries = binaries?;
    missing("rs", |file, function| binaries.iter().any(|binary| binary.has(file, function)))
}

/// Checks the tests in Python.
///
/// # Errors
/// When they cannot be collected, or each row that names a test that was not, one to a line.
pub(crate) fn check_python(programs: &Path) -> Result<(), String> {
    let mut collect = Command::new("tests/interop/run.sh");
    let collected = output(collect.arg("--collect-only").env("INRO_BIN_DIR", programs))?;
    missing("py", |file, function| collects(&collected, file, function))
}

fn missing(extension: &str, exists: impl Fn(&Path, &str) -> bool) -> Result<(), String> {
    let mut found = Vec::new();
    for table in [super::CONFORMANCE, super::HOSTILE] {
        let faults = faults(&super::read(table)?, extension, &exists);
        found.extend(faults.into_iter().map(|fault| format!("{table}: {fault}")));
    }
    if found.is_empty() { Ok(()) } else { Err(found.join("\n")) }
}

/// Each row of a table that names a test of these files that does not exist.
fn faults(text: &str, extension: &str, exists: impl Fn(&Path, &str) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    for row in super::rows(text) {
        let cells = super::cells(row);
        let (Some(id), Some(held)) = (cells.first(), cells.last()) else { continue };
        for (file, function) in super::tests(held) {
            let path = Path::new(file);
            if path.extension().is_some_and(|found| found == extension) && !exists(path, function) {
                faults.push(format!("{id}: no test {function} of {file} is run"));
            }
        }
    }
    faults
}

impl TestBinary {
    /// Whether it runs this test of this file. The file's own module has to be among those that the test
    /// stands in: there may be a test of this name in another file.
    fn has(&self, file: &Path, function: &str) -> bool {
        let below = self.root.parent().is_some_and(|folder| file.starts_with(folder));
        let module = if file == self.root { None } else { Some(module(file)) };
        below
            && self.tests.iter().any(|test| {
                let mut names = test.rsplit("::");
                names.next() == Some(function)
                    && module.as_ref().is_none_or(|module| names.any(|name| name == module))
            })
    }
}

/// The name of the module that a file holds.
fn module(file: &Path) -> String {
    let file = if file.ends_with("mod.rs") { file.parent().unwrap_or(file) } else { file };
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The root and the executable of each binary of tests in what cargo says of a build.
pub(crate) fn built<'a>(
    messages: &'a str,
    workspace: &'a Path,
) -> impl Iterator<Item = (PathBuf, String)> + 'a {
    messages.lines().filter_map(move |line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_test = message.pointer("/profile/test")?.as_bool()?;
        let root = Path::new(message.pointer("/target/src_path")?.as_str()?);
        let executable = message.get("executable")?.as_str()?.to_owned();
        is_test.then(|| (root.strip_prefix(workspace).unwrap_or(root).to_owned(), executable))
    })
}

/// Asks a binary for the tests that it runs; those that are ignored it does not.
fn listed((root, executable): (PathBuf, String)) -> Result<TestBinary, String> {
    let list = |which: &[&str]| output(Command::new(&executable).args(which).arg("--list"));
    Ok(TestBinary { root, tests: running(&list(&[])?, &list(&["--ignored"])?) })
}

/// The names in a list of all tests, without those of the ignored ones: `token::refuses: test`.
fn running(all: &str, ignored: &str) -> Vec<String> {
    let ignored: Vec<&str> = ignored.lines().collect();
    let lines = all.lines().filter(|line| !ignored.contains(line));
    lines.filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

/// Whether pytest has collected the test: `test_dcql.py::test_claims[one]`.
fn collects(collected: &str, file: &Path, function: &str) -> bool {
    file.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
        collected.lines().filter_map(|line| line.split_once("::")).any(|(file, test)| {
            file == name && test.split('[').next().and_then(|test| test.rsplit("::").next()) == Some(function)
        })
    })
}

/// What a command prints; its other words go to the terminal.
fn output(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| format!("{name}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(text) } else { Err(format!("{text}{name}: {}", output.status)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(root: &str, tests: &[&str]) -> TestBinary {
        TestBinary { root: root.into(), tests: tests.iter().map(|&test| test.to_owned()).collect() }
    }

    #[test]
    fn a_row_that_names_a_test_that_no_binary_runs_is_a_fault() {
        let binaries = [
            binary("issuer/tests/http/main.rs", &["token::refuses", "support::starts"]),
            binary("issuer/src/lib.rs", &["hr::read::tests::reads", "tests::opens"]),
        ];
        let faults = |held: &str| {
            let table =
                format!("| id | binds | rule | test |\n|---|---|---|---|\n| A-1 | all | a rule | {held} |\n");
            faults(&table, "rs", |file, function| binaries.iter().any(|binary| binary.has(file, function)))
        };
        for good in [
            "`issuer/tests/http/token.rs::refuses`",
            "`issuer/src/hr/read.rs::reads`",
            "`issuer/src/lib.rs::opens`",
            "`issuer/tests/http/token.rs::refuses`, `issuer/src/lib.rs::opens`",
            "`tests/interop/test_dcql.py::test_claims`",
            "not implemented: see `issuer/tests/http/token.rs::accepts`",
        ] {
            assert_eq!(faults(good), Vec::<String>::new(), "{good}");
        }
        for bad in [
            // A test in a file that is compiled, but no test of this name.
            "`issuer/tests/http/token.rs::accepts`",
            // A file that no crate has as a module, with the name of another's test.
            "`issuer/tests/http/forgotten.rs::refuses`",
            "`issuer/tests/http/forgotten/mod.rs::refuses`",
            // The module of this name is another crate's.
            "`verifier/tests/http/token.rs::refuses`",
            "`issuer/src/lib.rs::refuses`",
            "`issuer/tests/http/token.rs::refuses`, `issuer/src/lib.rs::closes`",
        ] {
            assert_eq!(faults(bad).len(), 1, "{bad}");
        }
    }

    #[test]
    fn a_file_is_named_as_its_module_is() {
        assert_eq!(module(Path::new("src/hr/read.rs")), "read");
        assert_eq!(module(Path::new("tests/common/mod.rs")), "common");
    }

    #[test]
    fn finds_the_binaries_of_tests_among_what_cargo_says() {
        let messages = r#"
{"reason":"compiler-artifact","target":{"src_path":"/w/a/src/lib.rs"},"profile":{"test":false},"executable":null}
{"reason":"compiler-artifact","target":{"src_path":"/w/a/src/main.rs"},"profile":{"test":false},"executable":"/t/a"}
{"reason":"compiler-artifact","target":{"src_path":"/w/a/tests/b.rs"},"profile":{"test":true},"executable":"/t/b-1"}
{"reason":"build-finished","success":true}"#;
        let found: Vec<_> = built(messages, Path::new("/w")).collect();
        assert_eq!(found, [(PathBuf::from("a/tests/b.rs"), "/t/b-1".to_owned())]);
    }

    #[test]
    fn a_binary_lists_what_it_runs() {
        // This binary itself; the root is of no account here.
        let own = std::env::current_exe().unwrap().to_string_lossy().into_owned();
        let listed = listed((PathBuf::from("xtask/src/main.rs"), own)).unwrap();
        let this = Path::new("xtask/src/tables/built.rs");
        assert!(listed.has(this, "a_binary_lists_what_it_runs"));
        assert!(!listed.has(this, "a_binary_lists_what_nobody_wrote"));
    }

    #[test]
    fn what_is_ignored_is_not_run() {
        let all = "a::b: test\na::c: test\nspeed: benchmark\n\n2 tests, 1 benchmark\n";
        assert_eq!(running(all, "a::c: test\n\n1 test, 0 benchmarks\n"), ["a::b"]);
    }

    #[test]
    fn finds_the_tests_that_pytest_collected() {
        let collected =
            "test_dcql.py::test_claims[one]\ntest_dcql.py::TestSets::test_sets\n\n2 tests collected";
        let has = |file: &str, function: &str| collects(collected, Path::new(file), function);
        assert!(has("tests/interop/test_dcql.py", "test_claims"));
        assert!(has("tests/interop/test_dcql.py", "test_sets"));
        assert!(!has("tests/interop/test_dcql.py", "test_claim"));
        assert!(!has("tests/interop/test_other.py", "test_claims"));
    }
}
