//! No signed message is taken for one of another kind. Each kind is first accepted as what it is. Then its
//! very header and content, rightly signed by the same key, are offered under the type of every other
//! kind; and every other kind's own message is offered in its place.
//!
//! Source: RFC 8725 §3.11; RFC 9596 §1.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests, outside the test functions"
)]

use inro_base::http::HttpResponse;
use inro_base::{Coded, Rng, UnixTime, base64url};
use inro_crypto::{Provider as _, RustCrypto, Signer as _, SoftwareKey};
use inro_jose::{Jwk, JwsToSign};
use inro_oauth::HttpsUrl;
use inro_oauth::dpop::{self, UnverifiedDpop};
use inro_openid4vci::attestation::{AttestationDemand, KeyAttestation};
use inro_openid4vci::proofs::{self, Proofs};
use inro_openid4vci::{IssuerMetadata, signed};
use inro_openid4vp::ClientId;
use inro_openid4vp::profile::ResponseMode;
use inro_openid4vp::verifier::NewPresentation;
use inro_openid4vp::wallet::RequestLink;
use inro_sd_jwt::{Expected, HeldSdJwt, UnverifiedSdJwt, VcIssuance};
use inro_status::{Bits, StatusArray, StatusListToken, UnverifiedStatusList};
use inro_trust::registration::{self, RegistrationClaims, UnverifiedRegistration};
use inro_trust::{Anchors, Usage, oid};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, date_time_ymd,
};
use serde_json::{Map, Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);
const ISSUER: &str = "https://issuer.example";
const WRONG_TYPE: &str = "INRO-JOSE-003";
const USAGES: [Usage; 4] =
    [Usage::CredentialIssuer, Usage::Verifier, Usage::Registrar, Usage::WalletProvider];

struct Counting(u64);

impl Rng for Counting {
    fn fill(&mut self, destination: &mut [u8]) {
        for byte in destination {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = self.0.to_be_bytes()[0];
        }
    }
}

/// One party that may sign everything, so that nothing but the type tells messages apart.
struct House {
    key: SoftwareKey,
    chain: Vec<Vec<u8>>,
    anchors: Anchors,
}

