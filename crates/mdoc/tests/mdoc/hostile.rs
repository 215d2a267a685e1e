//! Each test begins with a response that is accepted, alters one thing, and names the code.

use inro_base::Coded as _;
use inro_cose::{encode, write};
use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_mdoc::{
    HeldMdoc, MAX_DOCUMENTS, SessionTranscript, UnverifiedDeviceResponse, UnverifiedIssuerSigned, Value,
};
use inro_trust::{TrustedKey, Usage};

use crate::support::*;

#[track_caller]
fn refuses(change: impl FnOnce(&mut Value), expected: &str) {
    let mut response = response();
    assert_eq!(code(&encode(&response)), "accepted");
    change(&mut response);
    assert_eq!(code(&encode(&response)), expected);
}

fn id_of(item: &mut Value) -> u64 {
    let mut id = 0;
    inside(item, |item| {
        id = u64::try_from(at(item, &["digestID"]).as_integer().unwrap()).unwrap();
    });
    id
}

#[test]
fn an_item_whose_value_was_altered() {
    refuses(
        |response| {
            inside(&mut items(response, MAIN)[0], |item| *at(item, &["elementValue"]) = Value::from(5))
        },
        "INRO-MDOC-009",
    );
}

#[test]
fn an_item_whose_identifier_was_altered() {
    refuses(
        |response| {
            let item = &mut items(response, POWERS)[0];
            inside(item, |item| *at(item, &["elementIdentifier"]) = Value::from("tax.approve"));
        },
        "INRO-MDOC-009",
    );
}

/// The format's own limit: the issuer signs digests and the device signs its own elements, so the list of
/// items is covered by nobody. Whoever asked for an element has to notice that it is missing.
#[test]
fn items_left_out_on_the_way_are_not_noticed_here() {
    let mut fewer = response();
    items(&mut fewer, MAIN).clear();
    let left = verify(&encode(&fewer)).unwrap();
    assert!(!left.claims().contains_key(MAIN), "nothing stands in for what was left out");
    assert!(left.claims().contains_key(POWERS));
}

#[test]
fn an_item_swapped_into_another_name_space() {
    refuses(
        |response| {
            let item = items(response, POWERS)[0].clone();
            items(response, MAIN)[0] = item;
        },
        "INRO-MDOC-009",
    );
}

#[test]
fn an_item_in_a_name_space_that_the_issuer_did_not_sign() {
    refuses(
        |response| {
            let Value::Map(namespaces) = at(document(response), &["issuerSigned", "nameSpaces"]) else {
                panic!()
            };
            namespaces[0].0 = Value::from("org.example.other");
        },
        "INRO-MDOC-008",
    );
}

#[test]
fn an_item_of_a_digest_that_is_missing() {
    refuses(
        |response| {
            inside(&mut items(response, MAIN)[0], |item| *at(item, &["digestID"]) = Value::from(999));
        },
        "INRO-MDOC-008",
    );
}

#[test]
fn an_item_of_another_copy() {
    refuses(
        |response| {
            let other = HeldMdoc::receive(&issue(issuance(), 2), &trusted(), NOW, &RustCrypto).unwrap();
            let mut other = decode(&present(&other, &[(MAIN, "clearance")], &transcript()));
            let mut foreign = items(&mut other, MAIN)[0].clone();
            // The same place as the one that it replaces, so that only its content is foreign.
            let id = id_of(&mut items(response, MAIN)[0].clone());
            inside(&mut foreign, |item| *at(item, &["digestID"]) = Value::from(id));
            items(response, MAIN)[0] = foreign;
        },
        "INRO-MDOC-009",
    );
}

#[test]
fn an_item_that_stands_there_twice() {
    refuses(
        |response| {
            let item = items(response, MAIN)[0].clone();
            items(response, MAIN).push(item);
        },
        "INRO-MDOC-011",
    );
}

