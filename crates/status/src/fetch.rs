use inro_base::http::HttpRequest;

/// The media type of a list as a JWT. Source: Token Status List §8.1.
pub const JWT_MEDIA_TYPE: &str = "application/statuslist+jwt";
/// The media type of a list as a CWT. Source: Token Status List §8.1.
pub const CWT_MEDIA_TYPE: &str = "application/statuslist+cwt";
/// The longest token that is fetched, in bytes: a list of [`crate::MAX_ARRAY_BYTES`] that does not
/// compress, in base64 twice.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024 * 1024;

/// The forms in which a list is taken.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ListForms {
    /// A JWT and nothing else. Source: SD-JWT VC §2.2.2.3.
    JwtAlone,
    /// A JWT, or a CWT where there is no JWT.
    JwtOrCwt,
}

/// The request for the list at `uri` in one of `forms`.
///
/// Source: Token Status List §8.1.
pub fn request(uri: &str, forms: ListForms) -> HttpRequest {
    let accept = match forms {
        ListForms::JwtAlone => JWT_MEDIA_TYPE.to_owned(),
        ListForms::JwtOrCwt => format!("{JWT_MEDIA_TYPE}, {CWT_MEDIA_TYPE};q=0.9"),
    };
    // A list is compressed in itself: another coding around it would gain little and hide its length.
    HttpRequest::fetch(uri.to_owned(), MAX_TOKEN_BYTES)
        .with_header("accept", accept)
        .with_header("accept-encoding", "identity".to_owned())
}
