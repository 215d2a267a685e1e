//! base64url without padding, as JOSE uses it. Source: RFC 7515 §2, RFC 4648 §5.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// The text was not what the decoder expects: a foreign character, padding, a wrong length, or
/// spare bits that are not zero.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not base64url")]
pub struct NotBase64;

/// Encodes without padding.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes text without padding. One byte string has exactly one accepted text.
///
/// # Errors
/// [`NotBase64`] for padding, other alphabets, white space or non-zero spare bits.
pub fn decode(text: &str) -> Result<Vec<u8>, NotBase64> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| NotBase64)
}

/// Decodes exactly `N` bytes.
///
/// # Errors
/// [`NotBase64`] also when the length differs.
pub fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], NotBase64> {
    decode(text)?.try_into().map_err(|_| NotBase64)
}

/// Encodes in the standard alphabet with padding, as `x5c` wants it. Source: RFC 7515 §4.1.6.
pub fn encode_standard(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Decodes the standard alphabet with padding, as `x5c` wants it.
///
/// # Errors
/// [`NotBase64`] for anything else.
pub fn decode_standard(text: &str) -> Result<Vec<u8>, NotBase64> {
    STANDARD.decode(text).map_err(|_| NotBase64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_padding_foreign_characters_and_spare_bits() {
        assert_eq!(decode("_-8"), Ok(vec![0xff, 0xef]));
        for text in ["_-8=", "/+8", "_-9", "_ -8", "A", "_-8\n"] {
            assert_eq!(decode(text), Err(NotBase64), "{text:?}");
        }
    }
}
