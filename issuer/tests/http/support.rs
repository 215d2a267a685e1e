//! An issuer in memory with a clock of its own, and a client that can be told to misbehave.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use inro_base::{Clock, Rng, UnixTime, base64url};
use inro_credential::{RoleTable, TypeCatalog};
use inro_crypto::{CryptoError, Provider as _, PublicKey, RustCrypto, Signature, Signer, SoftwareKey};
use inro_crypto_aws::AwsLc;
use inro_issuer::demands::Demands;
use inro_issuer::hr::Options;
use inro_issuer::issuer::{AgencyName, Issuer, IssuerParts};
use inro_issuer::offers::{CreatedOffer, OfferWish};
use inro_issuer::refill_setting::RefillSetting;
use inro_issuer::secrets::ServerSecrets;
use inro_issuer::store::{MIGRATIONS, SqliteStore};
use inro_issuer::{employees, http};
use inro_jose::{Jwk, JwsToSign};
use inro_oauth::HttpsUrl;
use inro_openid4vci::CredentialOffer;
use inro_service::pki::{Authority, LeafProfile, Validity};
use inro_service::sqlite;
use inro_trust::{Anchors, Usage, oid};
use serde_json::{Map, Value, json};
use tower::ServiceExt as _;

/// 2026-11-23T01:15:29Z, a Monday.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);
pub(crate) const URL: &str = "https://issuer.example:8443";
pub(crate) const EMPLOYEE_ID: &str = "employee-id.dc+sd-jwt";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";

/// A clock that a test moves.
pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// Unpredictable enough for tests, and different in every instance.
pub(crate) struct TestRng(u64);

static SEED: AtomicU64 = AtomicU64::new(1);

impl TestRng {
    pub(crate) fn new() -> Self {
        Self(SEED.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

impl Rng for TestRng {
    fn fill(&mut self, destination: &mut [u8]) {
        for byte in destination {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            *byte = u8::try_from(self.0 >> 56).unwrap();
        }
    }
}

/// A signer that a test can break, as a security module that is away.
pub(crate) struct TestSigner {
    key: SoftwareKey,
    pub(crate) broken: AtomicBool,
}

impl Signer for TestSigner {
    fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    fn sign_es256(&self, message: &[u8]) -> Result<Signature, CryptoError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(CryptoError::PrivateKey);
        }
        self.key.sign_es256(message)
    }
}

/// An issuer behind its router.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) router: Router,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) signer: Arc<TestSigner>,
    pub(crate) anchors: Anchors,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// `(status, error, inro_code)`, or `(200, "", "")`.
    pub(crate) fn verdict(&self) -> (u16, String, String) {
        if self.status.is_success() {
            return (self.status.as_u16(), String::new(), String::new());
        }
        let json = self.json();
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        assert!(!text("request_id").is_empty(), "an error without a request id");
        (self.status.as_u16(), text("error"), text("inro_code"))
    }
}

/// What [`Answer::verdict`] gives for a success.
pub(crate) fn accepted() -> (u16, String, String) {
    (200, String::new(), String::new())
}

