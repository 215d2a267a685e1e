//! DPoP proofs and server nonces: each refusal beside the unaltered proof.

use inro_base::http::Method;
use inro_base::{Coded as _, Rng, UnixTime};
use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_jose::{Jwk, JwsToSign};
use inro_oauth::dpop::{self, Expected, Target};
use inro_oauth::{DpopError, DpopProof, HttpsUrl, NonceKey, Purpose, UnverifiedDpop};
use serde_json::{Map, Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);

struct Counter(u8);

impl Rng for Counter {
    fn fill(&mut self, destination: &mut [u8]) {
        for byte in destination {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

fn key(seed: u8) -> SoftwareKey {
    SoftwareKey::from_secret_bytes(&[seed; 32]).unwrap()
}

fn url(text: &str) -> HttpsUrl {
    HttpsUrl::parse(text).unwrap()
}

fn verify(proof: &str, expected: &Expected<'_>) -> Result<DpopProof, DpopError> {
    UnverifiedDpop::parse([proof])?.verify(expected, &RustCrypto)
}

fn code(result: Result<DpopProof, DpopError>) -> Option<&'static str> {
    result.err().map(|error| error.code().as_str())
}

#[test]
fn a_proof_fits_its_request_and_no_other() {
    let endpoint = url("https://a.example/token");
    let signer = key(1);
    let target = Target { method: Method::Post, url: &endpoint, access_token: Some("tok"), nonce: Some("n") };
    let proof = dpop::proof_to_sign(target, &signer.public_key(), NOW, &mut Counter(0), &RustCrypto);
    let proof = proof.sign_with(&signer).unwrap();
    let expected = Expected { method: Method::Post, url: &endpoint, access_token: Some("tok"), now: NOW };
    let checked = verify(&proof, &expected).unwrap();
    assert_eq!(checked.thumbprint(), Jwk::new(signer.public_key()).thumbprint(&RustCrypto));
    assert_eq!(checked.nonce(), Ok("n"));
    assert_eq!(checked.check_key(checked.thumbprint()), Ok(()));
    assert_eq!(checked.check_key("other").unwrap_err().code().as_str(), "INRO-OAUTH-008");

    let same = url("HTTPS://A.example:443/token?x=1");
    assert_eq!(code(verify(&proof, &Expected { url: &same, ..expected })), None);
    let other = url("https://a.example/credential");
    assert_eq!(code(verify(&proof, &Expected { url: &other, ..expected })), Some("INRO-OAUTH-005"));
    assert_eq!(code(verify(&proof, &Expected { method: Method::Get, ..expected })), Some("INRO-OAUTH-004"));
    assert_eq!(
        code(verify(&proof, &Expected { access_token: Some("t"), ..expected })),
        Some("INRO-OAUTH-007")
    );
    for (seconds, refused) in
        [(300, None), (301, Some("INRO-OAUTH-006")), (-300, None), (-301, Some("INRO-OAUTH-006"))]
    {
        assert_eq!(
            code(verify(&proof, &Expected { now: NOW.plus(seconds), ..expected })),
            refused,
            "{seconds}"
        );
    }
}

#[test]
fn refuses_none_or_two_proofs() {
    assert!(matches!(UnverifiedDpop::parse([]), Err(DpopError::NotOne)));
    assert!(matches!(UnverifiedDpop::parse(["a", "b"]), Err(DpopError::NotOne)));
}

/// The claims and header of a good proof, to be altered.
fn signed(alter: impl FnOnce(&mut Map<String, Value>, &mut Map<String, Value>)) -> String {
    let signer = key(1);
    let object = |value: Value| value.as_object().unwrap().clone();
    let mut header = object(json!({"typ": "dpop+jwt", "jwk": Jwk::new(signer.public_key()).to_value()}));
    let mut claims =
        object(json!({"jti": "j", "htm": "POST", "htu": "https://a.example/token", "iat": NOW.as_secs()}));
    alter(&mut header, &mut claims);
    JwsToSign::new(header, &claims).sign_with(&signer).unwrap()
}

#[test]
fn refuses_each_altered_member() {
    let endpoint = url("https://a.example/token");
    let expected = Expected { method: Method::Post, url: &endpoint, access_token: None, now: NOW };
    let refused = |proof: String| code(verify(&proof, &expected));
    assert_eq!(refused(signed(|_, _| {})), None);
    assert_eq!(refused(signed(|header, _| drop(header.remove("jwk")))), Some("INRO-OAUTH-002"));
    assert_eq!(
        refused(signed(|header, _| drop(header.insert("typ".into(), "jwt".into())))),
        Some("INRO-JOSE-003")
    );
    let other = Jwk::new(key(2).public_key()).to_value();
    assert_eq!(refused(signed(|header, _| drop(header.insert("jwk".into(), other)))), Some("INRO-JOSE-005"));
    assert_eq!(
        refused(signed(|header, _| drop(
            header["jwk"].as_object_mut().unwrap().insert("d".into(), "AA".into())
        ))),
        Some("INRO-JOSE-006")
    );
    for claim in ["jti", "htm", "htu", "iat"] {
        assert_eq!(
            refused(signed(|_, claims| drop(claims.remove(claim)))),
            Some("INRO-OAUTH-003"),
            "{claim}"
        );
    }
    for date in ["\"1795396529\"", "1e300", "null"] {
        let date: Value = serde_json::from_str(date).unwrap();
        let refusal = refused(signed(|_, claims| drop(claims.insert("iat".into(), date))));
        assert_eq!(refusal, Some("INRO-OAUTH-003"));
    }
    let long = "j".repeat(257);
    assert_eq!(
        refused(signed(|_, claims| drop(claims.insert("jti".into(), long.into())))),
        Some("INRO-OAUTH-003")
    );
}

#[test]
fn takes_a_time_with_a_fraction_and_a_url_with_query_and_fragment() {
    let endpoint = url("https://a.example/token");
    let expected = Expected { method: Method::Post, url: &endpoint, access_token: None, now: NOW };
    let fraction: Value = serde_json::from_str(&format!("{}.75", NOW.as_secs())).unwrap();
    let with = |claim: &str, value: Value| signed(|_, claims| drop(claims.insert(claim.into(), value)));
    let checked = verify(&with("iat", fraction), &expected).unwrap();
    assert_eq!(checked.forget_at(), NOW.plus(301));
    for same in ["https://a.example/token?x=1#y", "https://a.example/token#y", "https://A.EXAMPLE:443/token"]
    {
        assert_eq!(code(verify(&with("htu", same.into()), &expected)), None, "{same}");
    }
    for other in ["https://a.example/token/", "https://a.example:8443/token", "#https://a.example/token"] {
        assert_eq!(code(verify(&with("htu", other.into()), &expected)), Some("INRO-OAUTH-005"), "{other}");
    }
}

#[test]
fn a_proof_without_a_nonce_says_so() {
    let endpoint = url("https://a.example/token");
    let expected = Expected { method: Method::Post, url: &endpoint, access_token: None, now: NOW };
    let with = signed(|_, claims| drop(claims.insert("nonce".into(), "n".into())));
    assert_eq!(verify(&with, &expected).unwrap().nonce(), Ok("n"));
    let without = verify(&signed(|_, _| {}), &expected).unwrap();
    assert_eq!(without.nonce().unwrap_err().code().as_str(), "INRO-OAUTH-009");
}

#[test]
fn nonces_are_the_servers_own_fresh_and_of_one_purpose() {
    let ours = NonceKey::new([1; 32]);
    let nonce = ours.issue(Purpose::KeyProof, NOW, &mut Counter(0), &RustCrypto);
    let check = |key: &NonceKey, text: &str, purpose, seconds| {
        key.check(text, purpose, NOW.plus(seconds), &RustCrypto).err().map(|error| error.code().as_str())
    };
    assert_eq!(check(&ours, &nonce, Purpose::KeyProof, 299), None);
    assert_eq!(check(&ours, &nonce, Purpose::KeyProof, 300), Some("INRO-OAUTH-014"));
    assert_eq!(check(&ours, &nonce, Purpose::KeyProof, -1), Some("INRO-OAUTH-014"));
    assert_eq!(check(&ours, &nonce, Purpose::Dpop, 0), Some("INRO-OAUTH-013"));
    assert_eq!(check(&NonceKey::new([2; 32]), &nonce, Purpose::KeyProof, 0), Some("INRO-OAUTH-013"));
    let mut bytes = inro_base::base64url::decode(&nonce).unwrap();
    for index in 0..bytes.len() {
        bytes[index] ^= 1;
        assert_eq!(
            check(&ours, &inro_base::base64url::encode(&bytes), Purpose::KeyProof, 0),
            Some("INRO-OAUTH-013")
        );
        bytes[index] ^= 1;
    }
    let again = ours.issue(Purpose::KeyProof, NOW, &mut Counter(9), &RustCrypto);
    assert_ne!(nonce, again);
}
