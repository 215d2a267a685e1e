//! The TOML files as they are written, before any rule is applied.

use inro_base::steers;
use serde::Deserialize;
use toml::Spanned;

use super::error::TypeError;
use super::model::Text;

/// Far above any type or role table that a person could maintain.
const MAX_FILE_BYTES: usize = 256 * 1024;
const MAX_TEXT_CHARACTERS: usize = 512;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypeFile {
    pub(super) id: Spanned<String>,
    pub(super) vct: Spanned<String>,
    pub(super) doctype: Option<Spanned<String>>,
    pub(super) layout_version: Spanned<u32>,
    pub(super) colour: Spanned<String>,
    pub(super) text_colour: Spanned<String>,
    pub(super) validity_seconds: Spanned<i64>,
    pub(super) timestamp_grid_seconds: Spanned<i64>,
    pub(super) decoys_per_object: Spanned<usize>,
    pub(super) name: Spanned<TextFile>,
    pub(super) description: Spanned<TextFile>,
    pub(super) claims: Vec<Spanned<ClaimFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimFile {
    pub(super) path: Spanned<String>,
    pub(super) kind: KindFile,
    pub(super) sd: SdFile,
    pub(super) mandatory: bool,
    pub(super) max_length: Option<Spanned<usize>>,
    pub(super) max_items: Option<Spanned<usize>>,
    pub(super) minimum: Option<Spanned<i64>>,
    pub(super) maximum: Option<Spanned<i64>>,
    pub(super) allowed: Option<Spanned<Vec<AllowedFile>>>,
    pub(super) mdoc: Option<Spanned<MdocFile>>,
    pub(super) name: Spanned<TextFile>,
    pub(super) description: Spanned<TextFile>,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum KindFile {
    String,
    Integer,
    Date,
    Boolean,
    Array,
    Object,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SdFile {
    Always,
    Allowed,
    Never,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum AllowedFile {
    Integer(i64),
    String(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MdocFile {
    pub(super) namespace: String,
    pub(super) element: Option<String>,
    #[serde(default)]
    pub(super) by_value: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextFile {
    pub(super) en: String,
    pub(super) ja: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleFile {
    pub(super) powers: Vec<Spanned<PowerEntry>>,
    pub(super) roles: Vec<Spanned<RoleEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PowerEntry {
    pub(super) code: Spanned<String>,
    pub(super) name: Spanned<TextFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleEntry {
    pub(super) code: Spanned<String>,
    pub(super) name: Spanned<TextFile>,
    pub(super) powers: Spanned<Vec<String>>,
    pub(super) clearance: Spanned<u8>,
}

/// Reads a whole file into `T`.
pub(super) fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, TypeError> {
    if text.len() > MAX_FILE_BYTES {
        return Err(TypeError::TooLong { length: text.len(), limit: MAX_FILE_BYTES });
    }
    toml::from_str(text).map_err(|error| TypeError::Malformed {
        line: error.span().map_or(1, |span| line_at(text, span.start)),
    })
}

/// The line on which `value` begins, counted from 1.
pub(super) fn line_of<T>(text: &str, value: &Spanned<T>) -> usize {
    line_at(text, value.span().start)
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// A text that has something to say and does so on one line.
pub(super) fn text(file: &TextFile) -> Option<Text> {
    let fits = |text: &str| {
        !text.trim().is_empty() && text.chars().count() <= MAX_TEXT_CHARACTERS && !text.chars().any(steers)
    };
    let both = fits(&file.en) && fits(&file.ja);
    both.then(|| Text { en: file.en.clone(), ja: file.ja.clone() })
}

/// A code or an id: 1 to 64 characters of a small set.
pub(super) fn is_id(text: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}
