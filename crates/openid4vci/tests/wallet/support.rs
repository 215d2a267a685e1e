//! Fixed keys, a counting random source, and an issuer's documents.

use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::{Rng, UnixTime};
use inro_crypto::SoftwareKey;
use inro_oauth::{HttpsUrl, NonceKey};
use inro_openid4vci::issuer::Granting;
use inro_trust::Anchors;
use serde_json::{Value, json};

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);
pub(crate) const CONFIGURATION: &str = "employee-id.dc+sd-jwt";
pub(crate) const GRANT: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";

pub(crate) struct Counter(pub(crate) u8);

impl Rng for Counter {
    fn fill(&mut self, destination: &mut [u8]) {
        for byte in destination {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

pub(crate) fn key(seed: u8) -> SoftwareKey {
    SoftwareKey::from_secret_bytes(&[seed; 32]).unwrap()
}

pub(crate) fn nonce_key() -> NonceKey {
    NonceKey::new([7; 32])
}

pub(crate) fn url(text: &str) -> HttpsUrl {
    HttpsUrl::parse(text).unwrap()
}

pub(crate) fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// What a token for `granted` grants, without encryption and attestations.
pub(crate) fn granting<'a>(
    issuer: &'a HttpsUrl,
    granted: &'a [String],
    nonces: &'a NonceKey,
) -> Granting<'a> {
    static NOBODY: std::sync::LazyLock<Anchors> = std::sync::LazyLock::new(Anchors::new);
    Granting {
        issuer,
        configuration_ids: granted,
        identifiers: &[],
        batch_size: 10,
        nonces,
        encryption: None,
        attested: &[],
        wallet_providers: &NOBODY,
        now: NOW,
    }
}

pub(crate) fn answer(status: u16, body: &Value) -> HttpResponse {
    let headers = vec![("content-type".into(), "application/json; charset=utf-8".into())];
    HttpResponse { status, headers, body: body.to_string().into_bytes() }
}

pub(crate) fn with_header(mut response: HttpResponse, name: &str, value: &str) -> HttpResponse {
    response.headers.push((name.into(), value.into()));
    response
}

pub(crate) fn header<'a>(request: &'a HttpRequest, name: &str) -> Vec<&'a str> {
    request.headers.iter().filter(|(key, _)| *key == name).map(|(_, value)| value.as_str()).collect()
}

pub(crate) fn offer_json() -> Value {
    json!({
        "credential_issuer": "https://issuer.example",
        "credential_configuration_ids": [CONFIGURATION],
        "grants": { GRANT: { "pre-authorized_code": "code", "tx_code": { "length": 6 } } },
        "unknown": 1,
    })
}

pub(crate) fn metadata_json() -> Value {
    json!({
        "credential_issuer": "https://issuer.example",
        "credential_endpoint": "https://issuer.example/credential",
        "nonce_endpoint": "https://issuer.example/nonce",
        "batch_credential_issuance": { "batch_size": 10 },
        "display": [{ "name": "みなと市", "locale": "ja" }],
        "unknown": {},
        "credential_configurations_supported": { CONFIGURATION: {
            "format": "dc+sd-jwt",
            "vct": "urn:inro:employee-id:1",
            "scope": "employee-id",
            "cryptographic_binding_methods_supported": ["jwk"],
            "proof_types_supported": { "jwt": { "proof_signing_alg_values_supported": ["ES256"] } },
            "credential_metadata": { "display": [{ "name": "Employee ID", "locale": "en" }] },
        }},
    })
}

pub(crate) fn server_json() -> Value {
    json!({
        "issuer": "https://issuer.example",
        "token_endpoint": "https://issuer.example/token",
        "grant_types_supported": [GRANT],
        "dpop_signing_alg_values_supported": ["ES256"],
        "unknown": [],
    })
}
