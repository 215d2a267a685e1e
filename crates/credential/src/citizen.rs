//! What belongs to the citizen and not to the office: names of such data, and My Numbers.
//!
//! Employee credentials and HR files refuse it in every spelling that is known here.

/// Stems that mark a name wherever they stand in it, after [`folded`].
const STEMS: &[&str] = &[
    // The individual number ("My Number").
    "mynumber",
    "mynum",
    "individualnumber",
    "socialsecuritynumber",
    "nationalid",
    "personalnumber",
    "kojinbango",
    "kojinbangou",
    "マイナンバー",
    "ﾏｲﾅﾝﾊﾞｰ",
    "まいなんばー",
    "個人番号",
    "個人識別番号",
    // The date of birth.
    "birth",
    "bornon",
    "seinengappi",
    "tanjobi",
    "tanjoubi",
    "生年月日",
    "誕生日",
    "出生",
    // Where someone lives.
    "homeaddress",
    "residentaddress",
    "residenceaddress",
    "residentialaddress",
    "privateaddress",
    "streetaddress",
    "postaladdress",
    "registereddomicile",
    "permanentaddress",
    "jusho",
    "juusho",
    "honseki",
    "住所",
    "居所",
    "自宅",
    "本籍",
    "郵便番号",
];

/// Names that are refused only when they stand alone: as a part of others they are harmless, as in
/// `email_address`.
const WHOLE: &[&str] = &[
    "address",
    "addr",
    "dob",
    "bday",
    "postalcode",
    "postcode",
    "zip",
    "zipcode",
    "domicile",
    "residence",
    "addressline1",
    "addressline2",
    "locality",
];

/// How many digits a My Number has, its check digit included.
const MY_NUMBER_DIGITS: usize = 12;

/// Whether `name` (of a claim, a data element or a column) stands for a My Number, a birth date or
/// a home address, whatever its case, width and separators.
pub fn is_citizen_name(name: &str) -> bool {
    let folded = folded(name);
    WHOLE.contains(&folded.as_str()) || STEMS.iter().any(|stem| folded.contains(stem))
}

/// Whether `text` contains a My Number: twelve digits that end with the right check digit and stand
/// apart from further digits. Full-width digits count, and so do digits in groups.
///
/// One in about ten numbers of twelve digits passes the check by chance. Such a number is refused
/// too: nobody can tell it from a My Number.
pub fn contains_my_number(text: &str) -> bool {
    has_run_with_check_digit(text, false) || has_run_with_check_digit(text, true)
}

/// `grouped` lets one separator stand between two digits of a run.
fn has_run_with_check_digit(text: &str, grouped: bool) -> bool {
    let mut run = Vec::new();
    let mut separated = false;
    for symbol in text.chars().map(to_half_width) {
        if let Some(digit) = symbol.to_digit(10) {
            separated = false;
            run.push(digit);
        } else if grouped && is_group_separator(symbol) && !separated {
            separated = true;
        } else {
            if is_my_number(&run) {
                return true;
            }
            run.clear();
            separated = false;
        }
    }
    is_my_number(&run)
}

/// `digits` with a check digit as the ordinance on My Numbers computes it (number order No. 85 of
/// 2014, article 5): weights 2 to 7 and 2 to 6 from the right, modulo 11.
fn is_my_number(digits: &[u32]) -> bool {
    if digits.len() != MY_NUMBER_DIGITS {
        return false;
    }
    let Some((check, payload)) = digits.split_last() else { return false };
    let weights = (2..=7).chain(2..=6);
    let sum: u32 = payload.iter().rev().zip(weights).map(|(digit, weight)| digit * weight).sum();
    let expected = match sum % 11 {
        0 | 1 => 0,
        remainder => 11 - remainder,
    };
    *check == expected
}

/// Lower case, half width, and without separators, so that `My-Number`, `myNumber` and
/// `ＭＹ＿ＮＵＭＢＥＲ` read alike.
fn folded(name: &str) -> String {
    name.chars()
        .map(to_half_width)
        .filter(|symbol| symbol.is_alphanumeric() || matches!(symbol, 'ー' | 'ﾞ' | 'ﾟ' | 'ｰ'))
        .flat_map(char::to_lowercase)
        .collect()
}

fn to_half_width(symbol: char) -> char {
    match symbol {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            u32::from(symbol).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(symbol)
        }
        _ => symbol,
    }
}

fn is_group_separator(symbol: char) -> bool {
    matches!(symbol, ' ' | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_check_digit() {
        assert!(contains_my_number("123456789018"));
        for wrong in "012345679".chars() {
            assert!(!contains_my_number(&format!("12345678901{wrong}")), "{wrong}");
        }
    }

    #[test]
    fn finds_a_my_number_in_every_spelling() {
        let spellings = [
            "１２３４５６７８９０１８",
            "1234 5678 9018",
            "1234-5678-9018",
            "１２３４　５６７８　９０１８",
            "番号:123456789018です",
            " 123456789018 ",
            "1234−5678−9018",
            "E1 123456789018",
            "123456789018-5",
        ];
        for text in spellings {
            assert!(contains_my_number(text), "{text}");
        }
    }

    #[test]
    fn leaves_other_numbers_alone() {
        for text in ["", "E0001", "12345678901", "1234567890180", "2026-11-23", "12a3456789018"] {
            assert!(!contains_my_number(text), "{text}");
        }
    }

    #[test]
    fn refuses_names_of_the_citizen_in_every_spelling() {
        let names = [
            "my_number",
            "MyNumber",
            "MY-NUMBER",
            "ＭＹ＿ＮＵＭＢＥＲ",
            "my number",
            "マイナンバー",
            "ﾏｲﾅﾝﾊﾞｰ",
            "個人番号",
            "kojin_bango",
            "individual_number",
            "holder_my_number",
            "birthdate",
            "birth_date",
            "BirthDate",
            "date_of_birth",
            "dob",
            "D.O.B.",
            "生年月日",
            "birthday",
            "address",
            "Address",
            "home_address",
            "homeAddress",
            "resident_address",
            "street_address",
            "住所",
            "自宅住所",
            "本籍地",
            "postal_code",
            "jusho",
        ];
        for name in names {
            assert!(is_citizen_name(name), "{name}");
        }
    }

    #[test]
    fn accepts_names_of_the_office() {
        let names = [
            "employee_number",
            "name_kanji",
            "name_kana",
            "agency",
            "agency_code",
            "department",
            "post",
            "employment",
            "grade",
            "roles",
            "contract_id",
            "valid_from",
            "email_address",
            "powers",
            "職員番号",
            "clearance",
        ];
        for name in names {
            assert!(!is_citizen_name(name), "{name}");
        }
    }
}
