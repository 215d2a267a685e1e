//! The policy folder: one TOML file per policy.

use std::fs;
use std::path::PathBuf;

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
    let path = path(layout, name).filter(|path| path.is_file()).ok_or(VerifierError::UnknownPolicy)?;
    Ok(Policy::parse(name, &files::read_text(&path)?)?)
}

/// Where the policy `name` would stand; `None` for what can be no policy's name.
pub fn path(layout: &Layout, name: &str) -> Option<PathBuf> {
    is_policy_name(name).then(|| layout.policies().join(format!("{name}.toml")))
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
