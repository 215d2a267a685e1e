use inro_credential::authority_key_ids;
use inro_credential::dcql::CredentialQuery;

use crate::verifier::ResponseError;

/// The one notation that is compared here. Source: OpenID4VP 1.0 §6.1.1.1.
const KEY_IDENTIFIER: &str = "aki";

/// Checks the certificates that a credential came with (DER) against the authorities that its query
/// names. It only narrows: that the issuer is trusted is established by the anchors. A query that
/// also names authorities in another notation leaves open whether one of those fits.
///
/// # Errors
/// [`ResponseError::Authority`] when none of the certificates names one of the authorities.
///
/// Source: OpenID4VP 1.0 §6.1.1, §8.6.
pub(super) fn check(asked: &CredentialQuery, chain: &[Vec<u8>]) -> Result<(), ResponseError> {
    let accepted = asked.trusted_authorities();
    if accepted.is_empty() || accepted.iter().any(|authorities| authorities.kind() != KEY_IDENTIFIER) {
        return Ok(());
    }
    let named = authority_key_ids(chain);
    let fits = accepted.iter().flat_map(|authorities| authorities.values()).any(|id| named.contains(id));
    if fits { Ok(()) } else { Err(ResponseError::Authority) }
}
