//! Received CBOR, walked once before anything else looks at it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use ciborium::Value;

use crate::CoseError;
use crate::write;

/// Bounds on one item.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long the encoding may be, in bytes.
    pub bytes: usize,
    /// How deep arrays, maps and tags may nest.
    pub depth: usize,
    /// How many items there may be in all. Reading an item costs a few machine words.
    pub items: usize,
}

impl Limits {
    /// A credential or a presentation of some: portraits included, deeper than any in use.
    pub const DOCUMENT: Self = Self { bytes: 512 * 1024, depth: 16, items: 32 * 1024 };
    /// One small structure, such as a header, a key or a token without lists.
    pub const MESSAGE: Self = Self { bytes: 64 * 1024, depth: 16, items: 4 * 1024 };
}

/// One CBOR item inside checked bytes: well-formed, of definite length, without repeated keys. Lengths
/// that are longer than need be are accepted, since hashes are over what was received.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Item<'a> {
    bytes: &'a [u8],
}

/// What an item is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// An unsigned integer.
    Unsigned,
    /// A negative integer.
    Negative,
    /// A byte string.
    Bytes,
    /// A text string.
    Text,
    /// An array.
    Array,
    /// A map.
    Map,
    /// A tagged item.
    Tag,
    /// A simple value or a float.
    Simple,
}

/// The head of an item: what it is, its argument, and where its content begins.
struct Head {
    major: u8,
    argument: u64,
    length: usize,
}

impl<'a> Item<'a> {
    /// Reads one item that fills `bytes`.
    ///
    /// # Errors
    /// [`CoseError`] for what is too long, malformed, of indefinite length, nested too deeply, repeats a
    /// key of a map, or has something behind it.
    ///
    /// Source: RFC 8949 §3, §5.3.1, §5.6.
    pub fn parse(bytes: &'a [u8], limits: Limits) -> Result<Self, CoseError> {
        if bytes.len() > limits.bytes {
            return Err(CoseError::TooLong { length: bytes.len(), limit: limits.bytes });
        }
        let mut walk = Walk { bytes, limits, items: 0 };
        let end = walk.item(0, 0)?;
        if end == bytes.len() { Ok(Self { bytes }) } else { Err(CoseError::Trailing { offset: end }) }
    }