#[test]
fn more_documents_and_items_than_the_bounds() {
    let parse = |response: &Value| {
        let parsed = UnverifiedDeviceResponse::parse(&encode(response));
        parsed.err().map(|error| error.code().as_str())
    };
    let documents = |count: usize| {
        let mut response = response();
        let one = document(&mut response).clone();
        *at(&mut response, &["documents"]) = Value::Array(vec![one; count]);
        parse(&response)
    };
    assert_eq!(documents(MAX_DOCUMENTS), None);
    assert_eq!(documents(MAX_DOCUMENTS + 1), Some("INRO-MDOC-002"));

    let with_items = |count: u64| {
        let mut response = response();
        let one = items(&mut response, MAIN)[0].clone();
        let numbered = |number: u64| {
            let mut item = one.clone();
            inside(&mut item, |item| {
                *at(item, &["digestID"]) = Value::from(1_000 + number);
                *at(item, &["elementIdentifier"]) = Value::from(format!("element-{number}"));
            });
            item
        };
        // Beside the one in the other name space.
        *items(&mut response, MAIN) = (1..count).map(numbered).collect();
        parse(&response)
    };
    assert_eq!(with_items(512), None);
    assert_eq!(with_items(513), Some("INRO-MDOC-002"));

    let with_own = |count: usize| {
        let mut response = response();
        let entries = (0..count).map(|number| (Value::from(format!("own-{number}")), Value::from(1)));
        let own = Value::Map(vec![(Value::from(MAIN), Value::Map(entries.collect()))]);
        *at(document(&mut response), &["deviceSigned", "nameSpaces"]) = write::encoded(encode(&own));
        parse(&response)
    };
    assert_eq!(with_own(512), None);
    assert_eq!(with_own(513), Some("INRO-MDOC-002"));
}

#[test]
fn random_bytes_that_are_fewer_than_sixteen() {
    let shorten = |length: usize| {
        let mut response = response();
        let mut item = items(&mut response, MAIN)[0].clone();
        inside(&mut item, |item| *at(item, &["random"]) = Value::Bytes(vec![7; length]));
        let (id, digest) = (id_of(&mut item), digest(&item));
        items(&mut response, MAIN)[0] = item;
        // The issuer itself signs the short one.
        resign(at(document(&mut response), &["issuerSigned"]), |mso| {
            let Value::Map(digests) = at(mso, &["valueDigests", MAIN]) else { panic!() };
            digests.iter_mut().find(|(key, _)| *key == Value::from(id)).unwrap().1 = digest;
        });
        code(&encode(&response))
    };
    assert_eq!(shorten(16), "accepted");
    assert_eq!(shorten(15), "INRO-MDOC-010");
    assert_eq!(shorten(0), "INRO-MDOC-010");
}

#[test]
fn a_digest_algorithm_that_is_not_read() {
    let named = |name: &str| {
        let mut response = response();
        let name = Value::from(name);
        resign(at(document(&mut response), &["issuerSigned"]), |mso| *at(mso, &["digestAlgorithm"]) = name);
        code(&encode(&response))
    };
    assert_eq!(named("SHA-256"), "accepted");
    assert_eq!(named("MD5"), "INRO-MDOC-007");
    assert_eq!(named("sha-256"), "INRO-MDOC-007");
}

#[test]
fn a_document_type_that_was_swapped() {
    refuses(
        |response| *at(document(response), &["docType"]) = Value::from("inro.employee-id.1"),
        "INRO-MDOC-006",
    );
}

#[test]
fn a_document_type_that_the_issuer_may_not_issue() {
    refuses(
        |response| {
            let other = Value::from("inro.employee-id.1");
            *at(document(response), &["docType"]) = other.clone();
            resign(at(document(response), &["issuerSigned"]), |mso| *at(mso, &["docType"]) = other);
        },
        "INRO-TRUST-014",
    );
}

#[test]
fn a_device_signature_over_another_session() {
    let made = |client: &str, nonce: &str, thumbprint: Option<&[u8; 32]>, uri: &str| {
        let session = SessionTranscript::openid4vp(client, nonce, thumbprint, uri, &RustCrypto);
        code(&present(&held(), &[(MAIN, "clearance")], &session))
    };
    let (client, nonce) = ("x509_san_dns:verifier.example", "exc7gBkxjx1rdc9udRrveKvSsJIq80avlXeLHhGwqtA");
    let uri = "https://verifier.example/response";
    assert_eq!(made(client, nonce, None, uri), "accepted");
    assert_eq!(made("x509_san_dns:other.example", nonce, None, uri), "INRO-MDOC-018");
    assert_eq!(made(client, "another-nonce-of-twenty-two", None, uri), "INRO-MDOC-018");
    assert_eq!(made(client, nonce, Some(&[1; 32]), uri), "INRO-MDOC-018");
    assert_eq!(made(client, nonce, None, "https://verifier.example/other"), "INRO-MDOC-018");
}

