//! Circles between the files of one package.
//!
//! A file stands on another when it names a path that the other defines. `mod` declarations and
//! `pub use` are how a parent shows its children; they are no such step, and a path through them is
//! followed to where the item stands.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::rust_source::{NamedPath, bare, paths};

/// How many `pub use` a path may lead through.
const MAX_HOPS: usize = 8;

pub(super) fn findings(package: &str, source: &Path) -> Result<Vec<String>, String> {
    let mut files = Vec::new();
    collect(source, &[], &mut files)?;
    Ok(circles_of(files)
        .into_iter()
        .map(|circle| format!("{package}: a circle of files: {circle}"))
        .collect())
}

/// One file: the module that it is, and its text.
type File = (Vec<String>, String);

fn collect(folder: &Path, module: &[String], files: &mut Vec<File>) -> Result<(), String> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let mut inner = module.to_vec();
        if !matches!(stem, "lib" | "mod") {
            inner.push(stem.to_owned());
        }
        if path.is_dir() {
            collect(&path, &inner, files)?;
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            files.push((inner, text));
        }
    }
    Ok(())
}

fn circles_of(files: Vec<File>) -> Vec<String> {
    let graph = Graph::new(files);
    let edges = graph.edges();
    let mut circles = BTreeSet::new();
    for start in edges.keys() {
        if let Some(circle) = path_back(start, &edges) {
            // The same circle is found from each of its files; told once, from its first name on.
            let first = circle.iter().min().cloned().unwrap_or_default();
            let turn = circle.iter().position(|file| *file == first).unwrap_or(0);
            let turned: Vec<String> = circle.iter().cycle().skip(turn).take(circle.len()).cloned().collect();
            circles.insert(turned.join(" -> "));
        }
    }
    circles.into_iter().collect()
}

struct Graph {
    modules: BTreeMap<Vec<String>, Vec<NamedPath>>,
}

impl Graph {
    fn new(files: Vec<File>) -> Self {
        Self { modules: files.into_iter().map(|(module, text)| (module, paths(&bare(&text)))).collect() }
    }

    fn edges(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (module, named) in &self.modules {
            let own = edges.entry(name_of(module)).or_default();
            for path in named.iter().filter(|path| path.handed_on_as.is_none()) {
                let target =
                    self.absolute(module, &path.segments).and_then(|path| self.file_of(&path, MAX_HOPS));
                own.extend(target.filter(|target| target != module).map(|target| name_of(&target)));
            }
        }
        edges
    }

    /// The path from the crate's root, when it is one of this crate's.
    fn absolute(&self, module: &[String], segments: &[String]) -> Option<Vec<String>> {
        let (first, rest) = segments.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" => module.to_vec(),
            "super" => module.split_last()?.1.to_vec(),
            child => {
                let inner = [module, &[child.to_owned()]].concat();
                return self.modules.contains_key(&inner).then(|| [inner, rest.to_vec()].concat());
            }
        };
        for segment in rest {
            if segment == "super" {
                base.pop()?;
            } else {
                base.push(segment.clone());
            }
        }
        Some(base)
    }

    /// The file in which the item at `path` stands.
    fn file_of(&self, path: &[String], hops: usize) -> Option<Vec<String>> {
        let depth = (0..=path.len())
            .rev()
            .find(|depth| path.get(..*depth).is_some_and(|p| self.modules.contains_key(p)))?;
        let (module, rest) = path.split_at_checked(depth)?;
        let handed_on = rest.first().and_then(|item| {
            let named = self.modules.get(module)?;
            let path = named.iter().find(|path| path.handed_on_as.as_ref() == Some(item))?;
            self.absolute(module, &path.segments)
        });
        match (handed_on, hops.checked_sub(1)) {
            (Some(path), Some(hops)) => self.file_of(&path, hops),
            _ => Some(module.to_vec()),
        }
    }
}

fn name_of(module: &[String]) -> String {
    if module.is_empty() { "crate root".into() } else { module.join("::") }
}

/// A way from `start` back to it, as the files on it.
fn path_back(start: &str, edges: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut waiting = vec![start];
    while let Some(file) = waiting.pop() {
        for next in edges.get(file)? {
            if next == start {
                let mut way = vec![file.to_owned()];
                let mut at = file;
                while let Some(before) = came_from.get(at) {
                    way.push((*before).to_owned());
                    at = before;
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(next.as_str()) {
                came_from.insert(next, file);
                waiting.push(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(module: &str, text: &str) -> File {
        let module = module.split("::").filter(|part| !part.is_empty()).map(String::from).collect();
        (module, text.into())
    }

    #[test]
    fn finds_a_planted_circle() {
        let files = vec![
            file("", "mod a; mod b; mod c;"),
            file("a", "use crate::b::B;"),
            file("b", "use super::c::C;"),
            file("c", "fn f() -> crate::a::A { todo() }"),
        ];
        assert_eq!(circles_of(files), ["a -> b -> c"]);
    }

    #[test]
    fn follows_what_is_handed_on() {
        let root = file("", "mod a; mod b; pub use a::A; pub use b::B;");
        let forward = file("a", "use crate::B;");
        assert_eq!(circles_of(vec![root.clone(), forward.clone(), file("b", "")]), [""; 0]);
        assert_eq!(circles_of(vec![root, forward, file("b", "use crate::A;")]), ["a -> b"]);
    }

    #[test]
    fn a_parent_that_calls_its_child_is_above_it() {
        let parent = file("p", "mod child; fn f() { child::g() }");
        assert_eq!(circles_of(vec![parent.clone(), file("p::child", "")]), [""; 0]);
        assert_eq!(circles_of(vec![parent, file("p::child", "use super::f;")]), ["p -> p::child"]);
    }
}
