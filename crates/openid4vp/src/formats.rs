//! What this house says of the formats that it presents and verifies, and what it reads of others.

use inro_credential::Format;
use serde_json::{Map, Value, json};

/// ES256 by its old number and by the one that also names the curve. Source: OpenID4VP 1.0 §B.2.2.
const COSE_ALGORITHMS: &[i64] = &[-7, -9];

/// `vp_formats_supported`, of our wallet and of our verifier. Source: OpenID4VP 1.0 §11.1, §B.2.2, §B.3.4.
pub(crate) fn supported() -> Value {
    let algorithms = |format: &Format| match format {
        Format::SdJwtVc => json!({ "sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"] }),
        Format::Mdoc => {
            json!({ "issuerauth_alg_values": COSE_ALGORITHMS, "deviceauth_alg_values": COSE_ALGORITHMS })
        }
    };
    let formats = Format::ALL.iter().map(|format| (format.as_str().to_owned(), algorithms(format)));
    Value::Object(formats.collect::<Map<String, Value>>())
}

/// Whether somebody whose `vp_formats_supported` is `theirs` takes credentials of `format` as we sign
/// them. A list that is not there leaves all open.
pub(crate) fn accepted(format: Format, theirs: &Value) -> bool {
    let Some(algorithms) = theirs.get(format.as_str()) else { return false };
    let lists: &[&str] = match format {
        Format::SdJwtVc => &["sd-jwt_alg_values", "kb-jwt_alg_values"],
        Format::Mdoc => &["issuerauth_alg_values", "deviceauth_alg_values"],
    };
    lists.iter().all(|name| match algorithms.get(*name) {
        None => true,
        Some(list) => list.as_array().is_some_and(|list| list.iter().any(is_ours)),
    })
}

/// ECDSA with P-256 and SHA-256, by its name in JOSE or its numbers in COSE.
fn is_ours(algorithm: &Value) -> bool {
    algorithm.as_str() == Some("ES256")
        || algorithm.as_i64().is_some_and(|number| COSE_ALGORITHMS.contains(&number))
}
