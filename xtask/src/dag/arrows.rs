//! Arrows between packages, against `xtask/arrows.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;

use super::metadata::{Metadata, Package, production_tree};

const TABLE: &str = "xtask/arrows.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    rooms: BTreeMap<String, Vec<String>>,
    across: Names,
    only: BTreeMap<String, Vec<String>>,
    oracles: Names,
    phone: Phone,
    never: Names,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    packages: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Phone {
    packages: Vec<String>,
    never: Vec<String>,
}

pub(super) fn findings(metadata: &Metadata) -> Result<Vec<String>, String> {
    let text = fs::read_to_string(TABLE).map_err(|error| format!("{TABLE}: {error}"))?;
    let table: Table = toml::from_str(&text).map_err(|error| format!("{TABLE}: {error}"))?;
    let mut findings = Vec::new();
    for package in metadata.workspace_packages() {
        if table.across.packages.contains(&package.name) {
            continue;
        }
        if !table.rooms.contains_key(&package.name) {
            findings.push(format!("{}: no such room in {TABLE}", package.name));
            continue;
        }
        findings.extend(room_findings(&table, package));
        findings.extend(tree_findings(&table, &package.name)?);
    }
    Ok(findings)
}

fn room_findings(table: &Table, package: &Package) -> Vec<String> {
    let below = below(table, &package.name);
    let mut findings = Vec::new();
    for dependency in &package.dependencies {
        let name = dependency.name.as_str();
        let shipped = dependency.kind.as_deref() != Some("dev");
        if table.rooms.contains_key(name) && !below.contains(name) {
            findings.push(format!("{} -> {name}: not below it in {TABLE}", package.name));
        }
        if table.across.packages.iter().any(|across| across == name) {
            findings.push(format!("{} -> {name}: nobody stands on the tests", package.name));
        }
        if shipped && table.oracles.packages.iter().any(|oracle| oracle == name) {
            findings.push(format!("{} -> {name}: an oracle is a dev-dependency", package.name));
        }
        let allowed = table.only.get(name);
        if shipped && allowed.is_some_and(|allowed| !allowed.contains(&package.name)) {
            findings.push(format!("{} -> {name}: for services and CLIs alone, see [only]", package.name));
        }
    }
    findings
}

fn tree_findings(table: &Table, name: &str) -> Result<Vec<String>, String> {
    let tree = production_tree(name)?;
    let phone = table.phone.packages.iter().any(|package| package == name);
    let phone_never = table.phone.never.iter().filter(|_| phone);
    let never = table.never.packages.iter().chain(&table.oracles.packages).chain(phone_never);
    let found = never.filter(|banned| tree.contains(*banned));
    Ok(found.map(|banned| format!("{name}: its production tree has {banned}")).collect())
}

/// Every room that `name` may use: what it stands on, and what that stands on.
fn below<'a>(table: &'a Table, name: &str) -> BTreeSet<&'a str> {
    let mut below = BTreeSet::new();
    let mut waiting: Vec<&str> = table.rooms.get(name).into_iter().flatten().map(String::as_str).collect();
    while let Some(room) = waiting.pop() {
        if below.insert(room) {
            waiting.extend(table.rooms.get(room).into_iter().flatten().map(String::as_str));
        }
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        toml::from_str(
            "[rooms]\na = []\nb = ['a']\nc = ['b']\n[across]\npackages = ['t']\n[only]\ntokio = ['c']\n\
             [oracles]\npackages = ['oracle']\n[phone]\npackages = ['b']\nnever = ['tokio']\n[never]\npackages = ['openssl']\n",
        )
        .unwrap()
    }

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependencies: Vec<_> =
            dependencies.iter().map(|(name, kind)| serde_json::json!({"name": name, "kind": kind})).collect();
        serde_json::from_value(serde_json::json!({
            "id": name, "name": name, "manifest_path": "/x/Cargo.toml", "dependencies": dependencies,
        }))
        .unwrap()
    }

    #[test]
    fn an_arrow_may_skip_floors_and_not_run_up() {
        assert_eq!(room_findings(&table(), &package("c", &[("a", None), ("tokio", None)])), [""; 0]);
        assert_eq!(room_findings(&table(), &package("a", &[("b", Some("dev"))])).len(), 1);
        assert_eq!(room_findings(&table(), &package("b", &[("t", Some("dev"))])).len(), 1);
    }

    #[test]
    fn runtimes_and_oracles_stay_where_they_belong() {
        assert_eq!(room_findings(&table(), &package("b", &[("tokio", None)])).len(), 1);
        assert_eq!(room_findings(&table(), &package("b", &[("tokio", Some("dev"))])), [""; 0]);
        assert_eq!(room_findings(&table(), &package("b", &[("oracle", None)])).len(), 1);
        assert_eq!(room_findings(&table(), &package("b", &[("oracle", Some("dev"))])), [""; 0]);
    }
}
