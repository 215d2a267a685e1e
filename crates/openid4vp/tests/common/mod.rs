//! A small made-up house: an agency, a registrar, two verifiers and a holder, with certificates made
//! by an independent implementation.

#![expect(dead_code, reason = "each test file uses its part of the house")]

use inro_base::http::{HttpRequest, HttpResponse};
use inro_base::{Coded, Rng, UnixTime, base64url};
use inro_credential::ClaimPath;
use inro_credential::HeldCredential;
use inro_credential::dcql::Candidate;
use inro_crypto::{Provider as _, RustCrypto, Signer as _, SoftwareKey};
use inro_jose::{Jwk, JwsToSign};
use inro_openid4vp::profile::ResponseMode;
use inro_openid4vp::verifier::{
    Acceptance, AwaitingResponse, NewPresentation, ResponseError, VerifiedPresentation,
};
use inro_openid4vp::wallet::{Chosen, Refusal, RequestError, RequestLink, Reviewing, VerifiedRequest};
use inro_openid4vp::{ClientId, Purpose};
use inro_sd_jwt::{HeldSdJwt, VcIssuance};
use inro_trust::registration::{self, RegistrationClaims};
use inro_trust::{Anchors, Usage, oid};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, date_time_ymd,
};
use serde_json::{Map, Value, json};

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);
pub(crate) const HOST: &str = "verifier.example";
pub(crate) const EMPLOYEE: &str = "urn:inro:employee-id:1";
pub(crate) const AUTHORITY: &str = "urn:inro:role-authority:1";

/// A certificate with its key.
pub(crate) struct Party {
    pub(crate) key: SoftwareKey,
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
    params: CertificateParams,
    pair: KeyPair,
}

impl Party {
    pub(crate) fn authority(name: &str) -> Self {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pair = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&pair).unwrap();
        Self::new(&certificate, params, pair)
    }

    pub(crate) fn leaf(&self, name: &str, usage: Usage, host: &str, types: &[&str]) -> Self {
        let mut params = params(name);
        params.use_authority_key_identifier_extension = true;
        params.subject_alt_names = vec![rcgen::SanType::DnsName(host.try_into().unwrap())];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(usage.oid().to_vec())];
        if usage == Usage::CredentialIssuer {
            let content = oid_content(types);
            params.custom_extensions.push(CustomExtension::from_oid_content(oid::CREDENTIAL_TYPES, content));
        }
        let pair = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&pair, &Issuer::from_params(&self.params, &self.pair)).unwrap();
        Self::new(&certificate, params, pair)
    }

    pub(crate) fn sha256(&self) -> [u8; 32] {
        RustCrypto.sha256(&self.der)
    }

    fn new(certificate: &rcgen::Certificate, params: CertificateParams, pair: KeyPair) -> Self {
        let key = SoftwareKey::from_pkcs8_pem(&pair.serialize_pem()).unwrap();
        Self { key, der: certificate.der().to_vec(), pem: certificate.pem(), params, pair }
    }
}

fn oid_content(types: &[&str]) -> Vec<u8> {
    inro_trust::credential_types_extension(types).unwrap()
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    params
}

/// Bytes that differ from draw to draw, the same in every run.
pub(crate) struct Counting(pub(crate) u64);

impl Rng for Counting {
    fn fill(&mut self, destination: &mut [u8]) {
        for byte in destination {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = self.0.to_be_bytes()[0];
        }
    }
}

pub(crate) struct World {
    pub(crate) signer: Party,
    pub(crate) registrar: Party,
    pub(crate) verifier_authority: Party,
    pub(crate) verifier: Party,
    /// Another verifier of the same authority.
    pub(crate) rival: Party,
    /// What the holder trusts.
    pub(crate) holder_anchors: Anchors,
    /// What the verifier trusts.
    pub(crate) issuer_anchors: Anchors,
    agency: Party,
    pub(crate) holder: SoftwareKey,
}

