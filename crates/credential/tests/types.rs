//! Credential types: what the loader takes and refuses, and what a type then accepts.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside the test functions")]

use inro_base::{Coded, UnixTime};
use inro_credential::types::{CredentialError, CredentialType, RoleTable, Text, TypeCatalog, TypeError};
use inro_credential::{ClaimPath, types::Disclosure};
use serde_json::{Map, Value, json};

const EMPLOYEE_ID: &str = include_str!("../types/employee-id.toml");
const ROLES: &str = include_str!("../types/roles.toml");

/// The unaltered file loads; with `from` replaced by `to` it is refused with `code`, at a line that
/// exists.
#[track_caller]
fn refuses(from: &str, to: &str, code: &str) -> CredentialError {
    CredentialType::parse(EMPLOYEE_ID).unwrap();
    let altered = EMPLOYEE_ID.replacen(from, to, 1);
    assert_ne!(altered, EMPLOYEE_ID, "{from}");
    let error = CredentialType::parse(&altered).unwrap_err();
    assert_eq!(error.code().as_str(), code, "{error}");
    error
}

fn line(error: &CredentialError) -> usize {
    match error {
        CredentialError::Type(
            TypeError::Malformed { line }
            | TypeError::CitizenName { line }
            | TypeError::MyNumber { line }
            | TypeError::Broken { line, .. },
        ) => *line,
        other => panic!("no line: {other}"),
    }
}

fn employee() -> Map<String, Value> {
    let value = json!({
        "employee_number": "E0001", "name_kanji": "佐藤 花子", "name_kana": "サトウ ハナコ", "name_latin": "SATO Hanako",
        "agency": {"code": "M0001", "name": "みなと市"}, "department": {"code": "D110", "name": "福祉課"},
        "post": "課長", "employment": "permanent", "grade": 6
    });
    value.as_object().cloned().unwrap()
}

/// The unaltered claims are valid; with the value at `pointer` set they are refused with `code`.
#[track_caller]
fn refuses_claims(pointer: &str, value: Option<Value>, path: Value, code: &str) {
    let kind = CredentialType::parse(EMPLOYEE_ID).unwrap();
    kind.validate(&employee()).unwrap();
    let mut altered = json!(employee());
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = altered.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
    match value {
        Some(value) => parent.insert(name.to_owned(), value),
        None => parent.remove(name),
    };
    let CredentialError::Claim(error) = kind.validate(altered.as_object().unwrap()).unwrap_err() else {
        panic!()
    };
    assert_eq!((error.code().as_str(), error.path.to_value()), (code, path));
}

#[test]
fn the_built_in_types_and_roles_load() {
    let catalog = TypeCatalog::built_in();
    let ids: Vec<_> = catalog.iter().map(|kind| (kind.id(), kind.vct())).collect();
    assert_eq!(
        ids,
        [("employee-id", "urn:inro:employee-id:1"), ("role-authority", "urn:inro:role-authority:1")]
    );
    let approver = RoleTable::built_in().role("welfare-approver").cloned().unwrap();
    assert!(approver.powers.iter().any(|power| power == "welfare.approve"));
}

#[test]
fn each_power_and_each_role_is_disclosable_on_its_own() {
    let catalog = TypeCatalog::built_in();
    let paths = catalog.by_id("role-authority").unwrap().disclosable_paths();
    let paths: Vec<_> = paths.iter().map(ClaimPath::to_value).collect();
    let expected = [
        json!(["powers", null]),
        json!(["scope", "agency"]),
        json!(["scope", "unit"]),
        json!(["scope", "business_area"]),
        json!(["roles", null]),
        json!(["clearance"]),
        json!(["contract"]),
    ];
    assert_eq!(paths, expected);
}

