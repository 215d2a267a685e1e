//! The list of mutants, read and held against the code and the tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::target::Target;
use crate::tables;

/// Where the lists are, below the workspace.
const FOLDER: &str = "xtask/mutants";

/// A check that is taken out, and the test that misses it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Mutant {
    /// The room, and in words what nobody checks: `jose: the signature of a JWS`.
    pub(super) name: String,
    pub(super) room: &'static str,
    /// Below the workspace.
    pub(super) file: String,
    pub(super) find: String,
    pub(super) replace: String,
    pub(super) target: Target,
    /// The function that has to fail.
    pub(super) test: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Room {
    mutant: Vec<Entry>,
}

/// An entry as it is written. `test` is a file and a function, as in the tables of `docs/`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    file: String,
    find: String,
    replace: String,
    test: String,
}

/// The mutants of all rooms, in the order of `rooms`: names, and the folders of their code.
///
/// # Errors
/// Each room without a list, and each entry that is not whole, one to a line.
pub(super) fn read(
    root: &Path,
    rooms: &[(&'static str, &str)],
    fewest: usize,
) -> Result<Vec<Mutant>, String> {
    let (mut mutants, mut faults) = (Vec::new(), Vec::new());
    for (room, code) in rooms {
        let path = Path::new(FOLDER).join(format!("{room}.toml"));
        let text = fs::read_to_string(root.join(&path)).map_err(|error| error.to_string());
        match text.and_then(|text| toml::from_str::<Room>(&text).map_err(|error| error.to_string())) {
            Ok(found) if found.mutant.is_empty() => faults.push(format!("{room}: no mutants")),
            Ok(found) => {
                for entry in found.mutant {
                    let name = format!("{room}: {}", entry.name);
                    match mutant(root, room, code, entry) {
                        Ok(mutant) => mutants.push(mutant),
                        Err(fault) => faults.push(format!("{name}: {fault}")),
                    }
                }
            }
            Err(error) => faults.push(format!("{}: {error}", path.display())),
        }
    }
    let mut names = BTreeSet::new();
    let repeated = mutants.iter().filter(|mutant| !names.insert(&mutant.name));
    faults.extend(repeated.map(|mutant| format!("{}: twice", mutant.name)));
    if faults.is_empty() && mutants.len() < fewest {
        faults.push(format!("{} mutants and not {fewest}", mutants.len()));
    }
    if faults.is_empty() { Ok(mutants) } else { Err(faults.join("\n")) }
}

fn mutant(root: &Path, room: &'static str, code: &str, entry: Entry) -> Result<Mutant, String> {
    let Entry { name, file, find, replace, test } = entry;
    if name.is_empty() || find.is_empty() || find == replace {
        return Err("nothing is taken out".to_owned());
    }
    if !Path::new(&file).starts_with(code) {
        return Err(format!("{file} is not of this room"));
    }
    let source = fs::read_to_string(root.join(&file)).map_err(|error| format!("{file}: {error}"))?;
    match source.matches(&find).count() {
        1 => {}
        count => return Err(format!("its text stands {count} times in {file}")),
    }
    if let Some(fault) = tables::fault(&format!("`{test}`"), root) {
        return Err(fault);
    }
    let Some((tests, function)) = test.split_once("::") else {
        return Err(format!("{test} is a file without a test"));
    };
    Ok(Mutant {
        name: format!("{room}: {name}"),
        room,
        target: Target::of(root, Path::new(tests))?,
        test: function.to_owned(),
        file,
        find,
        replace,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "fn check() { one(); two(); two(); }\n#[test]\nfn refuses() {}\n";
    const ENTRY: &str = "[[mutant]]\nname = \"one\"\nfile = \"crates/a/src/lib.rs\"\nfind = \"one();\"\n\
                         replace = \"\"\ntest = \"crates/a/src/lib.rs::refuses\"\n";

    fn workspace(list: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("crates/a/src/lib.rs", CODE),
            ("crates/a/Cargo.toml", "[package]\nname = \"inro-a\"\n"),
            ("crates/b/src/lib.rs", CODE),
            ("xtask/mutants/a.toml", list),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn listed(list: &str) -> Result<Vec<Mutant>, String> {
        read(workspace(list).path(), &[("a", "crates/a/src")], 1)
    }

    #[test]
    fn reads_a_mutant_with_its_test() {
        let mutants = listed(ENTRY).unwrap();
        let [mutant] = mutants.as_slice() else { panic!("{mutants:?}") };
        assert_eq!((mutant.name.as_str(), mutant.room, mutant.test.as_str()), ("a: one", "a", "refuses"));
        assert_eq!((mutant.find.as_str(), mutant.replace.as_str()), ("one();", ""));
        assert_eq!(mutant.target.package, "inro-a");
    }

    #[test]
    fn an_entry_that_cannot_be_made_or_tested_is_a_fault() {
        listed(ENTRY).unwrap();
        for (from, to, fault) in [
            (
                "find = \"one();\"",
                "find = \"two();\"",
                "a: one: its text stands 2 times in crates/a/src/lib.rs",
            ),
            (
                "find = \"one();\"",
                "find = \"three();\"",
                "a: one: its text stands 0 times in crates/a/src/lib.rs",
            ),
            ("replace = \"\"", "replace = \"one();\"", "a: one: nothing is taken out"),
            ("file = \"crates/a/", "file = \"crates/b/", "a: one: crates/b/src/lib.rs is not of this room"),
            (
                "src/lib.rs\"",
                "src/main.rs\"",
                "a: one: crates/a/src/main.rs: No such file or directory (os error 2)",
            ),
            ("::refuses", "::accepts", "a: one: no test accepts in crates/a/src/lib.rs"),
            ("::refuses", "", "a: one: crates/a/src/lib.rs is a file without a test"),
            ("test = \"crates/a/", "test = \"crates/b/", "a: one: crates/b/src/lib.rs belongs to no package"),
        ] {
            assert_eq!(listed(&ENTRY.replacen(from, to, 1)), Err(fault.to_owned()));
        }
        assert_eq!(listed(&format!("{ENTRY}{ENTRY}")), Err("a: one: twice".to_owned()));
        assert!(listed(&ENTRY.replace("name =", "nam =")).unwrap_err().starts_with("xtask/mutants/a.toml: "));
    }

    #[test]
    fn each_room_has_mutants_and_all_together_as_many_as_are_wanted() {
        let folder = workspace(ENTRY);
        let read = |rooms, fewest| read(folder.path(), rooms, fewest);
        assert_eq!(read(&[("a", "crates/a/src")], 1).map(|mutants| mutants.len()), Ok(1));
        assert_eq!(read(&[("a", "crates/a/src")], 2), Err("1 mutants and not 2".to_owned()));
        assert!(read(&[("a", "crates/a/src"), ("b", "crates/b/src")], 1).is_err());
        assert_eq!(listed("mutant = []"), Err("a: no mutants".to_owned()));
    }
}
