//! Messages that are well-formed but for what was chosen to be wrong. The bytes of these targets are choices; each
//! knows which verdict its choices deserve.

#![expect(clippy::indexing_slicing, reason = "helpers of tests, outside the test functions")]

use inro_base::base64url;
use inro_cose::{Item, Limits, Sign1ToSign, Value as Cbor, encode, write};
use inro_credential::dcql::Query;
use inro_crypto::{Provider as _, RustCrypto, Signer as _, SoftwareKey};
use inro_mdoc::HeldMdoc;
use inro_trust::ClaimPath;
use serde_json::{Map, Value, json};

use super::credentials::{AUDIENCE, NONCE, device_response, presented, transcript};
use super::presentations::answered_fits;
use super::world::{DOC_TYPE, EMPLOYEE, MDOC, NOW, SD_JWT, WORLD, holder, jws, key, map};
use super::{Parser, Takes};

pub(super) const PARSERS: &[Parser] = &[
    Parser {
        name: "sd_jwt_structured",
        drives: &[],
        read: |bytes| {
            let (text, accepted, number) = sd_jwt(&mut Choices(bytes.iter()));
            let found = presented(&text);
            assert_eq!(found.is_some(), accepted, "{text}");
            let claims = found?.get(0).cloned()?;
            assert_eq!(claims.get("employee_number").and_then(Value::as_str), number);
            Some(claims)
        },
        good: || vec![0; 4],
        takes: Takes::Any,
    },
    Parser {
        name: "mdoc_structured",
        drives: &[],
        read: |bytes| {
            let (response, accepted, number) = mdoc(&mut Choices(bytes.iter()));
            let found = device_response(&response);
            assert_eq!(found.is_some(), accepted, "{:?}", bytes.get(..4));
            let claims = Value::from(found?.claims().clone());
            let shown = claims.get(DOC_TYPE).and_then(|elements| elements.get("employee_number"));
            assert_eq!(shown.and_then(Value::as_str), number);
            Some(claims)
        },
        good: || vec![0; 4],
        takes: Takes::Any,
    },
    Parser {
        name: "dcql_structured",
        drives: &[],
        read: |bytes| {
            let (query, expected) = dcql(&mut Choices(bytes.iter()));
            let read = Query::parse(&query);
            assert_eq!(read.is_ok(), expected.is_some(), "{query}");
            let fits = answered_fits(&read.ok()?);
            assert_eq!(Some(fits), expected, "{query}");
            Some(query)
        },
        good: || vec![0; 8],
        takes: Takes::Any,
    },
];

/// Choices, as the fuzzer makes them; the first of each kind when it has no more.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn of(&mut self, count: u8) -> u8 {
        self.0.next().map_or(0, |byte| byte % count)
    }

    /// The first kind as often as all others together, so that not every message is wrong somewhere.
    fn kind(&mut self, count: u8) -> u8 {
        self.0.next().map_or(0, |byte| if *byte < 128 { 0 } else { byte % count })
    }

    fn maybe(&mut self) -> bool {
        self.of(2) == 1
    }

    /// A time this many seconds from now, at most 32,767.
    fn seconds(&mut self) -> i64 {
        i64::from(i16::from_be_bytes([self.of(255), self.of(255)]))
    }
}

