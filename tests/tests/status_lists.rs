//! Status lists from strangers. Each honest list is accepted first; then one thing about it is wrong.
//!
//! Source: Token Status List §4, §5, §8.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside the test functions")]

use inro_base::http::HttpResponse;
use inro_base::{Coded, UnixTime, base64url};
use inro_cose::{Sign1ToSign, Value as Cbor, write};
use inro_crypto::{RustCrypto, SoftwareKey};
use inro_jose::JwsToSign;
use inro_status::{Bits, ListForms, MAX_ARRAY_BYTES, Status, StatusArray, StatusListToken};
use inro_trust::{Anchors, Usage};
use inro_verifier_sdk::{KnownList, NeededList, StatusCache};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rcgen::{DistinguishedName, date_time_ymd};
use serde_json::{Map, Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_795_396_529);
const URI: &str = "https://issuer.example/status-lists/1";
const JWT: &str = "application/statuslist+jwt";
/// What makes a list a wrong one.
type Change = fn(&mut StatusListToken);

const CWT: &str = "application/statuslist+cwt";

/// An authority and a signer under it.
struct House {
    ca_pem: String,
    key: SoftwareKey,
    chain: Vec<Vec<u8>>,
}

impl House {
    fn new(authority: &str, usage: Usage) -> Self {
        let params = |name: &str| {
            let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
            params.distinguished_name = DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, name);
            (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
            params
        };
        let mut ca = params(authority);
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_pair = KeyPair::generate().unwrap();
        let ca_pem = ca.self_signed(&ca_pair).unwrap().pem();
        let mut leaf = params("Signer");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(usage.oid().to_vec())];
        let pair = KeyPair::generate().unwrap();
        let certificate = leaf.signed_by(&pair, &Issuer::from_params(&ca, &ca_pair)).unwrap();
        let key = SoftwareKey::from_pkcs8_pem(&pair.serialize_pem()).unwrap();
        Self { ca_pem, key, chain: vec![certificate.der().to_vec()] }
    }

    fn jwt(&self, token: &StatusListToken) -> HttpResponse {
        answer(JWT, token.jwt_to_sign(&self.chain).sign_with(&self.key).unwrap().into_bytes())
    }

    fn cwt(&self, token: &StatusListToken) -> HttpResponse {
        answer(CWT, token.cwt_to_sign(&self.chain).sign_with(&self.key).unwrap())
    }

    /// A JWT whose payload was changed before it was signed.
    fn altered(&self, change: impl FnOnce(&mut Map<String, Value>)) -> HttpResponse {
        let unsigned = token().jwt_to_sign(&self.chain);
        let text = std::str::from_utf8(unsigned.signing_input()).unwrap();
        let (header, payload) = text.split_once('.').unwrap();
        let read = |part: &str| -> Map<String, Value> {
            serde_json::from_slice(&base64url::decode(part).unwrap()).unwrap()
        };
        let mut payload = read(payload);
        change(&mut payload);
        answer(JWT, JwsToSign::new(read(header), &payload).sign_with(&self.key).unwrap().into_bytes())
    }
}

/// The claims of a CWT by their labels.
type Claims = Vec<(Cbor, Cbor)>;

impl House {
    /// A CWT whose claims were changed before it was signed.
    fn altered_cwt(&self, change: impl FnOnce(&mut Claims)) -> HttpResponse {
        let (_, sign1) = decoded(&self.cwt(&token()).body).into_tag().unwrap();
        let payload = sign1.into_array().unwrap().remove(2).into_bytes().unwrap();
        let mut claims = decoded(&payload).into_map().unwrap();
        change(&mut claims);
        let payload = write::encode(&Cbor::Map(claims));
        let unsigned = Sign1ToSign::new(payload, Some("application/statuslist+cwt"), &self.chain);
        answer(CWT, unsigned.sign_with(&self.key).unwrap())
    }
}

fn decoded(bytes: &[u8]) -> Cbor {
    ciborium::from_reader(bytes).unwrap()
}

fn set(claims: &mut Claims, label: i64, value: Option<Cbor>) {
    claims.retain(|(key, _)| *key != Cbor::from(label));
    claims.extend(value.map(|value| (Cbor::from(label), value)));
}

