//! An agency, a registrar, a verifier and a holder whose keys, certificates and messages are the same in every run.

use std::sync::LazyLock;

use inro_base::UnixTime;
use inro_base::http::HttpResponse;
use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_jose::jwe::{AgreementKey, DecryptionKey};
use inro_jose::{Jwk, JwsToSign};
use inro_mdoc::MdocIssuance;
use inro_oauth::HttpsUrl;
use inro_sd_jwt::VcIssuance;
use inro_trust::{Anchors, ClaimPath, Usage, oid};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, PublicKeyData, SignatureAlgorithm, SigningKey, date_time_ymd,
};
use serde_json::{Map, Value, json};

use crate::stream::Stream;

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);
pub(crate) const EMPLOYEE: &str = "urn:inro:employee-id:1";
pub(crate) const DOC_TYPE: &str = "inro.employee-id.1";
pub(crate) const AGENCY: &str = "Minato City CA";
pub(crate) const HOST: &str = "verifier.example";
pub(crate) const LIST: &str = "https://issuer.example/status-lists/1";

pub(crate) static WORLD: LazyLock<World> = LazyLock::new(World::new);

pub(crate) struct World {
    pub(crate) agency: Party,
    pub(crate) issuer: Party,
    pub(crate) registrar: Party,
    pub(crate) attester: Party,
    pub(crate) verifier: Party,
    pub(crate) anchors: Anchors,
    pub(crate) issuer_url: HttpsUrl,
}

/// A key with its certificate.
pub(crate) struct Party {
    pub(crate) key: SoftwareKey,
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
    params: CertificateParams,
}

impl World {
    fn new() -> Self {
        let agency = Party::authority(AGENCY, 41);
        let verifiers = Party::authority("Verifier CA", 42);
        let mut anchors = Anchors::new();
        let of_agency = [Usage::CredentialIssuer, Usage::Registrar, Usage::WalletProvider];
        anchors.add_der(&agency.der, &of_agency).unwrap();
        anchors.add_der(&verifiers.der, &[Usage::Verifier]).unwrap();
        Self {
            issuer: agency.leaf("Minato City", 43, Usage::CredentialIssuer, "issuer.example"),
            registrar: agency.leaf("Minato Registrar", 44, Usage::Registrar, "issuer.example"),
            attester: agency.leaf("Minato Wallet", 45, Usage::WalletProvider, "wallet.example"),
            verifier: verifiers.leaf("Welfare System", 46, Usage::Verifier, HOST),
            agency,
            anchors,
            issuer_url: url("https://issuer.example"),
        }
    }
}

impl Party {
    fn authority(name: &str, seed: u8) -> Self {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = Certified::new(seed);
        let certificate = params.self_signed(&key).unwrap();
        Self { key: key.key, der: certificate.der().to_vec(), pem: certificate.pem(), params }
    }

    fn leaf(&self, name: &str, seed: u8, usage: Usage, host: &str) -> Self {
        let mut params = params(name);
        params.use_authority_key_identifier_extension = true;
        params.subject_alt_names = vec![rcgen::SanType::DnsName(host.try_into().unwrap())];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(usage.oid().to_vec())];
        if usage == Usage::CredentialIssuer {
            let types = inro_trust::credential_types_extension(&["employee-id"]).unwrap();
            params.custom_extensions.push(CustomExtension::from_oid_content(oid::CREDENTIAL_TYPES, types));
        }
        let (key, authority) = (Certified::new(seed), Certified::of(self.key.clone()));
        let issuer = rcgen::Issuer::from_params(&self.params, &authority);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        Self { key: key.key, der: certificate.der().to_vec(), pem: certificate.pem(), params }
    }

    /// A JWS with this party's certificate.
    pub(crate) fn sign(&self, typ: &str, payload: &Value) -> String {
        let chain = [inro_base::base64url::encode_standard(&self.der)];
        jws(&self.key, &json!({ "typ": typ, "x5c": chain }), payload)
    }
}

/// Signs without randomness, where rcgen's own keys would not.
struct Certified {
    key: SoftwareKey,
    point: Vec<u8>,
}

impl Certified {
    fn new(seed: u8) -> Self {
        Self::of(key(seed))
    }

