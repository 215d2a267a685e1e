//! The keys that sign for the agency, each with a certificate of the agency's authority.

use inro_base::UnixTime;
use inro_credential::{CredentialType, TypeCatalog};
use inro_oauth::HttpsUrl;
use inro_service::pki::{Authority, Identity, LeafProfile, Validity};
use inro_service::tls::Origin;
use inro_trust::oid;

use crate::error::IssuerError;

/// How long signers hold, in days: a year of issuing credentials that hold for another year.
const SIGNER_DAYS: i64 = 730;

/// What a key of the agency signs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// Credentials, metadata and status lists.
    Credentials,
    /// Registrations of verifiers.
    Registrations,
}

impl Part {
    /// The name of its key file under `keys/`.
    pub fn key_file(self) -> String {
        format!("{}.key.pem", self.name())
    }

    /// The name of its certificates' file under `keys/`.
    pub fn chain_file(self) -> String {
        format!("{}.chain.pem", self.name())
    }

    /// As files and commands name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Credentials => "signer",
            Self::Registrations => "registrar",
        }
    }
}

/// Makes a key and has the agency's authority sign its certificate. A signer of credentials may issue
/// every type of `types`.
///
/// # Errors
/// [`IssuerError`] for a URL or name that a certificate cannot carry.
pub fn issue(
    authority: &Authority,
    part: Part,
    agency: &str,
    url: &HttpsUrl,
    types: &TypeCatalog,
    now: UnixTime,
) -> Result<Identity, IssuerError> {
    let profile = match part {
        Part::Credentials => {
            let types: Vec<&str> = types.iter().map(CredentialType::id).collect();
            LeafProfile {
                common_name: agency.to_owned(),
                dns_names: vec![Origin::parse(url.as_str())?.host],
                extended_key_usages: vec![oid::CREDENTIAL_ISSUER],
                extensions: vec![(oid::CREDENTIAL_TYPES, inro_trust::credential_types_extension(&types)?)],
                ..LeafProfile::default()
            }
        }
        Part::Registrations => LeafProfile {
            common_name: format!("{agency} registrar"),
            extended_key_usages: vec![oid::REGISTRAR],
            ..LeafProfile::default()
        },
    };
    Ok(authority.issue(&profile, Validity::days(now, SIGNER_DAYS))?)
}
