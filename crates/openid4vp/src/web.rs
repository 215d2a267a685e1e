//! The web addresses that a request may name.

use url::Url;

/// The longest address that is read, in bytes. What browsers and servers are known to carry.
const MAX_URL_BYTES: usize = 2048;

/// An absolute `https` URL with a host, without user information and without a fragment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct HttpsUrl {
    text: String,
    url: Url,
    host: String,
    authority: String,
}

impl HttpsUrl {
    /// Reads `text`; `None` for anything that is not such a URL, or is longer than 2048 bytes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = https(text)?;
        if url.fragment().is_some() {
            return None;
        }
        let host = url.host_str()?.to_ascii_lowercase();
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.clone(),
        };
        Some(Self { text: text.into(), url, host, authority })
    }

    /// The text as it was received.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The parsed form.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The host in lower case, without the port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// `host` or, for a port other than 443, `host:port`.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }
}

/// Whether `text` is such a URL, with or without a fragment: an address for a browser.
pub(crate) fn is_https(text: &str) -> bool {
    https(text).is_some()
}

fn https(text: &str) -> Option<Url> {
    // A URL reader drops tabs and line ends, turns backslashes and rewrites other scripts; what was
    // checked would then be another text than what is used or shown. A URI is ASCII: RFC 3986 §2.
    let plain = |c: char| c.is_ascii_graphic() && c != '\\';
    if text.len() > MAX_URL_BYTES || !text.chars().all(plain) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let anonymous = url.username().is_empty() && url.password().is_none();
    (url.scheme() == "https" && anonymous && url.has_host()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_https_with_a_host_alone() {
        let url = HttpsUrl::parse("https://Verifier.example:9443/a?b=c").unwrap();
        assert_eq!(url.host(), "verifier.example");
        assert_eq!(url.authority(), "verifier.example:9443");
        assert_eq!(HttpsUrl::parse("https://verifier.example:443/").unwrap().authority(), "verifier.example");
        for text in [
            "http://verifier.example/",
            "https://user@verifier.example/",
            "https://verifier.example/#x",
            "https:\\\\verifier.example/",
            "https://verifier.example/ x",
            "https://verifier.example/\u{202e}x",
            "https://verifi\u{435}r.example/",
            "//verifier.example/",
            "data:,x",
            "",
        ] {
            assert_eq!(HttpsUrl::parse(text), None, "{text}");
        }
        assert!(HttpsUrl::parse(&format!("https://v.example/{}", "a".repeat(3000))).is_none());
        assert!(is_https("https://verifier.example/cb#response_code=x"));
    }
}
