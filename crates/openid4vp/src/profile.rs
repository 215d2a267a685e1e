//! The fixed texts of OpenID4VP 1.0 that both sides use, and our one extension.

use inro_jose::jwe::ContentEncryption;
use serde_json::Value;

/// `typ` of a request object. Source: OpenID4VP 1.0 §5, RFC 9101 §10.8.
pub const REQUEST_TYP: &str = "oauth-authz-req+jwt";
/// Media type of a request object. Source: OpenID4VP 1.0 §5.10.1.
pub const REQUEST_MEDIA_TYPE: &str = "application/oauth-authz-req+jwt";
/// `aud` of a request object towards a wallet that is not known beforehand. Source: OpenID4VP 1.0 §5.8.
pub const STATIC_AUDIENCE: &str = "https://self-issued.me/v2";
/// The only response type here. Source: OpenID4VP 1.0 §5.6.
pub const RESPONSE_TYPE: &str = "vp_token";
/// `format` of our registration in `verifier_info`. Source: OpenID4VP 1.0 §5.1.
pub const REGISTRATION_FORMAT: &str = "inro-registration+jwt";
/// Our extension of the request object: `{"id": …, "text": {"en": …, "ja": …}}`, why the verifier
/// asks. A wallet that does not know it ignores it. Source: OpenID4VP 1.0 §5.
pub const PURPOSE_PARAMETER: &str = "inro_purpose";
/// The error with which a wallet declines, whatever its reason was. Source: OpenID4VP 1.0 §8.5.
pub const ACCESS_DENIED: &str = "access_denied";

/// The client metadata with the content encryptions that a verifier takes. Source: OpenID4VP 1.0 §5.1.
pub(crate) const ENC_VALUES: &str = "encrypted_response_enc_values_supported";
/// The wallet metadata with the key agreements by which a request object may be encrypted.
/// Source: OpenID4VP 1.0 §5.10, §10; OpenID Connect Discovery 1.0 §3.
pub(crate) const REQUEST_ALG_VALUES: &str = "request_object_encryption_alg_values_supported";
/// The wallet metadata with the content encryptions of a request object. Source: as before.
pub(crate) const REQUEST_ENC_VALUES: &str = "request_object_encryption_enc_values_supported";
/// The most keys of a set that are looked at.
pub(crate) const MAX_KEYS: usize = 16;

/// The longest request object that is fetched, in bytes.
pub const MAX_REQUEST_BYTES: usize = 64 * 1024;
/// The longest encrypted request object that is fetched, in bytes: base64url makes four of three, and a
/// header stands before it.
pub const MAX_SEALED_REQUEST_BYTES: usize = MAX_REQUEST_BYTES / 3 * 4 + 4 * 1024;
/// The longest answer to a response that is read, in bytes: a JSON object with one URL.
pub const MAX_REPLY_BYTES: usize = 8 * 1024;
/// The shortest nonce that is accepted, in characters: 128 bits in base64url. Source: OpenID4VP 1.0 §5.2.
pub const MIN_NONCE_CHARS: usize = 22;
/// The longest nonce or state that is accepted, in characters.
pub const MAX_TOKEN_CHARS: usize = 512;
/// The clock difference between two machines that is forgiven, in seconds.
pub const CLOCK_SKEW: i64 = 60;
/// The longest that a request may live from `iat` to `exp`, in seconds: it is answered by a person
/// who has it before their eyes.
pub const MAX_REQUEST_LIFETIME: i64 = 24 * 60 * 60;
/// How long a request without `exp` may be answered, in seconds.
pub const DEFAULT_REQUEST_LIFETIME: i64 = 10 * 60;

/// How an answer comes back.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ResponseMode {
    /// Posted in the clear within TLS. Source: OpenID4VP 1.0 §8.2.
    DirectPost,
    /// Posted encrypted to a key of this one request. Source: OpenID4VP 1.0 §8.3.1.
    #[default]
    DirectPostJwt,
}

impl ResponseMode {
    /// The value of `response_mode`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DirectPost => "direct_post",
            Self::DirectPostJwt => "direct_post.jwt",
        }
    }

    /// Reads a value of `response_mode`; `None` for one that is not supported.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::DirectPost, Self::DirectPostJwt].into_iter().find(|mode| mode.as_str() == text)
    }
}

/// The strongest content encryption that stands in the list `offered` and that we know; A128GCM where
/// there is no list. Source: OpenID4VP 1.0 §5.1, for answers; for request objects no text names a
/// default, and this is theirs too.
pub(crate) fn content_encryption(offered: Option<&Value>) -> Option<ContentEncryption> {
    let Some(offered) = offered else { return Some(ContentEncryption::A128Gcm) };
    let offered = offered.as_array()?;
    ContentEncryption::ALL.into_iter().find(|known| offered.iter().any(|name| *name == known.name()))
}

/// Whether `text` is made of the characters that a nonce and a state may have: letters, digits and
/// `-._~`. Source: OpenID4VP 1.0 §5.2, §5.3.
pub(crate) fn is_url_safe(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}
