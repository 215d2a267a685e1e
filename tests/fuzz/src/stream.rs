//! Randomness that a test can replay.

use inro_base::Rng;

/// A fixed stream of bytes that is different for each seed (xorshift64*).
pub(crate) struct Stream(u64);

impl Stream {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u8 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes()[0]
    }

    /// A number below `bound`; good enough for tests.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (usize::from(self.next()) << 8 | usize::from(self.next())) % bound
    }
}

impl Rng for Stream {
    fn fill(&mut self, destination: &mut [u8]) {
        for byte in destination {
            *byte = self.next();
        }
    }
}
