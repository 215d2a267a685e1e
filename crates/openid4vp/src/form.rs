//! `application/x-www-form-urlencoded`, written and read within bounds.

use inro_base::{Code, Coded};
use url::form_urlencoded;

/// The media type of a form.
pub const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";
/// The longest form that is read, in bytes. Ten SD-JWT presentations with portraits stay below it.
pub const MAX_FORM_BYTES: usize = 512 * 1024;
/// The most parameters that a form may have. OpenID4VP §8 defines six; unknown ones are allowed.
const MAX_PARAMETERS: usize = 32;

/// Why a form was not read. Parameters are told by their position alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// `length` and `limit` are in bytes.
    #[error("form of {length} bytes where {limit} are allowed")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// More parameters than the bound.
    #[error("more than {limit} form parameters")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// A parameter stands in the form twice. Source: RFC 6749 §3.1.
    #[error("form parameter {position} repeats an earlier one")]
    Repeated {
        /// Counted from 0.
        position: usize,
    },
    /// A value is not UTF-8. Source: OpenID4VP 1.0 §8.2.
    #[error("form parameter {position} is not UTF-8")]
    NotUtf8 {
        /// Counted from 0.
        position: usize,
    },
}

impl Coded for FormError {
    fn code(&self) -> Code {
        match self {
            Self::TooLong { .. } => const { Code::new("INRO-VP-001") },
            Self::TooMany { .. } | Self::NotUtf8 { .. } => const { Code::new("INRO-VP-002") },
            Self::Repeated { .. } => const { Code::new("INRO-VP-003") },
        }
    }
}

/// The parameters of one form, each name at most once.
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form or the query part of a URL.
    ///
    /// # Errors
    /// [`FormError`] for one that is too long, has too many parameters, repeats one, or is not UTF-8.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        if bytes.len() > MAX_FORM_BYTES {
            return Err(FormError::TooLong { length: bytes.len(), limit: MAX_FORM_BYTES });
        }
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (position, (name, value)) in form_urlencoded::parse(bytes).enumerate() {
            if position >= MAX_PARAMETERS {
                return Err(FormError::TooMany { limit: MAX_PARAMETERS });
            }
            // The decoder replaces what is not UTF-8, so its mark betrays foreign bytes.
            if name.contains(char::REPLACEMENT_CHARACTER) || value.contains(char::REPLACEMENT_CHARACTER) {
                return Err(FormError::NotUtf8 { position });
            }
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(FormError::Repeated { position });
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(parameters))
    }

    /// The value of `name`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Writes a form of `parameters`, in their order.
pub fn encode(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        let text = encode(&[("vp_token", "{\"a\":[\"b~\"]}"), ("state", "x y+z")]);
        let form = Form::parse(text.as_bytes()).unwrap();
        assert_eq!(form.value("vp_token"), Some("{\"a\":[\"b~\"]}"));
        assert_eq!(form.value("state"), Some("x y+z"));
        assert_eq!(form.value("error"), None);
    }

    #[test]
    fn refuses_a_repeated_parameter_even_when_escaped() {
        assert!(Form::parse(b"state=1&stat=2").is_ok());
        let error = Form::parse(b"state=1&st%61te=2").err().unwrap();
        assert_eq!(error.code().as_str(), "INRO-VP-003");
    }

    #[test]
    fn refuses_foreign_bytes_many_parameters_and_a_huge_form() {
        assert!(Form::parse(b"a=%E5%8D%B0").is_ok());
        assert_eq!(Form::parse(b"a=%E5%8D").err(), Some(FormError::NotUtf8 { position: 0 }));
        let many: Vec<String> = (0..=MAX_PARAMETERS).map(|n| format!("p{n}=1")).collect();
        assert!(Form::parse(many[..MAX_PARAMETERS].join("&").as_bytes()).is_ok());
        assert_eq!(Form::parse(many.join("&").as_bytes()).err().unwrap().code().as_str(), "INRO-VP-002");
        let huge = vec![b'a'; MAX_FORM_BYTES + 1];
        assert!(Form::parse(&huge[..MAX_FORM_BYTES]).is_ok());
        assert_eq!(Form::parse(&huge).err().unwrap().code().as_str(), "INRO-VP-001");
    }
}
