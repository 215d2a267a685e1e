//! As much of Rust as it takes to see which paths a file names.

/// `text` without comments, literals and `#[cfg(test)]` modules; what remains keeps its order.
pub(crate) fn bare(text: &str) -> String {
    without_test_modules(&without_literals(text))
}

/// `text` without comments; string literals stay.
pub(crate) fn without_comments(text: &str) -> String {
    strip(text, true)
}

fn without_literals(text: &str) -> String {
    strip(text, false)
}

fn strip(text: &str, keep_strings: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (taken, kept) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (block_comment(rest), false)
        } else if let Some(length) = raw_string(rest).filter(|_| !ends_in_word(&out)) {
            (length, keep_strings)
        } else if first == '"' {
            (quoted(rest, '"'), keep_strings)
        } else if first == '\'' {
            (character(rest), true)
        } else {
            (first.len_utf8(), true)
        };
        let (token, after) = rest.split_at(taken);
        // A character literal may hold a quote or a brace; a lifetime holds neither.
        let literal = first == '\'' && taken > 1;
        out.push_str(if kept && (keep_strings || !literal) { token } else { " " });
        rest = after;
    }
    out
}

fn ends_in_word(out: &str) -> bool {
    out.chars().next_back().is_some_and(|last| last.is_alphanumeric() || last == '_')
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth = depth.saturating_sub(1);
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The length of `r"…"`, `r#"…"#`, `br"…"` and so on, if one starts here.
fn raw_string(rest: &str) -> Option<usize> {
    let after_r = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let body = after_r.trim_start_matches('#');
    let hashes = after_r.len() - body.len();
    let body = body.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let at = body.find(&end)?;
    Some(rest.len() - body.len() + at + end.len())
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + character.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// The length of a character literal, or 1 for the quote of a lifetime.
fn character(rest: &str) -> usize {
    let mut characters = rest.chars().skip(1);
    match (characters.next(), characters.next()) {
        (Some('\\'), _) => quoted(rest, '\''),
        (Some(inner), Some('\'')) => 2 + inner.len_utf8(),
        _ => 1,
    }
}

/// Cuts each item that follows `#[cfg(test)]`, up to its `;` or its closing brace.
pub(crate) fn without_test_modules(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("#[cfg(test)]") {
        out.push_str(before);
        rest = after.get(item_length(after)..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn item_length(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// A path that a file names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct NamedPath {
    /// Its segments; a glob import ends in `*`.
    pub(crate) segments: Vec<String>,
    /// Under which name it is handed on, when it is a `pub use`.
    pub(crate) handed_on_as: Option<String>,
}

/// Every path in `bare` text: of `use` declarations one by one, and those in between.
pub(crate) fn paths(bare: &str) -> Vec<NamedPath> {
    let tokens = tokens(bare);
    let mut found = Vec::new();
    let mut at = 0;
    let mut public = false;
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "pub" => {
                public = true;
                at += 1;
                if tokens.get(at).is_some_and(|next| next == "(") {
                    at += tokens.iter().skip(at).position(|token| token == ")").unwrap_or(0) + 1;
                }
                continue;
            }
            "use" => {
                at += 1;
                use_tree(&tokens, &mut at, &[], public, &mut found);
            }
            word if is_word(word) => inline_path(&tokens, &mut at, &mut found),
            _ => at += 1,
        }
        public = false;
    }
    found
}

fn tokens(bare: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut characters = bare.chars().peekable();
    while let Some(character) = characters.next() {
        if character.is_alphanumeric() || character == '_' {
            let mut word = String::from(character);
            while let Some(next) = characters.next_if(|next| next.is_alphanumeric() || *next == '_') {
                word.push(next);
            }
            tokens.push(word);
        } else if character == ':' && characters.next_if_eq(&':').is_some() {
            tokens.push("::".into());
        } else if !character.is_whitespace() {
            tokens.push(character.into());
        }
    }
    tokens
}

fn is_word(token: &str) -> bool {
    token.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_')
}

fn inline_path(tokens: &[String], at: &mut usize, found: &mut Vec<NamedPath>) {
    let mut segments = Vec::new();
    while let Some(word) = tokens.get(*at).filter(|token| is_word(token)) {
        segments.push(word.clone());
        *at += 1;
        if tokens.get(*at).is_none_or(|next| next != "::") {
            break;
        }
        *at += 1;
    }
    if segments.len() > 1 {
        found.push(NamedPath { segments, handed_on_as: None });
    }
}

fn use_tree(tokens: &[String], at: &mut usize, prefix: &[String], public: bool, found: &mut Vec<NamedPath>) {
    let mut segments = prefix.to_vec();
    loop {
        match tokens.get(*at).map(String::as_str) {
            Some("{") => {
                *at += 1;
                while tokens.get(*at).is_some_and(|token| token != "}") {
                    use_tree(tokens, at, &segments, public, found);
                    if tokens.get(*at).is_some_and(|token| token == ",") {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            Some("::") => *at += 1,
            Some("*") => {
                *at += 1;
                segments.push("*".into());
            }
            Some(word) if is_word(word) && word != "as" => {
                segments.push(word.into());
                *at += 1;
            }
            _ => break,
        }
    }
    if segments.last().is_some_and(|last| last == "self") {
        segments.pop();
    }
    let mut name = segments.last().cloned();
    if tokens.get(*at).is_some_and(|token| token == "as") {
        name = tokens.get(*at + 1).cloned();
        *at += 2;
    }
    if tokens.get(*at).is_some_and(|token| token == ";") {
        *at += 1;
    }
    found.push(NamedPath { segments, handed_on_as: name.filter(|_| public) });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<String> {
        paths(&bare(text)).into_iter().map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn reads_use_trees_and_inline_paths() {
        let text = "use crate::{a::{B, C as D}, e::*, f::self}; fn x() -> super::G { h::i(1) }";
        assert_eq!(
            named(text),
            ["crate::a::B", "crate::a::C", "crate::e::*", "crate::f", "super::G", "h::i"]
        );
    }

    #[test]
    fn leaves_out_comments_literals_and_test_modules() {
        let text = r##"
            // use crate::a;
            /* use crate::b; /* nested */ */
            const S: &str = "use crate::c; \" ";
            const R: &str = r#"crate::d::e "quoted" "#;
            const Q: char = '"';
            fn f<'a>(x: &'a str) -> crate::g::H { x }
            #[cfg(test)]
            mod tests { use crate::t::T; fn x() { if true { } } }
            use crate::last::L;
        "##;
        assert_eq!(named(text), ["crate::g::H", "crate::last::L"]);
    }

    #[test]
    fn knows_what_is_handed_on() {
        let paths = paths("pub use a::B; pub(crate) use c::{D, E as F}; use g::H;");
        let handed_on: Vec<_> = paths.into_iter().map(|path| path.handed_on_as).collect();
        let expected = [Some("B"), Some("D"), Some("F"), None].map(|name| name.map(String::from));
        assert_eq!(handed_on, expected);
    }
}
