//! A new signer takes over while what the old one signed stays valid.
//!
//! A credential carries its signer's certificate, so neither wallet nor verifier asks which key is the
//! present one: what counts is the agency's authority, and that does not change here.

use std::path::Path;

use inro_base::{Clock as _, UnixTime};
use inro_oauth::HttpsUrl;
use inro_service::pki::{self, Authority};
use inro_service::{SystemClock, files};

use crate::config::Layout;
use crate::error::IssuerError;
use crate::folder;
use crate::signer::{Part, issue};

/// A signer that took over.
#[derive(Clone, Copy, Debug)]
pub struct Renewed {
    /// When the new certificate ends.
    pub ends_at: UnixTime,
    /// When the old certificate ends, and with it what it signed; `None` where there was none.
    pub previous_ends_at: Option<UnixTime>,
}

/// Puts a new key in the place of the old one, with a certificate for the types that lie in the folder
/// now. The old private key is overwritten; its certificates stay as `<name>.previous.chain.pem`. A
/// renewal that is cut in between is mended by another one.
///
/// # Errors
/// [`IssuerError`] without the authority's key, or when a file cannot be read or written.
pub fn renew(root: &Path, part: Part) -> Result<Renewed, IssuerError> {
    let config = folder::config(root)?;
    let layout = Layout::new(root);
    let key = layout.key("ca.key.pem");
    if !key.exists() {
        return Err(IssuerError::NoAuthorityKey);
    }
    let authority = Authority::load(&layout.anchor(), &key)?;
    let (chain, previous) =
        (layout.key(&part.chain_file()), layout.key(&format!("{}.previous.chain.pem", part.name())));
    let previous_ends_at = ends_at(&chain).ok();
    if previous_ends_at.is_some() {
        files::replace_public(&previous, files::read_text(&chain)?.as_bytes())?;
    }
    let url = HttpsUrl::parse(&config.url).map_err(|_| IssuerError::Origin)?;
    let identity =
        issue(&authority, part, &config.name.en, &url, &folder::types(&layout)?, SystemClock.now())?;
    files::replace_private(&layout.key(&part.key_file()), identity.key_pem.expose().as_bytes())?;
    files::replace_public(&chain, identity.certificate_pem.as_bytes())?;
    Ok(Renewed { ends_at: ends_at(&chain)?, previous_ends_at })
}

fn ends_at(chain: &Path) -> Result<UnixTime, IssuerError> {
    let ends =
        pki::load_chain(chain)?.iter().map(|der| pki::not_after(der)).collect::<Result<Vec<_>, _>>()?;
    Ok(ends.into_iter().min().unwrap_or(UnixTime::from_secs(0)))
}
