use super::error::{CredentialError, Rule, TypeError};
use super::file::{self, AllowedFile, ClaimFile, KindFile, MdocFile, SdFile, TextFile, TypeFile};
use super::model::{Claim, CredentialType, Disclosure, Kind, MdocElement, MdocName, Step, Text};
use crate::citizen;
use toml::Spanned;

const MAX_CLAIMS: usize = 128;
const MAX_STEPS: usize = 8;
const MAX_ALLOWED: usize = 256;
/// Each decoy costs a digest of 43 characters in every copy.
const MAX_DECOYS: usize = 16;
const MAX_LENGTH: usize = 4096;
const MAX_ITEMS: usize = 256;
const DEFAULT_LENGTH: usize = 256;
const DEFAULT_ITEMS: usize = 64;
const MIN_VALIDITY: i64 = 60;
const MAX_VALIDITY: i64 = 10 * 366 * 86_400;

/// Top-level names with a meaning of their own in an SD-JWT VC.
///
/// Source: RFC 9901 §4.2, RFC 7519 §4.1, draft-ietf-oauth-sd-jwt-vc §2.2.2, token status list.
const RESERVED: &[&str] =
    &["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "vct", "aka_vcts", "status", "_sd", "_sd_alg"];

impl CredentialType {
    /// Reads a type file.
    ///
    /// # Errors
    /// [`CredentialError::Type`] with the line, where the file is too long, malformed, names data about the
    /// citizen, allows a My Number, or breaks a [`Rule`].
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        let file: TypeFile = file::read(text)?;
        let reader = Reader { text };
        reader.head(&file)?;
        if !(1..=MAX_CLAIMS).contains(&file.claims.len()) {
            reader.broken(&file.id, Rule::ClaimCount)?;
        }
        let mut claims: Vec<Claim> = Vec::with_capacity(file.claims.len());
        for entry in &file.claims {
            let claim = reader.claim(entry.get_ref(), &claims)?;
            claims.push(claim);
        }
        reader.has_parts(&file.claims, &claims)?;
        Ok(Self {
            name: reader.text(&file.name)?,
            description: reader.text(&file.description)?,
            decoys_per_object: file.decoys_per_object.into_inner(),
            doctype: file.doctype.map_or_else(
                || format!("inro.{}.{}", file.id.get_ref(), file.layout_version.get_ref()),
                Spanned::into_inner,
            ),
            id: file.id.into_inner(),
            vct: file.vct.into_inner(),
            layout_version: file.layout_version.into_inner(),
            colour: file.colour.into_inner(),
            text_colour: file.text_colour.into_inner(),
            validity_seconds: file.validity_seconds.into_inner(),
            timestamp_grid_seconds: file.timestamp_grid_seconds.into_inner(),
            claims,
        })
    }
}