#[test]
fn a_device_signature_by_another_key() {
    let signed_by = |key: &SoftwareKey| {
        let presentation = held().present(&paths(&[(MAIN, "clearance")])).unwrap();
        code(&presentation.device_signature(&transcript()).sign_with(key).unwrap())
    };
    assert_eq!(signed_by(&device()), "accepted");
    assert_eq!(signed_by(&SoftwareKey::from_secret_bytes(&[66; 32]).unwrap()), "INRO-MDOC-018");
}

#[test]
fn a_device_key_that_was_swapped() {
    refuses(
        |response| {
            let thief = SoftwareKey::from_secret_bytes(&[66; 32]).unwrap();
            let key = inro_cose::write_key(&thief.public_key());
            let issuer_signed = at(document(response), &["issuerSigned"]);
            let auth = at(issuer_signed, &["issuerAuth"]);
            let mut payload = decode(at(auth, &["2"]).as_bytes().unwrap());
            inside(&mut payload, |mso| *at(mso, &["deviceKeyInfo", "deviceKey"]) = key);
            *at(auth, &["2"]) = Value::Bytes(encode(&payload));
        },
        "INRO-COSE-010",
    );
}

#[test]
fn a_device_signature_that_is_missing_and_a_mac_in_its_place() {
    refuses(
        |response| {
            *at(document(response), &["deviceSigned", "deviceAuth"]) = Value::Map(Vec::new());
        },
        "INRO-MDOC-016",
    );
    refuses(
        |response| {
            let Value::Map(auth) = at(document(response), &["deviceSigned", "deviceAuth"]) else { panic!() };
            auth[0].0 = Value::from("deviceMac");
        },
        "INRO-MDOC-017",
    );
    refuses(
        |response| {
            let Value::Map(members) = document(response) else { panic!() };
            members.retain(|(key, _)| key.as_text() != Some("deviceSigned"));
        },
        "INRO-MDOC-016",
    );
}

#[test]
fn a_data_element_that_the_device_may_not_sign() {
    let mut response = response();
    let own = Value::Map(vec![(Value::from(MAIN), write::map([("clearance", Value::from(5))]))]);
    let own = write::encoded(encode(&own));
    let covered = write::encoded(write::array_of_encoded(&[
        &encode(&Value::from("DeviceAuthentication")),
        transcript().as_bytes(),
        &encode(&Value::from(DOC_TYPE)),
        &encode(&own),
    ]));
    let unsigned = || inro_cose::Sign1ToSign::detached(&encode(&covered), None, &[]);
    let signature = device().sign_es256(unsigned().signing_input()).unwrap();
    *at(document(&mut response), &["deviceSigned", "nameSpaces"]) = own;
    *at(document(&mut response), &["deviceSigned", "deviceAuth", "deviceSignature"]) =
        decode(&unsigned().finish(&signature));
    assert_eq!(code(&encode(&response)), "INRO-MDOC-019");
    // The same, with the issuer's leave, is taken; it never stands among the issuer's data elements.
    resign(at(document(&mut response), &["issuerSigned"]), |mso| {
        let Value::Map(info) = at(mso, &["deviceKeyInfo"]) else { panic!() };
        let allowed = write::map([("nameSpaces", Value::Array(vec![Value::from(MAIN)]))]);
        info.push((Value::from("keyAuthorizations"), allowed));
    });
    let verified = verify(&encode(&response)).unwrap();
    assert_eq!(verified.claims()[MAIN]["clearance"], 2);
}

#[test]
fn an_mdoc_that_expired_and_one_that_is_not_valid_yet() {
    let bytes = encode(&response());
    let at = |seconds: i64| {
        verify_at(&bytes, &transcript(), NOW.plus(seconds))
            .map_or_else(|error| error.code().as_str(), |_| "accepted")
    };
    assert_eq!(at(86_400), "accepted");
    assert_eq!(at(86_460), "INRO-MDOC-012");
    assert_eq!(at(-660), "accepted");
    assert_eq!(at(-661), "INRO-MDOC-013");
}

