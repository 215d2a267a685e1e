use std::io::Cursor;

use inro_base::Coded;
use inro_credential::{RoleTable, TypeCatalog};
use serde_json::json;

use super::{EmployeeRecord, Encoding, HrError, Options, Report, claims, read};

const HEADER: &str = "employee_number,name_kanji,name_kana,name_latin,agency_code,agency,department_code,department,\
                      post,employment,grade,roles,contract_id,valid_from,valid_until";
const GOOD: &str = "E0001,髙橋 花子,タカハシ ハナコ,TAKAHASHI Hanako,M0001,みなと市,D110,福祉課,課長,permanent,6,\
                    welfare-approver:D110:welfare;disaster-staff:D110,,2024-04-01,2027-03-31";
const SAMPLE: &str = include_str!("../../samples/hr.csv");
const BAD_SAMPLE: &str = include_str!("../../samples/hr_bad.csv");

fn read_bytes(bytes: &[u8], encoding: Encoding) -> Result<(Vec<EmployeeRecord>, Report), HrError> {
    let mut kept = Vec::new();
    let report = read(Cursor::new(bytes), Options { encoding }, &RoleTable::built_in(), |employee| {
        kept.push(employee);
        Ok::<_, HrError>(())
    })?;
    Ok((kept, report))
}

fn read_text(text: &str) -> Result<(Vec<EmployeeRecord>, Report), HrError> {
    read_bytes(text.as_bytes(), Encoding::Auto)
}

fn file(row: &str) -> String {
    format!("{HEADER}\n{row}\n")
}

fn good() -> EmployeeRecord {
    let (kept, report) = read_text(&file(GOOD)).unwrap();
    assert_eq!((report.good, report.error_count), (1, 0), "{:?}", report.errors);
    kept.into_iter().next().unwrap()
}

/// The unaltered row is accepted; with `from` replaced by `to` it has exactly this one error.
#[track_caller]
fn refuses(from: &str, to: &str, column: &str, code: &str) {
    good();
    let altered = GOOD.replacen(from, to, 1);
    assert_ne!(altered, GOOD);
    let (kept, report) = read_text(&file(&altered)).unwrap();
    let errors: Vec<_> = report.errors.iter().map(|e| (e.line, e.column, e.code().as_str())).collect();
    assert_eq!(errors, [(2, column, code)]);
    assert!(kept.is_empty());
    assert!(!report.is_accepted(false) && report.is_accepted(true));
    assert!(!report.errors[0].to_string().contains("花子"));
}

#[track_caller]
fn refuses_header(from: &str, to: &str, code: &str) {
    good();
    let header = HEADER.replacen(from, to, 1);
    assert_ne!(header, HEADER);
    let error = read_text(&format!("{header}\n{GOOD}\n")).unwrap_err();
    assert_eq!(error.code().as_str(), code);
}

#[test]
fn reads_the_sample_of_twenty_employees() {
    let (kept, report) = read_text(SAMPLE).unwrap();
    assert_eq!((kept.len(), report.rows, report.error_count), (20, 20, 0), "{:?}", report.errors);
    assert_eq!(kept[0].name_kanji, "佐藤 花子");
    assert_eq!(kept[0].roles[0].code, "welfare-approver");
}

#[test]
fn tells_line_column_and_reason_of_each_bad_row_and_keeps_the_good_ones() {
    let (kept, report) = read_text(BAD_SAMPLE).unwrap();
    let errors: Vec<_> = report.errors.iter().map(|e| (e.line, e.column, e.code().as_str())).collect();
    let expected = [
        (3, "name_kanji", "INRO-HR-010"),
        (4, "grade", "INRO-HR-014"),
        (5, "roles", "INRO-HR-016"),
        (6, "roles", "INRO-HR-015"),
        (7, "valid_from", "INRO-HR-013"),
        (8, "valid_until", "INRO-HR-019"),
        (9, "name_latin", "INRO-HR-012"),
        (10, "employee_number", "INRO-HR-017"),
        (11, "contract_id", "INRO-HR-023"),
        (12, "-", "INRO-HR-018"),
        (13, "employment", "INRO-HR-022"),
    ];
    assert_eq!(errors, expected);
    let numbers: Vec<_> = kept.iter().map(|employee| employee.employee_number.as_str()).collect();
    assert_eq!(numbers, ["E0001", "E0111"]);
    assert!(!report.is_accepted(false) && report.is_accepted(true));
}