impl House {
    fn new() -> Self {
        let mut ca = params("CA");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_pair = KeyPair::generate().unwrap();
        let ca_certificate = ca.self_signed(&ca_pair).unwrap();
        let mut leaf = params("Everything");
        leaf.subject_alt_names = vec![rcgen::SanType::DnsName("verifier.example".try_into().unwrap())];
        leaf.extended_key_usages =
            USAGES.iter().map(|usage| ExtendedKeyUsagePurpose::Other(usage.oid().to_vec())).collect();
        let types = inro_trust::credential_types_extension(&["employee-id"]).unwrap();
        leaf.custom_extensions.push(CustomExtension::from_oid_content(oid::CREDENTIAL_TYPES, types));
        let pair = KeyPair::generate().unwrap();
        let certificate = leaf.signed_by(&pair, &Issuer::from_params(&ca, &ca_pair)).unwrap();
        let mut anchors = Anchors::new();
        anchors.add_pem(&ca_certificate.pem(), &USAGES).unwrap();
        Self {
            key: SoftwareKey::from_pkcs8_pem(&pair.serialize_pem()).unwrap(),
            chain: vec![certificate.der().to_vec()],
            anchors,
        }
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

type Read = Box<dyn Fn(&str) -> Result<(), &'static str>>;

/// A kind of message: one that is good, and who reads it.
struct Kind {
    name: &'static str,
    /// The JWT alone.
    jwt: String,
    read: Read,
}

fn verdict<T, E: Coded>(result: Result<T, E>) -> Result<(), &'static str> {
    result.map(|_| ()).map_err(|error| error.code().as_str())
}

fn kinds(house: &'static House) -> Vec<Kind> {
    let kind = |name, jwt: String, read: Read| Kind { name, jwt, read };
    let issued = credential(house);
    let (credential_jwt, disclosures) = issued.split_once('~').unwrap();
    let disclosures = disclosures.to_owned();
    let presented = bound(house, &issued);
    let (shown, key_binding) = presented.rsplit_once('~').unwrap();
    let shown = shown.to_owned();
    let awaiting = request();
    let link = awaiting.link();
    vec![
        kind("SD-JWT VC", credential_jwt.to_owned(), {
            Box::new(move |jwt| {
                let credential = UnverifiedSdJwt::parse(&format!("{jwt}~{disclosures}")).map_err(code)?;
                let x5c = credential.x5c().to_vec();
                let issuer =
                    house.anchors.trust(&x5c, Usage::CredentialIssuer, NOW, &RustCrypto).map_err(code)?;
                verdict(credential.verify(&issuer, &Expected::at_issuance(NOW), &RustCrypto))
            })
        }),
        kind("key binding", key_binding.to_owned(), {
            Box::new(move |jwt| {
                let credential = UnverifiedSdJwt::parse(&format!("{shown}~{jwt}")).map_err(code)?;
                let x5c = credential.x5c().to_vec();
                let issuer = house.anchors.trust(&x5c, Usage::CredentialIssuer, NOW, &RustCrypto).unwrap();
                let expected = Expected::presented(NOW, "aud", "nonce", 60);
                verdict(credential.verify(&issuer, &expected, &RustCrypto))
            })
        }),
        kind("request object", signed_request(house, &awaiting), {
            Box::new(move |jwt| {
                let (waiting, _) = RequestLink::parse(&link).unwrap().fetch(&mut Counting(1));
                let response = HttpResponse {
                    status: 200,
                    headers: vec![("content-type".into(), "application/oauth-authz-req+jwt".into())],
                    body: jwt.as_bytes().to_vec(),
                };
                let received = waiting.received(&response, &RustCrypto).map_err(code)?;
                received
                    .verify(&house.anchors, NOW, &RustCrypto)
                    .map(|_| ())
                    .map_err(|refusal| refusal.error.code().as_str())
            })
        }),
        kind("registration", registration(house), {
            Box::new(move |jwt| {
                let leaf = RustCrypto.sha256(&house.chain[0]);
                verdict(
                    UnverifiedRegistration::parse(jwt)
                        .and_then(|found| found.verify(&house.anchors, &leaf, NOW, &RustCrypto)),
                )
            })
        }),
        kind("key proof", key_proof(house), {
            Box::new(move |jwt| {
                let issuer = HttpsUrl::parse(ISSUER).unwrap();
                let expected =
                    proofs::Expected { issuer: &issuer, batch_size: 1, attestation: None, now: NOW };
                let proofs = Proofs::parse(Some(&json!({ "jwt": [jwt] }))).unwrap();
                verdict(proofs.verify(&expected, &RustCrypto))
            })
        }),
        kind("DPoP proof", dpop_proof(house), {
            Box::new(move |jwt| {
                let url = HttpsUrl::parse(&format!("{ISSUER}/token")).unwrap();
                let expected = dpop::Expected {
                    method: inro_base::http::Method::Post,
                    url: &url,
                    access_token: None,
                    now: NOW,
                };
                verdict(UnverifiedDpop::parse([jwt]).and_then(|proof| proof.verify(&expected, &RustCrypto)))
            })
        }),
        kind("issuer metadata", metadata(house), {
            Box::new(move |jwt| {
                let issuer = HttpsUrl::parse(ISSUER).unwrap();
                verdict(signed::verify(jwt.as_bytes(), &issuer, &house.anchors, NOW, &RustCrypto))
            })
        }),
        kind("key attestation", attestation(house), {
            Box::new(move |jwt| {
                let demand = AttestationDemand::default();
                verdict(KeyAttestation::verify(jwt, &demand, &house.anchors, NOW, &RustCrypto))
            })
        }),
        kind("status list", status_list(house), {
            Box::new(move |jwt| {
                let list = UnverifiedStatusList::parse_jwt(jwt).map_err(code)?;
                let signer =
                    house.anchors.trust(list.x5c(), Usage::CredentialIssuer, NOW, &RustCrypto).unwrap();
                let expected = inro_status::Expected { uri: ISSUER, authority: signer.authority(), now: NOW };
                verdict(list.verify(&signer, &expected, &RustCrypto))
            })
        }),
    ]
}

fn code<E: Coded>(error: E) -> &'static str {
    error.code().as_str()
}

fn sign(house: &House, header: Map<String, Value>, payload: &Value) -> String {
    JwsToSign::new(header, payload.as_object().unwrap()).sign_with(&house.key).unwrap()
}

fn credential(house: &House) -> String {
    let issuance = VcIssuance {
        vct: "urn:inro:employee-id:1".into(),
        issued_at: Some(NOW),
        not_before: None,
        expires_at: Some(NOW.plus(3_600)),
        claims: json!({ "post": "x" }).as_object().unwrap().clone(),
        disclosable: vec![inro_sd_jwt::ClaimPath::claim("post")],
        decoys_per_object: 0,
        holder_key: Some(Jwk::new(house.key.public_key())),
        x5c: house.chain.clone(),
    };
    issuance.build(&mut Counting(2), &RustCrypto).unwrap().sign_with(&house.key).unwrap()
}