    /// The encoding as it was received.
    pub const fn as_received(self) -> &'a [u8] {
        self.bytes
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        match self.head().major {
            0 => Kind::Unsigned,
            1 => Kind::Negative,
            2 => Kind::Bytes,
            3 => Kind::Text,
            4 => Kind::Array,
            5 => Kind::Map,
            6 => Kind::Tag,
            _ => Kind::Simple,
        }
    }

    /// An unsigned integer.
    ///
    /// # Errors
    /// [`CoseError::Structure`] for anything else.
    pub fn unsigned(self) -> Result<u64, CoseError> {
        let head = self.head();
        if head.major == 0 { Ok(head.argument) } else { Err(CoseError::Structure) }
    }

    /// A byte string's content.
    ///
    /// # Errors
    /// [`CoseError::Structure`] for anything else.
    pub fn bytes(self) -> Result<&'a [u8], CoseError> {
        let head = self.head();
        if head.major == 2 { Ok(self.content(&head)) } else { Err(CoseError::Structure) }
    }

    /// A text string's content.
    ///
    /// # Errors
    /// [`CoseError::Structure`] for anything else.
    pub fn text(self) -> Result<&'a str, CoseError> {
        let head = self.head();
        let text = std::str::from_utf8(self.content(&head)).ok().filter(|_| head.major == 3);
        text.ok_or(CoseError::Structure)
    }

    /// An array's elements.
    ///
    /// # Errors
    /// [`CoseError::Structure`] for anything else.
    pub fn array(self) -> Result<Vec<Self>, CoseError> {
        let head = self.head();
        if head.major == 4 {
            Ok(self.parts(&head, head.argument).collect())
        } else {
            Err(CoseError::Structure)
        }
    }

    /// A map's keys and values, in the order received.
    ///
    /// # Errors
    /// [`CoseError::Structure`] for anything else.
    pub fn map(self) -> Result<Vec<(Self, Self)>, CoseError> {
        Ok(self.pairs()?.collect())
    }

    /// The value of the text key `name` of a map; `None` when it has none.
    ///
    /// # Errors
    /// [`CoseError::Structure`] when this is no map.
    pub fn get(self, name: &str) -> Result<Option<Self>, CoseError> {
        let found = self.pairs()?.find(|(key, _)| key.is_text(name.as_bytes()));
        Ok(found.map(|(_, value)| value))
    }

    /// As [`Item::get`], for a key that has to be there.
    ///
    /// # Errors
    /// [`CoseError::Structure`] when it is not.
    pub fn member(self, name: &str) -> Result<Self, CoseError> {
        self.get(name)?.ok_or(CoseError::Structure)
    }

    /// What stands behind the tag `number`.
    ///
    /// # Errors
    /// [`CoseError::Structure`] for anything else.
    pub fn tagged(self, number: u64) -> Result<Self, CoseError> {
        match self.tag()? {
            (found, inner) if found == number => Ok(inner),
            _ => Err(CoseError::Structure),
        }
    }

    /// A tag and what stands behind it.
    ///
    /// # Errors
    /// [`CoseError::Structure`] for anything else.
    pub fn tag(self) -> Result<(u64, Self), CoseError> {
        let head = self.head();
        if head.major != 6 {
            return Err(CoseError::Structure);
        }
        Ok((head.argument, Self { bytes: self.bytes.get(head.length..).unwrap_or_default() }))
    }

    /// The encoding inside a byte string of tag 24 (encoded CBOR), unread.
    ///
    /// # Errors
    /// [`CoseError::Structure`] for anything else.
    ///
    /// Source: RFC 8949 §3.4.5.1.
    pub fn encoded(self) -> Result<&'a [u8], CoseError> {
        self.tagged(24)?.bytes()
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        let head = self.head();
        head.major == 7 && head.length == 1 && head.argument == 22
    }

    /// The value, copied.
    ///
    /// # Errors
    /// [`CoseError::Structure`] for what `ciborium` has no value for.
    pub fn value(self) -> Result<Value, CoseError> {
        ciborium::from_reader(self.bytes).map_err(|_| CoseError::Structure)
    }

    fn head(self) -> Head {
        head(self.bytes, 0).unwrap_or(Head { major: 7, argument: 23, length: 1 })
    }

    fn content(self, head: &Head) -> &'a [u8] {
        self.bytes.get(head.length..).unwrap_or_default()
    }

    /// A map's keys and values, without reserving for them.
    fn pairs(self) -> Result<impl Iterator<Item = (Self, Self)> + use<'a>, CoseError> {
        let head = self.head();
        if head.major != 5 {
            return Err(CoseError::Structure);
        }
        let mut parts = self.parts(&head, head.argument.saturating_mul(2));
        Ok(std::iter::from_fn(move || Some((parts.next()?, parts.next()?))))
    }

    /// Whether it is the text `name`, which is valid UTF-8: equal bytes are equal texts.
    fn is_text(self, name: &[u8]) -> bool {
        let head = self.head();
        head.major == 3 && self.content(&head) == name
    }

    /// `count` items behind the head. They were walked when the whole was read.
    fn parts(self, head: &Head, count: u64) -> impl Iterator<Item = Self> + use<'a> {
        let mut rest = self.content(head);
        (0..count).map_while(move |_| {
            let end = Walk { bytes: rest, limits: UNBOUNDED, items: 0 }.skip(0).ok()?;
            let (part, behind) = rest.split_at(end.min(rest.len()));
            rest = behind;
            Some(Self { bytes: part })
        })
    }
}

/// Shows kind and size alone: an item may hold claims.
impl fmt::Debug for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Item({:?}, {} bytes)", self.kind(), self.bytes.len())
    }
}

const UNBOUNDED: Limits = Limits { bytes: usize::MAX, depth: usize::MAX, items: usize::MAX };

struct Walk<'a> {
    bytes: &'a [u8],
    limits: Limits,
    items: usize,
}

impl<'a> Walk<'a> {
    /// Checks the item at `offset`; gives where it ends.
    fn item(&mut self, offset: usize, depth: usize) -> Result<usize, CoseError> {
        if depth > self.limits.depth {
            return Err(CoseError::TooDeep { limit: self.limits.depth });
        }
        self.items = self.items.saturating_add(1);
        if self.items > self.limits.items {
            return Err(CoseError::TooMany { offset });
        }
        let head = head(self.bytes, offset)?;
        let start = offset.saturating_add(head.length);
        match head.major {
            2 | 3 => self.string(&head, start),
            4 => self.sequence(self.count(&head, 1, start)?, start, depth),
            5 => self.map(self.count(&head, 2, start)?, start, depth),
            6 => self.item(start, depth.saturating_add(1)),
            _ => Ok(start),
        }
    }

    fn string(&self, head: &Head, start: usize) -> Result<usize, CoseError> {
        let malformed = CoseError::Malformed { offset: start };
        let length = usize::try_from(head.argument).map_err(|_| malformed)?;
        let end = start.checked_add(length).ok_or(malformed)?;
        let content = self.bytes.get(start..end).ok_or(malformed)?;
        if head.major == 3 && std::str::from_utf8(content).is_err() {
            return Err(malformed);
        }
        Ok(end)
    }