fn answer(media_type: &str, body: Vec<u8>) -> HttpResponse {
    HttpResponse { status: 200, headers: vec![("content-type".into(), media_type.into())], body }
}

fn token() -> StatusListToken {
    let mut list = StatusArray::valid(Bits::Two, 16).unwrap();
    list.set(3, Status::Invalid).unwrap();
    list.set(4, Status::Suspended).unwrap();
    StatusListToken { uri: URI.into(), issued_at: NOW, expires_at: NOW.plus(3_600), ttl: 30, list }
}

/// A verifier that trusts the authorities of some houses.
struct Verifier {
    cache: StatusCache,
    anchors: Anchors,
}

impl Verifier {
    fn trusting(houses: &[&House]) -> Self {
        let mut anchors = Anchors::new();
        for house in houses {
            anchors.add_pem(&house.ca_pem, &[Usage::CredentialIssuer]).unwrap();
        }
        Self { cache: StatusCache::new(), anchors }
    }

    fn receive_for(&self, needed: &NeededList, response: &HttpResponse) -> Result<KnownList, &'static str> {
        self.cache
            .received(needed, response, &self.anchors, NOW, &RustCrypto)
            .map_err(|error| error.code().as_str())
    }

    fn receive_at(&self, response: &HttpResponse, now: UnixTime) -> Result<KnownList, &'static str> {
        self.cache
            .received(&needed(), response, &self.anchors, now, &RustCrypto)
            .map_err(|error| error.code().as_str())
    }

    fn receive(&self, response: &HttpResponse) -> Result<KnownList, &'static str> {
        self.receive_at(response, NOW)
    }

    fn refusal(&self, response: &HttpResponse) -> Option<&'static str> {
        self.receive(response).err()
    }
}

fn needed() -> NeededList {
    NeededList { uri: URI.into(), authority: "Authority".into(), forms: ListForms::JwtOrCwt }
}

fn jwt_alone() -> NeededList {
    NeededList { forms: ListForms::JwtAlone, ..needed() }
}

fn house() -> House {
    House::new("Authority", Usage::CredentialIssuer)
}

#[test]
fn both_forms_say_the_same() {
    let house = house();
    for response in [house.jwt(&token()), house.cwt(&token())] {
        let list = Verifier::trusting(&[&house]).receive(&response).unwrap().list.unwrap();
        let statuses: Vec<_> = (2..5).map(|index| list.status(index).unwrap()).collect();
        assert_eq!(statuses, [Status::Valid, Status::Invalid, Status::Suspended]);
        assert_eq!(list.status(16).unwrap_err().code().as_str(), "INRO-STATUS-012");
        assert_eq!(list.status(u64::MAX).unwrap_err().code().as_str(), "INRO-STATUS-012");
    }
}

#[test]
fn refuses_a_list_of_another_address_or_time_in_both_forms() {
    let house = house();
    let wrong: [(&str, Change); 4] = [
        ("INRO-STATUS-004", |token| token.uri = format!("{URI}1")),
        ("INRO-STATUS-004", |token| token.uri = URI.to_uppercase()),
        ("INRO-STATUS-007", |token| token.issued_at = NOW.plus(61)),
        ("INRO-STATUS-008", |token| token.expires_at = NOW),
    ];
    let verifier = Verifier::trusting(&[&house]);
    for (code, change) in wrong {
        let mut changed = token();
        change(&mut changed);
        assert_eq!(verifier.refusal(&house.jwt(&changed)), Some(code));
        assert_eq!(verifier.refusal(&house.cwt(&changed)), Some(code));
    }
    assert!(verifier.receive(&house.jwt(&token())).is_ok());
}

#[test]
fn refuses_a_signer_that_does_not_speak_for_the_credentials_authority() {
    let (ours, other) = (house(), House::new("Other authority", Usage::CredentialIssuer));
    let verifier = Verifier::trusting(&[&ours, &other]);
    assert!(verifier.receive(&ours.jwt(&token())).is_ok());
    assert_eq!(verifier.refusal(&other.jwt(&token())), Some("INRO-STATUS-005"));
    assert_eq!(verifier.refusal(&other.cwt(&token())), Some("INRO-STATUS-005"));
    // A verifier's certificate signs no lists, whoever gave it; nor does one that nobody vouches for.
    let relying = House::new("Authority", Usage::Verifier);
    let unknown = house();
    for stranger in [&relying, &unknown] {
        let alone = Verifier::trusting(&[&ours]);
        assert!(alone.refusal(&stranger.jwt(&token())).unwrap().starts_with("INRO-TRUST-"));
    }
}