impl World {
    pub(crate) fn new() -> Self {
        let agency = Party::authority("Minato City CA");
        let signer = agency.leaf(
            "Minato City",
            Usage::CredentialIssuer,
            "issuer.example",
            &["employee-id", "role-authority"],
        );
        let registrar = agency.leaf("Minato Registrar", Usage::Registrar, "issuer.example", &[]);
        let verifier_authority = Party::authority("Verifier CA");
        let verifier = verifier_authority.leaf("Welfare System", Usage::Verifier, HOST, &[]);
        let rival = verifier_authority.leaf("Rival System", Usage::Verifier, "rival.example", &[]);
        let mut holder_anchors = Anchors::new();
        holder_anchors.add_pem(&agency.pem, &[Usage::CredentialIssuer, Usage::Registrar]).unwrap();
        holder_anchors.add_pem(&verifier_authority.pem, &[Usage::Verifier]).unwrap();
        let mut issuer_anchors = Anchors::new();
        issuer_anchors.add_pem(&agency.pem, &[Usage::CredentialIssuer]).unwrap();
        let holder = SoftwareKey::generate(&mut Counting(99));
        Self {
            signer,
            registrar,
            verifier_authority,
            verifier,
            rival,
            holder_anchors,
            issuer_anchors,
            agency,
            holder,
        }
    }

    /// Another signer of the agency, whose certificate names other types.
    pub(crate) fn signer_for(&self, types: &[&str]) -> Party {
        self.agency.leaf("Minato City", Usage::CredentialIssuer, "issuer.example", types)
    }

    pub(crate) fn registration_claims(&self) -> RegistrationClaims {
        serde_json::from_value(json!({
            "iss": "https://issuer.example", "sub": "r1",
            "iat": NOW.plus(-3600).as_secs(), "exp": NOW.plus(3600).as_secs(),
            "leaf_sha256": base64url::encode(&self.verifier.sha256()),
            "name": { "en": "Welfare System", "ja": "福祉システム" },
            "purposes": [{ "id": "p", "text": { "en": "Registered words.", "ja": "登録済み" } }],
            "response_hosts": [HOST],
            "credentials": [{ "type": EMPLOYEE, "claims": [["employee_number"], ["agency"]] }],
        }))
        .unwrap()
    }

    pub(crate) fn registration(&self, alter: impl FnOnce(&mut RegistrationClaims)) -> String {
        let mut claims = self.registration_claims();
        alter(&mut claims);
        registration::sign(&claims, &self.registrar.key, std::slice::from_ref(&self.registrar.der)).unwrap()
    }

    pub(crate) fn client_id(&self) -> ClientId {
        ClientId::x509_hash(&self.verifier.sha256())
    }

    pub(crate) fn ask(&self, query: Value) -> AwaitingResponse {
        self.ask_as(self.client_id(), query)
    }

    pub(crate) fn ask_as(&self, client_id: ClientId, query: Value) -> AwaitingResponse {
        self.question(client_id, query).start(NOW, &mut Counting(7)).unwrap()
    }

    /// A question in the clear, to be altered before it is asked.
    pub(crate) fn question(&self, client_id: ClientId, query: Value) -> NewPresentation {
        let purpose = Purpose { id: "p".into(), en: "Own words.".into(), ja: "自称".into() };
        NewPresentation {
            client_id,
            request_uri: format!("https://{HOST}/requests/1"),
            response_uri: format!("https://{HOST}/responses/1"),
            query,
            purpose: Some(purpose),
            response_mode: ResponseMode::DirectPost,
            transaction_data: Vec::new(),
            lifetime: 300,
        }
    }

    /// Signs `payload` as the verifier, with the request object's own header.
    pub(crate) fn sign_request(&self, payload: &Map<String, Value>) -> String {
        let header =
            json!({ "typ": "oauth-authz-req+jwt", "x5c": [base64url::encode_standard(&self.verifier.der)] });
        JwsToSign::new(header.as_object().unwrap().clone(), payload).sign_with(&self.verifier.key).unwrap()
    }

