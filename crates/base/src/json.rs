//! JSON from strangers, read within bounds.
//!
//! `serde_json` alone keeps the last of two members with one name, so two readers of one document
//! can see different things. Here a repeated name is an error, and so is a document that is too
//! long or too deep.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{Code, Coded};

/// How much of a document a reader is willing to take in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The longest document, in bytes.
    pub bytes: usize,
    /// The deepest nesting of arrays and objects; a scalar has depth 0.
    pub depth: usize,
}

impl Limits {
    /// A protocol message: 64 KiB, 16 levels.
    pub const MESSAGE: Self = Self { bytes: 64 * 1024, depth: 16 };
    /// A credential's payload or a metadata document: 1 MiB, 32 levels.
    pub const DOCUMENT: Self = Self { bytes: 1024 * 1024, depth: 32 };
}

/// Why a document was not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// `length` and `limit` are in bytes.
    #[error("document of {length} bytes where {limit} are allowed")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// Arrays and objects nest deeper than `limit`.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// How deep it may nest.
        limit: usize,
    },
    /// An object names one member twice.
    #[error("a repeated member name before byte {offset}")]
    RepeatedName {
        /// In bytes from the start.
        offset: usize,
    },
    /// Not JSON, or not UTF-8.
    #[error("malformed JSON at byte {offset}")]
    Malformed {
        /// In bytes from the start.
        offset: usize,
    },
    /// JSON, but not of the shape that was asked for.
    #[error("JSON of another shape than expected")]
    Shape,
}

impl Coded for JsonError {
    fn code(&self) -> Code {
        match self {
            Self::TooLong { .. } => const { Code::new("INRO-BASE-001") },
            Self::TooDeep { .. } => const { Code::new("INRO-BASE-002") },
            Self::RepeatedName { .. } => const { Code::new("INRO-BASE-003") },
            Self::Malformed { .. } => const { Code::new("INRO-BASE-004") },
            Self::Shape => const { Code::new("INRO-BASE-005") },
        }
    }
}

/// Reads one JSON document.
///
/// # Errors
/// [`JsonError`] when it is too long, too deep, malformed, followed by anything but white space, or
/// repeats a member name.
pub fn parse(bytes: &[u8], limits: Limits) -> Result<Value, JsonError> {
    if bytes.len() > limits.bytes {
        return Err(JsonError::TooLong { length: bytes.len(), limit: limits.bytes });
    }
    let refusal = Cell::new(None);
    let seed = Strict { depth_left: limits.depth, refusal: &refusal };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let result = seed.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    result.map_err(|error| {
        let offset = byte_offset(bytes, error.line(), error.column());
        match refusal.get() {
            Some(Refusal::Depth) => JsonError::TooDeep { limit: limits.depth },
            Some(Refusal::Repeated) => JsonError::RepeatedName { offset },
            None => JsonError::Malformed { offset },
        }
    })
}

/// Reads one JSON object.
///
/// # Errors
/// As [`parse`], and [`JsonError::Shape`] when the document is not an object.
pub fn parse_object(bytes: &[u8], limits: Limits) -> Result<Map<String, Value>, JsonError> {
    match parse(bytes, limits)? {
        Value::Object(object) => Ok(object),
        _ => Err(JsonError::Shape),
    }
}

/// Reads one JSON document into `T`.
///
/// # Errors
/// As [`parse`], and [`JsonError::Shape`] when it does not fit `T`.
pub fn decode<T: DeserializeOwned>(bytes: &[u8], limits: Limits) -> Result<T, JsonError> {
    serde_json::from_value(parse(bytes, limits)?).map_err(|_| JsonError::Shape)
}

#[derive(Clone, Copy)]
enum Refusal {
    Depth,
    Repeated,
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    depth_left: usize,
    refusal: &'a Cell<Option<Refusal>>,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left, ..self }),
            None => {
                self.refusal.set(Some(Refusal::Depth));
                Err(E::custom("too deep"))
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut next = access.next_key::<String>()?;
        if keeps_digits() && next.as_deref() == Some(NUMBER_IN_DIGITS) {
            let digits: String = access.next_value()?;
            let number = digits.parse().map_err(|_| A::Error::custom("not a number"))?;
            return self.visit_f64(number);
        }
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = next {
            if object.contains_key(&name) {
                self.refusal.set(Some(Refusal::Repeated));
                return Err(A::Error::custom("repeated name"));
            }
            let value = access.next_value_seed(inner)?;
            object.insert(name, value);
            next = access.next_key()?;
        }
        Ok(Value::Object(object))
    }
}