#[test]
fn refuses_a_signature_of_another_key_and_one_that_was_altered() {
    let (ours, other) = (house(), house());
    let verifier = Verifier::trusting(&[&ours]);
    let swapped = House { ca_pem: ours.ca_pem.clone(), key: other.key, chain: ours.chain.clone() };
    assert!(verifier.receive(&ours.jwt(&token())).is_ok());
    assert_eq!(verifier.refusal(&swapped.jwt(&token())), Some("INRO-JOSE-005"));
    assert_eq!(verifier.refusal(&swapped.cwt(&token())), Some("INRO-COSE-010"));
    let mut altered = ours.cwt(&token());
    *altered.body.last_mut().unwrap() ^= 1;
    assert_eq!(verifier.refusal(&altered), Some("INRO-COSE-010"));
}

#[test]
fn every_cut_of_a_list_is_refused() {
    let house = house();
    let verifier = Verifier::trusting(&[&house]);
    for whole in [house.jwt(&token()), house.cwt(&token())] {
        assert!(verifier.receive(&whole).is_ok());
        for length in 0..whole.body.len() {
            let mut cut = whole.clone();
            cut.body.truncate(length);
            assert!(verifier.receive(&cut).is_err(), "{length} bytes");
        }
    }
}

#[test]
fn refuses_content_that_is_no_list() {
    let house = house();
    let verifier = Verifier::trusting(&[&house]);
    let refusal = |change: &dyn Fn(&mut Map<String, Value>)| verifier.refusal(&house.altered(change));
    assert_eq!(refusal(&|_| ()), None);
    for claim in ["sub", "iat", "status_list"] {
        let without = refusal(&|payload| drop(payload.remove(claim)));
        assert_eq!(without, Some("INRO-STATUS-001"), "without {claim}");
    }
    for (ttl, code) in [(json!(0), "INRO-STATUS-001"), (json!("30"), "INRO-STATUS-001")] {
        assert_eq!(refusal(&|payload| drop(payload.insert("ttl".into(), ttl.clone()))), Some(code));
    }
    let lists = [
        (json!({ "bits": 3, "lst": "eNoDAAAAAAE" }), "INRO-STATUS-009"),
        (json!({ "bits": 0, "lst": "eNoDAAAAAAE" }), "INRO-STATUS-009"),
        (json!({ "bits": 2, "lst": "no base64!" }), "INRO-STATUS-001"),
        (json!({ "bits": 2, "lst": base64url::encode(b"not zlib") }), "INRO-STATUS-010"),
        (json!({ "bits": 2 }), "INRO-STATUS-001"),
        (json!("list"), "INRO-STATUS-001"),
    ];
    for (list, code) in lists {
        let found = refusal(&|payload| drop(payload.insert("status_list".into(), list.clone())));
        assert_eq!(found, Some(code), "{list}");
    }
}

#[test]
fn a_list_that_grows_without_end_stops_at_the_bound() {
    let house = house();
    let opening_to = |bytes: usize| {
        let compressed = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; bytes], 9);
        house.altered(|payload| {
            let list = json!({ "bits": 1, "lst": base64url::encode(&compressed) });
            payload.insert("status_list".into(), list);
        })
    };
    let verdict = |list: &HttpResponse| Verifier::trusting(&[&house]).refusal(list);
    assert_eq!(verdict(&opening_to(inro_status::MAX_ARRAY_BYTES)), None);
    let bomb = opening_to(inro_status::MAX_ARRAY_BYTES + 1);
    assert!(bomb.body.len() < 200_000);
    assert_eq!(verdict(&bomb), Some("INRO-STATUS-011"));
}

