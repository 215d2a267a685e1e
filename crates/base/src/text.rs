//! Texts that strangers write and people read.

use std::ops::RangeInclusive;

/// Line and paragraph separators, marks of direction, and characters without a shape. Source: Unicode 16,
/// UAX #9 §2, and the property Default_Ignorable_Code_Point without its variation selectors.
const STEERING: [RangeInclusive<char>; 17] = [
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{3164}'..='\u{3164}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e00ff}',
    '\u{e01f0}'..='\u{e0fff}',
];

/// Whether a character changes how others are shown, or hides: what a stranger wrote must read as it is
/// signed. Variation selectors do not count: names of people and places need them.
pub fn steers(c: char) -> bool {
    c.is_control() || STEERING.iter().any(|range| range.contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_a_text_or_hides_in_it_is_told_from_what_is_read() {
        let steering = "\n\u{1b}\u{9b}\u{ad}\u{34f}\u{61c}\u{200b}\u{2028}\u{2029}\u{202e}\u{2066}\u{3164}\u{feff}\
                        \u{fff0}\u{1d173}\u{e0041}\u{e0080}\u{e0fff}";
        for c in steering.chars() {
            assert!(steers(c), "{c:?}");
        }
        for c in "aé 港区役所　葛\u{e0100}辻\u{e01ef}が\u{3099}\u{fe0f}🙂".chars() {
            assert!(!steers(c), "{c:?}");
        }
    }
}
