//! The trust folder: one PEM file per anchor. It is looked at at every use, so that an anchor that is added
//! or removed counts at once.

use std::fs;
use std::path::{Path, PathBuf};

use inro_base::base64url;
use inro_crypto::Provider as _;
use inro_crypto_aws::AwsLc;
use inro_service::{ServiceError, files};
use inro_trust::{Anchors, TrustError, UntrustedCertificate, Usage, certificates_from_pem};

use crate::error::CommandError;
use crate::layout::Layout;

/// The most anchor files that are read: more agencies than the country has would not need them.
const MAX_ANCHOR_FILES: usize = 4_096;

/// The trusted issuers, which also vouch as registrars.
///
/// # Errors
/// [`CommandError::Trust`] for a file that holds no usable authority: better no answer than one of a
/// trust list that nobody wrote.
pub fn issuers(layout: &Layout) -> Result<Anchors, CommandError> {
    let mut anchors = Anchors::new();
    for path in anchor_files(&layout.issuer_anchors())? {
        match files::read_text(&path) {
            Ok(pem) => anchors.add_pem(&pem, &[Usage::CredentialIssuer, Usage::Registrar])?,
            // Removed between the listing and the reading: then it is off the list.
            Err(ServiceError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(anchors)
}

/// Adds the authorities in `pem` to the anchors of issuers.
///
/// # Errors
/// [`CommandError::Trust`] for what is no authority.
pub fn add_issuer(layout: &Layout, pem: &Path) -> Result<PathBuf, CommandError> {
    let text = files::read_text(pem)?;
    Anchors::new().add_pem(&text, &[Usage::CredentialIssuer])?;
    store(&layout.issuer_anchors(), &text)
}

/// Adds the authorities in `pem` to the anchors of servers.
///
/// # Errors
/// [`CommandError::Trust`] for what is no certificate.
pub fn add_tls(layout: &Layout, pem: &Path) -> Result<PathBuf, CommandError> {
    let text = files::read_text(pem)?;
    store(&layout.tls_anchors(), &text)
}

/// An anchor file as an operator sees it.
#[derive(Clone, Debug)]
pub struct ListedAnchor {
    /// The common name of its first certificate.
    pub name: String,
    /// `issuers` or `tls`.
    pub vouches_for: &'static str,
    /// Where it lies.
    pub path: PathBuf,
}

/// Every anchor file.
///
/// # Errors
/// As [`anchor_files`]. A file that cannot be read is listed without a name, so that it can be removed.
pub fn listed(layout: &Layout) -> Result<Vec<ListedAnchor>, CommandError> {
    let mut listed = Vec::new();
    for (vouches_for, folder) in [("issuers", layout.issuer_anchors()), ("tls", layout.tls_anchors())] {
        for path in anchor_files(&folder)? {
            listed.push(ListedAnchor { name: common_name(&path).unwrap_or_default(), vouches_for, path });
        }
    }
    Ok(listed)
}

/// Takes every anchor of this name off the lists; gives the files that are gone.
///
/// # Errors
/// [`CommandError::NoSuchAnchor`] when there is none.
pub fn remove(layout: &Layout, name: &str) -> Result<Vec<PathBuf>, CommandError> {
    let named = |anchor: &ListedAnchor| {
        anchor.name == name || anchor.path.file_name().is_some_and(|file| file == name)
    };
    let paths: Vec<PathBuf> = listed(layout)?.into_iter().filter(named).map(|anchor| anchor.path).collect();
    if paths.is_empty() || name.is_empty() {
        return Err(CommandError::NoSuchAnchor);
    }
    for path in &paths {
        fs::remove_file(path).map_err(|source| ServiceError::Write { path: path.clone(), source })?;
    }
    Ok(paths)
}

fn common_name(path: &Path) -> Option<String> {
    let certificates = certificates_from_pem(&files::read_text(path).ok()?).ok()?;
    let certificate = UntrustedCertificate::read(certificates.first()?).ok()?;
    Some(certificate.claimed_name().to_owned())
}

/// The PEM files of an anchor folder, in the order of their names.
///
/// # Errors
/// [`CommandError::TooManyAnchors`], and when the folder cannot be read.
pub fn anchor_files(folder: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let read = |source| ServiceError::Read { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if path.extension().is_some_and(|extension| extension == "pem") {
            paths.push(path);
        }
        if paths.len() > MAX_ANCHOR_FILES {
            return Err(CommandError::TooManyAnchors { limit: MAX_ANCHOR_FILES });
        }
    }
    paths.sort();
    Ok(paths)
}

/// The file is named after its first certificate, so the same anchor again is the same file.
fn store(folder: &Path, pem: &str) -> Result<PathBuf, CommandError> {
    let certificates = certificates_from_pem(pem)?;
    let first = certificates.first().ok_or(TrustError::NoCertificate)?;
    let name = base64url::encode(&AwsLc.sha256(first));
    let path = folder.join(format!("{}.pem", name.trim_start_matches('-')));
    files::replace_private(&path, pem.as_bytes())?;
    Ok(path)
}
