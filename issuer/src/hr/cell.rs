use inro_base::steers;
use inro_credential::citizen;

use super::error::RowFault;

/// Names and texts; the longest in use have some 60 characters.
pub(super) const MAX_TEXT: usize = 128;
/// Numbers and codes.
pub(super) const MAX_CODE: usize = 32;
/// A list of roles.
pub(super) const MAX_LIST: usize = 256;

/// What holds for every cell: not too long, displayable, and no My Number. Nothing is normalised
/// or escaped: a name stays as its bearer writes it, and a leading `=` is data.
pub(super) fn check(text: &str, limit: usize) -> Result<(), RowFault> {
    if text.chars().count() > limit {
        return Err(RowFault::TooLong { limit });
    }
    if citizen::contains_my_number(text) {
        return Err(RowFault::MyNumber);
    }
    if text.chars().any(is_not_displayable) {
        return Err(RowFault::Character);
    }
    Ok(())
}

/// A code: visible ASCII without the signs that separate codes.
pub(super) fn is_code(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=MAX_CODE).contains(&text.len()) && text.bytes().all(allowed)
}

/// Characters that steer could forge lines or names, and private-use ones (a municipality's own 外字) look
/// different or like nothing elsewhere.
fn is_not_displayable(symbol: char) -> bool {
    steers(symbol)
        || matches!(symbol, '\u{e000}'..='\u{f8ff}' | '\u{fffc}' | '\u{fffd}' | '\u{f0000}'..='\u{10ffff}')
}
