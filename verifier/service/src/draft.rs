//! The draft of an application for a registration: what the policies at hand would need.

use inro_credential::dcql::{Query, Requested};
use inro_credential::{ClaimPath, PathElement};
use inro_service::config;
use inro_service::tls::Origin;
use inro_trust::registration::{CredentialNeed, Localized, Purpose};
use inro_verifier_sdk::{BUILT_IN_POLICIES, Policy};
use serde::Serialize;

use crate::error::CommandError;
use crate::layout::{Layout, Settings};

const HEAD: &str = "An application to be registered, for the agency's registrar:\n\
                    inro-issuer verifier register --dir D registration.toml --cert verifier.pem\n\
                    A path stands for itself and everything beneath it.";

/// For how long a registration is applied for.
const VALID_DAYS: u32 = 365;

#[derive(Serialize)]
struct Application {
    valid_days: u32,
    response_hosts: Vec<String>,
    name: Localized,
    purposes: Vec<Purpose>,
    credentials: Vec<CredentialNeed>,
}

/// Writes the draft for the policies that `init` writes.
///
/// # Errors
/// [`CommandError`] when the file cannot be written.
pub(crate) fn write(layout: &Layout, settings: &Settings, origin: &Origin) -> Result<(), CommandError> {
    let mut application = Application {
        valid_days: VALID_DAYS,
        response_hosts: vec![authority(origin)],
        name: Localized { en: settings.name.clone(), ja: settings.name_ja.clone() },
        purposes: Vec::new(),
        credentials: Vec::new(),
    };
    for (name, text) in BUILT_IN_POLICIES {
        let policy = Policy::parse(name, text)?;
        let query = Query::parse(&policy.query).map_err(inro_verifier_sdk::PolicyError::from)?;
        for requested in query.requested_paths() {
            add(&mut application.credentials, &requested);
        }
        let text = Localized { en: policy.purpose.en, ja: policy.purpose.ja };
        application.purposes.push(Purpose { id: policy.purpose.id, text });
    }
    Ok(config::write(&layout.registration_draft(), HEAD, &application)?)
}

/// `host`, or `host:port` for a port other than 443.
pub(crate) fn authority(origin: &Origin) -> String {
    let host = if origin.host.contains(':') { format!("[{}]", origin.host) } else { origin.host.clone() };
    if origin.port == 443 { host } else { format!("{host}:{}", origin.port) }
}

fn add(needs: &mut Vec<CredentialNeed>, requested: &Requested<'_>) {
    for credential_type in requested.types {
        let paths = requested.paths.iter().filter_map(|path| registrable(path));
        match needs.iter_mut().find(|need| need.credential_type == *credential_type) {
            Some(need) => need.claims.extend(paths),
            None => needs.push(CredentialNeed {
                credential_type: credential_type.clone(),
                claims: paths.collect(),
                predicates: Vec::new(),
            }),
        }
    }
}

/// TOML has no null, so the part of a path before "all elements" stands for it and what is beneath.
fn registrable(path: &ClaimPath) -> Option<ClaimPath> {
    let elements =
        path.elements().iter().take_while(|element| **element != PathElement::All).cloned().collect();
    ClaimPath::new(elements).ok()
}
