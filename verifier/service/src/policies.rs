//! The policy folder: one TOML file per policy, read at every use.

use std::fs;

use inro_service::{ServiceError, files};
use inro_trust::Anchors;
use inro_verifier_sdk::{Policy, VerifierError, is_policy_name};

use crate::error::CommandError;
use crate::layout::Layout;

/// The most policy files that are listed.
const MAX_POLICIES: usize = 1_000;

/// The policy `name`.
///
/// # Errors
/// [`VerifierError::UnknownPolicy`] when there is no such file, or the name cannot be one's.
pub fn load(layout: &Layout, name: &str) -> Result<Policy, CommandError> {
    let path = layout.policies().join(format!("{name}.toml"));
    if !is_policy_name(name) || !path.is_file() {
        return Err(VerifierError::UnknownPolicy.into());
    }
    Ok(Policy::parse(name, &files::read_text(&path)?)?)
}

/// Checks that each issuer that `policy` names is the name of an anchor: no credential could satisfy
/// it otherwise.
///
/// # Errors
/// [`CommandError::UnknownAnchor`] with the first that is not.
pub fn check_issuers(policy: &Policy, anchors: &Anchors) -> Result<(), CommandError> {
    let known = |name: &String| anchors.names().any(|anchor| anchor == name);
    match policy.acceptance.issuers.iter().find(|name| !known(name)) {
        Some(name) => Err(CommandError::UnknownAnchor { name: name.clone() }),
        None => Ok(()),
    }
}

/// The names of all policy files, sorted.
///
/// # Errors
/// [`CommandError::Service`] when the folder cannot be read.
pub fn names(layout: &Layout) -> Result<Vec<String>, CommandError> {
    let folder = layout.policies();
    let read = |source| ServiceError::Read { path: folder.clone(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(read)?.take(MAX_POLICIES) {
        let path = entry.map_err(read)?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if let Some(stem) = stem.filter(|_| path.extension().is_some_and(|extension| extension == "toml")) {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    Ok(names)
}