    /// The wallet's verdict on a request object that was fetched for `link`.
    pub(crate) fn judge(&self, link: &str, request_object: &str) -> Result<VerifiedRequest, Refusal> {
        self.judge_at(NOW, link, request_object)
    }

    pub(crate) fn judge_at(
        &self,
        now: UnixTime,
        link: &str,
        object: &str,
    ) -> Result<VerifiedRequest, Refusal> {
        let (awaiting, fetch) = RequestLink::parse(&by_get(link))?.fetch(&mut Counting(1));
        assert_eq!(fetch.url, format!("https://{HOST}/requests/1"));
        awaiting.received(&delivered(object), &RustCrypto)?.verify(&self.holder_anchors, now, &RustCrypto)
    }

    /// A credential of the holder, altered before it is signed.
    pub(crate) fn credential(&self, alter: impl FnOnce(&mut VcIssuance)) -> String {
        self.credential_by(&self.signer, alter)
    }

    pub(crate) fn credential_by(&self, signer: &Party, alter: impl FnOnce(&mut VcIssuance)) -> String {
        let claims = json!({
            "iss": "https://issuer.example", "employee_number": "E0001", "name_kanji": "甲野 太郎", "grade": 4,
            "agency": { "code": "13103", "name": "みなと市" }, "powers": ["welfare.approve", "welfare.view"],
        });
        let mut issuance = VcIssuance {
            vct: EMPLOYEE.into(),
            issued_at: Some(NOW.plus(-600)),
            not_before: None,
            expires_at: Some(NOW.plus(86_400)),
            claims: claims.as_object().unwrap().clone(),
            disclosable: [
                json!(["employee_number"]),
                json!(["name_kanji"]),
                json!(["grade"]),
                json!(["agency", "code"]),
                json!(["agency", "name"]),
                json!(["powers", null]),
            ]
            .iter()
            .map(|path| ClaimPath::parse(path).unwrap())
            .collect(),
            decoys_per_object: 1,
            holder_key: Some(Jwk::from(self.holder.public_key())),
            x5c: vec![signer.der.clone()],
        };
        alter(&mut issuance);
        issuance.build(&mut Counting(3), &RustCrypto).unwrap().sign_with(&signer.key).unwrap()
    }

    /// The presentation that the holder makes of `credential` for `awaiting`.
    pub(crate) fn present(&self, awaiting: &AwaitingResponse, credential: &str, paths: &[Value]) -> String {
        let sent = Sent::of(awaiting);
        self.present_with(credential, paths, &sent.client_id, &sent.nonce, NOW, &self.holder)
    }

    pub(crate) fn present_with(
        &self,
        credential: &str,
        paths: &[Value],
        audience: &str,
        nonce: &str,
        at: UnixTime,
        key: &SoftwareKey,
    ) -> String {
        let paths: Vec<ClaimPath> = paths.iter().map(|path| ClaimPath::parse(path).unwrap()).collect();
        let held = HeldSdJwt::parse(credential, &RustCrypto).unwrap();
        let presentation = held.present(&paths).unwrap();
        presentation.key_binding(audience, nonce, at, &RustCrypto).sign_with(key).unwrap()
    }

    /// The verifier's verdict on a form.
    pub(crate) fn verdict(
        &self,
        awaiting: AwaitingResponse,
        form: &str,
    ) -> Result<VerifiedPresentation, ResponseError> {
        self.verdict_at(NOW, awaiting, form)
    }

    pub(crate) fn verdict_at(
        &self,
        now: UnixTime,
        awaiting: AwaitingResponse,
        form: &str,
    ) -> Result<VerifiedPresentation, ResponseError> {
        let acceptance = Acceptance { anchors: &self.issuer_anchors, issuers: &[], max_age: None };
        awaiting.receive(form.as_bytes(), now, &RustCrypto)?.check(&acceptance, now, &RustCrypto)
    }