#[test]
fn refuses_what_a_server_says_instead_of_a_list() {
    let house = house();
    let verifier = Verifier::trusting(&[&house]);
    let list = house.jwt(&token());
    assert!(verifier.receive(&list).is_ok());
    for status in [201, 203, 299] {
        assert!(verifier.receive(&HttpResponse { status, ..list.clone() }).is_ok(), "{status}");
    }
    for status in [199, 301, 302, 307, 404, 500] {
        let other = HttpResponse { status, ..list.clone() };
        assert_eq!(verifier.refusal(&other), Some("INRO-STATUS-003"), "{status}");
    }
    for media_type in ["application/json", "text/html", "application/jwt"] {
        assert_eq!(verifier.refusal(&answer(media_type, list.body.clone())), Some("INRO-STATUS-002"));
    }
    assert_eq!(
        verifier.refusal(&HttpResponse { headers: Vec::new(), ..list.clone() }),
        Some("INRO-STATUS-002")
    );
    // Each form under the other's name.
    assert!(verifier.receive(&answer(CWT, list.body)).is_err());
    assert!(verifier.receive(&answer(JWT, house.cwt(&token()).body)).is_err());
}

#[test]
fn an_older_list_does_not_replace_a_newer_one() {
    let house = house();
    let verifier = Verifier::trusting(&[&house]);
    let at = |seconds| StatusListToken { issued_at: NOW.plus(seconds), ..token() };
    assert!(verifier.receive(&house.jwt(&at(0))).is_ok());
    assert!(verifier.receive(&house.cwt(&at(10))).is_ok());
    assert_eq!(verifier.refusal(&house.jwt(&at(9))), Some("INRO-STATUS-006"));
    assert!(verifier.receive(&house.jwt(&at(10))).is_ok(), "the same again is no older");
    let known = verifier.cache.known(&needed(), None, NOW);
    assert_eq!(known.list.unwrap().issued_at(), NOW.plus(10), "what was refused left no trace");
}

#[test]
fn a_kept_list_is_used_until_its_issuer_wants_it_renewed() {
    let house = house();
    let verifier = Verifier::trusting(&[&house]);
    let fresh = |max_age, seconds| verifier.cache.known(&needed(), max_age, NOW.plus(seconds)).fresh.is_ok();
    assert!(!fresh(None, 0), "nothing is known yet");
    assert!(verifier.receive(&house.jwt(&token())).is_ok());
    assert!(fresh(None, 0) && fresh(None, 29) && !fresh(None, 30));
    assert!(fresh(Some(10), 9) && !fresh(Some(10), 10), "the policy wants it newer than its issuer");
    assert!(!fresh(None, -1), "the clock was set back");
    let other = NeededList { authority: "Other authority".into(), ..needed() };
    assert!(verifier.cache.known(&other, None, NOW).list.is_none(), "kept for its authority alone");
}

#[test]
fn without_the_issuer_a_list_is_good_until_its_own_end() {
    let house = house();
    let verifier = Verifier::trusting(&[&house]);
    assert!(verifier.receive(&house.jwt(&token())).is_ok());
    let good = |max_age, seconds| {
        let error = inro_status::StatusError::Unreachable;
        verifier.cache.without_fetching(&needed(), max_age, NOW.plus(seconds), error).fresh.is_ok()
    };
    assert!(good(None, 0) && good(None, 3_599) && !good(None, 3_600));
    assert!(good(Some(60), 120) && !good(Some(60), 121), "clocks are forgiven a minute");
}

/// The examples of the text: what each place of the two arrays says.
///
/// Source: Token Status List §4.1.
#[test]
fn reads_the_arrays_of_the_text() {
    let house = house();
    let read = |bits: u8, lst: &str, places: u64| -> Vec<Status> {
        let response = house.altered(|payload| {
            payload.insert("status_list".into(), json!({ "bits": bits, "lst": lst }));
        });
        let list = Verifier::trusting(&[&house]).receive(&response).unwrap().list.unwrap();
        (0..places).map(|index| list.status(index).unwrap()).collect()
    };
    let one: Vec<Status> = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]
        .map(|bit| if bit == 0 { Status::Valid } else { Status::Invalid })
        .to_vec();
    assert_eq!(read(1, "eNrbuRgAAhcBXQ", 16), one);
}

#[test]
fn a_list_before_its_time_is_refused() {
    let house = house();
    let verifier = Verifier::trusting(&[&house]);
    let from =
        |at: UnixTime| house.altered(|payload| drop(payload.insert("nbf".into(), at.as_secs().into())));
    assert_eq!(verifier.refusal(&from(NOW)), None);
    assert_eq!(verifier.refusal(&from(NOW.plus(3_000))), Some("INRO-STATUS-007"));
    assert_eq!(verifier.receive_at(&from(NOW.plus(3_000)), NOW.plus(3_000)).err(), None);
    let text = house.altered(|payload| drop(payload.insert("nbf".into(), "soon".into())));
    assert_eq!(verifier.refusal(&text), Some("INRO-STATUS-001"));
}

