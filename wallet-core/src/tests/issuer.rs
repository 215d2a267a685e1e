//! An issuer whose answers a test alters, one at a time.

use std::sync::{Arc, Mutex};

use inro_base::UnixTime;
use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::json::Limits;
use inro_crypto::{PublicKey, RustCrypto};
use inro_jose::{Expect, Jwk, UnverifiedJws};
use inro_sd_jwt::{ClaimPath, VcIssuance};
use inro_trust::Usage;
use serde_json::{Map, Value, json};

use super::NOW;
use super::pki::{Authority, Leaf};
use crate::ports::HttpError;
use crate::testing::SeededRng;

pub(crate) const URL: &str = "https://issuer.example";
pub(crate) const VCT: &str = "urn:inro:employee-id:1";
pub(crate) const CONFIGURATION: &str = "employee-id.dc+sd-jwt";
const BATCH: usize = 3;

/// What the issuer answers. A test changes one member.
pub(crate) struct Script {
    /// By whom credentials are signed.
    pub(crate) signer: Leaf,
    /// The issuer's metadata.
    pub(crate) metadata: Value,
    /// What is offered.
    pub(crate) offer: Value,
    /// The authorization server's metadata.
    pub(crate) server: Value,
    /// The metadata as they are sent, where that is no re-encoding of `metadata`.
    pub(crate) raw_metadata: Option<Vec<u8>>,
    /// Changes the copies that are sent.
    pub(crate) copies: fn(&mut Vec<Plan>),
    /// The number of the request that gets no answer, from 0.
    pub(crate) cut_at: Option<usize>,
}

/// One copy to issue.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) key: PublicKey,
    pub(crate) vct: &'static str,
    pub(crate) claims: Map<String, Value>,
    pub(crate) disclosable: Vec<ClaimPath>,
    pub(crate) expires_at: UnixTime,
}

impl Script {
    /// An issuer in order, vouched for by `authority`.
    pub(crate) fn honest(authority: &Authority) -> Self {
        Self {
            signer: authority.leaf(1, Usage::CredentialIssuer, &["employee-id"], "issuer.example"),
            offer: offer(),
            metadata: metadata(),
            server: server_metadata(),
            raw_metadata: None,
            copies: |_| {},
            cut_at: None,
        }
    }

    /// The network that leads to this issuer alone.
    pub(crate) fn network(
        self,
    ) -> impl FnMut(&HttpRequest) -> Result<HttpResponse, HttpError> + Send + 'static {
        let script = Arc::new(Mutex::new(self));
        let mut number = 0;
        move |request| {
            let script = script.lock().unwrap();
            let cut = script.cut_at == Some(number);
            number += 1;
            if cut { Err(HttpError::Unreachable) } else { Ok(script.answer(request)) }
        }
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let path = request.url.strip_prefix(URL).unwrap_or_default();
        match path {
            "/offers/1" => answer(200, &self.offer),
            "/.well-known/openid-credential-issuer" => match &self.raw_metadata {
                Some(raw) => HttpResponse { body: raw.clone(), ..answer(200, &Value::Null) },
                None => answer(200, &self.metadata),
            },
            "/.well-known/oauth-authorization-server" => answer(200, &self.server),
            "/token" => token(request),
            "/nonce" => answer(200, &json!({ "c_nonce": "a-c-nonce" })),
            "/credential" => answer(200, &self.credentials(request)),
            _ => answer(404, &Value::Null),
        }
    }

    fn issue(&self, number: usize, plan: &Plan) -> String {
        let issuance = VcIssuance {
            vct: plan.vct.into(),
            issued_at: Some(NOW),
            not_before: None,
            expires_at: Some(plan.expires_at),
            disclosable: plan.disclosable.clone(),
            claims: plan.claims.clone(),
            decoys_per_object: 2,
            holder_key: Some(Jwk::new(plan.key)),
            x5c: self.signer.x5c.clone(),
        };
        let mut rng = SeededRng::new(u64::try_from(number).unwrap());
        issuance.build(&mut rng, &RustCrypto).unwrap().sign_with(&self.signer.key).unwrap()
    }

    fn credentials(&self, request: &HttpRequest) -> Value {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["credential_configuration_id"], CONFIGURATION);
        let mut plans: Vec<Plan> = body["proofs"]["jwt"].as_array().unwrap().iter().map(plan).collect();
        (self.copies)(&mut plans);
        let texts = plans.iter().enumerate().map(|(number, plan)| self.issue(number, plan));
        json!({ "credentials": texts.map(|text| json!({ "credential": text })).collect::<Vec<_>>() })
    }
}