    /// How many times `each` items follow. Each takes a byte at least, so a count that the rest has no
    /// room for is refused before anything is reserved.
    fn count(&self, head: &Head, each: u64, start: usize) -> Result<usize, CoseError> {
        let room = self.bytes.len().saturating_sub(start);
        let count = usize::try_from(head.argument.saturating_mul(each)).unwrap_or(usize::MAX);
        if count > room {
            return Err(CoseError::Malformed { offset: start });
        }
        Ok(count)
    }

    fn sequence(&mut self, count: usize, start: usize, depth: usize) -> Result<usize, CoseError> {
        (0..count).try_fold(start, |at, _| self.item(at, depth.saturating_add(1)))
    }

    fn map(&mut self, count: usize, start: usize, depth: usize) -> Result<usize, CoseError> {
        let mut keys = Keys::default();
        let mut at = start;
        for _ in 0..count / 2 {
            let end = self.item(at, depth.saturating_add(1))?;
            // Two encodings of one key are one key, so the shortest encoding is compared.
            if !keys.insert(write::shortest(self.bytes.get(at..end).unwrap_or_default())) {
                return Err(CoseError::RepeatedKey { offset: at });
            }
            at = self.item(end, depth.saturating_add(1))?;
        }
        Ok(at)
    }

    /// The end of an item that was checked before: nested parts are counted, not looked into.
    fn skip(&mut self, offset: usize) -> Result<usize, CoseError> {
        let mut at = offset;
        let mut pending = 1_u64;
        while pending > 0 {
            let head = head(self.bytes, at)?;
            at = at.saturating_add(head.length);
            pending = pending.saturating_sub(1);
            match head.major {
                2 | 3 => at = at.saturating_add(usize::try_from(head.argument).unwrap_or(usize::MAX)),
                4 => pending = pending.saturating_add(head.argument),
                5 => pending = pending.saturating_add(head.argument.saturating_mul(2)),
                6 => pending = pending.saturating_add(1),
                _ => {}
            }
        }
        Ok(at)
    }
}

/// The keys of one map so far. Most maps are small: their keys are compared one by one.
#[derive(Default)]
struct Keys<'a> {
    few: Vec<Cow<'a, [u8]>>,
    more: BTreeSet<Cow<'a, [u8]>>,
}

impl<'a> Keys<'a> {
    /// How many are compared one by one.
    const FEW: usize = 16;

    /// Whether the key is new.
    fn insert(&mut self, key: Cow<'a, [u8]>) -> bool {
        if self.few.contains(&key) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(key);
            return true;
        }
        self.more.insert(key)
    }
}

/// Source: RFC 8949 §3.
fn head(bytes: &[u8], offset: usize) -> Result<Head, CoseError> {
    let malformed = CoseError::Malformed { offset };
    let first = *bytes.get(offset).ok_or(malformed)?;
    let (major, information) = (first >> 5, first & 0x1f);
    let width = match information {
        0..=23 => return simple(major, u64::from(information), malformed),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        31 => return Err(CoseError::Indefinite { offset }),
        _ => return Err(malformed),
    };
    let from = offset.saturating_add(1);
    let argument = bytes.get(from..from.saturating_add(width)).ok_or(malformed)?;
    let argument = argument.iter().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    // A simple value below 32 in two bytes is not well-formed: RFC 8949 §3.3.
    if major == 7 && width == 1 && argument < 32 {
        return Err(malformed);
    }
    Ok(Head { major, argument, length: width.saturating_add(1) })
}

fn simple(major: u8, argument: u64, malformed: CoseError) -> Result<Head, CoseError> {
    // false, true, null, undefined; the simple values below have no meaning that anyone assigned.
    if major == 7 && argument < 20 {
        return Err(malformed);
    }
    Ok(Head { major, argument, length: 1 })
}

#[cfg(test)]
mod tests {
    use inro_base::Coded as _;

    use super::*;