#[test]
fn metadata_tells_each_claim_with_both_languages() {
    let kind = CredentialType::parse(EMPLOYEE_ID).unwrap();
    let metadata = kind.metadata();
    assert_eq!(metadata["vct"], "urn:inro:employee-id:1");
    assert_eq!(metadata["display"][1]["locale"], "ja");
    assert_eq!(metadata["display"][0]["rendering"]["simple"]["background_color"], "#1d4e89");
    let claims = metadata["claims"].as_array().unwrap();
    assert_eq!(claims.len(), kind.claims().len());
    let number = &claims[0];
    assert_eq!(number["path"], json!(["employee_number"]));
    assert_eq!((&number["sd"], &number["mandatory"]), (&json!("always"), &json!(true)));
    assert_eq!(number["display"][1]["label"], "職員番号");
    assert_eq!(kind.claims()[4].disclosure(), Disclosure::Never);
}

#[test]
fn every_built_in_type_and_claim_is_named_in_both_languages() {
    for kind in TypeCatalog::built_in().iter() {
        let metadata = kind.metadata();
        let named = |display: &Value, member: &str| -> Vec<(String, String)> {
            let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
            let entries = display.as_array().unwrap().iter();
            entries.map(|entry| (text(entry, "locale"), text(entry, member))).collect()
        };
        let expected = |name: &Text| [("en".to_owned(), name.en.clone()), ("ja".to_owned(), name.ja.clone())];
        assert_eq!(named(&metadata["display"], "name"), expected(kind.name()));
        let claims = metadata["claims"].as_array().unwrap();
        assert_eq!(claims.len(), kind.claims().len());
        for (claim, own) in claims.iter().zip(kind.claims()) {
            assert_eq!(named(&claim["display"], "label"), expected(own.name()));
        }
    }
}

#[test]
fn lifetimes_lie_on_the_grid_and_never_outlive_the_term() {
    let kind = CredentialType::parse(EMPLOYEE_ID).unwrap();
    let now = UnixTime::from_secs(1_795_396_529);
    let (begin, end) = kind.lifetime(now, None);
    assert_eq!(begin.as_secs() % 86_400, 0);
    assert_eq!(end.seconds_since(begin), 31_536_000);
    assert_eq!(kind.lifetime(now, Some(now.plus(5))).1, now.plus(5));
}

#[test]
fn refuses_claims_about_the_citizen_under_every_name() {
    for name in
        ["my_number", "kojin_bango", "birth_date", "birthdate", "date_of_birth", "address", "home_address"]
    {
        let error = refuses("path = \"post\"", &format!("path = \"{name}\""), "INRO-CRED-003");
        assert_eq!(line(&error), EMPLOYEE_ID.lines().position(|text| text == "path = \"post\"").unwrap() + 1);
    }
    refuses("element = \"post\"", "element = \"resident_address\"", "INRO-CRED-003");
    refuses("en = \"Post\"", "en = \"Birth date\"", "INRO-CRED-003");
    refuses("ja = \"職名\"", "ja = \"個人番号\"", "INRO-CRED-003");
    refuses("path = \"agency.code\"", "path = \"agency.dob\"", "INRO-CRED-003");
}

#[test]
fn refuses_an_allowed_value_that_is_a_my_number() {
    refuses("\"fixed-term\"", "\"123456789018\"", "INRO-CRED-004");
    refuses("\"fixed-term\"", "\"１２３４ ５６７８ ９０１８\"", "INRO-CRED-004");
    refuses("maximum = 11", "maximum = 999_999_999_999\nallowed = [123456789018]", "INRO-CRED-004");
}

#[test]
fn refuses_what_is_not_toml_or_not_a_setting() {
    assert_eq!(line(&refuses("id = \"employee-id\"", "id = ", "INRO-CRED-002")), 5);
    refuses("colour =", "color =", "INRO-CRED-002");
    refuses("kind = \"string\"", "kind = \"number\"", "INRO-CRED-002");
    refuses("sd = \"always\"", "sd = \"sometimes\"", "INRO-CRED-002");
    refuses("mandatory = true", "mandatory = 1", "INRO-CRED-002");
}