/// A presentation, whether it deserves to be taken, and the employee's number that it then shows.
fn sd_jwt(choices: &mut Choices<'_>) -> (String, bool, Option<&'static str>) {
    let mut parts: Vec<&str> = SD_JWT.split('~').collect();
    let jwt: Vec<Value> = parts.remove(0).split('.').take(2).map(decoded).collect();
    let (mut header, mut payload) = (map(&jwt[0]), map(&jwt[1]));
    parts.pop();
    let mut disclosures: Vec<String> = parts.iter().map(|&part| part.to_owned()).collect();
    let numbered = |text: &String| decoded(text).get(1).and_then(Value::as_str) == Some("employee_number");
    let at = disclosures.iter().position(numbered).unwrap();
    let (mut accepted, mut number) = (true, Some("E0001"));
    let mut issuer = WORLD.issuer.key.clone();
    let mut forged = Map::new();

    match choices.kind(9) {
        1 => _ = payload.insert("extra".into(), json!({ "a": [1, null] })),
        2 => {
            issuer = key(99);
            accepted = false;
        }
        3 => {
            let (expired, early) = (choices.seconds(), choices.seconds());
            payload.insert("exp".into(), NOW.plus(expired).as_secs().into());
            payload.insert("nbf".into(), NOW.plus(early).as_secs().into());
            accepted = expired > -60 && early <= 60;
        }
        4 => {
            header.insert("typ".into(), "JWT".into());
            accepted = false;
        }
        5 => {
            payload.insert("vct".into(), "urn:inro:role-authority:1".into());
            accepted = false;
        }
        6 => digests(&mut payload).push(base64url::encode(&[9; 32]).into()),
        7 => {
            let again = digests(&mut payload).first().cloned().unwrap();
            digests(&mut payload).push(again);
            accepted = false;
        }
        8 => {
            forged = map(&json!({ "iss": "https://other.example" }));
            accepted = false;
        }
        _ => {}
    }
    match choices.kind(8) {
        1 => {
            disclosures.remove(at);
            number = None;
        }
        2 => {
            disclosures[at] = disclosure(&json!(["salt", "employee_number", "E9999"]));
            accepted = false;
        }
        3 => {
            let new = disclosure(&json!(["salt", "employee_number", "E9999"]));
            let (old, digest) = (hash(&disclosures[at]), Value::from(hash(&new)));
            // The digest may stand twice, where that was chosen above.
            for place in digests(&mut payload).iter_mut().filter(|place| **place == old) {
                place.clone_from(&digest);
            }
            disclosures[at] = new;
            number = Some("E9999");
        }
        4 => {
            disclosures.push(disclosures[at].clone());
            accepted = false;
        }
        5 => {
            disclosures.push(disclosure(&json!(["salt", "other", 1])));
            accepted = false;
        }
        6 => {
            // A claim of this name is there already.
            let new = disclosure(&json!(["salt", "iss", "https://other.example"]));
            digests(&mut payload).push(hash(&new).into());
            disclosures.push(new);
            accepted = false;
        }
        7 => disclosures.reverse(),
        _ => {}
    }
    let mut text = jws(&issuer, &Value::from(header), &Value::from(payload.clone()));
    if !forged.is_empty() {
        payload.extend(forged);
        let parts: Vec<&str> = text.split('.').collect();
        let payload = base64url::encode(Value::from(payload).to_string().as_bytes());
        text = format!("{}.{payload}.{}", parts[0], parts[2]);
    }
    let shown = [vec![text], disclosures].concat().join("~") + "~";

    let mut binding = map(&json!({
        "aud": AUDIENCE, "nonce": NONCE, "iat": NOW.as_secs(), "sd_hash": hash(&shown),
    }));
    let mut by = holder();
    match choices.kind(6) {
        1 => accepted &= binding.insert("nonce".into(), "another".into()).is_none(),
        2 => accepted &= binding.insert("aud".into(), "another".into()).is_none(),
        3 => accepted &= binding.insert("sd_hash".into(), hash("another").into()).is_none(),
        4 => {
            let age = choices.seconds();
            binding.insert("iat".into(), NOW.plus(-age).as_secs().into());
            accepted &= (-60..=360).contains(&age);
        }
        5 => {
            by = key(98);
            accepted = false;
        }
        _ => {}
    }
    let binding = jws(&by, &json!({ "typ": "kb+jwt" }), &binding.into());
    (shown + &binding, accepted, number)
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&base64url::decode(part).unwrap()).unwrap()
}

fn disclosure(value: &Value) -> String {
    base64url::encode(value.to_string().as_bytes())
}