#[test]
fn a_time_to_live_is_a_positive_number_that_may_have_a_fraction() {
    let house = house();
    let with = |ttl: Value| house.altered(|payload| drop(payload.insert("ttl".into(), ttl)));
    for good in [json!(30), json!(30.5), json!(0.25)] {
        assert_eq!(Verifier::trusting(&[&house]).refusal(&with(good.clone())), None, "{good}");
    }
    for bad in [json!(0), json!(-1), json!(-0.5), json!("30"), Value::Null] {
        let refusal = Verifier::trusting(&[&house]).refusal(&with(bad.clone()));
        assert_eq!(refusal, Some("INRO-STATUS-001"), "{bad}");
    }
}

#[test]
fn asks_for_a_jwt_first_and_for_nothing_else_where_no_other_form_is_taken() {
    let accept = |needed: NeededList| {
        let mut headers = needed.request().headers.into_iter();
        headers.find(|(name, _)| *name == "accept").map(|(_, value)| value).unwrap()
    };
    assert_eq!(accept(needed()), "application/statuslist+jwt, application/statuslist+cwt;q=0.9");
    assert_eq!(accept(jwt_alone()), "application/statuslist+jwt");
}

/// An issuer may sign the two forms at different times, so neither is a replay of the other.
#[test]
fn a_list_that_is_taken_as_a_jwt_alone_is_another_than_the_one_in_either_form() {
    let house = house();
    let verifier = Verifier::trusting(&[&house]);
    let at = |seconds| StatusListToken { issued_at: NOW.plus(seconds), ..token() };
    assert!(verifier.receive_for(&jwt_alone(), &house.jwt(&at(10))).is_ok());
    assert!(verifier.cache.known(&needed(), None, NOW).list.is_none());
    assert_eq!(verifier.receive_for(&jwt_alone(), &house.cwt(&at(20))).err(), Some("INRO-STATUS-002"));
    assert!(verifier.receive_for(&needed(), &house.cwt(&at(5))).is_ok());
    // Each of the two is held to its own newest.
    assert_eq!(verifier.receive_for(&jwt_alone(), &house.jwt(&at(9))).err(), Some("INRO-STATUS-006"));
    assert_eq!(verifier.receive_for(&needed(), &house.jwt(&at(4))).err(), Some("INRO-STATUS-006"));
    assert!(verifier.receive_for(&needed(), &house.jwt(&at(6))).is_ok());
    let issued_at = |needed| verifier.cache.known(&needed, None, NOW).list.unwrap().issued_at();
    assert_eq!((issued_at(jwt_alone()), issued_at(needed())), (NOW.plus(10), NOW.plus(6)));
}

#[test]
fn the_lists_that_are_kept_are_bounded_in_number_in_whatever_form_they_came() {
    let house = house();
    let verifier = Verifier::trusting(&[&house]);
    for number in 0..129 {
        let uri = format!("https://issuer.example/status-lists/{number}");
        let response = house.jwt(&StatusListToken { uri: uri.clone(), ..token() });
        for forms in [ListForms::JwtAlone, ListForms::JwtOrCwt] {
            let needed = NeededList { uri: uri.clone(), forms, ..needed() };
            assert!(verifier.receive_for(&needed, &response).is_ok());
        }
        let kept = (2 * (number + 1)).min(256);
        assert_eq!(format!("{:?}", verifier.cache), format!("StatusCache({kept} lists)"));
    }
}

#[test]
fn the_lists_that_are_kept_are_bounded_in_size() {
    let house = house();
    let verifier = Verifier::trusting(&[&house]);
    // Of four mebibytes, where 128 are kept.
    let places = u64::try_from(MAX_ARRAY_BYTES).unwrap() * 8;
    let large = StatusArray::valid(Bits::One, places).unwrap().compress();
    let large = json!({ "bits": 1, "lst": base64url::encode(&large) });
    for number in 0..17 {
        let uri = format!("https://issuer.example/status-lists/{number}");
        let response = house.altered(|payload| {
            payload.insert("sub".into(), uri.clone().into());
            payload.insert("status_list".into(), large.clone());
        });
        for (forms, further) in [(ListForms::JwtAlone, 1), (ListForms::JwtOrCwt, 2)] {
            let needed = NeededList { uri: uri.clone(), forms, ..needed() };
            assert!(verifier.receive_for(&needed, &response).is_ok());
            let kept = (2 * number + further).min(32);
            assert_eq!(format!("{:?}", verifier.cache), format!("StatusCache({kept} lists)"));
        }
    }
}