    fn refusal(bytes: &[u8]) -> &'static str {
        Item::parse(bytes, Limits::MESSAGE).unwrap_err().code().as_str()
    }

    #[test]
    fn reads_every_kind_and_keeps_the_bytes() {
        let bytes = [0x84, 0x18, 0x2a, 0x20, 0x42, 1, 2, 0xa1, 0x61, 0x61, 0xd8, 0x18, 0x41, 0xf6];
        let item = Item::parse(&bytes, Limits::MESSAGE).unwrap();
        let parts = item.array().unwrap();
        assert_eq!(parts.len(), 4);
        assert_eq!(parts[0].unsigned(), Ok(42));
        assert_eq!(parts[1].kind(), Kind::Negative);
        assert_eq!(parts[2].bytes(), Ok(&[1, 2][..]));
        let inner = parts[3].member("a").unwrap();
        assert_eq!(inner.encoded(), Ok(&[0xf6][..]));
        assert_eq!(inner.as_received(), &[0xd8, 0x18, 0x41, 0xf6]);
        assert!(Item::parse(&[0xf6], Limits::MESSAGE).unwrap().is_null());
    }

    #[test]
    fn accepts_lengths_that_are_longer_than_need_be_and_keeps_them() {
        let bytes = [0x98, 1, 0x5a, 0, 0, 0, 1, 7];
        let item = Item::parse(&bytes, Limits::MESSAGE).unwrap();
        let part = item.array().unwrap()[0];
        assert_eq!((part.bytes(), part.as_received()), (Ok(&[7][..]), &bytes[2..]));
    }

    #[test]
    fn refuses_indefinite_lengths() {
        assert!(Item::parse(&[0x81, 1], Limits::MESSAGE).is_ok());
        for bytes in [&[0x9f, 1, 0xff][..], &[0xbf, 0xff], &[0x5f, 0x41, 1, 0xff], &[0x7f, 0xff], &[0xff]] {
            assert_eq!(refusal(bytes), "INRO-COSE-004");
        }
    }

    #[test]
    fn refuses_repeated_keys_however_they_are_written() {
        assert!(Item::parse(&[0xa2, 1, 0, 2, 0], Limits::MESSAGE).is_ok());
        assert_eq!(refusal(&[0xa2, 1, 0, 1, 0]), "INRO-COSE-005");
        assert_eq!(refusal(&[0xa2, 1, 0, 0x18, 1, 0]), "INRO-COSE-005");
        assert_eq!(refusal(&[0xa2, 0x61, 0x61, 0, 0x78, 1, 0x61, 0]), "INRO-COSE-005");
        // Beyond the keys that are compared one by one.
        let many = |last: u8| {
            let keys = (0..20).chain([last]).flat_map(|key: u8| [key, 0]);
            [0xb5].into_iter().chain(keys).collect::<Vec<u8>>()
        };
        assert!(Item::parse(&many(20), Limits::MESSAGE).is_ok());
        for repeated in [0, 15, 16, 19] {
            assert_eq!(refusal(&many(repeated)), "INRO-COSE-005");
        }
        // Deeper down as well, and in a key that is an array.
        assert_eq!(refusal(&[0x81, 0xa2, 0x81, 1, 0, 0x98, 1, 1, 0]), "INRO-COSE-005");
    }

    #[test]
    fn refuses_huge_lengths_without_reserving_for_them() {
        assert!(Item::parse(&[0x41, 0], Limits::MESSAGE).is_ok());
        for major in [0x5b_u8, 0x7b, 0x9b, 0xbb] {
            let mut bytes = vec![major];
            bytes.extend_from_slice(&u64::MAX.to_be_bytes());
            assert_eq!(refusal(&bytes), "INRO-COSE-002");
        }
    }

    #[test]
    fn refuses_deep_nesting_many_items_and_a_long_input() {
        let nested = |depth: usize| [vec![0x81; depth], vec![0]].concat();
        assert!(Item::parse(&nested(16), Limits::MESSAGE).is_ok());
        assert_eq!(refusal(&nested(17)), "INRO-COSE-003");
        let tags = [vec![0xc1; 40_000], vec![0]].concat();
        assert_eq!(refusal(&tags), "INRO-COSE-003");
        let many = |count: u16| [&[0x99][..], &count.to_be_bytes(), &vec![0; usize::from(count)]].concat();
        assert!(Item::parse(&many(4_095), Limits::MESSAGE).is_ok());
        assert_eq!(refusal(&many(4_096)), "INRO-COSE-003");
        assert_eq!(refusal(&vec![0; 64 * 1024 + 1]), "INRO-COSE-001");
    }

    #[test]
    fn refuses_what_is_cut_trailing_or_not_well_formed() {
        for bytes in [&[][..], &[0x18], &[0x42, 1], &[0x82, 1], &[0xa1, 1], &[0xc1], &[0x1c], &[0xf8, 0x18]] {
            assert_eq!(refusal(bytes), "INRO-COSE-002", "{bytes:?}");
        }
        assert_eq!(refusal(&[0, 0]), "INRO-COSE-002");
        assert_eq!(refusal(&[0x61, 0xff]), "INRO-COSE-002");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
            if let Ok(item) = Item::parse(&bytes, Limits::MESSAGE) {
                proptest::prop_assert_eq!(item.as_received(), &bytes[..]);
                if let Ok(parts) = item.array() {
                    let inner: usize = parts.iter().map(|part| part.as_received().len()).sum();
                    proptest::prop_assert!(inner < bytes.len());
                }
                let _ = item.value();
            }
        }
    }
}