fn hash(text: &str) -> String {
    base64url::encode(&RustCrypto.sha256(text.as_bytes()))
}

fn digests(payload: &mut Map<String, Value>) -> &mut Vec<Value> {
    payload.get_mut("_sd").and_then(Value::as_array_mut).unwrap()
}

/// A device response, whether it deserves to be taken, and the employee's number that it then shows.
fn mdoc(choices: &mut Choices<'_>) -> (Vec<u8>, bool, Option<&'static str>) {
    let held = HeldMdoc::parse(&MDOC, &RustCrypto).unwrap();
    let path = ClaimPath::parse(&json!([DOC_TYPE, "employee_number"])).unwrap();
    let session = transcript();
    let honest = held.present(&[path]).unwrap().device_signature(&session).sign_with(&holder()).unwrap();
    let mut response = read(&honest);
    let (mut accepted, mut number) = (true, Some("E0001"));
    let mut mso = {
        let payload = at(&mut response, &["documents", "0", "issuerSigned", "issuerAuth", "2"]);
        let Cbor::Tag(24, inner) = read(payload.as_bytes().unwrap()) else { return (honest, true, number) };
        read(inner.as_bytes().unwrap())
    };
    let mut issuer = WORLD.issuer.key.clone();
    let (mut resigned, mut without_digests) = (true, false);

    match choices.kind(9) {
        1 => resigned = false,
        2 => {
            issuer = key(99);
            accepted = false;
        }
        3 => {
            let (until, from) = (choices.seconds(), choices.seconds());
            *at(&mut mso, &["validityInfo", "validUntil"]) = date(until);
            *at(&mut mso, &["validityInfo", "validFrom"]) = date(from);
            accepted = until > -60 && until >= from && (-600..=60).contains(&from);
        }
        4 => {
            *at(&mut mso, &["docType"]) = Cbor::from("inro.role-authority.1");
            accepted = false;
        }
        5 => {
            *at(&mut mso, &["deviceKeyInfo", "deviceKey"]) = inro_cose::write_key(&key(97).public_key());
            accepted = false;
        }
        6 => {
            *at(&mut mso, &["digestAlgorithm"]) = Cbor::from("SHA-512");
            accepted = false;
        }
        7 => {
            *at(&mut mso, &["version"]) = Cbor::from("2.0");
            accepted = false;
        }
        8 => {
            *at(&mut mso, &["valueDigests"]) = Cbor::Map(Vec::new());
            without_digests = true;
        }
        _ => {}
    }
    let mut altered = None;
    {
        let items = at(&mut response, &["documents", "0", "issuerSigned", "nameSpaces", DOC_TYPE]);
        let Cbor::Array(items) = items else { return (honest, true, number) };
        match choices.kind(7) {
            1 => {
                items.clear();
                (number, without_digests) = (None, false);
            }
            choice @ 2..=4 => {
                let Cbor::Tag(24, inner) = &items[0] else { return (honest, true, number) };
                let mut item = read(inner.as_bytes().unwrap());
                match choice {
                    2 | 3 => *at(&mut item, &["elementValue"]) = Cbor::from("E9999"),
                    _ => *at(&mut item, &["random"]) = Cbor::Bytes(vec![7; 15]),
                }
                let id = at(&mut item, &["digestID"]).clone();
                items[0] = write::encoded(encode(&item));
                if choice == 2 {
                    accepted = false;
                } else {
                    altered = Some((id, RustCrypto.sha256(&encode(&items[0]))));
                    // Too little randomness hides no value.
                    accepted &= choice == 3;
                    number = Some("E9999");
                }
            }
            5 => {
                items.push(items[0].clone());
                accepted = false;
            }
            6 => {
                let foreign = write::map([
                    ("digestID", Cbor::from(9_999)),
                    ("random", Cbor::Bytes(vec![7; 32])),
                    ("elementIdentifier", Cbor::from("other")),
                    ("elementValue", Cbor::from(1)),
                ]);
                items.push(write::encoded(encode(&foreign)));
                accepted = false;
            }
            _ => {}
        }
    }
    accepted &= !without_digests;
    if let Some((id, digest)) = altered
        && let Some(Cbor::Map(digests)) = find(&mut mso, &["valueDigests", DOC_TYPE])
    {
        for (_, value) in digests.iter_mut().filter(|(known, _)| *known == id) {
            *value = Cbor::Bytes(digest.to_vec());
        }
    }
    let payload = encode(&write::encoded(encode(&mso)));
    let auth = at(&mut response, &["documents", "0", "issuerSigned", "issuerAuth"]);
    if resigned {
        *auth = sign(payload, &issuer);
    } else {
        // A later signature of the issuer's over another object.
        let honest = at(auth, &["2"]).as_bytes().unwrap().clone();
        *at(auth, &["2"]) = Cbor::Bytes(payload.clone());
        accepted &= payload == honest;
    }
    match choices.kind(6) {
        1 => {
            *at(&mut response, &["version"]) = Cbor::from("2.0");
            accepted = false;
        }
        2 => {
            *at(&mut response, &["status"]) = Cbor::from(10);
            accepted = false;
        }
        3 => {
            *at(&mut response, &["documents", "0", "docType"]) = Cbor::from("inro.other.1");
            accepted = false;
        }
        4 => {
            let signature =
                at(&mut response, &["documents", "0", "deviceSigned", "deviceAuth", "deviceSignature", "3"]);
            let Cbor::Bytes(bytes) = signature else { return (honest, true, number) };
            bytes[usize::from(choices.of(64))] ^= 1;
            accepted = false;
        }
        5 => {
            let own = write::map([(DOC_TYPE, write::map([("employee_number", Cbor::from("E9999"))]))]);
            *at(&mut response, &["documents", "0", "deviceSigned", "nameSpaces"]) =
                write::encoded(encode(&own));
            accepted = false;
        }
        _ => {}
    }
    (encode(&response), accepted, number)
}

