//! For any name spaces and data elements.

use inro_crypto::RustCrypto;
use inro_mdoc::{HeldMdoc, UnverifiedDeviceResponse, Value, element_from_json};
use proptest::prelude::*;
use serde_json::{Map, Value as Json};

use crate::support::*;

fn element() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        "\\PC{0,12}".prop_map(Json::from),
        Just(Json::Null),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::btree_map("[a-z]{1,6}", inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

fn namespaces() -> impl Strategy<Value = Vec<(String, Vec<(String, Json)>)>> {
    let elements = proptest::collection::btree_map("\\PC{1,10}", element(), 1..6);
    proptest::collection::btree_map("[a-z.]{1,12}", elements, 1..4)
        .prop_map(|all| all.into_iter().map(|(ns, elements)| (ns, elements.into_iter().collect())).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_was_issued_is_what_is_disclosed(namespaces in namespaces(), seed in any::<u64>(), pick in any::<u32>()) {
        let cbor: Vec<(String, Vec<(String, Value)>)> = namespaces
            .iter()
            .map(|(ns, list)| {
                (ns.clone(), list.iter().map(|(id, v)| (id.clone(), element_from_json(v).unwrap())).collect())
            })
            .collect();
        let bytes = issue(inro_mdoc::MdocIssuance { namespaces: cbor, ..issuance() }, seed);
        let held = HeldMdoc::receive(&bytes, &trusted(), NOW, &RustCrypto).unwrap();
        let all: Vec<(&str, &str, &Json)> = namespaces
            .iter()
            .flat_map(|(ns, list)| list.iter().map(move |(id, value)| (ns.as_str(), id.as_str(), value)))
            .collect();
        let chosen: Vec<_> =
            all.iter().enumerate().filter(|(at, _)| pick >> (at % 32) & 1 == 1).map(|(_, found)| *found).collect();
        let named: Vec<(&str, &str)> = chosen.iter().map(|(ns, id, _)| (*ns, *id)).collect();
        let verified = verify(&present(&held, &named, &transcript())).unwrap();
        let mut expected = Map::new();
        for (ns, id, value) in chosen {
            let members = expected.entry(ns).or_insert_with(|| Json::Object(Map::new()));
            members.as_object_mut().unwrap().insert(id.to_owned(), value.clone());
        }
        prop_assert_eq!(Json::from(verified.claims().clone()), Json::from(expected));
    }

    // Neither signature covers which items travel, so a message can be made to say less (see
    // `hostile::items_left_out_on_the_way_are_not_noticed_here`); it never says anything else.
    #[test]
    fn no_altered_byte_changes_what_is_said(at in any::<proptest::sample::Index>(), flip in 1_u8..=255) {
        let mut bytes = present(&held(), &[(MAIN, "clearance")], &transcript());
        let honest = verify(&bytes).unwrap().claims().clone();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(verified) = verify(&bytes) {
            let left_out = verified.claims().is_empty();
            prop_assert!(left_out || *verified.claims() == honest);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = UnverifiedDeviceResponse::parse(&bytes);
        let _ = HeldMdoc::parse(&bytes, &RustCrypto);
    }
}
