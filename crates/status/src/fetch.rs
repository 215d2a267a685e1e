use inro_base::http::HttpRequest;

/// The media type of a list as a JWT. Source: Token Status List §8.1.
pub const JWT_MEDIA_TYPE: &str = "application/statuslist+jwt";
/// The media type of a list as a CWT. Source: Token Status List §8.1.
pub const CWT_MEDIA_TYPE: &str = "application/statuslist+cwt";
/// The longest token that is fetched, in bytes: a list of [`crate::MAX_ARRAY_BYTES`] that does not
/// compress, in base64 twice.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024 * 1024;

/// The request for the list at `uri`: a JWT, which SD-JWT VC wants, or a CWT where there is no JWT.
///
/// Source: Token Status List §8.1; SD-JWT VC §2.2.2.3.
pub fn request(uri: &str) -> HttpRequest {
    HttpRequest::fetch(uri.to_owned(), MAX_TOKEN_BYTES)
        .with_header("accept", format!("{JWT_MEDIA_TYPE}, {CWT_MEDIA_TYPE};q=0.9"))
}