/// A link to the offer by reference.
pub(crate) fn link() -> String {
    format!("openid-credential-offer://?credential_offer_uri={URL}/offers/1")
}

/// A link that carries the offer of `issuer`.
pub(crate) fn link_by_value(issuer: &str) -> String {
    let mut offer = offer();
    offer["credential_issuer"] = issuer.into();
    format!("openid-credential-offer://?credential_offer={}", percent(&offer.to_string()))
}

fn offer() -> Value {
    json!({
        "credential_issuer": URL,
        "credential_configuration_ids": [CONFIGURATION],
        "grants": { "urn:ietf:params:oauth:grant-type:pre-authorized_code": { "pre-authorized_code": "a-code" } },
    })
}

fn metadata() -> Value {
    json!({
        "credential_issuer": URL,
        "credential_endpoint": format!("{URL}/credential"),
        "nonce_endpoint": format!("{URL}/nonce"),
        "batch_credential_issuance": { "batch_size": BATCH },
        "display": [{ "name": "Minato City", "locale": "en" }, { "name": "みなと市", "locale": "ja-JP" }],
        "credential_configurations_supported": { CONFIGURATION: {
            "format": "dc+sd-jwt",
            "vct": VCT,
            "scope": "employee-id",
            "cryptographic_binding_methods_supported": ["jwk"],
            "credential_signing_alg_values_supported": ["ES256"],
            "proof_types_supported": { "jwt": { "proof_signing_alg_values_supported": ["ES256"] } },
            "credential_metadata": {
                "display": [{ "name": "Employee ID", "locale": "en" }],
                "claims": [{ "path": ["grade"], "display": [{ "name": "職務の級", "locale": "ja" }] }, "not a claim"],
            },
        }},
    })
}

fn server_metadata() -> Value {
    json!({
        "issuer": URL,
        "token_endpoint": format!("{URL}/token"),
        "grant_types_supported": ["urn:ietf:params:oauth:grant-type:pre-authorized_code"],
        "pre-authorized_grant_anonymous_access_supported": true,
        "dpop_signing_alg_values_supported": ["ES256"],
    })
}

/// Asks for its nonce first, as our issuer does; gives a bearer token to a wallet without DPoP.
fn token(request: &HttpRequest) -> HttpResponse {
    let Some((_, proof)) = request.headers.iter().find(|(name, _)| *name == "dpop") else {
        return answer(200, &json!({ "access_token": "a-token", "token_type": "Bearer" }));
    };
    let limits = Limits::MESSAGE;
    let proof = UnverifiedJws::parse(proof, Expect { typ: &["dpop+jwt"], limits }).unwrap();
    if proof.unverified_payload().get("nonce") == Some(&json!("server-nonce")) {
        let token = json!({ "access_token": "a-token", "token_type": "DPoP", "expires_in": 60 });
        return answer(200, &token);
    }
    let mut refused = answer(400, &json!({ "error": "use_dpop_nonce" }));
    refused.headers.push(("dpop-nonce".into(), "server-nonce".into()));
    refused
}

fn plan(proof: &Value) -> Plan {
    let limits = Limits::MESSAGE;
    let expect = Expect { typ: &["openid4vci-proof+jwt"], limits };
    let proof = UnverifiedJws::parse(proof.as_str().unwrap(), expect).unwrap();
    let key = proof.header().jwk().map(|jwk: &Jwk| jwk.key).unwrap();
    let claims = json!({ "agency": "みなと市", "grade": 4 });
    let claims = claims.as_object().unwrap().clone();
    let disclosable = ["agency", "grade"].map(ClaimPath::claim).to_vec();
    Plan { key, vct: VCT, claims, disclosable, expires_at: NOW.plus(86_400) }
}

fn answer(status: u16, body: &Value) -> HttpResponse {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    HttpResponse { status, headers, body: body.to_string().into_bytes() }
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