/// The name under which `serde_json` hands over a number that is no integer of 64 bits, when something
/// else in the program turned on its feature `arbitrary_precision`.
const NUMBER_IN_DIGITS: &str = "$serde_json::private::Number";

/// Whether that feature is on.
fn keeps_digits() -> bool {
    "1.50".parse::<Number>().is_ok_and(|number| number.to_string() == "1.50")
}

/// `line` and `column` count from 1, as `serde_json` tells them; 0 means unknown.
fn byte_offset(bytes: &[u8], line: usize, column: usize) -> usize {
    let lines_before = line.saturating_sub(1);
    let length_before: usize =
        bytes.split_inclusive(|byte| *byte == b'\n').take(lines_before).map(<[u8]>::len).sum();
    length_before.saturating_add(column.saturating_sub(1)).min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Limits = Limits { bytes: 64, depth: 2 };

    #[test]
    fn reads_what_serde_json_reads() {
        let text = br#" {"a":[1,-2,3.5,true,null,"x\u00e9"],"b":{}} "#;
        assert_eq!(parse(text, SMALL), Ok(serde_json::from_slice(text).unwrap()));
    }

    #[test]
    fn reads_numbers_alike_whatever_features_serde_json_has() {
        let numbers = parse(b"[0.0, 2.50, 1e3, 18446744073709551616]", SMALL).unwrap();
        let read: Vec<_> =
            numbers.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
        assert_eq!(read, [0.0, 2.5, 1000.0, 18_446_744_073_709_551_616.0]);
        assert_eq!(numbers[1].to_string(), "2.5");
        assert!(matches!(parse(b"1e999", SMALL), Err(JsonError::Malformed { .. })));
    }

    #[test]
    fn refuses_a_repeated_name_even_when_escaped() {
        assert!(parse(br#"{"a":1,"b":1}"#, SMALL).is_ok());
        assert_eq!(parse(br#"{"a":1,"a":1}"#, SMALL), Err(JsonError::RepeatedName { offset: 9 }));
        assert!(matches!(parse(br#"{"a":1,"\u0061":1}"#, SMALL), Err(JsonError::RepeatedName { .. })));
    }

    #[test]
    fn refuses_depth_and_length_past_the_limit() {
        assert!(parse(b"[[0]]", SMALL).is_ok());
        assert_eq!(parse(b"[[[0]]]", SMALL), Err(JsonError::TooDeep { limit: 2 }));
        assert_eq!(parse(&[b' '; 65], SMALL), Err(JsonError::TooLong { length: 65, limit: 64 }));
    }

    #[test]
    fn refuses_what_follows_the_document_and_tells_where() {
        assert_eq!(parse(b"{}\n x", SMALL), Err(JsonError::Malformed { offset: 4 }));
        assert!(matches!(parse(b"{\"a\":", SMALL), Err(JsonError::Malformed { .. })));
        assert!(matches!(parse(b"\"\xff\"", SMALL), Err(JsonError::Malformed { .. })));
    }

    #[test]
    fn tells_a_shape_apart_from_syntax() {
        assert_eq!(decode::<Vec<u8>>(b"{}", SMALL), Err(JsonError::Shape));
        assert_eq!(parse_object(b"[]", SMALL), Err(JsonError::Shape));
    }

    /// What `serde_json` reads without its feature `arbitrary_precision`, which another crate may turn on.
    fn theirs(text: &str) -> Option<Value> {
        fn plain(value: Value) -> Option<Value> {
            match value {
                // The zero below zero is no integer.
                Value::Number(number)
                    if number.to_string() == "-0" || !(number.is_i64() || number.is_u64()) =>
                {
                    number.as_f64().and_then(Number::from_f64).map(Value::Number)
                }
                Value::Array(items) => items.into_iter().map(plain).collect::<Option<_>>().map(Value::Array),
                Value::Object(object) => {
                    let members = object.into_iter().map(|(name, value)| Some((name, plain(value)?)));
                    members.collect::<Option<_>>().map(Value::Object)
                }
                other => Some(other),
            }
        }
        plain(serde_json::from_str(text).ok()?)
    }

    proptest::proptest! {
        #[test]
        fn never_panics_and_agrees_with_serde_json(text in r#"[\[\]{}",:0-9a\\ .eE-]{0,40}"#) {
            let ours = parse(text.as_bytes(), Limits { bytes: 64, depth: 64 });
            let theirs = theirs(&text);
            if let Ok(value) = &ours {
                proptest::prop_assert_eq!(Some(value), theirs.as_ref());
            }
            if theirs.is_some() && !matches!(ours, Err(JsonError::RepeatedName { .. })) {
                proptest::prop_assert!(ours.is_ok());
            }
        }
    }
}
