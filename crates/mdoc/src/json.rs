//! Data elements as JSON, to match them, to show them and to hand them on; and JSON as data elements.

use inro_base::base64url;
use inro_cose::Value;
use serde_json::{Map, Number, Value as Json};

use crate::MdocError;

/// The tag of a calendar day as text. Source: RFC 8943 §1.
const FULL_DATE: u64 = 1004;
/// The tag of a whole number of any size. Source: RFC 8949 §3.4.3.
const BIGNUM: u64 = 2;
/// The tag of a whole number below zero of any size. Source: RFC 8949 §3.4.3.
const NEGATIVE_BIGNUM: u64 = 3;

/// A data element's value from JSON.
///
/// # Errors
/// [`MdocError::Unissuable`] for a number that is neither a whole number of 64 bits nor a float.
pub fn element_from_json(json: &Json) -> Result<Value, MdocError> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => number_from_json(number)?,
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::Array(items.iter().map(element_from_json).collect::<Result<_, _>>()?),
        Json::Object(members) => {
            let entry = |(name, value): (&String, &Json)| {
                Ok::<_, MdocError>((Value::Text(name.clone()), element_from_json(value)?))
            };
            Value::Map(members.iter().map(entry).collect::<Result<_, _>>()?)
        }
    })
}

/// A day of the calendar, `YYYY-MM-DD`, as a data element.
pub fn full_date(date: &str) -> Value {
    Value::Tag(FULL_DATE, Box::new(Value::Text(date.to_owned())))
}

fn number_from_json(number: &Number) -> Result<Value, MdocError> {
    if let Some(value) = number.as_i64() {
        return Ok(Value::from(value));
    }
    if let Some(value) = number.as_u64() {
        return Ok(Value::from(value));
    }
    number.as_f64().map(Value::from).ok_or(MdocError::Unissuable)
}

/// A value as JSON: byte strings as base64url, or as a tag around them wants them; whole numbers that
/// JSON's readers cannot hold as the bignum that they equal; other tags as what they tag. What JSON has
/// no form for becomes null, so that it equals nothing that anyone asks for.
///
/// Source: RFC 8949 §6.1; OpenID4VP 1.0 §6.3.
pub(crate) fn to_json(value: &Value) -> Json {
    converted(value, ByteText::Base64Url)
}

/// How byte strings become text. Source: RFC 8949 §3.4.5.2.
#[derive(Clone, Copy)]
enum ByteText {
    Base64Url,
    Base64,
    Base16,
}

impl ByteText {
    /// What the tag `number` wants for all byte strings in it that have no such tag of their own.
    const fn wanted(number: u64) -> Option<Self> {
        match number {
            21 => Some(Self::Base64Url),
            22 => Some(Self::Base64),
            23 => Some(Self::Base16),
            _ => None,
        }
    }

    fn write(self, bytes: &[u8]) -> String {
        match self {
            Self::Base64Url => base64url::encode(bytes),
            Self::Base64 => base64url::encode_standard(bytes),
            Self::Base16 => bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
        }
    }
}

fn converted(value: &Value, text: ByteText) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Integer(value) => integer_to_json(i128::from(*value)),
        Value::Float(value) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
        Value::Text(text) => Json::String(text.clone()),
        Value::Bytes(bytes) => Json::String(text.write(bytes)),
        Value::Array(items) => items.iter().map(|item| converted(item, text)).collect(),
        Value::Map(entries) => map_to_json(entries, text).map_or(Json::Null, Json::Object),
        Value::Tag(number, inner) => match (*number, &**inner) {
            (BIGNUM, Value::Bytes(bytes)) => Json::String(base64url::encode(bytes)),
            (NEGATIVE_BIGNUM, Value::Bytes(bytes)) => negative_bignum(bytes),
            (BIGNUM | NEGATIVE_BIGNUM, _) => Json::Null,
            (number, inner) => converted(inner, ByteText::wanted(number).unwrap_or(text)),
        },
        _ => Json::Null,
    }
}

/// `None` where two keys have one name in JSON: nobody could tell whose value stands there.
fn map_to_json(entries: &[(Value, Value)], text: ByteText) -> Option<Map<String, Json>> {
    let mut members = Map::new();
    for (key, value) in entries {
        if members.insert(key_to_json(key, text), converted(value, text)).is_some() {
            return None;
        }
    }
    Some(members)
}

/// The number -1 - n, where `bytes` are n, most significant first.
fn negative_bignum(bytes: &[u8]) -> Json {
    Json::String(format!("~{}", base64url::encode(bytes)))
}

fn integer_to_json(value: i128) -> Json {
    match (i64::try_from(value), u64::try_from(value), u64::try_from(!value)) {
        (Ok(value), ..) => Json::from(value),
        (_, Ok(value), _) => Json::from(value),
        // As a number it would lose digits, and then equal its neighbours.
        (.., Ok(n)) => negative_bignum(&n.to_be_bytes()),
        // CBOR has no such integer.
        (Err(_), Err(_), Err(_)) => Json::Null,
    }
}

