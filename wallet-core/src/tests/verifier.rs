//! A verifier whose requests a test alters, one part at a time.

use inro_base::base64url;
use inro_base::http::{HttpRequest, HttpResponse, Method};
use inro_crypto::{Provider as _, RustCrypto};
use inro_jose::jwe::{ContentEncryption, DecryptionKey, Recipient, encrypt_jwt};
use inro_jose::{Jwk, JwsToSign};
use inro_openid4vp::form::Form;
use inro_openid4vp::transaction_data::{Approval, TransactionData};
use inro_trust::registration::{self, CredentialNeed, Localized, Purpose, RegistrationClaims};
use inro_trust::{ClaimPath, Usage};
use serde_json::{Map, Value, json};

use super::NOW;
use super::issuer::VCT;
use super::pki::{Authority, Leaf};
use crate::testing::SeededRng;

pub(crate) const HOST: &str = "verifier.example";
pub(crate) const RESPONSE: &str = "https://verifier.example/responses/1";
const REQUEST: &str = "https://verifier.example/requests/1";

/// What the verifier asks. A test changes one member.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) leaf: Leaf,
    /// The payload of the request object.
    pub(crate) payload: Value,
    /// The status with which the verifier takes an answer.
    pub(crate) status: u16,
    /// How the request object is delivered.
    pub(crate) sealing: Sealing,
}

/// To which key the request object is encrypted.
#[derive(Clone)]
pub(crate) enum Sealing {
    /// To none.
    Clear,
    /// To the key of the fetch.
    Fetched,
    /// To this one.
    To(Jwk),
}

impl Request {
    /// A request for the agency's name, registered by `registrar` for the claims in `registered`.
    pub(crate) fn honest(authority: &Authority, registrar: &Leaf, registered: &[&str]) -> Self {
        let leaf = authority.leaf(21, Usage::Verifier, &[], HOST);
        let registration = registration(&leaf, registrar, registered);
        let mut payload = unregistered(&leaf);
        payload["verifier_info"] = json!([{ "format": registration::FORMAT, "data": registration }]);
        Self { leaf, payload, status: 200, sealing: Sealing::Clear }
    }

    /// The same request without a registration.
    pub(crate) fn unregistered(authority: &Authority) -> Self {
        let leaf = authority.leaf(21, Usage::Verifier, &[], HOST);
        Self { payload: unregistered(&leaf), leaf, status: 200, sealing: Sealing::Clear }
    }

    /// Another request, which differs in its nonce.
    pub(crate) fn numbered(mut self, number: u32) -> Self {
        self.payload["nonce"] = format!("a-nonce-of-at-least-22-characters-{number}").into();
        self
    }

    /// The same request, made `seconds` later.
    pub(crate) fn later(mut self, seconds: i64) -> Self {
        self.payload["iat"] = NOW.plus(seconds).as_secs().into();
        self.payload["exp"] = NOW.plus(seconds + 300).as_secs().into();
        self
    }

    /// Signed by `leaf`, and registered by `registration`.
    pub(crate) fn signed_by(mut self, leaf: Leaf, registration: &str) -> Self {
        let hash = base64url::encode(&RustCrypto.sha256(&leaf.x5c[0]));
        self.payload["client_id"] = format!("x509_hash:{hash}").into();
        self.leaf = leaf;
        self.registered(registration)
    }

    /// With another registration.
    pub(crate) fn registered(mut self, registration: &str) -> Self {
        self.payload["verifier_info"] = json!([{ "format": registration::FORMAT, "data": registration }]);
        self
    }

    /// Asks for other claims.
    pub(crate) fn asking(mut self, claims: Value) -> Self {
        self.payload["dcql_query"]["credentials"][0]["claims"] = claims;
        self
    }

    /// Asks for an encrypted answer; the private key is `key`'s.
    pub(crate) fn encrypted(mut self, key: &DecryptionKey) -> Self {
        self.payload["response_mode"] = "direct_post.jwt".into();
        self.payload["client_metadata"] = json!({ "jwks": { "keys": [key.to_jwk().to_value()] } });
        self
    }

    /// Asks to approve a text with the answer to one of the queries `ids`.
    pub(crate) fn authorizing(mut self, en: &str, ids: &[&str]) -> Self {
        let ids = ids.iter().map(|&id| id.to_owned()).collect();
        let approval = Approval { en: en.into(), ja: "承認する".into() };
        let data = TransactionData::approval(approval, ids).unwrap();
        self.payload["transaction_data"] = json!([data.encoded()]);
        self
    }

    /// The link that says that the request can be fetched by `POST`.
    pub(crate) fn link_to_post(&self) -> String {
        format!("{}&request_uri_method=post", self.link())
    }

    /// The link to this request.
    pub(crate) fn link(&self) -> String {
        let client_id = self.payload["client_id"].as_str().unwrap();
        format!("openid4vp://?client_id={client_id}&request_uri={REQUEST}")
    }

