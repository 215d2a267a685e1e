//! `application/x-www-form-urlencoded` bodies, within bounds.

use inro_base::{Code, Coded};

/// The longest form body that we read, in bytes: a token request has three short parameters.
pub const MAX_FORM_BYTES: usize = 16 * 1024;
/// The most parameters in one body.
const MAX_PARAMETERS: usize = 32;

/// The media type of a form.
pub const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// A form whose parameter names are all different.
pub struct Form(Vec<(String, String)>);

/// Why a form was not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// `length` is in bytes.
    #[error("form of {length} bytes where {MAX_FORM_BYTES} are allowed")]
    TooLong {
        /// How long it is.
        length: usize,
    },
    /// More parameters than we read.
    #[error("more than {MAX_PARAMETERS} form parameters")]
    TooMany,
    /// One parameter stands twice. Source: RFC 6749 §3.2.
    #[error("a repeated form parameter")]
    Repeated,
    /// Not UTF-8.
    #[error("the form is not UTF-8")]
    NotText,
}

impl Coded for FormError {
    fn code(&self) -> Code {
        match self {
            Self::TooLong { .. } | Self::TooMany => const { Code::new("INRO-OAUTH-020") },
            Self::Repeated => const { Code::new("INRO-OAUTH-021") },
            Self::NotText => const { Code::new("INRO-OAUTH-022") },
        }
    }
}

impl Form {
    /// Reads a body. A parameter without a value counts as absent (RFC 6749 §3.2).
    ///
    /// # Errors
    /// [`FormError`] when it is too long, not UTF-8, or repeats a parameter.
    pub fn parse(body: &[u8]) -> Result<Self, FormError> {
        if body.len() > MAX_FORM_BYTES {
            return Err(FormError::TooLong { length: body.len() });
        }
        if std::str::from_utf8(body).is_err() {
            return Err(FormError::NotText);
        }
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            if parameters.len() == MAX_PARAMETERS {
                return Err(FormError::TooMany);
            }
            if value.contains(char::REPLACEMENT_CHARACTER) || name.contains(char::REPLACEMENT_CHARACTER) {
                return Err(FormError::NotText);
            }
            if parameters.iter().any(|(seen, _)| *seen == *name) {
                return Err(FormError::Repeated);
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(parameters))
    }

    /// The value of `name`; an empty value counts as absent.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}

/// Writes a form body.
pub fn encode(parameters: &[(&str, &str)]) -> Vec<u8> {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let body = encode(&[("a", "1 + 2&3"), ("b", "あ"), ("empty", "")]);
        let form = Form::parse(&body).unwrap();
        assert_eq!(form.value("a"), Some("1 + 2&3"));
        assert_eq!(form.value("b"), Some("あ"));
        assert_eq!(form.value("empty"), None);
    }

    #[test]
    fn refuses_a_repeated_parameter_even_when_escaped() {
        assert!(Form::parse(b"a=1&b=1").is_ok());
        assert_eq!(Form::parse(b"a=1&%61=1").err(), Some(FormError::Repeated));
    }

    #[test]
    fn refuses_length_count_and_bytes_past_the_limit() {
        let many: String = (0..33).map(|n| format!("p{n}=1&")).collect();
        assert_eq!(Form::parse(many.as_bytes()).err(), Some(FormError::TooMany));
        assert_eq!(
            Form::parse(&vec![b'a'; MAX_FORM_BYTES + 1]).err(),
            Some(FormError::TooLong { length: MAX_FORM_BYTES + 1 })
        );
        assert_eq!(Form::parse(b"a=%ff").err(), Some(FormError::NotText));
    }
}