fn key_to_json(key: &Value, text: ByteText) -> String {
    match key {
        Value::Text(text) => text.clone(),
        other => converted(other, text).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use inro_cose::{Item, Limits};
    use serde_json::json;

    use super::*;

    #[test]
    fn json_comes_back_as_it_went() {
        let value = json!({"a": [1, -2, true, null, "x"], "b": {"c": 1.5}, "d": u64::MAX});
        assert_eq!(to_json(&element_from_json(&value).unwrap()), value);
    }

    /// The JSON of a value as it is received, in hexadecimal digits.
    fn read(digits: &str) -> Json {
        let digit = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..digits.len()).step_by(2).map(digit).collect();
        to_json(&Item::parse(&bytes, Limits::MESSAGE).unwrap().value().unwrap())
    }

    #[test]
    fn a_byte_string_is_base64url_without_padding() {
        assert_eq!(read("42fbff"), json!("-_8"));
        assert_eq!(read("40"), json!(""));
        assert_eq!(read("8141fb"), json!(["-w"]));
    }

    #[test]
    fn a_byte_string_is_written_as_the_tag_around_it_wants() {
        assert_eq!(read("43fbefff"), json!("--__"));
        assert_eq!(read("d543fbefff"), json!("--__"));
        assert_eq!(read("d643fbefff"), json!("++//"));
        assert_eq!(read("d743fbefff"), json!("FBEFFF"));
        // Base64 alone is padded.
        assert_eq!(
            (read("d541fb"), read("d641fb"), read("d741fb")),
            (json!("-w"), json!("+w=="), json!("FB"))
        );
        // It holds for all that is inside, up to the next such tag; and for byte strings only.
        assert_eq!(read("d68341fbd741fb81d81841fb"), json!(["+w==", "FB", ["+w=="]]));
        assert_eq!(read("82d741fb41fb"), json!(["FB", "-w"]));
        assert_eq!(read("d7a1616141fb"), json!({ "a": "FB" }));
        assert_eq!(read("d6626162"), json!("ab"));
    }

    #[test]
    fn a_bignum_is_the_base64url_of_its_bytes() {
        assert_eq!(read("c249010000000000000000"), json!("AQAAAAAAAAAA"));
        assert_eq!(read("c349010000000000000000"), json!("~AQAAAAAAAAAA"));
        let long = "01".to_owned() + &"00".repeat(17);
        assert_eq!(read(&format!("c252{long}")), json!(format!("AQ{}", "A".repeat(22))));
        assert_eq!(read(&format!("c352{long}")), json!(format!("~AQ{}", "A".repeat(22))));
        // A tag that wants another writing is for byte strings, which a number is not.
        assert_eq!(read("d781c249010000000000000000"), json!(["AQAAAAAAAAAA"]));
        // One that has room in an integer is that integer, whose form it should have had.
        assert_eq!((read("c24105"), read("c34105")), (json!(5), json!(-6)));
        for number in [BIGNUM, NEGATIVE_BIGNUM] {
            assert_eq!(to_json(&Value::Tag(number, Box::new(Value::from("5")))), Json::Null);
        }
    }

    #[test]
    fn an_integer_is_a_number_as_long_as_a_reader_holds_all_of_it() {
        assert_eq!((read("00"), read("20")), (json!(0), json!(-1)));
        assert_eq!(read("1bffffffffffffffff"), json!(u64::MAX));
        assert_eq!(read("3b7fffffffffffffff"), json!(i64::MIN));
        assert_eq!(read("3b8000000000000000"), json!("~gAAAAAAAAAA"));
        assert_eq!(read("3bffffffffffffffff"), json!("~__________8"));
    }

    #[test]
    fn what_is_no_number_is_null() {
        assert_eq!(read("f93e00"), json!(1.5));
        for digits in ["f97e00", "f97c00", "f9fc00", "fb7ff8000000000000", "f6"] {
            assert_eq!(read(digits), Json::Null, "{digits}");
        }
    }

    #[test]
    fn other_tags_are_what_they_tag() {
        assert_eq!(to_json(&full_date("2026-11-23")), json!("2026-11-23"));
        assert_eq!(read("c074323032362d31312d32335430303a30303a30305a"), json!("2026-11-23T00:00:00Z"));
        assert_eq!(read("c11a514b67b0"), json!(1_363_896_240));
        assert_eq!(read("d81841fb"), json!("-w"));
        assert_eq!(read("d9d9f781d8206161"), json!(["a"]));
    }

    #[test]
    fn a_name_that_is_no_text_becomes_one() {
        assert_eq!(read("a10102"), json!({ "1": 2 }));
        // Two keys that become one name.
        assert_eq!(read("a20101613202"), json!({ "1": 1, "2": 2 }));
        assert_eq!(read("82a2010161310200"), json!([null, 0]));
    }
}