#[test]
fn refuses_a_file_that_is_too_long() {
    let padded = |length: usize| format!("{EMPLOYEE_ID}#{}", "x".repeat(length - EMPLOYEE_ID.len() - 1));
    CredentialType::parse(&padded(256 * 1024)).unwrap();
    let error = CredentialType::parse(&padded(256 * 1024 + 1)).unwrap_err();
    assert_eq!(error.code().as_str(), "INRO-CRED-001");
}

#[test]
fn refuses_what_breaks_a_rule_of_types() {
    let cases = [
        ("id = \"employee-id\"", "id = \"Employee ID\""),
        ("urn:inro:employee-id:1", "urn:inro:employee-id:2"),
        ("urn:inro:employee-id:1", "employee-id"),
        ("#1d4e89", "blue"),
        ("31_536_000", "59"),
        ("86_400", "0"),
        ("86_400", "31_536_000"),
        ("decoys_per_object = 3", "decoys_per_object = 17"),
        ("en = \"Post\"", "en = \"\""),
        ("path = \"post\"", "path = \"Post\""),
        ("path = \"post\"", "path = \"cnf\""),
        ("path = \"post\"", "path = \"grade.post\""),
        ("path = \"post\"", "path = \"agency[]\""),
        ("path = \"post\"", "path = \"a.b.c.d.e.f.g.h.i\""),
        ("path = \"post\"", "path = \"employee_number\""),
        ("kind = \"string\"\nallowed", "kind = \"boolean\"\nallowed"),
        ("kind = \"integer\"\nminimum = 1", "kind = \"string\"\nminimum = 1"),
        ("minimum = 1\n", ""),
        ("minimum = 1\n", "minimum = 12\n"),
        ("\"fixed-term\"", "\"permanent\""),
        ("\"fixed-term\"", "7"),
        (
            "allowed = [\"permanent\", \"fixed-term\", \"part-time\", \"seconded\", \"contractor\"]",
            "allowed = []",
        ),
        ("max_length = 32", "max_length = 0"),
        ("kind = \"object\"", "kind = \"array\""),
        ("element = \"post\"", "element = \"the post\""),
    ];
    for (from, to) in cases {
        let error = refuses(from, to, "INRO-CRED-005");
        assert!(line(&error) > 1);
    }
}

#[test]
fn refuses_an_array_or_an_object_without_parts() {
    refuses(
        "path = \"post\"\nkind = \"string\"\nmax_length = 128",
        "path = \"post\"\nkind = \"array\"",
        "INRO-CRED-005",
    );
    refuses(
        "path = \"post\"\nkind = \"string\"\nmax_length = 128",
        "path = \"post\"\nkind = \"object\"",
        "INRO-CRED-005",
    );
}

#[test]
fn refuses_a_second_type_of_one_name() {
    let mut catalog = TypeCatalog::new();
    catalog.add(CredentialType::parse(EMPLOYEE_ID).unwrap()).unwrap();
    let error = catalog.add(CredentialType::parse(EMPLOYEE_ID).unwrap()).unwrap_err();
    assert_eq!(error.code().as_str(), "INRO-CRED-006");
}

#[test]
fn refuses_role_tables_that_do_not_agree_with_themselves() {
    RoleTable::parse(ROLES).unwrap();
    let cases = [
        ("powers = [\"tax.view\"]", "powers = [\"tax.see\"]"),
        ("code = \"tax-clerk\"", "code = \"tax-assessor\""),
        ("code = \"tax.view\"", "code = \"welfare.view\""),
        ("clearance = 3", "clearance = 6"),
        ("code = \"tax-clerk\"", "code = \"Tax clerk\""),
    ];
    for (from, to) in cases {
        let altered = ROLES.replacen(from, to, 1);
        assert_ne!(altered, ROLES);
        assert_eq!(RoleTable::parse(&altered).unwrap_err().code().as_str(), "INRO-CRED-007", "{to}");
    }
}

