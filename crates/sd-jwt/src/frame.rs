use std::ops::Range;

use crate::SdJwtError;

/// The longest SD-JWT that is read, in bytes: a credential with a portrait has some 100 KiB.
/// Source: ours.
pub const MAX_BYTES: usize = 1024 * 1024;
/// The most disclosures that are read; a rich identity credential has about 60. Source: ours.
pub const MAX_DISCLOSURES: usize = 1000;
/// The deepest nesting of payload and disclosures together: as deep as a document may nest.
/// Source: ours, [`inro_base::json::Limits::DOCUMENT`].
pub const MAX_DEPTH: usize = 32;

/// The text of an SD-JWT and where its parts stand. Source: RFC 9901 §4.
#[derive(Debug)]
pub(crate) struct Frame {
    text: String,
    jwt: Range<usize>,
    disclosures: Vec<Range<usize>>,
    /// Where the last `~` ends, and a key binding may begin.
    end: usize,
}

impl Frame {
    /// # Errors
    /// [`SdJwtError`] when it has no `~`, an empty part, or is past a bound.
    pub(crate) fn parse(text: &str) -> Result<Self, SdJwtError> {
        if text.len() > MAX_BYTES {
            return Err(SdJwtError::TooLong { length: text.len(), limit: MAX_BYTES });
        }
        let end = text.rfind('~').ok_or(SdJwtError::Frame)?.saturating_add(1);
        let count = text.bytes().filter(|byte| *byte == b'~').count().saturating_sub(1);
        if count > MAX_DISCLOSURES {
            return Err(SdJwtError::TooMany { count, limit: MAX_DISCLOSURES });
        }
        let mut parts = Vec::with_capacity(count);
        let mut start = 0;
        for (tilde, _) in text.match_indices('~') {
            if start == tilde {
                return Err(SdJwtError::Frame);
            }
            parts.push(start..tilde);
            start = tilde.saturating_add(1);
        }
        let mut parts = parts.into_iter();
        let jwt = parts.next().ok_or(SdJwtError::Frame)?;
        Ok(Self { text: text.to_owned(), jwt, disclosures: parts.collect(), end })
    }

    /// The issuer-signed JWT.
    pub(crate) fn jwt(&self) -> &str {
        self.slice(self.jwt.clone())
    }

    /// The disclosures as received, in their order.
    pub(crate) fn disclosures(&self) -> impl Iterator<Item = &str> {
        self.disclosures.iter().map(|range| self.slice(range.clone()))
    }

    /// Everything up to the last `~`, which `sd_hash` is taken over. Source: RFC 9901 §4.3.1.
    pub(crate) fn presented(&self) -> &str {
        self.slice(0..self.end)
    }

    /// The key-binding JWT, where there is one.
    pub(crate) fn key_binding(&self) -> Option<&str> {
        Some(self.slice(self.end..self.text.len())).filter(|text| !text.is_empty())
    }

    fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).expect("ranges lie between tildes of this very text")
    }
}
