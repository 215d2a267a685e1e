//! A copy of the sources, in which mutants are made: nobody's own files are touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is added at the end of some files.
pub(super) type Additions = BTreeMap<PathBuf, String>;

/// Makes `tree` a copy of the files that git knows or would add, some of them with more at their end. What is there
/// and equal stays, so that it is not built again; what is there and different, such as a mutant of a run that was
/// cut, is written anew.
///
/// # Errors
/// When git does not list the files, or one cannot be copied.
pub(super) fn copy(tree: &Path, additions: &Additions) -> Result<(), String> {
    let mut list = Command::new("git");
    list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = list.output().map_err(|error| format!("git: {error}"))?;
    if !output.status.success() {
        return Err(format!("git: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let names = String::from_utf8_lossy(&output.stdout);
    // A file that git knows may be deleted.
    let files: BTreeSet<PathBuf> =
        names.split_terminator('\0').map(PathBuf::from).filter(|file| file.is_file()).collect();
    mirror(Path::new("."), &files, additions, tree)
}

fn mirror(root: &Path, files: &BTreeSet<PathBuf>, additions: &Additions, tree: &Path) -> Result<(), String> {
    for file in files {
        let told = |error| format!("{}: {error}", file.display());
        let (from, to) = (root.join(file), tree.join(file));
        let mut wanted = fs::read(&from).map_err(told)?;
        wanted.extend_from_slice(additions.get(file).map(String::as_bytes).unwrap_or_default());
        if fs::read(&to).is_ok_and(|found| found == wanted) {
            continue;
        }
        fs::create_dir_all(to.parent().unwrap_or(tree)).map_err(told)?;
        fs::write(&to, wanted).map_err(told)?;
    }
    remove_others(tree, tree, files).map_err(|error| format!("{}: {error}", tree.display()))
}

fn remove_others(folder: &Path, tree: &Path, files: &BTreeSet<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, tree, files)?;
        } else if !path.strip_prefix(tree).is_ok_and(|file| files.contains(file)) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_the_files_and_no_others_and_leaves_alone_what_is_equal() {
        let folder = tempfile::tempdir().unwrap();
        let (root, tree) = (folder.path().join("root"), folder.path().join("tree"));
        fs::create_dir_all(root.join("src")).unwrap();
        for (name, text) in [("src/a.rs", "a"), ("src/b.rs", "b"), ("notes", "private")] {
            fs::write(root.join(name), text).unwrap();
        }
        let files = BTreeSet::from(["src/a.rs", "src/b.rs"].map(PathBuf::from));
        let additions = Additions::from([(PathBuf::from("src/a.rs"), " and more".to_owned())]);
        mirror(&root, &files, &additions, &tree).unwrap();
        assert_eq!(fs::read_to_string(tree.join("src/a.rs")).unwrap(), "a and more");
        assert!(!tree.join("notes").exists());

        let changed = |name: &str| fs::metadata(tree.join(name)).unwrap().modified().unwrap();
        let before = changed("src/a.rs");
        fs::write(tree.join("src/b.rs"), "a mutant").unwrap();
        fs::write(tree.join("src/c.rs"), "left behind").unwrap();
        mirror(&root, &files, &additions, &tree).unwrap();
        assert_eq!(changed("src/a.rs"), before);
        assert_eq!(fs::read_to_string(tree.join("src/b.rs")).unwrap(), "b");
        assert!(!tree.join("src/c.rs").exists());
    }
}