#[test]
fn reads_the_same_records_from_utf_8_with_a_mark_and_from_shift_jis() {
    let text = file(GOOD);
    let (shift_jis, _, unmappable) = encoding_rs::SHIFT_JIS.encode(&text);
    assert!(!unmappable, "髙 is in code page 932");
    let marked = format!("\u{feff}{text}");
    for (bytes, encoding) in [
        (marked.as_bytes(), Encoding::Auto),
        (marked.as_bytes(), Encoding::Utf8),
        (shift_jis.as_ref(), Encoding::Auto),
        (shift_jis.as_ref(), Encoding::ShiftJis),
    ] {
        assert_eq!(read_bytes(bytes, encoding).unwrap().0, [good()]);
    }
}

#[test]
fn refuses_bytes_of_no_known_encoding_with_the_line() {
    let mut bytes = file(GOOD).into_bytes();
    assert!(read_bytes(&bytes, Encoding::Auto).is_ok());
    bytes.extend(b"E0002,\xff\xfe\n");
    let error = read_bytes(&bytes, Encoding::Utf8).unwrap_err();
    assert_eq!((error.code().as_str(), error), ("INRO-HR-002", HrError::Encoding { line: 3 }));
    assert_eq!(read_bytes(&bytes, Encoding::Auto).unwrap_err().code().as_str(), "INRO-HR-002");
}

#[test]
fn refuses_a_shift_jis_file_as_utf_8_and_a_marked_file_as_shift_jis() {
    let text = file(GOOD);
    let (shift_jis, _, _) = encoding_rs::SHIFT_JIS.encode(&text);
    assert_eq!(read_bytes(&shift_jis, Encoding::Utf8).unwrap_err().code().as_str(), "INRO-HR-002");
    let marked = format!("\u{feff}{text}");
    assert_eq!(read_bytes(marked.as_bytes(), Encoding::ShiftJis).unwrap_err().code().as_str(), "INRO-HR-002");
}

#[test]
fn refuses_columns_about_the_citizen() {
    for name in
        ["my_number", "MyNumber", "マイナンバー", "birthdate", "生年月日", "address", "home_address", "住所"]
    {
        refuses_header("grade", name, "INRO-HR-004");
    }
}

#[test]
fn refuses_missing_unknown_and_repeated_columns() {
    refuses_header("grade,", "", "INRO-HR-003");
    refuses_header("grade", "favourite_colour", "INRO-HR-005");
    refuses_header("grade", "post", "INRO-HR-006");
}

#[test]
fn refuses_an_empty_file() {
    assert_eq!(read_text("").unwrap_err().code().as_str(), "INRO-HR-003");
}

#[test]
fn refuses_a_my_number_in_any_cell_and_width() {
    for number in ["123456789018", "１２３４５６７８９０１８", "1234-5678-9018", "担当 123456789018"]
    {
        refuses("課長", number, "post", "INRO-HR-012");
        refuses("TAKAHASHI Hanako", number, "name_latin", "INRO-HR-012");
    }
    refuses("E0001", "123456789018", "employee_number", "INRO-HR-012");
}

#[test]
fn keeps_twelve_digits_that_are_no_my_number() {
    let (kept, _) = read_text(&file(&GOOD.replacen("E0001", "123456789012", 1))).unwrap();
    assert_eq!(kept[0].employee_number, "123456789012");
}

#[test]
fn refuses_an_empty_cell_that_must_be_filled_in() {
    refuses("髙橋 花子", "　", "name_kanji", "INRO-HR-010");
}

#[test]
fn refuses_a_cell_that_is_too_long() {
    refuses("課長", &"長".repeat(129), "post", "INRO-HR-011");
}

#[test]
fn refuses_dates_that_are_no_days() {
    for date in ["2024-02-30", "2024/04/01", "1.4.2024", "令和6年4月1日"] {
        refuses("2024-04-01", date, "valid_from", "INRO-HR-013");
    }
}

#[test]
fn refuses_an_end_before_the_beginning() {
    refuses("2027-03-31", "2024-03-31", "valid_until", "INRO-HR-019");
}

#[test]
fn refuses_grades_that_are_no_numbers_in_range() {
    for grade in ["0", "12", "-1", "+6", "6.0", "六", "６"] {
        refuses(",6,", &format!(",{grade},"), "grade", "INRO-HR-014");
    }
}

#[test]
fn refuses_roles_of_another_form() {
    for role in [
        "welfare-approver",
        "welfare-approver:",
        "welfare-approver:D110:a:b",
        ":D110",
        "welfare-approver:D 1",
    ] {
        refuses("welfare-approver:D110:welfare", role, "roles", "INRO-HR-015");
    }
    refuses(";disaster-staff:D110", ";", "roles", "INRO-HR-015");
}

#[test]
fn refuses_a_role_that_the_table_does_not_have() {
    refuses("welfare-approver", "mayor", "roles", "INRO-HR-016");
}

