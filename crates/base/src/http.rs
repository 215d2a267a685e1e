//! Requests and answers as plain values: an effect that a state machine returns and a product
//! carries out.

use std::fmt;

/// The methods that our protocols use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// Reads a resource.
    Get,
    /// Sends a body.
    Post,
}

impl Method {
    /// The method as it stands on the wire, and in a DPoP proof's `htm`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A request to carry out. `Debug` shows the method and sizes alone: URLs and bodies carry secrets.
#[derive(Clone, Eq, PartialEq)]
pub struct HttpRequest {
    /// How to ask.
    pub method: Method,
    /// The absolute `https` URL.
    pub url: String,
    /// Name and value, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for a `GET`.
    pub body: Vec<u8>,
    /// The longest answer, in bytes, that the caller is willing to read.
    pub max_response_bytes: usize,
}

/// What came back. `Debug` shows the status and size alone.
#[derive(Clone, Eq, PartialEq)]
pub struct HttpResponse {
    /// The HTTP status code.
    pub status: u16,
    /// Name in lower case, and value.
    pub headers: Vec<(String, String)>,
    /// The body, no longer than the request's `max_response_bytes`.
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// A `GET` of `url` that reads at most `max_response_bytes`.
    pub fn fetch(url: impl Into<String>, max_response_bytes: usize) -> Self {
        Self {
            method: Method::Get,
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            max_response_bytes,
        }
    }

    /// A `POST` of `body` as `content_type`.
    pub fn post(
        url: impl Into<String>,
        content_type: &str,
        body: Vec<u8>,
        max_response_bytes: usize,
    ) -> Self {
        Self {
            method: Method::Post,
            url: url.into(),
            headers: vec![("content-type", content_type.into())],
            body,
            max_response_bytes,
        }
    }

    /// Adds a header. `name` is in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl HttpResponse {
    /// The first value of the header `name`, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The media type without its parameters, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        Some(value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase())
    }

    /// Whether the status is 2xx.
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpRequest({}, {} body bytes)", self.method.as_str(), self.body.len())
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpResponse({}, {} body bytes)", self.status, self.body.len())
    }
}
