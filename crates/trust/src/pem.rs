use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::TrustError;

/// The longest PEM text that is read, in bytes: room for some 60 certificates. Source: ours.
pub const MAX_PEM_BYTES: usize = 64 * 1024;

/// The certificates of a PEM text in DER, in its order. Other sections are left aside.
///
/// # Errors
/// [`TrustError::TooLong`], [`TrustError::Certificate`] for broken PEM, and
/// [`TrustError::NoCertificate`]. The DER inside is not looked at.
///
/// Source: RFC 7468 §5.
pub fn certificates_from_pem(pem: &str) -> Result<Vec<Vec<u8>>, TrustError> {
    if pem.len() > MAX_PEM_BYTES {
        return Err(TrustError::TooLong { length: pem.len(), limit: MAX_PEM_BYTES });
    }
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(|certificate| certificate.map(|der| der.to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| TrustError::Certificate)?;
    if certificates.is_empty() { Err(TrustError::NoCertificate) } else { Ok(certificates) }
}
