//! Registrations of verifiers: what is accepted, and each reason for which one is not.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside the test functions")]

mod common;

use std::slice::from_ref;

use common::{NOW, Party, Plan};
use inro_base::{Coded as _, UnixTime, base64url};
use inro_crypto::{Provider as _, RustCrypto};
use inro_trust::registration::{
    CredentialNeed, Localized, Purpose, RegistrationClaims, UnverifiedRegistration, VerifiedRegistration,
    sign,
};
use inro_trust::{Anchors, ClaimPath, TrustError, Usage};
use serde_json::{Value, json};
use url::Url;

const VCT: &str = "urn:inro:employee-id:1";

struct House {
    authority: Party,
    registrar: Party,
    verifier: Party,
    anchors: Anchors,
}

impl House {
    fn new() -> Self {
        let authority = Plan::authority("Minato City CA").root();
        let registrar = Plan::leaf("Minato City Registrar", Usage::Registrar).signed_by(&authority);
        let verifier = Plan::leaf("Welfare System", Usage::Verifier).root();
        let mut anchors = Anchors::new();
        anchors.add_pem(&authority.pem, &[Usage::CredentialIssuer, Usage::Registrar]).unwrap();
        Self { authority, registrar, verifier, anchors }
    }

    fn claims(&self) -> RegistrationClaims {
        RegistrationClaims {
            iss: "https://registrar.example".into(),
            sub: "r-1".into(),
            iat: NOW,
            exp: NOW.plus(3_600),
            leaf_sha256: base64url::encode(&RustCrypto.sha256(&self.verifier.der)),
            name: Localized { en: "Welfare System".into(), ja: "福祉システム".into() },
            purposes: vec![Purpose {
                id: "approve".into(),
                text: Localized { en: "To approve.".into(), ja: "承認のため。".into() },
            }],
            response_hosts: vec!["localhost:9443".into(), "verifier.example".into()],
            credentials: vec![CredentialNeed {
                credential_type: VCT.into(),
                claims: vec![path(json!(["department"])), path(json!(["roles", null, "code"]))],
                predicates: vec![],
            }],
            pseudonym_scope: None,
        }
    }

    fn signed(&self, claims: &RegistrationClaims) -> String {
        sign(claims, &self.registrar.key, from_ref(&self.registrar.der)).unwrap()
    }

    fn verify(&self, jwt: &str) -> Result<VerifiedRegistration, TrustError> {
        self.verify_at(jwt, NOW)
    }

    fn verify_at(&self, jwt: &str, now: UnixTime) -> Result<VerifiedRegistration, TrustError> {
        let leaf = RustCrypto.sha256(&self.verifier.der);
        UnverifiedRegistration::parse(jwt)?.verify(&self.anchors, &leaf, now, &RustCrypto)
    }

    fn accepted(&self) -> VerifiedRegistration {
        self.verify(&self.signed(&self.claims())).unwrap()
    }
}

fn path(value: Value) -> ClaimPath {
    ClaimPath::parse(&value).unwrap()
}

fn code(result: Result<VerifiedRegistration, TrustError>) -> &'static str {
    result.unwrap_err().code().as_str()
}

#[test]
fn tells_who_may_ask_for_what() {
    let house = House::new();
    let registration = house.accepted();
    assert_eq!(registration.name().ja, "福祉システム");
    assert_eq!(registration.registrar(), "Minato City Registrar");
    assert_eq!(registration.purpose("approve").unwrap().en, "To approve.");
    assert_eq!(registration.purpose("other"), None);
    assert_eq!(registration.expires_at(), NOW.plus(3_600));
    assert!(registration.covers_type(VCT));
    assert!(!registration.covers_type("urn:inro:role-authority:1"));
}

#[test]
fn tells_what_is_over_asked() {
    let registration = House::new().accepted();
    let asked = [
        path(json!(["department"])),
        path(json!(["grade"])),
        path(json!(["roles", 0, "code"])),
        path(json!(["roles", null])),
    ];
    let over: Vec<_> = registration.over_asked(VCT, &asked).into_iter().map(ClaimPath::to_value).collect();
    assert_eq!(over, [json!(["grade"]), json!(["roles", null])]);
    assert_eq!(registration.over_asked("urn:inro:role-authority:1", &asked).len(), 4);
}

