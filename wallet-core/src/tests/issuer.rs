//! An issuer whose answers a test alters, one at a time.

use std::sync::{Arc, Mutex};

use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::json::Limits;
use inro_base::{UnixTime, base64url};
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
    /// The number of the request whose answer is lost, from 0.
    pub(crate) lost_at: Option<usize>,
    /// What the issuer says later, and what it was told.
    pub(crate) later: Later,
}

/// Deferral and notifications; shared, so that a test sees and changes them between two steps.
#[derive(Clone, Default)]
pub(crate) struct Later(Arc<Mutex<LaterState>>);

#[derive(Default)]
pub(crate) struct LaterState {
    /// Whether the credential endpoint defers.
    pub(crate) defers: bool,
    /// What the deferred endpoint answers: nothing yet, the credentials, or an error code.
    pub(crate) decision: Option<Result<(), &'static str>>,
    /// The credential request that was deferred.
    asked: Option<Value>,
    /// With credentials, where the issuer wants to know.
    pub(crate) notification_id: Option<&'static str>,
    /// The status of each answer to a notification, the last one again and again.
    pub(crate) notification_statuses: Vec<u16>,
    /// What the issuer was told.
    pub(crate) told: Vec<Value>,
    /// Whether token answers carry a refresh token: `r1`, `r2` and so on.
    pub(crate) refills: bool,
    given: usize,
    /// What a refresh is refused with: error and code.
    pub(crate) refresh_refused: Option<(&'static str, Option<&'static str>)>,
    /// The refresh tokens that were presented.
    pub(crate) presented: Vec<String>,
}

impl Later {
    pub(crate) fn set(&self, change: impl FnOnce(&mut LaterState)) {
        change(&mut self.0.lock().unwrap());
    }

    pub(crate) fn presented(&self) -> Vec<String> {
        self.0.lock().unwrap().presented.clone()
    }

    pub(crate) fn told(&self) -> Vec<Value> {
        self.0.lock().unwrap().told.clone()
    }
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
            lost_at: None,
            later: Later::default(),
        }
    }

    /// The same issuer, with a place to collect what it defers and one to be told.
    pub(crate) fn with_later(mut self) -> Self {
        for name in ["deferred_credential_endpoint", "notification_endpoint"] {
            self.metadata[name] = format!("{URL}/{name}").into();
        }
        self
    }

    /// The network that leads to this issuer alone.
    pub(crate) fn network(
        self,
    ) -> impl FnMut(&HttpRequest) -> Result<HttpResponse, HttpError> + Send + 'static {
        let script = Arc::new(Mutex::new(self));
        let mut number = 0;
        move |request| {
            let script = script.lock().unwrap();
            let (cut, lost) = (script.cut_at == Some(number), script.lost_at == Some(number));
            number += 1;
            let answer = if cut { None } else { Some(script.answer(request)) };
            answer.filter(|_| !lost).ok_or(HttpError::Unreachable)
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
            "/token" => self.token(request),
            "/nonce" => answer(200, &json!({ "c_nonce": "a-c-nonce" })),
            "/credential" => self.credential(serde_json::from_slice(&request.body).unwrap()),
            "/deferred_credential_endpoint" => self.deferred(request),
            "/notification_endpoint" => self.notification(request),
            _ => answer(404, &Value::Null),
        }
    }

    fn token(&self, request: &HttpRequest) -> HttpResponse {
        let response = token(request);
        if response.status != 200 {
            return response;
        }
        let mut later = self.later.0.lock().unwrap();
        let form = String::from_utf8(request.body.clone()).unwrap();
        if let Some(presented) = form.strip_prefix("grant_type=refresh_token&refresh_token=") {
            later.presented.push(presented.to_owned());
            if let Some((error, code)) = later.refresh_refused {
                return answer(400, &json!({ "error": error, "inro_code": code }));
            }
        }
        if !later.refills {
            return response;
        }
        later.given += 1;
        let mut body: Value = serde_json::from_slice(&response.body).unwrap();
        body["refresh_token"] = format!("r{}", later.given).into();
        answer(200, &body)
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

    fn credential(&self, body: Value) -> HttpResponse {
        let mut later = self.later.0.lock().unwrap();
        if later.defers {
            later.asked = Some(body);
            return answer(202, &json!({ "transaction_id": "t", "interval": 60 }));
        }
        answer(200, &self.credentials(&body, later.notification_id))
    }

    fn deferred(&self, request: &HttpRequest) -> HttpResponse {
        let later = self.later.0.lock().unwrap();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body, json!({ "transaction_id": "t" }));
        match later.decision {
            None => answer(202, &json!({ "transaction_id": "t", "interval": 100 })),
            Some(Ok(())) => {
                answer(200, &self.credentials(later.asked.as_ref().unwrap(), later.notification_id))
            }
            Some(Err(error)) => answer(400, &json!({ "error": error })),
        }
    }

    fn notification(&self, request: &HttpRequest) -> HttpResponse {
        let mut later = self.later.0.lock().unwrap();
        later.told.push(serde_json::from_slice(&request.body).unwrap());
        let status = match later.notification_statuses.len() {
            0 => 204,
            1 => later.notification_statuses[0],
            _ => later.notification_statuses.remove(0),
        };
        let error = if status == 401 { "use_dpop_nonce" } else { "invalid_notification_id" };
        let mut told = answer(status, &json!({ "error": error }));
        told.headers.push(("dpop-nonce".into(), "another-nonce".into()));
        told
    }

    fn credentials(&self, body: &Value, notification_id: Option<&str>) -> Value {
        assert_eq!(body["credential_configuration_id"], CONFIGURATION);
        let proofs = &body["proofs"];
        let mut plans: Vec<Plan> = match proofs.get("attestation").and_then(Value::as_array) {
            Some(list) => {
                assert_eq!((list.len(), proofs.as_object().unwrap().len()), (1, 1), "one, of one type");
                attested_plans(&list[0])
            }
            None => proofs["jwt"].as_array().unwrap().iter().flat_map(plans).collect(),
        };
        (self.copies)(&mut plans);
        let texts = plans.iter().enumerate().map(|(number, plan)| self.issue(number, plan));
        let list: Vec<Value> = texts.map(|text| json!({ "credential": text })).collect();
        match notification_id {
            Some(id) => json!({ "credentials": list, "notification_id": id }),
            None => json!({ "credentials": list }),
        }
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

/// One plan for the key of a proof, or for each that it has attested.
fn plans(proof: &Value) -> Vec<Plan> {
    let limits = Limits::MESSAGE;
    let expect = Expect { typ: &["openid4vci-proof+jwt"], limits };
    let proof = UnverifiedJws::parse(proof.as_str().unwrap(), expect).unwrap();
    match proof.header().all().get("key_attestation") {
        Some(attestation) => attested_plans(attestation),
        None => vec![plan(proof.header().jwk().map(|jwk: &Jwk| jwk.key).unwrap())],
    }
}

fn attested_plans(attestation: &Value) -> Vec<Plan> {
    // Signed by whatever the metadata allow, so no reader of ES256 alone.
    let payload = attestation.as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&base64url::decode(payload).unwrap()).unwrap();
    assert_eq!(claims["nonce"], "a-c-nonce");
    claims["attested_keys"].as_array().unwrap().iter().map(|jwk| plan(Jwk::parse(jwk).unwrap().key)).collect()
}

fn plan(key: PublicKey) -> Plan {
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
