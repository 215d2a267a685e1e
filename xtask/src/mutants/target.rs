//! Which binary of tests holds the tests of a file.

use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

/// A binary of tests, as cargo names it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Target {
    pub(super) package: String,
    /// The folder of the package, below the workspace: where its tests run.
    pub(super) folder: PathBuf,
    /// The name of a file or folder below `tests/`; `None` for the tests beside the code.
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
struct Manifest {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

impl Target {
    /// The binary that holds the tests of `file`, a path below the workspace `root`.
    ///
    /// # Errors
    /// When the file belongs to no package, or stands elsewhere than in its `src/` or `tests/`.
    pub(super) fn of(root: &Path, file: &Path) -> Result<Self, String> {
        let has_manifest = |folder: &&Path| root.join(folder).join("Cargo.toml").is_file();
        let folder =
            file.ancestors().skip(1).take_while(|folder| *folder != Path::new("")).find(has_manifest);
        let folder = folder.ok_or_else(|| format!("{} belongs to no package", file.display()))?;
        let manifest = fs::read_to_string(root.join(folder).join("Cargo.toml"))
            .map_err(|error| error.to_string())
            .and_then(|text| toml::from_str::<Manifest>(&text).map_err(|error| error.to_string()))
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        let inside: Vec<&str> = file.strip_prefix(folder).map(names).unwrap_or_default();
        let name = match inside.as_slice() {
            ["src", ..] => None,
            ["tests", name, ..] => Some(name.strip_suffix(".rs").unwrap_or(name).to_owned()),
            _ => return Err(format!("{} is not among the tests of its package", file.display())),
        };
        Ok(Self { package: manifest.package.name, folder: folder.to_owned(), name })
    }

    /// What cargo is told to build it. With the features of the whole workspace: each choice of packages would
    /// have the dependencies built for itself.
    pub(super) fn arguments(&self) -> [String; 3] {
        let name = self.name.clone().unwrap_or_else(|| self.library_name());
        ["--workspace".to_owned(), "--test".to_owned(), name]
    }

    /// A line of people's: `issuer, http`.
    pub(super) fn title(&self) -> String {
        format!("{}, {}", self.folder.display(), self.name.as_deref().unwrap_or("src"))
    }

    /// What is added to the manifest of its package in the copy: the tests beside the code as a target with a
    /// name of its own, since cargo has none that tells one library of a workspace from the others.
    pub(super) fn addition(&self) -> Option<(PathBuf, String)> {
        let text = format!("\n[[test]]\nname = \"{}\"\npath = \"src/lib.rs\"\n", self.library_name());
        self.name.is_none().then(|| (self.folder.join("Cargo.toml"), text))
    }

    fn library_name(&self) -> String {
        format!("{}-src", self.package)
    }
}

fn names(path: &Path) -> Vec<&str> {
    let name = |part| match part {
        Component::Normal(name) => Path::new(name).to_str(),
        _ => None,
    };
    path.components().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell;

    #[test]
    fn the_tests_of_a_file_are_in_the_binary_of_its_folder() {
        let of = |file: &str| Target::of(&shell::root(), Path::new(file));
        for (file, package, test) in [
            ("crates/jose/src/jws.rs", "inro-jose", "inro-jose-src"),
            ("crates/trust/tests/paths.rs", "inro-trust", "paths"),
            ("crates/mdoc/tests/mdoc/hostile.rs", "inro-mdoc", "mdoc"),
            ("issuer/tests/http/token.rs", "inro-issuer", "http"),
            ("tests/tests/status_lists.rs", "inro-tests", "status_lists"),
        ] {
            let target = of(file).unwrap();
            assert_eq!(target.package, package);
            assert_eq!(target.arguments(), ["--workspace", "--test", test]);
        }
        let (manifest, text) = of("crates/jose/src/jws.rs").unwrap().addition().unwrap();
        assert_eq!(manifest, Path::new("crates/jose/Cargo.toml"));
        assert!(text.contains("name = \"inro-jose-src\""));
        assert_eq!(of("issuer/tests/http/token.rs").unwrap().addition(), None);
        assert!(of("docs/hostile.md").is_err());
        assert!(of("crates/jose/benches/speed.rs").is_err());
    }
}