fn read(bytes: &[u8]) -> Cbor {
    Item::parse(bytes, Limits::DOCUMENT).unwrap().value().unwrap()
}

fn at<'a>(value: &'a mut Cbor, path: &[&str]) -> &'a mut Cbor {
    find(value, path).unwrap()
}

/// The value at a path of map keys and array indices.
fn find<'a>(value: &'a mut Cbor, path: &[&str]) -> Option<&'a mut Cbor> {
    let Some((first, rest)) = path.split_first() else { return Some(value) };
    let next = match value {
        Cbor::Map(entries) => &mut entries.iter_mut().find(|(key, _)| key.as_text() == Some(first))?.1,
        Cbor::Array(items) => items.get_mut(first.parse::<usize>().ok()?)?,
        _ => return None,
    };
    find(next, rest)
}

fn date(seconds: i64) -> Cbor {
    let days_and_time = time(NOW.plus(seconds).as_secs());
    Cbor::Tag(0, Box::new(Cbor::Text(days_and_time)))
}

/// RFC 3339, for the days around [`NOW`], which is at 01:55:29 UTC on 23 November 2026.
fn time(seconds: i64) -> String {
    let midnight = 1_795_392_000;
    let (days, second) = ((seconds - midnight).div_euclid(86_400), (seconds - midnight).rem_euclid(86_400));
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("2026-11-{:02}T{hour:02}:{minute:02}:{second:02}Z", 23 + days)
}

fn sign(payload: Vec<u8>, by: &SoftwareKey) -> Cbor {
    let unsigned = Sign1ToSign::new(payload, None, std::slice::from_ref(&WORLD.issuer.der));
    let signature = by.sign_es256(unsigned.signing_input()).unwrap();
    let bytes = unsigned.finish(&signature);
    Item::parse(&bytes, Limits::DOCUMENT).and_then(Item::value).unwrap()
}

