use std::fmt;

use crate::Rng;

/// Names one transaction for the help desk: 128 random bits, in hex. Never shared between verifiers.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct RequestId([u8; 16]);

impl RequestId {
    /// A fresh id.
    pub fn random(rng: &mut dyn Rng) -> Self {
        Self(rng.bytes())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