#[test]
fn refuses_a_number_that_stands_in_two_rows() {
    let (kept, report) =
        read_text(&format!("{HEADER}\n{GOOD}\n{}\n", GOOD.replacen("E0001", "E0002", 1))).unwrap();
    assert_eq!((kept.len(), report.error_count), (2, 0));
    let (kept, report) = read_text(&format!("{HEADER}\n{GOOD}\n{GOOD}\n")).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((report.errors[0].line, report.errors[0].code().as_str()), (3, "INRO-HR-017"));
}

#[test]
fn refuses_rows_with_too_few_or_too_many_cells() {
    refuses(",2027-03-31", "", "-", "INRO-HR-018");
    refuses("2027-03-31", "2027-03-31,more", "-", "INRO-HR-018");
}

#[test]
fn refuses_characters_that_cannot_be_displayed() {
    for post in ["\"課\n長\"", "課\u{202e}長", "課\u{e000}長", "課\u{7}長", "課\u{200b}長"] {
        refuses("課長", post, "post", "INRO-HR-020");
    }
}

#[test]
fn refuses_codes_with_other_characters() {
    refuses("E0001", "E 0001", "employee_number", "INRO-HR-021");
    refuses("M0001", "M:0001", "agency_code", "INRO-HR-021");
}

#[test]
fn refuses_an_unknown_employment() {
    refuses("permanent", "volunteer", "employment", "INRO-HR-022");
}

#[test]
fn refuses_a_contractor_without_a_contract() {
    refuses("permanent", "contractor", "contract_id", "INRO-HR-023");
}

#[test]
fn refuses_a_row_whose_quotation_mark_is_never_closed() {
    let rows: String =
        (0..1_000).map(|n| format!("{}\n", GOOD.replacen("E0001", &format!("E{n:04}"), 1))).collect();
    assert_eq!(read_text(&format!("{HEADER}\n{rows}")).unwrap().1.good, 1_000);
    let error = read_text(&format!("{HEADER}\n{}", rows.replacen("課長", "\"課長", 1))).unwrap_err();
    assert_eq!(error.code().as_str(), "INRO-HR-007");
    assert!(matches!(error, HrError::RowTooLong { line: 2, .. }));
}

#[test]
fn keeps_names_as_written_and_formulas_as_data() {
    let row = GOOD.replacen("髙橋 花子", "𠮷野　ｻﾞ㈱①", 1).replacen("課長", "=HYPERLINK(1)", 1);
    let (kept, _) = read_text(&file(&row)).unwrap();
    assert_eq!((kept[0].name_kanji.as_str(), kept[0].post.as_str()), ("𠮷野　ｻﾞ㈱①", "=HYPERLINK(1)"));
}

#[test]
fn stops_where_the_caller_stops() {
    let result =
        read(Cursor::new(SAMPLE), Options::default(), &RoleTable::built_in(), |_| Err(HrError::Storage));
    assert_eq!(result.unwrap_err().code().as_str(), "INRO-HR-008");
}

#[test]
fn every_sample_employee_has_claims_that_their_types_accept() {
    let types = TypeCatalog::built_in();
    let table = RoleTable::built_in();
    let (kept, _) = read_text(SAMPLE).unwrap();
    for kind in types.iter() {
        let made: Vec<_> = kept.iter().filter_map(|employee| claims(employee, kind, &table)).collect();
        assert_eq!(made.len(), if kind.id() == "employee-id" { 20 } else { 18 });
        for claims in made {
            kind.validate(&claims).unwrap();
        }
    }
}

#[test]
fn a_role_authority_has_the_union_of_powers_and_the_scope_that_all_roles_share() {
    let kind = TypeCatalog::built_in().by_id("role-authority").cloned().unwrap();
    let made = claims(&good(), &kind, &RoleTable::built_in()).unwrap();
    let expected = json!({
        "powers": ["welfare.view", "welfare.approve", "disaster.report"],
        "scope": {"agency": "M0001", "unit": "D110"},
        "roles": [
            {
                "code": "welfare-approver",
                "scope": {"agency": "M0001", "unit": "D110", "business_area": "welfare"},
                "powers": ["welfare.view", "welfare.approve"],
            },
            {"code": "disaster-staff", "scope": {"agency": "M0001", "unit": "D110"}, "powers": ["disaster.report"]},
        ],
        "clearance": 2,
    });
    assert_eq!(json!(made), expected);
}

#[test]
fn the_term_counts_both_days_in_japans_time() {
    let employee = good();
    let at = |seconds: i64| employee.ends_at().unwrap().plus(seconds);
    assert_eq!(at(0).to_string(), "2027-03-31T15:00:00Z");
    assert!(employee.in_office(at(-1)) && !employee.in_office(at(0)));
    let begin = employee.begins_at().unwrap();
    assert!(employee.in_office(begin) && !employee.in_office(begin.plus(-1)));
}