/// The text of a file, to tell lines.
#[derive(Clone, Copy)]
struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn broken<T, S>(self, at: &Spanned<S>, rule: Rule) -> Result<T, TypeError> {
        Err(TypeError::Broken { line: file::line_of(self.text, at), rule })
    }

    fn head(self, file: &TypeFile) -> Result<(), TypeError> {
        if !file::is_id(file.id.get_ref()) {
            return self.broken(&file.id, Rule::Id);
        }
        if !is_vct(file.vct.get_ref(), *file.layout_version.get_ref()) {
            return self.broken(&file.vct, Rule::Vct);
        }
        if let Some(doctype) = &file.doctype
            && !file::is_id(doctype.get_ref())
        {
            return self.broken(doctype, Rule::Id);
        }
        for colour in [&file.colour, &file.text_colour] {
            if !is_colour(colour.get_ref()) {
                return self.broken(colour, Rule::Colour);
            }
        }
        let validity = *file.validity_seconds.get_ref();
        let grid = *file.timestamp_grid_seconds.get_ref();
        if !(MIN_VALIDITY..=MAX_VALIDITY).contains(&validity) || !(1..validity).contains(&grid) {
            return self.broken(&file.validity_seconds, Rule::Validity);
        }
        if *file.decoys_per_object.get_ref() > MAX_DECOYS {
            return self.broken(&file.decoys_per_object, Rule::Decoys);
        }
        Ok(())
    }

    fn claim(self, file: &ClaimFile, before: &[Claim]) -> Result<Claim, TypeError> {
        self.refuse_citizen_names(file)?;
        let Some(steps) = steps(file.path.get_ref()) else { return self.broken(&file.path, Rule::Path) };
        self.place(file, &steps, before)?;
        let mandatory_element = file.mandatory && steps.last() == Some(&Step::Elements);
        let kind = self.kind(file)?;
        let steps_end = steps.last() == Some(&Step::Elements);
        if mandatory_element {
            return self.broken(&file.path, Rule::Setting);
        }
        Ok(Claim {
            steps,
            kind,
            disclosure: match file.sd {
                SdFile::Always => Disclosure::Always,
                SdFile::Allowed => Disclosure::Allowed,
                SdFile::Never => Disclosure::Never,
            },
            mandatory: file.mandatory,
            mdoc: self.mdoc(file, steps_end)?,
            name: self.text(&file.name)?,
            description: self.text(&file.description)?,
        })
    }

    /// The description may say what a claim is not; names and labels may not even hint at it.
    fn refuse_citizen_names(self, file: &ClaimFile) -> Result<(), TypeError> {
        let refuse = |line| Err(TypeError::CitizenName { line });
        if file.path.get_ref().split('.').any(citizen::is_citizen_name)
            || citizen::is_citizen_name(file.path.get_ref())
        {
            return refuse(file::line_of(self.text, &file.path));
        }
        if let Some(mdoc) = &file.mdoc
            && mdoc.get_ref().element.as_deref().is_some_and(citizen::is_citizen_name)
        {
            return refuse(file::line_of(self.text, mdoc));
        }
        let name = file.name.get_ref();
        if citizen::is_citizen_name(&name.en) || citizen::is_citizen_name(&name.ja) {
            return refuse(file::line_of(self.text, &file.name));
        }
        Ok(())
    }

    fn place(self, file: &ClaimFile, steps: &[Step], before: &[Claim]) -> Result<(), TypeError> {
        if before.iter().any(|other| other.steps == steps) {
            return self.broken(&file.path, Rule::Repeated);
        }
        let Some((last, parent)) = steps.split_last() else { return self.broken(&file.path, Rule::Path) };
        if parent.is_empty() {
            let reserved = matches!(last, Step::Member(name) if RESERVED.contains(&name.as_str()));
            return if reserved { self.broken(&file.path, Rule::Reserved) } else { Ok(()) };
        }
        let parent = before.iter().find(|other| other.steps == parent).map(|other| &other.kind);
        match (parent, last) {
            (Some(Kind::Object), Step::Member(_)) | (Some(Kind::Array { .. }), Step::Elements) => Ok(()),
            _ => self.broken(&file.path, Rule::Parent),
        }
    }

    fn kind(self, file: &ClaimFile) -> Result<Kind, TypeError> {
        let is = |kind| file.kind == kind;
        let misplaced = (file.max_length.is_some() && !is(KindFile::String))
            || (file.max_items.is_some() && !is(KindFile::Array))
            || ((file.minimum.is_some() || file.maximum.is_some()) && !is(KindFile::Integer))
            || (file.allowed.is_some() && !is(KindFile::String) && !is(KindFile::Integer));
        if misplaced {
            return self.broken(&file.path, Rule::Setting);
        }
        match file.kind {
            KindFile::String => Ok(Kind::String {
                max_length: self.bounded(file.max_length.as_ref(), DEFAULT_LENGTH, MAX_LENGTH)?,
                allowed: self.allowed(file, |value| match value {
                    AllowedFile::String(text) if !text.is_empty() => Some(text.clone()),
                    _ => None,
                })?,
            }),
            KindFile::Integer => self.integer(file),
            KindFile::Date => Ok(Kind::Date),
            KindFile::Boolean => Ok(Kind::Boolean),
            KindFile::Array => Ok(Kind::Array {
                max_items: self.bounded(file.max_items.as_ref(), DEFAULT_ITEMS, MAX_ITEMS)?,
            }),
            KindFile::Object => Ok(Kind::Object),
        }
    }

    fn integer(self, file: &ClaimFile) -> Result<Kind, TypeError> {
        let (Some(minimum), Some(maximum)) = (&file.minimum, &file.maximum) else {
            return self.broken(&file.path, Rule::Range);
        };
        let (minimum, maximum) = (*minimum.get_ref(), *maximum.get_ref());
        if minimum > maximum {
            return self.broken(&file.path, Rule::Range);
        }
        let allowed = self.allowed(file, |value| match value {
            AllowedFile::Integer(number) if (minimum..=maximum).contains(number) => Some(*number),
            _ => None,
        })?;
        Ok(Kind::Integer { minimum, maximum, allowed })
    }

    fn allowed<T: PartialEq>(
        self,
        file: &ClaimFile,
        convert: impl Fn(&AllowedFile) -> Option<T>,
    ) -> Result<Vec<T>, TypeError> {
        let Some(list) = &file.allowed else { return Ok(Vec::new()) };
        let my_number = |value: &AllowedFile| match value {
            AllowedFile::Integer(number) => citizen::contains_my_number(&number.to_string()),
            AllowedFile::String(text) => citizen::contains_my_number(text),
        };
        if list.get_ref().iter().any(my_number) {
            return Err(TypeError::MyNumber { line: file::line_of(self.text, list) });
        }
        if !(1..=MAX_ALLOWED).contains(&list.get_ref().len()) {
            return self.broken(list, Rule::Allowed);
        }
        let mut values = Vec::with_capacity(list.get_ref().len());
        for value in list.get_ref() {
            match convert(value) {
                Some(value) if !values.contains(&value) => values.push(value),
                _ => return self.broken(list, Rule::Allowed),
            }
        }
        Ok(values)
    }

    fn bounded(
        self,
        value: Option<&Spanned<usize>>,
        default: usize,
        limit: usize,
    ) -> Result<usize, TypeError> {
        match value {
            None => Ok(default),
            Some(value) if (1..=limit).contains(value.get_ref()) => Ok(*value.get_ref()),
            Some(value) => self.broken(value, Rule::Length),
        }
    }

    fn mdoc(self, file: &ClaimFile, in_array: bool) -> Result<Option<MdocName>, TypeError> {
        let Some(mdoc) = &file.mdoc else { return Ok(None) };
        let MdocFile { namespace, element, by_value } = mdoc.get_ref();
        if !file::is_id(namespace) || element.as_deref().is_some_and(|element| !file::is_id(element)) {
            return self.broken(mdoc, Rule::Id);
        }
        let element = match element {
            Some(element) if !by_value => MdocElement::Named(element.clone()),
            None if *by_value && in_array && file.kind == KindFile::String => MdocElement::ByValue,
            _ => return self.broken(mdoc, Rule::Mdoc),
        };
        Ok(Some(MdocName { namespace: namespace.clone(), element }))
    }

    fn text(self, text: &Spanned<TextFile>) -> Result<Text, TypeError> {
        match file::text(text.get_ref()) {
            Some(text) => Ok(text),
            None => self.broken(text, Rule::Text),
        }
    }

    /// An array without a claim for its elements, or an object without members, could hold anything
    /// or nothing.
    fn has_parts(self, files: &[Spanned<ClaimFile>], claims: &[Claim]) -> Result<(), TypeError> {
        for (file, claim) in files.iter().zip(claims) {
            let needs_parts = matches!(claim.kind, Kind::Array { .. } | Kind::Object);
            let has_parts = claims
                .iter()
                .any(|other| other.steps.split_last().is_some_and(|(_, parent)| parent == claim.steps));
            if needs_parts && !has_parts {
                return self.broken(&file.get_ref().path, Rule::Elements);
            }
        }
        Ok(())
    }
}

/// `agency.code` or `roles[].powers[]`.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let name = part.trim_end_matches("[]");
        let first = name.bytes().next()?;
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !first.is_ascii_lowercase() || name.len() > 64 || !name.bytes().all(allowed) {
            return None;
        }
        steps.push(Step::Member(name.to_owned()));
        let arrays = part.len().saturating_sub(name.len()) / 2;
        steps.extend(std::iter::repeat_n(Step::Elements, arrays.min(MAX_STEPS)));
        if steps.len() > MAX_STEPS {
            return None;
        }
    }
    Some(steps)
}

fn is_vct(vct: &str, layout_version: u32) -> bool {
    let visible = vct.len() <= 256 && vct.bytes().all(|byte| byte.is_ascii_graphic());
    let named = vct
        .rsplit_once([':', '/'])
        .is_some_and(|(name, version)| name.contains(':') && version == layout_version.to_string());
    visible && named && layout_version > 0
}

fn is_colour(colour: &str) -> bool {
    colour
        .strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}
