use axum::body::Body;
use axum::http::{HeaderMap, header};
use inro_base::Code;
use inro_openid4vci::encryption;
use inro_openid4vci::issuer::longest_encrypted;

/// Why a body was not read.
pub(super) enum BodyError {
    /// Longer than the endpoint reads.
    TooLong,
    /// Of another media type.
    MediaType,
}

impl BodyError {
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::TooLong => const { Code::new("INRO-ISSUER-022") },
            Self::MediaType => const { Code::new("INRO-ISSUER-023") },
        }
    }

    pub(super) const fn status(&self) -> u16 {
        match self {
            Self::TooLong => 413,
            Self::MediaType => 415,
        }
    }
}

/// Reads a body of `media_type` and at most `limit` bytes.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    media_type: &str,
    limit: usize,
) -> Result<Vec<u8>, BodyError> {
    if !is(headers, media_type) {
        return Err(BodyError::MediaType);
    }
    bytes(body, limit).await
}

/// Reads a credential request of at most `limit` bytes of JSON, and tells whether it is encrypted.
/// Source: OpenID4VCI 1.0 §§8.2, 10.
pub(super) async fn read_request(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<(Vec<u8>, bool), BodyError> {
    if is(headers, encryption::MEDIA_TYPE) {
        return Ok((bytes(body, longest_encrypted(limit)).await?, true));
    }
    Ok((read(headers, body, "application/json", limit).await?, false))
}

fn is(headers: &HeaderMap, media_type: &str) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media_type)
}

async fn bytes(body: Body, limit: usize) -> Result<Vec<u8>, BodyError> {
    match axum::body::to_bytes(body, limit).await {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(_) => Err(BodyError::TooLong),
    }
}

/// The texts of all headers with this name; one that is no text counts as an empty one.
pub(super) fn texts<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect()
}
