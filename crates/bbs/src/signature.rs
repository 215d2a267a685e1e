use zeroize::Zeroizing;

use crate::context::Context;
use crate::ffi::{G1, G1Affine, Scalar, pairings_equal_public};
use crate::marks::{Reason, public_point};
use crate::octets::Octets;
use crate::reader::Reader;
use crate::table::combine;
use crate::{BbsError, SecretKey};

/// A BBS signature: a point A and a scalar e with A·(sk + e) = B.
#[derive(Clone, Debug)]
pub struct Signature {
    pub(crate) a: G1Affine,
    pub(crate) e: Scalar,
}

impl Signature {
    /// Length of the encoding in bytes.
    pub const LENGTH: usize = 80;

    /// Reads 80 bytes: A compressed, e big-endian.
    ///
    /// # Errors
    /// [`BbsError::Length`], [`BbsError::Point`] or [`BbsError::Scalar`].
    ///
    /// Source: draft-irtf-cfrg-bbs-signatures-09 §4.2.4.3, `octets_to_signature`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BbsError> {
        let mut reader = Reader::exactly(bytes, Self::LENGTH)?;
        Ok(Self { a: reader.point()?, e: reader.scalar()? })
    }

    /// 80 bytes: A compressed, e big-endian.
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        let encoded = self.a.to_compressed().into_iter().chain(self.e.to_be_bytes());
        for (to, from) in bytes.iter_mut().zip(encoded) {
            *to = from;
        }
        bytes
    }
}

/// B = P1 + Q_1·domain + Σ H_i·message_i.
pub(crate) fn b_of(context: &Context, messages: &[Scalar]) -> Result<G1, BbsError> {
    if messages.len() != context.generators.messages() {
        return Err(BbsError::Count);
    }
    Ok(partial_b(context, messages))
}

/// B over the first messages only.
pub(crate) fn partial_b(context: &Context, messages: &[Scalar]) -> G1 {
    let terms: Vec<_> = context.generators.h().zip(messages.iter().copied()).collect();
    combine(&terms).plus_affine(&context.base)
}

/// Signs `messages`, with e made as the core interface does.
///
/// Source: draft-irtf-cfrg-bbs-signatures-09 §3.6.1, `CoreSign`.
pub(crate) fn sign(context: &Context, key: &SecretKey, messages: &[Scalar]) -> Result<Signature, BbsError> {
    let b = b_of(context, messages)?;
    let mut octets = Octets::with_room((messages.len() + 2) * 32);
    octets.scalar(key.scalar());
    for message in messages {
        octets.scalar(*message);
    }
    octets.scalar(context.domain);
    finish(context, key, &b, &octets)
}

/// The signature on `b`, with e hashed from `octets`.
pub(crate) fn finish(
    context: &Context,
    key: &SecretKey,
    b: &G1,
    octets: &Octets,
) -> Result<Signature, BbsError> {
    let e = context.generators.hash_to_scalar(octets);
    let inverse = Zeroizing::new((key.scalar() + e).inverse());
    let a = public_point(b.times(*inverse), Reason::Signature);
    // The identity only for sk = -e or B = 0.
    if a.is_identity_public() {
        return Err(BbsError::Signature);
    }
    Ok(Signature { a: a.to_affine(), e })
}

/// Checks that `signature` is one on `b`: e(A, W)·e(A·e - B, P2) = 1.
///
/// Source: draft-irtf-cfrg-bbs-signatures-09 §3.6.2, `CoreVerify`.
pub(crate) fn verify(context: &Context, signature: &Signature, b: &G1) -> Result<(), BbsError> {
    let right = G1::from(signature.a).times(-signature.e).plus(b).to_affine();
    match pairings_equal_public(&signature.a, context.key.lines(), &right) {
        true => Ok(()),
        false => Err(BbsError::Signature),
    }
}
