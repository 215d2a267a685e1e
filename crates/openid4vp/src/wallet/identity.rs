use inro_trust::TrustedKey;
use inro_trust::registration::VerifiedRegistration;
use serde_json::{Map, Value};

use crate::Purpose;

/// Who asks, and who says so.
#[derive(Clone, Debug)]
pub enum VerifierIdentity {
    /// A registrar that the holder trusts vetted this verifier.
    Registered(Box<VerifiedRegistration>),
    /// Nobody vetted this verifier; `name` is what its certificate says.
    Claimed {
        /// The common name of the certificate.
        name: String,
    },
}

/// Why the verifier asks, and who says so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StatedPurpose {
    /// The verifier's registration has this purpose, in these words.
    Registered(Purpose),
    /// The verifier's own words; nobody checked them.
    Claimed(Purpose),
    /// The verifier says nothing.
    None,
}

impl VerifierIdentity {
    /// The registration, if there is one.
    pub fn registration(&self) -> Option<&VerifiedRegistration> {
        match self {
            Self::Registered(registration) => Some(registration),
            Self::Claimed { .. } => None,
        }
    }

    /// Whether a registrar vouches for this verifier.
    pub const fn is_registered(&self) -> bool {
        matches!(self, Self::Registered(_))
    }

    pub(super) fn of(key: &TrustedKey, registration: Option<VerifiedRegistration>) -> Self {
        match registration {
            Some(registration) => Self::Registered(Box::new(registration)),
            None => Self::Claimed { name: key.subject().to_owned() },
        }
    }

    /// The purpose that the request states: in the registration's words where it names one of the
    /// registered purposes.
    pub(super) fn purpose(&self, stated: Option<Purpose>) -> StatedPurpose {
        let Some(stated) = stated else { return StatedPurpose::None };
        let registered = self.registration().and_then(|registration| registration.purpose(&stated.id));
        match registered {
            Some(text) => {
                let (en, ja) = (text.en.clone(), text.ja.clone());
                StatedPurpose::Registered(Purpose { id: stated.id, en, ja })
            }
            None => StatedPurpose::Claimed(stated),
        }
    }
}

/// Reads our purpose extension; a purpose of another shape says nothing.
pub(super) fn stated_purpose(parameters: &Map<String, Value>) -> Option<Purpose> {
    Purpose::parse(parameters.get(crate::profile::PURPOSE_PARAMETER)?)
}