#[test]
fn a_list_is_kept_as_it_says_itself_whatever_the_caching_headers_say() {
    let house = house();
    for header in ["no-store", "max-age=86400"] {
        let verifier = Verifier::trusting(&[&house]);
        let mut response = house.jwt(&token());
        response.headers.push(("cache-control".into(), header.into()));
        assert_eq!(verifier.refusal(&response), None);
        assert!(verifier.cache.known(&needed(), None, NOW.plus(29)).fresh.is_ok(), "{header}");
        assert!(verifier.cache.known(&needed(), None, NOW.plus(30)).fresh.is_err(), "{header}");
    }
}

#[test]
fn a_cwt_needs_its_claims_in_their_types() {
    let house = house();
    let refusal = |label: i64, value: Option<Cbor>| {
        Verifier::trusting(&[&house]).refusal(&house.altered_cwt(|claims| set(claims, label, value)))
    };
    assert_eq!(Verifier::trusting(&[&house]).refusal(&house.altered_cwt(|_| ())), None);
    for label in [2, 6, 65_533] {
        for value in [None, Some(Cbor::from(-1)), Some(Cbor::Null)] {
            assert_eq!(refusal(label, value.clone()), Some("INRO-STATUS-001"), "{label} {value:?}");
        }
    }
    // Time to live, expiry and "not before" may be left out.
    assert_eq!(refusal(65_534, Some(Cbor::from(1))), None);
    for value in [Cbor::from(0), Cbor::from(-5), Cbor::from("30"), Cbor::Null] {
        assert_eq!(refusal(65_534, Some(value.clone())), Some("INRO-STATUS-001"), "{value:?}");
    }
    assert_eq!([refusal(65_534, None), refusal(4, None)], [None, None]);
    assert_eq!(refusal(5, Some(Cbor::from(NOW.as_secs()))), None);
    assert_eq!(refusal(5, Some(Cbor::from(NOW.plus(3_000).as_secs()))), Some("INRO-STATUS-007"));
}

#[test]
fn the_list_in_a_cwt_has_bits_and_bytes() {
    let house = house();
    let refusal = |member: &str, value: Option<Cbor>| {
        let response = house.altered_cwt(|claims| {
            let (_, list) = claims.iter_mut().find(|(key, _)| *key == Cbor::from(65_533)).unwrap();
            let Cbor::Map(members) = list else { panic!("a list") };
            members.retain(|(key, _)| *key != Cbor::from(member));
            members.extend(value.map(|value| (Cbor::from(member), value)));
        });
        Verifier::trusting(&[&house]).refusal(&response)
    };
    assert_eq!(refusal("unknown", Some(Cbor::from(1))), None);
    for member in ["bits", "lst"] {
        for value in [None, Some(Cbor::from("x")), Some(Cbor::Null)] {
            assert_eq!(refusal(member, value.clone()), Some("INRO-STATUS-001"), "{member} {value:?}");
        }
    }
    assert_eq!(refusal("bits", Some(Cbor::from(3))), Some("INRO-STATUS-009"));
}

#[test]
fn a_cwt_has_the_tag_of_a_signature_and_no_other_around_it() {
    let house = house();
    let good = house.cwt(&token());
    assert_eq!(Verifier::trusting(&[&house]).refusal(&good), None);
    let Cbor::Tag(18, sign1) = decoded(&good.body) else { panic!("COSE_Sign1") };
    for altered in [(*sign1).clone(), Cbor::Tag(61, Box::new(decoded(&good.body))), Cbor::Tag(17, sign1)] {
        let refusal = Verifier::trusting(&[&house]).refusal(&answer(CWT, write::encode(&altered)));
        assert!(refusal.is_some_and(|code| code.starts_with("INRO-COSE-")), "{refusal:?}");
    }
}
