//! A registered verifier that signs its requests before they are fetched, and takes every answer.

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use inro_base::http::{HttpRequest, HttpResponse, Method};
use inro_base::{Clock as _, base64url};
use inro_crypto::{Provider as _, RustCrypto, SoftwareKey};
use inro_jose::JwsToSign;
use inro_trust::registration::{self, CredentialNeed, Localized, Purpose, RegistrationClaims};
use inro_trust::{ClaimPath, Usage, oid};
use inro_wallet_cli::SystemRng;
use inro_wallet_core::{Boxed, Http, HttpError};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use serde_json::{Value, json};

use crate::device::Still;
use crate::holdings::{TYPES, type_id};

const HOST: &str = "verifier.example";
const REQUEST: &str = "https://verifier.example/requests/1";
const RESPONSE: &str = "https://verifier.example/responses/1";
const NAMESPACE: &str = "jp.example.employee";
const CLAIMS: [&str; 3] = ["agency", "department", "post"];

/// A key with its certificate.
pub(crate) struct Leaf {
    pub(crate) key: SoftwareKey,
    pub(crate) x5c: Vec<Vec<u8>>,
}

/// The verifier, and who vouches for it and for the issuer.
#[derive(Clone)]
pub(crate) struct Verifier(Arc<Parties>);

struct Parties {
    authority: String,
    issuer: Leaf,
    leaf: Leaf,
    registration: String,
    /// The signed request, and when the last answer came.
    state: Mutex<(Vec<u8>, Instant)>,
}

impl Verifier {
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Benchmark");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap().pem();
        let signer = Issuer::new(params, key);
        let leaf = leaf(&signer, Usage::Verifier);
        let registration = registration(&leaf, &self::leaf(&signer, Usage::Registrar));
        let issuer = self::leaf(&signer, Usage::CredentialIssuer);
        let state = Mutex::new((Vec::new(), Instant::now()));
        Self(Arc::new(Parties { authority, issuer, leaf, registration, state }))
    }

    pub(crate) fn authority(&self) -> &str {
        &self.0.authority
    }

    pub(crate) fn issuer(&self) -> &Leaf {
        &self.0.issuer
    }

    /// From now on asks for the first `types` types; for one that nobody holds where there are none. `name`
    /// makes the request another one.
    pub(crate) fn ask(&self, types: u32, format: &str, name: &str) {
        let types: Vec<String> = (0..types).map(type_id).collect();
        let path = |name: &&str| match format {
            "mso_mdoc" => json!({ "path": [NAMESPACE, name], "intent_to_retain": false }),
            _ => json!({ "path": [name] }),
        };
        let meta = match (format, types.as_slice()) {
            ("mso_mdoc", [one, ..]) => json!({ "doctype_value": one }),
            (_, []) => json!({ "vct_values": ["urn:inro:of-nobody:1"] }),
            (_, all) => json!({ "vct_values": all }),
        };
        let claims: Vec<Value> = CLAIMS.iter().map(path).collect();
        let hash = RustCrypto.sha256(&self.0.leaf.x5c[0]);
        let now = Still.now();
        let payload = json!({
            "client_id": format!("x509_hash:{}", base64url::encode(&hash)),
            "aud": "https://self-issued.me/v2",
            "response_type": "vp_token",
            "response_mode": "direct_post",
            "response_uri": RESPONSE,
            "nonce": base64url::encode(&RustCrypto.sha256(name.as_bytes())),
            "state": "a-state",
            "iat": now.as_secs(),
            "exp": now.plus(300).as_secs(),
            "verifier_info": [{ "format": registration::FORMAT, "data": self.0.registration }],
            "dcql_query": { "credentials": [
                { "id": "one", "format": format, "meta": meta, "claims": claims },
            ] },
        });
        let x5c: Vec<_> = self.0.leaf.x5c.iter().map(|der| base64url::encode_standard(der)).collect();
        let header = json!({ "typ": "oauth-authz-req+jwt", "x5c": x5c });
        let object = |value: &Value| value.as_object().unwrap().clone();
        let signed = JwsToSign::new(object(&header), &object(&payload)).sign_with(&self.0.leaf.key).unwrap();
        self.0.state.lock().unwrap().0 = signed.into_bytes();
    }

    pub(crate) fn link(&self) -> String {
        let hash = base64url::encode(&RustCrypto.sha256(&self.0.leaf.x5c[0]));
        format!("openid4vp://?client_id=x509_hash:{hash}&request_uri={REQUEST}")
    }

    /// When the last answer was posted.
    pub(crate) fn answered_at(&self) -> Instant {
        self.0.state.lock().unwrap().1
    }
}

impl Http for Verifier {
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
    fn send(&self, request: HttpRequest) -> Boxed<'_, Result<HttpResponse, HttpError>> {
        let mut state = self.0.state.lock().unwrap();
        let (content_type, body) = match request.method {
            Method::Get => ("application/oauth-authz-req+jwt", state.0.clone()),
            _ => {
                state.1 = Instant::now();
                ("application/json", b"{}".to_vec())
            }
        };
        let headers = vec![("content-type".into(), content_type.into())];
        Box::pin(ready(Ok(HttpResponse { status: 200, headers, body })))
    }
}

fn leaf(signer: &Issuer<'_, KeyPair>, usage: Usage) -> Leaf {
    let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(usage.oid().to_vec())];
    if usage == Usage::CredentialIssuer {
        let value = inro_trust::credential_types_extension(&["bench-card"]).unwrap();
        params.custom_extensions.push(CustomExtension::from_oid_content(oid::CREDENTIAL_TYPES, value));
    }
    let key = SoftwareKey::generate(&mut SystemRng);
    let pair = KeyPair::from_pem(key.to_pkcs8_pem().expose()).unwrap();
    let certificate = params.signed_by(&pair, signer).unwrap();
    Leaf { key, x5c: vec![certificate.der().to_vec()] }
}

fn registration(leaf: &Leaf, registrar: &Leaf) -> String {
    let now = Still.now();
    let plain = |name: &&str| ClaimPath::claim(name);
    let namespaced = |name: &&str| ClaimPath::parse(&json!([NAMESPACE, name])).unwrap();
    let claims: Vec<ClaimPath> = CLAIMS.iter().map(plain).chain(CLAIMS.iter().map(namespaced)).collect();
    let need = |number| CredentialNeed {
        credential_type: type_id(number),
        claims: claims.clone(),
        predicates: Vec::new(),
    };
    let claims = RegistrationClaims {
        iss: "https://registrar.example".into(),
        sub: "registration-1".into(),
        iat: now,
        exp: now.plus(86_400),
        leaf_sha256: base64url::encode(&RustCrypto.sha256(&leaf.x5c[0])),
        name: Localized { en: "Welfare System".into(), ja: "福祉システム".into() },
        purposes: vec![Purpose {
            id: "welfare".into(),
            text: Localized { en: "To approve welfare".into(), ja: "福祉の承認のため".into() },
        }],
        response_hosts: vec![HOST.into()],
        credentials: (0..TYPES).map(need).collect(),
        pseudonym_scope: None,
    };
    registration::sign(&claims, &registrar.key, &registrar.x5c).unwrap()
}