#[test]
fn allows_answers_to_registered_hosts_and_ports_over_https_alone() {
    let registration = House::new().accepted();
    let allows = |url: &str| registration.allows_response_to(&Url::parse(url).unwrap());
    assert!(allows("https://localhost:9443/openid4vp/responses/1?x=1"));
    assert!(allows("https://verifier.example/any"));
    assert!(allows("https://VERIFIER.example:443/any"));
    for url in [
        "http://localhost:9443/",
        "https://localhost/",
        "https://localhost:9444/",
        "https://verifier.example.evil.example/",
        "https://verifier.example@evil.example/",
        "https://sub.verifier.example/",
    ] {
        assert!(!allows(url), "{url}");
    }
}

#[test]
fn refuses_a_host_with_anything_but_a_host_and_a_port() {
    let house = House::new();
    house.accepted();
    for host in ["https://verifier.example", "verifier.example/a", "a@verifier.example", "", "a b", "x:99999"]
    {
        let claims = RegistrationClaims { response_hosts: vec![host.into()], ..house.claims() };
        let error = sign(&claims, &house.registrar.key, from_ref(&house.registrar.der)).unwrap_err();
        assert_eq!(error.code().as_str(), "INRO-TRUST-015", "{host}");
    }
}

#[test]
fn refuses_the_registration_of_another_verifier() {
    let house = House::new();
    house.accepted();
    let other = Plan::leaf("Welfare System", Usage::Verifier).root();
    let leaf_sha256 = base64url::encode(&RustCrypto.sha256(&other.der));
    let claims = RegistrationClaims { leaf_sha256, ..house.claims() };
    assert_eq!(code(house.verify(&house.signed(&claims))), "INRO-TRUST-018");
}

#[test]
fn refuses_an_expired_registration() {
    let house = House::new();
    let jwt = house.signed(&house.claims());
    assert!(house.verify_at(&jwt, NOW.plus(3_599)).is_ok());
    assert_eq!(code(house.verify_at(&jwt, NOW.plus(3_600))), "INRO-TRUST-016");
}

#[test]
fn refuses_a_registration_from_the_future() {
    let house = House::new();
    let jwt = house.signed(&house.claims());
    assert!(house.verify_at(&jwt, NOW.plus(-60)).is_ok());
    assert_eq!(code(house.verify_at(&jwt, NOW.plus(-61))), "INRO-TRUST-017");
}

#[test]
fn refuses_a_registration_signed_by_a_non_registrar() {
    let house = House::new();
    house.accepted();
    let claims = house.claims();
    // A credential issuer of the same authority.
    let issuer = Plan::leaf("Minato City", Usage::CredentialIssuer).signed_by(&house.authority);
    let jwt = sign(&claims, &issuer.key, from_ref(&issuer.der)).unwrap();
    assert_eq!(code(house.verify(&jwt)), "INRO-TRUST-007");
    // A registrar of an authority that nobody listed.
    let stranger = Plan::authority("Stranger CA").root();
    let registrar = Plan::leaf("Registrar", Usage::Registrar).signed_by(&stranger);
    let jwt = sign(&claims, &registrar.key, from_ref(&registrar.der)).unwrap();
    assert_eq!(code(house.verify(&jwt)), "INRO-TRUST-005");
    // The registrar's certificate over another's signature.
    let jwt = sign(&claims, &registrar.key, from_ref(&house.registrar.der)).unwrap();
    assert_eq!(code(house.verify(&jwt)), "INRO-JOSE-005");
    // An anchor that vouches for issuers alone.
    let mut anchors = Anchors::new();
    anchors.add_pem(&house.authority.pem, &[Usage::CredentialIssuer]).unwrap();
    let house = House { anchors, ..house };
    assert_eq!(code(house.verify(&house.signed(&claims))), "INRO-TRUST-006");
}

#[test]
fn refuses_another_typ() {
    let house = House::new();
    let accepted = house.signed(&house.claims());
    assert!(house.verify(&accepted).is_ok());
    let mut parts = accepted.split('.');
    let header = base64url::decode(parts.next().unwrap()).unwrap();
    let header = String::from_utf8(header)
        .unwrap()
        .replace("inro-verifier-registration+jwt", "inro-type-metadata+jwt");
    let jwt = format!(
        "{}.{}.{}",
        base64url::encode(header.as_bytes()),
        parts.next().unwrap(),
        parts.next().unwrap()
    );
    assert_eq!(code(house.verify(&jwt)), "INRO-JOSE-003");
}

#[test]
fn refuses_any_altered_byte() {
    let house = House::new();
    let jwt = house.signed(&house.claims());
    assert!(house.verify(&jwt).is_ok());
    for at in (0..jwt.len()).step_by(7) {
        let mut bytes = jwt.clone().into_bytes();
        bytes[at] ^= 2;
        if let Ok(altered) = String::from_utf8(bytes) {
            assert!(house.verify(&altered).is_err(), "byte {at}");
        }
    }
}
