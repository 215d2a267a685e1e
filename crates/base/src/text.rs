//! Texts that strangers write and people read.

/// Whether a character changes how others are shown, or hides: controls, line and paragraph separators,
/// marks of direction, and characters without a shape. Variation selectors do not count: names of people
/// and places need them.
///
/// Source: Unicode 16, UAX #9 §2, and the property Default_Ignorable_Code_Point.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{180e}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
        )
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_a_text_or_hides_in_it_is_told_from_what_is_read() {
        for c in
            "\n\u{1b}\u{9b}\u{ad}\u{61c}\u{200b}\u{2028}\u{2029}\u{202e}\u{2066}\u{3164}\u{feff}\u{e0041}"
                .chars()
        {
            assert!(steers(c), "{c:?}");
        }
        for c in "aé 港区役所　葛\u{e0100}が\u{3099}🙂".chars() {
            assert!(!steers(c), "{c:?}");
        }
    }
}
