//! Data elements as JSON, to match them, to show them and to hand them on; and JSON as data elements.

use inro_base::base64url;
use inro_cose::Value;
use serde_json::{Map, Number, Value as Json};

use crate::MdocError;
use crate::time::TDATE;

/// The tag of a calendar day as text. Source: RFC 8943 §1.
const FULL_DATE: u64 = 1004;

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

/// A value as JSON: byte strings as base64url, dates as their text, other tags as what they tag. What
/// JSON has no form for becomes null, so that it equals nothing that anyone asks for.
pub(crate) fn to_json(value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Integer(value) => integer_to_json(i128::from(*value)),
        Value::Float(value) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
        Value::Text(text) => Json::String(text.clone()),
        Value::Bytes(bytes) => Json::String(base64url::encode(bytes)),
        Value::Array(items) => items.iter().map(to_json).collect(),
        Value::Map(entries) => entries
            .iter()
            .map(|(key, value)| (key_to_json(key), to_json(value)))
            .collect::<Map<String, Json>>()
            .into(),
        Value::Tag(TDATE | FULL_DATE, inner) => to_json(inner),
        Value::Tag(_, inner) => to_json(inner),
        _ => Json::Null,
    }
}

fn integer_to_json(value: i128) -> Json {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => Json::from(value),
        (Err(_), Ok(value)) => Json::from(value),
        // Beyond 64 bits JSON readers lose digits.
        (Err(_), Err(_)) => Json::String(value.to_string()),
    }
}

fn key_to_json(key: &Value) -> String {
    match key {
        Value::Text(text) => text.clone(),
        other => to_json(other).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_comes_back_as_it_went() {
        let value = json!({"a": [1, -2, true, null, "x"], "b": {"c": 1.5}, "d": u64::MAX});
        assert_eq!(to_json(&element_from_json(&value).unwrap()), value);
    }

    #[test]
    fn bytes_dates_and_huge_numbers_have_a_text() {
        assert_eq!(to_json(&Value::Bytes(vec![0xfb, 0xff])), json!("-_8"));
        assert_eq!(to_json(&full_date("2026-11-23")), json!("2026-11-23"));
        let huge = Value::Integer(i128::from(i64::MIN).saturating_sub(1).try_into().unwrap());
        assert_eq!(to_json(&huge), json!("-9223372036854775809"));
        assert_eq!(to_json(&Value::Float(f64::NAN)), Json::Null);
        assert_eq!(to_json(&Value::Map(vec![(Value::from(1), Value::from(2))])), json!({"1": 2}));
    }
}