    /// The network that leads to this verifier alone.
    pub(crate) fn answer(&self, request: &HttpRequest) -> HttpResponse {
        match request.url.as_str() {
            REQUEST => {
                let headers = vec![("content-type".into(), "application/oauth-authz-req+jwt".into())];
                HttpResponse { status: 200, headers, body: self.signed(request).into_bytes() }
            }
            RESPONSE => {
                let headers = vec![("content-type".into(), "application/json".into())];
                let body = json!({ "redirect_uri": "https://verifier.example/done" });
                HttpResponse { status: self.status, headers, body: body.to_string().into_bytes() }
            }
            _ => HttpResponse { status: 404, headers: Vec::new(), body: Vec::new() },
        }
    }

    /// Encrypts the request object to `sealing`.
    pub(crate) fn sealed(mut self, sealing: Sealing) -> Self {
        self.sealing = sealing;
        self
    }

    /// Repeats the wallet's nonce, unless a test has set another.
    pub(crate) fn signed(&self, fetch: &HttpRequest) -> String {
        let mut payload = self.payload.as_object().unwrap().clone();
        if fetch.method == Method::Post && !payload.contains_key("wallet_nonce") {
            let form = Form::parse(&fetch.body).unwrap();
            payload.insert("wallet_nonce".into(), form.value("wallet_nonce").unwrap().into());
        }
        let x5c: Vec<_> = self.leaf.x5c.iter().map(|der| base64url::encode_standard(der)).collect();
        let header = json!({ "typ": "oauth-authz-req+jwt", "x5c": x5c });
        let header: Map<String, Value> = header.as_object().unwrap().clone();
        let signed = JwsToSign::new(header, &payload).sign_with(&self.leaf.key).unwrap();
        let jwk = match &self.sealing {
            Sealing::Clear => return signed,
            Sealing::Fetched => fetch_key(fetch),
            Sealing::To(jwk) => jwk.clone(),
        };
        let recipient = Recipient { jwk: &jwk, enc: ContentEncryption::A128Gcm };
        encrypt_jwt(&signed, &recipient, &mut SeededRng::new(5), &RustCrypto).unwrap()
    }
}

/// The key that a wallet offers with a fetch by `POST`.
pub(crate) fn fetch_key(fetch: &HttpRequest) -> Jwk {
    let form = Form::parse(&fetch.body).unwrap();
    let metadata: Value = serde_json::from_str(form.value("wallet_metadata").unwrap()).unwrap();
    Jwk::parse_recipient(&metadata["jwks"]["keys"][0]).unwrap()
}

fn unregistered(leaf: &Leaf) -> Value {
    let hash = base64url::encode(&RustCrypto.sha256(&leaf.x5c[0]));
    json!({
        "client_id": format!("x509_hash:{hash}"),
        "aud": "https://self-issued.me/v2",
        "response_type": "vp_token",
        "response_mode": "direct_post",
        "response_uri": RESPONSE,
        "nonce": "a-nonce-of-at-least-22-characters",
        "state": "a-state",
        "iat": NOW.as_secs(),
        "exp": NOW.plus(300).as_secs(),
        "dcql_query": { "credentials": [{
            "id": "one",
            "format": "dc+sd-jwt",
            "meta": { "vct_values": [VCT] },
            "claims": [{ "path": ["agency"] }],
        }] },
    })
}

/// A registration of `leaf` for `claims`: names, joined by `.` where one stands in another.
pub(crate) fn registration(leaf: &Leaf, registrar: &Leaf, claims: &[&str]) -> String {
    registration_to(&[HOST], leaf, registrar, claims)
}

/// The same, with answers to `hosts`.
pub(crate) fn registration_to(hosts: &[&str], leaf: &Leaf, registrar: &Leaf, claims: &[&str]) -> String {
    let path = |name: &&str| ClaimPath::parse(&name.split('.').collect::<Value>()).unwrap();
    let claims = RegistrationClaims {
        iss: "https://issuer.example".into(),
        sub: "registration-1".into(),
        iat: NOW,
        exp: NOW.plus(400 * 86_400),
        leaf_sha256: base64url::encode(&RustCrypto.sha256(&leaf.x5c[0])),
        name: Localized { en: "Welfare System".into(), ja: "福祉システム".into() },
        purposes: vec![Purpose {
            id: "welfare".into(),
            text: Localized { en: "To approve welfare".into(), ja: "福祉の承認のため".into() },
        }],
        response_hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
        credentials: vec![CredentialNeed {
            credential_type: VCT.into(),
            claims: claims.iter().map(path).collect(),
            predicates: Vec::new(),
        }],
        pseudonym_scope: None,
    };
    registration::sign(&claims, &registrar.key, &registrar.x5c).unwrap()
}
