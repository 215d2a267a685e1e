use inro_jose::Jwk;
use inro_jose::jwe::{self, ContentEncryption};
use serde_json::{Value, json};

use crate::formats;
use crate::profile::{REQUEST_ALG_VALUES, REQUEST_ENC_VALUES, RESPONSE_TYPE, ResponseMode};

/// What every wallet of this kind can do, and the `key` of one fetch, to which the request object may be
/// encrypted. It says nothing of the holder, and nothing that tells one wallet from another.
/// Source: OpenID4VP 1.0 §5.10, §10.1, §15.7.
pub(super) fn wallet_metadata(key: &Jwk) -> Value {
    let enc_values: Vec<&str> = ContentEncryption::ALL.into_iter().map(ContentEncryption::name).collect();
    let modes = [ResponseMode::DirectPost, ResponseMode::DirectPostJwt].map(ResponseMode::as_str);
    json!({
        "vp_formats_supported": formats::supported(),
        "client_id_prefixes_supported": ["x509_hash", "x509_san_dns"],
        "response_types_supported": [RESPONSE_TYPE],
        "response_modes_supported": modes,
        "request_object_signing_alg_values_supported": ["ES256"],
        REQUEST_ALG_VALUES: [jwe::ALGORITHM],
        REQUEST_ENC_VALUES: enc_values,
        "jwks": { "keys": [key.to_recipient_value()] },
        "authorization_encryption_alg_values_supported": [jwe::ALGORITHM],
        "authorization_encryption_enc_values_supported": enc_values,
    })
}