    fn of(key: SoftwareKey) -> Self {
        let public = key.public_key();
        Self { point: [&[4], public.x().as_slice(), public.y().as_slice()].concat(), key }
    }
}

impl PublicKeyData for Certified {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for Certified {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.key.sign_es256(message).unwrap().to_der())
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    params
}

pub(crate) fn key(seed: u8) -> SoftwareKey {
    SoftwareKey::from_secret_bytes(&[seed; 32]).unwrap()
}

pub(crate) fn holder() -> SoftwareKey {
    key(32)
}

pub(crate) fn decryption_key() -> DecryptionKey {
    DecryptionKey { key: AgreementKey::from_secret_bytes(&[33; 32]).unwrap(), kid: Some("k".into()) }
}

pub(crate) fn url(text: &str) -> HttpsUrl {
    HttpsUrl::parse(text).unwrap()
}

pub(crate) fn map(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

pub(crate) fn jws(key: &SoftwareKey, header: &Value, payload: &Value) -> String {
    JwsToSign::new(map(header), &map(payload)).sign_with(key).unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// JSON as a message has it, for what takes a value that was read already.
pub(crate) fn value(bytes: &[u8]) -> Option<Value> {
    inro_base::json::parse(bytes, inro_base::json::Limits::MESSAGE).ok()
}

/// An answer: status and media type stand in the first line, the body below it.
pub(crate) fn response(bytes: &[u8]) -> Option<HttpResponse> {
    let at = bytes.iter().position(|byte| *byte == b'\n')?;
    let (head, body) = bytes.split_at(at);
    let (status, media_type) = text(head)?.split_once(' ')?;
    Some(HttpResponse {
        status: status.parse().ok()?,
        headers: vec![("content-type".into(), media_type.into()), ("dpop-nonce".into(), "n".into())],
        body: body.get(1..)?.to_vec(),
    })
}

pub(crate) fn answer(media_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    [b"200 ", media_type.as_bytes(), b"\n", body.as_ref()].concat()
}

/// What the employee's SD-JWT says, before it is built.
pub(crate) fn sd_jwt_issuance() -> VcIssuance {
    let path = |value: Value| ClaimPath::parse(&value).unwrap();
    VcIssuance {
        vct: EMPLOYEE.into(),
        issued_at: Some(NOW.plus(-600)),
        not_before: None,
        expires_at: Some(NOW.plus(86_400)),
        claims: map(&json!({
            "iss": "https://issuer.example", "employee_number": "E0001", "name_kanji": "甲野 太郎",
            "agency": { "code": "13103", "name": "みなと市" }, "powers": ["welfare.approve", "welfare.view"],
        })),
        disclosable: vec![
            path(json!(["employee_number"])),
            path(json!(["name_kanji"])),
            path(json!(["agency", "code"])),
            path(json!(["agency", "name"])),
            path(json!(["powers", null])),
        ],
        decoys_per_object: 1,
        holder_key: Some(Jwk::from(holder().public_key())),
        x5c: vec![WORLD.issuer.der.clone()],
    }
}

pub(crate) static SD_JWT: LazyLock<String> = LazyLock::new(|| {
    let unsigned = sd_jwt_issuance().build(&mut Stream::new(11), &RustCrypto).unwrap();
    unsigned.sign_with(&WORLD.issuer.key).unwrap()
});

pub(crate) fn mdoc_issuance() -> MdocIssuance {
    let element = |name: &str, value: &str| (name.to_owned(), inro_mdoc::Value::from(value));
    let elements = vec![element("employee_number", "E0001"), element("name_kanji", "甲野 太郎")];
    MdocIssuance {
        doc_type: DOC_TYPE.into(),
        namespaces: vec![(DOC_TYPE.into(), elements)],
        decoys_per_namespace: 1,
        signed_at: NOW.plus(-600),
        valid_from: NOW.plus(-600),
        valid_until: NOW.plus(86_400),
        expected_update: None,
        holder_key: holder().public_key(),
        status: None,
        x5c: vec![WORLD.issuer.der.clone()],
    }
}

pub(crate) static MDOC: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let unsigned = mdoc_issuance().build(&mut Stream::new(12), &RustCrypto).unwrap();
    unsigned.sign_with(&WORLD.issuer.key).unwrap()
});
