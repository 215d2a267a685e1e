use std::fmt;

use inro_base::{Code, Coded};
use url::Url;

/// The longest URL that we read from a stranger, in bytes.
const MAX_URL_BYTES: usize = 2048;

/// An absolute `https` URL without user information or fragment, kept as it was written.
///
/// Identifiers are compared byte by byte, so the text is never normalised.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct HttpsUrl {
    text: String,
    parsed: Url,
}

/// Why a text is no URL for us.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Too long, malformed, not `https`, or with user information or a fragment.
    #[error("not an https URL of at most {MAX_URL_BYTES} bytes without user information and fragment")]
    NotHttps,
}

impl Coded for UrlError {
    fn code(&self) -> Code {
        match self {
            Self::NotHttps => const { Code::new("INRO-OAUTH-040") },
        }
    }
}

impl HttpsUrl {
    /// Reads an absolute `https` URL.
    ///
    /// # Errors
    /// [`UrlError::NotHttps`] for anything else.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        // The parser drops control characters, so the text would not be what is fetched.
        if text.len() > MAX_URL_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(UrlError::NotHttps);
        }
        let parsed = Url::parse(text).map_err(|_| UrlError::NotHttps)?;
        let plain =
            parsed.username().is_empty() && parsed.password().is_none() && parsed.fragment().is_none();
        if parsed.scheme() != "https" || parsed.host().is_none() || !plain {
            return Err(UrlError::NotHttps);
        }
        Ok(Self { text: text.into(), parsed })
    }

    /// The URL as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Host and, unless it is the default, port: `localhost:8443`.
    pub fn authority(&self) -> String {
        let host = self.parsed.host_str().unwrap_or_default();
        match self.parsed.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.into(),
        }
    }

    /// Whether a query follows the path.
    pub fn has_query(&self) -> bool {
        self.parsed.query().is_some()
    }

    /// Scheme, authority and path, normalised: what DPoP's `htu` is compared as.
    ///
    /// Source: RFC 9449 §4.3, step 9.
    pub fn without_query(&self) -> String {
        let mut url = self.parsed.clone();
        url.set_query(None);
        url.into()
    }

    /// This identifier with `/.well-known/<name>` put between host and path.
    ///
    /// Source: RFC 8414 §3.1; OpenID4VCI 1.0 §12.2.2.
    pub fn well_known(&self, name: &str) -> String {
        let mut url = self.parsed.clone();
        url.set_query(None);
        let path = self.parsed.path().trim_end_matches('/');
        url.set_path(&format!("/.well-known/{name}{path}"));
        url.into()
    }
}

/// A URL can carry a secret, so `Debug` shows its length alone.
impl fmt::Debug for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpsUrl({} bytes)", self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_not_plain_https() {
        assert!(HttpsUrl::parse("https://a.example/x?y=1").is_ok());
        for text in [
            "http://a.example/",
            "https://u:p@a.example/",
            "https://a.example/#f",
            "a",
            "https://a.example/ x",
            "\u{0}https://a.example/",
            "https://a.example/\u{1b}",
            "https://あ.example",
        ] {
            assert_eq!(HttpsUrl::parse(text), Err(UrlError::NotHttps), "{text}");
        }
        assert_eq!(
            HttpsUrl::parse(&format!("https://a.example/{}", "x".repeat(2048))),
            Err(UrlError::NotHttps)
        );
    }

    #[test]
    fn puts_the_well_known_part_between_host_and_path() {
        let plain = HttpsUrl::parse("https://a.example:8443").unwrap();
        assert_eq!(plain.well_known("w"), "https://a.example:8443/.well-known/w");
        let tenant = HttpsUrl::parse("https://a.example/tenant/").unwrap();
        assert_eq!(tenant.well_known("w"), "https://a.example/.well-known/w/tenant");
        assert_eq!(plain.authority(), "a.example:8443");
    }
}