    /// Reviews with the holder's one credential.
    pub(crate) fn review(&self, request: VerifiedRequest, credential: &str) -> (Reviewing, HeldSdJwt) {
        let held = HeldSdJwt::parse(credential, &RustCrypto).unwrap();
        let candidate = Candidate {
            format: "dc+sd-jwt",
            type_id: held.vct(),
            claims: held.claims(),
            holder_binding: true,
            authority_key_ids: &[],
        };
        (request.review(&[candidate]), held)
    }

    /// Approves what the review proposes, with the holder's one credential.
    pub(crate) fn approve(&self, reviewing: Reviewing, held: HeldSdJwt) -> Result<HttpRequest, RequestError> {
        let proposal = reviewing.matches().unwrap().preferred()[0];
        let chosen = Chosen {
            credential: proposal.query_id.to_owned(),
            copy: HeldCredential::SdJwt(held),
            paths: proposal.candidate.paths.clone(),
        };
        let signing = reviewing.approve(vec![chosen], NOW, &RustCrypto)?;
        let signatures =
            signing.signing_inputs().iter().map(|input| self.holder.sign_es256(input).unwrap()).collect();
        Ok(signing.finish(signatures, &mut Counting(31), &RustCrypto)?.1)
    }
}

/// What a request object says, read without any check.
pub(crate) struct Sent {
    pub(crate) client_id: String,
    pub(crate) nonce: String,
    pub(crate) state: String,
}

impl Sent {
    pub(crate) fn of(awaiting: &AwaitingResponse) -> Self {
        let payload = payload(awaiting);
        let text = |name: &str| payload[name].as_str().unwrap().to_owned();
        Self { client_id: text("client_id"), nonce: text("nonce"), state: text("state") }
    }
}

/// The payload of the request object of `awaiting`, without a registration.
pub(crate) fn payload(awaiting: &AwaitingResponse) -> Map<String, Value> {
    payload_with(awaiting, None)
}

pub(crate) fn payload_with(awaiting: &AwaitingResponse, registration: Option<&str>) -> Map<String, Value> {
    let unsigned = awaiting.request_object(&[vec![0]], registration);
    let text = String::from_utf8(unsigned.signing_input().to_vec()).unwrap();
    let payload = base64url::decode(text.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// The link without `request_uri_method`, so that one signed request answers every fetch.
pub(crate) fn by_get(link: &str) -> String {
    link.replace("&request_uri_method=post", "")
}

pub(crate) fn delivered(request_object: &str) -> HttpResponse {
    HttpResponse {
        status: 200,
        headers: vec![("content-type".into(), "application/oauth-authz-req+jwt".into())],
        body: request_object.as_bytes().to_vec(),
    }
}

/// A form with one presentation per query id.
pub(crate) fn form(awaiting: &AwaitingResponse, token: &Value) -> String {
    let state = Sent::of(awaiting).state;
    inro_openid4vp::form::encode(&[("vp_token", &token.to_string()), ("state", &state)])
}

/// Asks for the employee's number.
pub(crate) fn employee_query() -> Value {
    json!({ "credentials": [{
        "id": "employee", "format": "dc+sd-jwt", "meta": { "vct_values": [EMPLOYEE] },
        "claims": [{ "path": ["employee_number"] }, { "path": ["agency", "name"] }],
    }]})
}

/// Asks for the employee's number in an mdoc.
pub(crate) fn mdoc_query() -> Value {
    json!({ "credentials": [{
        "id": "employee", "format": "mso_mdoc", "meta": { "doctype_value": "inro.employee-id.1" },
        "claims": [{ "path": ["inro.employee-id.1", "employee_number"] }],
    }]})
}

pub(crate) fn employee_paths() -> Vec<Value> {
    vec![json!(["employee_number"]), json!(["agency", "name"])]
}

pub(crate) fn code<T, E: Coded>(result: Result<T, E>) -> &'static str {
    match result {
        Ok(_) => "accepted",
        Err(error) => error.code().as_str(),
    }
}
