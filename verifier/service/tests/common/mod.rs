//! A verifier's folder, an agency beside it, and a wallet without a phone.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::{Clock, RequestId, Rng, UnixTime, base64url};
use inro_credential::dcql::Candidate;
use inro_credential::{ClaimPath, Format, HeldCredential};
use inro_crypto::{Signer as _, SoftwareKey};
use inro_crypto_aws::AwsLc;
use inro_jose::Jwk;
use inro_mdoc::{MdocIssuance, StatusReference};
use inro_openid4vp::wallet::{Chosen, RequestLink, Reviewing};
use inro_sd_jwt::VcIssuance;
use inro_service::pki::{Authority, LeafProfile, Validity};
use inro_service::{OsRng, SystemClock, pki};
use inro_status::{StatusArray, StatusListToken};
use inro_trust::registration::{self, RegistrationClaims};
use inro_trust::{Anchors, Usage, oid};
use inro_verifier::app::App;
use inro_verifier::http::router;
use inro_verifier::init;
use inro_verifier::layout::{ClientIdChoice, Layout, Settings};
use inro_verifier::trust;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// A clock that a test moves.
pub(crate) struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> UnixTime {
        SystemClock.now().plus(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct House {
    folder: TempDir,
    pub(crate) layout: Layout,
    pub(crate) anchor: PathBuf,
    pub(crate) app: Arc<App>,
    hands: Arc<Hands>,
    router: Router,
    signer: Leaf,
    registrar: Leaf,
    holder: SoftwareKey,
}

struct Leaf {
    key: SoftwareKey,
    chain: Vec<Vec<u8>>,
}

pub(crate) struct Created {
    pub(crate) id: String,
    pub(crate) link: String,
    pub(crate) location: String,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::named(ClientIdChoice::X509Hash)
    }

    pub(crate) fn named(client_id: ClientIdChoice) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("verifier");
        let settings = Settings {
            name: "Welfare System".into(),
            name_ja: "福祉システム".into(),
            url: "https://localhost:9443".into(),
            client_id,
            private_status_hosts: true,
        };
        init::init(&root, &settings).unwrap();
        let layout = Layout::new(&root);
        let agency = Authority::create("Minato City CA", Validity::days(SystemClock.now(), 30)).unwrap();
        let pem = folder.path().join("agency.pem");
        std::fs::write(&pem, &agency.identity().certificate_pem).unwrap();
        let anchor = trust::add_issuer(&layout, &pem).unwrap();
        let signer = leaf(&agency, "Minato City", oid::CREDENTIAL_ISSUER);
        let registrar = leaf(&agency, "Minato Registrar", oid::REGISTRAR);
        let hands = Arc::new(Hands(AtomicI64::new(0)));
        let clock: Arc<dyn Clock> = hands.clone();
        let app = Arc::new(App::open_at(layout.clone(), clock).unwrap());
        let router = router(Arc::clone(&app));
        let holder = SoftwareKey::generate(&mut OsRng);
        Self { folder, layout, anchor, app, hands, router, signer, registrar, holder }
    }

    /// Moves the verifier's clock.
    pub(crate) fn wait(&self, seconds: i64) {
        self.hands.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn token(&self) -> String {
        std::fs::read_to_string(self.layout.api_token()).unwrap()
    }

    pub(crate) async fn send(&self, mut request: Request<Body>) -> Response<Body> {
        let rng: &mut dyn Rng = &mut OsRng;
        request.extensions_mut().insert(RequestId::random(rng));
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) fn api(&self, method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token()))
    }

    pub(crate) async fn post(&self, body: &Value) -> Response<Body> {
        let request = self.api("POST", "/v1/presentations").header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn create(&self, body: &Value) -> Created {
        let response = self.post(body).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        let location = response.headers()[header::LOCATION].to_str().unwrap().to_owned();
        let body = json_of(response).await;
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Created { id: text("id"), link: text("authorization_request"), location }
    }

    pub(crate) async fn result(&self, id: &str) -> Value {
        let path = format!("/v1/presentations/{id}");
        json_of(self.send(self.api("GET", &path).body(Body::empty()).unwrap()).await).await
    }

    /// What a wallet's request comes to at this verifier.
    pub(crate) async fn carry(&self, request: HttpRequest) -> HttpResponse {
        let path = request.url.strip_prefix("https://localhost:9443").unwrap();
        let mut builder = Request::builder().method(request.method.as_str()).uri(path);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let response = self.send(builder.body(Body::from(request.body)).unwrap()).await;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()))
            .collect();
        let body = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        HttpResponse { status, headers, body }
    }

    /// The wallet reads the request and reviews it with a credential.
    pub(crate) async fn review(&self, link: &str, credential: &str) -> (Reviewing, HeldCredential) {
        let (awaiting, fetch) = RequestLink::parse(link).unwrap().fetch(&mut OsRng);
        let unverified = awaiting.received(&self.carry(fetch).await, &AwsLc).unwrap();
        let mut anchors = Anchors::new();
        anchors
            .add_pem(&std::fs::read_to_string(self.layout.own_anchor()).unwrap(), &[Usage::Verifier])
            .unwrap();
        anchors.add_pem(&std::fs::read_to_string(&self.anchor).unwrap(), &[Usage::Registrar]).unwrap();
        let request = unverified.verify(&anchors, self.hands.now(), &AwsLc).unwrap();
        let format = if credential.contains('~') { Format::SdJwtVc } else { Format::Mdoc };
        let held = HeldCredential::parse(format, credential, &AwsLc).unwrap();
        let candidate = Candidate {
            format: format.as_str(),
            type_id: held.type_id(),
            claims: held.claims(),
            holder_binding: true,
            authority_key_ids: &[],
        };
        (request.review(&[candidate]), held)
    }

    /// The wallet's response to `link` with `credential`, ready to be sent.
    pub(crate) async fn answer(&self, link: &str, credential: &str) -> HttpRequest {
        let (reviewing, held) = self.review(link, credential).await;
        let proposal = reviewing.matches().unwrap().preferred()[0];
        let (credential, paths) = (proposal.query_id.to_owned(), proposal.candidate.paths.clone());
        let chosen = Chosen { credential, copy: held, paths };
        let signing = reviewing.approve(vec![chosen], self.hands.now(), &AwsLc).unwrap();
        let sign = |input: &&[u8]| self.holder.sign_es256(input).unwrap();
        let signatures = signing.signing_inputs().iter().map(sign).collect();
        signing.finish(signatures, &mut OsRng, &AwsLc).unwrap().1
    }

    /// The credential of someone who may approve welfare applications.
    pub(crate) fn credential(&self, alter: impl FnOnce(&mut VcIssuance)) -> String {
        let claims = json!({
            "powers": ["welfare.view", "welfare.approve"], "scope": { "agency": "13103", "unit": "welfare" },
        });
        let paths = [json!(["powers", null]), json!(["scope", "agency"]), json!(["scope", "unit"])];
        let now = self.hands.now();
        let mut issuance = VcIssuance {
            vct: "urn:inro:role-authority:1".into(),
            issued_at: Some(now),
            not_before: None,
            expires_at: Some(now.plus(86_400)),
            claims: claims.as_object().unwrap().clone(),
            disclosable: paths.iter().map(|path| ClaimPath::parse(path).unwrap()).collect(),
            decoys_per_object: 0,
            holder_key: Some(Jwk::from(self.holder.public_key())),
            x5c: self.signer.chain.clone(),
        };
        alter(&mut issuance);
        issuance.build(&mut OsRng, &AwsLc).unwrap().sign_with(&self.signer.key).unwrap()
    }

    /// A status list of the agency, as it is served.
    pub(crate) fn status_list(&self, uri: &str, list: StatusArray) -> String {
        let issued_at = self.hands.now();
        let expires_at = issued_at.plus(3600);
        let token = StatusListToken { uri: uri.to_owned(), issued_at, expires_at, ttl: 30, list };
        token.jwt_to_sign(&self.signer.chain).sign_with(&self.signer.key).unwrap()
    }

    /// The same as an mdoc, with its status at place `index` of the list at `uri`.
    pub(crate) fn mdoc(&self, uri: &str, index: u64) -> String {
        let now = self.hands.now();
        let element = |name: &str, value: inro_mdoc::Value| vec![(name.to_owned(), value)];
        let issuance = MdocIssuance {
            doc_type: "inro.role-authority.1".into(),
            namespaces: vec![
                ("inro.role-authority.powers.1".into(), element("welfare.approve", true.into())),
                ("inro.role-authority.1".into(), element("scope_agency", "13103".into())),
            ],
            decoys_per_namespace: 0,
            signed_at: now,
            valid_from: now,
            valid_until: now.plus(86_400),
            expected_update: None,
            holder_key: self.holder.public_key(),
            status: Some(StatusReference { uri: uri.into(), index }),
            x5c: self.signer.chain.clone(),
        };
        let signed = issuance.build(&mut OsRng, &AwsLc).unwrap().sign_with(&self.signer.key).unwrap();
        base64url::encode(&signed)
    }

    /// The agency's status list in both forms: as JWT and as CWT.
    pub(crate) fn lists(&self, token: &StatusListToken) -> [Vec<u8>; 2] {
        let Leaf { key, chain } = &self.signer;
        let jwt = token.jwt_to_sign(chain).sign_with(key).unwrap().into_bytes();
        [jwt, token.cwt_to_sign(chain).sign_with(key).unwrap()]
    }

    /// The time of this verifier.
    pub(crate) fn now(&self) -> UnixTime {
        self.hands.now()
    }

    /// A registration by the agency, in a file.
    pub(crate) fn registration(&self, alter: impl FnOnce(&mut RegistrationClaims)) -> PathBuf {
        let chain = pki::load_chain(&self.layout.key("verifier.pem")).unwrap();
        let hash = inro_crypto::Provider::sha256(&AwsLc, &chain[0]);
        let now = SystemClock.now();
        let mut claims: RegistrationClaims = serde_json::from_value(json!({
            "iss": "https://issuer.example", "sub": "1", "iat": now.as_secs(), "exp": now.plus(3600).as_secs(),
            "leaf_sha256": base64url::encode(&hash),
            "name": { "en": "Welfare System", "ja": "福祉システム" }, "purposes": [],
            "response_hosts": ["localhost:9443"],
            "credentials": [
                { "type": "urn:inro:role-authority:1", "claims": [["powers"], ["scope", "agency"]] },
                { "type": "inro.role-authority.1", "claims": [
                    ["inro.role-authority.powers.1", "welfare.approve"],
                    ["inro.role-authority.1", "scope_agency"],
                ] },
            ],
        }))
        .unwrap();
        alter(&mut claims);
        let jwt = registration::sign(&claims, &self.registrar.key, &self.registrar.chain).unwrap();
        let path = self.folder.path().join("registration.jwt");
        std::fs::write(&path, jwt).unwrap();
        path
    }
}

fn leaf(agency: &Authority, name: &str, usage: &'static [u64]) -> Leaf {
    let types = inro_trust::credential_types_extension(&["role-authority"]).unwrap();
    let profile = LeafProfile {
        common_name: name.into(),
        extended_key_usages: vec![usage],
        extensions: vec![(oid::CREDENTIAL_TYPES, types)],
        ..LeafProfile::default()
    };
    let identity = agency.issue(&profile, Validity::days(SystemClock.now(), 20)).unwrap();
    Leaf {
        key: SoftwareKey::from_pkcs8_pem(identity.key_pem.expose()).unwrap(),
        chain: inro_trust::certificates_from_pem(&identity.certificate_pem).unwrap(),
    }
}

pub(crate) async fn json_of(response: Response<Body>) -> Value {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

/// The code of a problem document.
pub(crate) fn code(response: &HttpResponse) -> String {
    let body: Value = serde_json::from_slice(&response.body).unwrap();
    body["inro_code"].as_str().unwrap_or("none").to_owned()
}
