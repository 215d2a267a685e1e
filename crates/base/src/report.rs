//! How a program tells a person of an error: cause and remedy in the person's language, with the
//! code. Renders to text alone; writing it out is the program's part.

use serde_json::{Value, json};

use crate::code::Owner;
use crate::{Code, Coded};

/// The languages in which every error is explained.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
}

/// How a command ended, as its exit status tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// Everything asked for was done.
    Done,
    /// Something failed.
    Failed,
    /// The command line was wrong.
    Usage,
    /// The program or its user refused.
    Refused,
}

impl Exit {
    /// The exit status.
    pub const fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
        }
    }
}

impl Language {
    /// The language of a POSIX locale: `LC_ALL` wins over `LANG` unless it is empty.
    pub fn from_locale(lc_all: Option<&str>, lang: Option<&str>) -> Self {
        let locale = lc_all.filter(|value| !value.is_empty()).or(lang).unwrap_or_default();
        if primary_is_japanese(locale.split(['_', '.', '@']).next()) { Self::Ja } else { Self::En }
    }

    /// The better of our two languages for an `Accept-Language` header; English when it names neither.
    ///
    /// Source: RFC 9110 §12.5.4.
    pub fn from_accept_language(header: &str) -> Self {
        /// A browser sends fewer than ten; the rest of a longer list changes nothing.
        const MAX_RANGES: usize = 16;
        let mut best = (0, Self::En);
        for range in header.split(',').take(MAX_RANGES) {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default();
            let language = match tag.split('-').next() {
                primary if primary_is_japanese(primary) => Self::Ja,
                Some(primary) if primary.eq_ignore_ascii_case("en") => Self::En,
                _ => continue,
            };
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1_000, thousandths);
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// One of two fixed texts.
    pub const fn pick(self, en: &'static str, ja: &'static str) -> &'static str {
        match self {
            Self::En => en,
            Self::Ja => ja,
        }
    }

    /// The language's tag: `en` or `ja`.
    pub const fn tag(self) -> &'static str {
        self.pick("en", "ja")
    }
}

impl crate::code::Text {
    /// This sentence in `language`.
    pub const fn in_language(self, language: Language) -> &'static str {
        language.pick(self.en, self.ja)
    }
}

/// The lines that a command line program writes to stderr: cause with code, detail, remedy, and who can
/// apply it.
///
/// The detail is the error's own text, which carries offsets, sizes and times.
pub fn render(error: &dyn Coded, language: Language) -> String {
    render_code(error.code(), &error.to_string(), language)
}

/// As [`render`], for a code whose error is at hand as text alone. An empty `detail` is left out.
pub fn render_code(code: Code, detail: &str, language: Language) -> String {
    let entry = code.entry();
    let (cause, remedy) = (entry.cause.in_language(language), entry.remedy.in_language(language));
    let owner = owner_name(entry.owner, language);
    let [error_word, detail_word, remedy_word, owner_word] = match language {
        Language::En => ["error", "detail", "remedy", "owner"],
        Language::Ja => ["エラー", "詳細", "対処", "担当"],
    };
    let detail = if detail.is_empty() { String::new() } else { format!("{detail_word}: {detail}\n") };
    format!("{error_word}: {cause} [{code}]\n{detail}{remedy_word}: {remedy}\n{owner_word}: {owner}\n")
}

const fn owner_name(owner: Owner, language: Language) -> &'static str {
    match (owner, language) {
        (owner, Language::En) => owner.as_str(),
        (Owner::Holder, Language::Ja) => "所持者",
        (Owner::Agency, Language::Ja) => "所属機関",
        (Owner::RelyingSystem, Language::Ja) => "業務システム",
        (Owner::Operator, Language::Ja) => "運用者",
    }
}

/// An error for programs: its code, what the registry says of it in `language`, and no detail.
pub fn to_json(error: &dyn Coded, language: Language) -> Value {
    let entry = error.code().entry();
    json!({
        "inro_code": error.code().as_str(),
        "cause": entry.cause.in_language(language),
        "remedy": entry.remedy.in_language(language),
        "owner": entry.owner.as_str(),
        "retry": entry.retry,
    })
}

fn primary_is_japanese(subtag: Option<&str>) -> bool {
    subtag.is_some_and(|primary| primary.eq_ignore_ascii_case("ja"))
}

/// A quality value as thousandths; 0 for what is no number from 0 to 1.
fn thousandths(text: &str) -> u32 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse::<u32>()) {
        ("1", Ok(0)) => 1_000,
        ("0", Ok(thousandths)) => thousandths,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::JsonError;

    #[test]
    fn renders_cause_code_detail_and_remedy_in_both_languages() {
        let error = JsonError::Malformed { offset: 4 };
        let english = render(&error, Language::En);
        assert!(
            english.starts_with("error: A document is not well-formed JSON. [INRO-BASE-004]\n"),
            "{english}"
        );
        assert!(
            english.contains("\ndetail: ")
                && english.ends_with("remedy: Ask the sender to correct the document.\nowner: operator\n")
        );
        let japanese = render(&error, Language::Ja);
        assert!(
            japanese.starts_with("エラー: 文書が正しいJSONではありません。 [INRO-BASE-004]\n詳細: ")
                && japanese.contains("\n対処: ")
                && japanese.ends_with("\n担当: 運用者\n"),
            "{japanese}"
        );
    }

    #[test]
    fn tells_programs_the_code_and_who_can_remedy_it() {
        let object = to_json(&JsonError::Shape, Language::En);
        assert_eq!((&object["inro_code"], &object["owner"]), (&"INRO-BASE-005".into(), &"operator".into()));
    }

    #[test]
    fn reads_the_locale() {
        assert_eq!(Language::from_locale(None, Some("ja_JP.UTF-8")), Language::Ja);
        assert_eq!(Language::from_locale(Some("C"), Some("ja_JP.UTF-8")), Language::En);
        assert_eq!(Language::from_locale(Some(""), Some("ja")), Language::Ja);
        assert_eq!(Language::from_locale(None, Some("jav_ID")), Language::En);
        assert_eq!(Language::from_locale(None, None), Language::En);
    }

    #[test]
    fn weighs_accept_language() {
        assert_eq!(Language::from_accept_language("ja"), Language::Ja);
        assert_eq!(Language::from_accept_language("fr, ja;q=0.8, en;q=0.7"), Language::Ja);
        assert_eq!(Language::from_accept_language("ja;q=0.5,en-GB;q=0.9"), Language::En);
        assert_eq!(Language::from_accept_language("ja;q=0"), Language::En);
        assert_eq!(Language::from_accept_language("JA-jp, en"), Language::Ja);
        assert_eq!(Language::from_accept_language("*"), Language::En);
    }

    #[test]
    fn exit_statuses_are_the_documented_ones() {
        let all = [Exit::Done, Exit::Failed, Exit::Usage, Exit::Refused];
        assert_eq!(all.map(Exit::status), [0, 1, 2, 3]);
    }
}