/// A query, and whether the holder's two credentials answer it; `None` where it must not be read.
fn dcql(choices: &mut Choices<'_>) -> (Value, Option<bool>) {
    let mut read = true;
    let mut answered = Vec::new();
    let mut credentials = Vec::new();
    for index in 0..=choices.of(3) {
        let (query, fault, fits) = credential_query(index, choices);
        read &= !fault;
        answered.push(fits);
        credentials.push(query);
    }
    let id = |index: usize| format!("q{index}");
    let mut query = json!({ "credentials": credentials });
    let mut fits = answered.iter().all(|fits| *fits);
    match choices.of(5) {
        1 => {
            let (first, required) = (usize::from(choices.of(3)) % answered.len(), choices.maybe());
            let last = answered.len() - 1;
            query["credential_sets"] =
                json!([{ "options": [[id(first)], [id(last)]], "required": required }]);
            // An answer without any credential is none, even where the set is optional.
            fits = answered[first] || answered[last];
        }
        2 => {
            query["credential_sets"] = json!([{ "options": [["unknown"]] }]);
            read = false;
        }
        3 => {
            query["credential_sets"] = json!([{ "options": [] }]);
            read = false;
        }
        4 => {
            query["credentials"].as_array_mut().unwrap().push(credentials[0].clone());
            read = false;
        }
        _ => {}
    }
    (query, read.then_some(fits))
}

/// A credential query, whether it has a fault, and whether a credential of the holder's answers it.
fn credential_query(index: u8, choices: &mut Choices<'_>) -> (Value, bool, bool) {
    let mdoc = choices.maybe();
    let known = choices.of(4) != 3;
    let type_id = match (known, mdoc) {
        (true, true) => DOC_TYPE,
        (true, false) => EMPLOYEE,
        (false, _) => "urn:other:1",
    };
    let (format, meta) = if mdoc {
        ("mso_mdoc", json!({ "doctype_value": type_id }))
    } else {
        ("dc+sd-jwt", json!({ "vct_values": [type_id] }))
    };
    let mut query = json!({ "id": format!("q{index}"), "format": format, "meta": meta });
    let (mut fault, mut there, mut fits) = (false, Vec::new(), true);
    let mut seen = Vec::new();
    let count = choices.of(4);
    let mut claims = Vec::new();
    for claim in 0..count {
        let (name, held) =
            [("employee_number", true), ("name_kanji", true), ("unknown", false)][usize::from(choices.of(3))];
        let path = if mdoc { json!([DOC_TYPE, name]) } else { json!([name]) };
        let mut asked = json!({ "id": format!("c{claim}"), "path": path });
        let mut is_there = held;
        match choices.of(4) {
            1 => {
                asked["values"] = json!(["E0001", 7]);
                is_there &= name == "employee_number";
            }
            2 => {
                asked["values"] = json!(["other"]);
                is_there = false;
            }
            _ => {}
        }
        // Of two that point to one claim the first counts, and as alternatives of claim sets both do.
        fits &= is_there || seen.contains(&name);
        seen.push(name);
        there.push(is_there);
        claims.push(asked);
    }
    if count > 0 {
        query["claims"] = claims.into();
        match choices.of(4) {
            1 => {
                let one = usize::from(choices.of(3)) % there.len();
                let last = there.len() - 1;
                query["claim_sets"] = json!([[format!("c{one}")], [format!("c{last}")]]);
                fits = there[one] || there[last];
            }
            2 => {
                query["claim_sets"] = json!([["c9"]]);
                fault = true;
            }
            _ => {}
        }
    } else {
        match choices.of(4) {
            1 => {
                query["claims"] = json!([]);
                fault = true;
            }
            2 => {
                query["claim_sets"] = json!([["c0"]]);
                fault = true;
            }
            _ => {}
        }
    }
    (query, fault, known && fits)
}
