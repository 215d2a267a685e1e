//! The holder's part: a copy with a key of its own, signed and encrypted for one request. The request is
//! read and not judged; what judging it costs is the phone's affair, not the verifier's.

use std::fs;
use std::path::Path;

use inro_base::json::{self, Limits};
use inro_base::{Clock as _, base64url};
use inro_crypto::{Signer as _, SoftwareKey};
use inro_crypto_aws::{AwsLc, AwsLcKey};
use inro_jose::Jwk;
use inro_jose::jwe::{self, ContentEncryption, PartyInfo, Recipient};
use inro_openid4vp::form::{self, Form};
use inro_sd_jwt::{ClaimPath, HeldSdJwt, VcIssuance};
use inro_service::{OsRng, SystemClock};
use serde_json::{Value, json};

/// Who signs the copies.
pub(crate) struct Agency {
    key: AwsLcKey,
    chain: Vec<Vec<u8>>,
}

/// One copy in its holder's hands.
pub(crate) struct Copy {
    held: HeldSdJwt,
    key: AwsLcKey,
    paths: Vec<ClaimPath>,
}

/// What a wallet posts, and to where.
pub(crate) struct Answer {
    pub(crate) uri: String,
    pub(crate) form: String,
}

impl Agency {
    /// The agency of the folder that `inro-issuer init` made.
    pub(crate) fn of(folder: &Path) -> Self {
        let read = |name: &str| fs::read_to_string(folder.join("keys").join(name)).unwrap();
        let key = SoftwareKey::from_pkcs8_pem(&read("signer.key.pem")).unwrap();
        let chain = inro_trust::certificates_from_pem(&read("signer.chain.pem")).unwrap();
        Self { key: AwsLcKey::new(&key).unwrap(), chain }
    }

    /// Copies for someone who may approve welfare applications, a key for each.
    pub(crate) fn copies(&self, count: usize) -> Vec<Copy> {
        (0..count).map(|_| self.copy()).collect()
    }

    fn copy(&self) -> Copy {
        let claims = json!({
            "powers": ["welfare.view", "welfare.approve"], "scope": { "agency": "13103", "unit": "welfare" },
        });
        let path = |path: Value| ClaimPath::parse(&path).unwrap();
        let (key, now) = (SoftwareKey::generate(&mut OsRng), SystemClock.now());
        let issuance = VcIssuance {
            vct: "urn:inro:role-authority:1".into(),
            issued_at: Some(now),
            not_before: None,
            expires_at: Some(now.plus(86_400)),
            claims: claims.as_object().unwrap().clone(),
            disclosable: [json!(["powers", null]), json!(["scope", "agency"]), json!(["scope", "unit"])]
                .map(path)
                .into(),
            decoys_per_object: 0,
            holder_key: Some(Jwk::from(key.public_key())),
            x5c: self.chain.clone(),
        };
        let issued = issuance.build(&mut OsRng, &AwsLc).unwrap().sign_with(&self.key).unwrap();
        Copy {
            held: HeldSdJwt::parse(&issued, &AwsLc).unwrap(),
            key: AwsLcKey::new(&key).unwrap(),
            paths: [json!(["powers", 1]), json!(["scope", "agency"])].map(path).into(),
        }
    }
}

impl Copy {
    /// Answers a request object.
    pub(crate) fn answer(&self, request: &[u8]) -> Answer {
        let payload = std::str::from_utf8(request).unwrap().split('.').nth(1).unwrap();
        let request = json::parse(&base64url::decode(payload).unwrap(), Limits::MESSAGE).unwrap();
        let text = |name: &str| request[name].as_str().unwrap();
        let (audience, nonce) = (text("client_id"), text("nonce"));
        let presentation = self.held.present(&self.paths).unwrap();
        let bound = presentation.key_binding(audience, nonce, SystemClock.now(), &AwsLc);
        let token = bound.sign_with(&self.key).unwrap();
        let answer = json!({ "vp_token": { "authority": [token] }, "state": text("state") }).to_string();
        let jwk = Jwk::parse_recipient(&request["client_metadata"]["jwks"]["keys"][0]).unwrap();
        let recipient = Recipient { jwk: &jwk, enc: ContentEncryption::A128Gcm };
        let sealed =
            jwe::encrypt(answer.as_bytes(), &recipient, PartyInfo::default(), &mut OsRng, &AwsLc).unwrap();
        Answer { uri: text("response_uri").to_owned(), form: form::encode(&[("response", &sealed)]) }
    }
}

/// Where the link says that the request is.
pub(crate) fn request_uri(link: &str) -> String {
    let query = link.split_once('?').unwrap().1;
    Form::parse(query.as_bytes()).unwrap().value("request_uri").unwrap().to_owned()
}
