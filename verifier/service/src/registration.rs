//! The registration of this verifier: taken from the agency, sent with every request.

use std::path::Path;

use inro_base::{Clock as _, UnixTime};
use inro_crypto::Provider as _;
use inro_crypto_aws::AwsLc;
use inro_service::{ServiceError, SystemClock, files, pki};
use inro_trust::TrustError;
use inro_trust::registration::{UnverifiedRegistration, VerifiedRegistration};
use url::Url;

use crate::error::CommandError;
use crate::layout::Layout;
use crate::trust;

/// Takes the registration in `file`, if a trusted agency signed it for this verifier's certificate
/// and it lists this verifier's host.
///
/// # Errors
/// [`CommandError::Trust`] or [`CommandError::RegistrationHost`] with the reason against it.
pub fn add(layout: &Layout, file: &Path) -> Result<VerifiedRegistration, CommandError> {
    let text = files::read_text(file)?;
    let registration = verify(layout, text.trim(), SystemClock.now())?;
    files::replace_private(&layout.registration(), text.trim().as_bytes())?;
    Ok(registration)
}

/// Checks the registration `jwt` against this verifier's own certificate, host and trust folder.
///
/// # Errors
/// As [`add`].
pub fn verify(layout: &Layout, jwt: &str, now: UnixTime) -> Result<VerifiedRegistration, CommandError> {
    let settings = layout.settings()?;
    let chain = pki::load_chain(&layout.key("verifier.pem"))?;
    let leaf = chain.first().ok_or(TrustError::NoCertificate)?;
    let anchors = trust::issuers(layout)?;
    let leaf_sha256 = AwsLc.sha256(leaf);
    let registration = UnverifiedRegistration::parse(jwt)?.verify(&anchors, &leaf_sha256, now, &AwsLc)?;
    let url = Url::parse(&settings.url).map_err(|_| ServiceError::Url)?;
    if registration.allows_response_to(&url) { Ok(registration) } else { Err(CommandError::RegistrationHost) }
}

/// The registration at hand, if there is one.
///
/// # Errors
/// [`CommandError::Service`] when the file cannot be read.
pub fn load(layout: &Layout) -> Result<Option<String>, CommandError> {
    match files::read_text(&layout.registration()) {
        Ok(jwt) => Ok(Some(jwt)),
        Err(ServiceError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
