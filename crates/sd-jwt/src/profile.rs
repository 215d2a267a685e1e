//! What SD-JWT VC fixes, for both who issues and who reads.

use serde_json::{Map, Value};

use crate::SdJwtError;

/// The `typ` of an SD-JWT VC. Source: SD-JWT VC §2.2.1.
pub const TYP: &str = "dc+sd-jwt";
/// How far an issuer's or holder's clock may differ from ours, in seconds. Source: ours; RFC 7519
/// §4.1.4 speaks of "no more than a few minutes".
pub const CLOCK_SKEW: i64 = 60;

/// The claims that every verifier sees. Source: SD-JWT VC §2.2.2.3.
pub const NEVER_DISCLOSABLE: &[&str] =
    &["iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"];

pub(crate) fn is_never_disclosable(name: &str) -> bool {
    NEVER_DISCLOSABLE.contains(&name)
}

/// `vct`, which is mandatory. Source: SD-JWT VC §2.2.2.1.
pub(crate) fn vct(claims: &Map<String, Value>) -> Result<&str, SdJwtError> {
    claims.get("vct").and_then(Value::as_str).filter(|vct| !vct.is_empty()).ok_or(SdJwtError::NoType)
}