#[test]
fn times_that_contradict_each_other() {
    refuses(
        |response| {
            resign(at(document(response), &["issuerSigned"]), |mso| {
                let from = at(mso, &["validityInfo", "validFrom"]).clone();
                *at(mso, &["validityInfo", "signed"]) = at(mso, &["validityInfo", "validUntil"]).clone();
                *at(mso, &["validityInfo", "validFrom"]) = from;
            });
        },
        "INRO-MDOC-014",
    );
    refuses(
        |response| {
            resign(at(document(response), &["issuerSigned"]), |mso| {
                *at(mso, &["validityInfo", "signed"]) = Value::Tag(0, Box::new(Value::from("yesterday")));
            });
        },
        "INRO-MDOC-015",
    );
}

#[test]
fn versions_that_nobody_knows() {
    refuses(|response| *at(response, &["version"]) = Value::from("2.0"), "INRO-MDOC-001");
    refuses(|response| *at(response, &["version"]) = Value::from("1"), "INRO-MDOC-001");
    let mut later = response();
    *at(&mut later, &["version"]) = Value::from("1.1");
    assert_eq!(code(&encode(&later)), "accepted");
    refuses(
        |response| {
            resign(at(document(response), &["issuerSigned"]), |mso| {
                *at(mso, &["version"]) = Value::from("3.0")
            });
        },
        "INRO-MDOC-001",
    );
}

#[test]
fn a_device_that_tells_of_a_failure() {
    refuses(|response| *at(response, &["status"]) = Value::from(10), "INRO-MDOC-003");
    refuses(
        |response| {
            let error = write::map([(DOC_TYPE, Value::from(0))]);
            let Value::Map(members) = response else { panic!() };
            members.retain(|(key, _)| key.as_text() != Some("documents"));
            members.push((Value::from("documentErrors"), Value::Array(vec![error])));
        },
        "INRO-MDOC-005",
    );
}

#[test]
fn two_documents_and_none() {
    refuses(
        |response| {
            let Value::Array(documents) = at(response, &["documents"]) else { panic!() };
            let again = documents[0].clone();
            documents.push(again);
        },
        "INRO-MDOC-004",
    );
    refuses(|response| *at(response, &["documents"]) = Value::Array(Vec::new()), "INRO-MDOC-004");
    refuses(
        |response| {
            let Value::Array(documents) = at(response, &["documents"]) else { panic!() };
            let again = documents[0].clone();
            documents.resize(9, again);
        },
        "INRO-MDOC-002",
    );
}

#[test]
fn an_issuer_signature_by_another_key_and_for_another_use() {
    let bytes = encode(&response());
    let check = |issuer: &TrustedKey| {
        let document = UnverifiedDeviceResponse::parse(&bytes).unwrap().only_document().unwrap();
        let expected = inro_mdoc::Expected::at(NOW);
        document
            .verify(issuer, &transcript(), &expected, &RustCrypto)
            .map_or_else(|error| error.code().as_str(), |_| "accepted")
    };
    assert_eq!(check(&trusted()), "accepted");
    let other = SoftwareKey::from_secret_bytes(&[77; 32]).unwrap().public_key();
    let types = &["role-authority"];
    assert_eq!(check(&TrustedKey::pinned(other, Usage::CredentialIssuer, types)), "INRO-COSE-010");
    let key = issuer().public_key();
    assert_eq!(check(&TrustedKey::pinned(key, Usage::Verifier, types)), "INRO-TRUST-007");
}

#[test]
fn a_malformed_status() {
    let uri = || ("uri", Value::from("https://issuer.example/status-lists/1"));
    for members in [
        vec![("idx", Value::from(-1)), uri()],
        vec![uri()],
        vec![("idx", Value::from(1))],
        vec![("idx", Value::from(1)), ("uri", Value::from(1))],
    ] {
        refuses(
            |response| {
                resign(at(document(response), &["issuerSigned"]), |mso| {
                    let Value::Map(mso) = mso else { panic!() };
                    let list = write::map([("status_list", write::map(members.clone()))]);
                    mso.push((Value::from("status"), list));
                });
            },
            "INRO-MDOC-020",
        );
    }
}