pub(crate) fn refused(status: u16, error: &str, code: &str) -> (u16, String, String) {
    (status, error.into(), code.into())
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::asking(Demands::default())
    }

    /// An issuer that asks `demands` of wallets.
    pub(crate) fn asking(demands: Demands) -> Self {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        sqlite::migrate(&mut connection, MIGRATIONS).unwrap();
        Self::over(SqliteStore::new(connection), demands, RefillSetting::default())
    }

    /// An issuer with another setting of refills.
    pub(crate) fn refilling(refill: RefillSetting) -> Self {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        sqlite::migrate(&mut connection, MIGRATIONS).unwrap();
        Self::over(SqliteStore::new(connection), Demands::default(), refill)
    }

    /// An issuer over the database file `path`, as a second process would open it.
    pub(crate) fn on_disk(path: &Path) -> Self {
        let store = SqliteStore::new(sqlite::open(path, MIGRATIONS).unwrap());
        Self::over(store, Demands::default(), RefillSetting::default())
    }

    fn over(store: SqliteStore, demands: Demands, refill: RefillSetting) -> Self {
        let roles = RoleTable::built_in();
        let csv = std::io::Cursor::new(include_bytes!("../../samples/hr.csv"));
        let done = employees::import(&store, csv, Options::default(), &roles, false, NOW).unwrap();
        assert!(done.accepted);
        let authority = Authority::create("Test CA", Validity::days(NOW, 3650)).unwrap();
        let types = ["employee-id", "role-authority"];
        let profile = LeafProfile {
            common_name: "Minato City".into(),
            extended_key_usages: vec![oid::CREDENTIAL_ISSUER],
            extensions: vec![(
                oid::CREDENTIAL_TYPES,
                inro_trust::credential_types_extension(&types).unwrap(),
            )],
            ..LeafProfile::default()
        };
        let leaf = authority.issue(&profile, Validity::days(NOW, 730)).unwrap();
        let mut anchors = Anchors::new();
        anchors.add_pem(&authority.identity().certificate_pem, &[Usage::CredentialIssuer]).unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(NOW.as_secs())));
        let key = SoftwareKey::from_pkcs8_pem(leaf.key_pem.expose()).unwrap();
        let signer = Arc::new(TestSigner { key, broken: AtomicBool::new(false) });
        let issuer = Arc::new(
            Issuer::new(IssuerParts {
                url: HttpsUrl::parse(URL).unwrap(),
                name: AgencyName { en: "Minato City".into(), ja: "みなと市".into() },
                types: TypeCatalog::built_in(),
                roles,
                signer: Arc::<TestSigner>::clone(&signer),
                chain: inro_trust::certificates_from_pem(&leaf.certificate_pem).unwrap(),
                secrets: ServerSecrets::from_text(&base64url::encode(&[7; 32]), &AwsLc).unwrap(),
                provider: Arc::new(AwsLc),
                clock: Arc::<TestClock>::clone(&clock),
                rng: Box::new(TestRng::new()),
                store: Arc::new(store),
                demands,
                refill,
            })
            .unwrap(),
        );
        Self { router: http::router(Arc::clone(&issuer)), issuer, clock, signer, anchors }
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// An offer of both credentials to E0001.
    pub(crate) fn offer(&self, tx_code: bool) -> CreatedOffer {
        self.offer_of(&["employee-id", "role-authority"], tx_code)
    }

    pub(crate) fn offer_of(&self, types: &[&str], tx_code: bool) -> CreatedOffer {
        let wish = OfferWish {
            employee: "E0001".into(),
            types: types.iter().map(|&id| id.into()).collect(),
            formats: vec!["dc+sd-jwt".into()],
            tx_code,
            needs_approval: false,
            lifetime: 600,
        };
        self.issuer.create_offer(&wish).unwrap()
    }

    /// An offer of both credentials to E0001 that a second person has to approve.
    pub(crate) fn offer_to_approve(&self) -> CreatedOffer {
        let wish = OfferWish {
            employee: "E0001".into(),
            types: vec!["employee-id".into(), "role-authority".into()],
            formats: vec!["dc+sd-jwt".into()],
            tx_code: false,
            needs_approval: true,
            lifetime: 600,
        };
        self.issuer.create_offer(&wish).unwrap()
    }

    /// Redeems `offer` with `key`.
    pub(crate) async fn token_of(&self, offer: &CreatedOffer, key: &SoftwareKey) -> String {
        let answer = self.token(&self.token_message(offer, key)).await;
        assert_eq!(answer.verdict(), accepted());
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// A `POST` of JSON with a token and a DPoP proof by `key`.
    pub(crate) fn protected(
        &self,
        path: &str,
        key: &SoftwareKey,
        token: &str,
        body: &Value,
    ) -> Request<Body> {
        self.protected_as(path, key, token, "application/json", body.to_string())
    }

    pub(crate) fn protected_as(
        &self,
        path: &str,
        key: &SoftwareKey,
        token: &str,
        media_type: &str,
        body: String,
    ) -> Request<Body> {
        Request::post(path)
            .header("content-type", media_type)
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", self.dpop(path, key, Some(token)).compact())
            .body(Body::from(body))
            .unwrap()
    }

    pub(crate) fn code(&self, offer: &CreatedOffer) -> String {
        let offer: CredentialOffer = self.issuer.open_offer(handle(offer)).unwrap().unwrap();
        offer.pre_authorized_code.expose().clone()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str, accept: &str) -> Answer {
        self.send(Request::get(path).header("accept", accept).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn nonce(&self) -> String {
        let answer = self.send(Request::post("/nonce").body(Body::empty()).unwrap()).await;
        answer.json()["c_nonce"].as_str().unwrap().to_owned()
    }

    /// A good token request for a fresh offer.
    pub(crate) fn token_message(&self, offer: &CreatedOffer, key: &SoftwareKey) -> TokenMessage {
        let mut form =
            vec![("grant_type".into(), GRANT.into()), ("pre-authorized_code".into(), self.code(offer))];
        if let Some(code) = &offer.tx_code {
            form.push(("tx_code".into(), code.expose().clone()));
        }
        TokenMessage {
            dpop: self.dpop("/token", key, None),
            copies_of_dpop: 1,
            form,
            media_type: FORM.into(),
            body: None,
        }
    }

    /// A good DPoP proof for a `POST` to `path`.
    pub(crate) fn dpop(&self, path: &str, key: &SoftwareKey, token: Option<&str>) -> Jws {
        let rng: &mut dyn Rng = &mut TestRng::new();
        let mut claims = json!({
            "jti": rng.token::<16>(),
            "htm": "POST",
            "htu": format!("{URL}{path}"),
            "iat": self.now().as_secs(),
            "nonce": self.issuer.dpop_nonce(),
        });
        if let Some(token) = token {
            claims["ath"] = base64url::encode(&RustCrypto.sha256(token.as_bytes())).into();
        }
        Jws::new("dpop+jwt", key, claims)
    }

    pub(crate) async fn token(&self, message: &TokenMessage) -> Answer {
        self.send(message.request()).await
    }

    /// Redeems a fresh offer with `key`.
    pub(crate) async fn access_token(&self, key: &SoftwareKey) -> String {
        let answer = self.token(&self.token_message(&self.offer(false), key)).await;
        assert_eq!(answer.verdict(), accepted());
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// A good credential request with `copies` proofs, under a fresh token.
    pub(crate) async fn credential_message(&self, key: &SoftwareKey, copies: usize) -> CredentialMessage {
        let token = self.access_token(key).await;
        self.credential_message_for(&token, key, copies).await
    }

    pub(crate) async fn credential_message_for(
        &self,
        token: &str,
        key: &SoftwareKey,
        copies: usize,
    ) -> CredentialMessage {
        let nonce = self.nonce().await;
        let proof = |_| {
            let claims = json!({ "aud": URL, "iat": self.now().as_secs(), "nonce": nonce });
            Jws::new("openid4vci-proof+jwt", &new_key(), claims)
        };
        CredentialMessage {
            authorization: vec![format!("DPoP {token}")],
            dpop: self.dpop("/credential", key, Some(token)),
            proofs: (0..copies).map(proof).collect(),
            members: object(json!({ "credential_configuration_id": EMPLOYEE_ID })),
            media_type: "application/json".into(),
            body: None,
        }
    }

    pub(crate) async fn credential(&self, message: &CredentialMessage) -> Answer {
        self.send(message.request()).await
    }
}

/// Two issuers with a connection each to one database file, as two processes would have them.
pub(crate) fn two_processes(folder: &Path) -> [Bench; 2] {
    let path = folder.join("db.sqlite");
    [Bench::on_disk(&path), Bench::on_disk(&path)]
}

/// Sends the requests by turns to both issuers, all at the same moment; the verdicts are sorted.
pub(crate) async fn at_once(
    benches: &[Bench; 2],
    requests: Vec<Request<Body>>,
) -> Vec<(u16, String, String)> {
    let start = Arc::new(tokio::sync::Barrier::new(requests.len()));
    let clients: Vec<_> = requests
        .into_iter()
        .zip(benches.iter().cycle())
        .map(|(request, bench)| {
            let (bench, start) = (bench.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                bench.send(request).await.verdict()
            })
        })
        .collect();
    let mut verdicts = Vec::new();
    for client in clients {
        verdicts.push(client.await.unwrap());
    }
    verdicts.sort();
    verdicts
}

/// The last part of the offer's URL.
pub(crate) fn handle(offer: &CreatedOffer) -> &str {
    offer.uri.expose().rsplit('/').next().unwrap()
}

const FORM: &str = "application/x-www-form-urlencoded";

/// A JWS that can be altered before it is signed.
pub(crate) struct Jws {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    pub(crate) key: SoftwareKey,
    /// Sent instead of what would be signed.
    pub(crate) raw: Option<String>,
}

impl Jws {
    pub(crate) fn new(typ: &str, key: &SoftwareKey, claims: Value) -> Self {
        let header = json!({ "typ": typ, "jwk": Jwk::new(key.public_key()).to_value() });
        Self { header: object(header), claims: object(claims), key: key.clone(), raw: None }
    }

    pub(crate) fn compact(&self) -> String {
        self.raw.clone().unwrap_or_else(|| {
            JwsToSign::new(self.header.clone(), &self.claims).sign_with(&self.key).unwrap()
        })
    }

    /// The same message with `alg` none and no signature.
    pub(crate) fn unsigned(&self) -> String {
        let mut header = self.header.clone();
        header.insert("alg".into(), "none".into());
        let part =
            |map: &Map<String, Value>| base64url::encode(serde_json::to_string(map).unwrap().as_bytes());
        format!("{}.{}.", part(&header), part(&self.claims))
    }
}

pub(crate) struct TokenMessage {
    pub(crate) dpop: Jws,
    pub(crate) copies_of_dpop: usize,
    pub(crate) form: Vec<(String, String)>,
    pub(crate) media_type: String,
    pub(crate) body: Option<Vec<u8>>,
}

impl TokenMessage {
    pub(crate) fn request(&self) -> Request<Body> {
        let mut request = Request::post("/token").header("content-type", &self.media_type);
        for _ in 0..self.copies_of_dpop {
            request = request.header("dpop", self.dpop.compact());
        }
        let pairs: Vec<(&str, &str)> =
            self.form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = self.body.clone().unwrap_or_else(|| inro_oauth::form::encode(&pairs));
        request.body(Body::from(body)).unwrap()
    }

    /// Replaces or removes a parameter.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) {
        self.form.retain(|(key, _)| key != name);
        self.form.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }
}

pub(crate) struct CredentialMessage {
    pub(crate) authorization: Vec<String>,
    pub(crate) dpop: Jws,
    pub(crate) proofs: Vec<Jws>,
    pub(crate) members: Map<String, Value>,
    pub(crate) media_type: String,
    pub(crate) body: Option<Vec<u8>>,
}

impl CredentialMessage {
    pub(crate) fn json(&self) -> String {
        let mut members = self.members.clone();
        let proofs: Vec<String> = self.proofs.iter().map(Jws::compact).collect();
        members.entry("proofs").or_insert(json!({ "jwt": proofs }));
        Value::Object(members).to_string()
    }

    pub(crate) fn request(&self) -> Request<Body> {
        let mut request = Request::post("/credential").header("content-type", &self.media_type);
        for value in &self.authorization {
            request = request.header("authorization", value);
        }
        request = request.header("dpop", self.dpop.compact());
        request.body(Body::from(self.body.clone().unwrap_or_else(|| self.json().into_bytes()))).unwrap()
    }
}

pub(crate) fn new_key() -> SoftwareKey {
    SoftwareKey::generate(&mut TestRng::new())
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => panic!("not an object"),
    }
}