#[test]
fn refuses_claims_that_the_type_does_not_accept() {
    refuses_claims("/post", None, json!(["post"]), "INRO-CRED-010");
    refuses_claims("/agency/code", None, json!(["agency", "code"]), "INRO-CRED-010");
    refuses_claims("/post", Some(json!(7)), json!(["post"]), "INRO-CRED-011");
    refuses_claims("/grade", Some(json!(6.5)), json!(["grade"]), "INRO-CRED-011");
    refuses_claims("/agency", Some(json!("M0001")), json!(["agency"]), "INRO-CRED-011");
    refuses_claims("/grade", Some(json!(12)), json!(["grade"]), "INRO-CRED-012");
    refuses_claims("/employment", Some(json!("volunteer")), json!(["employment"]), "INRO-CRED-013");
    refuses_claims("/shoe_size", Some(json!(27)), json!([null]), "INRO-CRED-014");
    refuses_claims("/agency/logo", Some(json!("x")), json!(["agency"]), "INRO-CRED-014");
    refuses_claims(
        "/employee_number",
        Some(json!("E".repeat(33))),
        json!(["employee_number"]),
        "INRO-CRED-015",
    );
    refuses_claims(
        "/employee_number",
        Some(json!("123456789018")),
        json!(["employee_number"]),
        "INRO-CRED-016",
    );
}

#[test]
fn optional_claims_may_be_absent() {
    let kind = CredentialType::parse(EMPLOYEE_ID).unwrap();
    let mut claims = employee();
    claims.remove("grade");
    claims.remove("name_latin");
    kind.validate(&claims).unwrap();
}

fn officer() -> Map<String, Value> {
    let value = json!({
        "powers": ["welfare.view", "welfare.approve"],
        "scope": {"agency": "M0001", "unit": "D110"},
        "roles": [{"code": "welfare-approver", "scope": {"agency": "M0001", "unit": "D110"}, "powers": ["welfare.approve"]}],
        "clearance": 2
    });
    value.as_object().cloned().unwrap()
}

#[test]
fn each_power_becomes_a_data_element_of_its_own() {
    let catalog = TypeCatalog::built_in();
    let kind = catalog.by_id("role-authority").unwrap();
    kind.validate(&officer()).unwrap();
    let elements = kind.data_elements(&officer());
    let found: Vec<_> = elements
        .iter()
        .map(|element| (element.namespace.as_str(), element.identifier.as_str(), element.value.clone()))
        .collect();
    let main = "inro.role-authority.1";
    let powers = "inro.role-authority.powers.1";
    assert_eq!(
        found,
        [
            (powers, "welfare.approve", json!(true)),
            (powers, "welfare.view", json!(true)),
            (main, "scope_agency", json!("M0001")),
            (main, "scope_unit", json!("D110")),
            (main, "roles", officer()["roles"].clone()),
            (main, "clearance", json!(2)),
        ]
    );
}

#[test]
fn a_doctype_follows_from_the_type_unless_it_is_named() {
    assert_eq!(CredentialType::parse(EMPLOYEE_ID).unwrap().doctype(), "inro.employee-id.1");
    let named =
        EMPLOYEE_ID.replacen("doctype = \"inro.employee-id.1\"", "doctype = \"org.example.staff\"", 1);
    assert_eq!(CredentialType::parse(&named).unwrap().doctype(), "org.example.staff");
    let absent = EMPLOYEE_ID.replacen("doctype = \"inro.employee-id.1\"\n", "", 1);
    assert_eq!(CredentialType::parse(&absent).unwrap().doctype(), "inro.employee-id.1");
    refuses("doctype = \"inro.employee-id.1\"", "doctype = \"with space\"", "INRO-CRED-005");
}

#[test]
fn refuses_a_data_element_without_a_name_and_one_by_value_outside_an_array() {
    refuses("element = \"grade\"", "by_value = true", "INRO-CRED-005");
    refuses(", element = \"grade\"", "", "INRO-CRED-005");
}
