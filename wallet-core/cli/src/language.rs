//! Japanese or English, by the environment.

use inro_base::code::Text;
use inro_wallet_core::Localized;

/// The language that the holder reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Language {
    /// English.
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// By `LC_ALL`, else `LANG`; English unless it begins with `ja`.
    pub(crate) fn from_environment() -> Self {
        let value = ["LC_ALL", "LANG"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        if value.is_some_and(|value| value.starts_with("ja")) { Self::Ja } else { Self::En }
    }

    /// One of two fixed texts.
    pub(crate) const fn pick(self, en: &'static str, ja: &'static str) -> &'static str {
        match self {
            Self::En => en,
            Self::Ja => ja,
        }
    }

    /// The registry's text in this language.
    pub(crate) const fn registered(self, text: Text) -> &'static str {
        self.pick(text.en, text.ja)
    }

    /// A name in this language, or in the other where this one is missing.
    pub(crate) fn name(self, name: &Localized) -> &str {
        let (first, second) = match self {
            Self::En => (&name.en, &name.ja),
            Self::Ja => (&name.ja, &name.en),
        };
        if first.is_empty() { second } else { first }
    }
}

/// `text` without the characters that could steer a terminal: what a stranger named itself must not
/// repaint the screen on which the holder decides.
pub(crate) fn plain(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_a_name_in_the_language_that_it_has() {
        let name = Localized { en: "Minato City".into(), ja: "みなと市".into() };
        assert_eq!(Language::Ja.name(&name), "みなと市");
        assert_eq!(Language::En.name(&name), "Minato City");
        let name = Localized { en: String::new(), ja: "みなと市".into() };
        assert_eq!(Language::En.name(&name), "みなと市");
    }

    #[test]
    fn takes_terminal_controls_out_of_a_name() {
        assert_eq!(plain("みなと市 Office"), "みなと市 Office");
        assert_eq!(plain("a\u{1b}[2Jb\u{202e}c\n"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
    }
}