#[test]
fn cbor_of_indefinite_length_with_repeated_keys_too_deep_huge_or_trailing() {
    let bytes = encode(&response());
    assert_eq!(code(&bytes), "accepted");
    // The outer map, as one of indefinite length.
    let indefinite = [&[0xbf], &bytes[1..], &[0xff]].concat();
    assert_eq!(code(&indefinite), "INRO-COSE-004");
    // One entry more, whose key is there already, in another spelling.
    let repeated = [&[bytes[0] + 1], &bytes[1..], &[0x78, 6], b"status", &[0]].concat();
    assert_eq!(code(&repeated), "INRO-COSE-005");
    assert_eq!(code(&[&bytes[..], &[0]].concat()), "INRO-COSE-002");
    assert_eq!(code(&bytes[..bytes.len() - 1]), "INRO-COSE-002");
    let huge = [&[0xbb][..], &u64::MAX.to_be_bytes()].concat();
    assert_eq!(code(&huge), "INRO-COSE-002");
    refuses(
        |response| {
            let mut deep = Value::Null;
            for _ in 0..40 {
                deep = Value::Array(vec![deep]);
            }
            let Value::Map(members) = response else { panic!() };
            members.push((Value::from("x"), deep));
        },
        "INRO-COSE-003",
    );
    assert_eq!(code(&vec![0; 512 * 1024 + 1]), "INRO-COSE-001");
}

#[test]
fn repeated_keys_and_indefinite_lengths_inside_an_item() {
    // Inside the byte string, where only the second reading sees them.
    let with = |inner: Vec<u8>| {
        let mut response = response();
        items(&mut response, MAIN)[0] = write::encoded(inner);
        code(&encode(&response))
    };
    let item = {
        let mut response = response();
        let Value::Tag(24, bytes) = items(&mut response, MAIN)[0].clone() else { panic!() };
        bytes.as_bytes().unwrap().clone()
    };
    assert_eq!(with(item.clone()), "accepted");
    let repeated = [&[0xa5], &item[1..], &[0x68], b"digestID", &[0]].concat();
    assert_eq!(with(repeated), "INRO-COSE-005");
    let indefinite = [&[0xbf], &item[1..], &[0xff]].concat();
    assert_eq!(with(indefinite), "INRO-COSE-004");
}

#[test]
fn lengths_that_are_longer_than_need_be_are_hashed_as_received() {
    // An issuer that writes the length of an item in four bytes, and hashes what it wrote.
    let mut response = response();
    let Value::Tag(24, bytes) = items(&mut response, MAIN)[0].clone() else { panic!() };
    let inner = bytes.as_bytes().unwrap().clone();
    let id = id_of(&mut items(&mut response, MAIN)[0].clone());
    let length = u32::try_from(inner.len()).unwrap();
    let long = [&[0xd8, 24, 0x5a][..], &length.to_be_bytes(), &inner].concat();
    let digest = Value::Bytes(inro_crypto::Provider::sha256(&RustCrypto, &long).to_vec());
    resign(at(document(&mut response), &["issuerSigned"]), |mso| {
        let Value::Map(digests) = at(mso, &["valueDigests", MAIN]) else { panic!() };
        digests.iter_mut().find(|(key, _)| *key == Value::from(id)).unwrap().1 = digest;
    });
    let bytes = encode(&response);
    let short = encode(&items(&mut response, MAIN)[0].clone());
    let start = bytes.windows(short.len()).position(|window| window == short).unwrap();
    assert_eq!(code(&bytes), "INRO-MDOC-009", "the short form has another digest");
    let long = [&bytes[..start], &long, &bytes[start + short.len()..]].concat();
    assert_eq!(code(&long), "accepted");
}

#[test]
fn what_an_issuer_sends_is_checked_like_a_presentation() {
    let bytes = issue(issuance(), 1);
    let receive = |bytes: &[u8]| {
        HeldMdoc::receive(bytes, &trusted(), NOW, &RustCrypto)
            .map_or_else(|error| error.code().as_str(), |_| "accepted")
    };
    assert_eq!(receive(&bytes), "accepted");
    let mut altered = decode(&bytes);
    let Value::Array(list) = at(&mut altered, &["nameSpaces", MAIN]) else { panic!() };
    inside(&mut list[0], |item| *at(item, &["elementValue"]) = Value::from("M9999"));
    assert_eq!(receive(&encode(&altered)), "INRO-MDOC-009");
    assert!(UnverifiedIssuerSigned::parse(&encode(&Value::Null)).is_err());
}
