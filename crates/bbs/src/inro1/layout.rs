use std::ops::Range;

use crate::{BbsError, MAX_MESSAGES};

/// Messages that a device key takes: two limbs of 128 bits for each coordinate.
const DEVICE_SLOTS: usize = 4;
/// The escrow id and the revocation handle.
const RESERVED_SLOTS: usize = 2;
/// The blinding factor and the holder's secret.
const HOLDER_SLOTS: usize = 2;

/// Which message of a credential is what. The same for all credentials of a type.
///
/// The order is: the device key's slots if the type has them, the claims, the escrow id, the revocation handle,
/// the blinding factor, the holder's secret. Only claims can be disclosed.
///
/// Source: docs/specs/bbs-mod-inro1.md §3.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Layout {
    device: usize,
    claims: usize,
}

impl Layout {
    /// A layout with `claims` claims.
    ///
    /// # Errors
    /// [`BbsError::TooMany`] when all messages together are more than [`MAX_MESSAGES`].
    pub fn new(claims: usize) -> Result<Self, BbsError> {
        Self::of(0, claims)
    }

    /// A layout with `claims` claims behind four slots for a device key.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_device_key(claims: usize) -> Result<Self, BbsError> {
        Self::of(DEVICE_SLOTS, claims)
    }

    /// Indexes of the device key's limbs; empty without one.
    pub fn device_key(&self) -> Range<usize> {
        0..self.device
    }

    /// Indexes of the claims.
    pub fn claims(&self) -> Range<usize> {
        self.device..self.device + self.claims
    }

    /// Index of the escrow id: random until it gets a meaning.
    pub fn escrow(&self) -> usize {
        self.device + self.claims
    }

    /// Index of the revocation handle: random until it gets a meaning.
    pub fn revocation(&self) -> usize {
        self.escrow() + 1
    }

    /// How many messages are the issuer's: n of the specification.
    pub fn payloads(&self) -> usize {
        self.revocation() + 1
    }

    /// Index of the blinding factor, which is always hidden.
    pub fn blind(&self) -> usize {
        self.payloads()
    }

    /// Index of the holder's secret, which is hidden or committed.
    pub fn secret(&self) -> usize {
        self.payloads() + 1
    }

    /// Checks that `disclosed` are claims, strictly ascending.
    pub(crate) fn check_disclosed(&self, disclosed: &[usize]) -> Result<(), BbsError> {
        let claims = self.claims();
        let fine = disclosed.is_sorted_by(|left, right| left < right)
            && disclosed.iter().all(|index| claims.contains(index));
        fine.then_some(()).ok_or(BbsError::Index)
    }

    /// Checks that `index` is a claim's.
    pub(crate) fn check_claim(&self, index: usize) -> Result<(), BbsError> {
        self.claims().contains(&index).then_some(()).ok_or(BbsError::Index)
    }

    /// Checks that `committed` are messages other than the blinding factor, strictly ascending and not in
    /// `disclosed`.
    pub(crate) fn check_committed(&self, committed: &[usize], disclosed: &[usize]) -> Result<(), BbsError> {
        let fine = committed.is_sorted_by(|left, right| left < right)
            && committed.iter().all(|index| {
                *index <= self.secret() && *index != self.blind() && disclosed.binary_search(index).is_err()
            });
        fine.then_some(()).ok_or(BbsError::Index)
    }

    fn of(device: usize, claims: usize) -> Result<Self, BbsError> {
        if claims > MAX_MESSAGES - DEVICE_SLOTS - RESERVED_SLOTS - HOLDER_SLOTS {
            return Err(BbsError::TooMany);
        }
        Ok(Self { device, claims })
    }
}
