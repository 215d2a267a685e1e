use std::fmt;

use crate::Rng;

/// Names one transaction for the help desk: 128 random bits, in hex. Never shared between verifiers.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct RequestId([u8; 16]);

impl RequestId {
    /// A fresh id.
    pub fn random(rng: &mut dyn Rng) -> Self {
        Self(rng.bytes())
    }

    /// The id as it is shown: 32 digits in hex. `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let number = u128::from_str_radix(text, 16).ok().filter(|_| well_formed)?;
        Some(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_shows_and_nothing_else() {
        let shown = RequestId([0x0a; 16]).to_string();
        assert_eq!(RequestId::parse(&shown), Some(RequestId([0x0a; 16])));
        for text in ["", "0a", &format!("{shown}0"), &shown.replace("0a0a0a0a", "+a0a0a0a"), &"z".repeat(32)]
        {
            assert_eq!(RequestId::parse(text), None, "{text}");
        }
    }
}
