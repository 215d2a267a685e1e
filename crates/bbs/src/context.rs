use std::sync::Arc;

use crate::ffi::{G1, G1Affine, Scalar};
use crate::generators::Generators;
use crate::table::combine_public;
use crate::{BbsError, PublicKey, SecretKey};

/// What all credentials under one key and one header share.
pub(crate) struct Context {
    pub(crate) generators: Arc<Generators>,
    pub(crate) key: PublicKey,
    pub(crate) domain: Scalar,
    /// P1 + Q_1·domain.
    pub(crate) base: G1Affine,
}

impl Context {
    pub(crate) fn new(generators: Arc<Generators>, key: PublicKey, header: &[u8]) -> Self {
        let domain = generators.domain(&key, header);
        let q1 = combine_public(&[(generators.q1(), domain)]);
        let base = q1.plus(&G1::from(generators.p1().point())).to_affine();
        Self { generators, key, domain, base }
    }

    /// Checks that `key` is the secret of this context's key: a signature by another would verify nowhere.
    pub(crate) fn check_key(&self, key: &SecretKey) -> Result<(), BbsError> {
        (*key.public_key() == self.key).then_some(()).ok_or(BbsError::Signature)
    }
}
