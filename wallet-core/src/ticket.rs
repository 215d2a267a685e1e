//! What collects a deferred credential, at rest: wrapped, with the name of the wrapping key before it. Each
//! has a key of its own, which is deleted with it.

use crate::keys::KeyId;

/// Stands before the key's name; a ticket without it names no key.
const MARK: &[u8] = b"inro-ticket-1 ";
/// What a key store calls its key from before keys had names.
const UNNAMED: &str = "wrapping";

/// What is stored: the key's name and what it wrapped.
pub(crate) fn join(key: &KeyId, wrapped: &[u8]) -> Vec<u8> {
    let length = u16::try_from(key.0.len()).unwrap_or(u16::MAX).to_be_bytes();
    [MARK, &length, key.0.as_bytes(), wrapped].concat()
}

/// The key's name and what it wrapped.
pub(crate) fn split(ticket: &[u8]) -> (KeyId, &[u8]) {
    named(ticket).unwrap_or_else(|| (KeyId(UNNAMED.into()), ticket))
}

fn named(ticket: &[u8]) -> Option<(KeyId, &[u8])> {
    let (length, rest) = ticket.strip_prefix(MARK)?.split_first_chunk::<2>()?;
    let (name, wrapped) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    Some((KeyId(str::from_utf8(name).ok()?.to_owned()), wrapped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_its_key_or_the_one_that_had_no_name() {
        let key = KeyId("a-key".into());
        assert_eq!(split(&join(&key, b"wrapped")), (key, b"wrapped".as_slice()));
        for bare in [b"".as_slice(), b"wrapped", MARK, b"inro-ticket-1 \x00\x09short"] {
            assert_eq!(split(bare), (KeyId("wrapping".into()), bare));
        }
    }
}
