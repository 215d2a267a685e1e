//! Japanese or English, by the environment.

use inro_base::report::Language;
use inro_base::steers;
use inro_wallet_core::Localized;
use serde_json::Value;

/// The longest value on the screen, in characters.
const MAX_VALUE: usize = 1_000;

/// By `LC_ALL`, else `LANG`.
pub(crate) fn from_environment() -> Language {
    let value = |name| std::env::var(name).ok();
    Language::from_locale(value("LC_ALL").as_deref(), value("LANG").as_deref())
}

/// A name in `language`, or in the other where that one is missing.
pub(crate) fn localized(name: &Localized, language: Language) -> &str {
    let (first, second) = match language {
        Language::En => (&name.en, &name.ja),
        Language::Ja => (&name.ja, &name.en),
    };
    if first.is_empty() { second } else { first }
}

/// `text` without the characters that could steer a terminal: what a stranger named itself must not
/// repaint the screen on which the holder decides. The selectors that choose the form of a kanji stay.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// A stranger's text on one line: [`plain`], blanks in a row as one, and at most `limit` characters,
/// so that it cannot be padded until it looks like a line of ours.
pub(crate) fn brief(text: &str, limit: usize) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let mut line = plain(&words.join(" "));
    if let Some((end, _)) = line.char_indices().nth(limit) {
        line.truncate(end);
        line.push('…');
    }
    line
}

/// As [`brief`], and says how much was cut.
pub(crate) fn shortened(text: &str, limit: usize, language: Language) -> String {
    let whole = brief(text, usize::MAX).chars().count();
    let line = brief(text, limit);
    match (whole.saturating_sub(limit), language) {
        (0, _) => line,
        (cut, Language::En) => format!("{line} (characters cut: {cut})"),
        (cut, Language::Ja) => format!("{line}（ほか{cut}文字）"),
    }
}

/// A claim's value on one line, [`shortened`]: a text as it is, anything else as JSON.
pub(crate) fn value(value: &Value, language: Language) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    shortened(&text, MAX_VALUE, language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_a_name_in_the_language_that_it_has() {
        let name = Localized { en: "Minato City".into(), ja: "みなと市".into() };
        assert_eq!(localized(&name, Language::Ja), "みなと市");
        assert_eq!(localized(&name, Language::En), "Minato City");
        let name = Localized { en: String::new(), ja: "みなと市".into() };
        assert_eq!(localized(&name, Language::En), "みなと市");
    }

    #[test]
    fn takes_terminal_controls_out_of_a_name() {
        assert_eq!(plain("みなと市 Office"), "みなと市 Office");
        assert_eq!(plain("a\u{1b}[2Jb\u{202e}c\n"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
        for c in ['\u{9b}', '\u{61c}', '\u{2028}', '\u{2029}', '\u{2066}', '\u{3164}', '\u{e0041}', '\u{ad}']
        {
            assert_eq!(plain(&format!("a{c}b")), "a\u{fffd}b");
        }
        let kanji = "葛\u{e0100}飾";
        assert_eq!(plain(kanji), kanji);
    }

    #[test]
    fn keeps_a_strangers_text_from_looking_like_a_line_of_ours() {
        assert_eq!(brief("Welfare System", 20), "Welfare System");
        let padded = format!("X{}\n\u{3000}Registered verifier: Welfare System", " ".repeat(79));
        assert_eq!(brief(&padded, 100), "X Registered verifier: Welfare System");
        assert_eq!(brief(&padded, 4), "X Re…");
        assert_eq!(brief(&"印".repeat(101), 100), format!("{}…", "印".repeat(100)));
    }

    #[test]
    fn says_how_much_of_a_value_it_has_cut() {
        let of = |count: usize| Value::from("印".repeat(count));
        let shown = "印".repeat(1_000);
        assert_eq!(value(&of(1_000), Language::En), shown);
        assert_eq!(value(&of(1_001), Language::En), format!("{shown}… (characters cut: 1)"));
        assert_eq!(value(&of(3_500), Language::Ja), format!("{shown}…（ほか2500文字）"));
        assert_eq!(value(&serde_json::json!({ "a": [1, true] }), Language::En), r#"{"a":[1,true]}"#);
        assert_eq!(value(&Value::from("a \n\t b\u{1b}[2J"), Language::En), "a b\u{fffd}[2J");
    }
}
