use inro_base::{Code, Coded, UnixTime};
use inro_jose::JoseError;
use inro_trust::TrustError;

/// Why an SD-JWT was not issued, held, presented or accepted. Offsets, counts and times only.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SdJwtError {
    /// Not an issuer-signed JWT, disclosures and `~` between them.
    #[error("not an SD-JWT")]
    Frame,
    /// `length` and `limit` are in bytes.
    #[error("an SD-JWT of {length} bytes where {limit} are allowed")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// More disclosures than are read.
    #[error("{count} disclosures where {limit} are allowed")]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Payload and disclosures together nest deeper than is read.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// How deep they may nest.
        limit: usize,
    },
    /// Not base64url of a JSON array of a salt, a name and a value, or of a salt and a value.
    #[error("malformed disclosure {index}")]
    Disclosure {
        /// Counted from 0.
        index: usize,
    },
    /// A disclosure of an array element where a member belongs, or the reverse.
    #[error("disclosure {index} stands in a wrong place")]
    Place {
        /// Counted from 0.
        index: usize,
    },
    /// `_sd_alg` names another algorithm than SHA-256.
    #[error("a hash algorithm other than SHA-256")]
    HashAlgorithm,
    /// `_sd`, `...` or `_sd_alg` where or as they may not stand.
    #[error("malformed digests")]
    Digests,
    /// A digest or a disclosure is there twice.
    #[error("a repeated digest")]
    Repeated,
    /// No digest refers to this disclosure.
    #[error("no digest refers to disclosure {index}")]
    Unreferenced {
        /// Counted from 0.
        index: usize,
    },
    /// A disclosed claim is named `_sd` or `...`.
    #[error("a forbidden claim name in disclosure {index}")]
    Name {
        /// Counted from 0.
        index: usize,
    },
    /// A disclosed claim is there already.
    #[error("disclosure {index} names a claim that is there already")]
    Collision {
        /// Counted from 0.
        index: usize,
    },
    /// A claim has another form than its specification says.
    #[error("a registered claim of another form")]
    Claim,
    /// `exp` has passed.
    #[error("expired at {at}")]
    Expired {
        /// When.
        at: UnixTime,
    },
    /// `nbf` has not come.
    #[error("valid from {from}")]
    NotYetValid {
        /// From when.
        from: UnixTime,
    },
    /// `iat` has not come.
    #[error("issued in the future, at {at}")]
    IssuedInFuture {
        /// When it says it was issued.
        at: UnixTime,
    },
    /// Key binding is required and there is none.
    #[error("no key binding")]
    KeyBindingMissing,
    /// A key binding where none may be: an issuer sends none.
    #[error("a key binding where none belongs")]
    KeyBindingUnexpected,
    /// The credential names no key of its holder.
    #[error("no holder key")]
    HolderKey,
    /// The key binding is no JWT of the right kind.
    #[error("key binding: {0}")]
    KeyBindingFrame(JoseError),
    /// The key binding lacks a claim, or one has another form.
    #[error("malformed key binding")]
    KeyBindingClaims,
    /// The holder's key did not sign the key binding.
    #[error("the key binding's signature is wrong")]
    KeyBindingSignature,
    /// The key binding was made for another verifier.
    #[error("a key binding for another audience")]
    Audience,
    /// The key binding answers another request.
    #[error("a key binding for another nonce")]
    Nonce,
    /// The key binding belongs to other disclosures.
    #[error("a key binding for another presentation")]
    Hash,
    /// The key binding is older than allowed, or from the future.
    #[error("a key binding made at {at}, outside the window")]
    Stale {
        /// When it says it was made.
        at: UnixTime,
    },
    /// No `vct`, or one that is no text.
    #[error("no credential type")]
    NoType,
    /// A claim that must always be visible was made selectively disclosable.
    #[error("a claim that may not be selectively disclosable")]
    NeverDisclosable,
    /// Claims to issue contain reserved names, or repeat what the issuer sets.
    #[error("claims that cannot be issued")]
    Unissuable,
    /// A path to present names nothing that is held.
    #[error("path {index} names nothing in this credential")]
    NotHeld {
        /// The path's place in what was asked, counted from 0.
        index: usize,
    },
    /// The issuer-signed JWT.
    #[error(transparent)]
    Jose(#[from] JoseError),
    /// The issuer's key may not say this.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl Coded for SdJwtError {
    fn code(&self) -> Code {
        match self {
            Self::Frame => const { Code::new("INRO-SDJWT-001") },
            Self::TooLong { .. } => const { Code::new("INRO-SDJWT-002") },
            Self::TooMany { .. } => const { Code::new("INRO-SDJWT-003") },
            Self::TooDeep { .. } => const { Code::new("INRO-SDJWT-004") },
            Self::Disclosure { .. } => const { Code::new("INRO-SDJWT-005") },
            Self::Place { .. } => const { Code::new("INRO-SDJWT-006") },
            Self::HashAlgorithm => const { Code::new("INRO-SDJWT-007") },
            Self::Digests => const { Code::new("INRO-SDJWT-008") },
            Self::Repeated => const { Code::new("INRO-SDJWT-009") },
            Self::Unreferenced { .. } => const { Code::new("INRO-SDJWT-010") },
            Self::Name { .. } => const { Code::new("INRO-SDJWT-011") },
            Self::Collision { .. } => const { Code::new("INRO-SDJWT-012") },
            Self::Claim => const { Code::new("INRO-SDJWT-013") },
            Self::Expired { .. } => const { Code::new("INRO-SDJWT-014") },
            Self::NotYetValid { .. } => const { Code::new("INRO-SDJWT-015") },
            Self::IssuedInFuture { .. } => const { Code::new("INRO-SDJWT-016") },
            Self::KeyBindingMissing => const { Code::new("INRO-SDJWT-017") },
            Self::KeyBindingUnexpected => const { Code::new("INRO-SDJWT-018") },
            Self::HolderKey => const { Code::new("INRO-SDJWT-019") },
            Self::KeyBindingFrame(source) => source.code(),
            Self::KeyBindingClaims => const { Code::new("INRO-SDJWT-020") },
            Self::KeyBindingSignature => const { Code::new("INRO-SDJWT-021") },
            Self::Audience => const { Code::new("INRO-SDJWT-022") },
            Self::Nonce => const { Code::new("INRO-SDJWT-023") },
            Self::Hash => const { Code::new("INRO-SDJWT-024") },
            Self::Stale { .. } => const { Code::new("INRO-SDJWT-025") },
            Self::NoType => const { Code::new("INRO-SDJWT-026") },
            Self::NeverDisclosable => const { Code::new("INRO-SDJWT-027") },
            Self::Unissuable => const { Code::new("INRO-SDJWT-028") },
            Self::NotHeld { .. } => const { Code::new("INRO-SDJWT-029") },
            Self::Jose(error) => error.code(),
            Self::Trust(error) => error.code(),
        }
    }
}
