use crate::BbsError;
use crate::ffi::{G1, G1Affine, Scalar};
use crate::inro1::parameters::{API_ID, challenge};
use crate::octets::Octets;
use crate::proof::encode;

/// What binds a sub-proof to one presentation.
///
/// Source: docs/specs/bbs-mod-inro1.md §7.
pub(crate) struct Session {
    /// Presentation header and core challenge, as every sub-proof hashes them.
    presentation_header: Vec<u8>,
    core_challenge: Scalar,
}

impl Session {
    pub(crate) fn new(presentation_header: &[u8], core_challenge: Scalar) -> Self {
        Self { presentation_header: presentation_header.to_vec(), core_challenge }
    }

    /// The transcript of a sub-proof about the message at `index`, whose commitment is `commitment`. The
    /// sub-proof adds its public inputs, commitments and first messages.
    pub(crate) fn transcript(&self, index: usize, commitment: &[u8; 48]) -> Octets {
        let mut octets = Octets::default();
        octets.counted(API_ID.as_bytes()).counted(&self.presentation_header).scalar(self.core_challenge);
        octets.number(1).number(index).bytes(commitment);
        octets
    }
}

/// A committed message that the holder can open.
#[derive(Clone, Copy)]
pub(crate) struct Opening {
    pub(crate) message: Scalar,
    pub(crate) blind: Scalar,
    pub(crate) encoded: [u8; 48],
}

/// A committed message as the verifier has it.
#[derive(Clone, Copy)]
pub(crate) struct Committed {
    pub(crate) index: usize,
    pub(crate) point: G1Affine,
    pub(crate) encoded: [u8; 48],
}

/// Points that a verifier computed, compressed; none may be the identity.
///
/// Source: docs/specs/bbs-mod-inro1.md §1.
pub(crate) fn encode_proper(points: &[G1]) -> Result<Vec<[u8; 48]>, BbsError> {
    let proper = !points.iter().any(G1::is_identity_public);
    proper.then(|| encode(points)).ok_or(BbsError::Proof)
}

/// Whether the transcript's challenge under `tag` is the one that the proof claims.
pub(crate) fn settle(octets: &Octets, tag: &str, claimed: Scalar) -> Result<(), BbsError> {
    (challenge(octets, tag) == claimed).then_some(()).ok_or(BbsError::Proof)
}