fn bound(house: &House, issued: &str) -> String {
    let held = HeldSdJwt::parse(issued, &RustCrypto).unwrap();
    held.present(&[]).unwrap().key_binding("aud", "nonce", NOW, &RustCrypto).sign_with(&house.key).unwrap()
}

fn request() -> inro_openid4vp::verifier::AwaitingResponse {
    NewPresentation {
        client_id: ClientId::x509_san_dns("verifier.example").unwrap(),
        request_uri: "https://verifier.example/r/1".into(),
        response_uri: "https://verifier.example/a/1".into(),
        query: json!({ "credentials": [{
            "id": "q", "format": "dc+sd-jwt", "meta": { "vct_values": ["urn:inro:employee-id:1"] },
        }] }),
        purpose: None,
        response_mode: ResponseMode::DirectPost,
        transaction_data: Vec::new(),
        lifetime: 300,
    }
    .start(NOW, &mut Counting(3))
    .unwrap()
}

fn signed_request(house: &House, awaiting: &inro_openid4vp::verifier::AwaitingResponse) -> String {
    let unsigned = awaiting.request_object(&house.chain, None);
    // The link offers a POST, so the wallet's nonce has to come back.
    let parts: Vec<&str> = std::str::from_utf8(unsigned.signing_input()).unwrap().split('.').collect();
    let read = |part: &str| -> Map<String, Value> {
        serde_json::from_slice(&base64url::decode(part).unwrap()).unwrap()
    };
    let (header, mut payload) = (read(parts[0]), read(parts[1]));
    let rng: &mut dyn Rng = &mut Counting(1);
    payload.insert("wallet_nonce".into(), rng.token::<24>().into());
    sign(house, header, &Value::Object(payload))
}

fn registration(house: &House) -> String {
    let claims = RegistrationClaims {
        iss: "registrar".into(),
        sub: "1".into(),
        iat: NOW,
        exp: NOW.plus(3_600),
        leaf_sha256: base64url::encode(&RustCrypto.sha256(&house.chain[0])),
        name: registration::Localized::default(),
        purposes: Vec::new(),
        response_hosts: vec!["verifier.example".into()],
        credentials: Vec::new(),
        pseudonym_scope: None,
    };
    registration::sign(&claims, &house.key, &house.chain).unwrap()
}

fn key_proof(house: &House) -> String {
    let issuer = HttpsUrl::parse(ISSUER).unwrap();
    let unsigned = proofs::jwt_to_sign(&house.key.public_key(), &issuer, Some("nonce"), NOW);
    unsigned.sign_with(&house.key).unwrap()
}

fn dpop_proof(house: &House) -> String {
    let header = Map::from_iter([
        ("typ".to_owned(), Value::from("dpop+jwt")),
        ("jwk".to_owned(), Jwk::new(house.key.public_key()).to_value()),
    ]);
    let payload =
        json!({ "jti": "jti", "htm": "POST", "htu": format!("{ISSUER}/token"), "iat": NOW.as_secs() });
    sign(house, header, &payload)
}

fn metadata(house: &House) -> String {
    let url = |path: &str| HttpsUrl::parse(&format!("{ISSUER}{path}")).unwrap();
    let document = json!({
        "credential_issuer": ISSUER,
        "credential_endpoint": format!("{ISSUER}/credential"),
        "credential_configurations_supported": {},
    });
    let metadata = IssuerMetadata::from_object(document.as_object().unwrap(), &url("")).unwrap();
    signed::to_sign(&metadata, &house.chain, NOW, NOW.plus(3_600)).sign_with(&house.key).unwrap()
}

fn attestation(house: &House) -> String {
    let chain: Vec<String> = house.chain.iter().map(|der| base64url::encode_standard(der)).collect();
    let header = Map::from_iter([
        ("typ".to_owned(), Value::from("key-attestation+jwt")),
        ("x5c".to_owned(), Value::from(chain)),
    ]);
    let keys = json!([Jwk::new(house.key.public_key()).to_value()]);
    sign(house, header, &json!({ "iat": NOW.as_secs(), "attested_keys": keys }))
}

fn list(house: &House) -> StatusListToken {
    let _ = house;
    StatusListToken {
        uri: ISSUER.into(),
        issued_at: NOW,
        expires_at: NOW.plus(3_600),
        ttl: 30,
        list: StatusArray::valid(Bits::Two, 16).unwrap(),
    }
}

