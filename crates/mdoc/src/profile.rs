//! The fixed texts and bounds of the format.

/// The format identifier. Source: OpenID4VP 1.0 annex B.2; OpenID4VCI 1.0 annex A.2.1.
pub const FORMAT: &str = "mso_mdoc";
/// How far clocks may differ, in seconds.
pub const CLOCK_SKEW: i64 = 60;
/// The fewest random bytes of an item: below it, a digest could be guessed back to its value.
/// Source: ISO/IEC 18013-5 §9.1.2.5 (read from peers).
pub const MIN_RANDOM_BYTES: usize = 16;
/// The most documents of one device response. Source: ours; each costs two signatures and more.
pub const MAX_DOCUMENTS: usize = 8;

/// Random bytes of an item that we make.
pub(crate) const RANDOM_BYTES: usize = 32;
/// The version of device response and of mobile security object that we make.
pub(crate) const VERSION: &str = "1.0";
/// The digest algorithm, as a mobile security object names it.
pub(crate) const SHA_256: &str = "SHA-256";
/// The most data elements of one document that are read. Source: ours.
pub(crate) const MAX_ELEMENTS: usize = 512;

/// Finds the id of a credential type, as certificates name it, for a document type.
pub type TypeOf = for<'a> fn(&'a str) -> Option<&'a str>;

/// The `<id>` of `inro.<id>.<version>`; a foreign document type is its own id. An issuer may issue it
/// when its certificate (or the operator who pinned its key) names that id.
pub fn inro_type_id(doc_type: &str) -> Option<&str> {
    let ours = || {
        let (id, version) = doc_type.strip_prefix("inro.")?.rsplit_once('.')?;
        let plain_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
        Some(id).filter(|id| plain_number && !id.is_empty())
    };
    ours().or(Some(doc_type)).filter(|id| !id.is_empty())
}

/// Whether `version` is one of the first major version. Source: ISO/IEC 18013-5 §8.3.2.1.2.2 (read
/// from peers): a minor version adds and takes nothing away.
pub(crate) fn is_version_1(version: &str) -> bool {
    version
        .strip_prefix("1.")
        .is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit()))
}
