//! CBOR that this house makes: shortest lengths, maps in the order that their maker gives.
//!
//! Source: RFC 8949 §4.2.1; ISO/IEC 18013-5 fixes the order of its own maps (read from peers).

use std::borrow::Cow;

use ciborium::Value;

/// The encoding of a value, with the shortest lengths.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("a vector takes every byte");
    bytes
}

/// A map with text keys, in the order given.
pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (Value::Text(key.into()), value)).collect())
}

/// `bytes` as a byte string of tag 24, encoded CBOR. Source: RFC 8949 §3.4.5.1.
pub fn encoded(bytes: Vec<u8>) -> Value {
    Value::Tag(24, Box::new(Value::Bytes(bytes)))
}

/// An array of parts that are encoded already, kept byte for byte.
pub fn array_of_encoded(parts: &[&[u8]]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.array(parts.len());
    parts.iter().for_each(|part| writer.raw(part));
    writer.finish()
}

/// A map with text keys and values that are encoded already, in the order given.
pub fn map_of_encoded(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.map(entries.len());
    for (key, value) in entries {
        writer.text(key);
        writer.raw(value);
    }
    writer.finish()
}

/// Writes an encoding from its beginning to its end, without values in between. Who announces an array or
/// a map writes its parts next.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// The head of an array of `count` items.
    pub fn array(&mut self, count: usize) {
        self.head(4, count);
    }

    /// The head of a map of `count` pairs.
    pub fn map(&mut self, count: usize) {
        self.head(5, count);
    }

    /// A text.
    pub fn text(&mut self, text: &str) {
        self.head(3, text.len());
        self.raw(text.as_bytes());
    }

    /// A byte string.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.head(2, bytes.len());
        self.raw(bytes);
    }

    /// A whole number that is not below zero.
    pub fn unsigned(&mut self, number: u64) {
        put_head(0, number, &mut self.0);
    }

    /// `bytes` as a byte string of tag 24, encoded CBOR. Source: RFC 8949 §3.4.5.1.
    pub fn encoded(&mut self, bytes: &[u8]) {
        self.tag(24);
        self.bytes(bytes);
    }

    /// A tag; what it stands before is written next.
    pub fn tag(&mut self, number: u64) {
        put_head(6, number, &mut self.0);
    }

    /// `null`.
    pub fn null(&mut self) {
        self.0.push(0xf6);
    }

    /// A value.
    pub fn value(&mut self, value: &Value) {
        ciborium::into_writer(value, &mut self.0).expect("a vector takes every byte");
    }

    /// What is encoded already.
    pub fn raw(&mut self, encoding: &[u8]) {
        self.0.extend_from_slice(encoding);
    }

    /// What was written.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    fn head(&mut self, major: u8, argument: usize) {
        put_head(major, u64::try_from(argument).unwrap_or(u64::MAX), &mut self.0);
    }
}

/// The shortest encoding of the well-formed item `bytes`, to compare keys. Orders inside a key are kept.
pub(crate) fn shortest(bytes: &[u8]) -> Cow<'_, [u8]> {
    // What can be a key in the structures of this house: one short text, byte string or number.
    if let Some((first, content)) = bytes.split_first()
        && (first & 0x1f) < 24
        && (first >> 5 < 2 || (matches!(first >> 5, 2 | 3) && content.len() == usize::from(first & 0x1f)))
    {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(shortened(bytes))
}

fn shortened(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, behind)) = rest.split_first() {
        let (major, information) = (first >> 5, first & 0x1f);
        let width = match information {
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => 0,
        };
        let (argument, behind) = behind.split_at(width.min(behind.len()));
        if major == 7 {
            // A float's width is part of its value here; nobody keys a map by one.
            out.push(*first);
            out.extend_from_slice(argument);
            rest = behind;
            continue;
        }
        let value = match width {
            0 => u64::from(information),
            _ => argument.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte)),
        };
        put_head(major, value, &mut out);
        let content = if matches!(major, 2 | 3) { usize::try_from(value).unwrap_or(usize::MAX) } else { 0 };
        let (content, behind) = behind.split_at(content.min(behind.len()));
        out.extend_from_slice(content);
        rest = behind;
    }
    out
}

fn put_head(major: u8, argument: u64, out: &mut Vec<u8>) {
    let bytes = argument.to_be_bytes();
    let (information, skip) = match argument {
        0..=23 => (bytes.last().copied().unwrap_or_default(), 8),
        24..=0xff => (24, 7),
        0x100..=0xffff => (25, 6),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 0),
    };
    out.push((major << 5) | information);
    out.extend_from_slice(bytes.get(skip..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_shortest_lengths_in_the_order_given() {
        let value = map([("b", Value::from(23)), ("a", Value::from(256)), ("c", encoded(vec![0xf6]))]);
        let expected = [0xa3, 0x61, 0x62, 0x17, 0x61, 0x61, 0x19, 1, 0, 0x61, 0x63, 0xd8, 0x18, 0x41, 0xf6];
        assert_eq!(encode(&value), expected);
    }

    #[test]
    fn keeps_encoded_parts_as_they_are() {
        assert_eq!(array_of_encoded(&[&[0x18, 1], &[0xf6]]), [0x82, 0x18, 1, 0xf6]);
        assert_eq!(map_of_encoded(&[("a", vec![0x18, 1])]), [0xa1, 0x61, 0x61, 0x18, 1]);
        assert_eq!(array_of_encoded(&[&[0_u8][..]; 30])[..3], [0x98, 30, 0]);
    }

    #[test]
    fn a_writer_writes_what_a_value_encodes_to() {
        let value = Value::Map(vec![
            (Value::from("text"), Value::from("日本".repeat(30))),
            (Value::from(70_000), Value::Array(vec![encoded(vec![7; 300]), Value::Bytes(Vec::new())])),
            (Value::from(3), Value::Null),
        ]);
        let mut writer = Writer::default();
        writer.map(3);
        writer.text("text");
        writer.value(&Value::from("日本".repeat(30)));
        writer.unsigned(70_000);
        writer.array(2);
        writer.encoded(&[7; 300]);
        writer.bytes(&[]);
        writer.unsigned(3);
        writer.null();
        assert_eq!(writer.finish(), encode(&value));
    }

    #[test]
    fn what_is_shortest_already_is_not_copied_and_stays() {
        for bytes in [&[0x61, 0x61][..], &[0x17], &[0x36], &[0x42, 0x18, 1], &[0x60]] {
            assert!(matches!(shortest(bytes), Cow::Borrowed(same) if same == shortened(bytes)));
        }
    }

    #[test]
    fn shortens_every_length_inside() {
        assert_eq!(*shortest(&[0x98, 2, 0x1b, 0, 0, 0, 0, 0, 0, 0, 5, 0x58, 1, 9]), [0x82, 5, 0x41, 9]);
    }
}