fn status_list(house: &House) -> String {
    list(house).jwt_to_sign(&house.chain).sign_with(&house.key).unwrap()
}

/// The same header and payload under another type, signed again.
fn retyped(house: &House, jwt: &str, typ: &str) -> String {
    let read = |part: &str| -> Map<String, Value> {
        serde_json::from_slice(&base64url::decode(part).unwrap()).unwrap()
    };
    let mut parts = jwt.split('.');
    let (mut header, payload) = (read(parts.next().unwrap()), read(parts.next().unwrap()));
    header.insert("typ".into(), typ.into());
    sign(house, header, &Value::Object(payload))
}

fn typ(jwt: &str) -> String {
    let header = base64url::decode(jwt.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["typ"].as_str().unwrap().to_owned()
}

fn house() -> &'static House {
    Box::leak(Box::new(House::new()))
}

#[test]
fn every_kind_of_jwt_is_refused_wherever_another_kind_is_expected() {
    let house = house();
    let kinds = kinds(house);
    let mut pairs = 0;
    for expected in &kinds {
        assert_eq!((expected.read)(&expected.jwt), Ok(()), "{}", expected.name);
        // Signing again changes nothing by itself.
        let again = retyped(house, &expected.jwt, &typ(&expected.jwt));
        assert_eq!((expected.read)(&again), Ok(()), "{}", expected.name);
        for other in kinds.iter().filter(|other| other.name != expected.name) {
            let told = format!("{} where {} is expected", other.name, expected.name);
            assert_eq!((expected.read)(&other.jwt), Err(WRONG_TYPE), "{told}");
            let disguised = retyped(house, &expected.jwt, &typ(&other.jwt));
            assert_eq!((expected.read)(&disguised), Err(WRONG_TYPE), "{told}, with the right content");
            pairs += 1;
        }
        let untyped = retyped(house, &expected.jwt, "JWT");
        assert_eq!((expected.read)(&untyped), Err(WRONG_TYPE), "{} as a plain JWT", expected.name);
    }
    assert_eq!((kinds.len(), pairs), (9, 72));
}

#[test]
fn a_status_list_and_an_mdoc_are_not_taken_for_one_another() {
    let house = house();
    let list = list(house).cwt_to_sign(&house.chain).sign_with(&house.key).unwrap();
    assert!(UnverifiedStatusList::parse_cwt(&list).is_ok());
    let issuance = inro_mdoc::MdocIssuance {
        doc_type: "inro.employee-id.1".into(),
        namespaces: vec![("ns".into(), vec![("element".into(), inro_mdoc::Value::from(1))])],
        decoys_per_namespace: 0,
        signed_at: NOW,
        valid_from: NOW,
        valid_until: NOW.plus(3_600),
        expected_update: None,
        holder_key: house.key.public_key(),
        status: None,
        x5c: house.chain.clone(),
    };
    let mdoc = issuance.build(&mut Counting(5), &RustCrypto).unwrap().sign_with(&house.key).unwrap();
    let issuer = house.anchors.trust(&house.chain, Usage::CredentialIssuer, NOW, &RustCrypto).unwrap();
    let receive = |bytes: &[u8]| {
        inro_mdoc::HeldMdoc::receive(bytes, &issuer, NOW, &RustCrypto).map_err(|error| error.code().as_str())
    };
    assert!(receive(&mdoc).is_ok());

    // The signature of an mdoc, tagged as a status list has to be, has no such type.
    let item = inro_cose::Item::parse(&mdoc, inro_cose::Limits::DOCUMENT).unwrap();
    let signature = item.member("issuerAuth").unwrap();
    let tagged = [&[0xd2], signature.as_received()].concat();
    let refused = UnverifiedStatusList::parse_cwt(&tagged).unwrap_err();
    assert_eq!(refused.code().as_str(), "INRO-COSE-008");
    // A status list in the place of an mdoc's signature says nothing that an mdoc says.
    let list = inro_cose::Item::parse(&list, inro_cose::Limits::DOCUMENT).unwrap();
    let untagged = list.tagged(18).unwrap().as_received().to_vec();
    let namespaces = item.member("nameSpaces").unwrap().as_received().to_vec();
    let forged = inro_cose::write::map_of_encoded(&[("nameSpaces", namespaces), ("issuerAuth", untagged)]);
    assert!(receive(&forged).is_err());
}
